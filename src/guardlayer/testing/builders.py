"""Values in one line: what a test is not about is filled in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from guardlayer.temporal import Interval, When, instant
from guardlayer.types import (
    Alignment,
    Claim,
    Draft,
    Evidence,
    Fact,
    Form,
    Kind,
    Model,
    Piece,
    Relation,
    Source,
    Span,
    Standing,
    Turn,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)
"""The instant that builders use where none is given."""


def fact(
    entity: str,
    attribute: str,
    value: str,
    *,
    valid_from: When | None = None,
    valid_to: When | None = None,
    recorded: When = "2020",
    source: str | Source = "test",
    authority: int = 0,
    single: bool = True,
    id: str | None = None,  # noqa: A002 - the name of the field it fills
    version: int = 1,
    qualifiers: tuple[tuple[str, str], ...] = (),
    aliases: tuple[str, ...] = (),
) -> Fact:
    """Return one version of a fact.

    Args:
        entity: Preferred name of the entity.
        attribute: Preferred name of the attribute.
        value: The value as given.
        valid_from: First instant at which it holds; ``None`` is unbounded.
        valid_to: First instant at which it no longer holds; ``None`` is unbounded.
        recorded: When the ledger learned of it.
        source: Who says so: an id, or a whole :class:`~guardlayer.types.Source`.
        authority: Rank of the source, where ``source`` is an id.
        single: Whether the key holds at most one value at an instant.
        id: Identifier; made from key, value and start where not given, so that equal facts have equal ids.
        version: Version of the fact.
        qualifiers: Sorted (name, value) pairs that narrow the key.
        aliases: Other names of the value.
    """
    return Fact(
        id=id or "-".join(("fact", entity, attribute, value, str(valid_from or ""))).replace(" ", "_"),
        version=version,
        entity=entity,
        attribute=attribute,
        value=value,
        qualifiers=qualifiers,
        valid=Interval.parse(valid_from, valid_to),
        recorded=Interval.parse(recorded, None),
        source=Source(source, authority=authority) if isinstance(source, str) else source,
        aliases=aliases,
        single=single,
    )


def evidence(
    what: str | Fact,
    *,
    source: str | Source | None = None,
    standing: Standing | str = Standing.CURRENT,
    successor: Fact | None = None,
    alignment: Alignment | None = None,
    about: str | None = None,
    relation: Relation | str = Relation.NEUTRAL,
    score: float = 1.0,
) -> Evidence:
    """Return a passage, or a fact version as evidence.

    Args:
        what: The passage, or the fact.
        source: Where it comes from; the fact's own source where it is one.
        standing: What it is worth at the instant asked for.
        successor: What is true instead, where it is not current.
        alignment: How the fact's key was found in the claim.
        about: The claim's text, in which the names of entity and attribute are then looked up for ``alignment``.
        relation: How it stands to the claim.
        score: Rank in its retrieval, 0 to 1.
    """
    if isinstance(what, Fact):
        origin = what.source if source is None else _source(source)
        found = alignment or Alignment(_span(about, what.entity), _span(about, what.attribute), 1.0)
        return Evidence(
            text=what.text,
            source=origin,
            standing=Standing(standing),
            valid=what.valid,
            recorded=what.recorded.start,
            fact=what,
            successor=successor,
            alignment=found,
            relation=Relation(relation),
            score=score,
        )
    return Evidence(
        text=what,
        source=_source("test" if source is None else source),
        span=Span(0, len(what)),
        standing=Standing(standing),
        successor=successor,
        alignment=alignment,
        relation=Relation(relation),
        score=score,
    )


def claim(
    text: str,
    *,
    start: int = 0,
    kind: Kind | str = Kind.FACT,
    kind_score: float = 1.0,
    form: Form | str = Form.SENTENCE,
    path: str | None = None,
) -> Claim:
    """Return a claim whose text stands in its draft, unchanged, from ``start``."""
    piece = Piece(0, start, len(text))
    return Claim(
        text=text,
        start=start,
        end=start + len(text),
        form=Form(form),
        kind=Kind(kind),
        kind_score=kind_score,
        path=path,
        pieces=(piece,),
    )


def draft(
    text: str,
    *,
    at: When = AT,
    call_id: str = "call-1",
    question: str | None = None,
    turns: tuple[Turn, ...] = (),
    evidence: tuple[Evidence, ...] = (),
    model: str | None = None,
    data: Any = None,
) -> Draft:
    """Return a draft.

    Args:
        text: What the model wrote.
        at: The instant for which facts are asked.
        call_id: Identifier of the call.
        question: What was asked.
        turns: Earlier messages.
        evidence: What came with the call.
        model: Name of the model.
        data: The structured output: JSON values.
    """
    return Draft(
        text=text,
        at=instant(at),
        call_id=call_id,
        question=question,
        turns=turns,
        evidence=evidence,
        model=Model(model) if model else None,
        data=data,
    )


def _span(text: str | None, name: str) -> Span | None:
    start = -1 if text is None else text.lower().find(name.lower())
    return None if start < 0 else Span(start, start + len(name))


def _source(source: str | Source) -> Source:
    return Source(source) if isinstance(source, str) else source
