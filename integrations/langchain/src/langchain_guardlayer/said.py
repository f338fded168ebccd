"""What a model's message says, and the same message saying something else.

A message says its text, or the data that was parsed from it; and where tools are bound only to give an answer its
shape, it says the arguments it calls them with. Every other tool call, ids, usage, metadata and reasoning stay as they
are.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from guardlayer.wrapping import Checked, Fields, Options, Part, Prose, View, open_response
from guardlayer.wrapping.responses import put_fields
from langchain_guardlayer.blocks import BREAK, passages
from langchain_guardlayer.shaping import instance_of, is_sourced
from langchain_guardlayer.verdicts import KEY, annotate, verdicts

NONE: Mapping[str, Any] = MappingProxyType({})
"""No answer has a shape."""

LOGPROBS = "logprobs"
"""Key of the log-probabilities of tokens, which say the text once more."""


def open_result(result: ChatResult, *, shapes: Mapping[str, Any], cite: bool) -> View:
    """Read what a chat model generated: each of its candidates is a text of its own.

    Args:
        result: What the model's ``_generate`` returned.
        shapes: Schemas of the tools that only give the answer its shape, by name; under "" that of an answer in JSON.
        cite: Whether texts get citations.
    """
    views = [open_message(generation.message, shapes=shapes, key=n) for n, generation in enumerate(result.generations)]
    counts = [len(view.parts) for view in views]

    def put(checked: Sequence[Checked]) -> ChatResult:
        left = list(checked)
        generations = []
        for generation, view, count in zip(result.generations, views, counts, strict=True):
            own, left = left[:count], left[count:]
            generations.append(_with_message(generation, view.put(own), own, cite=cite))
        return ChatResult(generations=generations, llm_output=result.llm_output)

    return View(tuple(part for view in views for part in view.parts), put, silent=all(view.silent for view in views))


def open_message(message: BaseMessage, *, shapes: Mapping[str, Any] = NONE, key: Hashable = "text") -> View:
    """Read one message.

    Args:
        message: What the model said.
        shapes: Schemas of the tools that only give the answer its shape, by name; under "" that of an answer in JSON.
        key: Tells its text from those of other messages.
    """
    if not isinstance(message, AIMessage):
        return open_response(message, Options())
    parsed = message.additional_kwargs.get("parsed")
    if parsed is not None:
        return _parsed(message, parsed)
    written = _written(message, shapes.get(""))
    if written is not None:
        return written
    spoken = open_response(message, Options())
    answers = [call for call in message.tool_calls if call["name"] in shapes]
    said = [part.text for part in spoken.parts if isinstance(part, Prose)]
    begins = passages(message.content)
    parts: list[Part] = [
        Prose((key, "text"), BREAK + text if begin else text) for begin, text in zip(begins, said, strict=True)
    ]
    cut = len(parts)
    parts += [Fields(call["args"], instance_of(shapes[call["name"]], call["args"])) for call in answers]

    def put(checked: Sequence[Checked]) -> Any:
        new = spoken.put(
            [
                replace(part, value=part.value.removeprefix(BREAK)) if begin else part
                for begin, part in zip(begins, checked[:cut], strict=True)
            ]
        )
        changed = {
            call["id"]: arguments
            for call, part in zip(answers, checked[cut:], strict=True)
            if (arguments := put_fields(call["args"], call["args"], part)) is not call["args"]
        }
        return with_arguments(new, changed) if changed else new

    return View(tuple(parts), put, silent=spoken.silent)


def open_answer(message: BaseMessage, *, cite: bool) -> View:
    """Read a message that a chain puts out; a copy of it carries the verdicts."""
    view = open_message(message)

    def put(checked: Sequence[Checked]) -> Any:
        said = view.put(checked)
        return with_verdicts(said, checked, changed=said is not message, cite=cite)

    return replace(view, put=put)


def with_verdicts(message: Any, checked: Sequence[Checked], *, changed: bool, cite: bool) -> Any:
    """Return a copy of the message that carries what was found about it; itself where nothing was checked.

    Args:
        message: The message as it may be shown.
        checked: Its parts.
        changed: Whether it says something else than it did.
        cite: Whether its texts get citations.
    """
    reports = [part.report for part in checked if part.report is not None]
    if not reports or not isinstance(message, AIMessage):
        return message
    metadata = (without_logprobs(message.response_metadata) if changed else message.response_metadata) or {}
    update: dict[str, Any] = {"response_metadata": {**metadata, KEY: verdicts(reports)}}
    if cite:
        content = message.content
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        update["content"] = annotate(blocks, passages(content), reports[0])
    return message.model_copy(update=update)


def with_arguments(message: AIMessage, changed: Mapping[str | None, Any]) -> AIMessage:
    """Return a copy of the message in which some tool calls have other arguments, wherever the message repeats them.

    Args:
        message: A message that calls tools.
        changed: New arguments by the id of the call.
    """

    def texted(identity: Any, arguments: Any) -> Any:
        return json.dumps(changed[identity], ensure_ascii=False) if identity in changed else arguments

    update: dict[str, Any] = {
        "tool_calls": [
            {**call, "args": changed[call["id"]]} if call["id"] in changed else call for call in message.tool_calls
        ]
    }
    raw = message.additional_kwargs.get("tool_calls")
    if isinstance(raw, list):
        update["additional_kwargs"] = {
            **message.additional_kwargs,
            "tool_calls": [
                {**call, "function": {**call["function"], "arguments": texted(call["id"], None)}}
                if isinstance(call, dict) and call.get("id") in changed and "function" in call
                else call
                for call in raw
            ],
        }
    if isinstance(message, AIMessageChunk):
        update["tool_call_chunks"] = [
            {**chunk, "args": texted(chunk["id"], chunk["args"])} for chunk in message.tool_call_chunks
        ]
    if isinstance(message.content, list):
        update["content"] = [_block_with(block, changed) for block in message.content]
    return message.model_copy(update=update)


def without_logprobs(metadata: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return metadata without the log-probabilities of tokens that are no longer there."""
    return {key: value for key, value in metadata.items() if key != LOGPROBS} if metadata else metadata


