"""The check of ``Sourced`` fields, field by field and by key: what the ledger answers is compared as the field's type.

A plan is made from a model instance; it takes the place of splitter, classifier, authority and verifier in the one
flow, so that policies, records and reports are those of every other check.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import orjson

from guardlayer.errors import GuardViolation, InputError
from guardlayer.knowledge import Readable
from guardlayer.knowledge.resolve import place
from guardlayer.pipeline import Parts, Route
from guardlayer.policy import canonical_json, leaf_text, pointer_get
from guardlayer.slots.fields import DEPTH, Field, fields_of, filled, is_model, spellings
from guardlayer.slots.sourced import FieldProvenance, Sourced, keep_provenance, names
from guardlayer.temporal import instant
from guardlayer.types import (
    Action,
    Claim,
    Draft,
    Evidence,
    Fact,
    Form,
    Kind,
    Label,
    Piece,
    Query,
    Relation,
    Report,
    Skipped,
    Span,
    Split,
    Standing,
    Verdict,
)
from guardlayer.verifiers import Cascade
from guardlayer.verifiers.values import ValueType
from guardlayer.wrapping.fields import pointer

__all__ = ["Plan", "check_field", "plan_of", "with_provenance"]

_NUMERIC: Final = (ValueType.NUMBER, ValueType.MONEY, ValueType.PERCENT)


class Plan:
    """What is checked of one structured answer: its ``Sourced`` fields, and nothing else.

    It is splitter, classifier, authority and verifier at once.
    """

    id = "knowledge"
    instant = True

    def __init__(self, knowledge: Readable | None, data: Any, fields: Sequence[Field]) -> None:
        self._knowledge = knowledge
        self._data = data
        self.fields = {found.path: found for found in fields}

    def parts(self, parts: Parts) -> Parts:
        """Return the parts of a guard with this plan in the place of those that read text."""
        return replace(
            parts,
            splitter=self,
            classifier=lambda claims, _draft: claims,
            routes={Kind.FACT: Route(((self,),), call_evidence=False)},
            cascade=Cascade([self.verify]),
        )

    def __call__(self, draft: Draft) -> Split:
        """Make a claim of every leaf: of a ``Sourced`` field a fact, of any other behavior."""
        claims: list[Claim] = []
        skipped: list[Skipped] = []
        for path, value in _leaves(draft.data, ""):
            found = self.fields.get(path)
            text = leaf_text(value)
            if value is None or not text.strip():
                skipped.append(Skipped(0, 0, f"{'null' if value is None else 'empty string'} at {path or '(root)'}"))
                continue
            label = f"{found.key[0]}, {found.key[1]}: " if found else ""
            kind = Kind.FACT if found else Kind.BEHAVIOR
            pieces = (Piece(len(label), 0, len(text)),)
            claims.append(Claim(label + text, 0, len(text), Form.LEAF, kind, 1.0, path, pieces))
        return Split(tuple(claims), tuple(skipped))

    def search(self, query: Query) -> Sequence[Evidence]:
        """Return every version of the key's facts, as of the instant asked for."""
        found = self.fields[query.claim.path or ""]
        if found.problem is not None:
            raise InputError(found.problem)
        if self._knowledge is None:
            return ()
        entity, attribute, qualifiers, at = found.key
        when = instant(at) if at else query.at
        versions = self._knowledge.history(entity, attribute, qualifiers=dict(qualifiers))
        return [
            Evidence(
                placed.fact.text, placed.fact.source, None, placed.standing, placed.fact.valid,
                placed.fact.recorded.start, placed.fact, placed.successor,
            )
            for placed in place(versions, when)
        ]  # fmt: skip

    def verify(self, claim: Claim, evidence: Sequence[Evidence], at: datetime) -> Verdict | None:
        """Compare a field with the versions of its key; *at* is in their standings already."""
        del at
        if not evidence:
            return None  # nothing is recorded, or it could not be asked: the flow knows which
        piece = claim.pieces[0]
        span = Span(piece.text_start, piece.text_start + piece.length)
        return _judged(self._now(self.fields[claim.path or ""], claim), claim, evidence, span)

    def _now(self, found: Field, claim: Claim) -> Field:
        """Return the field with the value the claim states, which is another one where it has been corrected."""
        piece = claim.pieces[0]
        said = claim.text[piece.text_start :]
        if said == leaf_text(pointer_get(self._data, found.path)):
            return found
        try:
            return replace(found, value=found.typed(said))
        except ValueError:
            return replace(found, value=said)


