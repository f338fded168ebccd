"""The guard as a part of an agent: a capability, and an output validator."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic_ai import ModelRetry, RunContext
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.models import Model

from guardlayer.policy import canonical_json
from guardlayer.types import Action, Report
from guardlayer.wrapping import Checked, Checker, Fields, Options, open_response
from guardlayer.wrapping.collecting import collect
from pydantic_ai_guardlayer.inputs import read_messages
from pydantic_ai_guardlayer.model import GuardedModel, Hold


@dataclass
class GuardCapability(AbstractCapability[Any]):
    """Puts whatever model an agent uses under guard: ``Agent(…, capabilities=[GuardCapability(guard=guard)])``.

    It holds also for models chosen for a run, and for those that other capabilities select or fall back to.

    Attributes:
        guard: Who checks.
        hold: As for :class:`GuardedModel`, and so are ``raises`` and ``on_report``.
        raises: Whether to raise where the policy blocks.
        on_report: Called with every report.
    """

    guard: Any
    hold: Hold = "sentence"
    raises: bool | Literal["findings"] = False
    on_report: Callable[[Report], object] | None = None

    def get_wrapper_model(self, model: Model) -> Model:
        """Return the model under guard."""
        return GuardedModel(inner=model, guard=self.guard, hold=self.hold, raises=self.raises, on_report=self.on_report)


def guardlayer_output_validator(
    guard: Checker, *, on_report: Callable[[Report], object] | None = None
) -> Callable[[RunContext[Any], Any], Awaitable[Any]]:
    """Return a validator for ``agent.output_validator`` that asks the model again through ``ModelRetry``.

    What the policy would block or ask for again is rejected, with what is wrong, and counts against the agent's
    retries; other findings are as the policy would have them. It sees final outputs only: what a stream shows before,
    and the answers it rejects, which stay in the history, are as the model wrote them. Use :class:`GuardedModel` or
    :class:`GuardCapability` where that must not be seen; they ask again by themselves.

    Args:
        guard: Who checks.
        on_report: Called with every report.
    """

    async def validate(ctx: RunContext[Any], output: Any) -> Any:
        if ctx.partial_output or output is None:
            return output
        view = open_response(output, Options(), what="the agent")
        asked = read_messages(ctx.messages)
        evidence = (*asked.evidence, *view.evidence)
        checked = []
        for part in view.parts:
            text, data = (canonical_json(part.data), part.data) if isinstance(part, Fields) else (part.text, None)
            report = await guard.acheck(text, question=asked.question, turns=asked.turns, evidence=evidence, data=data)
            collect(report)
            if on_report is not None:
                on_report(report)
            if report.action in (Action.BLOCK, Action.RETRY):
                raise ModelRetry(_feedback(guard, report))
            same = report.output == text
            value = (data if same else json.loads(report.output)) if isinstance(part, Fields) else report.output
            checked.append(Checked(value, report))
        return view.put(checked)

    return validate


def _feedback(guard: Checker, report: Report) -> str:
    feedback = getattr(guard.policy, "feedback", None)
    said: str = feedback(report) if feedback is not None else ""
    return said or "; ".join(report.decision.reasons) or "The answer is not what the policy allows."
