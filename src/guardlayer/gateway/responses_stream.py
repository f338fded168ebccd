"""Responses as a stream: each part of each message is a text of its own, shown sentence by sentence as it is verified.

Events that repeat a text (done events, the whole response at the end) say what was shown. Events of kinds unknown here
are left out: one of them might spell out what was not checked.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any

from guardlayer.errors import GuardlayerError
from guardlayer.gateway import chat, responses, verdicts
from guardlayer.gateway.asking import text_of
from guardlayer.gateway.checking import LOG, CallerGuard
from guardlayer.gateway.failures import GatewayError, upstream_failed
from guardlayer.gateway.inbound import Events, Last
from guardlayer.gateway.responses import TEXTS, part_saying
from guardlayer.gateway.sse import DONE, Event, Parser, frame
from guardlayer.gateway.upstream import Upstream, reported
from guardlayer.streaming import Release, Session
from guardlayer.types import Report
from guardlayer.wrapping import Asked

Json = dict[str, Any]
Place = tuple[int, int]
"""Where a text stands: output index and content index."""

_BEGUN = ("response.created", "response.in_progress", "response.queued")
_ENDED = ("response.completed", "response.incomplete", "response.failed")
_PASSED = (
    "response.reasoning", "response.function_call_arguments.", "response.custom_tool_call_input.", "response.mcp_",
    "response.web_search_call.", "response.file_search_call.", "response.code_interpreter_call",
    "response.image_generation_call.", "response.computer_call", "response.local_shell_call", "response.shell_call",
    "response.apply_patch_call", "response.output_item.", "response.content_part.",
)  # fmt: skip
"""What is no statement of the model's: reasoning, calls of tools, and the frame of items and parts."""


def events(upstream: Upstream, body: Json, asked: Asked, desk: CallerGuard, headers: Mapping[str, str]) -> Events:
    """Return the answer to a request for a stream.

    Args:
        upstream: Whom to ask.
        body: The request.
        asked: What it asks.
        desk: Checks the answer.
        headers: Of the request.
    """
    script = Script(asked, desk)
    if desk.caller.hold == "full":
        return Events(_whole(upstream, body, script, headers), {}, script.failed)
    return Events(_sentences(upstream, body, script, headers), {}, script.failed)


async def _whole(
    upstream: Upstream, body: Json, script: Script, headers: Mapping[str, str]
) -> AsyncGenerator[bytes, None]:
    """Ask for the answer in one piece, check it, ask again where the policy wants to, and only then stream it."""
    plain = {name: value for name, value in body.items() if name not in ("stream", "stream_options")}
    desk = script.desk

    async def ask(payload: Json) -> Json:
        return (await upstream.post("/responses", payload, headers)).body

    read = responses.opener(desk)
    response = await chat.guarded(ask, plain, script.asked, desk, read=read, retry=responses.again)
    yield b"".join(script.framed(event) for event in replayed(response))


async def _sentences(
    upstream: Upstream, body: Json, script: Script, headers: Mapping[str, str]
) -> AsyncGenerator[bytes, None]:
    """Stream what the upstream writes as it is verified."""
    parser = Parser(upstream.max_event)
    try:
        async with upstream.stream("/responses", body, headers) as response:
            async for chunk in upstream.chunks(response):
                frames = await _taken(script, parser.feed(chunk))
                if frames:
                    yield frames
            frames = await _taken(script, parser.end())
            if script.ended:
                yield Last(frames)
            elif frames:
                yield frames
        if not script.ended:
            raise upstream_failed("the upstream's stream broke off before its end", code="incomplete_stream")
    finally:
        script.abort()


async def _taken(script: Script, found: Iterator[Event]) -> bytes:
    frames = bytearray()
    for event in found:
        if event.done:
            frames += DONE if script.ended else b""
            continue
        for shown in await script.take(event.json()):
            frames += script.framed(shown)
    return bytes(frames)


