"""The leak matrix: what was not checked reaches no consumer, whatever it listens to.

Surface × way to run it × sync or async × what the policy does × how streams are held back. Everything a consumer can
see of a run is written down, its values, chunks, events and callbacks, and searched for the words that the model wrote
and the guard did not let pass.
"""

import asyncio
import re
import warnings
from functools import cache
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from guardlayer import Guard, Knowledge
from guardlayer.errors import GuardViolation
from langchain_guardlayer import GuardedChatModel, GuardedRunnable, GuardMiddleware, GuardStep
from langchain_guardlayer.testing import ScriptedChatModel

QUESTION = "What is the list price of Acme?"
RAW = "Let me see. The list price of Acme is $39. I hope this helps."
TRUE = RAW.replace("$39", "$49")
LEAK = re.compile(r"\$39(?!\. \[(?:contradicted|stale): )")
"""The price that the model made up; beside the mark that says what is wrong with it, it is no leak."""
VERDICT = re.compile(r"'claim': '[^']*', 'reason': '[^']*'")
"""What metadata says of a claim that is shown with its mark."""

POLICIES: dict[str, Any] = {
    "raise": "strict",
    "block": "strict",
    "redact": {"extends": "enforce", "name": "redact", "actions": {"*.contradicted": "redact"}},
    "correct": "enforce",
    "annotate": "annotate",
    "re-ask": "retry",
}
EXPECTED = {
    "block": "This answer was withheld",
    "redact": "[removed: not borne out by the sources]",
    "correct": "is $49.",
    "annotate": "is $39. [contradicted: ",
    "re-ask": "is $49.",
}
MODES = ["values", "updates", "messages", "custom", "checkpoints", "debug", "tasks"]


class Spy(BaseCallbackHandler):
    """Hears everything that callbacks, and so tracers, hear."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def _hear(self, *args, **kwargs):
        self.heard.append((args, {name: value for name, value in kwargs.items() if name != "error"}))

    on_chat_model_start = on_llm_new_token = on_llm_end = on_chain_start = on_chain_end = _hear
    on_custom_event = on_stream_event = on_tool_start = on_tool_end = _hear

    def on_llm_error(self, error, **kwargs):
        self._hear(**kwargs)


def says(messages):
    """A model that makes a price up, and says the true one once it was told."""
    return TRUE if "$49" in messages[-1].text else RAW


@cache
def surface(name: str, action: str, hold: str):
    """Build one guarded thing; it keeps no state, so that one serves every cell."""
    kb = Knowledge.open(":memory:")
    kb.attribute("list price", cardinality="one")
    kb.add("Acme", "list price", "$49", source="price list 2026")
    guard = Guard(knowledge=kb, policy=POLICIES[action], log=None)
    options = {"guard": guard, "hold": hold, "raises": action == "raise"}
    model = ScriptedChatModel(replies=[says])
    if name == "model":
        return GuardedChatModel(inner=model, **options)
    if name == "middleware":
        agents = pytest.importorskip("langchain.agents", reason="needs langchain: pip install langchain")
        from langgraph.checkpoint.memory import InMemorySaver

        middleware = GuardMiddleware(**options)
        return agents.create_agent(model, tools=[], middleware=[middleware], checkpointer=InMemorySaver())
    prompt = ChatPromptTemplate.from_messages([("human", "{question} {hint}")])
    if name == "step":
        return prompt | model | GuardStep(question=QUESTION, **options) | StrOutputParser()
    chain = prompt | model | StrOutputParser()
    return GuardedRunnable(inner=chain, name="guarded", question="question", feedback="hint", **options)


def given(name: str) -> Any:
    if name == "model":
        return QUESTION
    return {"messages": [HumanMessage(QUESTION)]} if name == "middleware" else {"question": QUESTION, "hint": ""}


def thread(config: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration for a run of its own, in what a checkpointer keeps too."""
    return {**config, "configurable": {"thread_id": uuid4().hex}}


def kept(runnable: Any, config: dict[str, Any]) -> list[Any]:
    """Return what the checkpointer of an agent kept of a run."""
    return [[state.values, state.tasks, state.metadata] for state in runnable.get_state_history(config)]


def own(name: str, event: dict[str, Any], outer: str | None) -> bool:
    """Whether an event is the guarded thing's own: steps before it, and runnables inside it, speak for themselves."""
    if name == "step":
        return event["name"] not in ("ScriptedChatModel", "ChatPromptTemplate")
    return name != "runnable" or event["run_id"] == outer


