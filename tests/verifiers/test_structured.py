"""What a claim says about a key, compared with what the ledger says: each label, and what it takes to get it."""

from datetime import UTC, datetime

import pytest

from guardlayer.knowledge import Knowledge
from guardlayer.types import Claim, Label, Query, Relation
from guardlayer.verifiers.structured import StructuredVerifier

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def kb():
    with Knowledge.open(":memory:") as knowledge:
        pm = "Prime Minister of Italy"
        knowledge.add("Italy", pm, "Matteo Renzi", valid_from="2014-02-22", valid_to="2016-12-12", source="wikidata")
        knowledge.add("Italy", pm, "Giorgia Meloni", valid_from="2022-10-22", source="wikidata")
        knowledge.add("Acme", "list price", "$39", valid_from="2023", valid_to="2025", source="price list")
        knowledge.add("Acme", "list price", "$49", valid_from="2025", source="price list")
        knowledge.add("Acme", "notice period", "30 days", source="contract")
        knowledge.add("Acme", "refundable", "no", valid_from="2024", source="terms")
        knowledge.add("Acme", "refundable", "yes", valid_from="2020", valid_to="2024", source="terms")
        knowledge.add("Acme", "latest version", "2.1.0", source="releases")
        knowledge.add("Acme", "headcount", "4200", source="register")
        knowledge.add("Acme", "launch date", "2003-05-17", source="press")
        yield knowledge


def check(kb, text, at=AT, question=None):
    claim = Claim(text, 0, len(text))
    return StructuredVerifier()(claim, kb.keyed.search(Query(claim, at, question)), at)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The Prime Minister of Italy is Giorgia Meloni.", Label.SUPPORTED),
        ("Italy's prime minister is currently Meloni.", Label.SUPPORTED),
        ("The Prime Minister of Italy is Matteo Renzi.", Label.STALE),
        ("The Prime Minister of Italy is Renzi.", Label.STALE),
        ("The Prime Minister of Italy is the former mayor Matteo Renzi.", Label.STALE),
        ("The Prime Minister of Italy is Bob Example.", Label.CONTRADICTED),
        ("Matteo Renzi was Prime Minister of Italy.", Label.SUPPORTED),
        ("A former prime minister of Italy is Matteo Renzi.", Label.SUPPORTED),
        ("The Prime Minister of Italy is not Matteo Renzi.", Label.SUPPORTED),
        ("The Prime Minister of Italy is no longer Matteo Renzi.", Label.SUPPORTED),
        ("The Prime Minister of Italy is not Giorgia Meloni.", Label.CONTRADICTED),
        ("The Prime Minister of Italy is Giorgia Meloni, who came after Matteo Renzi.", Label.SUPPORTED),
        ("The list price of Acme is $49.", Label.SUPPORTED),
        ("The list price of Acme is 49 dollars.", Label.SUPPORTED),
        ("The list price of Acme is $39.", Label.STALE),
        ("The list price of Acme is $59.", Label.CONTRADICTED),
        ("The list price of Acme is more than $40.", Label.SUPPORTED),
        ("The list price of Acme is more than $50.", Label.CONTRADICTED),
        ("The notice period of Acme is 30 days.", Label.SUPPORTED),
        ("The notice period of Acme is two weeks.", Label.CONTRADICTED),
        ("The latest version of Acme is 2.1.0.", Label.SUPPORTED),
        ("The latest version of Acme is v1.9.", Label.CONTRADICTED),
        ("The headcount of Acme is 4,200.", Label.SUPPORTED),
        ("Acme's headcount is about 4.2 thousand.", Label.SUPPORTED),
        ("Acme's launch date was May 17, 2003.", Label.SUPPORTED),
        ("Acme's launch date was May 2003.", Label.SUPPORTED),
        ("Acme's launch date was June 2003.", Label.CONTRADICTED),
        ("Acme is not refundable.", Label.SUPPORTED),
        ("Acme is refundable.", Label.STALE),
    ],
)
def test_each_claim_gets_the_label_it_deserves(kb, text, label):
    """Names, money, durations, versions, counts, dates and yes/no, current, ended and never so."""
    verdict = check(kb, text)
    assert verdict is not None, text
    assert verdict.label is label, verdict.reason


