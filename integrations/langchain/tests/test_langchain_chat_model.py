"""GuardedChatModel: what it leaves alone, what it takes away, and what frameworks ask of a chat model."""

import asyncio
import gc
import json
import re
from decimal import Decimal
from functools import reduce
from operator import add
from typing import Annotated, Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler, get_usage_metadata_callback
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.output_parsers import PydanticOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.rate_limiters import InMemoryRateLimiter
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from pydantic import BaseModel

from guardlayer import Guard, Knowledge
from guardlayer.errors import ConfigError, GuardViolation
from guardlayer.slots import HasProvenance, Sourced
from guardlayer.testing import MemoryLog
from guardlayer.types import Action
from guardlayer.wrapping import reports
from langchain_guardlayer import GuardedChatModel, GuardedRunnable
from langchain_guardlayer.testing import ScriptedChatModel

RAW = "Let me see. The list price of Acme is $39. I hope this helps."
TRUE = RAW.replace("$39", "$49")
QUESTION = "What is the list price of Acme?"
CALL = {"name": "find", "args": {"q": "the price is $39"}, "id": "call_7", "type": "tool_call"}


class Chunks(BaseChatModel):
    """A model that says given chunks, as a provider's client would; an exception among them is raised."""

    chunks: list[Any]
    closed: list[str] = []  # noqa: RUF012 - pydantic copies it

    @property
    def _llm_type(self) -> str:
        return "chunks"

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        merged = reduce(add, self.chunks)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(**merged.model_dump(exclude={"type"})))])

    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        try:
            for chunk in self.chunks:
                if isinstance(chunk, Exception):
                    raise chunk
                generation = chunk if isinstance(chunk, ChatGenerationChunk) else ChatGenerationChunk(message=chunk)
                yield generation.model_copy(update={"message": generation.message.model_copy()})
        finally:
            self.closed.append("closed")


def text(*words: str, **fields: Any) -> list[AIMessageChunk]:
    return [AIMessageChunk(content=word, **fields) for word in words]


def plain(message: Any) -> dict[str, Any]:
    """A message without what differs from run to run, and without the verdicts."""
    fields = message.model_dump(exclude={"id"} if str(message.id).startswith("lc_run-") else set())
    fields["response_metadata"] = {k: v for k, v in fields["response_metadata"].items() if k != "guardlayer"}
    return fields


def note(stream, got: list[str]) -> None:
    """Write down what a stream says until it ends or fails."""
    for chunk in stream:
        got.append(chunk.content)  # noqa: PERF401 - what came before an error counts


async def anote(stream, got: list[str]) -> None:
    async for chunk in stream:
        got.append(chunk.content)  # noqa: PERF401 - as above


async def every_way(model, given=QUESTION) -> list[Any]:
    """The message of each way to run a model, streams added up."""
    return [
        model.invoke(given),
        await model.ainvoke(given),
        reduce(add, list(model.stream(given))),
        reduce(add, [chunk async for chunk in model.astream(given)]),
    ]


# What it leaves alone ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        AIMessage("I am glad to help! Is there anything else?"),
        AIMessage("Let me see", tool_calls=[CALL], id="msg_1"),
        AIMessage("", tool_calls=[CALL, {**CALL, "id": "call_8"}], response_metadata={"system_fingerprint": "fp"}),
        AIMessage(""),
    ],
    ids=["behavior", "text and call", "calls", "nothing"],
)
@pytest.mark.parametrize("hold", ["sentence", "full"])
async def test_what_makes_no_claim_comes_through_unaltered(guard, said, hold):
    """Text, ids, tool calls, usage, metadata and finish reasons: equal to the bare model's in each way to run it."""
    bare = ScriptedChatModel(replies=[said])
    guarded = GuardedChatModel(inner=bare, guard=guard, hold=hold)
    for expected, got in zip(await every_way(bare), await every_way(guarded), strict=True):
        assert plain(got) == plain(expected)
        assert type(got) is type(expected)


