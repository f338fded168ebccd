"""A claim beside the versions of one passage: which of them it repeats, and until when that was said."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from guardlayer.temporal import Interval
from guardlayer.types import Claim, Evidence, Label, Source, Standing
from guardlayer.verifiers.entailment import EntailmentVerifier, verifier
from guardlayer.verifiers.entailment.combiner import Chances
from guardlayer.verifiers.entailment.judging import Judged

AT = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = Source("docs/pool.md")


class Limits:
    supported, contradicted, contradicted_apart = 0.5, 0.4, 0.6


class Scripted:
    """Gives the chances that a test wrote down: supports, neutral, refutes."""

    combiner = Limits()

    def __init__(self, script):
        self._script = script

    def judge(self, pairs):
        found = {"signals": (), "coverage": 0.8, "second": True, "about": True, "logits": (0.0, 0.0, 0.0)}
        return [Judged(Chances(*self._script[text]), **found) for text, _ in pairs]


@pytest.fixture
def ask(monkeypatch):
    def made(claim, evidence, script):
        monkeypatch.setattr(verifier, "missing", lambda folder: None)
        monkeypatch.setattr(verifier, "judge_of", lambda folder: Scripted(script))
        return EntailmentVerifier(Path("nowhere"))(Claim(claim, 0, len(claim)), evidence, AT)

    return made


def passage(text):
    return Evidence(text, PAGE)


def former(text, until, heir=None):
    valid = Interval(None, datetime.fromisoformat(f"{until}T00:00:00+00:00"), None, until)
    return Evidence(text, PAGE, standing=Standing.SUPERSEDED, valid=valid, replaced_by=heir)


def test_a_name_that_only_the_older_version_has_makes_the_claim_stale(ask):
    """However near a network finds the two: what is called otherwise now is not said of the old name."""
    now = passage("You can control the pool size using the limits argument.")
    old = former("You can control the pool size using the pool_limits argument.", "2020-08-01", now)
    claim = "The size of the pool is set with the pool_limits argument."
    verdict = ask(claim, [now, old], {now.text: (0.94, 0.03, 0.03), old.text: (0.96, 0.02, 0.02)})
    assert verdict.label is Label.STALE
    assert "until 2020-08-01" in verdict.reason
    renamed = "The size of the pool is set with the limits argument."
    assert (
        ask(renamed, [now, old], {now.text: (0.96, 0.02, 0.02), old.text: (0.9, 0.05, 0.05)}).label is Label.SUPPORTED
    )


def test_what_the_older_version_says_much_better_is_stale(ask):
    """A current passage that is merely near does not vouch for what its predecessor said outright."""
    now = passage("A request may raise an error after five seconds without activity.")
    old = former("All kinds of timeouts are five seconds by default.", "2019-12-05", now)
    claim = "Every kind of timeout is five seconds by default."
    near, sure = (0.6, 0.2, 0.2), (0.97, 0.02, 0.01)
    assert ask(claim, [now, old], {now.text: near, old.text: sure}).label is Label.STALE
    assert ask(claim, [now, old], {now.text: (0.8, 0.1, 0.1), old.text: sure}).label is Label.SUPPORTED


def test_a_version_that_refutes_what_the_one_before_spoke_for_makes_it_stale(ask):
    """Contradicted now and said once, if not surely: the edit is what the claim is about."""
    now = passage("Redirects are not followed by default.")
    old = former("Redirects are followed by default.", "2021-09-13", now)
    claim = "By default it follows redirects."
    verdict = ask(claim, [now, old], {now.text: (0.26, 0.12, 0.62), old.text: (0.48, 0.14, 0.38)})
    assert verdict.label is Label.STALE
    undecided = {now.text: (0.26, 0.12, 0.62), old.text: (0.3, 0.14, 0.56)}
    assert ask(claim, [now, old], undecided).label is Label.CONTRADICTED


def test_the_last_version_that_said_so_gives_the_date(ask):
    """A sentence that was reworded on the way was said until the last of its wordings went."""
    now = passage("Timeouts are off by default.")
    first = former("By default a timeout is five seconds.", "2019-05-01")
    last = former("By default each timeout is five seconds long.", "2022-03-01", now)
    claim = "Timeouts are five seconds by default."
    script = {now.text: (0.1, 0.3, 0.6), first.text: (0.95, 0.03, 0.02), last.text: (0.9, 0.05, 0.05)}
    assert "until 2022-03-01" in ask(claim, [now, first, last], script).reason
    script[last.text] = (0.55, 0.35, 0.1)
    assert "until 2019-05-01" in ask(claim, [now, first, last], script).reason
