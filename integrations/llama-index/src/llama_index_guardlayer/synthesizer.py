"""A guard around a response synthesizer: the place that sees the chunks an answer is made from."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.base.response.schema import RESPONSE_TYPE, PydanticResponse
from llama_index.core.llms.structured_llm import StructuredLLM
from llama_index.core.prompts.mixin import PromptDictType, PromptMixinType
from llama_index.core.response_synthesizers import BaseSynthesizer
from llama_index.core.schema import NodeWithScore, QueryType
from llama_index.core.types import RESPONSE_TEXT_TYPE
from pydantic import BaseModel

from guardlayer.errors import ConfigError
from guardlayer.types import Report
from guardlayer.wrapping import (
    Answer,
    Asked,
    Call,
    Checker,
    Options,
    View,
    adrain,
    arun,
    drain,
    exchange,
    open_response,
    run,
    summary,
)
from llama_index_guardlayer.events import announced
from llama_index_guardlayer.holding import Session, atokens_by_sentence, checked_hold, tokens_by_sentence
from llama_index_guardlayer.messages import METADATA_KEY, text_of
from llama_index_guardlayer.veil import Veil, managers_of

_CALL = "guardlayer_call"
_TAKEN_OVER = (
    "llm",
    "prompt_helper",
    "chat_prompt_helper",
    "streaming",
    "output_cls",
    "empty_response",
    "multimodal",
)
"""What a synthesizer is made of, as far as its version of LlamaIndex has it; there is no public way to read it."""


@dataclass(slots=True)
class _Call:
    """One call of :meth:`GuardedSynthesizer.synthesize`: its nodes, and the reports on its answer."""

    nodes: tuple[NodeWithScore, ...] = ()
    reports: list[dict[str, Any]] = field(default_factory=list)


class GuardedSynthesizer(BaseSynthesizer):
    """A synthesizer whose answers are as the guard's policy would have them.

    The nodes are evidence, with the sources and dates their metadata gives; called with bare chunks, these are. The
    reports stand, in brief, in ``response.metadata["guardlayer"]``; for a response that streams, once it has ended.

    Args:
        inner: The synthesizer.
        guard: What checks the answers, usually a ``guardlayer.Guard``.
        hold: How much of a stream is held back; see :class:`GuardedQueryEngine`.
        raises: ``True`` raises ``GuardViolation`` where the policy blocks, ``"findings"`` whenever the report is not
            ok; by default a blocked answer is the refusal. Structured answers have no refusal and always raise.
        on_report: Called with every report.

    Raises:
        ConfigError: ``inner`` is no synthesizer, or an option is wrong.
    """

    def __init__(
        self,
        *,
        inner: BaseSynthesizer,
        guard: Checker,
        hold: Literal["sentence", "full"] = "sentence",
        raises: Any = False,
        on_report: Any = None,
    ) -> None:
        if not isinstance(inner, BaseSynthesizer):
            raise ConfigError(f"inner= takes a response synthesizer, not a {type(inner).__qualname__}")
        if not isinstance(guard, Checker):
            raise ConfigError(f"guard= takes a guardlayer.Guard, not a {type(guard).__qualname__}")
        self._inner = inner
        self._guard = guard
        self._hold = checked_hold(hold, guard)
        self._options = announced("GuardedSynthesizer", raises, on_report)
        taken = {name: getattr(inner, f"_{name}") for name in _TAKEN_OVER if hasattr(inner, f"_{name}")}
        super().__init__(**taken)
        self._callback_manager = inner.callback_manager

    @property
    def inner(self) -> BaseSynthesizer:
        """The synthesizer that answers."""
        return self._inner

    def synthesize(
        self,
        query: QueryType,
        nodes: list[NodeWithScore],
        additional_source_nodes: Sequence[NodeWithScore] | None = None,
        **response_kwargs: Any,
    ) -> RESPONSE_TYPE:
        """Return the inner synthesizer's answer, checked against the nodes."""
        call = _Call(tuple(nodes))
        response = super().synthesize(query, nodes, additional_source_nodes, **response_kwargs, **{_CALL: call})
        return _with_reports(response, call)

    async def asynthesize(
        self,
        query: QueryType,
        nodes: list[NodeWithScore],
        additional_source_nodes: Sequence[NodeWithScore] | None = None,
        **response_kwargs: Any,
    ) -> RESPONSE_TYPE:
        """Do what :meth:`synthesize` does, without blocking the event loop."""
        call = _Call(tuple(nodes))
        response = await super().asynthesize(query, nodes, additional_source_nodes, **response_kwargs, **{_CALL: call})
        return _with_reports(response, call)

    def get_response(self, query_str: str, text_chunks: Sequence[str], **response_kwargs: Any) -> RESPONSE_TEXT_TYPE:
        """Return the inner synthesizer's answer from chunks, checked."""
        call: _Call = response_kwargs.pop(_CALL, None) or _Call()

        def ask(query: str) -> Any:
            return self._inner.get_response(query, text_chunks, **response_kwargs)

        return self._guarded(query_str, call.nodes or tuple(text_chunks), call, ask)

    async def aget_response(
        self, query_str: str, text_chunks: Sequence[str], **response_kwargs: Any
    ) -> RESPONSE_TEXT_TYPE:
        """Do what :meth:`get_response` does, without blocking the event loop."""
        call: _Call = response_kwargs.pop(_CALL, None) or _Call()

        async def ask(query: str) -> Any:
            return await self._inner.aget_response(query, text_chunks, **response_kwargs)

        return await self._aguarded(query_str, call.nodes or tuple(text_chunks), call, ask)

    def get_response_from_messages(
        self, query_str: str, message_chunks: Sequence[ChatMessage], **response_kwargs: Any
    ) -> RESPONSE_TEXT_TYPE:
        """Return the inner synthesizer's answer from messages, checked."""
        call: _Call = response_kwargs.pop(_CALL, None) or _Call()

        def ask(query: str) -> Any:
            return self._inner.get_response_from_messages(query, message_chunks, **response_kwargs)

        return self._guarded(query_str, call.nodes or tuple(map(text_of, message_chunks)), call, ask)

    async def aget_response_from_messages(
        self, query_str: str, message_chunks: Sequence[ChatMessage], **response_kwargs: Any
    ) -> RESPONSE_TEXT_TYPE:
        """Do what :meth:`get_response_from_messages` does, without blocking the event loop."""
        call: _Call = response_kwargs.pop(_CALL, None) or _Call()

        async def ask(query: str) -> Any:
            return await self._inner.aget_response_from_messages(query, message_chunks, **response_kwargs)

        return await self._aguarded(query_str, call.nodes or tuple(map(text_of, message_chunks)), call, ask)

    def _prepare_response_output(
        self, response_str: RESPONSE_TEXT_TYPE | None, source_nodes: list[NodeWithScore]
    ) -> RESPONSE_TYPE:
        """Put an object that was checked into a response as it is; LlamaIndex would make another of its text."""
        if isinstance(response_str, BaseModel):
            metadata = self._get_metadata_for_response([node.node for node in source_nodes])
            return PydanticResponse(response_str, source_nodes=source_nodes, metadata=metadata)
        return super()._prepare_response_output(response_str, source_nodes)

    def _get_prompts(self) -> PromptDictType:
        return {}

    def _get_prompt_modules(self) -> PromptMixinType:
        return {"response_synthesizer": self._inner}

    def _update_prompts(self, prompts: PromptDictType) -> None:
        """Leave the prompts to the inner synthesizer, which is a module of this one."""

    def _guarded(self, query: str, evidence: tuple[Any, ...], known: _Call, ask: Any) -> RESPONSE_TEXT_TYPE:
        veil, asked, options = self._opened(query, evidence, known)
        with veil.over():
            first = ask(query)
        streamed = isinstance(first, Generator)
        if streamed and self._hold == "sentence":
            return tokens_by_sentence(first, Session(self._guard, asked, options), veil, _nothing)

        def call(call: Call) -> Answer:
            veil.hide(call.feedback)
            with veil.over():
                said = first if call.feedback is None else ask(f"{query}\n\n{call.feedback}")
                return drain(said) if isinstance(said, Generator) else Answer((said,))

        answer = run(self._exchange(asked, options), self._guard, call)
        said: RESPONSE_TEXT_TYPE = _replayed(answer.chunks) if streamed else answer.chunks[0]
        return said

    async def _aguarded(self, query: str, evidence: tuple[Any, ...], known: _Call, ask: Any) -> RESPONSE_TEXT_TYPE:
        veil, asked, options = self._opened(query, evidence, known)
        with veil.over():
            first = await ask(query)
        streamed = isinstance(first, AsyncGenerator)
        if streamed and self._hold == "sentence":
            return atokens_by_sentence(first, Session(self._guard, asked, options), veil, _nothing)

        async def call(call: Call) -> Answer:
            veil.hide(call.feedback)
            with veil.over():
                said = first if call.feedback is None else await ask(f"{query}\n\n{call.feedback}")
                return await adrain(said) if isinstance(said, AsyncGenerator) else Answer((said,))

        answer = await arun(self._exchange(asked, options), self._guard, call)
        said: RESPONSE_TEXT_TYPE = _areplayed(answer.chunks) if streamed else answer.chunks[0]
        return said

    def _opened(self, query: str, evidence: tuple[Any, ...], known: _Call) -> tuple[Veil, Asked, Options]:
        def tell(report: Report) -> None:
            known.reports.append(summary(report))
            if self._options.on_report is not None:
                self._options.on_report(report)

        options = replace(self._options, on_report=tell)
        return Veil(*managers_of(self._inner)), Asked(question=query, evidence=evidence), options

    def _exchange(self, asked: Asked, options: Options) -> Any:
        model = self._llm

        def read(value: Any) -> View:
            if isinstance(model, StructuredLLM) and isinstance(value, str):
                value = model.output_cls.model_validate_json(value)
            return open_response(value, options, what=type(self._inner).__name__)

        return exchange(asked, options, self._guard.policy, read)


def _with_reports(response: RESPONSE_TYPE, call: _Call) -> RESPONSE_TYPE:
    response.metadata = {**(response.metadata or {}), METADATA_KEY: call.reports}
    return response


def _nothing(_: Report) -> None:
    """The report is told by the options."""


def _replayed(tokens: Sequence[str]) -> Generator[str, None, None]:
    yield from tokens


async def _areplayed(tokens: Sequence[str]) -> AsyncGenerator[str, None]:
    for token in tokens:
        yield token
