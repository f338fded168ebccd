"""GuardedLLM: what reaches the model, what comes back, and what stays as it was."""

import asyncio
import itertools
import traceback
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given, settings, strategies
from llama_index.core.base.llms.types import CitationBlock, TextBlock
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.span_handlers import SimpleSpanHandler
from llama_index.core.llms import ChatMessage, ChatResponse
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.structured_llm import StructuredLLM
from llama_index.core.program import FunctionCallingProgram
from llama_index.core.prompts import ChatPromptTemplate, PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

from guardlayer import Guard, Knowledge
from guardlayer.errors import ConfigError, GuardViolation, ResponseTypeError
from guardlayer.slots import Sourced, provenance_of
from guardlayer.testing.fakes import MemoryLog
from guardlayer.wrapping import Asked, Options, reports
from llama_index_guardlayer import GuardedLLM
from llama_index_guardlayer.holding import Session, by_sentence
from llama_index_guardlayer.messages import templated_query
from llama_index_guardlayer.raws import redacted
from llama_index_guardlayer.speech import ChatSpeech
from llama_index_guardlayer.veil import Veil

RAW = "The list price of Acme is $39. I hope this helps."
TRUE = "The list price of Acme is $49. I hope this helps."
QUESTION = "What is the list price of Acme?"
ASKED = [ChatMessage(role="user", content=QUESTION)]


KNOWN = Knowledge.open(":memory:")
KNOWN.add("Acme", "list price", "$49", source="price list 2026")
GUARD = Guard(knowledge=KNOWN, log=None)


class Offer(BaseModel):
    text: str
    seats: int = 1


def lookup(name: str) -> str:
    """Look something up."""
    return f"{name} sells anvils."


TOOL = FunctionTool.from_defaults(lookup)


def test_it_calls_functions_where_the_inner_model_does(fakes, guard):
    """Agents and programs ask for the class, so it is the inner model's."""
    assert isinstance(GuardedLLM(inner=fakes.Caller(script=[RAW]), guard=guard), FunctionCallingLLM)
    plain = GuardedLLM(inner=fakes.Completer(script=[RAW]), guard=guard)
    assert isinstance(plain, GuardedLLM)
    assert not isinstance(plain, FunctionCallingLLM)
    assert plain.metadata == plain.inner.metadata
    assert plain.model_copy().complete(QUESTION).text == TRUE


def test_the_settings_of_the_inner_model_are_its_own(fakes, guard):
    """Prompts are made as they were without the guard."""
    inner = fakes.Completer(script=[RAW], system_prompt="Be brief.", completion_to_prompt=lambda prompt: f"<{prompt}>")
    guarded = GuardedLLM(inner=inner, guard=guard)
    assert guarded.predict(PromptTemplate("What does {x} cost?"), x="Acme") == TRUE
    assert inner.predict(PromptTemplate("What does {x} cost?"), x="Acme") == RAW
    assert inner.heard[0] == inner.heard[1]
    assert "Be brief." in inner.heard[0]


def test_ids_usage_and_finish_reasons_stay_and_words_do_not(fakes, guard):
    """The provider's own object is a copy with the checked words; token counts and codes are as they were."""
    inner = fakes.Caller(script=[RAW])
    response = GuardedLLM(inner=inner, guard=guard).chat(ASKED)
    assert response.message.content == TRUE
    assert response.raw == {
        "id": "chat-1",
        "choices": [{"message": {"content": TRUE}, "finish_reason": "stop"}],
        "usage": fakes.usage(RAW),
    }
    found = response.additional_kwargs.pop("guardlayer")
    assert response.additional_kwargs == fakes.usage(RAW)
    assert found[0]["action"] == "correct"
    unchanged = fakes.Caller(script=[TRUE]).chat(ASKED)
    same = GuardedLLM(inner=fakes.Caller(script=[TRUE]), guard=guard).chat(ASKED)
    assert same.raw == unchanged.raw


