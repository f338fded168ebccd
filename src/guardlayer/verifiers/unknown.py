"""Values that the ledger never gave for a key: what a claim says instead, and that it is wrong.

A guess about what the words mean, and so a careful one: the claim must assert the value, now, in the key's own
scope; otherwise nothing is called wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from guardlayer.text import Token
from guardlayer.types import Alignment, Claim, Evidence, Label, Relation, Span, Verdict
from guardlayer.verifiers import reasons, stance
from guardlayer.verifiers.asserted import (
    Hit,
    fact_of,
    is_change,
    name_slot,
    other_scope,
    parsed,
    said_values,
    stated,
    value_of,
)
from guardlayer.verifiers.correcting import correction
from guardlayer.verifiers.stance import Stance
from guardlayer.verifiers.values import Match, compare
from guardlayer.verifiers.verdicts import make


def other_value(claim: Claim, tokens: Sequence[Token], current: list[Evidence], alignment: Alignment) -> Verdict | None:
    """The claim gives a value of the right type that the ledger never gave for this key."""
    if not current or alignment.attribute is None:
        return None
    facts = [(piece, parsed(value_of(piece))) for piece in current]
    wrong = [
        value
        for value in said_values(claim, alignment)
        if all(compare(value, true) is Match.DIFFERENT for _, true in facts)
        and not is_change(claim, value)
        and not stance.former_quantity(claim, value)
        and _is_asserted(tokens, alignment, stated(value))
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


def other_name(claim: Claim, tokens: Sequence[Token], current: list[Evidence], alignment: Alignment) -> Verdict | None:
    """The claim puts a name where the value belongs, and it is none the ledger ever gave for this key."""
    if not _one_value(current) or alignment.attribute is None or alignment.tense == "past" or alignment.score < 0.75:
        return None
    fact = fact_of(current[0])
    if not fact.value[:1].isupper():
        return None
    span = name_slot(claim, tokens, alignment, several=" " in fact.value)
    if span is None or not _is_asserted(tokens, alignment, span):
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
    return make(
        Label.CONTRADICTED,
        score * alignment.score,
        reason,
        replace(hit, span=span),
        relation=Relation.REFUTES,
        current=fact,
        replacement=replacement,
    )


def _is_asserted(tokens: Sequence[Token], alignment: Alignment, span: Span) -> bool:
    return (
        stance.stance_of(tokens, alignment, span) is Stance.ASSERTED
        and not stance.negated(tokens, alignment, span)
        and not stance.elsewhere(tokens, alignment, span)
    )


def _one_value(facts: list[Evidence]) -> bool:
    return len({value_of(piece).casefold() for piece in facts}) == 1
