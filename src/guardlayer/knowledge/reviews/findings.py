"""Findings of the guard, read from its records, as items of the review queue.

What is worth a person's time: claims on which sources disagree, and claims without a source that keep coming. The same
finding is one item with a count, however often a log is read: the records that were counted are remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from guardlayer.errors import GuardlayerError, InputError
from guardlayer.knowledge.micros import to_micros
from guardlayer.knowledge.proposal import FINDING, Proposal
from guardlayer.types import Label, Record

if TYPE_CHECKING:
    from guardlayer.knowledge.store import Cursor, Store

AT_LEAST = 3
"""How often a claim without a source must have come up to be worth looking at."""

_MAX_TEXT = 60_000


class Recorded(Protocol):
    """What holds the records of a guard, such as a provenance log."""

    def records(self) -> Iterable[Record]:
        """Return the records in order."""
        ...


@dataclass(slots=True)
class _Finding:
    """One finding, with the records in which it was made."""

    proposal: Proposal
    records: list[str] = field(default_factory=list)


def enter_findings(store: Store, log: Recorded, *, at_least: int = AT_LEAST, origin: str = "log") -> list[int]:
    """Turn what a log holds into review items, in one write.

    A claim that sources disagree on becomes an item at once, one without a source where it came up ``at_least`` times.
    A finding that was decided stays decided; its count goes up.

    Args:
        store: The database.
        log: The records.
        at_least: Least number of answers in which a claim without a source must have stood.
        origin: What the items say they come from.

    Returns:
        The numbers of the items that are new, or were seen again.

    Raises:
        InputError: ``at_least`` is no positive number.
        LogError: The log cannot be read.
    """
    if at_least < 1:
        raise InputError(f"at_least is {at_least!r}; give a whole number from 1 on")
    found: dict[str, _Finding] = {}
    for record in log.records():
        for proposal in _findings(record):
            entry = found.setdefault(proposal.identity, _Finding(proposal))
            if record.id not in entry.records:
                entry.records.append(record.id)
    changed: list[int] = []
    with store.write() as cursor:
        at = None
        for identity, entry in found.items():
            known = cursor.execute(
                "SELECT id FROM review_item WHERE identity = ? ORDER BY id DESC LIMIT 1", (identity,)
            ).fetchall()  # fmt: skip
            if not known and entry.proposal.verdict == Label.UNSUPPORTED and len(entry.records) < at_least:
                continue
            at = to_micros(store.tick()) if at is None else at
            number = int(known[0][0]) if known else None
            seen = _seen(cursor, number)
            fresh = [record for record in entry.records if record not in seen]
            if not fresh:
                continue
            if number is None:
                number = enter(cursor, entry.proposal, at=at, author="guard", reason=None, origin=origin)
                cursor.execute("UPDATE review_item SET times = ? WHERE id = ?", (len(fresh), number))
            else:
                cursor.execute(
                    "UPDATE review_item SET times = times + ?, seen = ? WHERE id = ?", (len(fresh), at, number)
                )
            cursor.executemany(
                "INSERT INTO review_sighting (item, record) VALUES (?, ?)", [(number, record) for record in fresh]
            )
            changed.append(number)
    return changed


def enter(
    cursor: Cursor, proposal: Proposal, *, at: int, author: str, reason: str | None, origin: str | None
) -> int:  # fmt: skip
    """Add an item, or count the open one that asks for the same; return its number."""
    identity = proposal.identity
    found = cursor.execute(
        "SELECT id FROM review_item WHERE identity = ? AND state = 'open'", (identity,)
    ).fetchall()  # fmt: skip
    if found:
        cursor.execute("UPDATE review_item SET times = times + 1, seen = ? WHERE id = ?", (at, found[0][0]))
        return int(found[0][0])
    rows = cursor.execute(
        "INSERT INTO review_item (verb, identity, proposal, state, times, author, reason, origin, proposed, seen) "
        "VALUES (?, ?, ?, 'open', 1, ?, ?, ?, ?, ?) RETURNING id",
        (proposal.verb, identity, proposal.to_json(), author, reason, origin, at, at),
    ).fetchall()
    return int(rows[0][0])


def _seen(cursor: Cursor, item: int | None) -> set[str]:
    if item is None:
        return set()
    rows = cursor.execute("SELECT record FROM review_sighting WHERE item = ?", (item,)).fetchall()
    return {str(record) for (record,) in rows}


def _findings(record: Record) -> Iterator[Proposal]:
    claim = record.body.get("claim")
    if record.kind != "claim" or not isinstance(claim, Mapping):
        return
    verdict, text = claim.get("verdict"), claim.get("text")
    if verdict not in (Label.DISPUTED, Label.UNSUPPORTED) or not isinstance(text, str):
        return
    with suppress(GuardlayerError):  # a text that cannot be stored, such as one of half a surrogate pair, is no item
        yield Proposal.of(
            FINDING,
            text=text[:_MAX_TEXT],
            verdict=str(verdict),
            note=str(claim.get("reason") or "")[:_MAX_TEXT] or None,
            fact=_fact(claim),
        )


def _fact(claim: Mapping[str, Any]) -> str | None:
    """Return the id of a fact that the finding rests on, so that whoever decides finds its rivals."""
    for piece in claim.get("evidence") or ():
        fact = piece.get("fact") if isinstance(piece, Mapping) else None
        if isinstance(fact, Mapping) and isinstance(fact.get("id"), str):
            return str(fact["id"])
    return None
