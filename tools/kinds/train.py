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
import numpy.typing as npt

from guardlayer.kinds.model import SHIPPED, dumps
from guardlayer.kinds.signs import SPOKEN, signs
from tools.entailment.journal import Journal
from tools.kinds import corpus
from tools.kinds.linear import Floats, Linear, Words, fit
from tools.kinds.options import TrainOptions
from tools.kinds.rows import Row, balanced

Bools = npt.NDArray[np.bool_]

LOG = "train.log.jsonl"
SCALE = 1000
TAUGHT = "taught.npz"
_EDGES = (-4.0, -3.0, -2.0, -1.5, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
_OFFSETS = tuple(number / 4 for number in range(-8, 9))


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
    """Calibrate on sentences held out in turn, fit on all of them, and write the model."""
    journal = Journal(options.out / LOG)
    begin = time.monotonic()
    rows = corpus.read(options.data)
    taught, words = _taught(options)
    margins, factual, real = _held_out(rows, taught, words, options)
    spoken = _offset(margins[real], factual[real])
    margins[real] += spoken
    edges, shares = _calibrated(margins, factual)
    model = _fitted(rows, taught, words, options)
    text = dumps(
        _kept(model, rows, taught, options.features),
        name=SHIPPED.removesuffix(".tsv"),
        bias=round(model.bias * SCALE),
        spoken=round(spoken * SCALE),
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
        spoken=spoken,
        spoken_sentences=int(real.sum()),
        held_out=len(margins),
        held_out_facts_kept=round(float((margins > 0)[factual].mean()), 4),
        held_out_behavior_found=round(float((margins <= 0)[~factual].mean()), 4),
        options={name: str(getattr(options, name)) for name in ("taught", "words", "penalty", "rounds", "folds")},
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


def _held_out(
    rows: Sequence[Row], taught: Sequence[tuple[str, float]], words: Words | None, options: TrainOptions
) -> tuple[Floats, Bools, Bools]:
    """Return margins of sentences by models that never saw them, whether they are factual, and whether they are talk.

    What was written for the corpus, or labelled one by one, is held out; of talk, only what somebody really said has a
    say in what is added to it: talk that is made up is told apart too well.
    """
    rng = random.Random(options.seed)
    single = [number for number, row in enumerate(rows) if row.register != "plain" and row.source != "grammar"]
    rng.shuffle(single)
    margins, factual, real = [], [], []
    for fold in range(options.folds):
        out = {number: rows[number] for number in single[fold :: options.folds]}
        texts = {row.text for row in out.values()}
        model = _fitted(
            [row for number, row in enumerate(rows) if number not in out],
            [pair for pair in taught if pair[0] not in texts],
            words,
            options,
        )
        seen = [signs(row.text) for row in out.values()]
        margins.append(model.margins(seen))
        factual += [row.factual for row in out.values()]
        real += [SPOKEN in each and row.source != "hand" for each, row in zip(seen, out.values(), strict=True)]
    return np.concatenate(margins), np.array(factual), np.array(real)


def _offset(margins: Floats, factual: Bools) -> float:
    """Return what is to be added to margins so that 0 parts them well, in balanced accuracy.

    Of all that part them as well as the best does, within its standard error, it is the largest: a fact that is taken
    for behavior costs more than the other way round.
    """
    if factual.all() or not factual.any():
        return 0.0

    def balance(offset: float) -> tuple[float, float]:
        above = margins + offset > 0
        kept, found = float(above[factual].mean()), float((~above)[~factual].mean())
        error = (kept * (1 - kept) / factual.sum() + found * (1 - found) / (~factual).sum()) ** 0.5 / 2
        return (kept + found) / 2, float(error)

    tried = {offset: balance(offset) for offset in _OFFSETS}
    best, error = max(tried.values())
    return max(offset for offset, (share, _) in tried.items() if share >= best - error)


def _taught(options: TrainOptions) -> tuple[list[tuple[str, float]], Words | None]:
    """Return the sentences that only the teacher labelled, with the share it gives, and what it knows of words."""
    path: Path = options.data / TAUGHT
    if not path.is_file():
        return [], None
    with np.load(path) as file:
        margins, names, vectors = file["margins"].astype(np.float64), file["words"].tolist(), file["vectors"]
        texts = file["texts"].tolist()
    shares = 1 / (1 + np.exp(-margins))
    pairs = list(zip(texts, shares.tolist(), strict=True)) if options.taught else []
    # The encoder was made for what is written: of talk, the labelled sentences know more than it does.
    pairs = [pair for pair in pairs if SPOKEN not in signs(pair[0])]
    return pairs, Words.of(names, vectors.astype(np.float64)) if options.words else None


def _fitted(
    rows: Sequence[Row], taught: Sequence[tuple[str, float]], words: Words | None, options: TrainOptions
) -> Linear:
    rng = random.Random(options.seed)
    batch = _Batch([], [], [])
    for row, counts in zip(rows, balanced(rows), strict=True):
        for text, weight in variants(row):
            batch.add(text, float(row.factual), weight * counts)
    for text, share in taught:
        batch.add(text.lower() if rng.random() < 0.4 else text, share, options.taught)
    share, weight = np.array(batch.shares), np.array(batch.weights)
    weight *= share / (weight * share).sum() + (1 - share) / (weight * (1 - share)).sum()
    return fit(batch.rows, share, weight, words=words, penalty=options.penalty, rounds=options.rounds)


def _calibrated(margins: Floats, factual: Bools) -> tuple[list[float], list[float]]:
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
