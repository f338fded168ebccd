"""Pairs made out of others keep their labels: what is changed is changed everywhere, and arithmetic says the same."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.entailment import augment, contrast
from tools.entailment.pairs import Label, Pair

from guardlayer.verifiers.marks import MISS, mark

NAMES = augment.Names(
    ("Bram", "Ulf", "Orsk"), ("Bram", "Ulf"), ("Varkel", "Tonder"), frozenset(("Wiebke", "Dorn", "Kolm", "Holtby"))
)


def pair(evidence: str, claim: str, label: Label = Label.SUPPORTS, twin: str = "") -> Pair:
    return Pair(evidence, claim, label, "made", twin)


def test_names_are_replaced_in_every_text_of_a_group() -> None:
    """A name that evidence and claim share is another one afterwards, the same one in all texts; labels stay."""
    group = [
        pair("Wiebke Dorn left Kolm.", "Dorn is no longer in Kolm.", twin="a"),
        pair("Wiebke Dorn came to Kolm.", "Dorn is no longer in Kolm.", Label.REFUTES, "a"),
    ]
    changed = augment.renamed(group, NAMES, Random(1), share=1.0)
    assert changed is not None
    for old, new in zip(group, changed, strict=True):
        assert (new.label, new.twin) == (old.label, old.twin)
        assert not {"Dorn", "Kolm"} & set(re.findall(r"\w+", f"{new.evidence} {new.claim}"))
    assert len({new.claim for new in changed}) == 1
    surname = changed[0].claim.split()[0]
    assert all(f"Wiebke {surname}" in new.evidence for new in changed)


@pytest.mark.parametrize(
    "texts",
    [
        ("Kolm lies on the coast.", "Kolmers live on the coast."),  # the inhabitants would keep the old name
        ("The Holtby Unit Dorn met.", "HUD met the Holtby Unit Dorn."),  # so would the acronym
        ("He was born in May in March.", "He was born in May."),
        ("Wiebke was born in Kolm.", "She comes from the coast."),  # what only one text says may be needed
    ],
)
def test_names_that_carry_more_than_a_name_stay(texts: tuple[str, str]) -> None:
    """What another word of the group is made from, months, and names on one side only stay as they are."""
    changed = augment.renamed([pair(*texts)], NAMES, Random(2), share=1.0)
    assert changed is None or changed == [pair(*texts)]


def test_names_are_told_from_words_by_their_capitals() -> None:
    """A word is a name where it has a capital inside sentences and is never written without one."""
    found = augment.names_of(
        ["We met Holtby in the Green park.", "Rain came with Holtby.", "A Holtby and a green bench."]
    )
    assert found.known == {"Holtby"}


def test_numbers_change_and_arithmetic_stays() -> None:
    """Years move together and amounts grow alike; days of months, scores and small numbers stay."""
    evidence = "On 16 April 2012 the film had 1,349 viewers, 47 % of them paying, and scored 65/100 in 4 papers."
    group = [pair(evidence, "In 2012 the film had more than 1,300 viewers.")]
    for seed in range(8):
        changed = augment.renumbered(group, Random(seed))
        assert changed is not None
        [new] = changed
        assert new.evidence != evidence
        assert "On 16 April" in new.evidence
        assert "65/100 in 4 papers" in new.evidence
        assert mark(new.evidence, new.claim).marks == mark(evidence, group[0].claim).marks


AMOUNTS = st.sampled_from(
    ["14", "30", "250", "1,349", "23.5", "90 %", "1998", "2,012", "3", "3.2 million", "$40", "7/10"]
)
WORDS = st.sampled_from(["more than", "under", "at most", "about", "", "in"])


@given(given_=AMOUNTS, said=AMOUNTS, other=AMOUNTS, word=WORDS, seed=st.integers(0, 99))
def test_no_mark_changes(given_: str, said: str, other: str, word: str, seed: int) -> None:
    """Whatever stands in a pair, a pair with other numbers has the marks of the first, or there is none."""
    old = pair(f"There were {given_} of them, and {other} came.", f"There were {word} {said} of them.")
    changed = augment.renumbered([old], Random(seed))
    if changed is not None:
        expected = [name for name in mark(old.evidence, old.claim).marks if name != MISS]
        assert [name for name in mark(changed[0].evidence, changed[0].claim).marks if name != MISS] == expected


def test_a_square_says_nothing_by_one_text_alone() -> None:
    """Each text of a square stands once in a supported and once in an unsupported pair."""
    pairs = [
        pair("Kolm Hall was directed by Dorn.", "Dorn directed a play; she is a producer."),
        pair("Wiebke is a drummer from Kolm.", "Wiebke is a drummer."),
        pair("She was a nurse for years.", "She was a nurse."),
    ]
    for seed in range(20):
        made = list(contrast.squares(pairs, NAMES, Random(seed)))
        assert len(made) in (4, 8, 12)
        for start in range(0, len(made), 4):
            same, first, second, both = made[start : start + 4]
            assert same.label is both.label is Label.SUPPORTS
            assert Label.SUPPORTS not in (first.label, second.label)
            assert (first.evidence, first.claim) == (both.evidence, same.claim)
            assert (second.evidence, second.claim) == (same.evidence, both.claim)
            assert both.evidence != same.evidence
            assert both.claim != same.claim
            assert len({one.twin for one in (same, first, second, both)}) == 1


def test_no_word_is_put_where_it_is_told_already() -> None:
    """A word whose every mate stands in the texts is not exchanged: the changed text might be true as well."""
    told = pair("Gold and bronze went to Kolm, silver elsewhere.", "Silver, gold and bronze were given away.")
    assert list(contrast.squares([told], augment.Names((), (), (), frozenset()), Random(1))) == []


def test_rows_of_words() -> None:
    """Every word of the list has another one to stand in for it, and no row holds a word twice."""
    for row in contrast.ROWS:
        assert len(row) > 1
        assert len(set(row)) == len(row)


def test_capitals_are_kept() -> None:
    """A word at the beginning of a sentence is exchanged for one with a capital."""
    assert augment.swapped("Nurse Kolm met a nurse.", {"nurse": "teacher"}) == "Teacher Kolm met a teacher."
