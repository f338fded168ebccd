"""What a verdict is worth where the evidence behind it is overdue for review: recorded, and not known to hold still."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from guardlayer.types import Evidence, Fact, Label, Relation, Standing, Verdict


def as_reviewed(verdict: Verdict, at: datetime) -> Verdict:
    """Return the verdict as it stands at ``at``, with respect to the reviews that its evidence was due for.

    A claim that says what is recorded is *stale* where all that supports it is overdue: nothing newer is known, so
    ``current`` is what the claim says, and nothing may be put in its place. A claim that says otherwise keeps its
    verdict, but what is overdue is no correction.
    """
    if verdict.label is Label.SUPPORTED:
        deciding = [piece for piece in verdict.evidence if piece.relation is Relation.SUPPORTS]
        since = [_overdue(piece, at) for piece in deciding]
        dates = [moment for moment in since if moment is not None]
        if not dates or len(dates) < len(since):
            return verdict  # at least one piece of evidence has been looked at in time
        first = next(piece for piece in deciding if _overdue(piece, at) is not None)
        return replace(
            verdict,
            label=Label.STALE,
            reason=f"{verdict.reason}; unreviewed since {_day(max(dates))}",
            evidence=(first, *(piece for piece in verdict.evidence if piece is not first)),
            current=verdict.current if verdict.current is not None else first.fact or first,
            replacement=None,
        )
    if verdict.label in (Label.CONTRADICTED, Label.STALE) and verdict.current is not None:
        current = verdict.current
        due = current.review_after if isinstance(current, Fact) else current.due
        if due is not None and due <= at:
            reason = f"{verdict.reason}; what is recorded now is itself unreviewed since {_day(due)}"
            return replace(verdict, reason=reason, replacement=None)
    return verdict


def _overdue(piece: Evidence, at: datetime) -> datetime | None:
    due = piece.due
    return due if piece.standing is Standing.CURRENT and due is not None and due <= at else None


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
