"""How a text longer than the network reads is judged: split the claim, take the weakest part's best window."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from guardlayer.text import sentences
from tools.entailment.metrics import softmax
from tools.entailment.retrieval import words

Judge = Callable[[str, str], Sequence[float]]
"""Gives the logits of (evidence, claim)."""
WORDS = 80
"""Words of a window: what fits beside a claim into the network's 128 tokens."""


def cut(evidence: str, *, limit: int = WORDS) -> list[str]:
    """Cut evidence into windows of whole sentences; each window begins with the last sentence of the one before."""
    if len(evidence.split()) <= limit:
        return [evidence]
    found: list[str] = []
    window: list[str] = []
    fresh = False
    for start, end in sentences(evidence):
        text = evidence[start:end]
        if window and sum(len(part.split()) for part in window) + len(text.split()) > limit:
            found.append(" ".join(window))
            window = window[-1:] if len(window[-1].split()) < limit // 2 else []
        window.append(text)
        fresh = True
    if window and fresh:
        found.append(" ".join(window))
    return found


def nearest(windows: Sequence[str], claim: str, count: int) -> list[str]:
    """Return the windows that share most words with the claim, the best one first."""
    said = set(words(claim))
    ranked = sorted(range(len(windows)), key=lambda i: (-len(said & set(words(windows[i]))), i))
    return [windows[i] for i in ranked[:count]]


def chances(judge: Judge, evidence: str, claim: str, *, count: int) -> tuple[float, float, float]:
    """Return how likely the evidence supports, leaves open and refutes the claim.

    The minimum over the claim's sentences of the maximum over the ``count`` nearest windows supports; the maximum
    over both refutes, as far as support leaves room.
    """
    windows = cut(evidence)
    parts = [claim[start:end] for start, end in sentences(claim)] if len(claim.split()) > 12 else [claim]
    support, refute = 1.0, 0.0
    for part in parts or [claim]:
        rows = [softmax(judge(window, part)) for window in nearest(windows, part, count)]
        support = min(support, max(row[0] for row in rows))
        best = max(rows, key=lambda row: 1 - row[1])
        refute = max(refute, best[2])
    refute = min(refute, 1 - support)
    return support, 1 - support - refute, refute
