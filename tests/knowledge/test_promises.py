"""What the benchmark of the knowledge layer counts, in small: everything that must be zero is."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from guardlayer import Guard, Knowledge, Label

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


def test_the_former_value_is_no_rounding_of_the_current_one() -> None:
    """A round figure that was the value to the last digit is stale, however near to it the value is that took over."""
    kb = Knowledge.open(":memory:")
    old = kb.add("Acme", "list price", "$1000", source="list", valid_from="2020")
    kb.supersede(old.id, "$1001", valid_from="2025")
    report = Guard(knowledge=kb, log=None).check("The list price of Acme is $1000.", at="2026-01-01")
    assert report.claims[0].verdict is Label.STALE
    assert report.output.replace(",", "") == "The list price of Acme is $1001."
