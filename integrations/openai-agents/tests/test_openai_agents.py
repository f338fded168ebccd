"""Guarded models and guardrails, run by the Agents SDK's own runner with its scripted model."""

from __future__ import annotations

import asyncio
import gc
import json
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from agents import (
    Agent,
    ModelProvider,
    ModelTracing,
    OutputGuardrailTripwireTriggered,
    RunConfig,
    RunHooks,
    Runner,
    Usage,
    function_tool,
    set_tracing_disabled,
)
from agents.testing import ModelStep, ScriptedModel, assistant_message, function_call
from openai.types.responses import ResponseOutputMessage
from openai.types.responses.response_reasoning_item import ResponseReasoningItem, Summary
from pydantic import BaseModel

from guardlayer import ConfigError, Guard, GuardViolation, Knowledge
from guardlayer.testing import MemoryLog
from guardlayer.wrapping import reports, wrappers
from openai_agents_guardlayer import GuardedModel, GuardedModelProvider, ToolEvidence, guardlayer_output_guardrail
from openai_agents_guardlayer.events import Rewriter

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


@pytest.fixture(autouse=True)
def no_tracing():
    """Keep traces from being sent anywhere."""
    set_tracing_disabled(True)


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


class Chunked(ScriptedModel):
    """A scripted model that streams its text in pieces, as real ones do, and says whether its stream was closed."""

    closed = 0

    async def stream_response(self, *args: Any, **kwargs: Any):
        try:
            async for event in super().stream_response(*args, **kwargs):
                if event.type == "response.output_text.delta":
                    for piece in pieces(event.delta):
                        await asyncio.sleep(0)
                        yield event.model_copy(update={"delta": piece})
                else:
                    yield event
        finally:
            self.closed += 1


class Heard(RunHooks):
    """What hooks hear of the model."""

    def __init__(self) -> None:
        self.responses: list[Any] = []

    async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
        self.responses.append(response)


def script(*texts: str) -> Chunked:
    return Chunked([[assistant_message(text)] for text in texts])


def agent_of(model: Any, **more: Any) -> Agent[Any]:
    return Agent(name="a", model=model, **more)


async def everything(agent: Agent[Any], question: Any = QUESTION, *, stream: bool) -> tuple[Any, list[str]]:
    """Run an agent, and return its output and everything that anybody could see of the run."""
    hooks = Heard()
    seen: list[str] = []
    try:
        if not stream:
            result = await Runner.run(agent, question, hooks=hooks)
        else:
            result = Runner.run_streamed(agent, question, hooks=hooks)
            async for event in result.stream_events():
                data = getattr(event, "data", None) or getattr(event, "item", None)
                raw = getattr(data, "raw_item", data)
                seen.append(raw.model_dump_json() if hasattr(raw, "model_dump_json") else repr(raw))
    except GuardViolation as violation:
        seen += [repr(response.output) for response in hooks.responses]
        return violation, seen
    seen += [repr(response.output) for response in hooks.responses]
    seen += [repr(result.new_items), repr(result.raw_responses), repr(result.to_input_list()), str(result.final_output)]
    return result.final_output, seen


def deltas(seen: list[str]) -> str:
    parsed = [json.loads(one) for one in seen if one.startswith("{")]
    return "".join(one["delta"] for one in parsed if one.get("type") == "response.output_text.delta")


@pytest.mark.parametrize("hold", ["sentence", "full", None])
@pytest.mark.parametrize("raises", [False, True])
@pytest.mark.parametrize("name", POLICIES)
async def test_nothing_unchecked_reaches_anybody(guard_under, name: str, raises: bool, hold: Any) -> None:
    """Final value, deltas, items, hooks, history: the stale price is in none of them, whatever the policy does.

    Under *annotate* it may be seen, and never without its mark.
    """
    model = GuardedModel(
        inner=script(RAW, RAW, RAW, RAW), guard=guard_under(POLICIES[name]), hold=hold or "sentence", raises=raises
    )
    output, seen = await everything(agent_of(model), stream=hold is not None)
    if name == "annotate":
        assert "$39" in output
        assert output != RAW
        assert "price list 2026" in output
        return
    assert not [one for one in seen if STALE in one]
    if isinstance(output, GuardViolation):
        assert raises
        assert name in ("block", "reask")
        return
    assert hold is None or deltas(seen) == output
    if name == "correct":
        assert output == TRUE
    if name == "block":
        assert "Thanks" not in output or hold == "sentence"


