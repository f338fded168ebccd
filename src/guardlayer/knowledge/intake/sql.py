"""Tables of a database as facts: those that say since when each row holds, and those that only say what holds now.

A table with validity columns (a slowly changing dimension, a dbt snapshot) is a history: each row is a fact with its
interval. A plain table is a snapshot: what it holds is compared with what it held the last time; a value that is
another one has taken over, a row that is gone has ended. Both are read whole before anything is written.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import IO, Any

from guardlayer.errors import ConfigError, GuardlayerError, InputError, KnowledgeError
from guardlayer.knowledge.intake.database import Database, bound_text, cell_text
from guardlayer.knowledge.intake.mapping import FactMapping
from guardlayer.knowledge.intake.register import Register, Since, Stated
from guardlayer.knowledge.load import Loading
from guardlayer.knowledge.micros import to_micros
from guardlayer.knowledge.sources import UNSTATED, checked_authority
from guardlayer.knowledge.statement import cleaned
from guardlayer.knowledge.store import Cursor, Store
from guardlayer.knowledge.writer import Writer
from guardlayer.temporal import Moment, When
from guardlayer.text import key
from guardlayer.types import Source

_DBT = ("dbt_valid_from", "dbt_valid_to")
_DBT_OTHER = ("dbt_scd_id", "dbt_updated_at", "dbt_is_deleted")
_PROGRESS = 10_000
_MAX_WRONG = 20
_IN_MEMORY = 32 * 1024 * 1024  # bytes of rows kept in memory before they go to a temporary file

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class SqlResult:
    """What came of a query.

    Attributes:
        source: Id of the source.
        kind: ``history`` or ``snapshot``.
        rows: Rows read.
        added: New facts.
        changed: Facts that have ended, or that another value has taken over from.
        ended: Of a snapshot: facts whose row is gone.
        known: Statements that were recorded already.
    """

    source: str
    kind: str
    rows: int
    added: int
    changed: int
    ended: int
    known: int

    def __str__(self) -> str:
        return (
            f"{self.source} ({self.kind}): {self.rows:,} rows: {self.added:,} added, {self.changed:,} changed, "
            f"{self.ended:,} ended, {self.known:,} known already"
        )


def load_sql(
    store: Store,
    url: str,
    query: str,
    *,
    entity: str,
    attribute: str | None = None,
    value: str | None = None,
    valid_from: str | None = None,
    valid_to: str | None = None,
    attributes: Mapping[str, str] | Sequence[str] | None = None,
    qualifiers: Mapping[str, str] | None = None,
    aliases: Sequence[str] = (),
    type: str | None = None,  # noqa: A002 - the word of Knowledge.entity
    cardinality: str = "one",
    source: str | None = None,
    authority: int | None = None,
    as_of: When | None = None,
    inclusive_end: bool = False,
    another_query: bool = False,
    allow_empty: bool = False,
    progress: Progress | None = None,
) -> SqlResult:
    """Record what a query says; see :meth:`guardlayer.knowledge.intake.taking.Taking.load_sql`."""
    database = Database.of(url)
    statement = database.statement(query)
    declared: dict[str, Any] = {
        "entity": entity, "attribute": attribute, "value": value, "valid_from": valid_from, "valid_to": valid_to,
        "attributes": attributes, "qualifiers": dict(qualifiers) if qualifiers else None, "aliases": tuple(aliases),
        "type": type, "cardinality": cardinality,
    }  # fmt: skip
    asked = {name: part for name, part in declared.items() if part not in (None, ())}
    moment = None if as_of is None else Moment.parse(as_of, what="as_of")
    rank = None if authority is None else checked_authority(authority)
    name = cleaned(source, what="source") if source is not None else f"{database.name}/{_tables(statement)}"
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, mode="w+", encoding="utf-8") as spool:
        reading = _Reading(asked, inclusive_end=inclusive_end)
        rows = reading.spool(database.rows(statement), spool, progress)
        digest = hashlib.sha256(json.dumps([statement, asked], sort_keys=True, default=list).encode()).hexdigest()
        described = Source(name, database.shown)
        with store.write() as cursor:
            if rank is None:
                rank = Writer(store, cursor).authority(name)
            described = replace(described, authority=rank)
            if reading.history:
                return _history(store, cursor, described, rows, _read_back(spool))
            snapshot = _Snapshot(store, cursor, described, digest, asked, another=another_query, empty=allow_empty)
            return snapshot.take(rows, _read_back(spool), moment)


class _Reading:
    """Turns rows into statements, and keeps them aside until all are there."""

    def __init__(self, asked: dict[str, Any], *, inclusive_end: bool) -> None:
        self._asked = asked
        self._inclusive = inclusive_end
        self._mapping: FactMapping | None = None
        self.history = "valid_to" in asked

    def spool(
        self, rows: Iterator[tuple[Sequence[str], Sequence[Any]]], spool: IO[str], progress: Progress | None
    ) -> int:
        """Write the statements of all rows to ``spool``, and count the rows.

        Raises:
            InputError: Rows hold what no fact can hold; up to twenty are named together.
        """
        number = 0
        wrong: list[str] = []
        for names, row in rows:
            number += 1
            mapping = self._mapping or self._planned(names)
            try:
                for stated in self._statements(mapping, dict(zip(names, row, strict=True))):
                    spool.write(json.dumps([number, *_packed(stated)], ensure_ascii=False) + "\n")
            except GuardlayerError as error:
                wrong.append(f"row {number}: {error}")
                if len(wrong) >= _MAX_WRONG:
                    break
            if progress is not None and number % _PROGRESS == 0:
                progress(number)
        if wrong:
            raise InputError("\n".join([*wrong, "nothing of this query was loaded"]))
        if progress is not None:
            progress(number)
        return number

    def _planned(self, names: Sequence[str]) -> FactMapping:
        """Fill in what the columns themselves say: the validity of dbt, and every column as an attribute."""
        asked = dict(self._asked)
        if "valid_from" not in asked and "valid_to" not in asked and {*_DBT} <= {*names}:
            asked["valid_from"], asked["valid_to"] = _DBT
            self.history = True
        if "attribute" not in asked and "attributes" not in asked:
            if "value" in asked:
                asked["attributes"] = [asked.pop("value")]
            else:
                mapping = FactMapping.of({**asked, "attribute": "-", "value": "-"})
                used = {*mapping.columns(), asked["entity"].casefold(), "-"}
                asked["attributes"] = [
                    one for one in names if one.casefold() not in used and one not in (*_DBT, *_DBT_OTHER)
                ]
                if not asked["attributes"]:
                    raise ConfigError("the query has no column that could be a value; name one with value=")
        mapping = FactMapping.of(asked, where="load_sql")
        there = {one.casefold() for one in names}
        absent = [one for one in sorted(mapping.columns()) if one not in there]
        if asked["entity"].casefold() not in there and "{" not in asked["entity"]:
            absent.append(asked["entity"])
        if absent:
            raise ConfigError(f"the query has no column {absent[0]!r}; it has {', '.join(names)}")
        self._mapping = mapping
        return mapping

    def _statements(self, mapping: FactMapping, row: dict[str, Any]) -> Iterator[Stated]:
        if str(row.get("dbt_is_deleted") or "").lower() in ("true", "1"):
            return
        named = {one for one in (mapping.valid_from, mapping.valid_to) if one}
        texts = (mapping.entity, mapping.attribute or "", *(text for _, text in mapping.qualifiers), *mapping.aliases)
        needed = mapping.columns() | {text.casefold() for text in texts}
        cells: dict[str, str] = {}
        for column, cell in row.items():
            if column.casefold() not in needed:
                continue
            bound = next((one for one in named if one.casefold() == column.casefold()), None)
            if bound is None:
                cells[column.casefold()] = cell_text(cell, column)
            else:
                last = self._inclusive and bound == mapping.valid_to
                cells[column.casefold()] = bound_text(cell, column, inclusive=last)
        yield from mapping.of_row(cells, None, None)


def _history(
    store: Store, cursor: Cursor, source: Source, rows: int, statements: Iterator[tuple[int, Stated]]
) -> SqlResult:
    """Record rows that say when they held; what goes on unchanged from one row to the next is one fact."""
    loading = Loading(Writer(store, cursor), "the query", of="this query")
    known = {norm for (norm,) in cursor.execute("SELECT norm FROM synonym").fetchall()}
    for number, stated in _merged(statements):
        cells: dict[str, Any] = {
            "entity": stated.entity, "attribute": stated.attribute, "value": stated.value, "source": source.id,
            "source_uri": source.uri, "authority": str(source.authority), "valid_from": stated.valid_from,
            "valid_to": stated.valid_to, "qualifiers": dict(stated.qualifiers), "aliases": list(stated.aliases),
            "type": stated.type, "cardinality": "one" if stated.single and key(stated.attribute) not in known else None,
        }  # fmt: skip
        loading.take(number, cells)
    done = loading.finish()
    return SqlResult(source.id, "history", rows, done.added, done.changed, 0, done.known + done.kept)


def _merged(statements: Iterator[tuple[int, Stated]]) -> Iterator[tuple[int, Stated]]:
    """Join statements of one entity that follow one another with the same value: a row ends when any column changes."""
    open_: dict[tuple[str, Any], tuple[int, Stated]] = {}
    entity: str | None = None
    for number, stated in statements:
        if stated.entity != entity:
            yield from open_.values()
            open_, entity = {}, stated.entity
        at = (stated.attribute, stated.qualifiers)
        before = open_.get(at)
        if before is not None and before[1].value == stated.value and before[1].valid_to == stated.valid_from:
            open_[at] = (before[0], replace(before[1], valid_to=stated.valid_to))
            continue
        if before is not None:
            yield before
        open_[at] = (number, stated)
    yield from open_.values()


class _Snapshot:
    """One result of a query whose rows only say what holds now."""

    def __init__(
        self, store: Store, cursor: Cursor, source: Source, digest: str, asked: dict[str, Any], *,
        another: bool, empty: bool,
    ) -> None:  # fmt: skip
        self._cursor = cursor
        self._digest = digest
        self._asked = asked
        self._source = source
        self._empty = empty
        self._now = store.now()
        row = cursor.execute("SELECT asked, reached FROM settled WHERE source = ?", (source.id,)).fetchall()
        self._before: int | None = row[0][1] if row else None
        self._first = not row
        if row and row[0][0] != digest and not another:
            raise KnowledgeError(
                f"{source.id!r} was loaded by another query or mapping the last time, and what this one leaves out "
                "would end; pass source= with another name, or another_query=True if it asks for the same otherwise"
            )
        self._register = Register(Writer(store, cursor), cursor, source, strict=True)

    def take(self, rows: int, statements: Iterator[tuple[int, Stated]], moment: Moment | None) -> SqlResult:
        """Compare with the last time, and record the difference."""
        if not rows and self._register.known and not self._empty:
            raise KnowledgeError(
                f"{self._source.id!r}: the query returned no rows, and {self._register.known:,} statements would end; "
                "pass allow_empty=True if the table is empty indeed"
            )
        since = self._since(moment)
        if since.at is not None and self._before is not None and since.at < self._before:
            raise ConfigError(f"as_of lies before that of the last time this source was loaded; {self._source.id!r}")
        for number, stated in statements:
            try:
                self._register.take(stated)
            except GuardlayerError as error:
                raise InputError(f"row {number}: {error}\nnothing of this query was loaded") from error
        done = self._register.settle(since)
        self._register.close()
        self._cursor.execute(
            "INSERT INTO settled (source, asked, reached, how) VALUES (?, ?, ?, ?) ON CONFLICT (source) DO UPDATE "
            "SET asked = excluded.asked, reached = excluded.reached, how = excluded.how",
            (self._source.id, self._digest, since.at, json.dumps(self._asked, sort_keys=True, default=list)),
        )
        return SqlResult(self._source.id, "snapshot", rows, done.added, done.superseded, done.ended, done.kept)

    def _since(self, moment: Moment | None) -> Since:
        if moment is not None:
            return Since(to_micros(moment.start), moment.text)
        if self._first:
            return Since()  # nobody knows since when what the first snapshot shows has held
        noticed = self._now.replace(microsecond=0)
        return Since(to_micros(noticed), noticed.astimezone(UTC).date().isoformat())


def _packed(stated: Stated) -> tuple[Any, ...]:
    return (
        stated.entity, stated.attribute, stated.value, stated.qualifiers, stated.valid_from, stated.valid_to,
        stated.aliases, stated.type, stated.single,
    )  # fmt: skip


def _read_back(spool: IO[str]) -> Iterator[tuple[int, Stated]]:
    spool.seek(0)
    for line in spool:
        number, entity, attribute, value, qualifiers, since, until, aliases, sort, single = json.loads(line)
        yield number, Stated(
            entity, attribute, value, None, tuple((a, b) for a, b in qualifiers), since, until, tuple(aliases), sort,
            single,
        )  # fmt: skip


def _tables(statement: str) -> str:
    """Return the names of the tables that a statement reads: what its result is called, if nobody says."""
    import sqlglot
    from sqlglot import exp

    parsed = sqlglot.parse_one(statement)
    names = sorted({table.name for table in parsed.find_all(exp.Table)})
    return "+".join(names)[:200] or UNSTATED
