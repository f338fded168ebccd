"""The upstream: one place that speaks to it, and lets through nothing that it should not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any, cast
from urllib.parse import quote

import httpx
import orjson

from guardlayer.gateway.failures import GatewayError, bad_request, upstream_failed
from guardlayer.gateway.settings import Settings
from guardlayer.gateway.transport import Transport

CONNECTIONS = 2_000
"""Most connections to the upstream at once; more requests wait."""
CONNECT_SECONDS = 10.0
KEPT_SECONDS = 3.0
"""How long an idle connection is used again: less than servers keep it open, or a request would meet its end."""
DRAIN_SECONDS = 0.1
"""How long the end of a stream is waited for that has said it is done: only a connection read to its end is kept."""
MESSAGE_LIMIT = 2_000
"""Longest message of an upstream's error that is passed on, in code points."""

_HOP = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
     "transfer-encoding", "upgrade")
)  # fmt: skip
_NOT_SENT = _HOP | {"host", "content-length", "content-type", "accept", "accept-encoding", "cookie", "forwarded", "via"}
_CREDENTIALS = frozenset(("authorization", "x-api-key", "api-key", "x-goog-api-key"))
# Lengths, encodings and digests of a body that may have changed; cookies and identities of another host.
_NOT_RETURNED = _HOP | {
    "content-length", "content-encoding", "content-md5", "content-digest", "digest", "etag", "set-cookie", "server",
    "date", "content-type", "location", "alt-svc", "strict-transport-security", "access-control-allow-origin",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer in one piece."""

    body: dict[str, Any]
    headers: dict[str, str]


class Upstream:
    """Asks the upstream.

    Args:
        settings: Where it is, its key, and the bounds.
        transport: In place of the network, for tests.
    """

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._settings = settings
        if transport is None and not settings.trust_env:  # a proxy of the environment is httpx's to find
            transport = Transport(connections=CONNECTIONS, kept=KEPT_SECONDS)
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(settings.timeout, connect=CONNECT_SECONDS, pool=settings.timeout),
            limits=httpx.Limits(
                max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=KEPT_SECONDS
            ),
            trust_env=settings.trust_env,
            # A redirect would send the key and the conversation to whom the operator did not name.
            follow_redirects=False,
        )
        # What the upstream sets for one caller is never sent for another.
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))

    @property
    def max_event(self) -> int:
        """Longest event of a stream, bytes."""
        return self._settings.max_event

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def post(self, path: str, payload: dict[str, Any], headers: Mapping[str, str]) -> Answered:
        """Ask for an answer in one piece.

        Raises:
            GatewayError: The upstream failed, or answered what cannot be read.
        """
        async with self._opened("POST", path, payload, headers) as response:
            raw = await self._read(response)
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            raise upstream_failed("the upstream's answer is no JSON object", code="malformed_response")
        return Answered(body, returned(response.headers))

    @asynccontextmanager
    async def stream(
        self, path: str, payload: dict[str, Any], headers: Mapping[str, str]
    ) -> AsyncIterator[httpx.Response]:
        """Ask for a stream; leaving the block closes the connection.

        Raises:
            GatewayError: The upstream failed, or answered something that is no stream.
        """
        async with self._opened("POST", path, payload, headers, accept="text/event-stream") as response:
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != "text/event-stream":
                raise upstream_failed(f"the upstream was asked for a stream and answered {kind[:80] or 'untyped data'}")
            yield response

    async def chunks(self, response: httpx.Response) -> AsyncIterator[bytes]:
        """Yield the bytes of a stream as they come.

        Raises:
            GatewayError: The connection broke, or the stream is too long.
        """
        total = 0
        # Where nothing has to be decoded, a token need not pass through the layers that do it.
        encoded = "content-encoding" in response.headers
        source = response.aiter_bytes() if encoded else cast("AsyncIterable[bytes]", response.stream)
        with _translated():
            async for chunk in source:
                total += len(chunk)
                if total > self._settings.max_response:
                    raise upstream_failed(f"the upstream's stream has more than {self._settings.max_response:,} bytes")
                yield chunk

    async def drain(self, source: AsyncIterator[bytes]) -> None:
        """Read the end of a stream that has said all, so that its connection can be used again."""
        with suppress(GatewayError, TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                async for _ in source:
                    pass

    async def relay(
        self, method: str, path: str, query: str, content: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        """Pass a request on as it is, and return status, headers and body of the answer.

        Raises:
            GatewayError: The upstream failed.
        """
        kind = headers.get("content-type")
        typed = {"content-type": kind} if kind else {}
        async with self._opened(method, path, content, headers, query=query, extra=typed) as response:
            raw = await self._read(response)
        back = returned(response.headers)
        if "content-type" in response.headers:
            back["content-type"] = response.headers["content-type"]
        return response.status_code, back, raw

    @asynccontextmanager
    async def _opened(
        self,
        method: str,
        path: str,
        payload: dict[str, Any] | bytes,
        headers: Mapping[str, str],
        *,
        accept: str = "application/json",
        query: str = "",
        extra: Mapping[str, str] | None = None,
    ) -> AsyncIterator[httpx.Response]:
        sent = self._sent(headers) | {"accept": accept, "accept-encoding": "identity"} | dict(extra or {})
        if isinstance(payload, dict):
            sent["content-type"] = "application/json"
        url = httpx.URL(self._settings.upstream + path).copy_with(query=query.encode() or None)
        request = self._client.build_request(
            method, url, content=orjson.dumps(payload) if isinstance(payload, dict) else payload, headers=sent
        )
        with _translated():
            response = await self._client.send(request, stream=True)
        try:
            if not response.is_success:
                raise await self._refused(response)
            yield response
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response) -> bytes:
        limit = self._settings.max_response
        parts, total = [], 0
        with _translated():
            async for chunk in response.aiter_bytes():
                total += len(chunk)
                if total > limit:
                    raise upstream_failed(f"the upstream's answer has more than {limit:,} bytes")
                parts.append(chunk)
        return b"".join(parts)

    async def _refused(self, response: httpx.Response) -> GatewayError:
        """Return what a client is told of an answer that is no success."""
        status = response.status_code
        if response.is_redirect:
            return upstream_failed(f"the upstream answered with a redirect ({status}), and those are not followed")
        own_key = self._settings.upstream_key
        if own_key is not None and status in (401, 403):
            return upstream_failed(f"the upstream refused the gateway's key ({status}); tell who runs the gateway")
        try:
            body = orjson.loads(await self._read(response))
        except (orjson.JSONDecodeError, GatewayError):
            body = None
        failure = reported(body.get("error") if isinstance(body, dict) else None, status=status, key=own_key)
        failure.headers = returned(response.headers)
        return failure

    def _sent(self, headers: Mapping[str, str]) -> dict[str, str]:
        own_key = self._settings.upstream_key
        dropped = _NOT_SENT if own_key is None else _NOT_SENT | _CREDENTIALS
        sent = {
            name: value
            for name, value in headers.items()
            if name not in dropped and not name.startswith(("x-guardlayer-", "x-forwarded-"))
        }
        return sent if own_key is None else sent | {"authorization": f"Bearer {own_key}"}


def returned(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of an upstream's answer that go on to the client: request ids, rate limits and the like."""
    return {
        name.lower(): value
        for name, value in headers.items()
        if name.lower() not in _NOT_RETURNED and not name.lower().startswith("x-guardlayer-")
    }


def clean_path(path: str) -> str:
    """Return a decoded path, encoded again so that the upstream reads it as we did.

    Raises:
        GatewayError: A segment could lead elsewhere.
    """
    if "\\" in path or "//" in path or any(part in (".", "..") for part in path.split("/")) or not path.isprintable():
        raise bad_request("bad_path", "the path holds a segment such as '..'; write it plainly")
    return quote(path, safe="/:@+,-_.~")


class _translated:  # noqa: N801 - used like a function, as contextlib's own are
    """Turns errors of httpx into ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, httpx.TimeoutException):
            raise upstream_failed("the upstream did not answer in time", status=504, code="upstream_timeout") from error
        if isinstance(error, httpx.HTTPError | httpx.InvalidURL | httpx.StreamError):
            reason = type(error).__name__
            raise upstream_failed(
                f"the connection to the upstream failed ({reason})", code="upstream_broken"
            ) from error


def reported(error: Any, *, status: int = 502, key: str | None = None) -> GatewayError:
    """Return an upstream's ``error`` as ours: four fields of it, and nothing else.

    Other fields may hold what the model wrote (``failed_generation``).

    Args:
        error: The object.
        status: Of the upstream's answer.
        key: The gateway's own key, which is not shown should the upstream repeat it.
    """
    fields = error if isinstance(error, dict) else {}
    message = _text(fields.get("message")) or f"the upstream answered {status}"
    failure = GatewayError(
        status,
        _text(fields.get("code")) or f"upstream_{status}",
        message.replace(key, "[key]") if key else message,
        kind=_text(fields.get("type")) or "upstream_error",
    )
    failure.param = _text(fields.get("param"))
    return failure


def _text(value: Any) -> str | None:
    return value[:MESSAGE_LIMIT] if isinstance(value, str) and value else None
