"""Fiscal calendars as data: when a year begins, how its quarters are cut, and what its periods are called."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal

from guardlayer.errors import InputError
from guardlayer.temporal import Interval

Kind = Literal["year", "half", "quarter", "month"]
_WEEKS = {"4-4-5": (4, 4, 5), "4-5-4": (4, 5, 4), "5-4-4": (5, 4, 4)}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_WEEK = timedelta(days=7)
_SHORT, _PIVOT, _CENTURY = 2, 70, 100
_MONTHS_IN_QUARTER = 3


@dataclass(frozen=True, slots=True)
class Period:
    """A named stretch of time: a fiscal year, half, quarter or month.

    Attributes:
        kind: year, half, quarter or month.
        year: The year it is called by.
        number: Which half, quarter or month of it; 0 for the year itself.
        start: First day.
        end: First day after it.
        fiscal: Whether it is a period of the fiscal calendar rather than of the civil one.
    """

    kind: Kind
    year: int
    number: int
    start: date
    end: date
    fiscal: bool = True

    @property
    def interval(self) -> Interval:
        """Its instants, half-open, by midnight UTC."""
        return Interval(_midnight(self.start), _midnight(self.end), self.start.isoformat(), self.end.isoformat())

    @property
    def weeks(self) -> float:
        """How many weeks it has."""
        return (self.end - self.start).days / 7

    def same(self, other: Period) -> bool:
        """Say whether two names name one stretch of time: "Q3 2026" is Q3 FY26 where the years are the same."""
        return (self.start, self.end) == (other.start, other.end)

    def __str__(self) -> str:
        year = f"FY{self.year % _CENTURY:02}" if self.fiscal else str(self.year)
        part = {"year": "", "half": "H", "quarter": "Q", "month": "P"}[self.kind]
        return f"{part}{self.number} {year}" if part else year


@dataclass(frozen=True, slots=True)
class FiscalCalendar:
    """How an organisation cuts its years.

    Attributes:
        start_month: Month in which the fiscal year begins, 1 to 12; for calendars of weeks, the month after whose
            predecessor's end it begins.
        pattern: ``months``, or for years of 52 or 53 weeks the weeks of a quarter's months: ``4-4-5``, ``4-5-4`` or
            ``5-4-4``.
        named_by: Whether a year is called by the civil year it ends in (``end``) or begins in (``start``).
        week_end: Day on which weeks, and so years of weeks, end.
        year_end: Whether a year of weeks ends on the ``last`` such day of its last month, or on the one ``nearest`` to
            the end of that month.
    """

    start_month: int = 1
    pattern: str = "months"
    named_by: str = "end"
    week_end: str = "saturday"
    year_end: str = "last"

    def __post_init__(self) -> None:
        if isinstance(self.start_month, bool) or self.start_month not in range(1, 13):
            raise InputError(f"start_month {self.start_month!r} is no month; write 1 to 12")
        for name, value, known in (
            ("pattern", self.pattern, ("months", *_WEEKS)),
            ("named_by", self.named_by, ("end", "start")),
            ("week_end", self.week_end, _DAYS),
            ("year_end", self.year_end, ("last", "nearest")),
        ):
            if value not in known:
                raise InputError(f"{name} {value!r} is not known; write {', '.join(known)}")

    @classmethod
    def from_json(cls, text: str) -> FiscalCalendar:
        """Read what :meth:`to_json` wrote."""
        return cls(**json.loads(text))

    def to_json(self) -> str:
        """Return the calendar as JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    def year(self, year: int) -> Period:
        """Return a fiscal year.

        Raises:
            InputError: Before 1900 or after 2199.
        """
        if not _FIRST_YEAR <= year <= _LAST_YEAR:
            raise InputError(f"fiscal year {year} is out of range; {_FIRST_YEAR} to {_LAST_YEAR} are known")
        return Period("year", year, 0, self._begins(year), self._begins(year + 1))

    def quarter(self, year: int, number: int) -> Period:
        """Return a quarter, 1 to 4, of a fiscal year."""
        bounds = self._bounds(year)
        return Period("quarter", year, number, bounds[3 * (number - 1)], bounds[3 * number])

    def half(self, year: int, number: int) -> Period:
        """Return a half, 1 or 2, of a fiscal year."""
        bounds = self._bounds(year)
        return Period("half", year, number, bounds[6 * (number - 1)], bounds[6 * number])

    def month(self, year: int, number: int) -> Period:
        """Return a month, 1 to 12, of a fiscal year; of weeks, where the calendar is one of weeks."""
        bounds = self._bounds(year)
        return Period("month", year, number, bounds[number - 1], bounds[number])

    def containing(self, day: date | datetime, kind: Kind = "quarter") -> Period:
        """Return the fiscal period of a kind in which a day lies."""
        day = day.astimezone(UTC).date() if isinstance(day, datetime) else day
        for year in range(day.year - 1, day.year + 3):
            if self._begins(year) <= day < self._begins(year + 1):
                break
        else:
            raise InputError(f"{day} is in no fiscal year")
        if kind == "year":
            return self.year(year)
        make, count = {"half": (self.half, 2), "quarter": (self.quarter, 4), "month": (self.month, 12)}[kind]
        return next(one for n in range(1, count + 1) if (one := make(year, n)).start <= day < one.end)

    def period(self, name: str) -> Period | None:
        """Read a text that is the name of one period and nothing else; ``None`` where it is not."""
        return _whole(self, name)

    def find(self, text: str) -> Iterator[tuple[int, int, Period]]:
        """Yield (start, end, period) for each period that a text names, left to right."""
        for match in _PERIOD.finditer(text):
            period = self._read(match)
            if period is not None:
                yield match.start(), match.end(), period

    def _read(self, match: re.Match[str]) -> Period | None:
        found = {name: value for name, value in match.groupdict().items() if value is not None}
        fiscal = next((found[name] for name in ("fy1", "fy2", "fy3") if name in found), None)
        marked = fiscal is not None or _MARKED.search(match[0]) is not None
        plain = next((found[name] for name in ("year1", "year2") if name in found), None)
        year = _year(fiscal if fiscal is not None else plain or "")
        if year is None:
            return None
        kind, number = _part(found)
        if not marked:
            civil = _CIVIL.quarter(year, number) if kind == "quarter" else _CIVIL.half(year, number)
            return Period(civil.kind, year, number, civil.start, civil.end, fiscal=False) if kind != "month" else None
        if kind == "year":
            return self.year(year)
        return {"quarter": self.quarter, "half": self.half, "month": self.month}[kind](year, number)

    def _begins(self, year: int) -> date:
        begins_in = year if self.named_by == "start" or self.start_month == 1 else year - 1
        first = date(begins_in, self.start_month, 1)
        if self.pattern == "months":
            return first
        end = first - timedelta(days=1)  # the last day of the month in which the year before ends
        back = (end.weekday() - _DAYS.index(self.week_end)) % 7
        last = end - timedelta(days=back)
        if self.year_end == "nearest" and back > 3:
            last += _WEEK
        return last + timedelta(days=1)

    def _bounds(self, year: int) -> tuple[date, ...]:
        return _bounds_of(self, year)


