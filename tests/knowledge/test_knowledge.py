"""Names, questions and time, as users of the knowledge base meet them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from guardlayer.errors import AmbiguousError, ConfigError, InputError, KnowledgeError, OverlapError
from guardlayer.knowledge import Knowledge
from guardlayer.types import Source

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def kb(clock, place):
    with Knowledge.open(place, clock=clock) as opened:
        yield opened


def test_names_match_whatever_their_case_accents_and_punctuation(kb):
    """One entity, one attribute, however they are spelled; the first spelling is the preferred one."""
    kb.add("Société Générale", "List Price", "5")
    assert kb.ask("SOCIETE GENERALE", "list price").value == "5"
    assert kb.ask("Societe  Générale", "LIST PRICE").entity == "Société Générale"
    assert kb.stats().entities == 1


def test_declaring_again_is_harmless_and_returns_the_preferred_name(kb):
    """entity and attribute are idempotent, from an alias too."""
    assert kb.entity("Acme Corporation", aliases=["Acme"], type="company") == "Acme Corporation"
    generation = kb.ledger.generation
    assert kb.entity("acme", aliases=["ACME corporation"]) == "Acme Corporation"
    assert kb.attribute("current team", synonyms=["plays for"]) == "current team"
    assert kb.attribute("Plays For") == "current team"
    assert kb.stats().names == 2
    assert kb.ledger.generation == generation + 1
    assert kb.add("Acme", "drives", "x").entity == "Acme Corporation"


def test_an_ambiguous_name_is_asked_about_never_picked(kb):
    """A name of two entities raises with both; a preferred name still addresses its own."""
    kb.entity("Acme Corporation", aliases=["Acme"])
    kb.entity("Acme Records", aliases=["Acme"])
    for call in (
        lambda: kb.ask("Acme", "ceo"),
        lambda: kb.add("acme", "ceo", "ann"),
        lambda: kb.history("Acme", "ceo"),
        lambda: kb.entity("Acme"),
    ):
        with pytest.raises(AmbiguousError, match="'Acme Corporation', 'Acme Records'") as caught:
            call()
        assert caught.value.candidates == ("Acme Corporation", "Acme Records")
    kb.entity("Apple", aliases=["Acme Records"])
    kb.add("Acme Records", "ceo", "ann")
    assert kb.ask("Acme Records", "ceo").value == "ann"


def test_an_ambiguous_attribute_is_asked_about_too(kb):
    """The same holds for synonyms."""
    kb.attribute("team", synonyms=["plays for"])
    kb.attribute("national side", synonyms=["plays for"])
    with pytest.raises(AmbiguousError) as caught:
        kb.ask("Ann", "plays for")
    assert caught.value.candidates == ("team", "national side")


def test_a_name_of_another_type_of_thing_is_refused(kb):
    """Two things of one name need two names; the message suggests one."""
    kb.entity("Mercury", type="planet")
    with pytest.raises(KnowledgeError, match=r"'Mercury' has type 'planet', not 'element'.*Mercury \(element\)"):
        kb.entity("Mercury", type="element")
    assert kb.entity("Mercury (element)", aliases=["quicksilver"], type="element") == "Mercury (element)"


def test_wrong_declarations_are_named(kb):
    """A string is no list of names, and cardinality has two values."""
    with pytest.raises(InputError, match=r"aliases must be a list of names; write \['Acme'\]"):
        kb.entity("Acme Corporation", aliases="Acme")
    with pytest.raises(ConfigError, match='write "one" or "many"'):
        kb.attribute("ceo", cardinality="single")
    with pytest.raises(InputError, match="alias"):
        kb.entity("Acme", aliases=["?"])
    assert kb.stats().entities == 0


def test_cardinality_cannot_become_one_over_overlapping_values(kb):
    """Making an attribute single-valued checks what is there, and names what clashes."""
    kb.add("Acme", "ceo", "ann", source="s", valid_from="2019")
    kb.add("Acme", "ceo", "bob", source="s", valid_from="2020")
    with pytest.raises(OverlapError, match=r"f1 'ann'.*f2 'bob'"):
        kb.attribute("ceo", cardinality="one")
    assert kb.ledger.attributes()[0].cardinality == "many"
    kb.supersede("f1", "cem", valid_from="2019-06", valid_to="2020")
    kb.attribute("ceo", cardinality="one")
    assert kb.attribute("CEO", synonyms=["boss"]) == "ceo"
    assert kb.ledger.attributes()[0].cardinality == "one"


def test_cardinality_has_its_own_past(kb, clock):
    """Making an attribute single-valued today does not change what was answered yesterday."""
    kb.add("Acme", "ceo", "ann", source="a", valid_from="2019")
    kb.add("Acme", "ceo", "bob", source="b", valid_from="2019")
    then = clock.now + timedelta(hours=1)
    said = kb.ask("Acme", "ceo", known_at=then)
    clock.now += timedelta(days=1)
    kb.attribute("ceo", cardinality="one")
    assert kb.ask("Acme", "ceo").conflict
    assert kb.ask("Acme", "ceo", at=said.at, known_at=then) == said
    assert len(said.facts) == 2


def test_qualifiers_narrow_the_key(kb):
    """Facts of one attribute with different qualifiers do not meet, and their order and spelling do not matter."""
    kb.attribute("revenue", cardinality="one")
    kb.add("Acme", "revenue", "4", qualifiers={"Quarter": "Q3", "region": "EU"})
    kb.add("Acme", "revenue", "5", qualifiers=[("region", "EU"), ("quarter", "Q4")])
    kb.add("Acme", "revenue", "6")
    assert kb.ask("Acme", "revenue", qualifiers={"region": "eu", "quarter": "q3"}).value == "4"
    assert kb.ask("Acme", "revenue").value == "6"
    assert not kb.ask("Acme", "revenue", qualifiers={"quarter": "Q3"})
    again = kb.add("Acme", "revenue", "4", valid_from="2020", source="b", qualifiers={"REGION": "EU", "quarter": "q3"})
    assert again.key == kb.fact("f1").key
    assert len(kb.history("Acme", "revenue")) == 4
    assert len(kb.history("Acme", "revenue", qualifiers={})) == 1


def test_a_value_that_is_an_entity_brings_its_other_names(kb):
    """A value's aliases come with the fact, unless it is not clear whose they are."""
    kb.add("Italy", "head of government", "Giorgia Meloni")
    assert kb.fact("f1").aliases == ()
    kb.entity("Giorgia Meloni", aliases=["Meloni", "G. Meloni"])
    entity = kb.ledger.find_entity("italy")
    assert kb.fact("f1").aliases == ("Meloni", "G. Meloni")
    assert kb.ledger.versions_of(entity)[0].aliases == ("Meloni", "G. Meloni")
    kb.add("Italy", "partner", "Acme")
    kb.entity("Acme Corporation", aliases=["Acme"])
    assert kb.fact("f2").aliases == ("Acme Corporation",)
    kb.entity("Acme Records", aliases=["Acme"])
    assert kb.fact("f2").aliases == ()


