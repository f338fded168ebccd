"""GuardedRunnable with LangChain's own models, prompts, parsers and callbacks."""

import asyncio
from itertools import cycle
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.output_parsers import JsonOutputParser, StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableBinding, RunnableGenerator, RunnableLambda, RunnablePassthrough
from pydantic import BaseModel

from guardlayer.errors import ConfigError, GuardViolation, ResponseTypeError
from guardlayer.types import Action
from guardlayer.wrapping import reports
from langchain_guardlayer import GuardedRunnable
from langchain_guardlayer.outputs import gather

RAW = "The list price of Acme is $39. I hope this helps."
TRUE = "The list price of Acme is $49. I hope this helps."
QUESTION = "What is the list price of Acme?"
PROMPT = ChatPromptTemplate.from_messages([("system", "Be kind."), ("human", "{question}")])


def model(*replies: str) -> GenericFakeChatModel:
    return GenericFakeChatModel(messages=cycle([AIMessage(reply, id="m") for reply in replies or (RAW,)]))


async def every_way(runnable, given, config=None) -> list[Any]:
    """The output of each way to run a runnable, streams added up."""

    def added(chunks):
        total = chunks[0]
        for chunk in chunks[1:]:
            total = total + chunk
        return total

    return [
        runnable.invoke(given, config),
        await runnable.ainvoke(given, config),
        added(list(runnable.stream(given, config))),
        added([chunk async for chunk in runnable.astream(given, config)]),
        *runnable.batch([given], config),
        *await runnable.abatch([given], config),
    ]


async def test_every_way_to_run_a_chain_gives_the_checked_text(guard):
    """Invoke, stream and batch, sync and async: the stale price comes out of none of them."""
    chain = GuardedRunnable(inner=PROMPT | model() | StrOutputParser(), guard=guard)
    assert await every_way(chain, {"question": QUESTION}) == [TRUE] * 6


async def test_every_way_to_run_a_chat_model_gives_a_message_of_its_type(guard):
    """Messages stay messages, and chunks chunks."""
    guarded = GuardedRunnable(inner=model(), guard=guard)
    got = await every_way(guarded, QUESTION)
    assert [message.content for message in got] == [TRUE] * 6
    assert [type(message).__name__ for message in got] == [
        "AIMessage", "AIMessage", "AIMessageChunk", "AIMessageChunk", "AIMessage", "AIMessage",
    ]  # fmt: skip


async def test_each_way_reports_the_same(guard):
    """One logic: the same question, claims and verdicts whichever way the chain was run."""
    chain = GuardedRunnable(inner=PROMPT | model() | StrOutputParser(), guard=guard)
    with reports() as collected:
        await every_way(chain, {"question": QUESTION})
    seen = {
        (report.draft.text, report.draft.question, report.action, tuple((c.text, c.verdict) for c in report.claims))
        for report in collected
    }
    assert len(collected) == 6
    assert len(seen) == 1
    assert collected[0].draft.question == QUESTION


def test_nothing_is_streamed_before_all_of_it_was_checked(guard):
    """With ``hold="full"`` the stream is held back: the first chunk comes after the last one went in."""
    given_out = []

    def slow(inputs):
        for _ in inputs:
            for word in RAW.split(" "):
                given_out.append(word)
                yield word + " "

    stream = GuardedRunnable(inner=RunnableGenerator(slow), guard=guard, hold="full").stream(QUESTION)
    first = next(stream)
    assert len(given_out) == len(RAW.split(" "))
    assert "$39" not in first + "".join(stream)


async def test_a_cancelled_stream_closes_the_one_inside(guard):
    """Connections are given back."""
    closed, begun = asyncio.Event(), asyncio.Event()

    async def endless(inputs):
        try:
            async for _ in inputs:
                while True:
                    yield "word "
                    begun.set()
                    await asyncio.sleep(0)
        finally:
            closed.set()

    async def consume():
        async for _ in GuardedRunnable(inner=RunnableGenerator(endless), guard=guard).astream("q"):
            pytest.fail("nothing may come out")

    task = asyncio.create_task(consume())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(closed.wait(), 5)


