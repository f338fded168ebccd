"""LlamaIndex responses: what they say, their source nodes as evidence, the verdicts in their metadata."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llama_index.core.base.response.schema import (
    AsyncStreamingResponse,
    PydanticResponse,
    Response,
    StreamingResponse,
)

from guardlayer.errors import ResponseTypeError
from guardlayer.types import Report
from guardlayer.wrapping import Checked, Options, Prose, View, adrain, drain, open_response, summary
from llama_index_guardlayer.holding import Session, atokens_by_sentence, tokens_by_sentence
from llama_index_guardlayer.messages import METADATA_KEY
from llama_index_guardlayer.veil import Veil

_NUMBERED = re.compile(r"\[(\d{1,4})\]")


@dataclass(frozen=True, slots=True)
class Held:
    """A streaming response that has said all it has to say, and what that was."""

    response: StreamingResponse | AsyncStreamingResponse
    tokens: tuple[str, ...]


def streams(response: Any) -> bool:
    """Say whether a response has not said yet what it has to say."""
    return isinstance(response, StreamingResponse | AsyncStreamingResponse) and response.response_txt is None


def released(response: Any, session: Session, veil: Veil) -> StreamingResponse | AsyncStreamingResponse:
    """Return a streaming response that releases its text as it is checked.

    Args:
        response: A response that :func:`streams`.
        session: A fresh one.
        veil: Put over everything that happens where the text comes from.
    """
    found: list[dict[str, Any]] = []
    metadata = {**(response.metadata or {}), METADATA_KEY: found}

    def done(report: Report) -> None:
        found.append(_brief(report, response))

    if isinstance(response, AsyncStreamingResponse):
        tokens = atokens_by_sentence(response.async_response_gen(), session, veil, done)
        return AsyncStreamingResponse(tokens, response.source_nodes, metadata)
    return StreamingResponse(
        tokens_by_sentence(response.response_gen, session, veil, done), response.source_nodes, metadata
    )


def hold(response: Any) -> Any:
    """Drain the response of a query, if it streams."""
    if isinstance(response, StreamingResponse):
        said = response.response_txt
        return Held(response, drain(response.response_gen).chunks if said is None else (said,))
    return response


async def ahold(response: Any) -> Any:
    """Drain the response of an async query, if it streams; some engines answer even that with a sync stream."""
    if isinstance(response, AsyncStreamingResponse):
        return Held(response, (await adrain(response.async_response_gen())).chunks)
    return hold(response)


def open_engine_response(value: Any, options: Options, *, what: str) -> View:
    """Find out how to read what an engine answered.

    Args:
        value: A response, or a held one.
        options: How the engine is guarded.
        what: Who answered, for errors.

    Raises:
        ResponseTypeError: It is no response of LlamaIndex's.
    """
    if isinstance(value, Held):
        parts = tuple(Prose("text", token) for token in value.tokens)
        return View(parts, lambda checked: _streaming(value.response, checked), tuple(value.response.source_nodes))
    if not isinstance(value, Response | PydanticResponse):
        raise ResponseTypeError(f"{what} returned a {type(value).__qualname__}; a query engine returns a Response")
    inner = open_response(value.response, options, what=what)

    def put(checked: Sequence[Checked]) -> Response | PydanticResponse:
        return replace(value, response=inner.put(checked), metadata=_metadata(value, checked))

    return View(inner.parts, put, tuple(value.source_nodes), inner.silent)


def _streaming(
    response: StreamingResponse | AsyncStreamingResponse, checked: Sequence[Checked]
) -> StreamingResponse | AsyncStreamingResponse:
    tokens = [part.value for part in checked if part.value]
    metadata = _metadata(response, checked)
    if isinstance(response, StreamingResponse):
        return replace(response, response_gen=_replayed(tokens), response_txt=None, metadata=metadata)
    return replace(response, response_gen=_areplayed(tokens), response_txt=None, metadata=metadata)


def _metadata(response: Any, checked: Sequence[Checked]) -> dict[str, Any]:
    reports = {id(part.report): part.report for part in checked if part.report is not None}
    return {**(response.metadata or {}), METADATA_KEY: [_brief(report, response) for report in reports.values()]}


def _brief(report: Report, response: Any) -> dict[str, Any]:
    """Return a report in brief, with the numbers of citations in the text that lead to no source node.

    ``CitationQueryEngine`` numbers its nodes and has the model cite the numbers; some models make up more.
    """
    brief, nodes = summary(report), response.source_nodes
    if any(node.node.get_content().startswith("Source 1:") for node in nodes):
        cited = {int(number) for number in _NUMBERED.findall(report.output)}
        brief["dangling_citations"] = sorted(number for number in cited if not 1 <= number <= len(nodes))
    return brief


def _replayed(tokens: Iterable[str]) -> Generator[str, None, None]:
    yield from tokens


async def _areplayed(tokens: Iterable[str]) -> AsyncGenerator[str, None]:
    for token in tokens:
        yield token
