"""Words that answer, greet or connect without stating anything: *Sure!*, *Glad you asked*, *Yes, absolutely*.

Read word by word from closed lists, never by prefix: *Great question!* says nothing, *Great Britain* is an answer.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from guardlayer.claims.lexicon import COURTEOUS, GREETINGS, INTERJECTIONS

__all__ = ["Opening", "is_small_talk", "opening_of"]

_LONGEST: Final = 80
_MOST_WORDS: Final = 8
_MARKS: Final = ",!.:;…–—\n¡¿\u2600-\u27bf\ufe0f\u200d\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff"
_SEGMENT: Final = re.compile(rf"(?P<said>(?:[^{_MARKS}\-]|-(?!\s))*)(?P<marks>[{_MARKS}\-\s]*)")
_WORD: Final = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_PRONOUN: Final = r"(?:it|he|she|they|that|this|you|we|i|there)"
_AFFIRMS: Final = re.compile(
    rf"(?i)(?:oh |well |but )?(?:yes|yeah|yep|yup|aye|correct|indeed|right|absolutely|certainly|definitely|sure|exactly"
    rf"|of course|true|affirmative)(?: (?:indeed|absolutely|certainly|definitely|sir|ma'am))?\Z"
    rf"|(?:yes |yeah )?(?:(?:that|it)(?:['’]s| is) (?:right|correct|true|the case)|{_PRONOUN} "
    rf"(?:is|are|was|were|does|do|did|has|have|can|will|may|must|should))(?: indeed)?\Z"
)
_DENIES: Final = re.compile(
    rf"(?i)(?:oh |well |sorry |actually |unfortunately |absolutely |certainly |definitely |of course )?"
    rf"(?:no|nope|nah|not|never|negative)(?: (?:at all|any ?more|any longer|no longer|yet|really|quite|currently|now"
    rf"|today|exactly|sir|ma'am|longer))*\Z"
    rf"|(?:no )?(?:(?:that|it)(?:['’]s| is) (?:incorrect|wrong|false|not (?:right|correct|true|the case))|{_PRONOUN} "
    rf"(?:(?:is|are|was|were|does|do|did|has|have|can|will|may|must|should) ?(?:not|n['’]t)|can['’]t|won['’]t)"
    rf"|(?:that|it|he|she|they|there)(?:['’]s|['’]re) not)(?: (?:any ?more|any longer|yet))?\Z"
)
_PHRASES: Final = re.compile(
    r"(?i)(?:and |but )?"
    r"(?:let(?:['’]s| me| us) (?:see|check|look|think|have a look|take a look|find out|explain|help)(?: .*)?"
    r"|here (?:you go|you are|it is|goes|we go)|as you (?:wish|like|say)|you(?:['’]re| are) (?:very )?welcome"
    r"|you got it|(?:i(?:['’]m| am) )?(?:so |very |really |always |more than )?(?:glad|happy|pleased|delighted)"
    r"(?: (?:that )?you(?:['’]ve| have)? (?:asked|ask|liked?|reached out|wrote|came|stopped by|brought)"
    r"(?: (?:me|us|that|this|it|up|about (?:it|this|that)))*"
    r"| to (?:help|assist|hear|oblige|answer|be of (?:help|service)|see you)(?: (?:you|that|it|from you|out|again))*)?"
    r"|(?:a )?(?:very )?good (?:morning|afternoon|evening|day|night)(?: (?:to )?\w+)?|guten (?:tag|morgen|abend)"
    r"|buon ?giorno|buenos? d[ií]as?|welcome (?:back|aboard|to .*)"
    r"|no problem(?: at all)?|no worries(?: at all)?|my (?:pleasure|apologies)"
    r"|with pleasure|right away|at your service|nice to meet you|great to hear from you|one moment(?: please)?"
    r"|(?:many )?thank(?:s| you)(?: (?:so|very) much| a lot)?(?: for .*)?)\Z"
)

_SPEAKER: Final = re.compile(r"(?i)(?:a|answer|assistant|agent|bot|ai|support|reply|response|short answer)\Z")


class Opening(NamedTuple):
    """How an answer opens.

    Attributes:
        end: Offset at which it begins to say something; the length of the text if it never does.
        says: ``True`` if the opening says yes, ``False`` if it says no, ``None`` if neither.
    """

    end: int
    says: bool | None


def opening_of(text: str) -> Opening:
    """Read the courtesies, interjections, and words for yes and no that ``text`` opens with.

    A courtesy that goes on without a mark of punctuation (*Sure it is open*) is part of what is said.
    """
    at = 0
    says: bool | None = None
    greeted = False
    while at < len(text):
        match = _SEGMENT.match(text, at)
        if match is None or match.end() == at:
            break
        said = match["said"].strip()
        if said and not (match["marks"].strip() or match.end() == len(text)):
            break
        if _DENIES.match(said):
            says = False
        elif _AFFIRMS.match(said):
            says = True if says is None else says
        elif not (
            _is_courtesy(said)
            or (greeted and _is_name(said))
            or (_SPEAKER.match(said) and match["marks"].startswith(":"))
        ):
            break
        greeted = said.split(" ", 1)[0].lower() in GREETINGS
        at = match.end()
    if 0 < at < len(text) < _LONGEST and says is None and _introduces(text[at:]):
        return Opening(len(text), says)
    return Opening(at, says)


def is_small_talk(text: str) -> bool:
    """Say whether ``text`` is a greeting, a courtesy or an interjection and nothing else."""
    return len(text) < _LONGEST and opening_of(text).end == len(text)


def _is_courtesy(segment: str) -> bool:
    """Say whether a run of words without punctuation says nothing."""
    said = _WORD.findall(segment)
    if not said:
        return not any(map(str.isalnum, segment)) and not set(segment) & set("$€£¥%")
    if len(said) > _MOST_WORDS or len(segment) > _LONGEST or any(map(str.isdigit, segment)):
        return False
    low = [word.lower().replace("’", "'") for word in said]
    if len(low) == 1:
        return low[0] in INTERJECTIONS or low[0] in GREETINGS
    if all(word in COURTEOUS or word in INTERJECTIONS for word in low):
        # A courtesy is written like a sentence; a name has a capital inside.
        return not any(word[0].isupper() and word.lower() not in INTERJECTIONS for word in said[1:])
    if (
        low[0] in GREETINGS
        and len(low) <= 4
        and all(w in COURTEOUS or said[n][0].isupper() for n, w in enumerate(low) if n)
    ):
        return True
    return _PHRASES.match(segment) is not None


def _introduces(text: str) -> bool:
    """Say whether what follows a greeting only names who speaks: *Juno here, always happy to help*."""
    said = [match["said"].strip() for match in _SEGMENT.finditer(text) if match["said"].strip()]
    who = said[0].split() if said else []
    return (
        1 <= len(who) <= 4
        and not any(map(str.isdigit, said[0]))
        and (who[-1].lower() == "here" or len(said) > 1)
        and all(_is_courtesy(more) for more in said[1:])
    )


def _is_name(segment: str) -> bool:
    """Say whether a run after a greeting is the name of whoever is greeted."""
    said = segment.split()
    return len(said) <= 3 and all(word[0].isupper() for word in said)
