"""What is concluded from chances: decided by a judge whose chances are given, so that no model is needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guardlayer.temporal import Interval
from guardlayer.types import Claim, Evidence, Label, Relation, Source, Standing
from guardlayer.verifiers.entailment import EntailmentVerifier, verifier
from guardlayer.verifiers.entailment.combiner import Chances
from guardlayer.verifiers.entailment.judging import Judged

AT = datetime(2026, 1, 1, tzinfo=UTC)
YES, NO, OPEN, MAYBE = (0.9, 0.06, 0.04), (0.02, 0.08, 0.9), (0.05, 0.9, 0.05), (0.42, 0.4, 0.18)
HANDBOOK = Source("handbook")


@dataclass
class Limits:
    supported: float = 0.5
    contradicted: float = 0.4
    contradicted_apart: float = 0.6


class Scripted:
    """Gives the chances that a test wrote down for a window and a sentence, else says that nothing follows."""

    combiner = Limits()

    def __init__(self, script, **more):
        self.script, self.more, self.seen = script, more, []

    def judge(self, pairs):
        self.seen += pairs
        return [self._one(pair) for pair in pairs]

    def _one(self, pair):
        chances = self.script.get(pair, self.script.get(pair[0], OPEN))
        found = {"signals": ("a number: 3 against 4",), "coverage": 0.8, "second": True, "about": True} | self.more
        return Judged(Chances(*chances), logits=(0.0, 0.0, 0.0), **found)


@pytest.fixture
def ask(monkeypatch):
    def made(claim, evidence, script, *, explain=False, **more):
        judge = Scripted(script, **more)
        monkeypatch.setattr(verifier, "missing", lambda folder: None)
        monkeypatch.setattr(verifier, "judge_of", lambda folder: judge)
        stage = EntailmentVerifier(Path("nowhere"))
        said = Claim(claim, 0, len(claim))
        made.judge = judge
        return stage.explain(said, evidence, AT) if explain else stage(said, evidence, AT)

    return made


def passage(text, source=HANDBOOK, **more):
    return Evidence(text, source, **more)


CLAIM = "The late fee is three percent."
NOW = "Whoever pays late is charged the fee of 3 %."
OTHER = "The late fee was raised to four percent."
SAME = "Paying late adds 3 % to the amount."


def test_a_passage_that_entails_the_claim_supports_it(ask):
    """The verdict names the passage, and its score is the chance."""
    verdict = ask(CLAIM, [passage(NOW)], {NOW: YES})
    assert (verdict.label, verdict.score) == (Label.SUPPORTED, 0.9)
    assert verdict.current.text == NOW
    assert verdict.evidence[0].relation is Relation.SUPPORTS


def test_every_sentence_must_be_supported(ask):
    """A claim of several sentences is no better than its weakest one."""
    first, second = "The late fee is three percent of the amount.", "It was introduced by the board in May."
    pieces = [passage(NOW), passage("The board introduced it.")]
    both = {(NOW, first): YES, (pieces[1].text, second): YES}
    assert ask(f"{first} {second}", pieces, both).label is Label.SUPPORTED
    assert ask(f"{first} {second}", pieces, {(NOW, first): YES}) is None


def test_a_superseded_passage_makes_a_claim_stale_and_names_its_successor(ask):
    """Supported by what was, not by what is: stale, with what took its place and the date of the change."""
    heir = passage(OTHER)
    ended = Interval(None, datetime(2025, 5, 1, tzinfo=UTC), None, "2025-05-01")
    old = passage(NOW, standing=Standing.SUPERSEDED, replaced_by=heir, valid=ended)
    verdict = ask(CLAIM, [old], {NOW: YES, OTHER: NO})
    assert verdict.label is Label.STALE
    assert verdict.current is heir
    assert "until 2025-05-01" in verdict.reason
    assert OTHER in verdict.reason
    assert [piece.relation for piece in verdict.evidence] == [Relation.SUPPORTS, Relation.REFUTES]


def test_a_changed_quantity_may_stand_in_its_place(ask):
    """Where one quantity is all that an edit changed, the claim's is replaced by it, written alike."""
    said = "Items may be sent back up to thirty days after they came."
    before, after = "Customers can return items within 30 days.", "Customers can return items within 14 days."
    old = passage(before, standing=Standing.SUPERSEDED, replaced_by=passage(after))
    verdict = ask(said, [old], {before: YES, after: NO})
    assert verdict.span.slice(said) == "thirty days"
    assert verdict.replacement.startswith("14 ")
    reworded = "Nothing can be returned after 14 days, except food and books that were never opened."
    old = passage(before, standing=Standing.SUPERSEDED, replaced_by=passage(reworded))
    assert ask(said, [old], {before: YES, reworded: NO}).replacement is None


