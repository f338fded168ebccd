"""What a model was asked: the conversation as the Agents SDK keeps it, in items of the Responses API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from guardlayer.types import Evidence, Source, Turn
from guardlayer.wrapping import Asked

_ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}
_OUTPUTS = ("function_call_output", "custom_tool_call_output")


def read_input(given: str | Sequence[Any]) -> Asked:
    """Read the question, the earlier turns, and what tools returned.

    Args:
        given: The input of a model or a run: a text, or items as mappings or objects.
    """
    if isinstance(given, str):
        return Asked(question=given)
    turns: list[Turn] = []
    last = None
    for item in given:
        role = _ROLES.get(str(_get(item, "role")))
        if role is not None:
            last = len(turns) if role == "user" else last
            turns.append(Turn(role, _text(_get(item, "content"))))
    evidence = tuple(read_evidence(given))
    if last is None:
        return Asked(None, tuple(turns), evidence)
    return Asked(turns[last].text, tuple(turns[:last]), evidence)


def read_evidence(items: Sequence[Any]) -> Iterator[Evidence]:
    """Read what tools returned, ours and those that run at the provider."""
    names = {str(_get(item, "call_id")): str(_get(item, "name")) for item in items if _get(item, "name")}
    for item in items:
        kind = _get(item, "type")
        if kind in _OUTPUTS:
            call = str(_get(item, "call_id"))
            yield from _piece(_text(_get(item, "output")), f"tool {names.get(call, call)}")
        elif kind == "mcp_call":
            yield from _piece(_text(_get(item, "output")), f"tool {_get(item, 'server_label')}/{_get(item, 'name')}")
        elif kind == "file_search_call":
            for found in _get(item, "results") or ():
                yield from _piece(_text(_get(found, "text")), str(_get(found, "filename") or "file search"))


def ask_again(given: str | Sequence[Any], rejected: str, feedback: str, *, kept: bool) -> list[Any]:
    """Return the input for asking again.

    Args:
        given: The input before.
        rejected: The answer.
        feedback: What is wrong with it.
        kept: The provider keeps the conversation: it has the input and the answer already.
    """
    items: list[Any] = []
    if not kept:
        items += [{"role": "user", "content": given}] if isinstance(given, str) else given
        # Without its id: to the provider, a message with one belongs to reasoning that is not repeated here.
        items += [{"role": "assistant", "content": rejected}] if rejected else []
    return [*items, {"role": "user", "content": feedback}]


def _piece(text: str, source: str) -> Iterator[Evidence]:
    if text.strip():
        yield Evidence(text, Source(source))


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list | tuple):
        return ""
    parts = [_get(part, "text") or _get(part, "refusal") for part in content]
    return "".join(part for part in parts if isinstance(part, str))


def _get(item: Any, name: str) -> Any:
    return item.get(name) if isinstance(item, dict) else getattr(item, name, None)
