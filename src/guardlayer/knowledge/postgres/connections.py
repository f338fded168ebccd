"""Connections to one database: opened as threads need them, kept while they are idle, dropped when they are dead."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from threading import Lock
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.numeric import Int8Dumper

from guardlayer.knowledge.postgres.address import Address
from guardlayer.knowledge.postgres.failures import lost

Connection = psycopg.Connection[TupleRow]

_IDLE = 8
"""Connections kept open between two uses."""


def connect(address: Address, *, read_only: bool = False) -> Connection:
    """Open a connection whose statements commit by themselves, with the tables of ``address`` in its path."""
    connection = psycopg.connect(**address.parameters, autocommit=True, cursor_factory=psycopg.RawCursor)
    try:
        connection.adapters.register_dumper(int, Int8Dumper)  # one type whatever the number: one plan a statement
        settings = f'SET search_path = "{address.schema}", public; SET TIME ZONE UTC'
        if read_only:
            settings += "; SET default_transaction_read_only = on"
        connection.execute(settings.encode())
    except BaseException:
        connection.close()
        raise
    return connection


class Lent(NamedTuple):
    """A connection, and the row that the statements it began with returned, if any."""

    connection: Connection
    row: TupleRow


class Connections:
    """Hands a connection to whoever needs one, and takes it back.

    It never makes anybody wait, so nothing can wait in a circle: there are as many as threads ask at one time.

    Args:
        address: Where to.
        read_only: Whether the server is to refuse every write on them.
    """

    def __init__(self, address: Address, *, read_only: bool) -> None:
        self._address = address
        self._read_only = read_only
        self._idle: list[Connection] = []
        self._lock = Lock()
        self._process = os.getpid()
        self._closed = False

    def close(self) -> None:
        """Close those that are idle; others when they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextlib.contextmanager
    def one(self, *, begin: bytes) -> Iterator[Lent]:
        """Lend a connection that answers.

        Args:
            begin: First statements to run on it. If the connection turns out to be dead, another one is opened:
                nothing was done on it yet.
        """
        connection = self._take()
        try:
            try:
                begun = connection.execute(begin)
            except psycopg.Error as error:
                if not lost(error):
                    raise
                connection = self._renewed(connection)
                begun = connection.execute(begin)
            yield Lent(connection, _last_row(begun))
        except BaseException:
            self._put(connection, doubtful=True)
            raise
        self._put(connection)

    def run(self, sql: bytes, params: Any) -> list[TupleRow]:
        """Run one query that stands by itself; over a new connection if the one at hand is dead."""
        connection = self._take()
        try:
            try:
                rows = connection.execute(sql, params).fetchall()
            except psycopg.Error as error:
                if not lost(error):
                    raise
                connection = self._renewed(connection)
                rows = connection.execute(sql, params).fetchall()
        except BaseException:
            self._put(connection, doubtful=True)
            raise
        self._put(connection)
        return rows

    def _renewed(self, dead: Connection) -> Connection:
        """Return a new connection for a dead one; those that are idle died with it."""
        dead.close()
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        return connect(self._address, read_only=self._read_only)

    def _take(self) -> Connection:
        with self._lock:
            if self._process != os.getpid():  # a forked process must not speak on its parent's connections
                self._idle, self._process = [], os.getpid()
            if self._idle:
                return self._idle.pop()
        return connect(self._address, read_only=self._read_only)

    def _put(self, connection: Connection, *, doubtful: bool = False) -> None:
        if doubtful and not connection.closed:
            with contextlib.suppress(psycopg.Error):
                if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                    connection.execute(b"ROLLBACK")
        with self._lock:
            if not (self._closed or connection.closed or connection.broken) and len(self._idle) < _IDLE:
                self._idle.append(connection)
                return
        connection.close()


def _last_row(begun: psycopg.Cursor[TupleRow]) -> TupleRow:
    while begun.nextset():
        pass
    return (begun.fetchone() or ()) if begun.description else ()
