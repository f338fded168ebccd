"""Stage 1: what a claim says about a key, compared with what the ledger says.

The evidence comes aligned: its entity and attribute were found in the claim. What is left to find is the value the
claim asserts. Without alignment there is no verdict; with it there is one only if the claim asserts a value that can be
compared. The verdict always names the fact version it rests on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from guardlayer.text import STOP_WORDS, Token, tokenize
from guardlayer.types import Alignment, Claim, Evidence, Label, Relation, Span, Standing, Verdict
from guardlayer.verifiers import reasons, stance
from guardlayer.verifiers.asserted import (
    ASSERTS,
    Hit,
    covers,
    fact_of,
    name_hits,
    parsed,
    said_values,
    typed_hits,
    value_of,
)
from guardlayer.verifiers.correcting import correction
from guardlayer.verifiers.names import Strength
from guardlayer.verifiers.ruled import OPERATIONS, ruled
from guardlayer.verifiers.stance import NEGATION, Period, Stance
from guardlayer.verifiers.unclear import unclear
from guardlayer.verifiers.unknown import other_name, other_value
from guardlayer.verifiers.values import Value, ValueType
from guardlayer.verifiers.verdicts import make


class StructuredVerifier:
    """Compares a claim with the facts whose key it speaks of."""

    def __call__(self, claim: Claim, evidence: Sequence[Evidence], at: datetime) -> Verdict | None:  # noqa: ARG002 - standings are already as of `at`
        """Return a verdict, or ``None`` where the claim asserts no value of an aligned key; see :class:`Verifier`."""
        groups: dict[object, list[Evidence]] = {}
        for piece in evidence:
            if piece.fact is None:
                continue
            if piece.fact.operation in OPERATIONS and (verdict := ruled(claim, evidence)) is not None:
                return verdict
            if piece.alignment is not None:
                groups.setdefault(piece.fact.key, []).append(piece)
        if not groups:
            return None
        tokens = tokenize(claim.text)
        verdicts = []
        whose: list[Evidence] = []
        for group in groups.values():
            verdict = _verdict(claim, tokens, group)
            if verdict is not None and group[0].alignment is not None and group[0].alignment.candidates:
                whose.append(group[0])
            elif verdict is not None:
                verdicts.append(verdict)
        found = _weigh(verdicts) if verdicts else None
        if whose and (found is None or _SEVERITY[found.label] < _SEVERITY[Label.DISPUTED]):
            return unclear(claim, whose)
        return found


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
            and covers(other.span, verdict.span)
            and _distance(other) < _distance(verdict)
            for other in verdicts
        )
    ]
    surest = max(map(_trust, standing))
    # A claim with several parts is no better than its worst part, as far as each is surely one of its parts.
    return max((v for v in standing if _trust(v) >= surest - _DOUBT), key=lambda v: (_SEVERITY[v.label], _trust(v)))


_DOUBT = 0.15
"""Keys found less surely than another by more than this are no part of the claim."""


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
    return alignment.score if alignment else 0.0


def _verdict(claim: Claim, tokens: Sequence[Token], group: list[Evidence]) -> Verdict | None:
    current = [e for e in group if e.standing is Standing.CURRENT]
    disputed = [e for e in group if e.standing is Standing.DISPUTED]
    sample = (current or disputed or group)[0]
    alignment = sample.alignment
    assert alignment is not None
    value = parsed(value_of(sample))
    if value.type is ValueType.BOOLEAN:
        return _boolean(claim, tokens, group, current, alignment)
    said = said_values(claim, alignment)
    if value.type is ValueType.NAME:
        hits = name_hits(tokens, group, alignment)
    else:
        hits = typed_hits(claim, tokens, group, said, alignment)
    plain = [hit for hit in hits if not hit.aside and _is_held(tokens, alignment, hit)]
    if alignment.attribute is None:
        plain = [hit for hit in plain if _says_little_else(tokens, alignment, hit)]
    if plain:
        return _from_hits(_Reading(claim, tokens, group, alignment, said, disputed), plain)
    if value.type is ValueType.NAME:
        return other_name(claim, tokens, current, alignment)
    return other_value(claim, tokens, current, alignment)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One claim read against the facts of one key.

    Attributes:
        claim: The claim.
        tokens: Its words.
        group: The evidence of the key.
        alignment: How the key was found.
        said: The quantities and dates the claim gives.
        disputed: The sides, where sources disagree.
    """

    claim: Claim
    tokens: Sequence[Token]
    group: list[Evidence]
    alignment: Alignment
    said: Sequence[Value]
    disputed: list[Evidence]


def _is_held(tokens: Sequence[Token], alignment: Alignment, hit: Hit) -> bool:
    """Say whether the claim puts the value forward: now, or for later where the fact is for later too."""
    held = stance.stance_of(tokens, alignment, hit.span)
    return held is Stance.ASSERTED or (held is Stance.FUTURE and hit.evidence.standing is Standing.FUTURE)


