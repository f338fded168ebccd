"""Fakes: parts that do what a test tells them, and remember what they were asked."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from guardlayer.errors import InputError
from guardlayer.temporal import When, instant
from guardlayer.types import CheckedClaim, Evidence, Query, Record, Report

Answer = Evidence | Sequence[Evidence] | Callable[[Query], Sequence[Evidence]]
"""What a fake authority answers: always the same, or by query."""

Reply = str | BaseException | Callable[[str], str]
"""What a fake model replies: a text, an error to raise, or a function of the prompt."""


class FixedClock:
    """A clock that stands still until it is told to move.

    Args:
        at: What it shows first.
    """

    def __init__(self, at: When = "2026-01-01") -> None:
        self._now = instant(at)

    def __call__(self) -> datetime:
        """Return the instant it stands at, in UTC."""
        return self._now

    def set(self, at: When) -> datetime:
        """Move it to ``at``, and return that."""
        self._now = instant(at)
        return self._now

    def advance(self, *, days: float = 0, seconds: float = 0) -> datetime:
        """Move it by ``days`` and ``seconds``, and return where it stands."""
        self._now += timedelta(days=days, seconds=seconds)
        return self._now


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call of a fake model.

    Attributes:
        prompt: The first argument.
        options: The keyword arguments.
        reply: What it answered; ``None`` where it raised.
    """

    prompt: str
    options: tuple[tuple[str, Any], ...]
    reply: str | None


class FakeModel:
    """A model that says its lines.

    Call it (``model(prompt)``) or await it (``await model.acall(prompt)``).

    Args:
        replies: What it answers, in order; a function is called with the prompt, an exception is raised. A single
            string, function or exception is the reply to every call.
    """

    def __init__(self, replies: Reply | Iterable[Reply]) -> None:
        always = isinstance(replies, str | BaseException) or callable(replies)
        self._always: Reply | None = replies if always else None  # type: ignore[assignment]  # narrowed by `always`
        self._script: tuple[Reply, ...] = () if always else tuple(replies)  # type: ignore[arg-type]  # likewise
        self._calls: list[ModelCall] = []
        self._lock = Lock()

    @property
    def calls(self) -> tuple[ModelCall, ...]:
        """The calls so far, in order."""
        return tuple(self._calls)

    def __call__(self, prompt: str = "", **options: Any) -> str:
        """Return the next reply.

        Raises:
            InputError: The script is at its end.
        """
        with self._lock:
            turn = len(self._calls)
            if self._always is None and turn >= len(self._script):
                raise InputError(
                    f"FakeModel has {len(self._script)} scripted replies and was called {turn + 1} times; script more"
                )
            reply = self._script[turn] if self._always is None else self._always
            said = None if isinstance(reply, BaseException) else reply(prompt) if callable(reply) else reply
            self._calls.append(ModelCall(prompt, tuple(sorted(options.items())), said))
        if isinstance(reply, BaseException):
            raise reply
        return str(said)

    async def acall(self, prompt: str = "", **options: Any) -> str:
        """Return the next reply, as a coroutine."""
        await asyncio.sleep(0)
        return self(prompt, **options)


class FakeAuthority:
    """An authority that answers as told, and remembers what it was asked.

    Args:
        answer: Evidence, several pieces of it, or a function of the query.
        id: Its name in reports.
        error: Raised instead of an answer.
        delay: Seconds before it answers, during which it blocks its thread.
        instant: Whether it may be called in place by both drivers.
    """

    def __init__(
        self,
        answer: Answer = (),
        *,
        id: str = "fake",  # noqa: A002 - the name the Protocol gives it
        error: BaseException | None = None,
        delay: float = 0.0,
        instant: bool = False,
    ) -> None:
        self._answer = answer
        self._id = id
        self._queries: list[Query] = []
        self.error = error
        self.delay = delay
        self.instant = instant

    @property
    def id(self) -> str:
        """Name of the authority in reports and records."""
        return self._id

    @property
    def queries(self) -> tuple[Query, ...]:
        """What it was asked so far, in order."""
        return tuple(self._queries)

    def search(self, query: Query) -> Sequence[Evidence]:
        """Answer as told."""
        self._queries.append(query)
        if self.delay:
            time.sleep(self.delay)
        return self._reply(query)

    def _reply(self, query: Query) -> Sequence[Evidence]:
        if self.error is not None:
            raise self.error
        answer = self._answer(query) if callable(self._answer) else self._answer
        return (answer,) if isinstance(answer, Evidence) else tuple(answer)


class AsyncFakeAuthority(FakeAuthority):
    """A fake authority that the async driver awaits; its delay does not block the event loop then."""

    async def asearch(self, query: Query) -> Sequence[Evidence]:
        """Answer as told."""
        self._queries.append(query)
        await asyncio.sleep(self.delay)
        return self._reply(query)


class MemoryLog:
    """A provenance log in memory, with the leaf hashes of a real one (RFC 6962 section 2.1).

    Args:
        error: Raised instead of recording.
    """

    def __init__(self, *, error: BaseException | None = None) -> None:
        self._stored: list[tuple[Record, bytes]] = []
        self._reports: list[Report] = []
        self._lock = Lock()
        self.error = error

    @property
    def records(self) -> tuple[Record, ...]:
        """Every record so far, by position."""
        return tuple(record for record, _ in self._stored)

    @property
    def reports(self) -> tuple[Report, ...]:
        """Every report that was recorded, in order."""
        return tuple(self._reports)

    def stored(self, seq: int) -> bytes:
        """Return the bytes whose leaf hash the record at ``seq`` carries."""
        return self._stored[seq][1]

    def append(self, report: Report) -> Record:
        """Keep one record for each claim and then one for the response, and return the latter."""
        if self.error is not None:
            raise self.error
        with self._lock:
            for number, claim in enumerate(report.claims):
                self._add("claim", f"{report.draft.call_id}/{number}", _claim_body(report, claim))
            record = self._add("response", report.draft.call_id, _response_body(report))
            self._reports.append(report)
        return record

    def _add(self, kind: str, name: str, body: dict[str, Any]) -> Record:
        seq = len(self._stored)
        # Escaped, so that a lone surrogate in a model's text has bytes too.
        data = json.dumps(body, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()
        record = Record(f"{kind}-{seq}-{name}", seq, kind, hashlib.sha256(b"\x00" + data).hexdigest(), body)
        self._stored.append((record, data))
        return record


def _claim_body(report: Report, claim: CheckedClaim) -> dict[str, Any]:
    return {
        "call": report.draft.call_id,
        "text": claim.text,
        "span": [claim.start, claim.end],
        "path": claim.path,
        "kind": str(claim.kind),
        "verdict": str(claim.verdict),
        "score": claim.score,
        "reason": claim.reason,
        "action": str(claim.action),
        "verifier": claim.result.verifier,
        "error": claim.result.error,
        "evidence": [
            {
                "text": piece.text,
                "source": piece.source.id,
                "fact": piece.fact.id if piece.fact else None,
                "version": piece.fact.version if piece.fact else None,
                "relation": str(piece.relation),
            }
            for piece in claim.evidence
        ],
    }


def _response_body(report: Report) -> dict[str, Any]:
    return {
        "call": report.draft.call_id,
        "at": report.draft.at.isoformat(),
        "text": report.draft.text,
        "output": report.output,
        "action": str(report.action),
        "outcome": str(report.outcome),
        "policy": report.policy,
        "model": report.draft.model.name if report.draft.model else None,
    }
