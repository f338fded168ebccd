"""``guardlayer entity``: what things are called, and whom a name stands for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from guardlayer.cli import options
from guardlayer.cli.exits import Exit
from guardlayer.cli.screen import Screen, line

if TYPE_CHECKING:
    from rich.table import Table

    from guardlayer.knowledge.entities.model import Ambiguous, Entity, Merge, Name

Named = Annotated[str, typer.Argument(metavar="ENTITY", help="A name of the entity.")]
Type = Annotated[str | None, typer.Option("--type", metavar="TYPE", help="Sort of thing, such as company.")]
Scopes = Annotated[
    list[str],
    typer.Option("--scope", metavar="NAME=VALUE", help="Where it is said or holds, such as tenant=north. Repeatable."),
]
ValidFrom = Annotated[
    str | None, typer.Option("--valid-from", metavar="DATE", help="When the aliases came to be used for it.")
]
ValidTo = Annotated[
    str | None, typer.Option("--valid-to", metavar="DATE", help="When they ceased to be; not included.")
]

group = typer.Typer(no_args_is_help=True, help="Name entities, rename and merge them, and ask whom a name stands for.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="entity")


@options.command(
    group, 'guardlayer entity add "Acme Corporation" -k acme.db --alias Acme --alias "Acme Corp" --type company'
)
def add(
    *,
    entity: Named,
    knowledge: options.KnowledgeOne = None,
    alias: Annotated[list[str], typer.Option("--alias", metavar="NAME", help="Another name. Repeatable.")] = [],  # noqa: B006 - typer copies it
    hidden: Annotated[
        list[str], typer.Option("--hidden", metavar="NAME", help="A name that is found and never shown. Repeatable.")
    ] = [],  # noqa: B006 - typer copies it
    type_: Type = None,
    json: options.Json = False,
) -> None:
    """Declare an entity; again is harmless, and may add names."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, create=True) as kb:
        found = kb.named(kb.entity(entity, aliases=alias, type=type_, hidden=hidden))
    _shown(screen, found)


@options.command(
    group,
    "guardlayer entity alias Salesforce CRM -k acme.db --scope tenant=north",
    'guardlayer entity alias "Acme Corporation" "Acme Tools" -k acme.db --valid-to 2019-06-01',
    "guardlayer entity alias Salesforce CRN -k acme.db --remove",
)
def alias(
    *,
    entity: Named,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Other names of it.")],
    knowledge: options.KnowledgeOne = None,
    scope: Scopes = [],  # noqa: B006 - typer copies it
    valid_from: ValidFrom = None,
    valid_to: ValidTo = None,
    hidden: Annotated[bool, typer.Option("--hidden", help="They are found in texts and never shown.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Take them away: they never were names of it.")] = False,
    json: options.Json = False,
) -> None:
    """Give an entity other names: everywhere, or in a scope or for a time only. They are found at once."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge) as kb:
        name = kb.named(entity).name
        if remove:
            for one in names:
                kb.drop_name(name, one)
        else:
            kb.entity(
                name,
                aliases=() if hidden else names,
                hidden=names if hidden else (),
                scope=scopes(scope),
                valid_from=valid_from,
                valid_to=valid_to,
            )
        found = kb.named(name)
    _shown(screen, found)


@options.command(group, "guardlayer entity rename Twitter X -k acme.db --since 2023-07-24 --author dana")
def rename(
    *,
    entity: Named,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new preferred name.")],
    knowledge: options.KnowledgeOne = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="When it took that name; a year will do.")
    ] = None,
    author: options.Author = None,
    reason: options.Reason = None,
    json: options.Json = False,
) -> None:
    """Give an entity another preferred name; it is still found by the old one, and shown by it for earlier times."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge) as kb:
        found = kb.rename(entity, new, since=since, author=author, reason=reason)
    _shown(screen, found)


