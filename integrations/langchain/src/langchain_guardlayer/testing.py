"""A chat model for tests and examples: it says its lines, streams them by the word, and calls tools."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr, SkipValidation

Reply = str | AIMessage | Callable[[list[BaseMessage]], str | AIMessage]

_WORDS = re.compile(r"\s*\S+\s*")
_USAGE = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}


class ScriptedChatModel(BaseChatModel):
    """A chat model that answers from a script; at its end the last line is repeated.

    Every answer has usage (10 tokens in, 5 out), a ``finish_reason`` and the name ``scripted`` in its metadata, whether
    it was streamed or not. It reports each word to callbacks, as providers do.

    Attributes:
        replies: What it answers, in order: texts, messages, or functions of the messages it is given.
    """

    replies: Sequence[SkipValidation[Reply]]

    _turns: int = PrivateAttr(default=0)
    _seen: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _lock: Any = PrivateAttr(default_factory=Lock)

    @property
    def seen(self) -> tuple[list[BaseMessage], ...]:
        """The messages of every call so far, in order."""
        return tuple(self._seen)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind tools, which changes nothing: the script says when they are called."""
        choice = {} if tool_choice is None else {"tool_choice": tool_choice}
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 - LangChain's signature
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002 - as above
        **kwargs: Any,  # noqa: ARG002 - as above
    ) -> ChatResult:
        said = self._next(messages)
        metadata = {"model_name": "scripted", "finish_reason": _finish(said), **said.response_metadata}
        message = said.model_copy(update={"usage_metadata": _USAGE, "response_metadata": metadata})
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 - as above
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ARG002 - as above
    ) -> Iterator[ChatGenerationChunk]:
        said = self._next(messages)
        for word in _WORDS.findall(str(said.text)):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=word, id=said.id))
            if run_manager is not None:
                run_manager.on_llm_new_token(word, chunk=chunk)
            yield chunk
        for number, call in enumerate(said.tool_calls):
            arguments = json.dumps(call["args"])
            for part in (arguments[:4], arguments[4:]):
                begun = part == arguments[:4]
                piece = tool_call_chunk(
                    name=call["name"] if begun else None, args=part, id=call["id"] if begun else None, index=number
                )
                yield ChatGenerationChunk(message=AIMessageChunk(content="", id=said.id, tool_call_chunks=[piece]))
        metadata = {"model_name": "scripted", "finish_reason": _finish(said), **said.response_metadata}
        last = AIMessageChunk(
            content="",
            id=said.id,
            usage_metadata=_USAGE,  # type: ignore[arg-type]  # a plain dict of the TypedDict's keys
            response_metadata=metadata,
            chunk_position="last",
        )
        yield ChatGenerationChunk(message=last)

    def _next(self, messages: list[BaseMessage]) -> AIMessage:
        with self._lock:
            reply = self.replies[min(self._turns, len(self.replies) - 1)]
            self._turns += 1
            self._seen.append(list(messages))
        said = reply(messages) if callable(reply) else reply
        return AIMessage(said) if isinstance(said, str) else said.model_copy()


def _finish(said: AIMessage) -> str:
    return "tool_calls" if said.tool_calls else "stop"
