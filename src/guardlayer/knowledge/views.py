"""The keys of one entity as alignment reads them: all versions of each, and the words that speak of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from guardlayer.knowledge.attributes import Phrase
from guardlayer.knowledge.resolve import Placed, place
from guardlayer.text import STOP_WORDS, tokenize
from guardlayer.types import Evidence, Fact, Standing

_MANY = 50
"""Versions from which on a figure of a series has to share its digits with a claim, and not its unit alone."""
_ORDER = {
    Standing.CURRENT: 0,
    Standing.DISPUTED: 1,
    Standing.SUPERSEDED: 2,
    Standing.CORRECTED: 3,
    Standing.RETRACTED: 4,
    Standing.FUTURE: 5,
}


class Key:
    """All versions of one key, with their standing at any instant worked out once between two changes."""

    def __init__(self, versions: tuple[Fact, ...], ways: tuple[Phrase, ...]) -> None:
        self.versions = versions
        self.ways = ways
        self.qualifiers = [frozenset(token.norm for token in tokenize(value)) for _, value in versions[0].qualifiers]
        self.values = [_words((fact.value, *fact.aliases)) for fact in versions]
        self.numeric = all(any(c.isdigit() for c in fact.value) for fact in versions)
        self._figures = self.numeric and len(versions) > _MANY
        bounds = {b for fact in versions for b in (fact.valid.start, fact.valid.end) if b is not None}
        self._changes = sorted(bounds)
        self._placed: dict[int, tuple[Offered, ...]] = {}

    def offered(self, at: datetime) -> tuple[Offered, ...]:
        """Return what may be offered as evidence at an instant, best first."""
        window = bisect_right(self._changes, at)
        known = self._placed.get(window)
        if known is None:
            placed = sorted(place(self.versions, at), key=lambda one: (_ORDER[one.standing], _recency(one.fact)))
            known = self._placed[window] = tuple(
                Offered(one, _telling((one.fact.value, *one.fact.aliases), self._figures)) for one in placed
            )
        return known


class Offered:
    """A version of a key at one instant; the evidence it is, once somebody asks for that.

    Args:
        placed: The version, and what it is worth.
        words: Folded words of its value that tell it from others.
    """

    __slots__ = ("_evidence", "placed", "words")

    def __init__(self, placed: Placed, words: frozenset[str]) -> None:
        self.placed = placed
        self.words = words
        self._evidence: Evidence | None = None

    @property
    def other_ways(self) -> bool:
        """Whether the value may be written otherwise."""
        return any(w[0].isdigit() for w in self.words) or not any(map(str.isupper, self.placed.fact.value))

    @property
    def evidence(self) -> Evidence:
        """The version as evidence."""
        if self._evidence is None:
            fact = self.placed.fact
            self._evidence = Evidence(
                text=fact.text,
                source=fact.source,
                span=fact.span,
                standing=self.placed.standing,
                valid=fact.valid,
                recorded=fact.recorded.start,
                fact=fact,
                successor=self.placed.successor,
            )
        return self._evidence


class Entity:
    """What the ledger holds about one entity, indexed by the words that speak of it."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self.keys = keys
        self.by_stem: dict[str, list[Key]] = {}
        self.acronyms: list[Key] = []
        for view in keys:
            for way in view.ways:
                self.by_stem.setdefault(way.stems[0], []).append(view)
                if way.own and (len(way.stems) > 1 or len(way.stems[0]) <= 5):
                    self.acronyms.append(view)

    def candidates(self, stems: Sequence[str], *, capitals: bool) -> Iterable[Key]:
        """Return the keys that a text with these stems may speak of; ``capitals`` lets acronyms count."""
        found: dict[int, Key] = {}
        for word in stems:
            for view in self.by_stem.get(word, ()):
                found[id(view)] = view
        if capitals:
            for view in self.acronyms:
                found[id(view)] = view
        return found.values()


@lru_cache(maxsize=16_384)
def _words(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(token.norm for name in names for token in tokenize(name))


@lru_cache(maxsize=16_384)
def _telling(names: tuple[str, ...], figures: bool) -> frozenset[str]:
    """Return the words of a value that tell it from others: of one figure among many its digits."""
    words = _words(names) - STOP_WORDS
    return frozenset(word for word in words if any(map(str.isdigit, word))) if figures else words


def _recency(fact: Fact) -> float:
    return -fact.valid.start.timestamp() if fact.valid.start is not None else 0.0
