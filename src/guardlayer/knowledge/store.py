"""The database under the knowledge layer, as everything above it sees it: one interface, two that fulfil it.

:class:`~guardlayer.knowledge.sqlite.SqliteStore` is one file on one machine;
:class:`~guardlayer.knowledge.postgres.store.PostgresStore` is a server that many processes share. Above this line
SQL is one text that both understand (``docs/design/postgres.md`` says which SQL that is), and what cannot be one text
is an operation of :class:`Dialect`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from threading import RLock, get_ident
from typing import TYPE_CHECKING, Any, Protocol, Self

from guardlayer.errors import ConfigError, StoreError
from guardlayer.knowledge import governance, schema
from guardlayer.knowledge.entities.schema import ENTITIES
from guardlayer.knowledge.intake.schema import INTAKE
from guardlayer.knowledge.live import LIVE
from guardlayer.knowledge.terms.schema import CALENDARS
from guardlayer.knowledge.vectors import VECTORS
from guardlayer.temporal import Clock

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUSY_TIMEOUT_MS = 5_000

_BASE = "CREATE TABLE tick (last INTEGER NOT NULL) STRICT; INSERT INTO tick VALUES (-9223372036854775808);"


class Cursor(Protocol):
    """What runs the statements of one write."""

    def execute(self, sql: str, params: Sequence[Any] = ..., /) -> Any:
        """Run a statement; parameters are ``?`` in order, or ``?1``, ``?2`` where one is needed twice."""
        ...

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> Any:
        """Run a statement once for each row of parameters."""
        ...

    def glance(self, sql: str, params: Sequence[Any] = ..., /) -> list[tuple[Any, ...]]:
        """Run a query that need not see what this write has written so far, and return its rows."""
        ...

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows of the last statement."""
        ...

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row of the last statement, if there is one."""
        ...


class Schema(Protocol):
    """Where a migration writes: it speaks SQLite's SQL, translated where the database is another."""

    def execute(self, sql: str, params: Sequence[Any] = ..., /) -> Any:
        """Run a script, or one statement with parameters."""
        ...


class Dialect(Protocol):
    """What SQL alone does not say the same way everywhere. Full-text indexes are named by their tables."""

    def numbers(self, name: str) -> str:
        """Return a table of one column ``value`` for a FROM clause, called ``name``, that takes one ``?``."""
        ...

    def numbers_param(self, numbers: Sequence[int]) -> Any:
        """Return the parameter for that ``?``."""
        ...

    def record_version(self, cursor: Cursor, row: tuple[Any, ...]) -> None:
        """Write one version of a fact: the columns of :data:`FACT_COLUMNS`, in their order."""
        ...

    def index(self, cursor: Cursor, index: str, rows: Sequence[tuple[int, str, str]]) -> None:
        """Add passages to a full-text index: id, the words of the text, the words of what stands above it."""
        ...

    def unindex(self, cursor: Cursor, index: str, ids: Sequence[int]) -> None:
        """Take passages out of a full-text index."""
        ...

    def holders(self, index: str, word: str, limit: int) -> NDArray[Any]:
        """Return ids of passages that hold a word, up to ``limit`` of them, ascending: int64."""
        ...

    def rename_source(self, cursor: Cursor, old: str, new: str) -> None:
        """Call a source otherwise in what this database keeps beside the tables that all have."""
        ...

    def indexed(self, index: str) -> list[int]:
        """Return the ids of all passages in a full-text index."""
        ...

    def newest(self, index: str, words: Sequence[str], limit: int) -> list[int]:
        """Return ids of the newest passages that hold every word."""
        ...


FACT_COLUMNS = (
    "fact, version, key, value, source, valid_from, valid_to, valid_from_text, valid_to_text, tx_from, operation, "
    "corrected, supersedes, author, reason"
)
"""What :meth:`Dialect.record_version` takes."""


def _first(to: Schema) -> None:
    for script in (_BASE, schema.SOURCES, schema.LEDGER, schema.PASSAGES):
        to.execute(script)


def _histories(to: Schema) -> None:
    to.execute(schema.HISTORIES)


def _intake(to: Schema) -> None:
    to.execute(INTAKE)


def _entities(to: Schema) -> None:
    to.execute(ENTITIES)


def _governance(to: Schema) -> None:
    to.execute(governance.GOVERNANCE)


def _live(to: Schema) -> None:
    to.execute(LIVE)


def _vectors(to: Schema) -> None:
    to.execute(VECTORS)


def _calendars(to: Schema) -> None:
    to.execute(CALENDARS)


def _chronicle(to: Schema) -> None:
    to.execute(governance.CHRONICLE)


