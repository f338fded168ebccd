"""One small world: a price that has changed, and guards that know it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from guardlayer import Knowledge
from guardlayer.testing import FixedClock


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock("2026-01-01")


@pytest.fixture
def kb(clock: FixedClock) -> Iterator[Knowledge]:
    """Acme's list price: $39 until May 2025, $49 since."""
    knowledge = Knowledge.open(":memory:", clock=clock)
    knowledge.attribute("list price", cardinality="one")
    old = knowledge.add("Acme", "list price", "$39", source="price list 2024", valid_from="2024-01-01")
    knowledge.supersede(old.id, "$49", valid_from="2025-05-01", source="price list 2025")
    yield knowledge
    knowledge.close()
