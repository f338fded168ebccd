"""Which Acme: whom a name stands for, where what is said around it decides, and where nothing does.

    python benchmarks/entities.py [--quick] [--json] [--list-misses]

Asks every case of tests/knowledge/which_acme through ``Knowledge.resolve``: ``seen.toml`` was written before the code
and looked at while it was written, ``fresh.toml`` by a fresh reading afterwards. Then times an index of names: what a
million aliases cost to load and to hold, how fast a text is read against them, and how soon an added name is found.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import tomllib
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from guardlayer import Knowledge
from guardlayer.knowledge.entities.model import Ambiguous
from guardlayer.knowledge.names import NameIndex
from guardlayer.text import tokenize

CASES = Path(__file__).resolve().parent.parent / "tests" / "knowledge" / "which_acme"
NOW = "2026-06-01"


def world(entities: Sequence[dict[str, Any]]) -> Knowledge:
    """Return a knowledge base that holds the entities of one world of ``worlds.toml``."""
    kb = Knowledge.open(":memory:")
    for entity in entities:
        name = entity["name"]
        plain = [alias for alias in entity.get("names", ()) if isinstance(alias, str)]
        kb.entity(name, aliases=plain, type=entity.get("type"), hidden=entity.get("hidden", ()))
        for alias in entity.get("names", ()):
            if not isinstance(alias, str):
                kb.entity(name, aliases=[alias[0]], scope=alias[1])
        for alias, start, end in entity.get("was", ()):
            kb.entity(name, aliases=[alias], valid_from=start or None, valid_to=end or None)
        for attribute, value in entity.get("facts", ()):
            kb.add(name, attribute, value, source="case")
    return kb


def cases(file: str) -> Iterator[dict[str, Any]]:
    """Yield the cases of a file."""
    yield from tomllib.loads((CASES / file).read_text())["case"]


def outcome(kb: Knowledge, case: dict[str, Any]) -> str:
    """Say what comes of a case: ``right``, or what was wrong about it."""
    found = kb.resolve(
        case["m"],
        case["q"],
        turns=case.get("turns", ()),
        scope=case.get("scope"),
        type=case.get("type"),
        at=case.get("at", NOW),
    )
    if "is" in case:
        if isinstance(found, Ambiguous):
            return f"asked: {', '.join(map(str, found.candidates))}"
        return "right" if found is not None and found.name == case["is"] else f"took {found}"
    if "asks" in case:
        if isinstance(found, Ambiguous):
            lacking = set(case["asks"]) - {one.name for one in found.candidates}
            return f"asked without {', '.join(sorted(lacking))}" if lacking else "right"
        return f"took {found}" + (f" ({found.why})" if found is not None else "")
    return "right" if found is None else f"took {found!s}"


def suite(file: str) -> tuple[dict[str, tuple[int, int]], list[str]]:
    """Ask every case of a file.

    Returns:
        For each sort of case how many were right, of how many; and a line for each that was not.
    """
    worlds = {name: world(entities) for name, entities in tomllib.loads((CASES / "worlds.toml").read_text()).items()}
    right: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    misses = []
    for case in cases(file):
        sort = "decided" if "is" in case else "asks" if "asks" in case else "no name"
        seen[sort] += 1
        said = outcome(worlds[case["w"]], case)
        right[sort] += said == "right"
        if said != "right":
            misses.append(f"{case['w']}: {case['m']!r} in {case['q']!r}: {said}; due {case.get('is', sort)}")
    return {sort: (right[sort], seen[sort]) for sort in seen}, misses


def names(count: int, seed: int = 7) -> Iterator[tuple[int, str]]:
    """Yield invented names as registers have them: one to four words, many beginning alike."""
    draw = random.Random(seed)
    syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "or", "el")]
    words = ["".join(draw.choices(syllables, k=draw.choice((2, 3, 3, 4)))).capitalize() for _ in range(count // 8)]
    common = ["Bank", "Group", "Holding", "Partners", "Foods", "Systems", "Media", "Capital"]
    forms = ["Inc.", "Ltd", "GmbH", "Corporation", ""]
    for number in range(count):
        parts = [draw.choice(common)] if draw.random() < 0.1 else []
        parts += draw.choices(words, k=draw.choice((1, 2, 2, 3)))
        yield number, " ".join((*parts, draw.choice(forms))).strip()


def timed(count: int) -> dict[str, float]:
    """Measure an index of ``count`` names."""
    given = list(names(count))
    distinct = len({name for _, name in given})
    start = time.process_time()
    index = NameIndex()
    before = _resident()
    for entity, name in given:
        index.add(entity, (name,))
    built = time.process_time() - start
    held = _resident() - before
    draw = random.Random(11)
    filler = "the price of this plan was raised in the second quarter and nobody at the office of".split()  # noqa: SIM905
    text = " ".join(part for _ in range(40) for part in (*draw.choices(filler, k=8), draw.choice(given)[1]))
    tokens = tokenize(text)
    rounds = 50
    start = time.process_time()
    for _ in range(rounds):
        found = len(index.find(tokens))
    read = (time.process_time() - start) / rounds
    start = time.process_time()
    index.add(count, ("Quuxly Frobnicators",))
    there = bool(index.find(tokenize("We met Quuxly Frobnicators.")))
    added = time.process_time() - start
    assert there
    return {
        "names": distinct,
        "seconds to build": built,
        "MB held": held / 1e6,
        "characters of the text": len(text),
        "names found in it": found,
        "ms to read it": read * 1e3,
        "ms until an added name is found": added * 1e3,
    }


def _resident() -> int:
    """Return the memory of this process in bytes, where the system says."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError):
        if not tracemalloc.is_tracing():
            tracemalloc.start()
        return tracemalloc.get_traced_memory()[0]
    return pages * 4096


def main(argv: Sequence[str] | None = None) -> int:
    """Run the suite and the timing; exit code 1 where a figure that is due is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the suite, and an index of 50,000 names")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--list-misses", action="store_true", help="list every case that was missed")
    options = parser.parse_args(argv)
    result: dict[str, Any] = {}
    for file in ("seen.toml", "fresh.toml"):
        if not (CASES / file).is_file():
            continue
        shares, misses = suite(file)
        result[file] = {sort: {"right": r, "of": n} for sort, (r, n) in shares.items()}
        if not options.json:
            print(f"{file}: " + "; ".join(f"{sort} {r}/{n} = {r / n:.1%}" for sort, (r, n) in shares.items()))
            if options.list_misses:
                print("".join(f"  {miss}\n" for miss in misses), end="")
    result["index"] = timed(50_000 if options.quick else 1_000_000)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        figures = [f"{what} {value:,.2f}".removesuffix(".00") for what, value in result["index"].items()]
        print("index (CPU time): " + "; ".join(figures))
    total = Counter[str]()
    for shares in (part for name, part in result.items() if name.endswith(".toml")):
        for sort, share in shares.items():
            total[f"{sort} right"] += share["right"]
            total[sort] += share["of"]
    missed = total["decided right"] < 0.98 * total["decided"] or total["asks right"] < 0.95 * total["asks"]
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
