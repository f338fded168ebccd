"""What a question leaves open, so that a fragment can be read as the answer that it is.

A question becomes a frame: words before the fragment and words after it. *Who is the president of Italy?* has the
frame ``The president of Italy is …``; an unfinished statement is its own frame.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from guardlayer.claims.grammar import READ_LIMIT
from guardlayer.claims.lexicon import (
    ADVERBS,
    BARE_VERBS,
    DETERMINERS,
    ED_NOUNS,
    IRREGULAR_PAST,
    JOINING,
    PARTICIPLES,
    PAST_VERBS,
    PREDICATES,
    PREPOSITIONS,
    PRESENT_VERBS,
    PRONOUN_SUBJECTS,
)

__all__ = ["Frame", "frame_of"]

_WH: Final = frozenset(("who", "what", "which", "where", "when", "whose", "whom", "how", "why"))
_COPULAS: Final = frozenset(("is", "are", "was", "were"))
_DO: Final = frozenset(("does", "do", "did"))
_HAVE: Final = frozenset(("has", "have", "had"))
_MODALS: Final = frozenset(("can", "could", "will", "would", "should", "must", "may", "might"))
_OPENERS: Final = _COPULAS | _DO | _HAVE | _MODALS
_COURTESY: Final = re.compile(
    r"(?i)^(?:(?:please|hey|hi|hello|so|and|ok|okay|well)[,!]?\s+)*"
    r"(?:(?:can|could|would) you (?:please )?tell me|do you (?:happen to )?know|i(?:'d| would) like to know|tell me)\s+"
    r"(?=who|what|which|where|when|how|if|whether)"
)
_FILLER: Final = re.compile(r"(?i)^(?:(?:please|hey|hi|hello|so|and|ok|okay|well)[,!]?\s+)+")
_ORDER: Final = re.compile(
    r"(?i)^(?:tell me|give me|name|state|identify|provide|find|show me|list)\s+(?:about\s+)?"
    r"(?=the |a |an |our |your |my )"
)
_TURNED: Final = {
    "my": "your", "your": "our", "our": "your", "i": "you", "you": "we", "me": "you", "we": "you", "us": "you",
    "mine": "yours", "yours": "ours",
}  # fmt: skip
_PARTICLES: Final = JOINING | {"and"}
_SCALES: Final = frozenset(("percent", "%", "hundred", "thousand", "million", "billion", "trillion"))


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


@lru_cache(maxsize=1024)
def frame_of(question: str) -> Frame | None:
    """Return the frame of a question, or ``None`` if there is nothing to read a fragment against."""
    text = question.strip()
    if not text or len(text) > READ_LIMIT:
        return None
    text = text.rsplit("\n", 1)[-1].strip()
    asks = text.endswith("?")
    if asks:
        text = re.split(r"(?<=[.!?])\s+", text)[-1]
    plain = Frame(f"{text} ", open=not asks and text[-1] not in ".!:")
    body = text.rstrip(" ?.!:")
    courteous = _COURTESY.sub("", body)
    bare = _FILLER.sub("", courteous)
    words = bare.split()
    if not words:
        return plain
    first = words[0].lower().replace("’", "'")
    if first.endswith("'s") and first[:-2] in _WH:
        words[:1] = [first[:-2], "is"]
        first = words[0]
    if asks or courteous != body or first in _WH:
        words = [_TURNED.get(word.lower(), word) for word in words]
    if first in _WH and (asks or len(words) > 2):
        return _wh(first, words) or Frame(plain.before)
    if asks and first in _OPENERS:
        return _yes_no(first, words[1:]) or plain
    order = _ORDER.match(bare)
    if order and not asks:
        return Frame(f"{_capital(bare[order.end() :])} is ", subject=_capital(bare[order.end() :]))
    return plain


def _wh(asked: str, words: list[str]) -> Frame | None:
    """Return the frame of a question that begins with a question word."""
    if asked in ("why", "whose", "whom"):
        return None
    at = next((i for i, word in enumerate(words[:10]) if i and word.lower() in _OPENERS), 0)
    if not at:
        return _subject_question(asked, words)
    between, verb, rest = words[1:at], words[at].lower(), words[at + 1 :]
    if asked == "how" and not between:
        return None
    if not rest:
        # An indirect question: (tell me) who the president of Italy is.
        return Frame(f"{_capital(' '.join(between))} {verb} ", subject=_capital(" ".join(between))) if between else None
    if verb in _COPULAS:
        return _copular(asked, between, verb, rest)
    if asked in ("who", "what", "which") and verb not in _DO and _is_predicate(rest[0], verb):
        return Frame("", f" {verb} {' '.join(rest)}")
    split = _verb_index(rest, verb)
    if split <= 0 or split >= len(rest):
        return None
    subject = _capital(" ".join(rest[:split]))
    said = _inflected(verb, rest[split]) if verb in _DO else f"{verb} {rest[split]}"
    tail = " ".join(rest[split + 1 :])
    about = _about(rest[:split])
    plural = verb in ("do", "have")
    if asked == "how":
        noun = "" if between[0].lower() in ("much", "many") and len(between) == 1 else f" {' '.join(between[1:])}"
        if between[0].lower() not in ("much", "many"):
            noun = ""
        return Frame(f"{subject} {said} ", f"{noun} {tail}".rstrip() if noun or tail else "", about, plural)
    if between and asked in ("what", "which"):
        phrase = " ".join(part for part in (f"The {' '.join(between)}", " ".join(rest[:split]), said, tail) if part)
        return Frame(f"{phrase} is ", subject=about, plural=plural)
    before = " ".join(part for part in (subject, said, tail) if part)
    return Frame(f"{before} ", subject=about, plural=plural, place=asked == "where", time=asked == "when")


def _copular(asked: str, between: list[str], verb: str, rest: list[str]) -> Frame | None:
    """Return the frame of a question with a form of *be*."""
    plural = verb in ("are", "were")
    if asked == "how":
        measure = between[0].lower()
        if rest[0].lower() == "there":
            return Frame(f"There {verb} ", f" {' '.join([*between[1:], *rest[1:]])}".rstrip())
        if measure == "many" and len(between) > 1:
            return Frame("", f" {' '.join(between[1:])} {verb} {' '.join(rest)}")
        after = "" if measure in ("much", "many") else f" {' '.join(between)}"
        subject = _capital(" ".join(rest))
        return Frame(f"{subject} {verb} ", after, _about(rest), plural)
    if asked in ("who", "which", "what") and _is_predicate(rest[0], verb):
        return Frame("", f" {verb} {' '.join(rest)}")
    split = _participle_index(rest)
    subject = _capital(" ".join(rest[:split]))
    tail = "".join(f" {word}" for word in rest[split:])
    if asked in ("where", "when"):
        return Frame(
            f"{subject} {verb}{tail} ",
            subject=_about(rest[:split]),
            plural=plural,
            place=asked == "where",
            time=asked == "when" and bool(tail),
        )
    if tail and between:
        return Frame(f"The {' '.join([*between, *rest[:split]])} {verb}{tail} is ", subject=_about(rest[:split]))
    return Frame(f"{subject} {verb}{tail} ", subject=_about(rest[:split]), plural=plural)


def _subject_question(asked: str, words: list[str]) -> Frame | None:
    """Return the frame of a question whose question word is its subject, as in *Who founded Acme?*."""
    if asked == "how":
        if len(words) > 3 and words[1].lower() == "many":
            return Frame("", f" {' '.join(words[2:])}")
        return None
    if asked not in ("who", "what", "which"):
        return None
    for at, word in enumerate(words[1:8], 1):
        low = word.lower()
        if low in PRESENT_VERBS or low in PAST_VERBS or (low.endswith("ed") and low not in ED_NOUNS):
            return Frame("", f" {' '.join(words[at:])}")
    return None


def _yes_no(verb: str, rest: list[str]) -> Frame | None:
    """Return the frame of a question that yes or no answers."""
    split = _verb_index(rest, verb) if verb in _DO else _predicate_index(rest, verb)
    if split <= 0 or split >= len(rest):
        return None
    subject, tail = _capital(" ".join(rest[:split])), " ".join(rest[split:])
    if verb in _DO:
        yes = " ".join([subject, _inflected(verb, rest[split]), *rest[split + 1 :]])
    else:
        yes = f"{subject} {verb} {tail}"
    if subject == "There" and rest[split].lower() in ("a", "an", "any", "some"):
        return Frame(
            f"{verb.capitalize()} {' '.join(rest)}? ",
            yes=f"There {verb} {tail}.",
            no=f"There {verb} no {' '.join(rest[split + 1 :])}.",
        )
    no = f"{subject} cannot {tail}" if verb == "can" else f"{subject} {verb} not {tail}"
    question = " ".join([verb.capitalize(), *rest])
    said = yes.split(" ")
    gap = _gap_in(said, split + (0 if verb in _DO else 1))
    # *Is Bob Ray the CEO of Acme?* asks for a person as much as for an office.
    swap = f" {verb} {tail}" if verb in _COPULAS and rest[split].lower() == "the" and rest[0][0].isupper() else ""
    return Frame(
        f"{question}? ",
        subject=_about(rest[:split]),
        plural=verb in ("are", "were", "do", "have"),
        yes=f"{yes}.",
        no=f"{no}.",
        polar=True,
        gap_before=f"{' '.join(said[: gap[0]])} " if gap and not swap else "",
        gap_after="".join(f" {word}" for word in said[gap[1] :]) if gap and not swap else "",
        figure=gap is not None and any(map(str.isdigit, said[gap[0]])),
        swap=swap,
    )


def _gap_in(words: list[str], begin: int) -> tuple[int, int] | None:
    """Return where in ``words``, from ``begin`` on, the one value stands that a question proposes."""
    found: list[tuple[int, int]] = []
    at = begin
    while at < len(words):
        start = at
        if any(map(str.isdigit, words[at])):
            at += 1
            while at < len(words) and words[at].lower() in _SCALES:
                at += 1
        elif at > begin - 1 and words[at][0].isupper():
            at = start + _name_end(words[start:])
        else:
            at += 1
            continue
        found.append((start, at))
    figures = [span for span in found if any(map(str.isdigit, words[span[0]]))]
    return found[0] if len(found) == 1 else figures[0] if len(figures) == 1 else None


def _about(words: list[str]) -> str:
    """Return the subject of a question for a pronoun to stand for, unless it is a pronoun itself."""
    if not words or len(words) > 12 or words[0].lower() in PRONOUN_SUBJECTS:
        return ""
    return _capital(" ".join(words))


def _is_predicate(word: str, verb: str) -> bool:
    """Say whether a word after a question word and its verb begins a predicate, not a subject."""
    low = word.lower()
    if word[0].isupper():
        return False
    if verb in _MODALS:
        return low in BARE_VERBS or low == "be" or (low not in DETERMINERS and low not in PRONOUN_SUBJECTS)
    return _is_participle(low) or low in PREPOSITIONS or low in PREDICATES


def _is_participle(low: str) -> bool:
    return low in PARTICIPLES or (low.endswith(("ed", "ing")) and len(low) > 4 and low not in ED_NOUNS)


def _participle_index(words: list[str]) -> int:
    """Return where a closing participle begins, or the length: *Acme, founded*; *LeBron, playing for*."""
    at = len(words)
    while at > 1 and (words[at - 1].lower() in PREPOSITIONS or words[at - 1].lower() in ADVERBS):
        at -= 1
    low = words[at - 1].lower()
    if at > 1 and words[at - 1].islower() and _is_participle(low) and words[at - 2].lower() not in DETERMINERS:
        at -= 1
        while at > 1 and words[at - 1].lower() in ADVERBS:
            at -= 1
        return at
    return len(words)


def _name_end(words: list[str]) -> int:
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


def _verb_index(words: list[str], verb: str) -> int:
    """Return where the verb after a subject begins, or -1."""
    split = 1 if words and words[0].lower() in PRONOUN_SUBJECTS else _name_end(words)
    if not split:
        known = (lambda low: low in BARE_VERBS) if verb in _DO or verb in _MODALS else _is_participle
        least = 2 if words and words[0].lower() in DETERMINERS else 1
        split = next((i for i, word in enumerate(words) if i >= least and known(word.lower())), -1)
        if split < 0 and least == 1 and len(words) > 1 and words[0].endswith("s"):
            split = 1
    while 0 < split < len(words) and words[split].lower() in ADVERBS:
        split += 1
    return split


def _predicate_index(words: list[str], verb: str) -> int:
    """Return where the predicate of a yes/no question begins, or -1."""
    if not words:
        return -1
    if words[0].lower() in PRONOUN_SUBJECTS:
        return 1
    name = _name_end(words)
    if name:
        return name
    if verb in _MODALS:
        return _verb_index(words, verb)
    for at, word in enumerate(words):
        low = word.lower()
        if at < (2 if words[0].lower() in DETERMINERS else 1) or words[at - 1].lower() == "of":
            continue
        if low in PREDICATES or low in DETERMINERS or _is_participle(low) or (low in PREPOSITIONS and low != "of"):
            if words[at - 1].lower() not in DETERMINERS and words[at - 1].lower() not in PREPOSITIONS:
                return at
        elif any(map(str.isdigit, word)) or (word[0].isupper() and words[at - 1].lower() not in PREPOSITIONS):
            return at
    return len(words) - 1 if len(words) > 1 else -1


def _inflected(verb: str, base: str) -> str:
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


def _capital(text: str) -> str:
    """Return ``text`` with its first letter in upper case, unless the word has capitals inside (iPhone)."""
    first = text.split(" ", 1)[0]
    return text if any(c.isupper() for c in first[1:]) else text[:1].upper() + text[1:]
