"""``guardlayer knowledge``: how much a knowledge layer holds, whether it is sound, and all of it out and in again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from guardlayer.cli import copying, embedding, options
from guardlayer.cli.exits import Exit
from guardlayer.cli.screen import Screen, line

group = typer.Typer(
    no_args_is_help=True, help="Look after a knowledge layer as a whole: count, check, export, import, copy."
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="knowledge")


@options.command(group, "guardlayer knowledge stats -k acme.db")
def stats(*, knowledge: options.KnowledgeOne = None, json: options.Json = False) -> None:
    """Count what is held, and what waits for somebody."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, read_only=True) as kb:
        counted = kb.stats()
        waiting = {
            "conflicts": len(kb.conflicts()),
            "open_reviews": len(kb.reviews.items()),
            "overdue": sum(finding.rule == "reviews are in time" for finding in kb.check().findings),
            "erasures": len(kb.erasures()),
        }
    screen.data({**asdict(counted), **waiting})
    screen.show(
        str(counted),
        f"{waiting['conflicts']:,} conflicts, {waiting['open_reviews']:,} proposals and findings to review, "
        f"{waiting['overdue']:,} overdue reviews; {waiting['erasures']:,} erasures",
    )


@options.command(group, "guardlayer knowledge check -k acme.db", "guardlayer knowledge check -k acme.db --json")
def check(*, knowledge: options.KnowledgeOne = None, at: options.At = None, json: options.Json = False) -> None:
    """Check every rule of the layer against every row. The exit code is 1 where one is broken, and else 0.

    What only needs attention, such as conflicts and overdue reviews, is listed and changes no exit code.
    """
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, read_only=True) as kb:
        checked = kb.check(at=at)
    screen.data(
        {"sound": checked.sound, "rules": checked.rules, "findings": [asdict(finding) for finding in checked.findings]}
    )
    for finding in checked.findings:
        screen.show(line(str(finding)))
    screen.show(f"{checked.rules} rules checked: {'all are kept' if checked.sound else 'NOT sound'}")
    raise typer.Exit(Exit.FINE if checked.sound else Exit.FINDINGS)


@options.command(
    group, "guardlayer knowledge export all.jsonl -k acme.db", "guardlayer knowledge export all.jsonl.gz -k acme.db"
)
def export(
    *,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A .jsonl file, or .jsonl.gz to have it compressed.")],
    knowledge: options.KnowledgeOne = None,
    json: options.Json = False,
) -> None:
    """Write all there is to a file: every row, with its ids, versions and times."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, read_only=True) as kb, _progress(screen, "writing") as progress:
        written = kb.export(path, progress=progress)
    screen.data(asdict(written))
    screen.show(str(written), written.digest)


@options.command(group, "guardlayer knowledge import all.jsonl -k new.db")
def import_(
    *,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `knowledge export` wrote.")],
    knowledge: options.KnowledgeOne = None,
    json: options.Json = False,
) -> None:
    """Read an exported file into an empty database: all of it, or, where it was cut off or changed, nothing."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, create=True) as kb, _progress(screen, "reading") as progress:
        read = kb.import_(path, progress=progress)
    screen.data(asdict(read))
    screen.show(str(read))


copying.register(group)
embedding.register(group)


@contextmanager
def _progress(screen: Screen, doing: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show how far the work is, on a terminal's stderr and nowhere else."""
    from rich.text import Text

    if not screen.err.is_terminal:
        yield lambda *_: None
        return
    with screen.err.status(Text(f"{doing}…")) as status:

        def say(done: int, total: int, table: str) -> None:
            of = f" of {total:,}" if total else ""
            status.update(Text(f"{doing} {done:,}{of} rows: {table}"))

        yield say