def test_an_end_of_validity_makes_the_same_passage_stale(ask):
    """The date decides: before it ends the passage supports, after it the claim is stale."""
    until = datetime(2026, 6, 1, tzinfo=UTC)
    piece = passage(NOW, valid=Interval(None, until, None, "2026-06-01"))
    assert ask(CLAIM, [piece], {NOW: YES}).label is Label.SUPPORTED
    stage = EntailmentVerifier(Path("nowhere"))
    later = stage(Claim(CLAIM, 0, len(CLAIM)), [piece], datetime(2026, 7, 1, tzinfo=UTC))
    assert later.label is Label.STALE


def test_a_rewording_that_still_supports_makes_nothing_stale(ask):
    """Current support goes before former support."""
    heir = passage(SAME)
    old = passage(NOW, standing=Standing.SUPERSEDED, replaced_by=heir)
    assert ask(CLAIM, [old], {NOW: YES, SAME: YES}).label is Label.SUPPORTED


def test_nearly_supported_by_the_current_version_is_not_stale(ask):
    """Where the current version may well say the same, nothing is called stale."""
    heir = passage(SAME)
    old = passage(NOW, standing=Standing.SUPERSEDED, replaced_by=heir)
    script = {NOW: (0.7, 0.2, 0.1), (SAME, CLAIM): (0.45, 0.4, 0.15), (SAME, NOW): YES}
    assert ask(CLAIM, [old], script) is None


def test_a_refutation_without_a_second_signal_must_be_the_surer(ask):
    """What only the network refutes stays undecided, unless it is as sure as it must be of another thing."""
    unsure = (0.1, 0.35, 0.55)
    assert ask(CLAIM, [passage(OTHER)], {OTHER: unsure}).label is Label.CONTRADICTED
    assert ask(CLAIM, [passage(OTHER)], {OTHER: unsure}, second=False, signals=()) is None
    assert ask(CLAIM, [passage(OTHER)], {OTHER: NO}, second=False, signals=()).label is Label.CONTRADICTED


def test_what_shares_no_words_refutes_quantities_at_most(ask):
    """A negation or another name in a passage about something else refutes nothing, however sure the network is."""
    for signals in ((), ("negation",), ("a name",)):
        assert ask(CLAIM, [passage(OTHER)], {OTHER: NO}, coverage=0.0, signals=signals) is None
    assert ask(CLAIM, [passage(OTHER)], {OTHER: NO}, coverage=0.0).label is Label.CONTRADICTED


def test_a_refutation_by_what_may_be_another_subject_is_only_possible(ask):
    """Its score is below even odds, so that policies change no words for it."""
    sure = ask(CLAIM, [passage(OTHER)], {OTHER: NO})
    unsure = ask(CLAIM, [passage(OTHER)], {OTHER: NO}, about=False)
    assert sure.score >= 0.5 > unsure.score
    assert unsure.label is Label.CONTRADICTED


