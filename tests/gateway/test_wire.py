"""The wire: events however they are cut, upstreams that fail in every way, and what passes between the two sides."""

from __future__ import annotations

import asyncio
import itertools
import logging

import httpx
import openai
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from guardlayer import Knowledge
from guardlayer.gateway.failures import GatewayError
from guardlayer.gateway.sse import DONE, Event, Parser, frame

STALE, CURRENT = "$39", "$49"
SAID = f"Happy to help! The list price of Acme is {STALE}. Enjoy your day!"
QUESTION = "What is the list price of Acme?"
CHAT = {"model": "m", "messages": [{"role": "user", "content": QUESTION}]}


@given(
    events=st.lists(st.tuples(st.sampled_from([None, "a", "response.x"]), st.text(min_size=1)), max_size=6),
    cuts=st.lists(st.integers(0, 400), max_size=20),
    newline=st.sampled_from([b"\n", b"\r\n", b"\r"]),
)
def test_events_are_the_same_however_they_are_cut(events, cuts, newline):
    """Where the network cuts the bytes changes nothing, nor which line ends a server writes."""
    wire = b"".join(frame({"t": text}, name) for name, text in events).replace(b"\n", newline)
    parser, found = Parser(100_000), []
    edges = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
    for start, end in itertools.pairwise(edges):
        found += list(parser.feed(wire[start:end]))
    found += list(parser.end())
    assert [(event.name, event.json()["t"]) for event in found] == events


def test_comments_and_other_fields_are_skipped():
    """Keep-alives of the upstream, ids and retry times are no events; data over several lines is one text."""
    parser = Parser(1000)
    assert list(parser.feed(b": ping\n\nid: 7\nretry: 3\ndata: {\ndata: }\n\ndata:[DONE]\n")) == [Event(None, "{\n}")]
    assert [event.done for event in parser.end()] == [True]


@pytest.mark.parametrize("wire", [b"data: " + b"x" * 2000, b"data: x\n" * 300])
def test_an_event_is_bounded(wire):
    """An upstream that never ends an event cannot fill the memory."""
    with pytest.raises(GatewayError, match="more than 1,000 bytes"):
        list(Parser(1000).feed(wire))


async def _broken():
    yield frame({"choices": [{"index": 0, "delta": {"content": f"The list price of Acme is {STALE}"}}]})
    raise RuntimeError("the upstream's worker died")


def chunk(delta, finish=None, index=0):
    """Return a chunk of a chat completion."""
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return frame({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})


SAYS = chunk({"content": f"The list price of Acme is {STALE}"})
STREAMS = {
    "breaks off": [SAYS],
    "no JSON": [SAYS, b"data: {broken\n\n", DONE],
    "no object": [SAYS, b"data: 7\n\n", DONE],
    "no choices": [SAYS, frame({"id": "c"}), DONE],
    "a choice without a place": [SAYS, frame({"choices": [{"delta": {"content": STALE}}]}), DONE],
    "more choices than asked for": [SAYS, chunk({"content": STALE}, index=1), DONE],
    "content that is no text": [SAYS, chunk({"content": {"text": STALE}}), DONE],
    "a part of an unknown kind": [SAYS, chunk({"content": [{"type": "audio", "transcript": STALE}]}), DONE],
    "audio": [SAYS, chunk({"audio": {"transcript": STALE}}), DONE],
    "an error": [SAYS, frame({"error": {"message": "overloaded", "code": "busy"}}), DONE],
    "text behind its end": [chunk({"content": "Hi."}), chunk({}, "stop"), SAYS, DONE],
}


@pytest.mark.parametrize("name", STREAMS)
async def test_a_malformed_stream_is_an_error_and_shows_nothing_unchecked(stage, name):
    """What cannot be read ends the stream with an error that the client raises, and what was held is not shown."""
    made = stage(fake={"override": lambda _: StreamingResponse(iter(STREAMS[name]), media_type="text/event-stream")})
    with pytest.raises(openai.APIError):
        await made.chunks()
    raw = await made.raw("/v1/chat/completions", {**CHAT, "stream": True})
    assert STALE not in raw.text
    assert "$39" not in raw.text
    assert DONE.decode() not in raw.text


async def test_a_stream_that_breaks_off_says_so_in_the_record(stage):
    """What was held when the upstream failed is recorded as not shown."""
    made = stage(fake={"override": lambda _: StreamingResponse(iter([SAYS]), media_type="text/event-stream")})
    await made.raw("/v1/chat/completions", {**CHAT, "stream": True})
    (report,) = made.log.reports
    assert STALE not in report.output
    assert "were not shown" in " ".join(report.notices)


