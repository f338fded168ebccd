"""Stage 1: what a claim says about a key, compared with what the ledger says.

The evidence comes aligned: its entity and attribute were found in the claim. What is left to find is the value the
claim asserts. Without alignment there is no verdict; with it there is one only if the claim asserts a value that can be
compared. The verdict always names the fact version it rests on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from guardlayer.text import STOP_WORDS, Token, tokenize
from guardlayer.types import Alignment, Claim, Evidence, Fact, Label, Relation, Span, Standing, Verdict
from guardlayer.verify import reasons
from guardlayer.verify.names import AFFIXES, TITLES, Strength, Words, find_name
from guardlayer.verify.values import Match, Value, ValueType, compare, find, parse, render

NAME = "structured/1"

_NEGATION = frozenset("not no never neither nor isn't wasn't aren't weren't doesn't didn't cannot n't".split())  # noqa: SIM905
_OVER = frozenset({"longer", "anymore"})
# What stands before a name that is mentioned and not asserted: "after the resignation of Paolo Gentiloni".
_ASIDE = frozenset(
    "after succeeded succeeds succeeding succeed replaced replaces replacing replace following since from former "  # noqa: SIM905
    "ex predecessor defeated defeating beat beating over preceded unlike than before until formerly previously "
    "married wife husband son daughter father mother brother sister friend under with against alongside".split()
)
_ASSERTS = frozenset("is are was were be been being by named called : remains held becomes became".split())  # noqa: SIM905
# Attributes whose values are organisations, places or things: the last word of such a name is no last name.
_ORGANISATIONS = frozenset(
    "team club company employer owner organisation organization party bank band brand manufacturer publisher label "  # noqa: SIM905
    "country city capital headquarters seat university school league airline parent product currency supplier".split()
)
_REACH = 6
"""Words before a name in which its being an aside is looked for."""
_DEMONYM = ("ian", "ish", "ese", "ist", "can", "man", "men", "tic", "ism")


@dataclass(frozen=True, slots=True)
class _Hit:
    """A value of the ledger that the claim states."""

    evidence: Evidence
    span: Span
    strength: int
    negated: bool
    aside: bool
    place: int
    rounded: bool = False


class StructuredVerifier:
    """Compares a claim with the facts whose key it speaks of."""

    def __call__(self, claim: Claim, evidence: Sequence[Evidence], at: datetime) -> Verdict | None:  # noqa: ARG002 - standings are already as of `at`
        """Return a verdict, or ``None`` where the claim asserts no value of an aligned key; see :class:`Verifier`."""
        groups: dict[object, list[Evidence]] = {}
        for piece in evidence:
            if piece.fact is not None and piece.alignment is not None:
                groups.setdefault(piece.fact.key, []).append(piece)
        if not groups:
            return None
        tokens = tokenize(claim.text)
        verdicts = [verdict for group in groups.values() if (verdict := _verdict(claim, tokens, group)) is not None]
        if not verdicts:
            return None
        return _weigh(verdicts)


_SEVERITY = {
    Label.UNSUPPORTED: 0,
    Label.SUPPORTED: 1,
    Label.DISPUTED: 2,
    Label.CONTRADICTED: 3,
    Label.STALE: 4,
}


def _weigh(verdicts: list[Verdict]) -> Verdict:
    """Choose among the verdicts on several keys that one claim speaks of.

    Where two keys claim the same words as their value, the key named nearest to its entity has them: in "the President
    of Portugal is the Prime Minister, António Costa" the name is asserted of the presidency.
    """
    standing = [
        verdict
        for verdict in verdicts
        if not any(
            other is not verdict
            and other.span is not None
            and verdict.span is not None
            and _covers(other.span, verdict.span)
            and _distance(other) < _distance(verdict)
            for other in verdicts
        )
    ]
    return max(standing, key=lambda v: (_trust(v), _SEVERITY[v.label]))


def _distance(verdict: Verdict) -> tuple[int, int]:
    alignment = verdict.evidence[0].alignment
    if alignment is None or alignment.attribute is None:
        return 1 << 30, 0
    attribute, entity = alignment.attribute, alignment.entity
    apart = 0 if entity is None else max(0, entity.start - attribute.end, attribute.start - entity.end)
    return apart // _APART, attribute.start


_APART = 12
"""Characters between an attribute and its entity that still count as one place: " of the United"."""


def _trust(verdict: Verdict) -> float:
    alignment = verdict.evidence[0].alignment if verdict.evidence else None
    # An unknown value is a guess about what the words mean; a known one is not.
    return (alignment.score if alignment else 0.0) - (0.5 if verdict.label in _GUESSED else 0.0)


_GUESSED = frozenset({Label.CONTRADICTED, Label.UNSUPPORTED})


def _verdict(claim: Claim, tokens: list[Token], group: list[Evidence]) -> Verdict | None:
    current = [e for e in group if e.standing is Standing.CURRENT]
    disputed = [e for e in group if e.standing is Standing.DISPUTED]
    sample = (current or disputed or group)[0]
    alignment = sample.alignment
    assert alignment is not None
    value = _parsed(_value_of(sample))
    if value.type is ValueType.BOOLEAN:
        return _boolean(claim, tokens, group, current, alignment)
    typed = value.type is not ValueType.NAME
    hits = _typed_hits(claim, group, alignment) if typed else _name_hits(tokens, group, alignment)
    verdict = _from_hits(claim, hits, alignment, disputed)
    if verdict is not None:
        return verdict
    if typed:
        return _other_value(claim, current, alignment)
    return _other_name(claim, tokens, current, alignment)


def _from_hits(claim: Claim, hits: list[_Hit], alignment: Alignment, disputed: list[Evidence]) -> Verdict | None:
    asserted = [hit for hit in hits if not hit.aside] or []
    if not asserted:
        return None
    best = min(asserted, key=lambda h: (h.negated, -h.strength, _RANK[h.evidence.standing], h.place))
    firsts = [h for h in asserted if _RANK[h.evidence.standing] == 0]
    # A value that is true now is what a claim says, even if it mentions one that was.
    hit = min(firsts, key=lambda h: (h.negated, -h.strength)) if firsts else best
    fact = _fact(hit.evidence)
    score = alignment.score * (0.85 if hit.strength == Strength.LAST or hit.rounded else 1.0)
    standing = hit.evidence.standing
    if hit.negated:
        return _negated(hit, fact, score)
    if standing is Standing.CURRENT:
        return _make(Label.SUPPORTED, score, reasons.says(fact), hit, relation=Relation.SUPPORTS, current=fact)
    if standing is Standing.DISPUTED:
        return _make(
            Label.DISPUTED, score, reasons.disagreement(fact, disputed), hit, relation=Relation.SUPPORTS, current=None
        )
    if alignment.tense == "past" and standing is Standing.SUPERSEDED:
        return _make(
            Label.SUPPORTED, score * 0.9, reasons.was_then(fact), hit, relation=Relation.SUPPORTS, current=fact
        )
    return _outdated(claim, hit, fact, score)


_RANK = {
    Standing.CURRENT: 0,
    Standing.DISPUTED: 1,
    Standing.SUPERSEDED: 2,
    Standing.CORRECTED: 3,
    Standing.RETRACTED: 4,
    Standing.FUTURE: 5,
}


def _outdated(claim: Claim, hit: _Hit, fact: Fact, score: float) -> Verdict:
    now = hit.evidence.successor
    standing = hit.evidence.standing
    replacement = None if now is None else _replacement(hit.span.slice(claim.text), now)
    if standing is Standing.RETRACTED and now is None:
        reason = (
            f"{fact.source} withdrew {reasons.quoted(fact)}{reasons.because(fact)}, and nothing has taken its place"
        )
        return _make(Label.UNSUPPORTED, score, reason, hit, relation=Relation.NEUTRAL, current=None)
    if standing is Standing.FUTURE:
        reason = f"{reasons.quoted(fact)} holds only from {fact.valid.start_text}" + (
            f"; until then {reasons.is_now(now)}" if now else ""
        )
        return _make(
            Label.CONTRADICTED, score, reason, hit, relation=Relation.REFUTES, current=now, replacement=replacement
        )
    return _make(
        Label.STALE,
        score,
        reasons.until(fact, now, standing),
        hit,
        relation=Relation.REFUTES,
        current=now,
        replacement=replacement,
    )


def _negated(hit: _Hit, fact: Fact, score: float) -> Verdict:
    standing = hit.evidence.standing
    if standing is Standing.CURRENT:
        return _make(
            Label.CONTRADICTED,
            score * 0.9,
            f"the claim denies what holds: {reasons.says(fact)}",
            hit,
            relation=Relation.REFUTES,
            current=fact,
        )
    now = hit.evidence.successor
    return _make(
        Label.SUPPORTED,
        score * 0.9,
        reasons.until(fact, now, standing),
        hit,
        relation=Relation.SUPPORTS,
        current=now or fact,
    )


def _name_hits(tokens: list[Token], group: list[Evidence], alignment: Alignment) -> list[_Hit]:
    words = Words(tokens)
    person = not _ORGANISATIONS & {t.norm for t in tokenize(_fact(group[0]).attribute)}
    hits: list[_Hit] = []
    for piece in group:
        fact = _fact(piece)
        match = find_name(words, fact.value, fact.aliases, person=person)
        if match is None:
            continue
        span = Span(tokens[match.first].start, tokens[match.last - 1].end)
        if _covers(alignment.entity, span) and match.strength < Strength.FULL:
            continue  # the words are the entity's own name
        hits.append(
            _Hit(piece, span, match.strength * 8 + match.covered, _is_negated(tokens, match.first),
                 _is_aside(tokens, match.first), match.first)
        )  # fmt: skip
    if len(hits) > 1:
        # One stretch of text is one name: the version that explains it best has it.
        hits = [h for h in hits if not any(o.strength > h.strength and _covers(o.span, h.span) for o in hits)]
    return [replace(h, strength=h.strength // 8) for h in hits]


def _typed_hits(claim: Claim, group: list[Evidence], alignment: Alignment) -> list[_Hit]:
    hits = []
    said = _said(claim, alignment)
    for piece in group:
        true = _parsed(_value_of(piece))
        for value in said:
            match = compare(value, true)
            if match in (Match.EQUAL, Match.ROUNDED):
                rounded = match is Match.ROUNDED
                hits.append(_Hit(piece, Span(value.start, value.end), 2 - rounded, False, False, value.start, rounded))
    return hits


def _said(claim: Claim, alignment: Alignment) -> list[Value]:
    return [
        value
        for value in find(claim.text)
        if not _covers(alignment.entity, Span(value.start, value.end))
        and not _covers(alignment.attribute, Span(value.start, value.end), whole=True)
    ]


def _other_value(claim: Claim, current: list[Evidence], alignment: Alignment) -> Verdict | None:
    """The claim gives a value of the right type that the ledger never gave for this key."""
    if not current or alignment.attribute is None:
        return None
    facts = [(piece, _parsed(_value_of(piece))) for piece in current]
    wrong = [
        value for value in _said(claim, alignment) if all(compare(value, true) is Match.DIFFERENT for _, true in facts)
    ]
    if not wrong:
        return None
    near = alignment.attribute.end
    value = min(wrong, key=lambda v: (v.start < near, abs(v.start - near)))
    piece, true = facts[0]
    fact = _fact(piece)
    if alignment.tense == "past" and fact.valid.start is not None:
        return None  # it speaks of a time before the ledger's first version
    hit = _Hit(piece, Span(value.start, value.end), 1, False, False, value.start)
    replacement = render(true, value) if len(facts) == 1 else None
    reason = f"says {value.text}; {reasons.is_now(fact)}"
    return _make(
        Label.CONTRADICTED,
        0.9 * alignment.score,
        reason,
        hit,
        relation=Relation.REFUTES,
        current=fact,
        replacement=replacement,
    )


def _other_name(claim: Claim, tokens: list[Token], current: list[Evidence], alignment: Alignment) -> Verdict | None:
    """The claim puts a name where the value belongs, and it is none the ledger ever gave for this key."""
    if len(current) != 1 or alignment.attribute is None or alignment.tense == "past" or alignment.score < 0.75:
        return None
    fact = _fact(current[0])
    if not fact.value[:1].isupper():
        return None
    span = _slot(tokens, alignment, several=" " in fact.value)
    if span is None:
        return None
    hit = _Hit(current[0], span, 1, False, False, 0)
    reason = f"says {span.slice(claim.text)}; {reasons.is_now(fact)}, and no earlier version said so"
    return _make(
        Label.CONTRADICTED,
        0.75 * alignment.score,
        reason,
        hit,
        relation=Relation.REFUTES,
        current=fact,
        replacement=_replacement(span.slice(claim.text), fact),
    )


def _slot(tokens: list[Token], alignment: Alignment, *, several: bool) -> Span | None:
    """Find the proper name that a claim asserts as the value: what follows "is", "by" or ":" after the attribute.

    A run of capitalised words, of at least two words where the true value has several, with no article before it that
    would make it a description ("is a Democrat").
    """
    attribute = alignment.attribute
    assert attribute is not None
    start = max(attribute.end, alignment.entity.end if alignment.entity else 0)
    verb = next((i for i, t in enumerate(tokens) if t.start >= start and t.norm in _ASSERTS), None)
    if verb is None:
        return None
    first = verb + 1
    while first < len(tokens) and (tokens[first].norm in _ASSERTS or tokens[first].norm in {"the", "currently", "now"}):
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
    if any(t.norm in TITLES or t.norm in AFFIXES or t.norm.endswith(_DEMONYM) for t in run[:1]):
        return None
    if first > 0 and tokens[first - 1].norm in {"a", "an", "not"}:
        return None
    return Span(run[0].start, run[-1].end)


def _past_role(tokens: list[Token], first: int) -> int:
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


def _boolean(
    claim: Claim, tokens: list[Token], group: list[Evidence], current: list[Evidence], alignment: Alignment
) -> Verdict | None:
    if not current or alignment.attribute is None:
        return None
    said_values = [v for v in _said(claim, alignment) if v.type is ValueType.BOOLEAN]
    if said_values:
        said, span = bool(said_values[0].flag), Span(said_values[0].start, said_values[0].end)
    else:
        norms = {t.norm for t in tokens}
        if not norms & (_ASSERTS | _NEGATION):
            return None
        said, span = not (norms & _NEGATION), alignment.attribute
    fact = _fact(current[0])
    hit = _Hit(current[0], span, 1, False, False, 0)
    if said == bool(_parsed(fact.value).flag):
        return _make(
            Label.SUPPORTED, alignment.score * 0.9, reasons.says(fact), hit, relation=Relation.SUPPORTS, current=fact
        )
    for piece in group:
        if piece.standing is Standing.SUPERSEDED and bool(_parsed(_value_of(piece)).flag) == said:
            old = replace(hit, evidence=piece)
            return _make(
                Label.STALE,
                alignment.score * 0.9,
                reasons.until(_fact(piece), fact, piece.standing),
                old,
                relation=Relation.REFUTES,
                current=fact,
            )
    return _make(
        Label.CONTRADICTED,
        alignment.score * 0.9,
        f"says otherwise; {reasons.is_now(fact)}",
        hit,
        relation=Relation.REFUTES,
        current=fact,
    )


def _is_negated(tokens: list[Token], index: int) -> bool:
    before = [t.norm for t in tokens[max(0, index - 4) : index]]
    return bool(_NEGATION & set(before)) or any(word.endswith("n't") for word in before)


def _is_aside(tokens: list[Token], index: int) -> bool:
    """Say whether the name is mentioned on the side: nothing asserts between the aside's word and it."""
    for token in reversed(tokens[max(0, index - _REACH) : index]):
        if token.norm in _ASIDE:
            position = tokens.index(token)
            former = token.norm in {"former", "ex"}
            asserted = position > 0 and any(t.norm in _ASSERTS for t in tokens[max(0, position - 2) : position])
            return not (former and asserted)
        if token.norm in _ASSERTS or token.text[-1:] in ",;":
            return False
    return False


def _covers(span: Span | None, other: Span, *, whole: bool = False) -> bool:
    if span is None:
        return False
    if whole:
        return span.start <= other.start and other.end <= span.end
    return span.start < other.end and other.start < span.end


def _make(
    label: Label,
    score: float,
    reason: str,
    hit: _Hit,
    *,
    relation: Relation,
    current: Fact | None,
    replacement: str | None = None,
) -> Verdict:
    return Verdict(
        label=label,
        score=round(score, 4),
        reason=reason,
        evidence=(replace(hit.evidence, relation=relation),),
        current=current,
        verifier=NAME,
        span=hit.span,
        replacement=replacement,
    )


def _fact(evidence: Evidence) -> Fact:
    assert evidence.fact is not None
    return evidence.fact


def _value_of(evidence: Evidence) -> str:
    return _fact(evidence).value


@lru_cache(maxsize=65536)
def _parsed(value: str) -> Value:
    return parse(value)


def _replacement(said: str, now: Fact) -> str:
    true = _parsed(now.value)
    if true.type in (ValueType.NAME, ValueType.BOOLEAN):
        return now.value
    found = find(said)
    return render(true, found[0]) if found else now.value