def test_citations_stand_where_the_checked_text_has_them(fakes, guard):
    """The source of a correction is cited at its sentence, in offsets of what is shown."""
    message = GuardedLLM(inner=fakes.Caller(script=[RAW]), guard=guard).chat(ASKED).message
    (cited,) = [block for block in message.blocks if isinstance(block, CitationBlock)]
    place = cited.additional_location_info
    assert message.content[place["start_index"] : place["end_index"]] == "The list price of Acme is $49."
    assert (cited.source, cited.cited_content.text) == ("price list 2026", "$49")
    *_, last = GuardedLLM(inner=fakes.Caller(script=["Hello. " + RAW]), guard=guard).stream_chat(ASKED)
    (streamed,) = [block for block in last.message.blocks if isinstance(block, CitationBlock)]
    place = streamed.additional_location_info
    assert last.message.content[place["start_index"] : place["end_index"]] == "The list price of Acme is $49."


def test_the_text_of_a_cited_message_can_be_set(fakes, guard):
    """As chat engines do with the messages they remember; citations stay."""
    message = GuardedLLM(inner=fakes.Caller(script=[RAW]), guard=guard).chat(ASKED).message
    message.content = TRUE.strip()
    assert (message.content, len(message.blocks)) == (TRUE, 2)
    assert ChatMessage.model_validate(message.model_dump()).blocks == message.blocks


def test_our_citations_are_kept_from_the_model(fakes, guard):
    """Most integrations refuse a conversation with citation blocks, so a second turn must not hold any."""

    class Strict(fakes.Caller):
        def _next(self, messages):
            assert all(isinstance(block, TextBlock) for message in messages for block in message.blocks)
            return super()._next(messages)

    guarded = GuardedLLM(inner=Strict(script=[RAW]), guard=guard)
    first = guarded.chat(ASKED)
    assert len(first.message.blocks) == 2
    guarded.chat([*ASKED, first.message, ChatMessage(role="user", content="Are you sure?")])
    assert len(first.message.blocks) == 2


async def test_each_stream_item_has_a_delta_and_the_text_so_far(fakes, guard):
    """Both are recomputed; together the deltas are the text."""
    guarded = GuardedLLM(inner=fakes.Caller(script=[RAW]), guard=guard)
    streams = [list(guarded.stream_chat(ASKED)), [item async for item in await guarded.astream_chat(ASKED)]]
    for items in streams:
        assert [item.delta for item in items] == ["The list price of Acme is $49. ", "I hope this helps."]
        so_far = ""
        for item in items:
            so_far += item.delta
            assert item.message.content == so_far
        assert items[-1].raw == {"id": "chat-1", "usage": fakes.usage(RAW)}
        assert items[-1].additional_kwargs["guardlayer"][0]["action"] == "correct"
        assert "guardlayer" not in items[0].additional_kwargs


async def test_tool_calls_are_those_of_the_model(fakes, guard):
    """Names, ids and arguments, also beside text; a message that only calls tools is not checked."""
    call = {"name": "lookup", "args": {"name": "$39"}}
    for line, said in ((call, None), ({**call, "text": RAW}, TRUE)):
        bare = fakes.Caller(script=[line])
        guarded = GuardedLLM(inner=fakes.Caller(script=[line]), guard=guard)
        with reports() as collected:
            answers = [
                guarded.chat_with_tools([TOOL], QUESTION),
                await guarded.achat_with_tools([TOOL], QUESTION),
                list(guarded.stream_chat_with_tools([TOOL], QUESTION))[-1],
                [item async for item in await guarded.astream_chat_with_tools([TOOL], QUESTION)][-1],
            ]
        wanted = bare.get_tool_calls_from_response(bare.chat_with_tools([TOOL], QUESTION))
        assert len(wanted) == 1
        for answer in answers:
            assert guarded.get_tool_calls_from_response(answer) == wanted
            assert answer.message.content == said
        assert len(collected) == (4 if said else 0)


