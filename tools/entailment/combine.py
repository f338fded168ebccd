"""``combine``: fits the combiner to a model: features of pairs in, calibrated chances out.

A multinomial logistic regression with a ridge, every source weighing alike; rows that only *do not support* count by
what is left of the chance (marginal loss). The temperature is that of the unseen source on which the model is most
overconfident: new evidence is more likely to be like the worst of them than like their mean.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from guardlayer.verifiers.entailment import signals, windows
from guardlayer.verifiers.entailment.combiner import FORMAT
from guardlayer.verifiers.entailment.network import Reading
from guardlayer.verifiers.lexical_features import features
from guardlayer.verifiers.marks import mark
from tools.entailment import metrics
from tools.entailment.fitting import SEEN, fitting_sets
from tools.entailment.journal import Journal, digest
from tools.entailment.judge_onnx import OnnxJudge
from tools.entailment.options import CombineOptions
from tools.entailment.pairs import Label, Pair

Array = NDArray[np.float64]
FILE = "combiner.json"
_STEPS, _RIDGE = 1_000, 1e-3
THRESHOLDS = {"supported": 0.5, "contradicted": 0.34, "contradicted_apart": 0.5}
"""Chances at which something is concluded; the same for every set."""


@dataclass(frozen=True, slots=True)
class Table:
    """Pairs with their features, in columns.

    Attributes:
        values: Features, row by row.
        labels: Labels.
        sources: Names of the sources.
    """

    values: Array
    labels: NDArray[np.int64]
    sources: NDArray[np.str_]


def combine(options: CombineOptions) -> Path:
    """Write ``combiner.json`` beside the model; return its path."""
    journal = Journal(options.out / "combine.jsonl")
    judge = OnnxJudge(options.out / "model.int8.onnx", options.out / "tokenizer.json")
    table = _table(judge, fitting_sets(options.data, rows=options.rows))
    weights, start = fit(table, _weights(table))
    scores = table.values @ weights.T + start
    temperatures = {
        str(source): metrics.temperature(scores[at].tolist(), table.labels[at].tolist())
        for source in dict.fromkeys(table.sources.tolist())
        if (at := np.flatnonzero(table.sources == source)).size
    }
    unseen = {source: value for source, value in temperatures.items() if source not in SEEN}
    temperature = max(1.0, *unseen.values())
    for source, value in temperatures.items():
        at = np.flatnonzero(table.sources == source)
        journal.write("source", source=source, temperature=round(value, 3), **_quality(scores[at], table.labels[at]))
    stored = {
        "format": FORMAT,
        "names": list(signals.NAMES),
        "weights": [[round(float(value), 6) for value in row] for row in weights],
        "start": [round(float(value), 6) for value in start],
        "temperature": round(temperature, 4),
        "thresholds": THRESHOLDS,
    }
    path = options.out / FILE
    path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    journal.write(
        "combined",
        rows=len(table.labels),
        temperature=round(temperature, 4),
        model_sha256=digest(options.out / "model.int8.onnx"),
        sha256=digest(path),
    )
    return path


def vector_of(judge: OnnxJudge, evidence: str, claim: str) -> list[float]:
    """Return the features of a pair, as the package computes them."""
    pair = mark(evidence[: windows.MAX_CHARACTERS], claim[: windows.MAX_CHARACTERS])
    supports, neutral, refutes = judge.run(judge.encode([pair.evidence], [pair.claim])[0])
    reading = Reading((supports, neutral, refutes), pair.marks)
    return signals.vector(reading, features(claim, evidence), evidence, claim)


def _table(judge: OnnxJudge, sets: dict[str, list[Pair]]) -> Table:
    values, labels, sources = [], [], []
    for source, pairs in sets.items():
        for pair in pairs:
            claim = windows.parts(pair.claim)
            if len(claim) > 1:
                continue  # a label of the whole says nothing of a part
            window = windows.nearest(windows.cut(pair.evidence), claim[0], 1)[0]
            values.append(vector_of(judge, window, claim[0]))
            labels.append(int(pair.label))
            sources.append(source)
    return Table(np.array(values), np.array(labels), np.array(sources))


def _weights(table: Table) -> Array:
    found = np.zeros(len(table.labels))
    for source in dict.fromkeys(table.sources.tolist()):
        at = table.sources == source
        found[at] = 1 / at.sum()
    return found / found.sum()


def fit(table: Table, weights: Array) -> tuple[Array, Array]:
    """Fit the regression by accelerated gradient descent; return weights and starts, one row a class."""
    mean, scale = table.values.mean(0), table.values.std(0) + 1e-9
    given = np.c_[(table.values - mean) / scale, np.ones(len(table.labels))]
    theta = np.zeros((3, given.shape[1]))
    ahead, momentum = theta.copy(), 1.0
    # The curvature of the loss is at most half of the largest eigenvalue of the weighted second moments.
    rate = 1 / (0.5 * float(np.linalg.eigvalsh((given * weights[:, None]).T @ given)[-1]) + _RIDGE)
    for _ in range(_STEPS):
        gap = (_chances(given @ ahead.T) - _targets(given @ ahead.T, table.labels)) * weights[:, None]
        gradient = gap.T @ given + _RIDGE * np.c_[ahead[:, :-1], np.zeros(3)]
        following = ahead - rate * gradient
        grown = (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        ahead = following + (momentum - 1) / grown * (following - theta)
        theta, momentum = following, grown
    slopes = theta[:, :-1] / scale
    return slopes, theta[:, -1] - slopes @ mean


def _targets(scores: Array, labels: NDArray[np.int64]) -> Array:
    """Return what the chances should be: the label, or what is left of them where support alone is excluded."""
    target = np.eye(4)[labels][:, :3]
    open_rows = labels == Label.NOT_SUPPORTS
    rest = _chances(scores[open_rows])
    rest[:, 0] = 0
    target[open_rows] = rest / rest.sum(1, keepdims=True)
    return target


def _chances(scores: Array) -> Array:
    powers: Array = np.exp(scores - scores.max(1, keepdims=True))
    chances: Array = powers / powers.sum(1, keepdims=True)
    return chances


def _quality(scores: Array, labels: NDArray[np.int64]) -> dict[str, float]:
    chances = _chances(scores)
    right = [metrics.matches(int(label), int(row.argmax())) for label, row in zip(labels, chances, strict=True)]
    sure: Sequence[float] = chances.max(1).tolist()
    return {
        "rows": len(right),
        "accuracy": round(float(np.mean(right)), 4),
        "confidence": round(float(np.mean(sure)), 4),
    }
