"""What a question leaves open, so that a fragment can be read as the answer that it is.

A question becomes a frame: words before the fragment and words after it. *Who is the president of Italy?* has the
frame ``The president of Italy is …``; an unfinished statement is its own frame.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from guardlayer.claims.frames import (
    COPULAS,
    DO,
    HAVE,
    MODALS,
    Frame,
    about,
    capitalised,
    inflected,
    is_participle,
    verb_index,
)
from guardlayer.claims.grammar import READ_LIMIT, main_verb, words_of
from guardlayer.claims.lexicon import (
    ADVERBS,
    BARE_VERBS,
    DETERMINERS,
    ED_NOUNS,
    PAST_VERBS,
    PREDICATES,
    PREPOSITIONS,
    PRESENT_VERBS,
    PRONOUN_SUBJECTS,
)
from guardlayer.claims.polar import polar_frame, stated_frame
from guardlayer.claims.sentences import sentences

__all__ = ["frame_of"]

_WH: Final = frozenset(("who", "what", "which", "where", "when", "whose", "whom", "how", "why"))
_OPENERS: Final = COPULAS | DO | HAVE | MODALS
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
_NEGATED: Final = {"can't": "can", "won't": "will", "ain't": "is"}
_TAG: Final = re.compile(
    r"(?i),\s*(?:right|correct|yes|no|true|huh|eh|(?:is|are|was|were|does|do|did|has|have|had|can|could|will|would|should|wo)"
    r"(?:n['’]t)?\s+(?:it|he|she|they|there|you|we|i|that|this)(?:\s+not)?)$"
)


@lru_cache(maxsize=1024)
def frame_of(question: str) -> Frame | None:
    """Return the frame of a question, or ``None`` if there is nothing to read a fragment against."""
    text = question.strip()
    if not text or len(text) > READ_LIMIT:
        return None
    text = _asked(text)
    asks = text.endswith("?")
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
    first = _NEGATED.get(first, first.removesuffix("n't"))
    if asks or courteous != body or first in _WH:
        words = [_TURNED.get(word.lower(), word) for word in words]
    if first in _WH and (asks or len(words) > 2):
        return _wh(first, words) or Frame(plain.before)
    if first in PREPOSITIONS and len(words) > 3 and words[1].lower() in ("what", "which", "whom"):
        return _placed(first, words[2:]) or Frame(plain.before)
    if asks and first in _OPENERS:
        return polar_frame(first, words[1:])
    if asks and (tag := _TAG.search(" ".join(words))):
        words = " ".join(words)[: tag.start()].split()
    if asks and (tag or main_verb(words_of(" ".join(words))) > 0):
        return stated_frame(words)
    order = _ORDER.match(bare)
    if order and not asks:
        asked_for = capitalised(bare[order.end() :])
        head = re.split(r"\s(?:of|for|in|at)\s", asked_for, maxsplit=1)[0].lower()
        plural = head.endswith("s") and not head.endswith(("ss", "us", "is"))
        return Frame(f"{asked_for} {'are' if plural else 'is'} ", subject=asked_for, plural=plural)
    return plain


def _asked(text: str) -> str:
    """Return the sentence of a message that is to be answered: its last question, or its unfinished last line."""
    last = text.rsplit("\n", 1)[-1].strip()
    if "?" in text and last[-1] in "?.!":
        found = [text[start:end] for start, end in sentences(text)]
        return next((said for said in reversed(found) if said.endswith("?")), last)
    if last[-1] not in ".!?:":
        start, end = sentences(last)[-1]
        if last[start:end].split(None, 1)[0].lower() in _WH:
            return last[start:end]
    return last


def _placed(preposition: str, words: list[str]) -> Frame | None:
    """Return the frame of a question that a preposition opens, *in which city is Acme based*, from its noun on."""
    at = next((i for i, word in enumerate(words[:8]) if word.lower() in _OPENERS), -1)
    if at < 0 or at + 2 >= len(words):
        return None
    frame = _wh("where", ["where", *words[at:]])
    return frame and Frame(f"{frame.before}{preposition} ", frame.after, frame.subject, frame.plural)


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
        asks_for = capitalised(" ".join(between))
        return Frame(f"{asks_for} {verb} ", subject=asks_for) if between else None
    if verb in COPULAS:
        return _copular(asked, between, verb, rest)
    if asked in ("who", "what", "which") and verb not in DO and _is_predicate(rest[0], verb):
        return Frame("", f" {verb} {' '.join(rest)}")
    split = verb_index(rest, verb)
    if split <= 0 or split >= len(rest):
        return None
    subject = capitalised(" ".join(rest[:split]))
    said = inflected(verb, rest[split]) if verb in DO else f"{verb} {rest[split]}"
    tail = " ".join(rest[split + 1 :])
    topic = about(rest[:split])
    plural = verb in ("do", "have")
    if asked == "how":
        noun = "" if between[0].lower() in ("much", "many") and len(between) == 1 else f" {' '.join(between[1:])}"
        if between[0].lower() not in ("much", "many"):
            noun = ""
        return Frame(f"{subject} {said} ", f"{noun} {tail}".rstrip() if noun or tail else "", topic, plural)
    if between and asked in ("what", "which"):
        phrase = " ".join(part for part in (f"The {' '.join(between)}", " ".join(rest[:split]), said, tail) if part)
        return Frame(f"{phrase} is ", subject=topic, plural=plural)
    before = " ".join(part for part in (subject, said, tail) if part)
    return Frame(f"{before} ", subject=topic, plural=plural, place=asked == "where", time=asked == "when")


def _copular(asked: str, between: list[str], verb: str, rest: list[str]) -> Frame | None:
    """Return the frame of a question with a form of *be*."""
    plural = verb in ("are", "were")
    if asked == "how":
        measure = between[0].lower()
        if rest[0].lower() == "there":
            return Frame(f"There {verb} ", f" {' '.join([*between[1:], *rest[1:]])}".rstrip())
        if measure == "many" and len(between) > 1:
            return Frame("", f" {' '.join(between[1:])} {verb} {' '.join(rest)}")
        after = "" if measure in ("much", "many", "often", "soon") else f" {' '.join(between)}"
        split = _participle_index(rest)
        subject = capitalised(" ".join(rest[:split]))
        tail = "".join(f" {word}" for word in rest[split:])
        return Frame(f"{subject} {verb}{tail} ", after, about(rest[:split]), plural)
    if asked in ("who", "which", "what") and _is_predicate(rest[0], verb):
        return Frame("", f" {verb} {' '.join(rest)}")
    split = _participle_index(rest)
    subject = capitalised(" ".join(rest[:split]))
    tail = "".join(f" {word}" for word in rest[split:])
    if asked in ("where", "when"):
        return Frame(
            f"{subject} {verb}{tail} ",
            subject=about(rest[:split]),
            plural=plural,
            place=asked == "where",
            time=asked == "when" and bool(tail),
        )
    if tail and between:
        return Frame(f"The {' '.join([*between, *rest[:split]])} {verb}{tail} is ", subject=about(rest[:split]))
    return Frame(f"{subject} {verb}{tail} ", subject=about(rest[:split]), plural=plural)


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
            first = at
            while first > 1 and words[first - 1].lower() in ADVERBS:
                first -= 1
            return Frame("", f" {' '.join(words[first:])}")
    return None


def _is_predicate(word: str, verb: str) -> bool:
    """Say whether a word after a question word and its verb begins a predicate, not a subject."""
    low = word.lower()
    if word[0].isupper():
        return False
    if verb in MODALS:
        return low in BARE_VERBS or low == "be" or (low not in DETERMINERS and low not in PRONOUN_SUBJECTS)
    return is_participle(low) or low in PREPOSITIONS or low in PREDICATES


def _participle_index(words: list[str]) -> int:
    """Return where a closing participle begins, or the length: *Acme, founded*; *LeBron, playing for*."""
    at = len(words)
    while at > 1 and (words[at - 1].lower() in PREPOSITIONS or words[at - 1].lower() in ADVERBS):
        at -= 1
    low = words[at - 1].lower()
    if at > 1 and words[at - 1].islower() and is_participle(low) and words[at - 2].lower() not in DETERMINERS:
        at -= 1
        while at > 1 and words[at - 1].lower() in ADVERBS:
            at -= 1
        return at
    return len(words)
