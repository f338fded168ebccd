"""GuardStep in chains, and what it shares with GuardedRunnable: sentences of strings and messages, re-asking, events."""

from functools import reduce
from operator import add
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.output_parsers import JsonOutputParser, StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableGenerator, RunnableLambda, RunnablePassthrough

from guardlayer.errors import ConfigError, GuardViolation, ResponseTypeError
from guardlayer.wrapping import reports
from langchain_guardlayer import GuardedRunnable, GuardStep
from langchain_guardlayer.testing import ScriptedChatModel

RAW = "Let me see. The list price of Acme is $39. I hope this helps."
TRUE = RAW.replace("$39", "$49")
QUESTION = "What is the list price of Acme?"
PROMPT = ChatPromptTemplate.from_messages([("human", "{question}")])
CALL = {"name": "find", "args": {"q": "$39"}, "id": "call_7", "type": "tool_call"}


def chain(guard, said: Any = RAW, **options: Any):
    return PROMPT | ScriptedChatModel(replies=[said]) | GuardStep(guard=guard, **options)


async def every_way(runnable, given=None, config=None) -> list[Any]:
    given = {"question": QUESTION} if given is None else given
    return [
        runnable.invoke(given, config),
        await runnable.ainvoke(given, config),
        reduce(add, list(runnable.stream(given, config))),
        reduce(add, [chunk async for chunk in runnable.astream(given, config)]),
        *runnable.batch([given], config),
        *await runnable.abatch([given], config),
    ]


@pytest.mark.parametrize("hold", ["sentence", "full"])
async def test_messages_and_strings_pass_a_step_in_every_way(guard, hold):
    """The step stands before or behind the parser."""
    before = chain(guard, hold=hold) | StrOutputParser()
    behind = PROMPT | ScriptedChatModel(replies=[RAW]) | StrOutputParser() | GuardStep(guard=guard, hold=hold)
    assert await every_way(before) == await every_way(behind) == [TRUE] * 6


async def test_a_step_releases_sentences_as_they_are_verified(guard):
    """The first is out before the model has written the last; tool calls, usage and verdicts follow."""
    fed = []

    def words(_):
        for word in [*RAW.split(" "), "It ", "is ", "sold ", "in ", "Berlin."]:
            fed.append(word)
            yield AIMessageChunk(content=word + " ")

    stream = (RunnableGenerator(words) | GuardStep(guard=guard)).stream(QUESTION)
    assert next(stream).text == "Let me see. "
    assert len(fed) < len(RAW.split(" "))
    for got in await every_way(chain(guard, AIMessage(RAW, tool_calls=[CALL]))):
        assert got.text == TRUE
        assert got.tool_calls == [CALL]
        assert got.usage_metadata["total_tokens"] == 15
    last = [*chain(guard).stream({"question": QUESTION})][-1]
    assert (last.chunk_position, last.response_metadata["guardlayer"]["action"]) == ("last", "correct")


async def test_the_question_and_evidence_come_from_the_field_or_the_configuration(guard):
    """A step sees only the answer; who runs the chain knows the rest."""
    step = GuardStep(guard=guard)
    with reports() as collected:
        GuardStep(guard=guard, question=QUESTION).invoke("$39")
        config = {"configurable": {"guardlayer_question": QUESTION, "guardlayer_evidence": [Document("Acme is old.")]}}
        assert step.invoke("$39", config) == "$49"
        assert "".join(step.stream("$39", config)) == "$49"
        assert await (RunnablePassthrough() | step).ainvoke("$39", config) == "$49"
    assert {report.draft.question for report in collected} == {QUESTION}
    assert [len(report.draft.evidence) for report in collected] == [0, 1, 1, 1]


async def test_a_mapping_is_read_by_its_answer_and_its_documents(guard):
    """A retrieval chain that ends in a step."""
    step = RunnableLambda(lambda _: {"answer": RAW, "context": [Document("Acme is old.")]}) | GuardStep(guard=guard)
    with reports() as collected:
        assert [got["answer"] for got in await every_way(step)] == [TRUE] * 6
    assert all(len(report.draft.evidence) == 1 for report in collected)


async def test_a_step_cannot_ask_again_and_judges_as_the_last_answer(guard_under):
    """``retry`` has nobody to ask here: the refusal; by the sentence, a redaction that says why."""
    got = await every_way(chain(guard_under("retry")))
    assert all(m.text.startswith("This answer was withheld") for m in (*got[:2], *got[4:]))
    assert all("[removed: " in m.text and "$39" not in m.text for m in got[2:4])
    whole = await every_way(chain(guard_under("retry"), hold="full"))
    assert all(m.text.startswith("This answer was withheld") for m in whole)


