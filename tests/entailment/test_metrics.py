"""Every figure is what its definition says."""

from __future__ import annotations

import json
from math import isnan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.entailment import metrics, windows
from tools.entailment.__main__ import main
from tools.entailment.journal import Journal, read
from tools.entailment.tables import table


def test_binary_labels_accept_both_ways_of_not_supporting() -> None:
    """A row labelled *does not support* is right with neutral and with refuted, and wrong with supported."""
    assert [metrics.matches(3, guess) for guess in (0, 1, 2)] == [False, True, True]
    assert metrics.accuracy([0, 1, 2, 3], [0, 1, 1, 2]) == 0.75


def test_balanced_weighs_both_classes_alike() -> None:
    """Always saying supported is worth one half, however rare the rest is."""
    assert metrics.balanced([0] * 9 + [2], [0] * 10) == 0.5
    assert metrics.balanced([0, 1, 2, 3], [0, 2, 1, 1]) == 1.0


def test_twins_need_both_sides() -> None:
    """A claim counts only if its supporting and its refuting evidence are both decided right."""
    labels, twins = [0, 2, 0, 2, 0, 1], ["a", "a", "b", "b", "c", "c"]
    found = metrics.twins_right(labels, [0, 2, 0, 1, 0, 1], twins)
    assert (found.right, found.total) == (1, 2)
    assert isnan(metrics.twins_right([0], [0], [""]).share)


def test_auc_counts_ties_half() -> None:
    """The area under the curve is the chance that a positive row scores higher."""
    assert metrics.auc([0.9, 0.8, 0.1], [True, False, False]) == 1.0
    assert metrics.auc([0.5, 0.5], [True, False]) == 0.5
    assert isnan(metrics.auc([0.5], [True]))


def test_calibration_error() -> None:
    """Sure and always right has no error; sure and right half of the time is off by a half."""
    assert metrics.calibration_error([1.0] * 4, [True] * 4) == 0
    assert metrics.calibration_error([1.0] * 4, [True, True, False, False]) == 0.5


def test_accuracy_on_the_most_confident_rows() -> None:
    """Coverage keeps the most confident rows."""
    assert metrics.accuracy_at([0.9, 0.8, 0.7, 0.6], [True, True, False, False], 0.5) == 1.0


@given(st.floats(0.4, 4))
def test_temperature_is_found(scale: float) -> None:
    """Logits that are too sure by a factor are cooled by that factor."""
    rows, labels = [], []
    for share in (0.6, 0.7, 0.8, 0.9):
        odds = metrics.softmax([0.0, 0.0])
        assert odds == [0.5, 0.5]
        from math import log

        gap = log(share / (1 - share)) * scale
        rows += [[gap, 0.0, -1e9]] * 10
        labels += [0] * round(share * 10) + [1] * round((1 - share) * 10)
    assert metrics.temperature(rows, labels) == pytest.approx(scale, rel=0.05)


def test_windows_cover_the_evidence() -> None:
    """Every sentence of a long evidence is in some window, and no window is much longer than the limit."""
    sentences = [f"Sentence number {i} speaks of thing {i} and of nothing else at all." for i in range(40)]
    found = windows.cut(" ".join(sentences), limit=40)
    assert len(found) > 3
    assert all(any(sentence in window for window in found) for sentence in sentences)
    assert all(len(window.split()) <= 52 for window in found)
    assert windows.cut("short", limit=40) == ["short"]


def test_long_claims_are_as_true_as_their_weakest_part() -> None:
    """A claim of two sentences is supported only if both are, each by whatever window says it."""

    def judge(evidence: str, claim: str) -> list[float]:
        return [4.0, 0.0, 0.0] if claim.split(maxsplit=1)[0] in evidence else [0.0, 0.0, 4.0]

    evidence = "Zinc is mined here. Tin is sold there."
    both = "Zinc is mined here by a small crew of old men. Tin is sold there to whoever wants some of it."
    half = "Zinc is mined here by a small crew of old men. Gold is sold there to whoever wants some of it."
    assert windows.chances(judge, evidence, both, count=4)[0] > 0.9
    supports, _, refutes = windows.chances(judge, evidence, half, count=4)
    assert supports < 0.1
    assert refutes > 0.8


def test_journal_survives_a_stop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The half line of a stopped run is left out, and what is no number is null."""
    path = tmp_path / "log" / "run.jsonl"
    Journal(path).write("watch", twins=float("nan"), rows=3)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"event": "cut')
    assert [(record["event"], record["twins"]) for record in read(path)] == [("watch", None)]
    assert json.loads(capsys.readouterr().out)["rows"] == 3


def test_table() -> None:
    """Tables are Markdown."""
    assert table("T", ["a", "b"], [["1", "2"]]) == "### T\n\n| a | b |\n|---|---|\n| 1 | 2 |"


@pytest.mark.parametrize("stage", ["prepare", "train", "evaluate", "quantize", "card"])
def test_help_needs_no_torch(stage: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every stage explains itself with examples where nothing to train with is installed."""
    with pytest.raises(SystemExit) as stop:
        main([stage, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert "--data" in text
    assert f"python -m tools.entailment {stage}" in text
