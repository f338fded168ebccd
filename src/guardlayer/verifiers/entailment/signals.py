"""What a pair says: the features of the combiner, and what words say beside the network."""

from __future__ import annotations

import re
from collections.abc import Iterable

from guardlayer.text import STOP_WORDS, search_terms
from guardlayer.verifiers.entailment.network import Reading
from guardlayer.verifiers.lexical_features import STATES, Features, Sentence, read
from guardlayer.verifiers.marks import EQ, MISS, NEAR, NEQ, SAT, SUM, VIO
from guardlayer.verifiers.values import Bound

_HEAD = 3
"""Words in which a claim without a verb of state names its subject."""
_SINGULAR = frozenset({"is", "was", "has", "does", "isn't", "wasn't", "hasn't", "doesn't"})
_DECADE = re.compile(r"\d0['’]?s\b")
_DUTY = re.compile(r"(?i)\b(?:must|shall|required|obliged|(?:have|has|need|needs) to)\b")
_MEASURED = ("a number", "a date", "a unit", "a quantity")
NAMES = ("support", "refute")
"""Names of the features, in order; the combiner is fitted on these and no others."""


def vector(reading: Reading) -> list[float]:
    """Return the features of a pair, one for each of :data:`NAMES`: how far two answers stand from *neutral*.

    Nothing else is one. What words share and where they conflict the network reads, in marks and in words; on sources
    that a combiner was not fitted on, each such feature made chances worse.
    """
    supports, neutral, refutes = reading.logits
    return [supports - neutral, refutes - neutral]


def against(reading: Reading, found: Features) -> tuple[str, ...]:
    """Return what speaks against the claim beside the network; empty if nothing does.

    Values of one sort that differ, a comparator that fails, a name that the evidence lacks, one-sided negation, modals
    or directions that exclude one another.
    """
    signals = list(found.conflicts)
    if not signals and (VIO in reading.marks or NEQ in reading.marks):
        signals.append("a quantity")
    if MISS in reading.marks:
        signals.append("a name")
    return tuple(signals)


def measured(found: Iterable[str]) -> bool:
    """Say whether a quantity or a date is among what :func:`against` found."""
    return any(one.startswith(_MEASURED) for one in found)


def forbids_support(reading: Reading, found: Features, claim: str) -> bool:
    """Say whether the evidence gives another quantity, date or direction, and none that the claim's would follow from.

    Code does the arithmetic: where it finds that "13 million" is not "1.13 million", no chance of support counts. Nor
    does it where the same is said of another name: "Berlin is the capital" does not support "Paris is the capital".
    """
    if found.direction is not None or _other_allowance(read(claim), read(found.sentence)):
        return True
    if _other_subject(read(claim), read(found.sentence)):
        return True
    other = (found.number is not None or found.date is not None) and not _DECADE.search(claim)  # 1934 is of the 1930s
    return other and not any(mark in reading.marks for mark in (SAT, EQ, NEAR, SUM))


def _other_subject(said: Sentence, given: Sentence) -> bool:
    """Say whether two sentences go on alike after another first word, which in either may be a name.

    A capital at the start tells nothing, so names of one word there are missed by whoever looks for capitals. Plurals
    are no names: "Refunds are paid" may support "Reimbursements are paid". Nor are adverbs, and first names that begin
    alike before the same last name may be one: "Mel Brooks" is "Melvin Brooks".
    """
    if len(said.tokens) < 2 or len(given.tokens) < 2 or said.tokens[1].norm != given.tokens[1].norm:
        return False
    one, other = said.tokens[0], given.tokens[0]
    if one.norm == other.norm or not (one.text[:1].isupper() and other.text[:1].isupper()):
        return False
    if said.tokens[1].text[:1].isupper() and one.norm[0] == other.norm[0]:
        return False
    if one.norm.endswith("ly") or other.norm.endswith("ly"):
        return False
    plural = one.norm.endswith("s") and other.norm.endswith("s") and said.tokens[1].norm not in _SINGULAR
    if plural or not STOP_WORDS.isdisjoint((one.norm, other.norm)):
        return False
    return one.norm not in {t.norm for t in given.tokens} and other.norm not in {t.norm for t in said.tokens}


def _other_allowance(said: Sentence, given: Sentence) -> bool:
    """Say whether both set a limit, and not the same one: 14 days do not bear out "may take up to 30 days".

    Nor do four days bear out "must book at least two days ahead", although four are more than two.
    """
    if "may" not in said.modality | given.modality and not _DUTY.search(said.text):
        return False
    for value in said.values:
        rivals = [other for other in given.values if other.type is value.type]
        same = any((value.low, value.high) == (other.low, other.high) for other in rivals)
        if value.bound in (Bound.AT_MOST, Bound.AT_LEAST) and rivals and not same:
            return True
    return False


def names_subject(claim: str, found: Features) -> bool:
    """Say whether the evidence has every name and number before the claim's verb: what the claim is about."""
    said = read(claim)
    verb = next((at for at, token in enumerate(said.tokens) if at and token.norm in STATES), _HEAD)
    head = [token for token in said.tokens[:verb] if token.text[0].isupper() or token.text[0].isdigit()]
    return not any(term in found.missing for token in head for term in search_terms(token.text))
