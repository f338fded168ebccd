"""Which entities were found to be one, as it was known at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from guardlayer.knowledge.micros import to_micros
from guardlayer.knowledge.store import Store


@dataclass(frozen=True, slots=True)
class Merged:
    """The merges that hold.

    Attributes:
        into: For each entity that was merged, the one that stands for it.
        members: For each that stands for others, itself and those.
    """

    into: Mapping[int, int]
    members: Mapping[int, tuple[int, ...]]

    @classmethod
    def read(cls, store: Store, known_at: datetime | None = None) -> Merged:
        """Read them, as known at a time; ``None`` is the latest."""
        if known_at is None:
            rows = store.read("SELECT entity, into_entity FROM entity_merge WHERE tx_to IS NULL ORDER BY id")
        else:
            when = to_micros(known_at)
            rows = store.read(
                "SELECT entity, into_entity FROM entity_merge WHERE tx_from <= ? AND (tx_to IS NULL OR tx_to > ?) "
                "ORDER BY id",
                (when, when),
            )
        if not rows:
            return NONE
        direct: dict[int, int] = {int(entity): int(into) for entity, into in rows}
        final: dict[int, int] = {}
        members: dict[int, list[int]] = {}
        for entity, into in direct.items():
            last = into
            while last in direct:
                last = direct[last]
            final[entity] = last
            members.setdefault(last, [last]).append(entity)
        return cls(final, {into: tuple(group) for into, group in members.items()})

    def canonical(self, entity: int) -> int:
        """Return the entity that stands for this one; itself where it was not merged."""
        return self.into.get(entity, entity)

    def group(self, entity: int) -> tuple[int, ...]:
        """Return an entity with those that were merged into it."""
        return self.members.get(entity, (entity,))


NONE = Merged({}, {})
"""No merges."""
