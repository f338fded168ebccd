"""How fast the ledger loads, answers and is corrected.

    python benchmarks/ledger.py [--facts 100000] [--asks 20000] [--json]

Writes a CSV of invented facts (five attributes an entity, every tenth fact with an earlier value before it), loads it
into a fresh file, asks random keys, and corrects a thousand facts. Prints what it measured; changes nothing else.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import tempfile
import time
from pathlib import Path

from guardlayer.knowledge import Knowledge

ATTRIBUTES = ("head office", "chief executive", "list price", "employees", "plan")
CORRECTIONS = 1_000


def write_facts(path: Path, facts: int, *, seed: int) -> int:
    """Write the file and return how many entities it is about."""
    draw = random.Random(seed)
    entities = max(1, facts // len(ATTRIBUTES))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("entity", "attribute", "value", "source", "valid_from", "valid_to"))
        written = 0
        while written < facts:
            entity, attribute = f"Company {written // len(ATTRIBUTES) % entities}", ATTRIBUTES[written % 5]
            year = draw.randint(2001, 2022)
            source = f"register {written % 7}"
            if written % 10 == 0 and written + 1 < facts:
                writer.writerow((entity, attribute, f"value {draw.randint(0, 9**6)}", source, year - 3, year))
            writer.writerow((entity, attribute, f"value {draw.randint(0, 9**6)}", source, f"{year}-05-17", ""))
            written += 1
    return entities


def percentile(samples: list[float], share: float) -> float:
    """Return the sample below which ``share`` of all samples lie."""
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * share))]


def measure(facts: int, asks: int, *, seed: int = 1) -> dict[str, float]:
    """Load, ask and correct; times in microseconds unless named otherwise."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "facts.csv")
        entities = write_facts(file, facts, seed=seed)
        with Knowledge.open(Path(folder, "facts.db")) as kb:
            begun = time.perf_counter()
            loaded = kb.load(file)
            load_s = time.perf_counter() - begun
            asked, corrected, seen = [], [], []
            for _ in range(asks):
                entity, attribute = f"company {draw.randrange(entities)}", draw.choice(ATTRIBUTES)
                begun = time.perf_counter()
                found = kb.ask(entity, attribute, at="2024-01-01")
                asked.append((time.perf_counter() - begun) * 1e6)
                if found.value is None:
                    raise SystemExit(f"no answer: {found}")
            for number in range(min(CORRECTIONS, facts)):
                fact = kb.fact(f"f{draw.randint(1, loaded.added)}")
                begun = time.perf_counter()
                kb.correct(fact.id, f"right {number}", author="benchmark", reason="measured")
                corrected.append((time.perf_counter() - begun) * 1e6)
                begun = time.perf_counter()
                kb.ask(fact.entity, fact.attribute, at=fact.valid.start)
                seen.append((time.perf_counter() - begun) * 1e6)
            size = Path(folder, "facts.db").stat().st_size
    return {
        "facts": loaded.added,
        "entities": entities,
        "load_s": load_s,
        "load_facts_per_s": loaded.added / load_s,
        "ask_p50_us": percentile(asked, 0.5),
        "ask_p99_us": percentile(asked, 0.99),
        "correct_p50_us": percentile(corrected, 0.5),
        "correct_p99_us": percentile(corrected, 0.99),
        "ask_after_correction_p99_us": percentile(seen, 0.99),
        "bytes_per_fact": size / loaded.added,
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--facts", type=int, default=100_000, help="rows to load, besides the earlier values")
    parser.add_argument("--asks", type=int, default=20_000, help="random questions")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if options.facts < 1 or options.asks < 1:
        parser.error("--facts and --asks must be at least 1")
    found = measure(options.facts, options.asks)
    if options.json:
        print(json.dumps({name: round(value, 1) for name, value in found.items()}))
        return
    for name, value in found.items():
        print(f"{name:<28} {value:>14,.1f}")
    print(f"{'ask p99 at most 1 ms':<28} {'reached' if found['ask_p99_us'] <= 1000 else 'NOT REACHED':>14}")


if __name__ == "__main__":
    main()