def test_what_the_model_does_is_no_text_wherever_it_is_kept(fakes, guard):
    """Arguments of calls stay, in the provider's object too, even where the text says the same words."""
    said = "The list price of Acme is $39. Let me look up Acme Anvil."
    kept = {"tool_calls": [{"id": "c", "arguments": {"name": "Acme Anvil"}}], "thinking_delta": None}
    raw = {
        "content": [{"type": "text", "text": said}, {"type": "tool_use", "id": "c", "input": {"name": "Acme Anvil"}}]
    }

    class Both(fakes.Caller):
        def chat(self, messages, **kwargs):
            message = ChatMessage(role="assistant", content=said, additional_kwargs=kept)
            return ChatResponse(message=message, raw=raw, additional_kwargs={"service_tier": "low cost"})

    response = GuardedLLM(inner=Both(script=[]), guard=guard).chat(ASKED)
    assert response.message.additional_kwargs == kept
    assert response.raw["content"][1] == raw["content"][1]
    assert response.raw["content"][0]["text"] == said.replace("$39", "$49")
    assert response.additional_kwargs["service_tier"] == "low cost"


@given(data=strategies.data())
@settings(max_examples=25)
def test_chunks_may_be_cut_anywhere_and_mixed_with_anything(data):
    """Deltas add up to the text, each item has the text so far, and what is no text comes through in order."""
    text = "Hello. " + RAW + " Bye."
    cuts = sorted(data.draw(strategies.sets(strategies.integers(1, len(text) - 1), max_size=12)))
    pieces = [text[a:b] for a, b in itertools.pairwise([0, *cuts, len(text)])]
    noise = data.draw(strategies.sets(strategies.integers(0, len(pieces)), max_size=4))
    items, so_far = [], ""
    for place, piece in enumerate([*pieces, ""]):
        if place in noise:
            extra = {"thinking_delta": f"thought {place}"}
            items.append(
                ChatResponse(message=ChatMessage(role="assistant", content=so_far), delta="", additional_kwargs=extra)
            )
        so_far += piece
        items.append(ChatResponse(message=ChatMessage(role="assistant", content=so_far), delta=piece))
    session = Session(GUARD, Asked(question=QUESTION), Options())
    out = list(by_sentence(lambda: iter(items), ChatSpeech(), session, Veil()))
    shown = ""
    for item in out:
        shown += item.delta
        assert item.message.content == shown
        assert "$39" not in shown
    assert shown == "Hello. " + TRUE + " Bye."
    thoughts = [item.additional_kwargs.get("thinking_delta") for item in out]
    assert [thought for thought in thoughts if thought] == [f"thought {place}" for place in sorted(noise)]


_LEAVES = strategies.one_of(
    strategies.sampled_from([RAW, f"<{RAW}>", "The list price", "price", "stop", "gpt-4 mini", "id 7", ""]),
    strategies.integers(),
    strategies.none(),
)
_RAWS = strategies.recursive(
    _LEAVES,
    lambda inner: strategies.one_of(
        strategies.lists(inner, max_size=3),
        strategies.dictionaries(
            strategies.sampled_from(["content", "text", "id", "model", "delta", "usage"]), inner, max_size=4
        ),
    ),
)


@given(raw=_RAWS)
def test_a_providers_object_keeps_all_but_the_words(raw, request):
    """Nothing of the text is left in a copy of it, whatever it is made of, and what is no text is left."""
    fakes = request.getfixturevalue("fakes")
    after = redacted(raw, RAW, TRUE)
    left = fakes.texts({"raw": after})
    assert not any("$39" in text for text in left)
    assert not any(" " in text and text in RAW and text not in TRUE for text in left)
    kept = {"stop", "gpt-4 mini", "id 7"}
    assert [text for text in left if text in kept] == [text for text in fakes.texts({"raw": raw}) if text in kept]
    assert redacted(raw, RAW, RAW) is raw


