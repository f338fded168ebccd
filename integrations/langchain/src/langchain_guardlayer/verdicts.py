"""What a message carries of its verdicts: metadata, and citations in LangChain's standard form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from guardlayer.policy import Policy
from guardlayer.streaming import Citation
from guardlayer.streaming.releases import cited
from guardlayer.types import Action, CheckedClaim, Kind, Label, Report
from langchain_guardlayer.blocks import BREAK, is_text

KEY = "guardlayer"
"""Key of the verdicts in ``response_metadata``."""

EVENT = "guardlayer.verdict"
"""Name of the custom event with the verdicts of one text."""

_SHOWN = (Action.PASS, Action.ANNOTATE)
_WITHHELD = (Action.BLOCK, Action.RETRY)


def verdicts(reports: Iterable[Report]) -> dict[str, Any]:
    """Return what metadata may carry of the reports on one message: JSON values.

    Words that the policy took out are not repeated here, nor the reasons that quote them; the report, or the record
    named, has them.
    """
    found = list({id(report): report for report in reports}.values())
    strongest = max((report.action for report in found), key=list(Action).index, default=Action.PASS)
    return {
        "outcome": " ".join(dict.fromkeys(str(report.outcome) for report in found)),
        "action": str(strongest),
        "policy": found[0].policy,
        "records": [report.record for report in found if report.record],
        "notices": list(dict.fromkeys(notice for report in found for notice in report.notices)),
        "claims": [_line(report, claim) for report in found for claim in report.claims],
    }


def cites(policy: Any) -> bool:
    """Say whether a policy marks what is supported with its sources, so that texts are to carry citations."""
    return isinstance(policy, Policy) and policy.actions[Kind.FACT, Label.SUPPORTED] is Action.ANNOTATE


def citation(cited: Citation, begin: int = 0) -> dict[str, Any]:
    """Return a citation in LangChain's standard form.

    Args:
        cited: The citation, with offsets in the whole output.
        begin: Where the content block it stands in begins there.
    """
    standard: dict[str, Any] = {
        "type": "citation",
        "title": cited.source,
        "start_index": max(cited.start - begin, 0),
        "end_index": cited.end - begin,
        "cited_text": cited.cited_text,
    }
    return {**standard, "url": cited.uri} if cited.uri else standard


def annotate(blocks: Sequence[Any], begins: Sequence[bool], report: Report) -> list[Any]:
    """Return content blocks in which each claim that has a source cites it.

    Args:
        blocks: The blocks, with the texts that ``report.output`` is made of.
        begins: For each text, whether it was read with a break before it.
        report: The report on these texts.
    """
    cited_blocks = list(blocks)
    if report.action in _WITHHELD or report.draft.data is not None:
        return cited_blocks
    marks = cited(report.claims, report.decision.edits, len(report.draft.text), 0)
    at, left = 0, iter(begins)
    for place, block in enumerate(blocks):
        if not is_text(block):
            continue
        base = {"type": "text", "text": block} if isinstance(block, str) else block
        begin = at + (len(BREAK) if next(left) else 0)
        at = begin + len(base["text"])
        own = [citation(replace(mark, end=min(mark.end, at)), begin) for mark in marks if begin <= mark.start < at]
        cited_blocks[place] = {**base, "annotations": own} if own else base
    return cited_blocks


def _line(report: Report, claim: CheckedClaim) -> dict[str, Any]:
    says = [claim.current.source.id] if claim.current is not None else []
    line: dict[str, Any] = {
        "kind": str(claim.kind),
        "verdict": str(claim.verdict),
        "action": str(claim.action),
        "score": round(claim.score, 4),
        "sources": list(dict.fromkeys((*says, *(piece.source.id for piece in claim.evidence)))),
    }
    if claim.path is not None:
        line["path"] = claim.path
    if claim.current is not None:
        line["current"] = claim.current.text
    if report.action not in _WITHHELD and claim.action in _SHOWN:
        shown = claim.text if claim.path is not None else report.draft.text[claim.start : claim.end]
        line |= {"claim": shown, "reason": claim.reason}
    return line
