"""Drives a model's stream through a guard, sync and async: sentence by sentence, or the whole of it first."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from llama_index.core.base.llms.types import CitationBlock

from guardlayer.errors import ConfigError
from guardlayer.streaming import Release, citations
from guardlayer.types import Action, Report
from guardlayer.wrapping import Asked, Options, Prose, View, summary
from guardlayer.wrapping.collecting import collect
from llama_index_guardlayer.citations import as_blocks, citation_blocks
from llama_index_guardlayer.speech import Speech
from llama_index_guardlayer.veil import Veil

Hold = Literal["sentence", "full"]
"""How much of a stream is held back: the sentence that is being written, or all of it."""


Done = Callable[[Report], object]
_CUT = "the stream was closed or failed before its end"


def checked_hold(hold: Any, guard: Any) -> Hold:
    """Return ``hold`` if it is one of the two, and the guard can do it.

    Raises:
        ConfigError: It is not, or it cannot.
    """
    if hold not in ("sentence", "full"):
        raise ConfigError(f"hold={hold!r} is not known; write 'sentence' or 'full'")
    if hold == "sentence" and not hasattr(guard, "session"):
        raise ConfigError(f"a {type(guard).__qualname__} cannot check sentence by sentence; write hold='full'")
    chosen: Hold = hold
    return chosen


class Session:
    """A session of the guard: begun with the first text, told to whoever listens when it is over.

    Args:
        guard: Whose session it is.
        asked: What is known of the call.
        options: Whether to raise, and whom to tell.
    """

    def __init__(self, guard: Any, asked: Asked, options: Options) -> None:
        self._guard = guard
        self._asked = asked
        self._options = options
        self._session: Any = None
        self._told = False
        self.citations: list[CitationBlock] = []

    @property
    def begun(self) -> bool:
        """Whether anything was said."""
        return self._session is not None

    @property
    def stopped(self) -> bool:
        """Whether the policy ended the text."""
        return self._session is not None and bool(self._session.stopped)

    @property
    def report(self) -> Report:
        """The report on the whole, once the session is over."""
        report: Report = self._session.report
        return report

    def feed(self, text: str) -> str:
        """Return what may be shown after ``text``.

        Raises:
            GuardViolation: Exceptions were asked for, and the policy blocked.
        """
        with self._telling():
            return self._shown(self._opened().feed(text)) if text else ""

    async def afeed(self, text: str) -> str:
        """Do what :meth:`feed` does, without blocking the event loop."""
        with self._telling():
            return self._shown(await self._opened().afeed(text)) if text else ""

    def finish(self) -> str:
        """Return the rest of what may be shown; raise as :meth:`feed`."""
        with self._telling():
            return self._shown(self._opened().finish()) + self._shown(self._session.feed(""))

    async def afinish(self) -> str:
        """Do what :meth:`finish` does, without blocking the event loop."""
        with self._telling():
            return self._shown(await self._opened().afinish()) + self._shown(await self._session.afeed(""))

    def abort(self, reason: str) -> None:
        """Release nothing more."""
        if self._session is not None:
            with self._telling():
                self._session.abort(reason)

    def _opened(self) -> Any:
        if self._session is None:
            asked, raises = self._asked, self._options.raises
            self._session = self._guard.session(
                question=asked.question, evidence=asked.evidence, turns=asked.turns, raises=raises
            )
        return self._session

    def _shown(self, releases: Sequence[Release]) -> str:
        for release in releases:
            self.citations += as_blocks(citations(release))
        return "".join(release.text for release in releases)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Tell of the report as soon as there is one, whatever else happens."""
        try:
            yield
        finally:
            report = None if self._session is None else self._session.report
            if report is not None and not self._told:
                self._told = True
                collect(report)
                if self._options.on_report is not None:
                    self._options.on_report(report)


def refused(report: Report) -> bool:
    """Say whether what is shown is the policy's refusal."""
    return report.action in (Action.BLOCK, Action.RETRY)


def by_sentence(
    items: Callable[[], Iterator[Any]], speech: Speech[Any], session: Session, veil: Veil
) -> Generator[Any]:
    """Hand on a model's stream as its sentences are checked.

    Args:
        items: Asks the model.
        speech: A fresh one.
        session: A fresh one.
        veil: Put over everything the model does.
    """
    stream: Any = None
    ended = False
    try:
        with veil.over():
            stream = iter(items())
        while True:
            with veil.over():
                item = next(stream, None)
            if item is None:
                break
            new = speech.hear(item)
            yield from speech.say(item, new, session.feed(new), session.citations)
            if session.stopped:
                break
        rest = "" if session.stopped else session.feed(speech.unheard())
        silent = speech.silent and not session.begun
        rest += "" if silent else session.finish()
        ended = True
        yield from _end(speech, rest, None if silent else session)
    finally:
        if not ended:
            session.abort(_CUT)
        if stream is not None and hasattr(stream, "close"):
            with veil.over():
                stream.close()


