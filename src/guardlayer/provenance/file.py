"""The SQLite file under the log: opened for reading or writing, made durable, its errors explained."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import apsw

from guardlayer.errors import LogError
from guardlayer.provenance.layout import APPLICATION_ID, ERASED_FORMAT, FORMAT, TABLE

LONG_WAL = 1000
"""Pages from which on what stands in the write-ahead log is moved into the file: as many as by SQLite's own rule."""

_abandoned: list[apsw.Connection] = []  # opened before a fork; closing them in the child would be wrong


class LogFile:
    """One SQLite file with a provenance log in it, for several threads of one process.

    Opened at first use: created, with its folder, by the first writing; never created by a reading.

    Args:
        path: The file, or ``:memory:``.
        timeout: Seconds to wait for another process that is writing.
    """

    def __init__(self, path: str, *, timeout: float) -> None:
        self.path = path
        self._timeout = timeout
        self._lock = threading.RLock()
        self._writer: apsw.Connection | None = None
        self._reader: apsw.Connection | None = None
        self._pid = os.getpid()
        self._wal_pages = 0

    @contextmanager
    def writing(self) -> Iterator[apsw.Connection]:
        """Hold the file and a connection that may write.

        Raises:
            LogError: Whatever SQLite reports, with what to do about it.
        """
        with self._held(), self._explained("append to"):
            yield self._open_writer()

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """Hold the file and a connection that may read.

        Raises:
            LogError: There is no log, or whatever SQLite reports, with what to do about it.
        """
        with self._held(), self._explained("read"):
            yield self._open_reader()

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file if it has grown long; only who holds the file may.

        SQLite would do that within a commit, and whose commit it is would wait for the disk twice more. What is written
        is as durable before as after, so a failure is the next one's to try again.
        """
        if self._writer is not None and self._wal_pages >= LONG_WAL:
            with suppress(apsw.Error):
                self._writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def close(self) -> None:
        """Close the connections; a later use opens new ones."""
        with self._held():
            for db in (self._writer, self._reader):
                if db is not None:
                    db.close()
            self._writer = self._reader = None

    @contextmanager
    def _held(self) -> Iterator[None]:
        if self._pid != os.getpid():
            # In a forked child: neither the connections nor the state of the lock are ours.
            _abandoned.extend(db for db in (self._writer, self._reader) if db is not None)
            self._writer = self._reader = None
            self._lock = threading.RLock()
            self._pid = os.getpid()
        with self._lock:
            yield

    def _open_writer(self) -> apsw.Connection:
        if self._writer is None:
            self._make_folder()
            db = apsw.Connection(self.path)
            try:
                db.set_busy_timeout(int(self._timeout * 1000))
                with transaction(db):
                    self._check_layout(db, create=True)
                self._set_durable(db)
            except BaseException:
                db.close()
                raise
            self._writer = db
        return self._writer

    def _make_folder(self) -> None:
        folder = Path(self.path).absolute().parent
        if self.path == ":memory:" or folder.is_dir():
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # A folder that is not on disk takes its file along when the power fails.
            descriptor = os.open(folder.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise LogError(
                f"{self.path}: the folder of the provenance log cannot be made ({error.strerror}); "
                "make it, or choose another place for the log"
            ) from error

    def _set_durable(self, db: apsw.Connection) -> None:
        # Two processes that open a new log at once get in each other's way here, and SQLite does not wait for that.
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                mode = db.execute("PRAGMA journal_mode = WAL").get
                break
            except apsw.BusyError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        if mode not in ("wal", "memory"):
            raise LogError(f"{self.path}: the file system cannot hold a write-ahead log; put the log on a local disk")
        db.execute("PRAGMA synchronous = FULL")
        db.set_wal_hook(self._committed)  # in the place of SQLite's own, which would checkpoint

    def _committed(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _open_reader(self) -> apsw.Connection:
        if self._writer is not None or self.path == ":memory:":
            return self._open_writer()
        if self._reader is None:
            if not Path(self.path).exists():
                raise LogError(
                    f"{self.path}: there is no provenance log here; check the path, or record something first"
                )
            self._reader = self._connect_read_only()
        return self._reader

    def _connect_read_only(self) -> apsw.Connection:
        flags = apsw.SQLITE_OPEN_READONLY
        try:
            return self._checked(apsw.Connection(self.path, flags=flags))
        except (apsw.CantOpenError, apsw.ReadOnlyError):
            # In a folder that cannot be written, a log without a write-ahead file can be read as it lies.
            wal = Path(self.path + "-wal")
            if wal.exists() and wal.stat().st_size:
                raise
            uri = f"file:{quote(str(Path(self.path).absolute()))}?immutable=1"
            return self._checked(apsw.Connection(uri, flags=flags | apsw.SQLITE_OPEN_URI))

    def _checked(self, db: apsw.Connection) -> apsw.Connection:
        try:
            db.set_busy_timeout(int(self._timeout * 1000))
            self._check_layout(db, create=False)
        except BaseException:
            db.close()
            raise
        return db

    def _check_layout(self, db: apsw.Connection, *, create: bool) -> None:
        version, application = db.execute("PRAGMA user_version").get, db.execute("PRAGMA application_id").get
        empty = db.execute("SELECT count(*) FROM sqlite_schema").get == 0
        if empty and version == 0:
            if not create:
                raise LogError(f"{self.path}: this provenance log is empty; nothing has been recorded in it")
            db.execute(TABLE)
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {FORMAT}")
        elif application != APPLICATION_ID:
            raise LogError(f"{self.path}: this SQLite file is no provenance log; choose another path for the log")
        elif version > ERASED_FORMAT:
            raise LogError(
                f"{self.path}: this log has format {version}, and this guardlayer knows formats up to {ERASED_FORMAT}; "
                "install the newer guardlayer that wrote it"
            )

    @contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        try:
            yield
        except apsw.Error as error:
            raise self.explain(error, doing) from error

    def explain(self, error: apsw.Error, doing: str) -> LogError:
        """Return what SQLite reports as an error of ours, with what to do about it."""
        return LogError(f"{self.path}: cannot {doing} the provenance log: {_advice(error, self._timeout)}")


@contextmanager
def transaction(db: apsw.Connection) -> Iterator[None]:
    """Commit what is done within, or leave no trace of it."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with suppress(apsw.Error):  # after some errors SQLite has rolled back by itself
            db.execute("ROLLBACK")
        raise


def _advice(error: apsw.Error, timeout: float) -> str:
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return f"another program has kept it locked for {timeout:g} s; wait until it is done, or close it"
    if isinstance(error, (apsw.ReadOnlyError, apsw.PermissionsError)):
        return "it is read-only; give write permission to the file and its folder, or choose another path"
    if isinstance(error, apsw.CantOpenError):
        return "it cannot be opened; check that the path is a file in a folder you may write, or choose another path"
    if isinstance(error, apsw.NotADBError):
        return "the file is not an SQLite database; choose another path, or move the file away"
    if isinstance(error, apsw.CorruptError):
        return "the file is damaged; keep it as it is, restore a copy, and write to a new path until then"
    if isinstance(error, apsw.FullError):
        return "the disk is full; make room and try again"
    return f"SQLite reports {type(error).__name__}: {error}; check the disk and the file"
