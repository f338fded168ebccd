"""The decorator on the real guard."""

import asyncio
from typing import Annotated

import pytest
from pydantic import BaseModel, Field

from guardlayer import Guard, Knowledge
from guardlayer.errors import GuardViolation
from guardlayer.types import Action, Label
from guardlayer.wrapping import reports

RAW = "The list price of Acme is $39. I hope this helps."
TRUE = "The list price of Acme is $49. I hope this helps."
QUESTION = "What is the list price of Acme?"


@pytest.fixture
def guard_under():
    def build(policy="enforce"):
        kb = Knowledge.open(":memory:")
        fact = kb.add("Acme", "list price", "$39", source="price list 2025", valid_from="2025-01-01")
        kb.supersede(fact.id, "$49", valid_from="2026-01-01", source="price list 2026")
        return Guard(knowledge=kb, policy=policy, log=None)

    return build


@pytest.mark.parametrize("policy", ["observe", "annotate", "enforce", "strict", "retry"])
def test_the_four_ways_to_write_a_function_give_one_report(guard_under, policy):
    """Sync, async, generator and async generator: same output, same claims, verdicts, actions and notices."""
    guard = guard_under(policy)
    words = RAW.split(" ")

    @guard
    def plain(question):
        return RAW

    @guard
    async def waiting(question):
        return RAW

    @guard
    def streaming(question):
        for index, word in enumerate(words):
            yield word if index == 0 else f" {word}"

    @guard
    async def waiting_stream(question):
        for index, word in enumerate(words):
            yield word if index == 0 else f" {word}"

    async def gather():
        return "".join([part async for part in waiting_stream(QUESTION)])

    seen = []
    for call in (
        lambda: plain(QUESTION),
        lambda: asyncio.run(waiting(QUESTION)),
        lambda: "".join(streaming(QUESTION)),
        lambda: asyncio.run(gather()),
    ):
        with reports() as collected:
            text = call()
        seen.append(
            (text, [(r.draft.text, r.draft.question, r.claims, r.decision, r.coverage, r.policy) for r in collected])
        )
    assert all(one == seen[0] for one in seen)
    assert {claim.verdict for report in seen[0][1] for claim in report[2]} >= {Label.STALE}


def test_bare_and_parameterised_on_the_guard_itself(guard_under):
    """``@guard`` and ``@guard(...)``."""
    guard = guard_under("strict")

    @guard
    def refusing(question: str) -> str:
        return RAW

    @guard(question="ask", raises=True)
    def raising(ask: str) -> str:
        return "$39"

    assert refusing(QUESTION).startswith("This answer was withheld")
    with pytest.raises(GuardViolation) as caught:
        raising(QUESTION)
    assert caught.value.report.action is Action.BLOCK
    assert caught.value.report.draft.question == QUESTION


def test_structured_answers_by_the_fields_of_a_model(guard_under):
    """Claims carry the JSON pointer of their field, and the model comes back corrected."""

    class Offer(BaseModel):
        pitch: Annotated[str, Field(max_length=60)]
        acme: dict[str, str]

    with reports() as collected:
        got = guard_under().wrap(lambda: Offer(pitch=RAW[:30], acme={"tone": "warm"}))()
    assert got == Offer(pitch=TRUE[:30], acme={"tone": "warm"})
    assert "/pitch" in {claim.path for claim in collected[0].claims}


def test_a_string_that_is_json_comes_back_as_json(guard_under):
    """A model in JSON mode answers with text that programs parse."""
    call = guard_under().wrap(lambda: '{"pitch": "The list price of Acme is $39."}')
    assert call() == '{"pitch": "The list price of Acme is $49."}'
