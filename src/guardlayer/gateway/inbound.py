"""One request as the gateway sees it, and what is sent back: in one piece, or as events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.types import Message, Receive, Send

from guardlayer.gateway.failures import GatewayError, bad_request
from guardlayer.gateway.settings import Caller
from guardlayer.gateway.sse import KEEP_ALIVE

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Inbound:
    """A request that was read to its end.

    Attributes:
        method: As in HTTP.
        path: Decoded.
        query: As it was sent.
        headers: Names in lower case.
        content: The body.
        caller: Whose rules apply.
        trace: Identifier of the request.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    content: bytes
    caller: Caller
    trace: str

    def json(self) -> Json:
        """Return the body as a JSON object.

        Raises:
            GatewayError: It is none.
        """
        try:
            body = orjson.loads(self.content)
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            raise bad_request("bad_json", "the body is no JSON object in UTF-8")
        if body.get("stream") not in (True, False, None):
            raise bad_request("bad_stream", "stream is neither true nor false")
        return body


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in one piece."""

    content: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media: str = "application/json"

    @classmethod
    def of(cls, body: Json, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        """Return a reply with a JSON body."""
        return cls(orjson.dumps(body), status, headers or {})


class Last(bytes):
    """The frames that end an answer: they are sent with its end, and no client waits for what is done behind them."""


@dataclass(frozen=True, slots=True)
class Events:
    """An answer as events.

    Attributes:
        source: Yields whole frames, as :class:`Last` those that end the answer; closing it closes the upstream.
        headers: Sent before anything was checked.
        failed: Makes the frame that ends the stream where it fails midway.
    """

    source: AsyncGenerator[bytes, None]
    headers: Mapping[str, str]
    failed: Callable[[GatewayError], bytes]


async def read_body(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes | None:
    """Read a body, or return ``None`` if the client left meanwhile.

    Raises:
        GatewayError: It is longer than ``limit`` bytes.
    """
    too_long = GatewayError(413, "too_large", f"the body has more than {limit:,} bytes; send less")
    declared = headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_long
    parts, total, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        total += len(part)
        if total > limit:
            raise too_long
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


async def while_there(receive: Receive, work: Coroutine[Any, Any, None], answered: Callable[[], bool]) -> bool:
    """Do the work while the client is there; if it leaves, cancel the work.

    Args:
        receive: The server's.
        work: Answers the client.
        answered: Says whether the whole answer was sent; what is done behind it is not cancelled.

    Returns:
        Whether the work was done.
    """

    async def leaving() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    task, watch = asyncio.ensure_future(work), asyncio.ensure_future(leaving())
    try:
        await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
        if answered():
            await asyncio.wait({task})
        if task.done():
            task.result()
            return True
        return False
    finally:
        for each in (task, watch):
            each.cancel()
        await asyncio.gather(task, watch, return_exceptions=True)


async def send_reply(reply: Reply, send: Send) -> None:
    """Send an answer in one piece."""
    headers = {**reply.headers, "content-type": reply.media, "content-length": str(len(reply.content))}
    await send(_start(reply.status, headers))
    await send({"type": "http.response.body", "body": reply.content})


class EventSender:
    """Sends events as they come, and a comment where none has come for a while.

    The status is sent with the first event or comment, not before: what fails earlier is an error with its own status.

    Args:
        send: The server's.
        headers: Of the answer.
        keep_alive: Seconds of silence after which a comment is sent.
    """

    def __init__(self, send: Send, headers: Mapping[str, str], keep_alive: float) -> None:
        self._send = send
        self._headers = headers
        self._keep_alive = keep_alive
        self._lock = asyncio.Lock()
        self._last = time.monotonic()
        self.started = False
        self.ended = False

    async def run(self, source: AsyncGenerator[bytes, None]) -> None:
        """Send everything; the source is closed whatever happens."""
        ticking = asyncio.ensure_future(self._tick())
        try:
            async for frames in source:
                await self.write(frames, last=isinstance(frames, Last))
        finally:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)
            await source.aclose()

    async def write(self, frames: bytes, *, last: bool = False) -> None:
        """Send whole frames, and the end of the answer with the last; behind it nothing is sent."""
        async with self._lock:
            if self.ended:
                return
            if not self.started:
                self.started = True
                await self._send(_start(200, self._headers))
            self.ended = last
            await self._send({"type": "http.response.body", "body": frames, "more_body": not last})
            self._last = time.monotonic()

    async def end(self) -> None:
        """End the answer, unless its last frames did."""
        await self.write(b"", last=True)

    async def _tick(self) -> None:
        while not self.ended:
            silent = time.monotonic() - self._last
            if silent >= self._keep_alive:
                await self.write(KEEP_ALIVE)
                silent = 0.0
            await asyncio.sleep(self._keep_alive - silent)


def stream_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of an answer as events; proxies are asked not to buffer it."""
    return {
        **headers,
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache",
        "x-accel-buffering": "no",
    }


def _start(status: int, headers: Mapping[str, str]) -> Message:
    raw = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": raw}


Handler = Callable[[Inbound], Awaitable[Reply | Events]]
