"""Structured output as leaves: one value each, with its JSON pointer and the words its keys say.

Walks with a stack of its own, so that no depth of nesting exhausts the interpreter's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from guardlayer.types import Skipped

__all__ = ["Leaf", "humanised", "leaves_of"]

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS: Final = re.compile(r"[_\-.\s]+")
_NAMING: Final = ("name", "title", "product", "company", "plan", "entity", "subject", "country", "item", "id")
_LABEL_LIMIT: Final = 200


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value of structured output.

    Attributes:
        text: Its string form: a string as it is, anything else as its JSON literal.
        path: JSON pointer (RFC 6901).
        key: The last key, as it stands.
        label: What its keys and its parent's name say, ready to stand before the value: ``Acme, list price: ``.
        prose: Whether it is a string.
    """

    text: str
    path: str
    key: str
    label: str
    prose: bool


def leaves_of(data: Any, *, max_depth: int, max_leaves: int) -> Iterator[Leaf | Skipped]:
    """Yield the leaves of ``data`` in order, and what was not read with its reason.

    Args:
        data: JSON values.
        max_depth: Containers nested deeper than this are skipped.
        max_leaves: Leaves after this many are counted and skipped.
    """
    # (value, pointer, last key, names above it, depth)
    stack: list[tuple[Any, str, str, tuple[str, ...], int]] = [(data, "", "", (), 0)]
    read = beyond = 0
    while stack:
        value, path, key, names, depth = stack.pop()
        if isinstance(value, dict | list | tuple):
            if read >= max_leaves:
                beyond += 1
                continue
            if depth >= max_depth:
                yield Skipped(0, 0, f"deeper than {max_depth} levels at {path or '(root)'}")
            elif not value:
                yield Skipped(0, 0, f"empty {'object' if isinstance(value, dict) else 'list'} at {path or '(root)'}")
            else:
                stack.extend(reversed(_children(value, path, key, names, depth)))
            continue
        if read >= max_leaves:
            beyond += 1
            continue
        read += 1
        text = _literal(value)
        if value is None or not text.strip():
            yield Skipped(0, 0, f"{'null' if value is None else 'empty string'} at {path or '(root)'}")
            continue
        yield Leaf(text, path, key, _label(names, key), isinstance(value, str))
    if beyond:
        yield Skipped(0, 0, f"more than {max_leaves} leaves: {beyond} values or containers after them were not read")


def humanised(key: str) -> str:
    """Return a key as words: ``listPrice`` and ``list_price`` are *list price*; capitals that mean something stay."""
    words = _SEPARATORS.sub(" ", _CAMEL.sub(" ", key[:_LABEL_LIMIT])).strip().split(" ")
    if len(words) == 1 and words[0] == key:
        return key
    return " ".join(
        word if i == 0 and " " in key else word if word.isupper() or any(c.isdigit() for c in word) else word.lower()
        for i, word in enumerate(words)
    )


def _children(
    value: dict[Any, Any] | list[Any] | tuple[Any, ...], path: str, key: str, names: tuple[str, ...], depth: int
) -> list[tuple[Any, str, str, tuple[str, ...], int]]:
    if not isinstance(value, dict):
        return [(child, f"{path}/{i}", key, names, depth + 1) for i, child in enumerate(value)]
    naming = next(
        (
            k
            for k in _NAMING
            if isinstance(value.get(k), str | int) and not isinstance(value.get(k), bool) and value[k] != ""
        ),
        None,
    )
    inside = (*names[-3:], humanised(key)) if key else names
    children = []
    for raw, child in value.items():
        name = str(raw)
        own = inside
        if naming is not None and raw != naming:
            own = (str(value[naming])[:_LABEL_LIMIT],)
        pointer = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
        children.append((child, pointer, name, own, depth + 1))
    return children


def _label(names: tuple[str, ...], key: str) -> str:
    words = [name for name in (*names, humanised(key)) if name]
    return f"{', '.join(words)}: " if words else ""


def _literal(value: Any) -> str:
    """Return the string form that offsets count in."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return str(value)
