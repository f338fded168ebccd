"""``guardlayer extract``: let a language model propose facts out of the documents."""

from __future__ import annotations

import importlib
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from guardlayer.cli import options
from guardlayer.cli.exits import Exit
from guardlayer.cli.loading import status
from guardlayer.cli.screen import Screen, line

_MINUTES = 5  # that one call of a command may take


def register(app: typer.Typer) -> None:
    """Add the command."""
    options.command(
        app,
        'guardlayer extract -k acme.db --command "llm -m gpt-4o-mini" --source handbook',
        "guardlayer extract -k acme.db --model ourcode.models:chat --max-calls 20",
        "guardlayer review list -k acme.db",
    )(extract)


def extract(
    *,
    knowledge: options.KnowledgeOne = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODULE:NAME",
            help="A LangChain chat model, a LlamaIndex LLM or a function from text to text, in Python code of yours.",
        ),
    ] = None,
    command: Annotated[
        str | None,
        typer.Option(
            "--command",
            metavar="COMMAND",
            help="A program: the prompt on its stdin, the answer on its stdout.",
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="Only documents of this source or folder.")
    ] = None,
    author: Annotated[str, typer.Option("--author", metavar="WHO", help="Who proposes, for the queue.")] = "extractor",
    max_calls: Annotated[int, typer.Option("--max-calls", metavar="N", help="Most calls of the model.")] = 50,
    max_characters: Annotated[
        int, typer.Option("--max-characters", metavar="N", help="Most characters of documents that are sent.")
    ] = 300_000,
    json: options.Json = False,
) -> None:
    """Let a language model propose facts out of the documents of a database; nothing is recorded by it.

    Each proposal quotes the words it was read from and waits in the review queue; what does not stand in its passage
    word for word is thrown away. What the model may cost is bounded by --max-calls and --max-characters. Exit code 4
    if passages were left unread.
    """
    from guardlayer.cli.building import open_required
    from guardlayer.errors import ConfigError

    if (model is None) is (command is None):
        raise ConfigError("name the model: either --model MODULE:NAME or --command COMMAND")
    asked = _imported(model) if model is not None else _program(command or "")
    screen = Screen.of(json=json)
    with open_required(knowledge, create=False) as kb, status(screen, "") as say:
        result = kb.extract(
            asked, source=source, author=author, max_calls=max_calls, max_characters=max_characters,
            progress=lambda read, total: say(f"{read:,} of {total:,} passages"),
        )  # fmt: skip
    screen.data(
        {
            "passages": result.passages,
            "read": result.read,
            "unread": result.unread,
            "calls": result.calls,
            "items": [{"id": item.id, "proposal": item.proposal.line} for item in result.items],
            "refused": list(result.refused),
            "failed": list(result.failed),
        }
    )
    for item in result.items:
        screen.show(line(f"{item.id}: {item.proposal.line}"))
    for reason in result.refused:
        screen.note(f"refused: {line(reason)}")
    screen.show(str(result))
    if result.unread:
        raise typer.Exit(Exit.INCOMPLETE)


def _imported(named: str) -> Any:
    """Return an object of the user's own code, found from the working directory."""
    from guardlayer.errors import ConfigError

    module, _, name = named.partition(":")
    if not module or not name:
        raise ConfigError(f"--model {named!r} is not MODULE:NAME, such as ourcode.models:chat")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return getattr(importlib.import_module(module), name)
    except Exception as error:
        raise ConfigError(f"--model {named}: {type(error).__name__}: {error}") from error


def _program(command: str) -> Callable[[str], str]:
    """Return a model that is a program: prompt in, answer out, no shell between."""
    from guardlayer.errors import AuthorityError, ConfigError

    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"--command {command!r} cannot be read ({error})") from error
    if not words:
        raise ConfigError("--command is empty; name a program")

    def ask(prompt: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - the user's own program, without a shell
                words, input=prompt, capture_output=True, text=True, timeout=60 * _MINUTES, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise AuthorityError(f"{words[0]}: {error}") from error
        if done.returncode:
            raise AuthorityError(f"{words[0]} ended with {done.returncode}: {done.stderr.strip()[-200:]}")
        return done.stdout

    return ask
