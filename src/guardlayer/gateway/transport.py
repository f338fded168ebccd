"""The way to the upstream: httpx says what is asked, aiohttp carries it.

A token is an event of its own, and at many streams reading them is most of what a gateway does. aiohttp's parser is
compiled and hands on what has arrived as it is; httpx's own transport takes more than twice the time of a core.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from io import BytesIO

import aiohttp
import httpx
from yarl import URL

_LARGE = 2**20
"""Bodies of more bytes are sent piece by piece."""


class Transport(httpx.AsyncBaseTransport):
    """Sends requests of httpx through aiohttp, as they are.

    Nothing is added, followed, decoded or remembered: no headers, no redirects, no cookies, and no proxy of the
    environment.

    Args:
        connections: Most of them at once; further requests wait.
        kept: Seconds after which an idle connection is closed.
    """

    def __init__(self, *, connections: int, kept: float) -> None:
        self._connections = connections
        self._kept = kept
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return its response with the body still to be read.

        Raises:
            httpx.TransportError: What httpx's own transport would raise.
        """
        limits = request.extensions.get("timeout", {})
        body = await request.aread()
        with _translated():
            response = await self._opened().request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                data=BytesIO(body) if len(body) > _LARGE else body or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    connect=limits.get("pool"), sock_connect=limits.get("connect"), sock_read=limits.get("read")
                ),
            )
        return httpx.Response(
            response.status,
            headers=list(response.raw_headers),
            stream=_Body(response),
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": (response.reason or "").encode("latin-1")},
        )

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections,
                    keepalive_timeout=self._kept,
                    ssl=httpx.create_ssl_context(trust_env=False),
                ),
                # What the upstream sets for one caller is never sent for another.
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("accept", "accept-encoding", "content-type", "user-agent"),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


class _Body(httpx.AsyncByteStream):
    """The body of a response, in the pieces that arrive."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield all that has arrived, until the end."""
        read = self._response.content.readany
        with _translated():
            while chunk := await read():
                yield chunk

    async def aclose(self) -> None:
        """Keep the connection if all was read, else close it."""
        self._response.release()


@contextmanager
def _translated() -> Iterator[None]:
    """Turn errors of aiohttp into those of httpx."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout(str(error)) from error
    except TimeoutError as error:
        raise httpx.ReadTimeout(str(error)) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(str(error)) from error
    except aiohttp.InvalidURL as error:
        raise httpx.UnsupportedProtocol(str(error)) from error
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, aiohttp.ClientResponseError) as error:
        raise httpx.RemoteProtocolError(str(error)) from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.ReadError(str(error)) from error
