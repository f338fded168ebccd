"""Terms, figures and rules as people ask about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from guardlayer.knowledge.terms.calendar import Period
from guardlayer.temporal import Interval
from guardlayer.types import Fact, Source

DEFINITION, OWNER, EXPRESSION, FIGURE, OUTCOME = "definition", "owner", "expression", "figure", "outcome"
"""The attributes under which the ledger keeps them."""
PERIOD, EXCEPTION = "period", "exception"
"""The qualifiers that say for which period, and under which label."""
TERM, RULE = "term", "rule"
"""The types of their entities."""


class Runner(Protocol):
    """Runs one SELECT on a live database, read-only; see :class:`guardlayer.knowledge.terms.running.ReadOnly`."""

    def __call__(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[str]:
        """Return the values of the column ``value``, as text."""
        ...


@dataclass(frozen=True, slots=True)
class Term:
    """What a term means, where and when.

    Attributes:
        name: Its preferred name.
        definition: In words; ``None`` where only a figure is known of it.
        owner: Who is asked about it.
        sql: A SELECT whose column ``value`` is its figure, if there is one.
        scope: Where this definition holds; empty is everywhere.
        valid: When it holds.
        source: Who says so.
        fact: The fact of the definition.
        aliases: Its other names.
    """

    name: str
    definition: str | None
    owner: str | None = None
    sql: str | None = None
    scope: tuple[tuple[str, str], ...] = ()
    valid: Interval = Interval()
    source: Source = Source("unstated")
    fact: Fact | None = None
    aliases: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = "".join(f", {name} {value}" for name, value in self.scope)
        return f"{self.name}{where}: {self.definition or 'not defined'}"


@dataclass(frozen=True, slots=True)
class Figure:
    """The number of a term for a period.

    Attributes:
        term: Name of the term.
        value: The number as text.
        period: For which period, if for one.
        scope: Where.
        fact: The fact, where it is recorded.
        sql: The statement that was run, where it was computed.
        parameters: What was bound in it.
    """

    term: str
    value: str
    period: Period | None = None
    scope: tuple[tuple[str, str], ...] = ()
    fact: Fact | None = None
    sql: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        where = "".join(f", {name} {value}" for name, value in self.scope)
        when = f" in {self.period}" if self.period is not None else ""
        return f"{self.term}{when}{where}: {self.value}"


@dataclass(frozen=True, slots=True)
class Clause:
    """One case of a rule: the base case, or a labelled exception.

    Attributes:
        label: What the exception is called; ``None`` is the base case.
        when: Fields and what each must be, as text.
        outcome: What is so then.
        valid: When it holds.
        fact: The fact that says so.
    """

    label: str | None
    when: tuple[tuple[str, str], ...]
    outcome: str
    valid: Interval
    fact: Fact

    def __str__(self) -> str:
        name = "base case" if self.label is None else f"exception {self.label!r}"
        when = f" ({', '.join(f'{field} {value}' for field, value in self.when)})" if self.when else ""
        return f"{name}{when}: {self.outcome}"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a rule says of a case. True only where it says one thing.

    Attributes:
        rule: Name of the rule.
        outcome: What is so; ``None`` where that is not decided.
        clause: The clause that decided.
        missing: Fields of the case without which it cannot be decided.
        candidates: What it may be, where it is not decided.
        text: The ruling as a sentence a person can read.
    """

    rule: str
    outcome: str | None
    clause: Clause | None
    missing: tuple[str, ...]
    candidates: tuple[Clause, ...]
    text: str

    def __bool__(self) -> bool:
        return self.outcome is not None

    def __str__(self) -> str:
        return self.text
