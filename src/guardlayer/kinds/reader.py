"""A second reader for sentences that the linear model is not sure of: a line through the text encoder's vectors.

The linear model knows words and shapes; an encoder knows what a sentence is like that has none of the known ones. It
costs a millisecond or two, so it is asked only where it can decide.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Protocol

from guardlayer.errors import ConfigError

__all__ = ["PROBE", "READER", "Encoder", "Head", "Reader", "head"]

READER: Final = "reader-2.json"
"""Name of the head's file in the package."""

PROBE: Final = "What a lovely evening, and what a dull speech."

_NEAR: Final = 1.0
"""How far the margin of the probe may be off; builds of the same encoder differ by a few tenths."""


class Encoder(Protocol):
    """Turns texts into vectors; see :class:`guardlayer.knowledge.dense.encoder.TextEncoder`."""

    @property
    def digest(self) -> str:
        """What identifies the encoder."""
        ...

    def encode(self, texts: Sequence[str]) -> Iterable[Iterable[float]]:
        """Return one vector a text, each of length 1."""
        ...


@dataclass(frozen=True, slots=True)
class Head:
    """A line through an encoder's vectors.

    Attributes:
        encoder: Digest of the encoder that it was made with; another build of the same encoder does as well.
        weights: One a direction.
        bias: Margin of the zero vector.
        probe: Margin of ``PROBE``, by which an encoder is known that does.
    """

    encoder: str
    weights: tuple[float, ...]
    bias: float
    probe: float

    def margin(self, vector: Iterable[float]) -> float:
        """Return how far a vector is on the side of the facts."""
        return sum(weight * float(value) for weight, value in zip(self.weights, vector, strict=True)) + self.bias


class Reader:
    """Reads a sentence by its vector.

    Args:
        encoder: The encoder; loaded when it is first asked.
        line: Another head than the shipped one.
    """

    def __init__(self, encoder: Encoder, *, line: Head | None = None) -> None:
        self._encoder = encoder
        self._head = line or head()
        self._known = False

    def margin(self, text: str) -> float:
        """Return how far ``text`` is on the side of the facts.

        Raises:
            ConfigError: The head was made for another encoder.
        """
        if not self._known:
            self._known = self._fits()
        (vector,) = self._encoder.encode([text])
        return self._head.margin(vector)

    def _fits(self) -> bool:
        (vector,) = self._encoder.encode([PROBE])
        values = tuple(vector)
        if len(values) != len(self._head.weights) or abs(self._head.margin(values) - self._head.probe) > _NEAR:
            raise ConfigError(
                f"the kinds' reader was made with the encoder {self._head.encoder[:23]}…, and"
                f" {self._encoder.digest[:23]}… is another: use the encoder of the package, or make a head for yours"
                " with `python -m tools.kinds teach`"
            )
        return True


@cache
def head() -> Head:
    """Return the head in the package.

    Raises:
        ConfigError: The file is damaged.
    """
    return loads(files("guardlayer.kinds").joinpath("data", READER).read_text(encoding="utf-8"))


def loads(text: str) -> Head:
    """Read a head.

    Raises:
        ConfigError: It is damaged.
    """
    try:
        found: dict[str, Any] = json.loads(text)
        return Head(
            str(found["encoder"]), tuple(map(float, found["weights"])), float(found["bias"]), float(found["probe"])
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{READER} is no head of a reader: {error}; install the package again") from error


def dumps(line: Head) -> str:
    """Write a head."""
    weights = [round(weight, 4) for weight in line.weights]
    found = {"encoder": line.encoder, "bias": round(line.bias, 4), "probe": round(line.probe, 4), "weights": weights}
    return json.dumps(found) + "\n"
