"""The generator's labels follow from its facts, and its sources say them."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.entailment import generate, quantities, scenes
from tools.entailment.pairs import Label
from tools.entailment.vocabulary import TOPICS

KINDS = [kind for topic in TOPICS for kind in topic.kinds]


def test_repeatable() -> None:
    """The same seed writes the same pairs; another seed others."""
    first = list(generate.pairs(200, seed=3))
    assert first == list(generate.pairs(200, seed=3))
    assert first != list(generate.pairs(200, seed=4))
    assert len(first) == 200


def test_balance() -> None:
    """No label is rare, and claims alone give little away: supported and refuted are about as frequent."""
    counts = Counter(pair.label for pair in generate.pairs(3000, seed=5))
    assert set(counts) == {Label.SUPPORTS, Label.NEUTRAL, Label.REFUTES}
    assert counts[Label.NEUTRAL] > 300
    assert 0.8 < counts[Label.SUPPORTS] / counts[Label.REFUTES] < 1.25


def test_twins_disagree() -> None:
    """Members of a twin group differ in evidence or claim, and not all have one label."""
    groups: dict[str, list[generate.Pair]] = {}
    for pair in generate.pairs(2000, seed=6):
        if pair.twin:
            groups.setdefault(pair.twin, []).append(pair)
    groups.popitem()  # the last one may be cut
    assert len(groups) > 300
    for group in groups.values():
        assert len({(pair.evidence, pair.claim) for pair in group}) == len(group)
        assert len({pair.label for pair in group}) > 1


def test_texts_are_filled() -> None:
    """No pattern's slot, and no doubled space, is left in a text."""
    for pair in generate.pairs(2000, seed=7):
        for text in (pair.evidence, pair.claim):
            assert text.strip()
            assert not re.search(r"[{}]|  ", text)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.label)
def test_every_kind_can_be_said(kind: object) -> None:
    """Each kind of fact gives supported and refuted claims, and a second value that is another one."""
    rng = Random(1)
    value = quantities.draw(kind, rng)
    labels = {quantities.say(kind, value, rng).label for _ in range(60)}
    assert labels == {Label.SUPPORTS, Label.REFUTES}
    assert quantities.other(kind, value, rng) != value


@given(st.sampled_from(KINDS), st.integers(0, 10**6))
def test_claims_judge_themselves(kind: object, seed: int) -> None:
    """What a claim's own arithmetic says of the value it was drawn for is its label."""
    rng = Random(seed)
    value = quantities.draw(kind, rng)
    said = quantities.say(kind, value, rng)
    assert said.judge(kind, value) in (said.label, None)


def test_source_says_its_facts() -> None:
    """A source names the bearer and the exact words of a person, place or choice."""
    for seed in range(200):
        told = scenes.scene(Random(seed), sorts=frozenset(("person", "place", "choice")))
        text = scenes.tell(told, seed).lower()
        assert told.fact.value.words.removeprefix("in ").lower() in text
        assert told.fact.bearer.lower() in text or told.topic.noun in text


def test_only_the_value_changes() -> None:
    """Two versions of a source differ only where the value stands."""
    told = scenes.scene(Random(11), sorts=frozenset(("person",)))
    other = quantities.FactValue(words="Someone Else")
    before, after = scenes.tell(told, 5), scenes.tell(told.changed(other), 5)
    assert before != after
    assert before.replace(told.fact.value.words, "Someone Else") == after
