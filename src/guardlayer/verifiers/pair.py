"""One claim against given evidence: verifiers in order, the first verdict wins, and silence has a reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from guardlayer.protocols import Verifier
from guardlayer.types import Claim, Evidence, Label, Verdict
from guardlayer.verifiers.lexical import explain
from guardlayer.verifiers.unreviewed import as_reviewed

NAME = "cascade/1"


class Cascade:
    """Asks verifiers in order and takes the first verdict.

    A verifier that raises, or returns something that is no verdict, makes the claim *unverifiable*: the ones after it
    are not asked, since a later *supported* would hide that an earlier check could not be done. What rests on evidence
    that is overdue for review is *stale*, whichever verifier it comes from.

    Args:
        verifiers: In the order in which they are asked, cheapest first.
    """

    def __init__(self, verifiers: Sequence[Verifier]) -> None:
        self.verifiers = tuple(verifiers)

    def __call__(self, claim: Claim, evidence: Sequence[Evidence], at: datetime) -> Verdict:
        """Return the first verdict, or *unsupported* with a reason that names the nearest evidence."""
        return self.attempt(claim, evidence, at) or self.undecided(claim, evidence)

    def undecided(self, claim: Claim, evidence: Sequence[Evidence]) -> Verdict:
        """Return the verdict on a claim that no verifier could decide: *unsupported*, with the nearest evidence."""
        if not evidence:
            return Verdict(Label.UNSUPPORTED, 1.0, "no evidence was given", verifier=NAME)
        return Verdict(Label.UNSUPPORTED, 1.0, explain(claim, evidence), verifier=NAME)

    def attempt(self, claim: Claim, evidence: Sequence[Evidence], at: datetime) -> Verdict | None:
        """Return the first verdict, or ``None`` where no verifier can tell from this evidence."""
        for verifier in self.verifiers:
            try:
                verdict = verifier(claim, evidence, at)
                if verdict is not None and not isinstance(verdict, Verdict):
                    raise TypeError(f"returned {type(verdict).__name__} where a Verdict or None is due")
            except Exception as error:  # noqa: BLE001 - a plug-in may raise anything; every cause becomes an outcome
                return _failed(verifier, error)
            if verdict is not None:
                return as_reviewed(verdict, at)
        return None


def verify_pair(claim: Claim, evidence: Sequence[Evidence], at: datetime, *, verifiers: Sequence[Verifier]) -> Verdict:
    """Verify one claim against given evidence; see :class:`Cascade`.

    Args:
        claim: The claim.
        evidence: Everything that bears on it, with its standing as of ``at``.
        at: The instant for which it is asked.
        verifiers: In the order in which they are asked.
    """
    return Cascade(verifiers)(claim, evidence, at)


def _failed(verifier: Verifier, error: Exception) -> Verdict:
    name = getattr(verifier, "name", None)
    name = name if isinstance(name, str) else getattr(verifier, "__name__", None) or type(verifier).__name__
    cause = f"{type(error).__name__}: {error}"
    return Verdict(Label.UNVERIFIABLE, 1.0, f"the check could not be done: {name} failed", verifier=name, error=cause)
