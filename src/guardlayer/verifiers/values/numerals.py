"""Numerals: digits with grouping in the styles of the world, number words, scales.

Grouping rules. With both separators the last one is the decimal mark. Commas alone group where every group has three
digits (or two, before a last group of three: 12,34,567); a single comma that does not group is a decimal mark. A dot
alone is a decimal mark, except where several dots split groups of three (1.000.000) or the amount is in euros, where
"€1.000" is a thousand. Apostrophes and narrow or no-break spaces only ever group.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from guardlayer.verifiers.values.tokens import Tokens

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
UNITS_WORDS = {word: number for number, word in enumerate(_SMALL.split())}
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
TENS_WORDS = {word: 10 * number for number, word in enumerate(_TENS.split(), 2)}
SCALES = {
    "hundred": Decimal(10**2),
    "thousand": Decimal(10**3),
    "million": Decimal(10**6),
    "billion": Decimal(10**9),
    "trillion": Decimal(10**12),
    "dozen": Decimal(12),
    "lakh": Decimal(10**5),
    "lakhs": Decimal(10**5),
    "crore": Decimal(10**7),
    "crores": Decimal(10**7),
    "mn": Decimal(10**6),
    "mln": Decimal(10**6),
    "mio": Decimal(10**6),
    "bn": Decimal(10**9),
    "tn": Decimal(10**12),
    "trn": Decimal(10**12),
}
"""Scale word to factor; "dozen" and "hundred" multiply as the others do."""

# Letters count as a scale only where they touch the number. A lower-case m or b needs money, or it is a metre, a bit.
_LETTER_SCALES = {"k": Decimal(10**3), "K": Decimal(10**3), "M": Decimal(10**6), "B": Decimal(10**9)}
_MONEY_SCALES = {**_LETTER_SCALES, "m": Decimal(10**6), "b": Decimal(10**9), "T": Decimal(10**12), "t": Decimal(10**12)}
_ORDINALS = frozenset(("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"))
VULGAR = {
    "½": Decimal("0.5"),
    "¼": Decimal("0.25"),
    "¾": Decimal("0.75"),
    "⅓": Decimal(1) / 3,
    "⅔": Decimal(2) / 3,
    "⅛": Decimal("0.125"),
}

NUMBER_WORDS = frozenset({*UNITS_WORDS, *TENS_WORDS, "hundred", "thousand", "million", "billion", "trillion", "dozen"})

_PLAIN = re.compile(r"\d+\Z")
_COMMA_GROUPS = re.compile(r"\d{1,3}(?:,\d{3})+\Z|\d{1,2}(?:,\d{2})+,\d{3}\Z")
_DOT_GROUPS = re.compile(r"\d{1,3}(?:\.\d{3})+\Z")
_OTHER_GROUPS = re.compile(r"\d{1,3}(?:['’\u202f\u00a0]\d{3})+(?:[.,]\d+)?\Z")
_GROUP = re.compile(r"\d{3}(?:[.,]\d+)?\Z")
_MAX_DIGITS = 60


class Numeral(NamedTuple):
    """A number read from tokens.

    Attributes:
        value: The number without its scale.
        scale: Factor of its scale words, 1 without.
        digits: Significant digits as written.
        after: Index of the token after it.
        spelled: Whether it was written in words.
    """

    value: Decimal
    scale: Decimal
    digits: int
    after: int
    spelled: bool


@lru_cache(maxsize=8192)
def read_digits(raw: str, euro: bool = False) -> tuple[Decimal, int] | None:
    """Read a run of digits and separators.

    Args:
        raw: Digits with dots, commas, apostrophes or no-break spaces between them.
        euro: Whether the amount is in euros, where a single dot before three digits groups.

    Returns:
        The number and its significant digits, or ``None`` if it is not one number.
    """
    if len(raw) > _MAX_DIGITS:
        return None
    plain = raw
    if not _PLAIN.match(raw):
        dot, comma = raw.rfind("."), raw.rfind(",")
        if _OTHER_GROUPS.match(raw):
            plain = re.sub(r"['’\u202f\u00a0]", "", raw).replace(",", ".")
        elif any(mark in raw for mark in "'’\u202f\u00a0"):
            return None
        elif dot >= 0 and comma >= 0:
            mark, other = (".", ",") if dot > comma else (",", ".")
            if raw.count(mark) != 1:
                return None
            whole, _, part = raw.rpartition(mark)
            if not (_COMMA_GROUPS.match(whole.replace(other, ",")) and whole[0] != "0"):
                return None
            plain = f"{whole.replace(other, '')}.{part}"
        elif comma >= 0:
            if _COMMA_GROUPS.match(raw) and raw[0] != "0":
                plain = raw.replace(",", "")
            elif raw.count(",") == 1:
                plain = raw.replace(",", ".")
            else:
                return None
        elif raw.count(".") > 1 or (euro and raw[0] != "0"):
            if _DOT_GROUPS.match(raw) and raw[0] != "0":
                plain = raw.replace(".", "")
            elif raw.count(".") > 1:
                return None
    return Decimal(plain), _significant(plain)


def _significant(plain: str) -> int:
    """Count significant digits; three or more zeros that end a whole number count only up to two digits in all."""
    if "." in plain:
        return max(1, len(plain.replace(".", "").lstrip("0")))
    digits = plain.lstrip("0")
    kept = digits.rstrip("0")
    if len(digits) - len(kept) >= 3:
        return max(len(kept), 2)
    return max(1, len(digits))


def read_numeral(tokens: Tokens, i: int, *, currency: str | None = None) -> Numeral | None:
    """Read a number with its scale at token ``i``.

    Args:
        tokens: The text.
        i: Index of its first token: digits or a number word.
        currency: Code of the currency sign before it, if any.
    """
    words = tokens.words
    word = words[i]
    if word[0].isdecimal():
        read = read_digits(word, currency == "EUR")
        if read is None:
            return None
        value, digits = read
        if leading_dot(tokens, i):
            value = value.scaleb(-len(word))
        j = i + 1
        spelled = False
        if len(word) <= 3 and word.isdecimal() and word[0] != "0":
            j, grouped = _spaced_groups(tokens, i)
            if grouped is not None:
                value, digits = grouped
    elif word in VULGAR:
        value, digits, j, spelled = VULGAR[word], 2, i + 1, False
    else:
        found = _read_words(tokens, i)
        if found is None:
            return None
        value, digits, j = found
        spelled = True
    if spelled and j + 2 < len(words) and words[j] == "(" and words[j + 2] == ")" and words[j + 1] == str(value):
        j += 3  # five (5) days
    return _scaled(tokens, Numeral(value, Decimal(1), digits, j, spelled), currency)


def leading_dot(tokens: Tokens, i: int) -> bool:
    """Say whether a dot that begins a number stands before the digits at ``i``: ".5"."""
    if tokens.word(i - 1) != "." or tokens.gap(i) or not tokens.words[i].isdecimal():
        return False
    return i == 1 or tokens.gap(i - 1) > 0 or tokens.word(i - 2) in "$€£¥-−("


def _spaced_groups(tokens: Tokens, i: int) -> tuple[int, tuple[Decimal, int] | None]:
    """Join groups of three digits that are separated by one space: "1 000 000"."""
    words, n = tokens.words, len(tokens.words)
    j = i + 1
    while (
        j < n
        and j - i < 6
        and _GROUP.match(words[j])
        and tokens.gap(j) == 1
        and tokens.text[tokens.ends[j - 1]] in " \u2009"
    ):
        j += 1
        if len(words[j - 1]) > 3:
            break
    if j == i + 1 or (j < n and words[j][0].isdecimal()):
        return i + 1, None
    joined = "".join(words[i:j]).replace(",", ".")
    return j, (Decimal(joined), _significant(joined))


def _read_words(tokens: Tokens, i: int) -> tuple[Decimal, int, int] | None:
    words, n = tokens.words, len(tokens.words)
    word = words[i]
    j = i + 1
    if word in UNITS_WORDS:
        value = UNITS_WORDS[word]
    elif word in TENS_WORDS:
        value = TENS_WORDS[word]
        k = j + 1 if j < n and words[j] == "-" else j
        if k > j and k < n and words[k] in _ORDINALS:
            return None
        if k < n and 0 < UNITS_WORDS.get(words[k], 0) < 10:
            value += UNITS_WORDS[words[k]]
            j = k + 1
    elif word in SCALES and i and words[i - 1] in ("a", "an", "half", "per", "one"):
        return Decimal(1), 1, i
    else:
        return None
    if j + 1 < n and words[j] == "and" and words[j + 1] in ("half", "a"):
        if words[j + 1] == "half":
            return Decimal(value) + Decimal("0.5"), 2, j + 2
        if j + 2 < n and words[j + 2] == "half":
            return Decimal(value) + Decimal("0.5"), 2, j + 3
    return Decimal(value), len(str(value).rstrip("0")) or 1 if value >= 100 else len(str(value)), j


def _scaled(tokens: Tokens, numeral: Numeral, currency: str | None) -> Numeral:
    words, n = tokens.words, len(tokens.words)
    value, scale, digits, j, spelled = numeral
    if j < n and words[j] in VULGAR and tokens.gap(j) <= 1 and value == value.to_integral_value():
        value, digits, j = value + VULGAR[words[j]], digits + 1, j + 1
    steps = 0
    while j < n and steps < 4:
        k = j + 1 if words[j] == "-" and j + 1 < n and words[j + 1] in SCALES else j
        factor = SCALES.get(words[k])
        if factor is None:
            if tokens.gap(j) == 0 and scale == 1 and not spelled:
                letter = tokens.raw(j)
                factor = (_MONEY_SCALES if currency else _LETTER_SCALES).get(letter)
                if factor is not None and not (letter == "K" and currency is None and words[j - 1] in ("4", "8")):
                    scale, j = factor, j + 1
            break
        scale *= factor
        j = k + 1
        steps += 1
        # "two hundred and fifty thousand": a smaller part may follow a spelled hundred or thousand.
        if spelled and j < n:
            k = j + 1 if words[j] == "and" else j
            if k < n and words[k] in NUMBER_WORDS and words[k] not in SCALES:
                rest = _read_words(tokens, k)
                if rest is not None and rest[0] < factor:
                    value, scale, j = value * scale + rest[0], Decimal(1), rest[2]
                    digits = len(str(int(value)).rstrip("0")) or 1
    return Numeral(value, scale, digits, j, spelled)
