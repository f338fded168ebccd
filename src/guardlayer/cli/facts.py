"""``guardlayer fact``: read and change the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from guardlayer.cli import options
from guardlayer.cli.exits import Exit
from guardlayer.cli.screen import Screen, line

if TYPE_CHECKING:
    from rich.table import Table

    from guardlayer.temporal import Interval
    from guardlayer.types import Fact, Source

Id = Annotated[str, typer.Argument(metavar="FACT", help="Id of the fact, such as f12; `fact history` lists them.")]
Entity = Annotated[str, typer.Argument(metavar="ENTITY", help="Name or alias of what the fact is about.")]
Attribute = Annotated[str, typer.Argument(metavar="ATTRIBUTE", help="Name or synonym of what is said about it.")]
Value = Annotated[str, typer.Argument(metavar="VALUE", help="The value.")]
SourceName = Annotated[str | None, typer.Option("--source", metavar="SOURCE", help="Who says so.")]
ValidTo = Annotated[
    str | None, typer.Option("--valid-to", metavar="DATE", help="When it ceases to hold; not included.")
]
Qualifiers = Annotated[
    list[str],
    typer.Option("--qualifier", metavar="NAME=VALUE", help="What narrows the key, such as quarter=Q3. Repeatable."),
]

group = typer.Typer(no_args_is_help=True, help="Add, correct, supersede, retract, roll back and ask for facts.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="fact")


@options.command(
    group, 'guardlayer fact add Acme "list price" "$49" -k acme.db --source "price list 2026" --valid-from 2026-01-01'
)
def add(
    *,
    entity: Entity,
    attribute: Attribute,
    value: Value,
    knowledge: options.KnowledgeOne = None,
    source: SourceName = None,
    valid_from: Annotated[
        str | None, typer.Option("--valid-from", metavar="DATE", help="When it began to hold; a year will do.")
    ] = None,
    valid_to: ValidTo = None,
    qualifier: Qualifiers = [],  # noqa: B006 - typer copies it
    authority: Annotated[
        int | None, typer.Option("--authority", metavar="N", help="Rank of the source; a higher one wins.")
    ] = None,
    author: options.Author = None,
    reason: options.Reason = None,
    json: options.Json = False,
) -> None:
    """Record a fact; the database, the entity and the attribute are created on first use."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, create=True) as kb:
        fact = kb.add(
            entity, attribute, value,
            source=source, valid_from=valid_from, valid_to=valid_to, qualifiers=pairs(qualifier),
            authority=authority, author=author, reason=reason,
        )  # fmt: skip
    _written(screen, fact)


@options.command(
    group, 'guardlayer fact correct f12 "$59" -k acme.db --author dana --reason "typed from the wrong column"'
)
def correct(
    *,
    fact: Id,
    value: Value,
    author: Annotated[str, typer.Option("--author", metavar="WHO", help="Who says so, for the history.")],
    reason: Annotated[str, typer.Option("--reason", metavar="WHY", help="Why, for the history.")],
    knowledge: options.KnowledgeOne = None,
    json: options.Json = False,
) -> None:
    """Say that a fact never was as recorded, and what is right. The very next answer follows it."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge) as kb:
        written = kb.correct(fact, value, author=author, reason=reason)
    _written(screen, written)


@options.command(
    group, 'guardlayer fact supersede f12 "$69" -k acme.db --valid-from 2027-01-01 --source "price list 2027"'
)
def supersede(
    *,
    fact: Id,
    value: Value,
    valid_from: Annotated[str, typer.Option("--valid-from", metavar="DATE", help="When the new value took over.")],
    knowledge: options.KnowledgeOne = None,
    valid_to: ValidTo = None,
    source: SourceName = None,
    author: options.Author = None,
    reason: options.Reason = None,
    json: options.Json = False,
) -> None:
    """Say that a fact has ended, and what holds since."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge) as kb:
        written = kb.supersede(
            fact, value, valid_from=valid_from, valid_to=valid_to, source=source, author=author, reason=reason
        )
    _written(screen, written)


@options.command(
    group,
    'guardlayer fact retract f12 -k acme.db --reason "withdrawn by its author"',
    'guardlayer fact retract "price list 2026" -k acme.db --reason "issued by mistake"',
)
def retract(
    *,
    fact_or_source: Annotated[str, typer.Argument(metavar="FACT|SOURCE", help="Id of a fact, or name of a source.")],
    reason: Annotated[str, typer.Option("--reason", metavar="WHY", help="Why, for the history.")],
    knowledge: options.KnowledgeOne = None,
    author: options.Author = None,
    json: options.Json = False,
) -> None:
    """Withdraw a fact, or everything that a source says: facts and passages."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge) as kb:
        withdrawn = kb.retract(fact_or_source, reason=reason, author=author)
    screen.data([fact_data(fact) for fact in withdrawn])
    screen.show(table(withdrawn), f"{len(withdrawn)} facts withdrawn")


@options.command(
    group,
    "guardlayer fact rollback f12 -k acme.db --to 1",
    "guardlayer fact rollback f12 -k acme.db --to 2026-05-01T12:00:00Z",
)
def rollback(
    *,
    fact: Id,
    to: Annotated[
        str, typer.Option("--to", metavar="VERSION|TIME", help="A version, or a time at which the ledger was right.")
    ],
    knowledge: options.KnowledgeOne = None,
    author: options.Author = None,
    reason: options.Reason = None,
    json: options.Json = False,
) -> None:
    """Let a fact be again as it was. A number of up to three digits is a version, anything else a time."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    version = int(to) if to.isascii() and to.isdigit() and len(to) < 4 else to
    with open_required(knowledge) as kb:
        written = kb.rollback(fact, to=version, author=author, reason=reason)
    _written(screen, written)


