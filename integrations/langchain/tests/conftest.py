"""A guard that knows one price, what it was before, and what it is now."""

import pytest

from guardlayer import Guard, Knowledge


@pytest.fixture
def guard_under():
    """Build a guard under a policy."""

    def build(policy="enforce"):
        kb = Knowledge.open(":memory:")
        fact = kb.add("Acme", "list price", "$39", source="price list 2025", valid_from="2025-01-01")
        kb.supersede(fact.id, "$49", valid_from="2026-01-01", source="price list 2026")
        return Guard(knowledge=kb, policy=policy, log=None)

    return build


@pytest.fixture
def guard(guard_under):
    """Build a guard that corrects."""
    return guard_under()
