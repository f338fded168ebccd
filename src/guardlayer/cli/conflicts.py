"""``guardlayer conflicts``: keys on which sources disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from guardlayer.cli import options
from guardlayer.cli.exits import Exit
from guardlayer.cli.facts import fact_data
from guardlayer.cli.screen import Screen, line

if TYPE_CHECKING:
    from guardlayer.knowledge.conflicts import Conflict

group = typer.Typer(no_args_is_help=True, help="List the keys on which sources disagree, and decide about them.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="conflicts")


@options.command(group, "guardlayer conflicts list -k acme.db", "guardlayer conflicts list -k acme.db --at 2026-03-01")
def list_(*, knowledge: options.KnowledgeOne = None, at: options.At = None, json: options.Json = False) -> None:
    """List every key on which sources of equal weight disagree. The exit code is 1 where there are any."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, read_only=True) as kb:
        found = kb.conflicts(at=at)
    screen.data([conflict_data(conflict) for conflict in found])
    screen.show("\n".join(line(str(conflict)) for conflict in found) or "No sources disagree")
    raise typer.Exit(Exit.FINDINGS if found else Exit.FINE)


@options.command(group, 'guardlayer conflicts resolve f12 -k acme.db --author dana --reason "the register is binding"')
def resolve(
    *,
    fact: Annotated[str, typer.Argument(metavar="FACT", help="The side that is right.")],
    author: Annotated[str, typer.Option("--author", metavar="WHO", help="Who decides, for the history.")],
    reason: Annotated[str, typer.Option("--reason", metavar="WHY", help="Why, for the history.")],
    knowledge: options.KnowledgeOne = None,
    json: options.Json = False,
) -> None:
    """Choose a side. A further source that disagrees opens the conflict again."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge) as kb:
        chosen = kb.settle(fact, author=author, reason=reason)
    screen.data(fact_data(chosen))
    screen.show(f"{chosen.id} counts: {chosen.text} ({chosen.source})")


def conflict_data(conflict: Conflict) -> dict[str, Any]:
    """Return a conflict as JSON values."""
    return {
        "entity": conflict.entity,
        "attribute": conflict.attribute,
        "qualifiers": dict(conflict.qualifiers),
        "since": conflict.since.isoformat(),
        "sides": [fact_data(fact) for fact in conflict.sides],
    }
