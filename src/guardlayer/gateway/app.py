"""The application: routes, who may call them, and what they may never reach."""

from __future__ import annotations

import time
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from guardlayer import __version__
from guardlayer.errors import GuardlayerError, GuardViolation, InputError
from guardlayer.gateway import chat, chat_stream, extras, responses, responses_stream, verdicts
from guardlayer.gateway.asking import of_chat, of_response
from guardlayer.gateway.checking import LOG, CallerGuard
from guardlayer.gateway.failures import GatewayError, bad_request, guard_failed, not_guarded
from guardlayer.gateway.inbound import (
    Events,
    EventSender,
    Handler,
    Inbound,
    Reply,
    read_body,
    send_reply,
    stream_headers,
    while_there,
)
from guardlayer.gateway.metrics import CONTENT_TYPE, Metrics
from guardlayer.gateway.settings import Caller, Settings
from guardlayer.gateway.upstream import Upstream, clean_path

if TYPE_CHECKING:
    from guardlayer.guard import Guard

Json = dict[str, Any]

PASSED = (
    ("GET", "/v1/models"), ("POST", "/v1/embeddings"), ("POST", "/v1/moderations"), ("POST", "/v1/images"),
    ("POST", "/v1/rerank"),
)  # fmt: skip
"""What is passed on: methods, and paths with everything below them. No model's statements come back on any of it."""


