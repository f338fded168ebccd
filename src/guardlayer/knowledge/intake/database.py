"""Read the rows of a query from somebody else's database: never written to, streamed, its password never told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import UUID

from guardlayer.errors import AuthorityError, ConfigError, InputError

_NAME = re.compile(r'[^\W\d]\w*(?:\.[^\W\d]\w*){0,2}|"[^"]+"(?:\."[^"]+"){0,2}')
_MIDNIGHT = re.compile(r"(?<=\d)[ T]00:00:00(?:\.0+)?$")  # what databases make of a day
_CHUNK = 5_000  # rows fetched at once


@dataclass(frozen=True, slots=True)
class Database:
    """A database that is read.

    Attributes:
        shown: Its URL without user and password: what messages and sources may say.
        name: Its name.
    """

    shown: str
    name: str
    _url: Any
    _secrets: tuple[str, ...]

    @classmethod
    def of(cls, url: str) -> Database:
        """Read a database URL as SQLAlchemy writes it.

        Raises:
            ConfigError: It is none, or SQLAlchemy is not installed. The message does not repeat it.
        """
        try:
            from sqlalchemy.engine import URL, make_url
            from sqlalchemy.exc import ArgumentError
        except ImportError as error:
            raise ConfigError("load_sql needs the extra 'sql': pip install 'guardlayer-facts[sql]'") from error
        try:
            parsed = make_url(url)
            parsed.get_dialect()
        except (ArgumentError, ValueError, TypeError):  # its message may hold the URL, and so the password
            raise ConfigError(
                "the database URL cannot be read, or names a kind of database that is not known; write "
                "it as postgresql://user:password@host/name or sqlite:///path"
            ) from None
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        bare = URL.create(parsed.drivername, host=parsed.host, port=parsed.port, database=parsed.database)
        secret = str(parsed.password or "")
        options = [value for key, value in parsed.query.items() if re.search("pass|secret|token|key", key.lower())]
        secrets = [secret, quote(secret, safe=""), quote_plus(secret)]
        secrets += [one for value in options for one in ((value,) if isinstance(value, str) else value)]
        name = Path(str(parsed.database or parsed.host or parsed.drivername)).name.removesuffix(".db")
        return cls(bare.render_as_string(hide_password=True), name, parsed, tuple({one for one in secrets if one}))

    def statement(self, query: str) -> str:
        """Return the SELECT that a query is; the name of a table stands for all of it.

        Raises:
            ConfigError: It is more than one statement, or writes.
        """
        from guardlayer.knowledge.state.statement import checked_select

        text = query.strip().rstrip(";").strip()
        if _NAME.fullmatch(text):
            text = f"SELECT * FROM {text}"  # noqa: S608 - a name and nothing else
        try:
            checked_select(text, self._url.get_backend_name(), where="the query of load_sql")
        except ConfigError as error:
            raise ConfigError(str(error).replace("state queries only read", "load_sql only reads")) from None
        return text

    def rows(self, statement: str) -> Iterator[tuple[Sequence[str], Sequence[Any]]]:
        """Yield each row with the names of its columns, in the order of the query.

        Raises:
            AuthorityError: The database cannot be reached, or refuses the query.
            ConfigError: The driver is not installed, or two columns have one name.
        """
        try:
            engine = self._engine()
        except ImportError as error:
            raise ConfigError(f"{self.shown}: its driver is not installed ({error.name}); install it first") from None
        try:
            with engine.connect() as connection:
                if self._url.get_backend_name() == "postgresql":
                    connection.execution_options(postgresql_readonly=True)
                elif self._url.get_backend_name() in ("mysql", "mariadb"):
                    connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
                options = {"stream_results": True, "yield_per": _CHUNK, "no_parameters": True}
                result = connection.exec_driver_sql(statement, execution_options=options)
                names = list(result.keys())
                twice = next((name for name in names if names.count(name) > 1), None)
                if twice is not None:
                    raise ConfigError(f"the query has two columns {twice!r}; give one another name with AS")
                for row in result:
                    yield names, row
                connection.rollback()
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - every driver has its own
            raise self._failed(error) from (None if self._tells(error) else error)
        finally:
            engine.dispose()

    def _engine(self) -> Any:
        from sqlalchemy import create_engine

        if self._url.get_backend_name() != "sqlite":
            return create_engine(self._url, hide_parameters=True, pool_size=1)
        path = Path(str(self._url.database or ""))
        if not path.is_file():
            raise AuthorityError(f"{self.shown}: there is no such file; name an SQLite database that exists")

        def connect() -> Any:
            import sqlite3

            opened = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
            opened.execute("PRAGMA query_only = ON")
            return opened

        return create_engine("sqlite://", creator=connect, hide_parameters=True)

    def _failed(self, error: Exception) -> AuthorityError:
        said = " ".join(str(getattr(error, "orig", None) or error).split())
        for secret in self._secrets:
            said = said.replace(secret, "***")
        return AuthorityError(f"{self.shown} cannot be read: {type(error).__name__}: {said[:300]}")

    def _tells(self, error: BaseException | None) -> bool:
        """Say whether an error, or what caused it, would show the password to whoever prints it whole."""
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            if any(secret in f"{error!s}{error!r}{error.args!r}" for secret in self._secrets):
                return True
            error = error.__cause__ or error.__context__
        return False


def cell_text(value: Any, column: str) -> str:
    """Return what a column holds as the text of a value; empty for NULL.

    Raises:
        InputError: It is of a type that no fact can have as its value.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | UUID):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ") if value.time() != time() or value.tzinfo else value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise InputError(f"column {column!r} holds {type(value).__name__}; select it as text, or leave it out")


def bound_text(value: Any, column: str, *, inclusive: bool = False) -> str:
    """Return a bound of validity as text; empty for NULL, and for the years that stand for "no bound".

    Args:
        value: What the column holds.
        column: Its name.
        inclusive: Whether a day is the last on which the row holds, and not the first on which it does not.
    """
    if isinstance(value, datetime | date):
        if value.year >= 9999 or value.year <= 1:
            return ""
        if inclusive and not isinstance(value, datetime):
            value += timedelta(days=1)
        return cell_text(value, column)
    text = _MIDNIGHT.sub("", cell_text(value, column))
    if text.startswith(("9999", "0001")):
        return ""
    if inclusive and re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return (date.fromisoformat(text) + timedelta(days=1)).isoformat()
    return text
