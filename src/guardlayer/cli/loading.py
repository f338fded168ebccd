"""``guardlayer load`` and ``guardlayer ingest``: fact files and documents into a database."""

from __future__ import annotations

import tomllib
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from guardlayer.cli import options
from guardlayer.cli.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def register(app: typer.Typer) -> None:
    """Add the commands."""
    options.command(
        app,
        "guardlayer load facts.csv prices.yaml --knowledge acme.db",
        "guardlayer load facts.jsonl -k acme.db --json",
    )(load)
    options.command(
        app,
        "guardlayer ingest handbook/ --knowledge acme.db --source handbook --effective-from 2026-01-01",
        "guardlayer ingest fees.md -k acme.db --authority 10 --supersedes fees-2025",
        "guardlayer ingest pricing/ -k acme.db --facts auto",
        "guardlayer ingest --git ../handbook --path docs/ -k acme.db --facts auto",
    )(ingest)


def load(
    *,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Fact files: .csv, .jsonl, .json or .yaml.")],
    knowledge: options.KnowledgeOne = None,
    json: options.Json = False,
) -> None:
    """Load fact files into a database, which is created where there is none.

    Each file is loaded whole or not at all; loading one twice changes nothing. Columns: entity, attribute, value,
    source, source_uri, valid_from, valid_to, qualifiers, authority, author, reason, aliases, synonyms, cardinality.
    """
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    results = []
    with open_required(knowledge, create=True) as kb:
        for file in files:
            with status(screen, f"{file}: ") as say:
                result = kb.load(file, progress=lambda rows, say=say: say(f"{rows:,} rows"))  # type: ignore[misc]  # mypy cannot type a default
            results.append(asdict(result))
            screen.show(str(result))
        stats = kb.stats()
    screen.data({"files": results, "knowledge": asdict(stats)})
    screen.show(f"{kb.store.name}: {stats}")


def ingest(
    *,
    path: Annotated[
        Path | None,
        typer.Argument(metavar="PATH", help="A document or a folder: Markdown, HTML, PDF, DOCX, CSV, text."),
    ] = None,
    git: Annotated[
        Path | None,
        typer.Option(
            "--git", metavar="REPO", help="A repository whose history dates every statement, instead of PATH."
        ),
    ] = None,
    folder: Annotated[
        str | None, typer.Option("--path", metavar="FOLDER", help="With --git: the folder in it. Default: docs/.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="With --git: read no older changes than this.")
    ] = None,
    knowledge: options.KnowledgeOne = None,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="NAME", help="Name of the source. Default: that of the file or folder."),
    ] = None,
    authority: Annotated[
        int | None, typer.Option("--authority", metavar="N", help="Rank of the source; a higher one wins.")
    ] = None,
    effective_from: Annotated[
        str | None, typer.Option("--effective-from", metavar="DATE", help="When the documents come into force.")
    ] = None,
    supersedes: Annotated[
        str | None, typer.Option("--supersedes", metavar="SOURCE", help="The source that this one takes the place of.")
    ] = None,
    facts: Annotated[
        str | None,
        typer.Option(
            "--facts",
            metavar="auto|none|FILE",
            help="Record keyed facts as well: by the shape of tables and key: value lines (auto), or as the [[facts]] "
            "of a TOML file map their columns. Default: as the last time; at first none.",
        ),
    ] = None,
    max_pages: Annotated[
        int | None, typer.Option("--max-pages", metavar="N", help="Pages of the longest PDF that is read.")
    ] = None,
    skip_unreadable: Annotated[
        bool,
        typer.Option("--skip-unreadable", help="List documents of a folder that cannot be read, and go on."),
    ] = False,
    json: options.Json = False,
) -> None:
    """Read documents into a database as passages, with source, version, page and span.

    A newer version of the same source supersedes the older one; nothing is deleted. With --git, each revision is a
    version, dated by its commit; later calls read only what is new.
    """
    from guardlayer.cli.building import open_required

    _check_combination(path, git, of_git=(folder, since), of_path=(effective_from, supersedes))
    screen = Screen.of(json=json)
    with open_required(knowledge, create=True) as kb, status(screen, "") as say:

        def progress(done: int, total: int, name: str) -> None:
            say(f"{done:,} of {total:,}: {name}")

        if git is not None:
            result = kb.ingest_git(
                git, "docs/" if folder is None else folder, source=source, authority=authority, since=since,
                facts=_facts(facts), progress=progress,
            )  # fmt: skip
        else:
            assert path is not None
            more = {} if max_pages is None else {"max_pages": max_pages}
            result = kb.ingest(
                path, source=source, authority=authority, effective_from=effective_from, supersedes=supersedes,
                facts=_facts(facts), skip_unreadable=skip_unreadable, progress=progress, **more,
            )  # fmt: skip
    screen.data(
        {
            "files": [asdict(file) for file in result.files],
            "skipped": [asdict(skipped) for skipped in result.skipped],
            "added": result.added,
            "kept": result.kept,
            "superseded": result.closed,
            "facts": asdict(result.facts),
        }
    )
    for skipped in result.skipped:
        screen.note(f"not read: {skipped.path}: {skipped.reason}")
    for reason in result.facts.left_out:
        screen.note(f"no fact: {reason}")
    screen.show(str(result))


def _facts(named: str | None) -> str | list[dict[str, Any]] | None:
    """Return what ``--facts`` names: a word, or the mappings of a file."""
    from guardlayer.errors import ConfigError

    if named is None or named in ("auto", "none"):
        return named
    try:
        declared = tomllib.loads(Path(named).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"--facts {named}: is neither auto, none nor a TOML file ({error})") from error
    mappings = declared.get("facts")
    if not isinstance(mappings, list) or not mappings or set(declared) != {"facts"}:
        raise ConfigError(f'{named}: must hold [[facts]] tables and nothing else, each with entity = "COLUMN"')
    return mappings


def _check_combination(
    path: Path | None, git: Path | None, *, of_git: tuple[str | None, ...], of_path: tuple[str | None, ...]
) -> None:
    from guardlayer.errors import ConfigError

    if (path is None) is (git is None):
        raise ConfigError("name either a document or folder, or a repository with --git REPO")
    if git is None and any(of_git):
        raise ConfigError("--path and --since go with --git REPO; leave them out to read files")
    if git is not None and any(of_path):
        raise ConfigError("--effective-from and --supersedes do not go with --git; its commits are the dates")


@contextmanager
def status(screen: Screen, lead: str) -> Iterator[Callable[[str], None]]:
    """Show how far the work is, on a terminal's stderr and nowhere else."""
    from rich.text import Text

    from guardlayer.cli.screen import line

    if not screen.err.is_terminal:
        yield lambda _: None
        return
    with screen.err.status(Text(line(lead) + "…")) as status:
        yield lambda text: status.update(Text(line(lead + text)))
