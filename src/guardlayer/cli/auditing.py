"""``guardlayer audit``: a file of answers, in bulk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from guardlayer.cli import options
from guardlayer.cli.exits import Exit, of_outcomes
from guardlayer.cli.screen import Screen

if TYPE_CHECKING:
    from rich.table import Table

    from guardlayer.cli.bulk import Line, Tally

TOLD = 20
"""How many malformed lines are named on stderr as they come; all are in the results and counted."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    options.command(
        app,
        "guardlayer audit answers.jsonl --out results.jsonl --knowledge acme.db",
        "guardlayer audit answers.jsonl -o results.jsonl -k facts.csv --at 2023-12-15 --text-field response",
        "guardlayer audit answers.jsonl -o results.jsonl -k acme.db     (again: goes on where it was stopped)",
    )(audit)


def audit(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="One JSON object a line.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="OUT.jsonl", help="One result a line, in the same order.")
    ],
    knowledge: options.KnowledgeMany = [],  # noqa: B006 - typer copies it
    sources: options.Sources = [],  # noqa: B006 - typer copies it
    at: options.At = None,
    policy: options.Policy = None,
    config: options.Config = None,
    log: options.LogOption = None,
    no_log: options.NoLog = False,
    text_field: Annotated[str, typer.Option(metavar="KEY", help="Holds what the model wrote.")] = "answer",
    question_field: Annotated[str, typer.Option(metavar="KEY", help="Holds what it was asked.")] = "question",
    at_field: Annotated[str, typer.Option(metavar="KEY", help="Holds the instant for which facts are asked.")] = "at",
    id_field: Annotated[str, typer.Option(metavar="KEY", help="Holds your name of the line.")] = "id",
    evidence_field: Annotated[
        str, typer.Option(metavar="KEY", help="Holds what came with the call: a text, or a list of texts.")
    ] = "evidence",
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Stop when N lines have a result.")] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew, and overwrite OUT.")] = False,
    json: options.Json = False,
) -> None:
    """Check a file of answers, one JSON object a line, and write one result a line.

    Stopped in the middle, the same command goes on behind the last whole result. OUT.state.json says what the results
    depend on; where the input, the knowledge or the policy is no longer the same, the audit refuses and says so. A line
    that cannot be read gets a result that says why.

    The exit code is 1 for findings; 4 if there are none but something could not be checked or read; 3 if provenance
    could not be recorded.
    """
    from guardlayer.cli import bulk
    from guardlayer.cli.building import Wanted, build, digest_of, fingerprint
    from guardlayer.temporal import Moment, utc_now

    screen = Screen.of(json=json)
    digest = digest_of([file])
    fields = bulk.Fields(text_field, question_field, at_field, id_field, evidence_field)
    wanted = Wanted(knowledge, sources, policy, config, log, no_log)
    guard = build(wanted, screen)
    state = {
        "format": bulk.FORMAT,
        "input": digest,
        "knowledge": fingerprint(wanted),
        "policy": str(guard.policy),
        "at": None if at is None else Moment.parse(at, what="--at").text,
        "fields": [text_field, question_field, at_field, id_field, evidence_field],
        "began": Moment.parse(utc_now()).text,
    }
    results = bulk.open_results(out, file, state, restart=restart)
    tally = results.tally
    with results.stream:
        if tally.lines:
            screen.note(f"{out}: {tally.lines:,} lines have a result; going on after line {tally.last:,}")
        told = 0

        def seen(line: Line, result: dict[str, Any]) -> None:
            nonlocal told
            if "error" in result:
                told += 1
                if told <= TOLD:
                    screen.note(f"{file}:{line.number}: {result['error']}")
            progress.update(task, completed=line.end)

        with _progress(screen) as progress:
            task = progress.add_task("audit", total=file.stat().st_size)
            try:
                bulk.run(guard, file, results, fields=fields, limit=limit, seen=seen)
            except KeyboardInterrupt:
                progress.stop()
                screen.note(
                    f"{tally.lines:,} lines have a result in {out}; the same command goes on after line {tally.last:,}"
                )
                raise
    screen.data({**bulk.as_data(tally), "out": str(out)})
    screen.show(_summary(tally), f"Results: {out}")
    if told > TOLD:
        screen.note(f"{told - TOLD:,} more lines could not be read; they are marked in {out}")
    raise typer.Exit(Exit.UNAVAILABLE if tally.unrecorded else of_outcomes(bulk.outcomes(tally)))


def _progress(screen: Screen) -> Any:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=screen.err,
        transient=True,
        disable=not screen.err.is_terminal,
    )


def _summary(tally: Tally) -> Table:
    from rich.table import Table
    from rich.text import Text

    from guardlayer.cli.showing import MARKS

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column()
    table.add_column(justify="right")
    checked = sum(tally.outcomes.values())
    table.add_row("", "texts", f"{checked:,}")
    table.add_row("", "claims", f"{tally.verdicts.total():,}")
    for label, mark in MARKS.items():
        if tally.verdicts[label]:
            style = mark.style
            table.add_row(Text(mark.symbol, style=style), Text(label, style=style), f"{tally.verdicts[label]:,}")
    if tally.malformed:
        table.add_row("", "lines that could not be read", f"{len(tally.malformed):,}")
    if tally.unrecorded:
        table.add_row("", "texts without a provenance record", f"{tally.unrecorded:,}")
    return table
