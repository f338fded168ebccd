"""What the network reads of a text that is longer than it can read: windows of whole sentences, the nearest first."""

from __future__ import annotations

import re
from collections.abc import Sequence

from guardlayer.text import sentences
from guardlayer.verifiers.lexical_succession import plain

WORDS = 80
"""Words of a window: what fits beside a claim into the network's 128 tokens."""
MAX_CHARACTERS = 2_000
"""Code points of a window that are read: many times what fits, so that only what is no prose is cut here."""
LONG_CLAIM = 12
"""Words above which a claim of several sentences is judged sentence by sentence."""
_WORD = re.compile(r"[^\W_]+")
_MARKS = re.compile(
    r"^[ \t]*(?:[-*+>]|#{1,6}|!!!(?:[ \t]+\w+)?|\d{1,3}[.)])[ \t]+"
    r"|</?(?:a|b|br|code|div|em|i|kbd|li|ol|p|small|span|strong|sub|sup|td|th|tr|u|ul)/?>",
    re.MULTILINE,
)
"""Signs of Markdown and HTML that no one says: of lists, quotations, headings and notes, and plain tags."""


def words(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return _WORD.findall(text.lower())


def said(text: str) -> str:
    """Return a passage as somebody would read it aloud: without the signs of Markdown and HTML."""
    return _MARKS.sub("", plain(text))


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
