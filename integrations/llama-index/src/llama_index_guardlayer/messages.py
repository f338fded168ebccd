"""LlamaIndex's messages and model responses: what was asked, what is said, and the same saying something else."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CitationBlock,
    CompletionResponse,
    ContentBlock,
    MessageRole,
    TextBlock,
)

from guardlayer.types import Evidence, Source, Turn
from guardlayer.wrapping import Asked, Checked, Prose, View, read_question, summary
from llama_index_guardlayer.citations import CitedMessage, citation_blocks
from llama_index_guardlayer.raws import redacted

METADATA_KEY = "guardlayer"
"""Where verdicts stand: in a response's ``additional_kwargs`` or ``metadata``, a list of reports in brief."""

_ROLES = {MessageRole.MODEL: "assistant", MessageRole.CHATBOT: "assistant", MessageRole.FUNCTION: "tool"}
_BEFORE, _AFTER = "\nQuery: ", "\nAnswer:"
"""What LlamaIndex's default question-answering prompts have around the query, at their end."""
_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


def read_messages(
    messages: Sequence[ChatMessage], evidence: Iterable[Any] = (), known: Container[str] = frozenset()
) -> Asked:
    """Find out what a conversation asks, and what evidence it holds.

    Args:
        messages: The conversation; the last message by the user is the question, tool outputs are evidence.
        evidence: What else is known.
        known: Ids of the tool calls whose outputs are in ``evidence`` already.
    """
    pieces = list(evidence)
    for message in messages:
        call = message.additional_kwargs.get("tool_call_id")
        if _role(message) == "tool" and call not in known and (text := text_of(message)).strip():
            pieces.append(Evidence(text, Source(f"tool:{message.additional_kwargs.get('name') or call or 'unnamed'}")))
    turns = [Turn(_role(message), text_of(message)) for message in messages]
    asked = read_question(turns) or Asked(turns=tuple(turn for turn in turns if turn.role != "tool"))
    question = None if asked.question is None else templated_query(asked.question)
    return Asked(question, asked.turns, tuple(pieces))


def templated_query(prompt: str) -> str:
    """Return the query inside one of LlamaIndex's question-answering prompts; another prompt is returned whole."""
    head, found, _ = prompt.rstrip().rpartition(_AFTER)
    if not found or not prompt.rstrip().endswith(_AFTER):
        return prompt
    query = f"\n{head}".rpartition(_BEFORE)[2].strip()
    return query if query and _BEFORE in f"\n{head}" else prompt


def text_of(message: ChatMessage) -> str:
    """Return the text of a message, as its blocks have it."""
    return "".join(block.text for block in message.blocks if isinstance(block, TextBlock))


def calls_tools(message: ChatMessage) -> bool:
    """Say whether a message does something besides what it says."""
    return bool(message.additional_kwargs.get("tool_calls")) or any(map(is_call, message.blocks))


def is_call(block: Any) -> bool:
    """Say whether a block is a tool call; LlamaIndex has these as blocks since 0.14."""
    return getattr(block, "block_type", None) == "tool_call"


def for_inner(messages: Sequence[ChatMessage], feedback: str | None = None) -> list[ChatMessage]:
    """Return what the inner model is to read: without the citations we added, with the feedback there is.

    Most model integrations of LlamaIndex refuse a conversation that holds a citation block.
    """
    heard = [
        message.model_copy(update={"blocks": [b for b in message.blocks if not isinstance(b, CitationBlock)]})
        if message.role is MessageRole.ASSISTANT and any(isinstance(b, CitationBlock) for b in message.blocks)
        else message
        for message in messages
    ]
    return [*heard, ChatMessage(role=MessageRole.USER, content=feedback)] if feedback else heard


