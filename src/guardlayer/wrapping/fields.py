"""Structured values: what they say as JSON, and the same values with some of it changed.

``to_json`` and ``rebuild`` walk a value the same way, so that a JSON pointer into the one is a place in the other.
A value is never changed: every container on the way to a change is copied, everything else is shared.
"""

from __future__ import annotations

import copy
import dataclasses
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any

from guardlayer.errors import ResponseTypeError
from guardlayer.wrapping import messages
from guardlayer.wrapping.asking import is_evidence

MAX_DEPTH = 100
"""Deeper nesting than this is taken for a value that holds itself."""

_LOOKED_AT = 10_000
"""Parts of a response that are looked at for models."""

FOREIGN = ("openai", "anthropic", "langchain", "langchain_core", "langgraph", "llama_index", "llama_agents")
"""Packages whose objects are envelopes: to read all their fields would take transport data for claims."""


class MisfitError(ValueError):
    """A changed value no longer fits the type of the place it stands in.

    Args:
        path: JSON pointer of the place.
        value: The new value.
        kind: What the place holds.
    """

    def __init__(self, path: str, value: Any, kind: str) -> None:
        super().__init__(f"{path or 'the response'}: {value!r} is no {kind}")


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """One kind of container.

    Attributes:
        parts: Lists its parts with their keys.
        copied: Returns a copy in which some parts are others.
        listed: It is an array in JSON, not an object.
        validates: It checks its parts itself, and may allow more than the type of a present one.
    """

    parts: Callable[[Any], Iterator[tuple[Any, Any]]]
    copied: Callable[[Any, dict[Any, Any], str], Any]
    listed: bool = False
    validates: bool = False


def is_structured(value: Any) -> bool:
    """Say whether ``value`` is a mapping, list, tuple, dataclass or pydantic model of somebody's own."""
    return _shape(value) is not None and not is_foreign(value)


def is_foreign(value: Any) -> bool:
    """Say whether ``value`` is an object of a model framework or client, other than a plain container."""
    return type(value).__module__.partition(".")[0] in FOREIGN and not isinstance(value, (dict, list, tuple))


def sources(value: Any) -> bool:
    """Say whether ``value`` is a pydantic model, or holds one, that declares the source of a field."""
    pydantic = sys.modules.get("pydantic")
    if pydantic is None or "guardlayer.slots.sourced" not in sys.modules:
        return False  # without either nobody can have declared one
    from guardlayer.slots.fields import declares_sources

    stack, seen = [value], 0
    while stack and seen < _LOOKED_AT:
        part = stack.pop()
        seen += 1
        if isinstance(part, pydantic.BaseModel):
            if declares_sources(type(part)):
                return True
        elif isinstance(part, Mapping):
            stack.extend(part.values())
        elif isinstance(part, (list, tuple)):
            stack.extend(part)
    return False


def to_json(value: Any, *, path: str = "", depth: int = 0) -> Any:
    """Return what ``value`` says, as JSON values.

    A message inside (a graph's state holds them) says its content if the model wrote it, and nothing otherwise; a
    document inside is evidence and says nothing either.

    Raises:
        ResponseTypeError: A value inside has no JSON form, or the value is nested too deeply.
    """
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else str(value)
    if depth > MAX_DEPTH:
        raise ResponseTypeError(f"the response is nested more than {MAX_DEPTH} levels deep, or holds itself")
    if messages.is_message(value):
        return {"content": messages.texts(value)} if messages.by_model(value) else None
    if is_foreign(value):
        return None if is_evidence(value) else _scalar(value, path)
    shape = _shape(value)
    if shape is None:
        return _scalar(value, path)
    if shape.listed:
        return [to_json(part, path=f"{path}/{key}", depth=depth + 1) for key, part in shape.parts(value)]
    found: dict[str, Any] = {}
    for key, part in shape.parts(value):
        if str(key) in found:
            raise ResponseTypeError(f"{path or 'the response'} has two keys that read {str(key)!r}; rename one")
        found[str(key)] = to_json(part, path=pointer(path, key), depth=depth + 1)
    return found


def rebuild(value: Any, old: Any, new: Any, *, path: str = "") -> Any:
    """Return ``value`` with what it says changed from ``old`` to ``new``.

    Args:
        value: A structured value.
        old: ``to_json(value)``.
        new: The same JSON with some leaves changed.
        path: Where ``value`` stands, for the error.

    Raises:
        MisfitError: A new leaf does not fit the type of its place, or a model no longer validates.
    """
    if old == new:
        return value
    if messages.is_message(value):
        return messages.with_texts(value, new["content"] if new else [""] * len(old["content"]))
    shape = _shape(value)
    if shape is None:
        return _fit(value, new, path)
    if not isinstance(new, (dict, list)):
        raise MisfitError(path, new, type(value).__name__)
    changes: dict[Any, Any] = {}
    for key, part in shape.parts(value):
        at: Any = key if shape.listed else str(key)
        try:
            before, after = old[at], new[at]
        except (KeyError, IndexError, TypeError):
            raise MisfitError(
                pointer(path, key), None, "value; the policy may change leaves but not remove them"
            ) from None
        if before != after:
            raw = shape.validates and not isinstance(before, (dict, list))
            changes[key] = after if raw or after is None else rebuild(part, before, after, path=pointer(path, key))
    return shape.copied(value, changes, path)


