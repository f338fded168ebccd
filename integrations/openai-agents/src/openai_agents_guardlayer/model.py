"""A model whose answers are as the guard's policy would have them, and a provider of such models."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

from agents import Model, ModelProvider, ModelResponse, ModelTracing, Usage
from agents.agent_output import AgentOutputSchemaBase

from guardlayer.errors import ConfigError
from guardlayer.types import Report
from guardlayer.wrapping import Answer, Asked, Call, Checker, Exchange, Options, View, arun, exchange
from openai_agents_guardlayer.events import Rewriter, final_response
from openai_agents_guardlayer.inputs import ask_again, read_evidence, read_input
from openai_agents_guardlayer.outputs import open_response, texts
from openai_agents_guardlayer.voices import Settled, Voice, Voices, spoken

Hold = Literal["sentence", "full"]


class GuardedModel(Model):
    """A model under guard: what it says is checked before a runner, a hook, a stream or a session sees it.

    The conversation it is given supplies the question, the turns and, as evidence, what tools returned. Messages are
    checked; with an output type the JSON is, field by field. Tool calls, reasoning, ids and usage pass unchanged; the
    usage of answers that were asked for again is added.

    Traces hold what the model was asked and wrote, so the inner model is called without its data being traced.

    Args:
        inner: The model.
        guard: Who checks, usually a ``guardlayer.Guard``.
        hold: What a stream holds back until it is verified: a ``"sentence"`` at a time, or the ``"full"`` text, with
            which a policy can still ask the model again.
        raises: ``True`` raises ``GuardViolation`` where the policy blocks, ``"findings"`` whenever the report is not
            ok; by default a blocked answer is the refusal. Blocked structured output raises in any case.
        on_report: Called with every report.

    Raises:
        ConfigError: An argument is not what it should be.
    """

    def __init__(
        self,
        *,
        inner: Model,
        guard: Checker,
        hold: Hold = "sentence",
        raises: bool | Literal["findings"] = False,
        on_report: Callable[[Report], object] | None = None,
    ) -> None:
        if not isinstance(inner, Model):
            raise ConfigError(f"inner= takes a model of the Agents SDK, not a {type(inner).__qualname__}")
        if not isinstance(guard, Checker):
            raise ConfigError(f"guard= takes a guardlayer.Guard, not a {type(guard).__qualname__}")
        if hold not in ("sentence", "full"):
            raise ConfigError(f"hold={hold!r} is not known; write 'sentence' or 'full'")
        self.inner = inner
        self.guard = guard
        self.hold = hold
        self.options = Options(raises=raises, on_report=on_report)

    async def get_response(  # noqa: PLR0917 - the SDK's signature
        self,
        system_instructions: str | None,
        input: Any,  # noqa: A002 - the SDK's name
        model_settings: Any,
        tools: list[Any],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Any],
        tracing: ModelTracing,
        **server: Any,
    ) -> ModelResponse:
        """Return the checked response.

        Raises:
            GuardViolation: As ``raises`` says, or where blocked output is structured and has no refusal.
        """
        spent: list[Usage] = []
        kept = server.get("conversation_id") is not None

        async def call(call: Call) -> Answer:
            again = _input(input, call, kept=kept)
            response = await self.inner.get_response(
                system_instructions, again, model_settings, tools, output_schema, handoffs, _quiet(tracing), **server
            )
            spent.append(response.usage)
            return Answer((response,))

        answer = await arun(self._exchange(input, output_schema), self.guard, call)
        response: ModelResponse = answer.chunks[0]
        return response if len(spent) == 1 else _charged(response, spent)

    async def stream_response(  # noqa: PLR0917 - the SDK's signature
        self,
        system_instructions: str | None,
        input: Any,  # noqa: A002 - the SDK's name
        model_settings: Any,
        tools: list[Any],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Any],
        tracing: ModelTracing,
        **server: Any,
    ) -> AsyncIterator[Any]:
        """Yield the events of the checked response.

        Raises:
            GuardViolation: As ``raises`` says; with ``hold="sentence"`` earlier sentences are out by then.
        """

        def start(given: Any) -> AsyncIterator[Any]:
            return self.inner.stream_response(
                system_instructions, given, model_settings, tools, output_schema, handoffs, _quiet(tracing), **server
            )

        if self.hold == "full":
            kept = server.get("conversation_id") is not None
            events, voices = await self._settled(input, output_schema, start, kept=kept)
        else:
            events, voices = start(input), self._voices(read_input(input), output_schema)
        rewriter = Rewriter(voices)
        try:
            async for event in events:
                for checked in await rewriter.take(event):
                    yield checked
            for checked in await rewriter.close():
                yield checked
        finally:
            rewriter.abort()
            close = getattr(events, "aclose", None)
            if close is not None:
                await close()

    async def _settled(
        self,
        given: Any,
        schema: AgentOutputSchemaBase | None,
        start: Callable[[Any], AsyncIterator[Any]],
        *,
        kept: bool,
    ) -> tuple[AsyncIterator[Any], Voices]:
        """Hear the model out, as often as the policy asks; return the last answer's events, and what may be shown."""
        heard: list[Any] = []
        spent: list[Usage] = []

        async def call(call: Call) -> Answer:
            heard.clear()
            stream = start(_input(given, call, kept=kept))
            try:
                async for event in stream:
                    heard.append(event)  # noqa: PERF401 - what was heard before an error is of no use, but shared
            finally:
                close = getattr(stream, "aclose", None)
                if close is not None:
                    await close()
            response = final_response(heard)
            if response is not None:
                spent.append(response.usage)
            return Answer((response,))

        answer = await arun(self._exchange(given, schema), self.guard, call)
        response = answer.chunks[0]
        said = {
            (number, place): text
            for number, item in enumerate(response.output if response is not None else ())
            for place, text in texts(item)
        }

        async def replay() -> AsyncIterator[Any]:
            for event in heard:
                yield _recharged(event, spent) if len(spent) > 1 else event

        return replay(), lambda number, place, _: Settled(said.get((number, place), ""))

    def _voices(self, asked: Asked, schema: AgentOutputSchemaBase | None) -> Voices:
        raises = self.options.raises or _is_structured(schema)

        def voice(_number: int, _place: int, before: Sequence[Any]) -> Voice:
            known = Asked(asked.question, asked.turns, (*asked.evidence, *read_evidence(before)))
            return spoken(self.guard, known, self.options, raises=raises)

        return voice

    def _exchange(self, given: Any, schema: AgentOutputSchemaBase | None) -> Exchange:
        structured = _is_structured(schema)

        def opener(response: ModelResponse) -> View:
            return open_response(response, structured=structured)

        return exchange(read_input(given), self.options, self.guard.policy, opener)

    async def close(self) -> None:
        """Release what the inner model holds."""
        await self.inner.close()

    def get_retry_advice(self, request: Any) -> Any:
        """Return what the inner model advises after an error."""
        return self.inner.get_retry_advice(request)

    async def _cleanup_on_run_end(self, owner: object) -> None:
        cleanup = getattr(self.inner, "_cleanup_on_run_end", None)
        if cleanup is not None:
            await cleanup(owner)

    def _supports_default_prompt_cache_key(self) -> bool:
        supports = getattr(self.inner, "_supports_default_prompt_cache_key", None)
        return bool(supports()) if callable(supports) else False

    def __getattr__(self, name: str) -> Any:
        # What an SDK or an application reads of a model besides, such as ``model``, its name: never a way to call it.
        if name.startswith("_") or name == "inner":
            raise AttributeError(name)
        value = getattr(self.inner, name)
        if callable(value):
            raise AttributeError(f"{name} of the inner model would lead around the guard; call it on .inner")
        return value


