"""The stage ``teach``: what the package's text encoder says of the sentences, labelled or not, and of single words.

The encoder knows what words mean; the linear model is quick. A line through the vectors of the labelled sentences tells
facts from the rest. It is shipped as the head of the reader, and it is the linear model's teacher: what it says of
sentences nobody labelled, and of every word, is what ``train`` learns from.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from guardlayer.kinds.reader import PROBE, READER, Head, dumps
from guardlayer.knowledge.dense.encoder import SHIPPED, ShippedEncoder
from tools.entailment.journal import Journal
from tools.kinds import corpus
from tools.kinds.options import TeachOptions
from tools.kinds.rows import balanced

Floats = npt.NDArray[np.float64]

TAUGHT, LOG = "taught.npz", "teach.log.jsonl"
_DIRECTIONS: Final = 48
"""Directions kept of what the encoder says of a word."""
_SLOW: Final = 0.4
"""What is added to the head's margins: fitted on sentences that were written to be clear, it is slow to see a fact."""
_STEPS: Final = 12
_BLOCK: Final = 500
"""Texts that are encoded between two lines of the log."""


def teach(options: TeachOptions) -> None:
    """Write the head of the reader, and what it says of the unlabelled sentences and of words, to ``options.out``."""
    begin = time.monotonic()
    journal = Journal(options.out / LOG)
    encoder = ShippedEncoder(SHIPPED)
    rows = corpus.read(options.data)
    with (options.data / corpus.UNLABELLED).open(encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    counts = Counter(word for text in texts for word in re.findall(r"[a-z]{2,}", text.lower()))
    counts.update(word for row in rows for word in set(re.findall(r"[a-z]{3,}", row.text.lower())))
    words = sorted(word for word, count in counts.items() if count >= 2)
    known = vectors(encoder, [row.text for row in rows], options.out / "rows.npz", journal)
    unknown = vectors(encoder, texts, options.out / "texts.npz", journal)
    single = vectors(encoder, words, options.out / "words.npz", journal)
    weight = np.array(balanced(rows))
    line = fitted(known, np.array([float(row.factual) for row in rows]), weight, penalty=options.penalty)
    line[-1] += _SLOW
    probe = float(encoder.encode([PROBE])[0] @ line[:-1] + line[-1])
    (options.out / READER).write_text(dumps(Head(encoder.digest, tuple(line[:-1].tolist()), float(line[-1]), probe)))
    of_words = single @ line[:-1] + line[-1]
    blocks = [principal(single, _DIRECTIONS), ((of_words - of_words.mean()) / of_words.std())[:, None]]
    np.savez_compressed(
        options.out / TAUGHT,
        texts=np.array(texts),
        margins=(unknown @ line[:-1] + line[-1]).astype(np.float32),
        words=np.array(words),
        vectors=np.concatenate(blocks, axis=1).astype(np.float32),
    )
    journal.write(
        "taught",
        rows=len(rows),
        texts=len(texts),
        words=len(words),
        directions=_DIRECTIONS + 1,
        encoder=encoder.digest,
        head=corpus.sha256(options.out / READER),
        seconds=round(time.monotonic() - begin),
    )


def vectors(encoder: ShippedEncoder, texts: Sequence[str], path: Path, journal: Journal) -> Floats:
    """Return the vectors of texts; those in ``path`` are not made again, and what is made is kept there."""
    names = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts]
    kept: dict[str, npt.NDArray[np.float16]] = {}
    if path.is_file():
        with np.load(path) as file:
            kept = dict(zip(file["names"].tolist(), file["vectors"], strict=True))
    missing = [number for number, name in enumerate(names) if name not in kept]
    for at in range(0, len(missing), _BLOCK):
        numbers = missing[at : at + _BLOCK]
        made = encoder.encode([texts[number] for number in numbers]).astype(np.float16)
        kept.update((names[number], vector) for number, vector in zip(numbers, made, strict=True))
        np.savez(path, names=np.array(list(kept)), vectors=np.stack(list(kept.values())))
        journal.write("encoded", file=path.name, done=at + len(numbers), of=len(missing))
    return np.stack([kept[name] for name in names]).astype(np.float64)


def fitted(vectors: Floats, factual: Floats, weight: Floats, *, penalty: float) -> Floats:
    """Return the weights of a logistic regression and, last, its bias (Newton's method)."""
    inputs = np.column_stack([vectors, np.ones(len(vectors))])
    weight = weight / weight.sum()
    ridge = np.full(inputs.shape[1], penalty)
    ridge[-1] = 1e-9
    line = np.zeros(inputs.shape[1])
    for _ in range(_STEPS):
        share = 1 / (1 + np.exp(-inputs @ line))
        slope = inputs.T @ ((share - factual) * weight) + ridge * line
        curve = (inputs * (weight * share * (1 - share))[:, None]).T @ inputs + np.diag(ridge)
        line -= np.linalg.solve(curve, slope)
    return line


def principal(vectors: Floats, count: int) -> Floats:
    """Return the first principal components, the first with a spread of 1."""
    centred = vectors - vectors.mean(axis=0)
    spread, turned = np.linalg.eigh(centred.T @ centred / len(vectors))
    first = turned[:, ::-1][:, :count]
    found: Floats = centred @ first / np.sqrt(spread[-1])
    return found
