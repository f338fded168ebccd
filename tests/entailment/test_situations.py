"""The situations say what their tables say, in every wording, also among sentences about others."""

from __future__ import annotations

import re
import tomllib
from collections import Counter, defaultdict
from pathlib import Path
from random import Random

import pytest
from tools.entailment import situations, talks
from tools.entailment.pairs import Label

WORDS = tomllib.loads(Path(situations.__file__).with_suffix(".toml").read_text(encoding="utf-8"))
TALKS = tomllib.loads(Path(talks.__file__).with_suffix(".toml").read_text(encoding="utf-8"))
MATRICES = {name: table for name, table in WORDS.items() if name.endswith("_matrix")}
MADE = list(situations.pairs(3000, seed=5))


def test_repeatable() -> None:
    """The same seed writes the same pairs; another seed others."""
    assert list(situations.pairs(150, seed=3)) == list(situations.pairs(150, seed=3))
    assert list(situations.pairs(150, seed=3)) != list(situations.pairs(150, seed=4))


def test_balance() -> None:
    """Supported pairs are two fifths, and every maker writes pairs of several labels."""
    counts = Counter(pair.label for pair in MADE)
    assert 0.35 < counts[Label.SUPPORTS] / len(MADE) < 0.48
    labels = defaultdict(set)
    for pair in MADE:
        labels[pair.source].add(pair.label)
    assert len(labels) == len(set(situations.MAKERS))
    assert all(Label.SUPPORTS in found and len(found) > 1 for found in labels.values())


def test_no_pair_twice_with_two_labels() -> None:
    """The same source and claim have one label."""
    labels: dict[tuple[str, str], set[Label]] = defaultdict(set)
    for pair in MADE:
        labels[pair.evidence, pair.claim].add(pair.label)
    assert all(len(found) == 1 for found in labels.values())


def test_texts_are_filled() -> None:
    """No slot and no doubled space is left, and every text begins with a capital."""
    for pair in MADE:
        for text in (pair.evidence, pair.claim):
            assert not re.search(r"[{}]|  ", text)
            assert text[0].isupper()


def test_a_supported_claim_repeats_no_sentence_of_its_source() -> None:
    """A claim of one state is worded otherwise than the source, so that copying is not what is learnt."""
    some = [pair for pair in MADE if pair.source in ("situation_states", "situation_posts", "situation_relations")]
    assert len(some) > 500
    supported = [pair for pair in some if pair.label is Label.SUPPORTS]
    assert not [pair for pair in supported if pair.claim in re.split(r"(?<=\.) ", pair.evidence)]


@pytest.mark.parametrize("name", MATRICES)
def test_tables_are_whole(name: str) -> None:
    """A table has an answer for each couple of states, supports each state by itself, and never one by another."""
    table = MATRICES[name]
    for told, row in table.items():
        assert set(row) == set(table)
        assert set(row.values()) <= set("SRNX-")
        assert [said for said, answer in row.items() if answer == "S"] == [told]


@pytest.mark.parametrize("name", MATRICES)
def test_every_state_has_several_wordings(name: str) -> None:
    """A source and a claim of one state need two wordings."""
    forms = WORDS[name.removesuffix("_matrix")]
    assert all(len(forms[state]) > 1 for state in MATRICES[name])


@pytest.mark.parametrize("relation", WORDS["relations"], ids=lambda relation: relation["forms"][0])
def test_every_wording_of_a_relation_names_both_ends(relation: dict[str, object]) -> None:
    """Whichever wording is drawn, it says who and whom."""
    forms = relation["forms"]
    assert isinstance(forms, list)
    assert len(set(forms)) > 2
    assert all("{a}" in form and "{b}" in form for form in forms)
    assert relation["turned"] in set("SRX")


def test_long_sources_keep_what_decides() -> None:
    """Among sentences about others the source still stands, at one place for all members of a group."""
    told = [
        ("Ada Berg left Hull Works.", "Berg is gone.", Label.SUPPORTS),
        ("Ada Berg joined Hull Works.", "Berg is gone.", Label.REFUTES),
    ]
    longer = 0
    for seed in range(60):
        first, second = situations.among_others(told, Random(seed))
        assert first[0].replace(told[0][0], "@") == second[0].replace(told[1][0], "@")
        assert "@" in first[0].replace(told[0][0], "@")
        assert first[1:] == told[0][1:]
        longer += len(first[0]) > len(told[0][0])
    assert longer == 60


def test_a_claim_of_two_parts_holds_only_if_both_do() -> None:
    """Of a source of two facts a claim of two supported parts is supported, and none with one false part."""
    for seed in range(60):
        first, *rest = situations.joined(Random(seed))
        assert first[2] is Label.SUPPORTS
        assert all(label is not Label.SUPPORTS and evidence == first[0] for evidence, _, label in rest)


@pytest.mark.parametrize("row", TALKS["rows"], ids=lambda row: row["facts"][0][0])
def test_what_speakers_say_can_be_told_of_them(row: dict[str, list[list[str]]]) -> None:
    """A fact is said in the first person and told in the third, and each row has another one that excludes it."""
    assert len(row["facts"]) > 1
    for said, told in row["facts"]:
        assert "{n}" in told
        assert "{" not in said
        assert re.search(r"\b(?:I|I'm|I'll|I'd|I've|my|me)\b", said)


def test_a_summary_that_mixes_up_speakers_is_not_supported() -> None:
    """A summary is supported where its speaker said it, and its false version names or says something else."""
    for seed in range(80):
        first, second, *_ = talks.spoken(Random(seed))
        assert first[2] is Label.SUPPORTS
        assert second[2] is not Label.SUPPORTS
        assert first[0] == second[0]
        assert first[1] != second[1]


def test_who_agrees_is_told_from_who_asks() -> None:
    """An agreement supports that it was given and refutes that it was refused, and the other way round."""
    for seed in range(60):
        first, second, *_ = talks.requested(Random(seed))
        assert (first[2], second[2]) == (Label.SUPPORTS, Label.REFUTES)
        assert first[0].count(":") >= 3
