"""What each verb does, and what it refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest

from guardlayer.errors import InputError, IntervalError, KnowledgeError, LimitError, NotFoundError, OverlapError
from guardlayer.knowledge import Knowledge
from guardlayer.knowledge.store import FACT_COLUMNS
from guardlayer.types import Source

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def kb(place):
    seconds = count()
    with Knowledge.open(place, clock=lambda: BEGIN + timedelta(seconds=next(seconds))) as opened:
        opened.attribute("ceo", cardinality="one")
        yield opened


def snapshot(kb):
    return kb.store.read("SELECT * FROM fact ORDER BY id"), kb.store.read("SELECT * FROM withdrawal")


def test_adding_the_same_again_returns_the_same_fact(kb):
    """The same statement, however it is spelled, is recorded once."""
    one = kb.add("Acme", "ceo", "Ann Lee", source="register", valid_from="2019")
    again = kb.add("ACME", "C.E.O.", " ann  lee", source="register", valid_from="2019-01-01")
    assert again == one
    assert kb.stats().versions == 1
    assert (one.id, one.version, one.operation) == ("f1", 1, "add")


def test_the_same_from_another_source_or_for_another_time_is_another_fact(kb):
    """Who says it and since when is part of what is recorded."""
    kb.add("Acme", "office", "Rome", source="register", valid_from="2019")
    kb.add("Acme", "office", "Rome", source="press", valid_from="2019")
    kb.add("Acme", "office", "Rome", source="register", valid_from="2020")
    assert [f.id for f in kb.history("Acme", "office")] == ["f1", "f2", "f3"]


def test_a_sign_makes_another_value(kb):
    """-5 is not taken for 5 that is known already."""
    kb.add("Acme", "result", "5")
    assert kb.add("Acme", "result", "-5").id == "f2"


def test_stating_another_end_is_the_next_version_of_the_fact(kb):
    """A source that now says when it ended has not said a second thing: nothing open is left behind."""
    kb.add("Acme", "office", "Rome", source="register", valid_from="2019")
    ended = kb.add("Acme", "office", "Rome", source="register", valid_from="2019", valid_to="2024")
    assert (ended.id, ended.version, ended.operation) == ("f1", 2, "close")
    assert not kb.ask("Acme", "office", at="2025-01-01")
    assert kb.ask("Acme", "office", at="2025-01-01", known_at=ended.recorded.start - timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("value", "text"),
    [(5, "5"), (4.5, "4.5"), (Decimal("4.20"), "4.20"), (Decimal("1E+3"), "1000"), (True, "true"), (False, "false"),
     (date(2026, 5, 1), "2026-05-01"), (datetime(2026, 5, 1, 12, tzinfo=UTC), "2026-05-01T12:00:00Z"), (" x ", "x")],
)  # fmt: skip
def test_values_are_stored_as_text(kb, value, text):
    """Numbers, dates and yes/no are kept as the text a person would write."""
    assert kb.add("Acme", "thing", value).value == text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"value": float("nan")}, "value nan is not a number"),
        ({"value": None}, "value must be text"),
        ({"value": ""}, "value is empty"),
        ({"value": "a\ud800"}, "value holds half of a surrogate pair"),
        ({"entity": "A\0"}, "entity holds a NUL at character 1"),
        ({"entity": "…"}, "no letter or digit"),
        ({"attribute": 3}, "attribute must be text, not int"),
        ({"authority": 1.5}, "authority 1.5 is not a whole number"),
        ({"authority": True}, "authority True"),
        ({"source": ""}, "source is empty"),
        ({"source": 7}, "source must be text"),
        ({"valid_from": "yesterday"}, "valid_from 'yesterday' is not a date"),
        ({"valid_to": "2020-13"}, "valid_to '2020-13' is not a date"),
        ({"qualifiers": {"quarter": ""}}, "qualifier quarter is empty"),
        ({"qualifiers": "Q3"}, "qualifiers must be pairs"),
        ({"qualifiers": [("Quarter", "a"), ("quarter", "b")]}, "twice"),
        ({"author": "\0"}, "author holds a NUL"),
    ],
)
def test_what_cannot_be_recorded_is_named_and_nothing_is_written(kb, arguments, says):
    """Each bad argument is an InputError that names it."""
    before = snapshot(kb)
    with pytest.raises(InputError) as caught:
        kb.add(**{"entity": "Acme", "attribute": "x", "value": "y", **arguments})
    assert says in str(caught.value)
    assert snapshot(kb) == before


def test_long_texts_are_refused(kb):
    """Names and values have bounds."""
    with pytest.raises(LimitError, match="entity has"):
        kb.add("x" * 1001, "a", "b")
    with pytest.raises(LimitError, match="value has"):
        kb.add("x", "a", "b" * 65_537)


def test_an_interval_that_ends_before_it_starts_is_refused(kb):
    """Both dates are in the message."""
    with pytest.raises(IntervalError, match=r"valid_from 2020, valid_to 2019"):
        kb.add("Acme", "x", "y", valid_from="2020", valid_to="2019")


def test_two_single_values_of_one_source_at_once_are_refused(kb):
    """Both facts with their intervals are named, and what to do; nothing is written."""
    kb.add("Acme", "ceo", "ann", source="register", valid_from="2019")
    before = snapshot(kb)
    with pytest.raises(OverlapError) as caught:
        kb.add("Acme", "ceo", "bob", source="register", valid_from="2021-05")
    for part in (
        "Acme, ceo",
        "f1 'ann' (2019 to …, register)",
        "f2 'bob' (2021-05 to …, register)",
        "supersede f1",
        "correct",
    ):
        assert part in str(caught.value)
    assert snapshot(kb) == before


def test_years_of_a_succession_do_not_clash(kb):
    """A until 2003, B from 2003 to 2003, C since 2003: all that is known of a succession, and no contradiction."""
    kb.add("Acme", "ceo", "ann", source="register", valid_from="2000", valid_to="2003")
    kb.add("Acme", "ceo", "bob", source="register", valid_from="2003", valid_to="2003")
    kb.add("Acme", "ceo", "cem", source="register", valid_from="2003")
    assert kb.ask("Acme", "ceo", at="2002-12-31").value == "ann"
    assert kb.ask("Acme", "ceo", at="2004-01-01").value == "cem"
    assert kb.ask("Acme", "ceo", at="2003-06-01").value == "cem"
    with pytest.raises(OverlapError):
        kb.add("Acme", "ceo", "dov", source="register", valid_from="2001", valid_to="2001")


def test_correct_writes_the_next_version_and_outranks_all(kb):
    """What never was true stays in the history; what is right is answered at once, against any authority."""
    kb.add("Acme", "ceo", "ann", source="register", valid_from="2019", authority=1)
    kb.add("Acme", "ceo", "bob", source="gazette", valid_from="2020", authority=9)
    assert kb.ask("Acme", "ceo").value == "bob"
    right = kb.correct("f1", "anna", author="eva", reason="misspelt")
    assert (right.id, right.version, right.operation, right.corrected) == ("f1", 2, "correct", True)
    assert (right.author, right.reason, right.valid) == ("eva", "misspelt", kb.fact("f1", 1).valid)
    assert kb.ask("Acme", "ceo").value == "anna"
    assert "corrected by eva: misspelt" in kb.ask("Acme", "ceo").text
    assert kb.correct("f1", "anna", author="eva", reason="again") == right
    with pytest.raises(InputError, match="reason is empty"):
        kb.correct("f1", "x", author="eva", reason=" ")


def test_correct_may_change_only_the_spelling(kb):
    """add takes two spellings for one value; correct is how a spelling is put right."""
    kb.add("Acme", "ceo", "ann lee")
    assert kb.correct("f1", "Ann Lee", author="eva", reason="capitals").value == "Ann Lee"


def test_correct_into_a_clash_is_refused(kb):
    """A correction may not make one source say two things at once."""
    kb.add("Acme", "ceo", "ann", source="register", valid_from="2019", valid_to="2022")
    kb.add("Acme", "ceo", "ann", source="register", valid_from="2021")
    with pytest.raises(OverlapError):
        kb.correct("f1", "bob", author="eva", reason="typo")
    assert kb.fact("f1").version == 1


def test_supersede_ends_the_old_and_begins_the_new(kb):
    """The old fact's next version has an end; the new fact names whom it took over from."""
    kb.add("Acme", "ceo", "ann", source="register", valid_from="2019", authority=9)
    new = kb.supersede("f1", "bob", valid_from="2024-05", source="press", author="eva", reason="announced")
    assert (new.id, new.operation, new.supersedes, new.source.id, new.author) == (
        "f2",
        "supersede",
        "f1",
        "press",
        "eva",
    )
    old = kb.fact("f1")
    assert (old.version, old.operation, str(old.valid)) == (2, "close", "2019 to 2024-05")
    assert kb.ask("Acme", "ceo", at="2024-04-30").value == "ann"
    assert kb.ask("Acme", "ceo", at="2024-05-01").value == "bob"
    assert kb.supersede("f1", "bob", valid_from="2024-05", source="press") == new
    assert kb.stats().versions == 3


