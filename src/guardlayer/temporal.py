"""Time as facts need it: instants in UTC, partial dates, half-open intervals.

The only place in the package that reads the wall clock is :func:`utc_now`, and it is passed down from the
composition root; everything else is handed its instant.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from guardlayer.errors import InputError, IntervalError

When = datetime | date | str
"""What public arguments accept as a time."""

Clock = Callable[[], datetime]

_PARTIAL = re.compile(
    r"\s*(?P<y>\d{4})(?:-(?P<m>\d{1,2})(?:-(?P<d>\d{1,2})"
    r"(?P<t>[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?)?)?\s*\Z"
)


def utc_now() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date as precisely as it was written: ``2003`` is a year, ``2003-05`` a month, ``2003-05-17`` a day.

    Attributes:
        start: First instant of the period, UTC.
        end: First instant after the period, UTC; equal to ``start`` for an exact instant.
        text: As written, normalised to ISO 8601 and no more precise than it was.
    """

    start: datetime
    end: datetime
    text: str

    @classmethod
    def parse(cls, value: datetime | date | str, *, what: str = "date") -> Moment:
        """Read an instant, a day, or an ISO string that may stop at the year or the month.

        Args:
            value: A ``datetime`` (naive means UTC), a ``date``, or ISO text.
            what: Name of the argument, for the error message.

        Raises:
            InputError: Not a date; the message shows the accepted forms.
        """
        if isinstance(value, datetime):
            instant = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
            return cls(instant, instant, _iso(instant))
        if isinstance(value, date):
            start = datetime(value.year, value.month, value.day, tzinfo=UTC)
            return cls(start, _next_day(start), value.isoformat())
        return _written(value, what)


@lru_cache(maxsize=4096)
def _written(value: str, what: str) -> Moment:
    """Read ISO text; the same text is asked for again and again."""
    match = _PARTIAL.match(value) if len(value) < 64 else None
    try:
        if match is None:
            raise ValueError(value)
        year = int(match["y"])
        if match["t"]:
            return Moment.parse(datetime.fromisoformat(value.strip().replace(" ", "T", 1).replace(" ", "")))
        month, day = int(match["m"] or 1), int(match["d"] or 1)
        start = datetime(year, month, day, tzinfo=UTC)
        if match["d"]:
            return Moment(start, _next_day(start), f"{year:04}-{month:02}-{day:02}")
        if match["m"]:
            after = (year + 1, 1) if month == 12 else (year, month + 1)
            return Moment(start, _at(*after), f"{year:04}-{month:02}")
        return Moment(start, _at(year + 1, 1), f"{year:04}")
    except (ValueError, OverflowError):
        raise InputError(
            f"{what} {str(value)[:40]!r} is not a date; write 2003, 2003-05, 2003-05-17 or 2003-05-17T12:00:00Z"
        ) from None


def instant(value: datetime | date | str, *, what: str = "at") -> datetime:
    """Return the first instant of ``value`` in UTC; see :meth:`Moment.parse`."""
    return Moment.parse(value, what=what).start


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open stretch of time, ``[start, end)``; ``None`` is unbounded.

    The texts keep the precision in which the bounds were given, so that a fact known to have begun in
    ``2003`` is never shown as if the day were known.
    """

    start: datetime | None = None
    end: datetime | None = None
    start_text: str | None = None
    end_text: str | None = None

    @classmethod
    def parse(cls, start: datetime | date | str | None, end: datetime | date | str | None) -> Interval:
        """Build an interval from two bounds in any form :meth:`Moment.parse` reads.

        A partial bound counts as its first instant, with one exception: where an end would come no later
        than the start although its period reaches beyond it (``2003`` to ``2003``, or one day to the same
        day), the fact held during that period, so the end is the period's last instant.

        Raises:
            IntervalError: The interval ends before it starts.
            InputError: A bound is not a date.
        """
        first = None if start is None or start == "" else Moment.parse(start, what="valid_from")
        last = None if end is None or end == "" else Moment.parse(end, what="valid_to")
        stop = None
        if last is not None:
            stop = last.start
            if first is not None and stop <= first.start:
                stop = last.end
                if stop <= first.start:
                    raise IntervalError(
                        f"the interval ends before it starts: valid_from {first.text}, valid_to {last.text}; "
                        "swap the two or correct one"
                    )
        return cls(first.start if first else None, stop, first.text if first else None, last.text if last else None)

    def __contains__(self, at: datetime) -> bool:
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)

    def overlaps(self, other: Interval) -> bool:
        """Say whether the two intervals share an instant."""
        return (self.start is None or other.end is None or self.start < other.end) and (
            other.start is None or self.end is None or other.start < self.end
        )

    def ended(self, at: datetime) -> bool:
        """Say whether the interval lies wholly before ``at``."""
        return self.end is not None and self.end <= at

    def __str__(self) -> str:
        return f"{self.start_text or '…'} to {self.end_text or '…'}"


def _at(year: int, month: int) -> datetime:
    return datetime.max.replace(tzinfo=UTC) if year > 9999 else datetime(year, month, 1, tzinfo=UTC)


def _next_day(start: datetime) -> datetime:
    return start + timedelta(days=1) if start.date() < date.max else datetime.max.replace(tzinfo=UTC)


def _iso(value: datetime) -> str:
    text = value.isoformat(timespec="seconds" if not value.microsecond else "microseconds")
    return text.replace("+00:00", "Z")
