"""One claim against given evidence: verifiers in order, the first verdict wins, and silence has a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
        first_slow = next((at for at, one in enumerate(self.verifiers) if getattr(one, "slow", False)), None)
        first_slow = len(self.verifiers) if first_slow is None else first_slow
        self._quick, self._slow = self.verifiers[:first_slow], self.verifiers[first_slow:]

    @property
    def notices(self) -> tuple[str, ...]:
        """What every report must say of the verifiers, such as a model that is not there."""
        found = (getattr(verifier, "notice", None) for verifier in self.verifiers)
        return tuple(notice for notice in found if isinstance(notice, str))

    def __call__(self, claim: Claim, evidence: Sequence[Evidence], at: datetime) -> Verdict:
        """Return the first verdict, or *unsupported* with a reason that names the nearest evidence."""
        return self.attempt(claim, evidence, at) or self.undecided(claim, evidence, at)

    def undecided(self, claim: Claim, evidence: Sequence[Evidence], at: datetime) -> Verdict:
        """Return the verdict on a claim that no verifier could decide: *unsupported*, with the nearest evidence.

        A verifier that has ``explain(claim, evidence, at)`` says how near the evidence came.
        """
        if not evidence:
            return Verdict(Label.UNSUPPORTED, 1.0, "no evidence was given", verifier=NAME)
        explaining = [one for verifier in self.verifiers if (one := getattr(verifier, "explain", None)) is not None]
        return _first(explaining, claim, evidence, at) or Verdict(
            Label.UNSUPPORTED, 1.0, explain(claim, evidence), verifier=NAME
        )

    def attempt(self, claim: Claim, evidence: Sequence[Evidence], at: datetime) -> Verdict | None:
        """Return the first verdict, or ``None`` where no verifier can tell from this evidence."""
        return _first(self.verifiers, claim, evidence, at)

    def attempt_quick(self, claim: Claim, evidence: Sequence[Evidence], at: datetime) -> Verdict | None:
        """Do what :meth:`attempt` does, as far as no verifier takes its time (``slow = True``)."""
        return _first(self._quick, claim, evidence, at)

    def attempt_slow(self, claim: Claim, evidence: Sequence[Evidence], at: datetime) -> Verdict | None:
        """Ask the rest of the verifiers, from the first one that takes its time."""
        return _first(self._slow, claim, evidence, at)

    def is_slow(self, evidence: Sequence[Evidence]) -> bool:
        """Say whether a verifier may take milliseconds over this evidence: it reads passages, and there are some."""
        return bool(self._slow) and any(piece.fact is None for piece in evidence)

    def prefetch(self, evidence: Sequence[Evidence]) -> None:
        """Let verifiers make ready for evidence that is at hand before the first claim is."""
        for verifier in self.verifiers:
            ready = getattr(verifier, "prefetch", None)
            if ready is not None:
                ready(evidence)


def _first(
    asked: Iterable[Callable[[Claim, Sequence[Evidence], datetime], Verdict | None]],
    claim: Claim,
    evidence: Sequence[Evidence],
    at: datetime,
) -> Verdict | None:
    for verifier in asked:
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


def _failed(verifier: object, error: Exception) -> Verdict:
    name = getattr(verifier, "name", None)
    name = name if isinstance(name, str) else getattr(verifier, "__name__", None) or type(verifier).__name__
    cause = f"{type(error).__name__}: {error}"
    return Verdict(Label.UNVERIFIABLE, 1.0, f"the check could not be done: {name} failed", verifier=name, error=cause)
