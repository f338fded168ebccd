"""The tables of a knowledge layer, as whoever walks all of them needs to know them: copies, exports, erasure, checks.

They are read from the migrations themselves, so a table that is added to them is walked without a word here. What can
be worked out from other tables (full-text indexes, what one database keeps for itself) is not among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from guardlayer.knowledge.sqlite import SqliteStore
from guardlayer.temporal import utc_now

COUNTERS = frozenset({"tick", "passage_state", "entity_epoch"})
"""Tables with one row, which is there from the beginning."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: Its name; quote it where it may be a word of SQL.
        kind: ``INTEGER``, ``TEXT``, ``BLOB`` or ``REAL``.
        nullable: Whether it may be empty.
        place: Its place in the primary key, from 1; 0 if it is no part of it.
    """

    name: str
    kind: str
    nullable: bool
    place: int

    @property
    def quoted(self) -> str:
        """The name as SQL takes it."""
        return f'"{self.name}"'


@dataclass(frozen=True, slots=True)
class Reference:
    """A column whose values are those of a column elsewhere."""

    column: str
    table: str
    target: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table that holds what cannot be worked out from others.

    Attributes:
        name: Its name.
        columns: Its columns, in their order.
        references: What they refer to.
    """

    name: str
    columns: tuple[Column, ...]
    references: tuple[Reference, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key, in their order; all columns where there is none."""
        keyed = sorted((column.place, column.name) for column in self.columns if column.place)
        return tuple(name for _, name in keyed) or tuple(column.name for column in self.columns)

    @property
    def texts(self) -> tuple[Column, ...]:
        """The columns that may hold text."""
        return tuple(column for column in self.columns if column.kind in ("TEXT", "BLOB"))

    @property
    def listed(self) -> str:
        """The names of all columns, as SQL takes them."""
        return ", ".join(column.quoted for column in self.columns)

    def ordered(self) -> str:
        """Return an ORDER BY clause that gives the rows one order."""
        return "ORDER BY " + ", ".join(f'"{name}"' for name in self.key)


@lru_cache(maxsize=1)
def tables() -> tuple[Table, ...]:
    """Return every table, each after those it refers to: the order in which rows can be written."""
    with SqliteStore.at(":memory:", clock=utc_now, read_only=False, busy_timeout_ms=0) as store:
        listed = store.read("SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")
        virtual = [name for name, sql in listed if sql.upper().startswith("CREATE VIRTUAL")]
        found = {
            name: _table(store, name)
            for name, _ in listed
            if name not in virtual and not any(name.startswith(f"{owner}_") for owner in virtual)
        }
    return tuple(_in_order(found))


def table(name: str) -> Table:
    """Return one table by its name."""
    return next(one for one in tables() if one.name == name)


def _table(store: SqliteStore, name: str) -> Table:
    columns = store.read('SELECT name, type, "notnull", pk FROM pragma_table_info(?) ORDER BY cid', (name,))
    keys = store.read('SELECT "from", "table", "to" FROM pragma_foreign_key_list(?) ORDER BY id', (name,))
    return Table(
        name,
        tuple(Column(column, kind, not (required or place), place) for column, kind, required, place in columns),
        tuple(Reference(column, target, to or "id") for column, target, to in keys),
    )


def _in_order(found: dict[str, Table]) -> Iterator[Table]:
    done: set[str] = set()
    left = list(found.values())
    while left:
        ready = [one for one in left if all(r.table in done or r.table == one.name for r in one.references)]
        yield from ready
        done.update(one.name for one in ready)
        left = [one for one in left if one.name not in done]
