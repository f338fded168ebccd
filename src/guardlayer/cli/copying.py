"""``guardlayer knowledge copy``: a whole layer from one database into another, and the proof that both say the same."""

from __future__ import annotations

from typing import Annotated

import typer

from guardlayer.cli import options
from guardlayer.cli.exits import Exit
from guardlayer.cli.screen import Screen


def register(group: typer.Typer) -> None:
    """Add the command to ``guardlayer knowledge``."""
    options.command(
        group,
        "guardlayer knowledge copy acme.db postgresql://guard@db.example/acme",
        "guardlayer knowledge copy postgresql://guard@db.example/acme acme.db --json",
        "guardlayer knowledge copy acme.db postgresql://guard@db.example/acme --only-compare --sample 10000",
    )(copy)


def copy(
    *,
    source: Annotated[str, typer.Argument(metavar="FROM", help="A database: a file or a postgresql:// URL.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Another one, new or empty.")],
    sample: Annotated[
        int | None,
        typer.Option(
            "--sample",
            min=1,
            metavar="N",
            help="Ask so many keys, drawn at random. Default: all. Rows are all compared.",
        ),
    ] = None,
    only_compare: Annotated[
        bool, typer.Option("--only-compare", help="Copy nothing; compare two databases that are there.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Copy a knowledge layer, history and ids included, and prove that every answer is the same.

    Every row is compared, and every key is asked in both: now, at the bounds of its values, and as it was known. Exit
    code 1 names what differs. A password is best left out of a URL: libpq reads PGPASSWORD and ~/.pgpass.
    """
    from guardlayer.cli.building import open_existing
    from guardlayer.cli.loading import status
    from guardlayer.knowledge import Knowledge, transfer

    screen = Screen.of(json=json)
    copied = None
    with open_existing(source, read_only=True) as one:
        other = open_existing(target, read_only=True) if only_compare else Knowledge.open(target)
        with other, status(screen, "") as say:

            def progress(done: int, total: int, what: str) -> None:
                say(f"{done:,} of {total:,}: {what}")

            if not only_compare:
                copied = transfer.copy(one, other, progress=progress)
                screen.show(f"{one.store.name} → {other.store.name}: {copied}")
            found = transfer.compare(one, other, sample=sample, progress=progress)
    screen.show(str(found), *found.differences)
    screen.data(
        {
            "copied": None if copied is None else copied.rows,
            "rows": found.rows,
            "keys": found.keys,
            "keys_in_all": found.keys_in_all,
            "answers": found.answers,
            "same": found.same,
            "differing": found.differing,
            "differences": list(found.differences),
        }
    )
    if not found.same:
        raise typer.Exit(Exit.FINDINGS)
