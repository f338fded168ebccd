"""Finds the typed values in a text, and reads a whole fact value.

One pass over the tokens; each reader looks at a bounded number of them, so time is linear in the length.
"""

from __future__ import annotations

import re
from decimal import Decimal

from guardlayer.verify.values import bounds
from guardlayer.verify.values.dates import MONTHS, Found, read_date, year_is_announced
from guardlayer.verify.values.model import Bound, Value, ValueType
from guardlayer.verify.values.numerals import NUMBER_WORDS, SCALES, VULGAR
from guardlayer.verify.values.quantity import Quantity, read_quantity
from guardlayer.verify.values.tokens import Tokens, lower
from guardlayer.verify.values.units import CODES, SYMBOLS, is_calendar

_FLAGS = {"true": True, "false": False, "enabled": True, "disabled": False, "yes": True}
_WHOLE_FLAGS = {**_FLAGS, "no": False, "on": True, "off": False}
_FRACTIONS = {"half": (1, 2), "third": (1, 3), "thirds": (1, 3), "quarter": (1, 4), "quarters": (1, 4)}
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
_NOT_A_NAME = frozenset(
    """the a an of in on at to for from with as and or is are was were be by since until before after over under about
    around nearly almost roughly approximately some only just exactly more less than at least most up between its
    their our your his her this that these those all both each every costs cost totals total equals has have had
    there here it we you they if when while where but not no yes minimum maximum max min within during through per
    plus minus currently now today then also still so because i he she who what""".split()  # noqa: SIM905
)
_GLUE = frozenset("/_#@\\=&:^*.")
_CHANGE = frozenset(
    """rose rise rises risen rising increased increase increases increasing grew grow grows grown fell fall falls
    fallen falling dropped drop drops decreased decrease decreases declined decline went go goes changed change
    changes changing moved moves jumped climbed cut raised raise raises lowered reduced up down shifted slipped
    surged expanded shrank switched upgraded""".split()  # noqa: SIM905
)
_MAX_TEXT_WORDS = 5


def find(text: str) -> tuple[Value, ...]:
    """Find all typed quantities in ``text``, left to right, never overlapping, never names.

    Comparator words around a value are folded into its ``bound``. Numbers that are part of a name or label
    ("Formula 1", "Section 3", "COVID-19") are left out.

    Args:
        text: A sentence, or any text; time is linear in its length.
    """
    if not _DIGIT.search(text) and _SEEDS.isdisjoint(_WORDS.findall(lower(text))):
        return ()
    tokens = Tokens(text)
    found: list[Value] = []
    words = tokens.words
    i, n = 0, len(words)
    while i < n:
        word = words[i]
        if word[0].isdigit() or word in _SEEDS or word in _LABELS or word in VULGAR:
            after = _value_at(tokens, i, found)
            i = after if after > i else i + 1
        else:
            i += 1
    return tuple(found)


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
    if word[0].isdigit():
        return _at_digits(tokens, i, found)
    if word in MONTHS or word in _LABELS:
        date = read_date(tokens, i)
        if date is not None and (word in MONTHS or i == 0 or tokens.gap(i) > 0):
            return _add_date(tokens, i, date, found)
        return i + 1
    if word in _FLAGS or word == "no":
        return _add_flag(tokens, i, found)
    if word in _FRACTIONS:
        return _add_fraction(tokens, i, found)
    if word == "one" and (
        tokens.word(i + 1) in ("of", "another", "who", "that", "can", "or", "")
        or tokens.word(i - 1) in ("no", "the", "any", "every", "which", "this", "that", "each")
    ):
        return i + 1
    if word in VULGAR:
        return _add_number(tokens, i, found)
    if tokens.word(i - 1) == "-" and tokens.gap(i) == 0:
        return i + 1  # forty-two was read from its first word; "twenty-one" inside a name is none
    return _add_number(tokens, i, found)


def _at_digits(tokens: Tokens, i: int, found: list[Value]) -> int:
    words = tokens.words
    word = words[i]
    if i and tokens.gap(i) == 0:
        before = words[i - 1]
        if before == "v" and (i == 1 or tokens.gap(i - 1) > 0 or words[i - 2] in "(-"):
            return _add_version(tokens, i, i - 1, found)
        if _is_glued(tokens, i, before):
            return _skip_cluster(tokens, i)
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
    if "." in word and i and tokens.capital(i - 1) and words[i - 1] not in _NOT_A_NAME and words[i - 1] not in MONTHS:
        follows = tokens.word(i + 1)
        if (
            words[i - 1] not in CODES
            and follows not in ("%", "percent", "per")
            and follows not in SCALES
            and words[i - 1] not in SYMBOLS
        ):
            return _add_version(tokens, i, i, found, cued=False)  # Python 3.12
    if _is_label(tokens, i):
        return i + 1
    return _add_number(tokens, i, found)


def _is_glued(tokens: Tokens, i: int, before: str) -> bool:
    """Say whether the digits at ``i`` are stuck to what makes them part of a name, a path or a code."""
    if before[0].isalpha():
        return before not in CODES and before != "rs"
    if before in _GLUE:
        return not (before in "=:" and i > 1 and tokens.words[i - 2] in "<>=")
    if before in "-–−" and i > 1 and tokens.gap(i - 1) == 0:
        previous = tokens.words[i - 2]
        return previous[0].isalnum() and previous not in ("mid", "pre", "post", "sub", "non")
    return before in "'’"


def _skip_cluster(tokens: Tokens, i: int) -> int:
    """Return the index of the first token that no longer touches the one before it."""
    n = len(tokens.words)
    i += 1
    while i < n and tokens.gap(i) == 0 and (tokens.words[i][0].isalnum() or tokens.words[i] in "-/_.:@#"):
        i += 1
    return i


