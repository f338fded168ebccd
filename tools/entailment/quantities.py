"""Values of made-up facts: drawn, written in many ways, and turned into claims whose label arithmetic decides."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import floor, log10
from random import Random

from tools.entailment.pairs import Label
from tools.entailment.vocabulary import FIRST, LAST, PLACES, FactKind

AMOUNTS = frozenset(("money", "count", "percent", "duration", "measure"))
"""Sorts of values that lie on a line of numbers."""
_SMALL = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800}
_LONG = {"months": 1, "years": 12}
_MORE = ("more than", "over", "above", "in excess of", "upwards of")
_LESS = ("less than", "under", "below")
_LEAST = ("at least", "no less than", "a minimum of", "not less than")
_MOST = ("at most", "no more than", "not more than", "a maximum of")
_ABOUT = ("about", "around", "roughly", "approximately", "nearly", "some")
_DEPTH = {"year": 1, "month": 2, "day": 3}
FIRST_YEAR, LAST_YEAR = 1962, 2026


@dataclass(frozen=True, slots=True)
class FactValue:
    """A value: an amount, a day with its precision, or words.

    Attributes:
        amount: The number, in the kind's unit.
        day: The day of a date.
        precision: How much of the day is written: ``day``, ``month`` or ``year``.
        words: A person, a place, a choice or a version.
    """

    amount: float = 0.0
    day: date | None = None
    precision: str = "day"
    words: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A value as a claim gives it.

    Attributes:
        words: As said.
        label: What a source that gives the true value says of it.
        relation: ``is``, ``about``, ``between``, ``>``, ``>=``, ``<``, ``<=``, ``before`` or ``after``.
        value: What it was said of, or the bound.
        high: Upper end of a range.
    """

    words: str
    label: Label
    relation: str
    value: FactValue
    high: float = 0.0

    def judge(self, kind: FactKind, true: FactValue) -> Label | None:
        """Return what a source with another true value says of these words; ``None`` where it is hard to tell."""
        if kind.sort == "date":
            return self._judge_date(true)
        if kind.sort not in AMOUNTS:
            return Label.SUPPORTS if true.words == self.value.words else Label.REFUTES
        amount, bound = true.amount, self.value.amount
        match self.relation:
            case "is":
                holds = amount == bound
                if not holds and abs(amount - bound) < 0.012 * bound:
                    return None
            case "about":
                gap = abs(amount - bound) / max(amount, bound)
                if 0.06 < gap < 0.25:
                    return None
                holds = gap <= 0.06
            case "between":
                holds = bound <= amount <= self.high
            case ">":
                holds = amount > bound
            case ">=":
                holds = amount >= bound
            case "<":
                holds = amount < bound
            case _:
                holds = amount <= bound
        return Label.SUPPORTS if holds else Label.REFUTES

    def _judge_date(self, true: FactValue) -> Label | None:
        if _overlap(self.value, true):
            precise = _DEPTH[true.precision] >= _DEPTH[self.value.precision]
            return Label.SUPPORTS if self.relation == "is" and precise else None
        assert true.day is not None
        assert self.value.day is not None
        if self.relation == "is":
            return Label.REFUTES
        return Label.SUPPORTS if (true.day > self.value.day) is (self.relation == "after") else Label.REFUTES


def draw(kind: FactKind, rng: Random) -> FactValue:
    """Draw a value of a kind."""
    match kind.sort:
        case "date":
            day = date(rng.randint(FIRST_YEAR, LAST_YEAR), 1, 1) + timedelta(days=rng.randrange(365))
            return FactValue(day=day, precision=rng.choice(("day", "day", "month", "year")))
        case "person":
            return FactValue(words=f"{rng.choice(FIRST)} {rng.choice(LAST)}")
        case "place":
            return FactValue(words=rng.choice(PLACES))
        case "choice":
            return FactValue(words=rng.choice(kind.options))
        case "version":
            return FactValue(words=".".join(str(rng.randint(0, 14)) for _ in range(rng.choice((2, 2, 3)))))
        case _:
            return FactValue(amount=_tidy(kind, _between(kind, rng), rng))