class Script:
    """One stream of events.

    Args:
        asked: What was asked.
        desk: Checks the texts.
    """

    def __init__(self, asked: Asked, desk: CallerGuard) -> None:
        self.asked = asked
        self.desk = desk
        self.ended = False
        self._voices: dict[Place, _Voice] = {}
        self._number = -1

    def framed(self, event: Json) -> bytes:
        """Return an event as a frame, numbered."""
        self._number += 1
        return frame({**event, "sequence_number": self._number}, event["type"])

    def failed(self, error: GatewayError) -> bytes:
        """Return the event that ends a stream that failed; clients look for it in one of two forms."""
        said = error.error
        fields = {name: said[name] for name in ("code", "message", "param")}
        return self.framed({"type": "error", **fields, **error.body})

    async def take(self, event: Json) -> list[Json]:
        """Take an event of the upstream's, and return the events that may be shown now.

        Raises:
            GatewayError: It is not in OpenAI's form.
            GuardViolation: The policy blocked, and the caller asked for errors.
        """
        kind = event.get("type")
        if not isinstance(kind, str):
            raise upstream_failed("the upstream's stream holds an event without a type", code="malformed_stream")
        if kind == "error" or event.get("error"):
            raise reported(event.get("error") or event)
        if self.ended:
            raise upstream_failed("the upstream's stream goes on after its end", code="malformed_stream")
        if kind in _BEGUN:
            return [{**event, "response": {**_object(event, "response"), "output": []}}]
        if kind in _ENDED:
            return await self._end(event)
        if kind.startswith(("response.output_text.", "response.refusal.")):
            return await self._speak(event, kind)
        if kind.startswith("response.content_part."):
            return await self._part(event, kind)
        if kind.startswith("response.output_item."):
            return await self._item(event, kind)
        if kind.startswith(_PASSED):
            return [event]
        LOG.warning("trace %s: an event of an unknown kind was left out of a stream", self.desk.trace)
        return []

    def abort(self) -> None:
        """End every text that did not reach its end: nothing more of it is shown."""
        for voice in self._voices.values():
            voice.abort(self.desk)

    async def _speak(self, event: Json, kind: str) -> list[Json]:
        place = _place(event)
        if kind.endswith(".annotation.added"):
            self._voice(place, "output_text").notes.append(event)
            return []
        name = "refusal" if kind.startswith("response.refusal.") else "output_text"
        voice = self._voice(place, name)
        if kind.endswith(".delta"):
            return voice.deltas(event, await voice.feed(_string(event, "delta")))
        shown = voice.deltas(event, await voice.close(_string(event, TEXTS[name])))
        ended = {**event, TEXTS[name]: voice.output, **({"logprobs": []} if "logprobs" in event else {})}
        return [*shown, *voice.annotated(event), ended]

    async def _part(self, event: Json, kind: str) -> list[Json]:
        part = _object(event, "part")
        if part.get("type") == "reasoning_text":
            return [event]
        if part.get("type") not in TEXTS:
            raise upstream_failed("the upstream's stream holds a part that cannot be checked", code="malformed_stream")
        if kind.endswith(".added"):
            empty: Json = {name: [] for name in ("annotations", "logprobs") if name in part}
            empty[TEXTS[part["type"]]] = ""
            return [{**event, "part": {**part, **empty}}]
        voice = self._voice(_place(event), part["type"])
        shown = voice.deltas(event, await voice.close(text_of([part])))
        return [*shown, {**event, "part": voice.said(part)}]

    async def _item(self, event: Json, kind: str) -> list[Json]:
        item = _object(event, "item")
        if item.get("type", "message") == "reasoning" or not item.get("content"):
            return [event]
        if kind.endswith(".added"):
            return [{**event, "item": {**item, "content": []}}]
        return [{**event, "item": await self._checked(item, _index(event, "output_index"))}]

    async def _end(self, event: Json) -> list[Json]:
        response = _object(event, "response")
        given = response.get("output")
        if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
            raise upstream_failed("the upstream's response has no list of output items", code="malformed_stream")
        output = [await self._checked(item, index) for index, item in enumerate(given)]
        for place, voice in sorted(self._voices.items()):
            if voice.session.report is None:  # a text that the whole response no longer has
                raise upstream_failed(
                    f"the upstream's response lacks the text of item {place[0]}", code="malformed_stream"
                )
        reports: list[tuple[Json, Report]] = [
            ({"output": place[0], "part": place[1]}, voice.session.report)
            for place, voice in sorted(self._voices.items())
            if voice.session.report is not None
        ]
        blocked = any(voice.session.blocked for voice in self._voices.values())
        final = responses.finished(response, output, reports, self.desk, blocked=blocked)
        self.ended = True
        kind = "response.incomplete" if blocked else event["type"]
        return [{**event, "type": kind, "response": final}]

    async def _checked(self, item: Json, index: int) -> Json:
        """Return an item as it may be shown whole; a text that was not streamed is checked here."""
        content = []
        blocked = False
        for number, part in enumerate(responses.parts_of(item)):
            voice = self._voice((index, number), part["type"])
            await voice.close(text_of([part]))
            content.append(voice.said(part))
            blocked = blocked or voice.session.blocked
        if not content:
            return item
        return {**item, "content": content, **({"status": "incomplete"} if blocked else {})}

    def _voice(self, place: Place, kind: str) -> _Voice:
        if place not in self._voices:
            self._voices[place] = _Voice(kind, self.desk.session(self.asked))
        return self._voices[place]


