"""The combiner is fitted as it says, and only a model whose parts belong together is shipped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tools.entailment import combine, ship
from tools.entailment.__main__ import main
from tools.entailment.journal import Journal, digest
from tools.entailment.options import ShipOptions

from guardlayer.errors import ConfigError
from guardlayer.verifiers.entailment import files, signals
from guardlayer.verifiers.entailment.combiner import Combiner


def stored(weights=None, **more):
    """A combiner as it is stored."""
    size = len(signals.NAMES)
    return {
        "format": 1,
        "names": list(signals.NAMES),
        "weights": weights or [[0.0] * size] * 3,
        "start": [0.0, 0.0, 0.0],
        "temperature": 1.0,
        "thresholds": combine.THRESHOLDS,
    } | more


def test_the_regression_finds_what_made_the_labels() -> None:
    """Weights that made the labels are found again, as far as their chances go; rows that only deny support count."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(6000, 3)) * [1.0, 5.0, 0.2] + [0, 3, 1]
    true = np.array([[1.5, 0.1, 0.0], [0.0, -0.1, 2.0], [-1.0, 0.2, -1.0]])
    scores = values @ true.T
    chances = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    labels = np.array([rng.choice(3, p=row) for row in chances])
    denied = (labels != 0) & (rng.random(len(labels)) < 0.3)
    table = combine.Table(values, np.where(denied, 3, labels), np.array(["x"] * len(labels)))
    weights, start = combine.fit(table, np.full(len(labels), 1 / len(labels)))
    found = np.exp(values @ weights.T + start)
    found /= found.sum(1, keepdims=True)
    assert np.abs(found - chances).mean() < 0.03


def test_stored_and_fitted_agree() -> None:
    """The package evaluates in plain Python what the tools fitted with numpy."""
    rng = np.random.default_rng(2)
    weights, start = rng.normal(size=(3, len(signals.NAMES))), rng.normal(size=3)
    combiner = Combiner.read(
        json.loads(json.dumps(stored(weights.tolist(), start=start.tolist(), temperature=1.3))), names=signals.NAMES
    )
    given = rng.normal(size=len(signals.NAMES))
    scores = (weights @ given + start) / 1.3
    wanted = np.exp(scores - scores.max())
    assert np.allclose(combiner.chances(given.tolist()), wanted / wanted.sum())


def test_a_combiner_of_other_features_is_refused() -> None:
    """Weights are meaningless for other features."""
    with pytest.raises(ConfigError, match="other features"):
        Combiner.read(stored(names=["coverage"]), names=signals.NAMES)
    with pytest.raises(ConfigError, match="other features"):
        Combiner.read(stored(format=2), names=signals.NAMES)
    with pytest.raises(ValueError, match="weights a class"):
        Combiner.read(stored([[0.0]] * 3), names=signals.NAMES)


def run(folder: Path) -> Path:
    """A folder as ``quantize``, ``combine`` and ``card`` leave it, with small files."""
    folder.mkdir()
    (folder / files.NETWORK).write_bytes(b"network")
    tokenizer = {"version": "1.0", "padding": {"x": 1}, "post_processor": {"y": 2}, "model": {"vocab": {"é": 0}}}
    (folder / files.TOKENIZER).write_text(json.dumps(tokenizer, indent=2))
    (folder / files.COMBINER).write_text(json.dumps(stored()))
    (folder / ship.CARD).write_text("# Card\n")
    (folder / ship.ENCODER).write_bytes(b"encoder")
    Journal(folder / "dense.jsonl").write("encoder", model_sha256=digest(folder / files.NETWORK))
    Journal(folder / "combine.jsonl").write("combined", model_sha256=digest(folder / files.NETWORK))
    return folder


def test_what_is_shipped_is_what_the_manifest_says(tmp_path: Path) -> None:
    """One command puts the model into a package folder; its digests are those of the files there."""
    out, package = run(tmp_path / "run"), tmp_path / "package"
    assert main(["ship", "--out", str(out), "--package", str(package)]) == 0
    manifest = files.read_manifest(package)
    assert set(manifest.digests) == {files.NETWORK, files.TOKENIZER, files.COMBINER, ship.CARD, ship.ENCODER}
    for name in manifest.digests:
        assert files.checked(package, name, manifest)
    small = json.loads((package / files.TOKENIZER).read_text(encoding="utf-8"))
    assert small["model"]["vocab"] == {"é": 0}
    assert small["padding"] is small["post_processor"] is None
    (package / files.NETWORK).write_bytes(b"another")
    with pytest.raises(ConfigError, match="SHA-256 differs"):
        files.checked(package, files.NETWORK, manifest)


def test_parts_of_different_models_are_not_shipped(tmp_path: Path) -> None:
    """A combiner belongs to the model it was fitted to, and nothing may be missing or too large."""
    out = run(tmp_path / "run")
    (out / files.NETWORK).write_bytes(b"retrained")
    with pytest.raises(ValueError, match="fitted to another model"):
        ship.ship(ShipOptions(out, str(tmp_path / "package")))
    (out / ship.CARD).unlink()
    with pytest.raises(ValueError, match=r"CARD\.md"):
        ship.ship(ShipOptions(out, str(tmp_path / "package")))
