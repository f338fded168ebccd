"""Chat completions in one piece: what a completion says, and the same completion saying what may be shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from guardlayer.gateway import verdicts
from guardlayer.gateway.asking import text_of
from guardlayer.gateway.checking import CallerGuard
from guardlayer.gateway.failures import bad_request, not_guarded, upstream_failed
from guardlayer.types import Report
from guardlayer.wrapping import Answer, Asked, Call, Checked, Options, Prose, View, arun, exchange
from guardlayer.wrapping.exchange import Opener

Json = dict[str, Any]

MAX_CHOICES = 128
"""Most choices that OpenAI's API gives."""


def admit(body: Json) -> int:
    """Refuse what the gateway could not guard, and return how many choices were asked for.

    Raises:
        GatewayError: The request asks for it.
    """
    modalities = body.get("modalities")
    if body.get("audio") is not None or (isinstance(modalities, list) and "audio" in modalities):
        raise not_guarded("audio in an answer", "ask for text alone")
    if body.get("stream") and (body.get("logprobs") or body.get("top_logprobs")):
        raise bad_request(
            "logprobs_not_supported",
            "logprobs spell out the text before it was checked, so a stream cannot have them; leave them out, or ask "
            "without stream",
        )
    count = body.get("n", 1)
    count = 1 if count is None else count
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_CHOICES:
        raise bad_request("bad_n", f"n is no number from 1 to {MAX_CHOICES}")
    return count


def opener(desk: CallerGuard) -> Opener:
    """Return how completions are read; the copy it makes tells what was found."""

    def read(completion: Json) -> View:
        choices = completion.get("choices")
        if not isinstance(choices, list) or not all(_is_choice(choice) for choice in choices):
            raise upstream_failed("the upstream's completion has no list of choices", code="malformed_response")
        parts: list[Prose] = []
        places: list[tuple[int, str, int | None]] = []
        for place, choice in enumerate(choices):
            for name, number, text in said(choice["message"]):
                parts.append(Prose((place, name), text))
                places.append((place, name, number))

        def put(checked: Sequence[Checked]) -> Json:
            return _put(completion, places, checked, desk)

        calls = any(choice["message"].get("tool_calls") for choice in choices)
        return View(tuple(parts), put, silent=calls)

    return read


Ask = Callable[[Json], Awaitable[Json]]
"""Asks the upstream: from the body of a request to that of its answer."""


async def guarded(
    ask: Ask,
    body: Json,
    asked: Asked,
    desk: CallerGuard,
    *,
    read: Opener | None = None,
    retry: Callable[[Json, Call], Json] | None = None,
) -> Json:
    """Ask for an answer, check it, ask again where the policy wants to.

    Args:
        ask: Asks the upstream.
        body: The request.
        asked: What it asks.
        desk: Checks the answer.
        read: Reads an answer; :func:`opener` by default.
        retry: Makes the request for another answer; :func:`again` by default.

    Raises:
        GuardViolation: The answer is withheld.
        GatewayError: The upstream failed.
        GuardlayerError: The check could not be made.
    """
    usage: list[Any] = []

    async def call(request: Call) -> Answer:
        payload = body if request.feedback is None else (retry or again)(body, request)
        answer = await ask(payload)
        usage.append(answer.get("usage"))
        return Answer((answer,))

    options = Options(raises=desk.caller.raises)
    answer = await arun(exchange(asked, options, desk.policy, read or opener(desk)), desk, call)
    final: Json = answer.chunks[0]
    return final if len(usage) < 2 else {**final, "usage": summed(usage)}


def again(body: Json, request: Call) -> Json:
    """Return the request that shows the model its answer and what is wrong with it."""
    rejected = request.rejected.chunks[0] if request.rejected else {}
    texts = [text for choice in rejected.get("choices") or () for _, _, text in said(choice["message"])]
    more = [{"role": "assistant", "content": text} for text in texts[:1]]
    return {**body, "messages": [*body["messages"], *more, {"role": "user", "content": request.feedback}]}


def summed(usages: Sequence[Any]) -> Any:
    """Return what several attempts used together: numbers added, what is nested likewise."""
    present = [usage for usage in usages if usage is not None]
    if not present or not all(isinstance(usage, dict) for usage in present):
        numbers = [usage for usage in present if isinstance(usage, int | float)]
        return sum(numbers) if numbers else (present or [None])[-1]
    names = dict.fromkeys(name for usage in present for name in usage)
    return {name: summed([usage.get(name) for usage in present]) for name in names}


def said(message: Json) -> list[tuple[str, int | None, str]]:
    """Return what a message says, as (field, number of the part, text): its content, and a refusal of the model's own.

    Raises:
        GatewayError: It says something that cannot be checked.
    """
    found: list[tuple[str, int | None, str]] = []
    content = message.get("content")
    if isinstance(content, str):
        found.append(("content", None, content))
    elif isinstance(content, list):
        for number, part in enumerate(content):
            text = text_of([part])
            if text:
                found.append(("content", number, text))
            elif isinstance(part, dict) and part.get("type") not in ("thinking", "reasoning", "text"):
                raise _unreadable(f"a content part of type {str(part.get('type'))[:40]!r}")
    elif content is not None:
        raise _unreadable("content that is no text")
    refusal = message.get("refusal")
    if isinstance(refusal, str):
        found.append(("refusal", None, refusal))
    if message.get("audio") is not None:
        raise _unreadable("audio")
    return [item for item in found if item[2]]


def _put(
    completion: Json, places: Sequence[tuple[int, str, int | None]], checked: Sequence[Checked], desk: CallerGuard
) -> Json:
    # Some upstreams repeat the text beside the message.
    choices = [
        {name: value for name, value in choice.items() if name not in ("text", "delta")}
        for choice in completion["choices"]
    ]
    reports: list[tuple[Json, Report]] = []
    told: set[tuple[int, str]] = set()
    for (place, name, number), part in zip(places, checked, strict=True):
        choice = choices[place]
        message = dict(choice["message"])
        before = message[name] if number is None else text_of([message[name][number]])
        if part.report is not None and (place, name) not in told:
            told.add((place, name))
            reports.append(({"choice": choice.get("index", place)}, part.report))
        if number is None:
            message[name] = part.value
        else:
            message[name] = [
                {**old, "refusal" if old.get("type") == "refusal" else "text": part.value} if at == number else old
                for at, old in enumerate(message[name])
            ]
        if part.blocked:
            message["refusal"] = part.value
            choice["finish_reason"] = "content_filter"
        if part.value != before:
            # Both speak of a text that is no longer there.
            choice["logprobs"] = None
            message.pop("annotations", None)
        notes = verdicts.url_citations(part.report, nested=True) if part.report and number is None else []
        if notes and name == "content":
            message["annotations"] = [*(message.get("annotations") or ()), *notes]
        choice["message"] = message
    told_of = verdicts.field(reports, desk.trace, desk.policy)
    return {**completion, "choices": choices, "guardlayer": told_of}


def _is_choice(choice: Any) -> bool:
    return isinstance(choice, dict) and isinstance(choice.get("message"), dict)


def _unreadable(what: str) -> Exception:
    return upstream_failed(f"the upstream's answer holds {what}, which cannot be checked", code="unreadable_response")
