"""Check any text, LiteLLM's guardrail, and what an operator can measure."""

from __future__ import annotations

import re

import pytest

STALE, CURRENT = "$39", "$49"
SAID = f"Happy to help! The list price of Acme is {STALE}."
TRUE = SAID.replace(STALE, CURRENT)
LITELLM = "/beta/litellm_basic_guardrail_api"


async def test_any_text_can_be_checked(stage):
    """/v1/checks returns the whole report of a text the caller has; the upstream is not asked."""
    made = stage()
    raw = await made.raw("/v1/checks", {"text": SAID, "question": "What does Acme cost?", "at": "2026-06-01"})
    report = raw.json()
    assert (report["outcome"], report["action"], report["output"]) == ("findings", "correct", TRUE)
    assert raw.headers["x-guardlayer-verdict"] == "findings"
    assert report["record"] == made.log.records[-1].id
    past = (await made.raw("/v1/checks", {"text": SAID, "at": "2025-06-01"})).json()
    assert past["outcome"] == "verified"
    assert not made.upstream.paths


async def test_evidence_and_turns_come_with_a_check(stage):
    """Evidence is texts or objects with a source; turns are pairs."""
    body = {
        "text": "It lasts 24 months.",
        "turns": [["user", "How long is the warranty of Bolt?"], ["assistant", "The warranty of Bolt is long."]],
        "evidence": ["Nothing.", {"text": "The warranty of Bolt lasts 24 months.", "source": "terms.md"}],
    }
    report = (await stage(knowledge=None).raw("/v1/checks", body)).json()
    assert report["claims"][0]["evidence"][0]["source"]["id"] == "terms.md"


@pytest.mark.parametrize(
    "body",
    [
        {}, {"text": 3}, {"text": "x", "policy": "observe"}, {"text": "x", "evidence": "y"}, {"text": "x", "turns": "y"},
        {"text": "x", "turns": [["user"]]}, {"text": "x", "at": 7}, {"text": "x", "at": "soon"},
        {"text": "x", "evidence": [7]}, {"text": "x", "question": 7},
    ],
)  # fmt: skip
async def test_a_check_that_cannot_be_read_is_the_clients_error(stage, body):
    """A missing or unknown field is named; the policy is not the client's to choose."""
    raw = await stage().raw("/v1/checks", body)
    assert raw.status_code == 400
    assert raw.json()["error"]["message"]


async def test_litellm_gets_rewritten_texts(stage):
    """LiteLLM's generic guardrail API: corrected texts come back in their order, unchanged ones as they were."""
    body = {
        "texts": ["Hello!", SAID, ""], "input_type": "response", "litellm_call_id": "c", "model": "m",
        "structured_messages": [{"role": "user", "content": "What is the list price of Acme?"}],
    }  # fmt: skip
    made = stage()
    answer = (await made.raw(LITELLM, body)).json()
    open_ends = [len("Hello!"), len("The list price of Acme is $49."), 0]
    assert answer == {
        "action": "GUARDRAIL_INTERVENED", "texts": ["Hello!", TRUE, ""], "stream_holdback_chars": open_ends
    }  # fmt: skip
    assert made.log.reports[1].draft.question == "What is the list price of Acme?"
    again = (await made.raw(LITELLM, {**body, "texts": [TRUE]})).json()
    assert again == {"action": "NONE", "stream_holdback_chars": open_ends[1:2]}


BLOCKING = pytest.mark.parametrize(
    ("rules", "shown"),
    [
        ({"policy": "strict"}, "Happy to help! "),
        ({"policy": "strict", "raises": True}, "Happy to help! "),
        ({"policy": "enforce", "raises": "findings"}, "Happy to help! "),
        ({"policy": "strict", "hold": "full"}, ""),
        ({"policy": "strict", "hold": "full", "raises": True}, ""),
        ({"policy": "retry", "hold": "full"}, ""),
    ],
)


@BLOCKING
@pytest.mark.parametrize("rest", [" Enjoy your day!", " Or so they say."])
async def test_litellm_is_told_to_block(stage, rules, shown, rest):
    """Where the policy withholds a text, LiteLLM raises; the reason names the record, not the words."""
    answer = (await stage(**rules).raw(LITELLM, {"texts": [SAID + rest], "input_type": "response"})).json()
    assert answer["action"] == "BLOCKED"
    assert rules["policy"] in answer["blocked_reason"]
    assert "record " in answer["blocked_reason"]
    assert STALE not in str(answer)


