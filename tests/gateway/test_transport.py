"""The way to the upstream: what is asked goes out as it is, and what fails is told in httpx's own errors."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from guardlayer.gateway.transport import Transport

OK = b"HTTP/1.1 200 OK\r\n"
Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def asked(answering: Answering, **timeout: float) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A client over the transport, and the address of a server that does with each connection what it likes."""

    tasks: list[asyncio.Task[None]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await answering(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.ensure_future(answer(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    limits = httpx.Timeout(timeout.get("read", 5.0))
    async with server, httpx.AsyncClient(transport=Transport(connections=8, kept=3.0), timeout=limits) as client:
        try:
            yield client, url
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def saying(*parts: bytes, wait: float = 0.0, heard: list[bytes] | None = None) -> Answering:
    """Read one request, write ``parts``, wait, and close."""

    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        body = await reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b""
        if heard is not None:
            heard.append(head + body)
        for part in parts:
            writer.write(part)
            await writer.drain()
        await asyncio.sleep(wait)

    return answering


async def test_a_request_goes_out_as_it_was_made():
    """Method, path with its encoding, query, headers and body are the caller's; none is added, decoded or put right."""
    heard: list[bytes] = []
    async with asked(saying(OK + b"content-length: 0\r\n\r\n", heard=heard)) as (client, url):
        request = httpx.Request("POST", f"{url}/v1/a%2Fb%7E?x=%2F&y", headers={"x-mine": "1"}, content=b"{}")
        response = await client.send(request)
    assert (response.status_code, response.content) == (200, b"")
    line, _, rest = heard[0].partition(b"\r\n")
    assert line == b"POST /v1/a%2Fb%7E?x=%2F&y HTTP/1.1"
    head, _, body = rest.partition(b"\r\n\r\n")
    assert body == b"{}"
    names = sorted(each.partition(b":")[0].lower() for each in head.split(b"\r\n"))
    assert names == [b"content-length", b"host", b"x-mine"]


async def test_a_long_body_arrives_whole():
    """Bodies that are sent piece by piece have their length in front all the same."""
    heard: list[bytes] = []
    body = bytes(range(256)) * 10_000
    async with asked(saying(OK + b"content-length: 0\r\n\r\n", heard=heard)) as (client, url):
        await client.post(url, content=body)
    assert heard[0].endswith(b"\r\n\r\n" + body)
    assert b"transfer-encoding" not in heard[0].split(b"\r\n\r\n")[0].lower()


async def test_an_answer_comes_back_as_it_was_sent():
    """Status, repeated headers and an encoded body are left to httpx; a redirect is an answer like any other."""
    packed = gzip.compress(b"hello")
    sent = b"HTTP/1.1 302 Elsewhere\r\nlocation: /x\r\na: 1\r\na: 2\r\ncontent-encoding: gzip\r\n"
    async with asked(saying(sent + b"content-length: %d\r\n\r\n%s" % (len(packed), packed))) as (client, url):
        response = await client.get(url)
    assert (response.status_code, response.reason_phrase) == (302, "Elsewhere")
    assert response.headers.get_list("a") == ["1", "2"]
    assert response.text == "hello"


async def test_what_has_arrived_is_handed_on_at_once():
    """A piece is there when it was written, not when the answer ends."""
    part = b"3\r\nabc\r\n"
    stream = saying(OK + b"transfer-encoding: chunked\r\n\r\n" + part, wait=30)
    async with asked(stream) as (client, url), client.stream("GET", url) as response:
        async with asyncio.timeout(5):
            assert await anext(response.aiter_raw()) == b"abc"


async def test_leaving_an_answer_closes_its_connection():
    """Who stops reading midway ends the upstream's work; the connection is not used again."""
    left = asyncio.Event()

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await reader.read()
        left.set()

    async with asked(endless) as (client, url):
        async with client.stream("GET", url) as response:
            await anext(response.aiter_raw())
        async with asyncio.timeout(5):
            await left.wait()


@pytest.mark.parametrize(
    ("answer", "wait", "error"),
    [
        ((), 0.0, httpx.RemoteProtocolError),
        ((b"nonsense\r\n\r\n",), 0.0, httpx.RemoteProtocolError),
        ((OK + b"content-length: 9\r\n\r\nabc",), 0.0, httpx.RemoteProtocolError),
        ((OK + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",), 0.0, httpx.RemoteProtocolError),
        ((OK + b"transfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n",), 0.0, httpx.RemoteProtocolError),
        ((), 30.0, httpx.ReadTimeout),
        ((OK + b"content-length: 9\r\n\r\nabc",), 30.0, httpx.ReadTimeout),
    ],
    ids=["nothing", "no http", "too short", "no last chunk", "no chunk", "silence", "silence midway"],
)
async def test_what_fails_is_an_error_of_httpx(answer, wait, error):
    """An upstream that breaks off, talks nonsense or falls silent is told apart, and no error of aiohttp leaks."""
    async with asked(saying(*answer, wait=wait), read=0.3) as (client, url):
        with pytest.raises(error):
            await client.get(url)


async def test_nobody_listening_is_a_failure_to_connect():
    """A port without a server and a name that is none cannot be connected to."""
    async with asked(saying()) as (client, url):
        pass
    async with httpx.AsyncClient(transport=Transport(connections=1, kept=1.0)) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(url)
        with pytest.raises(httpx.ConnectError):
            await client.get("http://nowhere.invalid/")
