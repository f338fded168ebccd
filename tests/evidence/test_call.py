"""The evidence that came with the call."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.evidence import CallEvidence, coerce
from guardlayer.protocols import Authority
from guardlayer.types import Claim, Evidence, Fact, Query, Source, Span, Standing

AT = datetime(2026, 1, 10, tzinfo=UTC)

LONG = """Thank you for writing to us. The transfer fee rose to 4% in May. Support is open on weekdays only.

- Refunds take 14 days at most
- Orders above $50 ship free of charge

| Plan | Price |
|------|-------|
| Pro | $49 |
"""


def query(text, **more):
    return Query(Claim(text, 0, len(text)), AT, **more)


def test_it_is_an_authority():
    """The pipeline can ask it in place."""
    call = CallEvidence(())
    assert isinstance(call, Authority)
    assert (call.id, call.instant) == ("call", True)
    assert list(call.search(query("anything"))) == []


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("The transfer fee is 3%.", "The transfer fee rose to 4% in May."),
        ("Refunds take 30 days.", "Refunds take 14 days at most"),
    ],
)
def test_the_statement_that_bears_on_the_claim_comes_first(claim, expected):
    """A long passage is not evidence as a whole: the sentence, item or row is."""
    (best, *_) = CallEvidence(coerce([LONG])).search(query(claim, limit=2))
    assert best.text == expected
    assert best.span.slice(LONG) == expected
    assert best.source.id == "call evidence #1"


def test_table_rows_are_read_with_their_header():
    """A cell without the name of its column says nothing a claim could be compared with."""
    (best, *_) = CallEvidence(coerce([LONG])).search(query("The price of the Pro plan is $59.", limit=2))
    assert best.text == "Plan: Pro; Price: $49"
    assert best.span.slice(LONG) == "Pro | $49"


def test_headings_help_to_find():
    """A statement under the heading the claim speaks of is found by it."""
    text = "# Refunds\n\nThe window is 30 days.\n\n# Returns\n\nThe window is 60 days.\n"
    (best, *_) = CallEvidence(coerce([text])).search(query("The window for returns is 30 days.", limit=2))
    assert best.text == "The window is 60 days."


def test_rare_words_weigh_more():
    """A word that stands in every passage says nothing about which one is meant."""
    passages = [f"The Acme plan number {number} has a price." for number in range(20)] + ["Globex has offices in Lyon."]
    (best, *_) = CallEvidence(coerce(passages)).search(query("The Acme plan price in Lyon"))
    assert "Lyon" in best.text


def test_at_most_limit():
    """No more is returned than asked for, best first by score among what is current."""
    found = CallEvidence(coerce([f"The fee of plan {n} is low." for n in range(50)])).search(
        query("The fee of plan 7", limit=3)
    )
    assert len(found) == 3
    assert found[0].text == "The fee of plan 7 is low."
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_little_evidence_is_read_whole():
    """With fewer statements than asked for, even one without a common word is shown to the verifiers."""
    (found,) = CallEvidence(coerce(["It went up by a third."])).search(query("The fee rose."))
    assert found.score == 0.0


def test_a_fragment_is_read_with_its_question():
    """ "4%" alone means nothing; with the question it answers it does."""
    call = CallEvidence(coerce([LONG]))
    (best, *_) = call.search(query("4%", question="How high is the transfer fee?", limit=1))
    assert best.text == "The transfer fee rose to 4% in May."


@pytest.mark.parametrize(
    ("at", "standing"),
    [
        ("2023-12-31", Standing.FUTURE),
        ("2024-01-01", Standing.CURRENT),
        ("2025-05-31", Standing.CURRENT),
        ("2025-06-01", Standing.SUPERSEDED),
    ],
)
def test_its_dates_decide_what_it_is_worth(at, standing):
    """The first and the last day of a passage flip its standing."""
    call = CallEvidence(coerce({"text": "The fee is 3%.", "valid_from": "2024", "valid_to": "2025-06"}))
    instant = datetime.fromisoformat(at).replace(tzinfo=UTC)
    (found,) = call.search(Query(Claim("The fee is 3%.", 0, 14), instant))
    assert found.standing is standing


def test_current_evidence_is_never_crowded_out():
    """Where what has ended ranks first, what is current is shown nevertheless, and stands first."""
    old = [{"text": f"The transfer fee is 3% in case {n}.", "valid_to": "2024"} for n in range(9)]
    call = CallEvidence(coerce([*old, "Since then every transfer costs 4%."]))
    found = call.search(query("The transfer fee is 3%.", limit=3))
    assert [one.standing for one in found] == [Standing.CURRENT, Standing.SUPERSEDED, Standing.SUPERSEDED]


def test_facts_are_not_cut():
    """A fact is one statement, and stays the fact it is."""
    fact = Fact("f1", 1, "Acme", "motto", "Be good. Do well. Stay kind to all of them.")
    (found,) = CallEvidence(coerce(fact)).search(query("motto"))
    assert found.fact is fact


def test_offsets_count_in_the_source():
    """A statement of a passage that stands at 100 in its document is given its place in the document."""
    text = "The first sentence is here. The second sentence is there."
    known = Evidence(text, Source("a"), Span(100, 100 + len(text)))
    unknown = Evidence(text, Source("b"))
    spans = {
        one.source.id: one.span for one in CallEvidence([known, unknown]).search(query("the second there", limit=2))
    }
    assert spans == {"a": Span(128, 157), "b": None}


@given(st.text(alphabet=st.sampled_from("ab.\n\r-| A:1é"), max_size=200))
def test_windows_slice_back(text):
    """Whatever the evidence looks like, each statement is found at its span."""
    for found in CallEvidence(coerce([text])).search(query("a b", limit=100)):
        assert found.span.slice(text) == found.text or "|" in text


def test_nothing_is_done_before_the_first_question():
    """A draft without claims pays nothing for the evidence that came with it."""
    evidence = coerce(["The fee is 3%. " * 20_000])
    began = time.thread_time()
    CallEvidence(evidence)
    assert time.thread_time() - began < 0.01


@pytest.mark.parametrize("piece", ["a ", "\n", "a\n", "- a\n", ". ", "\r", " ", "|", "It. "])
def test_time_is_linear(piece):
    """Eight times the evidence takes about eight times as long to cut."""

    def seconds(length):
        began = time.thread_time()
        CallEvidence([Evidence(piece * (length // len(piece)), Source("a"))]).search(query("a"))
        return time.thread_time() - began

    assert seconds(160_000) < 40 * seconds(20_000) + 0.1
