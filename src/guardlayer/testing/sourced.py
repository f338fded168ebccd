"""``assert_sourced``: every claim of a response has a source, or the test fails and says which has not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from guardlayer.errors import ConfigError
from guardlayer.temporal import When
from guardlayer.testing.ambient import ambient
from guardlayer.testing.judging import Expectation, failure
from guardlayer.types import Report
from guardlayer.wrapping import Answer, Asked, Call, Checker, Options, exchange

_RESULTS = {
    "agents": ("final_output", None),
    "llama_index": ("response", "source_nodes"),
    "pydantic_ai": ("output", None),
}
"""Of frameworks whose results are more than a response: the attribute of the answer, and that of the evidence."""


def assert_sourced(
    response: Any,
    /,
    *,
    guard: Checker | None = None,
    question: str | None = None,
    evidence: Iterable[Any] = (),
    at: When | None = None,
    allow_no_claims: bool = False,
    shown_only: bool = False,
) -> tuple[Report, ...]:
    """Assert that every claim of a response has a source that is current.

    Args:
        response: A report; or a text, a LangChain message, an OpenAI completion, a LlamaIndex response, the result of
            an agent, structured output, which is checked first.
        guard: Who checks; inside a test the plugin's guard by default.
        question: What was asked.
        evidence: What came with the call.
        at: The instant for which facts are asked; ``None`` is the guard's.
        allow_no_claims: Let a response pass that makes no claims. By default it does not: it proves nothing.
        shown_only: Of a report, judge only what was shown: claims that the policy corrected, took out or blocked do
            not count.

    Returns:
        The reports, one for each text in the response.

    Raises:
        AssertionError: A claim has no source, or there are none; the message shows each with its span, what is true
            now, and where to add a source.
        ConfigError: Nobody can check: outside a test, ``guard`` is needed; with a report there is nothing left to.
        ResponseTypeError: The response is of a type that cannot be read.
    """
    __tracebackhide__ = True
    test = ambient.get()
    if isinstance(response, Report):
        if guard is not None or question is not None or evidence or at is not None:
            raise ConfigError("a report is judged as it is; guard=, question=, evidence= and at= go with a response")
        reports: tuple[Report, ...] = (response,)
    else:
        if guard is None:
            if test is None:
                raise ConfigError("nothing here can check a response: pass guard=, or run under pytest with the plugin")
            guard = test.guard()
        reports = _checked(guard, response, question, tuple(evidence), at)
    if test is not None:
        for report in reports:
            test.judged(report)
    if not reports:
        raise AssertionError(f"the response says nothing: a {type(response).__qualname__} without text was given")
    expected = Expectation(allow_no_claims=allow_no_claims, shown_only=shown_only)
    wrong = failure(reports, expected, where=test.where if test else "")
    if wrong is not None:
        raise AssertionError(wrong)
    return reports


def _checked(
    guard: Checker, response: Any, question: str | None, evidence: tuple[Any, ...], at: When | None
) -> tuple[Report, ...]:
    """Check every text of a response, as it is: nothing is corrected, nobody is asked again."""
    answer, nodes = _opened(response)
    reports: list[Report] = []
    flow = exchange(Asked(question, (), (*evidence, *nodes)), Options(), None)
    effect = next(flow)
    while True:
        result: Any
        if isinstance(effect, Call):
            result = Answer((answer,))
        else:
            known = effect.asked
            result = guard.check(
                effect.text,
                question=known.question,
                evidence=known.evidence,
                turns=known.turns,
                at=at,
                data=effect.data,
                policy="observe",
            )
            reports.append(result)
        try:
            effect = flow.send(result)
        except StopIteration:
            return tuple(reports)


def _opened(response: Any) -> tuple[Any, tuple[Any, ...]]:
    """Take the answer and the evidence out of a framework's result; anything else is the answer itself."""
    for base in type(response).__mro__:
        name, beside = _RESULTS.get(base.__module__.partition(".")[0], (None, None))
        if name is not None and hasattr(response, name):
            return getattr(response, name), tuple(getattr(response, beside, None) or ()) if beside else ()
    return response, ()
