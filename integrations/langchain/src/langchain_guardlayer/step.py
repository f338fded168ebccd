"""A guard as a step of a chain: ``prompt | model | GuardStep(guard=guard) | parser``."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

from langchain_core.runnables import RunnableConfig

from guardlayer.types import Report
from guardlayer.wrapping import Answer, Asked, Call, Checker
from langchain_guardlayer.guarding import Guarding


class GuardStep(Guarding):
    """A step that takes what a model said, and puts out what may be shown of it.

    It sees only the answer. The question is what ``question`` is, or what the run's configuration holds as
    ``{"configurable": {"guardlayer_question": ...}}``; evidence is what the answer comes with under ``context``,
    ``documents`` or ``source_documents``, and what the configuration holds as ``guardlayer_evidence``.

    It cannot ask the model again: under the policy *retry* the answer is judged as a last answer is. The steps before
    it are not its own: their raw events stay visible to callbacks and ``astream_events``. Where either matters, guard
    the model (``GuardedChatModel``) or the chain (``GuardedRunnable``).

    Attributes:
        question: What was asked.
    """

    name: str | None = "guardlayer"

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002 - LangChain's name
        """Return what may be shown of an answer.

        Raises:
            GuardViolation: As ``raises`` says, or where blocked output is structured and has no refusal.
            ResponseTypeError: The answer is of a type that cannot be read.
        """
        return self._call_with_config(
            self._judge,  # type: ignore[arg-type]  # a parameter named config is filled by name, whatever comes before
            input,
            config,
            **kwargs,
        )

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002 - LangChain's name
        """Do what :meth:`invoke` does, without blocking the event loop."""
        return await self._acall_with_config(
            self._ajudge,  # type: ignore[arg-type]  # as in invoke
            input,
            config,
            **kwargs,
        )

    def transform(self, input: Iterator[Any], config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:  # noqa: A002 - LangChain's name
        """Put out what may be shown of an answer that arrives in chunks."""
        yield from self._transform_stream_with_config(
            input,
            self._transformed,  # type: ignore[arg-type]  # as in invoke
            config,
            **kwargs,
        )

    async def atransform(
        self,
        input: AsyncIterator[Any],  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AsyncGenerator[Any, None]:
        """Do what :meth:`transform` does, without blocking the event loop."""
        checked = self._atransform_stream_with_config(
            input,
            self._atransformed,  # type: ignore[arg-type]  # as in invoke
            config,
            **kwargs,
        )
        async with aclosing(checked):  # type: ignore[type-var]  # it is an async generator, typed as an iterator
            async for chunk in checked:
                yield chunk

    def stream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:  # noqa: A002 - LangChain's name
        """Put out what may be shown of a whole answer."""
        yield from self.transform(iter([input]), config, **kwargs)

    async def astream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> AsyncIterator[Any]:  # noqa: A002 - LangChain's name
        """Do what :meth:`stream` does, without blocking the event loop."""

        async def once() -> AsyncIterator[Any]:
            yield input

        transformed = self.atransform(once(), config, **kwargs)
        async with aclosing(transformed):
            async for chunk in transformed:
                yield chunk

    # Its parts --------------------------------------------------------------------------------------------------------

    @property
    def _speaker(self) -> str:
        return "the step before the guard"

    @property
    def _checker(self) -> Checker:
        return Last(self.guard)

    def _asked(self, given: Any, config: RunnableConfig) -> Asked:  # noqa: ARG002 - a step sees only the answer
        return Asked(question=self.question)

    def _judge(self, answer: Any, config: RunnableConfig) -> Any:
        return self._judged(None, config, lambda _: Answer((answer,))).chunks[0]

    async def _ajudge(self, answer: Any, config: RunnableConfig) -> Any:
        async def call(_: Call) -> Answer:
            return Answer((answer,))

        return (await self._ajudged(None, config, call)).chunks[0]

    def _transformed(self, chunks: Iterator[Any], config: RunnableConfig) -> Iterator[Any]:
        yield from self._put_out(None, config, chunks)

    async def _atransformed(self, chunks: AsyncIterator[Any], config: RunnableConfig) -> AsyncIterator[Any]:
        shown = self._aput_out(None, config, chunks)
        async with aclosing(shown):
            async for chunk in shown:
                yield chunk


class Last:
    """A guard for answers that nobody can be asked for again: it judges each as the last.

    Args:
        guard: The guard.
    """

    def __init__(self, guard: Checker) -> None:
        self._guard = guard
        self.policy = getattr(guard.policy, "final", guard.policy)

    def check(self, text: str, **given: Any) -> Report:
        """Check a text under the policy for last answers."""
        return self._guard.check(text, **self._finally(given))

    async def acheck(self, text: str, **given: Any) -> Report:
        """Do what :meth:`check` does, without blocking the event loop."""
        return await self._guard.acheck(text, **self._finally(given))

    def _finally(self, given: dict[str, Any]) -> dict[str, Any]:
        return given if self.policy is self._guard.policy else {**given, "policy": self.policy}
