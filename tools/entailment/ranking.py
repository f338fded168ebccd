"""``rank``: fits the order of what retrieval reads, on FEVER's training claims. The others are not looked at.

Each claim is searched for as the package does, in a pool of sentences; of what was read, what holds a sentence of its
evidence should come first. The fit is a softmax over the passages of a claim (ListNet's top-one loss, Cao et al., ICML
2007) on a straight line and eight hidden units. A fifth of the claims is held out to say what was gained.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from guardlayer import Knowledge
from guardlayer.knowledge import reranking
from tools.entailment import pool
from tools.entailment.journal import Journal
from tools.entailment.options import RankOptions

Array = NDArray[np.float64]
FILE = "order.json"
AT = datetime(2026, 1, 1, tzinfo=UTC)
_HIDDEN, _STEPS, _RATE, _RIDGE = 8, 300, 0.02, 1e-3
_HELD_OUT = 5


class Read(NamedTuple):
    """What was read for one claim.

    Attributes:
        values: Its signs, row by row, in the order that words and meaning gave.
        right: Whether each row holds evidence.
    """

    values: Array
    right: NDArray[np.bool_]


def rank(options: RankOptions) -> Path:
    """Write ``order.json`` to ``options.out``; return its path."""
    known = pool.texts(options.data)
    rng = random.Random(options.seed)
    claims = rng.sample(sorted(known.claims["train"].items()), options.claims)
    journal = Journal(options.out / "rank.jsonl")
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(options.database) if options.database else Path(scratch) / "pool.db"
        fresh = not file.exists()
        with Knowledge.open(file) as kb:
            if fresh:
                pool.ingest(kb, pool.drawn(known, claims, options.pool, rng), Path(scratch))
                kb.embed()
            read = [_read(kb, claim, wanted) for claim, wanted in claims]
    found = [one for one in read if one.right.any()]
    journal.write("read", claims=len(read), found=len(found), passages=sum(len(one.right) for one in found))
    held = [one for number, one in enumerate(read) if number % _HELD_OUT == 0]
    fitting = [one for number, one in enumerate(read) if number % _HELD_OUT and one.right.any()]
    tried = fit(fitting)
    journal.write("before", **_recall(held, None))
    journal.write("after", **_recall(held, tried))
    fitted = fit(found)
    path = options.out / FILE
    stored = {name: np.round(value, 4).tolist() for name, value in fitted._asdict().items()}
    path.write_text(json.dumps({"signs": reranking.SIGNS, **stored}, indent=1) + "\n", encoding="utf-8")
    return path


def fit(claims: Sequence[Read], *, seed: int = 1) -> reranking.Weights:
    """Fit the weights by Adam (Kingma and Ba, 2015), all claims at once."""
    values = np.concatenate([one.values for one in claims])
    right = np.concatenate([one.right for one in claims])
    starts = np.cumsum([0, *(len(one.right) for one in claims)])[:-1]
    group = np.repeat(np.arange(len(claims)), [len(one.right) for one in claims])
    mean, spread = values.mean(0), values.std(0) + 1e-6
    scaled = (values - mean) / spread
    rng = np.random.default_rng(seed)
    signs = values.shape[1]
    now = [np.zeros(signs), rng.normal(0, 0.3, (signs, _HIDDEN)), np.zeros(_HIDDEN), rng.normal(0, 0.3, _HIDDEN)]
    first, second = [np.zeros_like(one) for one in now], [np.zeros_like(one) for one in now]
    for step in range(1, _STEPS + 1):
        hidden = np.tanh(scaled @ now[1] + now[2])
        scores = scaled @ now[0] + hidden @ now[3]
        powers = np.exp(scores - np.maximum.reduceat(scores, starts)[group])
        chances = powers / np.add.reduceat(powers, starts)[group]
        wanted = powers * right / np.maximum(np.add.reduceat(powers * right, starts)[group], 1e-30)
        error = (chances - wanted) / len(claims)
        inner = np.outer(error, now[3]) * (1 - hidden**2)
        slopes = [
            scaled.T @ error + _RIDGE * now[0],
            scaled.T @ inner + _RIDGE * now[1],
            inner.sum(0),
            hidden.T @ error + _RIDGE * now[3],
        ]
        for place, slope in enumerate(slopes):
            first[place] = 0.9 * first[place] + 0.1 * slope
            second[place] = 0.999 * second[place] + 0.001 * slope**2
            size = np.sqrt(second[place] / (1 - 0.999**step)) + 1e-8
            now[place] = now[place] - _RATE * first[place] / (1 - 0.9**step) / size
    return reranking.Weights(mean, spread, *now)


def _read(kb: Knowledge, claim: str, wanted: set[str]) -> Read:
    read = kb.passages.candidates(claim, at=AT)
    values = reranking.signs(claim, read.hits, read.weights, read.cosines)
    return Read(values, np.array([pool.decides(hit.evidence.text, wanted) for hit in read.hits], dtype=np.bool_))


def _recall(claims: Sequence[Read], weights: reranking.Weights | None) -> dict[str, float]:
    """Return the share of claims with evidence among the first; without weights, in the order it was read in."""
    ranks = []
    for one in claims:
        order = range(len(one.right)) if weights is None else np.argsort(-reranking.scored(one.values, weights))
        ranks.append(next((place for place, row in enumerate(order) if one.right[row]), 999))
    return {f"recall@{k}": round(float(np.mean([rank < k for rank in ranks])), 4) for k in (1, 5, 10, 99)}
