"""What each policy does to a text while it is written: the table of `docs/streaming.md`, row by row."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from tests.streaming.conftest import CLOCK, chunked, told

from guardlayer import Guard, GuardViolation, Policy
from guardlayer.errors import ConfigError, InputError
from guardlayer.policy import apply_text
from guardlayer.streaming import citations
from guardlayer.testing import AsyncFakeAuthority, FakeAuthority, MemoryLog
from guardlayer.types import Action

TEXT = "Hello there! The list price of Acme is $39. The fee of Pro is 5%."
REFUSAL = Policy.preset("strict").messages.refusal
REDACTED = "[removed: not borne out by a source]"


def policy(action: str) -> Policy:
    """Return the policy under which a stale fact meets `action`, and everything else passes."""
    rows = {"fact.stale": "retry" if action == "re-ask" else "block" if action == "raise" else action}
    return Policy.from_mapping(
        {"extends": "observe", "name": action, "actions": rows, "retries": 2 if action == "re-ask" else 0}
    )


# What is shown, in releases; where an exception is raised, it is the last.
MATRIX: dict[tuple[str, str], list[str]] = {
    ("raise", "sentence"): ["Hello there! ", "GuardViolation"],
    ("raise", "full"): ["GuardViolation"],
    ("block", "sentence"): ["Hello there! ", "<refusal>"],
    ("block", "full"): ["<refusal>"],
    ("redact", "sentence"): ["Hello there! ", "<redacted> ", "The fee of Pro is 5%."],
    ("redact", "full"): ["Hello there! <redacted> The fee of Pro is 5%."],
    ("correct", "sentence"): ["Hello there! ", "The list price of Acme is $49. ", "The fee of Pro is 5%."],
    ("correct", "full"): ["Hello there! The list price of Acme is $49. The fee of Pro is 5%."],
    ("annotate", "sentence"): [
        "Hello there! ",
        "The list price of Acme is $39. [stale: since 2025-05-01 $49 (price list 2025)] ",
        "The fee of Pro is 5%.",
    ],
    ("annotate", "full"): [
        (
            "Hello there! The list price of Acme is $39. [stale: since 2025-05-01 $49 (price list 2025)] "
            "The fee of Pro is 5%."
        )
    ],
    ("re-ask", "sentence"): ["Hello there! ", "<redacted> ", "The fee of Pro is 5%."],
    ("re-ask", "full"): ["<refusal>"],
}


def read(texts: list[str], rule: Policy) -> list[str]:
    return [t.replace(REFUSAL, "<refusal>").replace(rule.messages.redaction, "<redacted>") for t in texts]


@pytest.mark.parametrize("size", [1, 9, 200])
@pytest.mark.parametrize(("action", "hold"), MATRIX)
def test_the_matrix(guard: Guard, log: MemoryLog, action: str, hold: Any, size: int) -> None:
    """Each action does what the table says, in both modes and for chunks of any size, and is recorded once."""
    rule = policy(action)
    shown: list[str] = []
    try:
        shown.extend(guard.stream(chunked(TEXT, [size]), hold=hold, policy=rule, raises=action == "raise"))
    except GuardViolation:
        shown.append("GuardViolation")
    assert read(shown, rule) == MATRIX[action, hold]
    (report,) = log.reports  # recorded once, and it says what happened
    assert apply_text(report.draft.text, report.decision.edits) == report.output
    if action != "raise":
        assert report.output == "".join(shown)


@pytest.mark.parametrize(("action", "hold"), MATRIX)
async def test_the_matrix_async(guard: Guard, action: str, hold: Any) -> None:
    """The async stream shows what the sync one does."""

    async def source() -> AsyncIterator[str]:
        for chunk in chunked(TEXT, [9]):
            yield chunk

    rule = policy(action)
    shown = []
    try:
        async for text in guard.astream(source(), hold=hold, policy=rule, raises=action == "raise"):
            shown += [text]
    except GuardViolation:
        shown.append("GuardViolation")
    assert read(shown, rule) == MATRIX[action, hold]


def test_asking_again_is_downgraded_aloud(guard: Guard) -> None:
    """Where the model cannot be asked again the report says what was done instead, and its policy has another name."""
    session = guard.session(policy="retry")
    told(session, [TEXT])
    assert any("redacted" in notice for notice in session.report.notices)
    assert session.report.policy.startswith("retry/streamed@")
    assert session.report.action is Action.REDACT


def test_nothing_of_a_blocked_text_follows(guard: Guard) -> None:
    """After a block the session is stopped: what is fed then is neither read nor shown, nor a chunk that passes."""
    session = guard.session(policy="strict")
    shown = [r.text for r in session.feed(TEXT + " The list price of Acme is $39. " * 3)]
    assert shown == ["Hello there! ", REFUSAL]
    assert session.stopped
    assert session.blocked
    assert session.feed("More.") == ()
    assert session.finish() == ()
    assert session.report.output == "".join(shown)
    tool = object()
    assert list(guard.stream([TEXT, tool], policy="strict")) == ["Hello there! ", REFUSAL]


@pytest.mark.parametrize("hold", ["sentence", "full"])
def test_raises_on_findings(guard: Guard, hold: Any) -> None:
    """`raises="findings"` raises where a policy would only correct."""
    with pytest.raises(GuardViolation):
        list(guard.stream([TEXT], hold=hold, raises="findings"))


def test_a_violation_comes_after_what_was_released_before_it(guard: Guard) -> None:
    """One chunk that holds a good and a bad sentence: the good one is released, the next call raises."""
    session = guard.session(policy="strict", raises=True)
    assert [r.text for r in session.feed(TEXT)] == ["Hello there! "]
    with pytest.raises(GuardViolation) as caught:
        session.finish()
    assert caught.value.report is session.report
    assert session.report.output == "Hello there! "


def test_citations_have_offsets_in_the_output(guard: Guard) -> None:
    """A citation's range in the whole output is the statement it is for, marks left out; the sources end the text."""
    session = guard.session(policy="annotate")
    text = "The fee of Pro is 5%. The list price of Acme is $39. The fee of Basic is 3%. Bye."
    releases = told(session, chunked(text, [5]))
    output = "".join(r.text for r in releases)
    found = [(output[c.start : c.end], c.source, c.cited_text) for r in releases for c in citations(r)]
    assert found == [
        ("The fee of Pro is 5%.", "fees", "Pro, fee: 5%"),
        ("The fee of Basic is 3%.", "fees", "Basic, fee: 3%"),
    ]
    assert output.endswith("Bye.\n\nSources:\n- [source 1] fees")
    assert output == guard.check(text, policy="annotate").output


