"""``guardlayer source``: who stands behind a source, when it is in force, and what takes its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from guardlayer.cli import options
from guardlayer.cli.facts import fact_data
from guardlayer.cli.screen import Screen, line

if TYPE_CHECKING:
    from guardlayer.knowledge.speaking import SourceWord

group = typer.Typer(no_args_is_help=True, help="Say who owns a source, when it is in force, and what it replaces.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="source")


@options.command(
    group,
    'guardlayer source set "price list 2026" -k acme.db --supersedes "price list 2025" --effective-from 2026-01-01',
    'guardlayer source set "price list 2026" -k acme.db --owner sales --review-after 2027-01-01 --authority 5',
)
def set_(
    *,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Its name.")],
    knowledge: options.KnowledgeOne = None,
    owner: Annotated[str | None, typer.Option("--owner", metavar="WHO", help="Who answers for it.")] = None,
    authority: Annotated[
        int | None, typer.Option("--authority", metavar="N", help="Its rank; a higher one wins.")
    ] = None,
    uri: Annotated[str | None, typer.Option("--uri", metavar="URI", help="Where it can be looked up.")] = None,
    version: Annotated[str | None, typer.Option("--version", metavar="TEXT", help="Its version.")] = None,
    effective_from: Annotated[
        str | None, typer.Option("--effective-from", metavar="DATE", help="From when on it is in force.")
    ] = None,
    effective_to: Annotated[
        str | None, typer.Option("--effective-to", metavar="DATE", help="Until when it is in force.")
    ] = None,
    review_after: Annotated[
        str | None,
        typer.Option("--review-after", metavar="DATE", help="From when on what it states is stale (unreviewed)."),
    ] = None,
    supersedes: Annotated[
        list[str], typer.Option("--supersedes", metavar="SOURCE", help="A source whose place it takes. Repeatable.")
    ] = [],  # noqa: B006 - typer copies it
    author: options.Author = None,
    reason: options.Reason = None,
    json: options.Json = False,
) -> None:
    """Say something of a source as a whole. What is not given stays as it is; an empty text takes it back."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge) as kb:
        word = kb.source(
            source, uri=uri, version=version, authority=authority, owner=owner, effective_from=effective_from,
            effective_to=effective_to, review_after=review_after, supersedes=supersedes or None, author=author,
            reason=reason,
        )  # fmt: skip
    screen.data(source_data(word))
    screen.show(_said(word))


@options.command(group, "guardlayer source list -k acme.db")
def list_(*, knowledge: options.KnowledgeOne = None, json: options.Json = False) -> None:
    """List the sources, with what is said of each."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, read_only=True) as kb:
        found = kb.sources()
    screen.data([source_data(word) for word in found])
    screen.show("\n".join(map(_said, found)) or "No sources are recorded")


@options.command(
    group, 'guardlayer source confirm f12 -k acme.db --author dana --reason "looked it up" --review-after 2027-01-01'
)
def confirm(
    *,
    fact: Annotated[str, typer.Argument(metavar="FACT", help="Id of the fact that still holds.")],
    author: Annotated[str, typer.Option("--author", metavar="WHO", help="Who has looked.")],
    knowledge: options.KnowledgeOne = None,
    review_after: Annotated[
        str | None, typer.Option("--review-after", metavar="DATE", help="When it has to be looked at again.")
    ] = None,
    reason: options.Reason = None,
    json: options.Json = False,
) -> None:
    """Say that somebody has looked at a fact, and it holds."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge) as kb:
        held = kb.confirm(fact, author=author, review_after=review_after, reason=reason)
    screen.data(fact_data(held))
    until = f", to be looked at again {held.review_after.date()}" if held.review_after else ""
    screen.show(f"{held.id} holds: {held.text} ({held.source}){until}")


def source_data(word: SourceWord) -> dict[str, Any]:
    """Return what is said of a source as JSON values."""
    return {
        "id": word.id,
        "owner": word.owner,
        "authority": word.authority,
        "effective": {"from": word.effective.start_text, "to": word.effective.end_text},
        "review_after": word.review_after,
        "supersedes": list(word.supersedes),
        "superseded_by": word.superseded_by,
        "superseded_from": word.superseded_from,
    }


def _said(word: SourceWord) -> str:
    parts = [
        f"owner {word.owner}" if word.owner else "",
        f"authority {word.authority}" if word.authority is not None else "",
        f"in force {word.effective}" if word.effective.start_text or word.effective.end_text else "",
        f"to be reviewed {word.review_after}" if word.review_after else "",
        f"supersedes {', '.join(word.supersedes)}" if word.supersedes else "",
        f"superseded by {word.superseded_by} from {word.superseded_from} on" if word.superseded_by else "",
    ]
    said = "; ".join(part for part in parts if part)
    return line(f"{word.id}: {said}" if said else word.id)
