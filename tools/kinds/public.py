"""Reads the public sets: sentences that may be trained on, and labelled rows to measure on."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

_SENTENCE = re.compile(r'(?<=[a-z0-9)"][.!?])\s+(?=[A-Z"])')
_WORD = re.compile(r"[a-z0-9']+")
_GRAM = 7
_LONGEST = 40
"""Words in the longest sentence that is read."""

CAPS: dict[tuple[str, str], int] = {
    ("mnli_dev", "premise"): 100_000,
    ("mnli_dev", "hypothesis"): 12_000,
    ("fever", "premise"): 4_000,
    ("fever", "hypothesis"): 4_000,
    ("vitaminc", "premise"): 2_500,
    ("snli_dev", "premise"): 800,
    ("snli_dev", "hypothesis"): 1_500,
    ("scitail_dev", "premise"): 1_500,
    ("scitail_dev", "hypothesis"): 1_000,
    ("mist", "text"): 10_000,
    ("xstest_mistralinstruct", "text"): 10_000,
    ("begin_generic", "text"): 10_000,
}
"""Most sentences that are read of a set and column; all of them are ``release_ok`` and of its train split."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A labelled set to measure on.

    Attributes:
        name: Of the set.
        texts: Its sentences.
        factual: 1 where a sentence states something that can be checked, else 0.
    """

    name: str
    texts: tuple[str, ...]
    factual: tuple[int, ...]

    @property
    def two_sided(self) -> bool:
        """Whether it has rows of both sorts."""
        return len(set(self.factual)) == 2


def digest(text: str) -> str:
    """Return the name of a sentence in ``labelled.tsv``: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def measured(data: Path, *, part: str = "dev", limit: int = 0) -> list[Measured]:
    """Read the labelled rows of ``kind_{part}.parquet`` that say whether they are factual, set by set.

    Args:
        data: Folder of the labelled data.
        part: ``dev``; ``train`` serves as a second view while the model is made, and is not trained on.
        limit: Most rows of a set, drawn with a fixed seed; 0 for all.
    """
    rows = [row for row in _table(data / f"kind_{part}.parquet") if row["factual"] is not None]
    found = []
    for name in sorted({row["source"] for row in rows}):
        some = [row for row in rows if row["source"] == name]
        if limit and len(some) > limit:
            some = random.Random(0).sample(some, limit)
        found.append(Measured(name, tuple(row["text"] for row in some), tuple(int(row["factual"]) for row in some)))
    return found


def sentences(data: Path, *, seed: int = 5) -> list[tuple[str, str]]:
    """Return sentences of public sets that may be trained on for release, with the name of their set.

    A sentence that shares seven words in a row with a row of ``kind_dev`` is left out.
    """
    known = _Overlap(row["text"] for row in _table(data / "kind_dev.parquet"))
    pools: dict[tuple[str, str], set[str]] = {key: set() for key in CAPS}
    for row in _table(data / "entail_train.parquet"):
        if row["release_ok"] and row["split"] == "train":
            for column in ("premise", "hypothesis"):
                if (key := (row["source"], column)) in pools:
                    pools[key].update(_cut(row[column]))
    for row in _table(data / "vitaminc.parquet"):
        if row["release_ok"] and row["split"] == "train":
            pools["vitaminc", "premise"].update(_cut(row["premise"]))
    for row in _table(data / "kind_train.parquet"):
        if row["release_ok"] and (key := (row["source"], "text")) in pools:
            pools[key].add(row["text"])
    rng = random.Random(seed)
    found = []
    for key, cap in CAPS.items():
        some = sorted(pools[key])
        rng.shuffle(some)
        found += [(text, key[0]) for text in some[:cap] if not known.has(text)]
    return found


class _Overlap:
    """Knows which sentences repeat one of a set."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._whole: set[str] = set()
        self._grams: set[tuple[str, ...]] = set()
        for text in texts:
            words = _WORD.findall(text.lower())
            self._whole.add(" ".join(words))
            self._grams.update(_grams(words))

    def has(self, text: str) -> bool:
        words = _WORD.findall(text.lower())
        return " ".join(words) in self._whole or any(gram in self._grams for gram in _grams(words))


def _grams(words: list[str]) -> Iterable[tuple[str, ...]]:
    return (tuple(words[at : at + _GRAM]) for at in range(len(words) - _GRAM + 1))


def _cut(text: str) -> Iterable[str]:
    return (part for piece in _SENTENCE.split(text) if 3 <= len((part := piece.strip()).split()) <= _LONGEST)


def _table(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows
