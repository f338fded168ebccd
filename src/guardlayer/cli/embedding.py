"""``guardlayer knowledge embed``: vectors for the passages, so that they are found by meaning as well as by words."""

from __future__ import annotations

import typer

from guardlayer.cli import options
from guardlayer.cli.screen import Screen


def register(group: typer.Typer) -> None:
    """Add the command to ``guardlayer knowledge``."""
    options.command(group, "guardlayer knowledge embed -k acme.db")(embed)


def embed(*, knowledge: options.KnowledgeOne = None, json: options.Json = False) -> None:
    """Make the vectors of all passages. Once is enough: what is ingested afterwards gets its own.

    Interrupted, it goes on where it stopped.
    """
    from guardlayer.cli.building import open_required
    from guardlayer.cli.loading import status

    screen = Screen.of(json=json)
    with open_required(knowledge) as kb, status(screen, "") as say:
        made = kb.embed(progress=lambda done, total: say(f"{done:,} of {total:,} passages"))
        there = kb.passages.count()
    screen.data({"made": made, "passages": there})
    screen.show(f"{made:,} vectors made; {there:,} passages are current")