def test_a_correction_cites_what_was_put_in(guard: Guard) -> None:
    """The corrected sentence cites the source of its new value, where it stands in the output."""
    session = guard.session()
    releases = told(session, ["Now then. The list price of Acme is $39."])
    output = "".join(r.text for r in releases)
    (found,) = [c for r in releases for c in citations(r)]
    assert (output[found.start : found.end], found.source) == ("The list price of Acme is $49.", "price list 2025")


# What goes wrong ----------------------------------------------------------------------------------------------------


def failing(*chunks: str) -> Iterator[str]:
    yield from chunks
    raise ConnectionError("the model went away")


@pytest.mark.parametrize("hold", ["sentence", "full"])
def test_a_source_that_fails_half_way(guard: Guard, log: MemoryLog, hold: Any) -> None:
    """What was held when the model failed is never shown; the error goes on, and the record says both."""
    shown: list[str] = []
    source = failing("Hello there! The list price of Acme is $39. The fee", " of Pro")
    with pytest.raises(ConnectionError):
        shown.extend(guard.stream(source, hold=hold))
    assert shown == (["Hello there! ", "The list price of Acme is $49. "] if hold == "sentence" else [])
    (report,) = log.reports
    assert report.output == "".join(shown)
    assert any("the model went away" in notice for notice in report.notices)
    assert any(region.reason.startswith("not shown") for region in report.coverage.skipped)


