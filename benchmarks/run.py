"""Every figure that the documentation quotes: runs each benchmark of this folder in its own process.

    python benchmarks/run.py --data ../shared/data [--only stale_answers]

Where labelled data are absent, the benchmarks that need them say so and are skipped. Exit code 1 if one of them fails.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
BENCHMARKS: dict[str, tuple[str, ...]] = {
    "stale_answers": ("--data", "{data}/stale"),
    "ledger": (),
    "knowledge": (),
    "entities": (),
    "documents": (),
    "retrieval": (),
    "recall": ("--data", "{data}"),
    "segmenters": (),
    "kinds": ("--data", "{data}"),
    "entailment": ("--data", "{data}"),
    "docs_history": ("--data", "{data}/docs_history"),
    "integrations": (),
    "permissions": (),
    "postgres": ("--quick",),
    "gateway": (),
    "footprint": (),
}
"""Benchmarks and their arguments; ``{data}`` is the folder of labelled data."""
_NO_DATA = 2


def main() -> int:
    """Run the benchmarks one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", choices=sorted(BENCHMARKS), action="append")
    options = parser.parse_args()
    failed = []
    for name in options.only or BENCHMARKS:
        print(f"\n=== {name} ===", flush=True)
        arguments = [part.format(data=options.data) for part in BENCHMARKS[name]]
        code = subprocess.run([sys.executable, HERE / f"{name}.py", *arguments], check=False).returncode
        if code == _NO_DATA and arguments:
            print(f"skipped: {name} needs the labelled data folder (--data)")
        elif code:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
