"""Writes a true value in the style of another, so that a correction reads like the text around it."""

from __future__ import annotations

import re
from decimal import Decimal

from guardlayer.verifiers.values.dates import MONTHS
from guardlayer.verifiers.values.model import Bound, Value, ValueType
from guardlayer.verifiers.values.numerals import SCALES
from guardlayer.verifiers.values.units import DIMENSION, convertible, is_calendar

_NUMBER = re.compile(r"[−-]?\d+(?:[.,'’\u202f\u00a0 ]\d+)*")
_LETTERS = {"k": 10**3, "K": 10**3, "M": 10**6, "m": 10**6, "B": 10**9, "b": 10**9, "T": 10**12, "t": 10**12}
_FULL_NAMES = "January February March April May June July August September October November December".split()  # noqa: SIM905
_MAX_DECIMALS = 4
_BOOLEANS = (("yes", "no"), ("true", "false"), ("enabled", "disabled"), ("on", "off"))


def render(true: Value, like: Value) -> str:
    """Return ``true`` written in the style of ``like``.

    Nothing is rounded away: where the style cannot hold the true value exactly in up to four decimals, a plainer one
    is taken, and where none fits the true value is returned as its source wrote it.

    Args:
        true: What is to be written.
        like: The value in whose place it will stand.
    """
    if true.type is not like.type or true.bound is not Bound.EXACT or like.bound is Bound.RANGE:
        return true.text
    match true.type:
        case ValueType.NUMBER | ValueType.MONEY | ValueType.PERCENT | ValueType.DURATION:
            return _quantity(true, like) or true.text
        case ValueType.DATE:
            return _date(true, like) or true.text
        case ValueType.BOOLEAN:
            return _boolean(true, like)
        case ValueType.VERSION:
            number = true.text.strip().lower().removeprefix("version").strip().removeprefix("v").strip()
            prefix = re.match(r"(?:version\s+)?v?", like.text, re.IGNORECASE)
            return f"{prefix[0] if prefix else ''}{number}"
        case _:
            return true.text


def _boolean(true: Value, like: Value) -> str:
    word = like.text.strip().lower().split()[-1] if like.text.strip() else "yes"
    for yes, no in _BOOLEANS:
        if word in (yes, no):
            said = yes if true.flag else no
            return said.capitalize() if like.text.strip()[:1].isupper() else said
    return true.text


def _quantity(true: Value, like: Value) -> str | None:
    if true.low is None or true.low != true.high:
        return None
    amount = _in_unit_of(true, like)
    if amount is None:
        return None
    text = like.text
    numeral = _NUMBER.search(text)
    if numeral is None:
        return _spelled(true, like, amount)
    head, written, tail = text[: numeral.start()], numeral[0], text[numeral.end() :].removeprefix("+")
    if "−" in head or "-" in head:
        head = head.replace("−", "").replace("-", "")
    if "¢" in tail or re.match(r"\s*cents?\b|\s*(?:bps?|basis)\b|‰", tail) or re.search(r"[½¼¾⅓⅔⅛]", text):
        return None
    scale, tail_scale = _scale_of(tail, money=true.type is ValueType.MONEY)
    money = true.type is ValueType.MONEY
    number = _format(amount / scale, written, money=money)
    if number is None and scale != 1:
        number, tail = _format(amount, written, money=money), tail[len(tail_scale) :]
    if number is None:
        return None
    if number.startswith("-") and head:
        head, number = f"-{head}", number[1:]
    return head + number + _plural(tail, number)


def _in_unit_of(true: Value, like: Value) -> Decimal | None:
    """Return the true amount in the unit that ``like`` is written in."""
    assert true.low is not None
    if true.per is not None and true.per != like.per:
        return None
    if true.type is ValueType.DURATION:
        if is_calendar(true.unit) != is_calendar(like.unit) or like.unit not in DIMENSION:
            return None
        return true.low / DIMENSION[like.unit][1]
    if true.unit == like.unit:
        return true.low
    if true.type is ValueType.NUMBER:
        if (factor := convertible(true.unit, like.unit)) is not None:
            return true.low * factor
        if true.unit is None or (like.unit is None and true.unit not in DIMENSION):
            return true.low
    return None


