"""Names and merges as they are written: one open transaction, and nothing forgotten of what was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from guardlayer.errors import IntervalError, KnowledgeError, NotFoundError
from guardlayer.knowledge.entities.merged import Merged
from guardlayer.knowledge.entities.model import Merge
from guardlayer.knowledge.micros import from_micros
from guardlayer.knowledge.sources import columns_of, interval_of
from guardlayer.knowledge.statement import cleaned_name
from guardlayer.knowledge.store import Cursor, Store
from guardlayer.knowledge.writer import Writer
from guardlayer.temporal import Interval, Moment
from guardlayer.text import key

_ALWAYS = -(1 << 62)
"""Transaction time of what was known from the beginning, in microseconds."""

_MERGE = (
    "SELECT m.id, b.name, a.name, m.author, m.reason, m.tx_from, m.tx_to, m.undone_author, m.undone_reason "
    "FROM entity_merge m JOIN entity a ON a.id = m.entity JOIN entity b ON b.id = m.into_entity "
)


class NameWriter:
    """Writes names within one open transaction.

    Args:
        store: The store whose write is open.
        cursor: Of that write.
    """

    def __init__(self, store: Store, cursor: Cursor) -> None:
        self._store = store
        self._cursor = cursor
        self._writer = Writer(store, cursor)

    def narrow(
        self, entity: int, names: Sequence[str], kind: str, scope: tuple[tuple[str, str], ...], valid: Interval
    ) -> None:
        """Let names stand for an entity in a scope, for a time, or hidden; they are created where they are new.

        Raises:
            KnowledgeError: A name stands for it everywhere and always, so that it cannot also be narrower.
        """
        stored = json.dumps(scope, ensure_ascii=False) if scope else "[]"
        for text in names:
            name = cleaned_name(text, what="alias")
            fresh = self._writer.alias(entity, [name])
            alias, preferred = self._all(
                "SELECT id, preferred FROM alias WHERE entity = ? AND norm = ?", (entity, key(name))
            )[0]
            rows = self._all(
                "SELECT kind, scope, valid_from, valid_to FROM entity_name WHERE alias = ? AND tx_to IS NULL", (alias,)
            )
            start, end = columns_of(valid)[:2]
            if (kind, stored, start, end) in rows:
                continue
            if not fresh and not rows:
                raise KnowledgeError(
                    f"{name!r} already stands for its entity everywhere and always"
                    + ("; it is the preferred name" if preferred else "; take the name away first (drop_name)")
                )
            self._name(alias, kind, stored, valid)

    def unseen(self, entity: int, names: Sequence[str]) -> None:
        """Let names be found that are never shown, where they are not names of the entity already."""
        for name in names:
            if not self._all("SELECT 1 FROM alias WHERE entity = ? AND norm = ?", (entity, key(name))):
                self.narrow(entity, [name], "hidden", (), Interval())

    def widen(self, entity: int, names: Sequence[str]) -> None:
        """Let names stand for an entity everywhere and always."""
        for text in names:
            name = cleaned_name(text, what="alias")
            if self._writer.alias(entity, [name]):
                continue
            closed = self._all(
                "SELECT n.id FROM entity_name n JOIN alias a ON a.id = n.alias WHERE a.entity = ? AND a.norm = ? "
                "AND n.tx_to IS NULL AND n.kind <> 'preferred'",
                (entity, key(name)),
            )
            for (number,) in closed:
                self._close(number)

    def rename(self, entity: int, new: str, since: Moment | None, *, author: str | None, reason: str | None) -> None:
        """Give an entity another preferred name from a time on; the old one stays a name of it.

        Raises:
            KnowledgeError: Another entity has that name.
            IntervalError: It had its present name only later.
        """
        alias, old = self._all("SELECT id, text FROM alias WHERE entity = ? AND preferred = 1", (entity,))[0]
        taken = self._all("SELECT entity FROM alias WHERE norm = ? AND preferred = 1", (key(new),))
        if taken and taken[0][0] != entity:
            raise KnowledgeError(
                f"{new!r} is the name of another entity; if the two are one, merge them, else choose another name"
            )
        self._cursor.execute("UPDATE entity SET name = ? WHERE id = ?", (new, entity))
        self._cursor.execute("UPDATE entity_epoch SET changes = changes + 1")
        if key(new) == key(old):  # only another spelling of the same words
            self._cursor.execute("UPDATE alias SET text = ? WHERE id = ?", (new, alias))
            return
        begins = None if since is None else since.start
        rows = self._all(
            "SELECT id, valid_from, valid_to, valid_from_text, valid_to_text FROM entity_name "
            "WHERE alias = ? AND kind = 'preferred' AND tx_to IS NULL ORDER BY id DESC LIMIT 1",
            (alias,),
        )
        had = Interval()
        if rows:
            had = interval_of(*rows[0][1:])
            if begins is not None and had.start is not None and begins <= had.start:
                raise IntervalError(f"{old!r} has been its name since {had.start_text} only; say a later time")
            self._close(rows[0][0])
        else:
            self._name(alias, "preferred", "[]", Interval(), tx=(_ALWAYS, self._writer.at))
        text = None if since is None else since.text
        self._name(
            alias, "preferred", "[]", Interval(had.start, begins, had.start_text, text), author=author, reason=reason
        )
        self._writer.name(entity, new)
        self._cursor.execute("UPDATE alias SET preferred = 0 WHERE entity = ? AND preferred = 1", (entity,))
        self._cursor.execute(
            "UPDATE alias SET preferred = 1, text = ? WHERE entity = ? AND norm = ?", (new, entity, key(new))
        )
        (number,) = self._all("SELECT id FROM alias WHERE entity = ? AND norm = ?", (entity, key(new)))[0]
        for (row,) in self._all(
            "SELECT id FROM entity_name WHERE alias = ? AND kind <> 'preferred' AND tx_to IS NULL", (number,)
        ):
            self._close(row)
        self._name(number, "preferred", "[]", Interval(begins, None, text, None), author=author, reason=reason)

    def drop(self, entity: int, name: str) -> None:
        """Take a name away that never was one of the entity's.

        Raises:
            NotFoundError: It has no such name.
            KnowledgeError: It is, or was, the preferred name.
        """
        rows = self._all("SELECT id, preferred FROM alias WHERE entity = ? AND norm = ?", (entity, key(name)))
        if not rows:
            raise NotFoundError(f"it has no name {name!r}; entity list shows its names")
        alias, preferred = rows[0]
        was = self._all("SELECT 1 FROM entity_name WHERE alias = ? AND kind = 'preferred' LIMIT 1", (alias,))
        if preferred or was:
            raise KnowledgeError(f"{name!r} is or was its preferred name; rename it instead")
        self._cursor.execute("DELETE FROM entity_name WHERE alias = ?", (alias,))
        self._cursor.execute("DELETE FROM alias WHERE id = ?", (alias,))
        self._cursor.execute("UPDATE entity_epoch SET changes = changes + 1")

    def merge(self, into: int, other: int, *, author: str | None, reason: str | None) -> Merge:
        """Let one entity stand for both, until it is undone.

        Raises:
            KnowledgeError: They are one already, or things of different types.
        """
        merged = Merged.read(self._store)
        into, other = merged.canonical(into), merged.canonical(other)
        (first, sort), (second, other_sort) = (
            self._all("SELECT name, type FROM entity WHERE id = ?", (number,))[0] for number in (into, other)
        )
        if into == other:
            raise KnowledgeError(f"{first!r} is one entity already")
        if sort is not None and other_sort is not None and key(sort) != key(other_sort):
            raise KnowledgeError(f"{first!r} is a {sort} and {second!r} a {other_sort}; they cannot be one")
        added = self._all(
            "INSERT INTO entity_merge (entity, into_entity, author, reason, tx_from) VALUES (?, ?, ?, ?, ?) "
            "RETURNING id",
            (other, into, author, reason, self._writer.at),
        )
        self._cursor.execute("UPDATE entity_epoch SET changes = changes + 1")
        return self._merge(int(added[0][0]))

    def unmerge(self, entity: int, *, author: str | None, reason: str | None) -> Merge:
        """Undo the merge of an entity into another one.

        Args:
            entity: The one that was merged, by its own number.
            author: Who undoes it.
            reason: Why.

        Raises:
            NotFoundError: It is not merged.
        """
        rows = self._all("SELECT id FROM entity_merge WHERE entity = ? AND tx_to IS NULL ORDER BY id DESC", (entity,))
        if not rows:
            (name,) = self._all("SELECT name FROM entity WHERE id = ?", (entity,))[0]
            raise NotFoundError(f"{name!r} was not merged into another entity; name the one that was")
        self._cursor.execute(
            "UPDATE entity_merge SET tx_to = ?, undone_author = ?, undone_reason = ? WHERE id = ?",
            (self._writer.at, author, reason, rows[0][0]),
        )
        self._cursor.execute("UPDATE entity_epoch SET changes = changes + 1")
        return self._merge(rows[0][0])

    def _merge(self, number: int) -> Merge:
        return merge_of(self._all(_MERGE + "WHERE m.id = ?", (number,))[0])

    def _name(
        self,
        alias: int,
        kind: str,
        scope: str,
        valid: Interval,
        *,
        tx: tuple[int, int] | None = None,
        author: str | None = None,
        reason: str | None = None,
    ) -> None:
        first, last = tx or (self._writer.at, None)
        self._cursor.execute(
            "INSERT INTO entity_name (alias, kind, scope, valid_from, valid_to, valid_from_text, valid_to_text, "
            "tx_from, tx_to, author, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (alias, kind, scope, *columns_of(valid), first, last, author, reason),
        )
        self._cursor.execute("UPDATE entity_epoch SET changes = changes + 1")

    def _close(self, number: int) -> None:
        self._cursor.execute("UPDATE entity_name SET tx_to = ? WHERE id = ?", (self._writer.at, number))
        self._cursor.execute("UPDATE entity_epoch SET changes = changes + 1")

    def _all(self, sql: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._cursor.execute(sql, params).fetchall()
        return rows


def merges_of(store: Store) -> tuple[Merge, ...]:
    """Return every merge, those that were undone too, oldest first."""
    return tuple(merge_of(row) for row in store.read(_MERGE + "ORDER BY m.id"))


def merge_of(row: tuple[Any, ...]) -> Merge:
    """Build a merge from its row."""
    at, undone = row[5:7]
    done: datetime | None = None if undone is None else from_micros(undone)
    return Merge(int(row[0]), row[1], row[2], row[3], row[4], from_micros(at), done, row[7], row[8])
