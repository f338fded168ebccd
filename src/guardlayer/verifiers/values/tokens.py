"""The words of a text as the readers of values see them: digits, words and marks apart, with offsets."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\d+(?:[.,'’\u202f\u00a0]\d+)*|[^\W\d_]+|[^\w\s]|_")


class Tokens:
    """A text in tokens; parallel lists, since this is built once for each sentence.

    Attributes:
        text: The text.
        words: Each token in lower case.
        starts: Offset of each token.
        ends: Offset after each token.
    """

    __slots__ = ("ends", "starts", "text", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        low = lower(text)
        words: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        for match in _TOKEN.finditer(low):
            words.append(match.group())
            starts.append(match.start())
            ends.append(match.end())
        self.words, self.starts, self.ends = words, starts, ends

    def raw(self, i: int) -> str:
        """Return token ``i`` as it is written."""
        return self.text[self.starts[i] : self.ends[i]]

    def gap(self, i: int) -> int:
        """Return the number of characters between token ``i`` and the one before it; -1 for the first."""
        return self.starts[i] - self.ends[i - 1] if i else -1

    def capital(self, i: int) -> bool:
        """Say whether token ``i`` begins with a capital letter."""
        return self.text[self.starts[i]].isupper()

    def word(self, i: int) -> str:
        """Return token ``i``, or an empty string outside the text."""
        return self.words[i] if 0 <= i < len(self.words) else ""


def lower(text: str) -> str:
    """Return ``text`` in lower case with every offset kept (``İ`` alone would become longer)."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
