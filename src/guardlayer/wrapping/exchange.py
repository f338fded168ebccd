"""One guarded call: ask the model, check what it says, ask again if the policy wants to, put the answer together.

:func:`exchange` is a generator that does nothing itself. It yields what it wants done, :class:`Call` or
:class:`Check`, and is sent the result; :func:`run` and :func:`arun` do these, so that sync and async are one logic.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from guardlayer.errors import GuardViolation
from guardlayer.policy import canonical_json
from guardlayer.types import Action, Edit, Report
from guardlayer.wrapping.asking import Asked
from guardlayer.wrapping.checker import Checker
from guardlayer.wrapping.collecting import collect
from guardlayer.wrapping.fields import sources
from guardlayer.wrapping.options import Options
from guardlayer.wrapping.responses import NOTHING, Checked, Fields, Prose, View, open_response

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """Ask the model.

    Attributes:
        feedback: What the policy says about the answer before, where this is not the first.
        rejected: That answer.
    """

    feedback: str | None = None
    rejected: Answer | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """Check a text, or the data of which the text is the JSON, under ``policy`` if it is not the usual one.

    ``schema`` is the value the data was read from, where its models declare the sources of their fields.
    """

    text: str
    asked: Asked
    data: Any = None
    policy: Any = None
    schema: Any = None


Effect = Call | Check


@dataclass(frozen=True, slots=True)
class Answer:
    """What a callable answered.

    Attributes:
        chunks: The response, or each chunk of a stream.
        returned: What a generator returned besides.
    """

    chunks: tuple[Any, ...]
    returned: Any = None


Exchange = Generator[Effect, Any, Answer]
Opener = Callable[[Any], View]


def exchange(asked: Asked, options: Options, policy: Any, opener: Opener | None = None) -> Exchange:
    """Make one guarded call.

    Args:
        asked: What is known of the call besides its answer.
        options: How the callable is guarded.
        policy: The policy in force; see :class:`Checker` for what it may have.
        opener: Reads a response; :func:`open_response` by default.

    Returns:
        The answer in which every text is as the policy would have it. Nothing that was not checked is in it.

    Raises:
        GuardViolation: The policy blocked and there is no refusal to return, or the options ask for exceptions.
        ResponseTypeError: A response is of an unknown type.
    """
    read = opener or (lambda value: open_response(value, options))
    retries = int(getattr(policy, "retries", 0) or 0)
    call = Call()
    for attempt in range(retries + 1):
        answer: Answer = yield call
        last = attempt == retries
        sheet = _Sheet.of(answer, read)
        final = getattr(policy, "final", None) if last and retries else None
        known = Asked(asked.question, asked.turns, (*asked.evidence, *sheet.evidence))
        for group in sheet.heard:
            report: Report = yield Check(group.text, known, group.data, final, group.schema)
            group.report = report
            collect(report)
            if options.on_report is not None:
                options.on_report(report)
        again = [group.report for group in sheet.groups if group.report and group.report.action is Action.RETRY]
        if again and not last:
            call = Call("\n\n".join(policy.feedback(report) for report in again), answer)
            continue
        return sheet.answer(options)
    raise AssertionError("the last attempt returns")  # pragma: no cover


def run(flow: Exchange, checker: Checker, call: Callable[[Call], Answer]) -> Answer:
    """Drive an exchange in the calling thread."""
    effect = next(flow)
    while True:
        result = call(effect) if isinstance(effect, Call) else checker.check(**_arguments(effect))
        try:
            effect = flow.send(result)
        except StopIteration as done:
            answer: Answer = done.value
            return answer


async def arun(flow: Exchange, checker: Checker, call: Callable[[Call], Awaitable[Answer]]) -> Answer:
    """Drive an exchange without blocking the event loop."""
    effect = next(flow)
    while True:
        result = await (call(effect) if isinstance(effect, Call) else checker.acheck(**_arguments(effect)))
        try:
            effect = flow.send(result)
        except StopIteration as done:
            answer: Answer = done.value
            return answer


def drain(iterator: Iterator[Any]) -> Answer:
    """Take everything from an iterator and what it returned; close it whatever happens."""
    chunks = []
    try:
        while True:
            try:
                chunks.append(next(iterator))
            except StopIteration as end:
                return Answer(tuple(chunks), end.value)
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()


async def adrain(iterator: AsyncIterator[Any]) -> Answer:
    """Take everything from an async iterator; close it whatever happens, cancellation included."""
    try:
        return Answer(tuple([chunk async for chunk in iterator]))
    finally:
        close = getattr(iterator, "aclose", None) or getattr(iterator, "close", None)
        closing = close() if close is not None else None
        if inspect.isawaitable(closing):
            await closing


def spread(segments: Sequence[str], edits: Sequence[Edit], output: str) -> list[str]:
    """Apply edits to a text that stands in several places.

    Args:
        segments: The runs whose concatenation the edits count offsets in.
        edits: Edits of that text, none overlapping another.
        output: What must come of it.

    Returns:
        As many runs, whose concatenation is ``output``. An edit over a border is written into the run it starts in.
        Where the edits do not lead to ``output``, all of it stands in the first run.
    """
    if "".join(segments) == output:
        return list(segments)
    written: list[str] = []
    begin = 0
    ordered = sorted((edit for edit in edits if edit.path is None), key=lambda edit: (edit.start, edit.end))
    for number, segment in enumerate(segments):
        end, at, parts = begin + len(segment), begin, list[str]()
        for edit in ordered:
            here = begin <= edit.start < end or (edit.start == end and number == len(segments) - 1)
            if not here and not (edit.start < begin < edit.end):
                continue
            if here:
                parts.append(segment[at - begin : edit.start - begin] if edit.start > at else "")
                parts.append(edit.replacement)
            at = max(at, min(edit.end, end))
        parts.append(segment[at - begin :])
        written.append("".join(parts))
        begin = end
    return written if "".join(written) == output else [output, *("" for _ in segments[1:])]


@dataclass(slots=True)
class _Group:
    """One text or one datum, and the places it stands in: (number of the view, number of the part)."""

    places: list[tuple[int, int]] = field(default_factory=list)
    segments: list[str] = field(default_factory=list)
    data: Any = None
    schema: Any = None
    structured: bool = False
    report: Report | None = None

    @property
    def text(self) -> str:
        return canonical_json(self.data) if self.structured else "".join(self.segments)

    def checked(self) -> list[Checked]:
        """Return what became of the text at each of its places."""
        report = self.report
        if report is None:
            return [Checked(text, None) for text in self.segments]
        if self.structured:
            checked = Checked(self.data, report)
            if checked.blocked or report.output == self.text:
                return [checked]
            return [Checked(json.loads(report.output), report)]
        return [Checked(text, report) for text in spread(self.segments, report.decision.edits, report.output)]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """An answer laid out as the texts and data it is made of."""

    given: Answer
    views: tuple[View, ...]
    groups: tuple[_Group, ...]
    silent: bool

    @classmethod
    def of(cls, answer: Answer, read: Opener) -> _Sheet:
        """Open every chunk, and what was returned besides, which is a text of its own."""
        views = tuple(NOTHING if value is None else read(value) for value in (*answer.chunks, answer.returned))
        groups: dict[Hashable, _Group] = {}
        for number, view in enumerate(views):
            for place, part in enumerate(view.parts):
                beside = number == len(answer.chunks)
                key = (beside, part.key) if isinstance(part, Prose) else (number, place, Fields)
                group = groups.setdefault(key, _Group())
                group.places.append((number, place))
                if isinstance(part, Prose):
                    group.segments.append(part.text)
                else:
                    group.data, group.structured = part.data, True
                    group.schema = part.value if sources(part.value) else None
        return cls(answer, views, tuple(groups.values()), any(view.silent for view in views))

    @property
    def heard(self) -> tuple[_Group, ...]:
        """What was said: an empty text beside a tool call is not an answer, by itself it is."""
        return tuple(group for group in self.groups if not self.silent or group.structured or group.text)

    @property
    def evidence(self) -> tuple[Any, ...]:
        """What came with the response."""
        return tuple(piece for view in self.views for piece in view.evidence)

    def answer(self, options: Options) -> Answer:
        """Put what was checked back into copies of the chunks."""
        for group in self.groups:
            report = group.report
            if report is not None and (
                (options.raises and Checked(None, report).blocked) or (options.raises == "findings" and not report.ok)
            ):
                raise GuardViolation(report)
        parts: dict[tuple[int, int], Checked] = {}
        for group in self.groups:
            parts.update(zip(group.places, group.checked(), strict=True))
        *chunks, returned = (
            view.put([parts[number, place] for place in range(len(view.parts))])
            for number, view in enumerate(self.views)
        )
        kept = [
            chunk
            for before, chunk in zip(self.given.chunks, chunks, strict=True)
            if not isinstance(chunk, str)
            or chunk
            or not before  # a run of text that an edit emptied is no chunk any more
        ]
        return Answer(tuple(kept or chunks[:1]), returned)


def _arguments(check: Check) -> dict[str, Any]:
    asked = check.asked
    arguments = {"text": check.text, "question": asked.question, "evidence": asked.evidence, "turns": asked.turns}
    if check.data is not None:
        arguments["data"] = check.data
    if check.policy is not None:
        arguments["policy"] = check.policy
    if check.schema is not None:
        arguments["schema"] = check.schema
    return arguments
