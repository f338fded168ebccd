"""What a model was asked: the history as Pydantic AI keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from pydantic_ai.messages import (
    BaseToolReturnPart,
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from guardlayer.errors import InputError
from guardlayer.evidence import coerce
from guardlayer.types import Evidence, Source, Turn
from guardlayer.wrapping import Asked


def read_messages(messages: Sequence[ModelMessage]) -> Asked:
    """Read the question, the earlier turns, and what tools returned."""
    turns: list[Turn] = []
    evidence: list[Evidence] = []
    last = None
    for message in messages:
        for part in message.parts:
            if isinstance(part, UserPromptPart):
                last = len(turns)
                turns.append(Turn("user", _prompt(part.content)))
            elif isinstance(part, SystemPromptPart):
                turns.append(Turn("system", part.content))
            elif isinstance(part, TextPart):
                turns.append(Turn("assistant", part.content))
        evidence += read_evidence(message.parts)
    if last is None:
        return Asked(None, tuple(turns), tuple(evidence))
    return Asked(turns[last].text, tuple(turns[:last]), tuple(evidence))


def read_evidence(parts: Iterable[Any]) -> Iterator[Evidence]:
    """Read what tools returned, ours and those that run at the provider.

    Passages and documents kept in a return's metadata come before the text that was made of them.
    """
    for part in parts:
        if isinstance(part, BaseToolReturnPart) and part.outcome == "success":
            name = f"tool {part.tool_name}"
            passages = _passages(part.metadata, name) or _passages(part.content, name)
            text = part.model_response_str()
            yield from passages or ([Evidence(text, Source(name))] if text.strip() else [])


def ask_again(
    messages: list[ModelMessage], rejected: ModelResponse, feedback: str, output_tools: frozenset[str]
) -> list[ModelMessage]:
    """Return the history for asking again: the rejected answer, and what is wrong with it."""
    parts: list[ModelRequestPart] = []
    for part in rejected.parts:
        if isinstance(part, ToolCallPart):
            said = feedback if part.tool_name in output_tools else "not called: the answer was rejected"
            parts.append(ToolReturnPart(part.tool_name, said, part.tool_call_id, outcome="retried"))
    if not any(isinstance(part, ToolCallPart) and part.tool_name in output_tools for part in rejected.parts):
        parts.append(UserPromptPart(feedback))
    last = next((message for message in reversed(messages) if isinstance(message, ModelRequest)), None)
    request = ModelRequest(parts) if last is None else replace(last, parts=parts)
    return [*messages, rejected, request]


def _prompt(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = (part if isinstance(part, str) else getattr(part, "content", None) for part in content)
    return "\n".join(part for part in parts if isinstance(part, str))


def _passages(value: Any, name: str) -> list[Evidence]:
    """Read what is evidence by its type; a text, or data of a tool's own, is not."""
    items = value if isinstance(value, list | tuple) else [value]
    if value is None or not items or any(isinstance(item, str | dict | bytes) for item in items):
        return []
    try:
        return list(coerce(items, name=name))
    except InputError:
        return []