async def test_tags_metadata_and_callbacks_reach_the_runnables_inside(guard):
    """A guarded chain is traced as one run with the inner runs below it."""
    seen: list[tuple[str, Any, Any, Any]] = []

    class Watch(BaseCallbackHandler):
        def on_chain_start(self, serialized, inputs, *, run_id, parent_run_id=None, tags=None, metadata=None, **kwargs):
            seen.append((kwargs["name"], run_id, parent_run_id, (tuple(tags or ()), (metadata or {}).get("tenant"))))

        def on_chain_end(self, outputs, **kwargs):
            ended.append(outputs)

    ended: list[Any] = []
    inner = RunnableLambda(lambda _: RAW, name="inner") | StrOutputParser(name="parser")
    config = {"callbacks": [Watch()], "tags": ["t"], "metadata": {"tenant": "a"}}
    guarded = GuardedRunnable(inner=inner, guard=guard, name="guarded")
    for run in (guarded.invoke, lambda *args: list(guarded.stream(*args))):
        seen.clear()
        run("q", config)
        (outer_name, outer_id, outer_parent, outer_config), (_, _, inner_parent, (inner_tags, inner_tenant)) = seen[:2]
        assert (outer_name, outer_parent, outer_config) == ("guarded", None, (("t",), "a"))
        assert (inner_parent, inner_tenant, "t" in inner_tags) == (outer_id, "a", True)
        assert ended[-1] == TRUE, "what the guarded run reports as its output is the checked one"


async def test_events_of_the_guarded_run_hold_only_checked_text(guard):
    """Who listens to the guarded run by its name hears nothing that was not checked."""
    guarded = GuardedRunnable(inner=PROMPT | model() | StrOutputParser(), guard=guard, name="guarded")
    chain = guarded | RunnableLambda(str.upper)
    events = chain.astream_events({"question": QUESTION}, version="v2", include_names=["guarded"])
    said = "".join(
        [str(event["data"].get("chunk", "")) + str(event["data"].get("output", "")) async for event in events]
    )
    assert TRUE in said
    assert "$39" not in said


def test_bound_configured_and_retried_runnables_stay_guarded(guard):
    """What LangChain builds around a runnable is built around the guarded one."""
    guarded = GuardedRunnable(inner=PROMPT | model() | StrOutputParser(), guard=guard)
    for built in (guarded.with_config(tags=["t"]), guarded.bind(), guarded.with_retry(), guarded | StrOutputParser()):
        assert built.invoke({"question": QUESTION}) == TRUE
        assert "".join(built.stream({"question": QUESTION})) == TRUE
    assert isinstance(guarded.bind(stop=["x"]), RunnableBinding)
    with pytest.raises(AttributeError):
        GuardedRunnable(inner=model(), guard=guard).bind_tools([])


def test_schemas_are_those_of_the_runnable_inside(guard):
    """Tools that draw forms from schemas see the chain's."""
    chain = PROMPT | model() | StrOutputParser()
    guarded = GuardedRunnable(inner=chain, guard=guard)
    assert guarded.get_input_jsonschema() == chain.get_input_jsonschema()
    assert guarded.get_output_jsonschema() == chain.get_output_jsonschema()
    assert guarded.config_specs == chain.config_specs


# What was asked ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        QUESTION,
        HumanMessage(QUESTION),
        [SystemMessage("Be kind."), HumanMessage("Hi"), AIMessage("Hello"), HumanMessage(QUESTION)],
        [("system", "Be kind."), ("human", QUESTION)],
        PROMPT.invoke({"question": QUESTION}),
        {"question": QUESTION},
        {"input": QUESTION, "language": "en"},
        {"messages": [HumanMessage(QUESTION)]},
    ],
    ids=lambda given: type(given).__name__,
)
def test_the_question_is_found_in_every_kind_of_input(guard, given):
    """A bare value is read against the question, so it must be found."""
    guarded = GuardedRunnable(inner=RunnableLambda(lambda _: "$39"), guard=guard)
    with reports() as collected:
        assert guarded.invoke(given) == "$49"
    assert collected[0].draft.question == QUESTION


def test_keys_can_be_named(guard):
    """Mappings with keys of their own."""
    inner = RunnableLambda(lambda _: {"reply": "$39", "seen": True})
    guarded = GuardedRunnable(inner=inner, guard=guard, question="ask", answer="reply", evidence="facts")
    with reports() as collected:
        assert guarded.invoke({"ask": QUESTION, "facts": ["Berlin is large."]})["reply"] == "$49"
    assert collected[0].draft.text == "$39"
    assert [piece.text for piece in collected[0].draft.evidence] == ["Berlin is large."]


