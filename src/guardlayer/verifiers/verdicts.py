"""How a verdict over facts is made: the label, what it rests on, and where it stands in the claim."""

from __future__ import annotations

from dataclasses import replace

from guardlayer.types import Fact, Label, Relation, Verdict
from guardlayer.verifiers.asserted import Hit

NAME = "structured/1"


def make(
    label: Label,
    score: float,
    reason: str,
    hit: Hit,
    *,
    relation: Relation,
    current: Fact | None,
    replacement: str | None = None,
) -> Verdict:
    """Return a verdict of the structured verifier."""
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
