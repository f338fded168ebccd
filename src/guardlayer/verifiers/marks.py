"""Marks that tell the entailment model what arithmetic and spelling say: code calculates, the network aligns.

A small network reads "more than 23.5 million" and "23.8 million" as word pieces and cannot compare them. So each
quantity, date and ordinal of both texts that has a counterpart is followed by a mark that says how the two stand,
and each name of the claim that the evidence lacks by another. The marks are single tokens of the model, which was
trained on marked text only: marks and weights are one version, and a change here needs a new model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import NamedTuple

from guardlayer.text import STOP_WORDS
from guardlayer.verifiers.values import Bound, Value, ValueType, find
from guardlayer.verifiers.values.units import DIMENSION

MARKS_VERSION = "1"
"""Raised with every change that alters a mark; the model's card names the version it was trained with."""

SAT = "[unused1]"
"""The claim's comparator holds for this quantity: "more than 23 million" of 23.8 million."""
VIO = "[unused2]"
"""The claim's comparator does not hold for it."""
EQ = "[unused3]"
"""The same value."""
NEQ = "[unused4]"
"""Another value."""
NEAR = "[unused5]"
"""Nearly the same, or the same at another precision, so that neither follows."""
ABS = "[unused6]"
"""On the claim's side: the evidence has no quantity of that sort."""
SUM = "[unused7]"
"""On the claim's side: the sum or the difference of two quantities of the evidence."""
MISS = "[unused8]"
"""On the claim's side: a name that the evidence does not mention."""
MARKS = (SAT, VIO, EQ, NEQ, NEAR, ABS, SUM, MISS)

_NEAREST = -0.9
"""Score below which two quantities have nothing to do with each other."""
_CONTEXT_BEFORE, _CONTEXT_AFTER = 44, 28
_MOST = 24
"""Quantities read of one text; what comes after them is not marked."""
_UP, _DOWN = (Bound.MORE, Bound.AT_LEAST), (Bound.LESS, Bound.AT_MOST)
_POINTS = (Bound.EXACT, Bound.ABOUT)
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
_RANKED = re.compile(
    rf"\b(?:(\d{{1,3}})(?:st|nd|rd|th)|({'|'.join(_ORDINALS)})|(?:{'|'.join(_NUMBERED)}) (\d{{1,4}})"
    r"|(\d+(?:\.\d+)?) ?/ ?\d+)\b(?!/)",
    re.IGNORECASE,
)
_RANK_DIGITS = re.compile(r"\d(?:[snrt][tdh]| ?/)")
_RANK_WORDS = (*_ORDINAL_WORDS, *(f"{noun} " for noun in _NUMBERED))
_WORD = re.compile(r"[a-z]{2,}")
_CLAUSE_END = re.compile(r"[,;:()\d]")
_RISE = re.compile(r"\b(?:went|goes?|gone|going|moved?|rose|climbed|jumped) $")
_JOINTS = "'’.-&_"
_NAME = re.compile(r"[^\W\d_](?:[\w&]|['’.\-](?=\w))*")
_SKIPPED = STOP_WORDS | frozenset(
    """an in on at of to by or is it as be so if he we no per its has had have the and for was were not more than
    less over under least most about around fewer before after all also into there since until between during near
    nearly only just some any other another when while but""".split()  # noqa: SIM905
)
_OPENERS = _SKIPPED | frozenset(
    """a i in on at by of to as if it he she we they you our your my no one every each both many few several most as
    now then according despite although because however there's here today currently yes this these""".split()  # noqa: SIM905
)
_ESCAPES = (("-LRB-", "("), ("-RRB-", ")"), ("-LSB-", "["), ("-RSB-", "]"), ("``", '"'), ("''", '"'))


@dataclass(frozen=True, slots=True)
class MarkedPair:
    """Evidence and claim as the model reads them.

    Attributes:
        evidence: The evidence with its marks.
        claim: The claim with its marks.
        marks: The claim's marks, left to right.
    """

    evidence: str
    claim: str
    marks: tuple[str, ...]


class _Quantity(NamedTuple):
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


def mark(evidence: str, claim: str) -> MarkedPair:
    """Mark the quantities, dates, ordinals and names of a pair.

    Args:
        evidence: The text to judge by.
        claim: What was said.

    Returns:
        Both texts with their marks; without any, they are as they were given.
    """
    evidence, claim = _plain(evidence), _plain(claim)
    said = _quantities(claim)
    on_claim: list[tuple[int, str]] = _missing_names(evidence, claim)
    on_evidence: list[tuple[int, str]] = []
    if said:
        _relate(_quantities(evidence), said, on_evidence, on_claim)
    if not on_claim:
        return MarkedPair(evidence, claim, ())
    on_claim.sort()
    return MarkedPair(_put(evidence, on_evidence), _put(claim, on_claim), tuple(name for _, name in on_claim))


