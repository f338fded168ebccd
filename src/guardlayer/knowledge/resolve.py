"""What is true: which version of a key's facts holds at an instant, and what every other version is worth then.

Pure: everything is decided from the versions, the instant, and the time up to which the ledger is read. For a
single-valued key the winner is, in this order: a correction; an explicit supersession; the source of higher authority;
the later effective date. The time of recording decides only between two records of one source. What is still tied is a
conflict, and said to be one. docs/design/ledger.md gives the reasons.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from guardlayer.temporal import Interval
from guardlayer.text import fold, key
from guardlayer.types import Fact, Standing

_MIN = datetime.min.replace(tzinfo=UTC)
# Marks that `text.key` drops and that change a value: a sign or comparison before a number, a minus after a grade (A-).
_MARKS = re.compile(r"(?<!\w)[-−–<>≤≥=~±]+(?=[$€£¥₹]?\s*\d)|(?<=\w)[-−]+(?!\S)")
_ORDER = {standing: place for place, standing in enumerate(Standing)}


class Placed(NamedTuple):
    """A fact version and what it is worth at the instant asked for.

    Attributes:
        fact: The version.
        standing: What it is worth.
        successor: What is true instead, where it is not current and something is.
    """

    fact: Fact
    standing: Standing
    successor: Fact | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """What one key answers at one instant.

    Attributes:
        current: The facts that hold, one for each distinct value, strongest first; at most one for a single-valued
            key, and none where there is a conflict.
        conflict: Whether sources of equal authority disagree.
        candidates: In a conflict, what each side says, one fact for each distinct value.
    """

    current: tuple[Fact, ...] = ()
    conflict: bool = False
    candidates: tuple[Fact, ...] = ()


@lru_cache(maxsize=65536)
def value_key(value: str) -> str:
    """Return what two spellings of one value have in common.

    As :func:`guardlayer.text.key`, but "-5" is not "5", and "A-" is not "A".
    """
    words = key(value)
    if not words:
        return fold(value)
    marks = "".join(_MARKS.findall(value)).replace("−", "-").replace("–", "-")
    return f"{words}\t{marks}" if marks else words


def same_value(one: str, other: str) -> bool:
    """Say whether two texts state one value; see :func:`value_key`."""
    return one == other or value_key(one) == value_key(other)


def as_known(versions: Iterable[Fact], known_at: datetime | None) -> tuple[Fact, ...]:
    """Return the versions as the ledger held them at ``known_at``: what came later is not there, nor its traces."""
    if known_at is None:
        return tuple(versions)
    known = []
    for fact in versions:
        start, end = fact.recorded.start, fact.recorded.end
        if start is not None and start > known_at:
            continue
        if end is not None and end > known_at:
            fact = replace(fact, recorded=Interval(start, None, fact.recorded.start_text))  # noqa: PLW2901 - clipped
        known.append(fact)
    return tuple(known)


def resolve(versions: Sequence[Fact], at: datetime, known_at: datetime | None = None) -> Resolution:
    """Say what a key answers.

    Args:
        versions: All versions of all facts of one key, in any order.
        at: The instant of valid time.
        known_at: Read the ledger as it was then; ``None`` is the latest.
    """
    heads = _heads(as_known(versions, known_at))
    return _decide([head for head in heads.values() if head.recorded.end is None and at in head.valid])


def place(versions: Sequence[Fact], at: datetime, known_at: datetime | None = None) -> tuple[Placed, ...]:
    """Say what each version of a key is worth at ``at``, current ones first.

    A version that a later version of the same fact merely repeats (its interval was closed, it was rolled back to) is
    represented by that later one; every version that stated another value is there.

    Args:
        versions: All versions of all facts of one key, in any order.
        at: The instant of valid time.
        known_at: Read the ledger as it was then; ``None`` is the latest.
    """
    known = as_known(versions, known_at)
    heads = _heads(known)
    holding = [head for head in heads.values() if head.recorded.end is None and at in head.valid]
    resolution = _decide(holding)
    standings = {value_key(fact.value): Standing.CURRENT for fact in resolution.current}
    standings.update((value_key(fact.value), Standing.DISPUTED) for fact in resolution.candidates)
    undone = {fact.recorded.start for fact in known if fact.operation == "rollback"}
    successor = _Successors(heads, resolution.current)
    placed = []
    for head in heads.values():
        if head.recorded.end is not None:
            # Closed with nothing after it: its source withdrew it, unless a rollback of what it replaced did.
            standing = Standing.CORRECTED if head.recorded.end in undone else Standing.RETRACTED
        elif head.valid.start is not None and head.valid.start > at:
            standing = Standing.FUTURE
        else:
            standing = standings.get(value_key(head.value), Standing.SUPERSEDED)
        placed.append(_placed(head, standing, successor))
    if len(known) > len(heads):
        said = {(head.id, value_key(head.value)) for head in heads.values()}
        for fact in sorted(known, key=lambda fact: -fact.version):
            statement = fact.id, value_key(fact.value)
            if statement not in said:
                said.add(statement)
                placed.append(_placed(fact, Standing.CORRECTED, successor))
    placed.sort(key=lambda item: _ORDER[item.standing])
    return tuple(placed)


def strength(fact: Fact) -> tuple[bool, bool, int, datetime]:
    """Return what decides between facts of a single-valued key; the greater wins, and equals are a tie."""
    return fact.corrected, fact.supersedes is not None, fact.source.authority, fact.valid.start or _MIN


def _heads(versions: Iterable[Fact]) -> dict[str, Fact]:
    heads: dict[str, Fact] = {}
    for fact in versions:
        head = heads.get(fact.id)
        if head is None or head.version < fact.version:
            heads[fact.id] = fact
    return heads


def _decide(holding: list[Fact]) -> Resolution:
    if len(holding) <= 1:
        return Resolution(tuple(holding))
    if not any(fact.single for fact in holding):
        return Resolution(_per_value(holding))
    best = strongest(holding)
    winners = _per_value(best)
    if len(winners) == 1:
        return Resolution(winners)
    chosen = _preferred(best, winners)
    return Resolution((chosen,)) if chosen is not None else Resolution(conflict=True, candidates=winners)


def strongest(holding: Iterable[Fact]) -> list[Fact]:
    """Return the facts that nothing outranks, of those of a single-valued key that hold; several values are a tie."""
    facts = list(holding)
    top = max(map(strength, facts), default=None)
    tied = [fact for fact in facts if strength(fact) == top]
    latest: dict[str, datetime] = {}
    for fact in tied:
        latest[fact.source.id] = max(fact.recorded.start or _MIN, latest.get(fact.source.id, _MIN))
    return [fact for fact in tied if (fact.recorded.start or _MIN) == latest[fact.source.id]]


def tied(versions: Sequence[Fact], at: datetime) -> list[Fact]:
    """Return the facts of a single-valued key that are tied at ``at``, settled or not; nothing where none are."""
    heads = _heads(versions).values()
    best = strongest(head for head in heads if head.recorded.end is None and at in head.valid)
    return best if len({value_key(fact.value) for fact in best}) > 1 else []


def _preferred(facts: Sequence[Fact], winners: Sequence[Fact]) -> Fact | None:
    """Return the value that somebody preferred before every other one that is tied with it, whoever says it."""
    for winner in winners:
        own = value_key(winner.value)
        over = {fact_id for fact in facts if value_key(fact.value) == own for fact_id in fact.settled}
        if all(fact.id in over for fact in facts if value_key(fact.value) != own):
            return winner
    return None


def _per_value(facts: list[Fact]) -> tuple[Fact, ...]:
    """Return the strongest fact for each distinct value, strongest first, whatever order they came in."""
    best: dict[str, Fact] = {}
    for fact in sorted(facts, key=lambda fact: (*strength(fact), fact.recorded.start or _MIN, fact.id), reverse=True):
        best.setdefault(value_key(fact.value), fact)
    return tuple(best.values())


def _placed(fact: Fact, standing: Standing, successors: _Successors) -> Placed:
    needless = standing is Standing.CURRENT or standing is Standing.DISPUTED
    return Placed(fact, standing, None if needless else successors.of(fact))


class _Successors:
    """Finds what is true instead of a version that is not."""

    def __init__(self, heads: dict[str, Fact], current: tuple[Fact, ...]) -> None:
        self._heads = heads
        self._current = current
        self._values = {value_key(fact.value): fact for fact in current} if len(current) > 1 else {}
        self._takers: dict[str, list[str]] = {}
        if len(current) > 1:
            for head in heads.values():
                if head.supersedes is not None and head.recorded.end is None:
                    self._takers.setdefault(head.supersedes, []).append(head.id)

    def of(self, fact: Fact) -> Fact | None:
        current = self._current
        if len(current) <= 1:
            return current[0] if current else None
        named = self._named(fact.id)
        if named is not None:
            return named
        end = fact.valid.end
        after = [f for f in current if end is not None and f.valid.start is not None and f.valid.start >= end]
        if after:
            return min(after, key=lambda f: f.valid.start or _MIN)
        return max(current, key=lambda f: f.valid.start or _MIN)

    def _named(self, start: str) -> Fact | None:
        """Follow the fact's own later versions and the facts that explicitly took over from it."""
        queue, seen = [start], {start}
        for fact_id in queue:
            head = self._heads[fact_id]
            found = self._values.get(value_key(head.value)) if head.recorded.end is None else None
            if found is not None:
                return found
            for taker in self._takers.get(fact_id, ()):
                if taker not in seen:
                    seen.add(taker)
                    queue.append(taker)
        return None
