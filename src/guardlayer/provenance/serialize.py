"""Reports and claims as JSON values, under field names that stay.

What ``--json`` prints and what the log keeps are made here. Instants are ISO 8601 in UTC; bounds of intervals are as
precise as they were given. Text is escaped as :func:`guardlayer.provenance.layout.escape` says, so every value can be
encoded. ``docs/design/provenance.md`` lists the fields.
"""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime
from typing import Any

from guardlayer.provenance.layout import escape
from guardlayer.temporal import Interval
from guardlayer.types import CheckedClaim, Coverage, Edit, Evidence, Fact, Model, Report, Source, Span

Json = dict[str, Any]

REPORT_SCHEMA = "guardlayer.report/1"


def report_to_json(report: Report) -> Json:
    """Return a whole report as JSON values.

    Fields: ``schema, call_id, at, model, policy{name, digest}, outcome, ok, action, question, text, data, output,
    edits[], reasons[], coverage, claims[], notices[], record, recheck``; ``claims`` as :func:`claim_to_json`,
    ``recheck`` as a report or null.
    """
    draft = report.draft
    return {
        "schema": REPORT_SCHEMA,
        **lineage_to_json(report),
        "outcome": str(report.outcome),
        "ok": report.ok,
        "action": str(report.action),
        "question": optional(draft.question),
        "text": escape(draft.text),
        "data": values_to_json(draft.data),
        "output": escape(report.output),
        "edits": [edit_to_json(edit) for edit in report.decision.edits],
        "reasons": [escape(reason) for reason in report.decision.reasons],
        "coverage": coverage_to_json(report.coverage),
        "claims": [claim_to_json(claim) for claim in report.claims],
        "notices": [escape(notice) for notice in report.notices],
        "record": optional(report.record),
        "recheck": None if report.recheck is None else report_to_json(report.recheck),
    }


def claim_to_json(checked: CheckedClaim) -> Json:
    """Return one claim with its verdict as JSON values.

    Fields: ``text, start, end, path, form, kind, kind_score, verdict, score, reason, verifier, error, action, span,
    replacement, evidence[], current``. An evidence has ``text, source, span, standing, relation, score, valid,
    recorded, fact, successor``; ``current`` has ``text, value, source, valid, fact``; a fact ``id, version, entity,
    attribute, qualifiers, value, valid, recorded, source, operation, author, reason, supersedes``; a source ``id, uri,
    version, authority, effective, digest``; a span ``start, end``; an interval ``from, to``.
    """
    claim, result = checked.claim, checked.result
    return {
        "text": escape(claim.text),
        "start": claim.start,
        "end": claim.end,
        "path": optional(claim.path),
        "form": str(claim.form),
        "kind": str(claim.kind),
        "kind_score": number(claim.kind_score),
        "verdict": str(result.label),
        "score": number(result.score),
        "reason": escape(result.reason),
        "verifier": escape(result.verifier),
        "error": optional(result.error),
        "action": str(checked.action),
        "span": span_to_json(result.span),
        "replacement": optional(result.replacement),
        "evidence": [evidence_to_json(evidence) for evidence in result.evidence],
        "current": None if result.current is None else current_to_json(result.current),
    }


def lineage_to_json(report: Report) -> Json:
    """Return what a report came from: the call, its instant, the model, the policy."""
    draft = report.draft
    name, _, digest = report.policy.partition("@")
    return {
        "call_id": escape(draft.call_id),
        "at": instant(draft.at),
        "model": None if draft.model is None else model_to_json(draft.model),
        "policy": {"name": escape(name), "digest": escape(digest) or None},
    }


def model_to_json(model: Model) -> Json:
    """Return the lineage of a model: ``name, digest, adapters[]``."""
    return {
        "name": escape(model.name),
        "digest": optional(model.digest),
        "adapters": [escape(adapter) for adapter in model.adapters],
    }