async def test_a_corrected_answer_keeps_all_but_the_words(guard):
    """Only the price changes; the tool call beside it is the model's, price or not."""
    bare = ScriptedChatModel(replies=[AIMessage(RAW, tool_calls=[CALL], id="msg_1")])
    for hold in ("sentence", "full"):
        guarded = GuardedChatModel(inner=bare, guard=guard, hold=hold)
        for expected, got in zip(await every_way(bare), await every_way(guarded), strict=True):
            assert plain(got) == plain(expected) | {"content": TRUE}


async def test_blocks_of_text_reasoning_and_tools_keep_their_order_and_index(guard):
    """Content as a list of blocks, merged by index, as Anthropic's and OpenAI's clients stream it."""
    bare = Chunks(
        chunks=[
            AIMessageChunk(content=[{"type": "thinking", "thinking": "The price is $39?", "index": 0}], id="m"),
            *[AIMessageChunk(content=[{"type": "text", "text": w, "index": 1}], id="m") for w in ("The list price ",)],
            AIMessageChunk(
                content=[{"type": "text", "text": "of Acme is $39. I hope this helps. Let me see", "index": 1}]
            ),
            AIMessageChunk(
                content=[{"type": "tool_use", "id": "t1", "name": "find", "input": {}, "index": 2}],
                tool_call_chunks=[tool_call_chunk(name="find", args="", id="t1", index=2)],
            ),
            AIMessageChunk(content=[], tool_call_chunks=[tool_call_chunk(args='{"q": "$39"}', index=2)]),
            AIMessageChunk(content=[{"type": "text", "text": "The list price of Acme is $39.", "index": 3}]),
            AIMessageChunk(content=[], usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}),
        ]
    )
    guarded = GuardedChatModel(inner=bare, guard=guard)
    chunks = list(guarded.stream(QUESTION))
    assert chunks[0].content == [{"type": "thinking", "thinking": "The price is $39?", "index": 0}], "at once"
    for got in (reduce(add, chunks), reduce(add, [chunk async for chunk in guarded.astream(QUESTION)])):
        assert [block["type"] for block in got.content] == ["thinking", "text", "tool_use", "text"]
        assert got.content[1]["text"] == "The list price of Acme is $49. I hope this helps. Let me see"
        assert got.content[3]["text"] == "The list price of Acme is $49."
        assert got.tool_calls == [{"name": "find", "args": {"q": "$39"}, "id": "t1", "type": "tool_call"}]
        assert got.usage_metadata["total_tokens"] == 3


def test_the_first_sentence_does_not_wait_for_the_second(guard):
    """Held back: at most one sentence."""
    fed = []

    class Slow(Chunks):
        def _stream(self, messages, stop=None, run_manager=None, **kwargs):
            for generation in super()._stream(messages, stop, run_manager, **kwargs):
                fed.append(generation.message.content)
                yield generation

    words = [
        "The",
        "list",
        "price",
        "of",
        "Acme",
        "is",
        "$39.",
        "It",
        "is",
        "sold",
        "in",
        "Berlin",
        "and",
        "in",
        "Rome,",
        "among",
        "others.",
    ]
    stream = GuardedChatModel(inner=Slow(chunks=text(*[word + " " for word in words])), guard=guard).stream(QUESTION)
    assert next(stream).content.strip() == "The list price of Acme is $49."
    assert len("".join(fed)) <= len("The list price of Acme is $39. It is ")


@pytest.mark.parametrize("hold", ["sentence", "full"])
def test_log_probabilities_go_with_the_words_they_describe(guard, hold):
    """They name the very tokens that were taken out; those of untouched text stay."""

    def model(said):
        chunks = [
            ChatGenerationChunk(
                message=AIMessageChunk(content=word),
                generation_info={"logprobs": {"content": [{"token": word}]}},
            )
            for word in re.findall(r"\S+\s*", said)
        ]
        return GuardedChatModel(inner=Chunks(chunks=chunks), guard=guard, hold=hold)

    assert "logprobs" not in reduce(add, model("Acme's list price: $39. ").stream(QUESTION)).response_metadata
    kept = reduce(add, model("I am glad to help!").stream(QUESTION)).response_metadata
    assert len(kept["logprobs"]["content"]) == 5