async def test_a_stream_without_done_is_whole_if_its_choices_are(stage):
    """Some upstreams leave [DONE] out; a choice that has ended is complete."""
    chunks = [chunk({"content": "Hello there."}), chunk({}, "stop")]
    made = stage(fake={"override": lambda _: StreamingResponse(iter(chunks), media_type="text/event-stream")})
    assert [c.choices[0].delta.content for c in await made.chunks() if c.choices[0].delta.content] == ["Hello there."]


NOTE = {"type": "url_citation", "url_citation": {"start_index": 0, "end_index": 2, "url": "http://a", "title": "a"}}


@pytest.mark.parametrize(("said", "kept"), [("Happy to help you!", True), (SAID, False)])
@pytest.mark.parametrize("stream", [False, True])
async def test_citations_of_the_upstream_stay_with_their_text(stage, said, kept, stream):
    """They count in the upstream's text: where that is shown they pass, where it was changed they go with it."""

    def override(_):
        if stream:
            chunks = [chunk({"content": said}), chunk({"annotations": [NOTE]}), chunk({}, "stop"), DONE]
            return StreamingResponse(iter(chunks), media_type="text/event-stream")
        message = {"role": "assistant", "content": said, "annotations": [NOTE]}
        return JSONResponse({"choices": [{"index": 0, "message": message, "finish_reason": "stop", "text": said}]})

    raw = await stage(fake={"override": override}).raw("/v1/chat/completions", {**CHAT, "stream": stream})
    assert ("http://a" in raw.text) is kept
    assert STALE not in raw.text