def as_chunk(generation: ChatGeneration) -> ChatGenerationChunk:
    """Return a whole answer as the one chunk of a stream."""
    message = generation.message
    if not isinstance(message, AIMessageChunk):
        assert isinstance(message, AIMessage)
        fields = {name: getattr(message, name) for name in type(message).model_fields if name != "type"}
        fields["tool_call_chunks"] = [
            {
                "type": "tool_call_chunk",
                "name": call["name"],
                "args": json.dumps(call["args"], ensure_ascii=False),
                "id": call["id"],
                "index": number,
            }
            for number, call in enumerate(message.tool_calls)
        ]
        message = AIMessageChunk(**fields)
    return ChatGenerationChunk(message=message, generation_info=generation.generation_info)


def _with_message(
    generation: ChatGeneration, message: Any, checked: Sequence[Checked], *, cite: bool
) -> ChatGeneration:
    changed = message is not generation.message
    new = with_verdicts(message, checked, changed=changed, cite=cite)
    if new is message:
        return generation if not changed else regenerated(generation, message, generation.generation_info)
    info = generation.generation_info
    if changed:
        info = without_logprobs(info)
        if any(part.blocked for part in checked) and info and "finish_reason" in info:
            info = {**info, "finish_reason": "content_filter"}
    return regenerated(generation, new, info)


def regenerated(generation: ChatGeneration, message: Any, info: dict[str, Any] | None) -> ChatGeneration:
    """Return a generation of the same kind with another message."""
    # Made anew rather than copied: the text of a generation is derived when it is made.
    kind = ChatGenerationChunk if isinstance(generation, ChatGenerationChunk) else ChatGeneration
    return kind(message=message, generation_info=info)


def _parsed(message: AIMessage, parsed: Any) -> View:
    """Read a message whose client parsed its JSON: the object is what it says, and its text repeats that."""
    inside = open_response(parsed, Options())

    def put(checked: Sequence[Checked]) -> Any:
        new = inside.put(checked)
        if new is parsed:
            return message
        text = new.model_dump_json() if hasattr(new, "model_dump_json") else json.dumps(new, ensure_ascii=False)
        content: Any = text
        if isinstance(message.content, list):
            others = [b for b in message.content if not (isinstance(b, str) or b.get("type") == "text")]
            content = [{"type": "text", "text": text}, *others]
        return message.model_copy(
            update={"content": content, "additional_kwargs": {**message.additional_kwargs, "parsed": new}}
        )

    return replace(inside, put=put)


def _written(message: AIMessage, schema: Any) -> View | None:
    """Read a message that is the JSON of a schema which says where its fields have their values from."""
    if not is_sourced(schema) or not isinstance(message.content, str):
        return None
    try:
        data = json.loads(message.content)
    except ValueError:
        return None
    instance = instance_of(schema, data)
    if instance is None:
        return None

    def put(checked: Sequence[Checked]) -> Any:
        new = put_fields(data, data, checked[0])
        return message if new is data else message.model_copy(update={"content": json.dumps(new, ensure_ascii=False)})

    return View((Fields(data, instance),), put)


def _block_with(block: Any, changed: Mapping[str | None, Any]) -> Any:
    """Return a content block that calls a tool with its new arguments, as each provider writes them."""
    if not isinstance(block, dict):
        return block
    for identity in (block.get("call_id"), block.get("id")):
        if identity not in changed or identity is None:
            continue
        new = changed[identity]
        match block.get("type"):
            case "tool_use":
                kept = {name: value for name, value in block.items() if name != "partial_json"}
                return {**kept, "input": new}
            case "tool_call":
                return {**block, "args": new}
            case "tool_call_chunk":
                return {**block, "args": json.dumps(new, ensure_ascii=False)}
            case "function_call":
                return {**block, "arguments": json.dumps(new, ensure_ascii=False)}
    return block
