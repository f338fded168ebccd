"""Which new passage took the place of which that vanished."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

from guardlayer.text import search_terms

SIMILAR = 0.3
"""Least share of common words between a passage and the one that takes its place."""
_COMMON = 50  # a word that stands in more new passages than this tells none of them apart


class Worded(Protocol):
    """A passage, as far as its words go."""

    @property
    def id(self) -> int:
        """What it is known by."""
        ...

    @property
    def text(self) -> str:
        """What it says."""
        ...

    @property
    def lead(self) -> str:
        """What stands above it."""
        ...


def successors(gone: Sequence[Worded], added: Sequence[Worded], *, alike: float = SIMILAR) -> dict[int, int]:
    """Pair each vanished passage with the new one that shares most of its words, where one shares enough."""
    words = {new.id: set(search_terms(f"{new.lead} {new.text}")) for new in added} if gone else {}
    holders: dict[str, list[int]] = defaultdict(list)
    for id_, terms in words.items():
        for term in terms:
            holders[term].append(id_)
    pairs: dict[int, int] = {}
    for old in gone:
        terms = set(search_terms(f"{old.lead} {old.text}"))
        near = {id_ for term in terms if len(holders.get(term, ())) <= _COMMON for id_ in holders.get(term, ())}
        shares = ((len(terms & words[id_]) / len(terms | words[id_]), -id_) for id_ in near)
        share, negative = max(shares, default=(0.0, 0))
        if share >= alike:
            pairs[old.id] = -negative
    return pairs
