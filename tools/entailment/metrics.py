"""The figures, each defined once, in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

from tools.entailment.pairs import Label


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many."""

    right: int
    total: int

    @property
    def share(self) -> float:
        """The share; not a number where there are none."""
        return self.right / self.total if self.total else float("nan")


def matches(label: int, guess: int) -> bool:
    """Say whether a guess agrees with a label; neutral and refuted both agree with *does not support*."""
    return guess != Label.SUPPORTS if label == Label.NOT_SUPPORTS else label == guess


def accuracy(labels: Sequence[int], guesses: Sequence[int]) -> float:
    """Return the share of guesses that agree with their labels."""
    return Share(sum(map(matches, labels, guesses)), len(labels)).share


def balanced(labels: Sequence[int], guesses: Sequence[int]) -> float:
    """Return the balanced accuracy of supported against not supported."""
    recalls = []
    for supported in (True, False):
        at = [i for i, label in enumerate(labels) if (label == Label.SUPPORTS) is supported]
        if at:
            recalls.append(sum((guesses[i] == Label.SUPPORTS) is supported for i in at) / len(at))
    return sum(recalls) / len(recalls) if recalls else float("nan")


def twins_right(labels: Sequence[int], guesses: Sequence[int], twins: Sequence[str]) -> Share:
    """Count the claims with one supporting and one refuting evidence for which both were decided right.

    Where a claim has several of either, the first of each counts.
    """
    sides: dict[str, dict[int, int]] = defaultdict(dict)
    for i, (label, twin) in enumerate(zip(labels, twins, strict=True)):
        if twin and label in (Label.SUPPORTS, Label.REFUTES):
            sides[twin].setdefault(label, i)
    whole = [pair for pair in sides.values() if len(pair) == 2]
    return Share(sum(all(guesses[i] == label for label, i in pair.items()) for pair in whole), len(whole))


def softmax(logits: Sequence[float], temperature: float = 1.0) -> list[float]:
    """Return the probabilities of logits at a temperature."""
    top = max(logits)
    powers = [exp((value - top) / temperature) for value in logits]
    total = sum(powers)
    return [power / total for power in powers]


def temperature(logits: Sequence[Sequence[float]], labels: Sequence[int]) -> float:
    """Return the temperature under which the labels are likeliest (Guo et al., 2017), by golden section."""

    def loss(scale: float) -> float:
        total = 0.0
        for values, label in zip(logits, labels, strict=True):
            chances = softmax(values, scale)
            total -= log(max(1 - chances[0] if label == Label.NOT_SUPPORTS else chances[label], 1e-12))
        return total

    low, high = 0.2, 6.0
    ratio = 0.6180339887498949
    one, two = high - ratio * (high - low), low + ratio * (high - low)
    at_one, at_two = loss(one), loss(two)
    while high - low > 0.01:
        if at_one < at_two:
            high, two, at_two = two, one, at_one
            one = high - ratio * (high - low)
            at_one = loss(one)
        else:
            low, one, at_one = one, two, at_two
            two = low + ratio * (high - low)
            at_two = loss(two)
    return (low + high) / 2


def calibration_error(chances: Sequence[float], right: Sequence[bool], *, bins: int = 15) -> float:
    """Return the expected calibration error over bins of equal width."""
    cells: dict[int, list[int]] = defaultdict(list)
    for i, chance in enumerate(chances):
        cells[min(bins - 1, int(chance * bins))].append(i)
    gap = sum(abs(sum(chances[i] for i in cell) - sum(right[i] for i in cell)) for cell in cells.values())
    return gap / len(chances) if chances else float("nan")


def accuracy_at(chances: Sequence[float], right: Sequence[bool], coverage: float) -> float:
    """Return the accuracy on the most confident share of the rows."""
    kept = sorted(range(len(chances)), key=lambda i: -chances[i])[: round(len(chances) * coverage)]
    return Share(sum(right[i] for i in kept), len(kept)).share


def auc(scores: Sequence[float], positive: Sequence[bool]) -> float:
    """Return the chance that a positive row scores above a negative one, ties counting half."""
    order = sorted(range(len(scores)), key=lambda i: scores[i])
    ranks = [0.0] * len(scores)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and scores[order[end + 1]] == scores[order[start]]:
            end += 1
        for place in range(start, end + 1):
            ranks[order[place]] = (start + end) / 2 + 1
        start = end + 1
    count = sum(positive)
    if not 0 < count < len(scores):
        return float("nan")
    total = sum(rank for rank, yes in zip(ranks, positive, strict=True) if yes)
    return (total - count * (count + 1) / 2) / (count * (len(scores) - count))
