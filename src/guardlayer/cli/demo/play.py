"""What happens in the demo, through the public API and nothing else."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from guardlayer.cli.demo import assistant
from guardlayer.guard import Guard
from guardlayer.knowledge import Knowledge, LoadResult
from guardlayer.provenance import SqliteLog, Why, report_to_json
from guardlayer.types import Fact, Report

AT = datetime(2025, 1, 15, tzinfo=UTC)
"""The day for which the demo asks; the clock of everything in it stands there."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One question under one policy.

    Attributes:
        policy: The policy.
        shown: What the user got to see.
        reports: One for each answer of the assistant; several where it was asked again.
    """

    policy: str
    shown: str
    reports: tuple[Report, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """A fact put right between two answers.

    Attributes:
        wrong: The fact as it was recorded.
        right: The fact as it was corrected.
        before: The answer before.
        after: The answer to the same question right after, by the same model.
    """

    wrong: Fact
    right: Fact
    before: Scene
    after: Scene


@dataclass(frozen=True, slots=True)
class Played:
    """Everything the demo has to tell."""

    loaded: LoadResult
    scenes: tuple[Scene, ...]
    correction: Correction
    why: Why

    def to_json(self) -> dict[str, Any]:
        """Return the same as data."""
        correction = self.correction
        return {
            "at": AT.date().isoformat(),
            "model": assistant.MODEL,
            "facts": self.loaded.added,
            "question": assistant.BRIEFING,
            "draft": assistant.FIRST,
            "policies": [_scene(scene) for scene in self.scenes],
            "correction": {
                "fact": correction.wrong.id,
                "wrong": correction.wrong.value,
                "right": correction.right.value,
                "author": correction.right.author,
                "reason": correction.right.reason,
                "before": _scene(correction.before),
                "after": _scene(correction.after),
            },
            "why": self.why.to_json(),
        }


def play(policies: Sequence[str]) -> Played:
    """Run the demo in memory and a temporary folder.

    Args:
        policies: The policies under which the briefing is asked for, in this order.
    """
    with (
        tempfile.TemporaryDirectory(prefix="guardlayer-demo-") as folder,
        Knowledge.open(":memory:", clock=_clock) as knowledge,
        SqliteLog(Path(folder) / "provenance.db", clock=_clock) as log,
    ):
        with as_file(files("guardlayer.cli.demo") / "facts.yaml") as path:
            loaded = knowledge.load(path)
        scenes = tuple(_ask(knowledge, log, assistant.BRIEFING, policy) for policy in policies)
        correction = _correct(knowledge, log)
        record = correction.after.reports[-1].record
        assert record is not None  # the demo has a log
        return Played(loaded, scenes, correction, log.why(record))


def _correct(knowledge: Knowledge, log: SqliteLog) -> Correction:
    wrong = knowledge.add(
        "Switzerland", "standard VAT rate", "8.0%", source="travel desk sheet", valid_from="2024-01-01", author="rob"
    )
    before = _ask(knowledge, log, assistant.SWISS, "enforce")
    right = knowledge.correct(wrong, "8.1%", author="dana", reason="mistyped; the Swiss tax office says 8.1%")
    return Correction(wrong, right, before, _ask(knowledge, log, assistant.SWISS, "enforce"))


def _ask(knowledge: Knowledge, log: SqliteLog, question: str, policy: str) -> Scene:
    reports: list[Report] = []
    guard = Guard(knowledge=knowledge, policy=policy, log=log, model=assistant.MODEL, clock=_clock)
    guarded = guard.wrap(assistant.answer, feedback="feedback", on_report=reports.append)
    return Scene(policy, guarded(question), tuple(reports))


def _clock() -> datetime:
    return AT


def _scene(scene: Scene) -> dict[str, Any]:
    reports = [report_to_json(report) for report in scene.reports]
    return {"policy": scene.policy, "shown": scene.shown, "reports": reports}
