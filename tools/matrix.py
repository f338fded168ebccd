"""Run the integrations' tests against the oldest and the newest frameworks they claim to work with.

    python tools/matrix.py [--only langchain] [--list]

Each cell gets an environment of its own under a temporary folder, with our packages installed from wheels built for
the occasion, as users have them. One line a cell; the output of a red cell follows at the end. Exit code 1 if a cell is
red, 2 if nothing could be run.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTING = (
    "pytest>=8.3",
    "pytest-asyncio>=0.25",
    "pytest-socket>=0.7",
    "pytest-randomly>=3.16",
    "hypothesis>=6.120",
    "cedarpy>=4",
)
"""What the tests need besides the framework: the runner, and what the extra ``permissions`` brings."""

TAIL = 60
"""Lines shown of a red cell's output."""

_COUNTS = re.compile(r"\d+ (?:passed|failed|error|errors|skipped|xfailed|xpassed)")


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination to test.

    Attributes:
        name: What it is called.
        folder: The integration.
        wants: Requirements besides those of the integration.
        shows: Packages whose versions are worth a mention.
        lenient: Warnings are no errors: old frameworks warn of new dependencies, and nobody will change them.
    """

    name: str
    folder: str
    wants: tuple[str, ...]
    shows: tuple[str, ...]
    lenient: bool = False


_LANGCHAIN = ("langchain", "langchain-core", "langgraph")
_LLAMA = ("llama-index-core",)
CELLS = (
    Cell(
        "langchain-floor",
        "langchain",
        (
            "langchain==1.0.0",
            "langchain-core==1.0.0",
            "langchain-tests==1.0.0",
            "langgraph==1.0.1",
            "langgraph-checkpoint==3.0.0",
            "openai",
        ),
        _LANGCHAIN,
        lenient=True,
    ),
    Cell("langchain-newest", "langchain", ("langchain>=1,<2", "langchain-tests>=1,<2", "openai"), _LANGCHAIN),
    Cell("llama-index-floor", "llama-index", ("llama-index-core==0.13.0",), _LLAMA, lenient=True),
    Cell("llama-index-newest", "llama-index", ("llama-index-core>=0.13,<0.15",), _LLAMA),
    Cell("openai-agents-newest", "openai-agents", ("openai-agents",), ("openai-agents", "openai")),
    Cell("pydantic-ai-newest", "pydantic-ai", ("pydantic-ai-slim",), ("pydantic-ai-slim",)),
)


class NotRunError(Exception):
    """A step before the tests failed: what it was, and what it said."""


def main() -> int:
    """Run the cells that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="NAME", help="cells whose names begin so; may be repeated")
    parser.add_argument("--list", action="store_true", help="name the cells, and what each installs")
    parser.add_argument("--python", default=f"{sys.version_info.major}.{sys.version_info.minor}", help="which Python")
    parser.add_argument("--uv", default=shutil.which("uv") or "uv", help="the uv program")
    parser.add_argument("--timeout", type=float, default=900, metavar="SECONDS", help="for the tests of one cell")
    options = parser.parse_args()
    cells = [cell for cell in CELLS if not options.only or cell.name.startswith(tuple(options.only))]
    if not cells:
        parser.error(f"no cell begins with {' or '.join(options.only)}; there are {', '.join(c.name for c in CELLS)}")
    if options.list:
        for cell in cells:
            print(f"{cell.name:<22} {' '.join(cell.wants)}")
        return 0
    red: list[tuple[Cell, str]] = []
    with tempfile.TemporaryDirectory(prefix="guardlayer-matrix-") as folder:
        try:
            wheels = build(Path(folder) / "wheels", uv=options.uv)
        except NotRunError as error:
            print(f"the packages could not be built: {error}", file=sys.stderr)
            return 2
        for cell in cells:
            started = time.monotonic()
            home = Path(folder) / cell.name
            try:
                versions = install(cell, home, wheels, uv=options.uv, python=options.python)
                green, counts, said = test(cell, home, timeout=options.timeout)
            except NotRunError as error:
                versions, green, counts, said = "", False, "not run", str(error)
            seconds = time.monotonic() - started
            print(
                f"{cell.name:<22} {'green' if green else 'RED':<6} {counts:<34} {seconds:4.0f} s  {versions}",
                flush=True,
            )
            if not green:
                red.append((cell, said))
            shutil.rmtree(home, ignore_errors=True)
    for cell, said in red:
        print(f"\n=== {cell.name} ===")
        print("\n".join(said.splitlines()[-TAIL:]))
    return 1 if red else 0


def build(target: Path, *, uv: str) -> list[Path]:
    """Build a wheel of each of our packages, and return their paths."""
    _run([uv, "build", "--quiet", "--wheel", "--all-packages", "--out-dir", target], timeout=600)
    return sorted(target.glob("*.whl"))


def install(cell: Cell, home: Path, wheels: Sequence[Path], *, uv: str, python: str) -> str:
    """Make the environment of a cell, and return the versions it got."""
    _run([uv, "venv", "--quiet", "--no-project", "--python", python, home], timeout=120)
    own = [wheel for wheel in wheels if wheel.name.startswith(("guardlayer_facts-", f"{_module(cell.folder)}-"))]
    if len(own) != 2:
        raise NotRunError(f"no wheel of integrations/{cell.folder} was built; there are {[w.name for w in wheels]}")
    interpreter = _python(home)
    _run([uv, "pip", "install", "--quiet", "--python", interpreter, *own, *cell.wants, *TESTING], timeout=900)
    code = (
        f"from importlib.metadata import version\nprint(*(f'{{n}} {{version(n)}}' for n in {cell.shows!r}), sep=', ')"
    )
    return _run([interpreter, "-c", code], timeout=60).strip()


def test(cell: Cell, home: Path, *, timeout: float) -> tuple[bool, str, str]:
    """Run the tests of a cell; return whether all passed, how many did, and what pytest said."""
    command: list[str | Path] = [
        _python(home),
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"integrations/{cell.folder}/tests",
    ]
    if cell.lenient:
        command += ["-o", "filterwarnings=default"]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        said: object = late.stdout  # bytes even where text was asked for
        text = said.decode(errors="replace") if isinstance(said, bytes) else str(said or "")
        return False, f"no end after {timeout:.0f} s", text
    counts = ", ".join(_COUNTS.findall((done.stdout.splitlines() or [""])[-1]))
    return done.returncode == 0, counts or f"exit code {done.returncode}", done.stdout


def _run(command: Sequence[object], *, timeout: float) -> str:
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, cwd=ROOT, env=_environment(), capture_output=True, text=True, timeout=timeout, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotRunError(f"{' '.join(words[:3])}: {error}") from error
    if done.returncode:
        raise NotRunError(f"{' '.join(words[:3])}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _environment() -> dict[str, str]:
    """Return the environment without what would put another environment's packages in a cell."""
    outside = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "UV_PROJECT_ENVIRONMENT")
    return {name: value for name, value in os.environ.items() if name not in outside}


def _python(home: Path) -> Path:
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _module(folder: str) -> str:
    return f"{folder.replace('-', '_')}_guardlayer"


if __name__ == "__main__":
    sys.exit(main())