@BLOCKING
@pytest.mark.parametrize("end", ["", ".", " a mon"])
async def test_litellm_gets_a_refusal_for_an_end_that_may_go_on(stage, rules, shown, end):
    """LiteLLM does not say that a stream goes on, and half a sentence is no reason to break it off."""
    text = SAID.removesuffix(".") + end
    answer = (await stage(**rules).raw(LITELLM, {"texts": [text], "input_type": "response"})).json()
    refusal = "This answer was withheld: it makes statements that no source bears out."
    assert answer["texts"] == [shown + refusal]
    assert answer["stream_holdback_chars"] == [len(refusal)]


@pytest.mark.parametrize("hold", ["sentence", "full"])
@pytest.mark.parametrize("policy", ["enforce", "annotate", "strict", "retry"])
async def test_what_litellm_streams_was_checked_and_is_never_taken_back(stage, policy, hold):
    """LiteLLM sends what has come so far every few chunks, and shows what comes back but for the held characters."""
    made = stage(policy=policy, hold=hold)
    text = SAID + " It ships in 3.5 days. Acme Inc. says: see https://acme.example. Bye"
    shown = ""
    for upto in [*range(1, len(text), 3), len(text)]:
        body = {"texts": [text[:upto]], "input_type": "response"}
        answer = (await made.raw(LITELLM, body)).json()
        if answer["action"] == "BLOCKED":
            assert policy in ("strict", "retry")
            break
        whole = answer.get("texts", body["texts"])[0]
        assert whole.startswith(shown)
        shown = whole[: len(whole) - answer.get("stream_holdback_chars", [0])[0]]
        assert STALE not in shown or f"{STALE}. [stale: " in shown
    else:
        shown = whole
    assert bool(shown) == (hold == "sentence" or policy in ("enforce", "annotate"))


async def test_prompts_pass_litellm_unchecked(stage):
    """What a user writes is no claim of a model."""
    made = stage(policy="strict")
    assert (await made.raw(LITELLM, {"texts": [SAID], "input_type": "request"})).json() == {"action": "NONE"}
    assert not made.log.reports


@pytest.mark.parametrize("body", [{"texts": "x"}, {"texts": [1]}, {"texts": ["x"] * 1001}])
async def test_a_litellm_request_that_cannot_be_read_is_an_error(stage, body):
    """LiteLLM fails closed on an error status, so a malformed request cannot pass as NONE."""
    assert (await stage().raw(LITELLM, {**body, "input_type": "response"})).status_code in (400, 413)


async def test_a_check_that_failed_blocks_in_litellm(stage):
    """LiteLLM can be told to go on where a guardrail answers 503; a failed check answers BLOCKED instead."""

    class Broken:
        def decide(self, draft, claims):
            raise RuntimeError(draft.text)

    raw = await stage(policy=Broken()).raw(LITELLM, {"texts": [SAID], "input_type": "response"})
    assert (raw.status_code, raw.json()["action"]) == (200, "BLOCKED")
    assert STALE not in raw.text


async def test_a_long_text_is_checked_beside_the_others(stage):
    """A text so long that it would hold up everybody is checked in a thread, with the same result."""
    text = "Happy to help! " * 1000 + SAID
    report = (await stage().raw("/v1/checks", {"text": text})).json()
    assert report["output"] == text.replace(STALE, CURRENT)


async def test_an_operator_can_measure(stage):
    """Requests, verdicts, actions and times are counted under fixed labels, in Prometheus's format."""
    made = stage()
    await made.chat()
    await made.chunks()
    await made.raw("/v1/checks", {"text": "Hello!"})
    await made.http.get("/v1/secret-path-of-a-user")
    text = await made.measured()
    for line in (
        'guardlayer_gateway_requests_total{route="chat",status="200"} 2',
        'guardlayer_gateway_requests_total{route="other",status="501"} 1',
        'guardlayer_gateway_claims_total{kind="fact",verdict="stale"} 2',
        'guardlayer_gateway_actions_total{action="correct"} 2',
        'guardlayer_gateway_request_seconds_count{route="chat"} 2',
        "guardlayer_gateway_in_flight 1",
    ):
        assert line in text.splitlines()
    assert "secret-path" not in text
    assert not re.search(r"[0-9a-f]{16}", text)
    for line in text.splitlines():
        assert line.startswith("#") or re.fullmatch(r'[a-z_]+(\{([a-z]+="[^"{}]*",?)+\})? -?[\d.e+-]+', line)


async def test_no_label_takes_its_value_from_outside(stage):
    """Whatever the upstream calls its errors, the number of series stays bounded."""
    from starlette.responses import JSONResponse

    number = iter(range(100))
    made = stage(
        fake={"override": lambda _: JSONResponse({"error": {"message": "x", "code": f"c{next(number)}"}}, 400)}
    )
    for _ in range(5):
        await made.raw("/v1/chat/completions", {"messages": [{"role": "user", "content": "x"}]})
    assert 'upstream_errors_total{code="status_400"} 5' in await made.measured()
