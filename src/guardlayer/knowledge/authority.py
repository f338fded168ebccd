"""What is said of a source as a whole, and what follows for the facts it states.

A source has a rank, an owner, a time in which it is in force, a date after which somebody has to look at it again, and
sources whose place it took. Each of these has its transaction time, so what was answered yesterday can be answered
again. Facts are stored as they were stated; what is said of their source is applied when they are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from guardlayer.knowledge.micros import from_micros, to_micros
from guardlayer.knowledge.sources import interval_of
from guardlayer.temporal import Interval
from guardlayer.types import Fact

if TYPE_CHECKING:
    from guardlayer.knowledge.store import Store

_LOOKED_AT = ("correct", "supersede")
"""Operations by which somebody has looked at a fact."""
_ALWAYS = Interval()
_SOME = 500
"""Names looked up in one query."""
WORD = (
    "source, owner, authority, ranked, effective_from, effective_to, effective_from_text, effective_to_text, "
    "review_after, review_after_text, asked"
)
"""The columns of a row of ``source_word`` that say something."""


@dataclass(frozen=True, slots=True)
class Due:
    """When something has to be looked at again.

    Attributes:
        at: The instant; ``None`` if there is none.
        said: The transaction time, in microseconds, at which that was said.
    """

    at: datetime | None
    said: int


@dataclass(frozen=True, slots=True)
class _Word:
    authority: int | None
    ranked: int
    effective: Interval
    due: Due | None


class Authority:
    """Applies what is said of sources and facts to facts that are read.

    Args:
        store: The database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._anything = (-1, False)  # in which state of the database, and whether

    def apply(
        self, facts: Sequence[Fact], attributes: Sequence[int], known_at: datetime | None = None
    ) -> tuple[Fact, ...]:
        """Return the facts as they count.

        Args:
            facts: Facts as they were stated.
            attributes: The number of the attribute of each.
            known_at: Apply what was said up to then; ``None`` is all.
        """
        if not facts or not (self.spoken() or any(fact.source.effective != _ALWAYS for fact in facts)):
            return tuple(facts)
        known = None if known_at is None else to_micros(known_at)
        names = sorted({fact.source.id for fact in facts})
        numbers = sorted({int(fact.id[1:]) for fact in facts})
        words, ends = self._words(names, known), self._ends(names, known)
        own = self._dues("fact", numbers, known)
        general = self._dues("attribute", sorted(set(attributes)), known)
        settled = self._settled(numbers, known)
        counted = []
        for fact, attribute in zip(facts, attributes, strict=True):
            word, number = words.get(fact.source.id), int(fact.id[1:])
            counted.append(
                replace(
                    fact,
                    valid=_clipped(fact, word, ends.get(fact.source.id)),
                    source=_ranked(fact, word),
                    review_after=_due(fact, own.get(number), word.due if word else None, general.get(attribute)),
                    settled=settled.get(number, ()),
                )
            )
        return tuple(counted)

    def due(self, source: str) -> datetime | None:
        """Return when a source, or the folder it is in, has to be looked at again."""
        if not self.spoken():
            return None
        parts = source.split("/")
        words = self._words(["/".join(parts[: end + 1]) for end in range(len(parts))], None)
        return min((word.due.at for word in words.values() if word.due and word.due.at), default=None)

    def spoken(self) -> bool:
        """Say whether anything is said of any source or fact, so that nothing is looked up where nothing is."""
        if self._store.writing:
            return self._look()
        generation = self._store.generation
        seen, anything = self._anything
        if generation != seen:
            anything = self._look()
            self._anything = (generation, anything)
        return anything

    def _look(self) -> bool:
        tables = ("source_word", "source_succession", "confirmation", "settlement")
        asked = ", ".join(f"EXISTS (SELECT 1 FROM {table})" for table in tables)  # noqa: S608 - our own names
        return any(self._store.read(f"SELECT {asked}")[0])

    def _words(self, names: Sequence[str], known: int | None) -> dict[str, _Word]:
        found = {}
        sql = f"SELECT {WORD} FROM source_word WHERE source"  # noqa: S608 - constants
        for row in self._rows(sql, names, known):
            source, _, authority, ranked, start, end, start_text, end_text, review, _, asked = row
            due = None if asked is None else Due(None if review is None else from_micros(review), asked)
            found[source] = _Word(authority, ranked or 0, interval_of(start, end, start_text, end_text), due)
        return found

    def _ends(self, names: Sequence[str], known: int | None) -> dict[str, tuple[datetime, str]]:
        found: dict[str, tuple[datetime, str]] = {}
        for former, since, text in self._rows(
            "SELECT former, since, since_text FROM source_succession WHERE former", names, known
        ):
            at = from_micros(since)
            if former not in found or at < found[former][0]:
                found[former] = (at, text)
        return found

    def _dues(self, column: str, numbers: Sequence[int], known: int | None) -> dict[int, Due]:
        sql = f"SELECT {column}, due, tx_from FROM confirmation WHERE {column}"  # noqa: S608 - our own names
        return {
            number: Due(None if due is None else from_micros(due), said)
            for number, due, said in self._rows(sql, numbers, known)
        }

    def _settled(self, numbers: Sequence[int], known: int | None) -> dict[int, tuple[str, ...]]:
        found: dict[int, tuple[str, ...]] = {}
        for winner, loser in self._rows("SELECT winner, loser FROM settlement WHERE winner", numbers, known):
            found[winner] = (*found.get(winner, ()), f"f{loser}")
        return found

    def _rows(self, sql: str, keys: Sequence[Any], known: int | None) -> Iterable[tuple[Any, ...]]:
        """Run a query that ends in the name of a column, for the rows open at ``known``."""
        for start in range(0, len(keys), _SOME):
            some = keys[start : start + _SOME]
            marks = ", ".join("?" * len(some))
            opened = "tx_to IS NULL" if known is None else "tx_from <= ? AND (tx_to IS NULL OR tx_to > ?)"
            times = [] if known is None else [known, known]
            yield from self._store.read(f"{sql} IN ({marks}) AND {opened} ORDER BY id", [*some, *times])


