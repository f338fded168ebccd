"""Batches hold every pair once, and twins together; only rows that may be released are trained on."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.entailment import edits, mixing, prepare
from tools.entailment.pairs import Label, Pair
from tools.entailment.retrieval import SentenceIndex

MIXES = st.lists(
    st.tuples(st.integers(4, 128), st.sampled_from(["", "", "a", "b", "c", "d"])), min_size=1, max_size=120
)


@given(MIXES, st.integers(4, 32), st.integers(0, 9))
def test_each_pair_once_and_twins_together(mix: list[tuple[int, str]], size: int, seed: int) -> None:
    """A pass shows every pair exactly once, and a twin group never falls apart."""
    lengths, twins = [length for length, _ in mix], [twin for _, twin in mix]
    found = mixing.batches(lengths, twins, size=size, seed=seed, bucket=2)
    assert sorted(position for batch in found for position in batch) == list(range(len(mix)))
    for twin in set(twins) - {""}:
        assert sum(any(twins[position] == twin for position in batch) for batch in found) == 1
    biggest = max((twins.count(twin) for twin in set(twins) - {""}), default=1)
    assert all(len(batch) <= max(size, biggest) for batch in found)
    assert found == mixing.batches(lengths, twins, size=size, seed=seed, bucket=2)


def test_lengths_are_bucketed() -> None:
    """Batches hold pairs of like length, so that little is padded."""
    rng = Random(1)
    lengths = [rng.randint(10, 128) for _ in range(4000)]
    found = mixing.batches(lengths, [""] * 4000, size=32, seed=1)
    padded = sum(max(lengths[i] for i in batch) * len(batch) for batch in found)
    assert padded < 1.1 * sum(lengths)


def test_contrasts_pair_supported_with_the_rest_of_their_group() -> None:
    """Couples for the margin join a supported pair with each other member of its own group only."""
    twins, labels = ["x", "x", "y", "", "x"], [0, 2, 2, 0, 3]
    assert mixing.contrasts([4, 2, 0, 1, 3], labels, twins) == [(2, 0), (2, 3)]


@given(st.integers(0, 200), st.one_of(st.none(), st.integers(0, 220)))
def test_capped(count: int, limit: int | None) -> None:
    """A cap keeps as many as it says, each once."""
    kept = mixing.capped(count, limit, seed=1)
    assert len(kept) == (count if limit is None else min(count, limit))
    assert kept == sorted(set(kept))


def test_only_releasable_rows_are_trained_on() -> None:
    """Neither development rows nor rows without leave to release get into the mix."""
    rows = [
        {"split": split, "release_ok": leave, "n": n}
        for n, (split, leave) in enumerate([("train", True), ("train", False), ("dev", True), ("train", None)])
    ]
    assert [row["n"] for row in prepare.releasable(rows, split="train")] == [0]


def test_edits_change_one_thing() -> None:
    """An edit changes the claim, says which way the label goes, and leaves the rest alone."""
    claim = "The album was released in March 1998 by Sony Music and sold 1,200 copies more than before."
    found = {sort: (text, label) for text, label, sort in edits.edits(claim, Random(2), names=["Tom", "Ada Bell"])}
    assert {"negation", "direction", "name"} <= set(found)
    assert found["negation"][0] in (claim.replace("was", "was not"), claim.replace("was", "was never"))
    assert found["name"][1] is Label.NOT_SUPPORTS
    assert found["direction"][1] is Label.REFUTES
    numbers = [found[sort][0] for sort in ("number", "date") if sort in found]
    assert numbers
    assert all(text != claim for text in numbers)


@pytest.mark.parametrize("claim", ["It is not open.", "They should not be paid."])
def test_denials_are_undone(claim: str) -> None:
    """The negation edit of a denial takes the denial away."""
    found = {sort: text for text, _, sort in edits.edits(claim, Random(1), names=[])}
    assert found["negation"] == claim.replace(" not", "")


def test_originals_are_kept_beside_their_edits() -> None:
    """Every edit has its original in the same twin group, so that edited wording alone tells nothing."""
    supported = [Pair("e", f"It was built in {year} by the crew.", Label.SUPPORTS, "s") for year in range(1900, 1930)]
    made = prepare.edited(supported, Random(3))
    for first, second in zip(made[::2], made[1::2], strict=True):
        assert first.twin == second.twin
        assert (first.source, first.label) == ("edit_original", Label.SUPPORTS)
        assert second.label is not Label.SUPPORTS


def test_retrieval_finds_the_sentence_with_the_rare_words() -> None:
    """A claim finds the sentence that shares its rare words, not the one that shares its common ones."""
    texts = [f"the plant in town {i} is open" for i in range(60)] + ["the plant in Quito makes zinc"]
    assert SentenceIndex(texts).nearest("Is zinc made in the plant of Quito?", 1) == [60]
    assert SentenceIndex(texts).nearest("nothing shared", 3) == []


def test_open_claims_avoid_what_was_decided_elsewhere() -> None:
    """A claim that somebody decided, or that occurred before, makes no neutral pair."""
    evidence = ["zinc comes from Quito", "tin comes from Lima"]
    rows = [
        {"claim": "zinc is sold in Quito", "also_decided": decided, "repeat": repeat}
        for decided, repeat in (("no", "no"), ("yes", "no"), ("no", "yes"))
    ]
    made = prepare.open_pairs(rows, evidence, SentenceIndex(evidence), limit=9, seed=1)
    assert [(pair.evidence, pair.label) for pair in made] == [("zinc comes from Quito", Label.NEUTRAL)]
