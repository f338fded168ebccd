"""GuardMiddleware in agents made by ``create_agent``, beside LangChain's own middleware."""

import asyncio
import warnings
from decimal import Decimal
from typing import Annotated, Any

import pytest

pytest.importorskip("langchain.agents", reason="needs langchain: pip install 'langchain-guardlayer[agents]'")


from langchain.agents import create_agent
from langchain.agents import middleware as theirs
from langchain.agents.middleware import AgentMiddleware, ModelFallbackMiddleware
from langchain.agents.middleware.types import ModelResponse
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.documents import Document
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage, ToolMessage
from langchain_core.tools import InjectedToolCallId, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel

from guardlayer import Guard, Knowledge
from guardlayer.errors import ConfigError, GuardViolation, InputError
from guardlayer.slots import HasProvenance, Sourced
from langchain_guardlayer import GuardedChatModel, GuardMiddleware, middleware
from langchain_guardlayer.testing import ScriptedChatModel

RAW = "Let me see. The list price of Acme is $39. I hope this helps."
TRUE = RAW.replace("$39", "$49")
QUESTION = {"messages": [("user", "What is the list price of Acme?")]}
DESKS = "The Berlin office has 40 desks."


@tool
def desks(office: str) -> str:
    """Count desks."""
    return f"The {office} office has {len(office) * 10 - 20} desks."


@tool(response_format="content_and_artifact")
def shelf(query: str) -> tuple[str, list[Document]]:
    """Look something up."""
    return "one document", [Document(DESKS, id="desks.md", metadata={"source": "desks.md"})]


