"""Compare what a source states now with what it stated last, and record the difference.

A document that is read again and a table that is queried again say everything they say once more. What is still there
is left alone, also where somebody has corrected it since; what is there with another value has taken over on the day
the source says; what is gone has ended on that day. The ledger keeps all of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from guardlayer.errors import GuardlayerError
from guardlayer.knowledge.resolve import same_value, value_key
from guardlayer.knowledge.sources import interval_of
from guardlayer.knowledge.statement import Statement
from guardlayer.knowledge.store import Cursor
from guardlayer.knowledge.versions import Row
from guardlayer.knowledge.writer import Writer
from guardlayer.temporal import Interval
from guardlayer.text import key
from guardlayer.types import Source, Span

_PRIOR = """
SELECT s.key, s.fact, f.value FROM stated AS s JOIN fact AS f ON f.fact = s.fact AND f.version = 1
WHERE s.source = ?
"""
_LEFT_OUT = 20  # reasons told


@dataclass(frozen=True, slots=True)
class Stated:
    """One statement of a source.

    Attributes:
        entity: What it is about.
        attribute: What of it.
        value: The value, as the source writes it.
        span: Where the source says so.
        qualifiers: What narrows the key.
        valid_from: Since when, if the source says so for this statement alone.
        valid_to: Until when, if the source says so.
        aliases: Other names of the entity that its shape suggests.
        type: Sort of thing the entity is.
        single: Whether the attribute holds one value at a time; decides only for attributes that are new.
    """

    entity: str
    attribute: str
    value: str
    span: Span | None = None
    qualifiers: tuple[tuple[str, str], ...] = ()
    valid_from: str | None = None
    valid_to: str | None = None
    aliases: tuple[str, ...] = ()
    type: str | None = None
    single: bool = True


@dataclass(frozen=True, slots=True)
class Since:
    """The day from which a version of a source counts: microseconds and text, both ``None`` where it always did."""

    at: int | None = None
    text: str | None = None

    @property
    def interval(self) -> Interval:
        """From that day on."""
        return interval_of(self.at, None, self.text, None)


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of comparing.

    Attributes:
        added: Facts about keys of which the source said nothing before.
        superseded: Facts whose value has changed.
        ended: Facts that the source does not state any more.
        kept: Statements that are as they were.
        left_out: What could not be recorded, and why; the first of them.
    """

    added: int = 0
    superseded: int = 0
    ended: int = 0
    kept: int = 0
    left_out: tuple[str, ...] = ()

    def __add__(self, other: Settled) -> Settled:
        return Settled(
            self.added + other.added,
            self.superseded + other.superseded,
            self.ended + other.ended,
            self.kept + other.kept,
            (self.left_out + other.left_out)[:_LEFT_OUT],
        )

    def __str__(self) -> str:
        told = f"{self.added:,} facts added, {self.superseded:,} superseded, {self.ended:,} ended, {self.kept:,} kept"
        return told + (f"; {len(self.left_out)} left out: {self.left_out[0]}" if self.left_out else "")


@dataclass(slots=True)
class _Prior:
    """An open statement of the last time."""

    key: int
    fact: int
    value: str


