"""Stage 3, what an edit changed: a sentence of an earlier version beside the one that took its place.

The versions of a source say which sentence became which; the words say what that changed. A claim repeats the old
sentence against the new one if it has what was taken out and nothing of what was put in. An edit of spelling, articles
or punctuation changes nothing.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rapidfuzz.distance import OSA

from guardlayer.verifiers.lexical_align import EMBEDDING, HARD_LIMITS
from guardlayer.verifiers.lexical_features import HEDGES, MODALITY, PAST, STATES, Sentence, direction, names, word_set
from guardlayer.verifiers.values import Match, Value, compare

_NARROWING = word_set("if unless except excepting excluding only until till when whenever before after without than")
_WEIGHTLESS = STATES | HEDGES | frozenset(MODALITY)
_SPELT_ALIKE, _LONG = 5, 8  # letters from which one, and from which two, may be misspelt
_SHARED = 3
_OF_CLAIM, _OF_OLD = 0.8, 0.4
_LINK = re.compile(r"!?\[([^\[\]]{0,1000})\]\([^()\s]{0,2000}\)")
_IDENTIFIER = re.compile(r"\w+(?:[._/]+\w+)+|\w*[^\W\d_]\d\w*")
_EMPHASIS = re.compile(r"\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)")


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
    """Compare the content words and quantities of two sentences; what is only spelt otherwise is left out."""
    lost, gained = set(old.terms - new.terms - HEDGES), set(new.terms - old.terms - HEDGES)
    for word in sorted(lost):
        twin = next((other for other in sorted(gained) if _spelt_alike(word, other)), None)
        if twin is not None:
            lost.discard(word)
            gained.discard(twin)
    return Edit(frozenset(lost), frozenset(gained), _without(old.values, new.values), _without(new.values, old.values))


def restates(old: Sentence, new: Sentence) -> bool:
    """Say whether two sentences differ in spelling, articles, punctuation or the order of words at most."""
    if _names_of_code(old.text) != _names_of_code(new.text):
        return False
    if _letters(old.text) == _letters(new.text):
        return True
    if old.negated is not new.negated or old.modality != new.modality:
        return False
    return not (old.free ^ new.free) & _NARROWING and not any(edit(old, new))


def repeats(claim: Sentence, old: Sentence, new: Sentence) -> bool:
    """Say whether a claim says in other words what ``old`` says and ``new`` does not.

    It shares most of its words with ``old``, has what the edit took out (a quantity, words, a negation) and nothing of
    what it put in, and is bound to no other condition or time.
    """
    if (claim.free - old.free) & (HARD_LIMITS | EMBEDDING) or (claim.free & PAST and not old.free & PAST):
        return False
    if claim.negated is not old.negated or claim.modality != old.modality or direction(claim, old):
        return False
    shared = claim.terms & old.terms
    said = claim.terms - _WEIGHTLESS
    if len(shared) < _SHARED or len(shared) < _OF_CLAIM * len(said) or len(shared) < _OF_OLD * len(old.terms):
        return False
    if _without(claim.values, old.values) or set(names(claim)) - {token.norm for token in old.tokens}:
        return False
    changed = edit(old, new)
    if claim.terms & changed.gained or len(_without(claim.values, changed.gained_values)) < len(claim.values):
        return False
    if changed.lost - claim.terms or _without(changed.lost_values, claim.values):
        return False
    return bool(changed.lost or changed.lost_values) or old.negated is not new.negated


def _without(values: tuple[Value, ...], others: tuple[Value, ...]) -> tuple[Value, ...]:
    """Return the quantities that have no equal among ``others``."""
    return tuple(v for v in values if all(compare(v, other) not in (Match.EQUAL, Match.ROUNDED) for other in others))


def _spelt_alike(word: str, other: str) -> bool:
    """Say whether two words are one word, once misspelt; figures are never that."""
    shorter = min(len(word), len(other))
    if shorter < _SPELT_ALIKE or word[0] != other[0] or not (word.isalpha() and other.isalpha()):
        return False
    return OSA.distance(word, other) <= (2 if shorter >= _LONG else 1)


def _names_of_code(text: str) -> set[str]:
    """Return the names in a text that no dictionary has: ``pool_limits``, ``httpx.Client``, ``HTTP/2``."""
    return {match.group().casefold() for match in _IDENTIFIER.finditer(text)}


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
