"""A schema made ours, or brought up to date, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from guardlayer.errors import StoreError
from guardlayer.knowledge.postgres.address import Address
from guardlayer.knowledge.postgres.connections import Connection
from guardlayer.knowledge.postgres.tables import OWN, STATE
from guardlayer.knowledge.postgres.translate import script, statement
from guardlayer.knowledge.store import MIGRATIONS

_OLDEST = 160_000
_LOCK = 0x67756172  # whoever prepares a schema holds this advisory lock


class Translating:
    """Runs migrations, which speak SQLite's SQL.

    Args:
        connection: In a transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, params: Sequence[Any] = (), /) -> Any:
        """Run a script, or one statement with parameters."""
        if params:
            return self._connection.execute(statement(sql), params)
        return self._connection.execute(script(sql))


def prepare(connection: Connection, address: Address, *, read_only: bool) -> None:
    """Create the tables, or those that are new since, in the transaction that is open.

    Raises:
        StoreError: The server is too old or keeps no UTF-8; or the schema is another program's, newer than this
            program, or missing or older where it is only to be read.
    """
    info = connection.info
    if info.server_version < _OLDEST:
        raise StoreError(
            f"{address.name}: PostgreSQL {info.server_version // 10_000} is too old; 16 or newer is needed"
        )
    if (encoding := info.parameter_status("server_encoding")) != "UTF8":
        raise StoreError(f"{address.name}: the database keeps text as {encoding}; create one with ENCODING 'UTF8'")
    known = _known(connection, address)
    wanted = (len(MIGRATIONS), len(OWN))
    if known == wanted:
        return
    if known is not None and (known[0] > wanted[0] or known[1] > wanted[1]):
        raise StoreError(
            f"{address.name}: written by a newer version of guardlayer (format {known[0]}.{known[1]}, this one knows "
            f"{wanted[0]}.{wanted[1]}); upgrade guardlayer"
        )
    if read_only:
        said = "holds no knowledge yet" if known is None else "written by an older version"
        raise StoreError(f"{address.name}: {said}; open it once without read_only to prepare it")
    connection.execute(b"SELECT pg_advisory_xact_lock($1)", (_LOCK,))
    known = _known(connection, address)  # another process may have been quicker
    to = Translating(connection)
    if known is None:
        _require_empty(connection, address)
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{address.schema}"'.encode())
        to.execute(STATE)
        known = (0, 0)
    for migrate in (*MIGRATIONS[known[0] :], *OWN[known[1] :]):
        migrate(to)
    connection.execute(b"UPDATE guardlayer_state SET format = $1, own = $2", wanted)


def _known(connection: Connection, address: Address) -> tuple[int, int] | None:
    table = f'"{address.schema}".guardlayer_state'
    if connection.execute(b"SELECT to_regclass($1)", (table,)).fetchall()[0][0] is None:
        return None
    found = connection.execute(f"SELECT format, own FROM {table}".encode()).fetchall()  # noqa: S608 - a checked name
    return (found[0][0], found[0][1]) if found else None


def _require_empty(connection: Connection, address: Address) -> None:
    rows = connection.execute(
        b"SELECT count(*) FROM information_schema.tables WHERE table_schema = $1", (address.schema,)
    ).fetchall()
    if rows[0][0]:
        raise StoreError(
            f"{address.name}: the schema {address.schema} holds tables of another program; name another with ?schema="
        )
