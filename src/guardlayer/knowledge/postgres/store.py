"""One database on a PostgreSQL server: many processes read and write it, and each sees what the others wrote.

One process writes at a time: a write begins by taking the one row of ``guardlayer_state``, which also numbers it.
Readers wait for nobody: each has a connection of its own, and a snapshot is a repeatable-read transaction.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from threading import get_ident, local
from typing import Any

import psycopg

from guardlayer.errors import StoreError
from guardlayer.knowledge.micros import from_micros, to_micros
from guardlayer.knowledge.postgres.address import Address, parse
from guardlayer.knowledge.postgres.connections import Connection, Connections, Lent
from guardlayer.knowledge.postgres.dialect import PostgresDialect
from guardlayer.knowledge.postgres.failures import lost, translated
from guardlayer.knowledge.postgres.preparing import prepare
from guardlayer.knowledge.postgres.translate import statement
from guardlayer.knowledge.postgres.watching import NUMBER, Watcher, channel
from guardlayer.knowledge.postgres.writing import PostgresCursor
from guardlayer.knowledge.store import Cursor, Store
from guardlayer.temporal import Clock

_SNAPSHOT = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; " + NUMBER
_FAILURES = (psycopg.Error, UnicodeError)


class PostgresStore(Store):
    """An open database on a server. Safe to share between threads, which read side by side.

    Open one with :meth:`Store.open`.
    """

    def __init__(
        self, address: Address, connections: Connections, *, clock: Clock, read_only: bool, busy_timeout_ms: int
    ) -> None:
        super().__init__(name=address.name, clock=clock, read_only=read_only)
        self._address = address
        self._connections = connections
        self._watcher = Watcher(address)
        self._begin = (
            f"BEGIN; SET LOCAL lock_timeout = {max(1, busy_timeout_ms)}; "  # noqa: S608 - a number
            "UPDATE guardlayer_state SET generation = generation + 1 RETURNING generation, pg_current_xact_id()::text"
        ).encode()
        self._tell = f"SELECT pg_notify('{channel(address)}', '')".encode()
        self._commit_and_tell = self._tell + b"; COMMIT"
        self._cursor: PostgresCursor | None = None
        self._mine = local()
        self._written = -1
        self._closed = False
        self.dialect = PostgresDialect(self.read)

    @classmethod
    def at(cls, url: str, *, clock: Clock, read_only: bool, busy_timeout_ms: int) -> PostgresStore:
        """Open the database at ``url``; see :meth:`Store.open`."""
        address = parse(url)
        connections = Connections(address, read_only=read_only)
        try:
            with connections.one(begin=b"BEGIN") as lent:
                prepare(lent.connection, address, read_only=read_only)
                lent.connection.execute(b"COMMIT")
        except psycopg.Error as error:
            connections.close()
            raise translated(error, address.name) from error
        except BaseException:
            connections.close()
            raise
        return cls(address, connections, clock=clock, read_only=read_only, busy_timeout_ms=busy_timeout_ms)

    def close(self) -> None:
        """Close all connections; a second call does nothing."""
        self._closed = True
        self._watcher.close(lambda: self._connections.run(self._tell, None))
        self._connections.close()

    @property
    def generation(self) -> int:
        """A number that changes whenever this process or another one has written.

        What this process wrote it knows at once; of others it hears within milliseconds, and in no case later than
        in a second: where it has heard nothing, it asks.

        Raises:
            StoreError: It has heard nothing, and the server does not answer.
        """
        self._require_open()
        snapshot: Lent | None = getattr(self._mine, "snapshot", None)
        if snapshot is not None:  # what is remembered of a snapshot must not pass for what is newer
            return int(snapshot.row[0])
        number = self._watcher.number
        if number is None:
            with self._guarded():
                number = int(self._connections.run(NUMBER, None)[0][0])
        return max(number, self._written)

    def read(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one query and return all its rows.

        Raises:
            StoreError: The server cannot be reached, or does not answer.
        """
        self._require_open()
        with self._guarded():
            if self._cursor is not None and self.writing:
                return self._cursor.read(sql, params)
            snapshot: Lent | None = getattr(self._mine, "snapshot", None)
            if snapshot is not None:
                return snapshot.connection.execute(statement(sql), params or None).fetchall()
            return self._connections.run(statement(sql), params or None)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let several reads of this thread see one state of the database, whatever others write meanwhile."""
        self._require_open()
        if self.writing or getattr(self._mine, "snapshot", None) is not None:
            yield
            return
        with contextlib.ExitStack() as stack:
            with self._guarded():
                lent = self._mine.snapshot = stack.enter_context(self._connections.one(begin=_SNAPSHOT))
            try:
                yield
            finally:
                self._mine.snapshot = None
                with contextlib.suppress(psycopg.Error):  # all was read; a dead connection is dropped by its lender
                    lent.connection.execute(b"COMMIT")

    @contextlib.contextmanager
    def write(self) -> Iterator[Cursor]:
        """Open a transaction that can write: committed at the end, rolled back whole on any error.

        Raises:
            StoreError: The database is read-only or locked, the server is out of reach or its disk full, or a write is
                already open in this thread.
        """
        self._require_open()
        with self.lock:
            self._require_writable()
            with contextlib.ExitStack() as stack:
                with self._guarded():
                    lent = stack.enter_context(self._connections.one(begin=self._begin))
                number, transaction = lent.row
                cursor = PostgresCursor(lent.connection)
                self._cursor, self._writer = cursor, get_ident()
                try:
                    with self._guarded():
                        yield cursor
                        if cursor.changed:
                            cursor.settle()
                            self._commit(lent.connection, transaction)
                            self._written = int(number)
                        else:
                            lent.connection.execute(b"ROLLBACK")
                finally:
                    self._cursor = self._writer = None

    def tick(self) -> datetime:
        """Return the transaction time of the write that is open; see :meth:`Store.tick`."""
        self._require_write()
        sql = "UPDATE tick SET last = greatest(CAST(? AS BIGINT), last + 1) RETURNING last"
        with self._guarded():
            assert self._cursor is not None
            rows = self._cursor.execute(sql, (to_micros(self._clock()),)).fetchall()
        return from_micros(rows[0][0])

    def faults(self) -> list[str]:
        """The server looks after its own pages; what it reports it reports to whoever reads them."""
        return []

    def compact(self) -> list[str]:
        """Rewrite the tables without what was deleted; what a server keeps beside them is out of reach from here."""
        self._require_open()
        with self.lock:
            self._require_writable()
            with self._guarded(), self._connections.one(begin=b"SELECT 1") as lent:
                for (name,) in lent.connection.execute(
                    b"SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = $1",
                    (self._address.schema,),
                ).fetchall():
                    lent.connection.execute(f"VACUUM FULL {name}".encode())
        return [
            (
                f"{self.name}: the server's write-ahead log, its archive, replicas and backups may hold it until they "
                "are recycled; ask whoever runs the server"
            )
        ]

    def _commit(self, connection: Connection, transaction: str) -> None:
        """Commit; where the connection is lost over it, ask the server what became of it."""
        try:
            connection.execute(self._commit_and_tell)
        except psycopg.Error as error:
            if not lost(error):
                raise
            try:
                state = self._connections.run(b"SELECT pg_xact_status($1::text::xid8)", (transaction,))[0][0]
            except psycopg.Error:
                state = None
            if state == "committed":
                return
            if state == "aborted":
                raise
            raise StoreError(
                f"{self.name}: the server went away while it committed, and does not say whether the write was kept; "
                "look at history() when it is back, or simply write the same again: what is there is not added twice"
            ) from error

    def _require_open(self) -> None:
        if self._closed:
            raise StoreError(f"{self.name}: already closed; open it again")

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except _FAILURES as error:
            raise translated(error, self.name) from error