@pytest.mark.parametrize("key", ["context", "documents", "source_documents"])
def test_documents_in_the_input_are_evidence(guard, key):
    """A chain that was handed what was retrieved, as texts or as documents."""
    guarded = GuardedRunnable(inner=RunnableLambda(lambda _: "Hello!"), guard=guard)
    for pieces in (["Acme sells anvils."], [Document("Acme sells anvils.")], "Acme sells anvils."):
        with reports() as collected:
            guarded.invoke({"question": QUESTION, key: pieces})
        assert [piece.text for piece in collected[0].draft.evidence] == ["Acme sells anvils."]


def test_tool_outputs_and_artifacts_are_evidence(guard):
    """What tools returned came with the call; documents are preferred to the text made of them."""
    given = [
        HumanMessage(QUESTION),
        AIMessage("", tool_calls=[{"name": "find", "args": {}, "id": "1"}]),
        ToolMessage("raw", tool_call_id="1", artifact=[Document("Acme sells anvils.", id="d1")]),
    ]
    with reports() as collected:
        GuardedRunnable(inner=RunnableLambda(lambda _: "Hello!"), guard=guard).invoke(given)
    assert [piece.text for piece in collected[0].draft.evidence] == ["Acme sells anvils."]


# Outputs -------------------------------------------------------------------------------------------------------------


async def test_a_retrieval_chain_keeps_its_shape(guard):
    """The answer is corrected, the documents are evidence and untouched, and the input is not taken for a claim."""
    documents = [Document("Acme sells anvils.", id="d1")]
    given = {"question": QUESTION, "heard": "The list price of Acme is $39."}
    chain = RunnablePassthrough.assign(context=lambda _: documents) | RunnablePassthrough.assign(
        answer=PROMPT | model() | StrOutputParser()
    )
    guarded = GuardedRunnable(inner=chain, guard=guard)
    with reports() as collected:
        got = await every_way(guarded, given)
    assert got == [{**given, "context": documents, "answer": TRUE}] * 6
    assert all([piece.text for piece in report.draft.evidence] == ["Acme sells anvils."] for report in collected)


async def test_parsed_json_is_checked_by_its_fields_and_partial_parses_are_not_emitted(guard):
    """A parser that streams ever larger partial results gives the last one only."""
    parser = GenericFakeChatModel(messages=cycle(['{"Acme": {"list price": "$39"}}'])) | JsonOutputParser()
    guarded = GuardedRunnable(inner=parser, guard=guard)
    with reports() as collected:
        assert guarded.invoke("q") == {"Acme": {"list price": "$49"}}
        assert list(guarded.stream("q")) == [{"Acme": {"list price": "$49"}}]
    assert len(collected) == 2


def test_a_pydantic_output_stays_a_model(guard):
    """Structured output keeps its class."""

    class Offer(BaseModel):
        text: str

    guarded = GuardedRunnable(inner=RunnableLambda(lambda _: Offer(text="The list price of Acme is $39.")), guard=guard)
    assert guarded.invoke("q") == Offer(text="The list price of Acme is $49.")


def test_a_graph_state_is_guarded_by_its_last_messages(guard):
    """What the user and the tools said is not the model's."""
    human = HumanMessage("The list price of Acme is $39.")
    inner = RunnableLambda(
        lambda state: {"messages": [*state["messages"], AIMessage("The list price of Acme is $39.")]}
    )
    got = GuardedRunnable(inner=inner, guard=guard).invoke({"messages": [human]})
    assert [message.content for message in got["messages"]] == [human.content, "The list price of Acme is $49."]


def test_a_tool_call_passes(guard):
    """A message that only calls tools says nothing."""
    call = AIMessage("", tool_calls=[{"name": "find", "args": {"q": "$39"}, "id": "1"}])
    with reports() as collected:
        assert GuardedRunnable(inner=RunnableLambda(lambda _: call), guard=guard).invoke("q") is call
    assert collected == []


def test_an_unknown_output_is_an_error_and_extract_reads_it(guard):
    """Nothing passes because it could not be read."""
    inner = RunnableLambda(lambda _: 39, name="priced")
    with pytest.raises(ResponseTypeError, match="priced returned a int"):
        GuardedRunnable(inner=inner, guard=guard).invoke("q")
    guarded = GuardedRunnable(
        inner=inner, guard=guard, extract=lambda n: f"${n}", replace=lambda n, text: int(text[1:])
    )
    assert guarded.invoke(QUESTION) == 49


