"""Saying something of a source as a whole; ``authority`` applies it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from guardlayer.errors import KnowledgeError, NotFoundError
from guardlayer.knowledge.authority import WORD
from guardlayer.knowledge.confirming import bound
from guardlayer.knowledge.ingest import end_within
from guardlayer.knowledge.micros import from_micros, to_micros
from guardlayer.knowledge.sources import columns_of, interval_of, record
from guardlayer.temporal import Interval, Moment
from guardlayer.types import Source

if TYPE_CHECKING:
    from guardlayer.knowledge.store import Cursor, Store


@dataclass(frozen=True, slots=True)
class SourceWord:
    """What is said of a source as a whole.

    Attributes:
        id: The source.
        owner: Who answers for it.
        authority: Its rank, also of what was recorded from it before this was said; ``None``: as recorded.
        effective: When it is in force; what it states holds at most that long.
        review_after: When somebody has to look at it again, as it was given; ``None``: never.
        supersedes: The sources whose place it took.
        superseded_by: The source that took its place; ``None`` while it stands.
        superseded_from: From when on it counts no more, as it was given.
    """

    id: str
    owner: str | None = None
    authority: int | None = None
    effective: Interval = Interval()
    review_after: str | None = None
    supersedes: tuple[str, ...] = ()
    superseded_by: str | None = None
    superseded_from: str | None = None

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says of a source; what is ``None`` stays as it is, and what is empty is taken back."""

    owner: str | None = None
    authority: int | None = None
    effective_from: Moment | str | None = None
    effective_to: Moment | str | None = None
    review_after: Moment | str | None = None
    supersedes: tuple[str, ...] | None = None
    author: str | None = None
    reason: str | None = None


def speak(store: Store, cursor: Cursor, source: str, said: Said, *, tx: int) -> None:
    """Record what is said of a source, within an open write.

    Raises:
        KnowledgeError: It would, directly or in turn, supersede itself.
        NotFoundError: It supersedes a source that does not exist.
        IntervalError: It would cease to be in force before it begins.
    """
    before = cursor.execute(
        f"SELECT {WORD} FROM source_word WHERE source = ? AND tx_to IS NULL ORDER BY id DESC LIMIT 1",  # noqa: S608 - constants
        (source,),
    ).fetchall()  # fmt: skip
    _, owner, authority, ranked, _, _, start_text, end_text, review, review_text, asked = (
        before[0] if before else (source, *[None] * 10)
    )
    if said.owner is not None:
        owner = said.owner or None
    if said.authority is not None:
        authority, ranked = said.authority, tx
    if said.effective_from is not None:
        start_text = bound(said.effective_from)[1]
    if said.effective_to is not None:
        end_text = bound(said.effective_to)[1]
    interval = Interval.parse(start_text, end_text)
    if said.review_after is not None:
        review, review_text = bound(said.review_after)
        asked = tx
    after = (source, owner, authority, ranked, *columns_of(interval), review, review_text, asked)
    if not before or tuple(before[0]) != after:
        cursor.execute("UPDATE source_word SET tx_to = ? WHERE source = ? AND tx_to IS NULL", (tx, source))
        cursor.execute(
            f"INSERT INTO source_word ({WORD}, tx_from, author, reason) VALUES "  # noqa: S608 - constants
            "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*after, tx, said.author, said.reason),
        )
    if said.supersedes is not None:
        _succeed(store, cursor, source, said, interval, tx=tx)


def describe(cursor: Cursor, source: str, *, uri: str | None, version: str | None, authority: int | None) -> None:
    """Describe a source anew for what is recorded from now on; ``None`` stays as it is, ``""`` is taken out."""
    known = cursor.execute(
        "SELECT uri, version, authority FROM source WHERE name = ? ORDER BY id DESC LIMIT 1", (source,)
    ).fetchall()
    address, number, rank = known[0] if known else (None, None, 0)
    if known and uri is None and version is None and authority in (None, rank):
        return
    address, number = address if uri is None else uri or None, number if version is None else version or None
    record(cursor, Source(source, address, number, rank if authority is None else authority), None)


def words(store: Store) -> tuple[SourceWord, ...]:
    """Return what is said of every source, by name; a source of which nothing is said has only its name."""
    links = store.read(
        "SELECT source, former, since_text FROM source_succession WHERE tx_to IS NULL ORDER BY since, id"
    )
    sql = f"SELECT {WORD} FROM source_word WHERE tx_to IS NULL ORDER BY id"  # noqa: S608 - constants
    said = {row[0]: row for row in store.read(sql)}
    names = {name for (name,) in store.read("SELECT DISTINCT name FROM source")} | said.keys()
    found = []
    for name in sorted(names):
        row = said.get(name, (name, *[None] * 10))
        taken = next(((source, since) for source, former, since in links if former == name), (None, None))
        formers = tuple(former for source, former, _ in links if source == name)
        found.append(SourceWord(name, row[1], row[2], interval_of(*row[4:8]), row[9], formers, *taken))
    return tuple(found)


def _succeed(store: Store, cursor: Cursor, source: str, said: Said, effective: Interval, *, tx: int) -> None:
    wanted = tuple(dict.fromkeys(said.supersedes or ()))
    links = cursor.execute(
        "SELECT source, former FROM source_succession WHERE tx_to IS NULL ORDER BY id"
    ).fetchall()  # fmt: skip
    standing = {former for taker, former in links if taker == source}
    for former in wanted:
        _require_line(source, former, links)
    for former in standing - set(wanted):
        cursor.execute(
            "UPDATE source_succession SET tx_to = ? WHERE source = ? AND former = ? AND tx_to IS NULL",
            (tx, source, former),
        )
    now = from_micros(tx)
    today = Moment.parse(now.astimezone(UTC).date())
    since = today if effective.start_text is None else Moment.parse(effective.start_text)
    for former in wanted:
        known = cursor.execute(
            "SELECT (SELECT count(*) FROM source WHERE name = ?1) + "
            "(SELECT count(*) FROM source_word WHERE source = ?1)",
            (former,),
        ).fetchall()
        of_documents = _end_documents(store, cursor, (former, source), now, since)
        if not known[0][0] and not of_documents:
            raise NotFoundError(f"there is no source {former!r} whose place {source!r} could take; check its name")
        cursor.execute(
            "UPDATE source_succession SET tx_to = ? WHERE source = ? AND former = ? AND tx_to IS NULL",
            (tx, source, former),
        )
        cursor.execute(
            "INSERT INTO source_succession (source, former, since, since_text, tx_from, author, reason) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (source, former, to_micros(since.start), since.text, tx, said.author, said.reason),
        )


def _end_documents(store: Store, cursor: Cursor, line: tuple[str, str], now: datetime, since: Moment) -> bool:
    """End the documents of a source that another one takes the place of; say whether there are any."""
    former, source = line
    try:
        end_within(store, cursor, former, "superseded", now=now, moment=since, reason=f"superseded by {source}")
    except NotFoundError:
        return False
    return True


def _require_line(source: str, former: str, links: Sequence[tuple[Any, ...]]) -> None:
    """Require that superseding ``former`` closes no circle."""
    line = [former]
    came: dict[str, str] = {}
    while line:
        name = line.pop()
        if name == source:
            path = [name]
            while path[-1] != former:
                path.append(came[path[-1]])
            circle = " supersedes ".join(map(repr, (source, *reversed(path))))
            raise KnowledgeError(
                f"{source!r} cannot supersede {former!r}: that would be a circle ({circle}); "
                "take the older link back first, with supersedes=()"
            )
        for taker, gone in links:
            if taker == name and gone not in came:
                came[gone] = name
                line.append(gone)