def other(kind: FactKind, value: FactValue, rng: Random) -> FactValue:
    """Draw another value of the same kind, near the first one more often than not."""
    for _ in range(40):
        if kind.sort in AMOUNTS and rng.random() < 0.7:
            shift = rng.choice((0.03, 0.08, 0.15, 0.3, 0.6)) * rng.choice((1, -1))
            low, high = (kind.low, kind.high) if kind.sort == "percent" else (1, kind.high * 4)
            drawn = FactValue(amount=_tidy(kind, min(max(value.amount * (1 + shift), low), high), rng))
        elif kind.sort == "date" and value.day is not None and rng.random() < 0.6:
            day = value.day + timedelta(days=rng.choice((-1, 1)) * rng.choice((9, 31, 62, 365, 366, 731, 1500)))
            drawn = replace(value, day=day)
        else:
            drawn = draw(kind, rng)
        if kind.sort == "date":
            drawn = replace(drawn, precision=value.precision)
            if drawn.day is not None and value.day is not None and _overlap(drawn, value) is None:
                return drawn
        elif drawn.words != value.words or abs(drawn.amount - value.amount) > 0.012 * abs(value.amount):
            return drawn
    raise ValueError(f"no second value for {kind.label!r}: give it more options or a wider range")


def _between(kind: FactKind, rng: Random) -> float:
    low, high = max(kind.low, 1e-6), kind.high
    if high / low > 50:
        return float(10 ** rng.uniform(log10(low), log10(high)))
    return rng.uniform(low, high)


def _tidy(kind: FactKind, amount: float, rng: Random) -> float:
    """Round an amount as people do: whole things, two to four significant digits."""
    if amount <= 0:
        return 1.0
    digits = rng.choice((2, 2, 3, 3, 4))
    places = digits - 1 - floor(log10(amount))
    rounded = round(amount, places)
    if kind.sort in ("count", "duration"):
        return float(max(1, round(rounded)))
    if kind.sort in ("percent", "measure"):
        return round(rounded, 2 if kind.low >= 90 else rng.choice((0, 0, 1))) or 1.0
    return float(round(rounded)) if rounded > 1000 else round(rounded, rng.choice((0, 0, 2))) or 1.0


# --- writing ---------------------------------------------------------------------------------------------------


def write(kind: FactKind, value: FactValue, rng: Random, comparator: str = "") -> str:
    """Write a value as it stands in a sentence, its preposition included.

    Args:
        kind: The kind of fact.
        value: The value.
        rng: Picks among the ways to write it.
        comparator: Words that go before an amount, or that take the place of a date's preposition.
    """
    if kind.sort == "date":
        return _write_date(value, rng, comparator)
    if kind.sort == "version":
        return f"{comparator or 'version'} {value.words}" if rng.random() < 0.7 or comparator else value.words
    if kind.sort not in AMOUNTS:
        return value.words
    written = write_amount(kind, value.amount, rng)
    return f"{comparator} {written}" if comparator else written


def write_amount(kind: FactKind, amount: float, rng: Random) -> str:
    """Write an amount with its unit."""
    match kind.sort:
        case "money":
            return _write_money(amount, rng)
        case "percent":
            sign = rng.choice(("%", "%", " %", " percent", " per cent"))
            return f"{_trim(amount) if '%' in sign else _number(amount, rng)}{sign}"
        case "duration":
            return _write_duration(kind.unit, amount, rng)
        case "measure":
            return _write_measure(kind.unit, amount, rng)
        case _:
            noun = kind.unit if amount != 1 else kind.unit.removesuffix("s")
            return f"{_number(amount, rng)} {noun}"


