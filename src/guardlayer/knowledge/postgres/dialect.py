"""What only PostgreSQL says so: lists of numbers, versions of facts with their keys, and full text in tsvectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from guardlayer.knowledge.resolve import value_key
from guardlayer.knowledge.sources import interval_of
from guardlayer.knowledge.store import FACT_COLUMNS, Cursor
from guardlayer.knowledge.versions import brief

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FACT = (
    f"INSERT INTO fact ({FACT_COLUMNS}, value_key, brief) "  # noqa: S608 - constants
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_MAX_LEXEME = 500  # the server takes 2,046 bytes
_MAX_PLACES = 16_000  # the server takes 16,383


class PostgresDialect:
    """The operations of :class:`guardlayer.knowledge.store.Dialect`.

    Args:
        read: Runs a query.
    """

    def __init__(self, read: Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]) -> None:
        self._read = read

    def numbers(self, name: str) -> str:
        """Unfold an array."""
        return f"unnest(CAST(? AS BIGINT[])) AS {name} (value)"

    def numbers_param(self, numbers: Sequence[int]) -> list[int]:
        """An array is a list."""
        return list(numbers)

    def record_version(self, cursor: Cursor, row: tuple[Any, ...]) -> None:
        """Write one version of a fact, with what the rule of one value compares."""
        cursor.execute(_FACT, (*row, *compared(row[3], *row[5:9])))

    def index(self, cursor: Cursor, index: str, rows: Sequence[tuple[int, str, str]]) -> None:
        """Add passages; the words are ours, so no parser of the server reads them again."""
        cursor.executemany(
            f"INSERT INTO {index} (id, words) VALUES (?, ?)",  # noqa: S608 - our own names
            [(id_, _vector(text, lead)) for id_, text, lead in rows],
        )

    def unindex(self, cursor: Cursor, index: str, ids: Sequence[int]) -> None:
        """Take passages out."""
        cursor.execute(f"DELETE FROM {index} WHERE id = ANY(CAST(? AS BIGINT[]))", (list(ids),))  # noqa: S608 - our own names

    def holders(self, index: str, word: str, limit: int) -> NDArray[Any]:
        """Read them as one array."""
        import numpy as np

        found = f"SELECT id FROM {index} WHERE words @@ CAST(? AS TSQUERY) LIMIT ?"  # noqa: S608 - our own names
        ids = self._read(f"SELECT array_agg(id) FROM ({found}) AS found", (_lexeme(word), limit))[0][0]  # noqa: S608 - our own names
        return np.sort(np.array(ids or (), dtype=np.int64))

    def rename_source(self, cursor: Cursor, old: str, new: str) -> None:
        """Rename it where the rule of one value compares it."""
        cursor.execute("UPDATE fact_hold SET source = ? WHERE source = ?", (new, old))

    def indexed(self, index: str) -> list[int]:
        """Read the ids."""
        return [row[0] for row in self._read(f"SELECT id FROM {index} ORDER BY id", ())]  # noqa: S608 - our own names

    def newest(self, index: str, words: Sequence[str], limit: int) -> list[int]:
        """Rank by id."""
        sql = f"SELECT id FROM {index} WHERE words @@ CAST(? AS TSQUERY) ORDER BY id DESC LIMIT ?"  # noqa: S608 - our own names
        return [row[0] for row in self._read(sql, (" & ".join(map(_lexeme, words)), limit))]


def compared(
    value: str, start: int | None, end: int | None, start_text: str | None, end_text: str | None
) -> tuple[str, int]:
    """Return the columns ``value_key`` and ``brief`` of a version."""
    return value_key(value), int(brief(interval_of(start, end, start_text, end_text)))


def _vector(text: str, lead: str) -> str:
    places: dict[str, list[str]] = {}
    for weight, words in (("A", text.split()), ("B", lead.split())):
        for word in words:
            known = places.setdefault(word[:_MAX_LEXEME], [])
            if not known:
                known.append(f"{min(len(places), _MAX_PLACES)}{weight}")
    return " ".join(f"{_lexeme(word)}:{','.join(known)}" for word, known in places.items())


def _lexeme(word: str) -> str:
    """Return a word quoted, as tsvector and tsquery read it (PostgreSQL, 8.11 Text Search Types)."""
    return "'" + word[:_MAX_LEXEME].replace("\\", "\\\\").replace("'", "''") + "'"