@pytest.mark.parametrize(
    "text",
    [
        "The Prime Minister of Italy lives in Rome.",
        "The Prime Minister of Italy is a member of parliament.",
        "The Prime Minister of Italy is Italian.",
        "The list price of Acme is fair.",
        "Acme has an office in Paris.",
    ],
)
def test_a_claim_that_states_no_value_of_a_key_gets_no_verdict(kb, text):
    """Aligned or not: where no value is asserted there is nothing to compare."""
    verdict = check(kb, text)
    assert verdict is None, verdict


def test_a_stale_claim_names_its_successor_and_the_date(kb):
    """The reason reads as a person would say it, with both dates and the source."""
    verdict = check(kb, "The Prime Minister of Italy is Matteo Renzi.")
    assert verdict.reason == (
        "Matteo Renzi was Prime Minister of Italy until 2016-12-12; since 2022-10-22 it is Giorgia Meloni (wikidata)"
    )
    assert verdict.current.value == "Giorgia Meloni"
    assert verdict.replacement == "Giorgia Meloni"
    assert verdict.evidence[0].relation is Relation.REFUTES
    assert verdict.evidence[0].fact.value == "Matteo Renzi"


def test_the_replacement_is_written_as_the_claim_wrote_it(kb):
    """A corrected price keeps the style of the wrong one."""
    verdict = check(kb, "The list price of Acme is 39 dollars.")
    assert verdict.span.slice("The list price of Acme is 39 dollars.") == "39 dollars"
    assert verdict.replacement == "49 dollars"


def test_the_instant_decides(kb):
    """The same sentence was right in 2015 and is stale now."""
    text = "The Prime Minister of Italy is Matteo Renzi."
    assert check(kb, text, datetime(2015, 6, 1, tzinfo=UTC)).label is Label.SUPPORTED
    assert check(kb, text).label is Label.STALE


def test_what_was_corrected_is_stale_and_said_never_to_have_been_true(kb):
    """A correction reaches the next answer, and its author and reason are in the verdict."""
    fact = kb.add("Acme", "CEO", "Ann Lee", source="register")
    assert check(kb, "The CEO of Acme is Ann Lee.").label is Label.SUPPORTED
    kb.correct(fact.id, "Bo Park", author="ops", reason="typo")
    verdict = check(kb, "The CEO of Acme is Ann Lee.")
    assert verdict.label is Label.STALE
    assert "never true" in verdict.reason
    assert "ops" in verdict.reason
    assert verdict.current.value == "Bo Park"
    assert check(kb, "The CEO of Acme is Bo Park.").label is Label.SUPPORTED


def test_what_was_withdrawn_is_unsupported_and_says_who_withdrew_it(kb):
    """A retracted fact supports nothing."""
    fact = kb.add("Acme", "CEO", "Ann Lee", source="register")
    kb.retract(fact.id, reason="filed by mistake")
    verdict = check(kb, "The CEO of Acme is Ann Lee.")
    assert verdict.label is Label.UNSUPPORTED
    assert "register withdrew" in verdict.reason


def test_what_ended_without_a_successor_is_stale_and_says_so(kb):
    """The ledger knows that it ended: that is more than not knowing."""
    kb.add("Acme", "CEO", "Ann Lee", valid_from="2020", valid_to="2024", source="register")
    verdict = check(kb, "The CEO of Acme is Ann Lee.")
    assert verdict.label is Label.STALE
    assert verdict.current is None
    assert "no successor is recorded" in verdict.reason


