"""A language model that cannot say what was not checked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from dataclasses import replace
from typing import Any, Literal, Self

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    LLMMetadata,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import LLM
from llama_index.core.llms.structured_llm import StructuredLLM
from llama_index.core.prompts import BasePromptTemplate
from pydantic import BaseModel, Field, PrivateAttr

from guardlayer.errors import ConfigError
from guardlayer.wrapping import Answer, Asked, Call, Checker, Options, View, arun, exchange, open_response, run
from llama_index_guardlayer.events import announced
from llama_index_guardlayer.holding import (
    Drained,
    Session,
    aby_sentence,
    adrained,
    by_sentence,
    checked_hold,
    drained,
    open_drained,
)
from llama_index_guardlayer.messages import (
    Attempts,
    for_inner,
    open_chat,
    open_completion,
    read_messages,
    templated_query,
)
from llama_index_guardlayer.programs import told, wordless
from llama_index_guardlayer.speech import ChatSpeech, CompletionSpeech
from llama_index_guardlayer.steps import Noticing, current_step
from llama_index_guardlayer.veil import Veil

_TAKEN_OVER = (
    "system_prompt",
    "messages_to_prompt",
    "completion_to_prompt",
    "output_parser",
    "pydantic_program_mode",
    "query_wrapper_prompt",
)


class GuardedLLM(LLM):
    """A language model whose words are as the guard's policy would have them, wherever LlamaIndex uses it.

    The guard sits inside the model: chat, completion and structured prediction, sync, async and streamed, are checked
    before anything of LlamaIndex's sees them. Tool calls, reasoning, ids and token counts stay as they are. The last
    message by the user is the question, tool outputs in the conversation are evidence. What was found stands, in brief,
    in ``response.additional_kwargs["guardlayer"]``, and each sourced statement has a ``CitationBlock``.

    ``GuardedLLM(inner=llm, ...)`` is a ``FunctionCallingLLM`` where ``inner`` is one.

    Args:
        inner: The model. It keeps its own settings, rate limiter and cache; it is called as it always was.
        guard: What checks it, usually a ``guardlayer.Guard``.
        hold: ``"sentence"`` streams each sentence once it was checked; the model is then not asked again, and where
            the policy would, the sentence is taken out. ``"full"`` checks the whole of a stream before its first item.
        raises: ``True`` raises ``GuardViolation`` where the policy blocks, ``"findings"`` whenever the report is not
            ok; by default a blocked answer is the refusal.
        on_report: Called with every report.

    Raises:
        ConfigError: ``inner`` is no language model or a structured one, or an option is wrong.
    """

    inner: LLM = Field(exclude=True)
    guard: Any = Field(exclude=True)
    hold: Literal["sentence", "full"] = "sentence"

    _options: Options = PrivateAttr()

    def __new__(cls, *_: Any, **kwargs: Any) -> Self:
        """Make a function-calling model of a function-calling model."""
        from llama_index_guardlayer.calling import GuardedFunctionCallingLLM  # which is one of these

        calls = cls is GuardedLLM and isinstance(kwargs.get("inner"), FunctionCallingLLM)
        made: Self = super().__new__(GuardedFunctionCallingLLM if calls else cls)  # type: ignore[assignment]  # a subclass
        return made

    def __init__(
        self,
        *,
        inner: LLM,
        guard: Checker,
        hold: Literal["sentence", "full"] = "sentence",
        raises: Any = False,
        on_report: Callable[..., object] | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(inner, LLM):
            raise ConfigError(f"inner= takes a LlamaIndex LLM, not a {type(inner).__qualname__}")
        if isinstance(inner, StructuredLLM):
            raise ConfigError(
                "inner= is a StructuredLLM; guard the model inside it: "
                "GuardedLLM(inner=llm, guard=guard).as_structured_llm(output_cls)"
            )
        if not isinstance(guard, Checker):
            raise ConfigError(f"guard= takes a guardlayer.Guard, not a {type(guard).__qualname__}")
        options = announced("GuardedLLM", raises, on_report)
        taken = {name: getattr(inner, name) for name in _TAKEN_OVER}
        given = {"inner": inner, "guard": guard, "hold": checked_hold(hold, guard)}
        super().__init__(**{"callback_manager": inner.callback_manager, **taken, **kwargs, **given})
        self._options = options

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex serializes the model."""
        return "guarded_llm"

    @property
    def metadata(self) -> LLMMetadata:
        """The inner model's."""
        return self.inner.metadata

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Return the inner model's answer, checked."""
        veil, attempts = self._veil(), Attempts({})

        def call(call: Call) -> Answer:
            heard = self._heard(messages, call, veil, attempts)
            with veil.over():
                return Answer((self.inner.chat(heard, **kwargs),))

        flow = self._exchange(self._asked(messages), open_chat)
        response: ChatResponse = self._counted(run(flow, self._checker(), call), attempts)
        return response

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Do what :meth:`chat` does, without blocking the event loop."""
        veil, attempts = self._veil(), Attempts({})

        async def call(call: Call) -> Answer:
            heard = self._heard(messages, call, veil, attempts)
            with veil.over():
                return Answer((await self.inner.achat(heard, **kwargs),))

        flow = self._exchange(self._asked(messages), open_chat)
        response: ChatResponse = self._counted(await arun(flow, self._checker(), call), attempts)
        return response

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> Generator[ChatResponse, None, None]:
        """Stream the inner model's answer as it is checked."""
        asked, veil, attempts = self._asked(messages), self._veil(), Attempts({})
        if self._sentences():
            return by_sentence(
                lambda: self.inner.stream_chat(self._heard(messages, Call(), veil, attempts), **kwargs),
                ChatSpeech(),
                Session(self.guard, asked, self._options),
                veil,
            )

        def call(call: Call) -> Answer:
            heard = self._heard(messages, call, veil, attempts)
            with veil.over():
                return Answer((drained(self.inner.stream_chat(heard, **kwargs), ChatSpeech()),))

        return self._replayed(asked, call, attempts)

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> AsyncGenerator[ChatResponse, None]:
        """Do what :meth:`stream_chat` does, without blocking the event loop."""
        asked, veil, attempts = self._asked(messages), self._veil(), Attempts({})
        if self._sentences():
            return aby_sentence(
                lambda: self.inner.astream_chat(self._heard(messages, Call(), veil, attempts), **kwargs),
                ChatSpeech(),
                Session(self.guard, asked, self._options),
                veil,
            )

        async def call(call: Call) -> Answer:
            heard = self._heard(messages, call, veil, attempts)
            with veil.over():
                return Answer((await adrained(await self.inner.astream_chat(heard, **kwargs), ChatSpeech()),))

        return self._areplayed(asked, call, attempts)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Return the inner model's completion, checked."""
        veil, attempts = self._veil(), Attempts({})

        def call(call: Call) -> Answer:
            heard = self._prompted(prompt, call, veil, attempts)
            with veil.over():
                return Answer((self.inner.complete(heard, formatted, **kwargs),))

        flow = self._exchange(self._asked_by(prompt), open_completion)
        response: CompletionResponse = self._counted(run(flow, self._checker(), call), attempts)
        return response

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Do what :meth:`complete` does, without blocking the event loop."""
        veil, attempts = self._veil(), Attempts({})

        async def call(call: Call) -> Answer:
            heard = self._prompted(prompt, call, veil, attempts)
            with veil.over():
                return Answer((await self.inner.acomplete(heard, formatted, **kwargs),))

        flow = self._exchange(self._asked_by(prompt), open_completion)
        response: CompletionResponse = self._counted(await arun(flow, self._checker(), call), attempts)
        return response

    @llm_completion_callback()
    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> Generator[CompletionResponse, None, None]:
        """Stream the inner model's completion as it is checked."""
        asked, veil, attempts = self._asked_by(prompt), self._veil(), Attempts({})
        if self._sentences():
            return by_sentence(
                lambda: self.inner.stream_complete(self._prompted(prompt, Call(), veil, attempts), formatted, **kwargs),
                CompletionSpeech(),
                Session(self.guard, asked, self._options),
                veil,
            )

        def call(call: Call) -> Answer:
            heard = self._prompted(prompt, call, veil, attempts)
            with veil.over():
                return Answer((drained(self.inner.stream_complete(heard, formatted, **kwargs), CompletionSpeech()),))

        return self._replayed(asked, call, attempts)

    @llm_completion_callback()
    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> AsyncGenerator[CompletionResponse, None]:
        """Do what :meth:`stream_complete` does, without blocking the event loop."""
        asked, veil, attempts = self._asked_by(prompt), self._veil(), Attempts({})
        if self._sentences():
            return aby_sentence(
                lambda: self.inner.astream_complete(
                    self._prompted(prompt, Call(), veil, attempts), formatted, **kwargs
                ),
                CompletionSpeech(),
                Session(self.guard, asked, self._options),
                veil,
            )

        async def call(call: Call) -> Answer:
            heard = self._prompted(prompt, call, veil, attempts)
            with veil.over():
                stream = await self.inner.astream_complete(heard, formatted, **kwargs)
                return Answer((await adrained(stream, CompletionSpeech()),))

        return self._areplayed(asked, call, attempts)

    def structured_predict(
        self,
        output_cls: type[BaseModel],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> BaseModel:
        """Return what the inner model predicts, checked field by field.

        Raises:
            GuardViolation: The policy blocks, or a field as it would have it does not fit its type.
            ResponseTypeError: The model's answer is no ``output_cls``.
        """
        veil = self._veil()

        def call(call: Call) -> Answer:
            asked, args = told(prompt, prompt_args, self._feedback(call, veil), self.inner)
            with veil.over(), wordless(output_cls):
                return Answer((self.inner.structured_predict(output_cls, asked, llm_kwargs, **args),))

        predicted: BaseModel = _only(run(self._structured(prompt, prompt_args), self._checker(), call))
        return predicted

    async def astructured_predict(
        self,
        output_cls: type[BaseModel],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> BaseModel:
        """Do what :meth:`structured_predict` does, without blocking the event loop."""
        veil = self._veil()

        async def call(call: Call) -> Answer:
            asked, args = told(prompt, prompt_args, self._feedback(call, veil), self.inner)
            with veil.over(), wordless(output_cls):
                return Answer((await self.inner.astructured_predict(output_cls, asked, llm_kwargs, **args),))

        predicted: BaseModel = _only(await arun(self._structured(prompt, prompt_args), self._checker(), call))
        return predicted

    def stream_structured_predict(
        self,
        output_cls: type[BaseModel],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Generator[BaseModel, None, None]:
        """Yield the checked prediction, once: half a field cannot be checked."""
        yield self.structured_predict(output_cls, prompt, llm_kwargs, **prompt_args)

    async def astream_structured_predict(
        self,
        output_cls: type[BaseModel],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> AsyncGenerator[BaseModel, None]:
        """Yield the checked prediction, once: half a field cannot be checked."""

        async def once() -> AsyncGenerator[BaseModel, None]:
            yield await self.astructured_predict(output_cls, prompt, llm_kwargs, **prompt_args)

        return once()

    def _veil(self) -> Veil:
        return Veil(self.inner.callback_manager, counted=True)

    def _sentences(self) -> bool:
        step = current_step()
        return self.hold == "sentence" and not (step is not None and step.whole)

    def _checker(self) -> Any:
        step = current_step()
        return self.guard if step is None else Noticing(self.guard, step)

    def _exchange(self, asked: Asked, opener: Callable[[Any], View]) -> Any:
        step = current_step()
        if step is None:
            return exchange(asked, self._options, self.guard.policy, opener)
        # The agent takes its step again instead of us, and until it has, nothing is refused.
        options = replace(self._options, raises=False) if step.again else self._options
        return exchange(asked, options, None, opener)

    def _structured(self, prompt: BasePromptTemplate, args: dict[str, Any]) -> Any:
        return self._exchange(self._asked(prompt.format_messages(llm=self.inner, **args)), self._open_prediction)

    def _open_prediction(self, value: Any) -> View:
        return open_response(value, self._options, what="the model")

    def _asked(self, messages: Sequence[ChatMessage]) -> Asked:
        step = current_step()
        return read_messages(messages) if step is None else read_messages(messages, step.evidence, step.known)

    def _asked_by(self, prompt: str) -> Asked:
        step = current_step()
        return Asked(question=templated_query(prompt), evidence=step.evidence if step else ())

    def _feedback(self, call: Call, veil: Veil) -> str | None:
        step = current_step()
        feedback = call.feedback or (step.feedback if step else None)
        veil.hide(feedback)
        return feedback

    def _heard(self, messages: Sequence[ChatMessage], call: Call, veil: Veil, attempts: Attempts) -> list[ChatMessage]:
        _count(call, attempts)
        return for_inner(messages, self._feedback(call, veil))

    def _prompted(self, prompt: str, call: Call, veil: Veil, attempts: Attempts) -> str:
        _count(call, attempts)
        feedback = self._feedback(call, veil)
        return f"{prompt}\n\n{feedback}" if feedback else prompt

    def _counted(self, answer: Answer, attempts: Attempts) -> Any:
        response = _only(answer)
        if attempts.counts:
            response = response.model_copy(update={"additional_kwargs": attempts.total(response.additional_kwargs)})
        return response

    def _replayed(self, asked: Asked, call: Callable[[Call], Answer], attempts: Attempts) -> Generator[Any, None, None]:
        items = _only(run(self._exchange(asked, open_drained), self._checker(), call))
        yield from self._with_counts(items, attempts)

    async def _areplayed(self, asked: Asked, call: Any, attempts: Attempts) -> AsyncGenerator[Any, None]:
        items = _only(await arun(self._exchange(asked, open_drained), self._checker(), call))
        for item in self._with_counts(items, attempts):
            yield item

    def _with_counts(self, items: Sequence[Any], attempts: Attempts) -> Sequence[Any]:
        if not items or not attempts.counts:
            return items
        *others, last = items
        return [*others, self._counted(Answer((last,)), attempts)]


def _count(call: Call, attempts: Attempts) -> None:
    if call.rejected is not None:
        rejected = _only(call.rejected)
        attempts.add(rejected.speech.counts if isinstance(rejected, Drained) else rejected.additional_kwargs)


def _only(answer: Answer) -> Any:
    return answer.chunks[0]
