"""Compares what was said with what is true: units converted, comparators respected, rounding told from error.

Three rules carry the rest.

* *Rounding goes one way.* A said value that is the true one at a lower precision is ``ROUNDED``. A said value with
  more precision than the true one has, and consistent with it, is ``INCOMPARABLE``: the source cannot tell. So
  ``EQUAL`` and ``DIFFERENT`` are symmetric for values without comparators, and ``ROUNDED`` mirrors ``INCOMPARABLE``.
* *A missing unit may confirm, never contradict*: "22" agrees with "22 %", and "25" says nothing about it. Counted
  nouns are the exception: "1,300 employees" contradicts "1,200".
* *Limits are compared as limits.* "At least 4M" holds for 4.2M; "up to 60 GB" is another limit than 50 GB.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from guardlayer.text import key
from guardlayer.verifiers.values.model import Bound, Match, Value, ValueType
from guardlayer.verifiers.values.units import DIMENSION, convertible, is_calendar

ROUNDING_CAP = Decimal("0.05")
"""A rounded value is at most this far from the true one, as a share of the larger; a tighter cap holds for per cent."""
PERCENT_CAP = Decimal("0.025")
ABOUT_CAP = Decimal("0.1")
"""How far "about" reaches, as a share of the larger value."""

_DOTTED = re.compile(r"\s*v?(\d{1,9}(?:\.\d{1,9}){0,5})\s*\Z", re.ASCII | re.IGNORECASE)
# Days in a month and in a year, at least and at most, as seconds for each month of a calendar duration.
_MONTH_SECONDS = (Decimal(28 * 86400), Decimal(31 * 86400))
_YEAR_SECONDS = (Decimal(365 * 86400), Decimal(366 * 86400))
_OPEN_UP = (Bound.MORE, Bound.AT_LEAST)
_OPEN_DOWN = (Bound.LESS, Bound.AT_MOST)
_POINTS = (Bound.EXACT, Bound.ABOUT)


def compare(said: Value, true: Value) -> Match:
    """Say how ``said`` stands to ``true``.

    Args:
        said: The value a claim states; its comparator is respected.
        true: The value to judge by.
    """
    if said.type is true.type:
        return _same_type(said, true)
    types = {said.type, true.type}
    if ValueType.NAME in types or ValueType.BOOLEAN in types:
        return Match.EQUAL if key(said.text) == key(true.text) != "" else Match.INCOMPARABLE
    if types == {ValueType.VERSION, ValueType.NUMBER}:
        first, second = _as_version(said), _as_version(true)
        return _versions(first, second) if first and second else Match.INCOMPARABLE
    if types == {ValueType.DATE, ValueType.NUMBER}:
        said, true = _year_as_number(said), _year_as_number(true)
        if said.type is true.type:
            return _only_confirming(_numeric(said, true, Decimal(1)))
        return Match.INCOMPARABLE
    if ValueType.NUMBER in types:
        number, other = (said, true) if said.type is ValueType.NUMBER else (true, said)
        if number.unit is None and other.type in (ValueType.MONEY, ValueType.PERCENT, ValueType.DURATION):
            count = _written(other)
            said, true = (number, count) if number is said else (count, number)
            return _only_confirming(_numeric(said, true, Decimal(1)))
    return Match.INCOMPARABLE


def _same_type(said: Value, true: Value) -> Match:
    match said.type:
        case ValueType.NAME:
            return Match.EQUAL if key(said.text) == key(true.text) else Match.INCOMPARABLE
        case ValueType.BOOLEAN:
            return Match.EQUAL if said.flag == true.flag else Match.DIFFERENT
        case ValueType.VERSION:
            return _versions(said, true)
        case ValueType.DATE:
            return _dates(said, true)
        case _:
            return _quantities(said, true)


def _only_confirming(match: Match) -> Match:
    return Match.INCOMPARABLE if match is Match.DIFFERENT else match


# --- quantities ------------------------------------------------------------------------------------------------


def _quantities(said: Value, true: Value) -> Match:
    if said.per != true.per and said.per and true.per:
        rate = convertible(said.per, true.per)
        if rate is None:
            return Match.INCOMPARABLE
        said = _scale(said, 1 / rate)
    if said.type is ValueType.DURATION:
        if is_calendar(said.unit) != is_calendar(true.unit):
            return _across_calendar(said, true)
        return _numeric(said, true, Decimal(1))
    if said.unit == true.unit:
        return _numeric(said, true, Decimal(1))
    if said.type is ValueType.NUMBER:
        factor = convertible(said.unit, true.unit)
        if factor is not None:
            return _numeric(said, true, factor)
        if said.unit is None or true.unit is None:
            match = _numeric(said, true, Decimal(1))
            measured = (said.unit or true.unit or "") in DIMENSION
            return _only_confirming(match) if measured else match
    return Match.INCOMPARABLE


def _scale(value: Value, factor: Decimal) -> Value:
    if value.low is None or value.high is None:
        return value
    return replace(value, low=value.low * factor, high=value.high * factor)


def _quantum(value: Value) -> Decimal:
    """Return the size of one unit in the last significant place as written, in base units."""
    if value.low is None or not value.low:
        return Decimal(1)
    factor = _factor(value)
    written = (value.low / factor).copy_abs()
    return Decimal(1).scaleb(written.adjusted() - max(value.digits, 1) + 1) * factor


def _factor(value: Value) -> Decimal:
    return DIMENSION[value.unit][1] if value.type is ValueType.DURATION and value.unit in DIMENSION else Decimal(1)


def _written(value: Value) -> Value:
    """Return a quantity as the bare number that was written."""
    factor = _factor(value)
    return replace(_scale(value, 1 / factor), type=ValueType.NUMBER, unit=None, per=None)


def _numeric(said: Value, true: Value, factor: Decimal) -> Match:
    """Compare two quantities; ``factor`` takes an amount of ``said`` to the unit of ``true``."""
    if said.low is None or true.low is None or said.high is None or true.high is None:
        return Match.INCOMPARABLE
    low, high = said.low * factor, said.high * factor
    first = Bound.EXACT if said.limit and true.bound in _POINTS else said.bound
    second = Bound.EXACT if true.limit and said.bound in _POINTS else true.bound
    if first in _POINTS and second in _POINTS:
        about = first is Bound.ABOUT or second is Bound.ABOUT
        cap = PERCENT_CAP if said.type is ValueType.PERCENT else ROUNDING_CAP
        return _points(low, true.low, _quantum(said) * factor, _quantum(true), cap, about=about)
    if first is Bound.RANGE and second is Bound.RANGE:
        return Match.EQUAL if low == true.low and high == true.high else Match.DIFFERENT
    if first in _POINTS:
        return _point_against(low, true, second)
    if second in _POINTS or second is Bound.RANGE:
        if first is Bound.RANGE:
            return Match.EQUAL if low <= true.low <= high else Match.DIFFERENT
        holds = (_holds(true.low, first, low), _holds(true.high, first, low))
        return Match.EQUAL if all(holds) else Match.INCOMPARABLE if any(holds) else Match.DIFFERENT
    if first is Bound.RANGE:
        return (
            Match.INCOMPARABLE if _holds(low, second, true.low) or _holds(high, second, true.low) else Match.DIFFERENT
        )
    return _bounds(low, first, true.low, second, strict=said.limit or true.limit)


def _points(said: Decimal, true: Decimal, grain: Decimal, true_grain: Decimal, cap: Decimal, *, about: bool) -> Match:
    if said == true:
        return Match.EQUAL
    gap, size = abs(said - true), max(abs(said), abs(true))
    if (said < 0) != (true < 0) and said and true:
        return Match.DIFFERENT
    if about and gap <= size * ABOUT_CAP:
        return Match.ROUNDED
    if gap <= size * cap:
        if gap * 2 <= grain:
            return Match.ROUNDED
        if gap * 2 <= true_grain:
            return Match.INCOMPARABLE
    # Conversions leave a rest in the last digits of a decimal: 1/3.6, a twelfth.
    return Match.EQUAL if gap <= size * Decimal("1e-18") else Match.DIFFERENT


def _point_against(said: Decimal, true: Value, bound: Bound) -> Match:
    """Compare an exact value with a true one that is itself a bound or a range."""
    assert true.low is not None
    assert true.high is not None
    if bound is Bound.RANGE:
        return Match.INCOMPARABLE if true.low <= said <= true.high else Match.DIFFERENT
    if said == true.low:
        return Match.ROUNDED
    return Match.INCOMPARABLE if _holds(said, bound, true.low) else Match.DIFFERENT


def _bounds(said: Decimal, first: Bound, true: Decimal, second: Bound, *, strict: bool) -> Match:
    if (first in _OPEN_UP) is not (second in _OPEN_UP):
        meets = said < true if first in _OPEN_UP else said > true
        return Match.INCOMPARABLE if meets or said == true else Match.DIFFERENT
    if said == true:
        return Match.EQUAL if first is second or strict else Match.ROUNDED
    stated = (Bound.AT_LEAST, Bound.AT_MOST)
    if strict or (first in stated and second in stated):
        return Match.DIFFERENT
    implied = true > said if first in _OPEN_UP else true < said
    return Match.EQUAL if implied else Match.INCOMPARABLE


def _holds(value: Decimal, bound: Bound, limit: Decimal) -> bool:
    match bound:
        case Bound.MORE:
            return value > limit
        case Bound.AT_LEAST:
            return value >= limit
        case Bound.LESS:
            return value < limit
        case _:
            return value <= limit


def _across_calendar(said: Value, true: Value) -> Match:
    """Compare days with months: a month is 28 to 31 days, a year 365 or 366."""
    calendar, clock = (said, true) if is_calendar(said.unit) else (true, said)
    if calendar.low is None or clock.low is None or not {said.bound, true.bound} <= set(_POINTS):
        return Match.INCOMPARABLE
    years, months = divmod(abs(calendar.low), 12)
    low = years * _YEAR_SECONDS[0] + months * _MONTH_SECONDS[0]
    high = years * _YEAR_SECONDS[1] + months * _MONTH_SECONDS[1]
    return Match.ROUNDED if low <= abs(clock.low) <= high else Match.DIFFERENT


# --- dates -----------------------------------------------------------------------------------------------------


def _dates(said: Value, true: Value) -> Match:
    if said.unit is not None or true.unit is not None:
        return _labels(said, true)
    if said.low is None or said.high is None or true.low is None or true.high is None:
        return Match.INCOMPARABLE
    match said.bound:
        case Bound.LESS:
            inside, outside = true.high < said.low, true.low >= said.low
        case Bound.MORE:
            inside, outside = true.low > said.high, true.high <= said.high
        case Bound.AT_MOST:
            inside, outside = true.high <= said.high, true.low > said.high
        case Bound.AT_LEAST:
            inside, outside = true.low >= said.low, true.high < said.low
        case Bound.ABOUT:
            reach = said.high - said.low + 1
            near = true.low <= said.high + reach and said.low - reach <= true.high
            return Match.ROUNDED if near else Match.DIFFERENT
        case _:
            return _periods(said, true)
    if true.bound is not said.bound and true.bound not in _POINTS and true.bound is not Bound.RANGE:
        return Match.INCOMPARABLE
    if true.bound is said.bound:
        return _only_confirming(_periods(replace(said, bound=Bound.EXACT), replace(true, bound=Bound.EXACT)))
    return Match.EQUAL if inside else Match.DIFFERENT if outside else Match.INCOMPARABLE


def _periods(said: Value, true: Value) -> Match:
    assert said.low is not None and said.high is not None and true.low is not None and true.high is not None  # noqa: PT018
    if true.bound in (*_OPEN_UP, *_OPEN_DOWN):
        edge = true.low if true.bound in (Bound.LESS, Bound.AT_LEAST) else true.high
        possible = _holds(said.low, true.bound, edge) or _holds(said.high, true.bound, edge)
        return Match.INCOMPARABLE if possible else Match.DIFFERENT
    if said.low == true.low and said.high == true.high:
        return Match.EQUAL
    if said.low <= true.low and true.high <= said.high:
        return Match.EQUAL if said.bound is Bound.RANGE and true.bound is not Bound.RANGE else Match.ROUNDED
    if said.high < true.low or true.high < said.low:
        return Match.DIFFERENT
    return Match.INCOMPARABLE


def _labels(said: Value, true: Value) -> Match:
    """Compare dates of which at least one has no place on the line of time."""
    first, second = _label(said), _label(true)
    if first is None or second is None:
        return Match.INCOMPARABLE
    if first == second:
        return Match.EQUAL
    if first.startswith("--") or second.startswith("--"):
        return _yearless(first, second)
    kinds = {"T" if label[0] == "T" else "FY" if label[:2] == "FY" else "Q" for label in (first, second)}
    if len(kinds) > 1 or "BC" in first or "BC" in second:
        return Match.DIFFERENT if len(kinds) == 1 and first[0] != "T" else Match.INCOMPARABLE
    if first[0] == "T":
        return Match.DIFFERENT
    if second.startswith(f"{first}-") or second.endswith(f"-{first}"):
        return Match.ROUNDED
    if first.startswith(f"{second}-") or first.endswith(f"-{second}"):
        return Match.INCOMPARABLE
    if first[-2] == second[-2] or first[:4] != second[:4]:
        return Match.DIFFERENT
    return Match.INCOMPARABLE  # a quarter and a half of one year


def _yearless(first: str, second: str) -> Match:
    """Compare ``--05-17`` with another such label or a full date, on the parts both have."""
    if not (first.startswith("--") or re.match(r"\d{4}-\d\d", first)):
        return Match.INCOMPARABLE
    if not (second.startswith("--") or re.match(r"\d{4}-\d\d", second)):
        return Match.INCOMPARABLE
    said, true = (label.removeprefix("--").split("-") for label in (first[-5:], second[-5:]))
    said = first.removeprefix("--").split("-") if first.startswith("--") else first.split("-")[1:]
    true = second.removeprefix("--").split("-") if second.startswith("--") else second.split("-")[1:]
    shared = min(len(said), len(true))
    if said[:shared] != true[:shared]:
        return Match.DIFFERENT
    return Match.ROUNDED if len(said) <= len(true) and first.startswith("--") else Match.INCOMPARABLE


def _label(value: Value) -> str | None:
    return value.unit or (value.date.text if value.date is not None else None)


def _year_as_number(value: Value) -> Value:
    digits = value.text.strip()
    if value.type is not ValueType.DATE or len(digits) != 4 or not digits.isdecimal():
        return value
    number = Decimal(digits)
    return replace(value, type=ValueType.NUMBER, low=number, high=number, digits=4, date=None)


# --- versions --------------------------------------------------------------------------------------------------


def _as_version(value: Value) -> Value | None:
    if value.type is ValueType.VERSION:
        return value
    match = _DOTTED.match(value.text) if value.unit is None else None
    if match is None:
        return None
    return replace(value, type=ValueType.VERSION, version=tuple(int(part) for part in match[1].split(".")))


def _versions(said: Value, true: Value) -> Match:
    """Compare versions: trailing zeros do not count; "v2" is 2.0.1 less precisely, so rounded."""
    assert said.version is not None
    assert true.version is not None
    length = max(len(said.version), len(true.version))
    first = said.version + (0,) * (length - len(said.version))
    second = true.version + (0,) * (length - len(true.version))
    if said.bound in (*_OPEN_UP, *_OPEN_DOWN):
        if true.bound in _POINTS:
            order = Decimal((second > first) - (second < first))
            return Match.EQUAL if _holds(order, said.bound, Decimal(0)) else Match.DIFFERENT
        if first == second:
            return Match.EQUAL if said.bound is true.bound else Match.INCOMPARABLE
        return Match.DIFFERENT if said.bound is true.bound else Match.INCOMPARABLE
    if first == second and said.unit == true.unit:
        return Match.EQUAL if true.bound in _POINTS else Match.ROUNDED
    if true.bound in (*_OPEN_UP, *_OPEN_DOWN):
        order = Decimal((first > second) - (first < second))
        return Match.INCOMPARABLE if _holds(order, true.bound, Decimal(0)) else Match.DIFFERENT
    if first == second:
        return Match.DIFFERENT
    if said.version == true.version[: len(said.version)] and said.unit is None:
        return Match.ROUNDED
    if true.version == said.version[: len(true.version)] and true.unit is None:
        return Match.INCOMPARABLE
    return Match.DIFFERENT
