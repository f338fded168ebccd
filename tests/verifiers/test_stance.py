"""How a claim holds what it says: denials, suppositions, other times, other relations, several values."""

from datetime import UTC, datetime

import pytest

from guardlayer.knowledge import Knowledge
from guardlayer.types import Claim, Label, Query
from guardlayer.verifiers.structured import StructuredVerifier

AT = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def kb():
    with Knowledge.open(":memory:") as knowledge:
        knowledge.add("Acme", "list price", "$39", valid_from="2022", valid_to="2024", source="prices")
        knowledge.add("Acme", "list price", "$49", valid_from="2024", source="prices")
        knowledge.add("Acme", "CEO", "Bob Ray", valid_from="2015", valid_to="2022-06", source="register")
        knowledge.add("Acme", "CEO", "Ann Lee", valid_from="2022-06", source="register")
        knowledge.add("Acme", "headcount", "500", source="register")
        knowledge.add("Acme", "monthly fee", "4%", valid_from="2025-05", valid_to="2027", source="fees")
        knowledge.add("Acme", "monthly fee", "5%", valid_from="2027", source="fees")
        yield knowledge


def check(kb, text):
    claim = Claim(text, 0, len(text))
    return StructuredVerifier()(claim, kb.keyed.search(Query(claim, AT)), AT)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Acme's list price isn't $49.", Label.CONTRADICTED),
        ("Acme's list price is not $49 but $39.", Label.STALE),
        ("Acme's headcount is 400, not 500.", Label.CONTRADICTED),
        ("Acme has never had a headcount of 500.", Label.CONTRADICTED),
        ("Acme's list price is hardly $49.", Label.CONTRADICTED),
        ("It is a myth that Acme's list price is $49.", Label.CONTRADICTED),
        ("It is false that Ann Lee is the CEO of Acme.", Label.CONTRADICTED),
        ("Acme's list price is not $39.", Label.SUPPORTED),
        ("Bob Ray is no longer the CEO of Acme.", Label.SUPPORTED),
        ("Not Bob Ray but Ann Lee is the CEO of Acme.", Label.SUPPORTED),
        ("Ann Lee, not Bob Ray, is the CEO of Acme.", Label.SUPPORTED),
        ("Bob Ray, not Ann Lee, is the CEO of Acme.", Label.STALE),
    ],
)
def test_a_denial_turns_the_verdict_round(kb, text, label):
    """What is denied is not asserted, and what stands behind "but" is."""
    verdict = check(kb, text)
    assert verdict is not None
    assert verdict.label is label, verdict.reason


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Acme's list price was $49 in 2022.", Label.CONTRADICTED),
        ("Acme's list price was $39 in 2022.", Label.SUPPORTED),
        ("Acme's list price has been $49 since 2020.", Label.CONTRADICTED),
        ("Acme's list price has been $49 since 2024.", Label.SUPPORTED),
        ("Between 2024 and 2026 Acme's list price was $39.", Label.CONTRADICTED),
        ("Between 2022 and 2023 Acme's list price was $39.", Label.SUPPORTED),
        ("Bob Ray was the CEO of Acme in 2018.", Label.SUPPORTED),
        ("Bob Ray was the CEO of Acme in 2010.", Label.CONTRADICTED),
        ("Bob Ray was the CEO of Acme until 2022.", Label.SUPPORTED),
        ("Ann Lee was the CEO of Acme until 2024.", Label.CONTRADICTED),
        ("Ann Lee became the CEO of Acme in 2022.", Label.SUPPORTED),
        ("Ann Lee became the CEO of Acme in 2024.", Label.CONTRADICTED),
        ("The former CEO of Acme is Bob Ray.", Label.SUPPORTED),
        ("The former CEO of Acme is Ann Lee.", Label.CONTRADICTED),
        ("Acme's list price used to be $39.", Label.SUPPORTED),
        ("The CEO of Acme is Ann Lee, who was born in 1970.", Label.SUPPORTED),
    ],
)
def test_the_time_that_a_claim_states_is_the_time_it_is_judged_for(kb, text, label):
    """A date of the main clause decides; one in a clause of its own says nothing of when the value held."""
    verdict = check(kb, text)
    assert verdict is not None
    assert verdict.label is label, verdict.reason


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Acme's list price fell from $49 to $39.", Label.STALE),
        ("Acme's list price rose from $39 to $49.", Label.SUPPORTED),
        ("Acme's list price is now $39, down from $49.", Label.STALE),
        ("Acme's list price is $49 (was $39).", Label.SUPPORTED),
        ("Acme's list price is $39 (was $49).", Label.STALE),
        ("Acme's list price is either $39 or $49.", Label.STALE),
        ("Both Ann Lee and Bob Ray are CEO of Acme.", Label.STALE),
    ],
)
def test_of_several_values_the_asserted_one_counts(kb, text, label):
    """A true value does not cover for a false one beside it."""
    verdict = check(kb, text)
    assert verdict is not None
    assert verdict.label is label, verdict.reason


@pytest.mark.parametrize(
    "text",
    [
        "If the list price of Acme were $39, I would buy it.",
        "Acme's list price could drop to $39.",
        "Acme plans to cut its list price to $39.",
        "The monthly fee of Acme might be 4%.",
        "The CEO of Acme may be Ann Lee.",
        "Ann Lee's brother is the CEO of Acme.",
        "Ann Lee resigned as CEO of Acme.",
        "Ann Lee denied that she is the CEO of Acme.",
        "The CEO of Acme met Ann Lee.",
        "The CEO of Acme reports to Ann Lee.",
        "Acme's CEO Ann Lee laid off 400 employees.",
        "Acme fired Ann Lee, its CEO.",
        "Had Acme's list price been $49, they'd be rich.",
        "Acme's headcount fell after it laid off 500 people.",
    ],
)
def test_what_is_not_asserted_of_the_key_gets_no_verdict(kb, text):
    """Suppositions, plans, other relations and what a bearer of the office did are not statements of the value."""
    verdict = check(kb, text)
    assert verdict is None or (verdict.label is Label.CONTRADICTED and "denied" in text), verdict


def test_what_is_said_of_the_future_is_judged_by_what_will_hold(kb):
    """A fact recorded for later supports a claim about later, and no claim about now."""
    assert check(kb, "The monthly fee of Acme will be 5% from 2027.").label is Label.SUPPORTED
    assert check(kb, "The monthly fee of Acme will be 9% from 2027.") is None
    assert check(kb, "The monthly fee of Acme is 5%.").label is Label.CONTRADICTED


@pytest.mark.parametrize(
    "text", ["If you need help: the list price of Acme is $49.", "Maybe note: Acme's CEO is Ann Lee."]
)
def test_a_supposition_elsewhere_in_the_sentence_supposes_nothing_here(kb, text):
    """Only the clause that states the value counts."""
    verdict = check(kb, text)
    assert verdict is not None
    assert verdict.label is Label.SUPPORTED
