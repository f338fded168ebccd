"""The same knowledge layer on a PostgreSQL server that many processes share; ``docs/design/postgres.md``."""

from __future__ import annotations

from guardlayer.errors import ConfigError
from guardlayer.knowledge.store import Store
from guardlayer.temporal import Clock


def open_postgres(url: str, *, clock: Clock, read_only: bool, busy_timeout_ms: int) -> Store:
    """Open a database on a server; see :meth:`guardlayer.knowledge.store.Store.open`.

    Raises:
        ConfigError: The driver is not installed, or the URL is not one.
        StoreError: The server cannot be reached or refuses, or what it holds cannot be used.
    """
    try:
        from guardlayer.knowledge.postgres.store import PostgresStore
    except ImportError as error:
        raise ConfigError(
            f"PostgreSQL needs the driver psycopg 3, and it cannot be imported ({error}); "
            "install it with: pip install 'guardlayer-facts[postgres]'"
        ) from error
    return PostgresStore.at(url, clock=clock, read_only=read_only, busy_timeout_ms=busy_timeout_ms)
