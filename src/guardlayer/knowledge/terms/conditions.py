"""Conditions of rules: what a field must be, whether two can both hold, and whether one is narrower than another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from guardlayer.errors import InputError
from guardlayer.knowledge.statement import cleaned, cleaned_name
from guardlayer.text import fold, key

Given = str | int | float | Decimal | bool | date | Iterable[str | int | float | Decimal | bool | date]
When = Mapping[str, Given]
"""Fields and what each must be: a value, a list of values, or a text such as ``">= 100"`` or ``"not EU"``."""

_COMPARED = re.compile(r"\s*(>=|<=|>|<|≥|≤)\s*(.+)\Z", re.DOTALL)
_BETWEEN = re.compile(r"\s*(\S.*?)\s*\.\.\s*(\S.*?)\s*\Z")
_NOT = re.compile(r"\s*not\s+(.+)\Z", re.IGNORECASE | re.DOTALL)
_OR = " | "


@dataclass(frozen=True, slots=True)
class Values:
    """One of some values, or, ``negated``, none of them."""

    values: frozenset[str]
    negated: bool = False

    def holds(self, value: str) -> bool:
        """Say whether a folded value fulfils it."""
        return (value in self.values) != self.negated

    def __str__(self) -> str:
        return ("not " if self.negated else "") + _OR.join(sorted(self.values))


@dataclass(frozen=True, slots=True)
class Range:
    """Between two bounds on a scale of numbers or of days; ``None`` is unbounded."""

    low: Decimal | None
    high: Decimal | None
    with_low: bool = True
    with_high: bool = True
    text: str = ""

    def holds(self, value: str) -> bool:
        """Say whether a value fulfils it; one that is on no scale does not."""
        at = _scale(value)
        if at is None:
            return False
        if self.low is not None and (at < self.low or (at == self.low and not self.with_low)):
            return False
        return self.high is None or at < self.high or (at == self.high and self.with_high)

    def __str__(self) -> str:
        return self.text


Domain = Values | Range
Conditions = tuple[tuple[str, Domain], ...]


def read(when: When | None) -> Conditions:
    """Read conditions, sorted by their field.

    Raises:
        InputError: A field or what it must be cannot be read.
    """
    found: dict[str, Domain] = {}
    for field, given in (when or {}).items():
        name = cleaned_name(field, what="field")
        if key(name) in found:
            raise InputError(f"the field {name!r} is there twice; keep one")
        found[key(name)] = _domain(name, given)
    return tuple(sorted(found.items()))


def holds(conditions: Conditions, case: Mapping[str, str | None]) -> bool | None:
    """Say whether all conditions hold in a case; ``None`` where that depends on a field that is not there.

    Args:
        conditions: The conditions.
        case: Folded fields and values; ``None`` is known to have no value.
    """
    unknown = False
    for field, domain in conditions:
        if field not in case:
            unknown = True
            continue
        value = case[field]
        # What is not there is none of any values, and on no scale.
        if not (domain.holds(value) if value is not None else isinstance(domain, Values) and domain.negated):
            return False
    return None if unknown else True


def meet(one: Conditions, other: Conditions) -> bool:
    """Say whether both can hold in one case."""
    theirs = dict(other)
    return all(_meet(domain, theirs[field]) for field, domain in one if field in theirs)


def within(one: Conditions, other: Conditions, *more: Conditions) -> bool:
    """Say whether in every case in which ``one`` (and all of ``more``) holds, ``other`` does."""
    given: dict[str, list[Domain]] = {}
    for conditions in (one, *more):
        for field, domain in conditions:
            given.setdefault(field, []).append(domain)
    return all(any(_within(domain, wide) for domain in given.get(field, ())) for field, wide in other)


def value_of(given: object) -> str | None:
    """Return a value of a case as it is compared."""
    if given is None:
        return None
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, datetime):
        return given.date().isoformat()
    return fold(given.isoformat() if isinstance(given, date) else str(given)).strip()


def _domain(name: str, given: Given) -> Domain:
    if isinstance(given, str):
        text = cleaned(given, what=f"field {name!r}")
        if match := _COMPARED.match(text):
            sign = match[1].replace("≥", ">=").replace("≤", "<=")
            bound = _bound(name, match[2])
            shown = f"{sign} {match[2].strip()}"
            if sign[0] == ">":
                return Range(bound, None, with_low=sign == ">=", text=shown)
            return Range(None, bound, with_high=sign == "<=", text=shown)
        if match := _NOT.match(text):
            return Values(frozenset(_folded(match[1].split(_OR))), negated=True)
        if match := _BETWEEN.match(text):
            low, high = _bound(name, match[1]), _bound(name, match[2])
            if high < low:
                raise InputError(f"the field {name!r} must be {text!r}, which is nothing; swap the bounds")
            return Range(low, high, text=f"{match[1]}..{match[2]}")
        return Values(frozenset(_folded(text.split(_OR))))
    if isinstance(given, bool | int | float | Decimal | date):
        return Values(frozenset(_folded([given])))
    try:
        values = frozenset(_folded(given))
    except TypeError:
        raise InputError(f"the field {name!r} must be a value, a list of values, or a text such as '>= 100'") from None
    if not values:
        raise InputError(f"the field {name!r} has an empty list, which nothing fulfils; leave the field out")
    return Values(values)


def _folded(values: Iterable[object]) -> list[str]:
    return [value for one in values if (value := value_of(one))]


def _bound(name: str, text: str) -> Decimal:
    at = _scale(text)
    if at is None:
        raise InputError(f"the field {name!r} is compared with {text.strip()!r}, which is neither a number nor a day")
    return at


def _scale(text: str) -> Decimal | None:
    plain = text.strip().lstrip("$€£").replace(",", "").rstrip("%").strip()
    try:
        return Decimal(plain)
    except InvalidOperation:
        pass
    try:
        return Decimal(date.fromisoformat(plain[:10]).toordinal())
    except ValueError:
        return None


def _meet(one: Domain, other: Domain) -> bool:
    if isinstance(one, Values) and not one.negated:
        return any(other.holds(value) for value in one.values)
    if isinstance(other, Values) and not other.negated:
        return any(one.holds(value) for value in other.values)
    if isinstance(one, Values) or isinstance(other, Values):
        return True  # there is always one more value
    low = max((r for r in (one, other) if r.low is not None), key=lambda r: (r.low, not r.with_low), default=None)
    high = min((r for r in (one, other) if r.high is not None), key=lambda r: (r.high, r.with_high), default=None)
    if low is None or high is None or low.low is None or high.high is None:
        return True
    return low.low < high.high or (low.low == high.high and low.with_low and high.with_high)


def _within(one: Domain, other: Domain) -> bool:
    if isinstance(one, Values) and not one.negated:
        return all(other.holds(value) for value in one.values)
    if isinstance(one, Values):
        return isinstance(other, Values) and other.negated and other.values <= one.values
    if isinstance(other, Values):
        return other.negated and not any(one.holds(value) for value in other.values)
    above = other.low is None or (
        one.low is not None and (one.low > other.low or (one.low == other.low and (other.with_low or not one.with_low)))
    )
    below = other.high is None or (
        one.high is not None
        and (one.high < other.high or (one.high == other.high and (other.with_high or not one.with_high)))
    )
    return above and below
