"""``guardlayer term`` and ``guardlayer rule``: what words mean here, and what holds in which case."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from guardlayer.cli import options
from guardlayer.cli.exits import Exit
from guardlayer.cli.screen import Screen

if TYPE_CHECKING:
    from guardlayer.knowledge.terms.calendar import Period
    from guardlayer.knowledge.terms.model import Clause, Figure, Ruling, Term

Name = Annotated[str, typer.Argument(metavar="TERM", help="The term, or another name of it.")]
RuleName = Annotated[str, typer.Argument(metavar="RULE", help="The rule, or another name of it.")]
Scopes = Annotated[
    list[str], typer.Option("--scope", metavar="NAME=VALUE", help="Where it holds, such as region=EMEA. Repeatable.")
]
PeriodName = Annotated[
    str | None, typer.Option("--period", metavar="PERIOD", help="For which period: Q3 FY26, H1 FY26, P5 FY26, FY26.")
]
ValidFrom = Annotated[str | None, typer.Option("--valid-from", metavar="DATE", help="When it began to hold.")]
ValidTo = Annotated[str | None, typer.Option("--valid-to", metavar="DATE", help="When it ceases to; not included.")]
SourceName = Annotated[str | None, typer.Option("--source", metavar="SOURCE", help="Who says so.")]
Aliases = Annotated[list[str], typer.Option("--alias", metavar="NAME", help="Another name. Repeatable.")]

terms = typer.Typer(no_args_is_help=True, help="Define terms, their figures, and the fiscal calendar.")
rules = typer.Typer(no_args_is_help=True, help="Write rules with exceptions, and decide cases by them.")


def register(app: typer.Typer) -> None:
    """Add the groups."""
    app.add_typer(terms, name="term")
    app.add_typer(rules, name="rule")


@options.command(
    terms,
    'guardlayer term define "active customer" "a customer with a paid order in the last 90 days" -k acme.db '
    "--owner growth --valid-from 2026-01-01 --source handbook",
    'guardlayer term define ACV -k acme.db --sql "SELECT sum(acv) AS value FROM contracts '
    'WHERE signed_at >= :period_start AND signed_at < :period_end"',
)
def define(
    *,
    name: Name,
    definition: Annotated[str | None, typer.Argument(metavar="DEFINITION", help="What it means.")] = None,
    knowledge: options.KnowledgeOne = None,
    owner: Annotated[str | None, typer.Option("--owner", metavar="WHO", help="Who is asked about it.")] = None,
    sql: Annotated[
        str | None, typer.Option("--sql", metavar="SELECT", help="One SELECT whose column value is its figure.")
    ] = None,
    alias: Aliases = [],  # noqa: B006 - typer copies it
    scope: Scopes = [],  # noqa: B006 - typer copies it
    valid_from: ValidFrom = None,
    valid_to: ValidTo = None,
    source: SourceName = None,
    author: options.Author = None,
    reason: options.Reason = None,
    json: options.Json = False,
) -> None:
    """Say what a term means. Another definition from a later time on ends the one before it."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, create=True) as kb:
        found = kb.define(
            name, definition, owner=owner, sql=sql, aliases=alias, scope=pairs(scope), valid_from=valid_from,
            valid_to=valid_to, source=source, author=author, reason=reason,
        )  # fmt: skip
    _show_term(screen, found)


