"""Responses in one piece: what a response says, and the same response saying what may be shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from guardlayer.gateway import verdicts
from guardlayer.gateway.asking import evidence_of, searched, text_of
from guardlayer.gateway.checking import CallerGuard
from guardlayer.gateway.failures import bad_request, not_guarded, upstream_failed
from guardlayer.types import Evidence, Report
from guardlayer.wrapping import Call, Checked, Prose, View
from guardlayer.wrapping.exchange import Opener

Json = dict[str, Any]

TEXTS = {"output_text": "text", "text": "text", "refusal": "refusal"}
"""Parts of a message that say something, and the field that holds it."""


def admit(body: Json) -> None:
    """Refuse what the gateway could not guard.

    Raises:
        GatewayError: The request asks for it.
    """
    if body.get("background"):
        raise not_guarded("a response in the background", "ask without background")
    modalities = body.get("modalities")
    if isinstance(modalities, list) and "audio" in modalities:
        raise not_guarded("audio in an answer", "ask for text alone")
    include = body.get("include")
    wanted = isinstance(include, list) and "message.output_text.logprobs" in include
    if body.get("stream") and (wanted or body.get("top_logprobs")):
        raise bad_request(
            "logprobs_not_supported",
            "logprobs spell out the text before it was checked, so a stream cannot have them; leave them out, or ask "
            "without stream",
        )


def opener(desk: CallerGuard) -> Opener:
    """Return how responses are read; the copy it makes tells what was found."""

    def read(response: Json) -> View:
        places = list(said(response))
        parts = tuple(Prose((item, number), text) for item, number, text in places)

        def put(checked: Sequence[Checked]) -> Json:
            reports: list[tuple[Json, Report]] = []
            output = list(response["output"])
            blocked = False
            for (item, number, _), part in zip(places, checked, strict=True):
                if part.report is not None:
                    reports.append(({"output": item, "part": number}, part.report))
                blocked = blocked or part.blocked
                output[item] = with_part(output[item], number, part)
            return finished(response, output, reports, desk, blocked=blocked)

        calls = any(item.get("type", "message") not in ("message", "reasoning") for item in response["output"])
        return View(parts, put, tuple(evidence(response)), silent=calls)

    return read


def finished(
    response: Json, output: list[Json], reports: Sequence[tuple[Json, Report]], desk: CallerGuard, *, blocked: bool
) -> Json:
    """Return a response with another output, and what was found.

    Args:
        response: The response as the upstream sent it.
        output: Its items, checked.
        reports: What was found, and where.
        desk: Who checked.
        blocked: Whether a text of it is a refusal in place of what the model wrote.
    """
    told = verdicts.field(reports, desk.trace, desk.policy)
    new: Json = {**response, "output": output, "guardlayer": told}
    if "output_text" in response:  # some upstreams repeat the text at the top
        new["output_text"] = "".join(
            part["text"]
            for item in output
            if item.get("type", "message") == "message"
            for part in item.get("content") or ()
            if part.get("type") == "output_text"
        )
    if blocked:
        new |= {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}
    return new


def said(response: Json) -> Iterator[tuple[int, int, str]]:
    """Yield what a response says, as (place of the item, place of the part, text).

    Raises:
        GatewayError: It has no output, or says something that cannot be checked.
    """
    output = response.get("output")
    if not isinstance(output, list) or not all(isinstance(item, dict) for item in output):
        raise upstream_failed("the upstream's response has no list of output items", code="malformed_response")
    for place, item in enumerate(output):
        for number, part in enumerate(parts_of(item)):
            text = part.get(TEXTS[part["type"]])
            if isinstance(text, str) and text:
                yield place, number, text


def parts_of(item: Json) -> list[Json]:
    """Return the parts of an item that speaks; reasoning and calls of tools do not.

    Raises:
        GatewayError: A part cannot be checked.
    """
    content = item.get("content")
    if item.get("type", "message") == "reasoning" or not content:
        return []
    if not isinstance(content, list):
        raise upstream_failed("the upstream's response holds content that is no list", code="unreadable_response")
    for part in content:
        if not isinstance(part, dict) or part.get("type") not in TEXTS:
            kind = str(part.get("type") if isinstance(part, dict) else type(part).__name__)[:40]
            raise upstream_failed(
                f"the upstream's response holds a part of type {kind!r}, which cannot be checked",
                code="unreadable_response",
            )
    return content


def with_part(item: Json, number: int, part: Checked) -> Json:
    """Return an item in which one part says what may be shown."""
    content = list(item["content"])
    old = content[number]
    content[number] = part_saying(old, part.value, part.report)
    changed = {**item, "content": content}
    return {**changed, "status": "incomplete"} if part.blocked else changed


def part_saying(old: Json, text: str, report: Report | None) -> Json:
    """Return a part with another text; citations and log-probabilities of the text before go with it."""
    name = TEXTS[old["type"]]
    new = {**old, name: text}
    if text != old.get(name):
        new |= {key: [] for key in ("annotations", "logprobs") if key in old}
    notes = verdicts.url_citations(report, nested=False) if report is not None else []
    if notes and old["type"] == "output_text":
        new["annotations"] = [*(new.get("annotations") or ()), *notes]
    return new


def evidence(response: Json) -> Iterator[Evidence]:
    """Yield what tools that the upstream ran gave back: passages of a file search, results of an MCP server."""
    for item in response["output"]:
        if item.get("type") == "file_search_call":
            for text, name in searched(item):
                yield evidence_of(text, name)
        elif item.get("type") == "mcp_call" and isinstance(item.get("output"), str):
            yield evidence_of(item["output"], str(item.get("name") or "mcp"))


def again(body: Json, request: Call) -> Json:
    """Return the request that shows the model its answer and what is wrong with it."""
    given = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else list(given or ())
    rejected = request.rejected.chunks[0] if request.rejected else {}
    text = "".join(text_of(item.get("content")) for item in rejected.get("output") or () if item.get("content"))
    more = [{"role": "assistant", "content": text}] if text else []
    return {**body, "input": [*items, *more, {"role": "user", "content": request.feedback}]}