def _plain(text: str) -> str:
    """Undo the bracket and quote escapes of corpora that were cut into words for a parser."""
    if "-RRB-" in text or "-LRB-" in text or "``" in text or "-LSB-" in text:
        for escape, plain in _ESCAPES:
            text = text.replace(escape, plain)
    return text


def _put(text: str, marks: list[tuple[int, str]]) -> str:
    for position, name in sorted(marks, reverse=True):
        text = f"{text[:position]} {name} {text[position:].lstrip(' ')}"
    return text.rstrip(" ")


# --- reading ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8192)
def _quantities(text: str) -> tuple[_Quantity, ...]:
    low = text.lower()
    if len(low) != len(text):
        low = text
    found = [_quantity(low, value) for value in find(text)[:_MOST] if value.type is not ValueType.BOOLEAN]
    taken = [(quantity.end, quantity) for quantity in found if quantity is not None]
    ranked = _RANK_DIGITS.search(low) or any(word in low for word in _RANK_WORDS)  # the whole pattern is slow
    for match in _RANKED.finditer(low) if ranked else ():
        start, end = match.span()
        if any(start < other.end and other.end - 2 <= end for _, other in taken):
            continue
        digits, word, labelled, score = match.groups()
        number = float(_ORDINALS[word]) if word else float(digits or labelled or score)
        following, around = _surroundings(low, start, end)
        sort = "number" if score else "ordinal"
        taken.append((end, _Quantity(sort, number, number, None, 1, Bound.EXACT, end, following, around, None)))
    taken.sort(key=lambda pair: pair[0])
    return tuple(quantity for _, quantity in taken[:_MOST])


def _quantity(low: str, value: Value) -> _Quantity | None:
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
    bound = value.bound
    if bound is Bound.AT_MOST and _RISE.search(low, max(0, start - 12), start):
        bound = Bound.EXACT  # "went up to 98 %" names where it went
    return _Quantity(sort, lower, upper, unit, value.digits, bound, end, following, around, label, count)


def _surroundings(low: str, start: int, end: int) -> tuple[frozenset[str], frozenset[str]]:
    after = low[end : end + _CONTEXT_AFTER]
    stop = _CLAUSE_END.search(after, 1)
    words = _WORD.findall(after, 0, stop.start() if stop else len(after))[:4]
    following = frozenset(_stem(word) for word in words if word not in _SKIPPED)
    before = _WORD.findall(low[max(0, start - _CONTEXT_BEFORE) : start])[-6:]
    return following, following.union(_stem(word) for word in before if word not in _SKIPPED)


def _stem(word: str) -> str:
    word = word.removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] != "s" else word


# --- relating --------------------------------------------------------------------------------------------------


def _relate(
    given: tuple[_Quantity, ...],
    said: tuple[_Quantity, ...],
    on_evidence: list[tuple[int, str]],
    on_claim: list[tuple[int, str]],
) -> None:
    best: list[tuple[float, str] | None] = [None] * len(said)
    for found in given:
        nearest: tuple[float, str] | None = None
        for index, claimed in enumerate(said):
            quantity, other = found, claimed
            # "Cases reached 1184": a year by its looks, a count by what is asked of it.
            if found.bare is not None and claimed.sort != "date":
                quantity = _as_count(found)
            elif claimed.bare is not None and found.sort != "date":
                other = _as_count(claimed)
            score = _closeness(quantity, other)
            if score is None:
                continue
            relation = _relation(quantity, other)
            if relation is None:
                continue
            if relation == EQ:
                score += 0.6
            top = best[index]
            if top is None or score > top[0]:
                best[index] = (score, relation)
            if nearest is None or score > nearest[0]:
                nearest = (score, relation)
        if nearest is not None and (nearest[0] > _NEAREST or nearest[1] == EQ):
            on_evidence.append((found.end, nearest[1]))
    for other, top in zip(said, best, strict=True):
        relation = ABS if top is None or (top[0] <= _NEAREST and top[1] != EQ) else top[1]
        if relation in (ABS, NEQ) and _is_total(other, given):
            relation = SUM
        on_claim.append((other.end, relation))


def _as_count(year: _Quantity) -> _Quantity:
    assert year.bare is not None
    return year._replace(sort="number", low=year.bare, high=year.bare, digits=4)


