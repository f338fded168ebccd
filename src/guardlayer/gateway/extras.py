"""Endpoints besides the proxy: check any text, and LiteLLM's generic guardrail API."""

from __future__ import annotations

from typing import Any

from guardlayer.gateway.asking import of_chat
from guardlayer.gateway.checking import CallerGuard
from guardlayer.gateway.failures import GatewayError, bad_request
from guardlayer.provenance import report_to_json
from guardlayer.types import Action
from guardlayer.wrapping import Asked

Json = dict[str, Any]

MAX_TEXTS = 1_000
"""Most texts in one request of LiteLLM."""

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
    policy = getattr(desk.policy, "final", None)  # LiteLLM does not ask the model again
    shown: list[str] = []
    for text in texts:
        if not text:
            shown.append(text)
            continue
        report = await desk.acheck(
            text, question=asked.question, evidence=asked.evidence, turns=asked.turns, policy=policy
        )
        if report.action in (Action.BLOCK, Action.RETRY) or (desk.caller.raises == "findings" and not report.ok):
            record = f" (record {report.record})" if report.record else ""
            return {"action": "BLOCKED", "blocked_reason": f"withheld by policy {report.policy}{record}"}
        shown.append(report.output)
    return {"action": "NONE"} if shown == texts else {"action": "GUARDRAIL_INTERVENED", "texts": shown}
