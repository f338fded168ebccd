"""The rows of the corpus: a sentence, what it is, and where one would hear it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FACTUAL = frozenset(
    {
        "definition", "event", "experience", "fact", "hedged_fact", "narrative", "number", "permission", "person",
        "state",
    }
)  # fmt: skip
"""Labels of what states something that can be checked; a live authority checks state and permission."""
BEHAVIOR = frozenset(
    {
        "advice", "apology", "exhortation", "farewell", "greeting", "hedge", "instruction", "lead", "offer", "opinion",
        "question", "refusal", "remark", "short", "thanks",
    }
)  # fmt: skip
"""Labels of what states nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled sentence.

    Attributes:
        text: The sentence.
        label: A word of ``FACTUAL`` or ``BEHAVIOR``.
        register: The kind of talk.
        source: ``hand``, ``grammar``, or the name of a public set whose sentence was labelled for this corpus.
        weight: How much it counts in training.
    """

    text: str
    label: str
    register: str
    source: str = "grammar"
    weight: float = 1.0

    @property
    def factual(self) -> bool:
        """Whether it states something that can be checked."""
        return self.label in FACTUAL


OWN_SHARE = ("talk", "film", "politics")
"""Registers in which facts and the rest count alike, each for itself; the others count together."""


def balanced(rows: Sequence[Row]) -> list[float]:
    """Return what each row counts when, in each register, facts and the rest count alike.

    So a register says nothing of the label, and a threshold that suits one of them suits the others.
    """
    sums: dict[tuple[str, bool], float] = defaultdict(float)
    names = [row.register if row.register in OWN_SHARE else "" for row in rows]
    for row, name in zip(rows, names, strict=True):
        sums[name, row.factual] += row.weight
    totals = {name: sums[name, True] + sums[name, False] for name in names}
    return [row.weight * totals[name] / 2 / sums[name, row.factual] for row, name in zip(rows, names, strict=True)]


def read_hand(path: Path) -> list[Row]:
    """Read a file of ``label<TAB>register<TAB>sentence`` lines; ``#`` opens a comment."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        label, register, text = line.split("\t")
        if label not in FACTUAL | BEHAVIOR:
            raise ValueError(f"{path}:{number}: unknown label {label!r}; the labels are in tools/kinds/rows.py")
        rows.append(Row(text, label, register, "hand"))
    return rows