async def test_raises_and_fallbacks(guard_under):
    """A step that raises makes the chain fail as any step would."""
    fallback = RunnableLambda(lambda _: AIMessageChunk("I do not know."))
    strict = chain(guard_under("strict"), raises=True, hold="full")
    assert [m.text for m in await every_way(strict.with_fallbacks([fallback]))] == ["I do not know."] * 6
    with pytest.raises(GuardViolation):
        list(chain(guard_under("strict"), raises=True).stream({"question": QUESTION}))


async def test_partial_parses_are_held_and_checked_as_data(guard):
    """Growing mappings are one response."""
    said = ScriptedChatModel(replies=['{"Acme": {"list price": "$39"}}']) | JsonOutputParser() | GuardStep(guard=guard)
    assert list(said.stream("q")) == [{"Acme": {"list price": "$49"}}]
    assert [chunk async for chunk in said.astream("q")] == [{"Acme": {"list price": "$49"}}]


def test_a_stream_that_changes_its_kind_is_an_error(guard):
    """Nothing passes because it could not be read; nothing raw is out before."""

    def mixed(_):
        yield "The list price of Acme "
        yield {"price": "$39"}

    with pytest.raises(ResponseTypeError, match="put out a dict amid a stream of text"):
        list((RunnableGenerator(mixed) | GuardStep(guard=guard)).stream("q"))


async def test_an_empty_answer_is_one_chunk(guard):
    """LangChain takes a stream without chunks for a failure."""
    empty = RunnableLambda(lambda _: "") | GuardStep(guard=guard)
    assert await every_way(empty) == [""] * 6


async def test_events_carry_the_verdicts(guard):
    """``on_custom_event`` below the run of the step, and of a guarded runnable."""
    for runnable in (chain(guard), GuardedRunnable(inner=PROMPT | ScriptedChatModel(replies=[RAW]), guard=guard)):
        events = [event async for event in runnable.astream_events({"question": QUESTION}, version="v2")]
        (verdict,) = [event["data"] for event in events if event["event"] == "on_custom_event"]
        assert (verdict["action"], verdict["outcome"]) == ("correct", "findings")
        assert "$39" not in repr(verdict)


async def test_a_guarded_runnable_asks_again_while_it_holds_the_stream(guard_under):
    """In full the second answer is streamed; by the sentence there is no second."""

    def says(messages):
        return TRUE if "$49" in messages[-1].text else RAW

    model = RunnableLambda(lambda messages: messages) | ScriptedChatModel(replies=[says])
    for hold, expected in (("full", TRUE), ("sentence", "[removed: ")):
        guarded = GuardedRunnable(inner=model, guard=guard_under("retry"), hold=hold)
        streamed = reduce(add, list(guarded.stream([HumanMessage(QUESTION)])))
        assert expected in streamed.text
        astreamed = reduce(add, [chunk async for chunk in guarded.astream([HumanMessage(QUESTION)])])
        assert astreamed.text == streamed.text
        assert guarded.invoke([HumanMessage(QUESTION)]).text == TRUE


async def test_a_reader_who_leaves_closes_the_chain(guard):
    """Early close reaches the generator inside; of a whole async chain LangChain itself closes steps late."""
    closed = []

    def words(_):
        try:
            for number in range(100):
                yield f"I am glad to help you, friend {number}. "
        finally:
            closed.append("sync")

    async def awords(_):
        try:
            for number in range(100):
                yield f"I am glad to help you, friend {number}. "
        finally:
            closed.append("async")

    source = RunnableGenerator(words, awords)
    for runnable in (source | GuardStep(guard=guard), GuardedRunnable(inner=source, guard=guard)):
        stream = runnable.stream("q")
        assert next(stream).startswith("I am glad")
        stream.close()
    astream = GuardedRunnable(inner=source, guard=guard).astream("q")
    assert (await anext(astream)).startswith("I am glad")
    await astream.aclose()
    assert closed == ["sync", "sync", "async"]


def test_citations_are_on_the_chunks(guard):
    """Blocks with running offsets, whichever runnable puts them out."""
    for runnable in (
        chain(guard, citations=True),
        GuardedRunnable(inner=PROMPT | ScriptedChatModel(replies=[RAW]), guard=guard, citations=True),
    ):
        (block,) = reduce(add, list(runnable.stream({"question": QUESTION}))).content
        (note,) = block["annotations"]
        assert block["text"][note["start_index"] : note["end_index"]] == "The list price of Acme is $49."


def test_wrong_arguments_are_named(guard):
    """Mistakes show when the step is made."""
    with pytest.raises(ConfigError, match=r"guard= takes a guardlayer\.Guard, not a str"):
        GuardStep(guard="enforce")
    with pytest.raises(ConfigError, match="extract= was given without replace="):
        GuardStep(guard=guard, extract=str)
