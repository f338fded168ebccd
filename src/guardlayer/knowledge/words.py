"""Retrieval by words: which passages hold the words of a text, and how much of what it says these are.

The ids of the passages that hold a word are asked of the full-text index once, and kept until something is ingested.
Adding up the weights of a text's words over them costs next to nothing, gives the same on every database, and counts
every word that is rare enough to tell anything. (An index that ranks takes its time from each passage it ranks.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from guardlayer.knowledge.ranking import terms_of
from guardlayer.knowledge.store import Store
from guardlayer.text import term_weight

if TYPE_CHECKING:
    from numpy.typing import NDArray

COMMON = 3000
"""Passages a word may stand in before finding by it costs more than it tells; words are counted up to this."""
_MAX_TERMS = 64
_UNRANKED = 64  # newest passages read where every word of the text is common
_KEPT = 2_000_000  # ids kept at most
_KEPT_WORDS = 50_000


class _Holders(NamedTuple):
    """The passages that hold a word: how many, counted up to :data:`COMMON`, and which, unless it is that common."""

    number: int
    ids: NDArray[Any] | None


@dataclass(slots=True)
class _Index:
    """One full-text index as of one epoch; the passages of a word are looked up once and kept."""

    table: str
    size: int
    holders: dict[str, _Holders] = field(default_factory=dict)
    kept: int = 0


@dataclass(frozen=True, slots=True)
class _State:
    generation: int
    epoch: int
    indexes: tuple[_Index, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Passages of one index that hold words of a text.

    Attributes:
        ids: Their ids, ascending.
        shares: How much of the text's information each holds, 0 to 1, common words not counted.
    """

    ids: NDArray[Any]
    shares: NDArray[Any]

    def best(self, count: int) -> NDArray[Any]:
        """Return the ids of those that hold most, the newer of two that hold as much; in no order."""
        import numpy as np

        if len(self.ids) <= count:
            return self.ids
        least = np.partition(self.shares, -count)[-count]
        more, alike = self.ids[self.shares > least], self.ids[self.shares == least]
        return np.concatenate((more, alike[len(alike) - (count - len(more)) :]))


@dataclass(frozen=True, slots=True)
class Asked:
    """What was found by the words of a text.

    Attributes:
        weights: What each word counts.
        found: By index, current passages first.
    """

    weights: dict[str, float]
    found: tuple[Found, ...]


class Words:
    """The full-text indexes of a database: of the passages that stand, and of those that stood.

    Args:
        store: The open database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._state = _State(-1, -1, ())

    def count(self) -> int:
        """Return how many passages stand now, superseded ones not counted."""
        return sum(index.size for index in self._current().indexes if index.table == "passage_open")

    def ask(self, text: str) -> Asked:
        """Find the passages that hold words of ``text``; nothing in it is read as query syntax."""
        indexes = self._current().indexes
        terms = list(dict.fromkeys(terms_of(text)))[:_MAX_TERMS] if indexes else []
        held = [[self._holders(index, term) for term in terms] for index in indexes]
        size = sum(index.size for index in indexes)
        weights = {
            term: term_weight(term, holders=sum(one[place].number for one in held), size=size)
            for place, term in enumerate(terms)
        }
        pairs = zip(indexes, held, strict=True)
        return Asked(weights, tuple(one for pair in pairs for one in self._found(*pair, weights)))

    def _found(self, index: _Index, held: Sequence[_Holders], weights: dict[str, float]) -> Iterator[Found]:
        import numpy as np

        total = sum(weights.values())
        rare = [(one.ids, weight) for one, weight in zip(held, weights.values(), strict=True) if one.ids is not None]
        rare = [(ids, weight) for ids, weight in rare if len(ids)]
        if rare:
            ids = np.concatenate([ids for ids, _ in rare])
            first = int(ids.min())
            parts = np.repeat([weight / total for _, weight in rare], [len(ids) for ids, _ in rare])
            shares = np.bincount(ids - first, weights=parts)
            places = np.flatnonzero(shares)
            yield Found(places + first, shares[places])
            return
        common = sorted((one.number, term) for one, term in zip(held, weights, strict=True) if one.number)
        if common:
            # A text's numbers are what it may have wrong: they do not decide alone what is looked at.
            common.sort(key=lambda entry: (entry[1][0].isdigit(), entry[0]))
            pair = [term for _, term in common[:2]]
            ids = np.array(sorted(self._store.dialect.newest(index.table, pair, _UNRANKED)), dtype=np.int64)
            yield Found(ids, np.full(len(ids), sum(weights[term] for term in pair) / total))

    def _holders(self, index: _Index, term: str) -> _Holders:
        held = index.holders.get(term)
        if held is None:
            ids = self._store.dialect.holders(index.table, term, COMMON)
            held = _Holders(len(ids), ids if len(ids) < COMMON else None)
            if index.kept > _KEPT or len(index.holders) > _KEPT_WORDS:
                index.holders, index.kept = {}, 0
            index.holders[term] = held
            index.kept += 0 if held.ids is None else len(held.ids)
        return held

    def _current(self) -> _State:
        """Return the state of the indexes, read again only when something was written."""
        generation = -2 if self._store.writing else self._store.generation
        state = self._state
        if state.generation == generation and generation != -2:
            return state
        opened, former, epoch = self._store.read("SELECT open, former, epoch FROM passage_state")[0]
        if state.epoch == epoch and generation != -2:
            state = _State(generation, epoch, state.indexes)
        else:
            sizes = (("passage_open", opened), ("passage_former", former))
            state = _State(generation, epoch, tuple(_Index(table, size) for table, size in sizes if size))
        if generation != -2:
            self._state = state
        return state
