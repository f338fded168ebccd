"""Retrieval by meaning, beside retrieval by words: used as soon as a database holds vectors.

Vectors are made by :meth:`Meaning.embed`, once; from then on what is ingested gets its own, and every search uses both
ways. A database without vectors is searched by words alone, and neither loads an encoder nor needs one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from guardlayer.errors import ConfigError
from guardlayer.knowledge.ranking import Hit
from guardlayer.knowledge.store import Store
from guardlayer.knowledge.words import Asked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from guardlayer.knowledge.dense import DenseIndex, TextEncoder

_WORDS = 0.4
"""Weight of shared words against meaning; chosen on claims of a training split, where 0.35 to 0.5 did alike."""
_BEYOND = 0.05
_BY_WORDS = 300
"""Passages found by words whose meaning is looked at."""
_OF_EACH = 4


class Meaning:
    """The vectors of a database, where it has them. Safe to share between threads.

    Args:
        store: The database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._index: DenseIndex | None = None
        self._given = False
        self._seen = -1

    def embed(self, *, encoder: TextEncoder | None = None, progress: Callable[[int, int], None] | None = None) -> int:
        """Make the vectors that are missing, and search by them from now on.

        Args:
            encoder: Makes them; ``None`` is the one that ships with the package.
            progress: Called with how many are done, and how many there are to do.

        Returns:
            How many were made.

        Raises:
            ConfigError: There is no encoder in this installation.
        """
        from guardlayer.knowledge.dense import SHIPPED, DenseIndex, ShippedEncoder

        if encoder is None:
            if not ShippedEncoder.available(SHIPPED):
                raise ConfigError(
                    f"there is no encoder in {SHIPPED}; install a wheel of guardlayer-facts, or give your own"
                )
            encoder = ShippedEncoder(SHIPPED)
        with self._lock:
            self._index, self._given = DenseIndex(self._store, encoder), True
            index = self._index
        return index.update(progress=progress)

    def refresh(self) -> None:
        """Make the vectors of what was ingested, where the database has vectors at all."""
        index = self._current()
        if index is not None and not self._store.writing:
            index.update()

    def search(self, text: str, limit: int) -> list[tuple[int, float]]:
        """Return ids of the passages nearest in meaning with their cosine, best first; none without vectors."""
        index = self._current()
        return [] if index is None else index.search(text, limit)

    def near(self, text: str, asked: Asked) -> Judged | None:
        """Weigh meaning and words together; ``None`` without vectors.

        Args:
            text: What is looked for.
            asked: What its words found.
        """
        import numpy as np

        index = self._current()
        if index is None:
            return None
        by_words = [found.best(_BY_WORDS) for found in asked.found]
        others = np.concatenate(by_words) if by_words else np.empty(0, dtype=np.int64)
        near = index.near(text, others)
        if not len(near.ids):
            return None
        ids = np.union1d(near.ids, others)
        cosines = np.full(len(ids), near.cosines.min() - _BEYOND)  # what has no vector yet
        cosines[np.searchsorted(ids, near.ids)] = near.cosines
        shares = np.zeros(len(ids))
        for found in asked.found:
            places = np.searchsorted(found.ids, ids)
            held = np.take(found.ids, places, mode="clip") == ids
            shares[held] = found.shares[places[held]]
        return Judged(ids, shares, cosines)

    def _current(self) -> DenseIndex | None:
        generation = self._store.generation
        if self._given or generation == self._seen:
            return self._index
        with self._lock:
            if not self._store.read("SELECT 1 FROM passage_vector LIMIT 1"):
                self._index = None
            elif self._index is None:
                self._index = _shipped(self._store)
            self._seen = generation
            return self._index


def _shipped(store: Store) -> DenseIndex | None:
    """Return the index of the shipped encoder, if it is here and made vectors of this database."""
    from guardlayer.knowledge.dense import SHIPPED, DenseIndex, ShippedEncoder

    if not ShippedEncoder.available(SHIPPED):
        return None
    encoder = ShippedEncoder(SHIPPED)
    made = store.read("SELECT 1 FROM passage_vector WHERE encoder = ? LIMIT 1", (encoder.digest,))
    return DenseIndex(store, encoder) if made else None


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found by words and by meaning.

    Attributes:
        ids: Passages, ascending.
        shares: How much of the text's information each holds, common words not counted.
        cosines: How near each is in meaning.
    """

    ids: NDArray[Any]
    shares: NDArray[Any]
    cosines: NDArray[Any]

    def likely(self, asked: Asked, count: int) -> list[int]:
        """Return the ids worth reading: the best by both, and of each index the best few by words."""
        import numpy as np

        both = _WORDS * self.shares + (1 - _WORDS) * self.cosines
        ids = set(self.ids[np.lexsort((-self.ids, -both))[:count]].tolist())
        return sorted(ids.union(*(found.best(_OF_EACH).tolist() for found in asked.found)))

    def ordered(self, hits: Sequence[Hit]) -> tuple[list[Hit], list[float]]:
        """Return the hits by words and meaning weighed together, with the cosine of each."""
        cosines = dict(zip(self.ids.tolist(), self.cosines.tolist(), strict=True))
        ordered = sorted(hits, key=lambda hit: -(_WORDS * hit.evidence.score + (1 - _WORDS) * cosines[hit.id]))
        return ordered, [cosines[hit.id] for hit in ordered]
