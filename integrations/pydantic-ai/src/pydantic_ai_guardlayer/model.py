"""A model whose answers are as the guard's policy would have them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any, Literal

from pydantic_ai.messages import ModelMessage, ModelResponse, ModelResponsePart
from pydantic_ai.models import CompletedStreamedResponse, Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RequestUsage

from guardlayer.errors import ConfigError
from guardlayer.types import Report
from guardlayer.wrapping import Answer, Call, Checker, Exchange, Options, View, arun, exchange, run
from guardlayer.wrapping.collecting import collect
from pydantic_ai_guardlayer.inputs import ask_again, read_evidence, read_messages
from pydantic_ai_guardlayer.outputs import open_response, output_tools
from pydantic_ai_guardlayer.stream import GuardedStream

Hold = Literal["sentence", "full"]


@dataclass(init=False)
class GuardedModel(WrapperModel):
    """A model under guard: what it says is checked before an agent, its history or a stream sees it.

    The history supplies the question, the turns and, as evidence, what tools returned. Texts are checked, and so is,
    field by field, what the model hands to an output tool or writes as JSON for an output type. Calls of other tools,
    reasoning, ids and usage pass unchanged; the usage of answers that were asked for again is added.

    Args:
        inner: The model, or the name of one.
        guard: Who checks, usually a ``guardlayer.Guard``.
        hold: What a stream holds back until it is verified: a ``"sentence"`` at a time, or the ``"full"`` text, with
            which a policy can still ask the model again.
        raises: ``True`` raises ``GuardViolation`` where the policy blocks, ``"findings"`` whenever the report is not
            ok; by default a blocked answer is the refusal. Blocked structured output raises in any case.
        on_report: Called with every report.

    Raises:
        ConfigError: An argument is not what it should be.
    """

    guard: Any
    hold: Hold
    options: Options

    def __init__(
        self,
        *,
        inner: Model | str,
        guard: Checker,
        hold: Hold = "sentence",
        raises: bool | Literal["findings"] = False,
        on_report: Callable[[Report], object] | None = None,
    ) -> None:
        if not isinstance(inner, Model | str):
            raise ConfigError(f"inner= takes a model of Pydantic AI, or its name, not a {type(inner).__qualname__}")
        if not isinstance(guard, Checker):
            raise ConfigError(f"guard= takes a guardlayer.Guard, not a {type(guard).__qualname__}")
        if hold not in ("sentence", "full"):
            raise ConfigError(f"hold={hold!r} is not known; write 'sentence' or 'full'")
        super().__init__(inner)
        self.guard = guard
        self.hold = hold
        self.options = Options(raises=raises, on_report=on_report)

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Return the checked response.

        Raises:
            GuardViolation: As ``raises`` says, or where blocked output is structured and has no refusal.
        """
        spent: list[RequestUsage] = []

        async def call(call: Call) -> Answer:
            given = _messages(messages, call, model_request_parameters)
            response = await self.wrapped.request(given, model_settings, model_request_parameters)
            spent.append(response.usage)
            return Answer((response,))

        answer = await arun(self._exchange(messages, model_request_parameters), self.guard, call)
        return _charged(answer.chunks[0], spent)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,
    ) -> AsyncGenerator[StreamedResponse]:
        """Open a stream of the checked response.

        Raises:
            GuardViolation: As ``raises`` says; with ``hold="sentence"`` while it is read, after earlier sentences.
        """
        if self.hold == "full":
            spent: list[RequestUsage] = []

            async def call(call: Call) -> Answer:
                given = _messages(messages, call, model_request_parameters)
                async with self.wrapped.request_stream(
                    given, model_settings, model_request_parameters, run_context
                ) as stream:
                    async for _ in stream:
                        pass
                    response = stream.get()
                spent.append(response.usage)
                return Answer((response,))

            answer = await arun(self._exchange(messages, model_request_parameters), self.guard, call)
            yield CompletedStreamedResponse(
                _charged(answer.chunks[0], spent),
                model_request_parameters=model_request_parameters,
                replay_events=True,
            )
            return
        async with self.wrapped.request_stream(
            messages, model_settings, model_request_parameters, run_context
        ) as stream:
            guarded = self._stream(stream, messages, model_request_parameters)
            try:
                yield guarded
            finally:
                guarded.abandon()

    def batch_decode(self, result: Any, request: Any) -> ModelResponse:
        """Return the checked response to a request that was sent in a batch; nothing is asked again there."""
        response = self.wrapped.batch_decode(result, request)

        def opener(value: ModelResponse) -> View:
            return open_response(value, request.model_request_parameters)

        flow = exchange(read_messages(request.messages), self.options, None, opener)
        checked: ModelResponse = run(flow, self.guard, lambda _: Answer((response,))).chunks[0]
        return checked

    def _stream(
        self, inner: StreamedResponse, messages: list[ModelMessage], parameters: ModelRequestParameters
    ) -> GuardedStream:
        asked = read_messages(messages)

        def session(parts: list[ModelResponsePart], raises: bool) -> Any:
            evidence = (*asked.evidence, *read_evidence(parts))
            return self.guard.session(
                question=asked.question,
                evidence=evidence,
                turns=asked.turns,
                raises=self.options.raises or raises,
            )

        def hear(report: Report) -> None:
            collect(report)
            if self.options.on_report is not None:
                self.options.on_report(report)

        return GuardedStream(parameters, inner, session, hear)

    def _exchange(self, messages: list[ModelMessage], parameters: ModelRequestParameters) -> Exchange:
        def opener(response: ModelResponse) -> View:
            return open_response(response, parameters)

        return exchange(read_messages(messages), self.options, self.guard.policy, opener)


def wrap(checker: Checker, thing: Any, **options: Any) -> GuardedModel | None:
    """Put a model under guard: what ``guard.wrap`` does with objects of Pydantic AI.

    Args:
        checker: The guard.
        thing: A model; for an agent there is :class:`GuardCapability`, for anything else ``None`` is returned.
        options: As for :class:`GuardedModel`.

    Raises:
        ConfigError: An option is not known, or the thing is an agent.
    """
    if not isinstance(thing, Model):
        if hasattr(thing, "run_stream"):
            raise ConfigError("an agent is guarded by its model: Agent(…, capabilities=[GuardCapability(guard=guard)])")
        return None
    known = ("hold", "raises", "on_report")
    for name in options:
        if name not in known:
            raise ConfigError(f"unknown option {name!r} for a model; the options are {', '.join(known)}")
    return GuardedModel(inner=thing, guard=checker, **options)


def _messages(messages: list[ModelMessage], call: Call, parameters: ModelRequestParameters) -> list[ModelMessage]:
    if call.feedback is None or call.rejected is None:
        return messages
    return ask_again(messages, call.rejected.chunks[0], call.feedback, output_tools(parameters))


def _charged(response: ModelResponse, spent: list[RequestUsage]) -> ModelResponse:
    return response if len(spent) == 1 else replace(response, usage=reduce(add, spent))
