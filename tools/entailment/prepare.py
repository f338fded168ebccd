"""``prepare``: reads the labelled data, builds what it lacks, marks everything, and writes the mix.

Rows of ``split = dev`` and rows without ``release_ok`` are never written to the training mix.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

import pyarrow as pa
import pyarrow.parquet as pq

from guardlayer.verifiers.marks import MARKS_VERSION, mark
from tools.entailment import edits, generate, mixing
from tools.entailment.journal import Journal, digest
from tools.entailment.options import PrepareOptions
from tools.entailment.pairs import LABELS, Label, Pair
from tools.entailment.retrieval import SentenceIndex, words

FILES = ("entail_train.parquet", "fever_nei_claims.parquet", "vitaminc.parquet", "entail_dev.parquet")
_DISTRACTED = 8_000
UNDECIDED = 22_000
FEVER = {Label.SUPPORTS: 22_000, Label.REFUTES: 22_000}
_EDITED = 13_000
_CROSSED = 4_000


def prepare(options: PrepareOptions) -> Path:
    """Write ``train.parquet`` and ``watch.parquet`` (the small dev mix that a run is watched on)."""
    options.out.mkdir(parents=True, exist_ok=True)
    journal = Journal(options.out / "prepare.jsonl")
    rows = releasable(read(options.data / "entail_train.parquet"), split="train")
    revisions = releasable(read(options.data / "vitaminc.parquet"), split="train")
    open_claims = releasable(read(options.data / "fever_nei_claims.parquet"), split="train")
    pairs = _train_pairs(rows, revisions, open_claims, options)
    if options.share < 1:
        pairs = _shared(pairs, options.share, options.seed)
    write(pairs, options.out / "train.parquet", marked=options.marked)
    watch = watch_pairs(options)
    write(watch, options.out / "watch.parquet", marked=options.marked)
    counts = Counter((pair.source, pair.label.name) for pair in pairs)
    journal.write(
        "prepared",
        seed=options.seed,
        marked=options.marked,
        marks_version=MARKS_VERSION,
        generated=options.generated,
        pairs=len(pairs),
        sources={f"{source}/{label}": count for (source, label), count in sorted(counts.items())},
        data={name: digest(options.data / name) for name in FILES},
        train_sha256=digest(options.out / "train.parquet"),
    )
    return options.out / "train.parquet"


def releasable(rows: Iterable[dict[str, Any]], *, split: str) -> list[dict[str, Any]]:
    """Keep the rows of a split that weights for release may be trained on."""
    return [row for row in rows if row["split"] == split and row["release_ok"] is True]


def reserved(text: str) -> bool:
    """Say whether rows with this text are kept for fitting the combiner.

    Of the rows that the first mix did not draw, two fifths; no later mix may take them.
    """
    return crc32(text.encode()) % 5 < 2


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file."""
    return list(pq.read_table(path).to_pylist())


def _train_pairs(
    rows: list[dict[str, Any]],
    revisions: list[dict[str, Any]],
    open_claims: list[dict[str, Any]],
    options: PrepareOptions,
) -> list[Pair]:
    rng = Random(options.seed)
    fever = [row for row in rows if row["source"] == "fever"]
    rest = [row for row in rows if row["source"] != "fever"]
    evidence = list(dict.fromkeys(row["premise"] for row in fever))
    index = SentenceIndex(evidence)
    gold: dict[str, set[str]] = defaultdict(set)
    for row in fever:
        gold[row["hypothesis"]].add(row["premise"])
    pairs = [pair_of(row) for row in rest]
    chosen: list[Pair] = []
    for label, limit in FEVER.items():
        some = [row for row in fever if LABELS[row["label"]] is label]
        chosen += [pair_of(some[i]) for i in mixing.capped(len(some), limit, seed=options.seed)]
    pairs += chosen
    pairs += open_pairs(open_claims, evidence, index, limit=UNDECIDED, seed=options.seed)
    pairs += distracted(rng.sample(chosen, min(_DISTRACTED, len(chosen))), evidence, index, gold, rng)
    supported = [pair for pair in (*chosen, *pairs[: len(rest)]) if pair.label is Label.SUPPORTS]
    supported = [pair for pair in supported if not pair.source.startswith("snli") and len(pair.evidence) < 600]
    pairs += edited(rng.sample(supported, min(_EDITED, len(supported))), rng)
    twins = revision_pairs(revisions)
    pairs += twins
    pairs += [replace(pair, twin=f"{pair.twin}+" if pair.twin else "") for pair in twins]  # a second pass over these
    pairs += crossed(revisions, limit=_CROSSED, seed=options.seed)
    pairs += generate.pairs(options.generated, seed=options.seed)
    return pairs


def pair_of(row: dict[str, Any]) -> Pair:
    """Return a row as a pair."""
    return Pair(row["premise"], row["hypothesis"], LABELS[row["label"]], row["source"])


