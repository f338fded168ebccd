"""Retrieval by meaning, beside retrieval by words: used as soon as a database holds vectors.

Vectors are made by :meth:`Meaning.embed`, once; from then on what is ingested gets its own, and every search uses both
ways. A database without vectors is searched by words alone, and neither loads an encoder nor needs one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING

from guardlayer.errors import ConfigError
from guardlayer.knowledge.ranking import Hit
from guardlayer.knowledge.store import Store

if TYPE_CHECKING:
    from guardlayer.knowledge.dense import DenseIndex, TextEncoder

_WORDS = 0.4
"""Weight of shared words against meaning; chosen on claims of a training split, where 0.35 to 0.5 did alike."""
_BEYOND = 0.05


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


def fused(hits: Sequence[Hit], near: Sequence[tuple[int, float]]) -> list[Hit]:
    """Order hits by the words they share and by how near they are in meaning, weighed together.

    Args:
        hits: What was found, each with the share of the words it holds.
        near: By meaning, best first, with the cosine; what is not among them counts a little less than the last.
    """
    cosines = dict(near)
    beyond = min(cosines.values(), default=0.0) - _BEYOND
    return sorted(hits, key=lambda hit: -(_WORDS * hit.evidence.score + (1 - _WORDS) * cosines.get(hit.id, beyond)))
