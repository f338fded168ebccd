"""Vectors of passages, kept beside them and searched in memory.

A vector is kept as 384 signed bytes. Searching compares signs first (48 bytes a passage, a Hamming distance), then the
bytes of the few hundred nearest: a hundred thousand passages take half a millisecond and 45 MB. Vectors belong to the
encoder that made them, and can always be made again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from guardlayer.knowledge.dense.encoder import TextEncoder
from guardlayer.knowledge.store import Store

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH = 256
"""Passages that are encoded and written at a time: what an interruption can lose."""
NEAREST = 400
"""Passages whose signs are nearest, which are then compared in full."""
_LARGEST = 127.0


class _Matrix(NamedTuple):
    """All vectors of one encoder, as of one state of the database.

    Attributes:
        generation: The state.
        ids: Passages, ascending.
        signs: Packed sign bits: a row for each 64 components, a column for each passage, so that each is one sweep.
        values: One row of signed bytes a passage.
        lengths: The length of each of these rows.
    """

    generation: int
    ids: NDArray[Any]
    signs: NDArray[Any]
    values: NDArray[Any]
    lengths: NDArray[Any]

    @classmethod
    def of(cls, generation: int, rows: Sequence[tuple[Any, ...]], before: _Matrix | None) -> _Matrix:
        """Return the vectors of ``rows`` (passage, bytes), after those there were before."""
        import numpy as np

        ids = np.array([int(row[0]) for row in rows], dtype=np.int64)
        joined = b"".join(bytes(row[1]) for row in rows)
        values = np.frombuffer(joined, dtype=np.int8).reshape(len(rows), -1) if rows else np.empty((0, 8), np.int8)
        lengths = np.linalg.norm(values.astype(np.float32), axis=1)
        made = cls(generation, ids, _signs(values), values, lengths)
        if before is None or not len(before.ids):
            return made
        if not rows:
            return before._replace(generation=generation)
        return cls(
            generation,
            np.concatenate((before.ids, made.ids)),
            np.concatenate((before.signs, made.signs), axis=1),
            np.concatenate((before.values, made.values)),
            np.concatenate((before.lengths, made.lengths)),
        )

    def nearest(self, vector: NDArray[Any], count: int) -> NDArray[Any]:
        """Return the rows whose signs are nearest: ``count``, and what is as near as the last of these."""
        import numpy as np

        asked = _signs(vector[None])[:, 0]
        distances = np.zeros(len(self.ids), dtype=np.uint16)
        for row, word in zip(self.signs, asked, strict=True):
            distances += np.bitwise_count(row ^ word)
        within = int(np.searchsorted(np.bincount(distances).cumsum(), min(count, len(self.ids))))
        found: NDArray[Any] = np.flatnonzero(distances <= within)
        if len(found) > 4 * count:  # the same text over and over
            found = np.concatenate((np.flatnonzero(distances < within), np.flatnonzero(distances == within)[-count:]))
        return found


class Near(NamedTuple):
    """Passages by meaning.

    Attributes:
        ids: Their ids, ascending.
        cosines: How near each is.
    """

    ids: NDArray[Any]
    cosines: NDArray[Any]


class DenseIndex:
    """The vectors of a database's passages. Safe to share between threads.

    Args:
        store: The database.
        encoder: Makes the vectors.
    """

    def __init__(self, store: Store, encoder: TextEncoder) -> None:
        self._store = store
        self._encoder = encoder
        self._lock = Lock()
        self._matrix: _Matrix | None = None

    def missing(self) -> int:
        """Return how many passages have no vector yet."""
        rows = self._store.read(
            "SELECT count(*) FROM passage_passage AS p WHERE NOT EXISTS "
            "(SELECT 1 FROM passage_vector AS v WHERE v.passage = p.id AND v.encoder = ?)",
            (self._encoder.digest,),
        )
        return int(rows[0][0])

    def update(self, *, progress: Callable[[int, int], None] | None = None) -> int:
        """Make the vectors that are missing, and return how many were; what was made stays if it is interrupted.

        Args:
            progress: Called with how many are done, and how many there are to do.
        """
        done, wanted = 0, self.missing()
        digest = self._encoder.digest
        last = -1
        while True:
            rows = self._store.read(
                "SELECT p.id, p.lead, p.text FROM passage_passage AS p WHERE p.id > ? AND NOT EXISTS "
                "(SELECT 1 FROM passage_vector AS v WHERE v.passage = p.id AND v.encoder = ?) ORDER BY p.id LIMIT ?",
                (last, digest, BATCH),
            )
            if not rows:
                return done
            last = int(rows[-1][0])
            packed = _packed(self._encoder.encode([_shown(lead, text) for _, lead, text in rows]))
            made = [(int(row[0]), digest, vector) for row, vector in zip(rows, packed, strict=True)]
            with self._store.write() as cursor:
                cursor.executemany(
                    "INSERT INTO passage_vector (passage, encoder, vector) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    made,
                )
            done += len(made)
            if progress is not None:
                progress(done, wanted)

    def search(self, text: str, limit: int) -> list[tuple[int, float]]:
        """Return ids of the passages nearest in meaning with their cosine, best first; none without vectors."""
        import numpy as np

        near = self.near(text, np.empty(0, dtype=np.int64), count=max(NEAREST, 4 * limit))
        order = np.lexsort((near.ids, -near.cosines))[:limit]
        return [(int(near.ids[k]), float(near.cosines[k])) for k in order]

    def near(self, text: str, others: NDArray[Any], *, count: int = NEAREST) -> Near:
        """Return the passages nearest in meaning, and how near some others are that have vectors."""
        import numpy as np

        matrix = self._current()
        if not len(matrix.ids):
            return Near(matrix.ids, np.empty(0, dtype=np.float32))
        vector = self._encoder.encode([text])[0]
        places = np.searchsorted(matrix.ids, others)
        known = np.take(matrix.ids, places, mode="clip") == others
        rows = np.union1d(matrix.nearest(vector, count), places[known])
        cosines = matrix.values[rows].astype(np.float32) @ vector / np.maximum(matrix.lengths[rows], 1e-12)
        return Near(matrix.ids[rows], cosines)

    def _current(self) -> _Matrix:
        """Return the vectors, reading those that are new since last time."""
        generation = self._store.generation
        matrix = self._matrix
        if matrix is not None and matrix.generation == generation:
            return matrix
        with self._lock:
            matrix = self._matrix
            if matrix is not None and matrix.generation == generation:
                return matrix
            digest = self._encoder.digest
            with self._store.snapshot():
                total = self._store.read(
                    "SELECT coalesce(sum(passage), 0) FROM passage_vector WHERE encoder = ?", (digest,)
                )[0][0]
                known = 0 if matrix is None else int(matrix.ids.sum())
                last = -1 if matrix is None or not len(matrix.ids) else int(matrix.ids[-1])
                rows = self._rows(digest, last)
                if matrix is not None and known + sum(int(row[0]) for row in rows) != int(total):
                    matrix, rows = None, self._rows(digest, -1)  # some are gone
            self._matrix = _Matrix.of(generation, rows, matrix)
            return self._matrix

    def _rows(self, digest: str, after: int) -> list[tuple[Any, ...]]:
        return self._store.read(
            "SELECT passage, vector FROM passage_vector WHERE encoder = ? AND passage > ? ORDER BY passage",
            (digest, after),
        )


def _shown(lead: str, text: str) -> str:
    """Return what is encoded of a passage: the headings above it, then its text."""
    return f"{lead}. {text}" if lead else text


def _packed(vectors: NDArray[Any]) -> Sequence[bytes]:
    """Return each vector as signed bytes, its largest component at ±127; length is put right when it is compared."""
    import numpy as np

    largest = np.abs(vectors).max(axis=1, keepdims=True)
    rounded = np.rint(vectors * (_LARGEST / np.maximum(largest, 1e-12))).astype(np.int8)
    return [row.tobytes() for row in rounded]


def _signs(rows: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    bits = np.packbits(rows > 0, axis=1)
    padded = -bits.shape[1] % 8
    if padded:
        bits = np.pad(bits, ((0, 0), (0, padded)))
    return np.ascontiguousarray(np.ascontiguousarray(bits).view(np.uint64).T)
