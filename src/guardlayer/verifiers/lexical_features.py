"""Stage 3, features: what the words of a claim and of a sentence share, and where they conflict.

Features and vetoes only. Overlap says what a sentence is about and nothing about whether the claim is true: "the
limit is 30 days" and "the limit is 60 days" share every word but one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from guardlayer.text import STOP_WORDS, Token, search_terms, sentences, tokenize
from guardlayer.verifiers.values import Match, Value, ValueType, compare, find


def word_set(text: str) -> frozenset[str]:
    """Return the words of ``text`` as a set."""
    return frozenset(text.split())


NEGATIONS = word_set(
    "not no never none neither nor without cannot can't nothing nobody nowhere hardly scarcely lacks lack"
)
UP = word_set(
    "rose rise rises risen rising increased increase increases increasing grew grow grows grown growing climbed "
    "jumped gained gain gains surged raised raise raises up higher upgraded expanded doubled tripled improved "
    "accelerated"
)
DOWN = word_set(
    "fell fall falls fallen falling decreased decrease decreases decreasing dropped drop drops declined decline "
    "declines shrank slipped lowered lower lowers cut cuts reduced reduce reduces down lost loses downgraded halved "
    "worsened slowed"
)
CHANGED = (
    UP | DOWN | word_set("changed changes change changing became becomes moved moves went goes set reached reaches hit")
)
STATES = CHANGED | word_set(
    "is are was were be been being am stands stand stood equals equal amounts amount amounted totals totalled totaled "
    "remains remain remained stays stay stayed has have had having 's 're isn't aren't wasn't weren't hasn't haven't"
)
PAST = word_set("was were had wasn't weren't hadn't")
MODALITY = {
    **dict.fromkeys(word_set("may can could allowed permitted able optional optionally permits allows"), "may"),
    **dict.fromkeys(word_set("must shall required requires mandatory obliged needs"), "must"),
    **dict.fromkeys(word_set("should ought recommended"), "should"),
    **dict.fromkeys(word_set("might perhaps possibly probably likely maybe"), "might"),
    **dict.fromkeys(word_set("will would"), "will"),
}
HEDGES = word_set(
    "now currently today still also already recently presently well so yes indeed note please actually basically "
    "generally usually however therefore thus just then"
)


class Conflict(NamedTuple):
    """Two words or values that do not go together: what the claim says, and what the sentence says."""

    said: str
    found: str


@dataclass(frozen=True, slots=True)
class Features:
    """How a claim stands to a passage, word by word.

    Attributes:
        coverage: Share of the claim's content words that the nearest sentence has, 0 to 1.
        sentence: The nearest sentence of the passage: the one with the highest coverage.
        missing: Content words of the claim that it lacks.
        names: Capitalised words of the claim that the whole passage lacks.
        number: A quantity of the claim, and the one of its sort that the sentence has instead.
        date: The same for dates.
        unit: A quantity whose unit the sentence gives otherwise.
        negation: Whether exactly one of the two is negated.
        modality: "may" against "must", and their like.
        direction: "rose" against "fell", and their like.
    """

    coverage: float
    sentence: str
    missing: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    number: Conflict | None = None
    date: Conflict | None = None
    unit: Conflict | None = None
    negation: bool = False
    modality: Conflict | None = None
    direction: Conflict | None = None

    @property
    def conflicts(self) -> tuple[str, ...]:
        """The conflicts in words, as they follow "differs in"."""
        pairs = (("a number", self.number), ("a date", self.date), ("a unit", self.unit))
        kinds = (("modality", self.modality), ("direction", self.direction))
        found = [f"{name}: {pair.said} against {pair.found}" for name, pair in (*pairs, *kinds) if pair is not None]
        return (*found, "negation") if self.negation else tuple(found)


class Sentence(NamedTuple):
    """A sentence with everything the comparison needs, read once.

    Attributes:
        text: The sentence.
        tokens: Its words.
        values: Its typed quantities.
        content: Its content words as retrieval compares them, in order.
        terms: The same once each, quantities left out.
        free: Its folded words, quantities left out.
    """

    text: str
    tokens: tuple[Token, ...]
    values: tuple[Value, ...]
    content: tuple[str, ...]
    terms: frozenset[str]
    free: frozenset[str]

    @property
    def negated(self) -> bool:
        """Whether a negation stands in it, outside of its quantities ("no more than 5")."""
        return any(word in NEGATIONS or word.endswith("n't") for word in self.free)

    @property
    def modality(self) -> frozenset[str]:
        """Its classes of modal words."""
        return frozenset(MODALITY[word] for word in self.free if word in MODALITY)


def read(text: str) -> Sentence:
    """Read a sentence; recent ones are kept, since several claims meet the same evidence."""
    return _read_cached(text) if len(text) <= 1000 else _read(text)


def _read(text: str) -> Sentence:
    tokens = tuple(tokenize(text))
    values = find(text)
    content = tuple(search_terms(text))
    if not values:
        return Sentence(text, tokens, values, content, frozenset(content), frozenset([t.norm for t in tokens]))
    masked = mask(text, values)
    free = frozenset([token.norm for token in tokenize(masked)])
    return Sentence(text, tokens, values, content, frozenset(search_terms(masked)), free)


_read_cached = lru_cache(maxsize=4096)(_read)


def mask(text: str, values: tuple[Value, ...]) -> str:
    """Blank out quantities with their comparators, keeping every offset."""
    for value in values:
        start, end = min(value.start, value.phrase_start), max(value.end, value.phrase_end)
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def features(claim_text: str, passage_text: str) -> Features:
    """Compare the words of a claim with those of a passage.

    Conflicts are looked for in the nearest sentence of the passage, names in the whole of it. Time is linear in the
    length of both.
    """
    claim = read(claim_text)
    best, nearest = -1.0, read("")
    for start, end in sentences(passage_text):
        sentence = read(passage_text[start:end])
        share = coverage(claim, sentence)
        if share > best:
            best, nearest = share, sentence
    number, date, unit = _quantities(claim, nearest)
    present = set(nearest.content)
    known = {token.norm for token in tokenize(passage_text)}
    return Features(
        coverage=max(best, 0.0),
        sentence=nearest.text,
        missing=tuple(term for term in dict.fromkeys(claim.content) if term not in present),
        names=tuple(name for name in names(claim) if name not in known),
        number=number,
        date=date,
        unit=unit,
        negation=claim.negated is not nearest.negated,
        modality=_modality(claim, nearest),
        direction=direction(claim, nearest),
    )


def coverage(claim: Sentence, sentence: Sentence) -> float:
    """Return the share of the claim's content words that the sentence has; 0 for a claim without any."""
    return len(claim.terms & sentence.terms) / len(claim.terms) if claim.terms else 0.0