async def test_every_event_of_a_stream_says_the_same(guard_under) -> None:
    """Deltas, the ends of text, part and item, and the response agree; numbers go up by one; ids stay."""
    model = GuardedModel(inner=script(RAW), guard=guard_under())
    got = [event async for event in stream_of(model)]
    kinds = [event.type for event in got]
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert [event.sequence_number for event in got] == list(range(len(got)))
    assert "".join(event.delta for event in got if event.type == "response.output_text.delta") == TRUE
    said = {event.type: event for event in got}
    assert said["response.output_text.done"].text == TRUE
    assert said["response.content_part.done"].part.text == TRUE
    assert said["response.output_item.done"].item.content[0].text == TRUE
    assert said["response.completed"].response.output[0].content[0].text == TRUE
    assert {event.item_id for event in got if hasattr(event, "item_id")} == {"scripted-message"}


async def test_sentences_are_shown_as_they_are_verified(guard_under) -> None:
    """The first one is out before the model has written the last."""
    written: list[str] = []

    class Slow(Chunked):
        async def stream_response(self, *args: Any, **kwargs: Any):
            async for event in super().stream_response(*args, **kwargs):
                if event.type == "response.output_text.delta":
                    written.append(event.delta)
                yield event

    model = GuardedModel(inner=Slow([[assistant_message(RAW)]]), guard=guard_under())
    shown_at = ["".join(written) async for event in stream_of(model) if event.type == "response.output_text.delta"]
    assert len(shown_at) >= 3
    assert shown_at[0] != RAW


def stream_of(model: Any, question: Any = QUESTION, schema: Any = None) -> Any:
    from agents import ModelSettings

    return model.stream_response(
        None, question, ModelSettings(), [], schema, [], ModelTracing.DISABLED,
        previous_response_id=None, conversation_id=None, prompt=None,
    )  # fmt: skip


@pytest.mark.parametrize("stream", [False, True])
async def test_tool_calls_reasoning_ids_and_usage_pass_unchanged(guard_under, stream: bool) -> None:
    """A response that acts beside what it says loses nothing but what is wrong in the text."""
    reasoning = ResponseReasoningItem(
        id="r1", type="reasoning", summary=[Summary(text="Hm, $49?", type="summary_text")]
    )
    call = function_call("lookup", {"name": "Acme", "price": "$39"}, call_id="c1", item_id="i1")
    usage = Usage(requests=1, input_tokens=11, output_tokens=7, total_tokens=18)
    step = ModelStep(output=[reasoning, assistant_message(RAW, item_id="m1"), call], usage=usage, response_id="resp-1")
    bare, guarded = Chunked([step]), GuardedModel(inner=Chunked([step]), guard=guard_under())
    if stream:
        one, other = [[event async for event in stream_of(model)][-1].response for model in (bare, guarded)]
        assert (one.id, one.status, one.usage) == (other.id, other.status, other.usage)
    else:
        settings = {"previous_response_id": None, "conversation_id": None, "prompt": None}
        one, other = [
            await model.get_response(None, QUESTION, None, [], None, [], ModelTracing.DISABLED, **settings)
            for model in (SettingsFree([step]), GuardedModel(inner=SettingsFree([step]), guard=guard_under()))
        ]
        assert (one.response_id, one.usage) == (other.response_id, other.usage)
    assert [one.output[0], one.output[2]] == [other.output[0], other.output[2]]
    assert other.output[1].content[0].text == TRUE
    assert other.output[1].id == "m1"


class SettingsFree(Chunked):
    """A scripted model that can be called without settings."""

    async def get_response(self, *args: Any, **kwargs: Any) -> Any:
        from agents import ModelSettings

        system, given, _, *rest = args
        return await super().get_response(system, given, ModelSettings(), *rest, **kwargs)


async def test_an_unchanged_response_is_the_very_object(guard_under) -> None:
    """Where nothing was wrong, nothing was touched."""
    responses = []

    class Watched(Chunked):
        async def get_response(self, *args: Any, **kwargs: Any) -> Any:
            responses.append(await super().get_response(*args, **kwargs))
            return responses[-1]

    result = await Runner.run(
        agent_of(GuardedModel(inner=Watched([[assistant_message(TRUE)]]), guard=guard_under())), QUESTION
    )
    assert result.raw_responses[0] is responses[0]


@pytest.mark.parametrize("stream", [False, True])
async def test_what_tools_return_is_evidence(guard_under, stream: bool) -> None:
    """A claim that only a tool's output bears out is supported, and its source is named after the tool."""

    @function_tool
    def staff(name: str) -> str:
        """Count people."""
        return f"{name} has 412 employees."

    inner = Chunked(
        [[function_call("staff", {"name": "Acme"}, call_id="c1")], [assistant_message("Acme has 412 employees.")]]
    )
    log = MemoryLog()
    agent = agent_of(GuardedModel(inner=inner, guard=guard_under("strict", log=log)), tools=[staff])
    output, _ = await everything(agent, "How many work at Acme?", stream=stream)
    assert output == "Acme has 412 employees."
    (report,) = log.reports
    assert report.ok
    assert report.draft.question == "How many work at Acme?"
    assert report.claims[0].evidence[0].source.id == "tool staff"


