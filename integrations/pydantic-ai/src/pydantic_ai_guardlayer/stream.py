"""A streamed response that says only what may be shown, as soon as it may."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic_ai.messages import (
    ModelResponse,
    ModelResponsePart,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from pydantic_ai.models import StreamedResponse
from pydantic_ai.usage import RequestUsage

from guardlayer.errors import GuardViolation
from guardlayer.policy import canonical_json
from pydantic_ai_guardlayer.outputs import arguments, called_instead, output_tools, refuse_audio, writes_json

_ENDED = "the stream was closed before the text had ended"


@dataclass
class _Run:
    """Text parts that follow one another: one text, shown as one part."""

    key: str
    session: Any
    part: TextPart
    written: str = ""
    shown: str = ""
    citations: list[Any] | None = None


@dataclass
class GuardedStream(StreamedResponse):
    """The events of an inner stream, with its text as the guard releases it.

    Tool calls and reasoning pass as they come. What goes to an output tool is held back until all of it was checked.

    Attributes:
        inner: The stream.
        open: Opens a session of the guard, given the parts so far; its argument says whether blocked text must raise.
        hear: Told of each report.
    """

    inner: StreamedResponse
    open: Callable[[list[ModelResponsePart], bool], Any]
    hear: Callable[[Any], None]
    _run: _Run | None = field(default=None, init=False)
    _calls: dict[str, ToolCallPart] = field(default_factory=dict, init=False)
    _sessions: list[Any] = field(default_factory=list, init=False)
    _refused: bool = field(default=False, init=False)

    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        tools = output_tools(self.model_request_parameters)
        try:
            async for event in self.inner:
                if isinstance(event, PartStartEvent):
                    refuse_audio(event.part)
                    async for checked in self._begin(event, tools):
                        yield checked
                elif isinstance(event, PartDeltaEvent):
                    async for checked in self._more(event):
                        yield checked
                # Ends of parts and final results are announced anew, of what is shown.
            async for checked in self._settle_run():
                yield checked
            # Only now: providers may go on with an earlier call after a later one has begun.
            for key, part in self._calls.items():
                yield await self._settle_call(key, part)
        finally:
            self.abandon()

    async def _begin(self, event: PartStartEvent, tools: frozenset[str]) -> AsyncIterator[ModelResponseStreamEvent]:
        part, key = event.part, f"part {event.index}"
        if isinstance(part, TextPart):
            if self._run is None:
                self._run = self._text(key, part)
            for one in await self._say(self._run, part.content, part):
                yield one
            return
        async for checked in self._settle_run():
            yield checked
        if isinstance(part, ToolCallPart) and part.tool_name in tools:
            self._calls[key] = part
            return
        yield self._parts_manager.handle_part(vendor_part_id=key, part=replace(part))

    async def _more(self, event: PartDeltaEvent) -> AsyncIterator[ModelResponseStreamEvent]:
        key, delta = f"part {event.index}", event.delta
        if isinstance(delta, TextPartDelta):
            if self._run is None and delta.content_delta:
                # The text goes on after another part had begun.
                self._run = self._text(key, TextPart(""))
            if self._run is not None:
                for one in await self._say(self._run, delta.content_delta, delta):
                    yield one
            return
        if key in self._calls:
            assert isinstance(delta, ToolCallPartDelta)
            changed = delta.apply(self._calls[key])
            assert isinstance(changed, ToolCallPart)
            self._calls[key] = changed
            return
        known = self._parts_manager.get_part_by_vendor_id(key)
        if known is None or isinstance(known, ToolCallPartDelta):
            return
        placed = self._parts_manager.handle_part(vendor_part_id=key, part=delta.apply(known))
        assert isinstance(placed, PartStartEvent)
        yield replace(event, index=placed.index)

    async def _say(self, run: _Run, text: str, source: TextPart | TextPartDelta) -> list[ModelResponseStreamEvent]:
        run.written += text
        released = [release.text for release in await run.session.afeed(text)]
        run.citations = (source.citations if isinstance(source, TextPart) else source.citations_delta) or run.citations
        events = [event for piece in released for event in self._show(run, piece)]
        if source.provider_details:
            name, details = source.provider_name, source.provider_details
            if run.shown:
                events += self._parts_manager.handle_text_delta(
                    vendor_part_id=run.key, content="", provider_name=name, provider_details=details
                )
            else:
                run.part = replace(run.part, provider_name=name, provider_details=details)
        return events

    def _show(self, run: _Run, text: str) -> Iterator[ModelResponseStreamEvent]:
        run.shown += text
        part = run.part
        return self._parts_manager.handle_text_delta(
            vendor_part_id=run.key,
            content=text,
            id=part.id,
            provider_name=part.provider_name,
            provider_details=part.provider_details,
        )

    async def _settle_run(self) -> AsyncIterator[ModelResponseStreamEvent]:
        run, self._run = self._run, None
        if run is None:
            return
        for release in await run.session.afinish():
            for event in self._show(run, release.text):
                yield event
        await run.session.afeed("")  # raises what is pending
        self._heard(run.session)
        same = run.written == run.shown
        if same and run.citations:
            for event in self._parts_manager.handle_text_delta(
                vendor_part_id=run.key, content="", citations=run.citations
            ):
                yield event
        if not same and run.part.id is not None:
            part = self._parts_manager.get_part_by_vendor_id(run.key)
            if isinstance(part, TextPart):
                self._parts_manager.handle_part(vendor_part_id=run.key, part=replace(part, id=None))

    async def _settle_call(self, key: str, part: ToolCallPart) -> ModelResponseStreamEvent:
        data = arguments(part)
        session = self._session(raises=True)
        text = canonical_json(data) if isinstance(data, dict | list) else part.args_as_json_str()
        released = [*await session.afeed(text), *await session.afinish()]
        await session.afeed("")  # raises what is pending
        self._heard(session)
        said = "".join(release.text for release in released)
        if said != text:
            part = called_instead(part, _parsed(said, session))
        return self._parts_manager.handle_part(vendor_part_id=key, part=part)

    def _text(self, key: str, part: TextPart) -> _Run:
        return _Run(key, self._session(raises=writes_json(self.model_request_parameters)), part)

    def _session(self, *, raises: bool) -> Any:
        session = self.open(self._parts_manager.get_parts(), raises)
        self._sessions.append(session)
        return session

    def _heard(self, session: Any) -> None:
        if session in self._sessions:
            self._sessions.remove(session)
            self._refused = self._refused or session.blocked
            if session.report is not None:
                self.hear(session.report)

    def abandon(self) -> None:
        """Let go of what is still held back; none of it was shown."""
        for session in list(self._sessions):
            session.abort(_ENDED)
            self._heard(session)

    def get(self) -> ModelResponse:
        """Return the response so far: of the text, what was shown."""
        mine = super().get()
        response = replace(self.inner.get(), parts=mine.parts, state=mine.state)
        return replace(response, finish_reason="content_filter") if self._refused else response

    async def cancel(self) -> None:
        """Stop the inner stream."""
        if not self.cancelled:
            self._cancelled = True
            await self.inner.cancel()

    async def close_stream(self) -> None:
        """Close the inner stream."""
        await self.inner.close_stream()

    def get_stream_cancel_errors(self) -> tuple[type[BaseException], ...]:
        """Return what the inner stream raises when it is cancelled."""
        return self.inner.get_stream_cancel_errors()

    @property
    def usage(self) -> RequestUsage:
        """Usage of the inner stream."""
        return self.inner.usage

    @property
    def model_name(self) -> str:
        """Name of the inner model."""
        return self.inner.model_name

    @property
    def provider_name(self) -> str | None:
        """Provider of the inner model."""
        return self.inner.provider_name

    @property
    def provider_url(self) -> str | None:
        """Address of the provider."""
        return self.inner.provider_url

    @property
    def timestamp(self) -> datetime:
        """When the inner stream began."""
        return self.inner.timestamp


def _parsed(text: str, session: Any) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise GuardViolation(session.report) from None
