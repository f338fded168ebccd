"""Merging whole tables of entities: what Splink proposes, and what is refused."""

from __future__ import annotations

import random

import pytest

from guardlayer import Knowledge
from guardlayer.errors import InputError, KnowledgeError
from guardlayer.knowledge.entities.bulk import propose


@pytest.fixture
def kb():
    draw = random.Random(1)
    words = "alpha beta gamma delta omega zent kova lumo pira brix novo tera mira sola luna".split()  # noqa: SIM905 - a list of words
    with Knowledge.open(":memory:") as knowledge:
        for number in range(150):
            name = " ".join(draw.choices(words, k=2)).title() + f" {draw.choice(['Foods', 'Media', 'Steel'])} {number}"
            phone = str(draw.randint(10**6, 10**7))
            spellings = [name, name.replace("a", "e", 1) + " Inc"] if number < 25 else [name]
            for spelling in spellings:
                knowledge.entity(spelling, type="company")
                knowledge.add(spelling, "phone", phone, source="crm")
                knowledge.add(spelling, "city", draw.choice(["Rome", "Oslo", "Bern", "Graz"]), source="crm")
        yield knowledge


def test_duplicates_are_proposed_and_nothing_is_merged(kb):
    """Most of the planted pairs are found, hardly another, and merging is left to the caller."""
    pytest.importorskip("splink", reason="needs Splink 5: pip install 'splink>=5,<6'")
    found = propose(kb, ["phone", "city"], threshold=0.9, type="company")
    right = [one for one in found if one.other == one.into.replace("a", "e", 1) + " Inc"]
    assert len(right) >= 20
    assert len(right) >= 0.9 * len(found)
    assert kb.merges() == ()
    kb.merge(found[0].into, found[0].other, author="splink", reason=f"probability {found[0].probability:.3f}")
    assert kb.named(found[0].other).name == found[0].into


def test_what_cannot_be_proposed_is_refused(kb):
    """No attribute, no probability, too few entities."""
    with pytest.raises(InputError, match="attributes"):
        propose(kb, [])
    with pytest.raises(InputError, match="no probability"):
        propose(kb, ["phone"], threshold=7)
    pytest.importorskip("splink", reason="needs Splink 5: pip install 'splink>=5,<6'")
    with pytest.raises(KnowledgeError, match="too few"):
        propose(kb, ["phone"], type="river")
