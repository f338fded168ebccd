"""What a response says, and the same response saying something else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agents import ModelResponse

from guardlayer.errors import GuardViolation
from guardlayer.policy import canonical_json
from guardlayer.wrapping import Checked, Fields, Part, Prose, View
from openai_agents_guardlayer.inputs import read_evidence


def open_response(response: ModelResponse, *, structured: bool) -> View:
    """Find out how to read a response: the texts of its messages; what else it holds stays as it is.

    Args:
        response: The response.
        structured: The agent has an output type: a text is its JSON, and is checked field by field.
    """
    parts: list[Part] = []
    places: list[tuple[int, int]] = []
    for number, item in enumerate(response.output):
        for place, text in texts(item):
            parts.append(_part(number, text, structured=structured))
            places.append((number, place))

    def put(checked: Sequence[Checked]) -> ModelResponse:
        said: dict[int, dict[int, str]] = {}
        for (number, place), part, after in zip(places, parts, checked, strict=True):
            said.setdefault(number, {})[place] = _said(part, after)
        output = [with_texts(item, said.get(number, {})) for number, item in enumerate(response.output)]
        same = all(new is old for new, old in zip(output, response.output, strict=True))
        return response if same else replace(response, output=output)

    acts = any(_type(item) not in ("message", "reasoning") for item in response.output)
    return View(tuple(parts), put, tuple(read_evidence(response.output)), silent=acts)


def texts(item: Any) -> list[tuple[int, str]]:
    """Return the texts of a message with their places in it; of any other item, none."""
    if _type(item) != "message":
        return []
    found = []
    for place, content in enumerate(item.content or ()):
        if content.type == "output_text":
            found.append((place, content.text))
        elif content.type == "refusal":
            found.append((place, content.refusal))
    return found


def with_texts(item: Any, said: dict[int, str]) -> Any:
    """Return a copy of a message with other texts at the places named, or the message itself if nothing changes."""
    content = [
        with_text(part, said[place]) if place in said else part
        for place, part in enumerate(getattr(item, "content", None) or ())
    ]
    if all(new is old for new, old in zip(content, getattr(item, "content", None) or (), strict=True)):
        return item
    return item.model_copy(update={"content": content})


def with_text(content: Any, text: str) -> Any:
    """Return a copy of a part of a message with another text, or the part itself if it says that already."""
    if content.type == "refusal":
        return content if content.refusal == text else content.model_copy(update={"refusal": text})
    if content.text == text:
        return content
    # Citations count offsets, and log-probabilities tokens, of the text they were made for.
    return content.model_copy(update={"text": text, "annotations": [], "logprobs": None})


def _type(item: Any) -> str | None:
    return item.get("type") if isinstance(item, dict) else getattr(item, "type", None)


def _part(number: int, text: str, *, structured: bool) -> Part:
    if structured:
        try:
            data = json.loads(text)
        except ValueError:
            return Prose(number, text)
        if isinstance(data, dict | list):
            return Fields(data)
    return Prose(number, text)


def _said(part: Part, after: Checked) -> str:
    if isinstance(part, Prose):
        return str(after.value)
    if after.blocked:
        assert after.report is not None
        # A refusal is no value of the agent's output type: nothing can be returned in its place.
        raise GuardViolation(after.report)
    return canonical_json(after.value)
