"""Reading what is no sentence of its own: answers against their question, items under their lead-in."""

from __future__ import annotations

import re
from typing import Final

from guardlayer.claims.grammar import READ_LIMIT, main_verb, words_of
from guardlayer.claims.lexicon import DETERMINERS, ORDERS, PREPOSITIONS, words
from guardlayer.claims.questions import Frame
from guardlayer.claims.reading import Part, cut, replaced, supplied, text_of
from guardlayer.claims.references import is_pleonastic

__all__ = ["against_question", "is_fragment", "is_small_talk", "lead_of", "with_subject"]

_LEAD_LIMIT: Final = 300
_SHORT: Final = 12
_LATIN: Final = re.compile(r"[A-Za-zÀ-ɏ]")
_SMALL_TALK: Final = re.compile(
    r"(?i)^\W*(?:hi|hello|hey|sure|certainly|of course|absolutely|great|thanks|thank you|ok|okay|alright|welcome|sorry"
    r"|good (?:question|morning|evening|afternoon)|great question|no problem|you're welcome|congratulations"
    r"|happy to help|dear|bye|goodbye|cheers|wow|oh|ah|hmm|well|please|note|let's|let me)\b"
)
_AFFIRMATION: Final = re.compile(
    r"(?i)^\W*(yes|yeah|yep|correct|indeed|right|no|nope|not?)\b[\s,.!]*(?:that(?:'s| is) (?:right|correct)|"
    r"(?:it|he|she|they|that|you|we|there) (?:is|are|was|were|does|do|did|has|have|can|will)(?:n't|n’t| not)?)?\W*$"
)
_NEGATIVE: Final = frozenset(("no", "nope", "not"))
_REPLY: Final = re.compile(
    r"(?i)^(?:(?:yes|no|yeah|well|sure|actually|currently)[,.!]?\s+)?(it|he|she|they)(?=\s|['’]s\s|['’]re\s)"
)
_YEAR: Final = re.compile(r"\d{4}\W*$")
_DATE: Final = re.compile(
    r"(?i)(?:\d{1,2}(?:st|nd|rd|th)?\s+)?(?:january|february|march|april|may|june|july|august|september"
    r"|october|november|december)\b"
)
_TALK: Final = re.compile(
    r"(?i)^(?:(?:sure|certainly|of course|absolutely|okay|ok)[,!.]?\s+)?(?:here(?:'s|’s| is| are)|below|the following"
    r"|these are|this is|some|a few|key|let me|i've|i have|there are|there is)\b"
)
_TOPIC: Final = re.compile(r"(?i)\b(?:about|regarding|for|on|of)\s+(\S.*)$")
_TRAILING: Final = re.compile(r"(?i)\s+(?:the following(?:\s+\w+)?|as follows)$")
_OPEN_ENDED: Final = words(
    """is are was were includes include included contains contain offers offer has have had costs cost supports support
    of by for with to in at from as covers provides requires"""
)


def is_small_talk(text: str) -> bool:
    """Say whether ``text`` is a greeting or an interjection, which answers nothing."""
    return len(text) < 80 and _SMALL_TALK.match(text) is not None


def is_fragment(text: str) -> bool:
    """Say whether ``text`` has no finite verb of its own, and is no question, order or greeting either."""
    if len(text) > READ_LIMIT or text.rstrip("\"'”’)*_ ").endswith("?"):
        return False
    found = words_of(text)
    if not found or main_verb(found) >= 0:
        return False
    if found[0].low in ORDERS and len(found) > 1 and found[1].text not in ",;:":
        return False
    # Of a script without Latin letters no verb is known: only what is short can be called a fragment.
    return len(text) <= _SHORT or _LATIN.search(text) is not None


def against_question(parts: list[Part], frame: Frame) -> list[Part] | None:
    """Read a sentence against the frame of the question, or return ``None`` if it stands on its own."""
    text = text_of(parts)
    if len(text) > READ_LIMIT:
        return None
    if frame.yes and (said := _AFFIRMATION.match(text)):
        return [supplied(frame.no if said[1].lower() in _NEGATIVE else frame.yes)]
    continues = frame.open and (text[0].islower() or text[0] in ",;–—(")
    if not continues and (is_small_talk(text) or not is_fragment(text)):
        return None
    if frame.open:
        return [supplied(frame.before.rstrip() if text[0] in ",;" else frame.before), *parts]
    length = len(text.rstrip(" .!"))
    first = text.split(None, 1)[0]
    low = first.lower()
    function_word = low in DETERMINERS or low in PREPOSITIONS
    own = cut(parts, 0, length)
    if frame.before and function_word and first[0].isupper():
        own = replaced(own, 0, 1, first[0].lower())
    before = frame.before
    if frame.place and not function_word and low not in ("here", "there", "online"):
        before += "in "
    elif frame.time and not function_word:
        before += "in " if _YEAR.match(text) else "on " if _DATE.match(text) else ""
    after = frame.after
    if after and text[:length].lower().endswith(after.lower()):
        after = ""
    return [part for part in (supplied(before), *own, supplied(f"{after}.")) if part.text]


def with_subject(parts: list[Part], frame: Frame) -> list[Part]:
    """Put what the question is about in the place of a pronoun that opens its answer."""
    text = text_of(parts[:1])
    reply = _REPLY.match(text)
    if (
        reply is None
        or is_pleonastic(text, reply.start(1))
        or not frame.subject
        or (reply[1].lower() == "they") != frame.plural
    ):
        return parts
    start = reply.start(1)
    subject = (
        frame.subject
        if start == 0 or frame.subject.split(" ", 1)[0].lower() not in DETERMINERS
        else _lowered(frame.subject)
    )
    return replaced(parts, start, reply.end(1), subject)


def lead_of(lead: str) -> str | None:
    """Return the words that an item under the line ``lead`` is read with, or ``None`` if it only announces a list."""
    body = lead.rstrip(": \t\n")
    if not body or len(body) > _LEAD_LIMIT:
        return None
    body = _TRAILING.sub("", body)
    last = body.rsplit(None, 1)[-1].lower()
    if last in _OPEN_ENDED and not _TALK.match(body):
        return f"{body} "
    if _TALK.match(body) or is_small_talk(body):
        topic = _TOPIC.search(body)
        return (
            f"{_capital(topic[1])}, "
            if topic and len(topic[1]) < 80 and topic[1].lower() not in ("it", "this", "them", "you")
            else None
        )
    return f"{body}: "


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
