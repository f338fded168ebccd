"""The fitting of the claim-kinds models: what counts how much, which threshold talk gets, what the reader's head learns."""

from pathlib import Path

import numpy as np
import pytest
from tools.entailment.journal import Journal
from tools.kinds.rows import Row, balanced
from tools.kinds.teach import fitted, principal, vectors
from tools.kinds.train import _offset


def test_facts_and_the_rest_count_alike_in_every_register() -> None:
    """A register says nothing of the label, however many sentences of either sort were written for it."""
    rows = [Row("a", "fact", "talk"), Row("b", "opinion", "talk"), Row("c", "opinion", "talk")]
    rows += [Row("d", "fact", "news", weight=0.5), Row("e", "hedge", "science"), Row("f", "fact", "plain")]
    weights = balanced(rows)
    assert weights[0] == pytest.approx(weights[1] + weights[2])
    assert weights[3] + weights[5] == pytest.approx(weights[4])
    assert sum(weights) == pytest.approx(sum(row.weight for row in rows))


def test_talk_gets_the_largest_offset_that_costs_nothing() -> None:
    """Facts that stand below 0 are brought above it as far as the rest allows."""
    factual = np.array([True] * 100 + [False] * 100)
    margins = np.where(factual, -0.6, -3.0)
    assert _offset(margins, factual) == 2.0
    assert _offset(np.where(factual, -0.6, -1.1), factual) == 1.0
    assert _offset(np.where(factual, 3.0, 0.6), factual) == -0.75
    assert _offset(margins, np.ones(200, dtype=bool)) == 0.0


def test_the_head_parts_what_can_be_parted_and_is_the_same_every_time() -> None:
    """Newton's method on the same vectors gives the same line, to the bit; the penalty keeps it finite."""
    rng = np.random.default_rng(1)
    points = rng.normal(size=(80, 4))
    factual = (points[:, 1] > 0).astype(float)
    line = fitted(points, factual, np.ones(80), penalty=1e-3)
    assert (line == fitted(points, factual, np.ones(80), penalty=1e-3)).all()
    assert ((points @ line[:-1] + line[-1] > 0) == (factual > 0)).mean() > 0.95
    assert np.abs(line[1]) > 3 * np.abs(line[[0, 2, 3]]).max()


def test_principal_directions_come_widest_first() -> None:
    """The first has a spread of 1, and none is wider than the one before it."""
    points = np.random.default_rng(2).normal(size=(200, 5)) * np.array([1, 5, 2, 1, 0.1])
    spread = principal(points, 3).std(axis=0)
    assert spread[0] == pytest.approx(1.0)
    assert (np.diff(spread) < 0).all()


def test_vectors_are_made_once(tmp_path: Path) -> None:
    """A run that was stopped goes on where it was: what lies in the folder is not encoded again."""

    class Counting:
        asked: list[str] = []  # noqa: RUF012 - lives as long as this test

        def encode(self, texts: list[str]) -> np.ndarray:
            self.asked += texts
            return np.array([[len(text), 1.0] for text in texts])

    encoder, journal = Counting(), Journal(tmp_path / "log.jsonl")
    first = vectors(encoder, ["a", "bb"], tmp_path / "v.npz", journal)  # type: ignore[arg-type]  # encodes, as it must
    again = vectors(encoder, ["bb", "ccc"], tmp_path / "v.npz", journal)  # type: ignore[arg-type]  # encodes, as it must
    assert encoder.asked == ["a", "bb", "ccc"]
    assert first.tolist() == [[1.0, 1.0], [2.0, 1.0]]
    assert again.tolist() == [[2.0, 1.0], [3.0, 1.0]]