def _spelled(true: Value, like: Value, amount: Decimal) -> str | None:
    """Write digits where ``like`` had words, with its scale word and unit: "four million users" to "4.2 million"."""
    words = like.text.split()
    scale = next(
        (SCALES[word.lower()] for word in words if word.lower() in SCALES and SCALES[word.lower()] >= 10**6), None
    )
    unit = f" {words[-1]}" if true.type is not ValueType.NUMBER or like.unit in DIMENSION else ""
    if true.type is ValueType.PERCENT and words[-1].lower() in ("half", "third", "thirds", "quarter", "quarters"):
        unit = " percent"
    if scale is not None:
        number = _format(amount / scale, "1")
        word = next(word for word in words if SCALES.get(word.lower()) == scale)
        unit = "" if unit.strip() == word else unit
        if number is not None:
            return f"{number} {word}{unit}"
    if "-" in like.text and true.type is ValueType.DURATION and len(words) == 1:
        unit = "-" + like.text.rsplit("-", 1)[1]
    number = _format(amount, "1,000")
    return None if number is None else number + _plural(unit, number)


def _scale_of(tail: str, *, money: bool) -> tuple[int | Decimal, str]:
    """Return the scale that ``tail`` begins with, and the text that says it."""
    word = re.match(r"[\s-]?([A-Za-z]+)", tail)
    if word is None:
        return 1, ""
    found = SCALES.get(word[1].lower())
    if found is not None:
        return found, word[0]
    letter = word[1]
    if word[0] == letter and letter in _LETTERS and (money or letter in "kKMB"):
        return _LETTERS[letter], letter
    return 1, ""


def _format(amount: Decimal, like: str, *, money: bool = False) -> str | None:
    """Write a number exactly, with the separators of ``like``; ``None`` if it needs too many decimals."""
    amount = amount.normalize()
    exponent = amount.as_tuple().exponent
    decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    if decimals > _MAX_DECIMALS or amount.adjusted() > 30:
        return None
    kept = re.search(r"[.,](\d{1,2})\Z", like)
    if kept and decimals < len(kept[1]) and money:  # 99.9 % is not made 99.90 %; $5 beside $4.50 is $5.00
        decimals = len(kept[1])
    group, point = _separators(like)
    plain = f"{amount:,.{decimals}f}"
    if (
        abs(amount) < 10000
        and not re.search(r"\d\D\d{3}", like)
        and "," in plain
        and not re.fullmatch(r"[−-]?\d{1,3}([.,]\d+)?", like)
    ):
        plain = plain.replace(",", "")
    return plain.translate({ord(","): group, ord("."): point})


def _separators(like: str) -> tuple[str, str]:
    body = like.lstrip("−-")
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", body) and (body.count(".") > 1 or "," in body):
        return ".", ","
    grouped = re.search(r"\d(['’\u202f\u00a0 ])\d{3}", body)
    if grouped:
        return grouped[1], "," if "," in body else "."
    return ",", "."


def _plural(tail: str, number: str) -> str:
    """Fit the unit word at the head of ``tail`` to one or many; a hyphen ("90-day") keeps it single."""
    word = re.match(r"(\s+)(second|minute|hour|day|week|month|year|decade|dollar|euro)(s?)\b", tail)
    if word is None:
        return tail
    return word[1] + word[2] + ("" if number == "1" else "s") + tail[word.end() :]


def _date(true: Value, like: Value) -> str | None:
    moment = true.date
    if moment is None or like.date is None or moment.text.endswith("s"):
        return None
    precision = min(moment.text.count("-"), like.date.text.count("-"))
    parts = moment.text.split("T")[0].split("-")
    year, month = parts[0], int(parts[1]) if len(parts) > 1 else 0
    if precision == 0:
        return year if re.search(r"\d{4}", like.text) else None
    text = like.text.strip()
    day = int(parts[2]) if precision == 2 else 0
    if re.match(r"\d{4}-", text):
        return "-".join(parts[: precision + 1])
    name = next((word for word in re.findall(r"[A-Za-z]+", text) if word.lower() in MONTHS), None)
    if name is None:
        return f"{day} {_FULL_NAMES[month - 1]} {year}" if day else f"{_FULL_NAMES[month - 1]} {year}"
    full = name.lower() == "may" or len(name) > 4
    written = (
        _FULL_NAMES[month - 1] if full else _FULL_NAMES[month - 1][:3] + ("." if "." in text and month != 5 else "")
    )
    if not day:
        return f"{written} {year}"
    return f"{written} {day}, {year}" if text.startswith(name) else f"{day} {written} {year}"
