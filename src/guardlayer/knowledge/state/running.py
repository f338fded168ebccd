"""Running a state query: read-only, bounded in time and rows, and recorded.

*Empty* (the database knows of none), *not permitted* and *failed* are three different answers.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from threading import Lock, Semaphore, Thread
from typing import Any
from urllib.parse import quote
from uuid import UUID

from guardlayer.errors import ConfigError, NotFoundError
from guardlayer.knowledge.permissions.model import NOBODY, Access, PolicyEngine, Ref, Resource
from guardlayer.knowledge.state.definitions import Definitions
from guardlayer.temporal import Clock
from guardlayer.types import Principal

MAX_VALUE = 4_000
"""Characters of a value that are kept."""
KEPT = 1_000
"""Runs that are remembered in memory."""
MAX_RUNNING = 8
"""Queries of one runner that run at once; one that hangs keeps its place until its database gives it back."""


class Outcome(StrEnum):
    """How a run ended."""

    ROWS = "rows"
    EMPTY = "empty"
    NOT_PERMITTED = "not permitted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StateRun:
    """One question to a live database, and how it ended.

    Attributes:
        query: Name of the query.
        parameters: What was bound, sorted by name.
        outcome: How it ended.
        rows: The values of the query's ``value`` column, as text; at most the row cap.
        truncated: Whether there were more rows than the cap.
        digest: ``sha256:…`` of the rows.
        at: When it was asked.
        seconds: How long it took.
        principal: Who asked, if it was said.
        error: What failed, without secrets.
    """

    query: str
    parameters: tuple[tuple[str, str], ...]
    outcome: Outcome
    rows: tuple[str, ...]
    truncated: bool
    digest: str
    at: datetime
    seconds: float
    principal: str | None = None
    error: str | None = None


class Runner:
    """Runs the queries of a ``state.toml``. Safe to share between threads.

    Args:
        definitions: What may be asked.
        clock: When runs are said to have been made.
        engine: Decides who may ask what: action ``query`` on ``Query::"name"``; ``None`` lets everybody ask.
        record: Called with every run, in the thread that asked.
    """

    def __init__(
        self,
        definitions: Definitions,
        *,
        clock: Clock,
        engine: PolicyEngine | None = None,
        record: Callable[[StateRun], None] | None = None,
    ) -> None:
        self.definitions = definitions
        self._clock = clock
        self._engine = engine
        self._record = record
        self._engines: dict[str, Any] = {}
        self._lock = Lock()
        self._places = Semaphore(MAX_RUNNING)
        self.runs: deque[StateRun] = deque(maxlen=KEPT)

    def close(self) -> None:
        """Close the connections; a later run opens them again."""
        with self._lock:
            engines, self._engines = self._engines, {}
        for engine in engines.values():
            engine.dispose()

    def run(self, name: str, parameters: Mapping[str, Any], *, principal: Principal | None = None) -> StateRun:
        """Ask one query; whatever happens is an outcome of the run, never an exception of the database's.

        Args:
            name: Name of the query.
            parameters: A value for each of its parameters.
            principal: Who asks.

        Raises:
            NotFoundError: There is no such query.
            ConfigError: A parameter is missing, unknown, or not of its type.
        """
        query = self.definitions.queries.get(name)
        if query is None:
            known = ", ".join(sorted(self.definitions.queries))
            raise NotFoundError(f"there is no state query {name!r}; there are {known}")
        bound = self._bound(name, parameters)
        shown = tuple(sorted((key, str(value)[:MAX_VALUE]) for key, value in bound.items()))
        at, begun = self._clock(), time.monotonic()
        refused = self._refused(name, shown, principal)
        rows: tuple[str, ...] = ()
        truncated, error = False, None
        if refused is not None:
            outcome, error = Outcome.NOT_PERMITTED, refused
        else:
            try:
                rows, truncated = self._asked(name, bound)
                outcome = Outcome.ROWS if rows else Outcome.EMPTY
            except Exception as failure:  # noqa: BLE001 - drivers raise what they like; each is an outcome here
                outcome, error = Outcome.FAILED, _told(failure)
        stated = json.dumps(rows, ensure_ascii=False).encode()
        done = StateRun(
            name, shown, outcome, rows, truncated, "sha256:" + hashlib.sha256(stated).hexdigest(), at,
            time.monotonic() - begun, None if principal is None else principal.id, error,
        )  # fmt: skip
        self.runs.append(done)
        if self._record is not None:
            self._record(done)
        return done

    def _bound(self, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        declared = self.definitions.queries[name].parameters
        if missing := sorted(set(declared) - set(parameters)):
            raise ConfigError(f"the state query {name} needs the parameter {missing[0]}")
        if unknown := sorted(set(parameters) - set(declared)):
            raise ConfigError(f"the state query {name} has no parameter {unknown[0]}")
        bound: dict[str, Any] = {}
        for key, value in parameters.items():
            kind = declared[key].type
            try:
                bound[key] = (
                    int(str(value)) if kind == "integer" else Decimal(str(value)) if kind == "number" else value
                )
            except (ValueError, ArithmeticError):
                raise ConfigError(f"the parameter {key} of {name} is {str(value)[:40]!r}, not a {kind}") from None
            if kind == "number":
                bound[key] = float(bound[key])
        return bound

    def _refused(self, name: str, shown: tuple[tuple[str, str], ...], principal: Principal | None) -> str | None:
        if self._engine is None:
            return None
        resource = Resource(Ref("Query", name), {f"p_{key}": value for key, value in shown})
        try:
            ruling = self._engine.decide([Access(principal or NOBODY, "query", resource)])[0]
        except Exception as error:  # noqa: BLE001 - an engine that fails permits nothing
            return f"the policies could not be evaluated ({type(error).__name__})"
        if ruling.allowed and ruling.error is None:
            return None
        return ruling.error or f"the policies do not let {(principal or NOBODY).id} ask {name}"

    def _asked(self, name: str, bound: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
        """Run in a thread of its own, so that a database that never answers cannot hold the caller."""
        query = self.definitions.queries[name]
        database = self.definitions.databases[query.database]
        if not self._places.acquire(timeout=database.timeout_s):
            raise TimeoutError(f"{MAX_RUNNING} state queries are running already and none has ended")
        future: Future[tuple[tuple[str, ...], bool]] = Future()
        held: list[Any] = []

        def work() -> None:
            try:
                future.set_result(self._rows(name, bound, held))
            except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
                future.set_exception(error)
            finally:
                self._places.release()

        Thread(target=work, name=f"guardlayer-state-{name}", daemon=True).start()
        try:
            return future.result(database.timeout_s)
        except FutureTimeout:
            for connection in held:
                _cancel(connection)
            raise TimeoutError(f"no answer within {database.timeout_s:g} s (timeout_s)") from None

    def _rows(self, name: str, bound: Mapping[str, Any], held: list[Any]) -> tuple[tuple[str, ...], bool]:
        from sqlalchemy import text

        query = self.definitions.queries[name]
        cap = self.definitions.databases[query.database].max_rows
        with self._engine_of(query.database).connect() as connection:
            held.append(connection.connection.driver_connection)
            try:
                result = connection.execution_options(stream_results=True).execute(text(query.sql), dict(bound))
                columns = list(result.keys())
                if query.value not in columns:
                    known = ", ".join(columns)
                    raise LookupError(f"the query has no column {query.value!r}; it has {known}")
                fetched = result.mappings().fetchmany(cap + 1)
            finally:
                held.clear()
                connection.rollback()
        values = tuple(_text(row[query.value]) for row in fetched[:cap] if row[query.value] is not None)
        return values, len(fetched) > cap

    def _engine_of(self, name: str) -> Any:
        with self._lock:
            if name not in self._engines:
                self._engines[name] = _engine(self.definitions.urls[name], self.definitions.databases[name].timeout_s)
            return self._engines[name]


def _engine(url: str, timeout_s: float) -> Any:
    """Open a database so that it refuses to write: the first wall."""
    try:
        from sqlalchemy import create_engine, event
        from sqlalchemy.engine import make_url
        from sqlalchemy.pool import QueuePool
    except ImportError as error:
        raise ConfigError("state queries need the extra: pip install 'guardlayer-facts[sql]'") from error
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise ConfigError("a state query cannot ask sqlite:///:memory:, which nobody else can fill; name a file")
        location = f"file:{quote(str(parsed.database))}?mode=ro"

        def connect() -> sqlite3.Connection:
            return sqlite3.connect(location, uri=True, timeout=timeout_s, check_same_thread=False)

        engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)

        def read_only(connection: Any, _: Any) -> None:
            connection.execute("PRAGMA query_only = ON")

        event.listen(engine, "connect", read_only)
        return engine
    if backend == "postgresql":
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        milliseconds = int(timeout_s * 1000)
        options = (
            f"-c default_transaction_read_only=on -c statement_timeout={milliseconds} -c lock_timeout={milliseconds}"
        )
        return create_engine(
            parsed, connect_args={"options": options, "connect_timeout": max(1, int(timeout_s))}, pool_pre_ping=True
        ).execution_options(postgresql_readonly=True)
    engine = create_engine(parsed, pool_pre_ping=True)
    if backend in ("mysql", "mariadb"):

        def session_read_only(connection: Any, _: Any) -> None:
            with connection.cursor() as cursor:
                cursor.execute("SET SESSION TRANSACTION READ ONLY")

        event.listen(engine, "connect", session_read_only)
        return engine
    raise ConfigError(f"{backend}: state queries know SQLite, PostgreSQL and MySQL; use one of these")


def _cancel(connection: Any) -> None:
    for name in ("interrupt", "cancel"):  # sqlite3; psycopg
        stop = getattr(connection, name, None)
        if stop is not None:
            try:
                stop()
            except Exception:  # noqa: BLE001 - it may have ended just now
                return
            return


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str | int | float | Decimal | UUID):
        return str(value)[:MAX_VALUE]
    return str(value)[:MAX_VALUE]


def _told(error: BaseException) -> str:
    """Return the cause without what SQLAlchemy appends: the statement, the parameters, a link."""
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {' '.join(str(cause).split())[:200]}"