def coverage_to_json(coverage: Coverage) -> Json:
    """Return how much was checked: counts by name, and ``skipped[]`` regions with their reasons."""
    return {
        "claims": coverage.claims,
        "checked": coverage.checked,
        "supported": coverage.supported,
        "exempt": coverage.exempt,
        "unverifiable": coverage.unverifiable,
        "characters": coverage.characters,
        "skipped": [{"start": s.start, "end": s.end, "reason": escape(s.reason)} for s in coverage.skipped],
    }


def evidence_to_json(evidence: Evidence) -> Json:
    """Return a piece of evidence; the fields are those of :func:`claim_to_json`."""
    return {
        "text": escape(evidence.text),
        "source": source_to_json(evidence.source),
        "span": span_to_json(evidence.span),
        "standing": str(evidence.standing),
        "relation": str(evidence.relation),
        "score": number(evidence.score),
        "valid": interval_to_json(evidence.valid),
        "recorded": None if evidence.recorded is None else instant(evidence.recorded),
        "fact": None if evidence.fact is None else fact_to_json(evidence.fact),
        "successor": None if evidence.successor is None else fact_to_json(evidence.successor),
    }


def current_to_json(current: Fact | Evidence) -> Json:
    """Return what is true now, in one shape for a fact and a passage."""
    fact = current if isinstance(current, Fact) else current.fact
    return {
        "text": escape(current.text),
        "value": None if fact is None else escape(fact.value),
        "source": source_to_json(current.source),
        "valid": interval_to_json(current.valid),
        "fact": None if fact is None else fact_to_json(fact),
    }


def fact_to_json(fact: Fact) -> Json:
    """Return one version of a fact; the fields are those of :func:`claim_to_json`."""
    return {
        "id": escape(fact.id),
        "version": fact.version,
        "entity": escape(fact.entity),
        "attribute": escape(fact.attribute),
        "qualifiers": [[escape(name), escape(value)] for name, value in fact.qualifiers],
        "value": escape(fact.value),
        "valid": interval_to_json(fact.valid),
        "recorded": interval_to_json(fact.recorded),
        "source": source_to_json(fact.source),
        "operation": escape(fact.operation),
        "author": optional(fact.author),
        "reason": optional(fact.reason),
        "supersedes": optional(fact.supersedes),
    }


def source_to_json(source: Source) -> Json:
    """Return a source; the fields are those of :func:`claim_to_json`."""
    return {
        "id": escape(source.id),
        "uri": optional(source.uri),
        "version": optional(source.version),
        "authority": source.authority,
        "effective": interval_to_json(source.effective),
        "digest": optional(source.digest),
    }


def edit_to_json(edit: Edit) -> Json:
    """Return an edit: ``start, end, replacement, path``."""
    return {
        "start": edit.start,
        "end": edit.end,
        "replacement": escape(edit.replacement),
        "path": optional(edit.path),
    }


def span_to_json(span: Span | None) -> Json | None:
    """Return a span: ``start, end``, and ``page`` where the text has pages."""
    if span is None:
        return None
    page: Json = {} if span.page is None else {"page": span.page}
    return {"start": span.start, "end": span.end, **page}


def interval_to_json(interval: Interval) -> Json:
    """Return an interval: ``from, to``, each as precise as it was given, or null where it is unbounded."""
    return {"from": _bound(interval.start_text, interval.start), "to": _bound(interval.end_text, interval.end)}


def values_to_json(value: Any) -> Any:
    """Return JSON values with every text, and every name of an object, escaped."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, dict):
        return {escape(name): values_to_json(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [values_to_json(inner) for inner in value]
    return value


def digest(text: str) -> str:
    """Return ``sha256:…`` of a text in UTF-8, lone surrogates encoded like any other code point."""
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def optional(text: str | None) -> str | None:
    """Return ``text`` escaped, if there is one."""
    return None if text is None else escape(text)


def number(value: float) -> float | None:
    """Return a score, or ``None`` for what JSON has no number for."""
    return value if math.isfinite(value) else None


def instant(moment: datetime) -> str:
    """Return an instant as ISO 8601 in UTC, a naive one taken as UTC."""
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.isoformat().replace("+00:00", "Z")


def _bound(text: str | None, moment: datetime | None) -> str | None:
    if text:
        return escape(text)
    return None if moment is None else instant(moment)
