"""Read what frameworks and users write beside a passage: who says so, and when it holds.

Metadata comes from anywhere and is never trusted to be well formed: what cannot be read is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import PurePath
from typing import Any
from uuid import UUID

from guardlayer.errors import GuardlayerError
from guardlayer.temporal import Interval, When
from guardlayer.types import Source, Span

IDENTIFIER = (
    "source",
    "source_id",
    "url",
    "uri",
    "link",
    "file_path",
    "path",
    "file_name",
    "filename",
    "title",
    "name",
)
"""Keys that may name the source, best first."""
ADDRESS = ("url", "uri", "link", "source", "file_path", "path")
VERSION = ("version", "revision", "updated", "updated_at", "last_modified", "last_modified_date")
AUTHORITY = ("authority",)
EFFECTIVE_FROM = ("effective_from", "effective_date", "effective")
EFFECTIVE_TO = ("effective_to", "expires", "expires_at")
VALID_FROM = ("valid_from", *EFFECTIVE_FROM)
VALID_TO = ("valid_to", "valid_until", *EFFECTIVE_TO)
OFFSET = ("start_index", "start_char_idx")
"""Where LangChain's splitters and LlamaIndex's parsers note the place of a passage in its document, in code points."""

_MAX_NAME = 500


def source_of(metadata: Mapping[Any, Any], *, fallback: str) -> Source:
    """Build the source that ``metadata`` describes.

    Args:
        metadata: Keys as :data:`IDENTIFIER` and its neighbours list them; any other is ignored. Under ``source`` a
            :class:`Source` or a mapping of the same keys may stand.
        fallback: Id where none of the keys names one.
    """
    named = metadata.get("source")
    if isinstance(named, Source):
        return named
    if isinstance(named, Mapping):
        metadata = {**metadata, "source": named.get("id"), **{key: named[key] for key in named if key != "source"}}
    address = next((text for text in _texts(metadata, ADDRESS) if _is_address(text)), None)
    return Source(
        next(_texts(metadata, IDENTIFIER), fallback),
        address,
        next(_texts(metadata, VERSION), None),
        _whole(metadata, AUTHORITY) or 0,
        _interval(metadata, EFFECTIVE_FROM, EFFECTIVE_TO),
    )


def valid_of(metadata: Mapping[Any, Any]) -> Interval:
    """Return when a passage holds, as far as ``metadata`` says so in dates that can be read."""
    return _interval(metadata, VALID_FROM, VALID_TO)


def span_of(metadata: Mapping[Any, Any], text: str) -> Span | None:
    """Return where a passage stands in its document, if ``metadata`` notes its start."""
    start = _whole(metadata, OFFSET)
    return None if start is None or start < 0 else Span(start, start + len(text))


def _interval(metadata: Mapping[Any, Any], starts: tuple[str, ...], ends: tuple[str, ...]) -> Interval:
    start, end = _date(metadata, starts), _date(metadata, ends)
    try:
        return Interval.parse(start, end)
    except GuardlayerError:
        return Interval()


def _date(metadata: Mapping[Any, Any], keys: tuple[str, ...]) -> When | None:
    for key in keys:
        value = metadata.get(key)
        if isinstance(value, (str, date)):
            try:
                Interval.parse(value, None)
            except (GuardlayerError, OverflowError):
                continue
            if value != "":
                return value
    return None


def _texts(metadata: Mapping[Any, Any], keys: tuple[str, ...]) -> Iterator[str]:
    for key in keys:
        value = metadata.get(key)
        if isinstance(value, bool) or not isinstance(value, (str, int, float, PurePath, date, datetime, UUID)):
            continue
        try:
            text = " ".join(str(value)[:_MAX_NAME].split())
        except ValueError:  # a whole number of too many digits
            continue
        if text:
            yield text


def _is_address(text: str) -> bool:
    return "://" in text or "/" in text or "\\" in text or "." in text[-6:-1]


def _whole(metadata: Mapping[Any, Any], keys: tuple[str, ...]) -> int | None:
    for key in keys:
        value = metadata.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
            return value
    return None
