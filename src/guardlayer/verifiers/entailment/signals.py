"""What the words of a pair say beside the network: features of the combiner, and the second signal of a refutation."""

from __future__ import annotations

from math import log1p

from guardlayer.verifiers.entailment.network import Reading
from guardlayer.verifiers.entailment.windows import words
from guardlayer.verifiers.lexical_features import Features
from guardlayer.verifiers.marks import ABS, EQ, MISS, NEAR, NEQ, SAT, SUM, VIO

_COUNTED = (SAT, VIO, EQ, NEQ, NEAR, ABS, SUM, MISS)
NAMES = (
    "support",
    "refute",
    "certain",
    "coverage",
    "missing",
    "names",
    "number",
    "date",
    "unit",
    "negation",
    "modality",
    "direction",
    *(f"mark {name}" for name in ("sat", "vio", "eq", "neq", "near", "abs", "sum", "miss")),
    "overlap",
    "letters",
    "said",
    "given",
)
"""Names of the features, in order; the combiner is fitted on these and no others."""


def vector(reading: Reading, found: Features, evidence: str, claim: str) -> list[float]:
    """Return the features of a pair, one for each of :data:`NAMES`."""
    supports, neutral, refutes = reading.logits
    said, given = words(claim), words(evidence)
    held = set(given)
    return [
        supports - neutral,
        refutes - neutral,
        supports - refutes,
        found.coverage,
        float(min(len(found.missing), 6)),
        float(min(len(found.names), 3)),
        float(found.number is not None),
        float(found.date is not None),
        float(found.unit is not None),
        float(found.negation),
        float(found.modality is not None),
        float(found.direction is not None),
        *(float(min(reading.marks.count(name), 3)) for name in _COUNTED),
        sum(word in held for word in said) / len(said) if said else 0.0,
        _letters(claim, evidence),
        log1p(len(said)),
        log1p(len(given)),
    ]


def _letters(claim: str, evidence: str) -> float:
    """Return the share of the claim's runs of four letters that the evidence has: words in other inflections."""
    said, given = _runs(claim), _runs(evidence)
    return len(said & given) / len(said) if said else 0.0


def _runs(text: str) -> set[str]:
    low = text.lower()
    return {low[i : i + 4] for i in range(len(low) - 3)}


def against(reading: Reading, found: Features) -> tuple[str, ...]:
    """Return what speaks against the claim beside the network; empty if nothing does.

    Values of one sort that differ, a comparator that fails, a name that the evidence lacks, one-sided negation, modals
    or directions that exclude one another.
    """
    signals = list(found.conflicts)
    if not signals and (VIO in reading.marks or NEQ in reading.marks):
        signals.append("a quantity")
    if MISS in reading.marks:
        signals.append("a name")
    return tuple(signals)