class GuardedModelProvider(ModelProvider):
    """A provider whose models are under guard, for agents that name their model: ``RunConfig(model_provider=…)``.

    Args:
        inner: The provider, such as ``MultiProvider()``.
        guard: Who checks.
        options: As for :class:`GuardedModel`.
    """

    def __init__(self, *, inner: ModelProvider, guard: Checker, **options: Any) -> None:
        if not isinstance(inner, ModelProvider):
            raise ConfigError(f"inner= takes a model provider of the Agents SDK, not a {type(inner).__qualname__}")
        self.inner = inner
        self.guard = guard
        self.options = options

    def get_model(self, model_name: str | None) -> GuardedModel:
        """Return the model of that name, under guard."""
        return GuardedModel(inner=self.inner.get_model(model_name), guard=self.guard, **self.options)

    async def aclose(self) -> None:
        """Release what the inner provider holds."""
        await self.inner.aclose()


def wrap(checker: Checker, thing: Any, **options: Any) -> Any:
    """Put a model or a provider of models under guard: what ``guard.wrap`` does with objects of the Agents SDK.

    Raises:
        ConfigError: An option is not known.
    """
    guarded = (
        GuardedModel if isinstance(thing, Model) else GuardedModelProvider if isinstance(thing, ModelProvider) else None
    )
    if guarded is None:
        return None
    known = ("hold", "raises", "on_report")
    for name in options:
        if name not in known:
            raise ConfigError(f"unknown option {name!r} for a model; the options are {', '.join(known)}")
    return guarded(inner=thing, guard=checker, **options)


def _is_structured(schema: AgentOutputSchemaBase | None) -> bool:
    return schema is not None and not schema.is_plain_text()


def _input(given: Any, call: Call, *, kept: bool) -> Any:
    if call.feedback is None or call.rejected is None:
        return given
    response = call.rejected.chunks[0]
    said = "".join(text for item in response.output for _, text in texts(item))
    return ask_again(given, said, call.feedback, kept=kept)


def _quiet(tracing: ModelTracing) -> ModelTracing:
    return ModelTracing.ENABLED_WITHOUT_DATA if tracing is ModelTracing.ENABLED else tracing


def _charged(response: ModelResponse, spent: list[Usage]) -> ModelResponse:
    total = Usage()
    for usage in spent:
        total.add(usage)
    return replace(response, usage=total)


def _recharged(event: Any, spent: list[Usage]) -> Any:
    response = getattr(event, "response", None)
    usage = getattr(response, "usage", None)
    if response is None or usage is None:
        return event
    total = Usage()
    for one in spent:
        total.add(one)
    charged = type(usage).model_validate(
        {
            "input_tokens": total.input_tokens,
            "output_tokens": total.output_tokens,
            "total_tokens": total.total_tokens,
            "input_tokens_details": total.input_tokens_details.model_dump(),
            "output_tokens_details": total.output_tokens_details.model_dump(),
        }
    )
    # How the SDK's own adapters say that a response took several requests; other versions of it count one.
    object.__setattr__(charged, "_agents_sdk_request_usages", spent)
    return event.model_copy(update={"response": response.model_copy(update={"usage": charged})})