@pytest.mark.parametrize("deltas", ["none", "late"])
def test_streams_that_only_tell_the_text_so_far(fakes, guard, deltas):
    """Some models send no deltas, some send the end of the text only in their last item; none of it is lost."""

    class Cumulative(fakes.Caller):
        def stream_chat(self, messages, **kwargs):
            for item in self._items(messages):
                late = deltas == "late" and not item.message.content.endswith("helps.")
                yield ChatResponse(message=item.message, delta=item.delta if late else None if deltas == "none" else "")

    items = list(GuardedLLM(inner=Cumulative(script=[RAW]), guard=guard).stream_chat(ASKED))
    assert "".join(item.delta for item in items) == TRUE
    assert items[-1].message.content == TRUE


def test_the_query_is_read_out_of_the_frameworks_own_prompts():
    """At the end of the prompt, where the template has it; any other prompt is the question itself."""
    templated = "Context information is below.\nQuery: wrong one\nAnswer: x\n---\nQuery: What is it?\nAnswer: "
    assert templated_query(templated) == "What is it?"
    assert templated_query("Query: What?\nAnswer:") == "What?"
    for other in ("What is it?", "Answer:", "\nAnswer:", "Query: \nAnswer:", "Query: x\nAnswer: y", ""):
        assert templated_query(other) == other
    assert len(templated_query("\nQuery: a" * 50_000)) == 9 * 50_000


def test_tools_are_called_as_without_a_guard(fakes, guard):
    """``predict_and_call`` works, and what the tool returns is its own."""
    inner = fakes.Caller(script=[{"name": "lookup", "args": {"name": "Acme"}}])
    assert str(GuardedLLM(inner=inner, guard=guard).predict_and_call([TOOL], QUESTION)) == "Acme sells anvils."


def test_a_conversation_is_question_turns_and_evidence(fakes, guard):
    """The last user message is asked; what tools returned is evidence, under the name of its call."""
    conversation = [
        ChatMessage(role="system", content="Be brief."),
        ChatMessage(role="user", content="Hello"),
        ChatMessage(role="chatbot", content="Hi"),
        ChatMessage(role="user", content="Context information is below.\n---\nx\n---\nQuery: What is it?\nAnswer: "),
        ChatMessage(role="tool", content="It is an anvil.", additional_kwargs={"tool_call_id": "c1"}),
    ]
    with reports() as collected:
        GuardedLLM(inner=fakes.Caller(script=["It is an anvil."]), guard=guard).chat(conversation)
    draft = collected[0].draft
    assert draft.question == "What is it?"
    assert [(turn.role, turn.text) for turn in draft.turns] == [
        ("system", "Be brief."),
        ("user", "Hello"),
        ("assistant", "Hi"),
    ]
    assert [(piece.text, piece.source.id) for piece in draft.evidence] == [("It is an anvil.", "tool:c1")]


async def test_asking_again_adds_up_the_usage_and_tells_the_model_why(fakes, guard_under):
    """What was wrong is the last thing the model hears; the rejected words are not repeated to anybody else."""
    inner = fakes.Caller(script=[RAW, TRUE, RAW, TRUE])
    guarded = GuardedLLM(inner=inner, guard=guard_under("retry"))
    for response in (guarded.chat(ASKED), await guarded.achat(ASKED)):
        assert response.message.content == TRUE
        assert response.additional_kwargs["total_tokens"] == 2 * fakes.usage(RAW)["total_tokens"]
    assert [len(heard) for heard in inner.heard] == [1, 2, 1, 2]
    assert "$49" in inner.heard[1][-1]


