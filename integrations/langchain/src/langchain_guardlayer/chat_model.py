"""A chat model with the guard inside it: what it says has been checked before any callback, stream or state sees it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from functools import reduce
from operator import add
from typing import Any, Literal, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.messages.ai import add_usage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field, field_validator, model_validator

from guardlayer.errors import ConfigError
from guardlayer.types import Report
from guardlayer.wrapping import Answer, Asked, Call, Checker, Exchange, Options, arun, exchange, read_question, run
from langchain_guardlayer.events import Unheard, aannounce, announce, both, hearing, quietly, unheard
from langchain_guardlayer.holding import Holding
from langchain_guardlayer.inputs import with_evidence
from langchain_guardlayer.rehosting import rehost
from langchain_guardlayer.said import as_chunk, open_result, regenerated
from langchain_guardlayer.shaping import Attaching, is_sourced
from langchain_guardlayer.verdicts import cites

INHERITED = ("callbacks", "tags", "verbose", "disable_streaming", "custom_get_token_ids", "profile", "name")
"""Fields taken over from the model inside, where they are not given: runs are traced, tagged and named as its are."""


class GuardedChatModel(BaseChatModel):
    """A chat model whose answers are as the guard's policy would have them.

    The model inside is called without callbacks, so that nobody hears it: ``invoke``, ``stream``, ``batch``,
    ``astream_events`` in every version, and the stream modes of LangGraph see checked text only, sync and async. Tool
    calls, ids, usage and metadata are the inner model's. The question is the last message by the user; outputs of tools
    in the conversation are evidence. Verdicts are in ``response_metadata["guardlayer"]``.

    With the policy *retry*, the model is asked again with what was wrong, and the usage of all its answers is summed.

    Attributes:
        inner: The model.
        guard: What checks it, usually a ``guardlayer.Guard``.
        hold: How a stream is held back: ``"sentence"`` releases each sentence as it is verified, ``"full"`` releases
            nothing before all of it was. In ``sentence`` the model cannot be asked again once something was shown:
            *retry* becomes *redact*.
        raises: ``True`` raises ``GuardViolation`` where the policy blocks, ``"findings"`` whenever the report is not
            ok; by default a blocked answer is the refusal, with ``finish_reason: content_filter``. While sentences are
            released it is raised in mid-stream.
        citations: Whether content is a list of blocks with LangChain's standard citations. ``None``: where the policy
            annotates what is supported, as *annotate* does.
        evidence: Evidence for every answer, beside what the conversation holds.
        on_report: Called with every report.
        shapes: Tools that are bound only to give an answer its shape, by name, with their schema: their arguments are
            checked as the answer. Under the empty name, the schema of answers in JSON. ``with_structured_output`` and
            agents fill it in.
    """

    # Frameworks hand a model's usual parameters (stop, temperature) to whatever class they find.
    model_config = ConfigDict(arbitrary_types_allowed=True, extra="ignore")

    inner: BaseChatModel
    guard: Any
    hold: Literal["sentence", "full"] = "sentence"
    raises: bool | Literal["findings"] = False
    citations: bool | None = None
    evidence: tuple[Any, ...] = ()
    on_report: Callable[[Report], object] | None = None
    shapes: dict[str, Any] = Field(default_factory=dict)
    # The model inside caches what it said; each hit is checked against what is true now.
    cache: Any = Field(default=False, exclude=True)

    @field_validator("guard")
    @classmethod
    def _checks(cls, guard: Any) -> Any:
        if not isinstance(guard, Checker):
            raise ConfigError(f"guard= takes a guardlayer.Guard, not a {type(guard).__qualname__}")
        return guard

    @field_validator("cache")
    @classmethod
    def _uncached(cls, cache: Any) -> Any:
        if cache is not False:
            raise ConfigError(
                "cache= belongs to the model inside: a checked answer would outlive the facts it rests on"
            )
        return cache

    @model_validator(mode="after")
    def _inherit(self) -> Self:
        given = set(self.model_fields_set)
        for name in INHERITED:
            value = getattr(self.inner, name, None)
            if name not in given and value is not None and name in type(self).model_fields:
                setattr(self, name, value)
        if self.inner.metadata:
            self.metadata = {**self.inner.metadata, **(self.metadata or {})}
        if getattr(self.inner, "output_version", None) == "v1" and "output_version" not in given:
            self.output_version = "v1"
        return self

    # What frameworks ask a model about itself: the inner one answers -------------------------------------------------

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Say no: a guard holds databases, and a model loaded without it would answer unguarded."""
        return False

    @property
    def _llm_type(self) -> str:
        return self.inner._llm_type  # noqa: SLF001 - LangChain's protected interface, meant for subclasses

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        policy = getattr(self.guard, "policy", None)
        return {**self.inner._identifying_params, "guardlayer_policy": str(policy)}  # noqa: SLF001 - as above

    @property
    def model_name(self) -> str:
        """Name of the model inside, or an empty string where it has none."""
        names = (getattr(self.inner, name, None) for name in ("model_name", "model", "model_id"))
        return next((name for name in names if isinstance(name, str)), "")

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        return self.inner._get_ls_params(stop=stop, **kwargs)  # noqa: SLF001 - as above

    def _get_invocation_params(self, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        return self.inner._get_invocation_params(stop=stop, **kwargs)  # noqa: SLF001 - as above

    def _combine_llm_outputs(self, llm_outputs: list[dict[str, Any] | None], /) -> dict[str, Any]:
        return self.inner._combine_llm_outputs(llm_outputs)  # noqa: SLF001 - as above

    def get_num_tokens(self, text: str) -> int:
        """Return how many tokens the model inside makes of a text."""
        return self.inner.get_num_tokens(text)

    def get_token_ids(self, text: str) -> list[int]:
        """Return the tokens the model inside makes of a text."""
        return self.inner.get_token_ids(text)

    def get_num_tokens_from_messages(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> int:
        """Return how many tokens the model inside makes of messages."""
        return self.inner.get_num_tokens_from_messages(messages, *args, **kwargs)

    # What it builds around itself -------------------------------------------------------------------------------------

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind tools as the model inside does."""
        if tool_choice is not None:
            kwargs["tool_choice"] = tool_choice
        return rehost(self.inner.bind_tools(tools, **kwargs), self.inner, self)

    def with_structured_output(self, schema: Any, **kwargs: Any) -> Runnable[LanguageModelInput, Any]:
        """Give the answer a shape as the model inside does; the answer is checked field by field.

        Raises:
            ConfigError: The model inside does it in a way in which the guard has no place.
        """
        shaped = self.model_copy(update={"shapes": {**self.shapes, **_shapes(schema)}})
        built = rehost(self.inner.with_structured_output(schema, **kwargs), self.inner, shaped)
        return Attaching(inner=built) if is_sourced(schema) else built

    # Answers ----------------------------------------------------------------------------------------------------------

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        turn = _Turn(self, messages)

        def call(call: Call) -> Answer:
            # With its cache and rate limiter, but without the run manager that providers report raw tokens to.
            with unheard():
                return turn.said(self.inner._generate_with_cache(turn.given(call), stop=stop, **kwargs))  # noqa: SLF001 - as above

        result = turn.done(run(turn.exchange, self.guard, call))
        announce(turn.reports, run_manager)
        return result

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        turn = _Turn(self, messages)

        async def call(call: Call) -> Answer:
            with unheard():
                return turn.said(await self.inner._agenerate_with_cache(turn.given(call), stop=stop, **kwargs))  # noqa: SLF001 - as above

        result = turn.done(await arun(turn.exchange, self.guard, call))
        await aannounce(turn.reports, run_manager)
        return result

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        if not self.inner._should_stream(async_api=False, **{**kwargs, "stream": True}):  # noqa: SLF001 - as above
            yield from map(as_chunk, self._generate(messages, stop, run_manager, **kwargs).generations)
            return
        if self._whole:
            yield from map(as_chunk, self._held(messages, stop, run_manager, kwargs).generations)
            return
        holding = self._holding(messages)
        session = holding.session
        with (
            hearing(session, self.on_report),
            holding.closing(),
            closing(self._inner_stream(messages, stop, kwargs)) as chunks,
        ):
            for chunk in chunks:
                text = holding.take(chunk)
                yield from holding.give(session.feed(text) if text else ())
            yield from holding.end(() if holding.silent else session.finish())
        announce([session.report] if session.report else [], run_manager)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        if not self.inner._should_stream(async_api=True, **{**kwargs, "stream": True}):  # noqa: SLF001 - as above
            for generation in (await self._agenerate(messages, stop, run_manager, **kwargs)).generations:
                yield as_chunk(generation)
            return
        if self._whole:
            for generation in (await self._aheld(messages, stop, run_manager, kwargs)).generations:
                yield as_chunk(generation)
            return
        holding = self._holding(messages)
        session = holding.session
        with hearing(session, self.on_report), holding.closing():
            async with aclosing(self._inner_astream(messages, stop, kwargs)) as chunks:
                async for chunk in chunks:
                    text = holding.take(chunk)
                    for released in holding.give(await session.afeed(text) if text else ()):
                        yield released
            for released in holding.end(() if holding.silent else await session.afinish()):
                yield released
        await aannounce([session.report] if session.report else [], run_manager)

    # Parts of answers -------------------------------------------------------------------------------------------------

    @property
    def _cites(self) -> bool:
        return cites(getattr(self.guard, "policy", None)) if self.citations is None else self.citations

    @property
    def _whole(self) -> bool:
        """Whether a stream is held back until all of it was checked."""
        return self.hold == "full" or bool(self.shapes) or not hasattr(self.guard, "session")

    def _asked(self, messages: list[BaseMessage]) -> Asked:
        return with_evidence(read_question(messages) or Asked(), self.evidence)

    def _holding(self, messages: list[BaseMessage]) -> Holding:
        asked = self._asked(messages)
        session = self.guard.session(
            question=asked.question, evidence=asked.evidence, turns=asked.turns, raises=self.raises
        )
        return Holding(session, cite=self._cites)

    def _inner_stream(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]
    ) -> Generator[ChatGenerationChunk, None, None]:
        if self.inner.rate_limiter:
            self.inner.rate_limiter.acquire(blocking=True)
        with closing(Unheard(self.inner._stream(messages, stop=stop, **kwargs))) as stream:  # noqa: SLF001 - as above
            yield from stream

    async def _inner_astream(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]
    ) -> AsyncGenerator[ChatGenerationChunk, None]:
        if self.inner.rate_limiter:
            await self.inner.rate_limiter.aacquire(blocking=True)
        async with aclosing(Unheard(self.inner._astream(messages, stop=stop, **kwargs))) as stream:  # noqa: SLF001 - as above
            async for chunk in stream:
                yield chunk

    def _held(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        run_manager: CallbackManagerForLLMRun | None,
        kwargs: dict[str, Any],
    ) -> ChatResult:
        """Return what the model inside streamed, checked as a whole."""
        turn = _Turn(self, messages)

        def call(call: Call) -> Answer:
            with closing(self._inner_stream(turn.given(call), stop, kwargs)) as chunks:
                return turn.said(_merged(list(chunks)))

        result = turn.done(run(turn.exchange, self.guard, call))
        announce(turn.reports, run_manager)
        return result

    async def _aheld(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        run_manager: AsyncCallbackManagerForLLMRun | None,
        kwargs: dict[str, Any],
    ) -> ChatResult:
        """Do what :meth:`_held` does, without blocking the event loop."""
        turn = _Turn(self, messages)

        async def call(call: Call) -> Answer:
            async with aclosing(self._inner_astream(turn.given(call), stop, kwargs)) as chunks:
                return turn.said(_merged([chunk async for chunk in chunks]))

        result = turn.done(await arun(turn.exchange, self.guard, call))
        await aannounce(turn.reports, run_manager)
        return result


class _Turn:
    """One answer of a guarded model: what was asked, and what became of each attempt."""

    def __init__(self, model: GuardedChatModel, messages: list[BaseMessage]) -> None:
        self.messages = messages
        self.reports: list[Report] = []
        self._usages: list[Any] = []
        self._shapes = model.shapes
        flow = exchange(
            model._asked(messages),  # noqa: SLF001 - this class is a part of that one
            Options(raises=model.raises, on_report=both(self.reports.append, model.on_report)),
            model.guard.policy,
            lambda result: open_result(result, shapes=model.shapes, cite=model._cites),  # noqa: SLF001 - likewise
        )
        self.exchange: Exchange = quietly(flow)

    def given(self, call: Call) -> list[BaseMessage]:
        """Return the messages for one attempt: the conversation, what was rejected, and why."""
        if call.feedback is None or call.rejected is None:
            return self.messages
        message = call.rejected.chunks[0].generations[0].message
        answers = [call["args"] for call in message.tool_calls if call["name"] in self._shapes]
        said = str(message.text) or "\n".join(json.dumps(answer, ensure_ascii=False) for answer in answers)
        rejected = [AIMessage(said)] if said else []
        return [*self.messages, *rejected, HumanMessage(call.feedback)]

    def said(self, result: ChatResult) -> Answer:
        """Take what the model said, and what it cost."""
        self._usages += [getattr(generation.message, "usage_metadata", None) for generation in result.generations[:1]]
        return Answer((result,))

    def done(self, answer: Answer) -> ChatResult:
        """Return the answer, with the usage of every attempt."""
        result: ChatResult = answer.chunks[0]
        if len(self._usages) > 1 and result.generations:
            first = result.generations[0]
            total = reduce(add_usage, self._usages)
            message = first.message.model_copy(update={"usage_metadata": total})
            result.generations[0] = regenerated(first, message, first.generation_info)
        return result


def _merged(chunks: list[ChatGenerationChunk]) -> ChatResult:
    return ChatResult(generations=[reduce(add, chunks)] if chunks else [])


def _shapes(schema: Any) -> dict[str, Any]:
    """Return a schema by the names under which an answer of its shape may come."""
    try:
        return {convert_to_openai_tool(schema)["function"]["name"]: schema, "": schema}
    except (TypeError, ValueError, KeyError):  # a form of schema that only the model inside knows
        return {"": schema}