@dataclass(frozen=True, slots=True)
class Attempts:
    """Token counts of the answers that were asked for again, which the last answer's are added to."""

    counts: dict[str, int]

    def add(self, kwargs: dict[str, Any]) -> None:
        """Count an answer that is not returned."""
        for name in _COUNTS:
            if isinstance(kwargs.get(name), int):
                self.counts[name] = self.counts.get(name, 0) + kwargs[name]

    def total(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return the keyword arguments of the last answer with the sum of all counts."""
        return kwargs | {name: kwargs[name] + n for name, n in self.counts.items() if isinstance(kwargs.get(name), int)}


def open_chat(response: ChatResponse) -> View:
    """Read a chat response: its text blocks; tool calls, reasoning, ids and usage stay as they are."""
    places = [place for place, block in enumerate(response.message.blocks) if isinstance(block, TextBlock)]
    texts = [block.text for block in response.message.blocks if isinstance(block, TextBlock)]

    def put(checked: Sequence[Checked]) -> ChatResponse:
        blocks: list[Any] = list(response.message.blocks)
        for place, part in zip(places, checked, strict=True):
            if part.value != blocks[place].text:
                blocks[place] = TextBlock(text=part.value)
        reports = {id(part.report): part.report for part in checked if part.report is not None}
        said, shown = "".join(texts), "".join(part.value for part in checked)
        refused = any(part.blocked for part in checked)
        for report in reports.values():
            blocks.extend(citation_blocks(report))
        return remade(
            response, blocks, said=said, shown=shown, verdicts=[summary(r) for r in reports.values()], refused=refused
        )

    return View(tuple(Prose("text", text) for text in texts), put, silent=calls_tools(response.message))


def remade(
    response: ChatResponse,
    blocks: Sequence[ContentBlock],
    *,
    said: str,
    shown: str,
    verdicts: Sequence[dict[str, Any]] | None = None,
    refused: bool = False,
    delta: str | None = None,
) -> ChatResponse:
    """Return a copy of a response, or of an item of a stream, with other blocks.

    Args:
        response: What the model returned.
        blocks: What its message is to hold.
        said: The text it held.
        shown: The text that may be shown of it.
        verdicts: What was found, in brief; ``None`` leaves the response without.
        refused: Whether ``shown`` is a refusal.
        delta: The new text, for an item of a stream.
    """
    kept = redacted(response.message.additional_kwargs, said, shown)
    message = response.message.model_copy(update={"blocks": list(blocks), "additional_kwargs": kept})
    if type(message) is ChatMessage and any(isinstance(block, CitationBlock) for block in blocks):
        message = CitedMessage.model_construct(**message.__dict__)
    extra = dict(redacted(response.additional_kwargs, said, shown))
    if verdicts is not None:
        extra[METADATA_KEY] = list(verdicts)
    if refused:
        extra["finish_reason"] = "content_filter"
    return ChatResponse(
        message=message,
        raw=redacted(response.raw, said, shown),
        delta=delta,
        logprobs=response.logprobs if said == shown else None,
        additional_kwargs=extra,
    )


def open_completion(response: CompletionResponse) -> View:
    """Read a completion."""

    def put(checked: Sequence[Checked]) -> CompletionResponse:
        (part,) = checked
        verdicts = [] if part.report is None else [summary(part.report)]
        return recompleted(response, said=response.text, shown=part.value, verdicts=verdicts, refused=part.blocked)

    return View((Prose("text", response.text),), put)


def recompleted(
    response: CompletionResponse,
    *,
    said: str,
    shown: str,
    verdicts: Sequence[dict[str, Any]] | None = None,
    refused: bool = False,
    delta: str | None = None,
) -> CompletionResponse:
    """Return a copy of a completion, or of an item of a stream, with other text; arguments as :func:`remade`."""
    extra = dict(redacted(response.additional_kwargs, said, shown))
    if verdicts is not None:
        extra[METADATA_KEY] = list(verdicts)
    if refused:
        extra["finish_reason"] = "content_filter"
    return CompletionResponse(
        text=shown,
        raw=redacted(response.raw, said, shown),
        delta=delta,
        logprobs=response.logprobs if said == shown else None,
        additional_kwargs=extra,
    )


def _role(message: ChatMessage) -> str:
    return _ROLES.get(message.role, message.role.value)
