"""The stage ``train``: fits the linear model, and writes it as the package reads it."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from guardlayer.kinds.model import SHIPPED, dumps
from guardlayer.kinds.signs import signs
from tools.entailment.journal import Journal
from tools.kinds import corpus
from tools.kinds.linear import Floats, Linear, Words, fit
from tools.kinds.options import TrainOptions
from tools.kinds.rows import Row

LOG = "train.log.jsonl"
SCALE = 1000
TAUGHT = "taught.npz"
_SOFTER, _SHIFT = 2.0, 1.5
"""How a teacher's margin becomes a share: it is too sure of itself, and too slow to call a sentence factual."""
_HELD_OUT = 0.15
_EDGES = (-4.0, -3.0, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)


@dataclass(slots=True)
class _Batch:
    rows: list[set[str]]
    shares: list[float]
    weights: list[float]

    def add(self, text: str, share: float, weight: float) -> None:
        self.rows.append(signs(text))
        self.shares.append(share)
        self.weights.append(weight)


def train(options: TrainOptions) -> None:
    """Fit on the corpus, measure on sentences held out of it, fit again on all, and write the model."""
    journal = Journal(options.out / LOG)
    begin = time.monotonic()
    rng = random.Random(options.seed)
    rows = corpus.read(options.data)
    taught, words = _taught(options)
    kept = [row for row in rows if row.register == "plain" or row.source == "grammar" or rng.random() >= _HELD_OUT]
    inside = {id(row) for row in kept}
    out = [row for row in rows if id(row) not in inside]
    unseen = {row.text for row in out}
    trial = _fitted(kept, [pair for pair in taught if pair[0] not in unseen], words, options)
    margins = trial.margins([signs(row.text) for row in out]) + options.leaning
    factual = np.array([row.factual for row in out])
    edges, shares = _calibrated(margins, factual)
    model = _fitted(rows, taught, words, options)
    text = dumps(
        _kept(model, rows, taught, options.features),
        name=SHIPPED.removesuffix(".tsv"),
        bias=round((model.bias + options.leaning) * SCALE),
        scale=SCALE,
        edges=edges,
        shares=shares,
    )
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / SHIPPED).write_text(text, encoding="utf-8")
    header = json.loads(text.partition("\n")[0])
    journal.write(
        "trained",
        seed=options.seed,
        rows=len(rows),
        taught=len(taught),
        words=0 if words is None else len(words.names),
        signs=text.count("\n") - 2,
        bytes=len(text.encode()),
        sha256=header["sha256"],
        edges=header["edges"],
        shares=header["shares"],
        held_out=len(out),
        held_out_facts_kept=round(float((margins > 0)[factual].mean()), 4),
        held_out_behavior_found=round(float((margins <= 0)[~factual].mean()), 4),
        options={name: str(getattr(options, name)) for name in ("taught", "words", "penalty", "rounds", "leaning")},
        seconds=round(time.monotonic() - begin),
    )


def variants(row: Row) -> Iterator[tuple[str, float]]:
    """Yield the ways in which a sentence may be written down, with what each counts."""
    yield row.text, 1.0
    if row.register == "talk":
        yield f"{row.text[:1].upper()}{row.text[1:].rstrip('.,')}.", 0.5
        yield f"{row.text[:1].upper()}{row.text[1:].rstrip('.,')},", 0.3
    elif row.register != "plain":
        yield row.text.lower(), 0.5


def _taught(options: TrainOptions) -> tuple[list[tuple[str, float]], Words | None]:
    """Return the sentences that only the teacher labelled, with the share it gives, and what it knows of words."""
    path: Path = options.data / TAUGHT
    if not path.is_file():
        return [], None
    with np.load(path) as file:
        margins, names, vectors = file["margins"].astype(np.float64), file["words"].tolist(), file["vectors"]
        texts = file["texts"].tolist()
    shares = 1 / (1 + np.exp(-(margins + _SHIFT) / _SOFTER))
    pairs = list(zip(texts, shares.tolist(), strict=True)) if options.taught else []
    return pairs, Words.of(names, vectors.astype(np.float64)) if options.words else None


def _fitted(
    rows: Sequence[Row], taught: Sequence[tuple[str, float]], words: Words | None, options: TrainOptions
) -> Linear:
    rng = random.Random(options.seed)
    batch = _Batch([], [], [])
    for row in rows:
        for text, weight in variants(row):
            batch.add(text, float(row.factual), weight * row.weight)
    for text, share in taught:
        batch.add(text.lower() if rng.random() < 0.4 else text, share, options.taught)
    share, weight = np.array(batch.shares), np.array(batch.weights)
    weight *= share / (weight * share).sum() + (1 - share) / (weight * (1 - share)).sum()
    return fit(batch.rows, share, weight, words=words, penalty=options.penalty, rounds=options.rounds)


def _calibrated(margins: Floats, factual: Floats) -> tuple[list[float], list[float]]:
    """Return edges, and how many are facts between them, never falling (pool adjacent violators)."""
    place = np.searchsorted(np.array(_EDGES), margins, side="right")
    bins = [
        [float(factual[place == number].sum()) + 0.5, float((place == number).sum()) + 1.0]
        for number in range(len(_EDGES) + 1)
    ]
    pooled: list[list[float]] = []
    for facts, count in bins:
        pooled.append([facts, count, 1])
        while len(pooled) > 1 and pooled[-2][0] / pooled[-2][1] >= pooled[-1][0] / pooled[-1][1]:
            last = pooled.pop()
            pooled[-1] = [a + b for a, b in zip(pooled[-1], last, strict=True)]
    shares = [round(facts / count, 3) for facts, count, bins_in in pooled for _ in range(int(bins_in))]
    return list(_EDGES), [min(0.99, max(0.01, share)) for share in shares]


def _kept(model: Linear, rows: Sequence[Row], taught: Sequence[tuple[str, float]], most: int) -> dict[str, int]:
    """Return the weights that matter most, as whole numbers: those that are large, of signs that are seen often."""
    counts = Counter(sign for row in rows for sign in signs(row.text))
    counts.update(sign for text, _ in taught for sign in signs(text))
    ranked = sorted(model.weights, key=lambda sign: (-abs(model.weights[sign]) * (1 + counts[sign]) ** 0.5, sign))
    return {sign: value for sign in ranked[:most] if (value := round(model.weights[sign] * SCALE))}
