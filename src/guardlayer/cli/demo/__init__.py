"""``guardlayer demo``: the whole product in two seconds, offline.

``facts.yaml`` is the knowledge, ``assistant`` the model, ``play`` what happens, ``showing`` how it is told.
"""

from __future__ import annotations

from typing import Annotated

import typer

from guardlayer.cli import options
from guardlayer.cli.screen import Screen

POLICIES = ("observe", "annotate", "enforce", "strict", "retry")


def register(app: typer.Typer) -> None:
    """Add the command."""
    options.command(app, "guardlayer demo", "guardlayer demo --policy strict", "guardlayer demo --json")(demo)


def demo(
    *,
    policy: Annotated[
        str | None, typer.Option("--policy", metavar="NAME", help=f"Only one of {', '.join(POLICIES)}.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Guard a scripted assistant under each policy, correct a fact, and see the very next answer change.

    Everything runs in memory and a temporary folder; nothing is downloaded and nothing is left behind. The facts are
    true ones, asked as of 2025-01-15. The exit code is 0: that the assistant is caught is the point.
    """
    from guardlayer.cli.demo.play import play
    from guardlayer.errors import ConfigError

    if policy is not None and policy not in POLICIES:
        raise ConfigError(f"no policy {policy!r} in the demo; it has {', '.join(POLICIES)}")
    screen = Screen.of(json=json)
    played = play(POLICIES if policy is None else (policy,))
    if json:
        screen.data(played.to_json())
    else:
        from guardlayer.cli.demo.showing import story

        screen.out.width = min(screen.out.width, 100)
        screen.show(*story(played))