def _closeness(given: _Quantity, said: _Quantity) -> float | None:
    """Score how likely two quantities speak of the same thing; ``None`` where they cannot."""
    score = 0.2
    if given.sort != "date" and (given.bare is not None or said.bare is not None):
        score -= 0.6
    if given.sort != said.sort:
        penalty = _ACROSS.get((given.sort, said.sort))
        if penalty is None:
            return None
        score -= penalty
    elif given.sort == "measure" and given.unit != said.unit:
        return None
    score += 1.5 if given.following & said.following else 0.0
    score += 0.8 * min(2, len(given.around & said.around))
    if given.sort == "date":
        if given.label is None and said.label is None:
            score -= min(1.5, abs(given.low - said.low) / 5479.0)
        elif (given.label is None) is not (said.label is None):
            score -= 0.8
        return score
    if said.sort == "ordinal":
        return score - 0.7
    if given.low > 0 and said.low > 0:
        return score - min(4.0, abs(log(given.low / said.low)) * 0.8)
    return score - 1.0 if given.low != said.low else score


_ACROSS = {
    ("number", "money"): 0.5, ("money", "number"): 0.5,
    ("number", "percent"): 2.5, ("percent", "number"): 2.5,
    ("number", "measure"): 1.0, ("measure", "number"): 1.0,
    ("number", "ordinal"): 2.0, ("ordinal", "number"): 2.0,
    ("number", "version"): 1.0, ("version", "number"): 1.0,
}  # fmt: skip


def _relation(given: _Quantity, said: _Quantity) -> str | None:
    """Say how a quantity of the evidence stands to what the claim says."""
    if given.label is not None or said.label is not None:
        return _labels(given, said)
    if given.sort == "date":
        return _periods(given, said)
    if given.sort == "money" == said.sort and given.unit != said.unit and None not in (given.unit, said.unit):
        return NEQ
    bound = said.bound
    if bound is Bound.RANGE:
        inside = said.low <= given.low and given.high <= said.high
        if given.bound is Bound.RANGE:
            return EQ if given.low == said.low and given.high == said.high else NEQ
        return SAT if inside else VIO
    if bound in _UP or bound in _DOWN:
        return _against_bound(given, said)
    if given.bound in _UP or given.bound in _DOWN:
        if given.low == said.low:
            return NEAR
        open_to = said.low > given.low if given.bound in _UP else said.low < given.low
        return NEAR if open_to and abs(said.low - given.low) <= 0.1 * abs(given.low) else NEQ
    if given.low <= said.low <= given.high:
        return EQ if given.low == given.high else NEAR
    gap, size = abs(given.low - said.low), max(abs(given.low), abs(said.low))
    if said.sort == "ordinal":
        return NEQ
    about = bound is Bound.ABOUT or given.bound is Bound.ABOUT
    if about and gap <= 0.1 * size:
        return NEAR
    coarse = said.digits < given.digits and gap <= 0.05 * size and _rounds_to(given.low, said)
    return NEAR if coarse or gap <= 0.005 * size else NEQ


def _rounds_to(value: float, said: _Quantity) -> bool:
    if not said.low or said.digits < 1:
        return False
    return abs(value - said.low) <= 0.5 * 10.0 ** (len(str(int(abs(said.low)))) - said.digits)


def _against_bound(given: _Quantity, said: _Quantity) -> str:
    limit = said.low
    strict = said.bound in (Bound.MORE, Bound.LESS)
    if said.bound in _UP:
        if given.bound in _UP and given.low >= limit:
            return SAT
        if given.bound in _DOWN:
            return VIO if given.low <= limit else NEAR
        holds = given.low > limit or (not strict and given.low == limit)
        return NEAR if given.bound in _UP and not holds else SAT if holds else VIO
    if given.bound in _DOWN and given.high <= limit:
        return SAT
    if given.bound in _UP:
        return VIO if given.low >= limit else NEAR
    holds = given.high < limit or (not strict and given.high == limit)
    return NEAR if given.bound in _DOWN and not holds else SAT if holds else VIO


def _periods(given: _Quantity, said: _Quantity) -> str:
    """Compare two periods, in days; a bound reads them as before, after, by, from on."""
    if said.bound in _DOWN:
        edge = said.low if said.bound is Bound.LESS else said.high + 1
        return SAT if given.high < edge else VIO if given.low >= edge else NEAR
    if said.bound in _UP:
        edge = said.high if said.bound is Bound.MORE else said.low - 1
        return SAT if given.low > edge else VIO if given.high <= edge else NEAR
    if given.bound is Bound.RANGE is not said.bound and (said.low == given.low or said.high == given.high):
        return EQ
    if said.low <= given.low and given.high <= said.high:
        return EQ if said.bound is not Bound.ABOUT else NEAR
    if given.low <= said.high and said.low <= given.high:
        return NEAR
    if said.bound is Bound.ABOUT and abs(given.low - said.low) < 1100 and said.high - said.low > 300:
        return NEAR
    return NEQ


