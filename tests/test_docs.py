"""What the documentation shows is what happens."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from unittest import SkipTest

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))

_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_EXEMPT = re.compile(r"<!--\s*no-run:\s*(\S[^>]*?)\s*-->\s*\Z")
_SHOWN = re.compile(r"#\s*→\s*(.+?)\s*$")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_TIMING = re.compile(r"\b\d[\d.,]*\s?(?:µs|us|ms|s|seconds|minutes)\b")
_IDENTIFIER = re.compile(r"\b[0-9a-f]{8,}\b")


class Block(NamedTuple):
    """A fenced block of a page: its language, its code, its first line, and whether it is to be run."""

    language: str
    code: str
    line: int
    runs: bool


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of ``page``; ``<!-- no-run: reason -->`` right before one exempts it."""
    text = page.read_text()
    for match in _FENCE.finditer(text):
        runs = _EXEMPT.search(text[: match.start()]) is None
        yield Block(match[1], match[2], text.count("\n", 0, match.start()) + 2, runs)


def relative(path: Path) -> str:
    """Return a path as test names show it."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(b.language == "python" and b.runs for b in blocks(page))], ids=relative
)
def test_python_blocks_run(page: Path) -> None:
    """Every Python block of a page runs, in order, in one namespace; a value behind `# →` is the value.

    Test classes that a page shows are run, too.
    """
    namespace: dict[str, object] = {"__name__": "page"}
    for block in blocks(page):
        if block.language == "python" and block.runs:
            _run(block, page, namespace)
    for name, suite in namespace.items():
        if name.startswith("Test") and isinstance(suite, type):
            _run_suite(suite)


@pytest.mark.parametrize("example", EXAMPLES, ids=relative)
def test_examples_run(example: Path, tmp_path: Path) -> None:
    """Every example is a script that does its work and ends well, from any directory."""
    done = _process([sys.executable, "-W", "error::DeprecationWarning:guardlayer", str(example)], tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip(), "an example shows something"


def test_console_blocks_of_the_readme_are_real(tmp_path: Path) -> None:
    """What the README shows behind `$ guardlayer …` is what that prints, ids and timings aside."""
    for block in blocks(ROOT / "README.md"):
        if block.language not in ("console", "shell-session") or not block.runs:
            continue
        for command, shown in _sessions(block.code):
            words = command.split()
            if command == "make demo":
                words = ["guardlayer", "demo"]
            if words[0] != "guardlayer":
                continue
            real = _process([sys.executable, "-m", "guardlayer.cli", *words[1:]], tmp_path)
            _compare(command, shown, real.stdout)


def test_pages_name_no_file_that_is_not_there() -> None:
    """Links between pages lead somewhere."""
    broken = []
    for page in [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]:
        prose = _FENCE.sub("", page.read_text())
        broken += [
            f"{relative(page)}: {target}"
            for target in re.findall(r"\]\(([^)#\s]+)", prose)
            if "://" not in target and not (page.parent / target).exists()
        ]
    assert not broken


def test_the_checks_can_fail(tmp_path: Path) -> None:
    """A block that raises, one that says a wrong value, and output that differs are each found."""
    page = tmp_path / "page.md"
    for code in ("raise RuntimeError('no')", "1 + 1  # → 3", "print('a')  # → b"):
        page.write_text(f"```python\n{code}\n```\n")
        with pytest.raises((AssertionError, RuntimeError)):
            _run(next(blocks(page)), page, {})
    page.write_text("<!-- no-run: needs a key -->\n```python\nraise RuntimeError\n```\n")
    assert not next(blocks(page)).runs
    with pytest.raises(AssertionError):
        _compare("guardlayer demo", "one\ntwo", "one\nthree\n")
    _compare("guardlayer demo", "one\n…\nfour 12 ms", "one\ntwo\nthree\nfour 13 ms\n")


def _run(block: Block, page: Path, namespace: dict[str, object]) -> None:
    lines = block.code.splitlines()
    padding = "\n" * (block.line - 1)
    for node in ast.parse(padding + block.code, str(page)).body:
        shown = _SHOWN.search(lines[(node.end_lineno or node.lineno) - block.line])
        heard = io.StringIO()
        with contextlib.redirect_stdout(heard):
            if isinstance(node, ast.Expr):
                value = eval(compile(ast.Expression(node.value), str(page), "eval", dont_inherit=True), namespace)
            else:
                exec(compile(ast.Module([node], []), str(page), "exec", dont_inherit=True), namespace)
                value = None
        if shown is not None:
            said = {repr(value), str(value), heard.getvalue().strip()}
            assert _plain(shown[1]) in map(_plain, said), f"{page.name}:{node.lineno} shows {shown[1]!r}; it is {said}"


def _run_suite(suite: type) -> None:
    for name in [name for name in dir(suite) if name.startswith("test_")]:
        with contextlib.suppress(SkipTest):
            getattr(suite(), name)()


def _sessions(text: str) -> Iterator[tuple[str, str]]:
    # A command stands at the top or after an empty line; elsewhere a "$ " is part of what was printed.
    for part in re.split(r"(?:\A|\n\n)\$ ", text)[1:]:
        command, _, shown = part.partition("\n")
        yield command.strip(), shown


def _compare(command: str, shown: str, real: str) -> None:
    """Require every line shown to be printed, in order; a line of ``…`` stands for any number of lines."""
    printed = [_plain(line) for line in real.splitlines() if line.strip()]
    at = 0
    free = False
    for raw in filter(str.strip, shown.splitlines()):
        line = _plain(raw)
        if line.strip() in ("…", "..."):
            free = True
            continue
        rest = printed[at:]
        assert line in (rest if free else rest[:1]), f"`{command}` does not print {line!r}; it prints {rest[:3]}"
        at += rest.index(line) + 1
        free = False


def _plain(line: str) -> str:
    return _IDENTIFIER.sub("<id>", _TIMING.sub("<time>", _ANSI.sub("", line))).rstrip()


def _process(command: list[str], where: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GUARDLAYER", "PYTHON"))}
    environment = kept | {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, timeout=120, check=False)