@tool
def moved(office: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> Command[Any]:
    """Return a command."""
    return Command(update={"messages": [ToolMessage(DESKS, tool_call_id=tool_call_id, name="moved")]})


def calling(*names: str) -> AIMessage:
    arguments = {"desks": {"office": "Berlin"}, "shelf": {"query": "q"}, "moved": {"office": "Berlin"}}
    calls = [
        {"name": name, "args": arguments.get(name, {}), "id": f"call_{n}", "type": "tool_call"}
        for n, name in enumerate(names)
    ]
    return AIMessage("", tool_calls=calls)


def agent(guard, *replies: Any, tools=(), before=(), after=(), **options: Any):
    own = {key: options.pop(key) for key in ("response_format", "checkpointer") if key in options}
    model = ScriptedChatModel(replies=list(replies) or [RAW])
    guarding = GuardMiddleware(guard=guard, **options)
    return create_agent(model, tools=list(tools), middleware=[*before, guarding, *after], **own), model


async def both(graph, given=None, config=None) -> list[dict[str, Any]]:
    given = given or QUESTION
    return [graph.invoke(given, config), await graph.ainvoke(given, config)]


# Evidence ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["desks", "shelf", "moved"])
async def test_what_tools_return_is_evidence_for_the_answer(guard, name):
    """Texts, documents kept as artifacts, and commands; sync and async, and private to the run."""
    graph, _ = agent(guard, calling(name), DESKS, calling(name), DESKS, tools=[desks, shelf, moved])
    for state in await both(graph):
        claim = state["messages"][-1].response_metadata["guardlayer"]["claims"][0]
        assert claim["verdict"] == "supported"
        assert claim["sources"] == ["desks.md" if name == "shelf" else name]
        assert set(state) == {"messages"}


def test_tools_called_side_by_side_all_count(guard):
    """The evidence of parallel calls is added up, whichever ends first."""
    graph, _ = agent(guard, calling("desks", "shelf", "moved"), DESKS, tools=[desks, shelf, moved])
    state = graph.invoke(QUESTION)
    assert [m.tool_call_id for m in state["messages"] if isinstance(m, ToolMessage)] == ["call_0", "call_1", "call_2"]
    assert state["messages"][-1].response_metadata["guardlayer"]["outcome"] == "verified"


def test_evidence_outlives_the_messages_it_came_in(guard):
    """A middleware that trims the conversation does not take the sources away."""

    class Trimming(AgentMiddleware):
        def before_model(self, state, runtime):
            old = [m for m in state["messages"] if m.type == "tool" or getattr(m, "tool_calls", None)]
            return {"messages": [RemoveMessage(id=m.id) for m in old]}

    graph, model = agent(guard, calling("desks"), DESKS, tools=[desks], after=[Trimming()])
    last = graph.invoke(QUESTION)["messages"][-1]
    assert not any(isinstance(message, ToolMessage) for message in model.seen[-1])
    assert last.response_metadata["guardlayer"]["claims"][0]["verdict"] == "supported"


def test_a_failed_tool_is_no_evidence(guard):
    """What an error says bears nothing out."""

    class Handling(AgentMiddleware):
        def wrap_tool_call(self, request, handler):
            return ToolMessage(DESKS, tool_call_id=request.tool_call["id"], status="error")

    graph, _ = agent(guard, calling("desks"), "Sorry.", tools=[desks], after=[Handling()])
    seen = [update for update in graph.stream(QUESTION, stream_mode="updates") if "tools" in update]
    assert "guard_evidence" not in seen[0]["tools"]


def test_a_new_run_on_a_thread_begins_without_the_evidence_of_the_last(guard):
    """The reducer adds within a run, and is reset between runs."""
    graph, _ = agent(
        guard, calling("desks"), DESKS, "Hello!", calling("shelf"), DESKS,
        tools=[desks, shelf], checkpointer=InMemorySaver(),
    )  # fmt: skip
    thread = {"configurable": {"thread_id": "1"}}
    graph.invoke(QUESTION, thread)
    assert len(graph.get_state(thread).values["guard_evidence"]) == 1
    graph.invoke({"messages": [("user", "Hello")]}, thread)
    assert graph.get_state(thread).values["guard_evidence"] == []
    graph.invoke(QUESTION, thread)
    assert [piece.id for piece in graph.get_state(thread).values["guard_evidence"]] == ["desks.md"]


# Structured responses ------------------------------------------------------------------------------------------------


class Offer(BaseModel):
    """An offer."""

    text: str
    days: int


OFFER = {"text": "The list price of Acme is $39.", "days": 14}
ANSWER = AIMessage("", tool_calls=[{"name": "Offer", "args": OFFER, "id": "o1", "type": "tool_call"}])


@pytest.mark.parametrize("wanted", [Offer, ToolStrategy(Offer)], ids=["class", "tool"])
async def test_a_structured_response_is_checked_field_by_field(guard, wanted):
    """The values in a schema's tool call: parsed response, messages and every stream hold the true ones."""
    graph, model = agent(guard, ANSWER, tools=[desks], response_format=wanted)
    for state in await both(graph):
        assert state["structured_response"] == Offer(text="The list price of Acme is $49.", days=14)
        assert "$39" not in repr(state)
    seen = [*graph.stream(QUESTION, stream_mode=["messages", "updates", "values"])]
    seen += [event async for event in graph.astream_events(QUESTION, version="v2")]
    assert "$39" not in repr(seen)
    assert len(model.seen) == 4, "each run asked once"


async def test_a_structured_response_in_json_is_checked_too(guard):
    """Providers that answer in JSON by themselves."""
    graph, _ = agent(guard, Offer(**OFFER).model_dump_json(), response_format=ProviderStrategy(Offer))
    for state in await both(graph):
        assert state["structured_response"] == Offer(text="The list price of Acme is $49.", days=14)
    assert "$39" not in repr([*graph.stream(QUESTION, stream_mode=["messages", "values"])])


class Quote(HasProvenance, BaseModel):
    """A quote."""

    product: str
    price: Annotated[Decimal, Sourced("{product}", "list price")]


@pytest.mark.parametrize("strategy", [ToolStrategy, ProviderStrategy])
async def test_fields_with_a_source_are_checked_by_key(guard, strategy):
    """``Sourced`` fields of an agent's response: the current value, and where it comes from."""
    arguments = {"product": "Acme", "price": 39}
    call = {"name": "Quote", "args": arguments, "id": "q1", "type": "tool_call"}
    said = (
        AIMessage("", tool_calls=[call]) if strategy is ToolStrategy else AIMessage('{"product": "Acme", "price": 39}')
    )
    graph, _ = agent(guard, said, response_format=strategy(Quote))
    for state in await both(graph):
        quote = state["structured_response"]
        assert (quote.product, quote.price) == ("Acme", 49)
        assert (quote.provenance["price"].said, quote.provenance["price"].source.id) == (39, "price list 2026")


def test_a_blocked_structured_response_is_a_violation(guard_under):
    """There is no refusal of its type."""
    graph, _ = agent(guard_under("strict"), ANSWER, response_format=ToolStrategy(Offer))
    with pytest.raises(GuardViolation):
        graph.invoke(QUESTION)


# Beside other middleware ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", [True, False], ids=["guard inside", "guard outside"])
async def test_a_fallback_model_is_guarded_wherever_the_guard_stands(guard_under, inside):
    """The violation makes the fallback answer, and what that says is checked: nobody gets around the guard."""
    other = ScriptedChatModel(replies=["The list price of Acme is $39 indeed.", "I do not know."])
    fallback = ModelFallbackMiddleware(other, other)
    placed = {"before": [fallback]} if inside else {"after": [fallback]}
    graph, _ = agent(guard_under("strict"), RAW, raises=True, hold="full", **placed)
    assert graph.invoke(QUESTION)["messages"][-1].text == "I do not know."
    assert "$39" not in repr([*graph.stream(QUESTION, stream_mode=["messages", "updates", "values", "custom"])])
    assert "$39" not in repr([event async for event in graph.astream_events(QUESTION, version="v2")])
    assert len(other.seen) >= 2


@pytest.mark.skipif(
    not hasattr(theirs, "ModelRetryMiddleware"), reason="needs langchain >= 1.1: pip install -U langchain"
)
def test_a_retrying_middleware_gets_a_guarded_answer_each_time(guard_under):
    """A violation counts as a failure of the model: said in the documentation."""
    retrying = theirs.ModelRetryMiddleware(max_retries=1, initial_delay=0, jitter=False)
    graph, model = agent(guard_under("strict"), RAW, "Hello!", raises=True, before=[retrying])
    assert graph.invoke(QUESTION)["messages"][-1].text == "Hello!"
    assert len(model.seen) == 2


async def test_a_middleware_that_answers_by_itself_is_checked(guard):
    """Whoever short-cuts the model, a cache for one, puts words into the agent's mouth."""

    class Cached(AgentMiddleware):
        def wrap_model_call(self, request, handler):
            return ModelResponse(result=[AIMessage(RAW)])

        async def awrap_model_call(self, request, handler):
            return AIMessage(RAW)

    graph, model = agent(guard, after=[Cached()])
    for state in await both(graph):
        assert state["messages"][-1].text == TRUE
    assert model.seen == ()


def test_a_middleware_that_sets_the_model_gets_a_guarded_one(guard):
    """By ``override`` or by the assignment that LangChain deprecates."""

    class Choosing(AgentMiddleware):
        def wrap_model_call(self, request, handler):
            chosen = ScriptedChatModel(replies=["It costs $39. The list price of Acme is $39."])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                request.model = chosen
            return handler(request)

    graph, _ = agent(guard, after=[Choosing()])
    assert "$39" not in graph.invoke(QUESTION)["messages"][-1].text.partition(". ")[2]
    assert "The list price of Acme is $39" not in repr([*graph.stream(QUESTION, stream_mode="messages")])


def test_nothing_unchecked_is_in_a_checkpoint(guard):
    """State is what a thread remembers: the raw answer was never part of it."""
    saver = InMemorySaver()
    graph, _ = agent(guard, RAW, checkpointer=saver)
    graph.invoke(QUESTION, {"configurable": {"thread_id": "1"}})
    stored = repr(list(saver.storage.values())) + repr(list(saver.writes.values())) + repr(list(saver.blobs.values()))
    assert "$49" in stored
    assert "$39" not in stored


# Verdicts ------------------------------------------------------------------------------------------------------------


async def test_verdicts_come_as_custom_events(guard):
    """In the stream mode ``custom`` and as ``on_custom_event``; and with ``on_report``."""
    heard = []
    graph, _ = agent(guard, RAW, on_report=heard.append)
    written = [*graph.stream(QUESTION, stream_mode="custom")]
    assert [event["guardlayer.verdict"]["action"] for event in written] == ["correct"]
    events = [event async for event in graph.astream_events(QUESTION, version="v2")]
    custom = [event for event in events if event["event"] == "on_custom_event"]
    assert [(event["name"], event["data"]["action"]) for event in custom] == [("guardlayer.verdict", "correct")]
    assert len(heard) == 2


async def test_asking_again_leaves_no_draft_in_the_conversation(guard_under):
    """The rejected answer and the feedback are between the guard and the model."""

    def says(messages):
        return TRUE if "$49" in messages[-1].text else RAW

    graph, model = agent(guard_under("retry"), says, hold="full")
    for state in await both(graph):
        assert [message.text for message in state["messages"]][1:] == [TRUE]
        assert state["messages"][-1].usage_metadata["total_tokens"] == 30
    assert [message.type for message in model.seen[1]] == ["human", "ai", "human"]


async def test_many_runs_of_one_agent_do_not_mix():
    """One instance, a hundred runs at once: each with its own evidence, answer and verdicts."""
    kb = Knowledge.open(":memory:")
    kb.add("Nobody", "list price", "$1", source="s")
    heard = []

    @tool
    async def count(office: str) -> str:
        """Count desks."""
        await asyncio.sleep(0)
        return f"The {office} office has {int(office[4:]) + 100} desks."

    def says(messages):
        office = messages[0].text.split()[-1]
        if messages[-1].type != "tool":
            call = {"name": "count", "args": {"office": office}, "id": f"call_{office}", "type": "tool_call"}
            return AIMessage("", tool_calls=[call])
        return f"The {office} office has {int(office[4:]) + 100} desks."

    graph, _ = agent(Guard(knowledge=kb, log=None), says, tools=[count], on_report=heard.append)

    async def run(number: int) -> Any:
        state = await graph.ainvoke({"messages": [("user", f"How many desks has Town{number:02}")]})
        return state["messages"][-1]

    for number, message in enumerate(await asyncio.gather(*map(run, range(100)))):
        assert message.text == f"The Town{number:02} office has {number + 100} desks."
        assert message.response_metadata["guardlayer"]["outcome"] == "verified"
    assert len(heard) == 100
    assert all(len(report.draft.evidence) == 1 for report in heard)


# Review --------------------------------------------------------------------------------------------------------------

needs_review = pytest.mark.skipif(
    middleware.ExtendedModelResponse is None, reason="review= needs langchain >= 1.2: pip install -U langchain"
)


@needs_review
@pytest.mark.parametrize(
    ("decided", "final"),
    [
        ({"decision": "approve"}, RAW),
        ({"decision": "edit", "text": "It costs $49."}, "It costs $49."),
        ({"decision": "reject"}, TRUE),
    ],
    ids=lambda value: value.get("decision") if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_person_decides_about_an_answer(guard, decided, final, asynchronous):
    """The run waits with the guard's version in its state; the model is asked once; the decision is in the metadata."""
    graph, model = agent(guard, RAW, review="findings", checkpointer=InMemorySaver())
    thread = {"configurable": {"thread_id": "1"}}
    state = await graph.ainvoke(QUESTION, thread) if asynchronous else graph.invoke(QUESTION, thread)
    assert state["messages"][-1].text == TRUE
    (asked,) = state["__interrupt__"]
    assert (asked.value["type"], asked.value["draft"], asked.value["output"]) == ("guardlayer.review", RAW, TRUE)
    assert asked.value["claims"][1]["current"] == "Acme, list price: $49"
    resumed = Command(resume=decided)
    state = await graph.ainvoke(resumed, thread) if asynchronous else graph.invoke(resumed, thread)
    assert [message.text for message in state["messages"]][1:] == [final]
    assert len(model.seen) == 1
    verdict = state["messages"][-1].response_metadata["guardlayer"]
    assert verdict.get("review") == (decided["decision"] if decided["decision"] != "reject" else None)


@needs_review
def test_what_is_to_be_reviewed_is_chosen_by_policy_or_function(guard_under):
    """``"block"`` waits only where the policy blocks; a function decides as it likes; tool calls never wait."""
    thread = {"configurable": {"thread_id": "1"}}
    for policy, review, waits in [
        ("strict", "block", True),
        ("enforce", "block", False),
        ("enforce", lambda report: "$39" in report.draft.text, True),
        ("enforce", lambda report: False, False),
    ]:
        graph, _ = agent(
            guard_under(policy), calling("desks"), RAW, tools=[desks], review=review, checkpointer=InMemorySaver()
        )
        assert ("__interrupt__" in graph.invoke(QUESTION, thread)) is waits


@needs_review
def test_a_decision_that_cannot_be_read_is_an_error(guard):
    """Rather than a silent approval."""
    graph, _ = agent(guard, RAW, review="findings", checkpointer=InMemorySaver())
    thread = {"configurable": {"thread_id": "1"}}
    graph.invoke(QUESTION, thread)
    with pytest.raises(InputError, match="resumed with 'yes'"):
        graph.invoke(Command(resume="yes"), thread)


# Making one ----------------------------------------------------------------------------------------------------------


def test_wrong_arguments_are_named(guard):
    """Mistakes show when the middleware is made, or when the agent first runs."""
    for wrong, message in [
        ({"guard": "enforce"}, r"guard= takes a guardlayer\.Guard, not a str"),
        ({"guard": guard, "hold": "word"}, "hold='word' is not known"),
        ({"guard": guard, "review": "always"}, "review='always' is not known"),
    ]:
        with pytest.raises(ConfigError, match=message):
            GuardMiddleware(**wrong)

    class NoModel(AgentMiddleware):
        def wrap_model_call(self, request, handler):
            return handler(request.override(model=GenericFakeChatModel(messages=iter([])).bind(stop=["x"])))

    graph, _ = agent(guard, after=[NoModel()])
    with pytest.raises(ConfigError, match="no chat model that can be guarded"):
        graph.invoke(QUESTION)


def test_two_guards_in_one_agent_have_names(guard, guard_under):
    """Each checks what the other let pass."""
    model = ScriptedChatModel(replies=[RAW])
    two = [GuardMiddleware(guard=guard, name="first"), GuardMiddleware(guard=guard_under("observe"), name="second")]
    assert create_agent(model, middleware=two).invoke(QUESTION)["messages"][-1].text == TRUE


async def test_a_model_that_is_guarded_already_is_guarded_once(guard):
    """The middleware gives it the run's evidence and hears its verdicts; each answer is checked once."""
    heard = []
    model = GuardedChatModel(inner=ScriptedChatModel(replies=[calling("desks"), DESKS]), guard=guard)
    guarding = GuardMiddleware(guard=guard, on_report=heard.append)
    state = create_agent(model, tools=[desks], middleware=[guarding]).invoke(QUESTION)
    assert state["messages"][-1].response_metadata["guardlayer"]["claims"][0]["sources"] == ["desks"]
    assert len(heard) == 1


def test_a_conversation_given_as_messages_is_read(guard):
    """The question is the last message by the user."""
    heard = []
    graph, _ = agent(guard, RAW, on_report=heard.append)
    graph.invoke({"messages": [HumanMessage("Hi"), AIMessage("Hello"), HumanMessage("What does Acme cost?")]})
    assert heard[0].draft.question == "What does Acme cost?"
