"""``guardlayer check``: one text, claim by claim."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from guardlayer.cli import options
from guardlayer.cli.exits import of_report
from guardlayer.cli.screen import Screen


def register(app: typer.Typer) -> None:
    """Add the command."""
    options.command(
        app,
        'guardlayer check "The fee is 3%." --knowledge acme.db',
        "guardlayer check answer.txt -k facts.csv --question 'What is the fee?' --at 2026-03-01",
        "llm 'What is the fee?' | guardlayer check - --sources handbook/ --policy strict --json",
    )(check)


def check(
    *,
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT|FILE|-]", help="What a model wrote: a text, a file, or - for stdin.")
    ] = None,
    knowledge: options.KnowledgeMany = [],  # noqa: B006 - typer copies it
    sources: options.Sources = [],  # noqa: B006 - typer copies it
    question: Annotated[
        str | None, typer.Option("--question", "-q", metavar="Q", help="What the model was asked.")
    ] = None,
    at: options.At = None,
    policy: options.Policy = None,
    evidence: Annotated[
        list[Path],
        typer.Option("--evidence", "-e", metavar="FILE", help="What came with the call: a text file. Repeatable."),
    ] = [],  # noqa: B006 - typer copies it
    config: options.Config = None,
    log: options.LogOption = None,
    no_log: options.NoLog = False,
    json: options.Json = False,
) -> None:
    """Check what a model wrote, claim by claim, and print what may be shown.

    The text comes back with the symbol of each verdict: ✓ supported, ✗ contradicted, ⌛ stale, ≠ disputed,
    ? unsupported, ! unverifiable, · exempt (behavior). Below it stand reasons, what is true now, and the sources.

    The exit code is 0 if nothing lacks its source, 1 for findings, 4 if something could not be checked, 3 if a database
    or the log is unavailable.
    """
    from guardlayer.cli.building import Wanted, build, read_file, read_text
    from guardlayer.provenance import report_to_json
    from guardlayer.types import Evidence, Source

    screen = Screen.of(json=json)
    draft = read_text(text)
    came = [Evidence(read_file(path), Source(path.name, path.absolute().as_uri())) for path in evidence]
    guard = build(Wanted(knowledge, sources, policy, config, log, no_log), screen)
    report = guard.check(draft, question=question, evidence=came, at=at)
    if json:
        screen.data(report_to_json(report))
    else:
        from guardlayer.cli.showing import show_report

        screen.show(show_report(report))
    raise typer.Exit(of_report(report, logged=guard.log is not None))
