"""Versions as they are stored, and when two of them clash."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from guardlayer.knowledge import sources
from guardlayer.knowledge.resolve import same_value
from guardlayer.knowledge.store import Cursor
from guardlayer.temporal import Interval, Moment

ROW = (
    "SELECT f.fact, f.version, f.key, f.value, f.source, s.name, f.tx_from, f.tx_to, f.corrected, f.supersedes, "
    "f.valid_from, f.valid_to, f.valid_from_text, f.valid_to_text FROM fact f JOIN source s ON s.id = f.source "
)
"""The query :func:`row_of` reads the rows of; a condition follows."""


@dataclass(frozen=True, slots=True)
class Row:
    """A version as it is stored, as far as deciding the next one needs it."""

    fact: int
    version: int
    key: int
    value: str
    source: int
    source_name: str
    tx_from: int
    tx_to: int | None
    corrected: bool
    supersedes: int | None
    valid: Interval

    @property
    def live(self) -> bool:
        """Whether its transaction time is open."""
        return self.tx_to is None

    def __str__(self) -> str:
        return f"f{self.fact} {self.value!r} ({self.valid}, {self.source_name})"


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a statement.

    Attributes:
        fact: Number of the fact that now stands for it.
        outcome: ``added``; ``changed``, where its interval or source was restated; ``known``, where it was there; or
            ``kept``, where it was heard before and has been corrected or ended since.
        key: Its key.
        alone: Whether the key is new, so that nothing else is recorded for it.
    """

    fact: int
    outcome: str
    key: int
    alone: bool = False


def row_of(columns: tuple[Any, ...]) -> Row:
    """Build a version from what :data:`ROW` selects."""
    fact, version, key, value, source, name, tx_from, tx_to, corrected, supersedes, *rest = columns
    return Row(
        fact,
        version,
        key,
        value,
        source,
        name,
        tx_from,
        tx_to,
        bool(corrected),
        supersedes,
        sources.interval_of(*rest),
    )


def overlap(live: Iterable[Row]) -> tuple[Row, Row] | None:
    """Find two rows of one source that say different things at one instant."""
    ordered = sorted(live, key=lambda row: (row.source_name, row.valid.start is not None, row.valid.start, row.fact))
    for index, one in enumerate(ordered):
        for other in ordered[index + 1 :]:
            if one.source_name != other.source_name or not one.valid.overlaps(other.valid):
                break  # by ascending start, nothing further overlaps either
            if not same_value(one.value, other.value) and not (
                _may_fit(one.valid, other.valid) or _may_fit(other.valid, one.valid)
            ):
                return one, other
    return None


def brief(valid: Interval) -> bool:
    """Say whether a value held for an unknown part of one period: from "2003" to "2003"."""
    if valid.start is None or valid.end is None or valid.end_text is None or valid.start_text is None:
        return False
    return valid.end != Moment.parse(valid.end_text).start


def _may_fit(one: Interval, other: Interval) -> bool:
    """Say whether ``one`` is :func:`brief`, and ``other`` leaves room in its period.

    Years are often all that is known of a succession: A until 2003, B from 2003 to 2003, C since 2003.
    """
    if not brief(one) or one.start is None or one.end is None:
        return False
    begins_before = other.start is None or other.start < one.start
    goes_on = other.end is None or other.end >= one.end
    return not (begins_before and goes_on)


def numbered(versions: Iterable[int]) -> str:
    """Put the numbers of versions into words: "1 to 3", or "1, 3" where one was erased."""
    listed = sorted(versions)
    if listed == list(range(listed[0], listed[-1] + 1)):
        return f"{listed[0]} to {listed[-1]}"
    return ", ".join(map(str, listed))


def clash_text(cursor: Cursor, one: Row, other: Row) -> str:
    """Put a clash into words, with what to do about it."""
    entity, attribute = cursor.execute(
        "SELECT e.name, a.name FROM fact_key k JOIN entity e ON e.id = k.entity "
        "JOIN attribute a ON a.id = k.attribute WHERE k.id = ?",
        (one.key,),
    ).fetchall()[0]
    return (
        f"{entity}, {attribute} holds one value at a time, and {one.source_name} would say two: {one} and {other}. "
        f"If the first has ended, supersede f{one.fact} or give it an end; if it was never true, correct it"
    )


def take_back(cursor: Cursor, row: Row) -> tuple[str, str | None, str | None]:
    """Delete a version that this write made, and return what it was for: operation, author, reason."""
    where = "WHERE fact = ? AND version = ?"
    made = cursor.execute(f"SELECT operation, author, reason FROM fact {where}", (row.fact, row.version)).fetchall()[0]  # noqa: S608 - constants
    cursor.execute(f"DELETE FROM fact {where}", (row.fact, row.version))  # noqa: S608 - constants
    return str(made[0]), made[1], made[2]
