"""The weights of the trained classifier: a file of whole numbers, one for each sign.

Sums of whole numbers do not depend on their order, and the two operations that follow (a square root and a division)
are rounded the same way on every machine (IEEE 754), so a claim has the same kind everywhere, to the bit.

The file is text: a header (one line of JSON), the weights (one line), then the signs, one a line, in the same order.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import sqrt
from typing import Any, Final

from guardlayer.errors import ConfigError
from guardlayer.kinds.signs import SPOKEN, VERSION, signs

__all__ = ["SHIPPED", "Model", "dumps", "loads", "shipped"]

SHIPPED: Final = "kinds-2.tsv"
"""Name of the file of weights in the package."""

_FORMAT: Final = 2


@dataclass(frozen=True, slots=True)
class Model:
    """A linear model over signs.

    Attributes:
        name: Of the model, with its version.
        digest: SHA-256 of weights and signs, in hexadecimal.
        weights: Weight of a sign; above 0 speaks for a fact.
        bias: Margin of a claim without a known sign.
        spoken: What is added to the margin of talk.
        scale: Whole numbers in a margin of 1.
        edges: Margins at which the share of facts changes, rising.
        shares: Share of facts below, between and above the edges; one more than there are edges.
    """

    name: str
    digest: str
    weights: Mapping[str, int]
    bias: int
    spoken: int
    scale: int
    edges: tuple[float, ...]
    shares: tuple[float, ...]

    def margin(self, text: str) -> float:
        """Return how far ``text`` is on the side of the facts: above 0 it is one."""
        seen = signs(text)
        weight = self.weights.get
        total = 0
        for sign in seen:
            total += weight(sign, 0)
        bias = self.bias + self.spoken if SPOKEN in seen else self.bias
        return (total / sqrt(len(seen)) + bias) / self.scale

    def share(self, margin: float) -> float:
        """Return how many of a hundred claims with this margin are facts, as a share of 1."""
        return self.shares[bisect_right(self.edges, margin)]

    def reasons(self, text: str, *, limit: int = 5) -> tuple[tuple[str, float], ...]:
        """Return the signs in ``text`` that decide most, with their part in the margin, strongest first."""
        seen = signs(text)
        root = sqrt(len(seen)) * self.scale
        parts = [(sign, self.weights[sign] / root) for sign in seen if sign in self.weights]
        return tuple(sorted(parts, key=lambda part: (-abs(part[1]), part[0]))[:limit])


@cache
def shipped() -> Model:
    """Return the model in the package; it is read once, when it is first needed.

    Raises:
        ConfigError: The file is damaged, or belongs to another version of the signs.
    """
    return loads(files("guardlayer.kinds").joinpath("data", SHIPPED).read_text(encoding="utf-8"), name=SHIPPED)


def loads(text: str, *, name: str = "model") -> Model:
    """Read a model.

    Args:
        text: What :func:`dumps` wrote.
        name: What messages call it.

    Raises:
        ConfigError: It is damaged, or belongs to another version of the signs.
    """
    head, _, body = text.partition("\n")
    try:
        header: dict[str, Any] = json.loads(head)
        numbers, _, words = body.partition("\n")
        names = words.split("\n")[:-1]
        values = list(map(int, numbers.split()))
        found = Model(
            header["name"],
            header["sha256"],
            dict(zip(names, values, strict=True)),
            header["bias"],
            header["spoken"],
            header["scale"],
            tuple(header["edges"]),
            tuple(header["shares"]),
        )
        made_for = (header["format"], header["signs"])
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{name} is no claim-kinds model: {error}; install the package again") from error
    if made_for != (_FORMAT, VERSION):
        raise ConfigError(
            f"{name} is of format {made_for[0]} for signs {made_for[1]}; this version reads format {_FORMAT} for signs"
            f" {VERSION}: train it again with `python -m tools.kinds train`"
        )
    if _digest(body) != found.digest:
        raise ConfigError(f"{name} does not match its digest: it was changed or cut off; install the package again")
    return found


def dumps(
    weights: Mapping[str, int],
    *,
    name: str,
    bias: int,
    spoken: int,
    scale: int,
    edges: Iterable[float],
    shares: Iterable[float],
) -> str:
    """Write a model as text, signs in order, with the digest of the weights and signs in its header."""
    names = sorted(weights)
    body = " ".join(str(weights[name]) for name in names) + "\n" + "".join(f"{name}\n" for name in names)
    header = {
        "format": _FORMAT,
        "name": name,
        "signs": VERSION,
        "bias": bias,
        "spoken": spoken,
        "scale": scale,
        "edges": list(edges),
        "shares": list(shares),
        "sha256": _digest(body),
    }
    return f"{json.dumps(header)}\n{body}"


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
