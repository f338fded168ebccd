"""Vouching for facts: until when one, or all of an attribute, hold without being looked at again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guardlayer.errors import InputError
from guardlayer.knowledge.micros import to_micros
from guardlayer.temporal import Moment

if TYPE_CHECKING:
    from guardlayer.knowledge.store import Cursor


def confirm(
    cursor: Cursor, column: str, number: int, due: Moment | str | None, *,
    tx: int, author: str | None, reason: str | None,
) -> None:  # fmt: skip
    """Record until when a fact, or the facts of an attribute, hold without being looked at again."""
    at, text = (None, None) if due is None else bound(due)
    close = f"UPDATE confirmation SET tx_to = ? WHERE {column} = ? AND tx_to IS NULL"  # noqa: S608 - our own names
    cursor.execute(close, (tx, number))
    opened = f"INSERT INTO confirmation ({column}, due, due_text, tx_from, author, reason) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608 - our own names
    cursor.execute(opened, (number, at, text, tx, author, reason))


def bound(given: Moment | str) -> tuple[int | None, str | None]:
    """Return a date as it is stored: microseconds and text; nothing where it is taken back, with an empty text."""
    if isinstance(given, Moment):
        return to_micros(given.start), given.text
    if given:
        raise InputError(f"{given!r} is not a date")
    return None, None
