"""What was asked, read from the body of a request: question, earlier turns, evidence from tools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from guardlayer.evidence import coerce
from guardlayer.gateway.failures import bad_request
from guardlayer.types import Evidence, Source, Turn
from guardlayer.wrapping import Asked

_ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}
_TEXT_PARTS = ("text", "input_text", "output_text", "refusal")

_Message = tuple[str, str, str]
"""Role (``tool`` for results), text, and for a tool its name."""


def of_chat(body: dict[str, Any]) -> Asked:
    """Read the messages of a chat completion: the last one by the user is the question, tools give evidence.

    Raises:
        GatewayError: They are no list of messages.
    """
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise bad_request("bad_messages", "messages is missing or no list; give at least one message")
    return _asked(list(_chat(messages)))


def of_response(body: dict[str, Any]) -> Asked:
    """Read the input of a response: a text, or items.

    Raises:
        GatewayError: It is neither.
    """
    items = body.get("input")
    if isinstance(items, str):
        return _asked([("user", items, "")])
    if items is None:  # a stored prompt or an earlier response holds it
        return Asked()
    if not isinstance(items, list):
        raise bad_request("bad_input", "input is neither a text nor a list of items")
    return _asked(list(_items(items)))


def text_of(content: Any) -> str:
    """Return the text of a message's content: a string, or the parts of it that are text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    found = []
    for part in content:
        if isinstance(part, str):
            found.append(part)
        elif isinstance(part, dict) and part.get("type") in _TEXT_PARTS:
            text = part.get("refusal" if part["type"] == "refusal" else "text")
            found.append(text if isinstance(text, str) else "")
    return "".join(found)


def _chat(messages: Sequence[Any]) -> Iterator[_Message]:
    called: dict[str, str] = {}
    for message in messages:
        if not isinstance(message, dict):
            raise bad_request("bad_messages", "a message is no object with role and content")
        role = message.get("role")
        for call in message.get("tool_calls") or ():
            if isinstance(call, dict) and isinstance(call.get("function"), dict):
                called[str(call.get("id"))] = str(call["function"].get("name"))
        text = text_of(message.get("content"))
        if role in ("tool", "function"):
            yield "tool", text, called.get(str(message.get("tool_call_id"))) or str(message.get("name") or "")
        elif role in _ROLES:
            yield _ROLES[role], text, ""


def _items(items: Sequence[Any]) -> Iterator[_Message]:
    called: dict[str, str] = {}
    for item in items:
        if not isinstance(item, dict):
            raise bad_request("bad_input", "an item of the input is no object")
        kind = item.get("type", "message")
        if kind in ("function_call", "custom_tool_call"):
            called[str(item.get("call_id"))] = str(item.get("name"))
        elif kind in ("function_call_output", "custom_tool_call_output"):
            yield "tool", text_of(item.get("output")), called.get(str(item.get("call_id")), "")
        elif kind == "file_search_call":
            yield from ((("tool"), text, name) for text, name in searched(item))
        elif kind == "mcp_call":
            yield "tool", text_of(item.get("output")), str(item.get("name"))
        elif kind == "message" and item.get("role") in _ROLES:
            yield _ROLES[item["role"]], text_of(item.get("content")), ""


def searched(item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the passages that a hosted file search found, each with the name of its file."""
    for result in item.get("results") or ():
        if isinstance(result, dict) and isinstance(result.get("text"), str):
            yield result["text"], str(result.get("filename") or result.get("file_id") or "file search")


def evidence_of(text: str, name: str) -> Evidence:
    """Return what a tool gave back as evidence; the tool is the source."""
    return Evidence(text, Source(f"tool {name}" if name else "tool"))


def _asked(messages: Sequence[_Message]) -> Asked:
    last = max((place for place, (role, _, _) in enumerate(messages) if role == "user"), default=None)
    evidence = coerce([evidence_of(text, name) for role, text, name in messages if role == "tool"])
    earlier = messages if last is None else messages[:last]
    turns = tuple(Turn(role, text) for role, text, _ in earlier if role != "tool" and text)
    return Asked(None if last is None else messages[last][1], turns, evidence)
