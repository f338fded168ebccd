"""The verdicts of the entailment stage, with reasons that people can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from guardlayer.types import Evidence, Label, Relation, Span, Verdict
from guardlayer.verifiers.lexical_features import coverage, read
from guardlayer.verifiers.values import Bound, Match, compare, render

if TYPE_CHECKING:
    from guardlayer.verifiers.entailment.verifier import Read

NAME = "entailment/1"
_SHOWN = 160
_UNSURE = 0.49
_SAME_SENTENCE = 0.6
"""Share of its content words that a sentence keeps when only a value in it is changed."""


def supported(found: Sequence[Read]) -> Verdict:
    """Every sentence of the claim is supported; ``found`` has the window that does so for each."""
    weakest = min(found, key=lambda one: one.found.chances.supports)
    score = weakest.found.chances.supports
    reason = f"{weakest.evidence.source} says so in other words: {_shown(weakest.text)}"
    return Verdict(
        Label.SUPPORTED, score, reason, _each(found, Relation.SUPPORTS), current=weakest.evidence, verifier=NAME
    )


def contradicted(against: Read) -> Verdict:
    """A current passage refutes the claim, and its words bear that out.

    Where it does not surely speak of the claim's subject the score stays below even odds: policies then change no
    words, and call it possible.
    """
    chance = against.found.chances.refutes
    reason = f"{against.evidence.source} says otherwise: {_shown(against.text)}"
    if against.found.signals:
        reason += f"; it differs in {', '.join(against.found.signals)}"
    witness = (replace(against.evidence, relation=Relation.REFUTES),)
    score = chance if against.found.about else min(chance, _UNSURE)
    return Verdict(Label.CONTRADICTED, score, reason, witness, current=against.evidence, verifier=NAME)


def disputed(supporting: Read, against: Read) -> Verdict:
    """Two sources of equal authority disagree."""
    reason = (
        f"sources of equal authority disagree: {supporting.evidence.source} says {_shown(supporting.text)}; "
        f"{against.evidence.source} says {_shown(against.text)}"
    )
    return Verdict(
        Label.DISPUTED,
        min(supporting.found.chances.supports, against.found.chances.refutes),
        reason,
        (
            replace(supporting.evidence, relation=Relation.SUPPORTS),
            replace(against.evidence, relation=Relation.REFUTES),
        ),
        verifier=NAME,
    )


def stale(witness: Read, current: Sequence[Read], *, claim: str = "") -> Verdict:
    """A superseded passage says so and no current one does.

    Args:
        witness: The window of the superseded passage.
        current: What was read of current ones.
        claim: The whole claim: where one quantity is all that an edit changed, the new one may stand in its place.
    """
    piece = witness.evidence
    until = piece.valid.end_text or piece.source.effective.end_text
    head = f"{piece.source} said so until {until}" if until else f"an earlier version of {piece.source} said so"
    score = witness.found.chances.supports
    heir = piece.replaced_by
    successor = next((one for one in current if one.evidence is heir), None)
    if heir is None:
        same = [one for one in current if one.evidence.source.id == piece.source.id]
        successor = max(same, key=lambda one: one.found.coverage, default=None)
        heir = None if successor is None else successor.evidence
    reason = f"{head} ({_shown(witness.text)})"
    supporting = replace(piece, relation=Relation.SUPPORTS)
    if heir is None:
        return Verdict(Label.STALE, score, f"{reason}; no current passage of it says so", (supporting,), verifier=NAME)
    refutes = successor is not None and successor.found.chances.refutes > successor.found.chances.neutral
    says = "it says" if heir.source.id == piece.source.id else f"{heir.source} says"
    told = _shown(successor.text if successor is not None else heir.text)
    against = replace(heir, relation=Relation.REFUTES if refutes else Relation.NEUTRAL)
    span, replacement = _changed(claim, witness.text, successor.text if successor is not None else heir.text)
    return Verdict(
        Label.STALE, score, f"{reason}; now {says} {told}", (supporting, against), current=heir, verifier=NAME,
        span=span, replacement=replacement,
    )  # fmt: skip


def _changed(claim: str, old: str, new: str) -> tuple[Span | None, str | None]:
    """Return where the claim states the one quantity that an edit changed, and what may stand there instead."""
    said, former, current = read(claim), read(old), read(new)
    if coverage(former, current) < _SAME_SENTENCE:
        return None, None
    for value in said.values:
        group = [[one for one in text.values if one.type is value.type] for text in (said, former, current)]
        if any(len(some) != 1 for some in group):
            continue
        before, after = group[1][0], group[2][0]
        same = (value.low, value.high) == (before.low, before.high)
        if same and after.bound is Bound.EXACT and compare(before, after) is Match.DIFFERENT:
            return Span(value.start, value.end), render(after, value)
    return None, None


def undecided(nearest: Read, against: Read) -> Verdict:
    """Evidence is near, and does not settle the claim."""
    supports, refutes = nearest.found.chances.supports, against.found.chances.refutes
    one = against if refutes > supports else nearest
    share = f"supports it {one.found.chances.supports:.0%}, refutes it {one.found.chances.refutes:.0%}"
    reason = f"near, but undecided: {one.evidence.source} says {_shown(one.text)} ({share})"
    if one.found.signals:
        reason += f"; it differs in {', '.join(one.found.signals)}"
    witness = (replace(one.evidence, relation=Relation.NEUTRAL),)
    return Verdict(Label.UNSUPPORTED, 1 - supports, reason, witness, verifier=NAME)


def _each(found: Sequence[Read], relation: Relation) -> tuple[Evidence, ...]:
    unique: list[Evidence] = []
    for one in found:
        if one.evidence not in unique:
            unique.append(one.evidence)
    return tuple(replace(piece, relation=relation) for piece in unique)


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return f'"{line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"}"'
