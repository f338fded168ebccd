"""Names, terms and rules on a real PostgreSQL server: the same truths as on one file."""

from __future__ import annotations

import pytest

from guardlayer import Guard, Knowledge
from guardlayer.errors import KnowledgeError
from guardlayer.types import Label


@pytest.fixture
def kb(postgres):
    with Knowledge.open(postgres) as knowledge:
        yield knowledge


def test_names_renames_and_merges(kb, postgres):
    """Scopes, times, renames and merges; another connection sees each at once."""
    kb.entity("Acme Corporation", aliases=["Acme"], type="company")
    kb.entity("Acme Records", aliases=["Acme"], type="record label")
    kb.entity("Acme Records", aliases=["AR"], scope={"tenant": "north"}, valid_to="2030")
    kb.add("Twitter", "CEO", "Jack Dorsey", valid_from="2015", valid_to="2021-11-29", source="press")
    with Knowledge.open(postgres) as other:
        assert not other.resolve("Acme")
        assert other.resolve("Acme", type="record label").name == "Acme Records"
        assert other.resolve("AR", scope={"tenant": "north"}).name == "Acme Records"
        kb.rename("Twitter", "X", since="2023-07-24")
        assert other.ask("X", "CEO", at="2018").text.startswith("Twitter, CEO")
        kb.entity("ACME of Ohio")
        kb.add("ACME of Ohio", "code", "7", source="s")
        kb.merge("Acme Corporation", "ACME of Ohio", author="dana")
        assert other.ask("Acme Corporation", "code").value == "7"
        kb.unmerge("ACME of Ohio")
        assert other.ask("Acme Corporation", "code").value is None
        kb.drop_name("Acme Records", "AR")
        assert other.resolve("AR", scope={"tenant": "north"}) is None
    assert [merge.undone is not None for merge in kb.merges()] == [True]


def test_terms_and_rules(kb):
    """Definitions by quarter, figures held against claims, exceptions that clash refused."""
    kb.calendar(2)
    kb.define("ACV", "annualised value", valid_from="2025-02-01", source="h", aliases=["annual contract value"])
    kb.define("ACV", "without pilots", valid_from="2025-11-01", source="h")
    kb.report("ACV", "$4.2M", period="Q3 FY26", source="deck")
    assert kb.term("ACV", period="FY26 Q4").definition == "without pilots"
    guard = Guard(knowledge=kb, log=None)
    assert guard.check("ACV in Q3 FY26 was $4.2M.", policy="observe").claims[0].verdict is Label.SUPPORTED
    kb.rule("refund window", "30 days", exceptions={"gold": ({"tier": "gold"}, "60 days")})
    assert kb.decide("refund window", {"tier": "gold"}).outcome == "60 days"
    with pytest.raises(KnowledgeError, match="'gold'"):
        kb.rule("refund window", "7 days", label="outlet", when={"channel": "outlet"})
    assert len(kb.clauses("refund window")) == 2
