"""The provenance log in SQLite: append-only, durable before it is acknowledged, readable by ``why``."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Any
from uuid import UUID

import apsw

from guardlayer.errors import LogError
from guardlayer.provenance.audit import audit, check_row, refused
from guardlayer.provenance.bodies import bodies, placed
from guardlayer.provenance.erasing import erase
from guardlayer.provenance.file import LogFile, transaction
from guardlayer.provenance.layout import RESPONSE, Row, encode, leaf_hash
from guardlayer.provenance.serialize import instant
from guardlayer.provenance.why import Why, trace
from guardlayer.temporal import Clock, utc_now
from guardlayer.types import Erased, Record, Report

Mirror = Callable[[Record], None]
"""Is handed every record after it was committed."""

PAGE = 256
"""How many rows are read at a time."""

_SELECT = "SELECT seq, id, kind, at, body, leaf_hash FROM record "
_SELECT_ERASED = (
    "SELECT seq, id, kind, record.at, body, leaf_hash, body_hash FROM record LEFT JOIN erasure USING (seq) "
)
_COLUMNS = 6
_TRIGGERS = 3


class _Entry:
    """A report that waits to be written, and what became of it.

    Args:
        unplaced: The bodies of its records.
        told: Is called, in whatever thread wrote it, when ``records`` or ``error`` says what became of it.
    """

    def __init__(self, unplaced: list[dict[str, Any]], told: Callable[[_Entry], None] | None = None) -> None:
        self.bodies = unplaced
        self.records: list[Record] = []
        self.error: Exception | None = None
        self._told = told

    def settle(self, *, records: Sequence[Record] = (), error: Exception | None = None) -> None:
        """Say what became of it."""
        self.records, self.error = list(records), error
        if self._told is not None:
            self._told(self)


class SqliteLog:
    """An append-only log in one SQLite file.

    The file is opened at first use: created, with its folder, by the first :meth:`append`; never created by a read.
    Safe to use from several threads, and from several processes on one file.

    Args:
        path: The file.
        clock: Where the time of recording comes from.
        mirror: Is handed each record after it was committed; what it raises is logged as a warning of the standard
            library's logger ``guardlayer`` and never fails an append.
        timeout: Seconds to wait for another process that is writing.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        clock: Clock = utc_now,
        mirror: Mirror | None = None,
        timeout: float = 10.0,
    ) -> None:
        self._path = os.fspath(path)
        self._clock = clock
        self._mirror = mirror
        self._file = LogFile(self._path, timeout=timeout)
        self._waiting: deque[_Entry] = deque()
        self._thread: ThreadPoolExecutor | None = None
        self._thread_of = 0

    @property
    def path(self) -> str:
        """Where the log is."""
        return self._path

    def append(self, report: Report) -> Record:
        """Write one record for each claim, and then one for the response, in one transaction.

        Returns:
            The response's record, when all of them are on disk.

        Raises:
            LogError: They are not known to be on disk; none of them is in the log, unless the disk failed during the
                commit itself.
        """
        entry = _Entry(bodies(report))
        self._waiting.append(entry)
        try:
            with self._file.writing() as db:
                # Whoever comes to write takes along all that wait, so that they share one wait for the disk.
                batch = [] if entry.records or entry.error else [entry]
                if batch:
                    with suppress(ValueError):  # who had taken it did not come to write it
                        self._waiting.remove(entry)
                    self._commit(db, [*batch, *self._taken()])
                    self._file.checkpoint()
                if entry.error is not None:
                    raise entry.error
        finally:
            with suppress(ValueError):  # an entry that failed before it was taken is not written by others later
                self._waiting.remove(entry)
        return entry.records[-1]

    async def aappend(self, report: Report) -> Record:
        """Do what :meth:`append` does, without blocking the event loop.

        One thread of the log's own writes for all that wait, in one transaction: however many answers end at once,
        none of them needs a thread to wait in, and none waits behind other work.
        """
        loop = asyncio.get_running_loop()
        written: asyncio.Future[Record] = loop.create_future()

        def tell(entry: _Entry) -> None:
            with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits
                loop.call_soon_threadsafe(_told, written, entry)

        entry = _Entry(bodies(report), tell)
        self._waiting.append(entry)
        self._writing_thread().submit(self._write)
        try:
            return await written
        finally:
            with suppress(ValueError):  # one that was given up before it was taken is not written later
                self._waiting.remove(entry)

    def record(self, record_id: str) -> Record:
        """Return a record by its id, or by the first characters of it if no other begins with them.

        Raises:
            LogError: There is none, or more than one, or it is not what was written.
        """
        return self._find(record_id)

    def records(self, start: int = 0, stop: int | None = None) -> Iterator[Record]:
        """Yield the records with ``start <= seq < stop`` in order; ``stop=None`` is the end as it is when reached.

        Raises:
            LogError: A record is not what was written; those before it have been yielded.
        """
        for row in self._rows(start, stop):
            yield _record(row, check_row(row, self._path))

    def why(self, response_id: str, claim: int | None = None) -> Why:
        """Return where a response came from: claim, evidence, fact version, source, policy, model.

        Args:
            response_id: The id of a response's record, or of one of its claims' records, or the first characters of
                one if no other begins with them.
            claim: Index of one claim, from 0; all of them if not given.

        Raises:
            LogError: There is no such response or claim, or a record is not what was written.
        """
        try:
            response = self._find(response_id, RESPONSE)
        except _NoneFoundError:
            found = self._find(response_id)
            response = self._find(found.body["response"], RESPONSE)
            claim = found.body["claim"]["index"] if claim is None else claim
        count = response.body["claims"]
        if claim is not None and not 0 <= claim < count:
            raise LogError(
                f"{self._path}: response {response.id} has {count} claims, so there is no claim {claim}; "
                + (f"give 0 to {count - 1}" if count else "ask without a claim")
            )
        start = response.seq - count
        first, last = (start, response.seq) if claim is None else (start + claim, start + claim + 1)
        claims = list(self.records(first, last)) if first >= 0 else []
        if len(claims) != last - first or any(c.body.get("response") != response.id for c in claims):
            raise refused(self._path, first, f"response {response.id} should have its claims here")
        try:
            return trace(response, claims)
        except (KeyError, TypeError, AttributeError) as error:
            raise refused(
                self._path, response.seq, f"a field of its body is missing or of another type ({error})"
            ) from error

    def verify(self) -> int:
        """Check every record against its hash, its place and its response.

        Returns:
            The number of records.

        Raises:
            LogError: Names the first record that cannot be trusted; or the table's own guards are gone.
        """
        count = audit(self._rows(0, None), self._path)
        with self._file.reading() as db:
            guards = db.execute("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'record'").get
        if guards < _TRIGGERS:
            raise LogError(
                f"{self._path}: the records are sound, but the triggers that refuse changes to them are gone; "
                "someone altered the table: keep this file as it is, and find out who"
            )
        return count

    def erase(self, mentioned: Callable[[str], bool], *, receipt: str, preview: bool = False) -> Erased:
        """Take the texts out of every answer that names somebody; hashes, places and verdicts stay.

        An answer goes as a whole: its claims are part of what was said. Each record keeps its leaf hash, so what was
        proved over the hashes is proved still; the text under the hash is gone, and the record says so.

        Args:
            mentioned: Says whether a text names them.
            receipt: Identifier of the receipt, which the records keep.
            preview: Change nothing, only count.

        Raises:
            LogError: The log cannot be written, or a record is not what was written.
        """
        return erase(self, self._file, mentioned, receipt=receipt, at=instant(self._clock()), preview=preview)

    @property
    def mirrored(self) -> bool:
        """Whether every record is written elsewhere, too."""
        return self._mirror is not None

    def erasures(self) -> dict[str, int]:
        """Return how many records each erasure took the texts of, by receipt.

        Raises:
            LogError: The log cannot be read.
        """
        with self._file.reading() as db:
            if not _has_erasures(db):
                return {}
            return dict(db.execute("SELECT receipt, count(*) FROM erasure GROUP BY receipt ORDER BY min(at)"))

    def close(self) -> None:
        """Close the file; a later call opens it again."""
        thread, self._thread = self._thread, None
        if thread is not None and self._thread_of == os.getpid():
            thread.shutdown()
        self._file.close()

    def __enter__(self) -> SqliteLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_: TracebackType | None
    ) -> None:
        self.close()

    # Writing --------------------------------------------------------------------------------------------------------

    def _writing_thread(self) -> ThreadPoolExecutor:
        if self._thread is None or self._thread_of != os.getpid():  # a forked child has none of its parent's threads
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="guardlayer-log")
            self._thread_of = os.getpid()
        return self._thread

    def _write(self) -> None:
        """Write all that wait."""
        try:
            with self._file.writing() as db:
                batch = self._taken()
                if batch:
                    self._commit(db, batch)
                    self._file.checkpoint()  # when all have been told
        except Exception as error:  # noqa: BLE001 - handed to those whose entries they are
            for entry in self._taken():
                entry.settle(error=error)

    def _taken(self) -> list[_Entry]:
        """Take all that wait; only who holds the file may."""
        taken = []
        with suppress(IndexError):  # who gives up meanwhile takes an entry away
            while True:
                taken.append(self._waiting.popleft())
        return taken

    def _commit(self, db: apsw.Connection, batch: list[_Entry]) -> None:
        """Write entries in one transaction; where that fails, each by itself, so that none fails for another."""
        try:
            with transaction(db):
                found = [self._insert(db, entry.bodies) for entry in batch]
        except Exception as error:  # noqa: BLE001 - handed to the thread whose entry it is
            if len(batch) > 1 and not isinstance(error, apsw.BusyError):
                for entry in batch:
                    self._commit(db, [entry])
                return
            told = self._file.explain(error, "append to") if isinstance(error, apsw.Error) else error
            told.__cause__ = error if told is not error else error.__cause__
            for entry in batch:  # of a file that another process keeps, all have waited the time there is
                entry.settle(error=told)
            return
        for entry, records in zip(batch, found, strict=True):
            for record in records:
                self._reflect(record)
            entry.settle(records=records)

    def _insert(self, db: apsw.Connection, unplaced: list[dict[str, Any]]) -> list[Record]:
        # The clock is read while the write lock is held, so that times follow the order of the log.
        now = self._clock()
        recorded_at = instant(now)
        seq: int = db.execute("SELECT coalesce(max(seq) + 1, 0) FROM record").get
        ids = _uuid7s(now, len(unplaced))
        records, values = [], list[Any]()
        for offset, body in enumerate(unplaced):
            whole = placed(body, record_id=ids[offset], seq=seq + offset, recorded_at=recorded_at, response_id=ids[-1])
            stored = encode(whole)
            row = Row(seq + offset, ids[offset], body["kind"], recorded_at, stored, leaf_hash(stored))
            values += row[:_COLUMNS]
            records.append(_record(row, whole))
        # Few and long statements: each gives up the interpreter, and has to get it back from whoever is busy.
        for start in range(0, len(records), PAGE):
            rows = min(PAGE, len(records) - start)
            marks = ", ".join(["(?, ?, ?, ?, ?, ?)"] * rows)
            statement = f"INSERT INTO record (seq, id, kind, at, body, leaf_hash) VALUES {marks}"  # noqa: S608 - marks
            db.execute(statement, values[start * _COLUMNS : (start + rows) * _COLUMNS])
        return records

    def _reflect(self, record: Record) -> None:
        if self._mirror is None:
            return
        try:
            self._mirror(record)
        except Exception:  # the record is safe; whatever the mirror raises must not undo that
            logging.getLogger("guardlayer").warning(
                "the mirror failed for record %d, which is in the log %s", record.seq, self._path, exc_info=True
            )

    # Reading --------------------------------------------------------------------------------------------------------

    def _rows(self, start: int, stop: int | None) -> Iterator[Row]:
        # Page by page, so that a long reading does not keep a writer waiting.
        while stop is None or start < stop:
            limit = PAGE if stop is None else min(PAGE, stop - start)
            with self._file.reading() as db:
                found = db.execute(_select(db) + "WHERE seq >= ? ORDER BY seq LIMIT ?", (start, limit))
                page = [Row(*row) for row in found]
            page = [row for row in page if stop is None or row.seq < stop]
            yield from page
            if len(page) < limit:
                return
            start = page[-1].seq + 1

    def _find(self, prefix: str, kind: str | None = None) -> Record:
        wanted = prefix.strip().lower()
        if not wanted or set(wanted) - set("0123456789abcdef-"):
            raise LogError(f"{prefix!r:.60} is no record id; ids look like 01949d2f-8c00-7abc-8def-0123456789ab")
        condition, values = "WHERE id >= ? AND id < ? ", [wanted, wanted + "g"]
        if kind is not None:
            condition, values = condition + "AND kind = ? ", [*values, kind]
        with self._file.reading() as db:
            rows = [Row(*row) for row in db.execute(_select(db) + condition + "ORDER BY id LIMIT 4", values)]
        if not rows:
            raise _NoneFoundError(f"{self._path}: there is no {kind or 'record'} {prefix!r}; check the id and the log")
        if len(rows) > 1:
            raise LogError(
                f"{self._path}: more than one {kind or 'record'} begins with {prefix!r}, among them "
                f"{', '.join(row.id for row in rows[:3])}; give more characters"
            )
        return _record(rows[0], check_row(rows[0], self._path))


