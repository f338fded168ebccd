"""Stage 3, the two alignments of words that carry a verdict: quotation, and quantities with one and the same subject.

Both are strict, since a verdict without alignment is wrong one time in five or worse. Words that restrict a statement
("for members", "if", "until 2020"), embed it ("critics claim that") or negate it undo both.
"""

from __future__ import annotations

from typing import NamedTuple

from guardlayer.text import STOP_WORDS, Token, fold, search_terms
from guardlayer.verifiers.lexical_features import (
    CHANGED,
    DOWN,
    HEDGES,
    MODALITY,
    PAST,
    STATES,
    UP,
    Sentence,
    direction,
    mask,
    word_set,
)
from guardlayer.verifiers.values import Match, Value, ValueType, compare

EMBEDDING = word_set(
    "if unless whether would could might claim claims claimed claiming alleged alleges allegedly reportedly rumor "
    "rumors rumour rumours false falsely wrong wrongly incorrectly incorrect untrue myth deny denies denied doubt "
    "doubts disputes disputed planned plans proposed proposes proposal expected expects formerly previously once "
    "used until before hypothetically suppose supposing assume assuming example imagine says said say believes "
    "believed thinks thought asked asks pretend ignore what never forecast projected"
)
_RESTRICTING = word_set(
    "if unless except excepting excluding only until till provided when whenever while where before after for to "
    "under without than during among but"
)
HARD_LIMITS = word_set("if unless except excepting excluding only until till provided whenever formerly previously")
_ENDS_TRAIL = word_set("and but which while whereas who so because")
_SCOPES = word_set("since from effective of starting beginning")
BREAKS = frozenset(',;:—–()[]"“”|')
_POSSESSIVES = frozenset(("our", "your", "my"))
_WEIGHTLESS = STATES | HEDGES | frozenset(MODALITY) | _POSSESSIVES
_CARRIERS = word_set("cost take last weigh measure run price")
FREE = STOP_WORDS | HEDGES | _POSSESSIVES
_QUOTE_TOKENS, _QUOTE_TERMS, _WHOLE_TERMS = 4, 3, 2
"""A quotation has this many words and content words; one that is a whole sentence needs fewer."""


class Aligned(NamedTuple):
    """A quantity of the claim and the one that a sentence gives for the same subject.

    Attributes:
        match: How they stand to each other.
        said: The quantity in the claim.
        true: The quantity in the sentence.
    """

    match: Match
    said: Value
    true: Value


def may_align(claim: Sentence, text: str) -> bool:
    """Say whether ``text`` can hold every word that an alignment needs: a test of letters, before any reading."""
    folded = fold(text)
    return all(term[:-1][:6] in folded for term in claim.terms if term not in _WEIGHTLESS and term not in _CARRIERS)


def quotes(claim: Sentence, sentence: Sentence) -> float:
    """Say how surely ``sentence`` says the claim in the very same words.

    Returns:
        0 if it does not, else 0.75 to 0.95, growing with the length of the run.
    """
    said = _trimmed(claim.tokens)
    if len(said) < 2:
        return 0.0
    at = _find([token.norm for token in said], [token.norm for token in sentence.tokens])
    if at < 0:
        return 0.0
    first, last = at, at + len(said) - 1
    tokens = sentence.tokens
    terms = len(search_terms(claim.text))
    whole = not _trimmed(tokens[:first]) and not _trimmed(tokens[last + 1 :])
    if terms < _WHOLE_TERMS or (not whole and (len(said) < _QUOTE_TOKENS or terms < _QUOTE_TERMS)):
        return 0.0
    if not _free_edges(sentence, first, last) or claim.negated is not sentence.negated:
        return 0.0
    if sentence.text.rstrip().endswith("?") or claim.modality != sentence.modality:
        return 0.0
    outside = {token.norm for token in (*tokens[:first], *tokens[last + 1 :])}
    if outside & EMBEDDING or outside & HARD_LIMITS:
        return 0.0
    if any(all(compare(value, other) is not Match.EQUAL for other in sentence.values) for value in claim.values):
        return 0.0
    return min(0.95, 0.72 + 0.03 * len(said))


