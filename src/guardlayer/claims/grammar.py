"""What can be told of a sentence from its words alone: its finite verb, its subject, whether it is a fragment."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from guardlayer.claims.lexicon import (
    ADVERBS,
    AUXILIARIES,
    DETERMINERS,
    ED_NOUNS,
    OTHER_VERBS,
    PARTICIPLES,
    PAST_VERBS,
    PREPOSITIONS,
    PRESENT_VERBS,
    PRONOUN_SUBJECTS,
    RELATIVES,
)

__all__ = ["READ_LIMIT", "Word", "is_finite", "main_verb", "words_of"]

READ_LIMIT: Final = 1000
"""Sentences longer than this, in code points, are taken as they stand."""

_WORD: Final = re.compile(r"[^\W_]+(?:['’.\-&][^\W_]+)*|[,;:()\"“”]")
_SPEAKERS: Final = frozenset(("i", "we", "they"))
_COORDINATORS: Final = frozenset(("and", "or", "but"))


class Word(NamedTuple):
    """A word or a mark of punctuation, with its offsets.

    Attributes:
        text: As it stands.
        low: In lower case.
        start: Offset of its first character.
        end: Offset after its last.
    """

    text: str
    low: str
    start: int
    end: int


_new = tuple.__new__


def words_of(text: str) -> list[Word]:
    """Return the words of ``text`` and the punctuation that divides clauses; sentences are read once."""
    return list(_remembered(text)) if len(text) <= READ_LIMIT else _words(text)


def _words(text: str) -> list[Word]:
    # The tuple's own constructor: the named tuple's takes as long again, and every word passes here.
    return [_new(Word, (m[0], m[0].lower(), m.start(), m.end())) for m in _WORD.finditer(text)]


@lru_cache(maxsize=2048)
def _remembered(text: str) -> tuple[Word, ...]:
    return tuple(_words(text))


def is_finite(words: list[Word], at: int) -> bool:
    """Say whether the word at ``at`` can be the finite verb of a clause whose subject stands before it."""
    word = words[at]
    low = word.low
    if low in AUXILIARIES or low in OTHER_VERBS:
        # Inside a sentence only a name or a month has the capital: Theresa May, 5 May, George Will.
        return at == 0 or word.text not in ("May", "Will")
    if at == 0 or word.text[0].isupper():
        return False
    before = words[at - 1]
    if at == 1 and before.low in _SPEAKERS:
        return low not in PREPOSITIONS and low not in DETERMINERS and low not in _COORDINATORS and low[0].isalpha()
    if before.low in _COORDINATORS or before.low in PREPOSITIONS or before.low in DETERMINERS:
        return False
    if low in PRESENT_VERBS:
        return before.text[-1].isalnum()
    if low in PAST_VERBS and low not in PARTICIPLES:
        return before.text[-1].isalnum()
    past = low in PAST_VERBS or (low.endswith("ed") and len(low) > 3 and low not in ED_NOUNS)
    if not past:
        return False
    following = words[at + 1].low if at + 1 < len(words) else ""
    while at > 1 and before.low in ADVERBS:
        at -= 1
        before = words[at - 1]
    if not before.text[-1].isalnum() or before.low in AUXILIARIES:
        return False
    if before.text[0].isupper() or before.low in PRONOUN_SUBJECTS:
        return True
    return words[0].low in DETERMINERS and following not in ("by", "in", "at", "as", "of", "to")


def main_verb(words: list[Word]) -> int:
    """Return the index of the finite verb of the main clause, or -1 for a fragment.

    A relative clause after a comma runs to the next comma; one without a comma has one verb. A verb right after
    *and* shares a subject that must have been seen before.
    """
    relative = bracketed = False
    after_comma = False
    for index, word in enumerate(words):
        if word.low in "()":
            bracketed = word.low == "("
        elif bracketed:
            continue
        elif word.low in RELATIVES and index > 0:
            relative = True
            after_comma = words[index - 1].low == ","
        elif relative and word.low == ",":
            relative = False
        elif is_finite(words, index):
            if relative:
                adjoins = index + 1 < len(words) and words[index + 1].low in AUXILIARIES
                relative = after_comma or adjoins
            elif index > 0 and words[index - 1].low not in _COORDINATORS:
                return index
            elif index == 0 and word.low not in ("may", "will", "can") and len(words) > 1:
                # An inverted question, or a contraction that is its own subject (it's, they're).
                return 0 if "'" in word.low or "’" in word.low or words[1].low in PRONOUN_SUBJECTS else -1
    return -1
