"""LangChain messages, read without importing LangChain."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any


def is_message(value: Any) -> bool:
    """Say whether ``value`` is a LangChain message: none can exist unless its class is loaded."""
    base = getattr(sys.modules.get("langchain_core.messages.base"), "BaseMessage", None)
    return base is not None and isinstance(value, base)


def by_model(message: Any) -> bool:
    """Say whether the model wrote the message, not the user or a tool."""
    return message.type in ("ai", "AIMessageChunk")


def calls_tools(message: Any) -> bool:
    """Say whether the message does something besides what it says."""
    return any(getattr(message, name, None) for name in ("tool_calls", "tool_call_chunks", "invalid_tool_calls"))


def texts(message: Any) -> list[str | None]:
    """Return the text of each content block, ``None`` for blocks that are no text; plain content is one block."""
    content = message.content
    return [_text(block) for block in ([content] if isinstance(content, str) else content)]


def with_texts(message: Any, new: Sequence[str | None], *, refused: bool = False) -> Any:
    """Return a copy of the message with other texts, or the message itself where nothing changed.

    Args:
        message: A LangChain message.
        new: A text for each block, as :func:`texts` lists them.
        refused: Whether the texts are a refusal; the copy then says ``finish_reason: content_filter``.
    """
    if list(new) == texts(message) and not refused:
        return message
    content = message.content
    changed: Any = new[0] or "" if isinstance(content, str) else list(map(_with_text, content, new))
    update: dict[str, Any] = {"content": changed}
    if refused:
        update["response_metadata"] = {**message.response_metadata, "finish_reason": "content_filter"}
    return message.model_copy(update=update)


def _text(block: Any) -> str | None:
    if isinstance(block, str):
        return block
    text = block.get("text") if isinstance(block, dict) and block.get("type") == "text" else None
    return text if isinstance(text, str) else None


def _with_text(block: Any, text: str | None) -> Any:
    if isinstance(block, str):
        return text or ""
    if _text(block) in (None, text):
        return block
    # Citations count offsets in the text they were made for, which is gone.
    return {**{key: value for key, value in block.items() if key != "annotations"}, "text": text or ""}
