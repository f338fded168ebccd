"""The events of a streamed response, rewritten so that each says only what may be shown.

Text is in many of them: deltas, the end of a part, of a content part, of an item, and of the response. All are made to
agree. Every other event passes in its place; events are numbered anew, since text may come in more or fewer of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agents import ModelResponse, Usage

from guardlayer.errors import ResponseTypeError
from openai_agents_guardlayer.outputs import texts, with_text, with_texts
from openai_agents_guardlayer.voices import Voice, Voices

_DELTAS = {"response.output_text.delta", "response.refusal.delta"}
_DONE = {"response.output_text.done": "text", "response.refusal.done": "refusal"}
_ENDED = "the stream was closed before the text had ended"


class _Text:
    """One content part of one message."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self.written = ""
        self.shown = ""
        self.finished = False
        self.delta: Any = None
        self.annotations: list[Any] = []


class Rewriter:
    """Rewrites the events of one response, in order.

    Args:
        voices: Returns a new voice for a text.
    """

    def __init__(self, voices: Voices) -> None:
        self._voices = voices
        self._items: list[Any] = []
        self._texts: dict[tuple[int, int], _Text] = {}
        self._next: int | None = None

    async def take(self, event: Any) -> list[Any]:
        """Take an event, and return those that may be seen now."""
        kind = event.type
        if kind in _DELTAS:
            rewritten = await self._delta(event)
        elif kind in _DONE:
            rewritten = await self._done(event, _DONE[kind])
        elif kind == "response.output_text.annotation.added":
            self._at(event).annotations.append(event)
            rewritten = []
        elif kind in ("response.content_part.added", "response.content_part.done"):
            rewritten = await self._part(event, ends=kind.endswith("done"))
        elif kind in ("response.output_item.added", "response.output_item.done"):
            rewritten = await self._item(event, ends=kind.endswith("done"))
        elif getattr(event, "response", None) is not None:
            rewritten = await self._response(event)
        elif kind.startswith("response.audio"):
            raise ResponseTypeError("the model answers in audio, which cannot be checked; ask it for text")
        else:
            rewritten = [event]
        return [self._numbered(one) for one in rewritten]

    async def close(self) -> list[Any]:
        """Return the rest, after an inner stream that ended without saying so."""
        return [self._numbered(one) for text in self._texts.values() for one in await self._finished(text)]

    def abort(self) -> None:
        """Let go of what is still held back; none of it was shown."""
        for text in self._texts.values():
            if not text.finished:
                text.finished = True
                text.voice.abort(_ENDED)

    async def _delta(self, event: Any) -> list[Any]:
        text = self._at(event)
        text.delta = event
        text.written += event.delta
        return self._deltas(text, await text.voice.feed(event.delta))

    async def _done(self, event: Any, field: str) -> list[Any]:
        text = self._at(event)
        before = await self._settled(text, getattr(event, field))
        same = getattr(event, field) == text.shown
        update: dict[str, Any] = {field: text.shown}
        if field == "text" and not same:
            update["logprobs"] = []
        kept = text.annotations if same else []
        text.annotations = []
        return [*before, *kept, event if same else event.model_copy(update=update)]

    async def _part(self, event: Any, *, ends: bool) -> list[Any]:
        part = event.part
        if part.type not in ("output_text", "refusal"):
            return [event]
        if not ends:
            # Whatever an adapter puts here comes again as a delta, or at the end.
            blank = with_text(part, "")
            return [event if blank is part else event.model_copy(update={"part": blank})]
        text = self._at(event)
        before = await self._settled(text, part.text if part.type == "output_text" else part.refusal)
        new = with_text(part, text.shown)
        return [*before, event if new is part else event.model_copy(update={"part": new})]

    async def _item(self, event: Any, *, ends: bool) -> list[Any]:
        if not ends:
            blank = with_texts(event.item, {place: "" for place, _ in texts(event.item)})
            return [event if blank is event.item else event.model_copy(update={"item": blank})]
        self._items.append(event.item)
        before, item = await self._message(event.output_index, event.item)
        return [*before, event if item is event.item else event.model_copy(update={"item": item})]

    async def _response(self, event: Any) -> list[Any]:
        output = list(event.response.output or ())
        if event.type in ("response.completed", "response.incomplete", "response.failed"):
            before, new = [], []
            for number, item in enumerate(output):
                more, checked = await self._message(number, item)
                before += more
                new.append(checked)
        else:
            before, new = [], [with_texts(item, {place: "" for place, _ in texts(item)}) for item in output]
        if all(one is other for one, other in zip(new, output, strict=True)):
            return [*before, event]
        return [*before, event.model_copy(update={"response": event.response.model_copy(update={"output": new})})]

    async def _message(self, number: int, item: Any) -> tuple[list[Any], Any]:
        before: list[Any] = []
        said: dict[int, str] = {}
        for place, written in texts(item):
            text = self._text(number, place)
            before += await self._settled(text, written)
            said[place] = text.shown
        return before, with_texts(item, said)

    async def _settled(self, text: _Text, written: str) -> list[Any]:
        """Finish a text of which ``written`` is the whole, and return the deltas that were still held back."""
        if text.finished:
            return []
        # Some adapters send no deltas, or not all of them.
        rest = written[len(text.written) :] if written.startswith(text.written) else ""
        released = await text.voice.feed(rest) if rest else []
        text.written += rest
        return [*self._deltas(text, released), *await self._finished(text)]

    async def _finished(self, text: _Text) -> list[Any]:
        if text.finished:
            return []
        text.finished = True
        return self._deltas(text, await text.voice.finish())

    def _deltas(self, text: _Text, released: Iterable[str]) -> list[Any]:
        events = []
        for piece in released:
            text.shown += piece
            if text.delta is not None:
                update: dict[str, Any] = {"delta": piece}
                if piece != text.delta.delta and hasattr(text.delta, "logprobs"):
                    update["logprobs"] = []
                events.append(text.delta.model_copy(update=update))
        return events

    def _at(self, event: Any) -> _Text:
        return self._text(event.output_index, event.content_index)

    def _text(self, number: int, place: int) -> _Text:
        if (number, place) not in self._texts:
            self._texts[number, place] = _Text(self._voices(number, place, self._items))
        return self._texts[number, place]

    def _numbered(self, event: Any) -> Any:
        number = getattr(event, "sequence_number", None)
        if number is None:
            return event
        wanted = number if self._next is None else self._next
        self._next = wanted + 1
        return event if wanted == number else event.model_copy(update={"sequence_number": wanted})


def final_response(events: Iterable[Any]) -> ModelResponse | None:
    """Return the response that a stream of events ends with, if it does."""
    for event in events:
        if event.type in ("response.completed", "response.incomplete"):
            response = event.response
            used = response.usage
            usage = (
                Usage(
                    requests=1,
                    input_tokens=used.input_tokens,
                    output_tokens=used.output_tokens,
                    total_tokens=used.total_tokens,
                    input_tokens_details=used.input_tokens_details,
                    output_tokens_details=used.output_tokens_details,
                )
                if used is not None
                else Usage()
            )
            return ModelResponse(output=list(response.output), usage=usage, response_id=response.id)
    return None