def _says_little_else(tokens: Sequence[Token], alignment: Alignment, hit: Hit) -> bool:
    """Say whether a claim that leaves its attribute to the question says hardly more than the value."""
    rest = [
        t.norm
        for t in tokens
        if not covers(hit.span, Span(t.start, t.end)) and not covers(alignment.entity, Span(t.start, t.end))
    ]
    content = [w for w in rest if w.isalpha() and w not in STOP_WORDS and w not in ASSERTS and w not in _NOW]
    return len(content) <= 1


_NOW = frozenset({"currently", "now", "today", "presently", "still", "name"})


def _used_to(tokens: Sequence[Token]) -> bool:
    return any(a.norm == "used" and b.norm == "to" for a, b in pairwise(tokens))


def _from_hits(reading: _Reading, hits: list[Hit]) -> Verdict | None:
    positive = [hit for hit in hits if not hit.negated]
    if not positive:
        return _denied(reading, hits)
    olds = [h for h in positive if h.evidence.standing is not Standing.CURRENT]
    exact = {h.span for h in olds if not h.rounded}
    # A figure that was the value to the last digit is no rounding of the one that took its place.
    firsts = [h for h in positive if h.evidence.standing is Standing.CURRENT and not (h.rounded and h.span in exact)]
    hit = min(firsts or olds, key=lambda h: (-h.strength, _RANK[h.evidence.standing], h.place))
    if firsts and olds:
        # A value that is true now is what a claim says, even if it mentions one that was; offered together with it,
        # the other counts too.
        rival = next((old for old in olds if stance.joined(reading.tokens, old.span, hit.span)), None)
        if rival is not None:
            return _without_replacement(_outdated(reading, rival, reading.alignment.score))
        if parsed(value_of(hit.evidence)).type is not ValueType.NAME and any(old.span != hit.span for old in olds):
            return None  # two quantities, and nothing says which one is meant
    return _positive(reading, hit)


def _positive(reading: _Reading, hit: Hit) -> Verdict | None:
    alignment, standing, fact = reading.alignment, hit.evidence.standing, fact_of(hit.evidence)
    score = alignment.score * (0.85 if hit.strength == Strength.LAST or hit.rounded else 1.0)
    if stance.is_title(reading.tokens, alignment, hit.span):
        return None  # something else is said of whoever bears the title
    period = stance.period_of(reading.claim, hit.span, reading.said)
    if period is not None and standing in (Standing.CURRENT, Standing.SUPERSEDED):
        return _at_stated_time(reading, hit, period, score)
    if standing is Standing.CURRENT:
        if _is_called_former(reading):
            reason = f"{fact.value} is not former: {reasons.says(fact)}"
            return make(Label.CONTRADICTED, score * 0.9, reason, hit, relation=Relation.REFUTES, current=fact)
        return make(Label.SUPPORTED, score, reasons.says(fact), hit, relation=Relation.SUPPORTS, current=fact)
    if standing is Standing.DISPUTED:
        reason = reasons.disagreement(fact, reading.disputed)
        return make(Label.DISPUTED, score, reason, hit, relation=Relation.SUPPORTS, current=None)
    if standing is Standing.FUTURE and stance.stance_of(reading.tokens, alignment, hit.span) is Stance.FUTURE:
        reason = f"{reasons.quoted(fact)} from {fact.valid.start_text} ({fact.source})"
        return make(Label.SUPPORTED, score * 0.9, reason, hit, relation=Relation.SUPPORTS, current=fact)
    if standing is Standing.SUPERSEDED and (alignment.tense == "past" or _used_to(reading.tokens)):
        reason = reasons.was_then(fact)
        return make(Label.SUPPORTED, score * 0.9, reason, hit, relation=Relation.SUPPORTS, current=fact)
    return _outdated(reading, hit, score)


def _at_stated_time(reading: _Reading, hit: Hit, period: Period, score: float) -> Verdict | None:
    """Judge a value for the time that the claim itself gives."""
    value = value_of(hit.evidence)
    same = [e for e in reading.group if value_of(e) == value and e.standing in (Standing.CURRENT, Standing.SUPERSEDED)]
    if period.relation == "since":
        same = [e for e in same if e.standing is Standing.CURRENT]
        if not same:
            return _outdated(reading, hit, score)
    found = [(e, stance.fits(period, e.valid)) for e in same]
    fitting = next((e for e, fit in found if fit), None)
    if fitting is not None:
        fact = fact_of(fitting)
        reason = reasons.says(fact) if fitting.standing is Standing.CURRENT else reasons.was_then(fact)
        hit = replace(hit, evidence=fitting)
        return make(Label.SUPPORTED, score * 0.9, reason, hit, relation=Relation.SUPPORTS, current=fact)
    if any(fit is None for _, fit in found):
        return None  # the ledger does not know since when
    then = next(
        (
            e
            for e in reading.group
            if value_of(e) != value and period.relation == "in" and e.valid.overlaps(period.valid)
        ),
        None,
    )
    known = reasons.was_then(fact_of(then)) if then is not None else reasons.was_then(fact_of(hit.evidence))
    current = next((fact_of(e) for e in reading.group if e.standing is Standing.CURRENT), None)
    since = "since" if period.relation == "start" else period.relation
    reason = f"says {value} {since} {period.text}; {known}"
    return make(Label.CONTRADICTED, score * 0.8, reason, hit, relation=Relation.REFUTES, current=current)


