"""From what the network says to calibrated chances: a small model, kept as data.

A multinomial logistic regression over the features of one (evidence, claim) pair, then a temperature. Fitted by
``tools/entailment`` (``combine``) on rows that may be used for release; nothing in it depends on a set. Unless a
correction does better on sources that it was not fitted on, it leaves the logits as they are, and only calibrates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import Any, NamedTuple

from guardlayer.errors import ConfigError

FORMAT = 1


class Chances(NamedTuple):
    """How likely the evidence supports the claim, leaves it open, and refutes it; they sum to 1."""

    supports: float
    neutral: float
    refutes: float


@dataclass(frozen=True, slots=True)
class Combiner:
    """The fitted model.

    Attributes:
        names: Names of the features, in the order in which they are given.
        weights: For each class, one weight a feature.
        start: For each class, its score without any feature.
        temperature: What the scores are divided by.
        supported: Least chance at which a claim is called supported.
        contradicted: Least chance at which evidence refutes a claim, where no other answer is likelier.
        contradicted_apart: The same, of evidence that shares few of the claim's words, or where nothing but the network
            says that it speaks of the same.
    """

    names: tuple[str, ...]
    weights: tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]
    start: tuple[float, float, float]
    temperature: float
    supported: float
    contradicted: float
    contradicted_apart: float

    @classmethod
    def read(cls, given: Mapping[str, Any], *, names: Sequence[str]) -> Combiner:
        """Read what was stored.

        Raises:
            ConfigError: It is of another format, or was fitted on other features than ``names``.
        """
        if given.get("format") != FORMAT or tuple(given.get("names", ())) != tuple(names):
            raise ConfigError(
                "the combiner was fitted on other features than this version computes; use the model of the package"
            )
        one, two, three = (tuple(map(float, row)) for row in given["weights"])
        if {len(row) for row in (one, two, three)} != {len(names)}:
            raise ValueError(f"there must be {len(names)} weights a class")
        start = tuple(map(float, given["start"]))
        limits = given["thresholds"]
        return cls(
            tuple(names),
            (one, two, three),
            (start[0], start[1], start[2]),
            float(given["temperature"]),
            float(limits["supported"]),
            float(limits["contradicted"]),
            float(limits["contradicted_apart"]),
        )

    def chances(self, features: Sequence[float]) -> Chances:
        """Return the chances of a pair by its features."""
        scores = [
            (start + sum(weight * value for weight, value in zip(row, features, strict=True))) / self.temperature
            for row, start in zip(self.weights, self.start, strict=True)
        ]
        top = max(scores)
        one, two, three = (exp(score - top) for score in scores)
        total = one + two + three
        return Chances(one / total, two / total, three / total)
