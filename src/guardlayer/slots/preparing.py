"""What is done to a draft before it is checked: its slots are filled, and a schema that names its sources is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from guardlayer.errors import ConfigError, InputError
from guardlayer.knowledge import Readable
from guardlayer.pipeline import Parts
from guardlayer.policy import canonical_json
from guardlayer.slots.fields import declares_sources
from guardlayer.slots.filling import OPENING, Filler, Settled
from guardlayer.slots.plan import Plan, plan_of
from guardlayer.types import Action, Draft, Report
from guardlayer.wrapping.fields import to_json
from guardlayer.wrapping.responses import Checked, put_fields

__all__ = ["attach", "prepared", "validated"]


def prepared(
    knowledge: Readable | None, draft: Draft, parts: Parts, schema: Any
) -> tuple[Draft, Parts, Settled | None]:
    """Return the draft with its slots filled, the parts that check it, and what the slots settle.

    Args:
        knowledge: Where the facts are; without it slots stay as they were written.
        draft: What the model wrote.
        parts: The guard's.
        schema: A pydantic model class, an instance of one, a plan, or ``None``.

    Raises:
        InputError: The data does not fit the schema.
        ConfigError: ``schema`` is none.
    """
    settled: Settled | None = None
    if knowledge is not None and OPENING in draft.text:
        filler = Filler(knowledge, draft.at)
        if draft.data is None:
            draft = replace(draft, text=filler.all(draft.text))
            settled = Settled(tuple(filler.filled))
        else:
            data = _filled(draft.data, knowledge, draft, 0)
            draft = replace(draft, data=data, text=canonical_json(data))
    if schema is None:
        return draft, parts, settled
    if isinstance(schema, Plan):
        return draft, schema.parts(parts), None
    if draft.data is None:
        raise InputError("schema= was given, but the text is not a JSON object or array; pass the values as data=")
    instance = _instance(schema, draft.data) if isinstance(schema, type) else schema
    plan = plan_of(knowledge, instance, draft.data)
    if plan.fields or declares_sources(type(instance)):
        parts = plan.parts(parts)
    return draft, parts, settled


def _filled(value: Any, knowledge: Readable, draft: Draft, depth: int) -> Any:
    if isinstance(value, str):
        return Filler(knowledge, draft.at).all(f" {value}")[1:] if OPENING in value else value
    if depth > 100:
        return value
    if isinstance(value, Mapping):
        return {key: _filled(part, knowledge, draft, depth + 1) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(part, knowledge, draft, depth + 1) for part in value]
    return value


def _instance(schema: Any, data: Any) -> Any:
    from pydantic import BaseModel, ValidationError

    if not issubclass(schema, BaseModel):
        raise ConfigError(f"schema={schema.__qualname__} is no pydantic model; pass a subclass of pydantic.BaseModel")
    try:
        if isinstance(data, (str, bytes)):
            return schema.model_validate_json(data)
        return data if isinstance(data, schema) else schema.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "".join(f"/{step}" for step in first["loc"])
        raise InputError(
            f"the data does not fit {schema.__qualname__}: {where or 'the value'}: {first['msg']}"
        ) from error


def validated(schema: Any, data: Any) -> tuple[Any, Any]:
    """Return the instance of ``schema`` that ``data`` makes, and its JSON.

    Raises:
        InputError: The data does not fit.
        ConfigError: ``schema`` is no pydantic model.
    """
    if not isinstance(schema, type):
        raise ConfigError(f"a {type(schema).__qualname__} is no model class; pass a subclass of pydantic.BaseModel")
    instance = _instance(schema, data)
    return instance, to_json(instance)


def attach(instance: Any, plain: Any, report: Report) -> Any:
    """Return ``instance`` as the policy would have it, with its provenance.

    Raises:
        GuardViolation: The policy blocks it, or what it would put in does not fit.
    """
    blocked = report.action in (Action.BLOCK, Action.RETRY)
    new = plain if blocked or report.output == canonical_json(plain) else orjson.loads(report.output)
    return put_fields(instance, plain, Checked(new, report))