def test_the_last_answer_is_judged_strictly(fakes, guard_under):
    """A model that will not learn is not believed in the end: retrying fails closed."""
    inner = fakes.Caller(script=[RAW])
    response = GuardedLLM(inner=inner, guard=guard_under("retry"), hold="full").chat(ASKED)
    assert response.message.content.startswith("This answer was withheld")
    assert response.additional_kwargs["finish_reason"] == "content_filter"
    assert len(inner.heard) == 3


def test_a_stream_by_sentence_cannot_be_asked_again_and_says_so(fakes, guard_under):
    """What was shown stays; the rest is redacted instead, with a notice."""
    guarded = GuardedLLM(inner=fakes.Caller(script=["Hello there. " + RAW]), guard=guard_under("retry"))
    with reports() as collected:
        text = "".join(item.delta for item in guarded.stream_chat(ASKED))
    assert text.startswith("Hello there. [removed")
    assert text.endswith("I hope this helps.")
    assert any("ask the model again" in notice for notice in collected[0].notices)


@pytest.mark.parametrize("hold", ["sentence", "full"])
async def test_a_model_that_fails_half_way_has_said_only_what_was_checked(fakes, guard, hold):
    """The error is the model's own; the held sentence is nobody's."""

    class Failing(fakes.Caller):
        def _items(self, messages):
            for item in super()._items(messages):
                if item.message.content.endswith("this "):
                    raise OSError("connection lost")
                yield item

    guarded = GuardedLLM(inner=Failing(script=["Hello there. " + RAW]), guard=guard, hold=hold)
    seen: list[str] = []

    def read():
        for item in guarded.stream_chat(ASKED):
            seen.append(item.delta)  # noqa: PERF401 - what was read before the error counts

    async def aread():
        async for item in await guarded.astream_chat(ASKED):
            seen.append(item.delta)  # noqa: PERF401 - likewise

    with pytest.raises(OSError, match="connection lost"):
        read()
    with pytest.raises(OSError, match="connection lost"):
        await aread()
    shown = ["Hello there. ", "The list price of Acme is $49. "] if hold == "sentence" else []
    assert seen == 2 * shown


async def test_leaving_early_and_cancelling_close_the_models_stream(fakes, guard):
    """Nothing goes on behind the reader's back, and the report says what was shown."""
    inner = fakes.Caller(script=["Hello there. " + RAW])
    guarded = GuardedLLM(inner=inner, guard=guard)
    with reports() as collected:
        stream = guarded.stream_chat(ASKED)
        assert next(stream).delta == "Hello there. "
        stream.close()
        astream = await guarded.astream_chat(ASKED)
        assert (await anext(astream)).delta == "Hello there. "
        await astream.aclose()

        async def read():
            async for _ in await guarded.astream_chat(ASKED):
                await asyncio.sleep(10)

        task = asyncio.create_task(read())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        del task
    while len(inner.closed) < 3:  # the loop closes what was left behind when it next comes to it
        await asyncio.sleep(0.01)
    assert all("helps" not in text for text in inner.closed)
    assert [report.output for report in collected[:2]] == ["Hello there. "] * 2


def test_structured_prediction_is_checked_by_its_fields(fakes, guard):
    """The object keeps its class; a program made for the model is guarded too, and partial objects are not shown."""
    line = {"name": "Offer", "args": {"text": "The list price of Acme is $39.", "seats": 3}}
    guarded = GuardedLLM(inner=fakes.Caller(script=[line]), guard=guard)
    wanted = Offer(text="The list price of Acme is $49.", seats=3)
    prompt = PromptTemplate("Offer {x}")
    assert guarded.structured_predict(Offer, prompt, x="Acme") == wanted
    assert list(guarded.stream_structured_predict(Offer, prompt, x="Acme")) == [wanted]
    program = FunctionCallingProgram.from_defaults(Offer, prompt=prompt, llm=guarded)
    assert program(x="Acme") == wanted
    structured = guarded.as_structured_llm(Offer).chat(ASKED)
    assert structured.raw == wanted
    assert Offer.model_validate_json(structured.message.content) == wanted