MIGRATIONS: tuple[Callable[[Schema], None], ...] = (
    _first, _histories, _intake, _governance, _entities, _live, _vectors, _calendars, _chronicle,
)  # fmt: skip
"""How a database grows: one function a version, appended and never edited. The database counts them."""


class Store(ABC):
    """An open database. Safe to share between threads.

    Open one with :meth:`Store.open`.

    Attributes:
        lock: Re-entrant; a write holds it for as long as it is open.
        name: Path of the file, ``:memory:``, or the URL of the server without its password.
        read_only: Whether every write is refused.
        dialect: What SQL alone does not say the same way in every database.
    """

    dialect: Dialect

    def __init__(self, *, name: str, clock: Clock, read_only: bool) -> None:
        self.name = name
        self.read_only = read_only
        self.lock = RLock()
        self._clock = clock
        self._writer: int | None = None

    @staticmethod
    def open(
        url: str | Path, *, clock: Clock, read_only: bool = False, busy_timeout_ms: int = BUSY_TIMEOUT_MS
    ) -> Store:
        """Open a database, creating it or bringing it up to date where needed.

        Args:
            url: ``":memory:"``, a path, ``sqlite:///path`` or ``postgresql://user@host/database``.
            clock: Where transaction time comes from.
            read_only: Refuse every write; the database must exist.
            busy_timeout_ms: Milliseconds to wait for another process's write before giving up.

        Raises:
            ConfigError: The URL names something that is neither SQLite nor PostgreSQL, or PostgreSQL's driver is not
                installed.
            StoreError: The database is locked, read-only, newer than this program, another program's, damaged, out of
                reach, or its folder does not exist.
        """
        text = str(url)
        if text.startswith(("postgresql:", "postgres:", "postgresql+")):
            from guardlayer.knowledge.postgres import open_postgres

            return open_postgres(text, clock=clock, read_only=read_only, busy_timeout_ms=busy_timeout_ms)
        from guardlayer.knowledge.sqlite import SqliteStore

        return SqliteStore.at(sqlite_path(text), clock=clock, read_only=read_only, busy_timeout_ms=busy_timeout_ms)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Close the database; a second call does nothing."""

    @property
    @abstractmethod
    def generation(self) -> int:
        """A number that changes whenever this process or another one has written. Costs a few microseconds."""

    @property
    def writing(self) -> bool:
        """Whether the calling thread is inside :meth:`write`, where reads see what is not yet committed."""
        return self._writer == get_ident()

    def now(self) -> datetime:
        """Return what the clock says; unlike :meth:`tick` it is no transaction time."""
        return self._clock()

    @abstractmethod
    def read(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one query and return all its rows.

        Raises:
            StoreError: The database cannot be read.
        """

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[None]:
        """Let several reads of this thread see one state of the database, whatever others write meanwhile."""

    @abstractmethod
    def write(self) -> AbstractContextManager[Cursor]:
        """Open a transaction that can write: committed at the end, rolled back whole on any error.

        Raises:
            StoreError: The database is read-only, locked or out of reach, the disk is full, or a write is already
                open in this thread.
        """

    @abstractmethod
    def tick(self) -> datetime:
        """Return the transaction time of the write that is open.

        Never before the clock, and strictly after every other transaction time in the database, whatever the clock
        says.

        Raises:
            StoreError: No write is open.
        """

    @abstractmethod
    def faults(self) -> list[str]:
        """Return what is damaged in the database itself, as far as it can tell; nothing where it is sound."""

    @abstractmethod
    def compact(self) -> list[str]:
        """Give up the room of what was deleted, and leave no trace of it in what this process can reach.

        Returns:
            What cannot be reached from here and may still hold it, one thing each; nothing where there is none.

        Raises:
            StoreError: A write is open, or another process is in the way.
        """

    def _require_writable(self) -> None:
        if self._writer is not None:
            raise StoreError(f"{self.name}: a write is already open; finish it before beginning another")
        if self.read_only:
            raise StoreError(f"{self.name}: opened read-only; open it with read_only=False to write")

    def _require_write(self) -> None:
        if not self.writing:
            raise StoreError(f"{self.name}: transaction time is given inside a write only")


def sqlite_path(url: str) -> str:
    """Return the path in an SQLite URL, or the path itself.

    Raises:
        ConfigError: It names something else.
    """
    text = url.removeprefix("sqlite:///")
    if text == url and "://" in text:
        raise ConfigError(
            f"{text.split('://', 1)[0]}://: not a database we can open; use a path, sqlite:///path, or "
            "postgresql://user@host/database"
        )
    if not text or "\0" in text:
        raise ConfigError(f'{text!r} is not the path of a database; use ":memory:", a path, or sqlite:///path')
    return text
