"""The house rules that no single room can keep."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import guardlayer
from guardlayer import protocols
from guardlayer.testing import contracts

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src" / "guardlayer"
MODULES = sorted(SRC.rglob("*.py"))

IMPORT_BUDGET = 0.060
"""Seconds that `import guardlayer` may cost beyond the bare interpreter."""

FRAMEWORKS = ("langchain", "langchain_core", "llama_index", "openai", "torch", "transformers")
HEAVY = (*FRAMEWORKS, "pydantic", "structlog", "apsw", "typer", "rich")

APPLICATIONS = ("cli",)
"""Where the clock, the environment and the terminal belong."""

FORBIDDEN = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns", "time.localtime",
    "os.environ", "os.getenv", "os.environb", "print", "input", "structlog.configure", "structlog.configure_once",
    "logging.basicConfig", "logging.disable", "sys.stdout", "sys.stderr", "warnings.filterwarnings",
    "warnings.simplefilter",
}  # fmt: skip
"""What nothing below the applications reads or sets."""

ALLOWED = {("temporal.py", "datetime.now")}
"""The one place that reads the clock, and the composition root passes it down."""

LONGER = {"types.py": 760, "kinds/rules.py": 500}
"""Longer by intent: the values of the whole flow are one page, most of it docstrings; a table of rules is data."""


def fresh(code: str) -> str:
    """Return what ``code`` prints in an interpreter of its own."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def test_import_costs_next_to_nothing() -> None:
    """`import guardlayer` takes at most 60 ms beyond the interpreter: the least of seven, as others use the machine."""
    code = "import time; t = time.perf_counter(); import guardlayer; print(time.perf_counter() - t)"
    seconds = min(float(fresh(code)) for _ in range(7))
    assert seconds <= IMPORT_BUDGET


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import guardlayer", HEAVY),
        ("import guardlayer.testing", (*FRAMEWORKS, "pytest", "pydantic", "apsw", "hypothesis")),
        ("import guardlayer.guard", FRAMEWORKS),
        ("from guardlayer import Guard, Knowledge, Policy, verify; Guard(log=None).check('Hi.')", FRAMEWORKS),
        ("from guardlayer import verify; verify('The fee is 3%.', ['The fee is 3%.'])", FRAMEWORKS),
    ],
)
def test_imports_bring_nothing_uninvited(statement: str, absent: tuple[str, ...]) -> None:
    """What is imported imports no framework, and `import guardlayer` none of the core's own wheels either."""
    loaded = json.loads(fresh(f"{statement}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"))
    brought = {name for name in loaded if name.partition(".")[0] in absent}
    assert not brought


@pytest.mark.parametrize(
    "statement",
    [
        "from guardlayer import Guard, Knowledge, Policy, verify",
        "import guardlayer.verifiers; from guardlayer import verify",
        "from guardlayer import verify; import guardlayer.verifiers.structured; from guardlayer import verify",
        "import guardlayer; guardlayer.Guard; verify = guardlayer.verify",
    ],
)
def test_verify_is_the_function(statement: str) -> None:
    """`guardlayer.verify` is the function of the public API in whatever order things are imported."""
    assert fresh(f"{statement}\nprint(verify('The fee is 3%.', ['The fee rose to 4% in May.']).label)").strip()


def test_nothing_is_logged_globally() -> None:
    """Importing and using the library sets up no root handler and no structlog configuration."""
    code = (
        "import logging, guardlayer\n"
        "guard = guardlayer.Guard(log='p.db')\n"
        "guard.check('Paris is the capital of France.')\n"
        "import structlog\n"
        "print(len(logging.getLogger().handlers), structlog.is_configured())"
    )
    assert fresh(code) == "0 False\n"


@pytest.mark.parametrize("name", guardlayer.__all__)
def test_public_names_resolve_and_are_documented(name: str) -> None:
    """Every public name leads somewhere, and says what it is."""
    value = getattr(guardlayer, name)
    assert name == "__version__" or inspect.getdoc(value)


def test_unknown_names_are_attribute_errors() -> None:
    """A misspelt name is an AttributeError that names it, so that hasattr and from-imports behave."""
    with pytest.raises(AttributeError, match="Gaurd"):
        _ = guardlayer.Gaurd
    assert not hasattr(guardlayer, "Gaurd")


def test_every_protocol_has_a_contract() -> None:
    """What can be implemented by others can be tested by others."""
    seams = [
        n
        for n, v in vars(protocols).items()
        if getattr(v, "_is_protocol", False) and v.__module__ == protocols.__name__
    ]
    assert {f"{name}Contract" for name in seams} | {"KnowledgeContract"} == set(contracts.__all__)
    assert len(seams) == 6


@pytest.mark.parametrize("name", contracts.__all__)
def test_every_truth_of_a_contract_is_stated(name: str) -> None:
    """Each test of a contract says in its docstring which truth it guards."""
    suite = getattr(contracts, name)
    tests = [value for key, value in vars(suite).items() if key.startswith("test_")]
    assert len(tests) >= 4
    assert all(inspect.getdoc(test) for test in tests)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SRC)))
def test_modules_are_short(module: Path) -> None:
    """At 450 lines a module has a seam that nobody has looked for."""
    assert len(module.read_text().splitlines()) <= LONGER.get(str(module.relative_to(SRC)), 450)


@pytest.mark.parametrize(
    "module",
    [m for m in MODULES if m.relative_to(SRC).parts[0] not in APPLICATIONS],
    ids=lambda path: str(path.relative_to(SRC)),
)
def test_the_world_is_passed_in(module: Path) -> None:
    """Below the applications nothing reads the clock or the environment, prints, or configures logging."""
    where = str(module.relative_to(SRC))
    used = {(where, name) for name in _names(ast.parse(module.read_text())) if name in FORBIDDEN}
    assert used <= ALLOWED


def test_the_walk_finds_what_it_looks_for() -> None:
    """The check above would see each way of doing what is forbidden."""
    code = (
        "import datetime as d\nfrom time import time as t\nimport os\nd.datetime.now()\nt()\nos.environ['A']\nprint(1)"
    )
    assert {"datetime.now", "time.time", "os.environ", "print"} <= _names(ast.parse(code))


def test_versions_agree() -> None:
    """The version that is installed is the version that is said."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == guardlayer.__version__
    assert f"[{guardlayer.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_entry_points_lead_somewhere() -> None:
    """Every built-in that is registered as a plug-in can be loaded by its name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for group in project["entry-points"].values():
        for target in group.values():
            module, _, name = target.partition(":")
            found = importlib.import_module(module)
            assert not name or hasattr(found, name)  # a pytest plugin is a module


def _names(tree: ast.AST) -> set[str]:
    """Return the dotted names a module uses, with import aliases undone and a leading package cut (d.datetime.now)."""
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {(name.asname or name.name): name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            aliases |= {(name.asname or name.name): f"{node.module}.{name.name}" for name in node.names}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            head, _, rest = ast.unparse(node).partition(".")
            parts = ".".join(filter(None, (aliases.get(head, head), rest))).split(".")
            found |= {".".join(parts), ".".join(parts[-2:])}
    return found
