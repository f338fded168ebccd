"""One open write: statements run, and what PostgreSQL needs to be told before they are committed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Self

from guardlayer.knowledge.postgres.connections import Connection
from guardlayer.knowledge.postgres.dialect import compared
from guardlayer.knowledge.postgres.translate import statement

_INSERT = re.compile(
    r"\s*INSERT\s+INTO\s+(\w+)\s*\(([^)]*)\)\s*(VALUES\s*\(\?(?:\s*,\s*\?)*\)\s*)?(.*)", re.IGNORECASE | re.DOTALL
)
_UNKEYED = "SELECT id, value, valid_from, valid_to, valid_from_text, valid_to_text FROM fact WHERE value_key IS NULL"
_SELECT = re.compile(r"\s*SELECT\b", re.IGNORECASE)
_BATCH = 10_000
_WAITING = 10_000  # rows that may wait
_MANY = 20  # rows from which they are copied rather than inserted one by one
_ANALYZED = 2_000  # rows copied into a table in one write, from which on the planner has to hear of them
_COMPARED = ("value", "valid_from", "valid_to", "valid_from_text", "valid_to_text")


class _Insert(NamedTuple):
    """What a statement inserts.

    Attributes:
        table: Into which table.
        columns: Values of which columns.
        plain: Whether it inserts its parameters and no more.
    """

    table: str = ""
    columns: tuple[str, ...] = ()
    plain: bool = False

    @property
    def unkeyed(self) -> bool:
        """Whether it writes facts without what they are compared by."""
        return self.table == "fact" and "value_key" not in self.columns


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
        self._copied: dict[str, int] = {}
        self._unkeyed = False
        self._behind: dict[str, list[Sequence[Any]]] = {}
        self._waiting = 0
        self._answered = False

    def execute(self, sql: str, params: Sequence[Any] = (), /) -> Self:
        """Run a statement; a row that is merely added may wait until something asks for it, or many of them do."""
        insert = _insert(sql)
        if insert.plain:
            self._answered = False
            self._behind.setdefault(sql, []).append(params)
            self.changed = True
            self._waiting += 1
            if self._waiting >= _WAITING:
                self._write()
            return self
        if self._waiting and (not _SELECT.match(sql) or any(_asks(sql, _insert(kept).table) for kept in self._behind)):
            self._write()
        self._cursor.execute(statement(sql), params or None)
        self._answered = True
        self._note(sql)
        return self

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> Self:
        """Run a statement for each row."""
        self._write()
        self._many(sql, list(rows))
        return self

    def glance(self, sql: str, params: Sequence[Any] = (), /) -> list[tuple[Any, ...]]:
        """Run a query without writing first what waits."""
        return self._connection.execute(statement(sql), params or None).fetchall()

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows of the last statement."""
        return self._cursor.fetchall() if self._answered and self._cursor.description else []

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row of the last statement."""
        return self._cursor.fetchone() if self._answered and self._cursor.description else None

    def read(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run a query beside the statements."""
        self._write()
        return self._connection.execute(statement(sql), params or None).fetchall()

    def settle(self) -> None:
        """Complete what was written in words of SQLite's: what facts are compared by, and where ids go on."""
        self._write()
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
        for table, copied in self._copied.items():
            # Until the server counts for itself it takes the partial indexes for small, and reads them whole.
            if copied >= _ANALYZED:
                self._connection.execute(f"ANALYZE {table}".encode())

    def _write(self) -> None:
        """Write what waits: a table before those that refer to it."""
        if not self._waiting:
            return
        behind, self._behind, self._waiting = self._behind, {}, 0
        for sql in sorted(behind, key=lambda sql: _ranks().get(_insert(sql).table, len(behind) + 1_000)):
            self._many(sql, behind[sql])

    def _many(self, sql: str, rows: list[Sequence[Any]]) -> None:
        insert = _insert(sql)
        self._answered = False
        if insert.plain and len(rows) >= _MANY:
            self._copy(insert, rows)
        elif rows:
            self._cursor.executemany(statement(sql), rows)
            self._note(sql)

    def _note(self, sql: str) -> None:
        if self._cursor.rowcount > 0 and not (self._cursor.statusmessage or "").startswith("SELECT"):
            self.changed = True
        insert = _insert(sql)
        if "id" in insert.columns:
            self._numbered.add(insert.table)
        self._unkeyed = self._unkeyed or insert.unkeyed

    def _copy(self, insert: _Insert, rows: list[Sequence[Any]]) -> None:
        """Write many rows in one stream."""
        columns = insert.columns
        if insert.unkeyed:
            places = [columns.index(name) for name in _COMPARED]
            columns = (*columns, "value_key", "brief")
            rows = [(*row, *compared(*(row[place] for place in places))) for row in rows]
        listed = ", ".join(f'"{name}"' for name in columns)
        with self._cursor.copy(f"COPY {insert.table} ({listed}) FROM STDIN".encode()) as stream:
            for row in rows:
                stream.write_row(row)
        self.changed = True
        self._copied[insert.table] = self._copied.get(insert.table, 0) + len(rows)
        if "id" in columns:
            self._numbered.add(insert.table)


@lru_cache(maxsize=1)
def _ranks() -> dict[str, int]:
    from guardlayer.knowledge.catalogue import tables  # which opens an SQLite database to find out

    return {table.name: number for number, table in enumerate(tables())}


@lru_cache(maxsize=4096)
def _asks(sql: str, table: str) -> bool:
    """Say whether a query reads a table, or a view that may rest on it."""
    return re.search(rf"\b({table}|change)\b", sql, re.IGNORECASE) is not None


@lru_cache(maxsize=1024)
def _insert(sql: str) -> _Insert:
    found = _INSERT.match(sql)
    if found is None:
        return _Insert()
    columns = tuple(column.strip().strip('"').lower() for column in found[2].split(","))
    plain = bool(found[3]) and not found[4] and found[3].count("?") == len(columns)
    if found[1].lower() == "fact":
        plain = plain and {*_COMPARED}.issubset(columns)
    return _Insert(found[1].lower(), columns, plain)
