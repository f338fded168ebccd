"""Entities and their names as people ask about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from guardlayer.temporal import Interval

Scope = Mapping[str, str]
"""Where something is said: names of dimensions and their values, such as ``{"tenant": "north"}``."""


@dataclass(frozen=True, slots=True)
class Name:
    """One name of an entity, and where and when it holds.

    Attributes:
        text: As it is written.
        kind: ``preferred``, ``alternative``, or ``hidden``: found in texts and never shown.
        scope: Sorted (dimension, value) pairs in which alone it holds; empty is everywhere.
        valid: When it was the entity's name; asked by an old name, the entity is still found.
    """

    text: str
    kind: str = "alternative"
    scope: tuple[tuple[str, str], ...] = ()
    valid: Interval = Interval()

    def __str__(self) -> str:
        where = ", ".join(f"{name} {value}" for name, value in self.scope)
        when = str(self.valid) if self.valid != Interval() else ""
        narrowed = "; ".join(part for part in (self.kind if self.kind == "hidden" else "", where, when) if part)
        return f"{self.text} ({narrowed})" if narrowed else self.text


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity, as it was called at the instant asked for.

    Attributes:
        name: Preferred name then.
        type: Sort of thing it is, if recorded.
        names: All its names, the preferred one of today first.
        merged: Preferred names of the entities that were merged into it.
        why: What decided that a mention stands for it, in words; empty where the name has no other bearer.
    """

    name: str
    type: str | None = None
    names: tuple[Name, ...] = ()
    merged: tuple[str, ...] = ()
    why: str = ""

    def __str__(self) -> str:
        return self.name

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A mention that may stand for several entities, where nothing decides. It counts as false.

    Attributes:
        mention: The name as it was said.
        candidates: Whom it may stand for, by preferred name.
        reason: Why nothing decides, as a sentence a person can read.
    """

    mention: str
    candidates: tuple[Entity, ...]
    reason: str

    def __str__(self) -> str:
        return self.reason

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class NamedIn:
    """A name found in a text.

    Attributes:
        text: The name as it stands there.
        start: Offset of its first code point.
        end: Offset after its last.
        entity: Whom it stands for, or the ambiguity.
    """

    text: str
    start: int
    end: int
    entity: Entity | Ambiguous


@dataclass(frozen=True, slots=True)
class Merge:
    """Two entities that were found to be one.

    Attributes:
        id: Its number.
        into: Preferred name of the entity that stands for both.
        merged: Preferred name of the other one.
        author: Who found it.
        reason: Why.
        at: Transaction time.
        undone: Transaction time at which it was undone; ``None`` where it holds.
        undone_by: Who undid it.
        undone_reason: Why.
    """

    id: int
    into: str
    merged: str
    author: str | None
    reason: str | None
    at: datetime
    undone: datetime | None = None
    undone_by: str | None = None
    undone_reason: str | None = None