class Register:
    """What one source states, within one open write: in one version of it, or in several one after the other.

    Every version is heard (:meth:`take`) and compared with what went before (:meth:`settle`); the next one begins with
    :meth:`revise`. :meth:`close` writes what now stands for the next time.

    Args:
        writer: Of that write.
        cursor: Of that write.
        source: The source, in the version that is read now.
        strict: Whether a statement that cannot be recorded is an error, or is left out and named.
        heard: Whether the ledger may have heard of values the source had in between, so that each is looked for.
    """

    def __init__(self, writer: Writer, cursor: Cursor, source: Source, *, strict: bool, heard: bool = False) -> None:
        self._writer = writer
        self._cursor = cursor
        self._source = source
        self._strict = strict
        self._again = heard
        self._prior: dict[int, list[_Prior]] = defaultdict(list)
        for row in cursor.execute(_PRIOR + " ORDER BY s.id", (source.id,)).fetchall():
            self._prior[row[0]].append(_Prior(*row))
        self._known = len(self._prior)
        self._written = {one.fact for rest in self._prior.values() for one in rest}
        self._stands: dict[int, list[_Prior]] = defaultdict(list)
        self._fresh: list[tuple[int, Statement, Stated]] = []
        self._kept = 0
        self._left_out: dict[str, None] = {}
        self._attributes: set[str] = set()
        self._heard: dict[int, set[str]] = defaultdict(set)
        self._keys: dict[tuple[object, ...], int] = {}
        self._read: dict[int, tuple[Stated, Statement, int, str]] = {}  # with the object, so that its id is its own
        self._touched: dict[int, None] = {}

    @property
    def known(self) -> int:
        """How many keys the source stated something about the last time."""
        return self._known

    def forget(self) -> None:
        """Compare with nothing: the source had been withdrawn."""
        self._prior.clear()

    def revise(self, source: Source) -> None:
        """Begin to hear another version of the source."""
        self._source = source

    def take(self, stated: Stated) -> None:
        """Hear one statement.

        Raises:
            GuardlayerError: It cannot be recorded, and the register is strict.
        """
        known = self._read.get(id(stated))
        if known is None:
            try:
                statement = Statement.of(
                    stated.entity, stated.attribute, stated.value, valid_from=stated.valid_from,
                    valid_to=stated.valid_to, qualifiers=stated.qualifiers, author=None, reason=None,
                )  # fmt: skip
                at_key = self._key(stated, statement)
            except GuardlayerError as error:
                if self._strict:
                    raise
                self._leave_out(f"{stated.entity}, {stated.attribute}: {error}")
                return
            value = value_key(statement.value)
            self._read[id(stated)] = stated, statement, at_key, value
        else:
            _, statement, at_key, value = known
        heard = self._heard[at_key]
        if value in heard:
            return
        if heard and not self._strict and statement.valid == Interval() and self._writer.single(at_key):
            self._leave_out(f"{stated.entity}, {stated.attribute}: {stated.value!r} is the second value in one version")
            return
        heard.add(value)
        prior = self._prior.get(at_key, [])
        same = next((one for one in prior if same_value(one.value, statement.value)), None)
        if same is None:
            self._fresh.append((at_key, statement, stated))
        else:
            prior.remove(same)
            self._stands[at_key].append(same)
            self._kept += 1

    def settle(self, since: Since) -> Settled:
        """Record what is new, what has changed and what is gone, as from ``since`` on."""
        added = superseded = 0
        for at_key, statement, stated in self._fresh:
            prior = self._prior.get(at_key, [])
            valid = statement.valid if statement.valid != Interval() else since.interval
            if prior:
                # The new fact does not name the old one: that somebody says so explicitly outranks authority, and a
                # document that merely changed must not. The ledger finds the successor by its date.
                row = self._live(prior.pop(0).fact)
                if row is not None:
                    self._end(row, valid.start, valid.start_text)
                fact = self._add(statement, valid) if self._again else self._insert(at_key, statement, valid)
                superseded += 1
            else:
                fact = self._add(statement, valid)
                added += 1
            self._touched[at_key] = None
            self._stands[at_key].append(_Prior(at_key, fact, statement.value))
            if stated.span is not None:
                self._writer.place(fact, stated.span)
        ended = self._finish(lambda row: self._end(row, since.interval.start, since.text))
        return Settled(added, superseded, ended, self._next(), tuple(self._left_out))

    def withdraw(self, reason: str) -> Settled:
        """Record that nobody knows what the source states now: what it stated is withdrawn."""
        ended = self._finish(lambda row: self._writer.withdraw(row, "retract", author=None, reason=reason))
        return Settled(ended=ended, kept=self._next())

    def close(self) -> None:
        """Require that what was recorded may stand together, and keep what the source states for the next time.

        Raises:
            OverlapError: The source would say two things at once about a key that holds one.
        """
        for at_key in self._touched:
            self._writer.check(at_key)
        stands = {one.fact: one.key for rest in self._prior.values() for one in rest}
        for fact in sorted(self._written - stands.keys()):
            self._cursor.execute("DELETE FROM stated WHERE source = ? AND fact = ?", (self._source.id, fact))
        for fact, at_key in stands.items():
            if fact not in self._written:
                self._cursor.execute(
                    "INSERT INTO stated (source, key, fact) VALUES (?, ?, ?)", (self._source.id, at_key, fact)
                )

    def _finish(self, end: Callable[[Row], None]) -> int:
        """End what was stated before and was not heard again; return how many still held."""
        rows = [self._live(one.fact) for rest in self._prior.values() for one in rest]
        live = [row for row in rows if row is not None]
        for row in live:
            end(row)
        return len(live)

    def _next(self) -> int:
        """Make what is stated now what was stated before; return how much of it was there already."""
        kept, self._kept = self._kept, 0
        self._prior, self._stands = self._stands, defaultdict(list)
        self._fresh = []
        self._heard.clear()
        return kept

    def _leave_out(self, reason: str) -> None:
        if len(self._left_out) < _LEFT_OUT:
            self._left_out[reason] = None

    def _key(self, stated: Stated, statement: Statement) -> int:
        """Return the key of a statement, declared as its source's shape suggests."""
        place = (stated.entity, stated.attribute, stated.qualifiers, stated.aliases, stated.type)
        known = self._keys.get(place)
        if known is None:
            self._declare(stated, statement)
            known = self._keys[place] = self._writer.key_for(statement)
        return known

    def _declare(self, stated: Stated, statement: Statement) -> None:
        writer = self._writer
        if stated.single and statement.attribute not in self._attributes:
            self._attributes.add(statement.attribute)
            norm = key(statement.attribute)
            if not self._cursor.execute("SELECT 1 FROM synonym WHERE norm = ? LIMIT 1", (norm,)).fetchall():
                writer.attribute(statement.attribute, cardinality="one")
        entity = writer.entity(statement.entity)
        if stated.aliases:
            writer.alias(entity, stated.aliases)
        if stated.type:
            known = self._cursor.execute("SELECT type FROM entity WHERE id = ?", (entity,)).fetchall()[0][0]
            if known is None:
                writer.describe("entity", entity, "type", stated.type)

    def _add(self, statement: Statement, valid: Interval) -> int:
        said = Statement(statement.entity, statement.attribute, statement.value, valid, statement.qualifiers)
        return self._writer.state(said, self._source, None).fact

    def _live(self, fact: int) -> Row | None:
        head = self._writer.head(fact)
        return head if head is not None and head.live else None

    def _insert(self, at_key: int, statement: Statement, valid: Interval) -> int:
        return self._writer.insert(
            at_key, statement.value, self._writer.source_row(self._source), valid, operation="add",
            author=None, reason=None,
        )  # fmt: skip

    def _end(self, row: Row, at: datetime | None, text: str | None) -> None:
        """End a fact; one that would have ended before it began never held, and is withdrawn."""
        reason = f"{self._source.id}, version {self._source.version or 'unnamed'}, does not say so any more"
        valid = row.valid
        if at is None or (valid.start is not None and at <= valid.start):
            self._writer.withdraw(row, "retract", author=None, reason=reason)
        elif valid.end is None or valid.end > at:
            until = Interval(valid.start, at, valid.start_text, text)
            self._writer.follow(row, "close", valid=until, author=None, reason=reason)
