"""What a claim asserts: which values it states, which it only mentions, which it denies.

Everything here reads one claim against the evidence of one key; what follows from it is decided in ``structured``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from guardlayer.text import STOP_WORDS, Token, tokenize
from guardlayer.types import Alignment, Claim, Evidence, Fact, Span
from guardlayer.verifiers import stance
from guardlayer.verifiers.names import AFFIXES, TITLES, Strength, Words, find_name
from guardlayer.verifiers.values import Match, Value, compare, find, parse

# What stands before a name that is mentioned and not asserted: "after the resignation of Paolo Gentiloni".
_ASIDE = frozenset(
    "after succeeded succeeds succeeding succeed replaced replaces replacing replace following since from former "  # noqa: SIM905
    "ex predecessor defeated defeating beat beating over preceded unlike than before until formerly previously "
    "married wife husband son daughter father mother brother sister friend under with against alongside".split()
)
ASSERTS = frozenset("is are was were be been being by named called remains held becomes became".split())  # noqa: SIM905
# Attributes whose values are organisations, places or things: the last word of such a name is no last name.
_ORGANISATIONS = frozenset(
    "team club company employer owner organisation organization party bank band brand manufacturer publisher label "  # noqa: SIM905
    "country city capital headquarters seat university school league airline parent product currency supplier".split()
)
_DELTA = frozenset("by additional another extra up down further plus".split())  # noqa: SIM905
_LOST_OR_WON = frozenset("laid hired hires hire hiring added adds cut cuts lost fired saved gained".split())  # noqa: SIM905
_MORE = frozenset("more fewer less higher lower later earlier extra".split())  # noqa: SIM905
_CALENDAR = frozenset(
    "january february march april may june july august september october november december jan feb mar apr jun jul aug "  # noqa: SIM905
    "sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday q1 q2 q3 q4 i".split()
)
_REACH = 6
"""Words before a name in which its being an aside is looked for."""
_DEMONYM = ("ian", "ish", "ese", "ist", "can", "man", "men", "tic", "ism")


@dataclass(frozen=True, slots=True)
class Hit:
    """A value of the ledger that the claim states.

    Attributes:
        evidence: The fact version.
        span: Where the claim states its value.
        strength: How surely the words mean this value.
        negated: Whether the claim denies it.
        aside: Whether the claim only mentions it ("after the resignation of …").
        place: Order within the claim.
        rounded: Whether it is stated less precisely than the fact.
    """

    evidence: Evidence
    span: Span
    strength: int
    negated: bool
    aside: bool
    place: int
    rounded: bool = False


def fact_of(evidence: Evidence) -> Fact:
    """Return the fact of a piece of evidence that is one."""
    assert evidence.fact is not None
    return evidence.fact


def value_of(evidence: Evidence) -> str:
    """Return the value of a fact's evidence."""
    return fact_of(evidence).value


@lru_cache(maxsize=65536)
def parsed(value: str) -> Value:
    """Read a whole fact value; remembered."""
    return parse(value)


def name_hits(tokens: Sequence[Token], group: list[Evidence], alignment: Alignment) -> list[Hit]:
    """Find the names of the ledger that a claim states, the best explanation of each stretch of text."""
    words = Words(tokens)
    person = not _ORGANISATIONS & {t.norm for t in tokenize(fact_of(group[0]).attribute)}
    weighed: list[tuple[int, Hit]] = []
    for piece in group:
        fact = fact_of(piece)
        match = find_name(words, fact.value, fact.aliases, person=person)
        if match is None:
            continue
        span = Span(tokens[match.first].start, tokens[match.last - 1].end)
        if covers(alignment.entity, span) and match.strength < Strength.FULL:
            continue  # the words are the entity's own name
        hit = Hit(
            piece,
            span,
            match.strength,
            negated=stance.negated(tokens, alignment, span),
            aside=_is_aside(tokens, match.first) or stance.elsewhere(tokens, alignment, span),
            place=match.first,
        )
        weighed.append((match.strength * 8 + match.covered, hit))
    # One stretch of text is one name: the version that explains it best has it.
    return [hit for weight, hit in weighed if not any(w > weight and covers(o.span, hit.span) for w, o in weighed)]


def typed_hits(
    claim: Claim, tokens: Sequence[Token], group: list[Evidence], said: Sequence[Value], alignment: Alignment
) -> list[Hit]:
    """Find the quantities of the ledger that a claim states."""
    hits = []
    for piece in group:
        true = parsed(value_of(piece))
        for value in said:
            match = compare(value, true)
            if match in (Match.EQUAL, Match.ROUNDED) and not is_change(claim, value):
                span = stated(value)
                rounded = match is Match.ROUNDED
                hits.append(
                    Hit(
                        piece,
                        span,
                        2 - rounded,
                        negated=stance.negated(tokens, alignment, span),
                        aside=stance.former_quantity(claim, value),
                        place=value.start,
                        rounded=rounded,
                    )
                )
    return hits


