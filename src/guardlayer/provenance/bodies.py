"""The bodies of records, schema ``guardlayer.record/1``: one for a response, one for each of its claims.

Every body begins alike: ``schema, kind, id, seq, recorded_at, guardlayer`` (version of the program), ``call_id, at,
model, policy, response`` (id of the response's record). The claims come first, in order; the response takes the place
right behind them and says how many they are, so that a report which is not whole cannot look as if it were.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from guardlayer.provenance.layout import CLAIM, RESPONSE, SCHEMA, escape
from guardlayer.provenance.serialize import (
    claim_to_json,
    coverage_to_json,
    digest,
    edit_to_json,
    lineage_to_json,
)
from guardlayer.types import Report

Body = dict[str, Any]


def bodies(report: Report) -> list[Body]:
    """Return the bodies for one report, response last, without what only the log knows: see :func:`placed`."""
    common = {"schema": SCHEMA, "guardlayer": _version(), **lineage_to_json(report)}
    response = {
        **common,
        "kind": RESPONSE,
        "action": str(report.action),
        "outcome": str(report.outcome),
        "coverage": coverage_to_json(report.coverage),
        "question": _text(report.draft.question),
        "draft": {**_required(report.draft.text), "structured": report.draft.data is not None},
        "output": _required(report.output),
        "edits": [edit_to_json(edit) for edit in report.decision.edits],
        "reasons": [escape(reason) for reason in report.decision.reasons],
        "notices": [escape(notice) for notice in report.notices],
        "claims": len(report.claims),
        "recheck": None if report.recheck is None else _recheck(report.recheck),
    }
    claims = [
        {**common, "kind": CLAIM, "claim": {"index": index, **claim_to_json(checked)}}
        for index, checked in enumerate(report.claims)
    ]
    return [*claims, response]


def placed(body: Body, *, record_id: str, seq: int, recorded_at: str, response_id: str) -> Body:
    """Return a body with its place in the log.

    Args:
        body: A body as :func:`bodies` returns it.
        record_id: Identifier of the record.
        seq: Place in the log, from 0.
        recorded_at: Time of recording, ISO 8601.
        response_id: Identifier of the response the record belongs to.
    """
    return {**body, "id": record_id, "seq": seq, "recorded_at": recorded_at, "response": response_id}


def _required(text: str) -> Body:
    return {"text": escape(text), "digest": digest(text)}


def _text(text: str | None) -> Body | None:
    return None if text is None else _required(text)


def _recheck(report: Report) -> Body:
    return {
        "outcome": str(report.outcome),
        "action": str(report.action),
        "coverage": coverage_to_json(report.coverage),
        "claims": [claim_to_json(checked) for checked in report.claims],
    }


@cache
def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("guardlayer-facts")
    except PackageNotFoundError:  # run from a source tree that was not installed
        return "unknown"
