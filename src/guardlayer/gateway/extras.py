"""Endpoints besides the proxy: check any text, and LiteLLM's generic guardrail API."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

from guardlayer.errors import GuardViolation
from guardlayer.gateway.asking import of_chat
from guardlayer.gateway.checking import LONG, CallerGuard
from guardlayer.gateway.failures import GatewayError, bad_request
from guardlayer.policy import Messages
from guardlayer.provenance import report_to_json
from guardlayer.types import Action, Report
from guardlayer.wrapping import Asked

Json = dict[str, Any]

MAX_TEXTS = 1_000
"""Most texts in one request of LiteLLM."""

_ENDED: Final = re.compile(r"(?<!\d)[.!?。！？][\"'”’)\]*_`]*\s*$")
"""A text that has come to its end, and not, as *The fee is 3.*, perhaps to the middle of a number."""

_TAKEN = ("text", "question", "evidence", "turns", "at", "data")


async def check(body: Json, desk: CallerGuard) -> Json:
    """Check a text that the caller has, as ``Guard.check`` does, and return the whole report.

    Args:
        body: ``text``, and as one likes ``question``, ``evidence`` (texts, or objects with ``text`` and ``source``),
            ``turns`` (pairs of role and text), ``at``, ``data``.
        desk: Checks it, under the caller's policy.

    Raises:
        GatewayError: A field is missing or unknown.
        InputError: A field cannot be read.
    """
    unknown = sorted(set(body) - set(_TAKEN))
    if unknown:
        raise bad_request("unknown_field", f"/v1/checks takes {', '.join(_TAKEN)}, and no {unknown[0][:40]!r}")
    if not isinstance(body.get("text"), str):
        raise bad_request("bad_text", "text is missing or no string")
    for name in ("evidence", "turns"):
        if not isinstance(body.get(name, []), list):
            raise bad_request(f"bad_{name}", f"{name} is no list")
    if not isinstance(body.get("at"), str | None):
        raise bad_request("bad_at", "at is no date or instant, such as 2026-10-30")
    report = await desk.acheck(
        body["text"],
        question=body.get("question"),
        evidence=body.get("evidence") or (),
        turns=[tuple(turn) if isinstance(turn, list) else turn for turn in body.get("turns") or ()],
        at=body.get("at"),
        data=body.get("data"),
    )
    return report_to_json(report)


async def litellm(body: Json, desk: CallerGuard) -> Json:
    """Answer LiteLLM's generic guardrail API: which texts may be shown, and as what.

    Prompts (``input_type: request``) are let through: what a user writes is no claim of a model. Each text is checked
    by itself; the conversation, where LiteLLM sends it, gives question, earlier turns and evidence.

    LiteLLM does not say whether a text is whole, or a stream so far, so every text is read as one that may go on:
    ``stream_holdback_chars`` says how much of its end is open, which LiteLLM shows when the stream has ended. For the
    same reason a refusal stands where the policy withholds the open end of a text that breaks off.

    Raises:
        GatewayError: The request is not in LiteLLM's form.
    """
    texts = body.get("texts")
    if texts is None:
        texts = []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise bad_request("bad_texts", "texts is no list of strings")
    if len(texts) > MAX_TEXTS:
        raise GatewayError(413, "too_large", f"texts has more than {MAX_TEXTS:,} entries")
    if body.get("input_type") != "response":
        return {"action": "NONE"}
    messages = body.get("structured_messages")
    asked = of_chat({"messages": messages}) if isinstance(messages, list) and messages else Asked()
    shown: list[str] = []
    held: list[int] = []
    try:
        for text in texts:
            whole, closed = await _read(text, asked, desk) if text else ("", 0)
            shown.append(whole)
            held.append(len(whole) - closed)
    except GuardViolation as violation:
        report = violation.report
        record = f" (record {report.record})" if report.record else ""
        return {"action": "BLOCKED", "blocked_reason": f"withheld by policy {report.policy}{record}"}
    answer: Json = {"action": "NONE"} if shown == texts else {"action": "GUARDRAIL_INTERVENED", "texts": shown}
    return {**answer, "stream_holdback_chars": held} if any(held) else answer


async def _read(text: str, asked: Asked, desk: CallerGuard) -> tuple[str, int]:
    """Return what may be shown of a text if it ends here, and how much of that stays whatever may follow.

    Raises:
        GuardViolation: The policy withholds the text.
    """
    if desk.caller.hold == "full":
        final = getattr(desk.policy, "final", None)  # LiteLLM does not ask the model again
        report = await desk.acheck(
            text, question=asked.question, evidence=asked.evidence, turns=asked.turns, policy=final
        )
        if _withheld(report, desk):
            return _open_end(text, GuardViolation(report), desk), 0
        return report.output, 0
    session = desk.session(asked)
    beside = len(text) > LONG  # in a thread, so that other callers' streams go on meanwhile
    try:
        fed = await (asyncio.to_thread(session.feed, text) if beside else session.afeed(text))
        closed = "".join([release.text for release in fed])
        await session.afeed("")  # where exceptions were asked for, this raises
        if session.blocked and session.report is not None:
            raise GuardViolation(session.report)
        try:
            last = await (asyncio.to_thread(session.finish) if beside else session.afinish())
            rest = "".join([release.text for release in last])
            if session.blocked and session.report is not None:
                raise GuardViolation(session.report)
        except GuardViolation as violation:
            rest = _open_end(text, violation, desk)
        return closed + rest, len(closed)
    finally:
        if session.report is not None:
            desk.count(session.report)


def _withheld(report: Report, desk: CallerGuard) -> bool:
    return report.action in (Action.BLOCK, Action.RETRY) or (desk.caller.raises == "findings" and not report.ok)


def _open_end(text: str, violation: GuardViolation, desk: CallerGuard) -> str:
    """Return the refusal in the place of the end of a text that breaks off, or raise: the text is as good as whole."""
    if _ENDED.search(text):
        raise violation
    messages = getattr(desk.policy, "messages", None)
    refusal: str = getattr(messages, "refusal", Messages().refusal)
    return refusal
