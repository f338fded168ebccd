"""How a report looks: each claim coloured, and marked by a symbol and a word that say the same without colour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from guardlayer.cli.screen import line, visible
from guardlayer.types import Action, CheckedClaim, Evidence, Fact, Kind, Label, Outcome, Relation, Report, Source

_EMPHASIS = str.maketrans("", "", "*_`")


@dataclass(frozen=True, slots=True)
class Mark:
    """How one verdict is shown."""

    symbol: str
    style: str


MARKS = {
    Label.SUPPORTED: Mark("✓", "green"),
    Label.CONTRADICTED: Mark("✗", "bold red"),
    Label.STALE: Mark("⌛", "bold yellow"),
    Label.DISPUTED: Mark("≠", "bold magenta"),
    Label.UNSUPPORTED: Mark("?", "cyan"),
    Label.UNVERIFIABLE: Mark("!", "bold blue"),
    Label.EXEMPT: Mark("·", "dim"),
}
"""One symbol and colour for each verdict."""

DONE = {
    Action.ANNOTATE: "marked",
    Action.CORRECT: "corrected",
    Action.REDACT: "taken out",
    Action.RETRY: "ask again",
    Action.BLOCK: "blocked",
}
"""What an action did to a claim, in a word."""

OUTCOMES = {
    Outcome.VERIFIED: "verified: every claim that needs a source has one",
    Outcome.FINDINGS: "findings",
    Outcome.INCOMPLETE: "incomplete: something could not be checked",
    Outcome.NO_CLAIMS: "no claims: nothing in the text needed a source, which proves nothing",
}
"""The report in a line."""


def show_report(report: Report) -> RenderableType:
    """Return everything a reader wants of one report: text, verdicts, output, coverage, record."""
    parts: list[RenderableType] = [marked_text(report), Text()]
    table = verdicts(report)
    if table is not None:
        parts += [table, Text()]
    parts += [output(report), Text(), summary(report)]
    return Group(*parts)


def marked_text(report: Report) -> Text:
    """Return the draft with the symbol and number of each claim before it; structured output is shown as it is."""
    text = visible(report.draft.text)
    shown = Text()
    if report.draft.data is not None:
        return Text(text)
    position = 0
    for number, claim in sorted(enumerate(report.claims, 1), key=lambda pair: (pair[1].start, pair[1].end)):
        mark = MARKS[claim.verdict]
        start, end = max(claim.start, position), max(claim.end, position)
        shown.append(text[position:start])
        shown.append(tag(number, claim.verdict), style=mark.style)
        shown.append(" ")
        shown.append(text[start:end], style=mark.style)
        position = end
    shown.append(text[position:])
    return shown


def tag(number: int, label: Label) -> str:
    """Return how a claim is referred to: its symbol and number."""
    return f"{MARKS[label].symbol}{number}"


def verdicts(report: Report, *, actions: bool = True) -> Table | None:
    """Return the claims that need a source, each with verdict, reason, successor and source.

    Args:
        report: The report.
        actions: Whether to say what the policy did.

    Returns:
        ``None`` if there are no claims at all.
    """
    if not report.claims:
        return None
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    exempt = []
    for number, claim in enumerate(report.claims, 1):
        if claim.verdict is Label.EXEMPT:
            exempt.append(str(number))
            continue
        style = MARKS[claim.verdict].style
        body = Text("\n").join(_explained(report, claim, actions=actions))
        table.add_row(Text(tag(number, claim.verdict), style=style), Text(str(claim.verdict), style=style), body)
    if exempt:
        style = MARKS[Label.EXEMPT].style
        note = f"{', '.join(exempt)}: behavior, nothing to verify"
        table.add_row(
            Text(MARKS[Label.EXEMPT].symbol, style=style), Text("exempt", style=style), Text(note, style=style)
        )
    return table


def _explained(report: Report, claim: CheckedClaim, *, actions: bool) -> Iterator[Text]:
    structured = report.draft.data is not None
    written = report.draft.text[claim.start : claim.end].translate(_EMPHASIS)
    if structured or claim.text.translate(_EMPHASIS) != written:
        where = f"{line(claim.path)} " if claim.path else ""
        yield Text(f"{where}“{line(claim.text)}”")
    done = f" → {DONE[claim.action]}" if actions and claim.action in DONE else ""
    kind = "" if claim.kind is Kind.FACT else f"({claim.kind}) "
    yield Text(f"{kind}{line(claim.reason)}{done}")
    source = source_of(claim)
    now = _now(claim)
    if now:
        yield Text(f"now: {now}" + (f", says {_source(source)}" if source else ""), style="dim")
    elif source is not None:
        yield Text(f"source: {_source(source)}", style="dim")


def _now(claim: CheckedClaim) -> str:
    """Return the value true now, and since when, where the claim says another."""
    current = claim.current
    if current is None or claim.verdict not in (Label.STALE, Label.CONTRADICTED) or claim.result.unreviewed:
        return ""
    value = current.value if isinstance(current, Fact) else current.fact.value if current.fact else current.text
    since = current.valid.start_text
    return line(value) + (f" since {since}" if since else "")


def source_of(claim: CheckedClaim) -> Source | None:
    """Return the source that a reader should look at: of what is true now, else of what decided."""
    if claim.current is not None:
        return claim.current.source
    decisive = [piece for piece in claim.evidence if piece.relation is not Relation.NEUTRAL]
    pieces: list[Evidence] = decisive or list(claim.evidence[:1])
    return pieces[0].source if pieces else None


def _source(source: Source) -> str:
    version = f", version {line(source.version)}" if source.version else ""
    uri = f" <{line(source.uri)}>" if source.uri and source.uri != source.id else ""
    return f"{line(source.id)}{version}{uri}"


def output(report: Report) -> RenderableType:
    """Return what the policy lets through."""
    name = report.policy.partition("@")[0]
    if report.action is Action.PASS and report.output == report.draft.text:
        return Text(f"Output under {name}: the text as it is")
    head = Text(f"Output under {name} ({report.action}):", style="bold")
    return Group(head, Padding(Text(visible(report.output)), (0, 0, 0, 2)))


def summary(report: Report) -> Text:
    """Return outcome, coverage, notices and record, a line each."""
    lines = [Text(f"Result: {OUTCOMES[report.outcome]}", style="bold"), Text(f"Coverage: {report.coverage}")]
    reasons = sorted({region.reason for region in report.coverage.skipped})
    if reasons:
        lines.append(Text(f"Skipped: {line('; '.join(reasons))}"))
    if report.recheck is not None:
        lines.append(Text("The corrected text was checked again, and holds"))
    lines += [Text(f"Note: {line(notice)}") for notice in report.notices]
    if report.record is not None:
        lines.append(Text(f"Record: {report.record}"))
    return Text("\n").join(lines)