def _told(written: asyncio.Future[Record], entry: _Entry) -> None:
    """Tell who waits in an event loop what became of an entry."""
    if written.done():  # who waited has given up
        return
    if isinstance(entry.error, StopIteration):  # which no future carries
        written.set_exception(LogError("the report was not recorded: StopIteration was raised while it was written"))
    elif entry.error is not None:
        written.set_exception(entry.error)
    else:
        written.set_result(entry.records[-1])


def _has_erasures(db: apsw.Connection) -> bool:
    return bool(db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'erasure'").get)


def _select(db: apsw.Connection) -> str:
    return _SELECT_ERASED if _has_erasures(db) else _SELECT


class _NoneFoundError(LogError):
    """No record begins with what was asked for."""


def _record(row: Row, body: Any) -> Record:
    return Record(row.id, row.seq, row.kind, row.leaf_hash.hex(), body)


def _uuid7s(now: datetime, count: int) -> list[str]:
    """Return UUIDs of version 7 (RFC 9562 §5.7) that sort by time, and among themselves by order (§6.2, method 2)."""
    milliseconds = max(0, int(now.timestamp() * 1000)) & 0xFFFF_FFFF_FFFF
    tail = int.from_bytes(os.urandom(10), "big") >> 7  # 73 bits, so that counting up stays within 74
    ids = []
    for low in range(tail, tail + count):
        bits = milliseconds << 80 | 0x7 << 76 | (low >> 62) << 64 | 0b10 << 62 | low & (1 << 62) - 1
        ids.append(str(UUID(int=bits)))
    return ids
