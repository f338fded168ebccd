"""``combine``: calibrates a model, and corrects it only where that helps on sources that it was not fitted on.

What is corrected are the network's logits, by a multinomial logistic regression whose ridge pulls towards leaving them
as they are; every source weighs alike, and rows that only *do not support* count by what is left of the chance
(marginal loss). Which ridge, and whether any, is decided by leaving out one source after the other. The temperature is
the one that is best on the mean of all sources that the network has not seen: among them sentences hidden in long text
and two statements in one, where every network of this size is too sure.
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
from guardlayer.verifiers.marks import mark
from tools.entailment import metrics
from tools.entailment.fitting import SEEN, fitting_sets
from tools.entailment.journal import Journal, digest
from tools.entailment.judge_onnx import OnnxJudge
from tools.entailment.options import CombineOptions
from tools.entailment.pairs import Label, Pair

Array = NDArray[np.float64]
FILE = "combiner.json"
_STEPS = 30
_SETTLED = 1e-4
RIDGES = (0.03, 0.1, 0.3)
"""How strongly a correction is held back."""
_EARNED = 0.005
"""By how much a correction must lower the mean loss on left-out sources (nats), so that it is no accident."""
THRESHOLDS = {"supported": 0.45, "contradicted": 0.45, "contradicted_apart": 0.65}
"""Chances at which something is concluded; the same for every set. Policies act on scores from even odds."""
_AS_IT_IS = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
"""The weights that leave the logits as they are, up to a constant: of the features ``support`` and ``refute``."""


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

    def of(self, source: str, *, others: bool = False) -> Table:
        """Return the rows of a source, or of all others."""
        at = (self.sources == source) != others
        return Table(self.values[at], self.labels[at], self.sources[at])


def combine(options: CombineOptions) -> Path:
    """Write ``combiner.json`` beside the model; return its path."""
    journal = Journal(options.out / "combine.jsonl")
    judge = OnnxJudge(options.out / "model.int8.onnx", options.out / "tokenizer.json")
    table = _table(judge, fitting_sets(options.data, rows=options.rows))
    weights, start = _corrected(table, journal)
    scores = table.values @ weights.T + start
    temperature = _temperature(scores, table)
    for source in dict.fromkeys(table.sources.tolist()):
        at = np.flatnonzero(table.sources == source)
        own = metrics.temperature(scores[at].tolist(), table.labels[at].tolist())
        journal.write(
            "source", source=source, temperature=round(own, 3), **_quality(scores[at] / temperature, table.labels[at])
        )
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
    return signals.vector(Reading((supports, neutral, refutes), pair.marks))


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


def _corrected(table: Table, journal: Journal) -> tuple[Array, Array]:
    """Return the weights that do best on left-out sources; those of the network itself unless others earn it."""
    plain = _AS_IT_IS, np.zeros(3)
    unseen = _unseen(table)
    losses = {0.0: float(np.mean([_loss(plain, table.of(source)) for source in unseen]))}
    for ridge in RIDGES:
        found = [(fit(table.of(source, others=True), ridge=ridge), table.of(source)) for source in unseen]
        losses[ridge] = float(np.mean([_loss(fitted, rows) for fitted, rows in found]))
    journal.write("left out", losses={str(ridge or "as it is"): round(loss, 4) for ridge, loss in losses.items()})
    best = min(losses, key=losses.__getitem__)
    return fit(table, ridge=best) if losses[0.0] - losses[best] > _EARNED else plain


def _unseen(table: Table) -> list[str]:
    return [source for source in dict.fromkeys(table.sources.tolist()) if source not in SEEN]


def _temperature(scores: Array, table: Table) -> float:
    """Return what the scores are to be divided by, so that the mean loss of the unseen sources is least."""
    tried = np.exp(np.linspace(np.log(0.7), np.log(3.0), 60))
    rows = [(scores[table.sources == source], table.labels[table.sources == source]) for source in _unseen(table)]
    losses = [np.mean([_log_loss(some / scale, labels) for some, labels in rows]) for scale in tried]
    return float(tried[int(np.argmin(losses))])


def _loss(fitted: tuple[Array, Array], rows: Table) -> float:
    """Return the loss at the temperature that suits the rows best: calibration comes after."""
    scores = rows.values @ fitted[0].T + fitted[1]
    return min(_log_loss(scores / scale, rows.labels) for scale in (0.8, 1.0, 1.2, 1.5, 1.9, 2.4))


def _log_loss(scores: Array, labels: NDArray[np.int64]) -> float:
    chances = _chances(scores)
    known = chances[np.arange(len(labels)), np.minimum(labels, 2)]
    right = np.where(labels == Label.NOT_SUPPORTS, 1 - chances[:, 0], known)
    return float(-np.log(np.maximum(right, 1e-12)).mean())


def fit(table: Table, *, ridge: float) -> tuple[Array, Array]:
    """Fit the correction by Newton's method; return weights and starts, one row a class.

    Args:
        table: Rows with the features ``support`` and ``refute`` of the network; every source weighs alike.
        ridge: How strongly the weights are pulled towards those of the network itself.
    """
    counts = {source: int((table.sources == source).sum()) for source in dict.fromkeys(table.sources.tolist())}
    weights = np.array([1 / counts[source] for source in table.sources.tolist()]) / len(counts)
    mean, scale = table.values.mean(0), table.values.std(0) + 1e-9
    given = np.c_[(table.values - mean) / scale, np.ones(len(table.labels))]
    said, size = table.values @ _AS_IT_IS.T, given.shape[1]
    theta = np.zeros((3, size))
    for _ in range(_STEPS):
        scores = given @ theta.T + said
        chances = _chances(scores)
        slope = ((chances - _targets(scores, table.labels)) * weights[:, None]).T @ given + ridge * theta
        curve = ridge * np.eye(3 * size)
        for one in range(3):
            for other in range(3):
                share = weights * chances[:, one] * ((one == other) - chances[:, other])
                block = (given * share[:, None]).T @ given
                curve[one * size : (one + 1) * size, other * size : (other + 1) * size] += block
        step = np.linalg.solve(curve, slope.ravel()).reshape(3, size)
        theta = theta - step
        if np.abs(step).max() < _SETTLED:
            break
    slopes = theta[:, :-1] / scale
    return slopes + _AS_IT_IS, theta[:, -1] - slopes @ mean


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
