"""How a claim holds what it says: asserts it, denies it, supposes it, or says it of another time.

Closed lists of English function words and a few verbs, read around the attribute and the value. What is not plainly
asserted is not judged as if it were: no verdict is better than one on words that nobody said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from guardlayer.temporal import Interval
from guardlayer.text import STOP_WORDS, Token
from guardlayer.types import Alignment, Claim, Span
from guardlayer.verifiers.values import Bound, Value, ValueType


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NEGATION = _words("not no never neither nor cannot without hardly scarcely")
"""Words that deny what follows; any word that ends in n't does too."""
_DENIED = _words("myth false untrue incorrect wrong mistaken hoax fiction denies denied deny doubt disputes disputed")
"""Words that deny the whole statement they introduce: "it is a myth that"."""
_SUPPOSED = _words(
    "if would could might may should unless suppose supposing imagine assuming wish proposed proposal rumoured rumored "
    "reportedly allegedly supposedly hypothetically ought"
)
# With "to" behind them these speak of what is meant to be.
_INTENDED = _words(
    "plans plan planned planning expects expected intends aims considers hopes hoping wants seeks likely"
)
_FUTURE = _words("will shall won't upcoming tomorrow")
# Between a person and an office these say that the one does not hold the other.
_NOT_HELD = _words(
    "resigned resigns quit quits stepped left leaves fired ousted removed denied denies declined refused applied ran "
    "against opposes criticised criticized met meets visited advises advised assists assisted praised thanked "
    "told sued married dated hired fires reports reported succeeded succeeds replaced replaces defeated beat"
)
# A relation between the value and something else: "Ann Lee's brother", "a rival of", "outside Oslo".
_RELATION = _words(
    "husband wife son daughter father mother brother sister cousin friend assistant deputy spokesman spokeswoman "
    "spokesperson lawyer rival competitor predecessor successor critic outside near opposite beyond"
)
_CONTRAST = _words("but rather instead")
_JOINED = _words("and or & both either versus vs")


_CUES = _SUPPOSED | _INTENDED | _FUTURE | {"going", "had", "were"}
_DENIALS = NEGATION | _DENIED


class Stance(Enum):
    """How a statement is held."""

    ASSERTED = "asserted"
    SUPPOSED = "supposed"
    FUTURE = "future"


def stance_of(tokens: Sequence[Token], alignment: Alignment, value: Span) -> Stance:
    """Say how a claim holds that its key has the value: read in the clause in which it says so."""
    if _CUES.isdisjoint([token.norm for token in tokens]):
        return Stance.ASSERTED
    anchor = alignment.attribute.start if alignment.attribute is not None else value.start
    first = min(anchor, value.start)
    clause: list[tuple[int, Token]] = []
    for index, token in enumerate(tokens):
        if token.start >= max(value.end, first):
            break
        if token.start < first and _breaks(tokens, index):
            clause = []
        clause.append((index, token))
    for index, token in clause:
        word = token.norm
        followed = index + 1 < len(tokens) and tokens[index + 1].norm == "to"
        inverted = index == 0 and word in {"had", "were"} and token.text[:1].isupper()  # "Had the price been …"
        if (word in _SUPPOSED or inverted or (word in _INTENDED and followed)) and not _is_name_or_month(tokens, index):
            return Stance.SUPPOSED
        if (word in _FUTURE or (word == "going" and followed)) and not _is_name_or_month(tokens, index):
            return Stance.FUTURE
    return Stance.ASSERTED


def negated(tokens: Sequence[Token], alignment: Alignment, value: Span) -> bool:
    """Say whether a claim denies that its key has the value.

    A denial stands right before the value ("not $49"), between it and the attribute or the verb ("is not the CEO"), or
    over the whole statement ("it is a myth that"). One that belongs to another value ("14 days, not 30") or lies
    behind a "but" does not count. Two denials make none that we would judge, and count as one.
    """
    norms = [token.norm for token in tokens]
    if _DENIALS.isdisjoint(norms) and not [norm for norm in norms if norm.endswith("n't")]:
        return False
    low, high = _between(alignment, value)
    for index, token in enumerate(tokens):
        if token.norm in _DENIED and token.end <= max(value.start, high):
            return True
        if not _denies(token):
            continue
        if token.start >= value.end and not (low <= token.start < high):
            continue
        if token.end <= value.start and not any(
            t.norm in _CONTRAST or _breaks(tokens, i) for i, t in _inside(tokens, token.end, value.start)
        ):
            return True
        if low <= token.start < high and token.start >= value.end and not _has_own_object(tokens, index):
            return True
    return False


