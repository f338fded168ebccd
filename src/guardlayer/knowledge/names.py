"""Which entities a text names.

Names are looked up as sequences of folded words, longest first, so "Acme Corporation" is found before "Acme". Names
added a moment ago stand in a dictionary and are found at once; when there are many of them they are moved into an
Aho-Corasick automaton whose letters are whole words, which holds a million names and reads a text once, however many
names begin with the same word. A name with a legal form is found with the other spelling of it ("Acme Corp.").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guardlayer.knowledge.entities.cautious import Caution, caution, written
from guardlayer.text import Token, tokenize
from guardlayer.types import Span

MAX_WORDS = 16
"""Names longer than this are found by their first 16 words only."""
DELTA = 20_000
"""So many names stand in the dictionary before the first automaton is built."""

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

    def __init__(self, *, delta: int = DELTA) -> None:
        self._limit = delta
        self._entities: dict[str, tuple[int, ...]] = {}
        self._longest: dict[str, int] = {}
        self._segments: tuple[_Segment, ...] = ()
        self._proper: set[str] = set()
        self._careful: dict[str, tuple[tuple[int, Caution, str], ...]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, entity: int, names: Iterable[str]) -> None:
        """Let each of ``names`` stand for ``entity``, beside whatever else it stands for."""
        for name in names:
            words = words_of(tokenize(name))[:MAX_WORDS]
            if not words or not words[0]:
                continue
            norm = " ".join(words)
            known = self._entities.get(norm, ())
            if entity not in known:
                self._entities[norm] = (*known, entity)
                self._count += 1
            self._longest[words[0]] = max(len(words), self._longest.get(words[0], 0))
            if len(words) == 1 and not name.islower():
                self._proper.add(norm)
            degree = caution(name)
            if degree is not Caution.FREE:
                self._careful[norm] = (*self._careful.get(norm, ()), (entity, degree, name))
        # A segment once built is never touched again, and there are few: each has half the size of all before it, or
        # more. It is set before the dictionary is emptied, so that no reader misses a name.
        if len(self._entities) > max(self._limit, sum(s.size for s in self._segments) // 2):
            self._segments = (*self._segments, _Segment(self._entities))
            self._entities, self._longest = {}, {}

    def lookup(self, tokens: Sequence[Token]) -> tuple[int, ...]:
        """Return the entities that a name, given by all its words, may stand for."""
        return self.bearers(" ".join(words_of(tokens)[:MAX_WORDS]))

    def bearers(self, norm: str) -> tuple[int, ...]:
        """Return the entities that a name, as :attr:`Mention.norm` has it, may stand for."""
        entities = self._entities.get(norm, ())
        for segment in self._segments:
            entities = (*entities, *segment.lookup(norm.split(" ")))
        return tuple(dict.fromkeys(entities))

    def find(self, tokens: Sequence[Token], *, lenient: bool = False) -> list[Mention]:
        """Return the names in ``tokens``, left to right, the longest at each place, none overlapping.

        A single word that is a proper name ("Apple") is not found in lower case ("apple"), unless nothing in the text
        has capitals. A name that is a word too ("Target", "It") must be written as a name.

        Args:
            tokens: The words of the text.
            lenient: Whether a text whose only capital begins it counts as one without capitals, as people type.
        """
        found = []
        known, longest, segments = self._entities, self._longest, self._segments  # in this order: see add
        position, count = 0, len(tokens)
        words: Sequence[str] | None = None
        capitals: bool | None = None
        wide: Mapping[int, dict[int, tuple[int, ...]]] = {}
        if segments:
            words = [t.norm for t in tokens]
            wide = _spread(segments, words)
        while position < count:
            token = tokens[position]
            size = min(longest.get(token.norm, 0), count - position)
            here = wide.get(position)
            if here:
                size = max(size, *here)
            while size:
                if size == 1:
                    norm = token.norm
                else:
                    words = words if words is not None else [t.norm for t in tokens]
                    norm = " ".join((token.norm, *(_FORMS.get(w, w) for w in words[position + 1 : position + size])))
                entities = known.get(norm, ())
                if here and size in here:
                    entities = tuple(dict.fromkeys((*here[size], *entities)))
                wary = False
                if entities and norm in self._careful:
                    entities, wary = self._guarded(norm, entities, tokens, position, position + size)
                elif entities and size == 1 and norm in self._proper and token.text.islower():
                    if capitals is None:
                        capitals = any(t.text != t.text.lower() for t in tokens[lenient:])
                    entities = () if capitals else entities
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


class _Segment:
    """Names in an automaton that is complete: letters are numbers of words, values are entities."""

    def __init__(self, names: Mapping[str, tuple[int, ...]]) -> None:
        # Only who has many names pays for the wheel.
        import ahocorasick

        self.size = len(names)
        self._words: dict[str, int] = {}
        self._several: list[tuple[int, ...]] = []
        self._automaton: Any = ahocorasick.Automaton(ahocorasick.STORE_INTS, ahocorasick.KEY_SEQUENCE)
        number = self._words
        for norm, entities in names.items():
            words = [_FORMS.get(word, word) for word in norm.split(" ")]
            letters = tuple([number.setdefault(word, len(number) + 1) for word in words])
            if len(entities) == 1:
                value = entities[0] << 1
            else:
                value = len(self._several) << 1 | 1
                self._several.append(entities)
            self._automaton.add_word(letters, value << 5 | len(letters))
        self._automaton.make_automaton()

    def lookup(self, words: Sequence[str]) -> tuple[int, ...]:
        letters = tuple([self._words.get(_FORMS.get(word, word), 0) for word in words])
        value = self._automaton.get(letters, None) if all(letters) else None
        return () if value is None else self._entities(value >> 5)

    def hits(self, words: Sequence[str]) -> Iterable[tuple[int, int, tuple[int, ...]]]:
        """Yield (first word, number of words, entities) of every name in a text."""
        get = self._words.get
        for end, value in self._automaton.iter(tuple([get(_FORMS.get(word, word), 0) for word in words])):
            size = value & 31
            yield end + 1 - size, size, self._entities(value >> 5)

    def _entities(self, value: int) -> tuple[int, ...]:
        return self._several[value >> 1] if value & 1 else (value >> 1,)


def words_of(tokens: Sequence[Token]) -> list[str]:
    """Return the folded words of a name, with legal forms behind the first in their short spelling."""
    return [_FORMS.get(token.norm, token.norm) if index else token.norm for index, token in enumerate(tokens)]


def _spread(segments: Iterable[_Segment], words: Sequence[str]) -> dict[int, dict[int, tuple[int, ...]]]:
    wide: dict[int, dict[int, tuple[int, ...]]] = {}
    for segment in segments:
        for first, size, entities in segment.hits(words):
            here = wide.setdefault(first, {})
            here[size] = tuple(dict.fromkeys((*here.get(size, ()), *entities)))
    return wide