def test_supersede_outranks_authority(kb):
    """What explicitly took over wins against a stronger source that still says the old value."""
    kb.add("Acme", "ceo", "ann", source="register", valid_from="2019")
    kb.add("Acme", "ceo", "ann", source="gazette", valid_from="2019", authority=9)
    kb.supersede("f1", "bob", valid_from="2024")
    assert kb.ask("Acme", "ceo", at="2025-01-01").value == "bob"


def test_supersede_before_the_beginning_is_refused(kb):
    """What had not begun cannot have ended; the message says to correct instead."""
    kb.add("Acme", "ceo", "ann", valid_from="2019-05-01")
    with pytest.raises(IntervalError, match=r"f1 'ann' began 2019-05-01 .* correct it"):
        kb.supersede("f1", "bob", valid_from="2019-04-30")
    with pytest.raises(InputError, match="valid_from is missing"):
        kb.supersede("f1", "bob", valid_from=None)
    assert kb.stats().versions == 1


def test_a_value_may_be_put_between_two(kb):
    """valid_to lets what took over end where the next one begins; without it the two would clash."""
    kb.add("Acme", "ceo", "ann", source="r", valid_from="2010", valid_to="2020")
    kb.add("Acme", "ceo", "cem", source="r", valid_from="2020")
    with pytest.raises(OverlapError):
        kb.supersede("f1", "bob", valid_from="2015")
    kb.supersede("f1", "bob", valid_from="2015", valid_to="2020")
    answers = [kb.ask("Acme", "ceo", at=f"{year}-06-01").value for year in (2012, 2017, 2022)]
    assert answers == ["ann", "bob", "cem"]


