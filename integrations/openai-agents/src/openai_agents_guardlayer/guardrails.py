"""Guardrails of the Agents SDK: they can stop a run, not put right what it says."""

from __future__ import annotations

import weakref
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal

from agents import (
    Agent,
    GuardrailFunctionOutput,
    OutputGuardrail,
    RunContextWrapper,
    ToolGuardrailFunctionOutput,
    ToolOutputGuardrail,
    ToolOutputGuardrailData,
)

from guardlayer.errors import ConfigError, InputError
from guardlayer.evidence import coerce
from guardlayer.policy import canonical_json
from guardlayer.types import Action, Evidence, Report, Source
from guardlayer.wrapping import Asked, Checker, Fields, Options, open_response, summary
from guardlayer.wrapping.collecting import collect
from openai_agents_guardlayer.inputs import read_input

_LEFT_ALONE = (Action.PASS, Action.ANNOTATE)


class ToolEvidence(ToolOutputGuardrail[Any]):
    """A tool output guardrail that lets everything pass, and keeps it as evidence for the output guardrail.

    Name it in a tool's ``tool_output_guardrails`` and as ``evidence=`` of :func:`guardlayer_output_guardrail`. One
    serves any number of agents and concurrent runs; what a run's tools returned is forgotten with the run. A
    :class:`GuardedModel` needs none: it sees what tools returned in its input.
    """

    def __init__(self) -> None:
        super().__init__(guardrail_function=self._keep, name="guardlayer_evidence")
        self._runs: dict[int, list[Evidence]] = {}

    def of(self, context: RunContextWrapper[Any]) -> tuple[Evidence, ...]:
        """Return what the tools of a run have returned so far."""
        return tuple(self._runs.get(id(context.usage), ()))

    def _keep(self, data: ToolOutputGuardrailData) -> ToolGuardrailFunctionOutput:
        # A run's contexts are many objects, which share the one that counts its usage.
        run = data.context.usage
        key = id(run)
        if key not in self._runs:
            self._runs[key] = []
            weakref.finalize(run, self._runs.pop, key, None)
        kept = _evidence(data.output, f"tool {data.context.tool_name}")
        self._runs[key].extend(kept)
        return ToolGuardrailFunctionOutput.allow({"evidence": len(kept)})


def guardlayer_output_guardrail(
    guard: Checker,
    *,
    evidence: ToolEvidence | None = None,
    trips: Literal["changes", "findings"] = "changes",
    on_report: Callable[[Report], object] | None = None,
    name: str = "guardlayer",
) -> OutputGuardrail[Any]:
    """Return an output guardrail, for an agent or for ``RunConfig(output_guardrails=…)``.

    It sees the final output when that has been streamed already, and the exception that stops a run carries the
    output as the model wrote it: where text must not be shown before it is checked, use :class:`GuardedModel`.

    Args:
        guard: Who checks.
        evidence: What keeps the outputs of the tools.
        trips: When the run is stopped: ``"changes"`` where the policy would have the output blocked, corrected,
            redacted or asked for again, none of which a guardrail can do; ``"findings"`` wherever a claim has no
            source.
        on_report: Called with every report.
        name: Its name in traces.

    Raises:
        ConfigError: An argument is not what it should be.
    """
    if not isinstance(guard, Checker):
        raise ConfigError(f"guard takes a guardlayer.Guard, not a {type(guard).__qualname__}")
    if trips not in ("changes", "findings"):
        raise ConfigError(f"trips={trips!r} is not known; write 'changes' or 'findings'")

    async def check(context: RunContextWrapper[Any], agent: Agent[Any], output: Any) -> GuardrailFunctionOutput:
        asked = read_input(getattr(context, "turn_input", None) or [])
        kept = evidence.of(context) if evidence is not None else ()
        reports = [
            report
            async for report in _reports(guard, output, Asked(asked.question, asked.turns, (*asked.evidence, *kept)))
        ]
        for report in reports:
            collect(report)
            if on_report is not None:
                on_report(report)
        tripped = any(not report.ok if trips == "findings" else report.action not in _LEFT_ALONE for report in reports)
        info = {"agent": agent.name, "reports": [summary(report) for report in reports]}
        return GuardrailFunctionOutput(output_info=info, tripwire_triggered=tripped)

    return OutputGuardrail(guardrail_function=check, name=name)


async def _reports(guard: Checker, output: Any, asked: Asked) -> AsyncIterator[Report]:
    view = open_response(output, Options(), what="the agent")
    evidence = (*asked.evidence, *view.evidence)
    for part in view.parts:
        text, data = (canonical_json(part.data), part.data) if isinstance(part, Fields) else (part.text, None)
        yield await guard.acheck(text, question=asked.question, turns=asked.turns, evidence=evidence, data=data)


def _evidence(output: Any, name: str) -> list[Evidence]:
    """Read a tool's output: passages where it holds any, else its text."""
    if not isinstance(output, str):
        try:
            return list(coerce(output, name=name))
        except InputError:
            output = str(output)
    return [Evidence(output, Source(name))] if output.strip() else []