@lru_cache(maxsize=1024)
def _bounds_of(calendar: FiscalCalendar, year: int) -> tuple[date, ...]:
    """Return the first days of the twelve months of a year, and of the next year."""
    whole = calendar.year(year)
    if calendar.pattern == "months":
        firsts = [whole.start]
        for _ in range(12):
            last = firsts[-1]
            firsts.append(date(last.year + last.month // 12, last.month % 12 + 1, 1))
        return tuple(firsts)
    weeks = _WEEKS[calendar.pattern] * 4
    bounds = [whole.start]
    for count in weeks:
        bounds.append(bounds[-1] + count * _WEEK)
    bounds[-1] = whole.end  # the 53rd week, where there is one, goes with the last month
    return tuple(bounds)


@lru_cache(maxsize=8192)
def _whole(calendar: FiscalCalendar, name: str) -> Period | None:
    match = _PERIOD.fullmatch(name.strip()) if len(name) <= _LONGEST else None
    return None if match is None else calendar._read(match)  # noqa: SLF001 - the same module


_LONGEST = 60
_CIVIL = FiscalCalendar()
_GAP = r"(?:\s*,?\s+(?:of\s+|in\s+|for\s+)?(?:the\s+)?|\s*[-/,]\s*|\s*)"
_PART = (
    r"(?:(?:F?Q\s?(?P<q{n}>[1-4])|(?P<r{n}>[1-4])Q)(?![0-9])|(?P<w{n}>first|second|third|fourth|last|1st|2nd|3rd|4th)"
    r"\s+(?:fiscal\s+)?quarter|quarter\s+(?P<s{n}>[1-4])|H(?P<h{n}>[12])(?![0-9])|(?P<i{n}>[12])H(?![0-9])"
    r"|(?P<v{n}>first|second|1st|2nd)\s+half|(?:P|period\s+|month\s+)(?P<p{n}>1[0-2]|0?[1-9])(?![0-9]))"
)
_FISCAL = (
    r"(?:FY\s?|fiscal\s+(?:year\s+)?|financial\s+year\s+)['’]?"
    r"(?P<{n}>\d{{4}}\s?[/–-]\s?(?:\d{{4}}|\d{{2}})|\d{{4}}|\d{{2}})(?![\d%])(?!\.\d)"
)
_PERIOD = re.compile(
    r"(?i)(?<![\w$€£.])(?:"
    + _PART.replace("{n}", "1") + _GAP + _FISCAL.format(n="fy1")
    + "|" + _FISCAL.format(n="fy2") + _GAP + _PART.replace("{n}", "2")
    + r"|(?:fiscal\s+)?" + _PART.replace("{n}", "3") + _GAP + r"(?P<year1>(?:19|20)\d\d|['’]\d\d)(?![\d%])(?!\.\d)"
    + r"|(?P<year2>(?:19|20)\d\d)" + _GAP + _PART.replace("{n}", "4")
    + r"|" + _FISCAL.format(n="fy3")
    + r")(?!\w)"
)  # fmt: skip
_MARKED = re.compile(r"(?i)fiscal|FQ")
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "last": 4}


def _part(found: dict[str, str]) -> tuple[Kind, int]:
    for name, value in found.items():
        letter = name[0] if name[1:].isdigit() and len(name) == _SHORT else ""
        if letter in ("q", "r", "s"):
            return "quarter", int(value)
        if letter == "w":
            return "quarter", _ORDINALS[value.lower()]
        if letter in ("h", "i"):
            return "half", int(value)
        if letter == "v":
            return "half", _ORDINALS[value.lower()]
        if letter == "p":
            return "month", int(value)
    return "year", 0


def _year(text: str) -> int | None:
    digits = re.findall(r"\d+", text)
    if not digits:
        return None
    year = int(digits[-1])
    if len(digits[-1]) <= _SHORT:
        century = int(digits[0]) // _CENTURY * _CENTURY if len(digits) > 1 else (2000 if year < _PIVOT else 1900)
        year += century
    if len(digits) > 1 and year != int(digits[0]) + 1:
        return None  # 2024-26 is no fiscal year
    return year if _FIRST_YEAR <= year <= _LAST_YEAR else None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
