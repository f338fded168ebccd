"""What surrounds a model call without being in its arguments: the step that an agent is taking."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from guardlayer.types import Action, Report
from guardlayer.wrapping import Checker

_current: ContextVar[Step | None] = ContextVar("guardlayer_step", default=None)


@dataclass(slots=True)
class Step:
    """One step of an agent, which may be taken again.

    Attributes:
        evidence: What the agent's tools returned so far.
        known: Ids of the tool calls whose outputs that is; their messages in the conversation are then no evidence.
        feedback: What was wrong with the answer before, where the step is taken again.
        again: Whether the agent takes the step again if the policy asks for it.
        whole: Whether the answer is checked as a whole, because it may have to be given again.
        rejected: The report on an answer that is to be given again; set by the model that was guarded.
    """

    evidence: tuple[Any, ...] = ()
    known: frozenset[str] = frozenset()
    feedback: str | None = None
    again: bool = False
    whole: bool = False
    rejected: Report | None = None

    @contextmanager
    def around(self) -> Iterator[None]:
        """Let the model calls inside know of the step."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


def current_step() -> Step | None:
    """Return the step around the current call, if an agent of ours is taking one."""
    return _current.get()


class Noticing:
    """A guard inside an agent's step: an answer to be given again is noted there, and nothing of it is shown.

    Args:
        guard: The guard.
        step: The step. Where it is not taken again, the last answer is judged by ``policy.final``.
    """

    def __init__(self, guard: Checker, step: Step) -> None:
        self._guard = guard
        self._step = step

    @property
    def policy(self) -> Any:
        """The policy in force."""
        return self._guard.policy

    def check(self, text: str, **given: Any) -> Report:
        """Check a text."""
        return self._noted(self._guard.check(text, **self._under(given)))

    async def acheck(self, text: str, **given: Any) -> Report:
        """Check a text, without blocking the event loop."""
        return self._noted(await self._guard.acheck(text, **self._under(given)))

    def _under(self, given: dict[str, Any]) -> dict[str, Any]:
        final = None if self._step.again else getattr(self._guard.policy, "final", None)
        return given if final is None else {**given, "policy": final}

    def _noted(self, report: Report) -> Report:
        if not self._step.again or report.action is not Action.RETRY:
            return report
        self._step.rejected = report
        return replace(report, decision=replace(report.decision, output="", edits=()))
