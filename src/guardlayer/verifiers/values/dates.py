"""Dates in a text: ISO, written out, numeric where only one reading exists, years, decades, period labels, times.

A numeric date that has two readings (03/04/2016) is kept to what both agree on: its year. Fiscal and calendar
quarters keep their label, since nothing in a text says when a company's year begins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from guardlayer.temporal import Moment
from guardlayer.verifiers.values.tokens import Tokens

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sep sept",
            "october oct",
            "november nov",
            "december dec",
        ),
        1,
    )
    for name in names.split()
}
"""Lower-cased month name or abbreviation to its number."""

FIRST_YEAR, LAST_YEAR = 1000, 2199
"""A bare number of four digits in this range is read as a year."""

_ISO = re.compile(
    r"(\d{4})-(\d{2})(?:-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?)?(?![\d-]|\.\d)",
    re.ASCII,
)
_SLASHED = re.compile(r"(\d{1,4})/(\d{1,2})/(\d{1,4})(?![\d/])", re.ASCII)
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})\Z", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2})(?:[:.]([0-5]\d))?(?::[0-5]\d)?\s?(?:([ap])(?:m\b|\.m\.?))?", re.ASCII | re.IGNORECASE)
_DAY_SUFFIX = frozenset(("st", "nd", "rd", "th"))
_YEAR_CUES = frozenset("in since of from by until till to before after during circa late early mid".split())  # noqa: SIM905
_MONTH_CUES = _YEAR_CUES | {"on", "this", "last", "next", "and"}


@dataclass(slots=True)
class Found:
    """A date found in tokens.

    Attributes:
        after: Index of the token after it.
        moment: The period, where a year is known.
        label: Its name on no line of time, otherwise.
        bare: Whether it is a number of four digits and nothing else, which may yet be a count.
    """

    after: int
    moment: Moment | None = None
    label: str | None = None
    bare: bool = False


def read_date(tokens: Tokens, i: int) -> Found | None:
    """Read a date that begins at token ``i``, a number or the name of a month.

    Returns:
        The date, or ``None`` where the tokens are no date.
    """
    word = tokens.words[i]
    if not word[0].isdecimal():
        return _from_month(tokens, i) if word in MONTHS else _label(tokens, i)
    if not word.isascii():
        return None
    length = len(word)
    follows = tokens.word(i + 1)
    if length == 4 and word.isdecimal():
        if follows == "-" and (match := _ISO.match(tokens.text, tokens.starts[i])):
            return _iso(tokens, i, match)
        if follows == "/":
            return _slashed(tokens, i)
        return _year(tokens, i)
    if length <= 2:
        return _short(tokens, i, follows)
    if 8 <= length <= 10 and (match := _DOTTED.match(word)):
        return _period(i + 1, int(match[3]), int(match[2]), int(match[1]))
    if length in (4, 5) and "." in word and follows in ("am", "pm"):
        return _clock(tokens, i)
    return None


def _short(tokens: Tokens, i: int, follows: str) -> Found | None:
    """Read what may begin with one or two digits: a day, a numeric date, a time of day."""
    if follows == "/":
        return _slashed(tokens, i)
    if follows == ":" or follows in ("am", "pm") or (follows in ("a", "p") and tokens.word(i + 2) == "."):
        return _clock(tokens, i)
    j = i + 1
    if follows in _DAY_SUFFIX and tokens.gap(j) == 0:
        j += 1
    if tokens.word(j) == "of" and j > i + 1:
        j += 1
    if tokens.word(j) == "-" and tokens.word(j + 1) in MONTHS:
        j += 1
    name = tokens.word(j)
    if name not in MONTHS or (name in ("may", "march", "mar", "dec") and not tokens.capital(j)):
        return None
    day = int(tokens.words[i])
    j += 1
    if tokens.word(j) == "." and tokens.gap(j) == 0 and len(name) <= 4 and tokens.word(j + 1).isdecimal():
        j += 1
    j, year = _year_behind(tokens, j)
    return _period(j, year, MONTHS[name], day)


def _from_month(tokens: Tokens, i: int) -> Found | None:
    """Read "May 2003", "Dec. 12, 2016", "December 12", and a bare month after a word that announces one."""
    word = tokens.words[i]
    if not tokens.capital(i):
        return None
    j = i + 1
    if tokens.word(j) == "." and tokens.gap(j) == 0 and len(word) <= 4 and tokens.word(j + 1).isdecimal():
        j += 1
    number = tokens.word(j)
    if number.isdecimal() and number.isascii():
        if len(number) == 4:
            return _period(j + 1, int(number), MONTHS[word], None)
        if len(number) <= 2 and 1 <= int(number) <= 31:
            k = j + 1
            if tokens.word(k) in _DAY_SUFFIX and tokens.gap(k) == 0:
                k += 1
            k, year = _year_behind(tokens, k)
            return _period(k, year, MONTHS[word], int(number))
        return None
    k = j + 1 if number in ("of", ",") else j
    if k > j and len(tokens.word(k)) == 4 and tokens.word(k).isdecimal():
        return _period(k + 1, int(tokens.word(k)), MONTHS[word], None)
    if tokens.word(i - 1) in _MONTH_CUES:
        return _period(j, None, MONTHS[word], None)
    return None


def _year_behind(tokens: Tokens, j: int) -> tuple[int, int | None]:
    """Take the year that follows a day and month, with or without a comma."""
    k = j + 1 if tokens.word(j) in (",", "-") else j
    word = tokens.word(k)
    if len(word) == 4 and word.isdecimal() and word.isascii():
        return k + 1, int(word)
    return j, None


def _iso(tokens: Tokens, i: int, match: re.Match[str]) -> Found | None:
    j = _token_after(tokens, i, match.end())
    return _period(j, int(match[1]), int(match[2]), int(match[3]) if match[3] else None)


def _slashed(tokens: Tokens, i: int) -> Found | None:
    match = _SLASHED.match(tokens.text, tokens.starts[i])
    if match is None:
        return None
    first, second, third = match[1], match[2], match[3]
    j = _token_after(tokens, i, match.end())
    if len(first) == 4:
        return _period(j, int(first), int(second), int(third)) if len(third) <= 2 else None
    if len(third) != 4 or len(first) > 2:
        return None
    a, b, year = int(first), int(second), int(third)
    if a > 12 or a == b:
        return _period(j, year, b, a)
    return _period(j, year, a, b) if b > 12 else _period(j, year, None, None)


def _year(tokens: Tokens, i: int) -> Found | None:
    number = int(tokens.words[i])
    j = i + 1
    follows = tokens.word(j)
    if follows in ("bc", "bce"):
        return Found(j + 1, label=f"{number:04} BC")
    if not FIRST_YEAR <= number <= LAST_YEAR:
        return None
    if follows == "s" and tokens.gap(j) == 0 and number % 10 == 0:
        span = 100 if number % 100 == 0 and number < 2000 else 10
        moment = Moment(_first(number, 1), _first(number + span, 1), f"{number}s")
        return Found(j + 1, moment)
    if follows in ("ad", "ce"):
        j += 1
    found = _period(j, number, None, None)
    if found is not None:
        found.bare = True
    return found


def year_is_announced(tokens: Tokens, i: int) -> bool:
    """Say whether the word before token ``i`` makes a number of four digits a year."""
    return tokens.word(i - 1) in _YEAR_CUES


def _label(tokens: Tokens, i: int) -> Found | None:
    """Read "Q3 FY26", "Q3 2026", "FY2026", "H1 2025" at a word of letters that touches its digits."""
    word = tokens.words[i]
    number = tokens.word(i + 1)
    if not (number.isdecimal() and number.isascii() and tokens.gap(i + 1) <= (1 if word == "fy" else 0)):
        return None
    if word == "fy" and len(number) in (2, 4):
        j, part = i + 2, ""
        if tokens.word(j) in ("q", "h") and tokens.gap(j + 1) == 0:
            part = f"-{tokens.word(j).upper()}{tokens.word(j + 1)}"
            j += 2
        return Found(j, label=f"FY{number[-2:]}{part}")
    if word not in ("q", "h") or number not in "1234":
        return None
    j = i + 2
    k = j + 1 if tokens.word(j) in ("of", "/", "-", ",") else j
    if tokens.word(k) == "fy" and len(tokens.word(k + 1)) in (2, 4) and tokens.word(k + 1).isdecimal():
        return Found(k + 2, label=f"FY{tokens.word(k + 1)[-2:]}-{word.upper()}{number}")
    if tokens.word(k) == "fiscal" and len(tokens.word(k + 1)) == 4 and tokens.word(k + 1).isdecimal():
        return Found(k + 2, label=f"FY{tokens.word(k + 1)[-2:]}-{word.upper()}{number}")
    if len(tokens.word(k)) == 4 and tokens.word(k).isdecimal():
        return Found(k + 1, label=f"{tokens.word(k)}-{word.upper()}{number}")
    return Found(j, label=f"{word.upper()}{number}")


def _clock(tokens: Tokens, i: int) -> Found | None:
    match = _CLOCK.match(tokens.text, tokens.starts[i])
    if match is None or not (match[2] or match[3]):
        return None
    hour = int(match[1])
    if match[3]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[3] in "pP" else 0)
    if hour > 24:
        return None
    return Found(_token_after(tokens, i, match.end()), label=f"T{hour:02}:{match[2] or '00'}")


def _period(after: int, year: int | None, month: int | None, day: int | None) -> Found | None:
    if month is not None and not 1 <= month <= 12:
        return None
    if year is None:
        if month is None or (day is not None and not 1 <= day <= 31):
            return None
        return Found(after, label=f"--{month:02}" + ("" if day is None else f"-{day:02}"))
    if not 1 <= year <= 9998:
        return None
    try:
        if month is None:
            return Found(after, Moment(_first(year, 1), _first(year + 1, 1), f"{year:04}"))
        if day is None:
            following = (year + 1, 1) if month == 12 else (year, month + 1)
            return Found(after, Moment(_first(year, month), _first(*following), f"{year:04}-{month:02}"))
        return Found(after, Moment.parse(date(year, month, day)))
    except ValueError:
        return None


def _first(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


def _token_after(tokens: Tokens, i: int, offset: int) -> int:
    """Return the index of the first token that begins at or after ``offset``."""
    n = len(tokens.words)
    while i < n and tokens.starts[i] < offset:
        i += 1
    return i