def _clipped(fact: Fact, word: _Word | None, end: tuple[datetime, str] | None) -> Interval:
    """Return how long a fact holds at most: no longer than its source is in force, and until that was superseded."""
    valid = fact.valid
    bounds = [word.effective if word is not None and word.effective != _ALWAYS else fact.source.effective]
    if end is not None:
        bounds.append(Interval(None, end[0], None, end[1]))
    for bound in bounds:
        start, until, start_text, end_text = valid.start, valid.end, valid.start_text, valid.end_text
        if bound.start is not None and (start is None or start < bound.start):
            start, start_text = bound.start, bound.start_text
        if bound.end is not None and (until is None or bound.end < until):
            until, end_text = bound.end, bound.end_text
        if start is not None and until is not None and until < start:
            start = until  # at no instant; what would have begun later than it ended is over from its end on
        valid = Interval(start, until, start_text, end_text)
    return valid


def _ranked(fact: Fact, word: _Word | None) -> Any:
    recorded = fact.recorded.start
    if word is None or word.authority is None or recorded is None or to_micros(recorded) >= word.ranked:
        return fact.source
    return replace(fact.source, authority=word.authority)


def _due(fact: Fact, own: Due | None, source: Due | None, attribute: Due | None) -> datetime | None:
    """Return when a fact is due: by its own date, unless what was said of its source or attribute came later."""
    general = [due for due in (source, attribute) if due is not None]
    dues = general if own is None else [own, *(due for due in general if due.said > own.said)]
    at = min((due.at for due in dues if due.at is not None), default=None)
    recorded = fact.recorded.start
    if own is None and at is not None and fact.operation in _LOOKED_AT and recorded is not None and recorded >= at:
        return None
    return at
