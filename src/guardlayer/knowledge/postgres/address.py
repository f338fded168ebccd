"""Where the server is: a URL taken apart, and the name it goes by without its secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from psycopg import conninfo
from psycopg.errors import Error

from guardlayer.errors import ConfigError

SCHEMA = "guardlayer"
"""Where the tables are, unless the URL says ``?schema=``."""

_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,40}")
_HOST = re.compile(r"[A-Za-z0-9._:%/\-,~]*")
_PORT = re.compile(r"[0-9,]*")
_SHAPE = "postgresql://user:password@host:5432/database"
# A dead server is noticed in seconds. What the URL itself says comes first.
_DEFAULTS: dict[str, Any] = {
    "application_name": "guardlayer",
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}


@dataclass(frozen=True, slots=True)
class Address:
    """A database on a server.

    Attributes:
        name: How it is called in messages: no password in it.
        schema: The schema its tables are in.
        parameters: What the driver connects with. Holds the password; never shown.
    """

    name: str
    schema: str
    parameters: dict[str, Any]

    def __repr__(self) -> str:
        return f"Address({self.name!r})"


def parse(url: str) -> Address:
    """Take a URL apart.

    Raises:
        ConfigError: It is not one. Nothing of the URL is repeated: any part of it may be the password.
    """
    plain, _, query = re.sub(r"^postgres(ql)?(\+\w+)?:", "postgresql:", url).partition("?")
    options = parse_qsl(query, keep_blank_values=True)
    schema = next((value for name, value in options if name == "schema"), SCHEMA)
    rest = urlencode([pair for pair in options if pair[0] != "schema"], quote_via=quote)
    try:
        known = conninfo.conninfo_to_dict(f"{plain}?{rest}" if rest else plain)
    except Error:
        raise ConfigError(
            f"the PostgreSQL URL cannot be read; write {_SHAPE}, and percent-encode what is special in the password"
        ) from None
    host, port, database = (str(known.get(part) or "") for part in ("host", "port", "dbname"))
    if not (_HOST.fullmatch(host) and _PORT.fullmatch(port)) or any(mark in database for mark in "@:/"):
        raise ConfigError(
            "the PostgreSQL URL has a host, port or database that cannot be one; percent-encode what is special in "
            "the password: @ is %40, : is %3A, / is %2F, # is %23, ? is %3F"
        )
    if not _SCHEMA.fullmatch(schema):
        raise ConfigError(
            "schema= in the PostgreSQL URL is not a name we can use; take up to 40 lower-case letters, digits and _"
        )
    user = f"{quote(str(known['user']))}@" if known.get("user") else ""
    name = "postgresql://" + user + ("" if host.startswith("/") else host) + (f":{port}" if port else "")
    name += f"/{quote(database)}"
    shown = {"host": host if host.startswith("/") else "", "schema": schema if schema != SCHEMA else ""}
    if any(shown.values()):
        name += "?" + urlencode({key: value for key, value in shown.items() if value}, safe="/")
    return Address(name, schema, {**_DEFAULTS, **known, "client_encoding": "UTF8"})
