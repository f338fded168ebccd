"""What a live authority has ruled: evidence that comes with its relation to the claim, which no text can overrule."""

from __future__ import annotations

from collections.abc import Sequence

from guardlayer.types import Claim, Evidence, Label, Relation, Verdict

NAME = "ruled/1"
OPERATIONS = frozenset({"policy", "query"})
"""Facts that were not recorded but asked for just now: of a policy engine, of a live database."""


def ruled(claim: Claim, evidence: Sequence[Evidence]) -> Verdict | None:  # noqa: ARG001 - the relation was found by who answered
    """Return the verdict of the live authorities, or ``None`` where none of the evidence is a ruling.

    A claim that several rulings bear on is supported only if all of them support it. A fact without a value is a
    database that was asked and knows of none: *unsupported*, and the reason says so.
    """
    asked = [piece for piece in evidence if piece.fact is not None and piece.fact.operation in OPERATIONS]
    rulings = [piece for piece in asked if piece.relation is not Relation.NEUTRAL]
    if not rulings:
        empty = next((piece for piece in asked if piece.fact is not None and not piece.fact.value), None)
        return None if empty is None else Verdict(Label.UNSUPPORTED, 1.0, empty.text, (empty,), verifier=NAME)
    against = [piece for piece in rulings if piece.relation is Relation.REFUTES]
    decisive = (against or rulings)[0]
    others = tuple(piece for piece in rulings if piece is not decisive)
    label = Label.CONTRADICTED if against else Label.SUPPORTED
    score = decisive.alignment.score if decisive.alignment is not None else 1.0
    return Verdict(label, score, decisive.text, (decisive, *others), decisive.fact, NAME)
