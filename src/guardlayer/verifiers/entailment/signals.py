"""What the words of a pair say beside the network: features of the combiner, and the second signal of a refutation."""

from __future__ import annotations

from math import log1p

from guardlayer.text import STOP_WORDS, search_terms
from guardlayer.verifiers.entailment.network import Reading
from guardlayer.verifiers.entailment.windows import words
from guardlayer.verifiers.lexical_features import STATES, Features, Sentence, read
from guardlayer.verifiers.marks import ABS, EQ, MISS, NEAR, NEQ, SAT, SUM, VIO
from guardlayer.verifiers.values import Bound

_HEAD = 3
"""Words in which a claim without a verb of state names its subject."""
_SINGULAR = frozenset({"is", "was", "has", "does", "isn't", "wasn't", "hasn't", "doesn't"})
_COUNTED = (SAT, VIO, EQ, NEQ, NEAR, ABS, SUM, MISS)
NAMES = (
    "support",
    "refute",
    "certain",
    "coverage",
    "missing",
    "names",
    "number",
    "date",
    "unit",
    "negation",
    "modality",
    "direction",
    *(f"mark {name}" for name in ("sat", "vio", "eq", "neq", "near", "abs", "sum", "miss")),
    "overlap",
    "letters",
    "said",
    "given",
)
"""Names of the features, in order; the combiner is fitted on these and no others."""


def vector(reading: Reading, found: Features, evidence: str, claim: str) -> list[float]:
    """Return the features of a pair, one for each of :data:`NAMES`."""
    supports, neutral, refutes = reading.logits
    said, given = words(claim), words(evidence)
    held = set(given)
    return [
        supports - neutral,
        refutes - neutral,
        supports - refutes,
        found.coverage,
        float(min(len(found.missing), 6)),
        float(min(len(found.names), 3)),
        float(found.number is not None),
        float(found.date is not None),
        float(found.unit is not None),
        float(found.negation),
        float(found.modality is not None),
        float(found.direction is not None),
        *(float(min(reading.marks.count(name), 3)) for name in _COUNTED),
        sum(word in held for word in said) / len(said) if said else 0.0,
        _letters(claim, evidence),
        log1p(len(said)),
        log1p(len(given)),
    ]


def _letters(claim: str, evidence: str) -> float:
    """Return the share of the claim's runs of four letters that the evidence has: words in other inflections."""
    said, given = _runs(claim), _runs(evidence)
    return len(said & given) / len(said) if said else 0.0


def _runs(text: str) -> set[str]:
    low = text.lower()
    return {low[i : i + 4] for i in range(len(low) - 3)}


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


def forbids_support(reading: Reading, found: Features, claim: str) -> bool:
    """Say whether the evidence gives another quantity, date or direction, and none that the claim's would follow from.

    Code does the arithmetic: where it finds that "13 million" is not "1.13 million", no chance of support counts. Nor
    does it where the same is said of another name: "Berlin is the capital" does not support "Paris is the capital".
    """
    if found.direction is not None or _other_allowance(read(claim), read(found.sentence)):
        return True
    if _other_subject(read(claim), read(found.sentence)):
        return True
    other = found.number is not None or found.date is not None
    return other and not any(mark in reading.marks for mark in (SAT, EQ, NEAR, SUM))


def _other_subject(said: Sentence, given: Sentence) -> bool:
    """Say whether two sentences go on alike after another first word, which in either may be a name.

    A capital at the start tells nothing, so names of one word there are missed by whoever looks for capitals. Plurals
    are no names: "Refunds are paid" may support "Reimbursements are paid".
    """
    if len(said.tokens) < 2 or len(given.tokens) < 2 or said.tokens[1].norm != given.tokens[1].norm:
        return False
    one, other = said.tokens[0], given.tokens[0]
    if one.norm == other.norm or not (one.text[:1].isupper() and other.text[:1].isupper()):
        return False
    plural = one.norm.endswith("s") and other.norm.endswith("s") and said.tokens[1].norm not in _SINGULAR
    if plural or not STOP_WORDS.isdisjoint((one.norm, other.norm)):
        return False
    return one.norm not in {t.norm for t in given.tokens} and other.norm not in {t.norm for t in said.tokens}


def _other_allowance(said: Sentence, given: Sentence) -> bool:
    """Say whether both allow something up to a limit, and not the same one: 14 days do not bear out "up to 30 days"."""
    if "may" not in said.modality | given.modality:
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
