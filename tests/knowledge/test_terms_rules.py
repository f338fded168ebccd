"""Rules: the base case, the exceptions, and that two of them never say two things of one case."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from guardlayer import Guard, Knowledge
from guardlayer.errors import InputError, KnowledgeError, NotFoundError
from guardlayer.knowledge.terms import conditions
from guardlayer.types import Label


@pytest.fixture
def kb():
    with Knowledge.open(":memory:") as knowledge:
        knowledge.rule(
            "refund window", "30 days", source="terms",
            exceptions={
                "gold members": ({"tier": ["gold", "platinum"]}, "60 days"),
                "final sale": ({"sale": "final"}, "none"),
                "gold final sale": ({"tier": ["gold", "platinum"], "sale": "final"}, "14 days"),
            },
        )  # fmt: skip
        yield knowledge


@pytest.mark.parametrize(
    ("case", "outcome"),
    [
        ({"tier": "basic", "sale": None}, "30 days"),
        ({"tier": "Gold", "sale": None}, "60 days"),
        ({"Tier": "platinum", "sale": "none"}, "60 days"),
        ({"tier": None, "sale": "FINAL"}, "none"),
        ({"tier": "gold", "sale": "final"}, "14 days"),
    ],
)
def test_the_edge_case_takes_the_exception(kb, case, outcome):
    """The narrowest exception that holds decides, else the base case."""
    ruling = kb.decide("refund window", case)
    assert ruling.outcome == outcome
    assert ruling.text.startswith("refund window: ")


def test_what_is_not_known_of_a_case_is_asked_for_and_never_assumed(kb):
    """A field that could change the outcome is named; one that could not is not missed."""
    ruling = kb.decide("refund window", {"tier": "gold"})
    assert (bool(ruling), ruling.outcome, ruling.missing) == (False, None, ("sale",))
    assert {clause.label for clause in ruling.candidates} == {"gold members", "final sale", "gold final sale"}
    assert kb.decide("refund window", {"tier": "gold", "sale": "final"}).missing == ()


def test_two_exceptions_that_clash_are_refused_when_they_are_written(kb):
    """Both are named, and nothing of it is kept; narrower, or decided by a third, they are accepted."""
    with pytest.raises(KnowledgeError, match=r"'outlet'.*'final sale'|'final sale'.*'outlet'"):
        kb.rule("refund window", "7 days", label="outlet", when={"channel": "outlet"}, source="terms")
    assert len(kb.clauses("refund window")) == 4
    kb.rule("refund window", "7 days", label="outlet", when={"channel": "outlet", "sale": "not final", "tier": "basic"})
    assert kb.decide("refund window", {"channel": "outlet", "sale": None, "tier": "basic"}).outcome == "7 days"
    assert len(kb.clauses("refund window")) == 5


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ({"total": ">= 100"}, {"total": "< 100"}, False),
        ({"total": ">= 100"}, {"total": "<= 100"}, True),
        ({"total": "> 100"}, {"total": "> 200"}, False),
        ({"total": "0..100"}, {"total": "50..150"}, True),
        ({"day": ">= 2026-01-01"}, {"day": "< 2026-01-01"}, False),
        ({"country": ["DE", "FR"]}, {"country": "IT"}, False),
        ({"country": ["DE", "FR"]}, {"country": ["FR", "IT"]}, True),
        ({"country": ["DE", "FR"]}, {"country": "FR"}, False),
        ({"country": "not DE"}, {"country": "DE"}, False),
        ({"country": "not DE"}, {"country": "not FR"}, True),
        ({"country": "DE"}, {"tier": "gold"}, True),
        ({"country": "DE"}, {"country": "DE", "tier": "gold"}, False),
        ({"vip": True}, {"vip": False}, False),
        ({"country": "DE"}, {"country": "de"}, True),
    ],
)
def test_what_clashes_and_what_does_not(one, other, clash):
    """They clash where one case can have both and neither is narrower: by value, by list, by number, by day."""
    with Knowledge.open(":memory:") as kb:
        exceptions = {"first": (one, "A"), "second": (other, "B")}
        if clash:
            with pytest.raises(KnowledgeError, match=r"'first'.*'second'"):
                kb.rule("r", "base", exceptions=exceptions)
            assert kb.rules() == ()
        else:
            kb.rule("r", "base", exceptions=exceptions)
            assert len(kb.clauses("r")) == 3


def test_exceptions_of_different_times_or_the_same_outcome_do_not_clash():
    """One that ended before the other began, and two that say the same."""
    with Knowledge.open(":memory:") as kb:
        kb.rule("r", "base")
        kb.rule("r", "A", label="old", when={"x": "1"}, valid_to="2025")
        kb.rule("r", "B", label="new", when={"y": "1"}, valid_from="2025")
        kb.rule("r", "B", label="too", when={"z": "1"}, valid_from="2025")
        assert kb.decide("r", {"x": "1", "y": "1", "z": None}, at="2024").outcome == "A"
        assert kb.decide("r", {"x": "1", "y": "1", "z": None}, at="2026").outcome == "B"


def test_a_rule_changes_with_time_and_keeps_its_history(kb):
    """From a date on, another outcome: each time is decided by its own."""
    kb.rule("refund window", "21 days", valid_from="2026-07-01", source="terms")
    case = {"tier": None, "sale": None}
    assert [kb.decide("refund window", case, at=at).outcome for at in ("2026-06-30", "2026-07-01")] == [
        "30 days",
        "21 days",
    ]
    with pytest.raises(KnowledgeError, match="valid_from"):
        kb.rule("refund window", "5 days", source="terms")


def test_what_cannot_be_written_is_refused(kb):
    """An exception without condition, a condition without label, nothing at all, nonsense."""
    for options in (
        {"outcome": "1", "label": "x"},
        {"outcome": "1", "when": {"a": "b"}},
        {},
        {"label": "x", "when": {"a": "b"}},
        {"outcome": "1", "label": "x", "when": {"a": "> b"}},
        {"outcome": "1", "label": "x", "when": {"a": []}},
        {"outcome": "1", "label": "x", "when": {"a": "9..1"}},
        {"outcome": "1", "label": "x", "when": {"a": object()}},
        {"outcome": "1", "label": "x", "when": {"A": "1", "a ": "2"}},
    ):
        with pytest.raises(InputError):
            kb.rule("refund window", **options)
    with pytest.raises(NotFoundError):
        kb.decide("no such rule", {})


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("The refund window is 30 days.", Label.SUPPORTED),
        ("The refund window is 60 days.", Label.CONTRADICTED),
        ("The refund window for gold members is 60 days.", Label.SUPPORTED),
        ("The refund window for gold members is 30 days.", Label.CONTRADICTED),
    ],
)
def test_claims_are_held_against_the_case_they_speak_of(kb, text, due):
    """The base case where no exception is named, the exception where it is."""
    (claim,) = Guard(knowledge=kb, log=None).check(text).claims
    assert claim.verdict is due


WHEN = st.dictionaries(
    st.sampled_from("abc"),
    st.one_of(
        st.lists(st.sampled_from("123"), min_size=1, max_size=2),
        st.sampled_from(["not 1", "not 2", ">= 2", "< 2", "1..2", "> 3"]),
    ),
    min_size=1,
    max_size=2,
)
CASES = [{"a": a, "b": b, "c": c} for a in "0123" for b in "0123" for c in "0123"]


@given(WHEN, WHEN)
def test_the_algebra_of_conditions_is_that_of_cases(one, other):
    """If one case has both they meet; if one is within the other, every case of it is a case of the other."""
    w, v = conditions.read(one), conditions.read(other)
    first, second = ([case for case in CASES if conditions.holds(read, case)] for read in (w, v))
    if any(case in second for case in first):
        assert conditions.meet(w, v)
    if conditions.within(w, v):
        assert all(case in second for case in first)
    assert conditions.within(w, w)


@given(st.lists(st.tuples(WHEN, st.sampled_from("XY")), max_size=4))
@example([({"a": ["2"]}, "Y"), ({"a": ["2"]}, "Y"), ({"a": ["2"]}, "X")])
def test_a_rule_that_was_accepted_decides_every_complete_case(clauses):
    """What is written without complaint says one thing of each case, and the same again."""
    with Knowledge.open(":memory:") as kb:
        kb.rule("r", "base")
        for number, (when, outcome) in enumerate(clauses):
            try:
                kb.rule("r", outcome, label=f"e{number}", when=when)
            except KnowledgeError:
                continue
        for case in CASES[::7]:
            assert kb.decide("r", case).outcome is not None
