"""What guardlayer costs before it does anything: import time, packages loaded, size of the installed package.

python benchmarks/footprint.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

import guardlayer

REPEATS = 11


def main() -> int:
    """Print the figures, medians over repeats."""
    bare = _seconds("pass")
    for what in ("import guardlayer", "from guardlayer import Guard, Knowledge"):
        spent = _seconds(what)
        print(f"{what:45} {(spent - bare) * 1e3:6.1f} ms beyond the bare interpreter ({bare * 1e3:.1f} ms)")
    package = Path(guardlayer.__file__).parent
    size = sum(path.stat().st_size for path in package.rglob("*") if path.suffix != ".pyc" and path.is_file())
    print(f"{'size of the package':45} {size / 1e6:6.2f} MB")
    return 0


def _seconds(code: str) -> float:
    timed = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"
    runs = [
        float(subprocess.run([sys.executable, "-c", timed.format(code)], check=True, capture_output=True).stdout)
        for _ in range(REPEATS)
    ]
    return statistics.median(runs)


if __name__ == "__main__":
    sys.exit(main())