def _denied(reading: _Reading, hits: list[Hit]) -> Verdict | None:
    """Judge a claim that only says what its key is not."""
    score = reading.alignment.score * 0.9
    denied = next((h for h in hits if h.evidence.standing is Standing.CURRENT), None)
    if denied is not None:
        fact = fact_of(denied.evidence)
        reason = f"the claim denies what holds: {reasons.says(fact)}"
        return make(Label.CONTRADICTED, score, reason, denied, relation=Relation.REFUTES, current=fact)
    hit = hits[0]
    if hit.evidence.standing is Standing.DISPUTED:
        return None
    others = [v for v in reading.said if not any(covers(h.span, Span(v.start, v.end)) for h in hits)]
    if any(v.type is parsed(value_of(hit.evidence)).type and v.type is not ValueType.NAME for v in others):
        current = [e for e in reading.group if e.standing is Standing.CURRENT]
        return other_value(reading.claim, reading.tokens, current, reading.alignment)
    fact, now = fact_of(hit.evidence), hit.evidence.successor
    reason = reasons.until(fact, now, hit.evidence.standing)
    return make(Label.SUPPORTED, score, reason, hit, relation=Relation.SUPPORTS, current=now or fact)


def _is_called_former(reading: _Reading) -> bool:
    attribute = reading.alignment.attribute
    before = [t.norm for t in reading.tokens if attribute is not None and t.end <= attribute.start][-2:]
    return bool({"former", "ex", "previous", "erstwhile"} & set(before))


def _without_replacement(verdict: Verdict) -> Verdict:
    return replace(verdict, replacement=None)


_RANK = {
    Standing.CURRENT: 0,
    Standing.DISPUTED: 1,
    Standing.SUPERSEDED: 2,
    Standing.CORRECTED: 3,
    Standing.RETRACTED: 4,
    Standing.FUTURE: 5,
}


def _outdated(reading: _Reading, hit: Hit, score: float) -> Verdict:
    fact = fact_of(hit.evidence)
    now = hit.evidence.successor
    standing = hit.evidence.standing
    replacement = None
    if now is not None:
        span, replacement = correction(reading.claim, reading.tokens, reading.alignment, hit.span, now)
        hit = replace(hit, span=span)
    if standing is Standing.RETRACTED and now is None:
        reason = (
            f"{fact.source} withdrew {reasons.quoted(fact)}{reasons.because(fact)}, and nothing has taken its place"
        )
        return make(Label.UNSUPPORTED, score, reason, hit, relation=Relation.NEUTRAL, current=None)
    if standing is Standing.FUTURE:
        reason = f"{reasons.quoted(fact)} holds only from {fact.valid.start_text}" + (
            f"; until then {reasons.is_now(now)}" if now else ""
        )
        return make(
            Label.CONTRADICTED, score, reason, hit, relation=Relation.REFUTES, current=now, replacement=replacement
        )
    return make(
        Label.STALE,
        score,
        reasons.until(fact, now, standing),
        hit,
        relation=Relation.REFUTES,
        current=now,
        replacement=replacement,
    )


def _boolean(
    claim: Claim, tokens: Sequence[Token], group: list[Evidence], current: list[Evidence], alignment: Alignment
) -> Verdict | None:
    if not current or alignment.attribute is None:
        return None
    flags = [v for v in said_values(claim, alignment) if v.type is ValueType.BOOLEAN]
    if flags:
        said, span = bool(flags[0].flag), Span(flags[0].start, flags[0].end)
    else:
        norms = {t.norm for t in tokens}
        if not norms & (ASSERTS | NEGATION):
            return None
        said, span = not (norms & NEGATION), alignment.attribute
    fact = fact_of(current[0])
    hit = Hit(current[0], span, 1, False, False, 0)
    if said == bool(parsed(fact.value).flag):
        return make(
            Label.SUPPORTED, alignment.score * 0.9, reasons.says(fact), hit, relation=Relation.SUPPORTS, current=fact
        )
    for piece in group:
        if piece.standing is Standing.SUPERSEDED and bool(parsed(value_of(piece)).flag) == said:
            old = replace(hit, evidence=piece)
            return make(
                Label.STALE,
                alignment.score * 0.9,
                reasons.until(fact_of(piece), fact, piece.standing),
                old,
                relation=Relation.REFUTES,
                current=fact,
            )
    return make(
        Label.CONTRADICTED,
        alignment.score * 0.9,
        f"says otherwise; {reasons.is_now(fact)}",
        hit,
        relation=Relation.REFUTES,
        current=fact,
    )