def pointer(path: str, key: Any) -> str:
    """Return the JSON pointer (RFC 6901) of ``key`` inside ``path``."""
    return f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}"


def _shape(value: Any) -> Shape | None:
    if isinstance(value, dict):
        return _DICT
    if isinstance(value, tuple):
        return _NAMED if hasattr(value, "_fields") else _TUPLE
    if isinstance(value, list):
        return _LIST
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _DATACLASS
    pydantic = sys.modules.get("pydantic")
    if pydantic is not None and isinstance(value, pydantic.BaseModel):
        return _ROOT if isinstance(value, pydantic.RootModel) else _MODEL
    return None


def _scalar(value: Any, path: str) -> Any:
    from pydantic_core import PydanticSerializationError, to_jsonable_python

    failure = ResponseTypeError(
        f"{path or 'the response'} holds a {type(value).__qualname__}, which guardlayer cannot read as data; "
        "pass extract= (response -> text) and replace= (response, text -> response)"
    )
    try:
        plain = to_jsonable_python(value)
    except (PydanticSerializationError, ValueError):
        raise failure from None
    if isinstance(plain, dict | list):
        raise failure
    return plain


def _fit(value: Any, new: Any, path: str) -> Any:
    """Return ``new`` as the type of ``value``, the leaf it replaces; a leaf taken out is ``None``."""
    if value is None or new is None or (isinstance(value, str) and not isinstance(value, Enum)):
        return new
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(type(value)).validate_python(new)
    except ValidationError:
        raise MisfitError(path, new, type(value).__name__) from None


def _copied(value: Any, changes: dict[Any, Any], _path: str) -> Any:
    changed = copy.copy(value)
    for key, part in changes.items():
        changed[key] = part
    return changed


def _copied_tuple(value: Any, changes: dict[Any, Any], _path: str) -> Any:
    return tuple(changes.get(index, part) for index, part in enumerate(value))


def _copied_named(value: Any, changes: dict[Any, Any], _path: str) -> Any:
    return value._replace(**changes)


def _copied_dataclass(value: Any, changes: dict[Any, Any], _path: str) -> Any:
    changed = copy.copy(value)
    for name, part in changes.items():
        object.__setattr__(changed, name, part)  # frozen dataclasses too: the copy is nobody else's yet
    return changed


def _copied_model(value: Any, changes: dict[Any, Any], path: str) -> Any:
    from pydantic import ValidationError

    present = dict(_model_parts(value))
    try:
        valid = type(value).model_validate({**present, **changes}, strict=False, by_alias=False, by_name=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = path + "".join(pointer("", step) for step in first["loc"])
        raise MisfitError(place, first["input"], f"value its {type(value).__name__} accepts ({first['msg']})") from None
    after = dict(_model_parts(valid))
    # Validators may have derived other fields from the changed ones; what they left alone stays the same object.
    changed = {name: part for name, part in after.items() if part is not present[name] and part != present[name]}
    return value.model_copy(update=changed)


def _copied_root(value: Any, changes: dict[Any, Any], path: str) -> Any:
    from pydantic import ValidationError

    try:
        return type(value).model_validate(changes["root"])
    except ValidationError as error:
        raise MisfitError(path, changes["root"], f"value its {type(value).__name__} accepts") from error


def _model_parts(value: Any) -> Iterator[tuple[str, Any]]:
    for name in type(value).model_fields:
        yield name, getattr(value, name)
    yield from (value.__pydantic_extra__ or {}).items()


def _mapping_parts(value: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    return iter(value.items())


def _named_parts(value: Any) -> Iterator[tuple[Any, Any]]:
    return zip(value._fields, value, strict=True)


def _dataclass_parts(value: Any) -> Iterator[tuple[str, Any]]:
    return ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))


_DICT = Shape(_mapping_parts, _copied)
_LIST = Shape(enumerate, _copied, listed=True)
_TUPLE = Shape(enumerate, _copied_tuple, listed=True)
_NAMED = Shape(_named_parts, _copied_named)
_DATACLASS = Shape(_dataclass_parts, _copied_dataclass)
_MODEL = Shape(_model_parts, _copied_model, validates=True)
_ROOT = Shape(_model_parts, _copied_root, validates=True)
