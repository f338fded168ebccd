"""``evaluate``: every figure of the model, set by set, beside the baselines of the same run."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

from tools.entailment import baselines, metrics, tables
from tools.entailment.journal import Journal
from tools.entailment.judge_onnx import OnnxJudge
from tools.entailment.options import EvaluateOptions
from tools.entailment.pairs import LABELS, Label
from tools.entailment.sets import DevSet, dev_sets
from tools.entailment.windows import chances

_THRESHOLD_ROWS = 2_000
_ORIGINALS_LOST = 0.05


@dataclass(frozen=True, slots=True)
class Scored:
    """A set with the model's chances and the baselines' scores, row by row."""

    dev: DevSet
    model: list[tuple[float, float, float]]
    scores: dict[str, list[float]]

    @property
    def labels(self) -> list[int]:
        """The labels, row by row."""
        return [int(pair.label) for pair in self.dev.pairs]

    @property
    def guesses(self) -> list[int]:
        """The model's decisions."""
        return [max(range(3), key=lambda k, row=row: row[k]) for row in self.model]  # type: ignore[misc]


def evaluate(options: EvaluateOptions) -> Path:
    """Print the tables, and write ``figures.md``, ``figures.json`` and ``predictions.parquet``."""
    stem = Path(options.model).name.removesuffix(".onnx") + ("" if options.marked else ".unmarked")
    stem += f".{options.family}" if options.family else ""
    journal = Journal(options.out / "evaluate.jsonl")
    known = baselines.Scores(options.out / "baselines.json", windows=options.windows)
    thresholds = _thresholds(options, known)
    journal.write("thresholds", **{name: round(value, 4) for name, value in thresholds.items()})
    every = dev_sets(options.data, limit=options.limit, long_limit=options.long_limit)
    sets = (dev for dev in every if options.family in ("", dev.family))
    if options.baselines_only:
        for dev in sets:
            known.of(dev.name, *_texts(dev))
        return options.out / "baselines.json"
    judge = OnnxJudge(options.out / options.model, options.out / "tokenizer.json", marked=options.marked)
    scored: list[Scored] = []
    for dev in sets:
        evidence, claims = _texts(dev)
        model = [chances(judge.logits, e, c, count=options.windows) for e, c in zip(evidence, claims, strict=True)]
        scored.append(Scored(dev, model, known.of(dev.name, evidence, claims)))
        journal.write("set", model=stem, **tables.set_row(scored[-1], thresholds))
    calibrated = calibration(scored)
    text = tables.report(scored, thresholds, calibrated, originals_lost=_ORIGINALS_LOST)
    (options.out / f"figures.{stem}.md").write_text(text, encoding="utf-8")
    rows = [tables.set_row(one, thresholds) for one in scored]
    figures = {"model": stem, "sets": rows, "calibration": calibrated, "thresholds": thresholds}
    (options.out / f"figures.{stem}.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    _write_predictions(scored, options.out / f"predictions.{stem}.parquet")
    sys.stdout.write(text)
    return options.out / f"figures.{stem}.md"


def _texts(dev: DevSet) -> tuple[list[str], list[str]]:
    return [pair.evidence for pair in dev.pairs], [pair.claim for pair in dev.pairs]


def _thresholds(options: EvaluateOptions, known: baselines.Scores) -> dict[str, float]:
    """Choose each baseline's threshold on training rows of revisions, FEVER and NLI, in equal parts."""
    rows = [
        row
        for row in pq.read_table(options.data / "entail_train.parquet").to_pylist()
        if row["split"] == "train" and row["source"] in ("fever", "mnli_dev") and row["label"] in LABELS
    ]
    revisions = [row for row in pq.read_table(options.data / "vitaminc.parquet").to_pylist() if row["split"] == "train"]
    rng = Random(1)
    some = []
    for pool in (
        [r for r in rows if r["source"] == "fever"],
        [r for r in rows if r["source"] == "mnli_dev"],
        revisions,
    ):
        some += rng.sample(pool, _THRESHOLD_ROWS // 3)
    labels = [int(LABELS[row["label"]]) for row in some]
    scores = known.of("thresholds", [r["premise"] for r in some], [r["hypothesis"] for r in some])
    return {name: baselines.threshold(values, labels) for name, values in scores.items()}


def calibration(scored: Sequence[Scored]) -> dict[str, dict[str, float]]:
    """Fit one temperature on half of the revisions' groups, and measure on the other half and on all other sets."""
    result: dict[str, dict[str, float]] = {}
    revisions = next((one for one in scored if one.dev.name == "vitaminc_real"), None)
    if revisions is None:
        return result
    names = sorted(set(revisions.dev.groups))
    Random(1).shuffle(names)
    fitted = set(names[: len(names) // 2])
    at = [i for i, group in enumerate(revisions.dev.groups) if group in fitted]
    logs = [[_log(value) for value in row] for row in revisions.model]
    scale = metrics.temperature([logs[i] for i in at], [revisions.labels[i] for i in at])
    for one in scored:
        if one.dev.family not in ("revisions", "transfer", "domain"):
            continue
        kept = [i for i, group in enumerate(one.dev.groups) if one is not revisions or group not in fitted]
        chances_of = [metrics.softmax([_log(value) for value in one.model[i]], scale) for i in kept]
        right, sure = [], []
        for i, row in zip(kept, chances_of, strict=True):
            binary = one.labels[i] == Label.NOT_SUPPORTS or Label.NOT_SUPPORTS in one.labels
            best = max(range(3), key=lambda k, row=row: row[k])  # type: ignore[misc]
            if binary:
                best = 0 if row[0] >= 0.5 else 1
                sure.append(max(row[0], 1 - row[0]))
            else:
                sure.append(row[best])
            right.append(metrics.matches(one.labels[i], best))
        result[one.dev.name] = {
            "rows": len(kept),
            "temperature": round(scale, 3),
            "ece": round(metrics.calibration_error(sure, right), 4),
            "accuracy": round(sum(right) / len(right), 4),
            "accuracy_at_70": round(metrics.accuracy_at(sure, right, 0.7), 4),
        }
    return result


def _log(value: float) -> float:
    return log(max(value, 1e-9))


def _write_predictions(scored: Sequence[Scored], path: Path) -> None:
    rows = [
        {
            "set": one.dev.name,
            "group": one.dev.groups[i],
            "kind": one.dev.kinds[i],
            "label": one.labels[i],
            "supports": row[0],
            "neutral": row[1],
            "refutes": row[2],
            **{name: one.scores[name][i] for name in one.scores},
        }
        for one in scored
        for i, row in enumerate(one.model)
    ]
    pq.write_table(pa.Table.from_pylist(rows), path, compression="zstd")