def test_a_model_that_streams_nothing_fails_as_it_does_by_itself(guard):
    """No made-up answer for a provider that gave none."""
    bare = Chunks(chunks=[])
    for model in (
        bare,
        GuardedChatModel(inner=bare, guard=guard),
        GuardedChatModel(inner=bare, guard=guard, hold="full"),
    ):
        with pytest.raises(ValueError, match="No generation chunks were returned"):
            list(model.stream(QUESTION))


async def test_a_model_that_does_not_stream_gives_its_answer_in_one_chunk(guard):
    """``disable_streaming`` and models without ``_stream`` are asked once, as a whole."""

    class Whole(Chunks):
        _stream = BaseChatModel._stream

    for inner in (Whole(chunks=text(RAW)), Chunks(chunks=text(RAW), disable_streaming=True)):
        got = await every_way(GuardedChatModel(inner=inner, guard=guard))
        assert [message.content for message in got] == [TRUE] * 4


class Delegating(BaseChatModel):
    """A model that hands on to another one, as routers do."""

    to: Any

    @property
    def _llm_type(self) -> str:
        return "delegating"

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        return ChatResult(generations=[ChatGeneration(message=self.to.invoke(messages))])

    async def _agenerate(self, messages, stop=None, run_manager=None, **kwargs):
        return ChatResult(generations=[ChatGeneration(message=await self.to.ainvoke(messages))])

    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        for chunk in self.to.stream(messages):
            yield ChatGenerationChunk(message=chunk)

    async def _astream(self, messages, stop=None, run_manager=None, **kwargs):
        async for chunk in self.to.astream(messages):
            yield ChatGenerationChunk(message=chunk)


@pytest.mark.parametrize("hold", ["sentence", "full"])
async def test_a_model_behind_the_model_is_not_heard_either(guard, hold):
    """LangChain keeps the surrounding run in a context variable, in which nested models would find their listeners."""
    heard = []

    class Listening(BaseCallbackHandler):
        def on_llm_new_token(self, token, **kwargs):
            heard.append(token)

        def on_llm_end(self, response, **kwargs):
            heard.append(response)

    model = GuardedChatModel(inner=Delegating(to=ScriptedChatModel(replies=[RAW])), guard=guard, hold=hold)
    chain = RunnableLambda(lambda value: value) | model | RunnableLambda(lambda message: message)
    config = {"callbacks": [Listening()]}
    got = [chain.invoke(QUESTION, config), await chain.ainvoke(QUESTION, config)]
    got += [*chain.stream(QUESTION, config), *[chunk async for chunk in chain.astream(QUESTION, config)]]
    got += [event async for event in chain.astream_events(QUESTION, config, version="v2")]
    assert "$49" in repr(heard)
    assert "$39" not in repr(heard) + repr(got)


# What the policy does ------------------------------------------------------------------------------------------------


async def test_a_blocked_stream_ends_in_the_refusal_and_keeps_usage_and_calls(guard_under):
    """What was verified before it is out, the refusal follows, and the finish reason says so, once."""
    inner = ScriptedChatModel(replies=[AIMessage(RAW, tool_calls=[CALL])])
    model = GuardedChatModel(inner=inner, guard=guard_under("strict"))
    for got in (await every_way(model))[2:]:
        assert got.content == "Let me see. This answer was withheld: it makes statements that no source bears out."
        assert got.response_metadata["finish_reason"] == "content_filter"
        assert got.response_metadata["guardlayer"]["action"] == "block"
        assert got.usage_metadata["total_tokens"] == 15
        assert [call["id"] for call in got.tool_calls] == ["call_7"]
    whole = model.invoke(QUESTION)
    assert whole.content.startswith("This answer was withheld")
    assert (whole.response_metadata["finish_reason"], whole.usage_metadata["total_tokens"]) == ("content_filter", 15)


