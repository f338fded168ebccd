"""One report of many: the parts of a text put together, with offsets in the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from guardlayer.policy.values import STRENGTH
from guardlayer.streaming.reading import moved
from guardlayer.types import Action, CheckedClaim, Coverage, Decision, Draft, Edit, Report, Skipped

__all__ = ["Done", "compose", "shifted", "whole_edits"]


@dataclass(frozen=True, slots=True)
class Done:
    """A part that was checked.

    Attributes:
        start: Its offset in the draft.
        report: The report on it, with offsets in it.
        edits: What becomes of it, with offsets in it; applied to its text they give what was shown.
    """

    start: int
    report: Report
    edits: tuple[Edit, ...]


def shifted(claims: Sequence[CheckedClaim], by: int) -> tuple[CheckedClaim, ...]:
    """Return the claims with offsets moved."""
    return tuple(replace(checked, claim=moved(checked.claim, by)) for checked in claims)


def whole_edits(report: Report, output: str) -> tuple[Edit, ...]:
    """Return edits that lead from the draft of a report to ``output``: its own where they do, else one for all."""
    text = report.draft.text
    parts, at = [], 0
    for edit in report.decision.edits:
        parts += [text[at : edit.start], edit.replacement]
        at = edit.end
    if "".join(parts) + text[at:] == output:
        return report.decision.edits
    return (Edit(0, len(text), output),)


def compose(
    draft: Draft, done: Sequence[Done], output: str, *, policy: str, notices: Sequence[str], ending: Edit | None = None,
    unread: Skipped | None = None,
) -> Report:  # fmt: skip
    """Put the reports on the parts of ``draft`` together.

    Args:
        draft: The whole text.
        done: Its parts, in order.
        output: What was shown.
        policy: Name and digest of the policy.
        notices: What the reader must know, besides what the parts say.
        ending: What becomes of the end of the draft beyond what the parts say, if anything.
        unread: The end of the draft that no part has, if there is one.
    """
    claims = tuple(claim for part in done for claim in shifted(part.report.claims, part.start))
    edits = [
        replace(edit, start=edit.start + part.start, end=edit.end + part.start) for part in done for edit in part.edits
    ]
    if ending is not None:
        if edits and edits[-1].start == edits[-1].end == ending.start:
            ending = replace(ending, replacement=edits.pop().replacement + ending.replacement)
        edits.append(ending)
    decision = Decision(
        max((part.report.action for part in done), key=STRENGTH.__getitem__, default=Action.PASS),
        output,
        tuple(edits),
        tuple(reason for part in done for reason in part.report.decision.reasons),
        tuple(action for part in done for action in part.report.decision.actions),
    )
    said = [notice for part in done for notice in part.report.notices]
    return Report(
        draft,
        claims,
        decision,
        _coverage(draft.text, done, unread),
        policy,
        None,
        tuple(dict.fromkeys((*notices, *said))),
        _recheck(draft, done, policy) if unread is None else None,
    )


def _coverage(text: str, done: Sequence[Done], unread: Skipped | None) -> Coverage:
    parts = [part.report.coverage for part in done]
    skipped = [
        Skipped(region.start + part.start, region.end + part.start, region.reason)
        for part in done
        for region in part.report.coverage.skipped
    ]
    return Coverage(
        claims=sum(part.claims for part in parts),
        checked=sum(part.checked for part in parts),
        exempt=sum(part.exempt for part in parts),
        unverifiable=sum(part.unverifiable for part in parts),
        supported=sum(part.supported for part in parts),
        skipped=(*skipped, unread) if unread is not None and unread.start < unread.end else tuple(skipped),
        characters=len("".join(text.split())),
    )


def _recheck(draft: Draft, done: Sequence[Done], policy: str) -> Report | None:
    """Return the report on the text with its corrections, where anything was corrected."""
    if not any(part.report.recheck for part in done):
        return None
    again, text = [], ""
    for part in done:
        report = part.report.recheck or part.report
        count = len(report.claims)
        untouched = Decision(Action.PASS, report.draft.text, actions=(Action.PASS,) * count)
        plain = tuple(replace(claim, action=Action.PASS) for claim in report.claims)
        again.append(Done(len(text), replace(report, claims=plain, decision=untouched, recheck=None), ()))
        text += report.draft.text
    return compose(replace(draft, text=text), again, text, policy=policy, notices=())
