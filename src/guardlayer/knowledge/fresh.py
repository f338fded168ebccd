"""What one write has added so far, so that a long file asks the database only about what was there before it.

A new entity has no keys but those that were just written, and a new key no facts but those: neither is looked up. Names
are looked up a thousand at a time, ahead of the rows that say them.
"""

from __future__ import annotations

from collections.abc import Iterable

from guardlayer.knowledge.store import Cursor
from guardlayer.knowledge.versions import Row

_KEPT = 200_000
"""Facts of new keys that are remembered; beyond that the database is asked."""
_AT_ONCE = 500


class Fresh:
    """What is new in one write.

    Args:
        cursor: Of the write.

    Attributes:
        entities: Entities that are new.
        rows: All versions of keys that are new.
        attributes: The attribute of each of these keys.
    """

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self.entities: set[int] = set()
        self.rows: dict[int, list[Row]] = {}
        self.attributes: dict[int, int] = {}
        self._keys: dict[tuple[int, int, str], int] = {}
        self._key_of: dict[int, int] = {}
        self._names: dict[str, list[tuple[int, int]]] = {}
        self._looked_up: dict[str, list[tuple[int, int]]] = {}
        self._next: dict[str, int] = {}

    def look_up(self, norms: Iterable[str]) -> None:
        """Ask for many names at once; those that were asked for before are forgotten."""
        wanted = list(dict.fromkeys(norms))
        self._looked_up = {norm: [] for norm in wanted}
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            sql = f"SELECT norm, entity, preferred FROM alias WHERE norm IN ({marks}) ORDER BY preferred DESC, id"  # noqa: S608 - marks
            for norm, entity, preferred in self._cursor.glance(sql, some):
                self._looked_up[norm].append((entity, preferred))

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
        self.entities.add(number)
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
        """Return a key of a new entity, and whether it is new."""
        place = (entity, attribute, norm)
        known = self._keys.get(place)
        if known is not None:
            return known, False
        number = self._keys[place] = self._number("fact_key")
        self._cursor.execute(
            "INSERT INTO fact_key (id, entity, attribute, norm, qualifiers) VALUES (?, ?, ?, ?, ?)",
            (number, *place, qualifiers),
        )
        self.rows[number], self.attributes[number] = [], attribute
        return number, True

    def add(self, row: Row) -> None:
        """Remember the first version of a fact, if its key is new."""
        known = self.rows.get(row.key)
        if known is None:
            return
        known.append(row)
        self._key_of[row.fact] = row.key
        if len(self._key_of) > _KEPT:
            self.rows.clear()
            self._key_of.clear()

    def forget(self, fact: int) -> None:
        """Ask the database again about the key of a fact, one of whose versions was closed."""
        self.rows.pop(self._key_of.get(fact, 0), None)

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
