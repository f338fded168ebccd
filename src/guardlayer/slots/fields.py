"""Which fields of a model have a source, what their keys are, and what a value of the ledger is as their type."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from guardlayer.policy import leaf_text
from guardlayer.slots.sourced import Sourced, names
from guardlayer.text import fold
from guardlayer.types import (
    Fact,
)
from guardlayer.verifiers.values import Bound, Match, ValueType, compare, parse
from guardlayer.wrapping.fields import pointer

__all__ = ["DEPTH", "Field", "declares_sources", "fields_of", "filled", "is_model", "spellings"]

_NUMERIC: Final = (ValueType.NUMBER, ValueType.MONEY, ValueType.PERCENT)
DEPTH: Final = 50


@dataclass(frozen=True, slots=True)
class Field:
    """One ``Sourced`` field of an instance.

    Attributes:
        path: JSON pointer into the data.
        sourced: How it is declared.
        annotation: Its type.
        value: Its value, validated.
        key: Entity, attribute, qualifiers and instant, with the siblings' values filled in.
        problem: Why the key cannot be told, if it cannot.
    """

    path: str
    sourced: Sourced
    annotation: Any
    value: Any
    key: tuple[str, str, Mapping[str, str], str | None]
    problem: str | None = None

    def typed(self, text: str) -> Any:
        """Return a value of the ledger as the field's type.

        Raises:
            ValueError: It has no such form.
        """
        from pydantic import TypeAdapter, ValidationError

        adapter = TypeAdapter(self.annotation)
        read = parse(text)
        if read.type is ValueType.BOOLEAN and read.flag is not None and _takes(self.annotation, bool):
            return adapter.validate_python(read.flag)
        numeric = read.type in _NUMERIC and read.low is not None and read.low == read.high
        if numeric and read.bound is Bound.EXACT and not _takes(self.annotation, str):
            number = read.low or Decimal(0)
            if read.type is ValueType.PERCENT and self.sourced.fraction:
                number /= 100
            if number == number.to_integral_value() and _takes(self.annotation, int):
                number = number.to_integral_value()
            text = format(number, "f")
        try:
            return adapter.validate_python(text)
        except ValidationError as error:
            raise ValueError(f"{text!r} is no {self.annotation}") from error

    def states(self, fact: Fact) -> bool:
        """Say whether the field's value is that of ``fact``."""
        for text in (fact.value, *fact.aliases):
            try:
                true = self.typed(text)
            except ValueError:
                continue
            if _same(self.value, true):
                return True
            if (
                isinstance(self.value, str)
                and isinstance(true, str)
                and (fold(self.value) == fold(true) or compare(parse(self.value), parse(true)) is Match.EQUAL)
            ):
                return True
        return False

    def rendered(self, fact: Fact) -> str | None:
        """Return the fact's value as the text of the leaf, or ``None`` where it does not fit the field."""
        from pydantic import TypeAdapter

        try:
            plain = TypeAdapter(self.annotation).dump_python(self.typed(fact.value), mode="json")
        except ValueError:
            return None
        return leaf_text(plain)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float, Decimal)) and isinstance(other, (int, float, Decimal)):
        return one == other or math.isclose(float(one), float(other), rel_tol=1e-9)
    return bool(one == other)


def _takes(annotation: Any, wanted: type) -> bool:
    if annotation is wanted:
        return True
    return any(_takes(part, wanted) for part in get_args(annotation) if isinstance(part, type) or get_args(part))


# Finding the fields -------------------------------------------------------------------------------------------------


def declares_sources(schema: Any) -> bool:
    """Say whether a model class, or one it holds, has a ``Sourced`` field."""
    return _declares(schema, set())


def _declares(schema: Any, seen: set[Any]) -> bool:
    if is_model(schema):
        if schema in seen:
            return False
        seen.add(schema)
        return any(
            _sourced(info) is not None or _declares(info.annotation, seen) for info in schema.model_fields.values()
        )
    return _marker(schema) is not None or any(_declares(part, seen) for part in get_args(schema))


