"""Guarded models, run by Pydantic AI's own agents with its function models."""

from __future__ import annotations

import asyncio
import json
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput, ToolReturn
from pydantic_ai.exceptions import UnexpectedModelBehavior
from pydantic_ai.messages import (
    Citation,
    DocumentCitationSource,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    SpeechPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.function import AgentInfo, DeltaThinkingPart, DeltaToolCall, FunctionModel
from pydantic_ai.usage import RequestUsage

from guardlayer import ConfigError, Evidence, Guard, GuardViolation, Knowledge, Source
from guardlayer.errors import ResponseTypeError
from guardlayer.testing import MemoryLog
from guardlayer.wrapping import reports, wrappers
from pydantic_ai_guardlayer import GuardCapability, GuardedModel, guardlayer_output_validator
from pydantic_ai_guardlayer.outputs import open_response

RAW = "Thanks for asking! The list price of Acme is $39. I hope this helps."
TRUE = "Thanks for asking! The list price of Acme is $49. I hope this helps."
QUESTION = "What is the list price of Acme?"
STALE = "$39"
POLICIES = {
    "correct": "enforce",
    "block": "strict",
    "annotate": "annotate",
    "redact": {"extends": "enforce", "name": "redact", "actions": {"fact.stale": "redact"}},
    "reask": "retry",
}
WAYS = ["run", "run_stream", "deltas", "output", "events", "iter"]


@pytest.fixture(autouse=True)
def entry_point(monkeypatch):
    """Be found as the installed package is."""
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
    ((name, value),) = project["entry-points"][wrappers.GROUP].items()
    found = EntryPoint(name, value, wrappers.GROUP)
    monkeypatch.setattr(wrappers, "entry_points", lambda **wanted: [found] if wanted["name"] == name else [])


@pytest.fixture(scope="module")
def kb():
    """One price, what it was before, and what it is now."""
    with Knowledge.open(":memory:") as knowledge:
        fact = knowledge.add("Acme", "list price", "$39", source="price list 2025", valid_from="2025-01-01")
        knowledge.supersede(fact.id, "$49", valid_from="2026-01-01", source="price list 2026")
        yield knowledge


@pytest.fixture
def guard_under(kb):
    """Build a guard under a policy."""

    def build(policy: Any = "enforce", **more: Any) -> Guard:
        return Guard(knowledge=kb, policy=policy, **{"log": None, **more})

    return build


def pieces(text: str, size: int = 7) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def model_of(*texts: str, calls: list[Any] | None = None) -> FunctionModel:
    """A model that says these texts, in order, whole or in pieces."""
    said = iter(texts)

    def whole(messages: Any, _: AgentInfo) -> ModelResponse:
        if calls is not None:
            calls.append(messages)
        return ModelResponse([TextPart(next(said))])

    async def streamed(messages: Any, _: AgentInfo):
        if calls is not None:
            calls.append(messages)
        for piece in pieces(next(said)):
            await asyncio.sleep(0)
            yield piece

    return FunctionModel(whole, stream_function=streamed)


def guarded(guard: Guard, *texts: str, **options: Any) -> GuardedModel:
    return GuardedModel(inner=model_of(*(texts or (RAW,) * 8)), guard=guard, **options)


async def everything(agent: Agent[Any, Any], way: str, question: str = QUESTION) -> tuple[Any, list[str]]:
    """Run an agent one way, and return its output and everything that anybody could see of the run."""
    seen: list[str] = []

    def note(thing: Any) -> None:
        seen.append(str(thing))

    async def handler(_: Any, events: Any) -> None:
        async for event in events:
            note(repr(event))

    try:
        if way == "run":
            result = await agent.run(question)
            output, history = result.output, result.all_messages()
        elif way == "iter":
            async with agent.iter(question) as run:
                async for node in run:
                    note(repr(node))
                    if Agent.is_model_request_node(node):
                        async with node.stream(run.ctx) as stream:
                            async for event in stream:
                                note(repr(event))
            assert run.result is not None
            output, history = run.result.output, run.result.all_messages()
        elif way == "events":
            result = await agent.run(question, event_stream_handler=handler)
            output, history = result.output, result.all_messages()
        else:
            async with agent.run_stream(question) as stream:
                if way == "deltas":
                    text = [piece async for piece in stream.stream_text(delta=True, debounce_by=None)]
                    note(text)
                    output = "".join(text)
                elif way == "output":
                    parts = [part async for part in stream.stream_output(debounce_by=None)]
                    note(parts)
                    output = parts[-1]
                else:
                    output = await stream.get_output()
                history = stream.all_messages()
    except GuardViolation as violation:
        return violation, seen
    note(output)
    note(ModelMessagesTypeAdapter.dump_json(history).decode())
    return output, seen


@pytest.mark.parametrize("hold", ["sentence", "full"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", POLICIES)
async def test_nothing_unchecked_reaches_anybody(guard_under, name: str, way: str, hold: Any) -> None:
    """Output, deltas, partials, events, nodes, history: the stale price is in none of them, under any policy.

    Under *annotate* it may be seen, and never without its mark.
    """
    for raises in (False, True):
        agent = Agent(guarded(guard_under(POLICIES[name]), hold=hold, raises=raises))
        output, seen = await everything(agent, way)
        if name == "annotate":
            assert "$39" in output
            assert "price list 2026" in output
            continue
        assert not [one for one in seen if STALE in one]
        if isinstance(output, GuardViolation):
            assert raises
            assert name in ("block", "reask")
        elif name == "correct":
            assert output == TRUE
        elif name == "block":
            assert not raises


@pytest.mark.parametrize("way", WAYS)
async def test_a_capability_guards_whatever_model_the_agent_uses(guard_under, way: str) -> None:
    """Also a model that is chosen for one run."""
    agent = Agent(model_of(RAW), capabilities=[GuardCapability(guard=guard_under())])
    output, seen = await everything(agent, way)
    assert output == TRUE
    assert not [one for one in seen if STALE in one]
    if way == "run":
        assert (await agent.run(QUESTION, model=model_of(RAW))).output == TRUE


async def test_sentences_are_shown_as_they_are_verified(guard_under) -> None:
    """The first one is out before the model has written the last."""
    written: list[str] = []

    async def slow(_: Any, __: Any):
        for piece in pieces(RAW):
            written.append(piece)
            yield piece

    agent = Agent(GuardedModel(inner=FunctionModel(stream_function=slow), guard=guard_under()))
    shown_at = []
    async with agent.run_stream(QUESTION) as stream:
        async for _ in stream.stream_text(delta=True, debounce_by=None):
            shown_at.append("".join(written))  # noqa: PERF401 - while it streams
    assert len(shown_at) >= 3
    assert shown_at[0] != RAW


async def test_deltas_add_up_to_the_response(guard_under) -> None:
    """What events say, put together, is what the response says; indices have no holes."""
    model = guarded(guard_under())
    parameters = ModelRequestParameters()
    messages = [ModelRequest([UserPromptPart(QUESTION)])]
    async with model.request_stream(messages, None, parameters) as stream:
        events = [event async for event in stream]
        response = stream.get()
    said = "".join(
        event.part.content if isinstance(event, PartStartEvent) else event.delta.content_delta
        for event in events
        if isinstance(event, PartStartEvent | PartDeltaEvent)
    )
    assert said == response.text == TRUE
    assert response.state == "complete"
    assert {event.index for event in events if hasattr(event, "index")} == {0}


async def acting(_: Any, info: AgentInfo):
    """Reason, speak, and call a tool, in pieces."""
    yield {0: DeltaThinkingPart(content="Hm, $39? ")}
    yield {0: DeltaThinkingPart(content="Or $49?")}
    for piece in pieces(RAW):
        yield piece
    yield {1: DeltaToolCall(name="lookup", json_args='{"name": ', tool_call_id="c1")}
    yield {1: DeltaToolCall(json_args='"$39"}')}


async def test_tool_calls_reasoning_and_usage_pass_unchanged_in_a_stream(guard_under) -> None:
    """A stream that acts beside what it says loses nothing but what is wrong in the text."""
    responses = []
    for model in (
        FunctionModel(stream_function=acting),
        GuardedModel(inner=FunctionModel(stream_function=acting), guard=guard_under()),
    ):
        async with model.request_stream(
            [ModelRequest([UserPromptPart(QUESTION)])], None, ModelRequestParameters()
        ) as stream:
            events = [event async for event in stream]
        responses.append(stream.get())
    bare, checked = responses
    assert checked.usage == bare.usage
    assert checked.finish_reason == bare.finish_reason
    assert [part for part in checked.parts if not isinstance(part, TextPart)] == [
        part for part in bare.parts if not isinstance(part, TextPart)
    ]
    assert [type(part) for part in checked.parts] == [ThinkingPart, TextPart, ToolCallPart]
    assert checked.text == TRUE
    arguments = [
        event.delta.args_delta for event in events if getattr(getattr(event, "delta", None), "args_delta", None)
    ]
    assert arguments == ['"$39"}']


def answering(*parts: Any) -> FunctionModel:
    return FunctionModel(
        lambda *_: ModelResponse(
            list(parts), usage=RequestUsage(input_tokens=11, output_tokens=7), provider_response_id="r1"
        )
    )


async def test_an_unchanged_response_is_the_very_object(guard_under) -> None:
    """Where nothing was wrong, nothing was touched; where something was, only that, and the id of what is gone."""
    parameters = ModelRequestParameters()
    cited = [Citation([DocumentCitationSource(document_id="d")])]
    call = ToolCallPart("lookup", {"price": "$39"}, "c1")
    for text, same in ((TRUE, True), (RAW, False)):
        part = TextPart(text, id="t1", provider_name="p", citations=cited)
        model = GuardedModel(inner=answering(ThinkingPart("$39?"), part, call), guard=guard_under())
        response = await model.request([ModelRequest([UserPromptPart(QUESTION)])], None, parameters)
        assert response.parts[0] == ThinkingPart("$39?")
        assert response.parts[2] is call
        assert (response.usage.input_tokens, response.provider_response_id) == (11, "r1")
        assert (response.parts[1] is part) == same
        if not same:
            assert response.parts[1] == TextPart(TRUE, provider_name="p")


@pytest.mark.parametrize("way", ["run", "deltas", "events"])
async def test_what_tools_return_is_evidence(guard_under, way: str) -> None:
    """A claim that only a tool bears out is supported; passages in a return's metadata come before its text."""
    log = MemoryLog()

    async def streamed(messages: Any, info: AgentInfo):
        if len(messages) == 1:
            yield {0: DeltaToolCall(name="staff", json_args='{"name": "Acme"}', tool_call_id="c1")}
        else:
            yield "Acme has 412 employees."

    def whole(messages: Any, info: AgentInfo) -> ModelResponse:
        said: Any = (
            ToolCallPart("staff", {"name": "Acme"}, "c1") if len(messages) == 1 else TextPart("Acme has 412 employees.")
        )
        return ModelResponse([said])

    agent = Agent(
        GuardedModel(inner=FunctionModel(whole, stream_function=streamed), guard=guard_under("strict", log=log))
    )

    @agent.tool_plain
    def staff(name: str) -> ToolReturn:
        passage = Evidence(f"{name} has 412 employees.", Source("register", uri="https://example.com/r"))
        return ToolReturn("see the register", metadata=[passage])

    output, _ = await everything(agent, way, "How many work at Acme?")
    assert output == "Acme has 412 employees."
    report = log.reports[-1]
    assert report.draft.question == "How many work at Acme?"
    assert report.claims[0].evidence[0].source.id == "register"


class Quote(BaseModel):
    """Structured output."""

    product: str
    note: str


class Note(BaseModel):
    """Structured output of one field."""

    note: str


DATA = {"product": "Acme", "note": "The list price of Acme is $39."}


def quoting(*, native: bool) -> FunctionModel:
    def whole(_: Any, info: AgentInfo) -> ModelResponse:
        said: Any = (
            TextPart(json.dumps(DATA)) if native else ToolCallPart(info.output_tools[0].name, json.dumps(DATA), "c1")
        )
        return ModelResponse([said])

    async def streamed(_: Any, info: AgentInfo):
        for number, piece in enumerate(pieces(json.dumps(DATA))):
            if native:
                yield piece
            elif number == 0:
                yield {0: DeltaToolCall(name=info.output_tools[0].name, json_args=piece, tool_call_id="c1")}
            else:
                yield {0: DeltaToolCall(json_args=piece)}

    return FunctionModel(whole, stream_function=streamed, profile={"supports_json_schema_output": True})


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("hold", ["sentence", "full"])
@pytest.mark.parametrize("way", ["run", "run_stream", "output", "events", "iter"])
async def test_structured_output_is_checked_field_by_field(guard_under, way: str, hold: Any, native: bool) -> None:
    """A wrong field is corrected in place; where the policy blocks, no value of the type can be returned."""
    kind: Any = NativeOutput(Quote) if native else Quote
    agent = Agent(GuardedModel(inner=quoting(native=native), guard=guard_under(), hold=hold), output_type=kind)
    output, seen = await everything(agent, way)
    assert output == Quote(product="Acme", note="The list price of Acme is $49.")
    assert not [one for one in seen if STALE in one]
    agent = Agent(GuardedModel(inner=quoting(native=native), guard=guard_under("strict"), hold=hold), output_type=kind)
    output, seen = await everything(agent, way)
    assert isinstance(output, GuardViolation)
    assert not [one for one in seen if STALE in one]


@pytest.mark.parametrize("way", ["run", "deltas"])
async def test_asking_again(guard_under, way: str) -> None:
    """The model is told what was wrong, the second answer is shown alone, and both are paid for."""
    calls: list[Any] = []
    collected: list[Any] = []
    model = GuardedModel(
        inner=model_of(RAW, TRUE, calls=calls), guard=guard_under("retry"), hold="full", on_report=collected.append
    )
    output, seen = await everything(Agent(model, instructions="Be kind."), way)
    assert output == TRUE
    assert not [one for one in seen if STALE in one]
    *_, rejected, request = calls[1]
    assert rejected.text == RAW
    assert "$49" in request.parts[0].content
    assert [report.ok for report in collected] == [False, True]
    assert request.instructions == "Be kind."


async def test_answers_asked_for_again_are_paid_for(guard_under) -> None:
    """The usage of a response is that of all the requests it took."""
    said = iter([RAW, TRUE])

    def whole(*_: Any) -> ModelResponse:
        return ModelResponse([TextPart(next(said))], usage=RequestUsage(input_tokens=10, output_tokens=5))

    model = GuardedModel(inner=FunctionModel(whole), guard=guard_under("retry"))
    response = await model.request([ModelRequest([UserPromptPart(QUESTION)])], None, ModelRequestParameters())
    assert response.text == TRUE
    assert (response.usage.input_tokens, response.usage.output_tokens) == (20, 10)


async def test_texts_before_and_after_a_call_are_two(guard_under) -> None:
    """What is said before a tool is called and after it is not one sentence."""
    collected: list[Any] = []
    parts = TextPart("The list price of Acme"), ToolCallPart("look", {}, "c1"), TextPart("is $39.")
    model = GuardedModel(inner=answering(*parts), guard=guard_under("observe"), on_report=collected.append)
    await model.request([ModelRequest([UserPromptPart(QUESTION)])], None, ModelRequestParameters())
    assert [report.draft.text for report in collected] == ["The list price of Acme", "is $39."]


async def test_a_rejected_call_of_an_output_tool_is_answered(guard_under) -> None:
    """Providers want every call answered: the output tool's with what was wrong, any other with that it was not made."""
    said = iter([{"note": "The list price of Acme is $39."}, {"note": "The list price of Acme is $49."}])
    calls: list[Any] = []

    def whole(messages: Any, info: AgentInfo) -> ModelResponse:
        calls.append(messages)
        name = info.output_tools[0].name
        return ModelResponse([ToolCallPart("look", {}, "c0"), ToolCallPart(name, next(said), "c1")])

    agent = Agent(GuardedModel(inner=FunctionModel(whole), guard=guard_under("retry")), output_type=Note)
    agent.tool_plain(name="look")(lambda: "nothing")
    assert (await agent.run(QUESTION)).output.note.endswith("$49.")
    request = calls[1][-1]
    assert [part.tool_call_id for part in request.parts] == ["c0", "c1"]
    assert "$49" in request.parts[1].content


async def test_the_output_validator_asks_again_through_the_agent(guard_under) -> None:
    """What the policy blocks is rejected until retries run out; what it corrects is corrected."""
    agent = Agent(model_of(RAW, TRUE), retries=2)
    agent.output_validator(guardlayer_output_validator(guard_under("strict")))
    with reports() as collected:
        assert (await agent.run(QUESTION)).output == TRUE
    assert [report.ok for report in collected] == [False, True]
    assert collected[0].draft.question == QUESTION
    agent = Agent(model_of(*[RAW] * 5), retries=1)
    agent.output_validator(guardlayer_output_validator(guard_under("strict")))
    with pytest.raises(UnexpectedModelBehavior):
        await agent.run(QUESTION)
    agent = Agent(quoting(native=False), output_type=Quote)
    agent.output_validator(guardlayer_output_validator(guard_under()))
    assert (await agent.run(QUESTION)).output.note.endswith("$49.")


async def test_early_close_and_a_model_that_fails(guard_under) -> None:
    """Nothing more comes out, and what was held back is recorded as not shown, once."""
    log = MemoryLog()

    async def failing(_: Any, __: Any):
        for number, piece in enumerate(pieces(RAW)):
            if number == 5:
                raise RuntimeError("the line went dead")
            yield piece

    agent = Agent(GuardedModel(inner=FunctionModel(stream_function=failing), guard=guard_under(log=log)))
    shown: list[str] = []
    with pytest.raises(RuntimeError, match="went dead"):
        await streamed_into(agent, shown)
    assert STALE not in "".join(shown)
    (report,) = log.reports
    assert "not shown" in report.coverage.skipped[-1].reason
    agent = Agent(guarded(guard_under(log=log)))
    async with agent.run_stream(QUESTION) as stream:
        async for _ in stream.stream_text(delta=True, debounce_by=None):
            break
    assert len(log.reports) == 2


async def streamed_into(agent: Agent[Any, Any], shown: list[str]) -> None:
    async with agent.run_stream(QUESTION) as stream:
        async for piece in stream.stream_text(delta=True, debounce_by=None):
            shown.append(piece)  # noqa: PERF401 - what came before an error counts


async def test_text_that_is_cut_into_parts_is_one_text(guard_under) -> None:
    """A provider that begins a new part in the middle of a sentence hides nothing by that, streamed or not."""
    halves = ["The list price of ", "Acme is $39."]
    model = GuardedModel(inner=answering(*map(TextPart, halves)), guard=guard_under())
    messages, parameters = [ModelRequest([UserPromptPart(QUESTION)])], ModelRequestParameters()
    assert (await model.request(messages, None, parameters)).text.replace("\n", "") == "The list price of Acme is $49."
    from pydantic_ai.models import CompletedStreamedResponse

    inner = CompletedStreamedResponse(
        ModelResponse([TextPart(half) for half in halves]), model_request_parameters=parameters, replay_events=True
    )
    stream = model._stream(inner, messages, parameters)
    events = [event async for event in stream]
    assert STALE not in repr(events)
    assert stream.get().text == "The list price of Acme is $49."


async def test_text_and_calls_that_go_on_later_are_checked_too(guard_under) -> None:
    """Providers may go on with an earlier part after a later one has begun."""

    async def interleaved(_: Any, info: AgentInfo):
        name = info.output_tools[0].name
        yield {0: DeltaToolCall(name=name, json_args='{"product": "Acme", ', tool_call_id="c1")}
        yield "Hello. "
        yield {0: DeltaToolCall(json_args='"note": "The list price ')}
        yield {1: DeltaToolCall(name="look", json_args="{}", tool_call_id="c2")}
        yield "The list price of Acme is $39."
        yield {0: DeltaToolCall(json_args='of Acme is $39."}')}

    agent = Agent(
        GuardedModel(inner=FunctionModel(stream_function=interleaved), guard=guard_under()), output_type=Quote
    )
    agent.tool_plain(name="look")(lambda: "nothing")
    output, seen = await everything(agent, "events")
    assert output.note.endswith("$49.")
    assert not [one for one in seen if STALE in one]
    assert "list price of Acme is $49" in seen[-1]


async def test_many_runs_on_one_guarded_model() -> None:
    """Concurrent runs on one model and one guard: each gets its own answer, and its own reports."""
    names = [f"Firm{n}" for n in range(40)]
    with Knowledge.open(":memory:") as kb:
        for n, name in enumerate(names):
            kb.add(name, "list price", f"${n + 100}", source=f"list {n}", valid_from="2026-01-01")

        def said(messages: Any) -> str:
            return f"The list price of {messages[-1].parts[-1].content} is $7. I hope this helps."

        async def streamed(messages: Any, _: Any):
            for piece in pieces(said(messages)):
                await asyncio.sleep(0)
                yield piece

        inner = FunctionModel(lambda messages, _: ModelResponse([TextPart(said(messages))]), stream_function=streamed)
        agent = Agent(GuardedModel(inner=inner, guard=Guard(knowledge=kb, log=None)))

        async def ask(name: str, way: str) -> tuple[Any, set[str | None]]:
            with reports() as collected:
                output, _ = await everything(agent, way, name)
            return output, {report.draft.question for report in collected}

        got = await asyncio.gather(*(ask(name, way) for name in names for way in ("run", "deltas")))
    assert got == [
        (f"The list price of {name} is ${n + 100}. I hope this helps.", {name})
        for n, name in enumerate(names)
        for _ in range(2)
    ]


async def test_speech_is_refused(guard_under) -> None:
    """What cannot be checked does not pass."""
    speech = ModelResponse([SpeechPart(speaker="assistant", transcript=RAW)])
    with pytest.raises(ResponseTypeError, match="speech"):
        open_response(speech, ModelRequestParameters())


def test_batches_are_checked(guard_under) -> None:
    """A response that comes back from a provider's batch is checked before anybody reads it."""
    from types import SimpleNamespace

    class Batching(FunctionModel):
        def batch_decode(self, result: Any, request: Any) -> ModelResponse:
            return ModelResponse([TextPart(result)])

    model = GuardedModel(inner=Batching(lambda *_: ModelResponse([])), guard=guard_under("retry"))
    request = SimpleNamespace(
        messages=[ModelRequest([UserPromptPart(QUESTION)])], model_request_parameters=ModelRequestParameters()
    )
    assert STALE not in model.batch_decode(RAW, request).text


def test_wrong_arguments_say_what_is_wrong(guard_under) -> None:
    """Errors of configuration come when a thing is built, and name the argument."""
    with pytest.raises(ConfigError, match="inner="):
        GuardedModel(inner=7, guard=guard_under())
    with pytest.raises(ConfigError, match="guard="):
        GuardedModel(inner=model_of(), guard="enforce")
    with pytest.raises(ConfigError, match="hold="):
        GuardedModel(inner=model_of(), guard=guard_under(), hold="word")
    with pytest.raises(ConfigError, match="unknown option 'hold_back'"):
        guard_under().wrap(model_of(), hold_back=True)
    with pytest.raises(ConfigError, match="capabilities="):
        guard_under().wrap(Agent(model_of()))
    assert isinstance(guard_under().wrap(model_of()), GuardedModel)


def test_the_example_of_the_readme(capsys) -> None:
    """It prints what it says it prints."""
    page = (Path(__file__).parent.parent / "README.md").read_text()
    code = page.partition("```python\n")[2].partition("```")[0]
    loop = asyncio.new_event_loop()  # a loop that the framework makes for itself is never closed
    asyncio.set_event_loop(loop)
    try:
        exec(compile(code, "README.md", "exec"), {})
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    assert capsys.readouterr().out.strip() == code.rpartition("  # ")[2].strip()