@options.command(terms, 'guardlayer term show ACV -k acme.db --period "Q3 FY26"')
def show(
    *,
    name: Name,
    knowledge: options.KnowledgeOne = None,
    period: PeriodName = None,
    scope: Scopes = [],  # noqa: B006 - typer copies it
    at: options.At = None,
    json: options.Json = False,
) -> None:
    """Say what a term means for a period, a scope and a time, and its figure. The exit code is 1 where that is open."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, read_only=True) as kb:
        found = kb.term(name, period=period, scope=pairs(scope), at=at)
        figure = kb.figure(name, period=period, scope=pairs(scope), at=at)
    if found is None and figure is None:
        screen.data(None)
        screen.show(f"Nothing is recorded of {name} for that scope and time")
        raise typer.Exit(Exit.FINDINGS)
    screen.data({**(term_data(found) if found else {"name": name}), "figure": figure and figure_data(figure)})
    if found is not None:
        _lines(screen, found)
    if figure is not None:
        screen.show(f"{figure}" + (f" ({figure.fact.source})" if figure.fact else ""))


@options.command(terms, 'guardlayer term report ACV "$4.2M" -k acme.db --period "Q3 FY26" --source "board deck"')
def report(
    *,
    name: Name,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The figure.")],
    knowledge: options.KnowledgeOne = None,
    period: PeriodName = None,
    scope: Scopes = [],  # noqa: B006 - typer copies it
    valid_from: ValidFrom = None,
    source: SourceName = None,
    author: options.Author = None,
    reason: options.Reason = None,
    json: options.Json = False,
) -> None:
    """Record the figure of a term for a period; claims about it are checked against it."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge) as kb:
        done = kb.report(
            name, value, period=period, scope=pairs(scope), valid_from=valid_from, source=source, author=author,
            reason=reason,
        )  # fmt: skip
    screen.data(figure_data(done))
    screen.show(str(done))


@options.command(
    terms, 'guardlayer term compute ACV postgresql://reader@db/sales -k acme.db --period "Q3 FY26" --record'
)
def compute(
    *,
    name: Name,
    database: Annotated[str, typer.Argument(metavar="URL", help="The live database; it is only read.")],
    knowledge: options.KnowledgeOne = None,
    period: PeriodName = None,
    scope: Scopes = [],  # noqa: B006 - typer copies it
    at: options.At = None,
    record: Annotated[bool, typer.Option("--record", help="Record it as the figure of the period.")] = False,
    author: options.Author = None,
    json: options.Json = False,
) -> None:
    """Compute the figure of a term by its own expression, as it was defined for that period."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, read_only=not record) as kb:
        done = kb.compute(name, database, period=period, scope=pairs(scope), at=at, record=record, author=author)
    screen.data(figure_data(done))
    screen.show(str(done))


@options.command(terms, "guardlayer term list -k acme.db")
def list_(*, knowledge: options.KnowledgeOne = None, json: options.Json = False) -> None:
    """List all terms by name. The exit code is 1 where there is none."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, read_only=True) as kb:
        names = kb.terms()
    screen.data(list(names))
    screen.show(*names or ("No terms",))
    raise typer.Exit(Exit.FINE if names else Exit.FINDINGS)


