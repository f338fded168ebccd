"""A claim about a name that may stand for several: what it says cannot be held against any one of them."""

from __future__ import annotations

from collections.abc import Sequence

from guardlayer.types import Claim, Evidence, Label, Verdict
from guardlayer.verifiers import reasons
from guardlayer.verifiers.asserted import fact_of
from guardlayer.verifiers.verdicts import NAME


def unclear(claim: Claim, evidence: Sequence[Evidence]) -> Verdict:
    """Return *unverifiable*, with whom the name may stand for and what is true of each now.

    Args:
        claim: The claim.
        evidence: What is recorded for the candidates, one piece for each key; not empty, and aligned.
    """
    alignment = evidence[0].alignment
    assert alignment is not None
    names = alignment.candidates
    said = alignment.entity.slice(claim.text) if alignment.entity is not None else "the name"
    known = [f"{reasons.quoted(fact_of(piece))} of {fact_of(piece).entity}" for piece in evidence[:_SHOWN]]
    who = " or ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else f"{names[0]}, elsewhere"
    reason = f"{said!r} may stand for {who}, and nothing here decides; recorded: {'; '.join(known)}"
    return Verdict(
        Label.UNVERIFIABLE,
        1.0,
        reason,
        evidence=tuple(evidence[:_SHOWN]),
        verifier=NAME,
        error="ambiguous name",
    )


_SHOWN = 4
"""Facts that are named, so that a reader can see what depends on the answer."""
