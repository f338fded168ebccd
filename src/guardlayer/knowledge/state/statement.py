"""What SQL a state query may be: one SELECT that writes nothing, locks nothing and reads no files."""

from __future__ import annotations

import re
from typing import Any

from guardlayer.errors import ConfigError

_PARAMETER = re.compile(r"(?<![:\w]):([A-Za-z_]\w{0,60})")
_STRING = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_DIALECTS = {"postgresql": "postgres", "postgres": "postgres", "sqlite": "sqlite", "mysql": "mysql", "mariadb": "mysql"}
_FORBIDDEN_FUNCTIONS = frozenset(
    "pg_sleep pg_sleep_for pg_sleep_until pg_read_file pg_read_binary_file pg_ls_dir lo_import lo_export dblink "  # noqa: SIM905
    "dblink_exec pg_terminate_backend pg_cancel_backend set_config pg_advisory_lock pg_advisory_xact_lock nextval "
    "setval "
    "load_extension writefile readfile edit fts3_tokenizer sleep benchmark load_file get_lock query_to_xml "
    "pg_reload_conf pg_logical_emit_message txid_current pg_notify randomblob zeroblob".split()
)


def parameters_of(sql: str) -> set[str]:
    """Return the names of the ``:name`` parameters outside of strings and comments."""
    return set(_PARAMETER.findall(_STRING.sub(" ", sql)))


def checked_select(sql: str, dialect: str, *, where: str) -> None:
    """Make sure that ``sql`` is a single SELECT without side effects.

    The second wall: the first is the read-only connection that runs it.

    Args:
        sql: The statement.
        dialect: The database's, as SQLAlchemy names it.
        where: What to call it in the error.

    Raises:
        ConfigError: It is something else, or ``sqlglot`` is not installed.
    """
    try:
        import sqlglot
        from sqlglot import exp
    except ImportError as error:
        raise ConfigError("state queries need the extra: pip install 'guardlayer-facts[sql]'") from error
    try:
        statements = [one for one in sqlglot.parse(sql, read=_DIALECTS.get(dialect)) if one is not None]
    except sqlglot.errors.SqlglotError as error:
        raise ConfigError(f"{where}: the SQL does not parse ({' '.join(str(error).split())[:200]})") from None
    if len(statements) != 1:
        raise ConfigError(f"{where}: {len(statements)} statements where one SELECT is due")
    statement = statements[0]
    if not isinstance(statement, exp.Select | exp.SetOperation):
        raise ConfigError(f"{where}: {type(statement).__name__.upper()} where a SELECT is due; state queries only read")
    writes: tuple[Any, ...] = (
        exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.Command, exp.Into, exp.Lock,
        exp.Set, exp.Pragma, exp.Attach, exp.Copy, exp.TruncateTable,
    )  # fmt: skip
    for node in statement.walk():
        if isinstance(node, writes):
            raise ConfigError(f"{where}: {type(node).__name__.upper()} inside the SELECT; state queries only read")
        if isinstance(node, exp.Func):
            name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
            if name in _FORBIDDEN_FUNCTIONS:
                raise ConfigError(f"{where}: the function {name} may not be called in a state query")
