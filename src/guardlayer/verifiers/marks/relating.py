"""Says how the quantities of a claim and those of its evidence stand to each other."""

from __future__ import annotations

from datetime import date
from math import log

from guardlayer.verifiers.marks.reading import Quantity
from guardlayer.verifiers.marks.tokens import ABS, EQ, NEAR, NEQ, SAT, SUM, VIO
from guardlayer.verifiers.values import Bound

Placed = tuple[int, str]
"""Where a mark goes, and which."""
_NEAREST = -0.9
"""Score below which two quantities have nothing to do with each other."""
_UP, _DOWN = (Bound.MORE, Bound.AT_LEAST), (Bound.LESS, Bound.AT_MOST)
_POINTS = (Bound.EXACT, Bound.ABOUT)


def relate(given: tuple[Quantity, ...], said: tuple[Quantity, ...]) -> tuple[list[Placed], list[Placed]]:
    """Return the marks of the evidence and those of the claim.

    Args:
        given: The evidence's quantities.
        said: The claim's.
    """
    on_evidence: list[Placed] = []
    on_claim: list[Placed] = []
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
    return on_evidence, on_claim


def _as_count(year: Quantity) -> Quantity:
    assert year.bare is not None
    return year._replace(sort="number", low=year.bare, high=year.bare, digits=4)


def _closeness(given: Quantity, said: Quantity) -> float | None:
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
        away = abs(log(given.low / said.low))
        if said.bound in _POINTS:
            return score - min(4.0, away * 0.8)
        return score - min(1.6, away * 0.8) + (0.5 if away < 0.02 else 0.0)  # a bound may lie far from its value
    return score - 1.0 if given.low != said.low else score


_ACROSS = {
    ("number", "money"): 0.5, ("money", "number"): 0.5,
    ("number", "percent"): 2.5, ("percent", "number"): 2.5,
    ("number", "measure"): 1.0, ("measure", "number"): 1.0,
    ("number", "ordinal"): 2.0, ("ordinal", "number"): 2.0,
    ("number", "version"): 1.0, ("version", "number"): 1.0,
}  # fmt: skip


def _relation(given: Quantity, said: Quantity) -> str | None:
    """Say how a quantity of the evidence stands to what the claim says."""
    if given.label is not None or said.label is not None:
        return _labels(given, said)
    if given.sort == "date":
        return _periods(given, said)
    if given.sort == "money" == said.sort and given.unit != said.unit and None not in (given.unit, said.unit):
        return NEQ
    bound = said.bound
    if (said.limit or given.limit) and given.low == said.low:
        return EQ  # "up to 30 days" and "within 30 days" are one limit
    if said.limit and given.limit and said.bound is given.bound:
        return NEQ
    if bound is Bound.RANGE:
        inside = said.low <= given.low and given.high <= said.high
        if given.bound is Bound.RANGE:
            return EQ if given.low == said.low and given.high == said.high else NEQ
        return SAT if inside else VIO
    if bound in _UP or bound in _DOWN:
        relation = _against_bound(given, said)
        return NEAR if said.limit and relation == SAT and given.bound is Bound.EXACT else relation
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


def _rounds_to(value: float, said: Quantity) -> bool:
    if not said.low or said.digits < 1:
        return False
    return abs(value - said.low) <= 0.5 * 10.0 ** (len(str(int(abs(said.low)))) - said.digits)


def _against_bound(given: Quantity, said: Quantity) -> str:
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


def _periods(given: Quantity, said: Quantity) -> str:
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


def _labels(given: Quantity, said: Quantity) -> str | None:
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
        given, said = _without_year(given), _without_year(said)
        return _periods(given, said) if given.label and said.label else None
    if first.startswith("--") and second.startswith("--"):
        return _periods(given, said)
    if first[:1] == "T" or second[:1] == "T":
        return (EQ if first == second else NEQ) if first[:1] == second[:1] else None
    if first == second or first.endswith(f"-{second}"):
        return EQ
    return NEAR if second.endswith(f"-{first}") else NEQ if ("Q" in first) is ("Q" in second) else None


def _without_year(day: Quantity) -> Quantity:
    """Return a day or a month as one of any year: "16 April 2020" as "April 16"; without a label where it is none."""
    if day.label is not None:
        return day if day.label.startswith("--") else day._replace(label=None)
    length = day.high - day.low
    if length > 30 or not date.min.toordinal() <= day.low <= date.max.toordinal():
        return day
    first = date.fromordinal(int(day.low))
    low = float(first.month * 31 + first.day)
    if length and (first.day != 1 or length < 27):
        return day
    return day._replace(label="--", low=low, high=low + 30 if length else low)


def _is_total(said: Quantity, given: tuple[Quantity, ...]) -> bool:
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
