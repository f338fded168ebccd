"""A fake upstream: speaks OpenAI's two APIs, says what it is told to, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from guardlayer.gateway.sse import DONE, frame

Json = dict[str, Any]
Say = str | Sequence[str] | Callable[[Json], str]
"""What it says: always the same, one text a request, or a function of the request's body."""

USAGE = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
TOOL_CALL = {"id": "call_1", "type": "function", "function": {"name": "get_price", "arguments": '{"product": "A"}'}}


class FakeUpstream:
    """An OpenAI-compatible server for tests; :attr:`app` is its ASGI application.

    Args:
        say: What it says.
        delay: Seconds between two pieces of a stream.
        tools: Whether every answer calls a tool besides.
        piece: Characters in each piece of a stream.
        override: Given the body of a request, returns the whole response, or ``None`` to answer as usual.
    """

    def __init__(
        self,
        say: Say = "Hello.",
        *,
        delay: float = 0.0,
        tools: bool = False,
        piece: int = 7,
        override: Callable[[Json], Response | None] | None = None,
    ) -> None:
        self.say = say
        self.delay = delay
        self.tools = tools
        self.piece = piece
        self.override = override
        self.bodies: list[Json] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.left = 0
        """How many streams were given up by whoever read them."""
        self.app = Starlette(
            routes=[
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
                Route("/v1/responses", self._responses, methods=["POST"]),
                Route("/{path:path}", self._other, methods=["GET", "POST", "PUT", "DELETE"]),
            ]
        )

    async def _body(self, request: Request) -> Json:
        body: Json = orjson.loads(await request.body())
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        self.paths.append(request.url.path)
        return body

    def _text(self, body: Json) -> str:
        if isinstance(self.say, str):
            return self.say
        if callable(self.say):
            return self.say(body)
        return self.say[min(len(self.bodies), len(self.say)) - 1]

    async def _chat(self, request: Request) -> Response:
        body = await self._body(request)
        special = self.override(body) if self.override else None
        if special is not None:
            return special
        text = self._text(body)
        count = body.get("n") or 1
        if body.get("stream"):
            return StreamingResponse(self._chat_events(body, text, count), media_type="text/event-stream")
        message: Json = {"role": "assistant", "content": text, "refusal": None}
        if self.tools:
            message["tool_calls"] = [TOOL_CALL]
        finish = "tool_calls" if self.tools else "stop"
        choices = [{"index": i, "message": message, "finish_reason": finish, "logprobs": None} for i in range(count)]
        return JSONResponse(
            {
                "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body.get("model"),
                "choices": choices, "usage": USAGE, "system_fingerprint": "fp_1", "service_tier": "default",
            },
            headers={"x-request-id": "req_1", "openai-processing-ms": "5"},
        )  # fmt: skip

    async def _chat_events(self, body: Json, text: str, count: int) -> AsyncIterator[bytes]:
        head = {
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": body.get("model"),
            "system_fingerprint": "fp_1", "service_tier": "default",
        }  # fmt: skip
        wants_usage = bool((body.get("stream_options") or {}).get("include_usage"))

        def chunk(index: int, delta: Json, finish: str | None = None) -> bytes:
            choice = {"index": index, "delta": delta, "finish_reason": finish, "logprobs": None}
            return frame({**head, "choices": [choice], **({"usage": None} if wants_usage else {})})

        try:
            for index in range(count):
                yield chunk(index, {"role": "assistant", "content": "", "refusal": None})
            for at in range(0, len(text), self.piece):
                for index in range(count):
                    yield chunk(index, {"content": text[at : at + self.piece]})
                if self.delay:
                    await asyncio.sleep(self.delay)
            for index in range(count):
                if self.tools:
                    name, arguments = TOOL_CALL["function"]["name"], TOOL_CALL["function"]["arguments"]  # type: ignore[index]  # the values of this literal are known
                    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": ""}}
                    yield chunk(index, {"tool_calls": [call]})
                    for at in range(0, len(arguments), 5):
                        part = {"index": 0, "function": {"arguments": arguments[at : at + 5]}}
                        yield chunk(index, {"tool_calls": [part]})
                yield chunk(index, {}, "tool_calls" if self.tools else "stop")
            if wants_usage:
                yield frame({**head, "choices": [], "usage": USAGE})
            yield DONE
        except (asyncio.CancelledError, GeneratorExit):
            self.left += 1
            raise

    def _response(self, body: Json, output: list[Json], status: str) -> Json:
        usage = {
            "input_tokens": 10, "output_tokens": 20, "total_tokens": 30,
            "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0},
        }  # fmt: skip
        return {
            "id": "resp_1", "object": "response", "created_at": 1, "model": body.get("model"), "status": status,
            "output": output, "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "error": None,
            "incomplete_details": None, "instructions": None, "metadata": {}, "temperature": 1.0, "top_p": 1.0,
            "usage": usage if status == "completed" else None,
        }  # fmt: skip

    def _items(self, text: str) -> list[Json]:
        part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
        items: list[Json] = [
            {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
        ]
        if self.tools:
            items.append(
                {
                    "id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "get_price",
                    "arguments": '{"product": "A"}', "status": "completed",
                }
            )  # fmt: skip
        return items

    async def _responses(self, request: Request) -> Response:
        body = await self._body(request)
        special = self.override(body) if self.override else None
        if special is not None:
            return special
        text = self._text(body)
        if body.get("stream"):
            return StreamingResponse(self._response_events(body, text), media_type="text/event-stream")
        return JSONResponse(self._response(body, self._items(text), "completed"), headers={"x-request-id": "req_1"})

    async def _response_events(self, body: Json, text: str) -> AsyncIterator[bytes]:
        number = -1

        def event(kind: str, **fields: Any) -> bytes:
            nonlocal number
            number += 1
            return frame({"type": kind, "sequence_number": number, **fields}, kind)

        items = self._items(text)
        message, calls = items[0], items[1:]
        place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
        part = message["content"][0]
        empty = {**part, "text": ""}
        try:
            started = self._response(body, [], "in_progress")
            yield event("response.created", response=started)
            yield event("response.in_progress", response=started)
            opened = {**message, "status": "in_progress", "content": []}
            yield event("response.output_item.added", output_index=0, item=opened)
            yield event("response.content_part.added", **place, part=empty)
            for at in range(0, len(text), self.piece):
                yield event("response.output_text.delta", **place, delta=text[at : at + self.piece], logprobs=[])
                if self.delay:
                    await asyncio.sleep(self.delay)
            yield event("response.output_text.done", **place, text=text, logprobs=[])
            yield event("response.content_part.done", **place, part=part)
            yield event("response.output_item.done", output_index=0, item=message)
            for index, call in enumerate(calls, start=1):
                where = {"item_id": call["id"], "output_index": index}
                opened = {**call, "arguments": "", "status": "in_progress"}
                yield event("response.output_item.added", output_index=index, item=opened)
                yield event("response.function_call_arguments.delta", **where, delta=call["arguments"])
                yield event(
                    "response.function_call_arguments.done", **where, arguments=call["arguments"], name=call["name"]
                )
                yield event("response.output_item.done", output_index=index, item=call)
            yield event("response.completed", response=self._response(body, items, "completed"))
        except (asyncio.CancelledError, GeneratorExit):
            self.left += 1
            raise

    async def _other(self, request: Request) -> Response:
        self.headers.append(dict(request.headers))
        self.paths.append(request.url.path)
        if request.url.path == "/v1/models":
            return JSONResponse(
                {"object": "list", "data": [{"id": "fake", "object": "model", "created": 1, "owned_by": "t"}]}
            )
        if request.url.path.startswith("/v1/models/"):
            name = request.url.path.removeprefix("/v1/models/")
            return JSONResponse({"id": name, "object": "model", "created": 1, "owned_by": "t"})
        if request.url.path == "/v1/embeddings":
            vector = {"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}
            used = {"prompt_tokens": 1, "total_tokens": 1}
            return JSONResponse({"object": "list", "data": [vector], "model": "fake", "usage": used})
        return JSONResponse({"said": self.say if isinstance(self.say, str) else ""})
