"""What the benchmark of the knowledge layer counts, in small: everything that must be zero is."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "knowledge.py"


@pytest.fixture(scope="module")
def measured() -> ModuleType:
    """The benchmark, as a module."""
    import sys

    spec = importlib.util.spec_from_file_location("benchmark_of_knowledge", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["stale", "others", "erased", "models"])
def test_what_must_be_zero_is(measured: ModuleType, tmp_path: Path, name: str) -> None:
    """Answers agree with a model of the ledger, other keys stay as they are, and nothing erased is left."""
    found = measured.MEASURES[name](tmp_path, quick=True)
    zero = [what for of, what, _, goal in measured.GOALS if of == name and goal == 0]
    assert zero
    assert {what: found[what] for what in zero} == dict.fromkeys(zero, 0)


def test_the_counts_can_be_other_than_zero(
    measured: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger in which retracted facts still answered would be found out."""
    from guardlayer.knowledge.acting import Acting

    monkeypatch.setattr(Acting, "retract_fact", lambda self, fact, **_: [int(fact[1:])])
    assert measured.stale(tmp_path, quick=True)["answers_that_were_wrong"] > 0
