"""What may be asked of a knowledge layer, or of the part of it that one principal may read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from guardlayer.knowledge.answer import Answer
from guardlayer.knowledge.statement import Qualifiers
from guardlayer.temporal import When
from guardlayer.types import Evidence, Fact, Query


class KeyedReading(Protocol):
    """Facts that can be asked by claim and by the names in a text."""

    def search(self, query: Query) -> Sequence[Evidence]:
        """Return the facts that a claim speaks of."""
        ...

    def about(self, text: str, at: datetime) -> Sequence[Evidence]:
        """Return the facts of every entity that ``text`` names."""
        ...


class PassageReading(Protocol):
    """Passages that can be asked by claim."""

    def search(self, query: Query) -> Sequence[Evidence]:
        """Return the passages that bear on a claim."""
        ...


@runtime_checkable
class Readable(Protocol):
    """A :class:`~guardlayer.knowledge.Knowledge`, or what one principal sees of it."""

    @property
    def keyed(self) -> KeyedReading:
        """The facts."""
        ...

    @property
    def retrieval(self) -> PassageReading:
        """The documents."""
        ...

    def ask(
        self,
        entity: str,
        attribute: str,
        *,
        at: When | None = None,
        known_at: When | None = None,
        qualifiers: Qualifiers | None = None,
    ) -> Answer:
        """Say what holds."""
        ...

    def history(self, entity: str, attribute: str, *, qualifiers: Qualifiers | None = None) -> tuple[Fact, ...]:
        """Return every version of every fact of a key."""
        ...
