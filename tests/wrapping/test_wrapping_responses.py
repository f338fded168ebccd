"""The types responses come in: each is copied, never changed, and comes back as what it was."""

import copy
import dataclasses
import enum
import sys
from collections import OrderedDict
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import openai.types.chat as chat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ParsedChatCompletion
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, RootModel, model_validator

from guardlayer.errors import GuardViolation, ResponseTypeError
from guardlayer.types import Action, Edit
from guardlayer.wrapping import Options, decorate, open_response, reports
from guardlayer.wrapping.exchange import spread
from guardlayer.wrapping.fields import rebuild, to_json

RAW, TRUE = "The rate is 9%.", "The rate is 4%."


def guarded(checker, value, **options):
    """What a guarded function that returns ``value`` returns; ``value`` itself must not change."""
    before = copy.deepcopy(value)
    got = decorate(checker, lambda: value, **options)()
    assert value == before, "the response was mutated"
    return got


class Offer(BaseModel):
    model_config = ConfigDict(frozen=True)
    text: str = Field(alias="Text")
    rate: Decimal
    tags: list[str] = []
    _cache: int = PrivateAttr(default=0)


class Pair(NamedTuple):
    name: str
    rate: str


@dataclasses.dataclass(frozen=True, slots=True)
class Quote:
    rate: str
    lines: tuple[str, ...] = ()


class Tone(enum.StrEnum):
    WARM = "warm"


# Structured ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [RAW], "b": True, "c": None}, {"a": [TRUE], "b": True, "c": None}),
        ([RAW, 4], [TRUE, 4]),
        ((RAW, "x"), (TRUE, "x")),
        (Pair("fee", "9%"), Pair("fee", "4%")),
        (Quote("9%", ("9%", "ok")), Quote("4%", ("4%", "ok"))),
        (OrderedDict(b=RAW, a="x"), OrderedDict(b=TRUE, a="x")),
        ({"n": 9, "f": Decimal(9), 3: "9%"}, {"n": 4, "f": Decimal(4), 3: "4%"}),
        ({"tone": Tone.WARM, "text": RAW}, {"tone": Tone.WARM, "text": TRUE}),
        ({"a/b": {"~": "9%"}}, {"a/b": {"~": "4%"}}),
    ],
)
def test_structured_values_come_back_as_their_type(checker, value, expected):
    """A corrected leaf keeps its type, and so does everything around it."""
    got = guarded(checker, value)
    assert got == expected
    assert type(got) is type(value)
    if isinstance(value, dict):
        assert {key: type(part) for key, part in got.items()} == {key: type(part) for key, part in value.items()}


def test_what_did_not_change_is_the_same_object(checker):
    """Nothing is copied that need not be."""
    untouched = {"deep": ["fine"]}
    value = {"a": untouched, "b": RAW}
    assert guarded(checker, untouched) is untouched
    assert decorate(checker, lambda: value)()["a"] is untouched


def test_a_pydantic_model_keeps_its_type_private_state_and_validation(checker):
    """Aliases, frozen models and private attributes survive; the changed field is validated."""
    offer = Offer(Text=RAW, rate=Decimal(9), tags=["new"])
    offer._cache = 7
    got = decorate(checker, lambda: offer)()
    assert got.model_dump() == {"text": TRUE, "rate": Decimal(4), "tags": ["new"]}
    assert (type(got), type(got.rate), got._cache, got.tags is offer.tags) == (Offer, Decimal, 7, True)
    assert (offer.text, offer.rate) == (RAW, Decimal(9))


def test_validators_run_on_the_changed_model(checker):
    """A field derived by a validator follows the field it is derived from."""

    class Derived(BaseModel):
        rate: str
        label: str = ""

        @model_validator(mode="after")
        def derive(self):
            object.__setattr__(self, "label", f"at {self.rate[0]} in a hundred")
            return self

    assert guarded(checker, Derived(rate="9%")).label == "at 4 in a hundred"


