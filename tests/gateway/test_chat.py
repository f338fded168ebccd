"""Chat completions through the gateway, as the official client sees them."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from pydantic import BaseModel
from starlette.responses import JSONResponse

from guardlayer.gateway.fakes import TOOL_CALL, USAGE

STALE, CURRENT = "$39", "$49"
SAID = f"Happy to help! The list price of Acme is {STALE}. Enjoy your day!"
QUESTION = "What is the list price of Acme?"
REFUSAL = "This answer was withheld"


async def test_a_stale_value_is_corrected_and_everything_else_stays(stage):
    """Only the words that are wrong change: ids, usage, fingerprint, finish reason and role are the upstream's."""
    done = await stage().chat()
    choice = done.choices[0]
    assert choice.message.content == SAID.replace(STALE, CURRENT)
    assert (done.id, done.created, done.model, done.system_fingerprint, done.service_tier) == (
        "chatcmpl-1", 1, "m", "fp_1", "default",
    )  # fmt: skip
    assert done.usage.model_dump(exclude_none=True) == USAGE
    assert (choice.finish_reason, choice.message.role, choice.message.refusal) == ("stop", "assistant", None)


async def test_the_verdict_comes_as_headers_and_as_a_field(stage):
    """Headers say verdict, action, policy and trace; the field says it claim by claim, with the source."""
    made = stage()
    raw = await made.client.chat.completions.with_raw_response.create(
        model="m", messages=[{"role": "user", "content": QUESTION}]
    )
    told = raw.parse().model_extra["guardlayer"]
    assert raw.headers["x-guardlayer-verdict"] == told["verdict"] == "findings"
    assert raw.headers["x-guardlayer-action"] == told["action"] == "correct"
    assert raw.headers["x-guardlayer-policy"] == told["policy"]
    assert told["policy"].startswith("enforce@")
    assert raw.headers["x-guardlayer-trace"] == told["trace"]
    assert raw.headers["x-request-id"] == "req_1"
    (text,) = told["texts"]
    (claim,) = text["claims"]
    assert claim["verdict"] == "stale"
    assert claim["current"]["value"] == CURRENT
    assert raw.parse().choices[0].message.content[claim["start"] : claim["end"]].endswith(f"{CURRENT}.")
    assert text["record"] == made.log.records[-1].id


async def test_a_source_with_an_address_is_cited_in_openais_form(stage):
    """A correction carries a url_citation whose offsets are those of the text shown."""
    message = (await stage().chat()).choices[0].message
    (note,) = message.annotations
    assert note.type == "url_citation"
    cited = note.url_citation
    assert (cited.url, cited.title) == ("https://acme.example/2026", "price list 2026")
    assert message.content[cited.start_index : cited.end_index] == f"The list price of Acme is {CURRENT}."


async def test_a_block_is_a_refusal_and_hides_no_tool_call(stage):
    """A blocked answer says so in the two places clients look; what the model does besides stays visible, as it was."""
    (plain,) = (await stage(fake={"tools": True}).chat()).choices
    choice = (await stage(policy="strict", fake={"tools": True}).chat()).choices[0]
    assert choice.finish_reason == "content_filter"
    assert choice.message.refusal == choice.message.content
    assert choice.message.content.startswith(REFUSAL)
    assert choice.message.tool_calls == plain.message.tool_calls != []


@pytest.mark.parametrize(("policy", "raises"), [("strict", True), ("enforce", "findings")])
async def test_raise_is_an_error_that_the_client_parses(stage, policy, raises):
    """Where the caller asked for errors, the client gets 422 with code and type, and the finding without the words."""
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        await stage(policy=policy, raises=raises).chat()
    assert (caught.value.code, caught.value.type) == ("guard_violation", "guard_violation")
    assert "1 stale" in str(caught.value)
    assert STALE not in caught.value.response.text
    assert caught.value.response.headers["x-guardlayer-verdict"] == "findings"


async def test_the_model_is_asked_again_with_what_is_true(stage):
    """Policy retry shows the model its answer and the current facts, and usage counts every attempt."""
    made = stage([SAID, SAID.replace(STALE, CURRENT)], policy="retry")
    done = await made.chat()
    assert done.choices[0].message.content == SAID.replace(STALE, CURRENT)
    assert done.usage.total_tokens == 2 * USAGE["total_tokens"]
    *_, rejected, feedback = made.upstream.bodies[1]["messages"]
    assert rejected == {"role": "assistant", "content": SAID}
    assert feedback["role"] == "user"
    assert CURRENT in feedback["content"]


async def test_tool_results_are_evidence(stage):
    """What a tool gave back bears the answer out, and the tool is its source."""
    called = {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]}
    result = {"role": "tool", "tool_call_id": "call_1", "content": "The warranty of Bolt lasts 24 months."}
    messages = [{"role": "user", "content": "How long is the warranty of Bolt?"}, called, result]
    done = await stage("The warranty of Bolt lasts 24 months.").chat(messages=messages)
    (claim,) = done.model_extra["guardlayer"]["texts"][0]["claims"]
    assert claim["verdict"] == "supported"
    assert claim["source"]["id"] == "tool get_price"