def test_retracting_a_fact_leaves_others_and_may_be_undone(kb):
    """A withdrawn fact answers nothing, says who withdrew it and why, and comes back by rollback."""
    fact = kb.add("Acme", "ceo", "ann", source="register")
    kb.add("Acme", "office", "Rome", source="register")
    (closed,) = kb.retract(fact, reason="misread", author="eva")
    assert closed.recorded.end is not None
    answer = kb.ask("Acme", "ceo")
    assert not answer
    assert "ann was retracted" in answer.text
    assert "by eva" in answer.text
    assert "misread" in answer.text
    assert kb.ask("Acme", "office")
    assert kb.retract("f1", reason="again") == ()
    with pytest.raises(KnowledgeError, match=r'f1 is withdrawn; bring it back first with rollback\("f1", to=1\)'):
        kb.correct("f1", "bob", author="eva", reason="x")
    kb.rollback("f1", to=1)
    assert kb.ask("Acme", "ceo").value == "ann"


def test_retracting_a_source_withdraws_all_it_says(kb):
    """Everything the source says goes, what others say stays; afterwards it may be heard again."""
    kb.add("Acme", "ceo", "ann", source="register")
    kb.add("Borealis", "ceo", "bob", source="register")
    kb.add("Acme", "ceo", "cem", source="press")
    assert {f.id for f in kb.retract(Source("register"), reason="withdrawn")} == {"f1", "f2"}
    assert kb.ask("Acme", "ceo").value == "cem"
    assert not kb.ask("Borealis", "ceo")
    assert kb.retract("register", reason="again") == ()
    assert kb.add("Borealis", "ceo", "bob", source="register").id == "f4"
    assert kb.ask("Borealis", "ceo").value == "bob"


def test_retracting_a_source_of_documents_withdraws_its_passages(kb, tmp_path):
    """A source may have passages only, or passages and facts: both are withdrawn."""
    (tmp_path / "terms.md").write_text("# Terms\n\nThe fee is 3 percent of the amount.\n")
    kb.ingest(tmp_path / "terms.md", source="terms")
    kb.add("Acme", "fee", "3%", source="terms")
    assert [f.id for f in kb.retract("terms", reason="withdrawn")] == ["f1"]
    at = datetime(2027, 1, 1, tzinfo=UTC)
    assert all(e.standing != "current" for e in kb.passages.search("fee percent amount", at=at))


def test_what_does_not_exist_is_not_found(kb):
    """Each verb names what there is not."""
    for call in (
        lambda: kb.correct("f9", "x", author="a", reason="b"),
        lambda: kb.supersede("f9", "x", valid_from="2020"),
        lambda: kb.retract("f9", reason="b"),
        lambda: kb.retract("nobody", reason="b"),
        lambda: kb.rollback("f9", to=1),
        lambda: kb.fact("f9"),
        lambda: kb.fact("9"),
        lambda: kb.fact("f" + "9" * 30),
        lambda: kb.changes("f9"),
    ):
        with pytest.raises(NotFoundError):
            call()
    kb.add("Acme", "ceo", "ann")
    with pytest.raises(NotFoundError, match="has no version 2; it has 1 to 1"):
        kb.fact("f1", 2)
    with pytest.raises(NotFoundError, match="has no version 0"):
        kb.rollback("f1", to=0)
    with pytest.raises(NotFoundError, match="was not recorded at that time"):
        kb.rollback("f1", to="2020-01-01")