def _number(amount: float, rng: Random) -> str:
    if amount == int(amount):
        whole = int(amount)
        if whole <= 12 and rng.random() < 0.5:
            return _SMALL[whole]
        if whole >= 1_000_000 and whole % 10_000 == 0 and rng.random() < 0.7:
            return f"{_trim(whole / 1e6)} million"
        return f"{whole:,}" if whole < 10_000 or rng.random() < 0.9 else str(whole)
    return _trim(amount)


def _trim(amount: float) -> str:
    return f"{amount:,.3f}".rstrip("0").rstrip(".")


def _write_money(amount: float, rng: Random) -> str:
    style = rng.random()
    if amount >= 1e6 and style < 0.75:
        scaled, short, long = (amount / 1e9, "bn", "billion") if amount >= 1e9 else (amount / 1e6, "m", "million")
        number = f"{scaled:.4f}".rstrip("0").rstrip(".")
        return rng.choice((f"${number} {long}", f"${number} {long}", f"${number}{short}", f"{number} {long} dollars",
                           f"USD {number} {long}"))  # fmt: skip
    number = f"{amount:,.2f}" if amount != int(amount) else f"{int(amount):,}"
    return f"${number}" if style < 0.85 else f"{number} dollars" if style < 0.95 else f"USD {number}"


def _write_duration(unit: str, amount: float, rng: Random) -> str:
    for table in (_UNITS, _LONG):
        if unit in table and rng.random() < 0.3:
            base = amount * table[unit]
            fits = [
                name for name, size in table.items() if name != unit and base % size == 0 and 1 <= base / size < 400
            ]
            if fits:
                unit = rng.choice(fits)
                amount = base / table[unit]
    noun = unit if amount != 1 else unit.removesuffix("s")
    return f"{_number(amount, rng)} {noun}"


def _write_measure(unit: str, amount: float, rng: Random) -> str:
    if rng.random() < 0.25:
        scaled = {"GB": ("TB", 1e-3), "kg": ("g", 1e3), "km": ("m", 1e3)}[unit]
        changed = round(amount * scaled[1], 6)
        if 0.5 <= changed < 50_000:
            return f"{_trim(changed)} {scaled[0]}"
    spelled = {"GB": "gigabytes", "kg": "kilograms", "km": "kilometres"}[unit]
    return f"{_trim(amount)} {unit if rng.random() < 0.75 else spelled}"


def _write_date(value: FactValue, rng: Random, comparator: str) -> str:
    assert value.day is not None
    day = value.day
    month = calendar.month_name[day.month]
    match value.precision:
        case "year":
            return f"{comparator or 'in'} {day.year}"
        case "month":
            return f"{comparator or 'in'} {month} {day.year}"
        case _:
            written = rng.choice((f"{day.day} {month} {day.year}", f"{month} {day.day}, {day.year}", day.isoformat()))
            return f"{comparator or 'on'} {written}"


# --- claiming --------------------------------------------------------------------------------------------------


def say(kind: FactKind, value: FactValue, rng: Random) -> Said:
    """Say a value in a claim, truly or falsely: exactly, rounded, or by a bound that straddles it.

    Supported and refuted are drawn about equally often.
    """
    if kind.sort in AMOUNTS:
        return _say_amount(kind, value, rng)
    if kind.sort == "date":
        return _say_date(kind, value, rng)
    if rng.random() < 0.5:
        return Said(write(kind, value, rng), Label.SUPPORTS, "is", value)
    wrong = other(kind, value, rng)
    return Said(write(kind, wrong, rng), Label.REFUTES, "is", wrong)


