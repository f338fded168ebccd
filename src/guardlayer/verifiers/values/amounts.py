"""Adds amounts to what was found: numbers with their unit, ranges, compound durations, fractions of a whole."""

from __future__ import annotations

from decimal import Decimal

from guardlayer.verifiers.values import bounds
from guardlayer.verifiers.values.model import Bound, Value, ValueType
from guardlayer.verifiers.values.numerals import NUMBER_WORDS, SCALES
from guardlayer.verifiers.values.quantity import Quantity, read_quantity
from guardlayer.verifiers.values.tokens import Tokens
from guardlayer.verifiers.values.units import SYMBOLS, is_calendar

FRACTIONS = {"half": (1, 2), "third": (1, 3), "thirds": (1, 3), "quarter": (1, 4), "quarters": (1, 4)}
"""Word to the share it names."""
_CHANGE = frozenset(
    """rose rise rises risen rising increased increase increases increasing grew grow grows grown fell fall falls
    fallen falling dropped drop drops decreased decrease decreases declined decline went go goes changed change
    changes changing moved moves jumped climbed cut raised raise raises lowered reduced up down shifted slipped
    surged expanded shrank switched upgraded""".split()  # noqa: SIM905
)


def add_fraction(tokens: Tokens, i: int, found: list[Value]) -> int:
    """Read "half of", "a third of", "two thirds of" as per cent, and "half a million" as a number."""
    word = tokens.words[i]
    over, under = FRACTIONS[word]
    follows = tokens.word(i + 1)
    if word == "half" and follows in ("a", "an") and tokens.word(i + 2) in SCALES:
        scale = SCALES[tokens.word(i + 2)]
        numeral_end = i + 3
        start, end = tokens.starts[i], tokens.ends[numeral_end - 1]
        low = scale / 2
        found.append(
            Value(
                ValueType.NUMBER,
                tokens.text[start:end],
                start,
                end,
                low,
                low,
                None,
                1,
                phrase_start=start,
                phrase_end=end,
            )
        )
        return numeral_end
    if follows != "of" and not (word == "half" and follows in ("the", "its", "their", "all", "our")):
        return i + 1
    if follows == "of" and word.startswith("quarter") and tokens.word(i + 2).isdecimal():
        return i + 1  # "the third quarter of 2026"
    before = tokens.word(i - 1)
    first = i
    if word == "half" or before in ("a", "one"):
        first = i - 1 if before in ("a", "one") else i
    elif before in ("two", "three") and word.endswith("s"):
        over, first = (2 if before == "two" else 3), i - 1
    else:
        return i + 1
    low = Decimal(100 * over) / under
    comparator = bounds.before(tokens, first)
    start, end = tokens.starts[first], tokens.ends[i]
    found.append(
        Value(
            ValueType.PERCENT,
            tokens.text[start:end],
            start,
            end,
            low,
            low,
            "%",
            2,
            comparator.bound if comparator else Bound.EXACT,
            phrase_start=tokens.starts[comparator.first] if comparator else start,
            phrase_end=end,
        )
    )
    return i + 1


def add_number(tokens: Tokens, i: int, found: list[Value]) -> int:
    """Add the quantity or range whose number begins at token ``i``, if it is one; return where to go on."""
    quantity = read_quantity(tokens, i)
    if quantity is None:
        return i + 1
    if (
        quantity.numeral.after == i + 1
        and tokens.words[i] in ("two", "three", "one")
        and tokens.word(i + 1) in FRACTIONS
    ):
        return i + 1  # the fraction reads its own numerator
    if _is_stuck(tokens, quantity):
        return skip_cluster(tokens, i)
    last = quantity
    upper = _upper_end(tokens, quantity)
    if upper is not None:
        if _is_series(tokens, quantity, upper):
            return skip_cluster(tokens, i)
        if _joins(tokens, quantity, upper):
            last = upper
    after = last.after if last is not quantity else _compound(tokens, quantity)
    found.append(_value(tokens, quantity, last, after))
    behind = bounds.after(tokens, after)
    return behind.after if behind else after


def _is_stuck(tokens: Tokens, quantity: Quantity) -> bool:
    """Say whether what touches a bare number makes it part of a name or a code: "3D", "10x", "7_b", "10:45:99"."""
    j = quantity.numeral.after
    if quantity.unit is not None or quantity.after != j or j >= len(tokens.words) or tokens.gap(j):
        return False
    follows, then = tokens.words[j], tokens.word(j + 1)[:1]
    if follows[0].isalpha() or follows in "_@":
        return True
    if follows in "/:":
        return then.isdecimal() and tokens.gap(j + 1) == 0
    # 747-max8: a hyphen to letters that run into digits again
    return (
        follows == "-"
        and then.isalpha()
        and tokens.word(j + 2)[:1].isdecimal()
        and tokens.gap(j + 1) + tokens.gap(j + 2) == 0
    )


_DASHES = ("-", "–", "—", "−")


