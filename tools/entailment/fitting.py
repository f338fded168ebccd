"""The pairs that the combiner is fitted on: rows that may be used for release, as far as the network has not seen them.

Of every source that the mix draws from, what the mix left out: FEVER, its undecided claims, edits, distracted
evidence, sentences hidden in long text, two claims in one, and the generator under another seed. Revisions and NLI are
in the mix whole, so that a sample of them is taken from there; the network is surer of these than of new rows, so that
they have no say in the temperature.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from tools.entailment import generate, mixing, prepare
from tools.entailment.options import PrepareOptions
from tools.entailment.pairs import LABELS, Label, Pair
from tools.entailment.retrieval import SentenceIndex

SEEN = ("revisions", "mnli_dev", "snli_dev", "cad_nli")
"""Sets that the network was trained on."""
_JOINTS = (", and ", " and ", ", while ", "; ", ", whereas ")
_NEAREST, _SENTENCE, _PARAGRAPH = 14, 350, 600
"""Sentences that are looked for around a claim; most characters of one, and of evidence that is hidden among them."""
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
        unseen[label] = [
            prepare.pair_of(row)
            for at, row in enumerate(some)
            # Later mixes take supported rows that the first one left, but for those that are kept for here.
            if at not in used and (label is not Label.SUPPORTS or prepare.reserved(row["premise"]))
        ]
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
    rest, near = supported[4 * rows :], _Near(evidence, index, gold, rng)
    open_claims = [pair.claim for pair in sets["undecided"]]
    sets["hidden"] = _hidden(rest[: rows // 2] + refuted[: rows // 3], open_claims[: rows // 2], near)
    sets["joined"] = _joined(rest[rows // 2 :], refuted[: rows // 6], open_claims[rows // 2 :], near, rows=rows // 3)
    sets["generated"] = list(generate.pairs(rows, seed=_GENERATOR_SEED))
    twins = prepare.revision_pairs(prepare.releasable(prepare.read(data / "vitaminc.parquet"), split="train"))
    names = sorted({pair.twin for pair in twins})
    kept = set(rng.sample(names, min(len(names), rows)))
    sets["revisions"] = [pair for pair in twins if pair.twin in kept]
    for source in SEEN[1:]:
        some = [prepare.pair_of(row) for row in known if row["source"] == source]
        sets[source] = rng.sample(some, min(len(some), rows // 2))
    return sets


class _Near:
    """Writes paragraphs of sentences near a claim around those that decide it."""

    def __init__(self, evidence: list[str], index: SentenceIndex, gold: dict[str, set[str]], rng: Random) -> None:
        self._evidence, self._index, self._gold, self.rng = evidence, index, gold, rng

    def around(self, claims: Sequence[str], kept: Sequence[str], least: int) -> str:
        """Return ``kept`` among ``least`` to three times as many sentences that are near the claims."""
        texts = [self._evidence[at] for claim in claims for at in self._index.nearest(claim, _NEAREST)]
        deciding = {text for claim in claims for text in self._gold.get(claim, ())}
        near = [text for text in dict.fromkeys(texts) if text not in deciding and len(text) < _SENTENCE]
        self.rng.shuffle(near)
        near = near[: self.rng.randint(least, 3 * least)]
        for text in kept:
            near.insert(self.rng.randrange(len(near) + 1), text)
        return " ".join(near)


def _hidden(decided: list[Pair], open_claims: list[str], near: _Near) -> list[Pair]:
    """Hide what decides a claim in a long text, or give claims that nobody decided a long text that is near."""
    found = [
        replace(pair, evidence=near.around([pair.claim], [pair.evidence], 4), source="hidden")
        for pair in decided
        if len(pair.evidence) < _PARAGRAPH
    ]
    return found + [Pair(near.around([claim], [], 4), claim, Label.NEUTRAL, "hidden") for claim in open_claims]


def _joined(
    supported: list[Pair], refuted: list[Pair], open_claims: list[str], near: _Near, *, rows: int
) -> list[Pair]:
    """Join two claims into one, which is supported if both are."""
    some = [pair for pair in supported if len(pair.evidence) < _PARAGRAPH][: 4 * rows]
    found = []
    for number, (pair, mate) in enumerate(zip(some[: len(some) // 2], some[len(some) // 2 :], strict=False)):
        other: Pair | None = mate
        label = Label.SUPPORTS
        if number % 2:
            against = refuted[number // 4 % len(refuted)] if number % 4 == 1 and refuted else None
            other, label = against, Label.NEUTRAL if against is None else Label.NOT_SUPPORTS
        claim = open_claims[number % len(open_claims)] if other is None else other.claim
        both = [pair.claim, claim]
        near.rng.shuffle(both)
        text = near.around(both, [one.evidence for one in (pair, other) if one is not None], near.rng.randint(0, 3))
        found.append(Pair(text, near.rng.choice(_JOINTS).join((both[0].rstrip(" ."), both[1])), label, "joined"))
    return found


def _undecided(data: Path, evidence: list[str], index: SentenceIndex, rows: int) -> list[Pair]:
    claims = prepare.releasable(prepare.read(data / "fever_nei_claims.parquet"), split="train")
    usable = [row for row in claims if row["also_decided"] == "no" and row["repeat"] == "no"]
    used = set(mixing.capped(len(usable), prepare.UNDECIDED, seed=_MIX_SEED))
    left = [row for at, row in enumerate(usable) if at not in used and prepare.reserved(row["claim"])]
    return prepare.open_pairs(left, evidence, index, limit=rows, seed=_SEED)