def test_at_and_valid_bounds_each_flip_an_answer(kb, clock):
    """valid_from, valid_to and at decide, at exactly their instant, in every form a time may have; None is now."""
    kb.add("Acme", "plan", "gold", valid_from="2026-02", valid_to="2026-03")
    for at, holds in (
        ("2026-01-31T23:59:59Z", False), ("2026-02", True), (date(2026, 2, 28), True),
        (datetime(2026, 3, 1, tzinfo=UTC), False), ("2026-03-01T00:30:00+01:00", True),
    ):  # fmt: skip
        assert bool(kb.ask("Acme", "plan", at=at)) is holds, at
    assert not kb.ask("Acme", "plan")
    clock.now = datetime(2026, 2, 10, tzinfo=UTC)
    assert kb.ask("Acme", "plan")
    with pytest.raises(InputError, match="at 'soon'"):
        kb.ask("Acme", "plan", at="soon")
    with pytest.raises(InputError, match="known_at 'soon'"):
        kb.ask("Acme", "plan", known_at="soon")


def test_known_at_flips_an_answer_at_the_instant_of_the_write(kb, clock):
    """Transaction time is when the ledger was told, to the microsecond."""
    clock.now = datetime(2026, 5, 1, 12, tzinfo=UTC)
    kb.add("Acme", "plan", "gold", valid_from="2020")
    assert not kb.ask("Acme", "plan", known_at="2026-05-01T11:59:59.999999Z")
    assert kb.ask("Acme", "plan", known_at="2026-05-01T12:00:00Z").value == "gold"
    clock.now = datetime(2026, 6, 1, tzinfo=UTC)
    kb.correct("f1", "silver", author="eva", reason="typo")
    assert kb.ask("Acme", "plan", known_at="2026-05-31").value == "gold"
    assert kb.ask("Acme", "plan", known_at="2026-06-01").value == "silver"
    assert kb.ask("Acme", "plan").value == "silver"


