"""What wrapping needs of a guard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

from guardlayer.temporal import When
from guardlayer.types import Report


@runtime_checkable
class Checker(Protocol):
    """Checks a text, sync and async, with the same result; ``Guard`` is one.

    The policy may have ``retries``, ``feedback(report)`` and ``final``: how often the model is asked again, what it
    is told, and the policy that judges its last answer. A policy without them never asks again.
    """

    @property
    def policy(self) -> Any:
        """The policy in force."""
        ...

    def check(
        self,
        text: str,
        *,
        question: str | None = None,
        evidence: Iterable[Any] = (),
        turns: Iterable[Any] = (),
        at: When | None = None,
        data: Any = None,
        policy: Any = None,
    ) -> Report:
        """Check ``text``, or ``data`` of which ``text`` is the JSON, under ``policy`` in place of the usual one."""
        ...

    async def acheck(
        self,
        text: str,
        *,
        question: str | None = None,
        evidence: Iterable[Any] = (),
        turns: Iterable[Any] = (),
        at: When | None = None,
        data: Any = None,
        policy: Any = None,
    ) -> Report:
        """Do what :meth:`check` does, without blocking the event loop."""
        ...
