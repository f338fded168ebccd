"""Options that several commands share, each written once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

F = TypeVar("F", bound=Callable[..., Any])

ENV_KNOWLEDGE = "GUARDLAYER_KNOWLEDGE"
"""Environment variable that names the knowledge database where ``--knowledge`` is not given."""
ENV_LOG = "GUARDLAYER_LOG"
"""Environment variable that names the provenance log where ``--log`` is not given."""


def command(app: typer.Typer, *examples: str) -> Callable[[F], F]:
    """Return a decorator that adds a command to ``app``: its docstring is the help, which ends with the examples."""
    # In rich mode typer keeps the line breaks of an epilog only between paragraphs, and all those of the help.
    shown = "\n\n".join(("[bold]Examples[/bold]", *(f"  {line}".replace("[", "\\[") for line in examples)))

    def add(function: F) -> F:
        name = function.__name__.rstrip("_").replace("_", "-")  # `import` and `set` are words of Python's own
        app.command(name, help=flowed(function.__doc__), epilog=shown)(function)
        return function

    return add


def flowed(text: str | None) -> str:
    """Return a docstring with one line for each paragraph, which typer then wraps to the terminal."""
    return "\n\n".join(" ".join(part.split()) for part in (text or "").split("\n\n"))


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, and nothing else there.")]
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="DATE",
        help="The instant for which facts are asked: 2026-10-30, 2026-10, or with a time. Default: now.",
    ),
]
KnownAt = Annotated[
    str | None,
    typer.Option("--known-at", metavar="DATE", help="As the ledger knew it then. Default: as it knows it now."),
]
Policy = Annotated[
    str | None,
    typer.Option(
        "--policy",
        metavar="NAME|FILE",
        help="observe, annotate, enforce, strict, retry, or a policy file. Default: enforce.",
    ),
]
Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="A guardlayer.toml; the other options override it.")
]
KnowledgeMany = Annotated[
    list[str],
    typer.Option(
        "--knowledge",
        "-k",
        metavar="DB|FACTS",
        # No envvar= here: where an option repeats, the variable would be split at its blanks.
        help="A knowledge database (.db), or a fact file (.csv, .jsonl, .yaml) that is loaded into memory. Repeatable. "
        f"\\[env var: {ENV_KNOWLEDGE}]",
    ),
]
KnowledgeOne = Annotated[
    str | None,
    typer.Option("--knowledge", "-k", metavar="DB", envvar=ENV_KNOWLEDGE, help="The knowledge database."),
]
Sources = Annotated[
    list[Path],
    typer.Option("--sources", "-s", metavar="DIR", help="Documents to read into memory and check against. Repeatable."),
]
LogOption = Annotated[
    Path | None,
    typer.Option(
        "--log", metavar="PATH", envvar=ENV_LOG, help="The provenance log. Default: .guardlayer/provenance.db"
    ),
]
NoLog = Annotated[bool, typer.Option("--no-log", help="Keep no record; the report says so.")]
Author = Annotated[str | None, typer.Option("--author", metavar="WHO", help="Who says so, for the history.")]
Reason = Annotated[str | None, typer.Option("--reason", metavar="WHY", help="Why, for the history.")]