def elsewhere(tokens: Sequence[Token], alignment: Alignment, value: Span) -> bool:
    """Say whether the value stands in another relation than the attribute's: "Ann Lee's brother is the CEO"."""
    last = next((t for t in tokens if t.end == value.end), None)
    after = next((t for t in tokens if t.start >= value.end), None)
    possessive = last is not None and last.text.endswith(("'s", "’s", "s'", "s’"))
    if possessive and after is not None and not _in(alignment.attribute, after):
        return True
    if alignment.attribute is None:
        return False
    low, high = _between(alignment, value)
    between = [t.norm for t in tokens if low <= t.start < high]
    if any(word in _RELATION for word in between):
        return True
    if value.end <= alignment.attribute.start:
        lead = [t.norm for t in tokens if t.end <= value.start][-1:]
        return any(word in _NOT_HELD for word in between) or any(word in _NOT_HELD for word in lead)
    before = [t.norm for t in tokens if t.end <= value.start][-3:]
    return any(word in _RELATION or word in {"met", "meets", "reports", "told", "visited"} for word in before)


def is_title(tokens: Sequence[Token], alignment: Alignment, value: Span) -> bool:
    """Say whether the attribute is only a title of a name of which something else is said: "King Carl was born"."""
    attribute = alignment.attribute
    if attribute is None or attribute.end > value.start:
        return False
    between = [t for t in tokens if attribute.end <= t.start and t.end <= value.start]
    entity = alignment.entity
    own = [t for t in between if entity is None or not entity.start <= t.start < entity.end]
    if any(t.norm not in {"of", "the", "mr", "mrs", "ms", "dr"} for t in own):
        return False
    words = [t for t in tokens if attribute.start <= t.start < attribute.end]
    if not words or words[-1].norm in STOP_WORDS:
        return False  # a verb: "plays for"
    closed = value.start - (between[-1].end if between else attribute.end) <= 1
    return closed and any(t.start >= value.end and t.text.islower() for t in tokens)


def joined(tokens: Sequence[Token], one: Span, other: Span) -> bool:
    """Say whether two values are offered together: "either $39 or $49", "both Ann Lee and Bob Ray"."""
    first, second = sorted((one, other), key=lambda span: span.start)
    return any(
        t.norm in _JOINED for t in tokens if first.end <= t.start < second.start and second.start - first.end < 12
    )


def former_quantity(claim: Claim, value: Value) -> bool:
    """Say whether a quantity is given as what was: "from $49 to $39", "down from $49", "$39 (was $49)"."""
    before = claim.text[: value.phrase_start].rstrip().lower()
    words = before.replace("(", " ( ").split()[-3:]
    if not words:
        return False
    if words[-1] in {"was", "previously", "formerly", "originally", "once"} and "(" in words:
        return True
    if words[-1] in {"previously", "formerly", "originally", "than", "unlike", "versus", "vs"}:
        return True
    if words[-1] == "from":
        follows = claim.text[value.phrase_end :].split()[:2]
        return words[-2:-1] in (["down"], ["up"], ["rose"], ["fell"], ["cut"], ["increased"], ["decreased"]) or (
            bool(follows) and follows[0] == "to"
        )
    return False


@dataclass(frozen=True, slots=True)
class Period:
    """A time that a claim states for what it says.

    Attributes:
        relation: ``in``, ``since``, ``until``, ``between``, ``start`` (it began then) or ``event`` (something happened
            then that says nothing of when the fact held).
        valid: The period; for ``since`` and ``until`` the date as precisely as it was written.
        text: As written.
    """

    relation: str
    valid: Interval
    text: str


# Events whose date is not when a fact began to hold: one is elected before one takes office.
_EVENTS = _words(
    "elected reelected re-elected appointed nominated named chosen announced hired born inaugurated sworn drafted"
)
_BEGINNINGS = _words("became becomes took assumed joined started began introduced")
_IN = _words("in during as of on throughout around")
_SINCE = _words("since from")
_UNTIL = _words("until till before through")


