"""A small BM25 over sentences, to find for a claim that nobody decided the sentence that comes nearest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import log

from guardlayer.verifiers.entailment.windows import words

__all__ = ["SentenceIndex", "words"]

_K1, _B = 1.2, 0.5
_COMMON = 0.02
"""Words in more than this share of the sentences are not searched for; they say nothing about the topic."""


class SentenceIndex:
    """Finds sentences by their rare words (Robertson and Zaragoza, 2009).

    Args:
        texts: The sentences; what is found are their positions.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._lengths: list[int] = []
        postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for position, text in enumerate(texts):
            counts = Counter(words(text))
            self._lengths.append(sum(counts.values()))
            for word, count in counts.items():
                postings[word].append((position, count))
        total = len(texts)
        limit = max(20, int(total * _COMMON))
        self._postings = {word: found for word, found in postings.items() if len(found) <= limit}
        self._mean = sum(self._lengths) / max(total, 1)
        self._total = total

    def nearest(self, query: str, count: int) -> list[int]:
        """Return the positions of up to ``count`` sentences, the best one first."""
        scores: dict[int, float] = defaultdict(float)
        for word in set(words(query)):
            found = self._postings.get(word)
            if found is None:
                continue
            weight = log(1 + (self._total - len(found) + 0.5) / (len(found) + 0.5))
            for position, times in found:
                length = 1 - _B + _B * self._lengths[position] / self._mean
                scores[position] += weight * times * (_K1 + 1) / (times + _K1 * length)
        return sorted(scores, key=lambda position: (-scores[position], position))[:count]
