"""How a text longer than the network reads is judged by the network alone: the weakest part's best window."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from guardlayer.verifiers.entailment.windows import cut, nearest, parts
from tools.entailment.metrics import softmax

__all__ = ["Judge", "chances", "cut", "nearest"]

Judge = Callable[[str, str], Sequence[float]]
"""Gives the logits of (evidence, claim)."""


def chances(judge: Judge, evidence: str, claim: str, *, count: int) -> tuple[float, float, float]:
    """Return how likely the evidence supports, leaves open and refutes the claim.

    The minimum over the claim's sentences of the maximum over the ``count`` nearest windows supports; the maximum
    over both refutes, as far as support leaves room.
    """
    windows = cut(evidence)
    support, refute = 1.0, 0.0
    for part in parts(claim):
        rows = [softmax(judge(window, part)) for window in nearest(windows, part, count)]
        support = min(support, max(row[0] for row in rows))
        best = max(rows, key=lambda row: 1 - row[1])
        refute = max(refute, best[2])
    refute = min(refute, 1 - support)
    return support, 1 - support - refute, refute