def fields_of(value: Any, data: Any, path: str, depth: int) -> Iterator[Field]:
    """Yield the ``Sourced`` fields of a value that says ``data``, at any depth."""
    if depth > DEPTH:
        return
    if is_model(type(value)):
        for name, info in type(value).model_fields.items():
            key = next((k for k in spellings(name, info) if isinstance(data, Mapping) and k in data), None)
            if key is None:
                continue
            here, part = pointer(path, key), getattr(value, name)
            sourced = _sourced(info)
            if sourced is None:
                yield from _items(info.annotation, value, part, data[key], here)
                yield from fields_of(part, data[key], here, depth + 1)
            elif part is not None and not isinstance(data[key], (dict, list)):
                yield _field(here, sourced, info.annotation, value, part)
    elif isinstance(value, (list, tuple)) and isinstance(data, (list, tuple)):
        for index, (part, raw) in enumerate(zip(value, data, strict=False)):
            yield from fields_of(part, raw, f"{path}/{index}", depth + 1)
    elif isinstance(value, Mapping) and isinstance(data, Mapping):
        for key, part in value.items():
            if str(key) in data:
                yield from fields_of(part, data[str(key)], pointer(path, key), depth + 1)


def _items(annotation: Any, owner: Any, value: Any, data: Any, path: str) -> Iterator[Field]:
    """Yield what is ``Sourced`` inside a list, tuple or mapping: each item is a field with its owner's key."""
    sourced = _marker(annotation)
    if not _marked(annotation):
        return
    if sourced is not None:
        if value is not None and not isinstance(data, (dict, list)):
            yield _field(path, sourced, get_args(annotation)[0], owner, value)
        return
    inner = get_args(annotation)
    if isinstance(value, Mapping) and isinstance(data, Mapping) and _holds(annotation, Mapping):
        for key, part in value.items():
            if str(key) in data:
                yield from _items(inner[-1], owner, part, data[str(key)], pointer(path, key))
    elif isinstance(value, (list, tuple)) and isinstance(data, (list, tuple)) and _holds(annotation, Collection):
        each = inner if _holds(annotation, tuple) and inner[-1] is not ... else inner[:1] * len(value)
        for index, (kind, part, raw) in enumerate(zip(each, value, data, strict=False)):
            yield from _items(kind, owner, part, raw, f"{path}/{index}")
    elif get_origin(annotation) in (Annotated, Union, UnionType):
        for one in inner[:1] if get_origin(annotation) is Annotated else inner:
            yield from _items(one, owner, value, data, path)


def _marked(annotation: Any) -> bool:
    return _marker(annotation) is not None or any(map(_marked, get_args(annotation)))


def _holds(annotation: Any, kind: type) -> bool:
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, kind)


def _field(path: str, sourced: Sourced, annotation: Any, owner: Any, value: Any) -> Field:
    wanted = {name for template in sourced.templates for name in names(template)}
    siblings = {name: getattr(owner, name, None) for name in wanted}
    missing = sorted(name for name, sibling in siblings.items() if sibling is None or str(sibling).strip() == "")
    if missing:
        problem = f"{path}: its key takes {{{missing[0]}}}, and {type(owner).__name__} has no value there"
        return Field(path, sourced, annotation, value, (sourced.entity, sourced.attribute, {}, None), problem)
    return Field(path, sourced, annotation, value, filled(sourced, siblings))


def filled(sourced: Sourced, siblings: Mapping[str, Any]) -> tuple[str, str, Mapping[str, str], str | None]:
    """Return the key of a field: entity, attribute, qualifiers and instant, with the siblings' values filled in."""
    values = {name: str(getattr(value, "value", value)) for name, value in siblings.items()}
    return (
        sourced.entity.format_map(values),
        sourced.attribute.format_map(values),
        {name: template.format_map(values) for name, template in sourced.qualifiers.items()},
        sourced.at.format_map(values) if sourced.at else None,
    )


def spellings(name: str, info: Any) -> Iterator[str]:
    """Yield the keys under which data may hold a field: its name, and its aliases."""
    yield name
    for alias in (info.alias, info.validation_alias, info.serialization_alias):
        if isinstance(alias, str):
            yield alias
    yield from (choice for choice in getattr(info.validation_alias, "choices", ()) if isinstance(choice, str))


def _sourced(info: Any) -> Sourced | None:
    found = next((item for item in info.metadata if isinstance(item, Sourced)), None)
    return found if found is not None else _within(info.annotation)


def _within(annotation: Any) -> Sourced | None:
    """Find a marker inside a union, as in ``Annotated[Decimal, Sourced(…)] | None``."""
    if get_origin(annotation) not in (Annotated, Union, UnionType):
        return None
    parts = get_args(annotation)
    return _marker(annotation) or next((found for part in parts if (found := _within(part)) is not None), None)


def _marker(annotation: Any) -> Sourced | None:
    if get_origin(annotation) is not Annotated:
        return None
    return next((item for item in get_args(annotation)[1:] if isinstance(item, Sourced)), None)


def is_model(thing: Any) -> bool:
    """Say whether ``thing`` is a pydantic model class."""
    from pydantic import BaseModel

    return isinstance(thing, type) and issubclass(thing, BaseModel)