@pytest.mark.parametrize("hold", ["sentence", "full"])
def test_a_reader_that_leaves_early(guard: Guard, log: MemoryLog, hold: Any) -> None:
    """Closing the stream closes the source, and records what had been shown."""
    closed = []

    def source() -> Iterator[str]:
        try:
            for _ in range(100):
                yield "The fee of Pro is 5%. And"
        finally:
            closed.append(True)

    stream = guard.stream(source(), hold=hold)
    if hold == "sentence":
        assert next(stream) == "The fee of Pro is 5%. "
    else:
        next(stream)  # all of it: nothing is left to close early
    stream.close()
    assert closed == [True]
    assert len(log.reports) == 1
    if hold == "sentence":
        assert log.reports[0].output == "The fee of Pro is 5%. "


async def test_cancellation(kb: Any, log: MemoryLog) -> None:
    """A task that is cancelled while a check runs shows nothing more, closes the source, and is recorded."""
    asked = asyncio.Event()

    class Slow(AsyncFakeAuthority):
        async def asearch(self, query: Any) -> Any:
            asked.set()
            return await super().asearch(query)

    guard = Guard(knowledge=kb, log=log, clock=CLOCK, sources=[Slow(delay=30)])
    shown, closed = [], []

    async def source() -> AsyncIterator[str]:
        try:
            yield "The fee of Pro is 5%. Mars has"
            yield " two moons. And"
            yield " so on. The fee of Basic is 3%. Bye now. "
        finally:
            closed.append(True)

    async def run() -> None:
        async for text in guard.astream(source()):
            shown.extend([text])

    task = asyncio.create_task(run())
    await asyncio.wait_for(asked.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert shown == ["The fee of Pro is 5%. "]
    assert closed == [True]
    (report,) = log.reports
    assert report.output == "".join(shown)
    assert "CancelledError" in " ".join(report.notices)


def test_the_deadline_counts_checking(kb: Any) -> None:
    """A policy's deadline is for all the checks of one text; when it has passed, claims are unverifiable, not shown as
    checked."""
    rule = Policy.from_mapping({"extends": "enforce", "name": "quick", "deadline": 0.15})
    guard = Guard(knowledge=kb, log=None, clock=CLOCK, sources=[FakeAuthority(delay=0.1)], policy=rule)
    session = guard.session()
    told(session, ["Mars has two moons. Pluto has five moons. Venus has no moons. Bye."])
    verdicts = [str(claim.verdict) for claim in session.report.claims[:3]]
    assert verdicts[0] == "unsupported"
    assert verdicts[2] == "unverifiable"


def test_what_is_too_long_is_not_read(guard: Guard) -> None:
    """Beyond `max_chars` text is unverifiable, as the policy has it; a closed policy blocks, an open one lets it by."""
    rule = Policy.from_mapping({"extends": "enforce", "name": "short", "max_chars": 60})
    text = "The fee of Pro is 4%. " + "X" * 150
    session = guard.session(policy=rule)
    releases = told(session, chunked(text, [7]))
    assert releases[0].text == "The fee of Pro is 5%. "
    assert "".join(r.text for r in releases[1:]).startswith("X" * 60 + " [not checked]")
    assert all("limit" in c.reason for c in session.report.claims[1:])
    shut = Policy.from_mapping({"extends": "strict", "name": "closed", "max_chars": 60})
    assert list(guard.stream(["x" * 200], policy=shut)) == [shut.messages.refusal]


def test_a_log_that_fails_withholds_the_rest(kb: Any) -> None:
    """A closed policy shows nothing that could not be recorded: what was not shown yet is withheld, and it says so."""
    guard = Guard(knowledge=kb, log=MemoryLog(error=OSError("disk full")), clock=CLOCK, policy="strict")
    session = guard.session()
    shown = [r.text for r in told(session, ["The fee of Pro is 5%. The fee of Basic is 3%."])]
    assert shown == ["The fee of Pro is 5%. ", REFUSAL]
    assert session.report.action is Action.BLOCK
    assert session.report.output == "".join(shown)
    assert any("disk full" in notice for notice in session.report.notices)


def test_a_policy_that_fails_ends_the_session(kb: Any) -> None:
    """A policy of somebody's own that raises is an error of ours, and nothing is shown."""

    class Broken:
        def decide(self, draft: Any, claims: Any) -> Any:
            raise ZeroDivisionError

    guard = Guard(knowledge=kb, log=None, clock=CLOCK, policy=Broken())
    session = guard.session()
    with pytest.raises(Exception, match="the policy failed"):
        session.feed(TEXT)
    assert session.stopped
    assert session.finish() == ()
    assert session.report.output == ""


def test_wrong_arguments_say_so(guard: Guard) -> None:
    """An unknown mode is an error that names the ones there are."""
    with pytest.raises(ConfigError, match="sentence"):
        guard.session(hold="word")
    with pytest.raises(ConfigError, match="findings"):
        guard.session(raises="always")
    with pytest.raises(TypeError):
        guard.stream([], holds="full")


# Order, hold-back, cost ---------------------------------------------------------------------------------------------


def test_other_chunks_pass_in_their_place(guard: Guard) -> None:
    """A tool call comes out after the text before it and before the text behind it, itself untouched."""
    first, call, last = object(), {"tool": "search"}, object()
    chunks = [first, "The fee of Pro is 5%. The fee", call, " of Basic is 3%. Bye", " now.", last]
    out = list(guard.stream(chunks))
    assert out == [first, "The fee of Pro is 5%. ", "The fee of Basic is 3%. ", call, "Bye now.", last]
    assert out[3] is call
    assert next(iter(guard.stream(chunks, hold="full"))) is first
    assert list(guard.stream([call])) == [call]


def test_at_most_a_sentence_is_held(guard: Guard) -> None:
    """A sentence is out when the first word of the next is complete, a paragraph when its blank line is."""
    session = guard.session(policy="observe")
    assert session.feed("The fee of Pro is 5%. The") == ()
    assert [r.text for r in session.feed(" ")] == ["The fee of Pro is 5%. "]
    assert [r.text for r in session.feed("fee of Basic is 3%.\n\n")] == ["The fee of Basic is 3%.\n\n"]
    assert [r.text for r in session.feed("- Pro: 5%\n- Basic ")] == ["- Pro: 5%\n"]


@pytest.mark.parametrize(
    "unit",
    [
        "All is well here. ",
        "word ",
        "e.g. this. and that. ",
        "```\nx = 1.\n\n",
        '"He is. ',
        "**So. ",
        "- Pro: 5%\n",
        "\n",
        "[ ",
    ],
)
def test_time_is_linear(guard: Guard, unit: str) -> None:
    """However a text is made, reading it costs in proportion to its length: the splitter sees each character a bounded
    number of times."""
    seen = 0
    inner = guard._splitter

    def counting(draft: Any) -> Any:
        nonlocal seen
        seen += len(draft.text)
        return inner(draft)

    other = Guard(knowledge=None, log=None, clock=CLOCK, policy="observe", splitter=counting)
    costs = []
    for size in (1200, 3600):
        seen = 0
        text = unit * (size // len(unit))
        session = other.session()
        assert "".join(r.text for r in told(session, chunked(text, [50]))) == text
        costs.append(seen / len(text))
    assert costs[1] < 1.7 * costs[0] + 20


def test_sessions_of_one_guard_do_not_mix(guard: Guard) -> None:
    """Interleaved sessions of one guard each see their own text and question only."""
    sessions = [guard.session(policy="observe") for _ in range(20)]
    texts = [f"Answer {n} is here. The fee of Pro is {n}%. That is all." for n in range(20)]
    out: list[str] = [""] * 20
    for at in range(0, 60, 3):
        for n, session in enumerate(sessions):
            out[n] += "".join(r.text for r in session.feed(texts[n][at : at + 3]))
    for n, session in enumerate(sessions):
        out[n] += "".join(r.text for r in session.finish())
    assert out == [text[:60] for text in texts]
    assert [session.report.draft.text for session in sessions] == out


async def test_a_thousand_texts_at_once() -> None:
    """A thousand streams on one guard, in one loop: each shows and reports its own text."""
    guard = Guard(log=None, clock=CLOCK, policy="observe")

    async def one(number: int) -> bool:
        async def source() -> AsyncIterator[str]:
            for chunk in ("Run ", f"{number}.\n\n", "Bye."):
                await asyncio.sleep(0)
                yield chunk

        shown = "".join([text async for text in guard.astream(source())])
        return shown == f"Run {number}.\n\nBye."

    assert all(await asyncio.gather(*(one(number) for number in range(1000))))


def test_text_does_not_pass_in_disguise(guard: Guard) -> None:
    """A chunk that holds text but is no string would pass unread: it is an error, and nothing of it is shown."""
    from langchain_core.messages import AIMessageChunk

    for chunk in (b"The fee of Pro is 4%.", AIMessageChunk("The fee of Pro is 4%.")):
        with pytest.raises(InputError, match="unchecked"):
            list(guard.stream([chunk]))
    call = AIMessageChunk("", tool_call_chunks=[{"name": "f", "args": "{", "id": "1", "index": 0}])
    assert list(guard.stream([call])) == [call]
    with pytest.raises(InputError, match="str"):
        guard.session().feed(b"text")


def test_a_log_that_fails_after_a_block_is_said(kb: Any) -> None:
    """What was shown before a block cannot be taken back; that it could not be recorded is in the report."""
    guard = Guard(knowledge=kb, log=MemoryLog(error=OSError("disk full")), clock=CLOCK, policy="strict")
    session = guard.session()
    shown = [r.text for r in session.feed(TEXT)]
    assert shown == ["Hello there! ", REFUSAL]
    assert session.report.output == "".join(shown)
    assert any("disk full" in notice for notice in session.report.notices)


async def test_an_async_reader_that_leaves_early(guard: Guard, log: MemoryLog) -> None:
    """`aclose` closes the async source, and the record says what had been shown and that the rest was not."""
    closed = []

    async def source() -> AsyncIterator[str]:
        try:
            for _ in range(100):
                yield "The fee of Pro is 5%. And "
        finally:
            closed.append(True)

    stream = guard.astream(source())
    assert await anext(stream) == "The fee of Pro is 5%. "
    await stream.aclose()
    assert closed == [True]
    (report,) = log.reports
    assert report.output == "The fee of Pro is 5%. "
    assert report.draft.text == "The fee of Pro is 5%. And "


def test_abort_releases_nothing_more(guard: Guard, log: MemoryLog) -> None:
    """A session that is broken off is over: it is recorded once, and what is fed then is ignored."""
    session = guard.session()
    assert session.feed("The fee of Pro is 4%. And then") != ()
    session.abort("the line went dead")
    session.abort("again")
    assert session.feed(" more. Text.") == ()
    assert session.finish() == ()
    (report,) = log.reports
    assert report.output == "The fee of Pro is 5%. "
    assert apply_text(report.draft.text, report.decision.edits) == report.output
    assert session.report.draft.text.endswith("And then")


def test_structured_output_is_held_and_checked_as_such(guard: Guard) -> None:
    """A text that is one JSON object is checked leaf by leaf at its end; one that only begins like it is prose."""
    text = '{"name": "Acme", "list price": "$39"}'
    assert list(guard.stream([text[:20], text[20:]])) == [guard.check(text).output]
    shown = list(guard.stream(["{x} The fee of Pro ", "is 4%. And so on."]))
    assert "".join(shown).startswith("{x} The fee of Pro is 5%.")
    assert len(shown) > 1
