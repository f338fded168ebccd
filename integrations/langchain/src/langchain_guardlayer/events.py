"""Tell listeners of a verdict: the custom event ``guardlayer.verdict``, as ``astream_events`` and callbacks see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
    adispatch_custom_event,
    dispatch_custom_event,
)
from langchain_core.callbacks.manager import ahandle_event, handle_event
from langchain_core.runnables.config import var_child_runnable_config

from guardlayer.errors import GuardViolation
from guardlayer.streaming import Session
from guardlayer.types import Action, Report
from guardlayer.wrapping import Exchange
from guardlayer.wrapping.collecting import collect
from langchain_guardlayer.verdicts import EVENT, verdicts

_IGNORED = "ignore_custom_event"


def announce(reports: Iterable[Report], run_manager: CallbackManagerForLLMRun | None = None) -> None:
    """Dispatch an event for each report; outside any run there is nobody to hear it.

    Args:
        reports: The reports.
        run_manager: The run to speak for where no run surrounds it: a model that was called by itself.
    """
    for report in reports:
        data = verdicts([report])
        try:
            dispatch_custom_event(EVENT, data)
        except RuntimeError:  # LangChain's way to say that no run surrounds this one
            if run_manager is not None:
                handle_event(
                    run_manager.handlers,
                    "on_custom_event",
                    _IGNORED,
                    EVENT,
                    data,
                    run_id=run_manager.run_id,
                    tags=run_manager.tags,
                    metadata=run_manager.metadata,
                )


async def aannounce(reports: Iterable[Report], run_manager: AsyncCallbackManagerForLLMRun | None = None) -> None:
    """Do what :func:`announce` does, for async listeners too."""
    for report in reports:
        data = verdicts([report])
        try:
            await adispatch_custom_event(EVENT, data)
        except RuntimeError:
            if run_manager is not None:
                await ahandle_event(
                    run_manager.handlers,
                    "on_custom_event",
                    _IGNORED,
                    EVENT,
                    data,
                    run_id=run_manager.run_id,
                    tags=run_manager.tags,
                    metadata=run_manager.metadata,
                )


@contextmanager
def unheard() -> Iterator[None]:
    """Hide the run that surrounds this call from what is called in it.

    A chat model that hands on to another one by ``invoke`` would else report that one's raw text to the callbacks of
    the surrounding run, which LangChain keeps in a context variable.
    """
    token = var_child_runnable_config.set(None)
    try:
        yield
    finally:
        var_child_runnable_config.reset(token)


class Unheard:
    """A stream of which each step is taken unheard; between steps the reader's context is its own."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        with unheard():
            return next(self._stream)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        with unheard():
            return await anext(self._stream)

    def close(self) -> None:
        """Close the stream, if it can be closed."""
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()

    async def aclose(self) -> None:
        """Close the stream, if it can be closed."""
        close = getattr(self._stream, "aclose", None)
        if close is not None:
            await close()


@contextmanager
def hearing(session: Session, on_report: Callable[[Report], object] | None) -> Iterator[None]:
    """Hand the report of a session on, however its text ends."""
    try:
        yield
    except GuardViolation as violation:
        raise discreet(violation) from None
    finally:
        if session.report is not None:
            collect(session.report)
            if on_report is not None:
                on_report(session.report)


def both(first: Callable[[Report], object], second: Callable[[Report], object] | None) -> Callable[[Report], object]:
    """Return a function that hands a report to both."""

    def heard(report: Report) -> None:
        first(report)
        if second is not None:
            second(report)

    return heard


def quietly(flow: Exchange) -> Exchange:
    """Return an exchange whose violations are discreet."""
    try:
        return (yield from flow)
    except GuardViolation as violation:
        raise discreet(violation) from None


def discreet(violation: GuardViolation) -> GuardViolation:
    """Return a violation whose message quotes nothing of the answer.

    LangGraph streams the text of exceptions in the modes *tasks* and *debug*, and servers tend to show it. The report
    has the reasons.
    """
    report = violation.report
    counted = Counter(str(claim.verdict) for claim in report.claims if claim.action is not Action.PASS)
    found = ", ".join(f"{count} {label}" for label, count in counted.items()) or str(report.outcome)
    return GuardViolation(report, f"{report.action}: {found}; the exception's report says what and why")
