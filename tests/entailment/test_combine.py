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


def biased(rows, seed, *, neutral=1.5, sources=("x", "y")):
    """Rows of a network that is right but for a habit of saying *neutral*; a few say only that support is denied."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, 2)) * 2
    scores = np.c_[values[:, 0], np.full(rows, -neutral), values[:, 1]]
    chances = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    labels = np.array([rng.choice(3, p=row) for row in chances])
    denied = (labels != 0) & (rng.random(rows) < 0.3)
    names = np.array([sources[i % len(sources)] for i in range(rows)])
    return combine.Table(values, np.where(denied, 3, labels), names), chances


def chances_of(table, fitted):
    """The chances that a correction gives."""
    weights, start = fitted
    found = np.exp(table.values @ weights.T + start)
    return found / found.sum(1, keepdims=True)


def test_a_correction_finds_what_the_network_gets_wrong() -> None:
    """A habit that shows in the labels is corrected, rows that only deny support included."""
    table, chances = biased(6000, 1)
    assert np.abs(chances_of(table, combine.fit(table, ridge=1e-4)) - chances).mean() < 0.02


def test_the_ridge_pulls_towards_the_network_itself() -> None:
    """What is held back strongly leaves the logits as they are."""
    table, _ = biased(2000, 2)
    weights, start = combine.fit(table, ridge=1e4)
    assert np.allclose(weights - weights[1], [[1, 0], [0, 0], [0, 1]], atol=1e-2)
    assert np.allclose(start, 0, atol=1e-2)


def test_a_correction_must_help_on_sources_it_was_not_fitted_on(tmp_path: Path) -> None:
    """A habit that all sources show is corrected; habits that differ from source to source are not."""
    journal = Journal(tmp_path / "log.jsonl")
    shared, _ = biased(4000, 3)
    _, start = combine._corrected(shared, journal)
    assert start[1] < min(start[0], start[2])
    one, other = biased(2000, 4, neutral=2, sources=("x",))[0], biased(2000, 5, neutral=-2, sources=("y",))[0]
    mixed = combine.Table(
        np.r_[one.values, other.values], np.r_[one.labels, other.labels], np.r_[one.sources, other.sources]
    )
    assert not combine._corrected(mixed, journal)[1].any()


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