@options.command(
    terms,
    "guardlayer term import semantic_models.yml -k acme.db --owner analytics",
    "guardlayer term import model/orders.yml -k acme.db --format cube",
)
def import_(
    *,
    path: Annotated[str, typer.Argument(metavar="FILE", help="A MetricFlow, Cube or OSI file.")],
    knowledge: options.KnowledgeOne = None,
    format_: Annotated[
        str | None, typer.Option("--format", metavar="FORMAT", help="metricflow, cube or osi. Default: by its keys.")
    ] = None,
    owner: Annotated[str | None, typer.Option("--owner", metavar="WHO", help="Owner of the terms.")] = None,
    valid_from: ValidFrom = None,
    source: SourceName = None,
    author: options.Author = None,
    json: options.Json = False,
) -> None:
    """Import metrics as terms, each with a SELECT where it is simple."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, create=True) as kb:
        found = kb.import_metrics(
            path, format=format_, owner=owner, valid_from=valid_from, source=source, author=author
        )
    screen.data([term_data(one) for one in found])
    screen.show(*(f"{one}{'' if one.sql else ' [no expression]'}" for one in found))


@options.command(
    terms,
    "guardlayer term calendar -k acme.db --start-month 2",
    "guardlayer term calendar -k acme.db --start-month 2 --pattern 4-5-4 --year-end nearest",
    'guardlayer term calendar -k acme.db --period "Q3 FY26"',
)
def calendar(
    *,
    knowledge: options.KnowledgeOne = None,
    start_month: Annotated[
        int | None, typer.Option("--start-month", metavar="N", help="Month in which the fiscal year begins, 1 to 12.")
    ] = None,
    pattern: Annotated[
        str, typer.Option("--pattern", metavar="PATTERN", help="months, 4-4-5, 4-5-4 or 5-4-4.")
    ] = "months",
    named_by: Annotated[
        str, typer.Option("--named-by", metavar="end|start", help="Civil year that names a fiscal year.")
    ] = "end",
    week_end: Annotated[str, typer.Option("--week-end", metavar="DAY", help="Day on which weeks end.")] = "saturday",
    year_end: Annotated[
        str, typer.Option("--year-end", metavar="last|nearest", help="Which such day of the month ends a year.")
    ] = "last",
    period: PeriodName = None,
    author: options.Author = None,
    json: options.Json = False,
) -> None:
    """Declare the fiscal calendar, or show it and the bounds of a period."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, create=start_month is not None, read_only=start_month is None) as kb:
        made = kb.calendar(
            start_month, pattern=pattern, named_by=named_by, week_end=week_end, year_end=year_end, author=author
        )
        shown = kb.period(period) if period is not None else None
    screen.data(
        {
            "start_month": made.start_month,
            "pattern": made.pattern,
            "named_by": made.named_by,
            "week_end": made.week_end,
            "year_end": made.year_end,
            "period": shown and period_data(shown),
        }
    )
    weeks = f", years of weeks ending on the {made.year_end} {made.week_end}" if made.pattern != "months" else ""
    screen.show(
        f"Fiscal years begin in month {made.start_month}, in {made.pattern}, named by their {made.named_by}{weeks}"
    )
    if shown is not None:
        screen.show(f"{shown}: {shown.start} to {shown.end}, not included")


@options.command(
    rules,
    'guardlayer rule add "refund window" "30 days" -k acme.db --source terms',
    'guardlayer rule add "refund window" "60 days" -k acme.db --label "gold members" --when tier=gold',
    'guardlayer rule add "free shipping" yes -k acme.db --label "large orders" --when "total=>= 100"',
)
def add(
    *,
    name: RuleName,
    outcome: Annotated[str, typer.Argument(metavar="OUTCOME", help="What is so.")],
    knowledge: options.KnowledgeOne = None,
    label: Annotated[
        str | None, typer.Option("--label", metavar="LABEL", help="Name of the exception; without it, the base case.")
    ] = None,
    when: Annotated[
        list[str],
        typer.Option(
            "--when", metavar="FIELD=VALUE", help='What a field must be: gold, "a | b", ">= 100". Repeatable.'
        ),
    ] = [],  # noqa: B006 - typer copies it
    alias: Aliases = [],  # noqa: B006 - typer copies it
    valid_from: ValidFrom = None,
    valid_to: ValidTo = None,
    source: SourceName = None,
    author: options.Author = None,
    reason: options.Reason = None,
    json: options.Json = False,
) -> None:
    """Write the base case of a rule, or an exception to it; two that clash are refused, and both named."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, create=True) as kb:
        done = kb.rule(
            name, outcome, label=label, when=pairs(when) or None, aliases=alias, valid_from=valid_from,
            valid_to=valid_to, source=source, author=author, reason=reason,
        )  # fmt: skip
    screen.data([clause_data(one) for one in done])
    screen.show(*map(str, done))


@options.command(rules, 'guardlayer rule decide "refund window" -k acme.db --case tier=gold --case sale=')
def decide(
    *,
    name: RuleName,
    knowledge: options.KnowledgeOne = None,
    case: Annotated[
        list[str],
        typer.Option("--case", metavar="FIELD=VALUE", help="A field of the case; nothing behind = says there is none."),
    ] = [],  # noqa: B006 - typer copies it
    at: options.At = None,
    json: options.Json = False,
) -> None:
    """Say what a rule says of a case. The exit code is 1 where it does not decide; then it says what is missing."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    given: dict[str, object] = {field: value or None for field, value in pairs(case).items()}
    with open_required(knowledge, read_only=True) as kb:
        done = kb.decide(name, given, at=at)
    screen.data(ruling_data(done))
    screen.show(done.text)
    raise typer.Exit(Exit.FINE if done else Exit.FINDINGS)