async def aby_sentence(
    items: Callable[[], Any], speech: Speech[Any], session: Session, veil: Veil
) -> AsyncGenerator[Any]:
    """Do what :func:`by_sentence` does, without blocking the event loop."""
    stream: Any = None
    ended = False
    try:
        with veil.over():
            stream = aiter(await items())
        while True:
            with veil.over():
                item = await anext(stream, None)
            if item is None:
                break
            new = speech.hear(item)
            for one in speech.say(item, new, await session.afeed(new), session.citations):
                yield one
            if session.stopped:
                break
        rest = "" if session.stopped else await session.afeed(speech.unheard())
        silent = speech.silent and not session.begun
        rest += "" if silent else await session.afinish()
        ended = True
        for one in _end(speech, rest, None if silent else session):
            yield one
    finally:
        if not ended:
            session.abort(_CUT)
        if stream is not None and hasattr(stream, "aclose"):
            with veil.over():
                await stream.aclose()


def tokens_by_sentence(tokens: Iterator[str], session: Session, veil: Veil, done: Done) -> Generator[str]:
    """Hand on a stream of text as its sentences are checked.

    Args:
        tokens: The text.
        session: A fresh one.
        veil: Put over everything that happens where the text comes from.
        done: Called with the report before the end of the text is handed on.
    """
    ended = False
    try:
        while not session.stopped:
            with veil.over():
                token = next(tokens, None)
            if token is None:
                break
            if shown := session.feed(token):
                yield shown
        rest = session.finish()
        ended = True
        done(session.report)
        if rest:
            yield rest
    finally:
        if not ended:
            session.abort(_CUT)
        close: Any = getattr(tokens, "close", None)
        if close is not None:
            with veil.over():
                close()


async def atokens_by_sentence(
    tokens: AsyncIterator[str], session: Session, veil: Veil, done: Done
) -> AsyncGenerator[str]:
    """Do what :func:`tokens_by_sentence` does, without blocking the event loop."""
    ended = False
    try:
        while not session.stopped:
            with veil.over():
                token = await anext(tokens, None)
            if token is None:
                break
            if shown := await session.afeed(token):
                yield shown
        rest = await session.afinish()
        ended = True
        done(session.report)
        if rest:
            yield rest
    finally:
        if not ended:
            session.abort(_CUT)
        close: Any = getattr(tokens, "aclose", None)
        if close is not None:
            with veil.over():
                await close()


@dataclass(frozen=True, slots=True)
class Drained:
    """A stream that was taken whole: what was said, and what to hand on beside the text."""

    speech: Speech[Any]
    beside: tuple[Any, ...]


def drained(items: Iterator[Any], speech: Speech[Any]) -> Drained:
    """Take everything from a model's stream; close it whatever happens."""
    beside: list[Any] = []
    try:
        for item in items:
            beside += speech.say(item, speech.hear(item), "")
        speech.unheard()
    finally:
        close: Any = getattr(items, "close", None)
        if close is not None:
            close()
    return Drained(speech, tuple(beside))


async def adrained(items: AsyncIterator[Any], speech: Speech[Any]) -> Drained:
    """Take everything from a model's async stream; close it whatever happens, cancellation included."""
    beside: list[Any] = []
    try:
        async for item in items:
            beside += speech.say(item, speech.hear(item), "")
        speech.unheard()
    finally:
        close: Any = getattr(items, "aclose", None)
        if close is not None:
            await close()
    return Drained(speech, tuple(beside))


def open_drained(value: Drained) -> View:
    """Read a stream that was taken whole: its text is one, and is put back into its last item."""

    def put(checked: Sequence[Any]) -> tuple[Any, ...]:
        (part,) = checked
        if part.report is None:
            return (*value.beside, *value.speech.close(part.value))
        return (
            *value.beside,
            *value.speech.close(
                part.value,
                citation_blocks(part.report),
                verdicts=[summary(part.report)],
                refused=part.blocked,
            ),
        )

    return View((Prose("text", value.speech.said),), put, silent=value.speech.silent)


def _end(speech: Speech[Any], rest: str, session: Session | None) -> list[Any]:
    if session is None:
        return speech.close(rest)
    report = session.report
    return speech.close(rest, session.citations, verdicts=[summary(report)], refused=refused(report))
