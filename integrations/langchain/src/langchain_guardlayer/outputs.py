"""What a runnable put out, and how its chunks belong together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from operator import add
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.runnables.utils import AddableDict

from guardlayer.wrapping import Checked, Options, Part, View, open_response
from langchain_guardlayer.inputs import EVIDENCE_KEYS
from langchain_guardlayer.said import open_answer

ANSWER_KEYS = ("answer", "output", "result", "response", "text")
"""Keys under which LangChain's own chains put the answer."""


def open_output(value: Any, given: Any, options: Options, *, answer: str | None, what: str, cite: bool = False) -> View:
    """Find out how to read an output.

    In a mapping the answer is read as text; what was retrieved is evidence; what merely repeats the input was not said
    by the model; everything else is structured output.

    Args:
        value: The output.
        given: The input it answers.
        options: How the runnable is guarded.
        answer: Key of the answer in a mapping, instead of the usual ones.
        what: Who put it out, for errors.
        cite: Whether the texts of messages get citations.
    """
    if options.extract is None and isinstance(value, AIMessage):
        return open_answer(value, cite=cite)
    if not isinstance(value, dict) or options.extract is not None:
        return open_response(value, options, what=what)
    evidence: list[Any] = []
    for key in EVIDENCE_KEYS:
        found = value.get(key)
        evidence.extend(found if isinstance(found, list | tuple) else [found] if found else [])
    keys = [answer] if answer else ANSWER_KEYS
    answered = next((key for key in keys if isinstance(value.get(key), str | BaseMessage)), None)
    rest = {
        key: part
        for key, part in value.items()
        if key not in (*EVIDENCE_KEYS, answered) and not _repeats(key, part, given)
    }
    said = value[answered] if answered is not None else None
    spoken = open_answer(said, cite=cite) if isinstance(said, AIMessage) else open_response(said, options, what=what)
    data = open_response(rest, options, what=what) if rest else None
    cut = len(spoken.parts)

    def put(checked: Sequence[Checked]) -> Any:
        changes: dict[Any, Any] = {} if data is None else dict(data.put(checked[cut:]))
        if answered is not None:
            changes[answered] = spoken.put(checked[:cut])
        changes = {key: part for key, part in changes.items() if part is not value[key]}
        if not changes:
            return value
        copied = value.copy() if not isinstance(value, AddableDict) else AddableDict(value)
        copied.update(changes)
        return copied

    parts: tuple[Part, ...] = (*spoken.parts, *(data.parts if data else ()))
    return View(parts, put, (*evidence, *(data.evidence if data else ())), spoken.silent)


def gather(chunks: Sequence[Any]) -> tuple[Any, ...]:
    """Return a stream's chunks as responses that can be read.

    Partial mappings and message chunks are added up; of a partial parse that grows, the last chunk says everything;
    any other chunks stay apart.
    """
    for kind in (AddableDict, AIMessageChunk):
        if len(chunks) > 1 and all(isinstance(chunk, kind) for chunk in chunks):
            try:
                return (reduce(add, chunks),)
            except TypeError:
                return tuple(chunks)
    structured = all(isinstance(chunk, dict | list) for chunk in chunks)
    if structured and all(_grows(*pair) for pair in pairwise(chunks)):
        return tuple(chunks[-1:])
    return tuple(chunks)


def _repeats(key: Any, part: Any, given: Any) -> bool:
    return isinstance(given, dict) and key in given and (part is given[key] or bool(part == given[key]))


def _grows(before: Any, after: Any) -> bool:
    if isinstance(before, str) and isinstance(after, str):
        return after.startswith(before)
    if isinstance(before, dict) and isinstance(after, dict):
        return all(key in after and _grows(part, after[key]) for key, part in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return len(before) <= len(after) and all(map(_grows, before, after))
    return before is None or bool(before == after)
