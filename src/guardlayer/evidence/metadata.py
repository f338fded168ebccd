"""Read what frameworks and users write beside a passage: who says so, and when it holds.

Metadata comes from anywhere and is never trusted to be well formed: what cannot be read is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import PurePath
from typing import Any
from uuid import UUID

from guardlayer.errors import ConfigError, GuardlayerError
from guardlayer.temporal import Interval, Moment, When
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
ADDRESS = ("uri", "url", "link", "source", "file_path", "path")
VERSION = ("version", "revision", "updated", "updated_at", "last_modified", "last_modified_date")
AUTHORITY = ("authority",)
EFFECTIVE_FROM = ("effective_from", "effective_date", "effective")
EFFECTIVE_TO = ("effective_to", "expires", "expires_at")
VALID_FROM = ("valid_from", *EFFECTIVE_FROM)
VALID_TO = ("valid_to", "valid_until", *EFFECTIVE_TO)
OFFSET = ("start_index", "start_char_idx")
"""Where LangChain's splitters and LlamaIndex's parsers note the place of a passage in its document, in code points."""

_MAX_NAME = 500


@dataclass(frozen=True, slots=True)
class Keys:
    """Under which keys of their metadata the user's documents say what guardlayer asks; the first that is there counts.

    What is declared here is looked at before the keys that are known anyway. A key with dots reaches into mappings
    within the metadata: ``file.modified``. Of two versions of one source, the older ends where the newer takes effect
    (``effective_from``), else where it was ``updated``; where neither is said, the higher ``version`` counts if both
    are numbers.

    Attributes:
        source: What the document is, the same in all its versions.
        uri: Where a person finds it.
        version: Which version of it this is.
        authority: Its rank.
        effective_from: From when on this version holds.
        effective_to: Until when.
        valid_from: From when on what the passage says holds, if that is another day.
        valid_to: Until when.
        updated: When this version was written. Says of an older version that it has ended, and nothing of this one.
    """

    source: tuple[str, ...] = ()
    uri: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    authority: tuple[str, ...] = ()
    effective_from: tuple[str, ...] = ()
    effective_to: tuple[str, ...] = ()
    valid_from: tuple[str, ...] = ()
    valid_to: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()

    @classmethod
    def of(cls, declared: Mapping[str, str | Sequence[str]] | Keys | None) -> Keys:
        """Read a mapping such as ``{"source": "doc_id", "updated": "last_edited"}``.

        Raises:
            ConfigError: It names something else, or a key that is no text.
        """
        if declared is None:
            return _KNOWN
        if isinstance(declared, Keys):
            return declared
        known = [field.name for field in fields(cls)]
        if not isinstance(declared, Mapping):
            raise ConfigError(f"metadata= takes a mapping of {', '.join(known)} to the keys of your documents")
        read: dict[str, tuple[str, ...]] = {}
        for name, given in declared.items():
            several = _several(given)
            if name not in known:
                raise ConfigError(f"metadata= knows no {name!r}; it maps {', '.join(known)} to keys of your documents")
            if not several:
                raise ConfigError(f"metadata={{{name!r}: …}} must be the key of your documents, or several")
            read[name] = several
        return cls(**read)


_KNOWN = Keys()


def _several(given: Any) -> tuple[str, ...]:
    """Return one key or several as several; none, if one of them is no key."""
    keys = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Sequence) else ()
    return keys if all(isinstance(one, str) and one for one in keys) else ()


def described(metadata: Mapping[Any, Any], keys: Keys) -> Mapping[Any, Any]:
    """Return metadata in which what the user's keys say stands under the keys that are known."""
    if keys == _KNOWN:
        return metadata
    named: dict[Any, Any] = dict(metadata)
    for field in fields(keys):
        value = next((one for key in getattr(keys, field.name) if (one := _reached(metadata, key)) is not None), None)
        if value is not None and field.name != "updated":
            named[field.name] = value
    return named


def updated_of(metadata: Mapping[Any, Any], keys: Keys) -> Moment | None:
    """Return when the version of a document was written, if the user has said under which key that stands."""
    for key in keys.updated:
        value = _reached(metadata, key)
        if isinstance(value, (str, date)):
            try:
                return Moment.parse(value)
            except (GuardlayerError, OverflowError):
                continue
    return None


def _reached(metadata: Mapping[Any, Any], key: str) -> Any:
    """Return what stands under a key, or under keys within one another that dots join."""
    if key in metadata:
        return metadata[key]
    found: Any = metadata
    for part in key.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


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
