"""What only PostgreSQL says so: lists of numbers, versions of facts with their keys, and full text in tsvectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from guardlayer.knowledge.resolve import value_key
from guardlayer.knowledge.sources import interval_of
from guardlayer.knowledge.store import FACT_COLUMNS, Cursor
from guardlayer.knowledge.versions import brief

_FACT = (
    f"INSERT INTO fact ({FACT_COLUMNS}, value_key, brief) "  # noqa: S608 - constants
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_MAX_LEXEME = 500  # the server takes 2,046 bytes
_MAX_PLACES = 16_000  # the server takes 16,383
_UNTOLD = 0.3  # what length adds to the weight a passage is divided by


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

    def holders(self, index: str, word: str, limit: int) -> int:
        """Count up to ``limit``."""
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {index} WHERE words @@ CAST(? AS TSQUERY) LIMIT ?) AS found"  # noqa: S608 - our own names
        return int(self._read(sql, (_lexeme(word), limit))[0][0])

    def match(self, index: str, words: Mapping[str, float], limit: int, *, every: bool) -> list[int]:
        """Rank by the weights of the words that are there, a little by how long the passage is."""
        lexemes = list(map(_lexeme, words))
        found = " + ".join("CASE WHEN words @@ CAST(? AS TSQUERY) THEN CAST(? AS FLOAT8) ELSE 0 END" for _ in words)
        sql = (
            f"SELECT id FROM {index} WHERE words @@ CAST(? AS TSQUERY) "  # noqa: S608 - our own names
            f"ORDER BY ({found}) / (1 + {_UNTOLD} * ln(2 + length(words))) DESC, id DESC LIMIT ?"
        )
        weighed = [part for lexeme, weight in zip(lexemes, words.values(), strict=True) for part in (lexeme, weight)]
        query = (" & " if every else " | ").join(lexemes)
        return [row[0] for row in self._read(sql, (query, *weighed, limit))]

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