def build(guard: Guard, settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None) -> Starlette:
    """Return the application; see :func:`guardlayer.gateway.create_app`."""
    gateway = Gateway(guard, settings, transport)
    routes = [
        Route("/healthz", Endpoint(gateway, "healthz", gateway.healthz, open_to_all=True), methods=["GET"]),
        Route("/metrics", Endpoint(gateway, "metrics", gateway.measured, open_to_all=True), methods=["GET"]),
        Route("/v1/chat/completions", Endpoint(gateway, "chat", gateway.chat), methods=["POST"]),
        Route("/v1/responses", Endpoint(gateway, "responses", gateway.responses), methods=["POST"]),
        Route("/v1/checks", Endpoint(gateway, "checks", gateway.checks), methods=["POST"]),
        Route("/beta/litellm_basic_guardrail_api", Endpoint(gateway, "litellm", gateway.litellm), methods=["POST"]),
        Route("/{path:path}", Endpoint(gateway, "other", gateway.other)),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await gateway.upstream.close()

    app = Starlette(routes=routes, lifespan=lifespan)
    app.router.redirect_slashes = False
    return app


class Gateway:
    """What the routes do.

    Args:
        guard: Checks what the upstream answers.
        settings: Where the upstream is, who may call, and the bounds.
        transport: In place of the network, for tests.
    """

    def __init__(self, guard: Guard, settings: Settings, transport: httpx.AsyncBaseTransport | None) -> None:
        self.guard = guard
        self.settings = settings
        self.metrics = Metrics()
        self.upstream = Upstream(settings, transport)

    async def chat(self, call: Inbound) -> Reply | Events:
        """Answer ``/v1/chat/completions``."""
        body = call.json()
        choices = chat.admit(body)
        asked, desk = _read(of_chat, body), self._desk(call, body)
        if body.get("stream"):
            return chat_stream.events(self.upstream, body, asked, desk, call.headers, choices=choices)
        back: dict[str, str] = {}

        async def ask(payload: Json) -> Json:
            answered = await self.upstream.post("/chat/completions", payload, call.headers)
            back.update(answered.headers)
            return answered.body

        completion = await chat.guarded(ask, body, asked, desk)
        return Reply.of(completion, headers={**back, **verdicts.headers(completion["guardlayer"])})

    async def responses(self, call: Inbound) -> Reply | Events:
        """Answer ``/v1/responses``."""
        body = call.json()
        responses.admit(body)
        asked, desk = _read(of_response, body), self._desk(call, body)
        if body.get("stream"):
            return responses_stream.events(self.upstream, body, asked, desk, call.headers)
        back: dict[str, str] = {}

        async def ask(payload: Json) -> Json:
            answered = await self.upstream.post("/responses", payload, call.headers)
            back.update(answered.headers)
            return answered.body

        response = await chat.guarded(ask, body, asked, desk, read=responses.opener(desk), retry=responses.again)
        return Reply.of(response, headers={**back, **verdicts.headers(response["guardlayer"])})

    async def checks(self, call: Inbound) -> Reply:
        """Answer ``/v1/checks``."""
        body = call.json()
        report = await extras.check(body, self._desk(call, {}))
        told = {"x-guardlayer-verdict": report["outcome"], "x-guardlayer-action": report["action"]}
        return Reply.of(report, headers={**told, **verdicts.traced(call.trace)})

    async def litellm(self, call: Inbound) -> Reply:
        """Answer ``/beta/litellm_basic_guardrail_api``."""
        body = call.json()
        desk = self._desk(call, body)
        try:
            answer = await extras.litellm(body, desk)
        except GatewayError:
            raise
        except GuardlayerError as error:
            # An error status would let the text pass where LiteLLM is told to go on without its guardrails.
            answer = {"action": "BLOCKED", "blocked_reason": str(desk.failure(error))}
        return Reply.of(answer, headers=verdicts.traced(call.trace))

    async def other(self, call: Inbound) -> Reply:
        """Pass on what leads around nothing, and refuse the rest."""
        path = clean_path(call.path)
        if not path.startswith("/v1/"):
            raise GatewayError(404, "not_found", "there is no such path here; the API begins with /v1/")
        if not (_below(path, self.settings.unguarded) or _below(path, [p for m, p in PASSED if m == call.method])):
            raise not_guarded(
                f"{call.method} {path[:100]}",
                "use /v1/chat/completions or /v1/responses, or have the gateway's operator list it as unguarded",
            )
        status, headers, content = await self.upstream.relay(
            call.method, path.removeprefix("/v1"), call.query, call.content, call.headers
        )
        media = headers.pop("content-type", "application/octet-stream")
        return Reply(content, status, {**headers, **verdicts.traced(call.trace)}, media)

    async def healthz(self, _: Inbound) -> Reply:
        """Say that the process answers."""
        return Reply.of({"status": "ok", "version": __version__})

    async def measured(self, _: Inbound) -> Reply:
        """Answer ``/metrics``."""
        return Reply(self.metrics.text().encode(), media=CONTENT_TYPE)

    def _desk(self, call: Inbound, body: Json) -> CallerGuard:
        model = body.get("model")
        name = model[:200] if isinstance(model, str) else None
        guard = call.caller.guard or self.guard
        if call.caller.principal is not None:
            guard = guard.acting_for(call.caller.principal)
        return CallerGuard(guard, call.caller, self.metrics, call.trace, name)


class Endpoint:
    """One route: reads the request, lets a handler answer it, and turns whatever happens into a response.

    Args:
        gateway: What the routes share.
        name: Of the route, in the log and the metrics.
        handler: Answers a request.
        open_to_all: Whether no key is asked for.
    """

    def __init__(self, gateway: Gateway, name: str, handler: Handler, *, open_to_all: bool = False) -> None:
        self._gateway = gateway
        self._name = name
        self._handler = handler
        self._open = open_to_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        metrics = self._gateway.metrics
        trace, start = uuid4().hex, time.perf_counter()
        status, answered = 0, False

        async def watched(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                answered = not message.get("more_body", False)
            await send(message)

        metrics.add("in_flight", 1)
        done = False
        try:
            done = await self._answer(scope, receive, watched, trace, lambda: answered)
        finally:
            seconds = time.perf_counter() - start
            metrics.add("in_flight", -1)
            metrics.observe("request_seconds", seconds, route=self._name)
            metrics.add("requests_total", route=self._name, status=str(status))
            if not done:
                metrics.add("disconnects_total")
            LOG.info(
                "%s %s %d %.0f ms trace %s%s",
                scope["method"], self._name, status, seconds * 1000, trace, "" if done else " (client left)",
            )  # fmt: skip

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, trace: str, answered: Callable[[], bool]
    ) -> bool:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        settings = self._gateway.settings
        try:
            caller = Caller() if self._open else settings.caller(headers)
            if caller is None:
                raise GatewayError(
                    401, "invalid_api_key", "the API key is not one of this gateway's", kind="authentication_error"
                )
            content = await read_body(receive, headers, settings.max_request)
        except GatewayError as error:
            await self._refuse(error, send, trace)
            return True
        if content is None:
            return False
        query = scope["query_string"].decode("latin-1")
        call = Inbound(scope["method"], scope["path"], query, headers, content, caller, trace)
        return await while_there(receive, self._respond(call, send), answered)

    async def _respond(self, call: Inbound, send: Send) -> None:
        sender: EventSender | None = None
        answer: Reply | Events | None = None
        try:
            answer = await self._handler(call)
            if isinstance(answer, Reply):
                await send_reply(answer, send)
                return
            headers = stream_headers({**answer.headers, **verdicts.traced(call.trace)})
            sender = EventSender(send, headers, self._gateway.settings.keep_alive)
            await sender.run(answer.source)
            await sender.end()
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the client is told, and nothing else
            failure = self._failure(error, call)
            if sender is None or not sender.started:
                await self._refuse(failure, send, call.trace)
                return
            assert isinstance(answer, Events)
            await sender.write(answer.failed(failure))
            await sender.end()

    def _failure(self, error: Exception, call: Inbound) -> GatewayError:
        if isinstance(error, GatewayError):
            if error.kind == "upstream_error":
                self._gateway.metrics.add("upstream_errors_total", code=_bounded(error))
            return error
        if isinstance(error, GuardViolation):
            return verdicts.violation(error, call.trace)
        if isinstance(error, InputError) and self._name == "checks":
            return bad_request("bad_input", str(error))
        if isinstance(error, GuardlayerError):
            return self._gateway._desk(call, {}).failure(error)  # noqa: SLF001 - one module, one thing
        # The message may quote what was said; the place may not.
        place = traceback.extract_tb(error.__traceback__)[-1]
        LOG.error("trace %s: %s at %s:%s", call.trace, type(error).__name__, place.filename, place.lineno)
        return guard_failed(call.trace, status=500)

    async def _refuse(self, error: GatewayError, send: Send, trace: str) -> None:
        headers = {**error.headers, **verdicts.traced(trace)}
        await send_reply(Reply.of(error.body, status=error.status, headers=headers), send)


def _read(reader: Any, body: Json) -> Any:
    """Read what was asked; what cannot be read is the client's error, before the upstream is asked."""
    try:
        return reader(body)
    except InputError as error:
        raise bad_request("bad_input", str(error)) from error


def _below(path: str, prefixes: Any) -> bool:
    return any(path == prefix or path.startswith(f"{prefix.rstrip('/')}/") for prefix in prefixes)


def _bounded(error: GatewayError) -> str:
    """Return a label from a short list: an upstream's own codes are anybody's words."""
    known = (
        "upstream_error", "upstream_timeout", "upstream_broken", "malformed_stream", "malformed_response",
        "unreadable_response", "incomplete_stream",
    )  # fmt: skip
    return error.code if error.code in known else f"status_{error.status}"