@options.command(rules, 'guardlayer rule show "refund window" -k acme.db')
def show_(*, name: RuleName, knowledge: options.KnowledgeOne = None, json: options.Json = False) -> None:
    """List the base case of a rule and its exceptions."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, read_only=True) as kb:
        done = kb.clauses(name)
    screen.data([clause_data(one) for one in done])
    screen.show(*(f"{one} [{one.valid}; {one.fact.source}; {one.fact.id}]" for one in done))


@options.command(rules, "guardlayer rule list -k acme.db")
def list__(*, knowledge: options.KnowledgeOne = None, json: options.Json = False) -> None:
    """List all rules by name. The exit code is 1 where there is none."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge, read_only=True) as kb:
        names = kb.rules()
    screen.data(list(names))
    screen.show(*names or ("No rules",))
    raise typer.Exit(Exit.FINE if names else Exit.FINDINGS)


def pairs(given: Iterable[str]) -> dict[str, str]:
    """Read ``NAME=VALUE`` options.

    Raises:
        InputError: One has no equals sign.
    """
    from guardlayer.errors import InputError

    read = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"{text!r} is no NAME=VALUE; write region=EMEA")
        read[name] = value
    return read


def term_data(term: Term) -> dict[str, Any]:
    """Return a term as JSON values."""
    return {
        "name": term.name,
        "definition": term.definition,
        "owner": term.owner,
        "sql": term.sql,
        "scope": dict(term.scope),
        "valid": {"from": term.valid.start_text, "to": term.valid.end_text},
        "source": term.source.id,
        "aliases": list(term.aliases),
    }


def figure_data(figure: Figure) -> dict[str, Any]:
    """Return a figure as JSON values."""
    return {
        "term": figure.term,
        "value": figure.value,
        "period": None if figure.period is None else period_data(figure.period),
        "scope": dict(figure.scope),
        "fact": None if figure.fact is None else figure.fact.id,
        "sql": figure.sql,
        "parameters": dict(figure.parameters),
    }


def period_data(period: Period) -> dict[str, Any]:
    """Return a period as JSON values."""
    return {"name": str(period), "start": period.start.isoformat(), "end": period.end.isoformat()}


def clause_data(clause: Clause) -> dict[str, Any]:
    """Return a clause as JSON values."""
    return {
        "label": clause.label,
        "when": dict(clause.when),
        "outcome": clause.outcome,
        "valid": {"from": clause.valid.start_text, "to": clause.valid.end_text},
        "fact": clause.fact.id,
        "source": clause.fact.source.id,
    }


def ruling_data(ruling: Ruling) -> dict[str, Any]:
    """Return a ruling as JSON values."""
    return {
        "rule": ruling.rule,
        "outcome": ruling.outcome,
        "clause": None if ruling.clause is None else clause_data(ruling.clause),
        "missing": list(ruling.missing),
        "candidates": [clause_data(one) for one in ruling.candidates],
        "text": ruling.text,
    }


def _show_term(screen: Screen, term: Term) -> None:
    screen.data(term_data(term))
    _lines(screen, term)


def _lines(screen: Screen, term: Term) -> None:
    screen.show(f"{term} ({term.valid}; {term.source})")
    if term.owner:
        screen.show(f"owner: {term.owner}")
    if term.sql:
        screen.show(f"figure: {term.sql}")
