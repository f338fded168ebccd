"""How well the rules tell what is factual from what is not, per labelled source.

    python benchmarks/kinds.py --data DIR

``DIR`` holds ``kind_dev.parquet`` with the columns ``source``, ``text`` and ``factual`` (1, 0 or null). Prints for
each source that has labels: rows, recall of the factual, recall of the rest, their mean (balanced accuracy), and µs of
processor time per claim.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

from guardlayer.kinds import RuleClassifier
from guardlayer.types import Claim, Draft, Kind


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with kind_dev.parquet")
    parser.add_argument("--file", default="kind_dev.parquet", help="another file of the same columns")
    parser.add_argument("--rules", action="store_true", help="count which rule fired on factual and other rows")
    options = parser.parse_args()
    path = options.data / options.file
    if not path.is_file():
        print(f"no such file: {path}. Pass --data the folder that holds {options.file}.", file=sys.stderr)
        return 2
    try:
        from pyarrow import parquet
    except ImportError:
        print("pyarrow is needed to read the labels: install the development dependencies (make test)", file=sys.stderr)
        return 2
    rows = [row for row in parquet.read_table(path).to_pylist() if row["factual"] is not None]
    classify = RuleClassifier()
    right: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    fired: Counter[tuple[str, int]] = Counter()
    claims = [Claim(row["text"], 0, len(row["text"])) for row in rows]
    draft = Draft("", datetime(2024, 1, 1, tzinfo=UTC), "benchmark")
    begin = time.process_time()
    found = classify(claims, draft)
    spent = (time.process_time() - begin) / max(1, len(claims)) * 1e6
    for row, claim in zip(rows, found, strict=True):
        factual = claim.kind is not Kind.BEHAVIOR
        tally = right[row["source"], row["factual"]]
        tally[0] += factual == bool(row["factual"])
        tally[1] += 1
        if options.rules:
            rule = classify.rule_for(claim)
            fired[rule.name if rule else "(fact)", row["factual"]] += 1
    print(f"{'source':24} {'rows':>6} {'factual':>8} {'other':>8} {'balanced':>9}")
    for source in sorted({source for source, _ in right}):
        shares = [right[source, label][0] / right[source, label][1] for label in (1, 0) if right[source, label][1]]
        count = sum(right[source, label][1] for label in (1, 0))
        cells = [
            f"{right[source, k][0] / right[source, k][1]:8.3f}" if right[source, k][1] else " " * 8 for k in (1, 0)
        ]
        balanced = f"{sum(shares) / 2:9.3f}" if len(shares) == 2 else " " * 9
        print(f"{source:24} {count:6} {cells[0]} {cells[1]} {balanced}")
    print(f"µs per claim: {spent:.1f}")
    for name in sorted({name for name, _ in fired}, key=lambda n: -(fired[n, 0] + fired[n, 1])):
        print(f"{name:28} factual {fired[name, 1]:6}  other {fired[name, 0]:6}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
