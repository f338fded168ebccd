"""The ledger as it is written: one transaction, one transaction time, rows only added or closed.

What is to be written is decided in :mod:`~guardlayer.knowledge.verbs`; here is how a statement becomes rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from guardlayer.errors import AmbiguousError, InputError, KnowledgeError, OverlapError
from guardlayer.knowledge import sources
from guardlayer.knowledge.confirming import confirm
from guardlayer.knowledge.entities.cautious import Caution, caution
from guardlayer.knowledge.entities.merged import Merged
from guardlayer.knowledge.fresh import Fresh, chunks
from guardlayer.knowledge.micros import to_micros
from guardlayer.knowledge.resolve import same_value
from guardlayer.knowledge.statement import Statement, cleaned_name, qualifier_key
from guardlayer.knowledge.store import Cursor, Store
from guardlayer.knowledge.versions import ROW, Row, Written, clash_text, overlap, row_of, take_back
from guardlayer.temporal import Interval, Moment
from guardlayer.text import key
from guardlayer.types import Source, Span


class Writer:
    """Writes within one open transaction.

    Args:
        store: The store whose write is open.
        cursor: Of that write.
        alone: Nobody else writes names, keys or facts in that write. What is new in it is then not asked for again,
            which is how a long file is loaded in few questions to the database.
    """

    def __init__(self, store: Store, cursor: Cursor, *, alone: bool = False) -> None:
        self._store = store
        self._cursor = cursor
        self._entities: dict[str, int] = {}
        self._attributes: dict[str, int] = {}
        self._sources: dict[tuple[Source | str, int | None], int] = {}
        self._source_names: dict[int, str] = {}
        self._singles: dict[int, bool] = {}
        self._described: set[tuple[str, int, str, str]] = set()
        self._fresh = Fresh(cursor) if alone else None

    @cached_property
    def at(self) -> int:
        """Transaction time of everything written here, in microseconds; taken when it is first needed."""
        return to_micros(self._store.tick())

    def expect(self, entities: Iterable[str], attributes: Iterable[str]) -> None:
        """Look names, keys and versions up ahead of statements; of use where the writer is alone."""
        if self._fresh is not None:
            self._fresh.look_up(map(key, entities))
            self._fresh.look_up_keys(map(key, attributes))

    def clashes(self, keys: Iterable[int]) -> Iterator[tuple[tuple[Row, Row], str]]:
        """Yield what :meth:`clash` returns of each key, where it returns something, and that in words."""
        for some, _ in chunks(keys):
            if self._fresh is not None:
                self._fresh.read_again(some)
            yield from ((one, clash_text(self._cursor, *one)) for one in map(self.clash, some) if one is not None)

    # Names ------------------------------------------------------------------------------------------------------

    def entity(self, name: str) -> int:
        """Return the entity a name stands for, created on first use.

        Raises:
            AmbiguousError: An alias of several entities.
        """
        number = self._entities.get(name)
        if number is None:
            number = self._entities[name] = self._named("entity", "alias", name)
        return number

    def attribute(self, name: str, *, cardinality: str | None = None) -> int:
        """Return the attribute a name stands for, created on first use.

        Raises:
            AmbiguousError: A synonym of several attributes.
            OverlapError: It is to hold one value at a time, and facts of one source overlap.
        """
        number = self._attributes.get(name)
        if number is None:
            number = self._attributes[name] = self._named("attribute", "synonym", name)
        if cardinality is not None:
            self._set_cardinality(number, single=cardinality == "one")
        return number

    def alias(self, entity: int, names: Iterable[str]) -> int:
        """Let names stand for an entity too; return how many did not before.

        Raises:
            InputError: A name would match nearly every sentence.
        """
        added = 0
        for text in names:
            name = cleaned_name(text, what="alias")
            if caution(name) is Caution.REFUSED:
                raise InputError(
                    f"alias {name!r} says nothing and would match nearly every text; "
                    "give a longer name, or write it with its capitals if it is one (WHO, It)"
                )
            added += self._add_name("alias", "entity", entity, name, preferred=False)
        if added:
            self._entities.clear()  # a name may have stood for another one alone
        return added

    def name(self, entity: int, name: str) -> None:
        """Let a name that somebody gave it stand for an entity, a word of everyday or not."""
        if self._add_name("alias", "entity", entity, name, preferred=False):
            self._entities.clear()

    def synonym(self, attribute: int, names: Iterable[str]) -> None:
        """Let names stand for an attribute too."""
        for name in names:
            if self._add_name("synonym", "attribute", attribute, cleaned_name(name, what="synonym"), preferred=False):
                self._attributes.clear()

    def describe(self, table: str, number: int, column: str, value: str) -> None:
        """Record the type of an entity or the unit of an attribute.

        Raises:
            KnowledgeError: Another one is recorded.
        """
        if (table, number, column, value) in self._described:
            return
        name, before = self._one(f"SELECT name, {column} FROM {table} WHERE id = ?", (number,))  # noqa: S608 - constants
        if before is None:
            self._cursor.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (value, number))  # noqa: S608 - constants
        elif key(str(before)) != key(value):
            hint = f" If this is another one, give it another name, such as '{name} ({value})'."
            raise KnowledgeError(
                f"{table} {name!r} has {column} {before!r}, not {value!r}." + (hint if table == "entity" else "")
            )
        self._described.add((table, number, column, value))

    # Facts ------------------------------------------------------------------------------------------------------

    def state(self, statement: Statement, source: Source | str, authority: int | None) -> Written:
        """Record a statement, unless the ledger has heard it already.

        Overlaps are not looked for here; see :meth:`check`.
        """
        entity, attribute = self.entity(statement.entity), self.attribute(statement.attribute)
        at_key, fresh = self._key(entity, attribute, statement.qualifiers)
        said_by = self._source(source, authority)
        described = authority is not None or isinstance(source, Source)
        if not fresh and (rows := self._beginning(at_key, statement.valid)):
            name = source if isinstance(source, str) else source.id
            same = [row for row in rows if row.source_name == name and same_value(row.value, statement.value)]
            heads = {row.fact for row in rows if row.live}
            for row in same:
                if row.live and row.valid.end == statement.valid.end:
                    if not described or row.source == said_by:
                        return Written(row.fact, "known", at_key)
                    self.follow(row, "add", source=said_by, author=statement.author, reason=statement.reason)
                    return Written(row.fact, "changed", at_key)
            for row in same:
                if row.valid.end == statement.valid.end and row.fact in heads:
                    return Written(row.fact, "kept", at_key)
            for row in same:
                if row.live:
                    self.follow(
                        row, "close", valid=statement.valid, source=said_by if described else row.source,
                        author=statement.author, reason=statement.reason,
                    )  # fmt: skip
                    return Written(row.fact, "changed", at_key)
        fact = self.insert(
            at_key, statement.value, said_by, statement.valid, operation="add",
            author=statement.author, reason=statement.reason,
        )  # fmt: skip
        return Written(fact, "added", at_key, fresh)

    def key_for(self, statement: Statement) -> int:
        """Return the key of a statement, created on first use."""
        entity, attribute = self.entity(statement.entity), self.attribute(statement.attribute)
        return self._key(entity, attribute, statement.qualifiers)[0]

    def _live(self, at_key: int) -> list[Row]:
        """Return the live versions of a key, in the order they were recorded."""
        if self._fresh is not None and (known := self._fresh.rows.get(at_key)) is not None:
            return [row for row in known if row.live]
        where = "WHERE f.key = ? AND f.tx_to IS NULL ORDER BY f.id"
        return [row_of(row) for row in self._all(ROW + where, (at_key,))]

    def _beginning(self, at_key: int, valid: Interval) -> list[Row]:
        """Return the versions of a key that begin when ``valid`` does; the start of a fact never changes."""
        if self._fresh is not None and (known := self._fresh.rows.get(at_key)) is not None:
            return [row for row in known if row.valid.start == valid.start]
        start = sources.columns_of(valid)[0]
        begins, params = ("IS NULL", (at_key,)) if start is None else ("= ?", (at_key, start))
        where = f"WHERE f.key = ? AND f.valid_from {begins} ORDER BY f.id"
        return [row_of(row) for row in self._all(ROW + where, params)]

    def versions(self, fact: int) -> list[Row]:
        """Return all versions of a fact, first to last."""
        return [row_of(row) for row in self._all(ROW + "WHERE f.fact = ? ORDER BY f.version", (fact,))]

    def head(self, fact: int) -> Row | None:
        """Return the last version of a fact; ``None`` if there is no such fact."""
        rows = self._all(ROW + "WHERE f.fact = ? ORDER BY f.version DESC LIMIT 1", (fact,))
        return row_of(rows[0]) if rows else None

    def takers(self, fact: int) -> list[list[Row]]:
        """Return, for every fact that explicitly took over from this one, all its versions."""
        facts = self._all("SELECT DISTINCT fact FROM fact WHERE supersedes = ?", (fact,))
        return [self.versions(int(number)) for (number,) in facts]

    def live_of_source(self, source: str) -> list[Row] | None:
        """Return the live versions a source has, or the documents of a folder; ``None`` if there is no such source."""
        within = "SELECT source FROM doc_document WHERE substr(source, 1, length(?1) + 1) = ?1 || '/'"
        names = f"(SELECT id FROM source WHERE name = ?1 OR name IN ({within}))"  # noqa: S608 - constants
        known = self._all(f"SELECT 1 FROM {names} AS known LIMIT 1", (source,))  # noqa: S608 - constants
        where = f"WHERE f.source IN {names} AND f.tx_to IS NULL ORDER BY f.id"
        return [row_of(row) for row in self._all(ROW + where, (source,))] if known else None

    def source_row(self, source: Source | str) -> int:
        """Return the row of a source as it is described now."""
        return self._source(source, None)

    def insert(
        self, at_key: int, value: str, source: int, valid: Interval, *, operation: str,
        author: str | None, reason: str | None, supersedes: int | None = None,
    ) -> int:  # fmt: skip
        """Write the first version of a new fact and return its number."""
        self._last_fact += 1
        self._write(
            (self._last_fact, 1, at_key, value, source, *sources.columns_of(valid), self.at,
             operation, 0, supersedes, author, reason)
        )  # fmt: skip
        if self._fresh is not None:
            name = self._source_names[source]
            row = Row(self._last_fact, 1, at_key, value, source, name, self.at, None, False, supersedes, valid)
            self._fresh.add(row)
        return self._last_fact

    def place(self, fact: int, span: Span) -> None:
        """Record where the source of a fact says so, unless that is known."""
        self._cursor.execute(
            'INSERT INTO fact_place (fact, start, "end", page) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
            (fact, span.start, span.end, span.page),
        )

    def due(self, fact: int, until: Moment, *, author: str | None, reason: str | None) -> None:
        """Record until when a fact holds without being looked at again."""
        confirm(self._cursor, "fact", fact, until, tx=self.at, author=author, reason=reason)

    def follow(
        self, row: Row, operation: str, *, author: str | None, reason: str | None, value: str | None = None,
        source: int | None = None, valid: Interval | None = None, corrected: bool | None = None,
        version: int | None = None,
    ) -> int:  # fmt: skip
        """Write the next version of a fact, like ``row`` but for what is given, and return its number.

        A version that this very write made is replaced: nobody has seen it.

        Args:
            row: The version it follows; closed here if it is live.
            operation: What is done.
            author: Who does it.
            reason: Why.
            value: New value.
            source: New source row.
            valid: New valid time.
            corrected: Whether the value comes from a correction.
            version: Number of the last version, where ``row`` is an earlier one.
        """
        number = (version or row.version) + 1
        if row.live and row.tx_from == self.at:
            number = row.version
            made = self._taken_back(row)
            operation, author, reason = made if number == 1 else (operation, author, reason)
        else:
            self._close(row, number - 1)
        self._write(
            (row.fact, number, row.key, row.value if value is None else value,
             row.source if source is None else source, *sources.columns_of(row.valid if valid is None else valid),
             self.at, operation, int(row.corrected if corrected is None else corrected), row.supersedes,
             author, reason)
        )  # fmt: skip
        return number

    def withdraw(self, row: Row, operation: str, *, author: str | None, reason: str | None) -> None:
        """Close a live version with nothing after it; one that this very write made has never been."""
        last = row.version
        if row.tx_from == self.at:
            self._taken_back(row)
            last -= 1
        else:
            self._close(row, last)
        if last:
            self._cursor.execute(
                "INSERT INTO withdrawal VALUES (?, ?, ?, ?, ?, ?)",
                (row.fact, last, self.at, operation, author, reason),
            )
        else:
            self._cursor.execute("DELETE FROM fact_place WHERE fact = ?", (row.fact,))

    def check(self, at_key: int) -> None:
        """Require that no source says two things at once about a single-valued key.

        Raises:
            OverlapError: One does; both facts are named.
        """
        clash = self.clash(at_key)
        if clash is not None:
            raise OverlapError(clash_text(self._cursor, *clash))

    def clash(self, at_key: int) -> tuple[Row, Row] | None:
        """Return two live facts of one source that say two things at once, where only one may hold."""
        return overlap(self._live(at_key)) if self.single(at_key) else None

    def single(self, at_key: int) -> bool:
        """Say whether a key holds one value at a time."""
        attribute = self._fresh.attributes.get(at_key) if self._fresh is not None else None
        if attribute is None:
            attribute = self._one("SELECT attribute FROM fact_key WHERE id = ?", (at_key,))[0]
        return self._single(int(attribute))

    def authority(self, source: str) -> int:
        """Return the rank a source has now; 0 if it is new."""
        rows = self._all("SELECT authority FROM source WHERE name = ? ORDER BY id DESC LIMIT 1", (source,))
        return int(rows[0][0]) if rows else 0

    def key_of(self, fact: int) -> int:
        """Return the key of a fact."""
        return int(self._one("SELECT key FROM fact WHERE fact = ? LIMIT 1", (fact,))[0])

    # ------------------------------------------------------------------------------------------------------------

    @cached_property
    def _last_fact(self) -> int:
        return int(self._one("SELECT coalesce(max(fact), 0) FROM fact")[0])

    def _all(self, sql: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._cursor.execute(sql, params).fetchall()
        return rows

    def _one(self, sql: str, params: tuple[Any, ...] = ()) -> tuple[Any, ...]:
        return self._all(sql, params)[0]

    def _write(self, row: tuple[Any, ...]) -> None:
        self._store.dialect.record_version(self._cursor, row)

    def _close(self, row: Row, version: int) -> None:
        if self._fresh is not None:
            self._fresh.forget(row.key)
        close = "UPDATE fact SET tx_to = ? WHERE fact = ? AND version = ? AND tx_to IS NULL"
        self._cursor.execute(close, (self.at, row.fact, version))

    def _taken_back(self, row: Row) -> tuple[str, str | None, str | None]:
        if self._fresh is not None:
            self._fresh.forget(row.key)
        return take_back(self._cursor, row)

    def _source(self, source: Source | str, authority: int | None) -> int:
        known = self._sources.get((source, authority))
        if known is None:
            if authority is not None or isinstance(source, Source):
                self._sources.clear()  # a new description: what an id alone stands for may change
            known = self._sources[source, authority] = sources.record(self._cursor, source, authority)
            self._source_names[known] = source if isinstance(source, str) else source.id
        return known

    def _key(self, entity: int, attribute: int, qualifiers: tuple[tuple[str, str], ...]) -> tuple[int, bool]:
        norm = qualifier_key(qualifiers)
        listed = json.dumps(qualifiers, ensure_ascii=False) if qualifiers else "[]"
        if self._fresh is not None:
            return self._fresh.key(entity, attribute, norm, listed)
        found = self._all(
            "SELECT id FROM fact_key WHERE entity = ? AND attribute = ? AND norm = ?", (entity, attribute, norm)
        )
        if found:
            return int(found[0][0]), False
        add = "INSERT INTO fact_key (entity, attribute, norm, qualifiers) VALUES (?, ?, ?, ?) RETURNING id"
        return int(self._one(add, (entity, attribute, norm, listed))[0]), True

    def _named(self, table: str, names: str, name: str) -> int:
        sql = f"SELECT {table}, preferred FROM {names} WHERE norm = ? ORDER BY preferred DESC"  # noqa: S608 - constants
        rows = None
        if self._fresh is not None and table == "entity":
            rows = self._fresh.named(key(name), sql)
        if rows is None:
            rows = self._all(sql, (key(name),))
        if len(rows) > 1 and not rows[0][1] and self._several(table, rows):
            listed = tuple(
                str(self._one(f"SELECT name FROM {table} WHERE id = ?", (number,))[0])  # noqa: S608 - constants
                for number, _ in rows
            )
            raise AmbiguousError(
                f"{table} {name!r} may stand for {', '.join(map(repr, listed))}; name the one that is meant",
                candidates=listed,
            )
        if rows:
            return int(rows[0][0])
        if self._fresh is not None and table == "entity":
            return self._fresh.entity(name, key(name))
        number = int(self._one(f"INSERT INTO {table} (name) VALUES (?) RETURNING id", (name,))[0])  # noqa: S608 - constants
        self._add_name(names, table, number, name, preferred=True)
        if table == "attribute":
            self._cursor.execute("INSERT INTO cardinality VALUES (?, 0, ?)", (number, self.at))
        return number

    def _several(self, table: str, rows: list[tuple[Any, ...]]) -> bool:
        if table != "entity":
            return True
        merged = Merged.read(self._store)
        return len({merged.canonical(row[0]) for row in rows}) > 1

    def _add_name(self, names: str, table: str, number: int, name: str, *, preferred: bool) -> bool:
        if self._fresh is not None and table == "entity":
            return self._fresh.alias(number, key(name), name)
        added = self._all(
            f"INSERT INTO {names} ({table}, norm, text, preferred) VALUES (?, ?, ?, ?) "  # noqa: S608 - constants
            "ON CONFLICT DO NOTHING RETURNING id",
            (number, key(name), name, int(preferred)),
        )
        return bool(added)

    def _single(self, attribute: int) -> bool:
        known = self._singles.get(attribute)
        if known is None:
            sql = "SELECT single FROM cardinality WHERE attribute = ? ORDER BY since DESC LIMIT 1"
            known = self._singles[attribute] = bool(self._one(sql, (attribute,))[0])
        return known

    def _set_cardinality(self, attribute: int, *, single: bool) -> None:
        if self._single(attribute) == single:
            return
        self._cursor.execute(
            "INSERT INTO cardinality (attribute, single, since) VALUES (?, ?, ?) "
            "ON CONFLICT (attribute, since) DO UPDATE SET single = excluded.single",
            (attribute, int(single), self.at),
        )
        self._singles[attribute] = single
        if single:
            keys = self._all(
                "SELECT k.id FROM fact_key k JOIN fact f ON f.key = k.id WHERE k.attribute = ? AND f.tx_to IS NULL "
                "GROUP BY k.id HAVING count(*) > 1",
                (attribute,),
            )
            for (at_key,) in keys:
                self.check(int(at_key))
