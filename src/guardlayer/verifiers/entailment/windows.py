"""What the network reads of a text that is longer than it can read: windows of whole sentences, the nearest first."""

from __future__ import annotations

import re
from collections.abc import Sequence

from guardlayer.text import sentences

WORDS = 80
"""Words of a window: what fits beside a claim into the network's 128 tokens."""
MAX_CHARACTERS = 2_000
"""Code points of a window that are read: many times what fits, so that only what is no prose is cut here."""
LONG_CLAIM = 12
"""Words above which a claim of several sentences is judged sentence by sentence."""
_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return _WORD.findall(text.lower())


def parts(claim: str) -> list[str]:
    """Return the sentences of a claim, each of which must be supported; the whole of a short one."""
    if len(claim.split()) <= LONG_CLAIM:
        return [claim]
    return [claim[start:end] for start, end in sentences(claim)] or [claim]


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
