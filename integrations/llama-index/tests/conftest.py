"""A guard that knows one price, what it was before and what it is now, and models that say what they are told."""

import dataclasses
import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from llama_index.core.base.llms import types as llm_types
from llama_index.core.base.llms.types import TextBlock
from llama_index.core.callbacks import CallbackManager
from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.llms import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    CustomLLM,
    LLMMetadata,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from pydantic import BaseModel, Field

from guardlayer import Guard, Knowledge
from llama_index_guardlayer import GuardVerdictEvent

TOOL_CALL = getattr(llm_types, "ToolCallBlock", None)
"""LlamaIndex has tool calls as blocks since 0.14."""
RAW = "The list price of Acme is $39. I hope this helps."
TRUE = "The list price of Acme is $49. I hope this helps."
QUESTION = "What is the list price of Acme?"
NODE = NodeWithScore(node=TextNode(id_="n1", text="Acme sells anvils."), score=0.9)
POLICIES = {
    "redact": {"extends": "enforce", "actions": {"fact.stale": "redact", "fact.contradicted": "redact"}},
    "annotate": "annotate",
    "correct": "enforce",
    "block": "strict",
    "raise": "strict",
    "re-ask": "retry",
}


def words(text: str) -> list[str]:
    return re.findall(r"\S+\s*", text)


def usage(text: str) -> dict[str, int]:
    return {"prompt_tokens": 5, "completion_tokens": len(words(text)), "total_tokens": 5 + len(words(text))}


class Completer(CustomLLM):
    """A model that completes, and says its lines in order; the last one for ever."""

    script: list[Any] = Field(exclude=True)
    heard: list[str] = Field(default_factory=list, exclude=True)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="completer")

    def _next(self, prompt: str) -> str:
        self.heard.append(prompt)
        line = self.script[min(len(self.heard), len(self.script)) - 1]
        if isinstance(line, Exception):
            raise line
        return line

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        text = self._next(prompt)
        raw = {"id": "cmpl-1", "choices": [{"text": text, "finish_reason": "stop"}], "usage": usage(text)}
        return CompletionResponse(text=text, raw=raw, additional_kwargs=usage(text))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any):
        def tokens():
            text = ""
            for token in words(self._next(prompt)):
                text += token
                yield CompletionResponse(text=text, delta=token, raw={"id": "cmpl-1", "choices": [{"text": token}]})

        return tokens()


class Caller(FunctionCallingLLM):
    """A model that chats and calls tools. A line is a text, or a dictionary with ``name``, ``args`` and maybe ``text``."""

    script: list[Any] = Field(exclude=True)
    heard: list[list[str]] = Field(default_factory=list, exclude=True)
    closed: list[str] = Field(default_factory=list, exclude=True)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="caller", is_function_calling_model=True, is_chat_model=True)

    def _prepare_chat_with_tools(self, tools, user_msg=None, chat_history=None, **kwargs):
        messages = list(chat_history or [])
        if user_msg:
            messages.append(ChatMessage(role="user", content=user_msg) if isinstance(user_msg, str) else user_msg)
        return {"messages": messages, "tools": [tool.metadata.to_openai_tool() for tool in tools or []]}

    def get_tool_calls_from_response(self, response, error_on_no_tool_call=True, **kwargs):
        calls = response.message.additional_kwargs.get("tool_calls", [])
        calls = calls or [vars(block) for block in response.message.blocks if block.block_type == "tool_call"]
        return [
            ToolSelection(tool_id=call["tool_call_id"], tool_name=call["tool_name"], tool_kwargs=call["tool_kwargs"])
            for call in calls
        ]

    def _next(self, messages) -> Any:
        self.heard.append([message.content or "" for message in messages])
        line = self.script[min(len(self.heard), len(self.script)) - 1]
        if isinstance(line, Exception):
            raise line
        return line

    @staticmethod
    def _message(line: Any) -> ChatMessage:
        if isinstance(line, str):
            return ChatMessage(role="assistant", content=line)
        text = [TextBlock(text=line["text"])] if "text" in line else []
        call = {"tool_call_id": f"call-{line['name']}", "tool_name": line["name"], "tool_kwargs": line["args"]}
        if TOOL_CALL is None:
            return ChatMessage(role="assistant", blocks=text, additional_kwargs={"tool_calls": [call]})
        return ChatMessage(role="assistant", blocks=[*text, TOOL_CALL(**call)])

    @llm_chat_callback()
    def chat(self, messages, **kwargs) -> ChatResponse:
        message = self._message(self._next(messages))
        text = message.content or ""
        raw = {"id": "chat-1", "choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
        return ChatResponse(message=message, raw={**raw, "usage": usage(text)}, additional_kwargs=usage(text))

    @llm_chat_callback()
    async def achat(self, messages, **kwargs) -> ChatResponse:
        return self.chat(messages, **kwargs)

    def _items(self, messages):
        line = self._next(messages)
        text = ""
        try:
            for token in words(line if isinstance(line, str) else line.get("text", "")):
                text += token
                message = ChatMessage(role="assistant", content=text)
                raw = {"id": "chat-1", "choices": [{"delta": {"content": token}}]}
                yield ChatResponse(message=message, delta=token, raw=raw)
            if not isinstance(line, str):
                yield ChatResponse(message=self._message(line), delta="", raw={"id": "chat-1"})
            message = self._message(line)
            yield ChatResponse(message=message, delta="", raw={"id": "chat-1", "usage": usage(text)})
        finally:
            self.closed.append(text)

    @llm_chat_callback()
    def stream_chat(self, messages, **kwargs):
        return self._items(messages)

    @llm_chat_callback()
    async def astream_chat(self, messages, **kwargs):
        async def items():
            inner = self._items(messages)
            try:
                for item in inner:
                    yield item
            finally:
                inner.close()

        return items()

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs) -> CompletionResponse:
        return CompletionResponse(text=self._next([ChatMessage(content=prompt)]))

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs) -> CompletionResponse:
        return self.complete(prompt)

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs):
        return (
            CompletionResponse(text=r.message.content or "", delta=r.delta)
            for r in self._items([ChatMessage(content=prompt)])
        )

    @llm_completion_callback()
    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs):
        async def items():
            for item in self.stream_complete(prompt):
                yield item

        return items()


