"""The cascade: the first verdict wins, a failed check is its own outcome, silence has a reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from guardlayer.types import Claim, Evidence, Label, Source, Verdict
from guardlayer.verifiers import Cascade, LexicalVerifier, StructuredVerifier, verify_pair

AT = datetime(2026, 1, 1, tzinfo=UTC)
CLAIM = Claim("The fee is 3%.", 0, 14)
EVIDENCE = [Evidence("The fee rose to 4% in May.", Source("call evidence #1"))]
YES = Verdict(Label.SUPPORTED, 0.9, "so it is", verifier="yes/1")


class Fixed:
    def __init__(self, verdict):
        self.verdict = verdict
        self.calls = 0

    def __call__(self, claim, evidence, at):
        self.calls += 1
        return self.verdict


class Broken:
    name = "broken/1"

    def __call__(self, claim, evidence, at):
        raise RuntimeError("the model is gone")


def test_verifiers_are_asked_in_order_and_the_first_verdict_wins():
    """Cheapest first, and nothing after a verdict."""
    first, second, third = Fixed(None), Fixed(YES), Fixed(YES)
    assert Cascade([first, second, third])(CLAIM, EVIDENCE, AT) is YES
    assert [first.calls, second.calls, third.calls] == [1, 1, 0]


def test_an_undecided_cascade_is_unsupported_with_the_nearest_evidence():
    """ "Unsupported" is said aloud, and ``attempt`` tells it from a verdict."""
    cascade = Cascade([Fixed(None)])
    assert cascade.attempt(CLAIM, EVIDENCE, AT) is None
    verdict = cascade(CLAIM, EVIDENCE, AT)
    assert verdict.label is Label.UNSUPPORTED
    assert "call evidence #1" in verdict.reason
    assert "3% against 4%" in verdict.reason


def test_no_evidence_is_no_support():
    """Empty is not yes."""
    verdict = Cascade([StructuredVerifier(), LexicalVerifier()])(CLAIM, [], AT)
    assert (verdict.label, verdict.reason) == (Label.UNSUPPORTED, "no evidence was given")
    assert Cascade([])(CLAIM, EVIDENCE, AT).label is Label.UNSUPPORTED


@pytest.mark.parametrize("ask", ["__call__", "attempt"])
def test_a_verifier_that_raises_makes_the_claim_unverifiable(ask):
    """A crash is never an exception, never a pass, and no later verifier covers it up."""
    later = Fixed(YES)
    verdict = getattr(Cascade([Broken(), later]), ask)(CLAIM, EVIDENCE, AT)
    assert verdict.label is Label.UNVERIFIABLE
    assert verdict.error == "RuntimeError: the model is gone"
    assert verdict.verifier == "broken/1"
    assert later.calls == 0


def test_a_verifier_that_returns_no_verdict_makes_the_claim_unverifiable():
    """What is not a verdict is not taken for one."""
    verdict = Cascade([Fixed("supported")])(CLAIM, EVIDENCE, AT)
    assert verdict.label is Label.UNVERIFIABLE
    assert verdict.error == "TypeError: returned str where a Verdict or None is due"
    assert verdict.verifier == "Fixed"


def test_a_pair_is_verified_without_splitting_or_log():
    """The pair-level function is the cascade and nothing more."""
    verdict = verify_pair(CLAIM, EVIDENCE, AT, verifiers=[StructuredVerifier(), LexicalVerifier()])
    assert verdict.label is Label.CONTRADICTED
