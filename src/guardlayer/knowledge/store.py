"""One SQLite file, opened so that nothing is lost: the floor under the ledger and the passages.

WAL with ``synchronous=FULL``: a write that returned is on disk. One connection behind one lock, because apsw forbids
concurrent use of a connection; other processes are kept apart by SQLite itself, and their writes are noticed by
:attr:`Store.generation`. SQLite comes with the ``apsw`` wheel, so the version with known faults that some systems
ship is never used.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from threading import RLock, get_ident
from typing import Any

import apsw

from guardlayer.errors import ConfigError, StoreError
from guardlayer.knowledge import schema
from guardlayer.knowledge.micros import from_micros, to_micros
from guardlayer.temporal import Clock

APPLICATION_ID = 0x67756172
"""Marks a file as ours (``guar``); see https://www.sqlite.org/pragma.html#pragma_application_id."""
BUSY_TIMEOUT_MS = 5_000

_BASE = "CREATE TABLE tick (last INTEGER NOT NULL) STRICT; INSERT INTO tick VALUES (-9223372036854775808);"


def _first(connection: apsw.Connection) -> None:
    for script in (_BASE, schema.SOURCES, schema.LEDGER, schema.PASSAGES):
        connection.execute(script)


def _histories(connection: apsw.Connection) -> None:
    connection.execute(schema.HISTORIES)


MIGRATIONS: tuple[Callable[[apsw.Connection], None], ...] = (_first, _histories)
"""How a database grows: one function a version, appended and never edited; ``PRAGMA user_version`` counts them."""


