"""A stream of chunks in, a stream of verified text out: ``Guard.stream`` and ``Guard.astream``."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any

from guardlayer.errors import InputError, ResponseTypeError
from guardlayer.streaming.releases import Release
from guardlayer.streaming.session import Session

__all__ = ["astream", "stream"]


def stream(session: Session, chunks: Iterable[Any]) -> Iterator[Any]:
    """Yield what may be shown of ``chunks``, in order.

    Strings are text; any other object (a tool call, a reasoning chunk) passes through once the text before it has been
    released. Where the source fails, is closed early, or the policy blocks, nothing unchecked is yielded.
    """
    order = _Order(session)
    source = iter(chunks)
    try:
        for chunk in source:
            if isinstance(chunk, str):
                yield from order.released(session.feed(chunk))
                if session.stopped:
                    break
            else:
                yield from order.passed(chunk)
        if not session.stopped or session.report is None:
            yield from order.released(session.finish())
        session.feed("")
        if not order.blocked:
            yield from order.rest()
    except BaseException as error:
        session.abort(_cause(error))
        raise
    finally:
        close = getattr(source, "close", None)
        if close is not None:
            close()


async def astream(session: Session, chunks: AsyncIterable[Any]) -> AsyncIterator[Any]:
    """Do what :func:`stream` does, for an async source."""
    order = _Order(session)
    source = aiter(chunks)
    try:
        async for chunk in source:
            if isinstance(chunk, str):
                for item in order.released(await session.afeed(chunk)):
                    yield item
                if session.stopped:
                    break
            else:
                for item in order.passed(chunk):
                    yield item
        if not session.stopped or session.report is None:
            for item in order.released(await session.afinish()):
                yield item
        await session.afeed("")
        if not order.blocked:
            for item in order.rest():
                yield item
    except BaseException as error:
        session.abort(_cause(error))
        raise
    finally:
        close = getattr(source, "aclose", None)
        closing = close() if close is not None else None
        if inspect.isawaitable(closing):
            await closing


class _Order:
    """Keeps what passes through in its place among the text."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._held: deque[tuple[int, Any]] = deque()
        self._upto = 0

    @property
    def blocked(self) -> bool:
        """Whether the policy ended the text, so that what came after it must not pass."""
        return self._session.blocked

    def passed(self, chunk: Any) -> Iterator[Any]:
        """Take an object, and yield what may pass now."""
        _refuse_text(chunk)
        self._held.append((self._session.received, chunk))
        yield from self._due()

    def released(self, releases: Iterable[Release]) -> Iterator[Any]:
        """Yield the text released, and the objects that stand behind it."""
        last = None
        for release in releases:
            if last is not None:
                yield from self._due()
            yield release.text
            self._upto, last = release.upto, release
        if last is not None and not self.blocked:
            yield from self._due()

    def rest(self) -> Iterator[Any]:
        """Yield what is left at the end."""
        while self._held:
            yield self._held.popleft()[1]

    def _due(self) -> Iterator[Any]:
        while self._held and self._held[0][0] <= self._upto:
            yield self._held.popleft()[1]


def _refuse_text(chunk: Any) -> None:
    """Let no text by in an object that would pass unread.

    Raises:
        InputError: The object holds text.
    """
    from guardlayer.wrapping import Options, Prose, open_response

    if isinstance(chunk, (bytes, bytearray, memoryview)):
        raise InputError("a chunk is bytes, which would pass unchecked; decode it to str")
    try:
        view = open_response(chunk, Options())
    except ResponseTypeError:
        return  # of no kind that is known to hold text
    if any(isinstance(part, Prose) and part.text for part in view.parts):
        raise InputError(
            f"a {type(chunk).__qualname__} holds text, which would pass unchecked; stream its text, or put what makes "
            "the stream under guard.wrap"
        )


def _cause(error: BaseException) -> str:
    if isinstance(error, GeneratorExit):
        return "the reader closed the stream"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
