"""FEVER's evidence among other sentences: what retrieval is fitted and measured on."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from guardlayer import Knowledge
from guardlayer.text import sentences, statements

PER_FILE = 2_000

Claims = Sequence[tuple[str, set[str]]]
"""Claims, each with the sentences of its evidence, and with the pieces that an over-long one is cut into."""


class Texts(NamedTuple):
    """The texts of the labelled data.

    Attributes:
        evidence: FEVER's evidence, cut as passages are.
        others: The premises of the other sets, cut so.
        claims: By split, FEVER's claims with their evidence.
    """

    evidence: Sequence[str]
    others: Sequence[str]
    claims: Mapping[str, Mapping[str, set[str]]]


def texts(data: Path) -> Texts:
    """Read ``entail_train.parquet``; each text once."""
    import pyarrow.parquet as pq

    table = pq.read_table(data / "entail_train.parquet", columns=["source", "premise", "hypothesis", "split"])
    rows = list(zip(*(table[name].to_pylist() for name in table.column_names), strict=True))
    evidence: dict[str, None] = {}
    claims: dict[str, dict[str, set[str]]] = {"train": defaultdict(set), "dev": defaultdict(set)}
    for source, premise, claim, split in rows:
        if source == "fever":
            evidence.update(dict.fromkeys(cut(premise)))
            claims[split][claim] |= single(premise).union(cut(premise))
    others: dict[str, None] = {}
    for premise in dict.fromkeys(premise for source, premise, _, _ in rows if source != "fever"):
        others.update(dict.fromkeys(text for text in cut(premise) if text not in evidence))
    return Texts(list(evidence), list(others), claims)


def cut(text: str) -> list[str]:
    """Return the passages that a paragraph is read as."""
    flat = " ".join(text.split())
    return [flat[start:end] for start, end in statements(flat)]


def single(text: str) -> set[str]:
    """Return the sentences of a text."""
    flat = " ".join(text.split())
    return {flat[start:end] for start, end in sentences(flat)}


def decides(passage: str, wanted: set[str]) -> bool:
    """Say whether a passage is a piece of the evidence, or holds a sentence of it whole."""
    return not wanted.isdisjoint({passage, *single(passage)})


def drawn(known: Texts, claims: Claims, size: int, rng: random.Random) -> list[str]:
    """Return ``size`` texts, all evidence of the claims among them and a quarter of them FEVER's, if it has as many."""
    wanted = {sentence for _, one in claims for sentence in one}
    needed = [text for text in known.evidence if decides(text, wanted)]
    rest = [text for text in known.evidence if not decides(text, wanted)]
    pool = [*needed, *rng.sample(rest, min(len(rest), max(0, size // 4 - len(needed))))]
    pool += rng.sample(known.others, min(len(known.others), max(0, size - len(pool))))
    rng.shuffle(pool)
    return pool


def ingest(kb: Knowledge, pool: Sequence[str], folder: Path) -> None:
    """Write the texts as documents of one paragraph each, and read them in."""
    for number, start in enumerate(range(0, len(pool), PER_FILE)):
        text = "\n\n".join(pool[start : start + PER_FILE])
        (folder / f"{number:04}.txt").write_text(text, encoding="utf-8")
    kb.ingest(folder)
