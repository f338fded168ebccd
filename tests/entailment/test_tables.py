"""The tables of an evaluation say what the rows say, also where a set has one class only."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tools.entailment import tables
from tools.entailment.pairs import Label

THRESHOLDS = {"overlap": 0.5, "cosine": 0.5, "rules": 0.5}
SURE = {0: (0.9, 0.05, 0.05), 1: (0.05, 0.9, 0.05), 2: (0.05, 0.05, 0.9)}


def scored(name: str, family: str, labels: list[int], guesses: list[int], kinds: list[str] | None = None) -> Any:
    groups = [str(i // 2) for i in range(len(labels))]
    dev = SimpleNamespace(name=name, family=family, groups=groups, kinds=kinds or [""] * len(labels))
    scores = {baseline: [1.0 if label == Label.SUPPORTS else 0.0 for label in labels] for baseline in THRESHOLDS}
    return SimpleNamespace(dev=dev, labels=labels, guesses=guesses, model=[SURE[g] for g in guesses], scores=scores)


def test_every_family_has_its_table() -> None:
    """Twins, means over sets, caught edits and calibration are read off the rows."""
    some = [
        scored("real", "revisions", [0, 2, 0, 2], [0, 2, 0, 1], ["comparative"] * 2 + ["no number"] * 2),
        scored("far", "transfer", [0, 3], [0, 2]),
        scored("farther", "transfer", [0, 0], [0, 1]),
        scored("near", "domain", [1, 1], [1, 2]),
        scored("edits", "edits", [0, 2, 0, 2], [0, 2, 0, 0], ["original", "number"] * 2),
    ]
    calibrated = {"real": {"rows": 4, "temperature": 1.5, "accuracy": 0.5, "ece": 0.1, "accuracy_at_70": 0.75}}
    text = tables.report(some, THRESHOLDS, calibrated, originals_lost=0.05)
    assert "| real | all | model | 4 | 0.750 | 0.500 | 2 |" in text
    assert "| real | comparative | model | 2 | 1.000 | 1.000 | 1 |" in text
    assert "| farther | 2 | 0.500 | 0.500 | - |" in text
    assert "| **mean** |  |  | 0.750 | 1.000 |" in text
    assert "| near | 2 | 0.500 | 1.000 | - | 0.500 |" in text
    assert "| number | 2 | 0.500 | 0.500 |" in text
    assert "| real | 4 | 0.500 | 0.100 | 0.750 |" in text


def test_baselines_know_two_answers() -> None:
    """A score on the right side of its threshold supports; any other refutes."""
    one = scored("real", "revisions", [0, 2], [0, 2])
    assert tables.decided(one, "overlap", THRESHOLDS) == [0, 2]
