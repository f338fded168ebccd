"""Server-sent events, read and written (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from guardlayer.gateway.failures import upstream_failed

KEEP_ALIVE = b": keep-alive\n\n"
"""A comment: clients skip it, proxies see that the connection lives."""

DONE = b"data: [DONE]\n\n"
"""How a stream of chat completions ends."""

_LINE = re.compile(rb"\r\n|\n|\r")
_PLAIN = re.compile(rb"data: ([^\r\n]+)\n\n")
"""An event as every upstream writes it."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name, if it has one, and its data."""

    name: str | None
    data: str

    @property
    def done(self) -> bool:
        """Whether it is the end of a stream of chat completions."""
        return self.data.startswith("[DONE]")

    def json(self) -> dict[str, Any]:
        """Return the data as a JSON object.

        Raises:
            GatewayError: It is none.
        """
        try:
            value = orjson.loads(self.data)
        except orjson.JSONDecodeError:
            value = None
        if not isinstance(value, dict):
            raise upstream_failed(
                "the upstream's stream holds an event that is no JSON object", code="malformed_stream"
            )
        return value


class Parser:
    """Cuts bytes into events, however they were cut on the way.

    Args:
        max_event: Longest event, bytes.
    """

    def __init__(self, max_event: int) -> None:
        self._max = max_event
        self._rest = b""
        self._name: str | None = None
        self._data: list[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield the events that ``chunk`` completes.

        Raises:
            GatewayError: An event is too long.
        """
        at = 0
        if not (self._rest or self._data or self._name or self._size):
            while (found := _PLAIN.match(chunk, at)) is not None and found.end() - at <= self._max:
                at = found.end()
                yield Event(None, found[1].decode("utf-8", "replace"))
            if at == len(chunk):
                return
        text = self._rest + chunk[at:]
        # A carriage return at the end may be the first half of a line break.
        tail = b"\r" if text.endswith(b"\r") else b""
        *lines, rest = _LINE.split(text[: len(text) - len(tail)])
        self._rest = rest + tail
        for line in lines:
            event = self._line(line)
            if event is not None:
                yield event
        if self._size + len(self._rest) > self._max:
            raise upstream_failed(
                f"the upstream's stream holds an event of more than {self._max:,} bytes", code="malformed_stream"
            )

    def end(self) -> Iterator[Event]:
        """Yield the event that the end of the stream completes: not every upstream writes the last empty line."""
        for line in (self._rest.rstrip(b"\r"), b""):
            event = self._line(line)
            if event is not None:
                yield event
        self._rest = b""

    def _line(self, line: bytes) -> Event | None:
        if not line:
            event = Event(self._name, "\n".join(self._data)) if self._data else None
            self._name, self._data, self._size = None, [], 0
            return event
        self._size += len(line)
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value.decode("utf-8", "replace"))
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
        return None


def frame(payload: dict[str, Any], name: str | None = None) -> bytes:
    """Return one event with JSON data."""
    head = b"" if name is None else b"event: " + name.encode() + b"\n"
    return head + b"data: " + orjson.dumps(payload) + b"\n\n"
