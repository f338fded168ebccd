"""``state.toml``: which questions the live databases answer.

    [databases.shop]
    url_env = "SHOP_DATABASE_URL"       # or url = "sqlite:///shop.db"; a password belongs into the environment
    timeout_s = 2.0
    max_rows = 100

    [queries.order_status]
    database = "shop"
    sql = "SELECT status FROM orders WHERE id = :order AND customer = :customer"
    says = ["order {order}", "your order", "parcel"]     # how a claim speaks of it
    value = "status"                                     # the column that answers
    values = { shipped = ["on its way", "dispatched"], processing = ["being packed"] }

    [queries.order_status.parameters]
    order = { pattern = "[A-Z]?[0-9]{3,10}" }            # from the claim, the question, or an earlier turn
    customer = { from = "principal.customer" }           # from who is asking, never from text

An unknown key is an error that names it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from guardlayer.errors import ConfigError
from guardlayer.knowledge.phrases import Phrases
from guardlayer.knowledge.state.statement import checked_select, parameters_of

MAX_BYTES = 1_000_000
MAX_TIMEOUT_S = 60.0
MAX_ROWS = 10_000


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


class DatabaseDefinition(_Section):
    """A database that is asked: ``url``, or ``url_env`` for the environment variable that holds it."""

    url: str | None = None
    url_env: str | None = None
    timeout_s: float = Field(default=2.0, gt=0, le=MAX_TIMEOUT_S)
    max_rows: int = Field(default=100, gt=0, le=MAX_ROWS)

    @model_validator(mode="after")
    def _one_url(self) -> Self:
        if (self.url is None) == (self.url_env is None):
            raise ValueError("give url, or url_env for the environment variable that holds it")
        return self


class ParameterDefinition(_Section):
    """Where a parameter comes from: the words of the conversation (``pattern``) or who is asking (``from``)."""

    pattern: str | None = Field(default=None, max_length=200)
    from_: str | None = Field(default=None, alias="from", pattern=r"^principal(\.\w{1,40})?$")
    type: Literal["text", "integer", "number"] = "text"

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.pattern is None) == (self.from_ is None):
            raise ValueError('give pattern = "…" or from = "principal.…"')
        return self


class QueryDefinition(_Section):
    """A named question; see the module."""

    database: str
    sql: str = Field(max_length=20_000)
    says: list[str] = Field(min_length=1)
    value: str
    attribute: str | None = None
    values: dict[str, list[str]] = Field(default_factory=dict)
    many: bool = False
    parameters: dict[str, ParameterDefinition] = Field(default_factory=dict)


class _File(_Section):
    databases: dict[str, DatabaseDefinition] = Field(min_length=1)
    queries: dict[str, QueryDefinition] = Field(min_length=1)


class Definitions:
    """Databases and queries, checked as a whole.

    Args:
        declared: The values of a ``state.toml``.
        environment: Where ``url_env`` is looked up.

    Raises:
        ConfigError: Something is missing, unknown, no single SELECT, or does not fit; the message names it.
    """

    def __init__(self, declared: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        try:
            file = _File.model_validate(declared)
        except ValidationError as error:
            problem = error.errors(include_input=False)[0]
            raise ConfigError(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}") from None
        self.databases = file.databases
        self.queries = file.queries
        self.urls: dict[str, str] = {}
        for name, database in file.databases.items():
            self.urls[name] = _url(name, database, environment)
        self.phrases: dict[str, Phrases] = {}
        for name, query in file.queries.items():
            self.phrases[name] = self._checked(name, query)

    @classmethod
    def from_file(cls, path: str | Path, environment: Mapping[str, str]) -> Definitions:
        """Read a ``state.toml``; relative SQLite paths are relative to the file.

        Raises:
            ConfigError: It cannot be read, or does not hold what it should.
        """
        place = Path(path)
        try:
            if place.stat().st_size > MAX_BYTES:
                raise ConfigError(f"{place}: larger than {MAX_BYTES:,} bytes")
            declared = tomllib.loads(place.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"{place}: cannot be read ({error})") from error
        try:
            found = cls(declared, environment)
        except ConfigError as error:
            raise ConfigError(f"{place}: {error}") from None
        found.urls = {name: _beside(place, url) for name, url in found.urls.items()}
        return found

    def _checked(self, name: str, query: QueryDefinition) -> Phrases:
        where = f"queries.{name}"
        if query.database not in self.databases:
            raise ConfigError(f"{where}: database {query.database!r} is not declared under [databases]")
        dialect = self.urls[query.database].split(":", 1)[0].split("+", 1)[0]
        checked_select(query.sql, dialect, where=where)
        wanted = parameters_of(query.sql)
        if missing := sorted(wanted - set(query.parameters)):
            raise ConfigError(f"{where}: the parameter {missing[0]!r} of the SQL is not declared under parameters")
        if unused := sorted(set(query.parameters) - wanted):
            raise ConfigError(f"{where}: the parameter {unused[0]!r} does not occur in the SQL as :{unused[0]}")
        patterns = {n: p.pattern for n, p in query.parameters.items() if p.pattern is not None}
        for parameter in patterns:
            if not any("{" + parameter + "}" in phrase for phrase in query.says):
                raise ConfigError(f"{where}: no phrase of says holds {{{parameter}}}, so it could never be bound")
        return Phrases(query.says, patterns, where=where)


def _url(name: str, database: DatabaseDefinition, environment: Mapping[str, str]) -> str:
    if database.url is not None:
        return database.url
    assert database.url_env is not None
    url = environment.get(database.url_env)
    if not url:
        raise ConfigError(f"databases.{name}: the environment variable {database.url_env} is not set")
    return url


def _beside(place: Path, url: str) -> str:
    head = "sqlite:///"
    if url.startswith(head) and not url.startswith(head + "/") and url != head + ":memory:":
        return head + str((place.parent / url.removeprefix(head)).resolve())
    return url