class _Voice:
    """One text of a response."""

    def __init__(self, kind: str, session: Session) -> None:
        self.kind = kind
        self.session = session
        self.notes: list[Json] = []
        self._given: list[str] = []
        self._shown: list[str] = []
        self._cited: list[Json] = []

    @property
    def output(self) -> str:
        """What was shown of it."""
        return "".join(self._shown)

    async def feed(self, text: str) -> tuple[Release, ...]:
        self._given.append(text)
        return self._released(await self.session.afeed(text))

    async def close(self, whole: str) -> tuple[Release, ...]:
        """Take what has not come in deltas yet, and end the text."""
        given = "".join(self._given)
        if not whole.startswith(given):
            raise upstream_failed("the upstream's stream says a text in two ways", code="malformed_stream")
        if self.session.report is not None:
            if len(whole) > len(given):
                raise upstream_failed("the upstream's stream goes on after its end", code="malformed_stream")
            return ()
        released = await self.feed(whole[len(given) :])
        released += self._released(await self.session.afinish())
        await self.session.afeed("")  # where the policy blocked and errors were asked for, this raises
        return released

    def deltas(self, event: Json, released: tuple[Release, ...]) -> list[Json]:
        """Return what was released as events."""
        place: Json = {name: event[name] for name in ("item_id", "output_index", "content_index") if name in event}
        more: Json = {"logprobs": []} if self.kind == "output_text" else {}
        kind = f"response.{'refusal' if self.kind == 'refusal' else 'output_text'}.delta"
        return [{"type": kind, **place, "delta": release.text, **more} for release in released if release.text]

    def annotated(self, event: Json) -> list[Json]:
        """Return the citations as events: ours, and the upstream's where its text stands as it was."""
        kept = [note for note in self.notes if self._is_unchanged]
        place: Json = {name: event[name] for name in ("item_id", "output_index", "content_index") if name in event}
        first = len(kept)
        ours = [
            {
                "type": "response.output_text.annotation.added",
                **place,
                "annotation_index": first + i,
                "annotation": note,
            }
            for i, note in enumerate(self._cited)
        ]
        return [*kept, *ours]

    def said(self, part: Json) -> Json:
        """Return the part as it may be shown."""
        new = part_saying(part, self.output, None)
        if self._cited:
            new["annotations"] = [*(new.get("annotations") or ()), *self._cited]
        return new

    def abort(self, desk: CallerGuard) -> None:
        """End the text where it is."""
        if self.session.report is None:
            try:
                self.session.abort("the stream broke off")
            except GuardlayerError as error:
                desk.failure(error)
        if self.session.report is not None:
            desk.count(self.session.report)

    @property
    def _is_unchanged(self) -> bool:
        return self.output == "".join(self._given)

    def _released(self, releases: tuple[Release, ...]) -> tuple[Release, ...]:
        for release in releases:
            self._shown.append(release.text)
            self._cited += [
                verdicts.citation(found.start, found.end, found.uri, found.source, nested=False)
                for found in release.citations
                if found.uri and self.kind == "output_text"
            ]
        return releases


def replayed(response: Json) -> Iterator[Json]:
    """Yield a whole response as the events of a stream."""
    begun = {name: value for name, value in response.items() if name != "guardlayer"}
    begun |= {"status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(response["output"]):
        where: Json = {"output_index": index}
        begun = {**item, "status": "in_progress"}
        if item.get("content"):
            begun["content"] = []
        if item.get("type") == "function_call":
            begun["arguments"] = ""
        yield {"type": "response.output_item.added", **where, "item": begun}
        where["item_id"] = item.get("id")
        for number, part in enumerate(responses.parts_of(item)):
            yield from _replayed_part({**where, "content_index": number}, part)
        if item.get("type") == "function_call":
            arguments = item.get("arguments", "")
            kind = "response.function_call_arguments"
            yield {"type": f"{kind}.delta", **where, "delta": arguments}
            yield {"type": f"{kind}.done", **where, "arguments": arguments, "name": item.get("name")}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    status = response.get("status")
    yield {"type": f"response.{status if status in ('incomplete', 'failed') else 'completed'}", "response": response}


def _replayed_part(place: Json, part: Json) -> Iterator[Json]:
    name = TEXTS[part["type"]]
    kind = "response.refusal" if part["type"] == "refusal" else "response.output_text"
    more: Json = {"logprobs": []} if part["type"] == "output_text" else {}
    notes = part.get("annotations") or []
    empty: Json = {**part, name: ""}
    if "annotations" in part:
        empty["annotations"] = []
    yield {"type": "response.content_part.added", **place, "part": empty}
    yield {"type": f"{kind}.delta", **place, "delta": part[name], **more}
    for number, note in enumerate(notes):
        yield {"type": f"{kind}.annotation.added", **place, "annotation_index": number, "annotation": note}
    yield {"type": f"{kind}.done", **place, name: part[name], **more}
    yield {"type": "response.content_part.done", **place, "part": part}


def _place(event: Json) -> Place:
    return _index(event, "output_index"), _index(event, "content_index")


def _index(event: Json, name: str, default: int | None = None) -> int:
    value = event.get(name, default)
    if type(value) is not int or value < 0:
        raise upstream_failed(f"the upstream's stream holds an event without {name}", code="malformed_stream")
    return value


def _object(event: Json, name: str) -> Json:
    value = event.get(name)
    if not isinstance(value, dict):
        raise upstream_failed(f"the upstream's stream holds an event without {name}", code="malformed_stream")
    return value


def _string(event: Json, name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str):
        raise upstream_failed(f"the upstream's stream holds an event without {name}", code="malformed_stream")
    return value
