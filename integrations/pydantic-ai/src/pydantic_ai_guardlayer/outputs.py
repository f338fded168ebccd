"""What a response says, and the same response saying something else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic_ai.messages import ModelResponse, ModelResponsePart, SpeechPart, TextPart, ToolCallPart
from pydantic_ai.models import ModelRequestParameters

from guardlayer.errors import GuardViolation, ResponseTypeError
from guardlayer.policy import canonical_json
from guardlayer.wrapping import Checked, Fields, Part, Prose, View
from pydantic_ai_guardlayer.inputs import read_evidence

_STRUCTURED_TEXT = ("native", "prompted", "auto")


def output_tools(parameters: ModelRequestParameters) -> frozenset[str]:
    """Return the names of the tools that a model calls to give its final output."""
    return frozenset(tool.name for tool in parameters.output_tools)


def writes_json(parameters: ModelRequestParameters) -> bool:
    """Say whether a text of the model may be the JSON of structured output."""
    return parameters.output_mode in _STRUCTURED_TEXT


def open_response(response: ModelResponse, parameters: ModelRequestParameters) -> View:
    """Find out how to read a response: its texts, and what it hands to an output tool.

    Texts that follow one another are one text. Reasoning and the calls of other tools stay as they are.
    """
    tools = output_tools(parameters)
    parts: list[Part] = []
    places: list[int] = []
    run = 0
    for place, part in enumerate(response.parts):
        refuse_audio(part)
        if isinstance(part, TextPart):
            parts.append(_text(part.content, run, structured=writes_json(parameters)))
        elif isinstance(part, ToolCallPart) and part.tool_name in tools:
            parts.append(_arguments(part, place))
            run += 1
        else:
            run += 1
            continue
        places.append(place)

    def put(checked: Sequence[Checked]) -> ModelResponse:
        new = list(response.parts)
        for place, before, after in zip(places, parts, checked, strict=True):
            new[place] = _changed(new[place], before, after)
        if all(one is other for one, other in zip(new, response.parts, strict=True)):
            return response
        reason = "content_filter" if any(one.blocked for one in checked) else response.finish_reason
        return replace(response, parts=new, finish_reason=reason)

    acts = any(isinstance(part, ToolCallPart) and part.tool_name not in tools for part in response.parts)
    return View(tuple(parts), put, tuple(read_evidence(response.parts)), silent=acts)


def refuse_audio(part: Any) -> None:
    """Raise where a part is speech.

    Raises:
        ResponseTypeError: It is: sound cannot be checked.
    """
    if isinstance(part, SpeechPart):
        raise ResponseTypeError("the model answers in speech, which cannot be checked; ask it for text")


def said_instead(part: TextPart, text: str) -> TextPart:
    """Return a copy of a text part that says something else.

    It has no id: to the OpenAI Responses API that is its own copy of what the model wrote, which it would go by.
    Citations count offsets in the text that is gone.
    """
    return part if part.content == text else replace(part, content=text, id=None, citations=None)


def called_instead(part: ToolCallPart, data: Any) -> ToolCallPart:
    """Return a copy of a call with other arguments, in the form they had."""
    return replace(part, args=canonical_json(data) if isinstance(part.args, str) else data)


def arguments(part: ToolCallPart) -> Any:
    """Return the arguments of a call, or ``None`` where they are no JSON."""
    if not isinstance(part.args, str):
        return part.args
    try:
        return json.loads(part.args)
    except ValueError:
        return None


def _text(text: str, run: int, *, structured: bool) -> Part:
    if structured:
        try:
            data = json.loads(text)
        except ValueError:
            return Prose(run, text)
        if isinstance(data, dict | list):
            return Fields(data)
    return Prose(run, text)


def _arguments(part: ToolCallPart, place: int) -> Part:
    data = arguments(part)
    if isinstance(data, dict | list):
        return Fields(data)
    # Not to be parsed: the agent will ask for other arguments, and quotes these.
    return Prose(("arguments", place), part.args_as_json_str())


def _changed(part: ModelResponsePart, before: Part, after: Checked) -> ModelResponsePart:
    if isinstance(before, Prose):
        if isinstance(part, TextPart):
            return said_instead(part, str(after.value))
        assert isinstance(part, ToolCallPart)
        return part if after.value == before.text else replace(part, args=str(after.value))
    if after.blocked:
        assert after.report is not None
        # A refusal is no value of the agent's output type: nothing can be returned in its place.
        raise GuardViolation(after.report)
    if after.value == before.data:
        return part
    if isinstance(part, TextPart):
        return said_instead(part, canonical_json(after.value))
    assert isinstance(part, ToolCallPart)
    return called_instead(part, after.value)
