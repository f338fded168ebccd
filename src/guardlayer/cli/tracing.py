"""``guardlayer why``, ``record`` and ``log``: what the provenance log says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from guardlayer.cli import options
from guardlayer.cli.exits import Exit
from guardlayer.cli.screen import Screen

if TYPE_CHECKING:
    from guardlayer.provenance import SqliteLog

group = typer.Typer(no_args_is_help=True, help="Look after the provenance log.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    options.command(
        app,
        "guardlayer why 01949d2f-8c00-7abc-8def-0123456789ab",
        "guardlayer why 01949d2f --claim 2 --log .guardlayer/provenance.db --json",
    )(why)
    options.command(app, "guardlayer record 01949d2f")(record)
    app.add_typer(group, name="log")


Id = Annotated[
    str, typer.Argument(metavar="ID", help="Id of a record, or its first characters if no other begins with them.")
]


def why(
    *,
    record_id: Id,
    claim: Annotated[
        int | None, typer.Option("--claim", min=1, metavar="N", help="Only this claim, by the number `check` shows.")
    ] = None,
    log: options.LogOption = None,
    json: options.Json = False,
) -> None:
    """Say where an answer came from: claim, evidence, fact version, source, policy, model.

    Made from the record alone: what was known when the answer was given, not what is known today.
    """
    screen = Screen.of(json=json)
    with opened(log) as records:
        found = records.why(record_id, None if claim is None else claim - 1)
    if json:
        screen.data(found.to_json())
    else:
        from guardlayer.cli.tree import why_tree

        screen.show(why_tree(found))


def record(*, record_id: Id, log: options.LogOption = None, json: options.Json = False) -> None:
    """Print one record as it was written."""
    from guardlayer.cli.screen import to_json

    screen = Screen.of(json=json)
    with opened(log) as records:
        found = records.record(record_id)
    body = {
        "id": found.id,
        "seq": found.seq,
        "kind": found.kind,
        "leaf_hash": found.leaf_hash,
        "body": dict(found.body),
    }
    screen.data(body)
    screen.show(to_json(body, indent=2))


@options.command(group, "guardlayer log verify --log .guardlayer/provenance.db")
def verify(*, log: options.LogOption = None, json: options.Json = False) -> None:
    """Compute the hash of every record anew, and check that each is in its place.

    The exit code is 1 if a record cannot be trusted, 3 if the log cannot be read.
    """
    import apsw

    from guardlayer.errors import LogError

    screen = Screen.of(json=json)
    with opened(log) as records:
        path = records.path
        if not Path(path).exists():
            raise LogError(f"{path}: there is no provenance log here; name it with --log")
        try:
            count = records.verify()
        except LogError as error:
            if isinstance(error.__cause__, apsw.Error):
                raise
            screen.data({"ok": False, "log": path, "error": str(error)})
            screen.show(f"✗ {error}")
            raise typer.Exit(Exit.FINDINGS) from None
    screen.data({"ok": True, "log": path, "records": count})
    screen.show(f"✓ {path}: {count:,} records, each with the hash it was written with")


def opened(log: Path | None) -> SqliteLog:
    """Return the log that the options name."""
    from guardlayer.guard import DEFAULT_LOG
    from guardlayer.provenance import SqliteLog

    return SqliteLog(log or DEFAULT_LOG)
