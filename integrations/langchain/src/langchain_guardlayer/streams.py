"""A stream of strings or message chunks, put out sentence by sentence as it is verified."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from guardlayer.errors import ResponseTypeError
from guardlayer.streaming import Release, Session
from langchain_guardlayer.holding import Holding


def speaks(chunk: Any) -> bool:
    """Say whether a chunk is of a kind that can be put out by the sentence."""
    return isinstance(chunk, str | AIMessageChunk)


def released(chunks: Iterable[Any], session: Session, *, cite: bool, what: str) -> Iterator[Any]:
    """Yield what may be shown of ``chunks``.

    Args:
        chunks: Strings, or message chunks.
        session: Checks their text.
        cite: Whether the text of messages comes as blocks with citations.
        what: Who puts them out, for errors.

    Raises:
        ResponseTypeError: A chunk is of another kind than those before it.
    """
    speech = _Speech(session, cite=cite, what=what)
    with speech.holding.closing():
        for chunk in chunks:
            text = speech.take(chunk)
            yield from speech.give(session.feed(text) if text else ())
        yield from speech.end(() if speech.silent else session.finish())


async def areleased(
    chunks: AsyncIterator[Any], session: Session, *, cite: bool, what: str
) -> AsyncGenerator[Any, None]:
    """Do what :func:`released` does, without blocking the event loop."""
    speech = _Speech(session, cite=cite, what=what)
    with speech.holding.closing():
        async for chunk in chunks:
            text = speech.take(chunk)
            for shown in speech.give(await session.afeed(text) if text else ()):
                yield shown
        for shown in speech.end(() if speech.silent else await session.afinish()):
            yield shown


class _Speech:
    """The chunks of one stream, all of one kind; strings are message chunks that hold nothing but text."""

    def __init__(self, session: Session, *, cite: bool, what: str) -> None:
        self.holding = Holding(session, cite=cite)
        self._what = what
        self._kind: type[Any] | None = None
        self._shown = False

    @property
    def silent(self) -> bool:
        return self._kind is AIMessageChunk and self.holding.silent

    def take(self, chunk: Any) -> str:
        kind = str if isinstance(chunk, str) else AIMessageChunk
        self._kind = self._kind or kind
        if not speaks(chunk) or kind is not self._kind:
            raise ResponseTypeError(
                f"{self._what} put out a {type(chunk).__qualname__} amid a stream of text; guard it with hold='full'"
            )
        message = AIMessageChunk(content=chunk) if isinstance(chunk, str) else chunk
        return self.holding.take(ChatGenerationChunk(message=message))

    def give(self, releases: Iterable[Release]) -> Iterator[Any]:
        if self._kind is str:
            for release in releases:
                self._shown = True
                yield release.text
        else:
            for generation in self.holding.give(releases):
                yield generation.message

    def end(self, releases: Iterable[Release]) -> Iterator[Any]:
        if self._kind is not str:
            for generation in self.holding.end(releases):
                yield generation.message
            return
        yield from self.give(releases)
        self.holding.over()
        if not self._shown:  # what LangChain builds on takes a stream without chunks for a failure
            yield ""