@options.command(
    group,
    'guardlayer entity merge "Acme Corporation" "ACME Corp." -k acme.db --author dana --reason "one register no."',
)
def merge(
    *,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The entity that stands for both.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The entity that is the same one.")],
    knowledge: options.KnowledgeOne = None,
    author: options.Author = None,
    reason: options.Reason = None,
    json: options.Json = False,
) -> None:
    """Say that two entities are one. Nothing is rewritten: `entity unmerge` undoes it."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge) as kb:
        done = kb.merge(into, other, author=author, reason=reason)
    screen.data(_merge_data(done))
    screen.show(f"{done.merged} is now {done.into}; undo it with `guardlayer entity unmerge '{done.merged}'`")


@options.command(
    group, 'guardlayer entity unmerge "ACME Corp." -k acme.db --author dana --reason "two firms after all"'
)
def unmerge(
    *,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The entity that was merged into another one.")],
    knowledge: options.KnowledgeOne = None,
    author: options.Author = None,
    reason: options.Reason = None,
    json: options.Json = False,
) -> None:
    """Undo a merge: each entity has its own names and facts again."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge) as kb:
        done = kb.unmerge(other, author=author, reason=reason)
    screen.data(_merge_data(done))
    screen.show(f"{done.merged} is itself again, and no longer {done.into}")


