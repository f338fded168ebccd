"""What every stage passes on: one pair of evidence and claim with its label."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Label(IntEnum):
    """What the evidence says of the claim; the first three are the model's outputs in this order."""

    SUPPORTS = 0
    NEUTRAL = 1
    REFUTES = 2
    NOT_SUPPORTS = 3
    """Neutral or refuted, unknown which; trained with a marginal loss."""


LABELS = {
    "entailment": Label.SUPPORTS,
    "neutral": Label.NEUTRAL,
    "contradiction": Label.REFUTES,
    "not_entailment": Label.NOT_SUPPORTS,
}
"""The names of the labels in the data folder."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair to train or measure on.

    Attributes:
        evidence: The text to judge by.
        claim: What was said.
        label: What the evidence says of the claim.
        source: Name of the set, or of the construction, that it comes from.
        twin: Name of the group whose members must share a batch; empty for a pair of its own.
    """

    evidence: str
    claim: str
    label: Label
    source: str
    twin: str = ""