def _trimmed(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    first, last = 0, len(tokens)
    while first < last and tokens[first].norm in FREE:
        first += 1
    while last > first and tokens[last - 1].norm in FREE:
        last -= 1
    return tokens[first:last]


def _find(needle: list[str], hay: list[str]) -> int:
    """Return the index at which ``needle`` is a run of ``hay``, or -1; linear, since it is one substring search."""
    joined, wanted = "\x1f" + "\x1f".join(hay) + "\x1f", "\x1f" + "\x1f".join(needle) + "\x1f"
    at = joined.find(wanted)
    return -1 if at < 0 else joined.count("\x1f", 0, at)


def _free_edges(sentence: Sentence, first: int, last: int) -> bool:
    """Say whether the run ends where a phrase does: "fee is 3 %" is no quotation of "the late fee is 3 %"."""
    tokens, text = sentence.tokens, sentence.text
    if first:
        before = tokens[first - 1]
        broken = not BREAKS.isdisjoint(text[before.end : tokens[first].start])
        if not broken and before.norm not in FREE:
            return False
        if tokens[0].norm in ("for", "under", "during", "without", "among") and first > 1:
            return False
    if last + 1 < len(tokens):
        after = tokens[last + 1]
        broken = not BREAKS.isdisjoint(text[tokens[last].end : after.start])
        if not broken and (after.norm not in FREE or after.norm in _RESTRICTING):
            return False
    return True


def align(claim: Sentence, sentence: Sentence) -> Aligned | None:
    """Compare the one quantity that claim and sentence both give for the same subject.

    Aligned means: the content words before the quantity are the same in both, apart from verbs of state and change;
    what follows it restricts neither more than the other; both speak of a level or both of a change, both of now or
    both of the past; polarity and modality agree; every other quantity of the claim is in the sentence too.

    Returns:
        The comparison, or ``None`` where nothing aligns or the two cannot be compared.
    """
    if not claim.values or not sentence.values or not claim.terms <= sentence.terms | _WEIGHTLESS | _CARRIERS:
        return None
    if claim.negated or sentence.negated or claim.modality != sentence.modality or direction(claim, sentence):
        return None
    if sentence.text.rstrip().endswith("?") or (sentence.free - claim.free) & (HARD_LIMITS | EMBEDDING):
        return None
    equal: Aligned | None = None
    for said in claim.values:
        found = _counterpart(claim, sentence, said)
        if found is not None and found.match is Match.DIFFERENT:
            return found
        equal = equal or found
    return equal


def _counterpart(claim: Sentence, sentence: Sentence, said: Value) -> Aligned | None:
    rivals = [value for value in sentence.values if value.type is said.type and not _is_former(sentence, value)]
    if said.type is ValueType.DATE:
        rivals = [value for value in rivals if (value.unit is None) is (said.unit is None)]
    if len(rivals) != 1 or sum(v.type is said.type and not _is_former(claim, v) for v in claim.values) != 1:
        return None
    true = rivals[0]
    match = compare(said, true)
    if match is Match.INCOMPARABLE or _is_former(claim, said):
        return None
    if said.unit is not None and said.type is ValueType.DATE:
        return None  # a quarter or an hour says which statement it is, so that it must agree and never decides
    for other in claim.values:
        if other is not said and not any(compare(other, v) in (Match.EQUAL, Match.ROUNDED) for v in sentence.values):
            return None
    lead, true_lead = _lead(claim, said), _lead(sentence, true)
    if not lead or lead != true_lead:
        return None
    if _way(claim, said) != _way(sentence, true) or not _same_trail(claim, said, sentence, true):
        return None
    if not _dates_free(claim, sentence, true):
        return None
    return Aligned(match, said, true)


def _is_former(sentence: Sentence, value: Value) -> bool:
    """Say whether a quantity is what was before: "from 3 %", "previously 3 %", "instead of 3 %"."""
    words = [token.norm for token in sentence.tokens if token.end <= min(value.start, value.phrase_start)][-2:]
    if not words:
        return False
    if words[-1] == "from" and value.type is not ValueType.DATE:
        return not sentence.free.isdisjoint(CHANGED)
    return words[-1] in ("previously", "formerly", "not") or words[-2:] in (["instead", "of"], ["rather", "than"])


def _lead(sentence: Sentence, value: Value) -> list[str]:
    """Return the content words before a quantity, verbs of state and change left out: its subject."""
    before = mask(sentence.text, sentence.values)[: min(value.start, value.phrase_start)]
    before = before[before.rfind(";") + 1 :]
    terms = [term for term in search_terms(before) if term not in _WEIGHTLESS]
    # "Shipping costs $5" and "shipping is $7" have one subject.
    while len(terms) > 1 and terms[-1] in _CARRIERS:
        terms.pop()
    return terms


def _way(sentence: Sentence, value: Value) -> tuple[bool, bool]:
    """Say whether a quantity is an amount of change rather than a level, and whether it is only a past state."""
    words = [token.norm for token in sentence.tokens if token.end <= min(value.start, value.phrase_start)]
    nearest = next((word for word in reversed(words) if word not in ("the", "a", "an", "just")), "")
    change = not (UP | DOWN).isdisjoint(words) and nearest not in ("to", "at") and value.type is not ValueType.DATE
    past = not PAST.isdisjoint(words) and CHANGED.isdisjoint(words)
    return change, past


def _same_trail(claim: Sentence, said: Value, sentence: Sentence, true: Value) -> bool:
    """Say whether what follows the quantity restricts the sentence no further than the claim, and the reverse."""
    mine, of_mine = _trail(claim, said)
    theirs, of_theirs = _trail(sentence, true)
    if of_theirs and not mine:
        return True
    return mine == theirs if not of_mine else mine <= theirs


def _trail(sentence: Sentence, value: Value) -> tuple[frozenset[str], bool]:
    start = max(value.end, value.phrase_end)
    rest = mask(sentence.text, sentence.values)[start:]
    tail: list[str] = []
    position = start
    opening = ""
    for token in sentence.tokens:
        if token.start < start:
            continue
        if token.norm in _ENDS_TRAIL or not BREAKS.isdisjoint(sentence.text[position : token.start]):
            break
        opening = opening or token.norm
        tail.append(rest[token.start - start : token.end - start])
        position = token.end
    terms = {term for term in search_terms(" ".join(tail)) if term not in STATES and term not in HEDGES}
    noun = {value.unit, *search_terms(value.unit or "")}
    kept = frozenset(terms - noun)
    first_noun = search_terms(tail[0])[:1] if tail else []
    leads_of = opening == "of" or (len(tail) > 1 and set(first_noun) <= noun and tail[1].lower() == "of")
    return kept, leads_of


def _dates_free(claim: Sentence, sentence: Sentence, true: Value) -> bool:
    """Say whether no date in the sentence narrows it to a time that the claim does not name.

    "The fee rose to 4 % in May" holds since May; "revenue in 2023 was $4M" holds for 2023 alone.
    """
    for date in sentence.values:
        if date.type is not ValueType.DATE or date is true:
            continue
        if any(compare(value, date) in (Match.EQUAL, Match.ROUNDED) for value in claim.values):
            continue
        words = [token.norm for token in sentence.tokens if token.end <= date.start][-2:]
        dated = date.unit is None or date.unit.startswith("--")
        if not (dated and not CHANGED.isdisjoint(sentence.free)) and (not words or words[-1] not in _SCOPES):
            return False
    return True
