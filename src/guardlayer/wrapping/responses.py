"""What a response says, and the same response saying something else.

One row of :data:`READERS` for each type of response. A reader returns a :class:`View`: the parts that can be checked,
and a function that puts checked parts into a copy. What is not read (ids, usage, tool calls, reasoning) stays as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from guardlayer.errors import GuardViolation, ResponseTypeError
from guardlayer.types import Action, Report
from guardlayer.wrapping import fields, messages
from guardlayer.wrapping.asking import is_evidence
from guardlayer.wrapping.fields import MisfitError
from guardlayer.wrapping.options import Options


@dataclass(frozen=True, slots=True)
class Prose:
    """A run of text. Runs with one key, over all chunks of a stream, are one text, read in order."""

    key: Hashable
    text: str


@dataclass(frozen=True, slots=True)
class Fields:
    """Structured data: JSON values, checked leaf by leaf, or by the sources its models declare.

    Attributes:
        data: JSON values.
        value: What they were read from, if it is a model or holds models.
    """

    data: Any
    value: Any = None


Part = Prose | Fields


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of one part.

    Attributes:
        value: The text or JSON data that may be shown.
        report: The report on the text it belongs to; ``None`` where nothing was said, so nothing was checked.
    """

    value: Any
    report: Report | None

    @property
    def blocked(self) -> bool:
        """Whether the value is the policy's refusal: a *retry* that nobody makes leaves nothing to show either."""
        return self.report is not None and self.report.action in (Action.BLOCK, Action.RETRY)


Put = Callable[[Sequence[Checked]], Any]


@dataclass(frozen=True, slots=True)
class View:
    """What can be checked of one response, or of one chunk of a stream.

    Attributes:
        parts: The parts, in the order in which they are read.
        put: Returns a copy of the response with the parts, as many and in the same order, replaced.
        evidence: Evidence that came with the response.
        silent: The response says nothing by itself but does something else, such as calling a tool: where its text
            is empty, nothing is checked.
    """

    parts: tuple[Part, ...]
    put: Put
    evidence: tuple[Any, ...] = ()
    silent: bool = False


NOTHING = View((), lambda _: None)
"""How ``None`` is read: nothing was said, and it is returned as it is."""


def open_response(value: Any, options: Options, *, what: str = "the wrapped callable") -> View:
    """Find out how to read a response.

    Args:
        value: What the callable returned, or one chunk of what it streamed.
        options: Whose ``extract`` and ``replace`` come first, if given.
        what: Who returned it, for the error.

    Raises:
        ResponseTypeError: The type is not known and no ``extract`` was given.
    """
    if value is None:
        return NOTHING
    if options.extract is not None:
        return _custom(value, options)
    for reader in READERS:
        view = reader(value)
        if view is not None:
            return view
    name = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    raise ResponseTypeError(
        f"{what} returned a {name}, which guardlayer cannot read; pass extract= ({name} -> text) "
        f"and replace= ({name}, text -> {name})"
    )


def put_fields(value: Any, old: Any, checked: Checked) -> Any:
    """Return structured ``value``, which says ``old``, with the leaves that the check changed.

    Raises:
        GuardViolation: The policy blocked the response, for which structured data has no form, or a leaf as the
            policy would have it does not fit its place.
    """
    report = checked.report
    if report is None:
        return value
    if checked.blocked:
        raise GuardViolation(report)
    try:
        new = fields.rebuild(value, old, checked.value)
        if fields.sources(value):
            from guardlayer.slots.plan import with_provenance

            return with_provenance(new, value, report, old, checked.value)
        return new
    except MisfitError as error:
        raise GuardViolation(
            report,
            f"{report.action}: the answer cannot be returned as a {type(value).__name__}, since {error}; "
            "use a policy that blocks or annotates, or a type that can hold the change",
        ) from error


def _custom(value: Any, options: Options) -> View:
    assert options.extract is not None
    assert options.replace is not None
    replace = options.replace
    text = options.extract(value)
    if text is None:
        return View((), lambda _: value)
    if not isinstance(text, str):
        raise ResponseTypeError(f"extract= returned a {type(text).__qualname__}; it must return the text, or None")
    return View(
        (Prose("text", text),), lambda checked: value if checked[0].value == text else replace(value, checked[0].value)
    )


def _string(value: Any) -> View | None:
    if not isinstance(value, str) or isinstance(value, Enum):
        return None
    return View((Prose("text", value),), lambda checked: value if checked[0].value == value else checked[0].value)