async def test_structured_prediction_awaited(fakes, guard, guard_under):
    """The same, without blocking; a blocked object has no refusal and raises."""
    line = {"name": "Offer", "args": {"text": "The list price of Acme is $39."}}
    wanted = Offer(text="The list price of Acme is $49.")
    prompt = ChatPromptTemplate([ChatMessage(role="user", content="Offer {x}")])
    guarded = GuardedLLM(inner=fakes.Caller(script=[line]), guard=guard)
    assert await guarded.astructured_predict(Offer, prompt, x="Acme") == wanted
    assert [one async for one in await guarded.astream_structured_predict(Offer, prompt, x="Acme")] == [wanted]
    assert await FunctionCallingProgram.from_defaults(Offer, prompt=prompt, llm=guarded).acall(x="Acme") == wanted
    strict = GuardedLLM(inner=fakes.Caller(script=[line]), guard=guard_under("strict"))
    with pytest.raises(GuardViolation):
        await strict.astructured_predict(Offer, prompt, x="Acme")


def test_sourced_fields_are_checked_by_key(fakes, guard):
    """A number says nothing as text: the field's key finds the current value, and its provenance stays with it."""

    class Quote(BaseModel):
        product: str
        price: Annotated[Decimal, Sourced("{product}", "list price")]

    line = {"name": "Quote", "args": {"product": "Acme", "price": 39}}
    guarded = GuardedLLM(inner=fakes.Caller(script=[line]), guard=guard)
    program = FunctionCallingProgram.from_defaults(Quote, prompt=PromptTemplate("Quote {x}"), llm=guarded)
    for quote in (guarded.structured_predict(Quote, PromptTemplate("Quote {x}"), x="Acme"), program(x="Acme")):
        assert quote.price == Decimal(49)
        assert provenance_of(quote)["price"].source.id == "price list 2026"


def test_a_prediction_that_failed_does_not_quote_the_model(fakes, guard):
    """LlamaIndex's error repeats the answer that is no object; nobody has checked that."""
    inner = fakes.Caller(script=[RAW])
    with pytest.raises((ValueError, LookupError)):  # quoting the answer, since 0.14
        inner.structured_predict(Offer, PromptTemplate("Offer"))
    with pytest.raises(ResponseTypeError, match=r"no Offer \(\w+Error\).*withheld") as caught:
        GuardedLLM(inner=inner, guard=guard).structured_predict(Offer, PromptTemplate("Offer"))
    assert "$39" not in "".join(traceback.format_exception(caught.value))


def test_structured_prediction_is_asked_again_in_the_prompts_own_words(fakes, guard_under):
    """Braces in values stay braces, and what was wrong comes after what was asked."""
    lines = [{"name": "Offer", "args": {"text": text}} for text in (RAW, "Acme costs what it costs, ask us.")]
    inner = fakes.Caller(script=lines)
    guarded = GuardedLLM(
        inner=inner, guard=guard_under({"extends": "enforce", "retries": 1, "actions": {"fact.stale": "retry"}})
    )
    guarded.structured_predict(Offer, PromptTemplate("Offer {x}"), x="{Acme}")
    assert inner.heard[0] == ["Offer {Acme}"]
    assert inner.heard[1][0] == "Offer {Acme}"
    assert "$49" in inner.heard[1][1]