def _labels(given: _Quantity, said: _Quantity) -> str | None:
    """Compare versions, and dates of which one has no year: month and day, a quarter, an hour."""
    first, second = given.label, said.label
    if given.sort != "date":
        if said.bound in _UP or said.bound in _DOWN:
            return _against_bound(given, said)
        if given.low == said.low:
            return EQ
        precise = first is not None and second is not None and first.startswith(f"{second}.")
        return EQ if precise else NEAR if second is not None and second.startswith(f"{first}.") else NEQ
    if first is None or second is None:
        return None
    if first.startswith("--") and second.startswith("--"):
        return _periods(given, said)
    if first[:1] == "T" or second[:1] == "T":
        return (EQ if first == second else NEQ) if first[:1] == second[:1] else None
    if first == second or first.endswith(f"-{second}"):
        return EQ
    return NEAR if second.endswith(f"-{first}") else NEQ if ("Q" in first) is ("Q" in second) else None


def _is_total(said: _Quantity, given: tuple[_Quantity, ...]) -> bool:
    """Say whether an exact quantity is the sum or difference of two of the evidence, or a time between two dates."""
    if said.bound not in _POINTS:
        return False
    if said.sort == "duration":
        dates = [quantity for quantity in given if quantity.sort == "date" and quantity.label is None]
        # "From 2015 to 2021" is six years, or seven if both years count.
        spans = [
            (date.high - date.low - off) * 86400 for date in dates if date.bound is Bound.RANGE for off in (0, 365)
        ]
        spans += [abs(b.low - a.low) * 86400 for i, a in enumerate(dates) for b in dates[i + 1 :]]
        if any(span and abs(span - said.low) <= 0.02 * said.low for span in spans):
            return True
    elif said.sort not in ("number", "money", "percent") or said.low < 3:
        return False
    values = [quantity.low for quantity in given if quantity.sort == said.sort][:8]
    return any(
        abs(a + b - said.low) < 1e-9 * said.low or (a - b and abs(abs(a - b) - said.low) < 1e-9 * said.low)
        for i, a in enumerate(values)
        for b in values[i + 1 :]
    )


# --- names -----------------------------------------------------------------------------------------------------


def _missing_names(evidence: str, claim: str) -> list[tuple[int, str]]:
    """Return where the claim's names end whose last word the evidence lacks."""
    marks: list[tuple[int, str]] = []
    text = evidence.lower()
    end, absent = -1, False
    for index, match in enumerate(_NAME.finditer(claim)):
        word = match.group()
        if not word[0].isupper() or len(word) < 2:
            continue
        folded = word.lower()
        if folded in _OPENERS:
            continue
        start = match.start()
        if start - 1 != end or claim[end] != " ":  # not the next word of one name
            if absent:
                marks.append((end, MISS))
            absent = False
            if index == 0 and not _followed_by_capital(claim, match.end()):
                continue
        absent = not _mentions(text, _bare(folded)) and not (word.isupper() and _is_acronym(word, evidence))
        end = match.end()
    if absent:
        marks.append((end, MISS))
    return marks


def _mentions(text: str, word: str) -> bool:
    """Say whether a text in lower case has a word, in the singular or the plural, by itself."""
    at = text.find(word)
    while at >= 0:
        first, last = at, at + len(word)
        while first and (
            text[first - 1].isalnum() or (text[first - 1] in _JOINTS and text[first - 2 : first - 1].isalnum())
        ):
            first -= 1
        while last < len(text) and (
            text[last].isalnum() or (text[last] in _JOINTS and text[last + 1 : last + 2].isalnum())
        ):
            last += 1
        if _bare(text[first:last]) == word:
            return True
        at = text.find(word, at + 1)
    return False


def _bare(word: str) -> str:
    word = word.removesuffix("'s").removesuffix("’s").rstrip(".")
    return word[:-1] if len(word) > 4 and word[-1] == "s" else word


def _followed_by_capital(text: str, end: int) -> bool:
    return end + 1 < len(text) and text[end] in " -" and text[end + 1].isupper()


def _is_acronym(word: str, evidence: str) -> bool:
    initials = "".join(match[0] for match in _NAME.findall(evidence) if match[0].isupper())
    return len(word) > 1 and word.replace(".", "").replace("&", "") in initials
