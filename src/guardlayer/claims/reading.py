"""A claim's text under construction: runs copied from the draft, and runs supplied by resolution."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from guardlayer.types import Piece

__all__ = ["Part", "copied", "cut", "pieces_of", "replaced", "supplied", "text_of"]


class Part(NamedTuple):
    """A run of a reading.

    Attributes:
        text: The words.
        origin: Offset in the draft they were copied from; ``None`` if they were supplied.
    """

    text: str
    origin: int | None


def copied(text: str, start: int, end: int, hidden: Sequence[tuple[int, int]] = ()) -> list[Part]:
    """Return ``text[start:end]`` without the ``hidden`` ranges, which are ascending and do not overlap."""
    parts: list[Part] = []
    for left, right in hidden:
        if right <= start:
            continue
        if left >= end:
            break
        if left > start:
            parts.append(Part(text[start:left], start))
        start = max(start, right)
    if start < end:
        parts.append(Part(text[start:end], start))
    return parts


def supplied(text: str) -> Part:
    """Return a run that does not stand in the draft."""
    return Part(text, None)


def text_of(parts: Iterable[Part]) -> str:
    """Return the words of a reading."""
    return "".join([part.text for part in parts])


def cut(parts: Sequence[Part], start: int, end: int) -> list[Part]:
    """Return the part of a reading between two offsets of its own text."""
    found: list[Part] = []
    at = 0
    for text, origin in parts:
        left, right = max(start - at, 0), min(end - at, len(text))
        if left < right:
            found.append(Part(text[left:right], None if origin is None else origin + left))
        at += len(text)
        if at >= end:
            break
    return found


def replaced(parts: Sequence[Part], start: int, end: int, new: str) -> list[Part]:
    """Return a reading in which ``[start, end)`` of its own text has become ``new``, supplied."""
    length = sum(len(part.text) for part in parts)
    return [*cut(parts, 0, start), Part(new, None), *cut(parts, end, length)]


def pieces_of(parts: Iterable[Part]) -> tuple[Piece, ...]:
    """Return which runs of a reading's text stand unchanged in the draft; neighbours are joined."""
    pieces: list[Piece] = []
    at = 0
    for text, origin in parts:
        if origin is not None and text:
            last = pieces[-1] if pieces else None
            if last and last.text_start + last.length == at and last.draft_start + last.length == origin:
                pieces[-1] = Piece(last.text_start, last.draft_start, last.length + len(text))
            else:
                pieces.append(Piece(at, origin, len(text)))
        at += len(text)
    return tuple(pieces)