def names(claim: Sentence) -> tuple[str, ...]:
    """Return the folded words of a claim that are written as names are."""
    found: list[str] = []
    for i, token in enumerate(claim.tokens):
        if not token.text[0].isupper() or token.norm in STOP_WORDS or token.norm in STATES or token.norm in HEDGES:
            continue
        if i == 0:  # any sentence begins with a capital: a name shows itself by a second one
            following = claim.tokens[1].text if len(claim.tokens) > 1 else ""
            if not following[:1].isupper() and not any(c.isupper() for c in token.text[1:]):
                continue
        if not any(v.start <= token.start < v.end for v in claim.values):
            found.append(token.norm)
    return tuple(dict.fromkeys(found))


def _quantities(claim: Sentence, sentence: Sentence) -> tuple[Conflict | None, Conflict | None, Conflict | None]:
    number = date = unit = None
    for value in claim.values:
        rivals = [other for other in sentence.values if other.type is value.type]
        matches = [compare(value, other) for other in rivals]
        if Match.EQUAL in matches or Match.ROUNDED in matches:
            continue
        for match, other in zip(matches, rivals, strict=True):
            if match is Match.DIFFERENT:
                pair = Conflict(phrase(claim.text, value), phrase(sentence.text, other))
                if value.type is ValueType.DATE:
                    date = date or pair
                else:
                    number = number or pair
                break
            if value.unit is not None and other.unit is not None and value.unit != other.unit:
                unit = unit or Conflict(phrase(claim.text, value), phrase(sentence.text, other))
    return number, date, unit


def phrase(text: str, value: Value) -> str:
    """Return a quantity as it stands in its text, with its comparator."""
    return text[min(value.start, value.phrase_start) : max(value.end, value.phrase_end)]


def _modality(claim: Sentence, sentence: Sentence) -> Conflict | None:
    said, found = claim.modality, sentence.modality
    if not said or not found or said & found:
        return None
    return Conflict(_first(claim, MODALITY), _first(sentence, MODALITY))


def direction(claim: Sentence, sentence: Sentence) -> Conflict | None:
    """Return the words of change that point opposite ways, if claim and sentence have such."""
    up, down = claim.free & UP, claim.free & DOWN
    if bool(up) is bool(down):
        return None
    same, other = (UP, DOWN) if up else (DOWN, UP)
    if sentence.free & same or not sentence.free & other:
        return None
    return Conflict(_first(claim, same), _first(sentence, other))


def _first(sentence: Sentence, words: frozenset[str] | dict[str, str]) -> str:
    return next((token.norm for token in sentence.tokens if token.norm in words), "")
