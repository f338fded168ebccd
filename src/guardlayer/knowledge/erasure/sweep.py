"""Take somebody out of every table, within one write.

What is about them is deleted: their names, facts under their keys, facts whose value, qualifier or attribute names
them, passages that name them. What only mentions them beside something else loses the mention: a source that is called
after them gets another name, and an author or a reason becomes empty. Every text column of every table is looked at,
whoever added it; rules are needed only where deleting the row, or emptying the column, would be wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from guardlayer.knowledge.catalogue import Table, tables
from guardlayer.knowledge.proposal import Proposal
from guardlayer.knowledge.transfer.walking import rows

if TYPE_CHECKING:
    from guardlayer.knowledge.erasure.subject import Subject
    from guardlayer.knowledge.store import Cursor, Store

GONE = "erased"
"""What stands where a text must not be empty."""

_SOURCES = {
    "source": ("name",),
    "doc_document": ("source",),
    "doc_history": ("source",),
    "settled": ("source",),
    "stated": ("source",),
    "source_word": ("source",),
    "source_succession": ("source", "former"),
}
"""Columns that hold the name of a source: all of them are renamed alike."""
_REPLACED = frozenset(
    (
        ("settlement", "author"), ("settlement", "reason"), ("permission_policy", "author"),
        ("permission_policy", "reason"), ("doc_document", "uri"), ("doc_history", "repository"),
        ("doc_history", "folder"),
    )
)  # fmt: skip
"""Columns that must not be empty, in rows that stay."""
_KEPT = frozenset((("permission_policy", "policies"), ("permission_policy", "entities")))
"""What cannot be rewritten from here, and is said to be left."""
_WORDS = {
    "fact": "fact versions", "alias": "names", "entity": "entities", "passage_passage": "passages",
    "review_item": "review items", "source": "source descriptions", "state_run": "state runs", "synonym": "synonyms",
}  # fmt: skip
_DONE = frozenset(("entity", "alias", "passage_passage", "erasure"))
"""Tables that were looked at already, or that name nobody."""
_SOME = 500


class Sweep:
    """One subject on the way out of one database.

    Args:
        store: The store whose write is open.
        cursor: Of that write.
        subject: Whom to take out.
        receipt: The identifier that traces of the erasure carry.
        at: The transaction time of the write, in microseconds.

    Attributes:
        removed: How much of what was removed.
        left: What could not be.
    """

    def __init__(self, store: Store, cursor: Cursor, subject: Subject, *, receipt: str, at: int) -> None:
        self._store = store
        self._cursor = cursor
        self._subject = subject
        self._receipt = receipt
        self._at = at
        self.removed: Counter[str] = Counter()
        self.left: list[str] = []

    def run(self) -> None:
        """Take the subject out of every table."""
        self._keys()
        self._versions()
        self._documents()
        self._passages()
        self._entities()
        self._sources()
        self._other_bearers()
        for one in reversed(tables()):
            self._mentions(one)

    # Facts ----------------------------------------------------------------------------------------------------------

    def _keys(self) -> None:
        """Delete the facts under keys that are theirs, or that name them."""
        attributes = {
            number for number, name in self._read("SELECT id, name FROM attribute") if self._subject.mentioned(name)
        }
        keys = [
            number
            for number, entity, attribute, qualifiers in self._read(
                "SELECT id, entity, attribute, qualifiers FROM fact_key"
            )
            if entity in self._subject.entities or attribute in attributes or self._subject.mentioned(qualifiers)
        ]
        facts = {
            number for some in _chunks(keys) for (number,) in self._where("SELECT DISTINCT fact FROM fact", "key", some)
        }
        self._forget(facts)
        self._delete("fact", "key", keys)
        self._delete("fact_key", "id", keys)
        self._delete("attribute", "id", attributes)

    def _versions(self) -> None:
        """Delete the versions of other facts whose value names them; what is left of a fact stays what it was."""
        rows = self._read("SELECT fact, version, value, tx_to FROM fact ORDER BY fact, version")
        named = [
            (fact, version, until is None) for fact, version, value, until in rows if self._subject.mentioned(value)
        ]
        if not named:
            return
        gone = {(fact, version) for fact, version, _ in named}
        kept = {fact: version for fact, version, _, _ in rows if (fact, version) not in gone}
        for fact, version, live in named:
            self._cursor.execute("DELETE FROM withdrawal WHERE fact = ? AND version = ?", (fact, version))
            self._cursor.execute("DELETE FROM fact WHERE fact = ? AND version = ?", (fact, version))
            if live and fact in kept:  # nothing holds any more, and that it was erased is why
                self._cursor.execute(
                    "INSERT INTO withdrawal (fact, version, at, operation, author, reason) "
                    "VALUES (?, ?, ?, 'erase', NULL, ?) ON CONFLICT DO NOTHING",
                    (fact, kept[fact], self._at, f"erasure {self._receipt}"),
                )
        self.removed["fact versions"] += len(named)
        self._forget({fact for fact, _, _ in named} - kept.keys())
        first = [fact for fact, version, _ in named if version == 1]
        self._delete("stated", "fact", first)

    def _forget(self, facts: Collection[int]) -> None:
        """Delete what hangs on facts by their number; the versions themselves are deleted by who calls."""
        for one in tables():
            columns = {column.name for column in one.columns}
            for column in ("fact", "winner", "loser"):
                if column in columns and one.name not in ("fact", "review_item"):
                    self._delete(one.name, column, facts, counted=False)
        self.removed["facts"] += len(set(facts))
        about = {f"f{number}" for number in facts}
        items = self._read("SELECT id, proposal, fact FROM review_item") if about else []
        self._delete(
            "review_item", "id",
            [i for i, proposal, fact in items if fact in facts or Proposal.from_json(proposal).fact in about],
        )  # fmt: skip

    # Documents ------------------------------------------------------------------------------------------------------

    def _documents(self) -> None:
        """Delete the passages of documents that are called after them: such a document is about them."""
        named = [
            number
            for number, source, uri in self._read("SELECT id, source, uri FROM doc_document")
            if self._subject.mentioned(source) or self._subject.mentioned(uri)
        ]
        self._unpass(
            [i for some in _chunks(named) for (i,) in self._where("SELECT id FROM passage_passage", "document", some)]
        )

    def _passages(self) -> None:
        last = 0
        named: list[int] = []
        while rows := self._read(
            "SELECT id, lead, text FROM passage_passage WHERE id > ? ORDER BY id LIMIT 5000", (last,)
        ):
            named += [i for i, lead, text in rows if self._subject.mentioned(text) or self._subject.mentioned(lead)]
            last = rows[-1][0]
        self._unpass(named)

    def _unpass(self, passages: Sequence[int]) -> None:
        if not passages:
            return
        closed = {
            i: until is not None
            for some in _chunks(passages)
            for i, until in self._where("SELECT id, closed FROM passage_passage", "id", some)
        }
        for index, ended in (("passage_open", False), ("passage_former", True)):
            ids = [i for i, until in closed.items() if until is ended]
            self._store.dialect.unindex(self._cursor, index, ids)
        for some in _chunks(passages):
            marks = ", ".join("?" * len(some))
            self._cursor.execute(f"UPDATE passage_passage SET successor = NULL WHERE successor IN ({marks})", some)  # noqa: S608 - marks
        for one in tables():
            if any(column.name == "passage" for column in one.columns):
                self._delete(one.name, "passage", passages, counted=one.name != "passage_place")
        self._delete("passage_passage", "id", passages)
        former = sum(closed.values())
        self._cursor.execute(
            "UPDATE passage_state SET open = open - ?, former = former - ?, epoch = epoch + 1",
            (len(closed) - former, former),
        )

    # Names ----------------------------------------------------------------------------------------------------------

    def _entities(self) -> None:
        """Delete the entities they are, with all names."""
        entities = self._subject.entities
        if not entities:
            return
        self._cursor.executemany("UPDATE taught SET entity = NULL WHERE entity = ?", [(number,) for number in entities])
        self._delete("entity", "id", entities)
        self._cursor.execute("UPDATE entity_epoch SET changes = changes + 1")

    def _sources(self) -> None:
        """Call sources that are called after them otherwise, the same in every table."""
        names: dict[str, str] = {}
        for one, columns in _SOURCES.items():
            for column in columns:
                for (name,) in self._read(f"SELECT DISTINCT {column} FROM {one}"):  # noqa: S608 - our own names
                    if name not in names and self._subject.mentioned(name):
                        names[name] = f"{GONE} source {len(names) + 1} of {self._receipt}"
        for one, columns in _SOURCES.items():
            for column in columns:
                self._cursor.executemany(
                    f"UPDATE {one} SET {column} = ? WHERE {column} = ?",  # noqa: S608 - our own names
                    [(new, old) for old, new in names.items()],
                )
        for old, new in names.items():
            self._store.dialect.rename_source(self._cursor, old, new)
        if names:
            self.removed["source names"] += len(names)

    def _other_bearers(self) -> None:
        """Say which other entities bear their name: a company that is called after somebody is somebody else.

        Names of others that are not the preferred one are deleted.
        """
        named = [
            (number, entity, preferred)
            for number, entity, text, preferred in self._read("SELECT id, entity, text, preferred FROM alias")
            if self._subject.mentioned(text)
        ]
        self._delete("alias", "id", [number for number, _, preferred in named if not preferred])
        others = {entity for _, entity, preferred in named if preferred}
        if others:
            self.left.append(
                f"{len(others)} other {'entity bears' if len(others) == 1 else 'entities bear'} the name as part of "
                "their own; erase them by theirs if they are meant as well"
            )

    # Everything else ------------------------------------------------------------------------------------------------

    def _mentions(self, one: Table) -> None:
        """Take them out of every text column of a table."""
        places = [place for place, column in enumerate(one.columns) if column.kind in ("TEXT", "BLOB")]
        if not places or one.name in _DONE:
            return
        keys = [[column.name for column in one.columns].index(name) for name in one.key]
        drop: dict[tuple[Any, ...], None] = {}
        kept = 0
        for row in rows(self._store, one):
            key = tuple(row[place] for place in keys)
            for place in places:
                value, column = row[place], one.columns[place]
                text = value.decode(errors="replace") if isinstance(value, bytes) else value
                if not self._subject.mentioned(text):
                    continue
                if (one.name, column.name) in _KEPT:
                    kept += 1
                elif column.nullable or (one.name, column.name) in _REPLACED:
                    self._set(one, key, column.name, None if column.nullable else f"{GONE} {self._receipt} {key[0]}")
                    self.removed[f"mentions in {one.name}"] += 1
                else:
                    drop[key] = None
                    break
        for key in drop:
            self._drop(one, key)
        if kept:
            self.left.append(f"{kept} texts of {one.name}, which cannot be rewritten from here: write new ones")

    def _set(self, one: Table, key: tuple[Any, ...], column: str, value: str | None) -> None:
        where = " AND ".join(f'"{name}" = ?' for name in one.key)
        self._cursor.execute(f'UPDATE {one.name} SET "{column}" = ? WHERE {where}', (value, *key))  # noqa: S608 - our own names

    def _drop(self, one: Table, key: tuple[Any, ...]) -> None:
        where = " AND ".join(f'"{name}" = ?' for name in one.key)
        if len(one.key) == 1:
            self._delete(one.name, one.key[0], [key[0]])
            return
        self._cursor.execute(f"DELETE FROM {one.name} WHERE {where}", key)  # noqa: S608 - our own names
        self.removed[_WORDS.get(one.name, f"rows of {one.name}")] += 1

    # ----------------------------------------------------------------------------------------------------------------

    def _delete(self, name: str, column: str, values: Iterable[Any], *, counted: bool = True) -> None:
        """Delete rows, and before them the rows of other tables that refer to them."""
        wanted = list(dict.fromkeys(values))
        if not wanted:
            return
        for one in tables():
            for reference in one.references:
                if reference.table == name and one.name != name:
                    targets = [
                        value for some in _chunks(wanted)
                        for (value,) in self._where(f'SELECT "{reference.target}" FROM {name}', column, some)  # noqa: S608 - our own names
                    ]  # fmt: skip
                    self._delete(one.name, reference.column, targets, counted=counted)
        for some in _chunks(wanted):
            marks = ", ".join("?" * len(some))
            sql = f'DELETE FROM {name} WHERE "{column}" IN ({marks}) RETURNING 1'  # noqa: S608 - marks and our own names
            gone = self._read(sql, some)
            if counted and gone:
                self.removed[_WORDS.get(name, f"rows of {name}")] += len(gone)

    def _read(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._cursor.execute(sql, params).fetchall()
        return rows

    def _where(self, sql: str, column: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        marks = ", ".join("?" * len(values))
        return self._read(f'{sql} WHERE "{column}" IN ({marks})', values)


def _chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    listed = list(values)
    for start in range(0, len(listed), _SOME):
        yield listed[start : start + _SOME]
