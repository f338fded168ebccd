"""Chat completions as a stream: each choice is a text of its own, and shown sentence by sentence as it is verified.

What is no text (the role, tool calls, reasoning, usage) passes unchanged, behind the text before it. Chunks are not
those of the upstream: text comes in the pieces that were verified.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any

from guardlayer.errors import GuardlayerError
from guardlayer.gateway import chat, verdicts
from guardlayer.gateway.asking import text_of
from guardlayer.gateway.checking import CallerGuard
from guardlayer.gateway.failures import GatewayError, upstream_failed
from guardlayer.gateway.inbound import Events, Last
from guardlayer.gateway.sse import DONE, Event, Parser, frame
from guardlayer.gateway.upstream import Upstream, reported
from guardlayer.streaming import Release, Session
from guardlayer.types import Report
from guardlayer.wrapping import Asked

Json = dict[str, Any]

_SPOKEN = ("content", "refusal")
_STREAM_ONLY = ("stream", "stream_options")
_UNCHECKED = ("delta", "logprobs", "message", "text")
"""Fields of a choice that hold its text, or spell it out, in one API or another."""


def events(
    upstream: Upstream, body: Json, asked: Asked, desk: CallerGuard, headers: Mapping[str, str], *, choices: int
) -> Events:
    """Return the answer to a request for a stream.

    Args:
        upstream: Whom to ask.
        body: The request.
        asked: What it asks.
        desk: Checks the answer.
        headers: Of the request.
        choices: How many were asked for.
    """
    if desk.caller.hold == "full":
        source = _whole(upstream, body, asked, desk, headers)
    else:
        source = _sentences(upstream, body, Board(asked, desk, choices), headers)
    return Events(source, {}, _failed)


def _failed(error: GatewayError) -> bytes:
    return frame(error.body)


async def _whole(
    upstream: Upstream, body: Json, asked: Asked, desk: CallerGuard, headers: Mapping[str, str]
) -> AsyncGenerator[bytes, None]:
    """Ask for the answer in one piece, check it, ask again where the policy wants to, and only then stream it."""
    plain = {name: value for name, value in body.items() if name not in _STREAM_ONLY}

    async def ask(payload: Json) -> Json:
        return (await upstream.post("/chat/completions", payload, headers)).body

    completion = await chat.guarded(ask, plain, asked, desk)
    for chunk in replayed(completion, usage=_wants_usage(body)):
        yield frame(chunk)
    yield DONE


def replayed(completion: Json, *, usage: bool) -> Iterator[Json]:
    """Yield a completion as the chunks of a stream.

    Args:
        completion: The completion.
        usage: Whether a chunk with the usage ends it.
    """
    told = completion.get("guardlayer")
    head = {name: value for name, value in completion.items() if name not in ("choices", "usage", "guardlayer")}
    head["object"] = "chat.completion.chunk"
    if usage:
        head["usage"] = None
    choices = completion["choices"]
    for place, choice in enumerate(choices):
        index = choice.get("index", place)
        message = dict(choice["message"])
        first = {"role": message.pop("role", "assistant"), "content": ""}
        yield {**head, "choices": [_choice(index, first)]}
        if message.get("tool_calls"):
            message["tool_calls"] = [{"index": number, **call} for number, call in enumerate(message["tool_calls"])]
        for name, value in message.items():
            if value not in (None, "", []):
                yield {**head, "choices": [_choice(index, {name: value})]}
        last = {name: value for name, value in choice.items() if name not in ("message", "logprobs")}
        more = {"guardlayer": told} if place == len(choices) - 1 else {}
        yield {**head, "choices": [{**last, "index": index, "delta": {}}], **more}
    if usage:
        yield {**head, "choices": [], "usage": completion.get("usage")}


async def _sentences(
    upstream: Upstream, body: Json, board: Board, headers: Mapping[str, str]
) -> AsyncGenerator[bytes, None]:
    """Stream what the upstream writes as it is verified."""
    parser = Parser(upstream.max_event)
    done = False
    try:
        async with upstream.stream("/chat/completions", body, headers) as response:
            source = upstream.chunks(response)
            frames = bytearray()
            async for chunk in source:
                for event in parser.feed(chunk):
                    done = done or event.done
                    if not done:
                        await _take(board, event, frames)
                if done:
                    break
                if frames:
                    yield bytes(frames)
                    frames.clear()
            for event in () if done else parser.end():
                done = done or event.done
                if not done:
                    await _take(board, event, frames)
            if not done and not board.complete:
                if frames:
                    yield bytes(frames)
                raise upstream_failed("the upstream's stream broke off before its end", code="incomplete_stream")
            for payload in await board.rest():
                frames += frame(payload)
            yield Last(bytes(frames) + (DONE if done else b""))
            if done:
                await upstream.drain(source)
    finally:
        board.abort()


async def _take(board: Board, event: Event, frames: bytearray) -> None:
    payload = event.json()
    if payload.get("error"):
        raise reported(payload["error"])
    for shown in await board.take(payload):
        frames += frame(shown)


class Board:
    """Every choice of one stream.

    Args:
        asked: What was asked.
        desk: Checks the texts.
        choices: How many choices were asked for.
    """

    def __init__(self, asked: Asked, desk: CallerGuard, choices: int) -> None:
        self._asked = asked
        self._desk = desk
        self._most = choices
        self._choices: dict[int, _Choice] = {}
        self._last: Json = {}

    @property
    def complete(self) -> bool:
        """Whether every choice came to its end."""
        return bool(self._choices) and all(choice.finished for choice in self._choices.values())

    async def take(self, payload: Json) -> list[Json]:
        """Take a chunk of the upstream's, and return the chunks that may be shown now.

        Raises:
            GatewayError: It is not in OpenAI's form.
            GuardViolation: The policy blocked, and the caller asked for errors.
        """
        choices = payload.get("choices")
        if choices == []:  # usage, or what filters of the upstream's have to say
            return [payload]
        if not isinstance(choices, list) or not all(map(self._is_choice, choices)):
            raise upstream_failed("the upstream's stream holds a chunk without choices", code="malformed_stream")
        self._last = payload
        shown: list[Json] = []
        for raw in choices:
            index = raw["index"]
            if index not in self._choices:
                self._choices[index] = _Choice(index, self._asked, self._desk)
            choice = self._choices[index]
            pieces = await choice.take(raw)
            if not pieces:
                continue
            shown += [{**payload, "choices": [piece]} for piece in pieces]
            if raw.get("finish_reason") and choice.told:
                told = verdicts.field(choice.told, self._desk.trace, self._desk.policy)
                shown[-1]["guardlayer"] = told
        return shown

    async def rest(self) -> list[Json]:
        """Return what choices that no ``finish_reason`` ended have left."""
        shown = []
        for choice in self._choices.values():
            shown += [{**self._last, "choices": [piece]} for piece in await choice.rest()]
        return shown

    def abort(self) -> None:
        """End every text that did not reach its end: nothing more of it is shown."""
        for choice in self._choices.values():
            choice.abort(self._desk)

    def _is_choice(self, raw: Any) -> bool:
        index = raw.get("index") if isinstance(raw, dict) else None
        return type(index) is int and 0 <= index < self._most and isinstance(raw.get("delta"), dict | None)


class _Choice:
    """One choice: its texts, and what waits behind them."""

    def __init__(self, index: int, asked: Asked, desk: CallerGuard) -> None:
        self._index = index
        self._asked = asked
        self._desk = desk
        self._sessions: dict[str, Session] = {}
        self._waiting: deque[tuple[int, Json]] = deque()
        self._upto = 0
        self._refusal = ""
        self._notes: list[Any] = []
        self.finished = False

    @property
    def told(self) -> list[tuple[Json, Report]]:
        """What was found, once the choice is at its end."""
        place = {"choice": self._index}
        return [(place, session.report) for session in self._sessions.values() if session.report is not None]

    @property
    def blocked(self) -> bool:
        """Whether the policy ended a text of it."""
        return any(session.blocked for session in self._sessions.values())

    async def take(self, raw: Json) -> list[Json]:
        """Take what the upstream says of this choice, and return what may be shown."""
        delta = raw.get("delta") or {}
        if len(delta) == 1 and type(said := delta.get("content")) is str and said and not raw.get("finish_reason"):
            return await self._say("content", said)  # as nearly every chunk is
        delta = dict(delta)
        if delta.get("audio") is not None:
            raise upstream_failed("the upstream's stream holds audio, which cannot be checked", code="malformed_stream")
        shown: list[Json] = []
        texts = [(name, _spoken(delta, name)) for name in _SPOKEN]
        notes = delta.pop("annotations", None)
        if isinstance(notes, list):
            self._notes += notes
        other = {name: value for name, value in delta.items() if value is not None}
        if other:
            shown += self._passed(other)
        for name, text in texts:
            if text:
                shown += await self._say(name, text)
        if raw.get("finish_reason"):
            shown += await self.rest()
            last = {name: value for name, value in raw.items() if name not in _UNCHECKED}
            shown.append({**last, "delta": {}, "logprobs": None})
            if self.blocked:
                shown[-1] |= {"finish_reason": "content_filter", "delta": {"refusal": self._refusal}}
        return shown

    async def _say(self, name: str, text: str) -> list[Json]:
        """Take more of a text, and return what may be shown."""
        if self.finished:
            raise upstream_failed("the upstream's stream goes on after its end", code="malformed_stream")
        return self._released(name, await self._session(name).afeed(text))

    async def rest(self) -> list[Json]:
        """End the texts, and return what is left of them and behind them."""
        shown: list[Json] = []
        self.finished = True
        for name, session in self._sessions.items():
            shown += self._released(name, await session.afinish())
            await session.afeed("")  # where the policy blocked and errors were asked for, this raises
        shown += self._behind()
        # Citations of the upstream's count in its own text.
        if self._notes and all(report.output == report.draft.text for _, report in self.told):
            shown.append(_choice(self._index, {"annotations": self._notes}))
        self._notes = []
        return shown

    def abort(self, desk: CallerGuard) -> None:
        """End the texts where they are."""
        for session in self._sessions.values():
            if session.report is None:
                try:
                    session.abort("the stream broke off")
                except GuardlayerError as error:
                    desk.failure(error)
            if session.report is not None:
                desk.count(session.report)

    def _session(self, name: str) -> Session:
        if name not in self._sessions:
            self._sessions[name] = self._desk.session(self._asked)
        return self._sessions[name]

    def _passed(self, delta: Json) -> list[Json]:
        """Let pass what is no text, or have it wait behind the text before it."""
        content = self._sessions.get("content")
        received = content.received if content is not None else 0
        if received > self._upto and not self.blocked:
            self._waiting.append((received, delta))
            return []
        return [_choice(self._index, delta)]

    def _behind(self) -> list[Json]:
        """Return what waits behind text that is out, or that will never be: a refusal hides no tool call."""
        shown = []
        while self._waiting and (self.finished or self.blocked or self._waiting[0][0] <= self._upto):
            shown.append(_choice(self._index, self._waiting.popleft()[1]))
        return shown

    def _released(self, name: str, releases: tuple[Release, ...]) -> list[Json]:
        shown = []
        if releases and self._sessions[name].blocked:
            self._refusal = releases[-1].text
        for release in releases:
            delta: Json = {name: release.text}
            notes = [
                verdicts.citation(found.start, found.end, found.uri, found.source, nested=True)
                for found in release.citations
                if found.uri
            ]
            if notes:
                delta["annotations"] = notes
            if release.text:
                shown.append(_choice(self._index, delta))
            if name == "content":
                self._upto = release.upto
                shown += self._behind()
        return shown


def _spoken(delta: Json, name: str) -> str:
    """Take a text out of a delta; an empty one stays, since clients wait for it with the role."""
    value = delta.get(name)
    if value is None or value == "":
        return ""
    if isinstance(value, list) and name == "content":
        text = text_of(value)
        silent = [part for part in value if isinstance(part, dict) and not text_of([part])]
        if any(part.get("type") not in ("thinking", "reasoning", "text") for part in silent):
            raise upstream_failed("the upstream's stream holds content that cannot be checked", code="malformed_stream")
        delta[name] = silent or None
        return text
    if not isinstance(value, str):
        raise upstream_failed("the upstream's stream holds content that is no text", code="malformed_stream")
    del delta[name]
    return value


def _choice(index: int, delta: Json) -> Json:
    return {"index": index, "delta": delta, "finish_reason": None, "logprobs": None}


def _wants_usage(body: Json) -> bool:
    options = body.get("stream_options")
    return isinstance(options, dict) and bool(options.get("include_usage"))