def test_nested_models_root_models_and_extra_fields(checker):
    """Models in lists in models, models that are a list, and fields nobody declared."""

    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")
        offers: list[Offer]

    class Many(RootModel[list[str]]):
        pass

    got = guarded(checker, Open(offers=[Offer(Text=RAW, rate=4)], note=RAW))
    assert (got.offers[0].text, got.note) == (TRUE, TRUE)
    assert guarded(checker, Many([RAW])).root == [TRUE]


def test_a_value_that_no_longer_validates_is_a_violation_that_says_where(checker):
    """A correction that the type cannot hold is never squeezed in or dropped."""

    class Narrow(BaseModel):
        rate: Literal["9%", "8%"]

    with pytest.raises(
        GuardViolation, match=r"as a Narrow, since /rate: '4%' is no value its Narrow accepts"
    ) as caught:
        guarded(checker, Narrow(rate="9%"))
    assert caught.value.report.action is Action.CORRECT


def test_a_redacted_field_is_none_where_its_type_allows(checker_under):
    """Redaction in structured output is null: fine for an optional field, a violation for a required one."""

    class Fields(BaseModel):
        maybe: str | None = None
        must: str = ""

    checker = checker_under({"actions": {"*.stale": "redact"}})
    assert guarded(checker, Fields(maybe=RAW)).maybe is None
    assert guarded(checker, {"a": [RAW, "x"]}) == {"a": [None, "x"]}
    with pytest.raises(GuardViolation, match="/must"):
        guarded(checker, Fields(must=RAW))


def test_blocked_structured_output_raises_since_there_is_no_refusal_of_that_type(checker_under):
    """A refusal sentence is not a dict: the violation carries the report instead."""
    with pytest.raises(GuardViolation) as caught:
        guarded(checker_under("strict"), {"rate": "9%"})
    assert caught.value.report.action is Action.BLOCK


def test_annotations_of_structured_output_stay_in_the_report(checker_under):
    """Marks in a value would change what programs read."""
    checker = checker_under("annotate")
    with reports() as collected:
        value = {"rate": "9%"}
        assert guarded(checker, value) is value
    assert collected[0].action is Action.ANNOTATE


def test_documents_beside_an_answer_are_evidence_and_come_back_as_they_are(checker):
    """The usual shape of a retrieval chain: what was retrieved is not what the model said."""
    value = {"answer": RAW, "context": [Document("The rate is 9%.")]}
    assert guarded(checker, value) == value
    assert checker.asked[0]["evidence"] == tuple(value["context"])
    assert checker.asked[0]["data"] == {"answer": RAW, "context": [None]}


def test_in_a_graph_state_only_the_models_messages_are_claims(checker):
    """The user's words and tool outputs are not the model's."""
    state = {"messages": [HumanMessage(RAW), ToolMessage(RAW, tool_call_id="1"), AIMessage(RAW, id="m")]}
    got = guarded(checker, state)
    assert [message.content for message in got["messages"]] == [RAW, RAW, TRUE]
    assert got["messages"][2].id == "m"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, r"returned a int, which guardlayer cannot read; pass extract= \(int -> text\)"),
        (b"9%", "returned a bytes"),
        (object(), r"extract= \(object -> text\) and replace= \(object, text -> object\)"),
        ({"a": {1, 2}}, "/a holds a set"),
        ({"a": [object()]}, "/a/0 holds a object"),
        ({1: "x", "1": "y"}, "two keys that read '1'"),
        (Tone.WARM, "Tone"),
        (Document("text"), "langchain_core.documents.base.Document"),
    ],
)
def test_an_unknown_type_is_an_error_that_names_the_way_out(checker, value, message):
    """What cannot be read is never passed on unchecked."""
    with pytest.raises(ResponseTypeError, match=message):
        decorate(checker, lambda: value)()


def test_a_value_that_holds_itself_is_an_error_not_a_crash(checker):
    """No recursion without end."""
    value: list[Any] = []
    value.append(value)
    with pytest.raises(ResponseTypeError, match="holds itself"):
        decorate(checker, lambda: value)()


