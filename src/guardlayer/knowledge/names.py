"""Which entities a text names.

Names are looked up as sequences of folded words, longest first, so "Acme Corporation" is found before "Acme"; a name
added a moment ago is found at once, for the index is a plain dictionary. Time is linear in the text: at each word at
most as many look-ups are made as the longest name beginning with that word has words. A name with a legal form is found
with the other spelling of it ("Acme Corp."). docs/design/entities.md says why this is no automaton.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from guardlayer.knowledge.entities.cautious import Caution, caution, is_function, is_noun, written
from guardlayer.text import Token, tokenize
from guardlayer.types import Span

MAX_WORDS = 16
"""Names longer than this are found by their first 16 words only."""
_SIMPLE = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)*\Z")

_FORMS = {"corporation": "corp", "incorporated": "inc", "limited": "ltd", "company": "co", "&": "and"}


@dataclass(frozen=True, slots=True)
class Mention:
    """A name found in a text.

    Attributes:
        first: Index of its first token.
        last: Index after its last token.
        span: Where it stands in the text.
        entities: Ids of the entities it may stand for; more than one is an ambiguity.
        norm: Its folded words, as the name is looked up.
        wary: Whether the name is a word or a letter too, so that something else must speak for it.
    """

    first: int
    last: int
    span: Span
    entities: tuple[int, ...]
    norm: str = ""
    wary: bool = False


class NameIndex:
    """Names of entities, by their folded words. Many threads may read it while one adds."""

    def __init__(self) -> None:
        self._entities: dict[str, tuple[int, ...]] = {}
        self._longest: dict[str, int] = {}
        self._proper: set[str] = set()
        self._careful: dict[str, tuple[tuple[int, Caution, str], ...]] = {}

    def __len__(self) -> int:
        return len(self._entities)

    def add(self, entity: int, names: Iterable[str]) -> None:
        """Let each of ``names`` stand for ``entity``, beside whatever else it stands for."""
        for name in names:
            if _SIMPLE.match(name):  # what reading the words would come to, in a tenth of the time
                words = [_FORMS.get(w, w) if i else w for i, w in enumerate(name.lower().split(" "))][:MAX_WORDS]
            else:
                words = words_of(tokenize(name))[:MAX_WORDS]
            if not words or not words[0]:
                continue
            norm = " ".join(words)
            known = self._entities.get(norm, ())
            if entity not in known:
                self._entities[norm] = (*known, entity)
            self._longest[words[0]] = max(len(words), self._longest.get(words[0], 0))
            if len(words) == 1 and not name.islower():
                self._proper.add(norm)
            degree = caution(name, words)
            if degree is not Caution.FREE:
                self._careful[norm] = (*self._careful.get(norm, ()), (entity, degree, name))

    def lookup(self, tokens: Sequence[Token]) -> tuple[int, ...]:
        """Return the entities that a name, given by all its words, may stand for."""
        return self.bearers(" ".join(words_of(tokens)[:MAX_WORDS]))

    def bearers(self, norm: str) -> tuple[int, ...]:
        """Return the entities that a name, as :attr:`Mention.norm` has it, may stand for."""
        return self._entities.get(norm, ())

    def find(self, tokens: Sequence[Token], *, lenient: bool = False) -> list[Mention]:
        """Return the names in ``tokens``, left to right, the longest at each place, none overlapping.

        A single word that is a proper name ("Apple") is not found in lower case ("apple"), unless nothing in the text
        has capitals. A name that is a word too ("Target", "It") must be written as a name.

        Args:
            tokens: The words of the text.
            lenient: Whether it is what a person typed, who may write a name in lower case: then only nouns ("apple")
                are none in lower case among capitals, and a word ("target") may be one where there are no capitals.
        """
        found = []
        longest = self._longest
        position, count = 0, len(tokens)
        words: Sequence[str] | None = None
        capitals: bool | None = None
        while position < count:
            token = tokens[position]
            size = min(longest.get(token.norm, 0), count - position)
            while size:
                if size == 1:
                    norm = token.norm
                else:
                    words = words if words is not None else [t.norm for t in tokens]
                    norm = " ".join((token.norm, *(_FORMS.get(w, w) for w in words[position + 1 : position + size])))
                entities = self._entities.get(norm, ())
                wary = False
                if entities and norm in self._careful:
                    if capitals is None:
                        capitals = any(t.text != t.text.lower() for t in tokens)
                    if lenient and not capitals and not is_function(norm):
                        wary = True
                    else:
                        entities, wary = self._guarded(norm, entities, tokens, position, position + size)
                elif entities and size == 1 and norm in self._proper and token.text.islower():
                    if capitals is None:
                        capitals = any(t.text != t.text.lower() for t in tokens)
                    entities = () if capitals and (not lenient or is_noun(norm)) else entities
                if entities:
                    span = Span(token.start, tokens[position + size - 1].end)
                    found.append(Mention(position, position + size, span, entities, norm, wary))
                    position += size
                    break
                size -= 1
            else:
                position += 1
        return found

    def find_in(self, text: str) -> list[Mention]:
        """Return the names in ``text``; see :meth:`find`."""
        return self.find(tokenize(text))

    def _guarded(
        self, norm: str, entities: tuple[int, ...], tokens: Sequence[Token], first: int, last: int
    ) -> tuple[tuple[int, ...], bool]:
        """Return the entities whose name is written as a name here, and whether more must speak for them."""
        careful = self._careful[norm]
        seen = {entity for entity, _, _ in careful}
        plain = [entity for entity in entities if entity not in seen]
        fit = [(entity, degree) for entity, degree, name in careful if written(name, degree, tokens, first, last)]
        wary = not plain and all(degree >= Caution.CONTEXT for _, degree in fit)
        return tuple(dict.fromkeys([*plain, *(entity for entity, _ in fit)])), wary


def words_of(tokens: Sequence[Token]) -> list[str]:
    """Return the folded words of a name, with legal forms behind the first in their short spelling."""
    return [_FORMS.get(token.norm, token.norm) if index else token.norm for index, token in enumerate(tokens)]
