"""What holds of every text and every way of cutting it into chunks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.streaming.conftest import CLOCK, chunked, noise, texts, told, world

from guardlayer import Guard
from guardlayer.claims import TextSplitter
from guardlayer.policy import apply_text
from guardlayer.types import Draft, Split

KB = world()
GUARD = Guard(knowledge=KB, log=None, clock=CLOCK)
PRESETS = ("observe", "annotate", "enforce", "strict", "retry")
sizes = st.lists(st.integers(1, 40), min_size=1, max_size=5)


def shown(text: str, cut: list[int], **options: object) -> str:
    return "".join(r.text for r in told(GUARD.session(**options), chunked(text, cut)))


@given(st.one_of(texts, noise), sizes, st.sampled_from(PRESETS))
def test_full_mode_is_a_check(text: str, cut: list[int], policy: str) -> None:
    """Holding the full text shows what `check` shows, whatever the chunks."""
    session = GUARD.session(hold="full", policy=policy)
    report = GUARD.check(text, policy=policy)
    assert "".join(r.text for r in told(session, chunked(text, cut))) == report.output
    assert session.report.claims == report.claims
    assert session.report.decision.actions == report.decision.actions


@settings(max_examples=80)
@given(texts, sizes, st.sampled_from(("observe", "annotate", "enforce")))
def test_sentence_mode_shows_what_a_check_shows(text: str, cut: list[int], policy: str) -> None:
    """Sentence by sentence, a text comes out as it does from `check`, claim by claim and character by character."""
    session = GUARD.session(policy=policy)
    report = GUARD.check(text, policy=policy)
    out = "".join(r.text for r in told(session, chunked(text, cut)))
    assert [(c.start, c.end, c.text) for c in session.report.claims] == [
        (c.start, c.end, c.text) for c in report.claims
    ]
    assert [c.verdict for c in session.report.claims] == [c.verdict for c in report.claims]
    assert out == report.output


@settings(max_examples=80)
@given(st.one_of(texts, noise), sizes, st.sampled_from(PRESETS))
def test_chunks_change_nothing(text: str, cut: list[int], policy: str) -> None:
    """Where chunks begin and end decides nothing: the releases are the same as character by character."""
    one = told(GUARD.session(policy=policy), list(text))
    other = told(GUARD.session(policy=policy), chunked(text, cut))
    assert [(r.text, r.start, r.claims, r.upto) for r in one] == [(r.text, r.start, r.claims, r.upto) for r in other]


@given(st.one_of(texts, noise), sizes, st.sampled_from(PRESETS))
def test_the_report_accounts_for_what_was_shown(text: str, cut: list[int], policy: str) -> None:
    """The report's edits, applied to the draft, give what was shown; its coverage adds up; its claims lie in it."""
    session = GUARD.session(policy=policy)
    releases = told(session, chunked(text, cut))
    report = session.report
    assert "".join(r.text for r in releases) == report.output
    if report.draft.data is None:
        assert apply_text(report.draft.text, report.decision.edits) == report.output
    assert report.coverage.claims == len(report.claims) == len(report.decision.actions)
    assert text.startswith(report.draft.text)
    assert [r.start for r in releases] == [sum(len(p.text) for p in releases[:i]) for i in range(len(releases))]
    covered = [(c.start, c.end) for c in report.claims] + [(s.start, s.end) for s in report.coverage.skipped]
    if report.draft.data is None:
        bare = [i for i, ch in enumerate(report.draft.text) if not ch.isspace()]
        assert all(any(a <= i < b for a, b in covered) for i in bare)


@given(texts, sizes)
def test_nothing_is_shown_before_it_was_checked(text: str, cut: list[int]) -> None:
    """No release reaches beyond the end of the part whose check has finished."""
    session = GUARD.session(policy="observe")
    fed = ""
    for chunk in chunked(text, cut):
        fed += chunk
        for release in session.feed(chunk):
            assert release.upto <= len(fed)
            assert release.text == fed[release.start : release.upto]
            done = session._done[-1]
            assert release.upto <= done.start + len(done.report.draft.text)


@pytest.mark.parametrize("policy", PRESETS)
async def test_both_drivers_release_the_same(policy: str) -> None:
    """`afeed` and `afinish` are `feed` and `finish`."""
    text = "The fee of Pro is 5%. The list price of Acme is $39. It is all. Bye."
    sync, other = GUARD.session(policy=policy), GUARD.session(policy=policy)
    one = told(sync, chunked(text, [7]))
    two = [release for chunk in chunked(text, [7]) for release in await other.afeed(chunk)]
    assert one == [*two, *await other.afinish()]
    assert sync.report.decision == other.report.decision


class Counting(TextSplitter):
    """Counts the characters it is asked to read again."""

    read = 0

    def __call__(self, draft: Draft) -> Split:
        self.read += len(draft.text)
        return super().__call__(draft)


def test_prose_is_read_once_and_structure_a_bounded_number_of_times() -> None:
    """What is read does not grow faster than the text: nothing twice in prose, and in lists a window for each part."""
    prose = "The fee of Pro is 5%. It is said to be fair, e.g. by Dr. Rossi. "
    items = "- Pro: 4%\n- Basic: 3%, and it is fair.\n"
    for text in (prose, f"Fees:\n\n{items}"):
        sizes = []
        for times in (40, 80):
            splitter = Counting()
            guard = Guard(knowledge=KB, log=None, clock=CLOCK, splitter=splitter)
            told(guard.session(policy="observe"), chunked(text * times, [5]))
            sizes.append(splitter.read)
        assert sizes[1] <= 2.5 * sizes[0]
        assert text is not prose or sizes == [0, 0]