def test_the_error_names_the_function(checker):
    """In a program with many guarded functions one wants to know which."""
    with pytest.raises(
        ResponseTypeError, match=r"test_the_error_names_the_function.<locals>.<lambda>\(\) returned a float"
    ):
        decorate(checker, lambda: 9.0)()


def test_extract_and_replace_read_any_type(checker):
    """A type of one's own is two functions away; extract may say that nothing was said."""

    @dataclasses.dataclass
    class Mine:
        body: str | None

    options = {"extract": lambda mine: mine.body, "replace": lambda mine, text: Mine(text)}
    assert guarded(checker, Mine(RAW), **options) == Mine(TRUE)
    silent = Mine(None)
    assert guarded(checker, silent, **options) is silent
    stream = decorate(checker, lambda: iter([Mine("The rate is "), Mine("9%"), Mine("...")]), **options)
    assert list(stream()) == [Mine("The rate is "), Mine("4%"), Mine("...")]
    with pytest.raises(ResponseTypeError, match="extract= returned a int"):
        guarded(checker, Mine(""), extract=lambda mine: 3, replace=lambda mine, text: mine)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_json_says_itself(value):
    """On plain JSON values reading is the identity, and rebuilding without a change returns the very value."""
    assert to_json(value) == value
    assert rebuild(value, to_json(value), to_json(value)) is value


@given(
    st.dictionaries(st.text(max_size=3), st.lists(st.text(max_size=4), min_size=1, max_size=3), min_size=1), st.data()
)
def test_rebuilding_changes_the_leaves_that_changed_and_no_other(value, data):
    """The rebuilt value says exactly the new JSON."""
    new = copy.deepcopy(value)
    for key in data.draw(st.sets(st.sampled_from(sorted(value)))):
        new[key][0] = data.draw(st.text(max_size=4) | st.none())
    old = copy.deepcopy(value)
    assert to_json(rebuild(value, to_json(value), new)) == new
    assert value == old


# Messages ------------------------------------------------------------------------------------------------------------