class Quote(BaseModel):
    """Structured output."""

    product: str
    note: str


@pytest.mark.parametrize("hold", ["sentence", "full", None])
async def test_structured_output_is_checked_field_by_field(guard_under, hold: Any) -> None:
    """A wrong field is corrected in place; where the policy blocks, no value of the type can be returned."""
    data = json.dumps({"product": "Acme", "note": "The list price of Acme is $39."})

    def agent(policy: str) -> Agent[Any]:
        model = GuardedModel(inner=script(data), guard=guard_under(policy), hold=hold or "sentence")
        return agent_of(model, output_type=Quote)

    output, seen = await everything(agent("enforce"), stream=hold is not None)
    assert output == Quote(product="Acme", note="The list price of Acme is $49.")
    assert not [one for one in seen if STALE in one]
    violation, seen = await everything(agent("strict"), stream=hold is not None)
    assert isinstance(violation, GuardViolation)
    assert not [one for one in seen if STALE in one]


@pytest.mark.parametrize("stream", [False, True])
async def test_asking_again(guard_under, stream: bool) -> None:
    """The model is told what was wrong, the second answer is shown alone, and both are paid for."""
    usage = Usage(requests=1, input_tokens=10, output_tokens=5, total_tokens=15)
    inner = Chunked([ModelStep(output=[assistant_message(text)], usage=usage) for text in (RAW, TRUE)])
    collected = []
    model = GuardedModel(inner=inner, guard=guard_under("retry"), hold="full", on_report=collected.append)
    output, seen = await everything(agent_of(model), stream=stream)
    assert output == TRUE
    assert not [one for one in seen if STALE in one]
    *_, rejected, feedback = inner.calls[1].input
    assert rejected == {"role": "assistant", "content": RAW}
    assert "$49" in feedback["content"]
    assert [report.ok for report in collected] == [False, True]
    result = Runner.run_streamed(agent_of(GuardedModel(
        inner=Chunked([ModelStep(output=[assistant_message(text)], usage=usage) for text in (RAW, TRUE)]),
        guard=guard_under("retry"), hold="full",
    )), QUESTION)  # fmt: skip
    async for _ in result.stream_events():
        pass
    usage = result.context_wrapper.usage
    assert (usage.requests, usage.total_tokens) == (2, 30)


async def test_a_kept_conversation_is_not_sent_twice(guard_under) -> None:
    """Where the provider keeps the conversation, only the feedback is added to it."""
    inner = SettingsFree([[assistant_message(RAW)], [assistant_message(TRUE)]])
    model = GuardedModel(inner=inner, guard=guard_under("retry"))
    await model.get_response(
        None, QUESTION, None, [], None, [], ModelTracing.DISABLED,
        previous_response_id=None, conversation_id="conv-1", prompt=None,
    )  # fmt: skip
    assert [item["role"] for item in inner.calls[1].input] == ["user"]


async def test_early_close_cancellation_and_a_model_that_fails(guard_under) -> None:
    """Nothing more comes out, the inner stream is closed, and what was held back is recorded as not shown."""
    log = MemoryLog()

    class Failing(Chunked):
        async def stream_response(self, *args: Any, **kwargs: Any):
            written = 0
            async for event in super().stream_response(*args, **kwargs):
                written += event.type == "response.output_text.delta"
                if written == 5:
                    raise RuntimeError("the line went dead")
                yield event

    failing = GuardedModel(inner=Failing([[assistant_message(RAW)]]), guard=guard_under(log=log))
    shown: list[Any] = []
    with pytest.raises(RuntimeError, match="went dead"):
        await drained(failing, shown)
    assert STALE not in "".join(getattr(event, "delta", "") for event in shown)
    assert "not shown" in log.reports[-1].coverage.skipped[-1].reason
    inner = script(RAW)
    stream = stream_of(GuardedModel(inner=inner, guard=guard_under(log=log)))
    async for event in stream:
        if event.type == "response.output_text.delta":
            break
    await stream.aclose()
    assert inner.closed == 1
    assert len(log.reports) == 2
    assert "not shown" in log.reports[-1].coverage.skipped[-1].reason


async def drained(model: Any, into: list[Any]) -> None:
    async for event in stream_of(model):
        into.append(event)  # noqa: PERF401 - what came before an error counts