async def test_a_thousand_conversations_at_once_are_not_mixed_up(fakes):
    """Each gets its own answer and its own verdicts, and each is recorded once."""
    knowledge = Knowledge.open(":memory:")
    for number in range(1000):
        knowledge.add(f"Thing{number:04}", "list price", f"${number + 1}", source="prices")

    class Echo(fakes.Caller):
        async def achat(self, messages, **kwargs):
            await asyncio.sleep(0)
            name = messages[-1].content
            return ChatResponse(message=ChatMessage(role="assistant", content=f"The list price of {name} is $5000."))

    log = MemoryLog()
    guarded = GuardedLLM(inner=Echo(script=[]), guard=Guard(knowledge=knowledge, log=log))

    async def ask(number: int) -> tuple[str | None, list[Any]]:
        with reports() as collected:
            response = await guarded.achat([ChatMessage(role="user", content=f"Thing{number:04}")])
        assert [report.draft.question for report in collected] == [f"Thing{number:04}"]
        return response.message.content, response.additional_kwargs["guardlayer"]

    answers = await asyncio.gather(*(ask(number) for number in range(1000)))
    for number, (text, found) in enumerate(answers):
        assert text == f"The list price of Thing{number:04} is ${number + 1}."
        assert f"Thing{number:04}" in found[0]["verdicts"][0]["claim"]
    assert len(log.reports) == 1000


def test_spans_see_what_the_inner_model_returned(fakes, guard):
    """The one exception: a span handler is handed return values, and LlamaIndex has no place to stand between."""
    kept = []

    class Spans(SimpleSpanHandler):
        def prepare_to_exit_span(self, id_, bound_args, instance=None, result=None, **kwargs):
            kept.append((id_.partition("-")[0], fakes.texts(result)))
            return super().prepare_to_exit_span(id_, bound_args, instance, result, **kwargs)

    root, handler = get_dispatcher(), Spans()
    root.add_span_handler(handler)
    try:
        GuardedLLM(inner=fakes.Caller(script=[RAW]), guard=guard).chat(ASKED)
    finally:
        root.span_handlers = [one for one in root.span_handlers if one is not handler]
    seen = {name: any("$39" in text for text in found) for name, found in kept}
    assert seen["Caller.chat"]
    assert not any(leaked for name, leaked in seen.items() if name != "Caller.chat")


def test_the_bus_is_told_of_every_report_and_its_errors_change_nothing(fakes, guard, ear):
    """Events inform; a handler that raises stops nobody, so nothing is enforced by them."""

    class Raising(type(ear)):
        def handle(self, event, **_):
            raise ValueError("block")

    root, raising = get_dispatcher(), Raising()
    root.add_event_handler(raising)
    try:
        assert GuardedLLM(inner=fakes.Caller(script=[RAW]), guard=guard).chat(ASKED).message.content == TRUE
    finally:
        root.event_handlers = [one for one in root.event_handlers if one is not raising]
    (told,) = [report for name, report in ear.heard if name == "verdict"]
    assert told["outcome"] == "findings"


def test_usage_is_reported_once_to_those_who_count_it(fakes, guard, old_ear):
    """The inner call is told without its content, so that a token counter does not count it twice."""
    manager = fakes.manager([old_ear])
    GuardedLLM(inner=fakes.Caller(script=[RAW], callback_manager=manager), guard=guard).chat(ASKED)
    assert sum(TRUE in found for _, found in old_ear.heard) == 1


def test_wrong_arguments_are_named(fakes, guard):
    """Mistakes show when the model is made."""
    inner = fakes.Caller(script=[RAW])
    with pytest.raises(ConfigError, match="inner= takes a LlamaIndex LLM, not a str"):
        GuardedLLM(inner="gpt", guard=guard)
    with pytest.raises(ConfigError, match=r"guard= takes a guardlayer\.Guard, not a str"):
        GuardedLLM(inner=inner, guard="enforce")
    with pytest.raises(ConfigError, match="hold='word' is not known"):
        GuardedLLM(inner=inner, guard=guard, hold="word")
    with pytest.raises(ConfigError, match="as_structured_llm"):
        GuardedLLM(inner=StructuredLLM(llm=inner, output_cls=Offer), guard=guard)
    with pytest.raises(ConfigError, match="unknown option 'question' for a language model"):
        guard.wrap(inner, question="q")
    assert isinstance(guard.wrap(inner, hold="full"), GuardedLLM)