def test_an_answer_says_value_since_when_and_who(kb):
    """The sentence of a plain answer."""
    kb.add("Acme", "plan", "gold", source="portal", valid_from="2020-05", qualifiers={"region": "EU"})
    answer = kb.ask("acme", "PLAN", at="2024-01-01", qualifiers={"region": "EU"})
    assert str(answer) == "Acme, plan, region EU: gold, since 2020-05 (portal)."
    assert (answer.value, answer.fact, answer.candidates, bool(answer)) == ("gold", kb.fact("f1"), (), True)


def test_a_conflict_is_said_aloud(kb):
    """No value, no truth, both sides with their sources."""
    kb.attribute("plan", cardinality="one")
    kb.add("Acme", "plan", "gold", source="portal", valid_from="2020")
    kb.add("Acme", "plan", "silver", source="invoice", valid_from="2020")
    answer = kb.ask("Acme", "plan", at="2024-01-01")
    assert (answer.value, answer.fact, answer.facts, bool(answer)) == (None, None, (), False)
    assert answer.conflict
    assert {f.value for f in answer.candidates} == {"gold", "silver"}
    for part in ("sources disagree at 2024-01-01", "gold (since 2020, portal)", "silver (since 2020, invoice)"):
        assert part in answer.text


def test_several_values_are_no_single_answer(kb):
    """A many-valued key with two values has facts, but not one value, and is no conflict."""
    kb.add("Acme", "office", "Rome", source="a")
    kb.add("Acme", "office", "Oslo", source="b")
    kb.add("Acme", "office", "rome", source="c")
    answer = kb.ask("Acme", "office")
    assert ({f.value.lower() for f in answer.facts}, answer.value, bool(answer)) == ({"rome", "oslo"}, None, False)
    assert not answer.conflict
    assert "2 values" in answer.text


def test_an_absence_is_said_aloud_with_what_ended_and_what_begins(kb):
    """Empty is not yes: the sentence says what there was and what there will be."""
    assert kb.ask("Nobody", "plan").text == "Nobody, plan: nothing is recorded."
    kb.add("Acme", "plan", "gold", source="portal", valid_from="2020", valid_to="2022-05-01")
    kb.add("Acme", "plan", "silver", source="portal", valid_from="2030")
    answer = kb.ask("Acme", "plan", at="2024-01-01")
    assert not answer
    for part in ("nothing holds at 2024-01-01", "gold ended 2022-05-01 (portal)", "silver begins 2030 (portal)"):
        assert part in answer.text
    assert "nothing is recorded up to 2025-01-01" in kb.ask("Acme", "plan", known_at="2025-01-01").text


def test_the_names_can_be_read_in_steps(kb):
    """What refreshing a name index needs: all names at first, then only those that are new."""
    kb.entity("Acme Corporation", aliases=["Acme"])
    names, marker = kb.ledger.entities_since(None)
    assert names == [(1, ("Acme Corporation", "Acme"))]
    kb.entity("Acme", aliases=["ACME Inc"])
    kb.entity("Borealis")
    assert kb.ledger.entities_since(marker)[0] == [(1, ("ACME Inc",)), (2, ("Borealis",))]
    assert kb.ledger.entities_since(kb.ledger.entities_since(marker)[1])[0] == []
    assert list(kb.ledger.entities()) == [(1, "Acme Corporation", ("Acme", "ACME Inc")), (2, "Borealis", ())]
    assert kb.ledger.names_of(1) == ("Acme Corporation", "Acme", "ACME Inc")


def test_facts_are_remembered_until_the_next_write(kb):
    """The same tuple comes back while nothing is written, and another one after."""
    kb.add("Acme", "plan", "gold")
    kb.add("Borealis", "plan", "gold")
    first = kb.ledger.versions_of(1)
    assert kb.ledger.versions_of(1) is first
    kb.correct("f1", "silver", author="eva", reason="typo")
    assert [f.value for f in kb.ledger.versions_of(1)] == ["gold", "silver"]


def test_stats_count_what_is_there(kb):
    """The counts of entities, names, attributes, facts, versions and sources."""
    kb.entity("Acme", aliases=["Acme Inc"])
    kb.add("Acme", "plan", "gold", source="a", authority=1)
    kb.add("Acme", "plan", "gold", source="a", authority=2)
    stats = kb.stats()
    assert (stats.entities, stats.names, stats.attributes, stats.facts, stats.versions, stats.sources) == (
        1,
        2,
        1,
        1,
        2,
        1,
    )
    assert "1 facts in 2 versions" in str(stats)


def test_source_effective_interval_survives(kb):
    """A source's own interval comes back as precise as it was given."""
    from guardlayer.temporal import Interval

    source = Source("tariff", effective=Interval.parse("2024", "2025-06"))
    assert str(kb.add("Acme", "fee", "3%", source=source).source.effective) == "2024 to 2025-06"
    assert kb.fact("f1").source == source
