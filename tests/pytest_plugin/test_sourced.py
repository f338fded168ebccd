"""``assert_sourced`` wherever it is called: which responses it reads, and what it takes for proof."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel

from guardlayer import ConfigError, Guard, Knowledge
from guardlayer.errors import ResponseTypeError
from guardlayer.testing import MemoryLog, assert_sourced
from guardlayer.testing.ambient import ambient

TRUE = "The list price of Acme is $49."
STALE = "The list price of Acme is $39."


@pytest.fixture
def guard() -> Iterator[Guard]:
    """A guard that corrects, and knows one price."""
    with Knowledge.open(":memory:") as kb:
        fact = kb.add("Acme", "list price", "$39", source="price list 2025", valid_from="2025-01-01")
        kb.supersede(fact.id, "$49", valid_from="2026-01-01", source="price list 2026")
        yield Guard(knowledge=kb, log=None)


class Quote(BaseModel):
    """Structured output."""

    note: str


def result_of(package: str, **attributes: Any) -> Any:
    """A framework's result, as its class shows where it comes from."""
    return type("Result", (SimpleNamespace,), {"__module__": f"{package}.results"})(**attributes)


@pytest.mark.parametrize(
    "wrap",
    [
        str,
        lambda text: Quote(note=text),
        lambda text: {"answer": text},
        lambda text: result_of("agents", final_output=text),
        lambda text: result_of("agents", final_output=Quote(note=text)),
        lambda text: result_of("pydantic_ai", output=text),
        lambda text: result_of("llama_index", response=text, source_nodes=[]),
    ],
)
def test_responses_of_every_kind(guard: Guard, wrap: Any) -> None:
    """Whatever holds the text, a true one passes with its report and a stale one fails."""
    (report,) = assert_sourced(wrap(TRUE), guard=guard)
    assert report.ok
    with pytest.raises(AssertionError, match="stale"):
        assert_sourced(wrap(STALE), guard=guard)


def test_messages_and_completions(guard: Guard) -> None:
    """LangChain's messages and OpenAI's completions are read as guarded calls read them."""
    from langchain_core.messages import AIMessage
    from openai.types.chat import ChatCompletion

    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": STALE}}
    completion = ChatCompletion.model_validate(
        {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
    )
    for response in (AIMessage(STALE), completion):
        with pytest.raises(AssertionError, match="now: \\$49"):
            assert_sourced(response, guard=guard)


def test_evidence_comes_from_the_call_and_from_the_response(guard: Guard) -> None:
    """What was retrieved is a source, handed over or found in the result."""
    claim = "Acme has 400 employees."
    with pytest.raises(AssertionError, match="unsupported"):
        assert_sourced(claim, guard=guard)
    assert_sourced(claim, guard=guard, evidence=[claim])
    assert_sourced(result_of("llama_index", response=claim, source_nodes=[claim]), guard=guard)


def test_a_text_is_judged_as_it_is(guard: Guard) -> None:
    """A guard that corrects or would ask again does neither here, and its records say what was checked."""
    log = MemoryLog()
    with pytest.raises(AssertionError, match="stale"):
        assert_sourced(STALE, guard=Guard(knowledge=guard.knowledge, policy="retry", log=log))
    (report,) = log.reports
    assert report.output == STALE


def test_a_report_is_judged_as_it_is(guard: Guard) -> None:
    """What the policy put right was wrong all the same, unless only what was shown counts."""
    report = guard.check(STALE)
    with pytest.raises(AssertionError, match="stale"):
        assert_sourced(report)
    assert assert_sourced(report, shown_only=True) == (report,)
    with pytest.raises(ConfigError, match="judged as it is"):
        assert_sourced(report, guard=guard)


def test_no_claims_are_no_proof(guard: Guard) -> None:
    """A greeting, an empty text and no text at all: none of them passes by itself."""
    for text in ("Hello there!", ""):
        with pytest.raises(AssertionError, match="no claims"):
            assert_sourced(text, guard=guard)
        assert_sourced(text, guard=guard, allow_no_claims=True)
    with pytest.raises(AssertionError, match="says nothing"):
        assert_sourced(None, guard=guard, allow_no_claims=True)


def test_what_could_not_be_checked_is_not_sourced(guard: Guard) -> None:
    """Beside one claim with a source, one without an authority still fails, and the message says who should answer."""
    with pytest.raises(AssertionError, match=r"(?s)unverifiable state.*authorities=\{\"state\": …\}"):
        assert_sourced(f"{TRUE} Your order 1234 has shipped.", guard=guard)


def test_nobody_there_to_check() -> None:
    """Outside a test a text needs a guard; a response nobody can read is an error, not a pass."""
    ambient.set(None)  # until the test is over: the plugin may be installed here
    with pytest.raises(ConfigError, match="pass guard="):
        assert_sourced(TRUE)
    with pytest.raises(ResponseTypeError):
        assert_sourced(object(), guard=Guard(log=None))
