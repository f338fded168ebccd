"""Which new passage took the place of which that vanished."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

from guardlayer.text import search_terms

SIMILAR = 0.3
"""Least share of common words between a passage and the one that takes its place."""
_OF_TEXT = 0.15  # least share of the words that are their own, what stands above left out
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
    """Pair each vanished passage with the new one that shares most of its words, where one shares enough.

    What stands above counts, but a heading alone that two passages have in common makes neither of them the other's
    successor.
    """
    words = {new.id: (_terms(new.text), _terms(f"{new.lead} {new.text}")) for new in added} if gone else {}
    holders: dict[str, list[int]] = defaultdict(list)
    for id_, (terms, _) in words.items():
        for term in terms:
            holders[term].append(id_)
    pairs: dict[int, int] = {}
    for old in gone:
        terms, all_terms = _terms(old.text), _terms(f"{old.lead} {old.text}")
        near = {id_ for term in terms if len(holders.get(term, ())) <= _COMMON for id_ in holders.get(term, ())}
        best = (0.0, 0.0, 0)
        for id_ in near:
            of_text, of_all = _share(terms, words[id_][0]), _share(all_terms, words[id_][1])
            if of_text >= _OF_TEXT and of_all >= alike:
                best = max(best, (of_all, of_text, -id_))
        if best[0]:
            pairs[old.id] = -best[2]
    return pairs


def _terms(text: str) -> frozenset[str]:
    return frozenset(search_terms(text))


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)
