"""The rules of the verbs: what each of them writes, and what it refuses.

Each takes checked arguments and an open :class:`Writer`, and returns what it wrote. docs/design/ledger.md says why.
"""

from __future__ import annotations

from guardlayer.errors import IntervalError, KnowledgeError, NotFoundError
from guardlayer.knowledge.ledger import fact_number
from guardlayer.knowledge.micros import to_micros
from guardlayer.knowledge.versions import Row, numbered
from guardlayer.knowledge.writer import Writer
from guardlayer.temporal import Interval, When, instant
from guardlayer.types import Source


def correct(writer: Writer, fact: str, value: str, *, author: str, reason: str) -> None:
    """Write the next version of a fact with another value, for the same interval."""
    head = _live(writer, fact)
    if head.value != value:
        writer.follow(head, "correct", value=value, corrected=True, author=author, reason=reason)
        writer.check(head.key)


def supersede(
    writer: Writer, fact: str, value: str, valid: Interval, *,
    source: str | Source | None, author: str | None, reason: str | None,
) -> int:  # fmt: skip
    """Close a fact where the new one begins, write the new one, and return its number."""
    old = _live(writer, fact)
    said_by = old.source if source is None else writer.source_row(source)
    for taker in writer.takers(old.fact):
        new = taker[-1]
        if new.live and (new.value, new.valid, new.source) == (value, valid, said_by):
            return new.fact
    if old.valid.end is None or valid.start is None or old.valid.end > valid.start:
        writer.follow(old, "close", valid=_ended(old, valid), author=author, reason=reason)
    number = writer.insert(
        old.key, value, said_by, valid, operation="supersede", author=author, reason=reason, supersedes=old.fact
    )
    writer.check(old.key)
    return number


def retract_fact(writer: Writer, fact: str, *, author: str | None, reason: str) -> list[int]:
    """Close a fact, and return its number; nothing if it is closed already."""
    head = head_of(writer, fact)
    if not head.live:
        return []
    writer.withdraw(head, "retract", author=author, reason=reason)
    return [head.fact]


def retract_source(writer: Writer, source: str, *, author: str | None, reason: str) -> list[int] | None:
    """Close everything a source says, and return the numbers of the facts; ``None`` if no fact ever had it."""
    rows = writer.live_of_source(source)
    for row in rows or ():
        writer.withdraw(row, "retract", author=author, reason=reason)
    return None if rows is None else [row.fact for row in rows]


def rollback(writer: Writer, fact: str, to: int | When, *, author: str | None, reason: str | None) -> None:
    """Write the next version of a fact as a repetition of an earlier one, and withdraw what took over since."""
    versions = versions_of(writer, fact)
    head, (target, until) = versions[-1], _version_at(versions, to)
    undone = [] if until is None else _taken_since(writer, head.fact, until)
    repeated = (target.value, target.valid, target.source, target.corrected)
    if head.live and not undone and repeated == (head.value, head.valid, head.source, head.corrected):
        return
    for row in undone:
        writer.withdraw(row, "rollback", author=author, reason=reason)
    writer.follow(target, "rollback", version=head.version, author=author, reason=reason)
    writer.check(head.key)


def versions_of(writer: Writer, fact: str) -> list[Row]:
    """Return all versions of a fact.

    Raises:
        NotFoundError: No such fact.
    """
    versions = writer.versions(fact_number(fact))
    if not versions:
        raise _unknown(fact)
    return versions


def head_of(writer: Writer, fact: str) -> Row:
    """Return the last version of a fact.

    Raises:
        NotFoundError: No such fact.
    """
    head = writer.head(fact_number(fact))
    if head is None:
        raise _unknown(fact)
    return head


def _unknown(fact: str) -> NotFoundError:
    return NotFoundError(f"there is no fact {fact}; history() lists the facts of a key with their ids")


def _live(writer: Writer, fact: str) -> Row:
    head = head_of(writer, fact)
    if not head.live:
        raise KnowledgeError(
            f'f{head.fact} is withdrawn; bring it back first with rollback("f{head.fact}", to={head.version})'
        )
    return head


def _ended(old: Row, new: Interval) -> Interval:
    try:
        return Interval.parse(old.valid.start_text, new.start_text)
    except IntervalError:
        raise IntervalError(
            f"f{old.fact} {old.value!r} began {old.valid.start_text} and cannot have ended {new.start_text}; "
            "give a later valid_from, or correct it if it never was true"
        ) from None


def _version_at(versions: list[Row], to: int | When) -> tuple[Row, int | None]:
    """Return the version meant, and the transaction time from which on what took over from it is undone."""
    fact = f"f{versions[0].fact}"
    if isinstance(to, int):
        found = next((row for row in versions if row.version == to), None)
        if found is None:
            raise NotFoundError(f"{fact} has no version {to}; it has {numbered(row.version for row in versions)}")
        return found, found.tx_to
    at = to_micros(instant(to, what="to"))
    for row in versions:
        if row.tx_from <= at and (row.tx_to is None or at < row.tx_to):
            return row, at + 1
    raise NotFoundError(f"{fact} was not recorded at that time; history() shows when it was, retract() withdraws it")


def _taken_since(writer: Writer, fact: int, since: int) -> list[Row]:
    """Return the live facts that took over from ``fact``, directly or in turn, at ``since`` or later."""
    found: list[Row] = []
    queue, seen = [fact], {fact}
    for number in queue:
        for taker in writer.takers(number):
            if taker[0].fact not in seen and taker[0].tx_from >= since:
                seen.add(taker[0].fact)
                queue.append(taker[0].fact)
                if taker[-1].live:
                    found.append(taker[-1])
    return found
