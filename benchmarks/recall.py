"""Whether a claim's evidence is found among many sentences, and how fast.

    python benchmarks/recall.py --data ../shared/data [--pool 100000] [--claims 2000] [--seed 7] [--keep FOLDER]
    python benchmarks/recall.py --data ../shared/data --quick

The pool is ``--pool`` distinct passages, one paragraph each, in random order: every evidence sentence of FEVER's
training and development rows, and beside them sentences drawn from the other sets of the same file. The claims are
FEVER's development claims whose evidence is known. *recall@5* is the share of claims for which one of the first five
passages holds, whole, a sentence of their evidence, or is a piece of one that is too long for a passage. Each way of
searching gets the claim as it stands, and is asked for five passages. Ways: words, meaning, and both (``--no-dense``
leaves out what needs the encoder). *At best* is the share of claims whose evidence is among the first so many by words,
or among the first so many by meaning.

The texts come without the titles of their pages: "She was born in 1979" is somebody's evidence, and no search can know
whose. Nor can it know which of several sentences that say the same was the one that was marked.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from heapq import nsmallest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.entailment.pool import decides, drawn, ingest, texts

from guardlayer import Knowledge
from guardlayer.errors import ConfigError

AT = datetime(2026, 1, 1, tzinfo=UTC)
ASKED = "asked: recall@5 >= 90 %, p95 <= 10 ms"


def measure(name: str, search: Callable[[str], Sequence[str]], claims: Sequence[tuple[str, set[str]]]) -> None:
    """Print recall at 1 and 5, and the latency, beside the time that this process itself was busy."""
    took, busy, ranks = [], [], []
    for claim, wanted in claims:
        begun, before = time.perf_counter(), time.process_time()
        found = search(claim)
        busy.append(time.process_time() - before)
        took.append(time.perf_counter() - begun)
        ranks.append(next((rank for rank, text in enumerate(found) if decides(text, wanted)), 99))
    shares = "  ".join(f"recall@{k} {sum(rank < k for rank in ranks) / len(ranks):.1%}" for k in (1, 5))
    print(f"{name:18} {shares}   {spread(took)}  (busy {spread(busy)})", flush=True)


def spread(seconds: Sequence[float]) -> str:
    """Return the middle and the slow end of some times."""
    return f"p50 {1e3 * statistics.median(seconds):.2f} ms p95 {1e3 * sorted(seconds)[int(0.95 * len(seconds))]:.2f} ms"


def at_best(kb: Knowledge, held: dict[int, str], claims: Sequence[tuple[str, set[str]]]) -> None:
    """Print how many claims have their evidence near the top of either list."""
    best = []
    for claim, wanted in claims:
        words = [
            (-share, -id_)
            for found in kb.passages.words.ask(claim).found
            for id_, share in zip(found.ids.tolist(), found.shares.tolist(), strict=True)
        ]
        lists = [[-id_ for _, id_ in nsmallest(100, words)], [id_ for id_, _ in kb.passages.meaning.search(claim, 100)]]
        hits = [rank for ids in lists for rank, id_ in enumerate(ids) if decides(held[id_], wanted)]
        best.append(min(hits, default=999))
    shares = ", ".join(f"{sum(rank < k for rank in best) / len(best):.1%} of the first {k}" for k in (5, 20, 50, 100))
    print(f"at best, by words or by meaning: {shares}", flush=True)


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
    parser.add_argument("--keep", type=Path, help="folder to keep the database in, and to find it in again")
    parser.add_argument("--quick", action="store_true", help="a pool of 20,000 and 300 claims")
    options = parser.parse_args()
    if not (options.data / "entail_train.parquet").exists():
        print(f"skipped: {options.data / 'entail_train.parquet'} is not there (labelled data)", file=sys.stderr)
        return 2
    known = texts(options.data)
    size, count = (20_000, 300) if options.quick else (options.pool, options.claims)
    rng = random.Random(options.seed)
    dev = sorted(known.claims["dev"].items())
    claims = rng.sample(dev, min(count, len(dev)))
    pool = drawn(known, claims, size, rng)
    with tempfile.TemporaryDirectory() as scratch:
        place = options.keep or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        file = place / f"recall-{size}-{len(claims)}-{options.seed}.db"
        fresh = not file.exists()
        kb = Knowledge.open(file)
        if fresh:
            folder = Path(scratch) / "texts"
            folder.mkdir()
            begun = time.perf_counter()
            ingest(kb, pool, folder)
            seconds = time.perf_counter() - begun
            print(f"{len(pool):,} paragraphs in {seconds:.1f} s ({60 * len(pool) / seconds:,.0f} a minute)")
        held = dict(kb.store.read("SELECT id, text FROM passage_passage"))
        marked = set(known.evidence)
        print(
            f"{len(held):,} passages, {sum(text in marked for text in held.values()):,} of them evidence of FEVER's; "
            f"{len(claims):,} claims; {ASKED}"
        )
        search = lambda claim: [e.text for e in kb.passages.search(claim, at=AT, limit=5)]  # noqa: E731 - one line
        if fresh:
            measure("words", search, claims)
        if options.dense:
            by_meaning(kb, search, held, claims)
        kb.close()
    return 0


def by_meaning(
    kb: Knowledge,
    search: Callable[[str], Sequence[str]],
    held: dict[int, str],
    claims: Sequence[tuple[str, set[str]]],
) -> None:
    """Make the vectors, and measure what they add."""
    begun = time.perf_counter()
    try:
        made = kb.embed(progress=lambda done, total: progress(done, total, begun))
    except ConfigError as error:
        print(f"by meaning: skipped, {error}")
        return
    if made:
        seconds = time.perf_counter() - begun
        print(f"{made:,} vectors in {seconds:.0f} s ({60 * made / seconds:,.0f} a minute)")
    near = kb.passages.meaning.search
    measure("meaning", lambda claim: [held[id_] for id_, _ in near(claim, 5)], claims)
    measure("words and meaning", search, claims)
    at_best(kb, held, claims)


if __name__ == "__main__":
    raise SystemExit(main())