def period_of(claim: Claim, value: Span, said: Sequence[Value]) -> Period | None:
    """Return the time that a claim states for its value, in its main clause; ``None`` if it states none.

    A date in a clause of its own ("…, who was elected in 2015") says nothing of when the value held.
    """
    dates = [v for v in said if v.type is ValueType.DATE and v.low is not None and not _overlaps(v, value)]
    dates = [v for v in dates if not _in_clause(claim.text, value, v)]
    verbs = {token.lower().strip(",.;") for token in claim.text.split()}
    if dates and verbs & _EVENTS:
        return Period("event", Interval(), dates[0].text)
    for index, date in enumerate(dates):
        if date.bound is Bound.RANGE:
            return Period("between", _stretch(date), date.text)
        if date.date is None:
            continue
        lead = claim.text[: date.start].split()[-2:]
        word = lead[-1].lower().strip(",(") if lead else ""
        moment = date.date
        here = Interval(moment.start, moment.end, moment.text, moment.text)
        if word in {"between", "from"} and index + 1 < len(dates):
            gap = claim.text[date.end : dates[index + 1].start].strip().lower()
            later = dates[index + 1].date
            if gap in {"and", "to", "until", "till", "-", "–", "through"} and later is not None:
                return Period("between", Interval(moment.start, later.start, moment.text, later.text), date.text)
        if word in _SINCE:
            return Period("since", here, date.text)
        if word in _UNTIL:
            return Period("until", here, date.text)
        if word in _IN:
            return Period("start" if verbs & _BEGINNINGS else "in", here, date.text)
    return None


def _stretch(date: Value) -> Interval:
    assert date.low is not None
    assert date.high is not None
    first, last = (datetime.fromordinal(int(day)).replace(tzinfo=UTC) for day in (date.low, date.high))
    return Interval(first, last, date.text, date.text)


def fits(period: Period, valid: Interval) -> bool | None:
    """Say whether a fact's interval bears out the time a claim states for it; ``None`` where it does not say."""
    stated = period.valid
    if period.relation == "event" or (valid.start is None and valid.end is None):
        return None
    if period.relation == "start":
        return None if valid.start is None else valid.start in stated
    if period.relation == "since":
        return None if valid.start is None else stated.end is None or valid.start < stated.end
    if period.relation == "until":
        if valid.end is None:
            return False
        return stated.start is None or valid.end >= stated.start
    if period.relation == "between":
        covers_start = valid.start is None or (stated.start is not None and valid.start <= stated.start)
        covers_end = valid.end is None or (stated.end is not None and valid.end >= stated.end)
        return covers_start and covers_end
    return valid.overlaps(stated)


def _between(alignment: Alignment, value: Span) -> tuple[int, int]:
    anchor = alignment.attribute
    if anchor is None:
        return 0, 0
    return (value.end, anchor.start) if value.end <= anchor.start else (anchor.end, value.start)


def _denies(token: Token) -> bool:
    return token.norm in NEGATION or token.norm.endswith("n't")


def _breaks(tokens: Sequence[Token], index: int) -> bool:
    """Say whether a clause ends before this word: a comma or the like stands there."""
    return index > 0 and tokens[index].start > tokens[index - 1].end + 1


def _inside(tokens: Sequence[Token], start: int, end: int) -> list[tuple[int, Token]]:
    return [(i, t) for i, t in enumerate(tokens) if start <= t.start < end]


def _has_own_object(tokens: Sequence[Token], index: int) -> bool:
    """Say whether a denial has its own name: "Bob Ray, not Ann Lee, is the CEO"."""
    return index + 1 < len(tokens) and _breaks(tokens, index) and tokens[index + 1].text[:1].isupper()


def _is_name_or_month(tokens: Sequence[Token], index: int) -> bool:
    """Say whether "may" or "will" is a month or a name: capitalised inside a sentence, or before a number."""
    token = tokens[index]
    if not token.text[:1].isupper():
        return False
    return index > 0 or (index + 1 < len(tokens) and tokens[index + 1].text[:1].isdigit())


def _in(span: Span | None, token: Token) -> bool:
    return span is not None and span.start <= token.start < span.end


def _overlaps(value: Value, span: Span) -> bool:
    return value.start < span.end and span.start < value.end


def _in_clause(text: str, value: Span, date: Value) -> bool:
    if date.start < value.end:
        return False
    between = text[value.end : date.start].lower()
    return "," in between or any(f" {word} " in between for word in ("who", "which", "that", "and", "but", "when"))
