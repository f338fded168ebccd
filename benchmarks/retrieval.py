"""How long a search over many passages takes, and whether it finds what it should.

    python benchmarks/retrieval.py [--passages 100000] [--searches 400] [--seed 7]

Passages are made up: sixteen words each from a vocabulary in which the n-th word is n times rarer than the first, as
in natural text (Zipf's law). A query is seven words of one passage, in any order; *hit@5* is the share of queries
whose passage is among the first five. Exact words flatter every lexical search: the figure guards the query plan, and
says nothing about paraphrase.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from guardlayer.knowledge.passages import Passages
from guardlayer.knowledge.store import Store

AT = datetime(2026, 1, 1, tzinfo=UTC)
VOCABULARY = 60_000
WORDS = 16
QUERY_WORDS = 7
PER_FILE = 1_000
SYLLABLES = [first + vowel for first in "bdfgklmnprtvz" for vowel in "aeiou"]


def word(number: int) -> str:
    """Return the made-up word of a rank: the commoner, the shorter."""
    parts = []
    while True:
        number, rest = divmod(number, len(SYLLABLES))
        parts.append(SYLLABLES[rest])
        if not number:
            return "".join(parts) + "x"
        number -= 1


def made_up(count: int, rng: random.Random) -> list[list[str]]:
    """Return passages as lists of words."""
    vocabulary = [word(number) for number in range(VOCABULARY)]
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(VOCABULARY)))
    return [rng.choices(vocabulary, cum_weights=weights, k=WORDS) for _ in range(count)]


def write(folder: Path, passages: Sequence[Sequence[str]]) -> None:
    """Write the passages as plain-text documents, one paragraph each."""
    for number, start in enumerate(range(0, len(passages), PER_FILE)):
        text = "\n\n".join(" ".join(words) + "." for words in passages[start : start + PER_FILE])
        (folder / f"{number:04}.txt").write_text(text, encoding="utf-8")


def measure(
    name: str, search: Callable[[str], Sequence[str]], queries: Sequence[tuple[str, str]]
) -> tuple[float, float, float]:
    """Run the queries twice, cold and warm, print a line, and return warm p50, p95 (ms) and hit@5."""
    cold: list[float] = []
    warm: list[float] = []
    hits = 0
    for times in (cold, warm):
        for query, expected in queries:
            began = time.perf_counter()
            found = search(query)
            times.append((time.perf_counter() - began) * 1e3)
            hits += times is warm and expected in found
    at = [statistics.quantiles(times, n=100) for times in (cold, warm)]
    share = hits / len(queries)
    print(
        f"{name:<38} {at[0][49]:>8.3f} {at[0][94]:>8.3f} {at[1][49]:>8.3f} {at[1][94]:>8.3f} {share:>7.3f}", flush=True
    )
    return at[1][49], at[1][94], share


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--searches", type=int, default=400)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    passages = made_up(options.passages, rng)
    queries = []
    for words in rng.sample(passages, min(options.searches, len(passages))):
        distinct = sorted(set(words))
        query = rng.sample(distinct, min(QUERY_WORDS, len(distinct)))
        queries.append((" ".join(query), " ".join(words) + "."))
    wrong = [(" ".join([*query.split()[1:], word(rng.randrange(VOCABULARY))]), expected) for query, expected in queries]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "documents"
        folder.mkdir()
        write(folder, passages)
        database = Path(name) / "benchmark.db"
        with Store.open(database, clock=lambda: AT) as store:
            known = Passages(store)
            began = time.perf_counter()
            result = known.ingest(folder)
            seconds = time.perf_counter() - began
            size = sum(path.stat().st_size for path in Path(name).glob("benchmark.db*"))
            print(
                f"{result.added} passages of {WORDS} words in {seconds:.1f} s; "
                f"database with its log {size / 1e6:.0f} MB; {len(queries)} queries of {QUERY_WORDS} words"
            )
            began = time.perf_counter()
            known.ingest(folder)
            print(f"the same folder again, nothing changed: {time.perf_counter() - began:.2f} s\n")

            def naive(query: str) -> Sequence[str]:
                expression = " OR ".join(f'"{term}"' for term in query.split())
                rows = store.read(
                    "SELECT p.text FROM passage_open AS i JOIN passage_passage AS p ON p.id = i.rowid "
                    "WHERE passage_open MATCH ? ORDER BY rank LIMIT 5",
                    (expression,),
                )
                return [row[0] for row in rows]

            def planned(query: str) -> Sequence[str]:
                return [one.text for one in known.search(query, at=AT, limit=5)]

            print(f"{'ms per search':<38} {'cold p50':>8} {'p95':>8} {'warm p50':>8} {'p95':>8} {'hit@5':>7}")
            measure("any of all words, ranked (naive)", naive, queries)
            measure("all that are rare, added up (ours)", planned, queries)
            measure("the same, one word of each query wrong", planned, wrong)
            measure("nothing in common", planned, [(f"unheard {n}q", "-") for n in range(len(queries))])
            with Store.open(":memory:", clock=lambda: AT) as empty:
                none = Passages(empty)
                measure(
                    "a store without passages",
                    lambda query: [one.text for one in none.search(query, at=AT)],
                    queries,
                )


if __name__ == "__main__":
    main()
