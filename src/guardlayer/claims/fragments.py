"""Reading what is no sentence of its own: answers against their question, items under their lead-in."""

from __future__ import annotations

import re
from typing import Final

from guardlayer.claims.courtesy import is_small_talk, opening_of
from guardlayer.claims.frames import Frame
from guardlayer.claims.grammar import READ_LIMIT, main_verb, words_of
from guardlayer.claims.lexicon import DETERMINERS, ORDERS, PREPOSITIONS, PRONOUN_SUBJECTS, words
from guardlayer.claims.reading import Part, cut, replaced, supplied, text_of
from guardlayer.claims.references import is_pleonastic

__all__ = ["against_question", "answer_end", "assent_end", "is_fragment", "lead_of", "with_subject"]

_LEAD_LIMIT: Final = 300
_NAME_LIMIT: Final = 100
_SHORT: Final = 12
_LATIN: Final = re.compile(r"[A-Za-zÀ-ɏ]")
_REPLY: Final = re.compile(
    r"""(?ix)(?:(?:currently|now|today|right\snow|at\sthe\smoment),?\s+)?
    (?:(?P<who>(?:it|that)(?=\s+would\s+be\s)|(?:it|he|she|they)(?=\s|['’]s\s|['’]re\s)
      |that(?=(?:['’]s|\s+is)\s+(?-i:[A-Z$€£¥\d]))))(?P<would>(?<=t)\s+would\s+be(?=\s))?"""
)
_STILL: Final = re.compile(r"\s+(?:is|was|are|were|does|did|do|has|have|had|can|will)(?=[.!\s]*$)")
_GOES_ON: Final = re.compile(
    r"(?i),\s+(?:but|and|although|though|while|whereas|yet)\s+|\s+(?:but|although|though|whereas)\s+|;\s+|\s+[–—-]\s+"
)
_CONTRACTED: Final = re.compile(r"['’](?:s|re)(?=\s(?P<done>(?:been|had|become|got|gone)\s)?)")
_ASIDE: Final = re.compile(r",\s(?:as|in|at|on|by|since|from|until|though|not|up|down)\s|\s\(")
_BARE_FIGURE: Final = re.compile(r"\d[.!\s]*$")
_CALLED: Final = re.compile(r"(?i)(?:his|her|its|their|the)\s+name(?:\s+is|['’]s)(?=\s)")
_NAMES: Final = re.compile(r"['’]s\s+[A-Z]")
_RESTATES: Final = re.compile(r"(?i)(?:it|he|she|they|that|there|this)(?:['’]|\s+(?:is|are|was|were|has|have|had)\b)")
_ADDS: Final = re.compile(r"(?i)(?:and|but|because|since|as|so|although|though)\s")
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
    """Read a sentence against the frame of the question, or return ``None`` if it stands on its own.

    What only greets, or says yes or no before an answer that says more, is left out of the reading.
    """
    text = text_of(parts)
    if len(text) > READ_LIMIT:
        return None
    if frame.open and (text[0].islower() or text[0] in ",;–—("):
        return [supplied(frame.before.rstrip() if text[0] in ",;" else frame.before), *parts]
    opening = opening_of(text)
    if opening.end == len(text):
        return None if not frame.yes or opening.says is None else [supplied(frame.yes if opening.says else frame.no)]
    own = cut(parts, opening.end, len(text))
    text = text[opening.end :]
    if len(text) < _NAME_LIMIT and (still := _STILL.search(text)):
        # *Ann Lee is.*: the rest of the predicate stands in the question.
        text = text[: still.start()]
    if not is_fragment(text):
        return None
    if frame.open:
        return [supplied(frame.before), *cut(own, 0, len(text))]
    text = text.rstrip(" .!")
    if not text:
        return None
    if frame.polar:
        frame = frame.gap_for(text, opening.says)
    return _completed(cut(own, 0, len(text)), frame)