class Store:
    """An open database. Safe to share between threads; each call holds the lock for as long as it runs.

    Open one with :meth:`Store.open`.

    Attributes:
        lock: Re-entrant; hold it to do several things with no other thread's write between them.
        name: Path of the file, or ``:memory:``.
        read_only: Whether every write is refused.
    """

    def __init__(self, connection: apsw.Connection, *, name: str, clock: Clock, read_only: bool) -> None:
        self._connection = connection
        self.lock = RLock()
        self._clock = clock
        self._writer: int | None = None
        self._seen = -1
        self._generation = 0
        self._closed = False
        self.name = name
        self.read_only = read_only

    @classmethod
    def open(
        cls, url: str | Path, *, clock: Clock, read_only: bool = False, busy_timeout_ms: int = BUSY_TIMEOUT_MS
    ) -> Store:
        """Open a database, creating it or bringing it up to date where needed.

        Args:
            url: ``":memory:"``, a path, or ``sqlite:///path``.
            clock: Where transaction time comes from.
            read_only: Refuse every write; the database must exist.
            busy_timeout_ms: Milliseconds to wait for another process's write before giving up.

        Raises:
            ConfigError: The URL names something that is not SQLite.
            StoreError: The database is locked, read-only, newer than this program, another program's, damaged, or
                its folder does not exist.
        """
        path = _path(url)
        if path != ":memory:":
            _require_place(Path(path), read_only=read_only)
        flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        connection = None
        try:
            connection = apsw.Connection(path, flags=flags)
            connection.set_busy_timeout(busy_timeout_ms)
            _prepare(connection, path, read_only=read_only)
        except apsw.Error as error:
            if connection is not None:
                connection.close(True)
            raise _translated(error, path) from error
        except BaseException:
            if connection is not None:
                connection.close(True)
            raise
        return cls(connection, name=path, clock=clock, read_only=read_only)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; a second call does nothing."""
        with self.lock:
            if not self._closed:
                self._closed = True
                self._connection.close()

    @property
    def generation(self) -> int:
        """A number that changes whenever this connection or another one has written.

        For ``:memory:`` there are no other connections. Costs a few microseconds.
        """
        with self.lock:
            if self.name != ":memory:":
                version = self._guarded(lambda: int(self._open.pragma("data_version")))
                if version != self._seen:
                    self._seen = version
                    self._generation += 1
            return self._generation

    @property
    def writing(self) -> bool:
        """Whether the calling thread is inside :meth:`write`, where reads see what is not yet committed."""
        return self._writer == get_ident()

    def now(self) -> datetime:
        """Return what the clock says; unlike :meth:`tick` it is no transaction time."""
        return self._clock()

    def read(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one query and return all its rows.

        Raises:
            StoreError: The database cannot be read.
        """
        with self.lock:
            rows: list[tuple[Any, ...]] = self._guarded(lambda: self._open.execute(sql, params).fetchall())
            return rows

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let several reads see one state of the database, whatever other processes write meanwhile."""
        with self.lock:
            if self._writer is not None or not self._open.get_autocommit():
                yield
                return
            self._guarded(lambda: self._open.execute("BEGIN"))
            try:
                yield
            finally:
                self._guarded(lambda: self._open.execute("COMMIT"))

    @contextlib.contextmanager
    def write(self) -> Iterator[apsw.Cursor]:
        """Open a transaction that can write: committed at the end, rolled back whole on any error.

        Raises:
            StoreError: The database is read-only or locked, the disk is full, or a write is already open in this
                thread.
        """
        with self.lock:
            if self._writer is not None:
                raise StoreError(f"{self.name}: a write is already open; finish it before beginning another")
            if self.read_only:
                raise StoreError(f"{self.name}: opened read-only; open it with read_only=False to write")
            connection = self._open
            self._guarded(lambda: connection.execute("BEGIN IMMEDIATE"))
            self._writer = get_ident()
            before = connection.total_changes()
            try:
                yield connection.cursor()
                connection.execute("COMMIT")
                self._generation += connection.total_changes() != before
            except BaseException as error:
                if not connection.get_autocommit():
                    connection.execute("ROLLBACK")
                if isinstance(error, apsw.Error):
                    raise _translated(error, self.name) from error
                raise
            finally:
                self._writer = None

    def tick(self) -> datetime:
        """Return the transaction time of the write that is open.

        Never before the clock, and strictly after every other transaction time in the file, whatever the clock says.

        Raises:
            StoreError: No write is open.
        """
        with self.lock:
            if self._writer != get_ident():
                raise StoreError(f"{self.name}: transaction time is given inside a write only")
            last: int = self.read("SELECT last FROM tick")[0][0]
            at = max(to_micros(self._clock()), last + 1)
            self._open.execute("UPDATE tick SET last = ?", (at,))
            return from_micros(at)

    @property
    def _open(self) -> apsw.Connection:
        if self._closed:
            raise StoreError(f"{self.name}: already closed; open it again")
        return self._connection

    def _guarded(self, run: Callable[[], Any]) -> Any:
        try:
            return run()
        except apsw.Error as error:
            raise _translated(error, self.name) from error


def _path(url: str | Path) -> str:
    text = str(url)
    if text.startswith("sqlite:///"):
        text = text.removeprefix("sqlite:///")
    elif text.startswith(("postgresql:", "postgres:", "postgresql+")):
        raise ConfigError(f"{text.split(':', 1)[0]}: PostgreSQL comes with a later release; use an SQLite file for now")
    elif "://" in text:
        raise ConfigError(f"{text.split('://', 1)[0]}://: not a database we can open; use a path or sqlite:///path")
    if not text or "\0" in text:
        raise ConfigError(f'{text!r} is not the path of a database; use ":memory:", a path, or sqlite:///path')
    return text


def _require_place(path: Path, *, read_only: bool) -> None:
    try:
        if path.is_dir():
            raise StoreError(f"{path}: is a folder; name a file in it")
        if not path.parent.is_dir():
            raise StoreError(f"{path}: the folder {path.parent} does not exist; create it first")
        if read_only and not path.exists():
            raise StoreError(f"{path}: does not exist; open it without read_only to create it")
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}); check the path and its permissions") from error


def _prepare(connection: apsw.Connection, path: str, *, read_only: bool) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    version = _checked_version(connection, path)
    if read_only:
        if version < len(MIGRATIONS):
            raise StoreError(f"{path}: written by an older version; open it once without read_only to update it")
        return
    if connection.readonly("main"):
        raise StoreError(f"{path}: is read-only; make it writable, or open it with read_only=True")
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute("PRAGMA synchronous = FULL")
    if version == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been quicker while we waited for the lock.
        for migrate in MIGRATIONS[_checked_version(connection, path) :]:
            migrate(connection)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        if not connection.get_autocommit():
            connection.execute("ROLLBACK")
        raise


def _checked_version(connection: apsw.Connection, path: str) -> int:
    version = int(connection.pragma("user_version"))
    owner = int(connection.pragma("application_id"))
    if owner != APPLICATION_ID:
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()[0][0]
        if tables or version or owner:
            raise StoreError(f"{path}: is a database of another program; choose another file")
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path}: written by a newer version of guardlayer (format {version}, this one knows {len(MIGRATIONS)}); "
            "upgrade guardlayer"
        )
    return version


def _translated(error: apsw.Error, path: str) -> StoreError:
    advice: tuple[tuple[type[apsw.Error], str], ...] = (
        (apsw.BusyError, "locked by another process; try again when its write is done, or raise busy_timeout_ms"),
        (apsw.LockedError, "locked by another use of the same connection; finish that first"),
        (apsw.ReadOnlyError, "is read-only; make the file and its folder writable, or open it with read_only=True"),
        (apsw.NotADBError, "is not a database; choose another file, or restore it from a backup"),
        (apsw.CorruptError, "is damaged; restore it from a backup, or salvage it with `sqlite3 FILE .recover`"),
        (apsw.CantOpenError, "cannot be opened; check that the folder exists and that you may read and write in it"),
        (apsw.PermissionsError, "cannot be opened; check its permissions"),
        (apsw.AuthError, "cannot be opened; check its permissions"),
        (apsw.FullError, "the disk is full; nothing of this write was kept; make room and try again"),
        (apsw.IOError, "the disk reported an error; nothing of this write was kept; check the disk"),
    )
    for kind, text in advice:
        if isinstance(error, kind):
            return StoreError(f"{path}: {text} ({error})")
    return StoreError(f"{path}: {type(error).__name__}: {error}; please report this, with the command that led to it")