def test_rollback_by_version_or_time_undoes_what_took_over(kb):
    """Rolling back to before a supersession withdraws the successor, and its successors, and restores the interval."""
    first = kb.add("Acme", "ceo", "ann", source="register", valid_from="2019")
    kb.supersede("f1", "bob", valid_from="2022")
    kb.supersede("f2", "cem", valid_from="2024")
    back = kb.rollback("f1", to=first.recorded.start, author="eva", reason="rumour")
    assert (back.version, back.operation, back.value, back.valid) == (3, "rollback", "ann", first.valid)
    assert kb.ask("Acme", "ceo", at="2025-01-01").value == "ann"
    assert [c.operation for c in kb.changes("f3")] == ["supersede", "rollback"]
    assert kb.rollback("f1", to=1) == back
    assert kb.stats().versions == 6


def test_rollback_of_a_correction_restores_its_rank_too(kb):
    """What was no correction is none after a rollback: the stronger source wins again."""
    kb.add("Acme", "ceo", "ann", source="press", valid_from="2019")
    kb.add("Acme", "ceo", "bob", source="register", valid_from="2019", authority=5)
    kb.correct("f1", "anna", author="eva", reason="x")
    assert kb.ask("Acme", "ceo").value == "anna"
    kb.rollback("f1", to=1)
    assert kb.ask("Acme", "ceo").value == "bob"
    kb.rollback("f1", to=2)
    assert kb.ask("Acme", "ceo").value == "anna"


def test_authority_is_the_rank_from_then_on(kb):
    """A new rank counts for what is recorded under it, and restating a fact gives it the new rank."""
    kb.add("Acme", "ceo", "ann", source="a", valid_from="2019")
    kb.add("Acme", "ceo", "bob", source="b", valid_from="2019")
    kb.add("Borealis", "ceo", "dov", source="b", valid_from="2019")
    before = kb.ask("Borealis", "ceo")
    assert kb.ask("Acme", "ceo").conflict
    restated = kb.add("Acme", "ceo", "bob", source="b", valid_from="2019", authority=3)
    assert (restated.id, restated.version) == ("f2", 2)
    assert kb.ask("Acme", "ceo").value == "bob"
    assert kb.ask("Borealis", "ceo").facts == before.facts
    assert kb.add("Acme", "office", "Rome", source="b").source.authority == 3


def test_a_source_may_be_described_in_full(kb):
    """Address, version and digest of a source come back with the fact, as they were then."""
    source = Source("10-Q", uri="https://example.org/10q", version="2", authority=4, digest="sha256:00")
    assert kb.add("Acme", "revenue", "$4.2M", source=source).source == source
    assert kb.add("Acme", "revenue", "$4.2M", source="10-Q").version == 1
    newer = Source("10-Q", uri="https://example.org/10q", version="3", authority=4)
    assert kb.add("Acme", "revenue", "$4.2M", source=newer).version == 2
    assert kb.fact("f1", 1).source == source


def test_the_change_log_has_every_operation_with_author_and_reason(kb):
    """Who did what, when and why, for every write."""
    kb.add("Acme", "ceo", "ann", author="a", reason="r1")
    kb.correct("f1", "bob", author="b", reason="r2")
    kb.supersede("f1", "cem", valid_from="2024", author="c", reason="r3")
    kb.retract("f1", reason="r4", author="d")
    kb.rollback("f1", to=2, author="e", reason="r5")
    log = [(c.operation, c.author, c.reason) for c in kb.changes("f1")]
    assert log == [("add", "a", "r1"), ("correct", "b", "r2"), ("close", "c", "r3"), ("retract", "d", "r4"), ("rollback", "e", "r5")]  # fmt: skip
    times = [c.at for c in kb.changes("f1")]
    assert times == sorted(set(times))


def test_facts_are_never_changed_but_closed(kb):
    """Whatever is done, the rows that were there stay as they were, except for the end of their transaction time."""
    kb.add("Acme", "ceo", "ann", source="s", valid_from="2019")
    query = f"SELECT {FACT_COLUMNS}, tx_to FROM fact ORDER BY id"
    rows = kb.store.read(query)
    kb.correct("f1", "bob", author="b", reason="r")
    kb.supersede("f1", "cem", valid_from="2024")
    kb.rollback("f1", to=1)
    kb.retract("s", reason="gone")
    after = kb.store.read(query)
    assert [row[:-1] for row in after[: len(rows)]] == [row[:-1] for row in rows]
    assert all(row[-1] is not None for row in after)