def test_chunks_that_belong_together_are_gathered():
    """Growing partial parses are one response, separate updates are not."""
    assert gather([{}, {"a": "x"}, {"a": "xy", "b": [1]}]) == ({"a": "xy", "b": [1]},)
    updates = ({"node one": {"a": 1}}, {"node two": {"b": 2}})
    assert gather(updates) == updates
    assert gather(["a", "b"]) == ("a", "b")
    assert gather([]) == ()


# Policy --------------------------------------------------------------------------------------------------------------


async def test_blocked_outputs_are_the_refusal_in_every_way(guard_under):
    """A refusal is an output like any other, and the stream of it is not empty."""
    guarded = GuardedRunnable(inner=model(), guard=guard_under("strict"))
    got = await every_way(guarded, QUESTION)
    assert all(message.content.startswith("This answer was withheld") for message in got)
    assert got[0].response_metadata["finish_reason"] == "content_filter"


async def test_raises_makes_batches_and_fallbacks_work_as_with_any_error(guard_under):
    """A violation is raised before the first chunk, so a fallback can take over even in a stream."""
    guarded = GuardedRunnable(inner=model() | StrOutputParser(), guard=guard_under("strict"), raises=True)
    with pytest.raises(GuardViolation):
        guarded.invoke(QUESTION)
    (caught,) = guarded.batch([QUESTION], return_exceptions=True)
    assert isinstance(caught, GuardViolation)
    fallback = guarded.with_fallbacks([RunnableLambda(lambda _: "I do not know.")])
    assert await every_way(fallback, QUESTION) == ["I do not know."] * 6


async def test_asking_again_shows_the_model_its_answer_and_what_was_wrong(guard_under):
    """Under ``retry`` a conversation goes on: rejected answer, feedback, new answer."""
    heard: list[Any] = []

    def chat(messages):
        heard.append(messages)
        return AIMessage(RAW if len(heard) % 2 else TRUE)

    guarded = GuardedRunnable(inner=RunnableLambda(chat), guard=guard_under("retry"))
    given = [HumanMessage(QUESTION)]
    for got in (guarded.invoke(given), await guarded.ainvoke(given)):
        assert got.content == TRUE
    first, second, *_ = heard
    assert first == given
    assert [message.type for message in second] == ["human", "ai", "human"]
    assert second[1].content == RAW
    assert "$49" in second[2].content


def test_asking_a_model_again_after_a_plain_prompt(guard_under):
    """A string prompt to a model becomes the conversation."""
    guarded = GuardedRunnable(inner=model(RAW, TRUE), guard=guard_under("retry"))
    with reports() as collected:
        assert guarded.invoke(QUESTION).content == TRUE
    assert [report.action for report in collected] == [Action.RETRY, Action.PASS]


def test_feedback_goes_under_the_key_given(guard_under):
    """A prompt with a place for the feedback gets it there."""
    prompt = ChatPromptTemplate.from_messages([("human", "{question} {hint}")])
    heard = []

    def answer(value):
        heard.append(value.to_string())
        return TRUE if "$49" in heard[-1] else RAW

    guarded = GuardedRunnable(inner=prompt | RunnableLambda(answer), guard=guard_under("retry"), feedback="hint")
    assert guarded.invoke({"question": QUESTION, "hint": ""}) == TRUE
    assert len(heard) == 2


# Making one ----------------------------------------------------------------------------------------------------------


def test_guard_wrap_finds_this_package(guard):
    """``guard.wrap(runnable)`` is a GuardedRunnable, by entry point; options are its fields."""
    guarded = guard.wrap(PROMPT | model() | StrOutputParser(), question="question", raises=True)
    assert isinstance(guarded, GuardedRunnable)
    assert guarded.raises is True
    assert guarded.invoke({"question": QUESTION}) == TRUE
    with pytest.raises(ConfigError, match="unknown option 'quest' for a runnable; the options are"):
        guard.wrap(model() | StrOutputParser(), quest="q")


def test_wrong_arguments_are_named(guard):
    """Mistakes show when the runnable is made."""
    with pytest.raises(ConfigError, match=r"guard= takes a guardlayer\.Guard, not a str"):
        GuardedRunnable(inner=model(), guard="enforce")
    with pytest.raises(ConfigError, match="extract= was given without replace="):
        GuardedRunnable(inner=model(), guard=guard, extract=str)