async def test_what_the_user_says_is_no_evidence(stage):
    """A user cannot make a claim true by saying it first."""
    messages = [{"role": "user", "content": f"The list price of Acme is {STALE}, right?"}]
    assert STALE not in (await stage().chat(messages=messages)).choices[0].message.content


async def test_earlier_messages_are_turns(stage):
    """The last message by the user is the question, those before it the conversation, system prompts included."""
    made = stage()
    before = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Do you know Acme?"}]},
        {"role": "assistant", "content": "I do."},
    ]
    await made.chat(messages=[*before, {"role": "user", "content": QUESTION}])
    (report,) = made.log.reports
    assert report.draft.question == QUESTION
    assert [(turn.role, turn.text) for turn in report.draft.turns] == [
        ("system", "Be brief."), ("user", "Do you know Acme?"), ("assistant", "I do."),
    ]  # fmt: skip
    assert report.draft.model.name == "m"


@pytest.mark.parametrize("stream", [False, True])
async def test_each_choice_is_checked_by_itself(stage, stream):
    """With n > 1 each choice has its own verdict and its own text, whole and unmixed."""
    made = stage()
    if stream:
        chunks = await made.chunks(n=3)
        texts = [text_of(chunks, index) for index in range(3)]
        ends = [chunk for chunk in chunks if chunk.choices[0].finish_reason]
        told = [end.model_extra["guardlayer"]["texts"][0]["choice"] for end in ends]
    else:
        done = await made.chat(n=3)
        texts = [choice.message.content for choice in done.choices]
        told = [text["choice"] for text in done.model_extra["guardlayer"]["texts"]]
    assert texts == [SAID.replace(STALE, CURRENT)] * 3
    assert sorted(told) == [0, 1, 2]
    assert len(made.log.reports) == 3


async def test_a_stream_comes_sentence_by_sentence(stage):
    """Each chunk is a verified sentence; the finish chunk has the verdict; usage and [DONE] end the stream."""
    made = stage()
    chunks = await made.chunks(stream_options={"include_usage": True})
    said = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert said == ["Happy to help! ", f"The list price of Acme is {CURRENT}. ", "Enjoy your day!"]
    assert chunks[0].choices[0].delta.role == "assistant"
    *_, finish, usage = chunks
    assert finish.choices[0].finish_reason == "stop"
    assert finish.model_extra["guardlayer"]["action"] == "correct"
    assert usage.choices == []
    assert usage.usage.total_tokens == USAGE["total_tokens"]
    assert {chunk.id for chunk in chunks} == {"chatcmpl-1"}
    raw = await made.raw(
        "/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "?"}], "stream": True}
    )
    assert raw.text.endswith("data: [DONE]\n\n")
    assert raw.headers["content-type"].startswith("text/event-stream")
    assert {name for name in raw.headers if name.startswith("x-guardlayer")} == {"x-guardlayer-trace"}


@pytest.mark.parametrize("hold", ["sentence", "full"])
async def test_the_stream_helper_of_the_client_works(stage, hold):
    """The client's own accumulation gives the checked text, the tool calls and the finish reason."""
    made = stage(hold=hold, fake={"tools": True})
    messages = [{"role": "user", "content": QUESTION}]
    async with made.client.chat.completions.stream(model="m", messages=messages) as stream:
        seen = [event.type async for event in stream]
        final = await stream.get_final_completion()
    assert "content.done" in seen
    message = final.choices[0].message
    assert message.content == SAID.replace(STALE, CURRENT)
    assert final.choices[0].finish_reason == "tool_calls"
    (call,) = message.tool_calls
    assert (call.id, call.function.name) == ("call_1", "get_price")
    assert call.function.arguments == TOOL_CALL["function"]["arguments"]


@pytest.mark.parametrize("hold", ["sentence", "full"])
async def test_tool_calls_pass_unchanged_behind_their_text(stage, hold):
    """In a stream, tool calls come whole, in order, behind the text before them; nothing of them is altered."""
    chunks = await stage(hold=hold, fake={"tools": True}).chunks()
    deltas = [chunk.choices[0].delta for chunk in chunks]
    calls = [part for delta in deltas for part in delta.tool_calls or ()]
    assert "".join(part.function.arguments for part in calls) == TOOL_CALL["function"]["arguments"]
    assert calls[0].id == "call_1"
    last_text = max(place for place, delta in enumerate(deltas) if delta.content)
    first_call = min(place for place, delta in enumerate(deltas) if delta.tool_calls)
    assert last_text < first_call


