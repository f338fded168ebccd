"""``guardlayer review``: the queue of proposed changes and findings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from guardlayer.cli import options
from guardlayer.cli.facts import pairs
from guardlayer.cli.screen import Screen, line

if TYPE_CHECKING:
    from rich.table import Table

    from guardlayer.knowledge.reviews import ReviewItem

Item = Annotated[str, typer.Argument(metavar="ITEM", help="Number of the item; `review list` shows them.")]
By = Annotated[str, typer.Option("--author", metavar="WHO", help="Who says so, for the history.")]
Why = Annotated[str, typer.Option("--reason", metavar="WHY", help="Why, for the history.")]
Part = Annotated[str | None, typer.Option(metavar="TEXT", help="As `fact` takes it.")]
Narrowed = Annotated[
    list[str], typer.Option("--qualifier", metavar="NAME=VALUE", help="What narrows the key. Repeatable.")
]
Rank = Annotated[int | None, typer.Option("--authority", metavar="N", help="Rank of the source; a higher one wins.")]
Reached = Annotated[
    str | None, typer.Option("--to", metavar="VERSION|TIME", help="Of a rollback: a version, or a time.")
]

group = typer.Typer(no_args_is_help=True, help="Propose changes, and decide about those that others propose.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="review")


@options.command(
    group,
    'guardlayer review propose correct -k acme.db --fact f12 --value "$59" --author lee',
    "guardlayer review propose add -k acme.db --entity Acme --attribute office --value Oslo --author lee",
)
def propose(
    *,
    verb: Annotated[str, typer.Argument(metavar="VERB", help="add, correct, supersede, retract, rollback or settle.")],
    author: By,
    knowledge: options.KnowledgeOne = None,
    entity: Part = None,
    attribute: Part = None,
    value: Part = None,
    fact: Part = None,
    source: Part = None,
    valid_from: Part = None,
    valid_to: Part = None,
    qualifier: Narrowed = [],  # noqa: B006 - typer copies it
    authority: Rank = None,
    to: Reached = None,
    quote: Annotated[str | None, typer.Option(metavar="TEXT", help="The words of the source it was read from.")] = None,
    place: Annotated[str | None, typer.Option(metavar="WHERE", help="Where these words stand.")] = None,
    reason: options.Reason = None,
    json: options.Json = False,
) -> None:
    """Ask for a change without making it."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge) as kb:
        item = kb.propose(
            verb, author=author, reason=reason, entity=entity, attribute=attribute, value=value, fact=fact,
            source=source, valid_from=valid_from, valid_to=valid_to, qualifiers=pairs(qualifier),
            authority=authority, to=_version(to), quote=quote, place=place,
        )  # fmt: skip
    _shown(screen, item)


@options.command(
    group, "guardlayer review list -k acme.db", "guardlayer review list -k acme.db --state all --verb finding --json"
)
def list_(
    *,
    knowledge: options.KnowledgeOne = None,
    state: Annotated[str, typer.Option("--state", metavar="STATE", help="open, accepted, rejected or all.")] = "open",
    verb: Annotated[str | None, typer.Option("--verb", metavar="VERB", help="Only items of this verb.")] = None,
    json: options.Json = False,
) -> None:
    """List what waits for a decision, what was seen most often first."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, read_only=True) as kb:
        items = kb.reviews.items(None if state == "all" else state, verb=verb)
    screen.data([item_data(item) for item in items])
    screen.show(_table(items) if items else "Nothing waits for a decision" if state == "open" else "There are none")


@options.command(group, "guardlayer review show 3 -k acme.db")
def show(*, item: Item, knowledge: options.KnowledgeOne = None, json: options.Json = False) -> None:
    """Show one item with all that is known of it."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, read_only=True) as kb:
        found = kb.reviews.get(_number(item))
    screen.data(item_data(found))
    screen.show("\n".join(_lines(found)))


@options.command(
    group,
    'guardlayer review accept 3 -k acme.db --author dana --reason "checked with sales"',
    'guardlayer review accept 4 -k acme.db --author dana --reason "from the report" --verb add --entity Acme '
    '--attribute offices --value 12 --source "annual report"',
)
def accept(
    *,
    item: Item,
    author: By,
    reason: Why,
    knowledge: options.KnowledgeOne = None,
    verb: Annotated[
        str | None, typer.Option("--verb", metavar="VERB", help="Of a finding: what to do about it.")
    ] = None,
    entity: Part = None,
    attribute: Part = None,
    value: Part = None,
    fact: Part = None,
    source: Part = None,
    valid_from: Part = None,
    valid_to: Part = None,
    qualifier: Narrowed = [],  # noqa: B006 - typer copies it
    authority: Rank = None,
    to: Reached = None,
    json: options.Json = False,
) -> None:
    """Agree to an item: its change is made, and the item closed, in one step. Parts that are given replace its own."""
    from guardlayer.cli.building import open_required

    given = {
        "verb": verb, "entity": entity, "attribute": attribute, "value": value, "fact": fact, "source": source,
        "valid_from": valid_from, "valid_to": valid_to, "authority": authority, "to": _version(to),
        "qualifiers": tuple(pairs(qualifier)) or None,
    }  # fmt: skip
    changes: dict[str, Any] = {name: part for name, part in given.items() if part is not None}
    screen = Screen.of(json=json)
    with open_required(knowledge) as kb:
        done = kb.reviews.accept(_number(item), author=author, reason=reason, **changes)
    _shown(screen, done)


