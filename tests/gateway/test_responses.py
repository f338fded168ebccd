"""The Responses API through the gateway, as the official client sees it."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from starlette.responses import JSONResponse, StreamingResponse

from guardlayer.gateway.sse import frame

STALE, CURRENT = "$39", "$49"
SAID = f"Happy to help! The list price of Acme is {STALE}. Enjoy your day!"
TRUE = SAID.replace(STALE, CURRENT)
QUESTION = "What is the list price of Acme?"
REFUSAL = "This answer was withheld"


async def test_a_stale_value_is_corrected_and_everything_else_stays(stage):
    """Only the words that are wrong change; ids, status, usage and tool calls are the upstream's."""
    made = stage(fake={"tools": True})
    raw = await made.client.responses.with_raw_response.create(model="m", input=QUESTION)
    done = raw.parse()
    assert done.output_text == TRUE
    assert (done.id, done.status, done.usage.total_tokens) == ("resp_1", "completed", 30)
    assert (done.output[1].name, done.output[1].arguments) == ("get_price", '{"product": "A"}')
    assert raw.headers["x-guardlayer-action"] == "correct"
    told = done.model_extra["guardlayer"]
    assert told["texts"][0]["claims"][0]["verdict"] == "stale"
    assert told["texts"][0]["record"] == made.log.records[-1].id
    (note,) = done.output[0].content[0].annotations
    assert (note.type, note.url) == ("url_citation", "https://acme.example/2026")
    assert done.output_text[note.start_index : note.end_index] == f"The list price of Acme is {CURRENT}."


async def test_the_conversation_is_read_from_the_items(stage):
    """Messages become turns and question, outputs of functions evidence under the function's name."""
    made = stage("The warranty of Bolt lasts 24 months.")
    items = [
        {"role": "user", "content": "Hello!"},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Hi."}]},
        {"role": "user", "content": [{"type": "input_text", "text": "How long is the warranty of Bolt?"}]},
        {"type": "function_call", "call_id": "c1", "name": "look_up", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "The warranty of Bolt lasts 24 months."},
    ]
    await made.response(input=items)
    (report,) = made.log.reports
    assert report.draft.question == "How long is the warranty of Bolt?"
    assert [turn.text for turn in report.draft.turns] == ["Hello!", "Hi."]
    assert report.claims[0].verdict == "supported"
    assert report.claims[0].evidence[0].source.id == "tool look_up"


