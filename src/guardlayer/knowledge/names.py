"""Which entities a text names.

Names are looked up as sequences of folded words, longest first, so "Acme Corporation" is found before "Acme", and both
are found; a name added a moment ago is found at once, for the index is a plain dictionary. Time is linear in the text:
at each word at most as many look-ups are made as the longest name beginning with that word has words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from guardlayer.text import Token, key, tokenize
from guardlayer.types import Span

MAX_WORDS = 16
"""Names longer than this are found by their first 16 words only."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A name found in a text.

    Attributes:
        first: Index of its first token.
        last: Index after its last token.
        span: Where it stands in the text.
        entities: Ids of the entities it may stand for; more than one is an ambiguity.
    """

    first: int
    last: int
    span: Span
    entities: tuple[int, ...]


class NameIndex:
    """Names of entities, by their folded words."""

    def __init__(self) -> None:
        self._entities: dict[str, tuple[int, ...]] = {}
        self._longest: dict[str, int] = {}
        self._proper: set[str] = set()

    def __len__(self) -> int:
        return len(self._entities)

    def add(self, entity: int, names: Iterable[str]) -> None:
        """Let each of ``names`` stand for ``entity``, beside whatever else it stands for."""
        for name in names:
            words = key(name).split(" ")[:MAX_WORDS]
            if not words[0]:
                continue
            norm = " ".join(words)
            known = self._entities.get(norm, ())
            if entity not in known:
                self._entities[norm] = (*known, entity)
            self._longest[words[0]] = max(len(words), self._longest.get(words[0], 0))
            if len(words) == 1 and not name.islower():
                self._proper.add(norm)

    def find(self, tokens: Sequence[Token]) -> list[Mention]:
        """Return the names in ``tokens``, left to right, the longest at each place, none overlapping.

        A single word that is a proper name ("Apple") is not found in lower case ("apple"), unless nothing in the text
        has capitals.
        """
        found = []
        longest = self._longest
        position, count = 0, len(tokens)
        caps: bool | None = None
        while position < count:
            token = tokens[position]
            size = min(longest.get(token.norm, 0), count - position)
            while size:
                norm = token.norm if size == 1 else " ".join(t.norm for t in tokens[position : position + size])
                entities = self._entities.get(norm)
                if entities and size == 1 and norm in self._proper and token.text.islower():
                    caps = any(not t.text.islower() for t in tokens) if caps is None else caps
                    entities = None if caps else entities
                if entities:
                    span = Span(token.start, tokens[position + size - 1].end)
                    found.append(Mention(position, position + size, span, entities))
                    position += size
                    break
                size -= 1
            else:
                position += 1
        return found

    def find_in(self, text: str) -> list[Mention]:
        """Return the names in ``text``; see :meth:`find`."""
        return self.find(tokenize(text))
