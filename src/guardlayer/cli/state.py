"""``guardlayer state``: check and run the queries of a ``state.toml``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from guardlayer.cli import options
from guardlayer.cli.exits import Exit
from guardlayer.cli.screen import Screen, line
from guardlayer.errors import InputError

File = Annotated[Path, typer.Argument(metavar="FILE", help="A state.toml; docs/state.md says what it holds.")]

group = typer.Typer(no_args_is_help=True, help="Check and run the named queries that answer state claims.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="state")


@options.command(group, "guardlayer state check state.toml")
def check(*, file: File, json: options.Json = False) -> None:
    """Read a file of queries, and say what they ask; connects to nothing."""
    from guardlayer.knowledge.state import Definitions

    screen = Screen.of(json=json)
    definitions = Definitions.from_file(file, os.environ)
    entries: list[dict[str, Any]] = [
        {
            "query": name,
            "database": query.database,
            "says": query.says,
            "parameters": {key: where.from_ or "text" for key, where in query.parameters.items()},
        }
        for name, query in definitions.queries.items()
    ]
    if screen.json:
        screen.data({"file": str(file), "queries": entries})
        return
    for entry in entries:
        bound = ", ".join(f"{key} from {where}" for key, where in entry["parameters"].items()) or "no parameters"
        screen.show(line(f"{entry['query']}  on {entry['database']}  ({bound})"))
    screen.show(f"{len(entries)} queries, each a single SELECT")


@options.command(group, "guardlayer state run state.toml order_status --set order=4711 --set customer=C-12")
def run(
    *,
    file: File,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Name of the query.")],
    settings: Annotated[
        list[str], typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the query. Repeatable.")
    ] = [],  # noqa: B006 - typer copies it
    json: options.Json = False,
) -> None:
    """Ask one query. Exit code 1 where it has no rows, 3 where it could not be asked."""
    from guardlayer.knowledge.state import Definitions, Outcome, Runner
    from guardlayer.temporal import utc_now

    screen = Screen.of(json=json)
    runner = Runner(Definitions.from_file(file, os.environ), clock=utc_now)
    try:
        done = runner.run(query, pairs(settings))
    finally:
        runner.close()
    if screen.json:
        screen.data(
            {
                "query": done.query, "parameters": dict(done.parameters), "outcome": done.outcome, "rows": done.rows,
                "truncated": done.truncated, "digest": done.digest, "at": done.at.isoformat(), "error": done.error,
            }
        )  # fmt: skip
    elif done.outcome is Outcome.ROWS:
        for row in done.rows:
            screen.show(line(row))
        if done.truncated:
            screen.note("there are more rows than max_rows")
    else:
        screen.note(line(f"{done.outcome}: {done.error or 'the database knows of none'}"))
    if done.outcome is Outcome.EMPTY:
        raise typer.Exit(Exit.FINDINGS)
    if done.outcome is not Outcome.ROWS:
        raise typer.Exit(Exit.UNAVAILABLE)


@options.command(group, "guardlayer state runs -k acme.db --query order_status")
def runs(
    *,
    knowledge: options.KnowledgeOne = None,
    query: Annotated[str | None, typer.Option("--query", metavar="NAME", help="Only runs of this query.")] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="At most this many, the newest.")] = 20,
    json: options.Json = False,
) -> None:
    """List what was asked of live databases: query, parameters, outcome, digest of the rows, time."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge) as kb:
        found = kb.state_runs.list(query=query, limit=limit)
    if screen.json:
        screen.data(
            [
                {
                    "id": r.id, "query": r.query, "parameters": dict(r.parameters), "outcome": r.outcome,
                    "rows": r.rows, "truncated": r.truncated, "digest": r.digest, "at": r.at.isoformat(),
                    "seconds": r.seconds, "principal": r.principal, "error": r.error,
                }
                for r in found
            ]
        )  # fmt: skip
        return
    for one in found:
        bound = ", ".join(f"{key}={value}" for key, value in one.parameters.items())
        screen.show(line(f"{one.at:%Y-%m-%d %H:%M:%S}  {one.query}({bound})  {one.outcome}  {one.digest[:19]}"))
    if not found:
        screen.note("no runs are recorded; hand kb.state_runs.record to StateQueries.open(record=…)")


def pairs(settings: Iterable[str]) -> dict[str, Any]:
    """Read ``NAME=VALUE`` options.

    Raises:
        InputError: One of them is something else.
    """
    found = {}
    for setting in settings:
        name, mark, value = setting.partition("=")
        if not mark or not name:
            raise InputError(f"--set takes NAME=VALUE, not {setting!r}")
        found[name] = value
    return found
