"""A guarded model that calls functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatResponse
from llama_index.core.chat_engine.types import AgentChatResponse
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools.types import BaseTool
from pydantic import BaseModel, Field

from guardlayer.wrapping import Answer, Asked, Call, arun, exchange, run
from llama_index_guardlayer.llm import GuardedLLM
from llama_index_guardlayer.programs import predictions, with_predictions
from llama_index_guardlayer.steps import Noticing, Step

_LAST = Step()
"""Around an answer that cannot be asked for again."""


class GuardedFunctionCallingLLM(GuardedLLM, FunctionCallingLLM):
    """A guarded model that calls functions: how it is told of tools, and how its calls are read, is the inner one's.

    Made by ``GuardedLLM(inner=llm, guard=guard)`` of a model that calls functions; arguments as there.
    """

    inner: FunctionCallingLLM = Field(exclude=True)

    def _prepare_chat_with_tools_compat(self, tools: Sequence[BaseTool], *args: Any, **kwargs: Any) -> dict[str, Any]:
        return self.inner._prepare_chat_with_tools_compat(tools, *args, **kwargs)  # noqa: SLF001 - LlamaIndex's seam

    def _prepare_chat_with_tools(self, tools: Sequence[BaseTool], *args: Any, **kwargs: Any) -> dict[str, Any]:
        return self.inner._prepare_chat_with_tools(tools, *args, **kwargs)  # noqa: SLF001 - likewise

    def _validate_chat_with_tools_response(
        self, response: ChatResponse, tools: Sequence[BaseTool], *args: Any, **kwargs: Any
    ) -> ChatResponse:
        return self.inner._validate_chat_with_tools_response(response, tools, *args, **kwargs)  # noqa: SLF001 - likewise

    def predict_and_call(self, tools: Sequence[BaseTool], *args: Any, **kwargs: Any) -> AgentChatResponse:
        """Call the tools that the inner model asks for; what a program made of its words is checked by its fields."""
        called = super().predict_and_call(tools, *args, **kwargs)

        def checked(predicted: BaseModel) -> BaseModel:
            flow = exchange(Asked(), self._options, None, self._open_prediction)
            model: BaseModel = run(flow, Noticing(self.guard, _LAST), lambda _: Answer((predicted,))).chunks[0]
            return model

        return with_predictions(called, [(place, checked(model)) for place, model in predictions(called, tools)])

    async def apredict_and_call(self, tools: Sequence[BaseTool], *args: Any, **kwargs: Any) -> AgentChatResponse:
        """Do what :meth:`predict_and_call` does, without blocking the event loop."""
        called = await super().apredict_and_call(tools, *args, **kwargs)

        async def checked(predicted: BaseModel) -> BaseModel:
            async def answer(_: Call) -> Answer:
                return Answer((predicted,))

            flow = exchange(Asked(), self._options, None, self._open_prediction)
            model: BaseModel = (await arun(flow, Noticing(self.guard, _LAST), answer)).chunks[0]
            return model

        found = [(place, await checked(model)) for place, model in predictions(called, tools)]
        return with_predictions(called, found)

    def get_tool_calls_from_response(self, response: ChatResponse, *args: Any, **kwargs: Any) -> list[ToolSelection]:
        """Return the tool calls of a response, as the inner model reads them."""
        return self.inner.get_tool_calls_from_response(response, *args, **kwargs)
