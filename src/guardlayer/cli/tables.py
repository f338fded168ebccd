"""``guardlayer load-sql``: the tables of another database into this one."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Annotated

import typer

from guardlayer.cli import options
from guardlayer.cli.loading import status
from guardlayer.cli.screen import Screen


def register(app: typer.Typer) -> None:
    """Add the command."""
    options.command(
        app,
        "guardlayer load-sql sqlite:///crm.db price -k acme.db --entity product --value price",
        'DATABASE_URL=… guardlayer load-sql env "select * from snapshots.customers order by name, dbt_valid_from" '
        "-k acme.db --entity name",
        "guardlayer load-sql sqlite:///hr.db staff -k acme.db --entity name --column title=role --column dept",
    )(load_sql)


def load_sql(
    *,
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            help="The database, as SQLAlchemy writes it; env reads it from DATABASE_URL, so that no password stands in "
            "the list of processes.",
        ),
    ],
    query: Annotated[str, typer.Argument(metavar="QUERY", help="One SELECT, or the name of a table.")],
    entity: Annotated[
        str, typer.Option("--entity", metavar="COLUMN", help='What a row is about: a column, or a text: "Acme {plan}".')
    ],
    knowledge: options.KnowledgeOne = None,
    attribute: Annotated[
        str | None, typer.Option("--attribute", metavar="COLUMN", help="What names the attribute of each row.")
    ] = None,
    value: Annotated[str | None, typer.Option("--value", metavar="COLUMN", help="What holds the value.")] = None,
    column: Annotated[
        list[str],
        typer.Option(
            "--column",
            metavar="NAME[=ATTRIBUTE]",
            help="A column of values, and what it is called. Repeatable.",
        ),
    ] = [],  # noqa: B006 - typer copies it
    valid_from: Annotated[
        str | None, typer.Option("--valid-from", metavar="COLUMN", help="Since when a row holds.")
    ] = None,
    valid_to: Annotated[
        str | None,
        typer.Option("--valid-to", metavar="COLUMN", help="Until when; the rows then are a history, not a snapshot."),
    ] = None,
    qualifier: Annotated[
        list[str], typer.Option("--qualifier", metavar="NAME=COLUMN", help="What narrows the key. Repeatable.")
    ] = [],  # noqa: B006 - typer copies it
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="NAME", help="Name of the source. Default: the database and its tables."),
    ] = None,
    authority: Annotated[
        int | None, typer.Option("--authority", metavar="N", help="Rank of the source; a higher one wins.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="When a snapshot was taken. Default: now.")
    ] = None,
    inclusive_end: Annotated[
        bool, typer.Option("--inclusive-end", help="--valid-to is a last day, not the day after it.")
    ] = False,
    another_query: Annotated[
        bool, typer.Option("--another-query", help="Compare with the last snapshot although the query is another one.")
    ] = False,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Let a snapshot without rows end everything.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Load the result of a query on another database, whole or not at all.

    With --valid-to, or the columns of a dbt snapshot, each row is a fact with its interval. Without, the result is a
    snapshot: it is compared with that of the last time, changes become supersessions and rows that are gone end. The
    connection cannot write, and its password is never shown.
    """
    from guardlayer.cli.building import open_required
    from guardlayer.errors import ConfigError

    if url == "env":
        url = os.environ.get("DATABASE_URL", "")
        if not url:
            raise ConfigError("env reads the database from the environment variable DATABASE_URL, which is not set")
    screen = Screen.of(json=json)
    with open_required(knowledge, create=True) as kb, status(screen, "") as say:
        result = kb.load_sql(
            url, query, entity=entity, attribute=attribute, value=value, valid_from=valid_from, valid_to=valid_to,
            attributes=_pairs(column, "--column") or None, qualifiers=_pairs(qualifier, "--qualifier"), source=source,
            authority=authority, as_of=as_of, inclusive_end=inclusive_end, another_query=another_query,
            allow_empty=allow_empty, progress=lambda rows: say(f"{rows:,} rows"),
        )  # fmt: skip
        stats = kb.stats()
    screen.data({**asdict(result), "knowledge": asdict(stats)})
    screen.show(str(result), f"{kb.store.name}: {stats}")


def _pairs(given: list[str], option: str) -> dict[str, str]:
    from guardlayer.errors import ConfigError

    found: dict[str, str] = {}
    for one in given:
        name, _, rest = one.partition("=")
        if not name.strip() or (option == "--qualifier" and not rest.strip()):
            raise ConfigError(f"{option} {one!r} is not NAME=COLUMN")
        found[name.strip()] = rest.strip() or name.strip()
    return found
