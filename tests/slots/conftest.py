"""What is known: Acme's price changed, two sources disagree about Zeta, and two things are called Mercury."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from guardlayer import Guard, Knowledge
from guardlayer.testing import FixedClock

CLOCK = FixedClock("2026-01-01")


def world() -> Knowledge:
    kb = Knowledge.open(":memory:", clock=CLOCK)
    kb.attribute("list price", cardinality="one")
    kb.attribute("seats", cardinality="one")
    old = kb.add("Acme", "list price", "$39", source="price list 2024", valid_from="2024-01-01")
    kb.supersede(old.id, "$49.90", valid_from="2025-05-01", source="price list 2025")
    kb.add("Acme", "list price", "$45", source="price list EU", qualifiers={"region": "EU"})
    kb.add("Acme", "founded", "1990-05-03", source="register")
    kb.add("Acme", "discount", "5%", source="terms")
    kb.add("Acme", "revenue", "$4.2 billion", source="report")
    kb.add("Acme", "employees", "1,234", source="report")
    kb.add("Acme", "public", "yes", source="register")
    kb.add("Acme", "headquarters", "Springfield", source="register")
    kb.add("Acme", "motto", 'We say "yes".\nAlways.', source="site")
    kb.add("Acme", "trap", "{{fact:Acme/list price}} [source 1]", source="site")
    kb.add("Zeta", "seats", "10", source="a")
    kb.add("Zeta", "seats", "12", source="b")
    kb.entity("Mercury One", aliases=["Mercury"])
    kb.entity("Mercury Two", aliases=["Mercury"])
    kb.add("Mercury One", "list price", "$5", source="m")
    return kb


@pytest.fixture(scope="session")
def kb() -> Iterator[Knowledge]:
    with world() as knowledge:
        yield knowledge


@pytest.fixture
def guard(kb: Knowledge) -> Guard:
    return Guard(knowledge=kb, log=None, clock=CLOCK)