def test_sources_of_equal_authority_that_disagree_make_a_claim_disputed(kb):
    """Either side is disputed until one source ranks higher."""
    kb.attribute("seat", cardinality="one")
    kb.add("Acme", "seat", "Berlin", source="A")
    kb.add("Acme", "seat", "Paris", source="B")
    verdict = check(kb, "The seat of Acme is Berlin.")
    assert verdict.label is Label.DISPUTED
    assert "Paris (B)" in verdict.reason
    kb.add("Acme", "seat", "Berlin", source="registry", authority=5)
    assert check(kb, "The seat of Acme is Berlin.").label is Label.SUPPORTED


def test_a_fact_of_the_future_does_not_support_the_present(kb):
    """What will be true is not true yet."""
    kb.add("Acme", "CEO", "Ann Lee", valid_from="2020", valid_to="2027", source="register")
    kb.add("Acme", "CEO", "Bo Park", valid_from="2027", source="register")
    verdict = check(kb, "The CEO of Acme is Bo Park.")
    assert verdict.label is Label.CONTRADICTED
    assert "2027" in verdict.reason


def test_no_evidence_no_verdict():
    """Empty is not yes."""
    assert StructuredVerifier()(Claim("The fee is 3%.", 0, 14), (), AT) is None


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The list price of Acme is $49 and its headcount 9000.", Label.CONTRADICTED),
        ("The list price of Acme is $39 and its headcount 4200.", Label.STALE),
        ("The list price of Acme is $49 and its headcount 4200.", Label.SUPPORTED),
    ],
)
def test_a_claim_of_several_parts_is_no_better_than_its_worst(kb, text, label):
    """A true part does not cover for a wrong one."""
    assert check(kb, text).label is label


@pytest.mark.parametrize(
    "text",
    [
        "The headcount of Acme grew by 200.",
        "The headcount of Acme in Germany is 200.",
        "Acme's headcount will have 200 more people.",
        "The list price of Acme fell 20%.",
    ],
)
def test_a_change_or_another_scope_is_not_the_value(kb, text):
    """What the key does not cover is not called wrong."""
    verdict = check(kb, text)
    assert verdict is None, verdict


def test_a_line_of_key_and_value_is_read(kb):
    """ "Prime Minister of Italy: Bob Example" asserts a value without a verb."""
    assert check(kb, "Prime Minister of Italy: Bob Example").label is Label.CONTRADICTED
    assert check(kb, "Prime Minister of Italy: Giorgia Meloni").label is Label.SUPPORTED


def test_the_name_goes_to_the_office_nearest_to_its_entity(kb):
    """Being prime minister does not make somebody president."""
    kb.add("Italy", "President of Italy", "Sergio Mattarella", valid_from="2015", source="wikidata")
    text = "The President of Italy is the Prime Minister, Giorgia Meloni."
    assert check(kb, text).label is Label.CONTRADICTED
    kb.add("Bangladesh", "President of Bangladesh", "Mohammed Shahabuddin", source="wikidata")
    kb.add("Bangladesh", "Prime Minister of Bangladesh", "Sheikh Hasina", source="wikidata")
    text = "The office of President of Bangladesh is held by the incumbent Prime Minister, Sheikh Hasina."
    assert check(kb, text).label is Label.CONTRADICTED


def test_a_comparator_goes_with_the_value_it_qualifies(kb):
    """ "More than $50" is corrected as a whole, or it would become the next false statement."""
    text = "The list price of Acme is more than $50."
    verdict = check(kb, text)
    assert verdict.label is Label.CONTRADICTED
    assert (
        text[: verdict.span.start] + verdict.replacement + text[verdict.span.end :] == "The list price of Acme is $49."
    )


def test_a_value_that_came_back_is_one_value(kb):
    """19 % before and after a year of 16 % is one current value, and it replaces a wrong one."""
    for value, start, end in (("19%", "2007", "2020-07"), ("16%", "2020-07", "2021"), ("19%", "2021", None)):
        kb.add("Germany", "VAT rate", value, valid_from=start, valid_to=end, source="law")
    verdict = check(kb, "The VAT rate in Germany is 17%.")
    assert verdict.label is Label.CONTRADICTED
    assert verdict.replacement == "19%"