def _judged(found: Field, claim: Claim, evidence: Sequence[Evidence], span: Span) -> Verdict:
    name = f"{found.key[0]}, {found.key[1]}"
    current = [e for e in evidence if e.standing is Standing.CURRENT]
    disputed = [e for e in evidence if e.standing is Standing.DISPUTED]
    said = claim.text[span.start : span.end]

    def made(label: Label, reason: str, decisive: Sequence[Evidence], relation: Relation, **more: Any) -> Verdict:
        marked = tuple(replace(e, relation=relation) for e in decisive)
        return Verdict(label, 1.0, reason, marked, verifier="field/1", span=span, **more)

    if disputed:
        return made(Label.DISPUTED, f"sources disagree about {name}", disputed, Relation.NEUTRAL)
    for piece in current:
        fact = _fact(piece)
        if found.states(fact):
            reason = f"{name} is {fact.value} ({fact.source})"
            return made(Label.SUPPORTED, reason, [piece], Relation.SUPPORTS, current=fact)
    now = _fact(current[0]) if len(current) == 1 else None
    replacement = found.rendered(now) if now is not None else None
    truth = f"it is {now.value} ({now.source})" if now is not None else "no one value holds now"
    for piece in evidence:
        if piece.standing in (Standing.SUPERSEDED, Standing.CORRECTED) and found.states(_fact(piece)):
            reason = f"{said} was {name}; {truth}"
            return made(Label.STALE, reason, [piece], Relation.REFUTES, current=now, replacement=replacement)
    if now is not None:
        reason = f"says {said}; {name} is {now.value} ({now.source})"
        return made(Label.CONTRADICTED, reason, current, Relation.REFUTES, current=now, replacement=replacement)
    return made(Label.UNSUPPORTED, f"no source says {said} of {name}", evidence, Relation.NEUTRAL)


def _fact(evidence: Evidence) -> Fact:
    assert evidence.fact is not None
    return evidence.fact


def plan_of(knowledge: Readable | None, instance: Any, data: Any) -> Plan:
    """Make the plan for an instance of a model.

    Args:
        knowledge: Where the facts are.
        instance: The validated instance.
        data: Its JSON, or the JSON it was validated from.
    """
    return Plan(knowledge, data, list(fields_of(instance, data, "", 0)))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    stack = [(path, value)]
    while stack:
        here, part = stack.pop()
        if isinstance(part, dict) and part:
            stack.extend((pointer(here, key), part[key]) for key in reversed(list(part)))
        elif isinstance(part, (list, tuple)) and part:
            stack.extend((f"{here}/{index}", part[index]) for index in reversed(range(len(part))))
        elif not isinstance(part, (dict, list, tuple)):
            yield here, part


# Putting back -------------------------------------------------------------------------------------------------------


def with_provenance(instance: Any, given: Any, report: Report, before: Any, after: Any) -> Any:
    """Attach to an instance, and to the models in it, where their fields come from.

    Args:
        instance: The instance as it is handed on.
        given: The instance as it was checked.
        report: What was found.
        before: Its data.
        after: The data that ``instance`` holds.
    """
    plan = plan_of(None, given, before)
    kept: dict[str, FieldProvenance] = {}
    for checked in report.claims:
        found = plan.fields.get(checked.path or "")
        if found is None:
            continue
        current = checked.current if isinstance(checked.current, Fact) else None
        kept[found.path.removeprefix("/")] = FieldProvenance(
            *found.key[:2],
            pointer_get(before, found.path),
            pointer_get(after, found.path),
            checked.verdict,
            checked.action,
            checked.reason,
            current,
            report.record,
        )
    _attach(instance, kept, 0)
    return instance


def _attach(value: Any, kept: Mapping[str, FieldProvenance], depth: int) -> None:
    if not kept or depth > DEPTH:
        return
    if is_model(type(value)):
        keep_provenance(value, kept)
        for name, info in type(value).model_fields.items():
            for key in spellings(name, info):
                _attach(getattr(value, name), _below(kept, pointer("", key)[1:]), depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, part in enumerate(value):
            _attach(part, _below(kept, str(index)), depth + 1)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            _attach(part, _below(kept, pointer("", key)[1:]), depth + 1)


def _below(kept: Mapping[str, FieldProvenance], step: str) -> dict[str, FieldProvenance]:
    prefix = f"{step}/"
    return {path.removeprefix(prefix): item for path, item in kept.items() if path.startswith(prefix)}


def check_field(guard: Any, sourced: Sourced, annotation: Any, value: Any, info: Any) -> Any:
    """Check one field while its model is being validated, and return the value it is to have.

    Raises:
        ValueError: The policy blocks it, or a field of its key is not declared before it: pydantic makes of this a
            ``ValidationError``.
    """
    from pydantic import TypeAdapter

    if value is None:
        return None
    siblings = {name: info.data.get(name) for template in sourced.templates for name in names(template)}
    missing = [name for name, sibling in siblings.items() if sibling is None]
    if missing:
        raise ValueError(f"its key takes {{{missing[0]}}}, which must be declared before it and have a value")
    adapter = TypeAdapter(annotation)
    name = info.field_name or "value"
    data = {name: adapter.dump_python(value, mode="json")}
    found = Field(pointer("", name), sourced, annotation, value, filled(sourced, siblings))
    report: Report = guard.check(canonical_json(data), data=data, schema=Plan(guard.knowledge, data, [found]))
    if report.action in (Action.BLOCK, Action.RETRY, Action.REDACT):
        raise ValueError(str(GuardViolation(report)))
    if report.output == canonical_json(data):
        return value
    return adapter.validate_python(orjson.loads(report.output)[name])
