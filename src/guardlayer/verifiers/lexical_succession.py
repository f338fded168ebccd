"""Stage 3, what an edit changed: a sentence of an earlier version beside the one that took its place.

The versions of a source say which sentence became which; the words say what that changed. A claim repeats the old
sentence against the new one if it has what was taken out and nothing of what was put in. An edit of spelling, articles
or punctuation changes nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA

from guardlayer.verifiers.lexical_align import BREAKS, EMBEDDING, FREE, HARD_LIMITS
from guardlayer.verifiers.lexical_features import (
    HEDGES,
    MODALITY,
    PAST,
    STATES,
    Sentence,
    coverage,
    direction,
    names,
    word_set,
)
from guardlayer.verifiers.values import Match, Value, compare

_NARROWING = word_set("unless except excepting excluding only until till before after without than")
_CONDITIONS = word_set("if when whenever")
_LIMITING = word_set("rarely partially partly temporarily initially originally nearly locally privately internally")
_EACH = word_set("all any each every")
"""Words that stand for one another where nothing is denied."""
_WEIGHTLESS = STATES | HEDGES | frozenset(MODALITY)
_SPELT_ALIKE, _LONG = 5, 8  # letters from which one, and from which two, may be misspelt
_SHARED = 3
_STEM = 3  # least letters of a stem
_VOWELS = frozenset("aeiouy")
_PART, _RUN, _SUBJECT = 4, 3, 4  # words of a clause, those of them that stand together, those that may stand before
_PASSIVE = word_set("used example")  # "is used", "for example": neither embeds what is said
_JOINING = word_set("and but while")
_OF_OLD, _OF_ALL = 0.4, 0.8
_LINK = re.compile(r"!?\[([^\[\]]{0,1000})\]\([^()\s]{0,2000}\)")
_IDENTIFIER = re.compile(r"(?<!\w)(?:_*[^\W_]+(?:[._/]+[^\W_]+)+|\w*[^\W\d_]\d\w*)")
_SYNONYMS = {
    word: group.split()[0]
    for group in (
        "offer provide give supply", "allow let permit enable", "use used uses using employ utilize utilise",
        "support handle", "require need", "show display", "make create build", "issue send", "want wish",
        "begin start", "end finish", "get obtain receive", "big large", "several multiple many various",
        "different distinct", "ability option", "additionally further moreover", "fast quick quickly",
        "help assist", "buy purchase", "cost price",
    )
    for word in group.split()
}  # fmt: skip
"""Words that stand for one another; none of them names a thing, so that no exchange makes a claim about another."""
_CONTRACTIONS = (
    ("\u2019", "'"), ("can't", "cannot"), ("won't", "will not"), ("n't", " not"), ("'ll", " will"), ("'re", " are"),
    ("'ve", " have"),
)  # fmt: skip
_LEAD = re.compile(r"\s*(?:according to|as (?:stated|described|said) (?:in|by)|per) [^,.:;]{1,60}, ", re.IGNORECASE)
_EMPHASIS = re.compile(r"\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)")


def bare(text: str) -> str:
    """Return a statement without the words that say where it was read, its contractions written out."""
    lead = _LEAD.match(text)
    text = text if lead is None else text[lead.end() :]
    for short, long in _CONTRACTIONS:
        text = text.replace(short, long)
    return text


class Edit(NamedTuple):
    """What one sentence lost and gained on the way to another."""

    lost: frozenset[str]
    gained: frozenset[str]
    lost_values: tuple[Value, ...]
    gained_values: tuple[Value, ...]


def plain(text: str) -> str:
    """Return a passage without the signs of Markdown that no one says: link targets, emphasis, back quotes."""
    return _EMPHASIS.sub("", _LINK.sub(r"\1", text))


def edit(old: Sentence, new: Sentence) -> Edit:
    """Compare the content words and quantities of two sentences; other spellings and synonyms are no change."""
    before, after = grouped(old.terms - HEDGES), grouped(new.terms - HEDGES)
    lost, gained = set(before - after), set(after - before)
    if lost | gained <= _EACH and before & _EACH and after & _EACH and not (old.negated or new.negated):
        lost, gained = set(), set()
    for word in sorted(lost):
        twin = next((other for other in sorted(gained) if _spelt_alike(word, other)), None)
        if twin is not None:
            lost.discard(word)
            gained.discard(twin)
    return Edit(frozenset(lost), frozenset(gained), without(old.values, new.values), without(new.values, old.values))


def restates(old: Sentence, new: Sentence) -> bool:
    """Say whether two sentences differ in spelling, articles, punctuation or the order of words at most."""
    if names_of_code(old.text) != names_of_code(new.text):
        return False
    if _letters(old.text) == _letters(new.text):
        return True
    if old.negated is not new.negated or old.modality != new.modality:
        return False
    return not (old.free ^ new.free) & (_NARROWING | _CONDITIONS) and not any(edit(old, new))


def repeats(claim: Sentence, old: Sentence, new: Sentence) -> bool:
    """Say whether a claim says in other words what ``old`` says and ``new`` does not.

    It shares most of its words with ``old``, has what the edit took out (a quantity, words, a negation) and nothing of
    what it put in, and is bound to no other condition or time.
    """
    if not _echoes(claim, old, of_old=_OF_OLD):
        return False
    changed = edit(old, new)
    said = grouped(claim.terms)
    if said & changed.gained or len(without(claim.values, changed.gained_values)) < len(claim.values):
        return False
    if changed.lost - said or without(changed.lost_values, claim.values):
        return False
    return bool(changed.lost or changed.lost_values) or old.negated is not new.negated


def echoes(claim: Sentence, old: Sentence) -> bool:
    """Say whether a claim has nearly all the words of ``old`` and nearly no others, each quantity and name included."""
    return (
        _echoes(claim, old, of_old=_OF_ALL)
        and not without(old.values, claim.values)
        and not (claim.free ^ old.free) & _NARROWING
        and names_of_code(old.text) == names_of_code(claim.text)
    )


def _echoes(claim: Sentence, old: Sentence, *, of_old: float) -> bool:
    """Say whether a claim has the words of ``old`` and none of its own.

    A word of its own may name another thing ("the staging server" for "the production server"), and no count of shared
    words makes up for that. Only plain verbs and the like have others that stand for them.
    """
    if _conditional(claim) is not _conditional(old) or (old.free - claim.free) & _NARROWING:
        return False
    if (claim.free - old.free - _CONDITIONS) & (HARD_LIMITS | EMBEDDING - _PASSIVE):
        return False
    if (claim.free & PAST and not old.free & PAST) or direction(claim, old):
        return False
    if claim.negated is not old.negated or claim.modality - {"will"} != old.modality - {"will"}:
        return False
    said, held = grouped(claim.terms - _WEIGHTLESS), grouped(old.terms - _WEIGHTLESS)
    if len(said & held) < max(_SHARED, of_old * len(held)) or not _fills(said - held):
        return False
    return not (without(claim.values, old.values) or set(names(claim)) - {token.norm for token in old.tokens})


def grouped(terms: frozenset[str]) -> frozenset[str]:
    """Return the stems of content words, those of one group of synonyms by one name."""
    return frozenset(_STEMS.get(stem, stem) for stem in map(_stem, terms))


def _fills(words: frozenset[str]) -> bool:
    """Say whether words name nothing and limit nothing."""
    return all(word in _FILLERS or (word.endswith("ly") and word not in _LIMITING) for word in words)


def _conditional(sentence: Sentence) -> bool:
    return not sentence.free.isdisjoint(_CONDITIONS)


@lru_cache(maxsize=16_384)
def _stem(word: str) -> str:
    """Cut the endings of English verbs and plurals, so that "operates", "operated" and "operating" are one word."""
    for ending in ("ing", "ed", "es", "e", "s"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= _STEM and rest.isalpha() and not _VOWELS.isdisjoint(rest):
            return rest[:-1] if len(rest) > _STEM and rest[-1] == rest[-2] and rest[-1] not in "sl" else rest
    return word


def part_of(claim: Sentence, old: Sentence) -> bool:
    """Say whether a claim is one clause of ``old``, word by word, with the subject that the clauses share.

    "We believe X, but would recommend Y" says "We believe X" and "We would recommend Y". Conditions stay with what
    they are a condition of: "If A, then B and C" does not say C.
    """
    said = [token.norm for token in claim.tokens if token.norm not in FREE]
    places = [index for index, token in enumerate(old.tokens) if token.norm not in FREE]
    held = [old.tokens[index].norm for index in places]
    if not _PART <= len(said) < len(held):
        return False
    for subject in range(min(_SUBJECT, len(said) - _RUN) + 1):
        if said[:subject] != held[:subject]:
            return False
        run = said[subject:]
        for first in range(subject, len(held) - len(run) + 1):
            if held[first : first + len(run)] == run and _is_clause(old, places, first, first + len(run) - 1):
                return True
    return False


def _is_clause(old: Sentence, places: list[int], first: int, last: int) -> bool:
    """Say whether a run of words is a clause of its own, bound to nothing before or after it."""
    begin, end = places[first], places[last]
    before = [token.norm for token in old.tokens[:begin]]
    if not (HARD_LIMITS | EMBEDDING).isdisjoint(before) or (first and not _bounded(old, places[first - 1], begin)):
        return False
    if last + 1 == len(places):
        return True
    after = [token.norm for token in old.tokens[end + 1 :]]
    if not _bounded(old, end, places[last + 1]):
        return False
    return not _JOINING.isdisjoint(after[:2]) or (HARD_LIMITS | EMBEDDING).isdisjoint(after)


def _bounded(sentence: Sentence, one: int, other: int) -> bool:
    """Say whether two words are parted by a comma, a bracket or a joining word, which may be one of the two."""
    tokens = sentence.tokens
    between = sentence.text[tokens[one].end : tokens[other].start]
    return not BREAKS.isdisjoint(between) or any(token.norm in _JOINING for token in tokens[one : other + 1])


def drops(claim: Sentence, new: Sentence) -> bool:
    """Say whether ``new`` lacks words or quantities of the claim, spelling aside."""
    changed = edit(claim, new)
    return bool(changed.lost or changed.lost_values)


def rivals(claim: Sentence, other: Sentence, share: float) -> bool:
    """Say whether a sentence has as much of the claim's words as another one (``share``), and all its quantities."""
    return (
        coverage(claim, other) >= share and claim.negated is other.negated and not without(claim.values, other.values)
    )


def without(values: tuple[Value, ...], others: tuple[Value, ...]) -> tuple[Value, ...]:
    """Return the quantities that have no equal among ``others``."""
    return tuple(v for v in values if all(compare(v, other) not in (Match.EQUAL, Match.ROUNDED) for other in others))


def _spelt_alike(word: str, other: str) -> bool:
    """Say whether two words are one word, once misspelt; figures are never that."""
    shorter = min(len(word), len(other))
    if shorter < _SPELT_ALIKE or word[0] != other[0] or not (word.isalpha() and other.isalpha()):
        return False
    return OSA.distance(word, other) <= (2 if shorter >= _LONG else 1)


def names_of_code(text: str) -> set[str]:
    """Return the names in a text that no dictionary has: ``pool_limits``, ``httpx.Client``, ``HTTP/2``."""
    return {match.group().casefold() for match in _IDENTIFIER.finditer(text)}


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


_STEMS = {_stem(word): _stem(name) for word, name in _SYNONYMS.items()}
_FILLERS = grouped(
    word_set("when way able you we one they user people project documentation page example instead simply really also")
)
"""Words that a rewording may bring: they name nothing of its own."""
