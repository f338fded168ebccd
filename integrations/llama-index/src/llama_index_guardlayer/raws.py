"""A provider's own response object, which holds the model's words once more, with other words in their place."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import BaseModel

_TEXT_KEYS = frozenset(
    "completion content delta generated_text message output output_text outputtext parts refusal response text token".split()  # noqa: SIM905, E501 - read as a list of words
)
"""Names under which providers keep text, so that a single word found there is text and not a name or a code."""
_CALL_KEYS = frozenset(
    "args arguments function_call functioncall input tool_calls tool_kwargs tool_use tools".split()  # noqa: SIM905 - likewise
)
"""Names under which providers keep what the model does rather than says, and what it was asked: left as they are."""
_TOKEN_KEYS = frozenset(("logprobs", "top_logprobs", "logprobs_result"))
_SCALARS = (bool, int, float, Decimal, Enum, UUID, date, time, timedelta, type)
_MAX_DEPTH = 40


def redacted(raw: Any, said: str, shown: str) -> Any:
    """Return a copy of ``raw`` in which the model says ``shown``: ids, usage and finish reasons stay.

    Args:
        raw: What the provider's client returned: mappings, lists, pydantic models, dataclasses. An object of another
            kind cannot be looked into, and ``None`` is returned for it.
        said: What the model said, or all of it so far.
        shown: What may be shown of that.

    Returns:
        ``raw`` itself where nothing has to be changed.
    """
    return raw if said == shown else _walk(raw, said, shown, "", 0)


def _walk(value: Any, said: str, shown: str, key: str, depth: int) -> Any:
    if key.lower() in _CALL_KEYS:
        return value
    if isinstance(value, str) and not isinstance(value, Enum):
        return _leaf(value, said, shown, key)
    if value is None or isinstance(value, _SCALARS):
        return value
    if key.lower() in _TOKEN_KEYS or depth > _MAX_DEPTH:
        return None
    parts: Mapping[Any, Any]
    if isinstance(value, Mapping):
        parts = value
    elif isinstance(value, (list, tuple)):
        changed = [_walk(item, said, shown, key, depth + 1) for item in value]
        return value if _same(changed, value) else tuple(changed) if isinstance(value, tuple) else changed
    elif isinstance(value, BaseModel):
        parts = {**value.__dict__, **(value.__pydantic_extra__ or {})}
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    else:
        return None
    after = {name: _walk(part, said, shown, str(name), depth + 1) for name, part in parts.items()}
    if _same(list(after.values()), list(parts.values())):
        return value
    if isinstance(value, Mapping):
        return after
    if isinstance(value, BaseModel):
        return value.model_copy(update=after)
    changed_value: Any = copy.copy(value)
    for name, part in after.items():
        object.__setattr__(changed_value, name, part)
    return changed_value


def _leaf(text: str, said: str, shown: str, key: str) -> str:
    whole = said.strip()
    if whole and whole in text:
        return text.replace(whole, shown.strip())
    piece = text.strip()
    textual = key.lower() in _TEXT_KEYS or any(character.isspace() for character in piece)
    return "" if piece and textual and piece in said else text


def _same(after: Any, before: Any) -> bool:
    return len(after) == len(before) and all(a is b for a, b in zip(after, before, strict=True))
