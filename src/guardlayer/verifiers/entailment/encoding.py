"""From marked text to token ids: ``[CLS] evidence [SEP] claim [SEP]``; only the evidence is cut.

The network was trained on ids made here, so that this is part of the model: training and use share the code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import AddedToken, Tokenizer

from guardlayer.verifiers.marks import MARKS

MAX_TOKENS = 128
MAX_CLAIM = 72
"""Tokens of a claim that are read; the rest of a longer one is cut, so that evidence is always left."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids of a pair; the claim's part begins at ``border``."""

    ids: list[int]
    border: int


class Encoder:
    """Turns marked pairs into token ids; safe to share between threads.

    Args:
        path: ``tokenizer.json``.
        max_tokens: Most tokens of a pair, the three separators included.

    Raises:
        ValueError: The tokenizer lacks a token that the model needs.
    """

    def __init__(self, path: Path, *, max_tokens: int = MAX_TOKENS) -> None:
        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._tokenizer.add_special_tokens([AddedToken(name, normalized=False) for name in MARKS])
        self._max = max_tokens
        self._start, self._end = self.id_of("[CLS]"), self.id_of("[SEP]")
        self.marks = frozenset(self.id_of(name) for name in MARKS)

    def id_of(self, token: str) -> int:
        """Return the id of a token."""
        found = self._tokenizer.token_to_id(token)
        if found is None:
            raise ValueError(f"the tokenizer has no token {token!r}: use the one of the encoder's own package")
        return int(found)

    def pair(self, evidence: str, claim: str) -> Encoded:
        """Encode one pair of marked texts."""
        tokenizer = self._tokenizer
        return self._joined(
            tokenizer.encode(evidence, add_special_tokens=False).ids,
            tokenizer.encode(claim, add_special_tokens=False).ids,
        )

    def encode(self, evidence: Sequence[str], claims: Sequence[str]) -> list[Encoded]:
        """Encode pairs of marked texts, as :meth:`pair` does each."""
        first = self._tokenizer.encode_batch(list(evidence), add_special_tokens=False)
        second = self._tokenizer.encode_batch(list(claims), add_special_tokens=False)
        return [self._joined(one.ids, two.ids) for one, two in zip(first, second, strict=True)]

    def save(self, path: Path) -> None:
        """Write the tokeniser with its marks."""
        self._tokenizer.save(str(path))

    def _joined(self, evidence: list[int], claim: list[int]) -> Encoded:
        claim = claim[:MAX_CLAIM]
        given = evidence[: self._max - 3 - len(claim)]
        return Encoded([self._start, *given, self._end, *claim, self._end], len(given) + 2)
