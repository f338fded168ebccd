"""``vary``: builds a mix in which little can be learnt by heart: pairs about others, squares, situations, and a replay.

A network that has seen the whole mix knows its revisions by name: on copies about other names it loses four points. So
revisions come with copies about others, supported pairs with squares around them, and most of the rest is drawn anew.
Rows of ``split = dev`` and rows without ``release_ok`` are never read into it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from guardlayer.verifiers.marks import MARKS_VERSION
from tools.entailment import augment, contrast, generate, mixing, prepare, situations
from tools.entailment.journal import Journal, digest
from tools.entailment.options import PrepareOptions, VaryOptions
from tools.entailment.pairs import Label, Pair
from tools.entailment.retrieval import SentenceIndex

_COPIES = {"vitaminc_real": 3, "vitaminc_synthetic": 1}
"""Copies of each revision about other names and numbers."""
_FIRST_SEED = PrepareOptions(Path(), Path()).seed
_FEVER = 10_500
_REPLAYED = {"mnli_dev": 15_000, "cad_nli": 8_000, "snli_dev": 3_000, "snli_train2k": 1_000, "scitail_dev": 1_600}
_REVISION_SQUARES, _FEVER_SQUARES = 6_000, 11_000
_UNDECIDED, _DISTRACTED, _EDITED, _CROSSED = 16_000, 6_000, 6_500, 6_000
_GENERATED, _SITUATIONS = 28_000, 36_000


def vary(options: VaryOptions) -> Path:
    """Write ``train.parquet`` and the watch set that ``prepare`` writes."""
    options.out.mkdir(parents=True, exist_ok=True)
    rows = prepare.releasable(prepare.read(options.data / "entail_train.parquet"), split="train")
    revisions = prepare.releasable(prepare.read(options.data / "vitaminc.parquet"), split="train")
    open_claims = prepare.releasable(prepare.read(options.data / "fever_nei_claims.parquet"), split="train")
    pairs = list(_made(rows, revisions, open_claims, options))
    prepare.write(pairs, options.out / "train.parquet", marked=True)
    watch = prepare.watch_pairs(PrepareOptions(data=options.data, out=options.out))
    prepare.write(watch, options.out / "watch.parquet", marked=True)
    counts = Counter((pair.source, pair.label.name) for pair in pairs)
    Journal(options.out / "prepare.jsonl").write(
        "prepared",
        seed=options.seed,
        marked=True,
        marks_version=MARKS_VERSION,
        generated=_GENERATED,
        pairs=len(pairs),
        sources={f"{source}/{label}": count for (source, label), count in sorted(counts.items())},
        data={name: digest(options.data / name) for name in prepare.FILES},
        train_sha256=digest(options.out / "train.parquet"),
    )
    return options.out / "train.parquet"


def _made(
    rows: list[dict[str, Any]], revisions: list[dict[str, Any]], open_claims: list[dict[str, Any]], options: VaryOptions
) -> list[Pair]:
    rng = Random(options.seed)

    def part(count: int) -> int:
        return int(count * options.share)

    def some(pairs: list[Pair], count: int) -> list[Pair]:
        return rng.sample(pairs, min(part(count), len(pairs)))

    by_source: dict[str, list[Pair]] = defaultdict(list)
    for row in rows:
        by_source[row["source"]].append(prepare.pair_of(row))
    fever = by_source["fever"]
    evidence = list(dict.fromkeys(pair.evidence for pair in fever))
    names = augment.names_of([*evidence, *(row["premise"] for row in revisions)])
    cases: dict[str, list[Pair]] = defaultdict(list)
    for row, pair in zip(revisions, prepare.revision_pairs(revisions), strict=True):
        cases[row["case_id"]].append(pair)
    kept = [cases[key] for key in rng.sample(sorted(cases), part(len(cases)))]
    found = [pair for case in kept for pair in case]
    for case in kept:
        for copy in range(_COPIES[case[0].source]):
            found += _copy(case, names, rng, f"~{copy}")
    supported = [pair for case in kept for pair in case if pair.label is Label.SUPPORTS]
    found += contrast.squares(some(supported, _REVISION_SQUARES), names, rng, name="revision_square")
    shown, unseen = _parted(fever)
    found += contrast.squares(some(unseen, _FEVER_SQUARES), names, rng, name="fever_square")
    for label in prepare.FEVER:
        found += some([pair for pair in shown if pair.label is label], _FEVER)
    for source, count in _REPLAYED.items():
        found += some(by_source[source], count)
    index = SentenceIndex(evidence)
    found += prepare.open_pairs(_unreserved(open_claims), evidence, index, limit=part(_UNDECIDED), seed=options.seed)
    gold: dict[str, set[str]] = defaultdict(set)
    for pair in fever:
        gold[pair.claim].add(pair.evidence)
    found += prepare.distracted(some([*shown, *unseen], _DISTRACTED), evidence, index, gold, rng)
    plain = [p for p in (*unseen, *by_source["mnli_dev"]) if p.label is Label.SUPPORTS and len(p.evidence) < 600]
    found += prepare.edited(some(plain, _EDITED), rng)
    found += prepare.crossed(revisions, limit=part(_CROSSED), seed=options.seed)
    found += generate.pairs(part(_GENERATED), seed=options.seed)
    found += situations.pairs(part(_SITUATIONS), seed=options.seed)
    return found


def _parted(fever: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs of the first mix, and supported ones that neither it nor the combiner's fitting has."""
    shown: list[Pair] = []
    unseen: list[Pair] = []
    for label, limit in prepare.FEVER.items():
        some = [pair for pair in fever if pair.label is label]
        used = set(mixing.capped(len(some), limit, seed=_FIRST_SEED))
        shown += [pair for at, pair in enumerate(some) if at in used]
        if label is Label.SUPPORTS:
            unseen = [p for at, p in enumerate(some) if at not in used and not prepare.reserved(p.evidence)]
    return shown, unseen


def _unreserved(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    usable = [row for row in rows if row["also_decided"] == "no" and row["repeat"] == "no"]
    used = set(mixing.capped(len(usable), prepare.UNDECIDED, seed=_FIRST_SEED))
    return [row for at, row in enumerate(usable) if at in used or not prepare.reserved(row["claim"])]


def _copy(case: list[Pair], names: augment.Names, rng: Random, sign: str) -> list[Pair]:
    """Return a case about other names and, half of the time, other numbers; empty where nothing could be changed."""
    numbered = augment.renumbered(case, rng) if rng.random() < 0.5 else None
    named = augment.renamed(numbered or case, names, rng)
    changed = named or numbered
    if changed is None:
        return []
    return [replace(p, twin=f"{p.twin}{sign}" if p.twin else "", source=f"{p.source}_varied") for p in changed]
