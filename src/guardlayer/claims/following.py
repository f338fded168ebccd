"""Prose that arrives in parts: each sentence is read once, with what the sentences before it left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from guardlayer.claims.blocks import has_markup
from guardlayer.claims.inline import read_inline
from guardlayer.claims.sentences import sentences
from guardlayer.types import Split

__all__ = ["Following", "Outline"]


class Outline(NamedTuple):
    """Where the sentences of a run of prose are.

    Attributes:
        sentences: Their ranges, in order.
        hidden: Ranges of inline markup, in order.
    """

    sentences: list[tuple[int, int]]
    hidden: list[tuple[int, int]]

    def divides(self, end: int) -> bool:
        """Say whether no sentence reaches over ``end``."""
        return not any(left < end < right for left, right in self.sentences)

    def until(self, end: int) -> Outline:
        """Return what lies before ``end``."""
        return Outline(
            [found for found in self.sentences if found[1] <= end], [found for found in self.hidden if found[0] < end]
        )


class Following:
    """Reads prose part by part, with the outcome it would have in one piece. It serves one text.

    What has block markup (lists, tables, headings, fences) is not for it: ask :meth:`reads` first.

    Args:
        read: Reads sentences, given the text, its outline, and the claims before it for as long as they are kept.
        said: The claims of what was read already.
        first: Whether nothing was.
    """

    def __init__(
        self, read: Callable[[str, Outline, Sequence[str]], Split], said: Sequence[str], *, first: bool
    ) -> None:
        self._read = read
        self._said = list(said)
        self._first = first

    @staticmethod
    def reads(text: str) -> bool:
        """Say whether ``text`` is nothing but prose."""
        return not has_markup(text)

    def outline(self, text: str) -> Outline:
        """Return where the sentences of ``text`` would be if it came next; nothing is read yet."""
        inline = read_inline(text, 0, len(text))
        return Outline(sentences(text, 0, len(text), inline.protected, first=self._first), inline.hidden)

    def read(self, text: str, outline: Outline | None = None) -> Split:
        """Read what comes next: whole sentences. Offsets count from the beginning of ``text``.

        Args:
            text: The sentences.
            outline: Where they are, if that is known.
        """
        split = self._read(text, outline or self.outline(text), self._said)
        self._first = False
        self._said += [claim.text for claim in split.claims]
        return split
