"""What a client is told of the check: headers, the ``guardlayer`` field, citations.

Words of the model that were taken out of an answer are not in any of it: a client that may not read them in the text
may not read them beside it either. ``guardlayer why RECORD`` tells whoever may read the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from guardlayer.errors import GuardViolation
from guardlayer.gateway.failures import GatewayError
from guardlayer.policy.values import STRENGTH
from guardlayer.streaming.releases import cited as citations_of
from guardlayer.types import Action, CheckedClaim, Edit, Evidence, Fact, Label, Outcome, Relation, Report, Source

_WORST = (Outcome.FINDINGS, Outcome.INCOMPLETE, Outcome.VERIFIED, Outcome.NO_CLAIMS)
_KEPT = (Action.PASS, Action.ANNOTATE)
_WHOLE = (Action.BLOCK, Action.RETRY)

Json = dict[str, Any]


def headers(told: Json) -> dict[str, str]:
    """Return the headers of an answer in one piece that has this ``guardlayer`` field."""
    return {
        "x-guardlayer-verdict": told["verdict"],
        "x-guardlayer-action": told["action"],
        "x-guardlayer-policy": quote(told["policy"], safe="@/ :.,-_"),
        **traced(told["trace"]),
    }


def traced(trace: str) -> dict[str, str]:
    """Return the one header that is known before anything was checked."""
    return {"x-guardlayer-trace": trace}


def worst(reports: Sequence[Report]) -> Outcome:
    """Return the outcome of several reports in one word; that of none is that nothing was claimed."""
    found = {report.outcome for report in reports}
    return next((outcome for outcome in _WORST if outcome in found), Outcome.NO_CLAIMS)


def strongest(reports: Sequence[Report]) -> Action:
    """Return the strongest action of several reports."""
    return max((report.action for report in reports), key=STRENGTH.__getitem__, default=Action.PASS)


def field(reports: Sequence[tuple[Json, Report]], trace: str, policy: object, *, withheld: bool = False) -> Json:
    """Return the ``guardlayer`` field of an answer.

    Args:
        reports: For each text of the answer where it stands, such as ``{"choice": 0}``, and its report.
        trace: Identifier of the request.
        policy: The policy in force, where no report names it.
        withheld: Whether nothing of the texts is shown.
    """
    bare = [report for _, report in reports]
    return {
        "verdict": str(worst(bare)),
        "action": str(strongest(bare)),
        "policy": bare[0].policy if bare else str(policy),
        "trace": trace,
        "texts": [{**place, **_text(report, withheld=withheld)} for place, report in reports],
    }


def violation(error: GuardViolation, trace: str) -> GatewayError:
    """Return the error for an answer that is withheld because the caller asked for errors."""
    report = error.report
    counts: dict[str, int] = {}
    for claim in report.claims:
        if claim.verdict not in (Label.SUPPORTED, Label.EXEMPT):
            counts[str(claim.verdict)] = counts.get(str(claim.verdict), 0) + 1
    found = ", ".join(f"{number} {label}" for label, number in counts.items()) or "see the record"
    told = field([({}, report)], trace, report.policy, withheld=True)
    return GatewayError(
        422,
        "guard_violation",
        f"the answer is withheld by policy {report.policy}: {found}",
        kind="guard_violation",
        extra={"guardlayer": told},
        headers=headers(told),
    )


def url_citations(report: Report, *, nested: bool) -> list[Json]:
    """Return the citations that have a URL in OpenAI's form.

    Args:
        report: What was found.
        nested: Whether the fields stand under ``url_citation``, as in chat completions; in responses they do not.
    """
    if report.action in _WHOLE:
        return []
    found = citations_of(report.claims, report.decision.edits, len(report.draft.text), 0)
    return [citation(each.start, each.end, each.uri, each.source, nested=nested) for each in found if each.uri]


def citation(start: int, end: int, uri: str, title: str, *, nested: bool) -> Json:
    """Return one citation in OpenAI's form."""
    fields = {"start_index": start, "end_index": end, "url": uri, "title": title}
    return {"type": "url_citation", "url_citation": fields} if nested else {"type": "url_citation", **fields}


def cited(claim: CheckedClaim) -> Source | None:
    """Return the source that bears out what the output says in place of the claim."""
    if claim.action is Action.CORRECT and claim.current is not None:
        return claim.current.source
    best = next((piece for piece in claim.evidence if piece.relation is Relation.SUPPORTS), None)
    return best.source if best is not None else None


def placed(edits: Sequence[Edit], place: int, *, after: bool = False) -> int:
    """Return where an offset of the draft lies in the output.

    Args:
        edits: The edits of the text, disjoint and in order.
        place: The offset.
        after: Whether words inserted at the place count as before it; of a replaced run, its end is meant.
    """
    shift = 0
    for edit in edits:
        if edit.path is not None or edit.start > place or (edit.start == place and not after):
            break
        if edit.start < place < edit.end:
            return edit.start + shift + (len(edit.replacement) if after else 0)
        if edit.start == edit.end == place and after:
            break  # a mark behind the claim is none of its words
        if edit.end <= place:
            shift += len(edit.replacement) - (edit.end - edit.start)
    return place + shift


def _text(report: Report, *, withheld: bool) -> Json:
    edits = report.decision.edits
    # Where nothing was taken out, everything that was found may be told.
    withheld = withheld or report.action in _WHOLE
    whole = not withheld and all(edit.start == edit.end for edit in edits)
    return {
        "verdict": str(report.outcome),
        "action": str(report.action),
        "record": report.record,
        "coverage": {
            "claims": report.coverage.claims,
            "checked": report.coverage.checked,
            "supported": report.coverage.supported,
            "exempt": report.coverage.exempt,
            "unverifiable": report.coverage.unverifiable,
        },
        "claims": [
            _claim(claim, report, told=whole, withheld=withheld)
            for claim in report.claims
            if claim.verdict is not Label.EXEMPT
        ],
    }


def _claim(claim: CheckedClaim, report: Report, *, told: bool, withheld: bool) -> Json:
    found: Json = {
        "kind": str(claim.kind),
        "verdict": str(claim.verdict),
        "action": str(claim.action),
        "score": round(claim.score, 4),
    }
    if claim.path is not None:
        found["path"] = claim.path
    elif not withheld:
        found["start"] = placed(report.decision.edits, claim.start)
        found["end"] = placed(report.decision.edits, claim.end, after=True)
    if told and claim.action in _KEPT:
        found["reason"] = claim.reason
    if claim.current is not None:
        found["current"] = _current(claim.current)
    source = cited(claim)
    if source is not None:
        found["source"] = _source(source)
    return found


def _current(current: Fact | Evidence) -> Json:
    value = current.value if isinstance(current, Fact) else None
    return {"text": current.text, "value": value, "source": _source(current.source)}


def _source(source: Source) -> Json:
    return {"id": source.id, "uri": source.uri, "version": source.version}
