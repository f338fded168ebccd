"""A function-calling agent that cannot say what was not checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from llama_index.core.agent.workflow import AgentOutput, FunctionAgent, ToolCallResult
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.llms.llm import LLM
from llama_index.core.memory import BaseMemory
from llama_index.core.settings import Settings
from llama_index.core.tools import AsyncBaseTool
from pydantic import Field

from guardlayer.types import Evidence, Source
from guardlayer.wrapping import Checker
from guardlayer.wrapping.asking import is_evidence
from llama_index_guardlayer.llm import GuardedLLM
from llama_index_guardlayer.steps import Step

if TYPE_CHECKING:
    from llama_index.core.agent.workflow.agent_context import AgentContext  # LlamaIndex has it since 0.14

_STATE = "guardlayer"
"""Key in the run's store: how often the answer was asked for again, and why."""
_AGAIN = "The last answer was held back; answer again."


class GuardedFunctionAgent(FunctionAgent):
    """A ``FunctionAgent`` whose answers are as the guard's policy would have them, streamed deltas included.

    Its model is guarded (:class:`GuardedLLM`), and what its tools returned is evidence: the nodes and documents of
    their raw output where there are such, else their text. Where the policy asks for the answer again, the agent takes
    its step again, natively, as one more iteration; the answer that was rejected is neither streamed nor remembered,
    and what was wrong with it is told to the model alone. After ``policy.retries`` of these, ``policy.final`` judges
    the last answer. One agent serves many runs at a time.

    Args:
        guard: What checks the answers, usually a ``guardlayer.Guard``.
        llm: The model; ``Settings.llm`` by default. One that is guarded already is used as it is.
        hold: How much of a stream is held back; see :class:`GuardedLLM`. Under a policy that asks again, all of it.
        raises: As :class:`GuardedLLM` has it; the run then fails with ``GuardViolation``.
        on_report: Called with every report.
        kwargs: As ``FunctionAgent`` has them.

    Raises:
        ConfigError: An option is wrong.
    """

    guard: Any = Field(exclude=True)

    def __init__(
        self,
        *,
        guard: Checker,
        llm: LLM | None = None,
        hold: Literal["sentence", "full"] = "sentence",
        raises: Any = False,
        on_report: Callable[..., object] | None = None,
        **kwargs: Any,
    ) -> None:
        model = llm or Settings.llm
        if not isinstance(model, GuardedLLM):
            model = GuardedLLM(inner=model, guard=guard, hold=hold, raises=raises, on_report=on_report)
        super().__init__(llm=model, guard=guard, **kwargs)

    async def take_step(
        self, ctx: AgentContext, llm_input: list[ChatMessage], tools: Sequence[AsyncBaseTool], memory: BaseMemory
    ) -> AgentOutput:
        """Take a step; where its answer is to be given again, return nothing of it and the wish to be called again."""
        retries = int(getattr(self.guard.policy, "retries", 0) or 0)
        state = await ctx.store.get(_STATE, default=None) or {"asked": 0, "feedback": None}
        results: list[ToolCallResult] = await ctx.store.get("current_tool_calls", default=[])
        step = Step(
            evidence=tuple(piece for result in results for piece in _evidence(result)),
            known=frozenset(result.tool_id for result in results),
            feedback=state["feedback"],
            again=state["asked"] < retries,
            whole=retries > 0,
        )
        with step.around():
            output = await super().take_step(ctx, llm_input, tools, memory)
        if step.rejected is None:
            if state["asked"] and not output.tool_calls:
                await ctx.store.set(_STATE, None)
            return output
        # The agent puts its scratchpad behind the retry messages: the rejected answer must not be the last word there.
        scratchpad = await ctx.store.get(self.scratchpad_key, default=[])
        await ctx.store.set(self.scratchpad_key, scratchpad[:-1])
        feedback = self.guard.policy.feedback(step.rejected)
        await ctx.store.set(_STATE, {"asked": state["asked"] + 1, "feedback": feedback})
        output.retry_messages = [ChatMessage(role=MessageRole.SYSTEM, content=_AGAIN)]
        return output


def _evidence(result: ToolCallResult) -> tuple[Any, ...]:
    """Return what a tool found: never the words of a model that answered from it, where its sources are known."""
    output = result.tool_output
    if output.is_error:
        return ()
    raw = output.raw_output
    nodes = getattr(raw, "source_nodes", None)
    if nodes:
        return tuple(nodes)
    if not isinstance(raw, str) and is_evidence(raw) and not _texts(raw):
        return tuple(raw) if isinstance(raw, (list, tuple)) else (raw,)
    return (Evidence(output.content, Source(f"tool:{result.tool_name}")),) if output.content.strip() else ()


def _texts(raw: Any) -> bool:
    return isinstance(raw, (list, tuple)) and any(isinstance(piece, str) for piece in raw)
