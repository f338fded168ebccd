"""The development sets, each under its own name; nothing here was trained on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet as pq

from guardlayer.verifiers.values import Bound, find
from tools.entailment import generate, mixing, prepare
from tools.entailment.pairs import LABELS, Label, Pair
from tools.entailment.retrieval import SentenceIndex

_BOUNDS = (Bound.MORE, Bound.LESS, Bound.AT_LEAST, Bound.AT_MOST)
GENERATOR_SEED = 90_001
_LONG = 900
"""Characters of evidence, on average, from which on a set counts as long."""
_NEI, _EDITED, _GENERATED = 1_500, 1_500, 2_000


@dataclass(frozen=True, slots=True)
class DevSet:
    """A set to measure on.

    Attributes:
        name: Its name in every table.
        family: ``revisions``, ``transfer`` (the sets of ``entail_dev``), ``domain`` (dev parts of what was trained on)
            or ``edits``.
        pairs: Its rows.
        groups: What belongs together, row by row.
        kinds: For revisions, whether the claim has a comparative, another number, or none; for edits, the sort.
    """

    name: str
    family: str
    pairs: list[Pair]
    groups: list[str]
    kinds: list[str]


def dev_sets(data: Path, *, limit: int, long_limit: int) -> Iterator[DevSet]:
    """Read every development set of the data folder.

    Args:
        data: The folder.
        limit: Most rows of a set other than the revisions; 0 for all.
        long_limit: The same for sets whose evidence is long; 0 for ``limit``.
    """
    revisions = _rows(data / "vitaminc.parquet", split="dev")
    for source in ("vitaminc_real", "vitaminc_synthetic"):
        some = [row for row in revisions if row["source"] == source]
        pairs = prepare.revision_pairs(some)
        yield DevSet(source, "revisions", pairs, [p.twin for p in pairs], [number_kind(p.claim) for p in pairs])
    transfer = _rows(data / "entail_dev.parquet", split="dev")
    for name in dict.fromkeys(row["set"] for row in transfer):
        some = [row for row in transfer if row["set"] == name]
        pairs = [Pair(r["premise"], r["hypothesis"], LABELS[r["label"]], name, r["group"]) for r in some]
        most = long_limit if long_limit and sum(len(p.evidence) for p in pairs) > _LONG * len(pairs) else limit
        yield _limited(DevSet(name, "transfer", pairs, [r["group"] for r in some], [""] * len(some)), most)
    known = _rows(data / "entail_train.parquet", split="dev")
    for name in ("fever", "mnli_dev", "snli_dev", "cad_nli", "scitail_dev", "med"):
        some = [row for row in known if row["source"] == name]
        pairs = [Pair(r["premise"], r["hypothesis"], LABELS[r["label"]], name) for r in some]
        yield _limited(_plain(name, "domain", pairs), limit or 2_000)
    fever = [row for row in known if row["source"] == "fever"]
    yield _limited(_plain("fever_nei", "domain", _open_claims(data, fever)), limit)
    yield _limited(_edits(fever), limit)
    made = list(generate.pairs(_GENERATED, seed=GENERATOR_SEED))
    yield _limited(
        DevSet("generated", "domain", made, [p.twin or str(i) for i, p in enumerate(made)], [""] * len(made)), limit
    )


def number_kind(claim: str) -> str:
    """Say whether a claim compares with a quantity, only names some, or has none."""
    values = find(claim)
    if any(value.bound in _BOUNDS for value in values):
        return "comparative"
    return "other number" if values else "no number"


def _rows(path: Path, *, split: str) -> list[dict[str, Any]]:
    return [row for row in pq.read_table(path).to_pylist() if row["split"] == split]


def _plain(name: str, family: str, pairs: list[Pair]) -> DevSet:
    return DevSet(name, family, pairs, [str(i) for i in range(len(pairs))], [""] * len(pairs))


def _open_claims(data: Path, fever: list[dict[str, Any]]) -> list[Pair]:
    evidence = list(dict.fromkeys(row["premise"] for row in fever))
    rows = _rows(data / "fever_nei_claims.parquet", split="dev")
    return prepare.open_pairs(rows, evidence, SentenceIndex(evidence), limit=_NEI, seed=1)


def _edits(fever: list[dict[str, Any]]) -> DevSet:
    supported = [
        Pair(row["premise"], row["hypothesis"], Label.SUPPORTS, "fever")
        for row in fever
        if row["label"] == "entailment"
    ]
    some = [supported[i] for i in mixing.capped(len(supported), _EDITED, seed=1)]
    pairs = prepare.edited(some, Random(1))
    return DevSet("edits", "edits", pairs, [p.twin for p in pairs], [p.source.removeprefix("edit_") for p in pairs])


def _limited(whole: DevSet, limit: int) -> DevSet:
    if not limit or len(whole.pairs) <= limit:
        return whole
    names = list(dict.fromkeys(whole.groups))
    order = mixing.capped(len(names), round(len(names) * limit / len(whole.pairs)), seed=1)
    kept = {names[i] for i in order}
    at = [i for i, group in enumerate(whole.groups) if group in kept]
    return DevSet(
        whole.name,
        whole.family,
        [whole.pairs[i] for i in at],
        [whole.groups[i] for i in at],
        [whole.kinds[i] for i in at],
    )