class Shelf(BaseRetriever):
    """A retriever that always finds the same nodes, and remembers what it was asked."""

    def __init__(self, *nodes: NodeWithScore) -> None:
        self.nodes = list(nodes) or [NODE]
        self.asked: list[QueryBundle] = []
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        self.asked.append(query_bundle)
        return self.nodes


def build_engine(*script: Any, streaming: bool = False, **options: Any) -> RetrieverQueryEngine:
    llm = Completer(script=list(script) or [RAW])
    return RetrieverQueryEngine.from_args(Shelf(), llm=llm, streaming=streaming, **options)


def texts(value: Any, depth: int = 0) -> list[str]:
    """Return every string that can be read in a value, except what stands under our own key, and in our own events."""
    if isinstance(value, str):
        return [value]
    if depth > 12 or isinstance(value, (GuardVerdictEvent, type)):
        return []
    if isinstance(value, BaseException):
        return [] if hasattr(value, "report") else [str(value)]
    if isinstance(value, Mapping):
        return [text for key, part in value.items() if key != "guardlayer" for text in texts(part, depth + 1)]
    if isinstance(value, (list, tuple, set)):
        return [text for part in value for text in texts(part, depth + 1)]
    if isinstance(value, BaseModel):
        private = value.__pydantic_private__ or {}
        return texts({**value.__dict__, **(value.__pydantic_extra__ or {}), **private}, depth + 1)
    if dataclasses.is_dataclass(value):
        return texts(vars(value), depth + 1)
    return []


class Ear(BaseEventHandler):
    """Hears every event of the dispatcher."""

    heard: list[Any] = Field(default_factory=list)

    def handle(self, event: Any, **_: Any) -> None:
        self.heard.append((event.class_name(), texts(event)))
        if isinstance(event, GuardVerdictEvent):
            self.heard.append(("verdict", event.report))


class OldEar(BaseCallbackHandler):
    """Hears every event of a callback manager."""

    def __init__(self) -> None:
        super().__init__([], [])
        self.heard: list[Any] = []

    def on_event_start(self, event_type, payload=None, event_id="", parent_id="", **_):
        self.heard.append((str(event_type), texts(payload or {})))
        return event_id

    def on_event_end(self, event_type, payload=None, event_id="", **_):
        self.heard.append((str(event_type), texts(payload or {})))

    def start_trace(self, trace_id=None):
        pass

    def end_trace(self, trace_id=None, trace_map=None):
        pass


@pytest.fixture
def ear():
    """Listen to the whole bus."""
    root = get_dispatcher()
    heard = Ear()
    root.add_event_handler(heard)
    yield heard
    root.event_handlers = [handler for handler in root.event_handlers if handler is not heard]


@pytest.fixture
def old_ear():
    """Make a handler for callback managers."""
    return OldEar()


@pytest.fixture
def fakes():
    """Hand the models, engines and texts to the tests."""
    return SimpleNamespace(
        RAW=RAW,
        TRUE=TRUE,
        QUESTION=QUESTION,
        NODE=NODE,
        Completer=Completer,
        Caller=Caller,
        Shelf=Shelf,
        engine=build_engine,
        texts=texts,
        usage=usage,
        manager=CallbackManager,
    )


@pytest.fixture
def engine():
    """Build an engine over one node and a model that says its script."""
    return build_engine


@pytest.fixture(scope="session")
def knowledge():
    """Know one price, what it was before, and what it is now."""
    kb = Knowledge.open(":memory:")
    fact = kb.add("Acme", "list price", "$39", source="price list 2025", valid_from="2025-01-01")
    kb.supersede(fact.id, "$49", valid_from="2026-01-01", source="price list 2026")
    return kb


@pytest.fixture
def guard_under(knowledge):
    """Build a guard under a policy, by its name, or by what the leak matrix calls it."""

    def build(policy="enforce"):
        return Guard(
            knowledge=knowledge, policy=POLICIES.get(policy, policy) if isinstance(policy, str) else policy, log=None
        )

    return build


@pytest.fixture
def guard(guard_under):
    """Build a guard that corrects."""
    return guard_under()