@options.command(group, 'guardlayer review reject 3 -k acme.db --author dana --reason "an old price list"')
def reject(
    *, item: Item, author: By, reason: Why, knowledge: options.KnowledgeOne = None, json: options.Json = False
) -> None:
    """Turn an item down, or take one's own back."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge) as kb:
        done = kb.reviews.reject(_number(item), author=author, reason=reason)
    _shown(screen, done)


@options.command(
    group,
    "guardlayer review from-log .guardlayer/provenance.db -k acme.db --at-least 3",
)
def from_log(
    *,
    log: Annotated[Path, typer.Argument(metavar="LOG", help="The provenance log.")],
    knowledge: options.KnowledgeOne = None,
    at_least: Annotated[
        int, typer.Option("--at-least", metavar="N", help="How often a claim without a source must have come up.")
    ] = 3,
    json: options.Json = False,
) -> None:
    """Turn what the guard found into items: claims that sources disagree on, and claims without a source that recur.

    The same finding is one item with a count, however often the log is read.
    """
    from guardlayer.cli.building import open_required
    from guardlayer.provenance import SqliteLog

    screen = Screen.of(json=json)
    with open_required(knowledge) as kb, SqliteLog(log) as records:
        items = kb.reviews.from_log(records, at_least=at_least, origin=str(log))
    screen.data([item_data(item) for item in items])
    screen.show(_table(items) if items else "Nothing new was found")


@options.command(group, "guardlayer review allow dana sam -k acme.db", "guardlayer review allow --anybody -k acme.db")
def allow(
    *,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME…", help="Who may decide. Without any, the list is shown.")
    ] = None,
    knowledge: options.KnowledgeOne = None,
    anybody: Annotated[
        bool, typer.Option("--anybody", help="Drop the list: anybody but the proposer may decide.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Say who may decide, or show who may. Without a list it is anybody but the proposer."""
    from guardlayer.cli.building import open_required
    from guardlayer.errors import ConfigError

    if names and anybody:
        raise ConfigError("give names, or --anybody, not both")
    screen = Screen.of(json=json)
    with open_required(knowledge, read_only=not (names or anybody)) as kb:
        listed = kb.reviews.allow(names or []) if names or anybody else kb.reviews.reviewers()
    screen.data(list(listed))
    screen.show(f"May decide: {', '.join(listed)}" if listed else "Anybody but the proposer may decide")


def item_data(item: ReviewItem) -> dict[str, Any]:
    """Return an item as JSON values."""
    import json

    return {
        "id": item.id,
        "state": item.state,
        "times": item.times,
        "proposal": json.loads(item.proposal.to_json()),
        "text": item.proposal.line,
        "author": item.author,
        "reason": item.reason,
        "origin": item.origin,
        "proposed": item.proposed.isoformat(),
        "seen": item.seen.isoformat(),
        "decided": None if item.decided is None else item.decided.isoformat(),
        "decided_by": item.decided_by,
        "decision": item.decision,
        "fact": item.fact,
    }


def _table(items: Iterable[ReviewItem]) -> Table:
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("item", "seen", "what", "by", "state"):
        shown.add_column(heading, overflow="fold")
    for item in items:
        by = item.author + (f" ({item.reason})" if item.reason else "")
        state = item.state + (f" by {item.decided_by}" if item.decided_by else "")
        cells = (str(item.id), f"{item.times}×", item.proposal.line, by, state)
        shown.add_row(*(Text(line(cell)) for cell in cells))
    return shown


def _lines(item: ReviewItem) -> Iterable[str]:
    proposal = item.proposal
    yield f"#{item.id} {item.state}: {line(proposal.line)}"
    yield f"  proposed by {line(item.author)} {item.proposed:%Y-%m-%d %H:%M}, seen {item.times}×" + (
        f", last {item.seen:%Y-%m-%d %H:%M}" if item.times > 1 else ""
    )
    for heading, text in (
        ("reason", item.reason), ("from", item.origin), ("words", proposal.quote), ("place", proposal.place),
        ("note", proposal.note), ("about", proposal.fact),
    ):  # fmt: skip
        if text:
            yield f"  {heading}: {line(text)}"
    if item.decided_by:
        yield f"  {item.state} by {line(item.decided_by)}: {line(item.decision or '')}" + (
            f" → {item.fact}" if item.fact else ""
        )


def _shown(screen: Screen, item: ReviewItem) -> None:
    screen.data(item_data(item))
    screen.show("\n".join(_lines(item)))


def _number(item: str) -> int:
    from guardlayer.errors import NotFoundError

    digits = item.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise NotFoundError(f"{item!r} is not the number of an item; `guardlayer review list` shows them")
    return int(digits)


def _version(to: str | None) -> int | str | None:
    """Read a version, of up to three digits, or a time."""
    return int(to) if to is not None and to.isascii() and to.isdigit() and len(to) < 4 else to
