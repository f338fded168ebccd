"""Pronouns and phrases such as *the company*, resolved to the last fitting name; in doubt, left alone."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, replace
from typing import Final

from guardlayer.claims.courtesy import is_small_talk
from guardlayer.claims.grammar import READ_LIMIT, Word, main_verb, words_of
from guardlayer.claims.lexicon import (
    ADVERBS,
    AUXILIARIES,
    COMPANY_FORMS,
    DETERMINERS,
    GROUPS,
    JOINING,
    NOT_NAMES,
    NOT_PERSONS,
    PLACES,
    PLACING,
    PREPOSITIONS,
    PROMPTS,
    PRONOUN_SUBJECTS,
    ROLES,
    STARTERS,
    THINGS,
    TITLES,
)
from guardlayer.claims.reading import Part, replaced, text_of

__all__ = ["Memory", "has_reference", "is_pleonastic"]

_REFERENCE: Final = re.compile(
    rf"\b(?:(?P<person>he|she|his|her|him)|(?P<thing>it|its|they|their)"
    rf"|the\s+(?P<noun>{THINGS})|the\s+(?P<order>former|latter))(?P<own>['’]s)?(?![\w'’\-])",
    re.IGNORECASE,
)
_PLEONASTIC: Final = re.compile(
    r"""(?ix) it (?: (?:['’]s|\s+(?:is|was|will\ be|would\ be|has\ been|can\ be|may\ be|might\ be|seems|appears
        |turns\ out|takes|took|depends|looks|follows|remains))
      (?:\s+(?:also|very|quite|really|often|always|still|generally|usually|widely|not|now|currently|un\w+))*
      \s* (?: (?:that|if|as\ if|like|to|how|why|when)\b
        | (?:raining|snowing|cold|hot|warm|sunny|late|early|dark|time|about\ time|up\ to|important|essential|crucial
            |possible|impossible|likely|unlikely|clear|true|hard|easy|difficult|best|better|worth|common|necessary
            |advisable|recommended|good|helpful|useful|fair|safe|known|believed|said|estimated|reported|thought
            |considered|noted|interesting|unclear|unknown|vital|wise|nice|great|okay|ok|my|your)\b
        | \d{1,2}(?::\d\d)?\s*(?:am|pm|o'clock)
        | [^.]{1,60}\b(?:who|that)\b )
      | \s+(?:takes|took|rained|snowed)\s
      | ['’]s\s+(?!(?:(?:also|only|now|currently|still|already|not|about|around|roughly|approximately|just)\s+)*
          (?:[$€£¥\d(]|an?\b|the\b|one\b|in\b|on\b|at\b|by\b|from\b|part\b|home\b|based|located|made|built|owned|led
          |headquartered|founded|called|named|available|compatible|powered|priced|set|due|free|open|closed|listed)) )"""
)
_PLACE_NOUNS: Final = frozenset(PLACES.split("|"))
_GROUP_NOUNS: Final = frozenset(GROUPS.split("|"))
# What a figure is said of is the quantity before, not the name beside it: *The fee of Acme is 3%. It was 2% before.*
_FIGURE: Final = re.compile(
    r"(?i)(?:['’]s|\s+(?:is|was|will\s+be|(?:has|had)\s+been|used\s+to\s+be|rose|fell|increased|decreased|dropped|went|grew"
    r"|climbed|jumped|remains|stands|stood|became))(?:\s+(?!an?\b)[^\W\d]+){0,3}\s+[$€£¥]?\d"
)
_LIKING: Final = re.compile(
    r"(?i)\b(?:i|we|you)(?:['’]\w+)?\s+(?:\w+\s+)?(?:love|like|hate|enjoy|adore|recommend|prefer)\s+$"
)
_QUANTITY: Final = re.compile(r"[$€£¥]?\d")
_PLACED: Final = frozenset(("the", "in", "at", "for", "from", "near", "joined", "to"))
_REMEMBERED: Final = 4
_NAME_LIMIT: Final = 100


def has_reference(text: str) -> bool:
    """Say whether ``text`` has a word that may stand for a name; if not, no names need be remembered."""
    return _REFERENCE.search(text) is not None


def is_pleonastic(text: str, at: int = 0) -> bool:
    """Say whether the *it* at offset ``at`` stands for nothing: *it is raining*, *it is important that*."""
    return _PLEONASTIC.match(text, at) is not None


@dataclass(frozen=True, slots=True)
class _Name:
    text: str
    start: int
    person: bool | None
    """``None`` where the name alone does not tell."""
    subject: bool
    final: bool
    spoken_of: bool = True
    """Whether the name stands in a sentence with a verb."""


class Memory:
    """The names of the last few claims, newest last."""

    def __init__(self) -> None:
        self._unread: list[str] = []
        self._claims: deque[list[_Name]] = deque(maxlen=_REMEMBERED)
        self._persons: dict[str, str] = {}
        self._placed: dict[str, bool] = {}
        self._called: dict[str, str] = {}
        self._measured = ""

    def note(self, text: str) -> None:
        """Remember ``text``; it is read for names where something after it refers to one."""
        if len(text) <= READ_LIMIT:
            self._unread.append(text)

    def _catch_up(self) -> None:
        for text in self._unread:
            self._read(text)
        self._unread.clear()

    def _read(self, text: str) -> None:
        """Remember the names in ``text``, and the quantity that it gives a figure."""
        names = self._names(text)
        self._measured = self._quantity(text) if _QUANTITY.search(text) else ""
        if names:
            if len(names) == 1 and main_verb(words_of(text)) < 0:
                names = [replace(names[0], spoken_of=False)]
            self._claims.append(names)

    @staticmethod
    def _quantity(text: str) -> str:
        """Return the subject of a statement that gives it a figure, such as *Acme's list price*; empty if none."""
        words = words_of(text)
        verb = main_verb(words)
        if not 2 <= verb <= 12:
            return ""
        subject = text[: words[verb].start].rstrip()
        while verb > 1 and words[verb - 1].low in ADVERBS:
            verb -= 1
            subject = text[: words[verb].start].rstrip()
        head = words[:verb]
        named = any(word.text[0].isupper() for word in head[1:]) or head[0].text.endswith(("'s", "’s"))
        common = (
            words[0].low in DETERMINERS
            or head[0].text.endswith(("'s", "’s"))
            or any(word.text.endswith(("'s", "’s", "'", "’")) for word in head[:-1])
        )
        plain = not any(word.low in ',;:()"“”' or word.low in PRONOUN_SUBJECTS for word in head)
        told = text[words[verb].end if verb < len(words) else len(text) :]
        figure = _QUANTITY.search(told)
        return subject if common and named and plain and head[-1].text[-1].isalnum() and figure else ""

    def resolve(self, parts: list[Part]) -> list[Part]:
        """Return the reading with its first reference replaced by the name it stands for, if one clearly fits."""
        text = text_of(parts)
        if len(text) > READ_LIMIT or text.rstrip().endswith("?") or is_small_talk(text):
            return parts
        for match in _REFERENCE.finditer(text):
            self._catch_up()
            low = match.group().lower()
            own = self._names(text[: match.start()])
            if own:
                return parts
            if (
                low.startswith("it")
                and (match["thing"] or "").lower() == "it"
                and _PLEONASTIC.match(text, match.start())
            ):
                continue
            if low == "it" and _LIKING.search(text, 0, match.start()):
                return parts
            name = self._choose(match, text)
            if name is None:
                continue
            return self._put(parts, text, match, name)
        return parts

    def _choose(self, match: re.Match[str], text: str) -> str | None:
        if match["person"]:
            return self._person()
        if match["order"]:
            following = text[match.end() : match.end() + 12].lstrip()
            if not following.startswith(("is ", "was ", "has ", "had ", "will ", "'s", "’s", ",")) or not self._claims:
                return None
            names = self._claims[-1]
            return None if len(names) != 2 else names[0 if match["order"].lower() == "former" else 1].text
        if match["noun"]:
            if match.start() > 3 and text[: match.start()].strip(" ,").lower() not in STARTERS | PREPOSITIONS:
                return None
            after = text[match.end() :].lstrip()
            word = after.split(None, 1)[0] if after else ""
            if word[:1].isupper() or word.lower() in ("of", "that", "which", "who", "named", "called", "where", "in"):
                return None
            return self._body(match["noun"].lower())
        if match.group().lower() == "it" and self._measured and _FIGURE.match(text, match.end()):
            return self._measured
        return self._thing(plural=(match["thing"] or "").lower() in ("they", "their"))

    def _person(self) -> str | None:
        for names in reversed(self._claims):
            persons = {name.text for name in names if name.person}
            if len(persons) == 1:
                return next(iter(persons))
            if persons:
                return None
            unknown = {name.text for name in names if name.person is None}
            if len(names) == 1 and len(unknown) == 1 and names[0].subject and names[0].spoken_of:
                return names[0].text
        return None

    def _body(self, noun: str) -> str | None:
        """Return what *the country*, *the company* or the like stands for: a name that can be one, or ``None``."""
        if noun not in _PLACE_NOUNS | _GROUP_NOUNS:
            return self._thing(plural=False)
        place = noun in _PLACE_NOUNS
        for names in reversed(self._claims):
            fitting = {
                name.text: name
                for name in names
                if not name.person
                and self._placed.get(name.text, place) is place
                and self._called.get(name.text, noun) == noun
            }
            if place and any(name in self._placed for name in fitting):
                fitting = {text: name for text, name in fitting.items() if text in self._placed}
            if len(fitting) > 1 and not place:
                fitting = {text: name for text, name in fitting.items() if name.subject}
            if len(fitting) == 1:
                (found,) = fitting
                self._placed[found] = place
                self._called[found] = noun
                return found
            if fitting:
                return None
        return None

    def _thing(self, *, plural: bool) -> str | None:
        if not self._claims:
            return None
        names = self._claims[-1]
        if len({name.text for name in names}) == 1:
            known = names[0].person is True and names[0].text in self._persons.values()
            return None if known else names[0].text
        if plural:
            return None
        things = [name for name in names if not name.person]
        subject = [name for name in things if name.subject]
        if subject and len({name.text for name in subject}) == 1 and names[0].subject and not names[0].person:
            return subject[0].text
        if len({name.text for name in things}) == 1:
            return things[0].text
        final = [name for name in things if name.final]
        return final[0].text if final else None

    @staticmethod
    def _put(parts: list[Part], text: str, match: re.Match[str], name: str) -> list[Part]:
        """Put ``name`` in the place of the reference, with the verb or the possessive that goes with it."""
        start, end = match.span()
        head = (match["person"] or match["thing"] or "").lower()
        possessive = head in ("his", "its", "their") or (
            match["own"] is not None and not (match["person"] or match["thing"])
        )
        if head == "her":
            following = text[end:].lstrip()
            word = following.split(None, 1)[0].lower() if following else ""
            possessive = (
                bool(word) and word[0].isalnum() and word not in PREPOSITIONS and word not in ("and", "or", "that")
            )
        if possessive:
            return replaced(parts, start, end, f"{name}'" if name.endswith("s") else f"{name}'s")
        if match["own"] and head:
            following = text[end:].lstrip().lower()
            verb = "has" if following.startswith(("been ", "got ", "had ", "become ")) else "is"
            return replaced(parts, start, end, f"{name} {verb}")
        if head == "they":
            agreed = re.match(r"\s+(are|have|were|do)(?=\s|n['’]t)", text[end:])
            if agreed:
                singular = {"are": "is", "have": "has", "were": "was", "do": "does"}[agreed[1]]
                return replaced(parts, start, end + agreed.end(), f"{name} {singular}")
        return replaced(parts, start, end, name)

    def _names(self, text: str) -> list[_Name]:
        """Return the names in ``text``: runs of capitalised words, judged by their surface alone."""
        words = words_of(text)
        names: list[_Name] = []
        index = 0
        while index < len(words):
            word = words[index]
            if not word.text[0].isupper() or word.low in NOT_NAMES or (index == 0 and self._opens(words[:2])):
                index += 1
                continue
            first = index
            last = index
            index += 1
            while index < len(words):
                gap = text[words[last].end : words[index].start]
                token = words[index].text
                if words[last].text.endswith(("'s", "’s")):
                    break
                joined = gap == " " or (gap == ". " and (len(words[last].text) == 1 or words[last].low in TITLES))
                if joined and (token[0].isupper() or (token[0].isdigit() and gap == " ")):
                    last = index
                    index += 1
                elif (
                    joined
                    and token in JOINING
                    and index + 1 < len(words)
                    and words[index + 1].text[0].isupper()
                    and text[words[index].end : words[index + 1].start] == " "
                ):
                    last = index + 1
                    index += 2
                else:
                    break
            name = self._name(text, (words[first].start, words[last].end), first, words[first - 1].low if first else "")
            if name is not None:
                names.append(name)
        return names

    @staticmethod
    def _opens(words: list[Word]) -> bool:
        """Say whether a sentence's first word is capitalised only because it comes first."""
        # A contraction opens like the word it begins with: *You'll*, *Here's*.
        low = words[0].low.replace("’", "'")
        if not low.endswith("'s") or low[:-2] in STARTERS:
            low = low.split("'", 1)[0]
        following = words[1].low if len(words) > 1 else ""
        if following in ("about", "to") or (low.endswith(("ing", "ed")) and following in PREPOSITIONS):
            # *Curious about …*, *Interested in …*
            return True
        return (
            words[0].low in AUXILIARIES
            or low in PRONOUN_SUBJECTS
            or low in STARTERS
            or low in DETERMINERS
            or low in PREPOSITIONS
            or low in PROMPTS
        )

    def _name(self, text: str, span: tuple[int, int], index: int, before: str) -> _Name | None:
        """Judge the name at ``span``, whose first word is number ``index`` of its sentence and follows ``before``."""
        start, end = span
        closing = len(text.rstrip(" .!\"'”’)*_"))
        name = text[start:end]
        if name.endswith(("'s", "’s")):
            name = name[:-2]
        if len(name) > _NAME_LIMIT or (len(name) < 2):
            return None
        tokens = name.lower().replace(".", "").split()
        subject = index == 0 or (index == 1 and before in DETERMINERS)
        person: bool | None = None
        if tokens[0] in ROLES:
            rest = [token for token in tokens if token not in ROLES]
            if not rest:
                return None
            if rest[0] == "of":
                # An office is nothing that acts; what it is the office of may be.
                held = re.search(r"\sof\s(?:the\s)?(.+)", name)
                return self._name(text, (start + held.start(1), end), index + 1, "of") if held else None
        if tokens[0] in TITLES or tokens[0] in ("king", "queen", "pope", "prince", "princess", "sir"):
            person = True
        elif name in self._persons:
            return _Name(self._persons[name], start, True, subject, end >= closing)
        elif before in _PLACED or any(token in NOT_PERSONS or token[-1].isdigit() for token in tokens):
            person = False
        elif len(tokens) == 1:
            person = False if name.isupper() or any(c.isupper() for c in name[1:]) else None
        elif len(tokens) <= 5 and "of" not in tokens and "&" not in tokens:
            person = True
        else:
            person = False
        if person and len(tokens) > 1:
            self._persons[name.rsplit(" ", 1)[-1]] = name
            self._persons[name] = name
        if before in PLACING:
            self._placed.setdefault(name, True)
        elif tokens[-1] in COMPANY_FORMS:
            self._placed[name] = False
        return _Name(name, start, person, subject, end >= closing)
