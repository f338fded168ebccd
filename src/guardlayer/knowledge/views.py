"""The keys of one entity as alignment reads them: all versions of each, and the words that speak of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from guardlayer.knowledge.attributes import Phrase
from guardlayer.knowledge.resolve import place
from guardlayer.text import STOP_WORDS, tokenize
from guardlayer.types import Evidence, Fact, Standing

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
        self.values = [
            frozenset(token.norm for name in (fact.value, *fact.aliases) for token in tokenize(name))
            for fact in versions
        ]
        self.numeric = all(any(c.isdigit() for c in fact.value) for fact in versions)
        bounds = {b for fact in versions for b in (fact.valid.start, fact.valid.end) if b is not None}
        self._changes = sorted(bounds)
        self._placed: dict[int, tuple[tuple[Evidence, frozenset[str], bool], ...]] = {}

    def evidence(self, at: datetime) -> tuple[tuple[Evidence, frozenset[str], bool], ...]:
        """Return (evidence, folded words of the value, whether the value may be written otherwise), best first."""
        window = bisect_right(self._changes, at)
        known = self._placed.get(window)
        if known is None:
            known = self._placed[window] = tuple(
                sorted(self._build(at), key=lambda item: (_ORDER[item[0].standing], _recency(item[0])))
            )
        return known

    def _build(self, at: datetime) -> Iterator[tuple[Evidence, frozenset[str], bool]]:
        values = {(fact.value, fact.aliases): words for fact, words in zip(self.versions, self.values, strict=True)}
        for placed in place(self.versions, at):
            fact = placed.fact
            words = values[fact.value, fact.aliases] - STOP_WORDS
            evidence = Evidence(
                text=fact.text,
                source=fact.source,
                span=fact.span,
                standing=placed.standing,
                valid=fact.valid,
                recorded=fact.recorded.start,
                fact=fact,
                successor=placed.successor,
            )
            other_ways = any(w[0].isdigit() for w in words) or not any(c.isupper() for c in fact.value)
            yield evidence, words, other_ways


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


def _recency(evidence: Evidence) -> float:
    return -evidence.valid.start.timestamp() if evidence.valid.start is not None else 0.0
