"""How well the guard tells current from outdated facts in real answers of real language models.

    python benchmarks/stale_answers.py --data ../shared/data/stale [--json] [--list-misses]

Loads the facts through the public API, then checks every answer as of the date it was labelled for, twice: the whole
statement, and the bare answer with its prompt as the question. No synonyms, aliases or names are declared beyond
those in the fact file. Prints, per model and in all, the shares below, and every false alarm, so that a reader can
judge whether the guard or the label is wrong.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from guardlayer import Guard, Knowledge, Label, Report

AS_OF = "2023-12-15"


@dataclass
class Tally:
    """Counts over a set of answers, by label."""

    seen: Counter[str] = field(default_factory=Counter)
    stale: Counter[str] = field(default_factory=Counter)
    alarm: Counter[str] = field(default_factory=Counter)
    supported: Counter[str] = field(default_factory=Counter)
    named: int = 0
    right: int = 0

    def add(self, label: str, report: Report, current: set[str]) -> bool:
        """Count one answer; return whether it is a miss worth listing."""
        verdicts = {claim.verdict for claim in report.claims}
        stale = [claim for claim in report.claims if claim.verdict is Label.STALE]
        self.seen[label] += 1
        self.stale[label] += bool(stale)
        self.alarm[label] += bool(verdicts & {Label.STALE, Label.CONTRADICTED})
        self.supported[label] += Label.SUPPORTED in verdicts
        if label == "outdated" and stale and current:
            self.named += 1
            self.right += all(getattr(claim.current, "value", None) in current for claim in stale)
        if label == "outdated":
            return not stale
        if label == "correct":
            return bool(verdicts & {Label.STALE, Label.CONTRADICTED}) or Label.SUPPORTED not in verdicts
        return label == "none" and Label.SUPPORTED in verdicts

    def row(self) -> dict[str, float]:
        """The shares that are asked for."""
        return {
            "outdated flagged stale": _share(self.stale["outdated"], self.seen["outdated"]),
            "successor named right": _share(self.right, self.named),
            "false alarms on correct": _share(self.alarm["correct"], self.seen["correct"]),
            "correct supported": _share(self.supported["correct"], self.seen["correct"]),
            "no value, yet supported": _share(self.supported["none"], self.seen["none"]),
            "both: stale": _share(self.stale["both"], self.seen["both"]),
            "both: supported": _share(self.supported["both"], self.seen["both"]),
        }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; exit code 2 where the data are absent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/stale"))
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--list-misses", action="store_true", help="list every miss, not the false alarms alone")
    parser.add_argument("--limit", type=int, default=0, help="check only the first so many answers")
    options = parser.parse_args(argv)
    if not (options.data / "facts.jsonl").is_file():
        print(f"no facts.jsonl in {options.data}; give the folder with --data", file=sys.stderr)
        return 2
    answers = list(_rows(options.data / "answers_dev.jsonl"))[: options.limit or None]
    knowledge, current = load_facts(options.data)
    guard = Guard(knowledge=knowledge, policy="observe", log=None)
    result: dict[str, Any] = {}
    for mode in ("whole statement", "bare answer + question"):
        result[mode] = _measure(mode, guard, answers, current, options)
    if options.json:
        print(json.dumps(result, indent=2))
    return 0


def load_facts(data: Path) -> tuple[Knowledge, dict[tuple[str, str], set[str]]]:
    """Load the facts and return them with the values current as of the labels, by key."""
    knowledge = Knowledge.open(":memory:")
    current: dict[tuple[str, str], set[str]] = {}
    for row in _rows(data / "facts.jsonl"):
        knowledge.add(
            row["item"],
            row["attribute"],
            row["value"],
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
            source="wikidata",
        )
        values = current.setdefault((row["item"], row["attribute"]), set())
        if row["status_at_2023_12_15"] == "current":
            values.add(row["value"])
    return knowledge, current


def _measure(
    mode: str,
    guard: Guard,
    answers: list[dict[str, Any]],
    current: dict[tuple[str, str], set[str]],
    options: argparse.Namespace,
) -> dict[str, Any]:
    total, models = Tally(), {}
    listed, timings = [], []
    for answer in answers:
        whole = mode == "whole statement"
        text = answer["statement"] if whole else answer["answer"]
        started = time.perf_counter()
        report = guard.check(text, question=None if whole else answer["prompt"], at=AS_OF)
        spent = time.perf_counter() - started
        if report.claims:
            timings.append(spent / len(report.claims) * 1e6)
        label = answer["match_label_loose"]
        truth = current[answer["item"], answer["attribute"]]
        models.setdefault(answer["model"], Tally()).add(label, report, truth)
        if total.add(label, report, truth) and (label == "correct" or options.list_misses):
            listed.append((label, answer, report))
    p50 = statistics.median(timings)
    if not options.json:
        _print(mode, total, models, p50, listed)
    return {
        "all": total.row(),
        "models": {name: tally.row() for name, tally in sorted(models.items())},
        "microseconds per claim, p50": p50,
        "answers": sum(total.seen.values()),
    }


def _print(mode: str, total: Tally, models: dict[str, Tally], p50: float, listed: list[Any]) -> None:
    print(f"\n{mode}: {sum(total.seen.values())} answers, {dict(total.seen)}, as of {AS_OF}")
    head = list(total.row())
    print(f"  {'model':22}" + "".join(f"{name:>26}" for name in head))
    for name, tally in [*sorted(models.items()), ("all", total)]:
        print(f"  {name:22}" + "".join(f"{value:>26.1%}" for value in tally.row().values()))
    print(f"  whole flow without the log: p50 {p50:.0f} µs per claim")
    for label, answer, report in listed:
        verdicts = [c for c in report.claims if c.verdict is not Label.EXEMPT]
        alarm = any(c.verdict in (Label.STALE, Label.CONTRADICTED) for c in verdicts)
        kind = "FALSE ALARM" if label == "correct" and alarm else f"miss ({label})"
        print(f"  {kind}: {answer['statement']!r}")
        for claim in verdicts:
            print(f"      {claim.verdict}: {claim.text!r}: {claim.reason}")


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _rows(path: Path) -> Iterable[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


if __name__ == "__main__":
    sys.exit(main())