@options.command(
    group,
    'guardlayer entity propose -k acme.db --attribute "registration number" --attribute city --type company',
    "guardlayer entity propose -k acme.db --attribute phone --threshold 0.99 --merge --author dana",
)
def propose(
    *,
    knowledge: options.KnowledgeOne = None,
    attribute: Annotated[
        list[str],
        typer.Option("--attribute", metavar="NAME", help="An attribute that tells entities apart. Repeatable."),
    ] = [],  # noqa: B006 - typer copies it
    threshold: Annotated[float, typer.Option("--threshold", metavar="P", help="Least probability, 0 to 1.")] = 0.95,
    type_: Type = None,
    merge_: Annotated[bool, typer.Option("--merge", help="Merge what is proposed; each merge can be undone.")] = False,
    author: options.Author = None,
    json: options.Json = False,
) -> None:
    """List entities that are probably one, by Splink (pip install 'splink>=5,<6'). Exit code 1 if there are any."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    screen.note("learning from all entities; this takes a while")
    with open_required(knowledge, read_only=not merge_) as kb:
        found = kb.propose_merges(attribute, threshold=threshold, type=type_)
        for one in found if merge_ else ():
            if kb.named(one.into).name != kb.named(one.other).name:
                kb.merge(one.into, one.other, author=author, reason=f"Splink, probability {one.probability:.3f}")
    screen.data([{"into": one.into, "other": one.other, "probability": one.probability} for one in found])
    screen.show(*(f"{one.probability:.3f}  {one.into}  =  {one.other}" for one in found) if found else ("No pairs",))
    raise typer.Exit(Exit.FINDINGS if found and not merge_ else Exit.FINE)


@options.command(
    group,
    'guardlayer entity resolve Acme "Which bands are signed to the label Acme?" -k acme.db',
    "guardlayer entity resolve CRM -k acme.db --scope tenant=north --json",
)
def resolve(
    *,
    mention: Annotated[str, typer.Argument(metavar="NAME", help="The name as it is said.")],
    question: Annotated[str | None, typer.Argument(metavar="TEXT", help="The text it stands in.")] = None,
    knowledge: options.KnowledgeOne = None,
    turn: Annotated[
        list[str], typer.Option("--turn", metavar="TEXT", help="What was said before, oldest first. Repeatable.")
    ] = [],  # noqa: B006 - typer copies it
    scope: Scopes = [],  # noqa: B006 - typer copies it
    type_: Type = None,
    at: options.At = None,
    json: options.Json = False,
) -> None:
    """Say whom a name stands for, and what decides. The exit code is 1 where nothing decides, or nobody bears it."""
    from guardlayer.cli.building import open_required
    from guardlayer.knowledge.entities.model import Entity

    screen = Screen.of(json=json)
    with open_required(knowledge, read_only=True) as kb:
        found = kb.resolve(mention, question, turns=turn, scope=scopes(scope), type=type_, at=at)
    screen.data(_resolved(mention, found))
    if isinstance(found, Entity):
        screen.show(_line(found) + (f": {found.why}" if found.why else ""))
        raise typer.Exit(Exit.FINE)
    screen.show(str(found) if found is not None else f"{mention!r} is nobody's name here")
    raise typer.Exit(Exit.FINDINGS)


@options.command(
    group,
    "guardlayer entity list -k acme.db --type company",
    "guardlayer entity list Acme -k acme.db --json",
)
def list_(
    *,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only entities with this in a name.")] = None,
    knowledge: options.KnowledgeOne = None,
    type_: Type = None,
    merges: Annotated[bool, typer.Option("--merges", help="List merges instead, those undone too.")] = False,
    json: options.Json = False,
) -> None:
    """List entities with their names, by preferred name. The exit code is 1 where there is none."""
    from guardlayer.cli.building import open_required
    from guardlayer.text import fold

    screen = Screen.of(json=json)
    with open_required(knowledge, read_only=True) as kb:
        if merges:
            done = kb.merges()
            screen.data([_merge_data(one) for one in done])
            screen.show(*(str(_merge_line(one)) for one in done) if done else ("No merges",))
            raise typer.Exit(Exit.FINE if done else Exit.FINDINGS)
        found = [
            one
            for one in kb.entities(type=type_)
            if name is None or any(fold(name) in fold(other.text) for other in one.names)
        ]
    screen.data([entity_data(one) for one in found])
    screen.show(_table(found) if found else "No such entity")
    raise typer.Exit(Exit.FINE if found else Exit.FINDINGS)


def scopes(given: Iterable[str]) -> dict[str, str]:
    """Read ``NAME=VALUE`` options.

    Raises:
        InputError: One has no equals sign.
    """
    from guardlayer.errors import InputError

    read = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"--scope {text!r} is no NAME=VALUE; write tenant=north")
        read[name] = value
    return read


def entity_data(entity: Entity) -> dict[str, Any]:
    """Return an entity as JSON values."""
    return {
        "name": entity.name,
        "type": entity.type,
        "names": [_name_data(name) for name in entity.names],
        "merged": list(entity.merged),
    }


def _name_data(name: Name) -> dict[str, Any]:
    return {
        "text": name.text,
        "kind": name.kind,
        "scope": dict(name.scope),
        "valid": {"from": name.valid.start_text, "to": name.valid.end_text},
    }


def _merge_data(merge: Merge) -> dict[str, Any]:
    return {
        "into": merge.into,
        "merged": merge.merged,
        "author": merge.author,
        "reason": merge.reason,
        "at": merge.at.isoformat(),
        "undone": None if merge.undone is None else merge.undone.isoformat(),
        "undone_by": merge.undone_by,
        "undone_reason": merge.undone_reason,
    }


def _merge_line(merge: Merge) -> str:
    by = f" by {merge.author}" if merge.author else ""
    why = f" ({merge.reason})" if merge.reason else ""
    undone = f"; undone {merge.undone:%Y-%m-%d}" if merge.undone else ""
    return f"{merge.merged} into {merge.into}, {merge.at:%Y-%m-%d}{by}{why}{undone}"


def _resolved(mention: str, found: Entity | Ambiguous | None) -> dict[str, Any]:
    from guardlayer.knowledge.entities.model import Ambiguous

    if isinstance(found, Ambiguous):
        return {
            "mention": mention,
            "entity": None,
            "candidates": [entity_data(one) for one in found.candidates],
            "why": found.reason,
        }
    return {
        "mention": mention,
        "entity": None if found is None else entity_data(found),
        "candidates": [],
        "why": None if found is None else found.why,
    }


def _line(entity: Entity) -> str:
    return f"{entity.name} ({entity.type})" if entity.type else entity.name


def _shown(screen: Screen, entity: Entity) -> None:
    screen.data(entity_data(entity))
    others = [str(name) for name in entity.names if name.kind != "preferred" or name.valid.end_text]
    also = f"; also {', '.join(others)}" if others else ""
    merged = f"; stands for {', '.join(entity.merged)} too" if entity.merged else ""
    screen.show(_line(entity) + also + merged)


def _table(entities: Iterable[Entity]) -> Table:
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("entity", "type", "other names"):
        shown.add_column(heading, overflow="fold")
    for entity in entities:
        others = ", ".join(str(name) for name in entity.names if name.text != entity.name)
        shown.add_row(*(Text(line(cell)) for cell in (entity.name, entity.type or "", others)))
    return shown
