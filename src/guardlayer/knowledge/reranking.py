"""The order of the passages that were read: a few signs, weighed by what they told on claims with known evidence.

Which passages are worth reading is decided by words and meaning alone. Among some dozens that were read, more can be
told: whether a word is there in another form, whether what is said *of* the names is there and not the names only,
whether words stand together as in the claim, whether the numbers are there, whether the passage speaks of somebody it
does not name. The weights are fitted by ``python -m tools.entailment rank`` on training claims and kept in
``order.json``; no word, name or number of those claims is in them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from guardlayer.knowledge.ranking import Hit, terms_of
from guardlayer.text import search_terms, tokenize

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIGNS = (
    "share", "cosine", "stems", "names", "rest", "rest_stems", "pairs", "run",
    "length", "pronoun", "pronoun_rest", "pronoun_names", "numbers", "heaviest_missing",
)  # fmt: skip
"""What is looked at, in the order of :func:`signs`."""
_PRONOUNS = frozenset("he she it they his her its their this these those".split())  # noqa: SIM905 - as in text.py
_ENDINGS = (
    "ations", "ation", "ings", "ing", "ers", "er", "ors", "or", "ions", "ion", "ied", "ies", "ed", "es", "ly", "al",
    "s", "y", "e",
)  # fmt: skip
_STEM = 4  # least length of what is left of a word
_HEAVY = 10.0


class Weights(NamedTuple):
    """One hidden layer beside a straight line.

    Attributes:
        mean: Of each sign.
        spread: Of each sign.
        line: Weight of each sign.
        inner: Weights of each sign for each hidden unit.
        start: Of each hidden unit.
        outer: Weight of each hidden unit.
    """

    mean: NDArray[Any]
    spread: NDArray[Any]
    line: NDArray[Any]
    inner: NDArray[Any]
    start: NDArray[Any]
    outer: NDArray[Any]


class _Claim(NamedTuple):
    """What of a text is compared."""

    weights: dict[str, float]
    names: frozenset[str]
    numbers: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]


class _Passage(NamedTuple):
    """What of a passage is compared."""

    words: frozenset[str]
    stems: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    length: float
    pronoun: bool


def reordered(text: str, hits: Sequence[Hit], weights: dict[str, float], cosines: Sequence[float]) -> list[Hit]:
    """Return the hits by how likely each is to decide ``text``; alike ones as they were.

    Args:
        text: What was looked for.
        hits: What was read.
        weights: What each word of the text counts.
        cosines: How near each hit is in meaning.
    """
    if len(hits) < 2:
        return list(hits)
    scores = scored(signs(text, hits, weights, cosines)).tolist()
    return [hits[place] for place in sorted(range(len(hits)), key=lambda place: -scores[place])]


def signs(text: str, hits: Sequence[Hit], weights: dict[str, float], cosines: Sequence[float]) -> NDArray[Any]:
    """Return what :data:`SIGNS` names, one row a hit; shares are of the text's information."""
    import numpy as np

    claim = _claim(text, weights)
    total = sum(weights.values()) or 1.0
    named = sum(weights[word] for word in claim.names)
    joined = [weights[first] + weights[second] for first, second in claim.pairs]
    rows = []
    for hit, cosine in zip(hits, cosines, strict=True):
        passage = _passage(hit.evidence.text)
        above = frozenset(terms_of(hit.lead)) if hit.lead else frozenset()
        held = {word for word in weights if word in passage.words or word in above}
        alike = held | {word for word in weights if _stem(word) in passage.stems}
        names = sum(weights[word] for word in held & claim.names)
        rest = sum(weights[word] for word in held) - names
        rest_stems = sum(weights[word] for word in alike - claim.names)
        share_of_rest = rest / (total - named) if total > named else 1.0
        share_of_stems = rest_stems / (total - named) if total > named else 1.0
        share_of_names = names / named if named else 1.0
        together = [weight if pair in passage.pairs else 0.0 for pair, weight in zip(claim.pairs, joined, strict=True)]
        numbers = sum(word in held for word in claim.numbers) / len(claim.numbers) if claim.numbers else 0.5
        rows.append(
            (
                hit.evidence.score, cosine, sum(weights[word] for word in alike) / total, share_of_names,
                share_of_rest, share_of_stems, sum(together) / (sum(joined) or 1.0),
                _longest(together) / (sum(joined) or 1.0), passage.length, passage.pronoun,
                passage.pronoun * share_of_stems, passage.pronoun * share_of_names, numbers,
                max((weight for word, weight in weights.items() if word not in held), default=0.0) / _HEAVY,
            )
        )  # fmt: skip
    return np.array(rows, dtype=np.float64)


def scored(values: NDArray[Any], weights: Weights | None = None) -> NDArray[Any]:
    """Return one number a row of :func:`signs`: the higher, the likelier. Not given, the weights are those shipped."""
    import numpy as np

    fitted = weights or _weights()
    scaled = (values - fitted.mean) / fitted.spread
    scores: NDArray[Any] = scaled @ fitted.line + np.tanh(scaled @ fitted.inner + fitted.start) @ fitted.outer
    return scores


@lru_cache(maxsize=1)
def _weights() -> Weights:
    import numpy as np

    stored = json.loads(Path(__file__).with_name("order.json").read_text(encoding="utf-8"))
    return Weights(*(np.array(stored[name], dtype=np.float64) for name in Weights._fields))


def _claim(text: str, weights: dict[str, float]) -> _Claim:
    tokens = [token for token in tokenize(text) if token.norm[:1].isalnum()]
    names: set[str] = set()
    for place, token in enumerate(tokens):
        # The first word is written with a capital whatever it is; before another capital it is part of a name.
        following = tokens[place + 1].text if place == 0 and len(tokens) > 1 else token.text
        if token.text[0].isupper() and following[:1].isupper():
            names.update(word for word in search_terms(token.text) if word in weights)
    terms = [word for word in terms_of(text) if word in weights]
    numbers = tuple(word for word in weights if word[0].isdigit())
    return _Claim(weights, frozenset(names), numbers, tuple(pairwise(terms)))


@lru_cache(maxsize=8_192)
def _passage(text: str) -> _Passage:
    terms = terms_of(text)
    first = text.split(None, 1)[0].lower() if text.strip() else ""
    return _Passage(
        frozenset(terms),
        frozenset(map(_stem, terms)),
        frozenset(pairwise(terms)),
        math.log(len(terms) + 1),
        first in _PRONOUNS,
    )


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    """Return a word without its commonest endings: enough to see *directed* in *director*, wrong at times."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM:
            return word[: -len(ending)]
    return word


def _longest(weights: Sequence[float]) -> float:
    best = run = 0.0
    for weight in weights:
        run = run + weight if weight else 0.0
        best = max(best, run)
    return best
