"""What a typed value is: the words that the readers, the comparison and the renderer share."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from guardlayer.temporal import Moment


class ValueType(StrEnum):
    """What sort of thing a value is."""

    NUMBER = "number"
    MONEY = "money"
    PERCENT = "percent"
    DATE = "date"
    DURATION = "duration"
    VERSION = "version"
    BOOLEAN = "boolean"
    NAME = "name"
    """Anything else: names, phrases, words."""


class Bound(StrEnum):
    """The comparator that stands around a value in its text."""

    EXACT = "exact"
    ABOUT = "about"
    MORE = "more"
    LESS = "less"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    RANGE = "range"


class Match(StrEnum):
    """How what was said stands to what is true."""

    EQUAL = "equal"
    """The same value, or what was said holds for it ("more than 4M" of 4.2M)."""
    ROUNDED = "rounded"
    """What was said is the true value at the precision in which it was said."""
    DIFFERENT = "different"
    INCOMPARABLE = "incomparable"
    """Nothing follows: other dimensions, or more precision than the true value has."""


@dataclass(frozen=True, slots=True)
class Value:
    """A typed value and where it stands in its text.

    Attributes:
        type: What sort of value it is.
        text: As written, without the comparator.
        start: Offset of ``text`` in the text it was found in, in code points; 0 for a whole fact value.
        end: Offset after it.
        low: Lower end of the value. Numbers with their scale applied, in ``unit``; money in currency units; per cent
            as written (22 for 22 %); durations in seconds, but in *months* where ``unit`` is month, quarter, year,
            decade or century, since those have no fixed length; dates as proleptic Gregorian ordinals of the first
            day. ``None`` where the value has no position on a line (names, versions, period labels, dates
            without a year).
        high: Upper end, the same units; equal to ``low`` unless it is a range or a date of several days.
        unit: Normalised unit: currency code, ``%`` or ``pp`` (percentage points), unit symbol (``km``, ``GB``),
            singular counted noun (``user``), unit of a duration as written (``day``), or the label of a date without
            an ordinal (``2026-Q3``, ``--12-25``, ``T09:30``).
        digits: Significant digits as written, which says how far it may have been rounded.
        bound: The comparator around it.
        date: The period, for a date with a year.
        version: The numeric components of a version.
        flag: The truth value of a boolean.
        per: What a rate counts by (``month`` in "$20 per month"), if said.
        limit: Whether the comparator names a limit ("up to", "a minimum of") rather than a measurement, so that
            the limits themselves are compared.
        phrase_start: Offset of the comparator before it, or ``start``.
        phrase_end: Offset after the comparator behind it ("or more"), or ``end``.
    """

    type: ValueType
    text: str
    start: int
    end: int
    low: Decimal | None = None
    high: Decimal | None = None
    unit: str | None = None
    digits: int = 0
    bound: Bound = Bound.EXACT
    date: Moment | None = None
    version: tuple[int, ...] | None = None
    flag: bool | None = None
    per: str | None = None
    limit: bool = False
    phrase_start: int = 0
    phrase_end: int = 0
