"""One SQLite file, opened so that nothing is lost: the floor under the ledger and the passages.

WAL with ``synchronous=FULL``: a write that returned is on disk. One connection behind one lock, because apsw forbids
concurrent use of a connection; other processes are kept apart by SQLite itself, and their writes are noticed by
:attr:`Store.generation`. SQLite comes with the ``apsw`` wheel, so the version with known faults that some systems
ship is never used.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any

import apsw

from guardlayer.errors import StoreError
from guardlayer.knowledge.micros import from_micros, to_micros
from guardlayer.knowledge.store import FACT_COLUMNS, MIGRATIONS, Cursor, Store
from guardlayer.temporal import Clock

if TYPE_CHECKING:
    from numpy.typing import NDArray

APPLICATION_ID = 0x67756172
"""Marks a file as ours (``guar``); see https://www.sqlite.org/pragma.html#pragma_application_id."""

_FACT = f"INSERT INTO fact ({FACT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants


class SqliteStore(Store):
    """An open file, or memory. Safe to share between threads; each call holds the lock for as long as it runs.

    Open one with :meth:`Store.open`.
    """

    def __init__(self, connection: apsw.Connection, *, name: str, clock: Clock, read_only: bool) -> None:
        super().__init__(name=name, clock=clock, read_only=read_only)
        self._connection = connection
        self._seen = -1
        self._generation = 0
        self._closed = False
        self.dialect = SqliteDialect(self.read)

    @classmethod
    def at(cls, path: str, *, clock: Clock, read_only: bool, busy_timeout_ms: int) -> SqliteStore:
        """Open the file at ``path``; see :meth:`Store.open`."""
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
    def write(self) -> Iterator[Cursor]:
        """Open a transaction that can write: committed at the end, rolled back whole on any error.

        Raises:
            StoreError: The database is read-only or locked, the disk is full, or a write is already open in this
                thread.
        """
        with self.lock:
            self._require_writable()
            connection = self._open
            self._guarded(lambda: connection.execute("BEGIN IMMEDIATE"))
            self._writer = get_ident()
            before = connection.total_changes()
            try:
                yield SqliteCursor(connection.cursor())
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
            self._require_write()
            last: int = self.read("SELECT last FROM tick")[0][0]
            at = max(to_micros(self._clock()), last + 1)
            self._open.execute("UPDATE tick SET last = ?", (at,))
            return from_micros(at)

    def faults(self) -> list[str]:
        """Let SQLite look at every page (sqlite.org/pragma.html#pragma_integrity_check)."""
        found = [str(row[0]) for row in self.read("PRAGMA integrity_check(20)")]
        return [] if found == ["ok"] else found

    def compact(self) -> list[str]:
        """Merge the full-text indexes, rewrite the file without what was deleted, and empty the write-ahead log.

        Pages are overwritten before they are given up (``secure_delete``), and the file is written anew (``VACUUM``):
        no byte of a deleted row stays in it, in its log or in the index of that log.
        """
        with self.lock:
            self._require_writable()
            connection = self._open
            with contextlib.ExitStack() as stack:
                connection.pragma("secure_delete", 1)
                stack.callback(connection.pragma, "secure_delete", 0)
                for index in ("passage_open", "passage_former"):
                    sql = f"INSERT INTO {index} ({index}) VALUES ('optimize')"  # noqa: S608 - our own names
                    self._guarded(partial(connection.execute, sql))
                self._guarded(lambda: connection.execute("VACUUM"))
                if self.name == ":memory:":
                    return []
                busy = self._guarded(lambda: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())[0][0]
            self._generation += 1
            return [f"{self.name}-wal: another process is reading it; run it again when that is done"] if busy else []

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


class SqliteCursor:
    """Runs the statements of one write.

    Args:
        cursor: Of the connection.
    """

    def __init__(self, cursor: apsw.Cursor) -> None:
        self.execute = cursor.execute
        self.executemany = cursor.executemany
        self.fetchall = cursor.fetchall
        self.fetchone = cursor.fetchone

    def glance(self, sql: str, params: Sequence[Any] = (), /) -> list[tuple[Any, ...]]:
        """Run a query; what was written is there already."""
        return self.execute(sql, params).fetchall()


class SqliteDialect:
    """What only SQLite says so.

    Args:
        read: Runs a query.
    """

    def __init__(self, read: Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]) -> None:
        self._read = read

    def numbers(self, name: str) -> str:
        """Unfold a JSON array."""
        return f"json_each(?) AS {name}"

    def numbers_param(self, numbers: Sequence[int]) -> str:
        """Fold numbers into a JSON array."""
        return json.dumps(list(numbers))

    def record_version(self, cursor: Cursor, row: tuple[Any, ...]) -> None:
        """Write one version of a fact."""
        cursor.execute(_FACT, row)

    def index(self, cursor: Cursor, index: str, rows: Sequence[tuple[int, str, str]]) -> None:
        """Add passages to an FTS5 table."""
        cursor.executemany(f"INSERT INTO {index} (rowid, text, lead) VALUES (?, ?, ?)", rows)  # noqa: S608 - our own names

    def unindex(self, cursor: Cursor, index: str, ids: Sequence[int]) -> None:
        """Take passages out of an FTS5 table."""
        cursor.executemany(f"DELETE FROM {index} WHERE rowid = ?", [(id_,) for id_ in ids])  # noqa: S608 - our own names

    def holders(self, index: str, word: str, limit: int) -> NDArray[Any]:
        """Read them as one text: an FTS5 table gives them in their order."""
        import numpy as np

        found = f"SELECT rowid FROM {index} WHERE {index} MATCH ? LIMIT ?"  # noqa: S608 - our own names
        joined = self._read(f"SELECT group_concat(rowid) FROM ({found})", (_quoted(word), limit))[0][0]  # noqa: S608 - our own names
        return np.fromstring(joined or "", dtype=np.int64, sep=",")

    def rename_source(self, cursor: Cursor, old: str, new: str) -> None:
        """Nothing is kept beside them."""

    def indexed(self, index: str) -> list[int]:
        """Read the ids of an FTS5 table."""
        return [row[0] for row in self._read(f"SELECT rowid FROM {index} ORDER BY rowid", ())]  # noqa: S608 - our own names

    def newest(self, index: str, words: Sequence[str], limit: int) -> list[int]:
        """Rank by id."""
        sql = f"SELECT rowid FROM {index} WHERE {index} MATCH ? ORDER BY rowid DESC LIMIT ?"  # noqa: S608 - our own names
        return [row[0] for row in self._read(sql, (" AND ".join(map(_quoted, words)), limit))]


def _quoted(term: str) -> str:
    """Return a term as an FTS5 string: nothing inside double quotes is syntax (sqlite.org/fts5.html §3.1)."""
    return '"' + term.replace('"', '""') + '"'


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