async def test_many_runs_on_one_guarded_model(guard_under) -> None:
    """Concurrent runs on one model and one guard: each gets its own answer, and its own reports."""
    prices = {f"Firm{n}": n for n in range(40)}
    with Knowledge.open(":memory:") as kb:
        for name, n in prices.items():
            kb.add(name, "list price", f"${n + 100}", source=f"list {n}", valid_from="2026-01-01")

        def answer(call: Any) -> list[Any]:
            name = call.input[-1]["content"] if isinstance(call.input, list) else call.input
            return [assistant_message(f"The list price of {name} is $7. I hope this helps.")]

        inner = Chunked([ModelStep.respond(answer) for _ in range(2 * len(prices))])
        agent = agent_of(GuardedModel(inner=inner, guard=Guard(knowledge=kb, log=None)))

        async def ask(name: str, *, stream: bool) -> tuple[Any, set[str | None]]:
            with reports() as collected:
                output, _ = await everything(agent, name, stream=stream)
            return output, {report.draft.question for report in collected}

        got = await asyncio.gather(*(ask(name, stream=stream) for name in prices for stream in (False, True)))
    wanted = [
        (f"The list price of {name} is ${n + 100}. I hope this helps.", {name})
        for name, n in prices.items()
        for _ in range(2)
    ]
    assert got == wanted


async def test_adapters_that_stream_carelessly(guard_under) -> None:
    """Text in unusual places (a part that begins with it, a response without deltas) is checked or blank, never raw."""
    events = [event async for event in stream_of(script(RAW))]
    blank = assistant_message(RAW)
    early = {
        "response.content_part.added": lambda event: {"part": event.part.model_copy(update={"text": RAW})},
        "response.output_item.added": lambda _: {"item": blank},
        "response.created": lambda event: {"response": event.response.model_copy(update={"output": [blank]})},
        "response.in_progress": lambda event: {"response": event.response.model_copy(update={"output": [blank]})},
    }
    careless = [
        event.model_copy(update=early[event.type](event)) if event.type in early else event
        for event in events
        if event.type != "response.output_text.delta"
    ]
    model = GuardedModel(inner=Chunked([ModelStep.stream(careless)]), guard=guard_under())
    got = [event async for event in stream_of(model)]
    assert STALE not in "".join(event.model_dump_json() for event in got)
    assert got[-1].response.output[0].content[0].text == TRUE
    cut = [event for event in events if not event.type.endswith((".done", "completed"))]
    got = [
        event async for event in stream_of(GuardedModel(inner=Chunked([ModelStep.stream(cut)]), guard=guard_under()))
    ]
    assert "".join(getattr(event, "delta", "") for event in got) == TRUE


async def test_citations_stay_only_where_their_text_does(guard_under) -> None:
    """Offsets of annotations and log-probabilities belong to the text they were made for."""
    note = {"type": "url_citation", "start_index": 0, "end_index": 3, "title": "t", "url": "https://example.com"}

    def message(text: str) -> ResponseOutputMessage:
        content = {"type": "output_text", "text": text, "annotations": [note]}
        return ResponseOutputMessage.model_validate(
            {"id": "m", "type": "message", "role": "assistant", "status": "completed", "content": [content]}
        )

    for text, kept in ((TRUE, 1), (RAW, 0)):
        got = [event async for event in stream_of(GuardedModel(inner=Chunked([[message(text)]]), guard=guard_under()))]
        assert len(got[-1].response.output[0].content[0].annotations) == kept
        assert sum(event.type == "response.output_text.annotation.added" for event in got) == kept


async def test_audio_is_refused(guard_under) -> None:
    """What cannot be checked does not pass."""
    from types import SimpleNamespace

    from guardlayer.errors import ResponseTypeError

    rewriter = Rewriter(lambda *_: pytest.fail("no text"))
    with pytest.raises(ResponseTypeError, match="audio"):
        await rewriter.take(SimpleNamespace(type="response.audio.transcript.delta", delta=RAW, sequence_number=1))


def test_the_inner_model_does_not_trace_what_it_wrote(guard_under) -> None:
    """Spans of the inner model carry no data; the tracing that was switched off stays off."""
    seen = []

    class Watched(SettingsFree):
        async def get_response(self, *args: Any, **kwargs: Any) -> Any:
            seen.append(args[6])
            return await super().get_response(*args, **kwargs)

    for tracing in ModelTracing:
        model = GuardedModel(inner=Watched([[assistant_message(TRUE)]]), guard=guard_under())
        server = {"previous_response_id": None, "conversation_id": None, "prompt": None}
        asyncio.run(model.get_response(None, QUESTION, None, [], None, [], tracing, **server))
    assert seen == [ModelTracing.DISABLED, ModelTracing.ENABLED_WITHOUT_DATA, ModelTracing.ENABLED_WITHOUT_DATA]


