"""Finds the typed values in a text, and reads a whole fact value.

One pass over the tokens; each reader looks at a bounded number of them, so time is linear in the length.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from guardlayer.verifiers.values import bounds
from guardlayer.verifiers.values.amounts import FRACTIONS, add_fraction, add_number, skip_cluster
from guardlayer.verifiers.values.dates import MONTHS, Found, read_date, year_is_announced
from guardlayer.verifiers.values.model import Bound, Value, ValueType
from guardlayer.verifiers.values.numerals import NUMBER_WORDS, SCALES, VULGAR, leading_dot
from guardlayer.verifiers.values.quantity import read_quantity
from guardlayer.verifiers.values.tokens import Tokens, lower
from guardlayer.verifiers.values.units import CODES, SYMBOLS

_FLAGS = {"true": True, "false": False, "enabled": True, "disabled": False, "yes": True}
_WHOLE_FLAGS = {**_FLAGS, "no": False, "on": True, "off": False}
_LABELS = frozenset("q h fy".split())  # noqa: SIM905
_SEEDS = frozenset({*NUMBER_WORDS, *MONTHS, *_FLAGS, "half", "third", "thirds", "quarter", "quarters", "no"})
_WORDS = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"[\d½¼¾⅓⅔⅛]")
_VERSION = re.compile(
    r"(\d{1,9}(?:\.\d{1,9}){0,5})(?:[.+-]?(a|b|rc|alpha|beta|dev|post|pre|preview|snapshot)[.-]?(\d{0,9}))?(?![\w])",
    re.IGNORECASE,
)
_VERSION_CUES = frozenset("version versions ver v release releases rev revision build".split())  # noqa: SIM905
# A number behind one of these words names a thing and counts nothing.
_LABEL_NOUNS = frozenset(
    """section chapter article clause page pages room step figure fig table appendix paragraph line lines route
    highway no nr number id type level tier phase grade class part volume vol episode season act title item rule
    stage ticket issue order invoice account case act gate platform terminal channel port block unit model series
    generation top""".split()  # noqa: SIM905
)
_SECTIONS = frozenset(
    "section chapter article clause page room step figure fig table appendix paragraph line no nr level tier".split()  # noqa: SIM905
)
_NOT_A_NAME = frozenset(
    """the a an of in on at to for from with as and or is are was were be by since until before after over under about
    around nearly almost roughly approximately some only just exactly more less than at least most up between its
    their our your his her this that these those all both each every costs cost totals total equals has have had
    there here it we you they if when while where but not no yes minimum maximum max min within during through per
    plus minus currently now today then also still so because i he she who what""".split()  # noqa: SIM905
)
_GLUE = frozenset("/_#@\\=&:^*.")
_MAX_TEXT_WORDS = 5
_REMEMBERED = 400
"""Code points up to which a text is remembered."""


def find(text: str) -> tuple[Value, ...]:
    """Find all typed quantities in ``text``, left to right, never overlapping, never names.

    Comparator words around a value are folded into its ``bound``. Numbers that are part of a name or label
    ("Formula 1", "Section 3", "COVID-19") are left out. Short texts are remembered: a sentence is read by itself and
    beside every claim that it is compared with.

    Args:
        text: A sentence, or any text; time is linear in its length.
    """
    return _remembered(text) if len(text) <= _REMEMBERED else _find(text)


def _find(text: str) -> tuple[Value, ...]:
    if not _DIGIT.search(text) and _SEEDS.isdisjoint(_WORDS.findall(lower(text))):
        return ()
    tokens = Tokens(text)
    found: list[Value] = []
    words = tokens.words
    i, n = 0, len(words)
    while i < n:
        word = words[i]
        if word[0].isdecimal() or word in _SEEDS or word in _LABELS or word in VULGAR:
            after = _value_at(tokens, i, found)
            if len(found) > 1 and found[-1].start < found[-2].end:
                found.pop()  # "5$6": the sign belongs to the first number, which leaves no place to the second
            i = after if after > i else i + 1
        else:
            i += 1
    return tuple(found)


_remembered = lru_cache(maxsize=2048)(_find)


def parse(text: str, unit: str | None = None) -> Value:
    """Read a whole fact value, such as ``$4.2M``, ``22 %``, ``2003-05``, ``v2.0.1``, ``30 days``, ``yes``.

    Args:
        text: The value as its source gives it.
        unit: Its unit, where the source keeps that apart: ``%``, ``USD``, ``km``, ``days``, ``users``, ``version``.

    Returns:
        The typed value, spanning the whole text; a :attr:`ValueType.NAME` where it is no quantity.
    """
    stripped = text.strip()
    whole = Value(ValueType.NAME, text, 0, len(text), phrase_end=len(text))
    if not stripped or len(stripped) > 200:
        return whole
    flag = _WHOLE_FLAGS.get(stripped.lower())
    if flag is not None and not unit:
        return _spanning(Value(ValueType.BOOLEAN, text, 0, len(text), flag=flag), text)
    if unit:
        folded = unit.strip()
        if folded.lower() in _VERSION_CUES:
            candidates = find(f"version {stripped}")
        else:
            candidates = find(f"{stripped} {folded}")
            if not candidates and not stripped[-1:].isalnum():
                candidates = find(stripped)
        if len(candidates) == 1:
            return _spanning(candidates[0], text)
    candidates = find(stripped)
    if len(candidates) != 1:
        return whole
    value = candidates[0]
    before, after = stripped[: value.phrase_start], stripped[value.phrase_end :].strip(" .,;)")
    if before.strip(" (").lower() in ("", "the", "a", "an", "version", "on", "in", "since", "from", "until"):
        if not after:
            return _spanning(value, text)
        rest = after.split()
        # "30 days from purchase" is a duration with an explanation; "7 Wonders" and "30 Rock" are names.
        if len(rest) <= _MAX_TEXT_WORDS and all(word[0].islower() or word[0] == "(" for word in rest):
            return _spanning(value, text) if value.phrase_start == 0 else whole
    return whole


def _spanning(value: Value, text: str) -> Value:
    return Value(
        value.type,
        text,
        0,
        len(text),
        value.low,
        value.high,
        value.unit,
        value.digits,
        value.bound,
        value.date,
        value.version,
        value.flag,
        value.per,
        value.limit,
        0,
        len(text),
    )


def _value_at(tokens: Tokens, i: int, found: list[Value]) -> int:
    """Read what begins at token ``i``, append it if it is a value, and return where to go on."""
    word = tokens.words[i]
    if word[0].isdecimal():
        return _at_digits(tokens, i, found)
    if word in MONTHS or word in _LABELS:
        date = read_date(tokens, i)
        if date is not None and (word in MONTHS or i == 0 or tokens.gap(i) > 0):
            return _add_date(tokens, i, date, found)
        return i + 1
    if word in _FLAGS or word == "no":
        return _add_flag(tokens, i, found)
    if word in FRACTIONS:
        return add_fraction(tokens, i, found)
    if word == "one" and (
        tokens.word(i + 1) in ("of", "another", "who", "that", "can", "or", "")
        or tokens.word(i - 1) in ("no", "the", "any", "every", "which", "this", "that", "each")
    ):
        return i + 1
    if word in VULGAR:
        return add_number(tokens, i, found)
    if tokens.word(i - 1) == "-" and tokens.gap(i) == 0:
        return i + 1  # forty-two was read from its first word; "twenty-one" inside a name is none
    return add_number(tokens, i, found)


def _at_digits(tokens: Tokens, i: int, found: list[Value]) -> int:
    words = tokens.words
    word = words[i]
    if i and tokens.gap(i) == 0:
        before = words[i - 1]
        if before == "v" and (i == 1 or tokens.gap(i - 1) > 0 or words[i - 2] in "(-"):
            return _add_version(tokens, i, i - 1, found)
        if _is_glued(tokens, i, before):
            return skip_cluster(tokens, i)
    if (words[i - 1 : i] and words[i - 1] in _VERSION_CUES) or (
        words[i - 1 : i] == ["."] and words[i - 2 : i - 1] == ["v"]
    ):
        after = _add_version(tokens, i, i, found)
        if after > i:
            return after
    if word[0] != "0" or len(word) > 1:
        date = read_date(tokens, i)
        if date is not None:
            after = _date_or_count(tokens, i, date, found)
            if after > i:
                return after
    if word.count(".") >= 2 and "," not in word:
        groups = word.split(".")
        if not all(len(group) == 3 for group in groups[1:]) or len(groups[0]) > 3:
            return _add_version(tokens, i, i, found, cued=False)
    if _is_label(tokens, i):
        return i + 1
    if "." in word and i and tokens.capital(i - 1) and words[i - 1] not in _NOT_A_NAME and words[i - 1] not in MONTHS:
        follows = tokens.word(i + 1)
        if (
            words[i - 1] not in CODES
            and follows not in ("%", "percent", "per")
            and follows not in SCALES
            and words[i - 1] not in SYMBOLS
        ):
            return _add_version(tokens, i, i, found, cued=False)  # Python 3.12
    return add_number(tokens, i, found)


def _is_glued(tokens: Tokens, i: int, before: str) -> bool:
    """Say whether the digits at ``i`` are stuck to what makes them part of a name, a path or a code."""
    if before[0].isalpha():
        return before not in CODES and before != "rs"
    if before == "." and leading_dot(tokens, i):
        return False
    if before in _GLUE:
        return not (before in "=:" and i > 1 and tokens.words[i - 2] in "<>=")
    if before in "-–−" and i > 1 and tokens.gap(i - 1) == 0:
        previous = tokens.words[i - 2]
        return previous[0].isalnum() and previous not in ("mid", "pre", "post", "sub", "non")
    return before in "'’"


def _is_label(tokens: Tokens, i: int) -> bool:
    """Say whether a whole number follows a name or a labelling noun and nothing is counted by it."""
    word = tokens.words[i]
    if i == 0 or tokens.gap(i) > 2 or "," in word:
        return False
    before = tokens.words[i - 1]
    k = i - 1
    if before == "." and i > 1:
        before, k = tokens.words[i - 2], i - 2
        if before not in ("no", "nr", "fig", "vol", "sec", "ch"):
            return False
    if before in _LABEL_NOUNS and (before != "no" or tokens.words[i - 1] == "."):
        quantity = read_quantity(tokens, i)
        return before in _SECTIONS or quantity is None or quantity.unit is None
    if (
        len(word) > 4
        or not word.isdecimal()
        or before in _NOT_A_NAME
        or before in MONTHS
        or before in CODES
        or not before[0].isalpha()
    ):
        return False
    if tokens.raw(k).islower():  # iPhone 15, Formula 1
        return False
    follows = tokens.word(i + 1)
    if (
        follows in ("%", "percent", "per")
        or (follows in ("to", "-", "–", "or", "and") and tokens.word(i + 2)[:1].isdecimal())
        or follows in SCALES
        or (follows and tokens.gap(i + 1) == 0 and follows[0].isalpha())
    ):
        return False
    quantity = read_quantity(tokens, i)
    return quantity is None or quantity.unit is None


def _date_or_count(tokens: Tokens, i: int, date: Found, found: list[Value]) -> int:
    """Add the date, unless a bare number of four digits turns out to count something."""
    if date.bare:
        quantity = read_quantity(tokens, i)
        if quantity is not None:
            measured = quantity.unit is not None and not quantity.noun
            counted = quantity.noun and not year_is_announced(tokens, i)
            if measured or counted or quantity.numeral.after > i + 1:
                return i
        comparator = bounds.before(tokens, i)
        if comparator is not None and comparator.bound is not Bound.EXACT and tokens.word(comparator.first - 1) != "in":
            return i
    return _add_date(tokens, i, date, found)


def _add_date(tokens: Tokens, i: int, date: Found, found: list[Value]) -> int:
    after = date.after
    second = None
    if date.moment is not None and tokens.word(after) in ("-", "–", "—", "to", "and", "until"):
        second = _second_date(tokens, i, after)
    comparator = bounds.before(tokens, i, date=True)
    start = tokens.starts[i]
    bound = comparator.bound if comparator else Bound.EXACT
    phrase_start = tokens.starts[comparator.first] if comparator else start
    last = date.moment
    if second is not None and second.moment is not None:
        after, bound, last = second.after, Bound.RANGE, second.moment
    end = tokens.ends[after - 1]
    behind = bounds.after(tokens, after) if bound is Bound.EXACT else None
    phrase_end = end
    if behind is not None:
        bound, phrase_end, after = behind.bound, tokens.ends[behind.after - 1], behind.after
    low = high = None
    if date.moment is not None and last is not None:
        low = Decimal(date.moment.start.toordinal())
        high = Decimal(max(last.end.toordinal() - 1, last.start.toordinal()))
    moment = date.moment if bound is not Bound.RANGE else None
    found.append(
        Value(
            ValueType.DATE,
            tokens.text[start:end],
            start,
            end,
            low,
            high,
            date.label,
            0,
            bound,
            moment,
            phrase_start=phrase_start,
            phrase_end=phrase_end,
        )
    )
    return after


def _second_date(tokens: Tokens, i: int, j: int) -> Found | None:
    """Read the end of a range of dates: "2010-2015", "2010–12", "from May 2003 to June 2004"."""
    connector = tokens.words[j]
    if j + 1 >= len(tokens.words):
        return None
    if connector == "and" and tokens.word(i - 1) != "between":
        return None
    if connector == "until" and tokens.word(i - 1) != "from":
        return None
    second = read_date(tokens, j + 1)
    if second is None and connector != "to" and len(tokens.words[j + 1]) == 2 and tokens.words[j + 1].isdecimal():
        year = int(tokens.words[i]) // 100 * 100 + int(tokens.words[j + 1]) if tokens.words[i].isdecimal() else 0
        if year > int(tokens.words[i] if tokens.words[i].isdecimal() else 0):
            part = Tokens(f"{year:04}")
            second = read_date(part, 0)
            if second is not None:
                second.after = j + 2
    if second is None or second.moment is None:
        return None
    return second


def _add_version(tokens: Tokens, i: int, first: int, found: list[Value], *, cued: bool = True) -> int:
    start = tokens.starts[i]
    match = _VERSION.match(tokens.text, start)
    if match is None or not match[1].isascii():
        return i + 1 if cued else skip_cluster(tokens, i)
    j = i
    while j < len(tokens.words) and tokens.starts[j] < match.end():
        j += 1
    suffix = f"{match[2].lower()}{match[3]}" if match[2] else None
    numbers = tuple(int(part) for part in match[1].split("."))
    comparator = bounds.before(tokens, first) or (
        bounds.before(tokens, first - 1) if first and tokens.words[first - 1] in _VERSION_CUES else None
    )
    behind = bounds.after(tokens, j)
    bound = comparator.bound if comparator else behind.bound if behind else Bound.EXACT
    begin = tokens.starts[first]
    found.append(
        Value(
            ValueType.VERSION,
            tokens.text[begin : match.end()],
            begin,
            match.end(),
            unit=suffix,
            bound=bound,
            version=numbers,
            phrase_start=tokens.starts[comparator.first] if comparator else begin,
            phrase_end=tokens.ends[behind.after - 1] if behind and not comparator else match.end(),
        )
    )
    return behind.after if behind and not comparator else j


def _add_flag(tokens: Tokens, i: int, found: list[Value]) -> int:
    word = tokens.words[i]
    if word in ("yes", "no") and not (i == 0 and (len(tokens.words) == 1 or tokens.words[1] in ",.!;")):
        return i + 1
    flag = _FLAGS.get(word, False)
    first = i
    for back in (1, 2):
        before = tokens.word(i - back)
        if before in ("not", "never") or (before == "t" and tokens.word(i - back - 1) in ("'", "’")):
            flag = not flag
            first = i - back if before != "t" else first
            break
    start, end = tokens.starts[first], tokens.ends[i]
    found.append(
        Value(ValueType.BOOLEAN, tokens.text[start:end], start, end, flag=flag, phrase_start=start, phrase_end=end)
    )
    return i + 1
