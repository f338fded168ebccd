"""A claim beside the versions of one passage: which of them it repeats, and until when that was said."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from guardlayer.temporal import Interval
from guardlayer.types import Claim, Evidence, Label, Source, Standing
from guardlayer.verifiers.entailment import EntailmentVerifier, succession, verifier
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
    now = passage("Redirects are followed where that is asked for.")
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


def test_how_much_better_the_older_version_says_it_decides_and_not_how_sure_that_is(ask):
    """Both are read as unsure, since both have the same wording; the claim is the older one's all the same."""
    now = passage("Attendance is optional in the second term.")
    old = former("Attendance is checked at every session of the second term.", "2024-05-01", now)
    claim = "In the second term they check who attends each session."
    script = {now.text: (0.06, 0.3, 0.64), old.text: (0.42, 0.4, 0.18)}
    verdict = ask(claim, [now, old], script)
    assert (verdict.label, verdict.current) == (Label.STALE, now)
    assert "until 2024-05-01" in verdict.reason
    assert ask(claim, [now, old], {now.text: (0.4, 0.4, 0.2), old.text: (0.42, 0.4, 0.18)}) is None


def test_an_edit_that_left_what_is_said_makes_nothing_stale(ask):
    """Where the new version still says the old sentence, the claim is as current as that."""
    now = passage("Every package ships with a manifest that lists what it needs.")
    old = former("Each package has a manifest that names what it needs.", "2024-05-01", now)
    claim = "What a package requires stands in its manifest."
    script = {now.text: (0.62, 0.2, 0.18), old.text: (0.9, 0.06, 0.04)}
    assert ask(claim, [now, old], script).label is Label.SUPPORTED


def test_a_quantity_that_an_edit_exchanged_makes_the_claim_stale(ask):
    """Code compares the quantities; the network may call either version near."""
    now = passage("Leave that is not taken by the end of June expires.")
    old = former("Leave that is not taken by the end of March expires.", "2024-05-01", now)
    script = {now.text: (0.63, 0.14, 0.23), old.text: (0.47, 0.08, 0.45)}
    assert ask("Unused leave expires after March.", [now, old], script).label is Label.STALE
    assert ask("Unused leave expires after June.", [now, old], script).label is Label.SUPPORTED


def test_a_negation_that_an_edit_put_in_makes_the_claim_stale(ask):
    """What the page denies now, it once said; nothing else of the sentence changed."""
    now = passage("By default, the client will not follow redirects for any method, unless asked.")
    old = former("By default, the client will follow redirects for any method.", "2021-09-13", now)
    script = {now.text: (0.18, 0.06, 0.76), old.text: (0.19, 0.04, 0.77)}
    claim = "The client follows redirects by default, whatever the method."
    assert ask(claim, [now, old], script).label is Label.STALE
    denied = "The client does not follow redirects by default, whatever the method."
    assert getattr(ask(denied, [now, old], script), "label", None) is not Label.STALE


def test_a_name_of_code_that_the_page_has_no_more_makes_the_claim_stale(ask):
    """A word in back quotes is a name, however common it is outside of them."""
    now = passage("`Request()` does not support the `auth`, `mounts` and `verify` parameters.")
    old = former("`Request()` does not support the `auth`, `proxies` and `verify` parameters.", "2023-12-11", now)
    script = {piece.text.replace("`", ""): (0.1, 0.03, 0.87) for piece in (now, old)}
    claim = "Request() has no support for the auth, proxies or verify parameters."
    assert ask(claim, [now, old], script).label is Label.STALE


def test_another_passage_that_says_it_keeps_the_claim_from_being_stale(ask):
    """What moved to another page, in other words, is still said."""
    now = passage("Parcels are brought by Swiftly.")
    old = former("Parcels are brought by Redline.", "2024-05-01", now)
    moved = Evidence("Redline delivers the parcels of the shop.", Source("docs/partners.md"))
    script = {now.text: (0.2, 0.6, 0.2), old.text: (0.93, 0.05, 0.02), moved.text: (0.9, 0.06, 0.04)}
    claim = "Redline delivers parcels."
    assert ask(claim, [now, moved, old], script).label is Label.SUPPORTED
    assert ask(claim, [now, old], script).label is Label.STALE


def test_the_last_wording_of_a_line_gives_the_date(ask):
    """A sentence that was reworded once and dropped later was said until the later day."""
    now = passage("Sessions cost nothing.")
    later = former("A fee of twenty euros is charged for every session.", "2024-05-01", now)
    first = former("Every session has a fee of twenty euros.", "2022-01-01", now)
    script = {now.text: (0.02, 0.08, 0.9), later.text: (0.9, 0.06, 0.04), first.text: (0.94, 0.03, 0.03)}
    assert "until 2024-05-01" in ask("Each session has a fee of twenty euros.", [now, first, later], script).reason


def test_marks_of_markdown_are_not_read(ask):
    """The network reads what somebody would read aloud: no link targets, list marks or tags."""
    page = Evidence("- **Refunds** are paid by [the office](office.md) <em>weekly</em>\n", PAGE)
    shown = "Refunds are paid by the office weekly\n"
    verdict = ask("The office pays refunds each week.", [page], {shown: (0.9, 0.06, 0.04)})
    assert verdict.label is Label.SUPPORTED


@pytest.mark.parametrize(
    ("claim", "old", "new", "told"),
    [
        ("The fee is due in March.", "The fee is due in March.", "The fee is due in June.", True),
        ("The fee is due in June.", "The fee is due in March.", "The fee is due in June.", False),
        ("Maps are in the cellar.", "Maps are kept in the cellar.", "Maps are kept in the tower.", True),
        ("Maps are in the tower.", "Maps are kept in the cellar.", "Maps are kept in the tower.", False),
        ("Maps are kept.", "Maps are kept in the cellar.", "Maps are kept in the tower.", False),
        ("Packages list what they depend on.", "A package depends on others.", "A package has dependencies.", False),
    ],
)
def test_the_words_of_a_claim_tell_which_version_it_is(claim, old, new, told):
    """It has what the edit took out and nothing that it put in; another word of one root is no change."""
    assert succession.change(claim, old, new).told is told