def test_few_shared_words_need_a_surer_refutation(ask):
    """A window about something else must be surer to refute."""
    weak = (0.1, 0.35, 0.55)
    assert ask(CLAIM, [passage(OTHER)], {OTHER: weak}, coverage=0.4).label is Label.CONTRADICTED
    assert ask(CLAIM, [passage(OTHER)], {OTHER: weak}, coverage=0.1) is None


def test_sources_of_equal_authority_are_disputed_and_the_higher_one_wins(ask):
    """Authority decides between passages that disagree; a tie is said aloud."""
    script = {NOW: (0.55, 0.3, 0.15), OTHER: NO}
    wiki, board = Source("wiki"), Source("board", authority=5)
    assert ask(CLAIM, [passage(NOW), passage(OTHER, wiki)], script).label is Label.DISPUTED
    assert ask(CLAIM, [passage(NOW), passage(OTHER, board)], script).label is Label.CONTRADICTED
    assert ask(CLAIM, [passage(NOW, board), passage(OTHER, wiki)], script).label is Label.SUPPORTED
    assert ask(CLAIM, [passage(NOW), passage(OTHER)], script).label is Label.SUPPORTED


def test_the_band_between_is_explained(ask):
    """Near and undecided: no verdict, and *unsupported* says how near the evidence comes."""
    assert ask(CLAIM, [passage(OTHER)], {OTHER: MAYBE}) is None
    verdict = ask(CLAIM, [passage(OTHER)], {OTHER: MAYBE}, explain=True)
    assert verdict.label is Label.UNSUPPORTED
    assert "near, but undecided" in verdict.reason
    assert "42%" in verdict.reason
    assert ask(CLAIM, [passage(OTHER)], {OTHER: OPEN}, explain=True) is None


@pytest.mark.parametrize(
    "text",
    [
        "Yes.",
        "42",
        "",
        "?",
        "Is the late fee three percent?",
        "Die Gebühr ist drei Prozent.",
        "滞納金は3パーセントです。",
    ],
)
def test_what_is_no_readable_statement_is_not_read(ask, text):
    """Fragments, questions and other languages are left undecided, however sure the network would be."""
    assert ask(text, [passage(NOW)], {NOW: YES}) is None
    assert not ask.judge.seen


def test_work_is_bounded(ask):
    """However much evidence there is, and however long the claim, few pairs are read."""
    many = [passage(f"The late fee of branch {n} is {n} percent.") for n in range(500)]
    ask(CLAIM, many, {})
    assert len(ask.judge.seen) <= verifier.MOST_CURRENT
    long = " ".join(f"The late fee of branch number {n} is three percent." for n in range(200))
    assert ask(long, many, {}) is None
    assert not ask.judge.seen
    book = passage("The late fee is four percent. " * 20_000)
    ask(CLAIM, [book], {})
    assert len(ask.judge.seen) <= verifier.MOST_CURRENT


def test_facts_are_left_to_the_structured_stage(ask):
    """Keyed facts are never read as text."""
    from guardlayer.testing import evidence, fact

    assert ask("The list price of Acme is $39.", [evidence(fact("Acme", "list price", "$49"))], {}) is None
    assert not ask.judge.seen


def test_a_negation_that_both_have_refutes_nothing(ask):
    """What the network alone calls a refutation is none where claim and passage deny as often, unless it differs."""
    claim, text = "Alder is not the same project as Birch.", "Alder is a different project than Birch."
    refuted = {(text, claim): (0.2, 0.1, 0.7)}
    passage = [Evidence(text, HANDBOOK)]
    assert ask(claim, passage, refuted, signals=("negation",), denied=False) is None
    assert ask(claim, passage, refuted, signals=("a number: 3 against 4",), denied=False).label is Label.CONTRADICTED
    assert ask(claim, passage, refuted, signals=("negation",), denied=True).label is Label.CONTRADICTED
    unsure = {(text, claim): (0.4, 0.1, 0.5)}
    assert ask(claim, passage, unsure, signals=("negation",), denied=True) is None