@options.command(
    group,
    'guardlayer fact ask Acme "list price" -k acme.db',
    'guardlayer fact ask Acme "list price" -k acme.db --at 2026-03-01 --known-at 2026-02-01 --json',
)
def ask(
    *,
    entity: Entity,
    attribute: Attribute,
    knowledge: options.KnowledgeOne = None,
    at: options.At = None,
    known_at: options.KnownAt = None,
    qualifier: Qualifiers = [],  # noqa: B006 - typer copies it
    json: options.Json = False,
) -> None:
    """Say what holds: one answer, or the conflict or absence aloud. The exit code is 1 where there is no answer."""
    from guardlayer.cli.building import open_required
    from guardlayer.temporal import Moment

    screen = Screen.of(json=json)
    with open_required(knowledge, read_only=True) as kb:
        answer = kb.ask(entity, attribute, at=at, known_at=known_at, qualifiers=pairs(qualifier))
    screen.data(
        {
            "entity": answer.entity,
            "attribute": answer.attribute,
            "at": Moment.parse(answer.at).text,
            "value": answer.value,
            "text": answer.text,
            "conflict": answer.conflict,
            "facts": [fact_data(fact) for fact in answer.facts],
            "candidates": [fact_data(fact) for fact in answer.candidates],
        }
    )
    screen.show(answer.text)
    raise typer.Exit(Exit.FINE if answer.facts and not answer.conflict else Exit.FINDINGS)


@options.command(group, 'guardlayer fact history Acme "list price" -k acme.db')
def history(
    *,
    entity: Entity,
    attribute: Attribute,
    knowledge: options.KnowledgeOne = None,
    json: options.Json = False,
) -> None:
    """List every version of every fact of a key, as recorded. The exit code is 1 where there is none."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, read_only=True) as kb:
        facts = kb.history(entity, attribute)
    screen.data([fact_data(fact) for fact in facts])
    screen.show(table(facts) if facts else f"Nothing is recorded of {entity}, {attribute}")
    raise typer.Exit(Exit.FINE if facts else Exit.FINDINGS)


def pairs(given: Iterable[str]) -> list[tuple[str, str]]:
    """Read ``NAME=VALUE`` options.

    Raises:
        InputError: One has no equals sign.
    """
    from guardlayer.errors import InputError

    read = []
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"--qualifier {text!r} is no NAME=VALUE; write quarter=Q3")
        read.append((name, value))
    return read


def fact_data(fact: Fact) -> dict[str, Any]:
    """Return one version of a fact as JSON values."""
    return {
        "id": fact.id,
        "version": fact.version,
        "entity": fact.entity,
        "attribute": fact.attribute,
        "value": fact.value,
        "qualifiers": dict(fact.qualifiers),
        "valid": _interval(fact.valid),
        "recorded": _interval(fact.recorded),
        "source": _source(fact.source),
        "operation": fact.operation,
        "author": fact.author,
        "reason": fact.reason,
        "supersedes": fact.supersedes,
    }


def table(facts: Iterable[Fact]) -> Table:
    """Return versions as a table, one a row."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("fact", "value", "valid", "source", "recorded", "by"):
        shown.add_column(heading, overflow="fold")
    for fact in facts:
        recorded = fact.recorded.start.strftime("%Y-%m-%d %H:%M") if fact.recorded.start else ""
        ended = f" to {fact.recorded.end:%Y-%m-%d %H:%M}" if fact.recorded.end else ""
        by = " ".join(
            filter(None, [fact.operation, fact.author and f"by {fact.author}", fact.reason and f"({fact.reason})"])
        )
        cells = (f"{fact.id} v{fact.version}", fact.value, str(fact.valid), fact.source.id, recorded + ended, by)
        shown.add_row(*(Text(line(cell), style="" if fact.recorded.end is None else "dim") for cell in cells))
    return shown


def _written(screen: Screen, fact: Fact) -> None:
    screen.data(fact_data(fact))
    screen.show(f"{fact.id} v{fact.version}  {fact.text}  ({fact.valid}; {fact.source})")


def _interval(interval: Interval) -> dict[str, str | None]:
    return {"from": interval.start_text, "to": interval.end_text}


def _source(source: Source) -> dict[str, Any]:
    return {"id": source.id, "uri": source.uri, "version": source.version, "authority": source.authority}