async def test_the_output_guardrail_stops_a_run(guard_under) -> None:
    """It trips where the policy would change the output, or on any finding; its info says why."""

    def agent(trips: str, policy: str, text: str = RAW) -> Agent[Any]:
        return agent_of(script(text), output_guardrails=[guardlayer_output_guardrail(guard_under(policy), trips=trips)])

    for trips, policy in (("changes", "enforce"), ("changes", "strict"), ("findings", "observe")):
        with pytest.raises(OutputGuardrailTripwireTriggered) as caught:
            await Runner.run(agent(trips, policy), QUESTION)
        (found,) = caught.value.guardrail_result.output.output_info["reports"]
        assert found["outcome"] == "findings"
    with reports() as collected:
        assert (await Runner.run(agent("changes", "observe"), QUESTION)).final_output == RAW
        assert (await Runner.run(agent("findings", "strict", TRUE), QUESTION)).final_output == TRUE
    assert [report.draft.question for report in collected] == [QUESTION, QUESTION]
    config = RunConfig(output_guardrails=[guardlayer_output_guardrail(guard_under())])
    with pytest.raises(OutputGuardrailTripwireTriggered):
        await Runner.run(agent_of(script(RAW)), QUESTION, run_config=config)


async def test_evidence_of_tools_for_the_output_guardrail(guard_under) -> None:
    """Concurrent runs keep their tools' outputs apart, and none is kept when the runs are over."""
    evidence = ToolEvidence()

    @function_tool(tool_output_guardrails=[evidence])
    async def staff(name: str) -> str:
        """Count people."""
        await asyncio.sleep(0)
        return f"{name} has 412 employees."

    guardrail = guardlayer_output_guardrail(guard_under("strict"), evidence=evidence)

    async def run(looked_up: str, said: str) -> str:
        steps = [
            [function_call("staff", {"name": looked_up}, call_id="c1")],
            [assistant_message(f"{said} has 412 employees.")],
        ]
        agent = agent_of(Chunked(steps), tools=[staff], output_guardrails=[guardrail])
        try:
            return (await Runner.run(agent, "How many?")).final_output
        except OutputGuardrailTripwireTriggered:
            return "stopped"

    pairs = [("Acme", "Acme"), ("Acme", "Zenith"), ("Zenith", "Acme"), ("Zenith", "Zenith")] * 3
    got = await asyncio.gather(*(run(*pair) for pair in pairs))
    assert got == ["Acme has 412 employees.", "stopped", "stopped", "Zenith has 412 employees."] * 3
    gc.collect()
    assert not evidence._runs


async def test_a_provider_guards_models_by_name(guard_under) -> None:
    """Agents that name their model get a guarded one."""

    class Provider(ModelProvider):
        def get_model(self, model_name: str | None) -> Any:
            assert model_name == "gpt-x"
            return script(RAW)

    config = RunConfig(model_provider=guard_under().wrap(Provider()))
    assert isinstance(config.model_provider, GuardedModelProvider)
    assert (await Runner.run(agent_of("gpt-x"), QUESTION, run_config=config)).final_output == TRUE


def test_wrong_arguments_say_what_is_wrong(guard_under) -> None:
    """Errors of configuration come when a thing is built, and name the argument."""
    with pytest.raises(ConfigError, match="inner="):
        GuardedModel(inner="gpt-x", guard=guard_under())
    with pytest.raises(ConfigError, match="guard="):
        GuardedModel(inner=script(), guard="enforce")
    with pytest.raises(ConfigError, match="hold="):
        GuardedModel(inner=script(), guard=guard_under(), hold="word")
    with pytest.raises(ConfigError, match="trips="):
        guardlayer_output_guardrail(guard_under(), trips="always")
    with pytest.raises(ConfigError, match="unknown option 'hold_back'"):
        guard_under().wrap(script(), hold_back=True)
    with pytest.raises(AttributeError, match="around the guard"):
        _ = GuardedModel(inner=script(), guard=guard_under()).extend
    assert isinstance(guard_under().wrap(script()), GuardedModel)


def test_an_applications_own_agents_package_is_not_taken_for_the_sdk(guard_under) -> None:
    """Many applications have a package of that name; its callables are callables."""
    own = type("Bot", (), {"__module__": "agents.bots", "__call__": lambda self, question: RAW})
    assert guard_under().wrap(own())(QUESTION) == TRUE


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
