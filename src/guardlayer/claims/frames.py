"""Frames, and the parts of a question that they are made of: its subject, its verb, the names in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from guardlayer.claims.lexicon import (
    ADVERBS,
    BARE_VERBS,
    DETERMINERS,
    ED_NOUNS,
    IRREGULAR_PAST,
    JOINING,
    NOUN_VERBS,
    PARTICIPLES,
    PREPOSITIONS,
    PRONOUN_SUBJECTS,
)

__all__ = [
    "COPULAS",
    "DO",
    "HAVE",
    "MODALS",
    "Frame",
    "about",
    "capitalised",
    "inflected",
    "is_participle",
    "name_end",
    "owner_end",
    "verb_index",
]

COPULAS: Final = frozenset(("is", "are", "was", "were", "am"))
DO: Final = frozenset(("does", "do", "did"))
HAVE: Final = frozenset(("has", "have", "had"))
MODALS: Final = frozenset(("can", "could", "will", "would", "should", "must", "may", "might"))
_PARTICLES: Final = JOINING | {"and"}


@dataclass(frozen=True, slots=True)
class Frame:
    """How a fragment completes a question.

    Attributes:
        before: Words that go before the fragment.
        after: Words that go after it.
        subject: What the question is about, where a pronoun at the start of the answer would mean it.
        plural: Whether that is more than one thing.
        yes: What *yes* says; empty if it is no yes/no question.
        no: What *no* says.
        polar: Whether it is a yes/no question.
        gap_before: Words before the value that a yes/no question proposes; empty if it proposes none.
        gap_after: Words after that value.
        figure: Whether that value is a figure.
        swap: Words after another name in the place of the one that a yes/no question proposes.
        open: Whether the question is an unfinished statement.
        place: Whether a bare name answers *where*.
        time: Whether a bare date answers *when*, so that it takes a preposition.
    """

    before: str
    after: str = ""
    subject: str = ""
    plural: bool = False
    yes: str = ""
    no: str = ""
    polar: bool = False
    gap_before: str = ""
    gap_after: str = ""
    figure: bool = False
    swap: str = ""
    open: bool = False
    place: bool = False
    time: bool = False

    def gap_for(self, fragment: str, says: bool | None) -> Frame:
        """Return the frame in which ``fragment`` answers a yes/no question.

        It takes the place of the value that was asked about where it is of the same sort, so that the claim does not
        repeat that value.

        Args:
            fragment: What the answer says beside yes or no.
            says: ``True`` for yes, ``False`` for no, ``None`` for neither.
        """
        first = fragment.split(None, 1)[0].strip(".,;")
        low = first.lower()
        figure = any(map(str.isdigit, fragment))
        function_word = low in PREPOSITIONS or low in DETERMINERS
        if self.swap and first[:1].isupper() and not function_word:
            return Frame("", self.swap)
        if self.gap_before and figure == self.figure and (figure or function_word or first[:1].isupper()):
            before = self.gap_before
            last = before.rsplit(None, 1)[-1].lower()
            if low in PREPOSITIONS and last in PREPOSITIONS:
                before = before[: -len(last) - 1]
            return Frame(before, self.gap_after if not figure or " " not in fragment else "")
        if says is None:
            return Frame(self.before)
        joint = " " if says and (low in PREPOSITIONS or first[:1].islower()) else ", "
        return Frame(f"{(self.yes if says else self.no).rstrip('.')}{joint}")


def about(words: list[str]) -> str:
    """Return the subject of a question for a pronoun to stand for, unless it is a pronoun itself."""
    if not words or len(words) > 12 or words[0].lower() in PRONOUN_SUBJECTS:
        return ""
    return capitalised(" ".join(words))


def is_participle(low: str) -> bool:
    """Say whether a word in lower case is a participle by its form or by the list."""
    return low in PARTICIPLES or (low.endswith(("ed", "ing")) and len(low) > 4 and low not in ED_NOUNS)


def name_end(words: list[str]) -> int:
    """Return the number of words of the name that ``words`` begin with; 0 if they begin with none."""
    at = 0
    while at < len(words):
        if words[at][0].isdigit() or any(map(str.isupper, words[at])):
            at += 1
            if words[at - 1].endswith((",", ";")):
                break
            continue
        ahead = at
        while at and ahead < len(words) and ahead < at + 3 and words[ahead].lower() in _PARTICLES:
            ahead += 1
        if ahead == at or ahead >= len(words) or not words[ahead][0].isupper():
            break
        if words[at].lower() == "the" and words[at - 1].lower() != "of":
            break
        at = ahead
    return at


def owner_end(words: list[str]) -> int:
    """Return the number of words up to the possessive that ``words`` begin with (*Acme's*); 0 if with none."""
    for at in range(name_end(words)):
        if words[at].endswith(("'s", "’s", "s'", "s’")):
            return at + 1
    return 0


def verb_index(words: list[str], verb: str) -> int:
    """Return where the verb after a subject begins, or -1."""
    owner = owner_end(words)
    split = 1 if words and words[0].lower() in PRONOUN_SUBJECTS else 0 if owner else name_end(words)
    if not split:
        known = (lambda low: low in BARE_VERBS) if verb in DO or verb in MODALS else is_participle
        least = owner + 1 if owner else 2 if words and words[0].lower() in DETERMINERS else 1
        split = next((i for i, word in enumerate(words) if i >= least and known(word.lower())), -1)
        if 0 < split < len(words) - 1 and words[split].lower() in NOUN_VERBS and known(words[split + 1].lower()):
            # *Does the plan cost …*: of two words that may be the verb, the second is.
            split += 1
        if split < 0 and len(words) > least and (least > 1 or words[0].endswith("s")):
            split = least
    while 0 < split < len(words) and words[split].lower() in ADVERBS:
        split += 1
    return split


def inflected(verb: str, base: str) -> str:
    """Return ``base`` as *does* or *did* would have it."""
    low = base.lower()
    if verb == "did":
        if low in IRREGULAR_PAST:
            return IRREGULAR_PAST[low]
        if low.endswith("e"):
            return f"{low}d"
        if low.endswith("y") and low[-2:-1] not in tuple("aeiou"):
            return f"{low[:-1]}ied"
        return f"{low}ed"
    if verb == "does":
        if low == "have":
            return "has"
        if low.endswith(("s", "sh", "ch", "x", "z", "o")):
            return f"{low}es"
        if low.endswith("y") and low[-2:-1] not in tuple("aeiou"):
            return f"{low[:-1]}ies"
        return f"{low}s"
    return base


def capitalised(text: str) -> str:
    """Return ``text`` with its first letter in upper case, unless the word has capitals inside (iPhone)."""
    first = text.split(" ", 1)[0]
    return text if any(c.isupper() for c in first[1:]) else text[:1].upper() + text[1:]
