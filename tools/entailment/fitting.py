"""The pairs that the combiner is fitted on: rows that may be used for release, as far as the network has not seen them.

Of every source that the mix draws from, what the mix left out: FEVER, its undecided claims, edits, distracted
evidence, and the generator under another seed. Revisions and NLI are in the mix whole, so that a sample of them is
taken from there; the network is surer of these than of new rows, so that they have no say in the temperature.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from random import Random

from tools.entailment import generate, mixing, prepare
from tools.entailment.options import PrepareOptions
from tools.entailment.pairs import LABELS, Label, Pair
from tools.entailment.retrieval import SentenceIndex

SEEN = ("revisions", "mnli_dev", "snli_dev", "cad_nli")
"""Sets that the network was trained on."""
_SEED = 11
_GENERATOR_SEED = 424_242
_MIX_SEED = PrepareOptions(Path(), Path()).seed


def fitting_sets(data: Path, *, rows: int = 1_500) -> dict[str, list[Pair]]:
    """Return the pairs by source.

    Args:
        data: The folder of labelled data.
        rows: About how many pairs of each.
    """
    rng = Random(_SEED)
    known = prepare.releasable(prepare.read(data / "entail_train.parquet"), split="train")
    fever = [row for row in known if row["source"] == "fever"]
    unseen: dict[Label, list[Pair]] = {}
    for label, limit in prepare.FEVER.items():
        some = [row for row in fever if LABELS[row["label"]] is label]
        used = set(mixing.capped(len(some), limit, seed=_MIX_SEED))
        unseen[label] = [prepare.pair_of(row) for at, row in enumerate(some) if at not in used]
        rng.shuffle(unseen[label])
    supported, refuted = unseen[Label.SUPPORTS], unseen[Label.REFUTES]
    short = [pair for pair in supported[rows : 3 * rows] if len(pair.evidence) < 600]
    sets = {"fever": supported[:rows] + refuted[:rows], "edits": prepare.edited(short, rng)[: 2 * rows]}
    evidence = list(dict.fromkeys(row["premise"] for row in fever))
    index = SentenceIndex(evidence)
    gold: dict[str, set[str]] = defaultdict(set)
    for row in fever:
        gold[row["hypothesis"]].add(row["premise"])
    sets["distracted"] = prepare.distracted(supported[3 * rows : 4 * rows], evidence, index, gold, rng)
    sets["undecided"] = _undecided(data, evidence, index, rows)
    sets["generated"] = list(generate.pairs(rows, seed=_GENERATOR_SEED))
    twins = prepare.revision_pairs(prepare.releasable(prepare.read(data / "vitaminc.parquet"), split="train"))
    names = sorted({pair.twin for pair in twins})
    kept = set(rng.sample(names, min(len(names), rows)))
    sets["revisions"] = [pair for pair in twins if pair.twin in kept]
    for source in SEEN[1:]:
        some = [prepare.pair_of(row) for row in known if row["source"] == source]
        sets[source] = rng.sample(some, min(len(some), rows // 2))
    return sets


def _undecided(data: Path, evidence: list[str], index: SentenceIndex, rows: int) -> list[Pair]:
    claims = prepare.releasable(prepare.read(data / "fever_nei_claims.parquet"), split="train")
    usable = [row for row in claims if row["also_decided"] == "no" and row["repeat"] == "no"]
    used = set(mixing.capped(len(usable), prepare.UNDECIDED, seed=_MIX_SEED))
    left = [row for at, row in enumerate(usable) if at not in used]
    return prepare.open_pairs(left, evidence, index, limit=rows, seed=_SEED)