async def test_passages_that_the_upstream_searched_are_evidence(stage):
    """Results of a hosted file search, in the response itself, count as sources of what it says."""

    def override(_):
        found = {"id": "fs_1", "type": "file_search_call", "status": "completed", "queries": ["w"]}
        found["results"] = [
            {"text": "The warranty of Bolt lasts 24 months.", "filename": "warranty.md", "file_id": "f"}
        ]
        part = {"type": "output_text", "text": "The warranty of Bolt lasts 24 months.", "annotations": []}
        message = {"id": "m", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
        return JSONResponse(
            {
                "id": "r",
                "object": "response",
                "created_at": 1,
                "model": "m",
                "status": "completed",
                "output": [found, message],
            }
        )

    made = stage(fake={"override": override})
    await made.response()
    assert made.log.reports[0].claims[0].evidence[0].source.id == "tool warranty.md"


@pytest.mark.parametrize("hold", ["sentence", "full"])
async def test_a_block_is_incomplete_and_hides_no_tool_call(stage, hold):
    """A blocked response says content_filter where the API says such things, and what the model does besides."""
    plain = await stage(hold=hold, fake={"tools": True}).events()
    made = stage(policy="strict", hold=hold, fake={"tools": True})
    done = await made.response()
    assert done.status == "incomplete"
    assert done.incomplete_details.reason == "content_filter"
    assert done.output_text.startswith(REFUSAL)
    assert [item.type for item in done.output] == ["message", "function_call"]
    events = await made.events()
    assert events[-1].type == "response.incomplete"
    assert events[-1].response.output_text.endswith("no source bears out.")
    assert events[-1].response.output[1] == plain[-1].response.output[1]
    told = [[e.type for e in part if "function_call" in e.type] for part in (plain, events)]
    assert told[1] == told[0] != []


async def test_raise_is_an_error_that_the_client_parses(stage):
    """Where the caller asked for errors, the client gets 422."""
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        await stage(policy="strict", raises=True).response()
    assert caught.value.code == "guard_violation"
    assert STALE not in caught.value.response.text


async def test_the_model_is_asked_again_with_what_is_true(stage):
    """Policy retry shows the model its answer and the current facts."""
    made = stage([SAID, TRUE], policy="retry")
    done = await made.response()
    assert done.output_text == TRUE
    assert done.usage.total_tokens == 60
    first, rejected, feedback = made.upstream.bodies[1]["input"]
    assert (first["content"], rejected["content"]) == (QUESTION, SAID)
    assert CURRENT in feedback["content"]


@pytest.mark.parametrize("hold", ["sentence", "full"])
async def test_the_events_of_a_stream_agree(stage, hold):
    """Deltas, done events and the whole response at the end say the same checked text; events are numbered in order."""
    events = await stage(hold=hold, fake={"tools": True}).events()
    by_kind: dict[str, list[Any]] = {}
    for event in events:
        by_kind.setdefault(event.type, []).append(event)
    deltas = [event.delta for event in by_kind["response.output_text.delta"]]
    assert "".join(deltas) == TRUE
    assert len(deltas) == (3 if hold == "sentence" else 1)
    assert by_kind["response.output_text.done"][0].text == TRUE
    assert by_kind["response.content_part.done"][0].part.text == TRUE
    assert by_kind["response.output_item.done"][0].item.content[0].text == TRUE
    final = by_kind["response.completed"][0].response
    assert final.output_text == TRUE
    assert final.usage.total_tokens == 30
    assert final.model_extra["guardlayer"]["texts"][0]["action"] == "correct"
    assert by_kind["response.function_call_arguments.done"][0].arguments == '{"product": "A"}'
    assert [event.sequence_number for event in events] == list(range(len(events)))
    (note,) = by_kind["response.output_text.annotation.added"]
    assert final.output[0].content[0].annotations[0].url == note.annotation.url
    assert TRUE[note.annotation.start_index : note.annotation.end_index].strip().endswith(f"{CURRENT}.")


async def test_the_stream_helper_of_the_client_works(stage):
    """The client's own accumulation ends with the checked response."""
    made = stage()
    async with made.client.responses.stream(model="m", input=QUESTION) as stream:
        kinds = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert kinds[-1] == "response.completed"
    assert final.output_text == TRUE


def stream_of(*events: dict[str, Any]):
    """Return an upstream's stream of these events."""
    return lambda _: StreamingResponse(
        (frame(event, event.get("type")) for event in events), media_type="text/event-stream"
    )


def message(text: str, status: str = "completed") -> dict[str, Any]:
    """Return an output item."""
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": [part]}


def response(*output: dict[str, Any]) -> dict[str, Any]:
    """Return a response."""
    return {
        "id": "r",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": "completed",
        "output": list(output),
    }


PLACE = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
COMPLETED = {"type": "response.completed", "response": response(message(SAID))}


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([COMPLETED], id="only at the end"),
        pytest.param(
            [{"type": "response.created", "response": response(message(SAID))}, COMPLETED], id="in the first event"
        ),
        pytest.param([{"type": "response.output_text.done", **PLACE, "text": SAID}, COMPLETED], id="only in done"),
        pytest.param(
            [{"type": "response.content_part.added", **PLACE, "part": message(SAID)["content"][0]}, COMPLETED],
            id="in the part that opens",
        ),
        pytest.param(
            [{"type": "response.output_item.added", "output_index": 0, "item": message(SAID)}, COMPLETED],
            id="in the item that opens",
        ),
        pytest.param(
            [{"type": "response.output_item.done", "output_index": 0, "item": message(SAID)}, COMPLETED],
            id="in the item",
        ),
        pytest.param(
            [{"type": "response.whatever.delta", **PLACE, "delta": SAID}, COMPLETED], id="in an unknown event"
        ),
        pytest.param(
            [{"type": "response.output_text.delta", **PLACE, "delta": SAID[:20]}, COMPLETED], id="half in deltas"
        ),
    ],
)
async def test_text_is_checked_wherever_it_stands(stage, events):
    """An upstream that sends its text in an unusual place sends it to the guard all the same."""
    made = stage(fake={"override": stream_of(*events)})
    raw = await made.raw("/v1/responses", {"model": "m", "input": QUESTION, "stream": True})
    assert STALE not in raw.text
    assert (await made.events())[-1].response.output_text == TRUE


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([{"type": "response.output_text.delta", **PLACE, "delta": f"Acme costs {STALE}."}, COMPLETED], id="two texts"),
        pytest.param([{"type": "response.output_text.delta", **PLACE, "delta": SAID}], id="breaks off"),
        pytest.param([{"type": "response.output_text.delta", **PLACE, "delta": SAID}, {"type": "response.completed", "response": response()}], id="text that vanishes"),
        pytest.param([{"type": "response.output_text.delta", **PLACE, "delta": 3}], id="no text"),
        pytest.param([{"type": "response.output_text.delta", "delta": SAID}], id="no place"),
        pytest.param([{"delta": SAID}], id="no type"),
        pytest.param([{"type": "response.content_part.added", **PLACE, "part": {"type": "output_audio", "transcript": SAID}}], id="audio"),
        pytest.param([{"type": "response.completed"}], id="no response"),
        pytest.param([{"type": "error", "message": "overloaded", "code": "busy"}], id="error"),
    ],
)  # fmt: skip
async def test_a_malformed_stream_is_an_error_and_shows_nothing_unchecked(stage, events):
    """What cannot be read ends the stream with an error that the client raises."""
    made = stage(fake={"override": stream_of(*events)})
    with pytest.raises(openai.APIError):
        await made.events()
    raw = await made.raw("/v1/responses", {"model": "m", "input": QUESTION, "stream": True})
    assert STALE not in raw.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"background": True}, 501),
        ({"modalities": ["text", "audio"]}, 501),
        ({"stream": True, "include": ["message.output_text.logprobs"]}, 400),
        ({"stream": True, "top_logprobs": 2}, 400),
        ({"input": 3}, 400),
        ({"input": ["text"]}, 400),
    ],
)
async def test_what_would_lead_around_the_guard_is_refused_before_the_upstream_is_asked(stage, body, status):
    """A response that would be fetched later, or that spells out unchecked text, is not begun."""
    made = stage()
    raw = await made.raw("/v1/responses", {"model": "m", "input": QUESTION, **body})
    assert raw.status_code == status
    assert not made.upstream.bodies
