"""How much a knowledge base holds."""

from __future__ import annotations

from dataclasses import dataclass

from guardlayer.knowledge.store import Store


@dataclass(frozen=True, slots=True)
class Stats:
    """How much a knowledge base holds; ``passages`` counts those that stand."""

    entities: int
    names: int
    attributes: int
    facts: int
    versions: int
    sources: int
    passages: int

    def __str__(self) -> str:
        return (
            f"{self.facts:,} facts in {self.versions:,} versions about {self.entities:,} entities "
            f"({self.names:,} names, {self.attributes:,} attributes) from {self.sources:,} sources; "
            f"{self.passages:,} passages"
        )


def count(store: Store) -> Stats:
    """Count what is held."""
    rows = store.read(
        "SELECT (SELECT count(*) FROM entity), (SELECT count(*) FROM alias), (SELECT count(*) FROM attribute), "
        "(SELECT coalesce(max(fact), 0) FROM fact), (SELECT count(*) FROM fact), "
        "(SELECT count(DISTINCT name) FROM source), (SELECT open FROM passage_state)"
    )
    return Stats(*rows[0])
