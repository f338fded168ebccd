"""What in a text speaks for one bearer of a name rather than another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from guardlayer.knowledge.attributes import stem
from guardlayer.knowledge.entities.cautious import is_common
from guardlayer.knowledge.names import Mention
from guardlayer.text import STOP_WORDS, Token, tokenize

_KINDS: dict[str, str] = {
    "company": "firm business corporation companies employer vendor startup",
    "person": "man woman guy lady",
    "city": "town",
    "country": "nation",
    "application": "app tool software system",
    "product": "device item",
    "bank": "lender",
    "insurer": "insurance",
    "programming language": "language",
    "band": "group",
    "organization": "organisation agency body",
    "organisation": "organization agency body",
    "team": "squad department",
    "employee": "colleague coworker",
    "university": "school college",
    "athlete": "player sportsman sportswoman",
    "actor": "actress",
    "professor": "scientist researcher academic",
    "airline": "carrier",
    "state": "u.s",
}
"""Other words for some types, in general English; what else there is is told by the type itself."""
_PEOPLE = frozenset(
    """person people human man woman employee colleague customer actor actress athlete player footballer cricketer
    boxer golfer swimmer runner racer driver cyclist coach manager singer rapper musician composer conductor dj artist
    painter sculptor photographer architect designer writer author poet novelist journalist editor broadcaster
    presenter host comedian director producer politician senator minister president governor mayor diplomat judge
    lawyer attorney activist soldier general officer scientist physicist chemist biologist mathematician economist
    historian philosopher professor teacher lecturer researcher academic engineer programmer developer doctor
    physician surgeon nurse dentist entrepreneur executive ceo cfo cto founder investor banker broker consultant
    analyst agent chef cook farmer astronaut pilot saint pope bishop monarch king queen prince princess model dancer
    user member student pupil patient contact""".split()  # noqa: SIM905 - a list of words reads best as text
)
"""What people are called by what they do: whatever can be said of one can be said of the others."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that belong to one bearer of a name, and what they are of it."""

    stems: frozenset[str]
    text: str
    what: str
    own: bool
    """Whether they are of its own name, where common words tell apart too."""

    @property
    def run(self) -> str:
        """The stems in their order."""
        return run_of(self.text)


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a bearer, as texts may mention it.

    Attributes:
        phrases: Its values and the rest of its names.
        kinds: Words for its type: all the stems of one of them must be there.
        places: Attributes of which each phrase is the value, by the phrase.
    """

    phrases: tuple[Phrase, ...]
    kinds: tuple[frozenset[str], ...]


def profile(names: Iterable[str], sort: str | None, values: Iterable[tuple[str, str]], norm: str) -> Profile:
    """Collect what may be said beside the name ``norm`` that speaks for its bearer.

    Args:
        names: Every name of it.
        sort: Its type.
        values: Pairs of attribute and value.
        norm: The name in question; its own words tell nothing.
    """
    said = {stem(word) for word in norm.split(" ")}
    phrases: dict[frozenset[str], Phrase] = {}
    for name in names:
        rest = frozenset(stems_of(name) - said)
        for part in (rest, rest - _FORMS):  # "Acme Foods" is enough of "Acme Foods Ltd"
            if part:
                phrases.setdefault(part, Phrase(part, name, "name", True))
    for attribute, value in values:
        stems = stems_of(value) - said
        if stems and len(value) <= _LONGEST and any(s.isalpha() for s in stems):
            phrases.setdefault(stems, Phrase(stems, value, attribute, False))
    return Profile(tuple(phrases.values()), kinds_of(sort))


_FORMS = frozenset(stem(word) for word in "inc corp corporation ltd limited llc plc gmbh ag sa co company".split())  # noqa: SIM905 - a list of words
_LONGEST = 120
"""Characters of a value that can be a name; longer ones are prose."""


@lru_cache(maxsize=4096)
def stems_of(text: str) -> frozenset[str]:
    """Return the stems of the words of a text that carry content."""
    return frozenset(stem(token.norm) for token in tokenize(text) if token.norm not in STOP_WORDS)


@lru_cache(maxsize=4096)
def run_of(text: str) -> str:
    """Return the stems that carry content, in their order, between blanks."""
    return f" {' '.join(stem(t.norm) for t in tokenize(text) if t.norm not in STOP_WORDS)} "


@lru_cache(maxsize=4096)
def is_plain(text: str) -> bool:
    """Say whether all words of a text are so common, or so short, that they tell nothing apart."""
    return all(is_common(t.norm) or len(t.norm) < 3 or t.norm[0].isdigit() for t in tokenize(text))


def kind(sort: str | None) -> str | None:
    """Return what a thing of a type is: all people are one kind, whatever they do."""
    if sort is None:
        return None
    words = [token.norm for token in tokenize(sort)]
    return "person" if words and words[-1] in _PEOPLE else " ".join(words)


@lru_cache(maxsize=1024)
def kinds_of(sort: str | None) -> tuple[frozenset[str], ...]:
    """Return the ways to say a type: itself, its last word, and other words for it."""
    if not sort:
        return ()
    words = [token.norm for token in tokenize(sort)]
    ways = [frozenset(map(stem, words))]
    if len(words) > 1:
        ways.append(frozenset({stem(words[-1])}))
    ways.extend(frozenset({stem(word)}) for word in _KINDS.get(" ".join(words), "").split())
    return tuple(dict.fromkeys(ways))


class Shown:
    """The words of a text that may speak for somebody, without those of the mention itself."""

    def __init__(self, tokens: Sequence[Token], stems: Sequence[str], without: Mention | None = None) -> None:
        hidden = range(without.first, without.last) if without is not None else range(0)
        kept = [(t, s) for i, (t, s) in enumerate(zip(tokens, stems, strict=True)) if i not in hidden]
        self.stems = frozenset(s for _, s in kept)
        self._run = f" {' '.join(s for t, s in kept if t.norm not in STOP_WORDS)} "
        self.capital = frozenset(
            s for i, (t, s) in enumerate(kept) if t.text[0].isupper() and not (i == 0 and t is tokens[0])
        )

    def kind(self, of: Profile) -> frozenset[str] | None:
        """Return the words for its type that the text has, if any."""
        return next((way for way in of.kinds if way <= self.stems), None)

    def phrases(self, of: Profile, *, but: Collection[str] = ()) -> list[Phrase]:
        """Return what the text says of its values and names; values of the attributes in ``but`` do not count."""
        return [p for p in of.phrases if p.what not in but and self._says(p)]

    def says(self, text: str) -> bool:
        """Say whether all the content words of ``text`` are there."""
        stems = stems_of(text)
        return bool(stems) and stems <= self.stems

    def _says(self, phrase: Phrase) -> bool:
        there = phrase.stems & self.stems
        if not there:
            return False
        if there == phrase.stems:
            if phrase.own or not is_plain(phrase.text):
                return True
            return len(there) > 1 and phrase.run in self._run  # "power tools", together
        # One word of several, written as a name: "Masco", "Munich"; "air" of "Delta Air Lines" is not enough.
        return any(s in self.capital and not is_common(s) and not s.isdigit() and len(s) > 2 for s in there)
