"""The stage ``evaluate``: measures the model, the rules, and both, on every labelled set."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from guardlayer.kinds import Reader, RuleClassifier, TrainedClassifier, reader
from guardlayer.kinds.model import SHIPPED, Model, loads
from guardlayer.knowledge.dense.encoder import SHIPPED as WEIGHTS
from guardlayer.knowledge.dense.encoder import ShippedEncoder
from guardlayer.types import Claim, Draft, Kind
from tools.entailment.journal import Journal
from tools.kinds.options import EvaluateOptions
from tools.kinds.public import Measured, measured

_DRAFT = Draft("", datetime(2024, 1, 1, tzinfo=UTC), "figures")
FIGURES, LOG = "figures.json", "evaluate.log.jsonl"


def evaluate(options: EvaluateOptions) -> None:
    """Write ``figures.json`` and a line for each set and method."""
    journal = Journal(options.out / LOG)
    model = loads((options.out / SHIPPED).read_text(encoding="utf-8"), name=SHIPPED)
    line = reader.loads((options.out / reader.READER).read_text(encoding="utf-8"))
    sets = measured(options.data, part=options.part, limit=options.limit)
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for name, say in methods(model, Reader(ShippedEncoder(WEIGHTS), line=line)).items():
        figures[name] = {each.name: shares(each, say) for each in sets}
        balanced = [figures[name][each.name]["balanced"] for each in sets if each.two_sided]
        figures[name]["mean"] = {"balanced": round(sum(balanced) / len(balanced), 4)}
        journal.write("measured", part=options.part, method=name, mean=figures[name]["mean"]["balanced"])
        for each in sets:
            journal.write("set", part=options.part, method=name, set=each.name, **figures[name][each.name])
    (options.out / FIGURES).write_text(
        json.dumps({"part": options.part, "sha256": model.digest, "methods": figures}, indent=1), encoding="utf-8"
    )


def methods(model: Model, again: Reader) -> dict[str, Callable[[str], bool]]:
    """Return the ways to tell whether a sentence is factual, by name."""
    rules, both = RuleClassifier(), TrainedClassifier(model=model)

    def by(classify: Callable[..., Sequence[Claim]]) -> Callable[[str], bool]:
        return lambda text: classify([Claim(text, 0, len(text))], _DRAFT)[0].kind is not Kind.BEHAVIOR

    return {
        "rules": by(rules),
        "model": lambda text: model.margin(text) > 0,
        "rules + model": by(both),
        "rules + model + reader": by(TrainedClassifier(model=model, reader=again)),
    }


def shares(each: Measured, say: Callable[[str], bool]) -> dict[str, float]:
    """Return rows, the share of facts and of the rest that were told right, and their mean where there are both."""
    right: dict[int, list[bool]] = {0: [], 1: []}
    for text, factual in zip(each.texts, each.factual, strict=True):
        right[factual].append(say(text) == bool(factual))
    found: dict[str, float] = {"rows": len(each.texts)}
    for label, name in ((1, "factual"), (0, "other")):
        if right[label]:
            found[name] = round(sum(right[label]) / len(right[label]), 4)
    if each.two_sided:
        found["balanced"] = round((found["factual"] + found["other"]) / 2, 4)
    return found
