"""What a runnable was asked, and the same input with what the policy has to say about the last answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.documents import Document
from langchain_core.language_models import BaseLanguageModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import Runnable, RunnableConfig

from guardlayer.wrapping import Asked, Call, read_arguments, read_question

EVIDENCE_KEYS = ("context", "documents", "source_documents")
"""Keys under which LangChain's own chains keep what was retrieved, in inputs and in outputs."""


def read_input(value: Any, *, question: str | None, evidence: str | None) -> Asked:
    """Read the question, the turns and the evidence from a runnable's input.

    Args:
        value: A string, a message, a conversation, a prompt value, or a mapping that holds one of these.
        question: Key of a mapping to take the question from, instead of the usual ones.
        evidence: Key of a mapping to take the evidence from, instead of the usual ones.
    """
    if isinstance(value, Mapping):
        held = {str(key): _opened(part) for key, part in value.items()}
        chosen = evidence or next((key for key in EVIDENCE_KEYS if held.get(key)), None)
        return read_arguments(held, question=question, evidence=chosen)
    return read_question(_opened(value)) or Asked()


def configured(asked: Asked, config: RunnableConfig) -> Asked:
    """Add what the caller put into the run's configuration: ``guardlayer_question`` and ``guardlayer_evidence``."""
    given = config.get("configurable") or {}
    evidence = given.get("guardlayer_evidence") or ()
    pieces = evidence if isinstance(evidence, list | tuple) else (evidence,)
    return Asked(given.get("guardlayer_question") or asked.question, asked.turns, (*pieces, *asked.evidence))


def ask_again(inner: Runnable[Any, Any], value: Any, call: Call, *, feedback: str | None) -> Any:
    """Return the input for one call of the model.

    Where it is a conversation, or a prompt for a model, the rejected answer and the feedback follow as messages; a
    mapping takes the feedback under the key ``feedback``. Any other input stays as it is.
    """
    if call.feedback is None:
        return value
    if isinstance(value, Mapping) and feedback is not None:
        return {**value, feedback: call.feedback}
    said = "".join(chunk if isinstance(chunk, str) else chunk.text for chunk in _spoken(call))
    more = [*([AIMessage(said)] if said else []), HumanMessage(call.feedback)]
    if isinstance(value, Mapping):
        messages = value.get("messages")
        return {**value, "messages": [*messages, *more]} if isinstance(messages, list | tuple) else value
    if isinstance(value, str):
        return [HumanMessage(value), *more] if isinstance(inner, BaseLanguageModel) else value
    opened = _opened(value)
    return [*opened, *more] if isinstance(opened, list | tuple) else value


def with_evidence(asked: Asked, evidence: tuple[Any, ...]) -> Asked:
    """Add evidence to what is known of a call; of a passage that is there already, the given one stays: it is named."""
    known = {_passage(piece) for piece in evidence}
    found = (piece for piece in asked.evidence if _passage(piece) not in known)
    return Asked(asked.question, asked.turns, (*evidence, *found))


def _passage(piece: Any) -> str:
    if isinstance(piece, Document):
        return piece.page_content
    text = piece.get("text") if isinstance(piece, Mapping) else getattr(piece, "text", piece)
    return str(text)


def _opened(value: Any) -> Any:
    if isinstance(value, PromptValue):
        return value.to_messages()
    return value


def _spoken(call: Call) -> list[Any]:
    chunks = call.rejected.chunks if call.rejected else ()
    return [chunk for chunk in chunks if isinstance(chunk, str | BaseMessage)]
