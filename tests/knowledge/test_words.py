"""Retrieval by words, and the order of what was read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer import Knowledge
from guardlayer.knowledge import reranking, words
from guardlayer.knowledge.ranking import Hit, terms_of
from guardlayer.types import Evidence, Source

AT = datetime(2026, 6, 1, tzinfo=UTC)
VOCABULARY = ("harbour", "museum", "opened", "ferry", "ticket", "winter", "lighthouse", "keeper")


def known(texts: Sequence[str], folder: Path) -> Knowledge:
    """Return the texts as documents of one paragraph each."""
    kb = Knowledge.open(":memory:")
    (folder / "page.txt").write_text("\n\n".join(texts), encoding="utf-8")
    kb.ingest(folder / "page.txt")
    return kb


def hits(texts: Sequence[str], weights: dict[str, float]) -> list[Hit]:
    """Return passages as a search reads them."""
    total = sum(weights.values())
    return [
        Hit(
            number,
            None,
            Evidence(
                text, Source("page"), score=sum(w for word, w in weights.items() if word in terms_of(text)) / total
            ),
        )
        for number, text in enumerate(texts)
    ]


@given(
    st.lists(
        st.lists(st.sampled_from(VOCABULARY), min_size=6, max_size=9).map(lambda one: " ".join([*one, "stands here."])),
        min_size=1,
        max_size=8,
        unique=True,
    ),
    st.lists(st.sampled_from([*VOCABULARY, "unheard"]), min_size=1, max_size=4, unique=True),
)
def test_shares_are_those_of_every_passage_that_holds_a_word(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], asked: list[str]
) -> None:
    """What adding up over the index gives is what reading every passage gives; none that shares a word is missing."""
    kb = known(texts, tmp_path_factory.mktemp("pages"))
    found = kb.passages.words.ask(" ".join(asked))
    assert list(found.weights) == asked
    total = sum(found.weights.values())
    expected = {}
    for id_, text in kb.store.read("SELECT id, text FROM passage_passage"):
        shared = sum(weight for word, weight in found.weights.items() if word in terms_of(text))
        if shared:
            expected[id_] = pytest.approx(shared / total)
    shares = {int(id_): float(share) for one in found.found for id_, share in zip(one.ids, one.shares, strict=True)}
    assert shares == expected
    kb.close()


def test_the_best_are_the_newer_of_those_that_hold_as_much() -> None:
    """Taking few leaves out those that hold less, then the older ones."""
    found = words.Found(np.array([2, 3, 5, 7, 8]), np.array([0.5, 0.9, 0.5, 0.5, 0.1]))
    assert set(found.best(3).tolist()) == {3, 5, 7}
    assert set(found.best(1).tolist()) == {3}
    assert set(found.best(9).tolist()) == {2, 3, 5, 7, 8}


def test_what_is_ingested_later_is_found_at_once(tmp_path: Path) -> None:
    """The kept ids of a word do not outlive the next ingestion."""
    kb = known(["The harbour museum opened in winter."], tmp_path)
    assert len(kb.passages.search("harbour museum", at=AT)) == 1
    (tmp_path / "more.txt").write_text("A museum of the harbour keeper is planned.", encoding="utf-8")
    kb.ingest(tmp_path / "more.txt")
    assert len(kb.passages.search("harbour museum", at=AT)) == 2


def test_a_text_of_common_words_only_still_finds_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every word is too common to find by, the newest passages that hold two of them are read."""
    monkeypatch.setattr(words, "COMMON", 2)
    kb = known([f"The harbour museum has a ticket number {number}." for number in range(5)], tmp_path)
    assert len(kb.passages.search("harbour museum", at=AT, limit=3)) == 3


def test_the_shipped_weights_fit_the_signs() -> None:
    """Each sign has its weights, and all of them are numbers."""
    stored = json.loads(Path(reranking.__file__).with_name("order.json").read_text(encoding="utf-8"))
    assert tuple(stored.pop("signs")) == reranking.SIGNS
    weights = reranking.Weights(**{name: np.array(value) for name, value in stored.items()})
    count, hidden = weights.inner.shape
    assert count == len(reranking.SIGNS)
    assert {one.shape for one in (weights.mean, weights.spread, weights.line)} == {(count,)}
    assert {one.shape for one in (weights.start, weights.outer)} == {(hidden,)}
    assert all(np.isfinite(one).all() for one in weights)
    assert (weights.spread > 0).all()


def test_signs_see_other_forms_names_numbers_and_pronouns() -> None:
    """Each sign says what its name says, of a claim and passages made for it."""
    claim = "Marta Lindqvist directed two films in 2009"
    weights = {"marta": 6.0, "lindqvist": 9.0, "directed": 4.0, "two": 3.0, "film": 3.0, "2009": 2.0}
    read = hits(
        ["Marta Lindqvist lives in Oslo.", "She was the director of a film in 2009.", "Marta Lindqvist directed it."],
        weights,
    )
    rows = reranking.signs(claim, read, weights, [0.5, 0.4, 0.6])
    named, unnamed, joined = (dict(zip(reranking.SIGNS, row, strict=True)) for row in rows.tolist())
    assert (named["names"], unnamed["names"]) == (1.0, 0.0)
    assert named["rest"] == 0
    assert unnamed["rest_stems"] > unnamed["rest"] > 0, "a director directed"
    assert (named["pronoun"], unnamed["pronoun"]) == (0.0, 1.0)
    assert (named["numbers"], unnamed["numbers"]) == (0.0, 1.0)
    assert joined["run"] > named["run"] > unnamed["run"]
    assert [row["cosine"] for row in (named, unnamed, joined)] == [0.5, 0.4, 0.6]


def test_what_is_said_comes_before_who_is_named() -> None:
    """Of passages that hold as much of the claim, the one that says it comes before those that only name its subject."""
    claim = "Marta Lindqvist directed a film."
    weights = {"marta": 4.0, "lindqvist": 4.0, "directed": 4.0, "film": 4.0}
    read = hits(["Marta Lindqvist lives in Oslo.", "The film was directed by its author, his last work."], weights)
    assert read[0].evidence.score == read[1].evidence.score
    ordered = reranking.reordered(claim, read, weights, [0.5, 0.5])
    assert ordered[0] is read[1]


@given(st.permutations(range(4)))
def test_a_passage_is_judged_alone(order: list[int]) -> None:
    """What a passage is worth does not depend on which others were read, nor on their order."""
    weights = {"harbour": 5.0, "museum": 4.0, "opened": 3.0}
    texts = ["The harbour museum.", "It opened in May.", "A museum opened.", "Nothing of the kind."]
    cosines = [0.7, 0.2, 0.5, 0.1]
    alone = [
        float(reranking.scored(reranking.signs("Harbour museum opened", hits([text], weights), weights, [cosine]))[0])
        for text, cosine in zip(texts, cosines, strict=True)
    ]
    shuffled = hits([texts[place] for place in order], weights)
    values = reranking.signs("Harbour museum opened", shuffled, weights, [cosines[place] for place in order])
    assert reranking.scored(values).tolist() == pytest.approx([alone[place] for place in order])