async def test_raised_in_mid_stream_and_before_the_first_chunk(guard_under):
    """By the sentence, what came before is out and no fallback helps; in full, nothing is, and a fallback answers."""
    fallback = RunnableLambda(lambda _: AIMessageChunk("I do not know."))
    for hold, before in (("sentence", ["Let me see. "]), ("full", [])):
        model = GuardedChatModel(
            inner=ScriptedChatModel(replies=[RAW]), guard=guard_under("strict"), raises=True, hold=hold
        )
        got = []
        with pytest.raises(GuardViolation) as caught:
            note(model.stream(QUESTION), got)
        assert got == before
        assert caught.value.report.draft.text.startswith("Let me see. The list price of Acme is $39.")
        with pytest.raises(GuardViolation):
            [chunk async for chunk in model.astream(QUESTION)]
        with pytest.raises(GuardViolation):
            model.invoke(QUESTION)
        assert model.with_fallbacks([fallback]).invoke(QUESTION).content == "I do not know."
        if hold == "full":
            assert [c.content for c in model.with_fallbacks([fallback]).stream(QUESTION)] == ["I do not know."]


def test_a_violation_quotes_nothing_in_its_message(guard_under):
    """Exceptions are streamed by LangGraph and shown by servers; the report holds the reasons."""
    model = GuardedChatModel(inner=ScriptedChatModel(replies=[RAW]), guard=guard_under("strict"), raises=True)
    with pytest.raises(GuardViolation) as caught:
        model.invoke(QUESTION)
    assert str(caught.value) == "block: 1 stale; the exception's report says what and why"
    assert "$39" in caught.value.report.decision.reasons[0]


async def test_asking_again_counts_every_attempt_and_shows_only_the_last(guard_under):
    """The model hears what was wrong; its usage is summed; tracers count one run."""

    def says(messages):
        return TRUE if "$49" in messages[-1].text else RAW

    inner = ScriptedChatModel(replies=[says])
    model = GuardedChatModel(inner=inner, guard=guard_under("retry"), hold="full")
    for got in await every_way(model):
        assert got.content == TRUE
        assert got.usage_metadata["total_tokens"] == 30
    first, second, *_ = inner.seen
    assert [message.type for message in second] == ["human", "ai", "human"]
    assert second[:1] == first
    with get_usage_metadata_callback() as counted:
        model.invoke(QUESTION)
    assert counted.usage_metadata["scripted"]["total_tokens"] == 30


async def test_in_sentences_asking_again_becomes_redacting_and_the_report_says_so(guard_under):
    """A declared downgrade: what was shown cannot be taken back."""
    model = GuardedChatModel(inner=ScriptedChatModel(replies=[RAW]), guard=guard_under("retry"))
    got = reduce(add, model.stream(QUESTION))
    assert got.content == "Let me see. [removed: not borne out by the sources] I hope this helps."
    assert any("ask the model again" in notice for notice in got.response_metadata["guardlayer"]["notices"])


