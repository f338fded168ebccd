"""One text of a streamed response: what comes in is what the model wrote, what comes out may be shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from guardlayer.wrapping import Asked, Options
from guardlayer.wrapping.collecting import collect


class Voice(Protocol):
    """Turns what a model says into what may be shown."""

    async def feed(self, text: str) -> list[str]:
        """Take what was said next, and return what may be shown now."""
        ...

    async def finish(self) -> list[str]:
        """Take that nothing more is said, and return the rest that may be shown."""
        ...

    def abort(self, reason: str) -> None:
        """Take that nobody hears the rest."""
        ...


Voices = Callable[[int, int, Sequence[Any]], Voice]
"""Returns a new voice for the text at (number of the item, number of the content part), given the items before."""


class Settled:
    """A text that was checked before any of it is shown."""

    def __init__(self, text: str) -> None:
        self._text = text

    async def feed(self, text: str) -> list[str]:  # noqa: ARG002 - what was written is not what is shown
        """Show nothing yet."""
        return []

    async def finish(self) -> list[str]:
        """Show the text."""
        return [self._text] if self._text else []

    def abort(self, reason: str) -> None:
        """Do nothing: the check is done."""


class _Spoken:
    def __init__(self, session: Any, options: Options) -> None:
        self._session = session
        self._options = options
        self._heard = False

    async def feed(self, text: str) -> list[str]:
        try:
            return [release.text for release in await self._session.afeed(text)]
        finally:
            self._hear()

    async def finish(self) -> list[str]:
        try:
            released = [release.text for release in await self._session.afinish()]
            await self._session.afeed("")  # raises what is pending
            return released
        finally:
            self._hear()

    def abort(self, reason: str) -> None:
        self._session.abort(reason)
        self._hear()

    def _hear(self) -> None:
        report = self._session.report
        if report is not None and not self._heard:
            self._heard = True
            collect(report)
            if self._options.on_report is not None:
                self._options.on_report(report)


def spoken(guard: Any, asked: Asked, options: Options, *, raises: Any) -> Voice:
    """Return a voice that is checked sentence by sentence, in a session of ``guard``."""
    session = guard.session(question=asked.question, evidence=asked.evidence, turns=asked.turns, raises=raises)
    return _Spoken(session, options)
