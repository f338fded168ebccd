"""Who says so: a source as it was when something was recorded from it.

A source's rank, version or address may change. Each change is a new row, and every fact keeps the row under which it
was recorded; so re-ranking a source today never changes what was answered yesterday.
"""

from __future__ import annotations

from functools import lru_cache

from guardlayer.errors import InputError
from guardlayer.knowledge.micros import from_micros, to_micros
from guardlayer.knowledge.statement import cleaned
from guardlayer.knowledge.store import Cursor
from guardlayer.temporal import Interval
from guardlayer.types import Source

UNSTATED = "unstated"
"""Id of the source of facts that were given none."""
MAX_AUTHORITY = 1_000_000


COLUMNS = (
    "s.name, s.uri, s.version, s.authority, "
    "s.effective_from, s.effective_to, s.effective_from_text, s.effective_to_text, s.digest"
)
"""The columns :func:`source_of` takes, in its order, for a query that calls the table ``s``."""


def interval_of(start: int | None, end: int | None, start_text: str | None, end_text: str | None) -> Interval:
    """Build an interval from stored microseconds and texts."""
    return Interval(
        None if start is None else from_micros(start), None if end is None else from_micros(end), start_text, end_text
    )


def columns_of(interval: Interval) -> tuple[int | None, int | None, str | None, str | None]:
    """Return what :func:`interval_of` reads."""
    start, end = interval.start, interval.end
    return (
        None if start is None else to_micros(start),
        None if end is None else to_micros(end),
        interval.start_text,
        interval.end_text,
    )


@lru_cache(maxsize=4096)
def source_of(  # noqa: PLR0917 - the columns of a row, in their order
    name: str,
    uri: str | None,
    version: str | None,
    authority: int,
    start: int | None,
    end: int | None,
    start_text: str | None,
    end_text: str | None,
    digest: str | None,
) -> Source:
    """Build a source from its row."""
    return Source(name, uri, version, authority, interval_of(start, end, start_text, end_text), digest)


def checked_source(source: str | Source | None) -> Source | str:
    """Check what a caller gave as a source.

    Returns:
        An id, which stands for the source as it was last described, or a full description.

    Raises:
        InputError: It is neither, or its id is empty or holds characters that cannot be stored.
    """
    if source is None:
        return UNSTATED
    if isinstance(source, Source):
        cleaned(source.id, what="source")
        checked_authority(source.authority)
        return source
    return cleaned(source, what="source")


def checked_authority(authority: object) -> int:
    """Check a rank.

    Raises:
        InputError: It is no whole number within ±:data:`MAX_AUTHORITY`.
    """
    if isinstance(authority, bool) or not isinstance(authority, int) or abs(authority) > MAX_AUTHORITY:
        raise InputError(f"authority {authority!r} is not a whole number up to {MAX_AUTHORITY:,}")
    return authority


def record(cursor: Cursor, source: Source | str, authority: int | None) -> int:
    """Return the row of a source, adding one where it is new or described otherwise than before.

    Args:
        cursor: Of the open write.
        source: An id, or a full description.
        authority: Its rank from now on; ``None`` leaves it as it is.
    """
    name = source if isinstance(source, str) else source.id
    latest = cursor.execute(
        f"SELECT s.id, {COLUMNS} FROM source s WHERE s.name = ? ORDER BY s.id DESC LIMIT 1",  # noqa: S608 - constants
        (name,),
    ).fetchone()
    before = latest[1:] if latest else (name, None, None, 0, None, None, None, None, None)
    if isinstance(source, str):
        after = before
    else:
        after = (
            name, source.uri, source.version, source.authority, *columns_of(source.effective), source.digest
        )  # fmt: skip
    if authority is not None:
        after = (*after[:3], authority, *after[4:])
    if latest and after == before:
        return int(latest[0])
    added = cursor.execute(
        "INSERT INTO source (name, uri, version, authority, effective_from, effective_to, effective_from_text, "
        "effective_to_text, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        after,
    )
    return int(added.fetchall()[0][0])
