"""What one write has added so far, and what it will ask next, so that a long file needs few questions to the database.

A new entity has no keys but those that were just written, and a new key no facts but those: neither is looked up. Of
what was there before, names, keys and versions are looked up a thousand rows at a time, ahead of those rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from guardlayer.knowledge.store import Cursor
from guardlayer.knowledge.versions import ROW, Row, row_of

_KEPT = 200_000
"""Facts of new keys that are remembered; beyond that the database is asked."""
_AT_ONCE = 500
_MOST = 20_000
"""Versions read at once; keys with more than their share are asked one by one."""


class Fresh:
    """What is new in one write, and what was looked up for its next rows.

    Args:
        cursor: Of the write.

    Attributes:
        rows: All versions of keys that are new, or were looked up and have not been written to since.
        attributes: The attribute of each of these keys.
    """

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self.rows: dict[int, list[Row]] = {}
        self.attributes: dict[int, int] = {}
        self._entities: set[int] = set()  # those that are new
        self._keys: dict[tuple[int, int, str], int] = {}  # those that are new
        self._kept = 0
        self._names: dict[str, list[tuple[int, int]]] = {}
        self._looked_up: dict[str, list[tuple[int, int]]] = {}
        self._found: dict[tuple[int, int, str], int] = {}
        self._of: tuple[set[int], set[int]] = (set(), set())  # entities and attributes whose keys were looked up
        self._written: set[int] = set()  # keys that the database may not hold whole: what was written to them waits
        self._again: list[int] = []
        self._next: dict[str, int] = {}

    # Ahead of the rows ------------------------------------------------------------------------------------------

    def look_up(self, norms: Iterable[str]) -> None:
        """Ask for many names at once; those that were asked for before are forgotten."""
        wanted = list(dict.fromkeys(norms))
        self._looked_up = {norm: [] for norm in wanted}
        for some, marks in chunks(wanted):
            sql = f"SELECT norm, entity, preferred FROM alias WHERE norm IN ({marks}) ORDER BY preferred DESC, id"  # noqa: S608 - marks
            for norm, entity, preferred in self._cursor.glance(sql, some):
                self._looked_up[norm].append((entity, preferred))

    def look_up_keys(self, attributes: Iterable[str]) -> None:
        """Ask for the keys of the entities whose names were looked up, and for their versions, at once.

        Args:
            attributes: Names of the attributes that will be said of them.
        """
        for number in set(self._found.values()):
            self.rows.pop(number, None)
            self.attributes.pop(number, None)
        self._found = {}
        entities = {entity for bearers in self._looked_up.values() for entity, _ in bearers} - self._entities
        of: set[int] = set()
        for some, marks in chunks(dict.fromkeys(attributes)):
            sql = f"SELECT DISTINCT attribute FROM synonym WHERE norm IN ({marks})"  # noqa: S608 - marks
            of.update(number for (number,) in self._cursor.glance(sql, some))
        self._of = (entities, of) if len(of) <= _AT_ONCE else (set(), set())
        if not of or len(of) > _AT_ONCE:
            return
        among = ", ".join("?" * len(of))
        for some, marks in chunks(sorted(entities)):
            where = f"WHERE entity IN ({marks}) AND attribute IN ({among})"
            sql = f"SELECT entity, attribute, norm, id FROM fact_key {where}"  # noqa: S608 - marks
            for entity, attribute, norm, number in self._cursor.glance(sql, [*some, *sorted(of)]):
                if (entity, attribute, norm) not in self._keys:
                    self._found[entity, attribute, norm] = number
                    self.attributes[number] = attribute
        self._read(number for number in self._found.values() if number not in self._written)

    def read_again(self, keys: Iterable[int]) -> None:
        """Read the versions of keys that were written to, as they are now; those of the last time are forgotten."""
        for number in self._again:
            self.rows.pop(number, None)
        wanted = self._again = [number for number in keys if number not in self.rows]
        if wanted:
            self._cursor.execute("SELECT 1 FROM fact WHERE id = 0")  # what waits is written before facts are asked for
            self._read(wanted)

    def _read(self, keys: Iterable[int]) -> None:
        for some, marks in chunks(keys):
            sql = ROW + f"WHERE f.key IN ({marks}) ORDER BY f.key, f.id LIMIT {_MOST}"
            rows = [row_of(row) for row in self._cursor.glance(sql, some)]
            cut = rows[-1].key if len(rows) == _MOST else None  # of this one, and those after it, not all was read
            if cut is None:
                self.rows.update((number, []) for number in some)
            for row in rows:
                if row.key != cut:
                    self.rows.setdefault(row.key, []).append(row)

    # Names and keys ---------------------------------------------------------------------------------------------

    def named(self, norm: str, sql: str) -> list[tuple[int, int]]:
        """Return what a name stands for, preferred first.

        Args:
            norm: The name.
            sql: The question, for a name that was not looked up.
        """
        known = self._looked_up.get(norm)
        if known is None:
            known = [(entity, preferred) for entity, preferred in self._cursor.glance(sql, (norm,))]
        added = [row for row in self._names.get(norm, ()) if row not in known]
        return sorted([*known, *added], key=lambda row: -row[1])

    def entity(self, name: str, norm: str) -> int:
        """Add an entity under a name that stands for nothing yet."""
        number = self._number("entity")
        self._cursor.execute("INSERT INTO entity (id, name) VALUES (?, ?)", (number, name))
        self._entities.add(number)
        self._add(number, norm, name, preferred=1)
        return number

    def alias(self, entity: int, norm: str, name: str) -> bool:
        """Let a name stand for an entity too; say whether it did not before."""
        sql = "SELECT entity, preferred FROM alias WHERE norm = ? ORDER BY preferred DESC"
        if any(number == entity for number, _ in self.named(norm, sql)):
            return False
        self._add(entity, norm, name, preferred=0)
        return True

    def key(self, entity: int, attribute: int, norm: str, qualifiers: str) -> tuple[int, bool]:
        """Return a key, created where there is none, and whether it was."""
        place = (entity, attribute, norm)
        known = self._keys.get(place) or self._found.get(place)
        if known is not None:
            return known, False
        if entity not in self._entities and not (entity in self._of[0] and attribute in self._of[1]):
            sql = "SELECT id FROM fact_key WHERE entity = ? AND attribute = ? AND norm = ?"
            if found := self._cursor.glance(sql, place):
                return int(found[0][0]), False
        number = self._keys[place] = self._number("fact_key")
        self._cursor.execute(
            "INSERT INTO fact_key (id, entity, attribute, norm, qualifiers) VALUES (?, ?, ?, ?, ?)",
            (number, *place, qualifiers),
        )
        self.rows[number], self.attributes[number] = [], attribute
        return number, True

    # Facts ------------------------------------------------------------------------------------------------------

    def add(self, row: Row) -> None:
        """Remember the first version of a fact, if all versions of its key are remembered."""
        self._written.add(row.key)
        known = self.rows.get(row.key)
        if known is None:
            return
        known.append(row)
        self._kept += 1
        if self._kept > _KEPT:
            self.rows.clear()
            self._kept = 0

    def forget(self, key: int) -> None:
        """Ask the database again about a key, a version of which was closed."""
        self._written.add(key)
        self.rows.pop(key, None)

    def _add(self, entity: int, norm: str, name: str, *, preferred: int) -> None:
        self._cursor.execute(
            "INSERT INTO alias (id, entity, norm, text, preferred) VALUES (?, ?, ?, ?, ?)",
            (self._number("alias"), entity, norm, name, preferred),
        )
        self._names.setdefault(norm, []).append((entity, preferred))

    def _number(self, table: str) -> int:
        if table not in self._next:
            sql = f"SELECT coalesce(max(id), 0) FROM {table}"  # noqa: S608 - our own names
            self._next[table] = int(self._cursor.execute(sql).fetchall()[0][0])
        self._next[table] += 1
        return self._next[table]


def chunks(values: Iterable[Any]) -> Iterator[tuple[list[Any], str]]:
    """Yield values some hundred at a time, each with as many marks."""
    rest = iter(values)
    while some := list(islice(rest, _AT_ONCE)):
        yield some, ", ".join("?" * len(some))
