"""Whether a claim's evidence is found among many sentences, and how fast.

    python benchmarks/recall.py --data ../shared/data [--pool 100000] [--claims 2000] [--seed 7] [--quick]

The pool is every distinct evidence text of the training and development rows, ingested as documents; the claims are
FEVER's development claims whose evidence is known. *recall@5* is the share of claims for which one of its evidence
texts, or a passage cut from one, is among the first five. Each way of searching gets the claim as it stands. Ways:
words, meaning, and both fused by rank (`--no-dense` leaves out what needs the encoder). The texts come without the
titles of their pages: "She was born in 1979" is somebody's evidence, and no search can know whose.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from guardlayer import Knowledge
from guardlayer.errors import ConfigError

AT = datetime(2026, 1, 1, tzinfo=UTC)
PER_FILE = 2_000
ASKED = "asked: recall@5 >= 90 %, p95 <= 10 ms"


def read(data: Path) -> tuple[list[str], dict[str, set[str]]]:
    """Return the distinct evidence texts, and the evidence texts of each development claim."""
    import pyarrow.parquet as pq

    table = pq.read_table(data / "entail_train.parquet", columns=["source", "premise", "hypothesis", "split"])
    pool: dict[str, None] = {}
    gold: dict[str, set[str]] = defaultdict(set)
    for source, premise, claim, split in zip(*(table[name].to_pylist() for name in table.column_names), strict=True):
        text = " ".join(premise.split())
        if source == "fever":
            pool[text] = None
            if split == "dev":
                gold[claim].add(text)
    for premise in table["premise"].to_pylist():
        pool.setdefault(" ".join(premise.split()))
    return list(pool), gold


def ingest(kb: Knowledge, texts: Sequence[str], folder: Path) -> float:
    """Write the texts as documents of one paragraph each, read them in, and return the seconds that took."""
    for number, start in enumerate(range(0, len(texts), PER_FILE)):
        text = "\n\n".join(texts[start : start + PER_FILE])
        (folder / f"{number:04}.txt").write_text(text, encoding="utf-8")
    begun = time.perf_counter()
    kb.ingest(folder)
    return time.perf_counter() - begun


def measure(name: str, search: Callable[[str], Sequence[str]], claims: Sequence[tuple[str, set[str]]]) -> None:
    """Print recall at 1, 5 and 20, and the latency."""
    took, ranks = [], []
    for claim, wanted in claims:
        begun = time.perf_counter()
        found = search(claim)
        took.append(time.perf_counter() - begun)
        texts = [" ".join(text.split()) for text in found]
        # An evidence text of several sentences is several passages: any of them is found evidence.
        ranks.append(next((rank for rank, text in enumerate(texts) if any(text in one for one in wanted)), 99))
    took.sort()
    shares = "  ".join(f"recall@{k} {sum(rank < k for rank in ranks) / len(ranks):.1%}" for k in (1, 5, 20))
    p50, p95 = statistics.median(took), took[int(0.95 * len(took))]
    print(f"{name:24} {shares}   p50 {1e3 * p50:.2f} ms  p95 {1e3 * p95:.2f} ms", flush=True)


def progress(done: int, total: int, begun: float) -> None:
    """Say on a terminal how far the vectors are."""
    if sys.stderr.isatty():
        rate = done / (time.perf_counter() - begun)
        print(f"\r{done:,} of {total:,} vectors, {rate:,.0f} a second", end="", file=sys.stderr, flush=True)


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pool", type=int, default=100_000)
    parser.add_argument("--claims", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--dense", action=argparse.BooleanOptionalAction, default=True, help="by meaning as well")
    parser.add_argument("--quick", action="store_true", help="a pool of 20,000 and 300 claims")
    options = parser.parse_args()
    if not (options.data / "entail_train.parquet").exists():
        print(f"skipped: {options.data / 'entail_train.parquet'} is not there (labelled data)", file=sys.stderr)
        return 2
    texts, gold = read(options.data)
    size, count = (20_000, 300) if options.quick else (options.pool, options.claims)
    rng = random.Random(options.seed)
    claims = rng.sample(sorted(gold.items()), min(count, len(gold)))
    needed = {text for _, wanted in claims for text in wanted}
    others = [text for text in texts if text not in needed]
    pool = [*needed, *rng.sample(others, max(0, min(size, len(texts)) - len(needed)))]
    rng.shuffle(pool)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "texts"
        folder.mkdir()
        kb = Knowledge.open(Path(scratch) / "kb.db")
        seconds = ingest(kb, pool, folder)
        print(f"{len(pool):,} passages in {seconds:.1f} s ({60 * len(pool) / seconds:,.0f} a minute); {ASKED}")
        search = lambda claim: [e.text for e in kb.passages.search(claim, at=AT, limit=20)]  # noqa: E731 - one line
        measure("full text", search, claims)
        if options.dense:
            begun = time.perf_counter()
            try:
                made = kb.embed(progress=lambda done, total: progress(done, total, begun))
            except ConfigError as error:
                print(f"by meaning: skipped, {error}")
            else:
                seconds = time.perf_counter() - begun
                print(f"{made:,} vectors in {seconds:.0f} s ({60 * made / seconds:,.0f} a minute)")
                texts_of = dict(kb.store.read("SELECT id, text FROM passage_passage"))
                near = kb.passages.meaning.search
                measure("meaning", lambda claim: [texts_of[id_] for id_, _ in near(claim, 20)], claims)
                measure("full text and meaning", search, claims)
        kb.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