def open_pairs(
    rows: list[dict[str, Any]], evidence: Sequence[str], index: SentenceIndex, *, limit: int, seed: int
) -> list[Pair]:
    """Pair claims that nobody could decide with the nearest evidence of other claims: realistic neutrals."""
    rows = [row for row in rows if row["also_decided"] == "no" and row["repeat"] == "no"]
    found = []
    for position in mixing.capped(len(rows), limit, seed=seed):
        claim = rows[position]["claim"]
        near = index.nearest(claim, 3)
        if near:
            choice = near[min(len(near) - 1, position % 4)]  # the best one half of the time
            found.append(Pair(evidence[choice], claim, Label.NEUTRAL, "fever_nei"))
    return found


def distracted(
    chosen: list[Pair], evidence: Sequence[str], index: SentenceIndex, gold: dict[str, set[str]], rng: Random
) -> list[Pair]:
    """Hide the decisive sentence among near ones, as retrieval does."""
    found = []
    for pair in chosen:
        others = [evidence[i] for i in index.nearest(pair.claim, 4) if evidence[i] not in gold[pair.claim]]
        if not others or len(pair.evidence) > 350:
            continue
        parts = [text for text in others[: rng.choice((1, 2))] if len(text) < 300]
        parts.insert(rng.randrange(len(parts) + 1), pair.evidence)
        found.append(replace(pair, evidence=" ".join(parts), source="fever_distracted"))
    return found


def edited(supported: list[Pair], rng: Random) -> list[Pair]:
    """Edit supported claims minimally, the original kept beside the edit as its twin."""
    names = edits.names_in([pair.claim for pair in supported])
    found = []
    for number, pair in enumerate(supported):
        made = edits.edits(pair.claim, rng, names=names)
        if not made:
            continue
        twin = f"edit:{number}"
        claim, label, sort = made[0]
        found.append(replace(pair, source="edit_original", twin=twin))
        found.append(Pair(pair.evidence, claim, label, f"edit_{sort}", twin))
    return found


def revision_pairs(rows: list[dict[str, Any]]) -> list[Pair]:
    """Read revisions; the versions of one claim's evidence are twins."""
    return [
        Pair(
            row["premise"],
            row["hypothesis"],
            LABELS[row["label"]],
            row["source"],
            f"{row['case_id']}:{row['hypothesis']}",
        )
        for row in rows
    ]


def crossed(rows: list[dict[str, Any]], *, limit: int, seed: int) -> list[Pair]:
    """Pair claims with sentences of the same page that speak of something else: hard neutrals."""
    pages: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        pages[row["page"]].append(row)
    found = []
    for page in sorted(pages):
        members = pages[page]
        for row in members:
            near = set(words(row["premise"])) | set(words(row["hypothesis"]))
            for mate in members:
                shared = set(words(mate["premise"]))
                if mate["case_id"] != row["case_id"] and len(near & shared) < 0.35 * len(shared):
                    found.append(Pair(mate["premise"], row["hypothesis"], Label.NEUTRAL, "vitaminc_crossed"))
                    break
    return [found[i] for i in mixing.capped(len(found), limit, seed=seed)]


def watch_pairs(options: PrepareOptions) -> list[Pair]:
    """Return the small development mix that a run is watched on."""
    rows = [row for row in read(options.data / "entail_train.parquet") if row["split"] == "dev" and row["release_ok"]]
    found: list[Pair] = []
    for source, limit in (("mnli_dev", 500), ("cad_nli", 400), ("fever", 500)):
        some = [pair_of(row) for row in rows if row["source"] == source]
        found += [some[i] for i in mixing.capped(len(some), limit, seed=1)]
    revisions = [row for row in read(options.data / "vitaminc.parquet") if row["split"] == "dev"]
    real = revision_pairs([row for row in revisions if row["source"] == "vitaminc_real"])
    names = sorted({pair.twin for pair in real})
    kept = {names[i] for i in mixing.capped(len(names), 800, seed=1)}
    found += [pair for pair in real if pair.twin in kept]
    dev = [row for row in read(options.data / "entail_dev.parquet") if row["set"] == "fever_symmetric_dev"]
    found += [Pair(r["premise"], r["hypothesis"], LABELS[r["label"]], "fever_symmetric", r["group"]) for r in dev]
    found += generate.pairs(500, seed=options.seed + 1_000_003)
    return found


def _shared(pairs: list[Pair], share: float, seed: int) -> list[Pair]:
    groups = sorted({pair.twin or f"\0{i}" for i, pair in enumerate(pairs)})
    kept = {groups[i] for i in mixing.capped(len(groups), int(len(groups) * share), seed=seed)}
    return [pair for i, pair in enumerate(pairs) if (pair.twin or f"\0{i}") in kept]


def write(pairs: list[Pair], path: Path, *, marked: bool) -> None:
    """Mark pairs and write them."""
    texts = [mark(pair.evidence, pair.claim) if marked else None for pair in pairs]
    table = pa.table(
        {
            "evidence": [text.evidence if text else pair.evidence for text, pair in zip(texts, pairs, strict=True)],
            "claim": [text.claim if text else pair.claim for text, pair in zip(texts, pairs, strict=True)],
            "label": pa.array([int(pair.label) for pair in pairs], pa.int8()),
            "source": [pair.source for pair in pairs],
            "twin": [pair.twin for pair in pairs],
        }
    )
    pq.write_table(table, path, compression="zstd")