def said_values(claim: Claim, alignment: Alignment) -> list[Value]:
    """Return the quantities a claim gives outside the names of its entity and attribute."""
    return [
        value
        for value in find(claim.text)
        if not covers(alignment.entity, Span(value.start, value.end))
        and not covers(alignment.attribute, Span(value.start, value.end), whole=True)
        and not any(covers(span, Span(value.start, value.end)) for span in alignment.qualifiers)
    ]


def stated(value: Value) -> Span:
    """Return the words that state a quantity, its comparator among them: "more than $5M" is wrong as a whole."""
    return Span(value.phrase_start, value.phrase_end)


def name_slot(claim: Claim, tokens: Sequence[Token], alignment: Alignment, *, several: bool) -> Span | None:
    """Find the proper name that a claim asserts as the value: what follows "is", "by" or ":" after the attribute.

    A run of capitalised words, of at least two words where the true value has several, with no article before it that
    would make it a description ("is a Democrat").
    """
    attribute = alignment.attribute
    assert attribute is not None
    start = max(attribute.end, alignment.entity.end if alignment.entity else 0)
    colon = claim.text.find(":", start, start + _REACH)
    verb = next(
        (i for i, t in enumerate(tokens) if t.start >= start and (t.norm in ASSERTS or 0 <= colon < t.start)), None
    )
    if verb is None:
        return None
    first = verb + (tokens[verb].norm in ASSERTS)
    while first < len(tokens) and (tokens[first].norm in ASSERTS or tokens[first].norm in {"the", "currently", "now"}):
        first += 1
    first = _past_role(tokens, first)
    last = first
    while last < len(tokens) and tokens[last].text[:1].isupper() and tokens[last].norm not in STOP_WORDS:
        if last > first and tokens[last].start > tokens[last - 1].end + 1:
            break
        last += 1
    run = tokens[first:last]
    if not run or (several and len(run) < 2) or any(t.text[0].isdigit() for t in run):
        return None
    head = run[0].norm
    if (head in TITLES and len(run) == 1) or head in AFFIXES or head.endswith(_DEMONYM):
        return None
    if first > 0 and tokens[first - 1].norm in {"a", "an", "not"}:
        return None
    return Span(run[0].start, run[-1].end)


def _past_role(tokens: Sequence[Token], first: int) -> int:
    """Step over what introduces a name: "King", "the incumbent Prime Minister of India, "."""
    position = first
    while position < len(tokens) and tokens[position].norm in TITLES:
        if position > first and tokens[position].start > tokens[position - 1].end + 1:
            return position
        position += 1
    if position == first:
        return first
    for index in range(position, min(position + _REACH, len(tokens))):
        if tokens[index].start > tokens[index - 1].end + 1:  # a comma, most likely: the role ends, the name begins
            return index
        if tokens[index].norm not in STOP_WORDS and not tokens[index].text[0].isupper():
            break
    return position


def _is_aside(tokens: Sequence[Token], index: int) -> bool:
    """Say whether the name is mentioned on the side: nothing asserts between the aside's word and it."""
    for token in reversed(tokens[max(0, index - _REACH) : index]):
        if token.norm in _ASIDE:
            position = tokens.index(token)
            former = token.norm in {"former", "ex"}
            asserted = position > 0 and any(t.norm in ASSERTS for t in tokens[max(0, position - 2) : position])
            return not (former and asserted)
        if token.norm in ASSERTS or token.text[-1:] in ",;":
            return False
    return False


def covers(span: Span | None, other: Span, *, whole: bool = False) -> bool:
    """Say whether two spans overlap; with ``whole``, whether the first contains the second."""
    if span is None:
        return False
    if whole:
        return span.start <= other.start and other.end <= span.end
    return span.start < other.end and other.start < span.end


def is_change(claim: Claim, value: Value) -> bool:
    """Say whether a quantity is how much something changed, not how much it is: "grew by 200", "200 more"."""
    before = [word.lower() for word in claim.text[: value.start].split()[-3:]]
    after = claim.text[value.end :].split()[:2]
    return (
        bool(_DELTA & set(before[-1:]))
        or bool(_LOST_OR_WON & set(before))
        or bool(_MORE & {w.lower().strip(".,;") for w in after})
    )


def other_scope(tokens: Sequence[Token], alignment: Alignment, value: Span) -> bool:
    """Say whether the claim names something beside its key that may narrow it: "in Germany", "for Enterprise"."""
    known = (alignment.entity, alignment.attribute, value, *alignment.qualifiers)
    return any(
        token.text[0].isupper()
        and index > 0
        and not any(covers(span, Span(token.start, token.end)) for span in known)
        and token.norm not in TITLES
        and token.norm not in _CALENDAR
        and token.norm not in STOP_WORDS
        and not (token.text.isupper() and len(token.text) == 3)  # a currency code
        for index, token in enumerate(tokens)
    )