def _upper_end(tokens: Tokens, first: Quantity) -> Quantity | None:
    """Read the quantity behind "-", "to" or "and", which may be the upper end of a range."""
    j = first.after
    connector = tokens.word(j)
    n = len(tokens.words)
    if connector in _DASHES:
        if j + 1 < n and tokens.gap(j) != tokens.gap(j + 1):
            return None
    elif connector != "to" and not (connector == "and" and tokens.word(first.first - 1) == "between"):
        return None
    start = j + 1
    while start < min(n, j + 3) and (tokens.words[start] in SYMBOLS or tokens.words[start] == "us"):
        start += 1
    word = tokens.word(start)
    if not word or not (word[0].isdecimal() or word in NUMBER_WORDS):
        return None
    return read_quantity(tokens, start)


def _is_series(tokens: Tokens, first: Quantity, second: Quantity) -> bool:
    """Say whether digits joined by hyphens are a score, a telephone number or a code."""
    if tokens.word(first.after) not in _DASHES or tokens.gap(first.after):
        return False
    j = second.numeral.after
    if tokens.word(j) in ("-", "–") and tokens.gap(j) == 0 and tokens.word(j + 1)[:1].isdecimal():
        return True
    falling = first.numeral.value * second.numeral.scale >= second.numeral.value * second.numeral.scale
    return first.unit is None and first.numeral.scale == 1 and falling


def _joins(tokens: Tokens, first: Quantity, second: Quantity) -> bool:
    """Make one range of two quantities if they are one; the lower end takes scale and unit from the upper."""
    connector, before = tokens.word(first.after), tokens.word(first.first - 1)
    if connector == "to" and (
        _changes(tokens, first.first - 1)
        if before == "from"
        else first.unit is second.unit is None and len(tokens.words) > 3
    ):
        return False
    scale, kind, unit, factor = first.numeral.scale, first.type, first.unit, first.factor
    bare = first.unit is None or first.unit == second.unit or (first.type is ValueType.MONEY and second.unit is None)
    if not bare and first.type is not second.type:
        return False
    if bare and scale == 1 and first.numeral.value < 1000:
        scale = second.numeral.scale
    if first.unit is None:
        kind, unit, factor = second.type, second.unit, second.factor
    upper = second.numeral.value * second.numeral.scale * (second.factor if second.unit is not None else factor)
    if first.numeral.value * scale * factor >= upper:
        return False
    first.numeral = first.numeral._replace(scale=scale)
    first.type, first.unit, first.factor = kind, unit, factor
    if second.unit is None:
        second.type, second.unit, second.factor = kind, unit, factor
    else:
        first.noun = second.noun
    first.per = second.per = second.per or first.per
    return True


def _changes(tokens: Tokens, i: int) -> bool:
    """Say whether a verb of change stands in the six words before token ``i``: "rose from 3 to 5" is no range."""
    return not _CHANGE.isdisjoint(tokens.words[max(0, i - 6) : i])


def _compound(tokens: Tokens, quantity: Quantity) -> int:
    """Join "1 hour 30 minutes" and "2 years and 3 months"; return the index after the whole."""
    j = quantity.after
    if quantity.type is not ValueType.DURATION:
        return j
    k = j + 1 if tokens.word(j) in ("and", ",") else j
    word = tokens.word(k)
    if not word or not (word[0].isdecimal() or word in NUMBER_WORDS):
        return j
    second = read_quantity(tokens, k)
    if second is None or second.type is not ValueType.DURATION or second.factor >= quantity.factor:
        return j
    if is_calendar(second.unit) != is_calendar(quantity.unit):
        return j
    total = quantity.amount + second.amount
    quantity.numeral = quantity.numeral._replace(
        value=total / second.factor, scale=Decimal(1), digits=len(str(int(total / second.factor)))
    )
    quantity.unit, quantity.factor = second.unit, second.factor
    return second.after


def _value(tokens: Tokens, first: Quantity, last: Quantity, after: int) -> Value:
    begin = first.first
    comparator = bounds.before(tokens, begin)
    end_token = last.numeral.after if last.noun else after
    start, end = tokens.starts[begin], tokens.ends[end_token - 1]
    behind = bounds.after(tokens, after)
    bound, limit = Bound.EXACT, False
    phrase_start, phrase_end = start, end
    if first is not last:
        bound = Bound.RANGE
        if tokens.word(begin - 1) in ("between", "from"):
            phrase_start = tokens.starts[begin - 1]
    elif comparator is not None:
        bound, limit, phrase_start = comparator.bound, comparator.limit, tokens.starts[comparator.first]
    elif first.plus:
        bound, phrase_end = Bound.AT_LEAST, max(end, tokens.ends[first.numeral.after])
    elif behind is not None:
        bound, limit, phrase_end = behind.bound, behind.limit, tokens.ends[behind.after - 1]
    low = first.amount
    high = last.amount if first is not last else low
    return Value(
        first.type,
        tokens.text[start:end],
        start,
        end,
        low,
        high,
        first.unit,
        first.numeral.digits,
        bound,
        per=last.per or first.per,
        limit=limit,
        phrase_start=phrase_start,
        phrase_end=phrase_end,
    )


def skip_cluster(tokens: Tokens, i: int) -> int:
    """Return the index of the first token that no longer touches the one before it."""
    n = len(tokens.words)
    i += 1
    while i < n and tokens.gap(i) == 0 and (tokens.words[i][0].isalnum() or tokens.words[i] in "-/_.:@#"):
        i += 1
    return i