def _is_label(tokens: Tokens, i: int) -> bool:
    """Say whether a whole number follows a name or a labelling noun and nothing is counted by it."""
    word = tokens.words[i]
    if not word.isdigit() or i == 0 or tokens.gap(i) > 2:
        return False
    before = tokens.words[i - 1]
    k = i - 1
    if before == "." and i > 1:
        before, k = tokens.words[i - 2], i - 2
        if before not in ("no", "nr", "fig", "vol", "sec", "ch"):
            return False
    if before in _LABEL_NOUNS and (before != "no" or tokens.words[i - 1] == "."):
        return True
    if len(word) > 4 or before in _NOT_A_NAME or before in MONTHS or before in CODES or not before[0].isalpha():
        return False
    if not tokens.capital(k):
        return False
    follows = tokens.word(i + 1)
    if (
        follows in ("%", "percent", "per")
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
    if second is None and connector != "to" and len(tokens.words[j + 1]) == 2 and tokens.words[j + 1].isdigit():
        year = int(tokens.words[i]) // 100 * 100 + int(tokens.words[j + 1]) if tokens.words[i].isdigit() else 0
        if year > int(tokens.words[i] if tokens.words[i].isdigit() else 0):
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
        return i + 1 if cued else _skip_cluster(tokens, i)
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


def _add_fraction(tokens: Tokens, i: int, found: list[Value]) -> int:
    """Read "half of", "a third of", "two thirds of" as per cent, and "half a million" as a number."""
    word = tokens.words[i]
    over, under = _FRACTIONS[word]
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
    if follows == "of" and word.startswith("quarter") and tokens.word(i + 2).isdigit():
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


def _add_number(tokens: Tokens, i: int, found: list[Value]) -> int:
    quantity = read_quantity(tokens, i)
    if quantity is None:
        return i + 1
    word = tokens.words[i]
    j = quantity.after
    if word in ("two", "three", "one") and tokens.word(i + 1) in _FRACTIONS and quantity.numeral.after == i + 1:
        return i + 1  # the fraction reads its own numerator
    follows = tokens.word(quantity.numeral.after)
    if (
        quantity.unit is None and tokens.gap(quantity.numeral.after) == 0
        if quantity.numeral.after < len(tokens.words)
        else False
    ) and (
        follows[0].isalpha()
        or follows in "_@/:"
        or (
            follows == "-"
            and tokens.word(quantity.numeral.after + 1)[:1].isalpha()
            and word[0].isdigit()
            and _is_code(tokens, quantity.numeral.after)
        )
    ):
        return _skip_cluster(tokens, i)
    second = _second_quantity(tokens, quantity)
    if second == -1:
        return _skip_cluster(tokens, i)
    last = quantity
    if isinstance(second, Quantity):
        last, j = second, second.after
    else:
        j = _compound(tokens, quantity)
    found.append(_value(tokens, quantity, last, j))
    behind = bounds.after(tokens, j)
    return behind.after if behind else j


def _is_code(tokens: Tokens, j: int) -> bool:
    """Say whether a hyphen at ``j`` joins a number to something that is no unit: "747-max"."""
    return tokens.gap(j + 1) == 0 and any(c.isdigit() for c in tokens.word(j + 2)[:1])


def _second_quantity(tokens: Tokens, first: Quantity) -> Quantity | int | None:
    """Read the upper end of a range; -1 where the digits are a score, a telephone number or a code."""
    j = first.after
    connector = tokens.word(j)
    k = first.numeral.after
    dashed = connector in ("-", "–", "—", "−")
    if not dashed and connector not in ("to", "and"):
        return None
    if dashed and tokens.gap(j) != tokens.gap(j + 1 if j + 1 < len(tokens.words) else j):
        return None
    before = tokens.word(first.first - 1)
    if connector == "and" and before != "between":
        return None
    start = j + 1
    while (
        start < len(tokens.words) and start < j + 3 and (tokens.words[start] in SYMBOLS or tokens.words[start] == "us")
    ):
        start += 1
    word = tokens.word(start)
    if not word or not (word[0].isdigit() or word in NUMBER_WORDS):
        return None
    second = read_quantity(tokens, start)
    if second is None:
        return None
    if dashed and tokens.gap(j) == 0:
        tail = tokens.word(second.numeral.after)
        if (
            tail in ("-", "–")
            and tokens.gap(second.numeral.after) == 0
            and tokens.word(second.numeral.after + 1)[:1].isdigit()
        ):
            return -1
    if connector == "to" and before == "from" and _changes(tokens, first.first - 1):
        return None
    # The lower end takes the scale and the unit that stand only behind the upper one.
    if first.unit is None or (first.unit == second.unit) or (first.type is ValueType.MONEY and second.unit is None):
        if first.numeral.scale == 1 and second.numeral.scale != 1 and k == first.after and first.numeral.value < 1000:
            first.numeral = first.numeral._replace(scale=second.numeral.scale)
        if first.unit is None:
            first.type, first.unit, first.factor, first.per, first.noun = (
                second.type,
                second.unit,
                second.factor,
                second.per,
                second.noun,
            )
        elif second.unit is None:
            second.type, second.unit, second.per = first.type, first.unit, second.per
    elif first.type is not second.type:
        return None
    if first.amount >= second.amount:
        return -1 if dashed and first.unit is None and tokens.gap(j) == 0 else None
    if connector == "to" and before != "from" and first.unit is None:
        return None
    return second


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
    if not word or not (word[0].isdigit() or word in NUMBER_WORDS):
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
