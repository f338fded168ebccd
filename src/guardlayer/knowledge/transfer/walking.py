"""Walk all tables: every row read in one order, written as it was, and what follows from the rest worked out again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from guardlayer.errors import InputError
from guardlayer.knowledge.catalogue import COUNTERS, Table, tables
from guardlayer.knowledge.ranking import index_text
from guardlayer.knowledge.store import Cursor, Store

PAGE = 5_000
"""Rows read or written at a time."""

Row = tuple[Any, ...]


def rows(store: Store, table: Table) -> Iterator[Row]:
    """Yield every row of a table, by ascending key, page by page. Hold a snapshot where others write meanwhile."""
    if table.name in COUNTERS:
        yield from store.read(f"SELECT {table.listed} FROM {table.name}")  # noqa: S608 - our own names
        return
    names = [column.name for column in table.columns]
    places = [names.index(name) for name in table.key]
    keyed = ", ".join(f'"{name}"' for name in table.key)
    after = f"WHERE ({keyed}) > ({', '.join('?' * len(places))}) "
    page: list[Row] = []
    while True:
        last = [page[-1][place] for place in places] if page else []
        where = after if page else ""
        sql = f"SELECT {table.listed} FROM {table.name} {where}{table.ordered()} LIMIT {PAGE}"  # noqa: S608 - our own names
        page = store.read(sql, last)
        yield from page
        if len(page) < PAGE:
            return


def fill(cursor: Cursor, table: Table, given: Iterable[Row], columns: Sequence[str] | None = None) -> int:
    """Write rows into a table as they are, within an open write, and return how many.

    Args:
        cursor: Of the open write.
        table: The table.
        given: The rows.
        columns: What their values are; not given, the table's columns in their order.
    """
    names = [column.name for column in table.columns] if columns is None else list(columns)
    listed = ", ".join(f'"{name}"' for name in names)
    sql = f"INSERT INTO {table.name} ({listed}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - our own names
    if table.name in COUNTERS:
        cursor.execute(f"DELETE FROM {table.name}")  # noqa: S608 - our own names
    source, written = iter(given), 0
    while page := list(islice(source, PAGE)):
        cursor.executemany(sql, page)
        written += len(page)
    return written


def rebuild(store: Store, cursor: Cursor) -> int:
    """Fill the full-text indexes from the passages, within an open write, and return how many passages there are."""
    last, count = 0, 0
    while True:
        page = cursor.execute(
            f"SELECT id, text, lead, closed FROM passage_passage WHERE id > ? ORDER BY id LIMIT {PAGE}",  # noqa: S608 - a number
            (last,),
        ).fetchall()
        for index, closed in (("passage_open", False), ("passage_former", True)):
            found = [
                (id_, index_text(text), index_text(lead))
                for id_, text, lead, until in page
                if (until is not None) is closed
            ]
            if found:
                store.dialect.index(cursor, index, found)
        count += len(page)
        if len(page) < PAGE:
            return count
        last = page[-1][0]


def require_empty(store: Store) -> None:
    """Require a database into which nothing was written yet.

    Raises:
        InputError: It holds something; the message names what.
    """
    for table in tables():
        if table.name not in COUNTERS and store.read(f"SELECT 1 FROM {table.name} LIMIT 1"):  # noqa: S608 - our own names
            raise InputError(
                f"{store.name} holds something already (in {table.name}); take a new database, so that ids stay as "
                "they are"
            )


Progress = Callable[[int, int, str], None]
"""Called as ``progress(rows_done, rows_in_all, table)``."""


def count(store: Store) -> dict[str, int]:
    """Return how many rows each table has."""
    return {
        table.name: int(store.read(f"SELECT count(*) FROM {table.name}")[0][0])  # noqa: S608 - our own names
        for table in tables()
    }
