"""Puts the marks into a pair of texts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from guardlayer.verifiers.marks.missing import missing_names
from guardlayer.verifiers.marks.reading import quantities
from guardlayer.verifiers.marks.relating import relate

# A source that writes "[SEP]" or a mark must not speak to the model in its own tokens.
_TOKEN = re.compile(r"\[(?=(?:unused\d+|SEP|CLS|PAD|MASK|UNK)\])", re.IGNORECASE)
_ESCAPES = (("-LRB-", "("), ("-RRB-", ")"), ("-LSB-", "["), ("-RSB-", "]"), ("``", '"'), ("''", '"'))


@dataclass(frozen=True, slots=True)
class MarkedPair:
    """Evidence and claim as the model reads them.

    Attributes:
        evidence: The evidence with its marks.
        claim: The claim with its marks.
        marks: The claim's marks, left to right.
    """

    evidence: str
    claim: str
    marks: tuple[str, ...]


def mark(evidence: str, claim: str) -> MarkedPair:
    """Mark the quantities, dates, ordinals and names of a pair.

    Args:
        evidence: The text to judge by.
        claim: What was said.

    Returns:
        Both texts with their marks; without any, they are as they were given.
    """
    evidence, claim = _plain(evidence), _plain(claim)
    said = quantities(claim)
    on_evidence, on_claim = relate(quantities(evidence), said) if said else ([], [])
    on_claim = sorted(on_claim + missing_names(evidence, claim))
    if not on_claim:
        return MarkedPair(evidence, claim, ())
    return MarkedPair(_put(evidence, on_evidence), _put(claim, on_claim), tuple(name for _, name in on_claim))


def _plain(text: str) -> str:
    """Undo the bracket and quote escapes of corpora cut into words for a parser, and disarm the model's own tokens."""
    if "-RRB-" in text or "-LRB-" in text or "``" in text or "-LSB-" in text:
        for escape, plain in _ESCAPES:
            text = text.replace(escape, plain)
    return _TOKEN.sub("(", text) if "[" in text else text


def _put(text: str, marks: list[tuple[int, str]]) -> str:
    for position, name in sorted(marks, reverse=True):
        text = f"{text[:position]} {name} {text[position:].lstrip(' ')}"
    return text.rstrip(" ")
