"""What guarded runnables have in common: how an output is read, checked, and put out whole or by the sentence."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from itertools import chain
from typing import Any, Literal, Self

from langchain_core.runnables import RunnableConfig, RunnableSerializable
from pydantic import ConfigDict, field_validator, model_validator

from guardlayer.errors import ConfigError
from guardlayer.streaming import Session
from guardlayer.types import Report
from guardlayer.wrapping import Answer, Asked, Call, Checker, Exchange, Options, arun, exchange, run
from langchain_guardlayer.events import aannounce, announce, both, hearing, quietly
from langchain_guardlayer.inputs import configured
from langchain_guardlayer.outputs import gather, open_output
from langchain_guardlayer.streams import areleased, released, speaks
from langchain_guardlayer.verdicts import cites

_NOTHING: Any = object()


class Guarding(RunnableSerializable[Any, Any]):
    """Base of the runnables here: LangChain's runnables are pydantic models, so what they share is fields of a class.

    Attributes:
        guard: What checks, usually a ``guardlayer.Guard``.
        hold: ``"sentence"`` puts out each sentence of a stream as it is verified; ``"full"`` nothing before all of it
            was. In ``sentence`` nothing can be asked again once something was shown: *retry* becomes *redact*.
        citations: Whether the content of messages is a list of blocks with LangChain's standard citations. ``None``:
            where the policy annotates what is supported.
        question: What was asked, or where an input says so.
        evidence: Key of the evidence in a mapping.
        answer: Key of the answer in an output mapping.
        extract: Reads the text of an output of a type unknown here.
        replace: Returns a copy of such an output with another text.
        raises: ``True`` raises ``GuardViolation`` where the policy blocks, ``"findings"`` whenever the report is not
            ok; by default a blocked answer is the refusal.
        on_report: Called with every report.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    guard: Any
    hold: Literal["sentence", "full"] = "sentence"
    citations: bool | None = None
    question: str | None = None
    evidence: str | None = None
    answer: str | None = None
    extract: Callable[[Any], str | None] | None = None
    replace: Callable[[Any, str], Any] | None = None
    raises: bool | Literal["findings"] = False
    on_report: Callable[[Report], object] | None = None

    @field_validator("guard")
    @classmethod
    def _checks(cls, guard: Any) -> Any:
        if not isinstance(guard, Checker):
            raise ConfigError(f"guard= takes a guardlayer.Guard, not a {type(guard).__qualname__}")
        return guard

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._options([])
        return self

    def _asked(self, given: Any, config: RunnableConfig) -> Asked:
        """Return what is known of a call besides its answer."""
        raise NotImplementedError

    @property
    def _speaker(self) -> str:
        """Who puts out what is checked, for errors."""
        raise NotImplementedError

    @property
    def _checker(self) -> Checker:
        """What checks whole answers."""
        checker: Checker = self.guard
        return checker

    def _judged(self, given: Any, config: RunnableConfig, call: Callable[[Call], Answer]) -> Answer:
        """Return the answer to ``given`` as it may be shown."""
        found: list[Report] = []
        answer = run(self._exchange(given, config, found), self._checker, call)
        announce(found)
        return answer

    async def _ajudged(self, given: Any, config: RunnableConfig, call: Callable[[Call], Awaitable[Answer]]) -> Answer:
        """Do what :meth:`_judged` does, without blocking the event loop."""
        found: list[Report] = []
        answer = await arun(self._exchange(given, config, found), self._checker, call)
        await aannounce(found)
        return answer

    def _put_out(
        self,
        given: Any,
        config: RunnableConfig,
        chunks: Iterator[Any],
        again: Callable[[Call], list[Any]] | None = None,
    ) -> Iterator[Any]:
        """Yield what may be shown of ``chunks``; ``again`` calls once more for what the policy rejected."""
        first = next(chunks, _NOTHING)
        if self._by_sentence(first):
            session = self._session(given, config)
            with hearing(session, self.on_report):
                yield from released(chain((first,), chunks), session, cite=self._cites, what=self._speaker)
            announce([session.report] if session.report else [])
            return
        whole = [] if first is _NOTHING else [first, *chunks]

        def call(call: Call) -> Answer:
            return Answer(gather(whole if call.feedback is None or again is None else again(call)))

        yield from self._judged(given, config, call).chunks

    async def _aput_out(
        self,
        given: Any,
        config: RunnableConfig,
        chunks: AsyncIterator[Any],
        again: Callable[[Call], Awaitable[list[Any]]] | None = None,
    ) -> AsyncGenerator[Any, None]:
        """Do what :meth:`_put_out` does, without blocking the event loop."""
        first = await anext(chunks, _NOTHING)
        if self._by_sentence(first):
            session = self._session(given, config)
            with hearing(session, self.on_report):
                shown = areleased(_achain(first, chunks), session, cite=self._cites, what=self._speaker)
                async with aclosing(shown):
                    async for chunk in shown:
                        yield chunk
            await aannounce([session.report] if session.report else [])
            return
        whole = [] if first is _NOTHING else [first, *[chunk async for chunk in chunks]]

        async def call(call: Call) -> Answer:
            return Answer(gather(whole if call.feedback is None or again is None else await again(call)))

        for chunk in (await self._ajudged(given, config, call)).chunks:
            yield chunk

    def _by_sentence(self, first: Any) -> bool:
        return self.hold == "sentence" and self.extract is None and speaks(first) and hasattr(self.guard, "session")

    @property
    def _cites(self) -> bool:
        return cites(self.guard.policy) if self.citations is None else self.citations

    def _session(self, given: Any, config: RunnableConfig) -> Session:
        asked = configured(self._asked(given, config), config)
        session: Session = self.guard.session(
            question=asked.question, evidence=asked.evidence, turns=asked.turns, raises=self.raises
        )
        return session

    def _exchange(self, given: Any, config: RunnableConfig, found: list[Report]) -> Exchange:
        options, what = self._options(found), self._speaker
        flow = exchange(
            configured(self._asked(given, config), config),
            options,
            self._checker.policy,
            lambda value: open_output(value, given, options, answer=self.answer, what=what, cite=self._cites),
        )
        return quietly(flow)

    def _options(self, found: list[Report]) -> Options:
        return Options(
            extract=self.extract,
            replace=self.replace,
            raises=self.raises,
            on_report=both(found.append, self.on_report),
        )


async def _achain(first: Any, rest: AsyncIterator[Any]) -> AsyncIterator[Any]:
    yield first
    async for chunk in rest:
        yield chunk