def _completed(own: list[Part], frame: Frame) -> list[Part]:
    """Put a fragment, without its closing mark, into the gap of a frame."""
    text = text_of(own)
    first = text.split(None, 1)[0]
    low = first.lower()
    function_word = low in DETERMINERS or low in PREPOSITIONS
    if frame.before and function_word and first[0].isupper():
        own = replaced(own, 0, 1, first[0].lower())
    before = frame.before
    if frame.place and not function_word and low not in ("here", "there", "online"):
        before += "in "
    elif frame.time and not function_word:
        before += "in " if _YEAR.match(text) else "on " if _DATE.match(text) else ""
    after = frame.after
    if after and text.lower().endswith(after.lower()):
        after = ""
    if after and (aside := _ASIDE.search(text)):
        # *500, as of March*: what is counted goes with the figure.
        own = [*cut(own, 0, aside.start()), supplied(after), *cut(own, aside.start(), len(text))]
        after = ""
    return [part for part in (supplied(before), *own, supplied(f"{after}.")) if part.text]


def answer_end(text: str) -> tuple[int, int] | None:
    """Return where a fragment ends that a clause of its own follows, and where that clause begins.

    *Barcelona, but he has been linked with Paris* answers with its first word and goes on to say more.
    """
    if len(text) > READ_LIMIT or (match := _GOES_ON.search(text)) is None:
        return None
    rest = words_of(text[match.end() :])
    if not rest or not text[: match.start()].strip() or not is_fragment(text[: match.start()]):
        return None
    nominal = rest[0].low in DETERMINERS or rest[0].low in PRONOUN_SUBJECTS or rest[0].text[0].isupper()
    contracted = "'" in rest[0].low or "’" in rest[0].low
    if not (nominal or contracted) or main_verb(rest) < (0 if contracted else 1):
        return None
    return match.start(), match.end()


def assent_end(text: str, frame: Frame) -> int:
    """Return where a *yes* or *no* ends that states something beside the sentence that follows it; 0 if none does.

    *Yes, it is open until 5* says once more what was asked; *yes, and parking is free* says two things.
    """
    opening = opening_of(text) if frame.yes and len(text) <= READ_LIMIT else None
    if opening is None or opening.says is None or opening.end == len(text):
        return 0
    rest = text[opening.end :]
    if opening.says:
        return 0 if _RESTATES.match(rest) else opening.end
    return opening.end if _ADDS.match(rest) else 0


def with_subject(parts: list[Part], frame: Frame) -> list[Part]:
    """Put what the question is about in the place of a pronoun that opens its answer."""
    text = text_of(parts)
    if len(text) > READ_LIMIT:
        return parts
    opening = opening_of(text)
    if frame.subject and (called := _CALLED.match(text, opening.end)):
        return [supplied(f"{frame.subject} is"), *cut(parts, called.end(), len(text))]
    reply = _REPLY.match(text, opening.end)
    if (
        reply is None
        or (is_pleonastic(text, reply.start("who")) and not _NAMES.match(text, reply.end()))
        or not frame.subject
        or (reply["who"].lower() == "they") != frame.plural
    ):
        return cut(parts, opening.end, len(text)) if frame.polar and opening.says is not None else parts
    counted = frame.after and not frame.polar and frame.after.strip().lower() not in text.lower()
    if counted and (figure := _BARE_FIGURE.search(text)):
        at = figure.start() + 1
        parts = [*cut(parts, 0, at), supplied(frame.after), *cut(parts, at, len(text))]
    parts = cut(parts, opening.end, len(text_of(parts)))
    start, end = reply.start("who") - opening.end, reply.end() - opening.end
    subject = (
        frame.subject
        if start == 0 or frame.subject.split(" ", 1)[0].lower() not in DETERMINERS
        else _lowered(frame.subject)
    )
    if reply["would"]:
        return replaced(parts, start, end, f"{subject} is")
    if contracted := _CONTRACTED.match(text, reply.end()):
        verb = ("are" if frame.plural else "is") if contracted["done"] is None else "have" if frame.plural else "has"
        return replaced(parts, start, contracted.end() - opening.end, f"{subject} {verb}")
    return replaced(parts, start, end, subject)


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
