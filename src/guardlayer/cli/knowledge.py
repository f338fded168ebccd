"""``guardlayer knowledge``: a knowledge layer as a whole."""

from __future__ import annotations

import typer

from guardlayer.cli import copying

group = typer.Typer(no_args_is_help=True, help="Look after a knowledge layer as a whole: copy it, and compare it.")
copying.register(group)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="knowledge")
