"""The content of a message as blocks: which are text, and where one passage ends and another begins."""

from __future__ import annotations

from typing import Any

BREAK = "\n\n"
"""What passages of one message are read with between them; it is in no message."""

THOUGHTS = ("reasoning", "thinking", "redacted_thinking")
"""Types of blocks that a model thinks in: they interrupt no passage."""


def is_text(block: Any) -> bool:
    """Say whether a content block is text."""
    return isinstance(block, str) or (block.get("type") == "text" and isinstance(block.get("text"), str))


def interrupts(block: Any) -> bool:
    """Say whether what is said after a block does not go on with the sentence before it, as after a tool call."""
    return not is_text(block) and block.get("type") not in THOUGHTS


def passages(content: Any) -> list[bool]:
    """Return for each text of a content whether a passage of its own begins there.

    Clients cut one sentence into blocks where citations begin and end; only other blocks part passages.
    """
    if isinstance(content, str):
        return [False]
    found: list[bool] = []
    interrupted = False
    for block in content:
        if is_text(block):
            found.append(interrupted and bool(found))
            interrupted = False
        else:
            interrupted = interrupted or interrupts(block)
    return found