def test_a_message_keeps_everything_but_its_text(checker):
    """Id, usage and metadata are the message's own."""
    message = AIMessage(
        RAW, id="1", usage_metadata={"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}, name="assistant"
    )
    assert guarded(checker, message) == message.model_copy(update={"content": TRUE})


def test_the_blocks_of_a_message_are_one_text(checker):
    """An edit over the border of two blocks is made; reasoning and images are no claims and stay."""
    message = AIMessage(
        [
            {"type": "reasoning", "reasoning": RAW},
            {"type": "text", "text": "The rate is 9", "annotations": [{"type": "citation", "start_index": 0}]},
            {"type": "text", "text": "%, I think."},
            {"type": "text", "text": " Bye.", "annotations": [{"type": "citation"}]},
        ]
    )
    got = guarded(checker, message)
    assert got.text == "The rate is 4%, I think. Bye."
    assert got.content[0] == message.content[0]
    assert "annotations" not in got.content[1], "offsets into a text that is gone cite nothing"
    assert got.content[3] == message.content[3]


def test_a_message_that_only_calls_tools_says_nothing(checker):
    """No text, no check, no report; the tool call is untouched."""
    call = AIMessage("", tool_calls=[{"name": "rates", "args": {"year": "9%"}, "id": "1"}])
    assert guarded(checker, call) is call
    assert checker.asked == []
    spoken = guarded(checker, call.model_copy(update={"content": RAW}))
    assert (spoken.content, spoken.tool_calls) == (TRUE, call.tool_calls)


def test_a_blocked_message_is_a_refusal_with_its_finish_reason(checker_under):
    """Programs see that the content was filtered, people read why."""
    got = guarded(checker_under("strict"), AIMessage(RAW, response_metadata={"finish_reason": "stop"}))
    assert got.content.startswith("This answer was withheld")
    assert got.response_metadata["finish_reason"] == "content_filter"


def test_message_chunks_keep_their_borders_and_tool_calls(checker):
    """A streamed message is one text over its chunks."""
    chunks = [
        AIMessageChunk("The rate ", id="1"),
        AIMessageChunk("is 9", id="1"),
        AIMessageChunk("%.", id="1", usage_metadata={"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}),
    ]
    got = list(decorate(checker, lambda: iter(chunks))())
    assert [chunk.content for chunk in got] == ["The rate ", "is 4%", "."]
    assert sum(got[1:], got[0]).usage_metadata["total_tokens"] == 2


def test_a_stream_that_only_calls_tools_says_nothing(checker):
    """The empty last chunk of a tool call is no empty answer."""
    calls = [{"name": "rates", "args": "{}", "id": "1", "index": 0}]
    chunks = [AIMessageChunk("", tool_call_chunks=calls), AIMessageChunk("", chunk_position="last")]
    assert list(decorate(checker, lambda: iter(chunks))()) == chunks
    assert checker.asked == []


# OpenAI --------------------------------------------------------------------------------------------------------------


def completion(*contents: str | None, **message: Any) -> ChatCompletion:
    return ChatCompletion.model_validate(
        {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-9",
            "choices": [
                {
                    "index": index,
                    "finish_reason": "stop",
                    "logprobs": {"content": [{"token": "9%", "logprob": -1, "top_logprobs": []}]},
                    "message": {"role": "assistant", "content": content, **message},
                }
                for index, content in enumerate(contents)
            ],
        }
    )


def test_every_choice_of_a_completion_is_guarded(checker):
    """With n > 1 each choice is a text of its own, and one of them may be fine."""
    original = completion(RAW, TRUE, "Also 9%")
    got = guarded(checker, original)
    assert [choice.message.content for choice in got.choices] == [TRUE, TRUE, "Also 4%"]
    assert [asked["text"] for asked in checker.asked] == [RAW, TRUE, "Also 9%"]
    assert got.choices[1] is original.choices[1]
    assert got.choices[0].logprobs is None, "log-probabilities of tokens that are gone"
    assert isinstance(got, ChatCompletion)
    assert got.model == "gpt-9"


def test_a_blocked_choice_says_so_as_the_api_does(checker_under):
    """``finish_reason`` and ``refusal`` as OpenAI has them; the other choice is untouched."""
    got = guarded(checker_under("strict"), completion(RAW, TRUE))
    assert [choice.finish_reason for choice in got.choices] == ["content_filter", "stop"]
    assert got.choices[0].message.refusal == got.choices[0].message.content
    assert got.choices[1].message.content == TRUE


def test_a_completion_that_only_calls_tools_says_nothing(checker):
    """Content ``None`` is returned as it is."""
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    original = completion(None, tool_calls=calls)
    assert guarded(checker, original) is original
    assert checker.asked == []


def test_a_refusal_hides_no_tool_call(checker_under):
    """What is withheld is what was said: whoever holds the answer sees, as in the gateway, which tools would run."""
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"rate": "9%"}'}}]
    original = completion(RAW, tool_calls=calls)
    (choice,) = guarded(checker_under("strict"), original).choices
    assert choice.finish_reason == "content_filter"
    assert RAW not in choice.message.content
    assert choice.message.tool_calls == original.choices[0].message.tool_calls
    message = AIMessage(RAW, tool_calls=[{"name": "f", "args": {"rate": "9%"}, "id": "1"}])
    assert guarded(checker_under("strict"), message).tool_calls == message.tool_calls


def test_a_parsed_completion_is_guarded_by_its_fields(checker):
    """The parsed object and the JSON it was parsed from say the same."""
    offer = Offer(Text=RAW, rate=Decimal(9))
    original = ParsedChatCompletion[Offer].model_validate(completion("{}", parsed=None).model_dump())
    original.choices[0].message.parsed = offer
    got = decorate(checker, lambda: original)()
    assert got.choices[0].message.parsed == Offer(Text=TRUE, rate=Decimal(4))
    assert TRUE in got.choices[0].message.content
    assert original.choices[0].message.parsed is offer


def chunk(index: int, content: str | None, finish: str | None = None) -> ChatCompletionChunk:
    choice = {"index": index, "delta": {"content": content}, "finish_reason": finish}
    return ChatCompletionChunk.model_validate(
        {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    )


def test_streamed_choices_are_told_apart(checker, checker_under):
    """Interleaved choices are put together by their index before they are read."""
    stream = [chunk(0, "It is 9"), chunk(1, "Or 8"), chunk(0, "%"), chunk(1, "%"), chunk(0, None, "stop")]
    got = list(decorate(checker, lambda: iter(stream))())
    assert [part.choices[0].delta.content for part in got] == ["It is 4%", "Or 4%", "", "", None]
    blocked = list(decorate(checker_under("strict"), lambda: iter([chunk(0, RAW), chunk(0, "", "stop")]))())
    assert [part.choices[0].finish_reason for part in blocked] == [None, "content_filter"]


async def test_an_async_client_stream(checker):
    """What ``await client.chat.completions.create(stream=True)`` returns: an awaitable of an async iterator."""

    class AsyncStream:
        def __init__(self):
            self.left = [chunk(0, "It is 9"), chunk(0, "%")]
            self.closed = False

        def __aiter__(self):
            return self

        async def __anext__(self):
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop(0)

        async def close(self):
            self.closed = True

    inner = AsyncStream()

    async def create(messages):
        return inner

    got = [part async for part in await decorate(checker, create)([{"role": "user", "content": "Rate?"}])]
    assert "".join(part.choices[0].delta.content for part in got) == "It is 4%"
    assert inner.closed
    assert checker.asked[0]["question"] == "Rate?"


def test_other_objects_of_a_client_are_not_read_field_by_field(checker):
    """Ids and model names are no claims: an unknown envelope is an error, not a guess."""
    usage = chat.chat_completion.CompletionUsage(completion_tokens=9, prompt_tokens=9, total_tokens=18)
    with pytest.raises(ResponseTypeError, match=r"openai\.types\.completion_usage\.CompletionUsage"):
        decorate(checker, lambda: usage)()


def test_nothing_is_imported_to_recognise_a_response(monkeypatch):
    """Without the frameworks loaded, reading a response does not load them."""
    for name in list(sys.modules):
        if name.split(".")[0] in ("langchain_core", "openai", "llama_index"):
            monkeypatch.delitem(sys.modules, name)
    open_response({"a": "text"}, Options())
    with pytest.raises(ResponseTypeError):
        open_response(object(), Options())
    assert not {name for name in sys.modules if name.split(".")[0] in ("langchain_core", "openai", "llama_index")}


# One text in several places ------------------------------------------------------------------------------------------


@st.composite
def edited(draw):
    """A text in segments, and edits that do not overlap, as a policy makes them."""
    segments = draw(st.lists(st.text("ab .", max_size=4), min_size=1, max_size=5))
    text = "".join(segments)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    edits = [
        Edit(start, end, draw(st.text("XY", max_size=3))) for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    if draw(st.booleans()):
        edits.append(Edit(len(text), len(text), "Z"))
    return segments, edits


@given(edited())
def test_edits_spread_over_segments_make_the_output(case):
    """Whatever the borders, the segments together are the edited text, and untouched segments stay."""
    segments, edits = case
    text, output, done = "".join(segments), "", 0
    for edit in edits:
        output += text[done : edit.start] + edit.replacement
        done = edit.end
    output += text[done:]
    got = spread(segments, edits, output)
    assert "".join(got) == output
    assert len(got) == len(segments)
    begin = 0
    for before, after in zip(segments, got, strict=True):
        end = begin + len(before)
        if not any(edit.start <= end and edit.end >= begin for edit in edits):
            assert after == before
        begin = end


def test_an_output_that_no_edit_explains_stands_in_the_first_segment():
    """A refusal has no edits: it is said once."""
    assert spread(["a", "b"], [], "No.") == ["No.", ""]