def _message(value: Any) -> View | None:
    """Read a LangChain message: its text blocks; a message that only calls tools says nothing."""
    if not messages.is_message(value):
        return None
    blocks = messages.texts(value)
    places = [place for place, text in enumerate(blocks) if text is not None]

    def put(checked: Sequence[Checked]) -> Any:
        new = list(blocks)
        for place, part in zip(places, checked, strict=True):
            new[place] = part.value
        return messages.with_texts(value, new, refused=any(part.blocked for part in checked))

    parts = tuple(Prose("text", text) for text in blocks if text is not None)
    return View(parts, put, silent=messages.calls_tools(value))


def _completion(value: Any) -> View | None:
    """Read an OpenAI chat completion: the content, or the parsed object, of every choice."""
    known = _loaded("openai.types.chat.chat_completion", "ChatCompletion")
    if known is None or not isinstance(value, known):
        return None
    parts: list[Part] = []
    places: list[int] = []
    for place, choice in enumerate(value.choices):
        message = choice.message
        parsed = getattr(message, "parsed", None)
        if parsed is not None and fields.is_structured(parsed):
            parts.append(Fields(fields.to_json(parsed), parsed))
        elif message.content:
            parts.append(Prose(("choice", choice.index), message.content))
        else:
            continue
        places.append(place)

    def put(checked: Sequence[Checked]) -> Any:
        choices = list(value.choices)
        for place, before, after in zip(places, parts, checked, strict=True):
            choices[place] = _with_message(choices[place], before, after)
        same = all(a is b for a, b in zip(choices, value.choices, strict=True))
        return value if same else value.model_copy(update={"choices": choices})

    return View(tuple(parts), put)


def _with_message(choice: Any, before: Part, after: Checked) -> Any:
    update: dict[str, Any]
    if isinstance(before, Fields):
        parsed = put_fields(choice.message.parsed, before.data, after)
        if parsed is choice.message.parsed:
            return choice
        update = {"parsed": parsed, "content": parsed.model_dump_json() if hasattr(parsed, "model_dump_json") else None}
    elif after.blocked:
        update = {"content": after.value, "refusal": after.value}
    elif after.value == before.text:
        return choice
    else:
        update = {"content": after.value}
    message = choice.message.model_copy(update=update)
    # Log-probabilities describe tokens that are no longer there.
    finish = {"finish_reason": "content_filter"} if after.blocked else {}
    return choice.model_copy(update={"message": message, "logprobs": None, **finish})


def _completion_chunk(value: Any) -> View | None:
    """Read one chunk of an OpenAI stream: each choice is a text of its own."""
    known = _loaded("openai.types.chat.chat_completion_chunk", "ChatCompletionChunk")
    if known is None or not isinstance(value, known):
        return None
    places = [place for place, choice in enumerate(value.choices) if choice.delta.content is not None]

    def put(checked: Sequence[Checked]) -> Any:
        choices = list(value.choices)
        for place, part in zip(places, checked, strict=True):
            choice = choices[place]
            if part.value != choice.delta.content:
                delta = choice.delta.model_copy(update={"content": part.value})
                choices[place] = choice.model_copy(update={"delta": delta, "logprobs": None})
        refused = {value.choices[place].index for place, part in zip(places, checked, strict=True) if part.blocked}
        for place, choice in enumerate(choices):
            if choice.index in refused and choice.finish_reason:
                choices[place] = choice.model_copy(update={"finish_reason": "content_filter"})
        same = all(a is b for a, b in zip(choices, value.choices, strict=True))
        return value if same else value.model_copy(update={"choices": choices})

    calls = any(choice.delta.tool_calls for choice in value.choices)
    parts = tuple(Prose(("choice", value.choices[i].index), value.choices[i].delta.content) for i in places)
    return View(parts, put, silent=calls)


def _structured(value: Any) -> View | None:
    if not fields.is_structured(value):
        return None
    data = fields.to_json(value)
    evidence: list[Any] = []
    if isinstance(value, dict):
        for part in value.values():
            pieces = part if isinstance(part, (list, tuple)) else (part,)
            if is_evidence(part) and not any(isinstance(piece, str) for piece in pieces):
                evidence.extend(pieces)
    return View((Fields(data, value),), lambda checked: put_fields(value, data, checked[0]), tuple(evidence))


def _loaded(module: str, name: str) -> type[Any] | None:
    """Return a framework's class if its module is loaded: an instance cannot exist without it."""
    return getattr(sys.modules.get(module), name, None)


READERS: tuple[Callable[[Any], View | None], ...] = (_string, _message, _completion, _completion_chunk, _structured)
"""Every type of response that can be read, one reader each; the first that recognises the value reads it."""