def test_metadata_tells_what_was_found_but_not_the_words_taken_out(guard):
    """One summary, on the final chunk; sources and what is true now, for whoever shows them."""
    chunks = list(GuardedChatModel(inner=ScriptedChatModel(replies=[RAW]), guard=guard).stream(QUESTION))
    assert [("guardlayer" in chunk.response_metadata) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    found = chunks[-1].response_metadata["guardlayer"]
    assert (found["outcome"], found["action"]) == ("findings", "correct")
    stale = found["claims"][1]
    assert (stale["verdict"], stale["current"]) == ("stale", "Acme, list price: $49")
    assert "$39" not in repr(found)


# Citations -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hold", ["sentence", "full"])
async def test_citations_are_standard_blocks_with_offsets_in_the_text(guard, hold):
    """Each corrected or supported claim cites its source, at the same offsets whichever way the model was run."""
    said = "Let me see. The list price of Acme is $39. Thank you. The list price of Acme is $49."
    model = GuardedChatModel(inner=ScriptedChatModel(replies=[said]), guard=guard, hold=hold, citations=True)
    for got in await every_way(model):
        (block,) = [block for block in got.content if block.get("text")]
        assert block["text"] == said.replace("$39", "$49")
        cited = [block["text"][note["start_index"] : note["end_index"]] for note in block["annotations"]]
        assert cited == ["The list price of Acme is $49."] * 2
        assert {(note["type"], note["title"]) for note in block["annotations"]} == {("citation", "price list 2026")}
        assert got.content_blocks[0]["annotations"][1]["cited_text"]


def test_the_policy_annotate_brings_citations_by_itself(guard_under):
    """DESIGN: mark in the text, with standard citations."""
    said = "The list price of Acme is $49."
    got = GuardedChatModel(inner=ScriptedChatModel(replies=[said]), guard=guard_under("annotate")).invoke(QUESTION)
    assert got.text.startswith("The list price of Acme is $49. [source 1]")
    assert got.content[0]["annotations"][0]["title"] == "price list 2026"


# Structured output ---------------------------------------------------------------------------------------------------


class Offer(BaseModel):
    """An offer."""

    text: str
    days: int = 30


def offering(said: str = "The list price of Acme is $39.") -> ScriptedChatModel:
    call = {"name": "Offer", "args": {"text": said, "days": 14}, "id": "o1", "type": "tool_call"}
    return ScriptedChatModel(replies=[AIMessage("", tool_calls=[call])])


async def test_structured_output_is_checked_before_it_is_parsed(guard):
    """Values hidden in the arguments of a schema's tool are claims, and nobody hears the raw ones, raw=True or not."""
    model = GuardedChatModel(inner=offering(), guard=guard)
    checked = Offer(text="The list price of Acme is $49.", days=14)
    chain = model.with_structured_output(Offer)
    assert chain.invoke(QUESTION) == await chain.ainvoke(QUESTION) == checked
    assert list(chain.stream(QUESTION))[-1] == checked
    raw = model.with_structured_output(Offer, include_raw=True).invoke(QUESTION)
    assert raw["parsed"] == checked
    assert "$39" not in repr(raw)
    events = [event async for event in chain.astream_events(QUESTION, version="v2")]
    assert "$39" not in repr(events)


class Quote(HasProvenance, BaseModel):
    """A quote."""

    product: str
    price: Annotated[Decimal, Sourced("{product}", "list price")]
    days: int = 30


@pytest.mark.parametrize("method", ["function_calling", "json"])
async def test_fields_with_a_source_are_checked_by_key_and_know_where_they_come_from(guard, method):
    """A number without a sentence around it: in a tool's arguments, or in JSON that is the answer."""
    arguments = {"product": "Acme", "price": 39, "days": 14}
    call = {"name": "Quote", "args": arguments, "id": "q1", "type": "tool_call"}
    said = AIMessage("", tool_calls=[call]) if method == "function_calling" else AIMessage(json.dumps(arguments))

    class Writing(ScriptedChatModel):
        def with_structured_output(self, schema, **kwargs):
            if method == "function_calling":
                return super().with_structured_output(schema, **kwargs)
            return self.bind(response_format="json") | PydanticOutputParser(pydantic_object=schema)

    chain = GuardedChatModel(inner=Writing(replies=[said]), guard=guard).with_structured_output(Quote)
    for quote in (chain.invoke(QUESTION), await chain.ainvoke(QUESTION), *chain.stream(QUESTION)):
        assert (quote.product, quote.price, quote.days) == ("Acme", 49, 14)
        where = quote.provenance["price"]
        assert (where.said, where.value, where.verdict, where.source.id) == (39, 49, "stale", "price list 2026")


def test_blocked_structured_output_is_a_violation(guard_under):
    """There is no refusal of that type."""
    chain = GuardedChatModel(inner=offering(), guard=guard_under("strict")).with_structured_output(Offer)
    with pytest.raises(GuardViolation):
        chain.invoke(QUESTION)


def test_arguments_are_changed_wherever_a_message_repeats_them(guard):
    """Providers keep a call in blocks and in extra fields too; a corrected one must not stand there uncorrected."""
    arguments = {"text": "The list price of Acme is $39."}
    said = AIMessage(
        [{"type": "tool_use", "id": "o1", "name": "Offer", "input": arguments}],
        tool_calls=[{"name": "Offer", "args": arguments, "id": "o1", "type": "tool_call"}],
        additional_kwargs={
            "tool_calls": [{"id": "o1", "type": "function", "function": {"name": "Offer", "arguments": str(arguments)}}]
        },
    )
    model = GuardedChatModel(inner=FixedMessage(said=said), guard=guard, shapes={"Offer": Offer})
    got = model.invoke(QUESTION)
    assert "$39" not in repr(got)
    assert got.content[0]["input"] == got.tool_calls[0]["args"] == {"text": "The list price of Acme is $49."}


class FixedMessage(BaseChatModel):
    """A model that always says one message."""

    said: Any

    @property
    def _llm_type(self) -> str:
        return "fixed"

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        return ChatResult(generations=[ChatGeneration(message=self.said.model_copy(deep=True))])


def test_what_a_client_parsed_is_checked_with_the_json_it_came_from(guard):
    """OpenAI's client puts the parsed object beside the text; parsers downstream take that."""
    offer = Offer(text="The list price of Acme is $39.")
    said = AIMessage(offer.model_dump_json(), additional_kwargs={"parsed": offer})
    got = GuardedChatModel(inner=FixedMessage(said=said), guard=guard).invoke(QUESTION)
    assert got.additional_kwargs["parsed"] == Offer(text="The list price of Acme is $49.")
    assert "$39" not in repr(got)


async def test_json_that_is_streamed_is_checked_as_data(guard):
    """An answer in JSON mode comes out as a whole, with its fields checked."""
    inner = ScriptedChatModel(replies=['{"Acme": {"list price": "$39"}, "note": "hello there"}'])
    for got in await every_way(GuardedChatModel(inner=inner, guard=guard)):
        assert got.content.replace(" ", "").startswith('{"Acme":{"listprice":"$49"}')


def test_a_model_that_hides_in_what_it_builds_is_an_error(guard):
    """Rather than an unguarded chain."""

    class Hiding(ScriptedChatModel):
        def with_structured_output(self, schema, **kwargs):
            return RunnableLambda(self.invoke)

    with pytest.raises(ConfigError, match="built a RunnableLambda in which it cannot be replaced"):
        GuardedChatModel(inner=Hiding(replies=[RAW]), guard=guard).with_structured_output(Offer)


# Streams that end early ----------------------------------------------------------------------------------------------


def recording(policy: str = "enforce") -> tuple[Guard, MemoryLog]:
    log = MemoryLog()
    kb = Knowledge.open(":memory:")
    kb.add("Acme", "list price", "$49", source="price list 2026")
    return Guard(knowledge=kb, policy=policy, log=log), log


@pytest.mark.parametrize("hold", ["sentence", "full"])
async def test_a_model_that_fails_half_way_shows_nothing_more(hold):
    """The error is the model's own; the half sentence before it stays unseen, and the record says so."""
    guard, log = recording()
    broken = Chunks(chunks=[*text("Let me see. ", "The list price ", "of Acme is $39"), OSError("connection lost")])
    model = GuardedChatModel(inner=broken, guard=guard, hold=hold)
    got = []
    with pytest.raises(OSError, match="connection lost"):
        note(model.stream(QUESTION), got)
    assert "".join(got) == ("Let me see. " if hold == "sentence" else "")
    with pytest.raises(OSError, match="connection lost"):
        await anote(model.astream(QUESTION), got)
    assert "$39" not in "".join(got)
    if hold == "sentence":
        assert all(any("connection lost" in notice for notice in report.notices) for report in log.reports)
        assert [report.output for report in log.reports] == ["Let me see. "] * 2


async def test_a_reader_who_leaves_closes_the_model(guard):
    """Early close and cancellation give the connection back and are no error."""
    inner = Chunks(chunks=text(*[f"I am glad to help you, friend {n}. " for n in range(50)]))
    model = GuardedChatModel(inner=inner, guard=guard)
    stream = model.stream(QUESTION)
    next(stream)
    stream.close()
    assert inner.closed == ["closed"]
    astream = model.astream(QUESTION)
    await anext(astream)
    await astream.aclose()
    gc.collect()
    await asyncio.sleep(0)
    assert len(inner.closed) == 2


async def test_a_cancelled_run_stops_the_model_inside(guard):
    """Cancellation reaches a model that hangs."""
    closed, begun = asyncio.Event(), asyncio.Event()

    class Hanging(Chunks):
        async def _astream(self, messages, stop=None, run_manager=None, **kwargs):
            try:
                yield ChatGenerationChunk(message=AIMessageChunk(content="The list price of Acme is $39"))
                begun.set()
                await asyncio.Event().wait()
            finally:
                closed.set()

    async def read():
        async for _ in GuardedChatModel(inner=Hanging(chunks=[]), guard=guard).astream(QUESTION):
            pytest.fail("nothing may come out")

    task = asyncio.create_task(read())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(closed.wait(), 5)


# Many at once --------------------------------------------------------------------------------------------------------


async def test_a_thousand_runs_at_once_do_not_mix():
    """Each run gets its own answer, verdicts and report, invoked or streamed."""
    kb = Knowledge.open(":memory:")
    for number in range(100):
        fact = kb.add(f"Part{number:03}", "list price", f"${number + 1000}", source="old list", valid_from="2025-01-01")
        kb.supersede(fact.id, f"${number + 5000}", valid_from="2026-01-01", source="new list")
    heard = []
    guard = Guard(knowledge=kb, log=None)

    def says(messages):
        number = int(messages[-1].text.split()[-1][4:7])
        return f"Sure. The list price of Part{number:03} is ${number + 1000}."

    model = GuardedChatModel(inner=ScriptedChatModel(replies=[says]), guard=guard, on_report=heard.append)

    async def run(number: int) -> tuple[str, str]:
        asked = f"What is the list price of Part{number % 100:03}"
        await asyncio.sleep(0)
        if number % 2:
            got = await model.ainvoke(asked)
        else:
            chunks = [chunk async for chunk in model.astream(asked)]
            got = reduce(add, chunks)
        return got.content, got.response_metadata["guardlayer"]["claims"][1]["current"]

    got = await asyncio.gather(*map(run, range(1000)))
    for number, (content, current) in enumerate(got):
        price = f"${number % 100 + 5000}"
        assert content == f"Sure. The list price of Part{number % 100:03} is {price}."
        assert current == f"Part{number % 100:03}, list price: {price}"
    assert len(heard) == 1000
    assert all(report.draft.question.split()[-1] in report.draft.text for report in heard)


async def test_each_way_reports_the_same(guard):
    """Sync and async, whole and streamed: the same question, claims and verdicts, each once."""
    with reports() as collected:
        await every_way(GuardedChatModel(inner=ScriptedChatModel(replies=[RAW]), guard=guard))
    seen = {
        (report.draft.text, report.draft.question, report.output, tuple((c.text, c.verdict) for c in report.claims))
        for report in collected
    }
    assert (len(collected), len(seen)) == (4, 1)
    assert collected[0].draft.question == QUESTION


# What frameworks ask of it -------------------------------------------------------------------------------------------


async def test_it_answers_for_the_model_inside(guard):
    """Names, parameters, tokens, tags and metadata, as tracers and agents ask for them."""

    class Named(ScriptedChatModel):
        model: str = "named-1"

        def get_num_tokens(self, text):
            return 7

        def _get_ls_params(self, stop=None, **kwargs):
            return {"ls_provider": "acme", "ls_model_name": self.model}

    seen = []

    class Watch(BaseCallbackHandler):
        def on_chat_model_start(self, serialized, messages, *, tags=None, metadata=None, **kwargs):
            seen.append((tags, metadata))

    inner = Named(replies=["Hello!"], tags=["t"], metadata={"tenant": "a"}, callbacks=[Watch()])
    model = GuardedChatModel(inner=inner, guard=guard)
    await every_way(model)
    assert len(seen) == 4, "one run each, not two"
    for tags, metadata in seen:
        assert tags == ["t"]
        assert (metadata["tenant"], metadata["ls_provider"], metadata["ls_model_name"]) == ("a", "acme", "named-1")
    assert (model.model_name, model._llm_type, model.get_num_tokens("x")) == ("named-1", "scripted", 7)
    assert not model.is_lc_serializable()
    assert GuardedChatModel(inner=FakeListChatModel(responses=["x"]), guard=guard).model_name == ""


async def test_the_rate_limiter_of_the_model_inside_is_asked_once_a_call(guard):
    """Streams included, where LangChain asks the outer model's."""
    taken = []

    class Counting(InMemoryRateLimiter):
        def acquire(self, *, blocking=True):
            taken.append("sync")
            return True

        async def aacquire(self, *, blocking=True):
            taken.append("async")
            return True

    inner = ScriptedChatModel(replies=["Hello!"], rate_limiter=Counting(requests_per_second=1))
    await every_way(GuardedChatModel(inner=inner, guard=guard))
    assert taken == ["sync", "async", "sync", "async"]


def test_a_cached_answer_is_checked_against_what_is_true_now():
    """The model inside caches what it said; a checked answer is never cached."""
    kb = Knowledge.open(":memory:")
    fact = kb.add("Acme", "list price", "$39", source="old list", valid_from="2025-01-01")
    inner = ScriptedChatModel(replies=["The list price of Acme is $39."], cache=InMemoryCache())
    model = GuardedChatModel(inner=inner, guard=Guard(knowledge=kb, log=None))
    assert model.invoke(QUESTION).content == "The list price of Acme is $39."
    kb.supersede(fact.id, "$49", valid_from="2026-01-01", source="new list")
    assert model.invoke(QUESTION).content == "The list price of Acme is $49."
    assert len(inner.seen) == 1
    with pytest.raises(ConfigError, match="cache= belongs to the model inside"):
        GuardedChatModel(inner=inner, guard=Guard(log=None), cache=True)


async def test_standard_content_blocks_are_kept(guard):
    """``output_version="v1"`` of the model inside holds for the guarded one."""
    inner = ScriptedChatModel(replies=[RAW], output_version="v1")
    for got in await every_way(GuardedChatModel(inner=inner, guard=guard)):
        assert [(block["type"], block["text"]) for block in got.content] == [("text", TRUE)]


def test_tools_bound_to_the_model_stay_bound_and_guarded(guard):
    """``bind_tools``, ``bind``, ``with_retry`` and ``with_config`` are built around the guarded model."""

    @tool
    def find(q: str) -> str:
        """Find."""
        return q

    model = GuardedChatModel(inner=ScriptedChatModel(replies=[RAW]), guard=guard)
    bound = model.bind_tools([find], tool_choice="any")
    assert bound.bound is model
    assert bound.kwargs["tools"][0]["function"]["name"] == "find"
    for built in (bound, model.bind(stop=["x"]), model.with_retry(), model.with_config(tags=["t"])):
        assert built.invoke(QUESTION).content == TRUE
        assert reduce(add, built.stream(QUESTION)).content == TRUE


def test_what_tools_returned_is_evidence(guard):
    """The conversation holds the sources; documents go before the text made of them."""
    inner = ScriptedChatModel(replies=["The Berlin office has 40 desks. The Rome office has 12 desks."])
    found = GuardedChatModel(inner=inner, guard=guard).invoke(
        [
            HumanMessage("How many desks?"),
            AIMessage("", tool_calls=[CALL]),
            ToolMessage("raw", tool_call_id="call_7", artifact=[Document("The Berlin office has 40 desks.", id="d1")]),
            ToolMessage("The Rome office has 14 desks.", tool_call_id="call_8"),
        ]
    )
    claims = found.response_metadata["guardlayer"]["claims"]
    assert [claim["verdict"] for claim in claims] == ["supported", "contradicted"]
    assert claims[0]["sources"] == ["d1"]


def test_guard_wrap_makes_one_of_a_chat_model_bound_or_not(guard):
    """``guard.wrap(model)``: the guard goes inside."""
    inner = ScriptedChatModel(replies=[RAW])
    model = guard.wrap(inner, hold="full")
    assert isinstance(model, GuardedChatModel)
    assert model.hold == "full"
    bound = guard.wrap(inner.bind_tools([]))
    assert isinstance(bound.bound, GuardedChatModel)
    assert bound.invoke(QUESTION).content == TRUE
    assert isinstance(guard.wrap(inner | RunnableLambda(str)), GuardedRunnable)
    with pytest.raises(ConfigError, match="unknown option 'question' for a chat model"):
        guard.wrap(inner, question="q")


def test_wrong_arguments_are_named(guard):
    """Mistakes show when the model is made."""
    with pytest.raises(ConfigError, match=r"guard= takes a guardlayer\.Guard, not a str"):
        GuardedChatModel(inner=ScriptedChatModel(replies=[RAW]), guard="enforce")
    assert Action.CORRECT == "correct"
