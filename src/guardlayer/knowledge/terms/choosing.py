"""Which of several definitions holds: the one for the scope and the time that are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from guardlayer.errors import AmbiguousError, KnowledgeError
from guardlayer.knowledge.resolve import resolve, value_key
from guardlayer.knowledge.terms.calendar import FiscalCalendar, Period
from guardlayer.knowledge.terms.model import PERIOD
from guardlayer.text import key
from guardlayer.types import Fact

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """For what a definition is asked.

    Attributes:
        name: The term.
        scope: Dimensions and their values, folded.
        period: The period, if one is asked for.
        at: The instant, where none is.
        calendar: How periods are named.
        exact: Whether the instant was given, so that it decides within the period too.
    """

    name: str
    scope: Mapping[str, str]
    period: Period | None
    at: datetime
    calendar: FiscalCalendar
    exact: bool = False


def keyed(facts: Iterable[Fact], attribute: str) -> dict[Pairs, list[Fact]]:
    """Return the versions of an attribute by their qualifiers."""
    found: dict[Pairs, list[Fact]] = {}
    for fact in facts:
        if fact.attribute == attribute:
            found.setdefault(fact.qualifiers, []).append(fact)
    return found


def chosen(facts: Iterable[Fact], attribute: str, asked: Asked) -> Fact | None:
    """Return the fact that holds, or ``None``.

    Args:
        facts: All facts of a term.
        attribute: What is asked of it.
        asked: For what.

    Raises:
        AmbiguousError: Two scopes fit and neither is within the other, or it changed within the period.
        KnowledgeError: Sources disagree.
    """
    fitting = {
        pairs: versions
        for pairs, versions in keyed(facts, attribute).items()
        if all(_fits(one, value, asked) for one, value in pairs)
    }
    held = {pairs: found for pairs, versions in fitting.items() if (found := _holding(versions, asked))}
    narrowest = [pairs for pairs in held if not any(set(pairs) < set(other) for other in held)]
    if not narrowest:
        return None
    if len(narrowest) > 1:
        where = " and for ".join(_said(pairs) for pairs in narrowest)
        raise AmbiguousError(
            f"{attribute} of {asked.name!r} is there for {where}, and both apply; "
            "say which in scope, or record one for both",
            candidates=tuple(_said(pairs) for pairs in narrowest),
        )
    values = held[narrowest[0]]
    if len({value_key(fact.value) for fact in values}) > 1:
        changes = " and ".join(f"{fact.value!r} since {fact.valid.start_text or 'ever'}" for fact in values)
        raise AmbiguousError(
            f"{attribute} of {asked.name!r} changed within {asked.period}: {changes}; ask for an instant with at=",
            candidates=tuple(fact.value for fact in values),
        )
    return values[0]


def _fits(name: str, value: str, asked: Asked) -> bool:
    if key(name) == PERIOD:
        mine = asked.calendar.period(value)
        return asked.period is not None and mine is not None and mine.same(asked.period)
    return asked.scope.get(key(name)) == key(value)


def _holding(versions: Sequence[Fact], asked: Asked) -> list[Fact]:
    """Return the facts that hold at the instant, or, of a period, one for each value that held in it."""
    period = asked.period
    of_period = any(key(one) == PERIOD for one, _ in versions[0].qualifiers)
    instants = [asked.at]
    if period is not None and not of_period and not asked.exact:
        start, end = period.interval.start, period.interval.end
        assert start is not None
        assert end is not None
        bounds = {b for fact in versions for b in (fact.valid.start, fact.valid.end) if b is not None}
        instants = sorted({start, *(bound for bound in bounds if start <= bound < end)})
    found: dict[str, Fact] = {}
    for instant in instants:
        resolution = resolve(versions, instant)
        if resolution.conflict:
            sides = " against ".join(f"{fact.value!r} ({fact.source})" for fact in resolution.candidates)
            raise KnowledgeError(f"sources disagree about {asked.name!r}: {sides}; resolve the conflict first")
        for fact in resolution.current:
            found.setdefault(value_key(fact.value), fact)
    return list(found.values())


def _said(pairs: Pairs) -> str:
    return ", ".join(f"{name} {value}" for name, value in pairs) or "everywhere"
