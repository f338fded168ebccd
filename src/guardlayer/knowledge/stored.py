"""Facts as their rows hold them, built once and not again after each write.

A write leaves nearly all versions of an entity as they were; only what changed is another row, and another fact.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import Any

from guardlayer.knowledge import sources
from guardlayer.knowledge.micros import from_micros
from guardlayer.temporal import Interval
from guardlayer.types import Fact, Span

FACT = (
    "SELECT f.fact, f.version, k.entity, k.attribute, k.qualifiers, f.value, f.valid_from, f.valid_to, "  # noqa: S608 - constants
    "f.valid_from_text, f.valid_to_text, f.tx_from, f.tx_to, f.operation, f.corrected, f.supersedes, f.author, "
    f'f.reason, {sources.COLUMNS}, e.name, l.start, l."end", l.page '
    "FROM fact f JOIN fact_key k ON k.id = f.key JOIN source s ON s.id = f.source "
    "JOIN entity e ON e.id = k.entity LEFT JOIN fact_place l ON l.fact = f.fact "
)
"""The query :func:`fact_of` takes the rows of; a condition follows."""

Made = tuple[tuple[Any, ...], str, str, tuple[str, ...], bool]
"""All that a fact is made of: its row, the names of entity and attribute, other names of its value, single or not."""


class Built:
    """The facts that were built for one state of the ledger.

    Args:
        before: Those of the state before it, which are taken over where their rows are the same.
    """

    def __init__(self, before: dict[Made, Fact] | None = None) -> None:
        self.facts: dict[Made, Fact] = {}
        self._before = before or {}

    def fact(self, made: Made) -> Fact:
        """Return the fact that is made of these parts."""
        fact = self.facts.get(made) or self._before.get(made) or fact_of(made)
        self.facts[made] = fact
        return fact


def fact_of(made: Made) -> Fact:
    """Build a fact."""
    row, entity, attribute, aliases, single = made
    return Fact(
        id=f"f{row[0]}",
        version=row[1],
        entity=entity,
        attribute=attribute,
        value=row[5],
        qualifiers=_qualifiers(row[4]),
        valid=sources.interval_of(*row[6:10]),
        recorded=_recorded(row[10], row[11]),
        source=sources.source_of(*row[17:26]),
        aliases=aliases,
        single=single,
        operation=row[12],
        author=row[15],
        reason=row[16],
        supersedes=None if row[14] is None else f"f{row[14]}",
        corrected=bool(row[13]),
        span=None if row[27] is None else Span(*row[27:]),
    )


def _recorded(start: int, end: int | None) -> Interval:
    first, last = from_micros(start), None if end is None else from_micros(end)
    return Interval(first, last, _text(first), None if last is None else _text(last))


def _text(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=4096)
def _qualifiers(stored: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in json.loads(stored))
