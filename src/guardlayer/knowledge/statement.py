"""What somebody wants recorded, checked before anything is written."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache

from guardlayer.errors import InputError, LimitError
from guardlayer.knowledge.resolve import value_key
from guardlayer.temporal import Interval, When
from guardlayer.text import key

Value = str | int | float | Decimal | bool | date | datetime
"""What a fact may be given as its value; it is stored as text."""
Qualifiers = Mapping[str, str] | Iterable[tuple[str, str]]

MAX_NAME = 1_000
"""Longest name of an entity, attribute, source or author, in code points."""
MAX_VALUE = 65_536
"""Longest value or reason, in code points."""
MAX_QUALIFIERS = 16

_FORBIDDEN = re.compile("[\0\ud800-\udfff]")


def cleaned(text: object, *, what: str, limit: int = MAX_NAME) -> str:
    """Return ``text`` without white space around it and with single white space in it.

    Raises:
        InputError: Not text, empty, or holding a NUL or a lone surrogate.
        LimitError: Longer than ``limit``.
    """
    if not isinstance(text, str):
        raise InputError(f"{what} must be text, not {type(text).__name__}")
    if len(text) > limit:
        raise LimitError(f"{what} has {len(text):,} characters, and {limit:,} are allowed; shorten it")
    if found := _FORBIDDEN.search(text):
        sort = "a NUL" if found.group() == "\0" else "half of a surrogate pair"
        raise InputError(f"{what} holds {sort} at character {found.start()}; remove it")
    stripped = " ".join(text.split())
    if not stripped:
        raise InputError(f"{what} is empty; give one")
    return stripped


def cleaned_name(text: object, *, what: str) -> str:
    """Return a name as :func:`cleaned` does, and require that it can be looked up.

    Raises:
        InputError: As :func:`cleaned`, or no letter or digit in it.
    """
    return _cleaned_name(text, what) if isinstance(text, str) else cleaned(text, what=what)


@lru_cache(maxsize=16384)
def _cleaned_name(text: str, what: str) -> str:
    name = cleaned(text, what=what)
    if not key(name):
        raise InputError(f"{what} {name!r} has no letter or digit to look it up by; choose another name")
    return name


def value_text(value: Value) -> str:
    """Return the text that is stored for a value.

    Raises:
        InputError: A type that cannot be a value, no number (NaN, infinity), or as :func:`cleaned`.
    """
    if isinstance(value, str):
        text = value.strip()
        cleaned(text, what="value", limit=MAX_VALUE)
        return text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        if not math.isfinite(value):
            raise InputError(f"value {value} is not a number that can be recorded; leave the fact out")
        return repr(value) if isinstance(value, float) else format(value, "f")
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise InputError(f"value must be text, a number, true or false, or a date, not {type(value).__name__}")


def qualifier_pairs(qualifiers: Qualifiers | None) -> tuple[tuple[str, str], ...]:
    """Return qualifiers as sorted pairs.

    Raises:
        InputError: Not pairs of texts, or one name twice.
        LimitError: More than :data:`MAX_QUALIFIERS`.
    """
    if not qualifiers:
        return ()
    try:
        items = [*(qualifiers.items() if isinstance(qualifiers, Mapping) else qualifiers)]
        pairs = [
            (cleaned_name(name, what="qualifier"), cleaned(value, what=f"qualifier {name}")) for name, value in items
        ]
    except (TypeError, ValueError):
        raise InputError('qualifiers must be pairs of name and value, such as {"quarter": "Q3"}') from None
    if len(pairs) > MAX_QUALIFIERS:
        raise LimitError(f"{len(pairs)} qualifiers, and {MAX_QUALIFIERS} are allowed")
    names = [key(name) for name, _ in pairs]
    if len(set(names)) < len(names):
        raise InputError(f"qualifiers name {next(n for n in names if names.count(n) > 1)!r} twice; keep one")
    return tuple(sorted(pairs))


def qualifier_key(pairs: tuple[tuple[str, str], ...]) -> str:
    """Return what two spellings of the same qualifiers have in common."""
    return "\x1e".join(sorted(f"{key(name)}\x1f{value_key(value)}" for name, value in pairs))


@lru_cache(maxsize=16384)
def valid_interval(start: str | None, end: str | None) -> Interval:
    """Read two bounds that are text; files repeat them, so they are remembered."""
    return Interval.parse(start, end)


@dataclass(frozen=True, slots=True)
class Statement:
    """One fact as somebody states it, checked: what ``Knowledge.add`` and each row of a file come down to."""

    entity: str
    attribute: str
    value: str
    valid: Interval = Interval()
    qualifiers: tuple[tuple[str, str], ...] = ()
    author: str | None = None
    reason: str | None = None

    @classmethod
    def of(
        cls,
        entity: str,
        attribute: str,
        value: Value,
        *,
        valid_from: When | None,
        valid_to: When | None,
        qualifiers: Qualifiers | None,
        author: str | None,
        reason: str | None,
    ) -> Statement:
        """Check every part.

        Raises:
            InputError: A part cannot be recorded; the message names it.
            IntervalError: ``valid_to`` lies before ``valid_from``.
        """
        plain = (valid_from is None or isinstance(valid_from, str)) and (valid_to is None or isinstance(valid_to, str))
        return cls(
            cleaned_name(entity, what="entity"),
            cleaned_name(attribute, what="attribute"),
            value_text(value),
            valid_interval(valid_from, valid_to) if plain else Interval.parse(valid_from, valid_to),
            qualifier_pairs(qualifiers),
            None if author is None else cleaned(author, what="author"),
            None if reason is None else cleaned(reason, what="reason", limit=MAX_VALUE),
        )

    def signed(self, author: str | None, reason: str | None) -> Statement:
        """Return the statement with who records it and why."""
        return replace(
            self,
            author=None if author is None else cleaned(author, what="author"),
            reason=None if reason is None else cleaned(reason, what="reason", limit=MAX_VALUE),
        )