def _say_amount(kind: FactKind, value: FactValue, rng: Random) -> Said:
    true = rng.random() < 0.5
    label = Label.SUPPORTS if true else Label.REFUTES
    style = rng.random()
    if style < 0.4:
        shown = value if true else other(kind, value, rng)
        return Said(write(kind, shown, rng), label, "is", shown)
    if style < 0.48:
        shown = FactValue(amount=_coarse(value.amount) if true else value.amount * rng.choice((0.4, 0.6, 1.6, 2.5)))
        if not true:
            shown = FactValue(amount=_tidy(kind, shown.amount, rng))
        return Said(write(kind, shown, rng, rng.choice(_ABOUT)), label, "about", shown)
    gap = rng.choice((0.01, 0.03, 0.08, 0.2, 0.5))
    below = _whole(kind, value.amount * (1 - gap), value.amount, -1)
    above = _whole(kind, value.amount * (1 + gap), value.amount, 1)
    if style < 0.56:
        low, high = (below, above) if true else rng.choice(
            ((above, _whole(kind, above * 1.3, above, 1)), (_whole(kind, below * 0.7, below, -1), below))
        )  # fmt: skip
        words = f"between {write_amount(kind, low, rng)} and {write_amount(kind, high, rng)}"
        return Said(words, label, "between", FactValue(amount=low), high)
    upward = rng.random() < 0.5
    if rng.random() < 0.12:  # the bound itself decides between "more than" and "at least"
        options = (_LEAST if upward else _MOST) if true else (_MORE if upward else _LESS)
        relation = (">" if upward else "<") + ("=" if true else "")
        return Said(write(kind, value, rng, rng.choice(options)), label, relation, value)
    strict = rng.random() < 0.5
    options = (_MORE if strict else _LEAST) if upward else (_LESS if strict else _MOST)
    bound = FactValue(amount=below if upward is true else above)
    relation = (">" if upward else "<") + ("" if strict else "=")
    return Said(write(kind, bound, rng, rng.choice(options)), label, relation, bound)


def _coarse(amount: float) -> float:
    return float(round(amount, 1 - floor(log10(amount)))) if amount >= 10 else amount


def _whole(kind: FactKind, amount: float, beside: float, way: int) -> float:
    """Round a bound and keep it strictly on its side of the value beside it."""
    digits = 2 - floor(log10(max(amount, 1e-9)))
    rounded = round(amount, digits)
    if kind.sort in ("count", "duration"):
        rounded = float(round(rounded))
    step = 1.0 if kind.sort in ("count", "duration") or beside > 50 else 0.1
    if (rounded - beside) * way <= 0:
        rounded = beside + way * step
    return round(max(rounded, 0.0), 3) if rounded > 0 else 0.0


def _overlap(first: FactValue, second: FactValue) -> bool | None:
    """Say whether two dates agree at the coarser of their precisions; ``None`` where they do not."""
    assert first.day is not None
    assert second.day is not None
    depth = min(_DEPTH[first.precision], _DEPTH[second.precision])
    one, two = first.day.timetuple()[:depth], second.day.timetuple()[:depth]
    return True if one == two else None


def _say_date(kind: FactKind, value: FactValue, rng: Random) -> Said:
    assert value.day is not None
    coarser = {"day": ("day", "month", "year"), "month": ("month", "year"), "year": ("year",)}[value.precision]
    precision = rng.choice(coarser)
    true = rng.random() < 0.5
    label = Label.SUPPORTS if true else Label.REFUTES
    if rng.random() < 0.55:
        if true:
            shown = replace(value, precision=precision)
            return Said(write(kind, shown, rng), label, "is", shown)
        wrong = replace(other(kind, value, rng), precision=precision)
        if _overlap(wrong, value):
            wrong = replace(wrong, day=wrong.day.replace(year=wrong.day.year + rng.choice((-3, -1, 1, 2)), day=1))  # type: ignore[union-attr]
        return Said(write(kind, wrong, rng), label, "is", wrong)
    years = rng.choice((1, 1, 2, 5))
    early = rng.random() < 0.5  # the bound lies before the date
    bound = value.day.replace(year=value.day.year + (-years if early else years), day=min(value.day.day, 28))
    after = early is true
    options = ("after", "later than") if after else ("before", "earlier than", "prior to")
    edge = FactValue(day=bound, precision=precision)
    return Said(write(kind, edge, rng, rng.choice(options)), label, "after" if after else "before", edge)
