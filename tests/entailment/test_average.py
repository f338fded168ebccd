"""The mean of two runs is what it says, and keeps the word vectors that the text encoder shares."""

from __future__ import annotations

import numpy as np
import pytest
from tools.entailment import average


def test_the_mean_keeps_the_word_vectors_of_the_first() -> None:
    """Every weight is the weighted mean of both runs', but for the table of word vectors."""
    first = {"head.weight": np.array([1.0, 2.0]), average.WORDS: np.array([5.0])}
    second = {"head.weight": np.array([3.0, 6.0]), average.WORDS: np.array([9.0])}
    found = average.mean_of(first, second, share=0.25)
    assert found["head.weight"].tolist() == [1.5, 3.0]
    assert found[average.WORDS].tolist() == [5.0]


def test_runs_of_another_shape_have_no_mean() -> None:
    """A second run that lacks a weight of the first is no continuation of it."""
    with pytest.raises(KeyError):
        average.mean_of({"a": np.ones(1), average.WORDS: np.ones(1)}, {average.WORDS: np.ones(1)}, share=0.5)
