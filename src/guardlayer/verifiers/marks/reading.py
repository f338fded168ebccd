"""Reads the quantities, dates and ordinals of a text, with the words that say what they are of."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from guardlayer.text import STOP_WORDS
from guardlayer.verifiers.values import Bound, Value, ValueType, find
from guardlayer.verifiers.values.units import DIMENSION

_CONTEXT_BEFORE, _CONTEXT_AFTER = 44, 28
_MOST = 24
"""Quantities read of one text; what comes after them is not marked."""
_MONTH_SECONDS = 2629746.0  # the Gregorian year's twelfth
_ORDINAL_WORDS = tuple(
    """first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
    fifteenth sixteenth seventeenth eighteenth nineteenth twentieth""".split()  # noqa: SIM905
)
_ORDINALS = {word: index + 1 for index, word in enumerate(_ORDINAL_WORDS)}
_NUMBERED = tuple(
    """season episode chapter volume series number no. round stage part phase grade section article clause level tier
    step page""".split()  # noqa: SIM905
)
_TENS = {
    word: 20 + 10 * index
    for index, word in enumerate(("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"))
}
_TIMES = {
    "twice": 2,
    "thrice": 3,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
}
_RANKED = re.compile(
    rf"\b(?:(\d{{1,3}})(?:st|nd|rd|th)|((?:(?:{'|'.join(_TENS)})-)?(?:{'|'.join(_ORDINALS)}))"
    rf"|(?:{'|'.join(_NUMBERED)}) (\d{{1,4}})"
    r"|(\d+(?:\.\d+)?) ?(?:/|out of) ?\d+"
    rf"|(\d{{1,3}}|{'|'.join(_TIMES)})-times?|(twice|thrice))\b(?!/)",
    re.IGNORECASE,
)
"""An ordinal in digits or words, a numbered part, a score, and how many times."""
_RANK_DIGITS = re.compile(r"\d(?:[snrt][tdh]| ?/| out of|-time)")
_RANK_WORDS = (*_ORDINAL_WORDS, *(f"{noun} " for noun in _NUMBERED), "twice", "thrice", "-time")
_OUT_OF = re.compile(r"(?:\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten)) ?(?:/|out of) ?$")
_AGED = re.compile(r"\b(?:aged|age(?: of)?|ages|older than|younger than) $")
_COMPARED = re.compile(
    r"\b(?:(more than|over|above|greater than|higher than|better than|exceeding)|(at least|no less than|a minimum of)"
    r"|(less than|under|below|fewer than|lower than|worse than)|(at most|no more than|up to|a maximum of)"
    r"|(about|around|roughly|approximately|nearly|almost)) (?:a |an |the )?$"
)
_COMPARISONS = (Bound.MORE, Bound.AT_LEAST, Bound.LESS, Bound.AT_MOST, Bound.ABOUT)
_WORD = re.compile(r"[a-z]{2,}")
_CLAUSE_END = re.compile(r"[,;:()\d]")
_RISE = re.compile(r"\b(?:went|goes?|gone|going|moved?|rose|climbed|jumped) $")
SKIPPED = STOP_WORDS | frozenset(
    """an in on at of to by or is it as be so if he we no per its has had have the and for was were not more than
    less over under least most about around fewer before after all also into there since until between during near
    nearly only just some any other another when while but""".split()  # noqa: SIM905
)
"""Words that say nothing about what a quantity is of."""


class Quantity(NamedTuple):
    """A quantity, date or ordinal as marking needs it: plain numbers, and the words around it.

    Attributes:
        sort: A value type's name, or ``measure`` (a number with a unit of measure) or ``ordinal``.
        low: Lower end, in base units; dates in days, durations in seconds.
        high: Upper end.
        unit: Currency, or dimension of a measure.
        digits: Significant digits as written.
        bound: The comparator around it.
        end: Offset after it, where its mark goes.
        following: Content words right behind it, in the singular.
        around: Content words on both sides.
        label: What stands for a date without a year, or for a version.
        bare: The number, where it is a year only by its looks.
        limit: Whether its comparator names a limit ("up to 30 days"), so that the limits themselves are compared.
    """

    sort: str
    low: float
    high: float
    unit: str | None
    digits: int
    bound: Bound
    end: int
    following: frozenset[str]
    around: frozenset[str]
    label: str | None
    bare: float | None = None
    limit: bool = False


@lru_cache(maxsize=8192)
def quantities(text: str) -> tuple[Quantity, ...]:
    """Return the quantities of a text, left to right; the same text is read once."""
    low = text.lower()
    if len(low) != len(text):
        low = text
    found = [
        _quantity(low, value)
        for value in find(text)[:_MOST]
        if value.type is not ValueType.BOOLEAN and not _OUT_OF.search(low, max(0, value.start - 14), value.start)
    ]
    taken = [(quantity.end, quantity) for quantity in found if quantity is not None]
    ranked = _RANK_DIGITS.search(low) or any(word in low for word in _RANK_WORDS)  # the whole pattern is slow
    for match in _RANKED.finditer(low) if ranked else ():
        start, end = match.span()
        if any(start < other.end and other.end - 2 <= end for _, other in taken):
            continue
        digits, word, labelled, score, counted, often = match.groups()
        following, around = _surroundings(low, start, end)
        if counted or often:
            number = float(_TIMES.get(counted or often) or counted)
            following, around = following | {"time"}, around | {"time"}
        else:
            number = _ordinal(word) if word else float(digits or labelled or score)
        bound, count = Bound.EXACT, 1
        if score:
            bound, count = _compared(low, start), len(score.replace(".", "").lstrip("0"))
        sort = "ordinal" if digits or word or labelled else "number"
        taken.append((end, Quantity(sort, number, number, None, count, bound, end, following, around, None)))
    taken.sort(key=lambda pair: pair[0])
    return tuple(quantity for _, quantity in taken[:_MOST])


def _ordinal(word: str) -> float:
    tens, _, ones = word.rpartition("-")
    return float(_TENS.get(tens, 0) + _ORDINALS[ones])


def _compared(low: str, start: int) -> Bound:
    """Return the comparator that stands before a score."""
    match = _COMPARED.search(low, max(0, start - 20), start)
    return Bound.EXACT if match is None or match.lastindex is None else _COMPARISONS[match.lastindex - 1]


def _quantity(low: str, value: Value) -> Quantity | None:
    start, end = min(value.start, value.phrase_start), max(value.end, value.phrase_end)
    following, around = _surroundings(low, start, end)
    sort, unit, label, count = value.type.value, value.unit, None, None
    first, last = value.low, value.high
    lower = upper = 0.0
    if value.type is ValueType.VERSION:
        label = ".".join(map(str, value.version or ()))
        for part, weight in zip(value.version or (), (1e6, 1e3, 1.0, 1e-3), strict=False):
            lower += part * weight
        upper = lower
    elif first is None or last is None:
        if unit is None:
            return None
        label = unit
        if unit.startswith("--"):
            digits = unit[2:].split("-")
            lower = int(digits[0]) * 31 + (int(digits[1]) if len(digits) > 1 else 1)
            upper = lower if len(digits) > 1 else lower + 30
        unit = None
    else:
        lower, upper = float(first), float(last)
        if value.type is ValueType.DATE:
            count = float(value.text) if len(value.text) == 4 and value.text.isdecimal() else None
        elif value.type is ValueType.DURATION:
            if unit in ("month", "quarter", "year", "decade", "century"):
                lower, upper = lower * _MONTH_SECONDS, upper * _MONTH_SECONDS
            unit = None
        elif value.type is ValueType.NUMBER and unit is not None:
            dimension = DIMENSION.get(unit)
            if dimension is not None:
                factor = float(dimension[1])
                lower, upper, unit = lower * factor, upper * factor, dimension[0]
                sort = "measure"
            else:
                following, unit = following | {_stem(unit)}, None
        if sort == "number" and first == last and _AGED.search(low, max(0, value.start - 14), value.start):
            sort, lower = "duration", lower * 12 * _MONTH_SECONDS  # "aged 45", "older than 40"
            upper = lower
    bound = value.bound
    if bound is Bound.AT_MOST and _RISE.search(low, max(0, start - 12), start):
        bound = Bound.EXACT  # "went up to 98 %" names where it went
    return Quantity(sort, lower, upper, unit, value.digits, bound, end, following, around, label, count, value.limit)


def _surroundings(low: str, start: int, end: int) -> tuple[frozenset[str], frozenset[str]]:
    after = low[end : end + _CONTEXT_AFTER]
    stop = _CLAUSE_END.search(after, 1)
    words = _WORD.findall(after, 0, stop.start() if stop else len(after))[:4]
    following = frozenset(_stem(word) for word in words if word not in SKIPPED)
    before = _WORD.findall(low[max(0, start - _CONTEXT_BEFORE) : start])[-6:]
    return following, following.union(_stem(word) for word in before if word not in SKIPPED)


def _stem(word: str) -> str:
    word = word.removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] != "s" else word
