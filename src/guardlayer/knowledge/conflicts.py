"""Ties: keys on which sources of equal weight disagree, and what somebody decided about one.

A settlement says which of two tied facts counts. It breaks that tie and no other: a third source that disagrees opens
the conflict again, and whatever outranks both (a correction, a supersession, a later effective date) simply wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from guardlayer.errors import InputError
from guardlayer.knowledge.micros import to_micros
from guardlayer.knowledge.resolve import resolve, same_value, tied
from guardlayer.types import Fact

if TYPE_CHECKING:
    from guardlayer.knowledge.ledger import Ledger
    from guardlayer.knowledge.store import Cursor, Store

_RIVALS = """
SELECT k.entity, k.attribute, k.norm FROM fact_key k JOIN fact f ON f.key = k.id
WHERE f.tx_to IS NULL AND (f.valid_from IS NULL OR f.valid_from <= ?1) AND (f.valid_to IS NULL OR f.valid_to > ?1)
AND (SELECT c.single FROM cardinality c WHERE c.attribute = k.attribute ORDER BY c.since DESC LIMIT 1) = 1
GROUP BY k.id, k.entity, k.attribute, k.norm HAVING count(*) > 1 ORDER BY k.id
"""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A key that has no answer, because sources of equal weight disagree.

    Attributes:
        entity: Preferred name.
        attribute: Preferred name.
        qualifiers: What narrows the key.
        sides: What each side says, one fact for each distinct value.
        since: Since when the ledger has known more than one side.
        at: The instant at which they disagree.
    """

    entity: str
    attribute: str
    qualifiers: tuple[tuple[str, str], ...]
    sides: tuple[Fact, ...]
    since: datetime
    at: datetime

    def __str__(self) -> str:
        narrowed = "".join(f", {name} {value}" for name, value in self.qualifiers)
        sides = " against ".join(f"{fact.value} ({fact.id}, {fact.source})" for fact in self.sides)
        return f"{self.entity}, {self.attribute}{narrowed}: {sides}; since {self.since.date().isoformat()}"


def conflicts(store: Store, ledger: Ledger, at: datetime) -> tuple[Conflict, ...]:
    """Return every key on which sources disagree at ``at``, in the order in which the keys were recorded."""
    found = []
    with store.snapshot():
        for entity, attribute, norm in store.read(_RIVALS, (to_micros(at),)):
            facts = ledger.holding(entity, attribute, norm, at=at, known_at=None)
            sides = resolve(facts, at).candidates
            if sides:
                found.append(_conflict(sides, at))
    return tuple(found)


def settle(store: Store, ledger: Ledger, cursor: Cursor, chosen: str, *, tx: int, author: str, reason: str) -> int:
    """Choose a side of a tie, within an open write, and return the number of the fact.

    Raises:
        NotFoundError: No such fact.
        InputError: It is no side of a tie.
    """
    fact = ledger.versions_of_fact(chosen)[-1]
    rivals = _rivals(store, ledger, fact)
    if not rivals:
        raise InputError(
            f"{chosen} ({fact.text}) is no side of a conflict now; conflicts() lists those there are. If it is wrong "
            "correct it, if it has ended supersede it"
        )
    number = int(fact.id[1:])
    for rival in rivals:
        unsettle(cursor, int(rival.id[1:]), tx, against=number)
        cursor.execute(
            "INSERT INTO settlement (winner, loser, tx_from, author, reason) VALUES (?, ?, ?, ?, ?)",
            (number, int(rival.id[1:]), tx, author, reason),
        )
    return number


def unsettle(cursor: Cursor, fact: int, tx: int, *, against: int | None = None) -> None:
    """Take back that a fact was preferred, or put behind another: all of it, or only what was said of two facts."""
    if against is None:
        cursor.execute(
            "UPDATE settlement SET tx_to = ? WHERE tx_to IS NULL AND (winner = ? OR loser = ?)", (tx, fact, fact)
        )
        return
    cursor.execute(
        "UPDATE settlement SET tx_to = ? WHERE tx_to IS NULL AND "
        "((winner = ? AND loser = ?) OR (winner = ? AND loser = ?))",
        (tx, fact, against, against, fact),
    )


def _rivals(store: Store, ledger: Ledger, fact: Fact) -> tuple[Fact, ...]:
    """Return the facts that say otherwise and are tied with it, now or at an instant at which a fact of its key begins.

    A tie that is settled still is one: it may be settled otherwise.
    """
    entity, attribute = ledger.find_entity(fact.entity), ledger.find_attribute(fact.attribute)
    if entity is None or attribute is None or not fact.single:
        return ()
    facts = [f for f in ledger.versions_of_key(entity, attribute, None) if f.key == fact.key]
    begun = sorted({f.valid.start for f in facts if f.valid.start is not None}, reverse=True)
    for at in (store.now(), *begun):
        sides = tied(facts, at)
        if any(side.id == fact.id for side in sides):
            return tuple(side for side in sides if not same_value(side.value, fact.value))
    return ()


def _conflict(sides: Sequence[Fact], at: datetime) -> Conflict:
    first = sides[0]
    begun = sorted(side.recorded.start for side in sides if side.recorded.start is not None)
    return Conflict(first.entity, first.attribute, first.qualifiers, tuple(sides), begun[min(1, len(begun) - 1)], at)
