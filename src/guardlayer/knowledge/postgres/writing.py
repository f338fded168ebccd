"""One open write: statements run, and what PostgreSQL needs to be told before they are committed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Self

from guardlayer.knowledge.postgres.connections import Connection
from guardlayer.knowledge.postgres.dialect import compared
from guardlayer.knowledge.postgres.translate import statement

_INSERT = re.compile(r"\s*INSERT\s+INTO\s+(\w+)\s*\(([^)]*)\)", re.IGNORECASE)
_UNKEYED = "SELECT id, value, valid_from, valid_to, valid_from_text, valid_to_text FROM fact WHERE value_key IS NULL"
_BATCH = 10_000


class _Insert(NamedTuple):
    """What a statement inserts: a table whose ids it gives itself, and whether facts without what is compared."""

    numbered: str | None = None
    unkeyed: bool = False


class PostgresCursor:
    """Runs the statements of one write.

    Args:
        connection: In the transaction.

    Attributes:
        changed: Whether a row was written.
    """

    def __init__(self, connection: Connection) -> None:
        self.changed = False
        self._connection = connection
        self._cursor = connection.cursor()
        self._numbered: set[str] = set()
        self._unkeyed = False

    def execute(self, sql: str, params: Sequence[Any] = (), /) -> Self:
        """Run a statement."""
        self._cursor.execute(statement(sql), params or None)
        self._note(sql)
        return self

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> Self:
        """Run a statement for each row."""
        listed = list(rows)
        if listed:
            self._cursor.executemany(statement(sql), listed)
            self._note(sql)
        return self

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows of the last statement."""
        return self._cursor.fetchall() if self._cursor.description else []

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row of the last statement."""
        return self._cursor.fetchone() if self._cursor.description else None

    def read(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run a query beside the statements."""
        return self._connection.execute(statement(sql), params or None).fetchall()

    def settle(self) -> None:
        """Complete what was written in words of SQLite's: what facts are compared by, and where ids go on."""
        if self._unkeyed:
            while rows := self._connection.execute(f"{_UNKEYED} LIMIT {_BATCH}".encode()).fetchall():
                self._cursor.executemany(
                    b"UPDATE fact SET value_key = $1, brief = $2 WHERE id = $3",
                    [(*compared(*rest), id_) for id_, *rest in rows],
                )
        for table in sorted(self._numbered):
            # A table whose ids are always given has no sequence.
            self._connection.execute(
                f"SELECT setval(s, (SELECT coalesce(max(id), 1) FROM {table})) "  # noqa: S608 - a table of our own
                f"FROM pg_get_serial_sequence('{table}', 'id') AS s WHERE s IS NOT NULL".encode()
            )

    def _note(self, sql: str) -> None:
        if self._cursor.rowcount > 0 and not (self._cursor.statusmessage or "").startswith("SELECT"):
            self.changed = True
        numbered, unkeyed = _insert(sql)
        if numbered:
            self._numbered.add(numbered)
        self._unkeyed = self._unkeyed or unkeyed


@lru_cache(maxsize=1024)
def _insert(sql: str) -> _Insert:
    found = _INSERT.match(sql)
    if found is None:
        return _Insert()
    table, columns = found[1].lower(), {column.strip().strip('"').lower() for column in found[2].split(",")}
    return _Insert(table if "id" in columns else None, table == "fact" and "value_key" not in columns)
