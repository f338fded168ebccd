"""Sentences that state two things: *A was X and B is Y*, *A was X and is now Y*."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from guardlayer.claims.grammar import READ_LIMIT, Word, is_finite, main_verb, words_of
from guardlayer.claims.lexicon import (
    ADVERBS,
    AUXILIARIES,
    DETERMINERS,
    PAST_VERBS,
    PREPOSITIONS,
    PRESENT_VERBS,
    PRONOUN_SUBJECTS,
    SUBORDINATORS,
)

__all__ = ["Clause", "clauses_of"]

_GATE: Final = re.compile(r"(?i)\s(?:and|but|while|whereas)\s|;")
_JOINTS: Final = frozenset(("and", "but", "while", "whereas", ";"))
_TALK: Final = frozenset(
    ("said", "says", "believes", "think", "thinks", "claims", "claimed", "reported", "reports", "if", "whether")
)
_CARRIED_LIMIT: Final = 12


class Clause(NamedTuple):
    """A clause of a sentence.

    Attributes:
        start: Offset of its own words in the sentence.
        end: Offset after them.
        subject: The subject it shares with the clause before, to be read in front of it; empty if it has its own.
    """

    start: int
    end: int
    subject: str


def clauses_of(text: str) -> list[Clause]:
    """Return the coordinated clauses of a sentence; one clause if there is nothing to divide, or any doubt.

    Nothing is divided inside quotation marks or brackets, under *if*, *that*, *who* and the like, or where a side
    has no finite verb (names: *Johnson and Johnson*; ranges: *between 3 and 4*).
    """
    whole = [Clause(0, len(text), "")]
    if len(text) > READ_LIMIT or _GATE.search(text) is None or text.rstrip().endswith("?"):
        return whole
    words = words_of(text)
    quoted = False
    depth = 0
    found: list[Clause] = []
    begin = 0  # index of the first word of the clause that is being read
    subject = ""
    verb = -1  # index of its finite verb
    closed = False
    for index, word in enumerate(words):
        low = word.low
        if low in '"“”':
            quoted = not quoted if low == '"' else low == "“"
        elif low in "()":
            depth += 1 if low == "(" else -1
        elif quoted or depth > 0:
            continue
        elif (
            low in SUBORDINATORS and low not in ("while", "whereas", "as", "before", "after", "since", "until")
        ) or low in _TALK:
            if low in ("that", "this") and index == begin:
                continue
            closed = True
        elif (
            verb < 0
            and not closed
            and index > begin - bool(subject)
            and _verb_at(words, index, begin, carried=bool(subject))
        ):
            verb = index
        elif low in _JOINTS and verb >= 0 and not closed and index + 1 < len(words):
            shared = subject or _shared(words, begin, verb, index)
            follows = _clause_after(words, index, verb, shared)
            if follows is None:
                continue
            stop = words[index - 1].start if words[index - 1].low == "," else word.start
            found.append(Clause(words[begin].start if begin else 0, len(text[:stop].rstrip()), subject))
            begin = index + 1
            subject = shared if follows == "shared" else ""
            verb = index + 1 if subject else -1
    if not found:
        return _listed(text, words) or whole
    found.append(Clause(words[begin].start, len(text), subject))
    return found


def _listed(text: str, words: list[Word]) -> list[Clause]:
    """Return the parts of a sentence without a verb that semicolons divide, if each says something."""
    if ";" not in text or any(word.low in '()"“”' for word in words) or main_verb(words) >= 0:
        return []
    ends = [word.start for word in words if word.low == ";"] + [len(text)]
    starts = [0, *(end + 1 for end in ends[:-1])]
    parts = [
        Clause(start + len(text[start:end]) - len(text[start:end].lstrip()), end, "")
        for start, end in zip(starts, ends, strict=True)
    ]
    return parts if all(len(text[part.start : part.end].split()) > 1 for part in parts) else []


def _verb_at(words: list[Word], index: int, begin: int, *, carried: bool) -> bool:
    return (index > begin or carried) and is_finite(words, index)


def _shared(words: list[Word], begin: int, verb: int, joint: int) -> str:
    """Return the subject of the clause read so far, if it is plain enough to be repeated."""
    while verb > begin + 1 and words[verb - 1].low in ADVERBS:
        verb -= 1
    subject = words[begin:verb]
    if not subject or len(subject) > _CARRIED_LIMIT or joint <= verb:
        return ""
    if any(word.low in ',;:()"“”' for word in subject) or subject[0].low in PREPOSITIONS or subject[0].low == "there":
        return ""
    # Words are joined as they stood; only single spaces can have been between the words of a subject that matters.
    return " ".join(word.text for word in subject)


def _clause_after(words: list[Word], joint: int, verb: int, shared: str) -> str | None:
    """Say what follows a joint: ``own`` a clause, ``shared`` a predicate of the same subject, ``None`` neither."""
    at = joint + 1
    ahead = at
    while ahead < len(words) and words[ahead].low in ADVERBS:
        ahead += 1
    if ahead >= len(words):
        return None
    first = words[ahead]
    low = first.low
    if low in AUXILIARIES and "'" not in low and "’" not in low:
        return "shared" if shared and words[joint].low in ("and", "but") and ahead + 1 < len(words) else None
    simple_past = words[verb].low not in AUXILIARIES
    bare = first.text[0].islower()
    if bare and shared and (low in PRESENT_VERBS or (simple_past and (low in PAST_VERBS or low.endswith("ed")))):
        matches = (low in PRESENT_VERBS) == (words[verb].low in PRESENT_VERBS) or words[verb].low in AUXILIARIES
        return (
            "shared"
            if (matches and low in PRESENT_VERBS | PAST_VERBS) or (simple_past and low.endswith("ed"))
            else None
        )
    nominal = low in DETERMINERS or low in PRONOUN_SUBJECTS or first.text[0].isupper() or low in PREPOSITIONS
    # *… is 3%, and refunds are free*: a bare noun is a subject only after a mark, and before a verb that is surely one.
    marked = words[joint].low == ";" or words[joint - 1].low == ","
    if not nominal and not (marked and first.text.isalpha()):
        return None
    for index in range(ahead + 1, min(len(words), ahead + (10 if nominal else 4))):
        word = words[index]
        if word.low in _JOINTS or word.low in SUBORDINATORS or word.low in '"“”(),':
            return None
        if is_finite(words, index) if nominal else word.low in AUXILIARIES:
            return "own"
    return None