async def consumed(name: str, way: str, runnable: Any, asynchronous: bool, config: dict[str, Any]) -> list[Any]:
    """Run the thing, and return what came out."""
    value = given(name)
    seen: list[Any] = []
    modes = {"stream_mode": MODES} if name == "middleware" else {}
    try:
        match way, asynchronous:
            case "invoke", False:
                seen.append(runnable.invoke(value, config))
            case "invoke", True:
                seen.append(await runnable.ainvoke(value, config))
            case "batch", False:
                seen.extend(runnable.batch([value, value], [config, thread(config)]))
            case "batch", True:
                seen.extend(await runnable.abatch([value, value], [config, thread(config)]))
            case "stream", False:
                seen.extend(runnable.stream(value, config, **modes))
            case "stream", True:
                async for chunk in runnable.astream(value, config, **modes):
                    seen.append(chunk)  # noqa: PERF401 - what came before an error counts
            case ("v2", True):
                outer = None
                async for event in runnable.astream_events(value, config, version="v2"):
                    outer = outer or event["run_id"]
                    if own(name, event, outer):
                        data = {key: value for key, value in event["data"].items() if key != "input"}
                        seen.append(data if name == "step" else event)  # its input is what the model before it said
            case "v3", False:
                await asyncio.to_thread(v3, runnable, value, config, seen)
            case "v3", True:
                await av3(runnable, value, config, seen)
            case _:
                raise AssertionError(way)
    except GuardViolation:
        seen.append("violation")
    return seen


def v3(runnable, value, config, seen):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LangChain says that v3 is in beta
        for event in runnable.stream_events(value, config, version="v3"):
            seen.append(event)


async def av3(runnable, value, config, seen):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        async for event in await runnable.astream_events(value, config, version="v3"):
            seen.append(event)


WAYS = [("invoke", s) for s in (False, True)] + [("batch", s) for s in (False, True)]
STREAMS = [("stream", s) for s in (False, True)] + [("v2", True)]
CELLS = [
    (name, way, asynchronous, action, hold)
    for name in ("model", "middleware", "step", "runnable")
    for way, asynchronous in [
        *WAYS,
        *STREAMS,
        *([("v3", False), ("v3", True)] if name in ("model", "middleware") else []),
    ]
    for action in POLICIES
    for hold in (("full",) if (way, asynchronous) in WAYS else ("sentence", "full"))
]


@pytest.mark.parametrize(("name", "way", "asynchronous", "action", "hold"), CELLS)
async def test_unchecked_text_reaches_no_consumer(name, way, asynchronous, action, hold, record_property):
    """Zero leaks, and the cell shows what the policy makes of the answer: it is not clean for being empty."""
    runnable = surface(name, action, hold)
    if way == "v3" and not hasattr(runnable, "stream_events"):
        pytest.skip("needs langchain-core >= 1.4: pip install -U langchain-core")
    spy = Spy()
    config = thread({"callbacks": [spy]}) if name in ("model", "middleware") else {}
    seen = await consumed(name, way, runnable, asynchronous, config)
    text = VERDICT.sub(
        "", repr(seen) + repr(spy.heard) + (repr(kept(runnable, config)) if name == "middleware" else "")
    )
    leak = LEAK.search(text)
    modes = len(MODES) if (name, way) == ("middleware", "stream") else 1
    record_property("matrix", f"{name} {modes} {modes if leak else 0}")
    assert leak is None, text[max(0, leak.start() - 200) : leak.end() + 100]
    if action == "raise":
        assert seen[-1] == "violation"
        return
    expected = EXPECTED[action]
    if action == "re-ask" and (name == "step" or hold == "sentence"):
        expected = (
            "[removed: " if hold == "sentence" and (way, asynchronous) not in WAYS else "This answer was withheld"
        )
    assert expected in text or expected in "".join(chunk for chunk in seen if isinstance(chunk, str))


async def test_events_of_a_step_before_the_guard_are_its_own():
    """Said in the documentation: a step guards what passes it, not what the model before it tells the world."""
    chain = surface("step", "correct", "sentence")
    events = [event async for event in chain.astream_events(given("step"), version="v2")]
    heard = {event["name"] for event in events if "$39" in repr(event["data"])}
    assert "ScriptedChatModel" in heard
    assert heard <= {"ScriptedChatModel", "guardlayer"}, "nothing behind the guard heard it"
    verdicts = [event["data"] for event in events if event["event"] == "on_custom_event"]
    assert [(verdict["action"], verdict["claims"][1]["current"]) for verdict in verdicts] == [
        ("correct", "Acme, list price: $49")
    ]
