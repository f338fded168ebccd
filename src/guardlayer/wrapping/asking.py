"""What was asked, and what evidence came along, as the arguments of a call tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guardlayer.types import Turn

QUESTION_NAMES = ("question", "query", "prompt", "input", "message", "messages")
EVIDENCE_NAMES = ("evidence", "documents", "docs", "passages", "nodes")

_ROLES = {
    "human": "user",
    "user": "user",
    "ai": "assistant",
    "AIMessageChunk": "assistant",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
    "tool": "tool",
    "function": "tool",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a call besides its answer.

    Attributes:
        question: What was asked.
        turns: Earlier messages, oldest first.
        evidence: Whatever the guard accepts as evidence: texts, documents, nodes.
    """

    question: str | None = None
    turns: tuple[Turn, ...] = ()
    evidence: tuple[Any, ...] = ()


def read_question(value: Any) -> Asked | None:
    """Read the question from a string, one message, or a conversation.

    Messages are role–content mappings, (role, content) pairs, or objects with ``type`` or ``role`` and ``content``,
    as LangChain and LlamaIndex have them. The last message by the user is the question; what tools returned is
    evidence, documents kept in an ``artifact`` before the text made of them.

    Returns:
        ``None`` if the value is none of these, or holds nothing by the user.
    """
    if isinstance(value, str):
        return Asked(question=value)
    single = _turn(value)
    messages: Sequence[Any] = [value] if single else value if isinstance(value, (list, tuple)) else ()
    turns = [turn for turn in map(_turn, messages) if turn]
    if not turns or len(turns) != len(messages):
        return None
    last = max((i for i, turn in enumerate(turns) if turn.role == "user"), default=None)
    if last is None:
        return None
    evidence: list[Any] = []
    for message, turn in zip(messages, turns, strict=True):
        if turn.role == "tool":
            artifact: Any = getattr(message, "artifact", None)
            documents = isinstance(artifact, (list, tuple)) and is_evidence(artifact)
            evidence.extend(artifact if documents else [turn.text])
    earlier = tuple(turn for turn in turns[:last] if turn.role != "tool")
    return Asked(question=turns[last].text, turns=earlier, evidence=tuple(item for item in evidence if item))


def read_arguments(arguments: Mapping[str, Any], *, question: str | None = None, evidence: str | None = None) -> Asked:
    """Read what was asked from named values: the arguments of a call, or a runnable's input mapping.

    Args:
        arguments: Values by name, in the order of the parameters.
        question: The name to take the question from, instead of the usual ones.
        evidence: The name to take the evidence from, instead of the usual ones.
    """
    asked = Asked()
    for name in [question] if question else [name for name in arguments if name in QUESTION_NAMES]:
        found = read_question(arguments.get(name))
        if found:
            asked = found
            break
    for name in [evidence] if evidence else [name for name in arguments if name in EVIDENCE_NAMES]:
        value = arguments.get(name)
        if is_evidence(value):
            pieces = value if isinstance(value, (list, tuple)) else (value,)
            return Asked(asked.question, asked.turns, (*asked.evidence, *pieces))
        if evidence and value is not None and value not in ([], ()):
            return Asked(asked.question, asked.turns, (*asked.evidence, value))
    return asked


def is_evidence(value: Any) -> bool:
    """Say whether a value is a text, a document or node, or a non-empty sequence of such."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(is_evidence(item) and not isinstance(item, (list, tuple)) for item in value)
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, type) or value is None:
        return False
    # A LangChain Document has page_content, a LlamaIndex node get_content, its NodeWithScore node, our Evidence source.
    return any(hasattr(value, name) for name in ("page_content", "get_content", "node")) or (
        hasattr(value, "text") and hasattr(value, "source")
    )


def _turn(message: Any) -> Turn | None:
    role: Any
    content: Any
    match message:
        case Turn():
            return message
        case {"role": role, "content": content}:
            pass
        case (str() as role, content):
            pass
        case _:
            role = getattr(message, "type", None) or getattr(message, "role", None)
            content = getattr(message, "content", None)
    name = _ROLES.get(str(getattr(role, "value", role)))
    return None if name is None else Turn(name, _text(content))


def _text(content: Any) -> str:
    """Read a message's content: a string, or blocks of which the text ones count."""
    if isinstance(content, str):
        return content
    if not isinstance(content, (list, tuple)):
        return ""
    parts = [
        block if isinstance(block, str) else block.get("text") for block in content if isinstance(block, (str, dict))
    ]
    return "".join(part for part in parts if isinstance(part, str))
