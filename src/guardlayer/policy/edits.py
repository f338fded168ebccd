"""Edits as pure functions: on text by offset, on JSON values by pointer (RFC 6901).

All offsets count code points of the text or leaf *before* any edit, so no edit shifts another.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from guardlayer.errors import InputError
from guardlayer.types import Edit

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]*)(?P<frac>\.[0-9]+)?(?P<exp>[eE][+-]?[0-9]+)?\Z")
_INDEX = re.compile(r"(?:0|[1-9][0-9]*)\Z")
_BAD_ESCAPE = re.compile(r"~(?![01])")


def apply_text(text: str, edits: Sequence[Edit]) -> str:
    """Return ``text`` with every edit made.

    Args:
        text: The text the edits' offsets count in.
        edits: In any order; insertions at one offset are made in the order given. Edits must not overlap.

    Returns:
        The edited text; ``text`` itself where there are no edits.

    Raises:
        InputError: An edit lies outside the text, or two overlap.
    """
    if not edits:
        return text
    parts: list[str] = []
    done = 0
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        if not 0 <= edit.start <= edit.end <= len(text):
            raise InputError(f"edit [{edit.start}, {edit.end}) lies outside a text of {len(text)} characters")
        if edit.start < done:
            raise InputError(f"edit [{edit.start}, {edit.end}) overlaps the one before it, which ends at {done}")
        parts += (text[done : edit.start], edit.replacement)
        done = edit.end
    parts.append(text[done:])
    return "".join(parts)


def apply_data(data: Any, edits: Sequence[Edit]) -> Any:
    """Return a copy of a JSON value with every edit made; the value itself is never changed.

    An edit's offsets count in its leaf's :func:`leaf_text`. A leaf keeps its JSON type where the edited text reads as
    one of that type, and becomes a string otherwise. An edit that replaces a whole leaf, or a whole object or array,
    by nothing makes it ``null``: that is how a redaction looks in structured output.

    Raises:
        InputError: A pointer leads nowhere, two edits clash, or an object or array is edited in part.
    """
    paths: dict[str, list[Edit]] = {}
    for edit in edits:
        paths.setdefault(edit.path or "", []).append(edit)
    for path in paths:
        above = next((other for other in _ancestors(path) if other in paths), None)
        if above is not None:
            raise InputError(f"the edit of {path!r} lies within {above!r}, which is edited too")
    for path, own in paths.items():
        data = pointer_set(data, path, _edit_leaf(pointer_get(data, path), own, path))
    return data


def canonical_json(data: Any) -> str:
    """Return the one text of a JSON value: sorted keys, no white space, characters as themselves.

    Raises:
        InputError: Not a JSON value.
    """
    try:
        return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"not a JSON value ({error}); pass only what JSON can say") from error


def json_text(data: Any, *, like: str) -> str:
    """Return a JSON value as text: keys in the order they came, spaced and indented as ``like`` is.

    Args:
        data: JSON values.
        like: The text the value was read from, before it was edited.

    Raises:
        InputError: Not a JSON value.
    """
    opened = re.match(r"\s*[\[{]\n( +|\t+)", like)
    colon = ": " if opened or '": ' in like else ":"
    comma = "," if opened or colon == ":" else ", "
    try:
        return json.dumps(
            data, ensure_ascii=False, allow_nan=False, indent=opened[1] if opened else None, separators=(comma, colon)
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"not a JSON value ({error}); pass only what JSON can say") from error


def leaf_text(value: Any) -> str:
    """Return the text that offsets in a leaf count in: a string as it is, anything else as its JSON."""
    return value if isinstance(value, str) else canonical_json(value)


def same_type(value: Any, text: str) -> bool:
    """Say whether ``text`` reads as a JSON value of the type of ``value``."""
    return isinstance(value, str) or not isinstance(_retyped(value, text), str)


def pointer_get(data: Any, pointer: str) -> Any:
    """Return the value that an RFC 6901 pointer leads to.

    Raises:
        InputError: The pointer is malformed or leads nowhere.
    """
    for token in _tokens(pointer):
        data = data[_step(data, token, pointer)]
    return data


def pointer_set(data: Any, pointer: str, value: Any) -> Any:
    """Return a copy of ``data`` in which the existing place that ``pointer`` leads to holds ``value``.

    Only the objects and arrays on the way are copied; the rest is shared with ``data``.

    Raises:
        InputError: The pointer is malformed or leads nowhere.
    """
    way: list[tuple[Any, Any]] = []
    here = data
    for token in _tokens(pointer):
        step = _step(here, token, pointer)
        way.append((here, step))
        here = here[step]
    for parent, step in reversed(way):
        copy = dict(parent) if isinstance(parent, dict) else list(parent)
        copy[step] = value
        value = copy
    return value


def _tokens(pointer: str) -> list[str]:
    if pointer == "":
        return []
    if not pointer.startswith("/") or _BAD_ESCAPE.search(pointer):
        raise InputError(
            f"{pointer!r} is not a JSON pointer; write '' for the whole, or '/a/0/b' with '~1' for '/' and '~0' for '~'"
        )
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")]


def _step(data: Any, token: str, pointer: str) -> Any:
    if isinstance(data, dict) and token in data:
        return token
    if isinstance(data, (list, tuple)) and _INDEX.match(token) and len(token) < 19 and int(token) < len(data):
        return int(token)
    raise InputError(f"JSON pointer {pointer!r} leads nowhere: there is no {token!r} in a {type(data).__name__}")


def _ancestors(path: str) -> Iterable[str]:
    while path:
        path = path.rpartition("/")[0]
        yield path


def _edit_leaf(value: Any, edits: list[Edit], path: str) -> Any:
    text = leaf_text(value)
    if any(edit.start == 0 and edit.end == len(text) and not edit.replacement for edit in edits):
        return None
    if isinstance(value, (dict, list, tuple)):
        raise InputError(f"{path!r} holds more than one value; edit its leaves, or remove it as a whole")
    return _retyped(value, apply_text(text, edits))


def _retyped(value: Any, text: str) -> Any:
    if isinstance(value, str):
        return text
    if value is None or isinstance(value, bool):
        literals = {"null": None} if value is None else {"true": True, "false": False}
        return literals.get(text, text)
    match = _NUMBER.match(text)
    if match is None or len(text) > 400:
        return text
    plain = text.replace(",", "")
    if match["frac"] is None and match["exp"] is None:
        return int(plain)
    number = float(plain)
    return number if math.isfinite(number) else text
