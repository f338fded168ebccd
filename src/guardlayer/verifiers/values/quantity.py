"""Reads one quantity at a place in a text: number, scale, currency, unit, rate."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from guardlayer.verifiers.values.model import ValueType
from guardlayer.verifiers.values.numerals import SCALES, VULGAR, Numeral, leading_dot, read_numeral
from guardlayer.verifiers.values.tokens import Tokens
from guardlayer.verifiers.values.units import (
    ATTACHED_ONLY,
    CODES,
    CURRENCY_WORDS,
    DIMENSION,
    SQUARE,
    SYMBOL_PREFIX,
    SYMBOLS,
    UNITS,
    counted_noun,
    is_duration,
)

_SIGNS = ("-", "−", "–", "+")
_PER_DAY = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}
_PER_DAY.update({"annually": "year", "hourly": "hour", "annum": "year"})
# What may stand between a number and the noun it counts never includes these.
_NO_ADJECTIVE = frozenset(
    """a an the of in on at to for from with as and or is are was were be been by that which who whose it its this
    these those per than but not has have had will would can could may might must should if when while since until
    after before during over under about between through into than so""".split()  # noqa: SIM905
)


@dataclass(slots=True)
class Quantity:
    """A quantity while it is being read; token indexes are half-open.

    Attributes:
        numeral: The number.
        first: Index of its first token, sign and currency included.
        after: Index after its last token.
        type: What it is.
        unit: Normalised unit.
        per: What a rate counts by.
        negative: Whether a minus sign stands before it.
        factor: What one unit comes to in base units.
        noun: Whether ``unit`` is a counted noun, which is no part of the quantity's own text.
        plus: Whether a plus sign stands between the number and its unit: "30+ days".
    """

    numeral: Numeral
    first: int
    after: int
    type: ValueType = ValueType.NUMBER
    unit: str | None = None
    per: str | None = None
    negative: bool = False
    factor: Decimal = Decimal(1)
    noun: bool = False
    plus: bool = False

    @property
    def amount(self) -> Decimal:
        """The number in base units."""
        number = self.numeral.value * self.numeral.scale * self.factor
        return -number if self.negative else number


def read_quantity(tokens: Tokens, i: int) -> Quantity | None:
    """Read the quantity whose number begins at token ``i``; its currency sign and minus stand before that.

    Returns:
        The quantity, or ``None`` where the tokens are no number.
    """
    begin = i - leading_dot(tokens, i)
    first, currency = _currency_before(tokens, begin)
    numeral = read_numeral(tokens, i, currency=currency)
    if numeral is None:
        return None
    if tokens.words[i] in SCALES and tokens.word(i - 1) in ("a", "an"):
        first = i - 1  # "a dozen" as a whole
    quantity = Quantity(numeral, first, numeral.after)
    _sign_before(tokens, quantity)
    if currency is not None:
        quantity.type, quantity.unit = ValueType.MONEY, currency
        follows = tokens.word(quantity.after)
        if CODES.get(follows) == currency or CURRENCY_WORDS.get(follows) == currency:
            quantity.after += 1
    else:
        if tokens.word(quantity.after) == "+" and tokens.gap(quantity.after) == 0:
            quantity.plus = True
            quantity.after += 1
        _read_unit(tokens, quantity)
        if quantity.plus and quantity.unit is None:
            quantity.after -= 1
    _read_rate(tokens, quantity)
    return quantity


def _currency_before(tokens: Tokens, i: int) -> tuple[int, str | None]:
    """Return where the currency before token ``i`` begins, and its code; ``i`` itself and ``None`` without one."""
    k = i - 1
    if k >= 0 and tokens.words[k] in _SIGNS and k and tokens.words[k - 1] in SYMBOLS and tokens.gap(i) == 0:
        k -= 1  # "$-5"
    word = tokens.word(k)
    code = SYMBOLS.get(word)
    if code is not None and tokens.ends[k] >= tokens.starts[i] - 1:
        if word == "$" and k and tokens.gap(k) == 0 and tokens.words[k - 1] in SYMBOL_PREFIX:
            return k - 1, SYMBOL_PREFIX[tokens.words[k - 1]]
        return k, code
    code = CODES.get(word)
    if code is not None and tokens.raw(k) == code:
        return k, code
    if word == "." and tokens.word(k - 1) == "rs":
        return k - 1, "INR"
    return (k, "INR") if word == "rs" else (i, None)


def _sign_before(tokens: Tokens, quantity: Quantity) -> None:
    """Take a minus that touches the number and does not join it to the word before."""
    first = quantity.first
    word, inner = tokens.word(first - 1), tokens.word(first + 1)
    if (
        word in _SIGNS
        and tokens.gap(first) == 0
        and (first == 1 or tokens.gap(first - 1) > 0 or tokens.word(first - 2) == "(")
    ):
        quantity.negative = word != "+"
        quantity.first = first - 1
    elif word == "minus":
        quantity.negative = True
        quantity.first = first - 1
    elif quantity.unit is None and inner in _SIGNS and tokens.words[first] in SYMBOLS:
        quantity.negative = inner != "+"


def _read_unit(tokens: Tokens, quantity: Quantity) -> None:
    words, n = tokens.words, len(tokens.words)
    j = quantity.after
    if j >= n:
        return
    word = words[j]
    if word == "-" and j + 1 < n and tokens.gap(j) == 0 and tokens.gap(j + 1) == 0:
        unit = UNITS.get(words[j + 1])  # a 90-day window
        if unit is not None and words[j + 1] not in ATTACHED_ONLY:
            _set_unit(quantity, unit, j + 2)
        return
    if word in ("%", "‰", "°"):
        _percent_or_degree(tokens, quantity, j)
        return
    if word in ("percent", "pct", "percentage", "per", "pp", "bps", "bp", "basis"):
        _percent_word(tokens, quantity, j)
        return
    code = SYMBOLS.get(word) or CURRENCY_WORDS.get(word)
    if code is None and word in CODES and tokens.raw(j).isupper():
        code = CODES[word]
    if code is None and word in ("us", "canadian", "australian", "hong", "singapore", "new") and j + 1 < n:
        code = {"us": "USD", "canadian": "CAD", "australian": "AUD"}.get(word) if words[j + 1] == "dollars" else None
        j += code is not None
    if code is None and word == "pounds":
        heavy = quantity.numeral.scale == 1 and "weigh" in tokens.text
        code = None if heavy else "GBP"
        if heavy:
            _set_unit(quantity, "lb", j + 1)
            return
        j += j + 1 < n and words[j + 1] == "sterling"
    if code is None and word in ("cents", "cent"):
        code, quantity.factor = "USD", Decimal("0.01")
    if code is not None:
        quantity.type, quantity.unit, quantity.after = ValueType.MONEY, code, j + 1
        return
    _measure(tokens, quantity, j)


def _percent_or_degree(tokens: Tokens, quantity: Quantity, j: int) -> None:
    word = tokens.words[j]
    if word == "°":
        scale = tokens.word(j + 1)
        if scale in ("c", "f") and tokens.gap(j + 1) <= 1:
            quantity.unit, quantity.after = f"°{scale.upper()}", j + 2
        else:
            quantity.unit, quantity.after = "°", j + 1
        return
    quantity.type, quantity.unit, quantity.after = ValueType.PERCENT, "%", j + 1
    if word == "‰":
        quantity.factor = Decimal("0.1")
    elif tokens.word(j + 1) in ("point", "points") or (
        tokens.word(j + 1) == "-" and tokens.word(j + 2).startswith("point")
    ):
        quantity.unit, quantity.after = "pp", j + (2 if tokens.word(j + 1) != "-" else 3)


def _percent_word(tokens: Tokens, quantity: Quantity, j: int) -> None:
    word, follows = tokens.words[j], tokens.word(j + 1)
    if word in ("percent", "pct"):
        quantity.type, quantity.unit, quantity.after = ValueType.PERCENT, "%", j + 1
    elif word == "per":
        if follows == "cent":
            quantity.type, quantity.unit, quantity.after = ValueType.PERCENT, "%", j + 2
    elif word == "percentage":
        if follows.startswith("point"):
            quantity.type, quantity.unit, quantity.after = ValueType.PERCENT, "pp", j + 2
    elif word == "pp":
        quantity.type, quantity.unit, quantity.after = ValueType.PERCENT, "pp", j + 1
    elif word in ("bp", "bps") or (word == "basis" and follows.startswith("point")):
        quantity.type, quantity.unit, quantity.factor = ValueType.PERCENT, "pp", Decimal("0.01")
        quantity.after = j + (2 if word == "basis" else 1)


def _measure(tokens: Tokens, quantity: Quantity, j: int) -> None:
    """Take a unit of measure or time, or the noun that is counted."""
    words, n = tokens.words, len(tokens.words)
    word = words[j]
    gap = tokens.gap(j)
    if gap > 2 or not (word[0].isalpha() or word in "²³"):
        return
    follows = words[j + 1] if j + 1 < n else ""
    if word in ("square", "sq", "cubic"):
        k = j + 2 if follows == "." else j + 1
        base = UNITS.get(tokens.word(k))
        squared = SQUARE.get(base or "") if word != "cubic" else ("m³" if base == "m" else None)
        if squared is not None:
            _set_unit(quantity, squared, k + 1)
        return
    if word[-1] in "²³" and len(word) > 1:
        base = UNITS.get(word[:-1])
        squared = SQUARE.get(base or "") if word[-1] == "²" else ("m³" if base == "m" else None)
        if squared is not None:
            _set_unit(quantity, squared, j + 1)
        return
    unit = UNITS.get(word)
    if unit is not None and word in ATTACHED_ONLY and tokens.capital(j) and word != "l":
        return  # 5G and 3D are names
    if unit is not None and word in ATTACHED_ONLY and gap and (j + 1 < n and words[j + 1][0].isalpha()) and word != "m":
        unit = None
    if unit is None and word in ("mile", "feet") and gap:
        unit = UNITS[word]
    if (
        unit is not None
        and word in ("second", "min", "quarter", "mo")
        and gap
        and quantity.numeral.value != 1
        and follows[:1].isalpha()
    ):
        unit = "minute" if word == "min" else "month" if word == "mo" else None
    if unit == "m" and gap == 0 and counted_noun(follows):
        quantity.numeral = quantity.numeral._replace(scale=Decimal(10**6), after=j + 1)  # 1.5m users
        quantity.after = j + 1
        _counted(tokens, quantity, j + 1)
        return
    if unit is not None:
        j += 1
        if unit in ("km", "mi", "m") and follows == "/" and tokens.word(j + 1) in ("h", "hr", "s", "hour"):
            rate = {"km": "km/h", "mi": "mph", "m": "m/s"}[unit]
            _set_unit(quantity, rate, j + 2)
            return
        if unit in ("km", "mi") and follows in ("per", "an") and tokens.word(j + 1) == "hour":
            _set_unit(quantity, {"km": "km/h", "mi": "mph"}[unit], j + 2)
            return
        _set_unit(quantity, unit, j)
        return
    if gap < 1 or j > quantity.numeral.after + quantity.plus:
        return
    _counted(tokens, quantity, j)


def _counted(tokens: Tokens, quantity: Quantity, j: int) -> None:
    """Find the noun that is counted: a plural within three words, with only describing words before it."""
    words, n = tokens.words, len(tokens.words)
    for k in range(j, min(j + 3, n)):
        word = words[k]
        if not word[0].isalpha() or word in _NO_ADJECTIVE or tokens.capital(k):
            return
        if k > j and (unit := UNITS.get(word)) is not None and is_duration(unit) and word[-1] == "s":
            if word not in ATTACHED_ONLY:
                _set_unit(quantity, unit, k + 1)  # five business days
            return
        noun = counted_noun(word)
        if noun is not None:
            quantity.unit, quantity.noun = noun, True
            quantity.after = k + 1
            return


def _set_unit(quantity: Quantity, unit: str, after: int) -> None:
    quantity.unit, quantity.after = unit, after
    if is_duration(unit):
        quantity.type, quantity.factor = ValueType.DURATION, DIMENSION[unit][1]


def _read_rate(tokens: Tokens, quantity: Quantity) -> None:
    """Read "per month", "/user", "a year" (of money), "monthly" behind a quantity."""
    j = quantity.after
    word = tokens.word(j)
    if not word:
        return
    money = quantity.type is ValueType.MONEY
    if word in _PER_DAY and money:
        quantity.per, quantity.after = _PER_DAY[word], j + 1
        return
    if word in {"per", "/"} or (money and word in ("a", "an", "each", "every")):
        target = tokens.word(j + 1)
        if not target or not target[0].isalpha() or target == "cent":
            return
        unit = UNITS.get(target)
        if word in ("a", "an", "each", "every") and (unit is None or not is_duration(unit)):
            return
        quantity.per = _PER_DAY.get(target) or unit or counted_noun(target) or target
        quantity.after = j + 2


def is_number_start(tokens: Tokens, i: int) -> bool:
    """Say whether a digit run or vulgar fraction stands at token ``i``."""
    word = tokens.word(i)
    return bool(word) and (word[0].isdecimal() or word in VULGAR)
