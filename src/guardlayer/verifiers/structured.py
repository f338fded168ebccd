"""Stage 1: what a claim says about a key, compared with what the ledger says.

The evidence comes aligned: its entity and attribute were found in the claim. What is left to find is the value the
claim asserts. Without alignment there is no verdict; with it there is one only if the claim asserts a value that can be
compared. The verdict always names the fact version it rests on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from guardlayer.text import Token, tokenize
from guardlayer.types import Alignment, Claim, Evidence, Fact, Label, Relation, Span, Standing, Verdict
from guardlayer.verifiers import reasons
from guardlayer.verifiers.asserted import (
    ASSERTS,
    NEGATION,
    Hit,
    covers,
    fact_of,
    is_change,
    name_hits,
    name_slot,
    other_scope,
    parsed,
    said_values,
    stated,
    typed_hits,
    value_of,
)
from guardlayer.verifiers.correcting import correction
from guardlayer.verifiers.names import Strength
from guardlayer.verifiers.values import Match, ValueType, compare

NAME = "structured/1"


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
    typed = value.type is not ValueType.NAME
    hits = typed_hits(claim, group, alignment) if typed else name_hits(tokens, group, alignment)
    verdict = _from_hits(claim, tokens, hits, alignment, disputed)
    if verdict is not None:
        return verdict
    if typed:
        return _other_value(claim, tokens, current, alignment)
    return _other_name(claim, tokens, current, alignment)


def _from_hits(
    claim: Claim, tokens: Sequence[Token], hits: list[Hit], alignment: Alignment, disputed: list[Evidence]
) -> Verdict | None:
    asserted = [hit for hit in hits if not hit.aside] or []
    if not asserted:
        return None
    best = min(asserted, key=lambda h: (h.negated, -h.strength, _RANK[h.evidence.standing], h.place))
    firsts = [h for h in asserted if _RANK[h.evidence.standing] == 0]
    # A value that is true now is what a claim says, even if it mentions one that was.
    hit = min(firsts, key=lambda h: (h.negated, -h.strength)) if firsts else best
    fact = fact_of(hit.evidence)
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
    return _outdated(claim, tokens, hit, score)


_RANK = {
    Standing.CURRENT: 0,
    Standing.DISPUTED: 1,
    Standing.SUPERSEDED: 2,
    Standing.CORRECTED: 3,
    Standing.RETRACTED: 4,
    Standing.FUTURE: 5,
}


def _outdated(claim: Claim, tokens: Sequence[Token], hit: Hit, score: float) -> Verdict:
    fact = fact_of(hit.evidence)
    now = hit.evidence.successor
    standing = hit.evidence.standing
    replacement = None
    alignment = hit.evidence.alignment
    if now is not None and alignment is not None:
        span, replacement = correction(claim, tokens, alignment, hit.span, now)
        hit = replace(hit, span=span)
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


def _negated(hit: Hit, fact: Fact, score: float) -> Verdict:
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


def _other_value(
    claim: Claim, tokens: Sequence[Token], current: list[Evidence], alignment: Alignment
) -> Verdict | None:
    """The claim gives a value of the right type that the ledger never gave for this key."""
    if not current or alignment.attribute is None:
        return None
    facts = [(piece, parsed(value_of(piece))) for piece in current]
    wrong = [
        value
        for value in said_values(claim, alignment)
        if all(compare(value, true) is Match.DIFFERENT for _, true in facts) and not is_change(claim, value)
    ]
    if not wrong:
        return None
    near = alignment.attribute.end
    value = min(wrong, key=lambda v: (v.start < near, abs(v.start - near)))
    piece = facts[0][0]
    fact = fact_of(piece)
    if alignment.tense == "past" and fact.valid.start is not None:
        return None  # it speaks of a time before the ledger's first version
    hit = Hit(piece, stated(value), 1, False, False, value.start)
    if other_scope(tokens, alignment, hit.span):
        return None
    reason = f"says {value.text}; {reasons.is_now(fact)}"
    return _contradicted(claim, tokens, alignment, hit, reason, score=0.9, fits=_one_value(current))


def _one_value(facts: list[Evidence]) -> bool:
    return len({value_of(piece).casefold() for piece in facts}) == 1


def _other_name(claim: Claim, tokens: Sequence[Token], current: list[Evidence], alignment: Alignment) -> Verdict | None:
    """The claim puts a name where the value belongs, and it is none the ledger ever gave for this key."""
    if not _one_value(current) or alignment.attribute is None or alignment.tense == "past" or alignment.score < 0.75:
        return None
    fact = fact_of(current[0])
    if not fact.value[:1].isupper():
        return None
    span = name_slot(claim, tokens, alignment, several=" " in fact.value)
    if span is None:
        return None
    hit = Hit(current[0], span, 1, False, False, 0)
    reason = f"says {span.slice(claim.text)}; {reasons.is_now(fact)}, and no earlier version said so"
    return _contradicted(claim, tokens, alignment, hit, reason, score=0.75, fits=True)


def _contradicted(
    claim: Claim,
    tokens: Sequence[Token],
    alignment: Alignment,
    hit: Hit,
    reason: str,
    *,
    score: float,
    fits: bool,
) -> Verdict:
    fact = fact_of(hit.evidence)
    span, replacement = correction(claim, tokens, alignment, hit.span, fact) if fits else (hit.span, None)
    return _make(
        Label.CONTRADICTED,
        score * alignment.score,
        reason,
        replace(hit, span=span),
        relation=Relation.REFUTES,
        current=fact,
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
        return _make(
            Label.SUPPORTED, alignment.score * 0.9, reasons.says(fact), hit, relation=Relation.SUPPORTS, current=fact
        )
    for piece in group:
        if piece.standing is Standing.SUPERSEDED and bool(parsed(value_of(piece)).flag) == said:
            old = replace(hit, evidence=piece)
            return _make(
                Label.STALE,
                alignment.score * 0.9,
                reasons.until(fact_of(piece), fact, piece.standing),
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


def _make(
    label: Label,
    score: float,
    reason: str,
    hit: Hit,
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
