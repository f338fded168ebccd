"""How callers come by the reports of calls whose result is only the answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from guardlayer.types import Report

_collectors: ContextVar[tuple[list[Report], ...]] = ContextVar("guardlayer_reports", default=())


@contextmanager
def reports() -> Iterator[list[Report]]:
    """Collect the reports of every guarded call made in this block, oldest first.

    Concurrent tasks do not see one another's: the list belongs to the block, and is shared only with tasks and
    threads that were started inside it with its context (``asyncio`` tasks, ``asyncio.to_thread``). Blocks nest; the
    outer one also gets what the inner one gets.
    """
    collected: list[Report] = []
    token = _collectors.set((*_collectors.get(), collected))
    try:
        yield collected
    finally:
        _collectors.reset(token)


def collect(report: Report) -> None:
    """Hand ``report`` to the blocks that are open around the current call."""
    for collected in _collectors.get():
        collected.append(report)


def summary(report: Report) -> dict[str, Any]:
    """Return what a framework's metadata field can carry of a report: JSON values, no evidence texts."""
    return {
        "outcome": str(report.outcome),
        "action": str(report.action),
        "policy": report.policy,
        "record": report.record,
        "verdicts": [
            {
                "claim": claim.text,
                "kind": str(claim.kind),
                "verdict": str(claim.verdict),
                "action": str(claim.action),
                "score": round(claim.score, 4),
                "reason": claim.reason,
                "sources": list(dict.fromkeys(piece.source.id for piece in claim.evidence)),
            }
            for claim in report.claims
        ],
    }