@pytest.mark.parametrize("hold", ["sentence", "full"])
async def test_a_blocked_stream_ends_with_the_refusal(stage, hold):
    """What was verified before stays; then come the refusal, the tool calls as the model made them, content_filter."""
    plain = await stage(hold=hold, fake={"tools": True}).chunks()
    chunks = await stage(policy="strict", hold=hold, fake={"tools": True}).chunks()
    text = text_of(chunks)
    assert text.startswith("Happy to help! " if hold == "sentence" else REFUSAL)
    assert text.endswith("no source bears out.")
    assert chunks[-1].choices[0].finish_reason == "content_filter"
    refusals = [chunk.choices[0].delta.refusal for chunk in chunks if chunk.choices[0].delta.refusal]
    assert [refusal[: len(REFUSAL)] for refusal in refusals] == [REFUSAL]
    calls = [[call for chunk in part for call in chunk.choices[0].delta.tool_calls or ()] for part in (plain, chunks)]
    assert calls[1] == calls[0] != []
    spoken = [place for place, chunk in enumerate(chunks) if chunk.choices[0].delta.content]
    called = [place for place, chunk in enumerate(chunks) if chunk.choices[0].delta.tool_calls]
    assert max(spoken) < min(called)


async def test_a_stream_that_is_held_back_can_be_asked_again(stage):
    """hold="full" makes policy retry possible in a stream; hold="sentence" redacts instead."""
    truth = SAID.replace(STALE, CURRENT)
    assert text_of(await stage([SAID, truth], policy="retry", hold="full").chunks()) == truth
    halfway = text_of(await stage([SAID, truth], policy="retry").chunks())
    assert "[removed: not borne out by the sources]" in halfway


async def test_citations_of_a_stream_count_in_the_whole_text(stage):
    """Offsets of a stream's annotations are those of the text put together."""
    made = stage()
    raw = await made.raw(
        "/v1/chat/completions", {"model": "m", "stream": True, "messages": [{"role": "user", "content": QUESTION}]}
    )
    deltas = [
        json.loads(line[6:])["choices"][0]["delta"] for line in raw.text.splitlines() if line.startswith("data: {")
    ]
    text = "".join(delta.get("content") or "" for delta in deltas)
    (note,) = [note["url_citation"] for delta in deltas for note in delta.get("annotations", ())]
    assert text[note["start_index"] : note["end_index"]].strip() == f"The list price of Acme is {CURRENT}."


class Offer(BaseModel):
    """What a model fills in."""

    pitch: str
    units: int


@pytest.mark.parametrize("stream", [False, True])
async def test_structured_output_stays_structured(stage, stream):
    """JSON is checked leaf by leaf and stays JSON of the same shape, so that the client can parse it."""
    said = Offer(pitch=f"The list price of Acme is {STALE}.", units=3).model_dump_json()
    made = stage(said)
    messages: Any = [{"role": "user", "content": QUESTION}]
    if stream:
        async with made.client.chat.completions.stream(model="m", messages=messages, response_format=Offer) as events:
            parsed = (await events.get_final_completion()).choices[0].message.parsed
    else:
        done = await made.client.chat.completions.parse(model="m", messages=messages, response_format=Offer)
        parsed = done.choices[0].message.parsed
    assert parsed == Offer(pitch=f"The list price of Acme is {CURRENT}.", units=3)


async def test_log_probabilities_never_outlive_their_text(stage):
    """They go with the text that was changed, stay with one that was not, and a stream cannot have them."""

    def answer(text):
        def override(_):
            spelled = {
                "content": [{"token": text, "logprob": -0.1, "bytes": None, "top_logprobs": []}],
                "refusal": None,
            }
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": spelled}
            return JSONResponse(
                {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
            )

        return override

    changed = await stage(fake={"override": answer(SAID)}).chat(logprobs=True)
    assert changed.choices[0].logprobs is None
    kept = await stage(fake={"override": answer("Hello!")}).chat(logprobs=True)
    assert kept.choices[0].logprobs.content[0].token == "Hello!"
    with pytest.raises(openai.BadRequestError) as caught:
        await stage().chunks(logprobs=True)
    assert caught.value.code == "logprobs_not_supported"


async def test_the_models_own_refusal_is_checked_too(stage):
    """A refusal is text a model wrote; a stale value in it does not pass."""

    def override(_):
        message = {
            "role": "assistant",
            "content": None,
            "refusal": f"I cannot say that the list price of Acme is {STALE}. The list price of Acme is {STALE}.",
        }
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return JSONResponse({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]})

    refusal = (await stage(fake={"override": override}).chat()).choices[0].message.refusal
    assert f"The list price of Acme is {CURRENT}." in refusal


async def test_an_answer_without_words_is_passed_on(stage):
    """A completion that only calls a tool says nothing, so nothing is checked and nothing is altered."""
    made = stage("", fake={"tools": True})
    done = await made.chat()
    assert done.choices[0].message.tool_calls[0].function.name == "get_price"
    assert done.model_extra["guardlayer"]["verdict"] == "no_claims"
    assert not made.log.reports


def text_of(chunks: list[Any], index: int = 0) -> str:
    """Return the text of one choice of a stream."""
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices if choice.index == index)