ANSWERS = {
    "no JSON": Response("<html>", media_type="text/html"),
    "no object": JSONResponse([1]),
    "no choices": JSONResponse({"id": "c"}),
    "a choice without a message": JSONResponse({"choices": [{"text": STALE}]}),
    "content that is no text": JSONResponse({"choices": [{"message": {"content": {"text": STALE}}}]}),
    "audio": JSONResponse({"choices": [{"message": {"content": None, "audio": {"transcript": STALE}}}]}),
    "a part of an unknown kind": JSONResponse({"choices": [{"message": {"content": [{"type": "x", "text": STALE}]}}]}),
    "a redirect": RedirectResponse("http://evil.example/"),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_that_cannot_be_read_is_a_502(stage, name):
    """Nothing that could not be checked is shown, and a redirect is not followed."""
    made = stage(fake={"override": lambda _: ANSWERS[name]})
    raw = await made.raw("/v1/chat/completions", CHAT)
    assert raw.status_code == 502
    assert raw.json()["error"]["type"] == "upstream_error"
    assert STALE not in raw.text
    assert "location" not in raw.headers
    assert len(made.upstream.paths) == 1


async def test_a_stream_that_is_none_is_an_error(stage):
    """An upstream that ignores stream answers in one piece, which nobody would check: that is refused."""
    made = stage(fake={"override": lambda _: JSONResponse({"choices": [{"message": {"content": SAID}}]})})
    raw = await made.raw("/v1/chat/completions", {**CHAT, "stream": True})
    assert raw.status_code == 502
    assert STALE not in raw.text


@pytest.mark.parametrize("stream", [False, True])
async def test_errors_of_the_upstream_keep_status_code_and_message_and_nothing_else(stage, stream):
    """The client sees the upstream's error as if it had asked it; fields that may hold a model's text are dropped."""
    error = {"message": "slow down", "type": "rate_limit", "code": "busy", "param": "n", "failed_generation": SAID}
    headers = {"retry-after": "7", "x-ratelimit-remaining-requests": "0", "set-cookie": "a=b"}
    made = stage(fake={"override": lambda _: JSONResponse({"error": error}, 429, headers)})
    with pytest.raises(openai.RateLimitError) as caught:
        await made.chat(stream=stream)
    assert caught.value.body == {"message": "slow down", "type": "rate_limit", "code": "busy", "param": "n"}
    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.response.headers["x-ratelimit-remaining-requests"] == "0"
    assert "set-cookie" not in caught.value.response.headers


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (httpx.ConnectError("no route to 10.0.0.7"), 502, "upstream_broken"),
        (httpx.ReadTimeout("slow"), 504, "upstream_timeout"),
        (httpx.RemoteProtocolError("garbage"), 502, "upstream_broken"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_an_upstream_that_cannot_be_reached_is_a_clear_error(stage, error, status, code, stream):
    """The client learns that the upstream failed, and nothing of the network behind the gateway."""

    def fail(_):
        raise error

    made = stage(transport=httpx.MockTransport(fail))
    raw = await made.raw("/v1/chat/completions", {**CHAT, "stream": stream})
    assert (raw.status_code, raw.json()["error"]["code"]) == (status, code)
    assert "10.0.0.7" not in raw.text
    assert f'upstream_errors_total{{code="{code}"}} 1' in await made.measured()


async def test_an_answer_is_bounded(stage):
    """An upstream cannot fill the memory with an answer, in one piece or as a stream."""
    made = stage("word " * 1000, max_response=2000)
    for stream in (False, True):
        raw = await made.raw("/v1/chat/completions", {**CHAT, "stream": stream})
        assert "more than 2,000 bytes" in raw.text


async def test_headers_that_describe_the_body_or_the_connection_do_not_pass(stage):
    """Lengths, encodings and digests of a body that may have changed are dropped; so is a verdict the upstream made up."""

    def override(_):
        message = {"role": "assistant", "content": SAID}
        body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}
        body["choices"] = [{"index": 0, "message": message, "finish_reason": "stop"}]
        headers = {
            "etag": "x",
            "content-md5": "x",
            "x-guardlayer-verdict": "verified",
            "server": "y",
            "openai-version": "1",
        }
        return JSONResponse(body, headers=headers)

    raw = await stage(fake={"override": override}).raw("/v1/chat/completions", CHAT)
    assert raw.headers["x-guardlayer-verdict"] == "findings"
    assert raw.headers["openai-version"] == "1"
    assert int(raw.headers["content-length"]) == len(raw.content)
    assert not {"etag", "content-md5", "server", "content-encoding"} & set(raw.headers)


async def test_the_upstream_sees_what_the_gateway_read(stage):
    """Of a key given twice the gateway and the upstream take the same value, since the body is written anew."""
    made = stage()
    raw = await made.http.post(
        "/v1/chat/completions",
        content=b'{"model":"m","stream":true,"stream":false,"messages":[{"role":"user","content":"?"}]}',
    )
    assert raw.status_code == 200
    assert made.upstream.bodies[0]["stream"] is False
    assert CURRENT in raw.text


async def test_a_guard_that_fails_shows_nothing(stage, kb, caplog):
    """An answer that could not be checked is withheld, in one piece and as a stream; the log names no word of it."""

    class Broken:
        def decide(self, draft, claims):
            raise RuntimeError(draft.text)

    with caplog.at_level(logging.DEBUG):
        for stream in (False, True):
            made = stage(policy=Broken())
            raw = await made.raw("/v1/chat/completions", {**CHAT, "stream": stream})
            assert raw.status_code == 503
            assert raw.json()["error"]["code"] == "guard_error"
            assert STALE not in raw.text
    assert STALE not in caplog.text
    assert "PluginError" in caplog.text


async def test_a_log_that_fails_withholds_the_answer_if_the_policy_is_closed(stage):
    """Where provenance cannot be kept, a strict policy shows its refusal, and the metrics say that nothing was kept."""
    made = stage("Hello there, nice to meet you!", policy="strict")
    made.log.error = OSError("disk full")
    done = await made.chat()
    assert done.choices[0].finish_reason == "content_filter"
    assert "disk full" not in orjson.dumps(done.model_extra).decode()
    assert "unrecorded_total 1" in await made.measured()


async def test_many_at_once_are_not_mixed_up(stage):
    """Every concurrent stream gets its own text and its own verdict."""
    knowledge = Knowledge.open(":memory:")
    for number in range(30):
        knowledge.add(f"Firm{number}", "list price", f"${100 + number}", source=f"list {number}")

    def say(body):
        number = int(body["messages"][0]["content"])
        return f"Happy to help! The list price of Firm{number} is ${100 + number - number % 2}."

    made = stage(say, knowledge=knowledge)

    async def one(number):
        chunks = await made.chunks(messages=[{"role": "user", "content": str(number)}])
        text = "".join(c.choices[0].delta.content or "" for c in chunks)
        assert text == f"Happy to help! The list price of Firm{number} is ${100 + number}."
        (told,) = chunks[-1].model_extra["guardlayer"]["texts"]
        assert told["action"] == ("correct" if number % 2 else "pass")
        assert told["claims"][0]["current"]["source"]["id"] == f"list {number}"

    await asyncio.gather(*map(one, range(30)))
    knowledge.close()
