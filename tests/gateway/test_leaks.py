"""The leak matrix: whatever the API, the mode and the policy, no client sees a stale value that was not dealt with."""

from __future__ import annotations

import json

import pytest

from guardlayer import Guard, Policy

STALE, CURRENT = "$39", "$49"
QUESTION = "What is the list price of Acme?"
ANSWERS = {
    "in the middle": f"Happy to help! The list price of Acme is {STALE}. Enjoy your day!",
    "without an end": f"The list price of Acme is {STALE}",
    "in a list": f"Our prices:\n\n- The list price of Acme is {STALE}\n- Delivery is free of stress\n\nBye!",
    "twice": f"The list price of Acme is {STALE}. Yes, really: the list price of Acme is {STALE}!",
    "in data": f'{{"answer": "The list price of Acme is {STALE}."}}',
}
POLICIES = {
    "raise": ("strict", True),
    "raise on findings": ("enforce", "findings"),
    "block": ("strict", False),
    "redact": (Policy.from_mapping({"extends": "enforce", "name": "redact", "actions": {"*.stale": "redact"}}), False),
    "correct": ("enforce", False),
    "retry": ("retry", False),
}
BODIES = {
    "chat": ("/v1/chat/completions", {"messages": [{"role": "user", "content": QUESTION}]}),
    "responses": ("/v1/responses", {"input": QUESTION}),
}
MODES = {
    "one piece": ({}, "sentence"),
    "sentences": ({"stream": True}, "sentence"),
    "held stream": ({"stream": True}, "full"),
}


def joined(text: str) -> str:
    """Return what the deltas of a stream say together."""
    events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    said = [event.get("delta") if isinstance(event.get("delta"), str) else "" for event in events]
    said += [choice["delta"].get("content") or "" for event in events for choice in event.get("choices", ())]
    return "".join(filter(None, said))


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("api", BODIES)
async def test_no_cell_leaks(stage, kb, api, mode, answer, record_property):
    """In no byte of any response, headers and verdicts included, is the stale value; whatever the policy, however cut."""
    path, body = BODIES[api]
    more, hold = MODES[mode]
    for policy, raises in POLICIES.values():
        for piece in (1, 9) if more else (1000,):
            made = stage(
                ANSWERS[answer],
                guard=Guard(knowledge=kb, log=None, policy=policy),
                hold=hold,
                raises=raises,
                fake={"piece": piece},
            )
            raw = await made.raw(path, {"model": "m", **body, **more})
            everything = f"{raw.headers} {raw.text}"
            leaks = STALE in everything or STALE in joined(raw.text)
            record_property("matrix", f"gateway 1 {int(leaks)}")
            assert not leaks, (policy, piece)
            assert raw.status_code == (422 if raises and raw.status_code != 200 else 200)
            assert "guard" in raw.text


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("api", BODIES)
async def test_an_annotated_value_never_comes_without_its_mark(stage, api, mode, record_property):
    """Under policy annotate the words stay, and the mark that says they are stale stands right behind them."""
    path, body = BODIES[api]
    more, hold = MODES[mode]
    raw = await stage(policy="annotate", hold=hold).raw(path, {"model": "m", **body, **more})
    assert raw.text.count(STALE) > 0
    said = raw.text.split(f"The list price of Acme is {STALE}.")[1:]
    marked = [behind for behind in said if behind.startswith(" [stale: since 2026-01-01 $49")]
    record_property("matrix", f"gateway 1 {int(marked != said)}")
    assert marked == said
