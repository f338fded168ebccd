"""Logistic regression over signs, in NumPy: full batches, weighted rows, soft labels, seeded by nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Linear:
    """A fitted model: a weight for each sign, and a bias."""

    weights: dict[str, float]
    bias: float

    def margins(self, rows: Sequence[Set[str]]) -> Floats:
        """Return the margin of each row."""
        get = self.weights.get
        return np.array([sum(get(sign, 0.0) for sign in row) / np.sqrt(len(row)) + self.bias for row in rows])


@dataclass(frozen=True, slots=True)
class Words:
    """What a teacher knows of words: a vector each, added up over the words of a sentence.

    A sum of vectors times weights is a sum of one number a word, so all of it ends up in the words' own weights.
    """

    names: tuple[str, ...]
    vectors: Floats
    place: dict[str, int]

    @classmethod
    def of(cls, names: Sequence[str], vectors: Floats) -> Words:
        """Return the vectors of these words."""
        return cls(tuple(names), vectors, {name: number for number, name in enumerate(names)})

    def of_rows(self, rows: Sequence[Set[str]]) -> Floats:
        """Return the sum for each row, on the scale of its signs."""
        found = np.zeros((len(rows), self.vectors.shape[1]))
        for number, row in enumerate(rows):
            places = sorted(self.place[sign] for sign in row if sign in self.place)
            if places:
                found[number] = self.vectors[places].sum(0) / np.sqrt(len(row))
        return found


def fit(
    rows: Sequence[Set[str]],
    share: Floats,
    weight: Floats,
    *,
    words: Words | None = None,
    penalty: float = 1e-5,
    rounds: int = 250,
    least: int = 3,
) -> Linear:
    """Fit a model.

    Args:
        rows: The signs of each row.
        share: How factual each row is, 0 to 1.
        weight: How much each row counts.
        words: What is known of words beforehand.
        penalty: Weight of the squared weights (L2).
        rounds: Steps of Adam over all rows, with a rate that falls to nothing.
        least: Signs in fewer rows are left out.
    """
    counts = Counter(sign for row in rows for sign in row)
    names = sorted(sign for sign, count in counts.items() if count >= least)
    place = {sign: number for number, sign in enumerate(names)}
    found = [[place[sign] for sign in sorted(row) if sign in place] for row in rows]
    columns = np.array([number for numbers in found for number in numbers], dtype=np.int64)
    lines = np.repeat(np.arange(len(rows)), [len(numbers) for numbers in found])
    values = (1 / np.sqrt([len(row) for row in rows]))[lines]
    dense = words.of_rows(rows) if words else np.zeros((len(rows), 0))
    weight = weight / weight.sum()
    count, end = len(names), len(names) + dense.shape[1]
    theta = np.zeros(end + 1)
    mean, square = np.zeros_like(theta), np.zeros_like(theta)
    for step in range(1, rounds + 1):
        margin = np.bincount(lines, theta[columns] * values, len(rows)) + dense @ theta[count:end] + theta[-1]
        error = (1 / (1 + np.exp(-margin)) - share) * weight
        slope = np.concatenate(
            [np.bincount(columns, error[lines] * values, count), dense.T @ error, error.sum(keepdims=True)]
        )
        slope[:-1] += penalty * theta[:-1]
        mean = 0.9 * mean + 0.1 * slope
        square = 0.99 * square + 0.01 * slope * slope
        rate = 0.3 * (1 - step / rounds) + 0.01
        theta -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-10)
    weights = dict(zip(names, theta[:count].tolist(), strict=True))
    if words:
        for name, value in zip(words.names, (words.vectors @ theta[count:end]).tolist(), strict=True):
            weights[name] = weights.get(name, 0.0) + value
    return Linear(weights, float(theta[-1]))
