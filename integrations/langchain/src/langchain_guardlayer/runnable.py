"""A guard around a runnable."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import aclosing, closing
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.utils import ConfigurableFieldSpec
from langchain_core.utils.pydantic import TypeBaseModel

from guardlayer.wrapping import Answer, Asked, Call, adrain, drain
from langchain_guardlayer.guarding import Guarding
from langchain_guardlayer.inputs import ask_again, read_input


class GuardedRunnable(Guarding):
    """A runnable whose outputs are as the guard's policy would have them.

    The question is the input, where it is a string or a conversation, or what a mapping holds under ``question``,
    ``input``, ``query`` or ``messages``. Documents in the input or the output under ``context``, ``documents`` or
    ``source_documents`` are evidence. A stream of text or messages is put out sentence by sentence as it is verified,
    or as a whole; any other stream as a whole. Nothing unchecked is ever put out; raw events of the runnables inside
    stay visible to callbacks and ``astream_events``: where that matters, guard the model, not the chain around it.

    With the policy *retry*, the runnable is called again with what was wrong.

    It does not pose as the runnable inside: methods of that beyond ``Runnable``'s are not there, since they would lead
    around the guard.

    Attributes:
        inner: What produces the outputs.
        question: Key of the question in an input mapping.
        feedback: Key under which an input mapping takes what the policy says when it asks again. In conversations it
            follows as a message by itself.
    """

    inner: Runnable[Any, Any]
    feedback: str | None = None

    @property
    def InputType(self) -> type[Any]:  # noqa: N802 - LangChain's name
        """What the runnable inside takes."""
        return self.inner.InputType

    @property
    def OutputType(self) -> type[Any]:  # noqa: N802 - LangChain's name
        """What the runnable inside puts out."""
        return self.inner.OutputType

    def get_input_schema(self, config: RunnableConfig | None = None) -> TypeBaseModel:
        """Return the input schema of the runnable inside."""
        return self.inner.get_input_schema(config)

    def get_output_schema(self, config: RunnableConfig | None = None) -> TypeBaseModel:
        """Return the output schema of the runnable inside."""
        return self.inner.get_output_schema(config)

    @property
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        """What can be configured of the runnable inside."""
        return self.inner.config_specs

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002 - LangChain's name
        """Return the checked output.

        Raises:
            GuardViolation: As ``raises`` says, or where blocked output is structured and has no refusal.
            ResponseTypeError: The output is of a type that cannot be read.
        """
        return self._call_with_config(
            self._invoke,  # type: ignore[arg-type]  # a parameter named config is filled by name, whatever comes before
            input,
            config,
            **kwargs,
        )

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002 - LangChain's name
        """Do what :meth:`invoke` does, without blocking the event loop."""
        return await self._acall_with_config(
            self._ainvoke,  # type: ignore[arg-type]  # as in invoke
            input,
            config,
            **kwargs,
        )

    def stream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any | None) -> Iterator[Any]:  # noqa: A002 - LangChain's name
        """Put out the checked chunks, after the last one was checked."""
        yield from self._transform_stream_with_config(
            iter([input]),
            self._stream,  # type: ignore[arg-type]  # as in invoke
            config,
            **kwargs,
        )

    async def astream(
        self,
        input: Any,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any | None,
    ) -> AsyncIterator[Any]:
        """Do what :meth:`stream` does, without blocking the event loop."""

        async def inputs() -> AsyncIterator[Any]:
            yield input

        checked = self._atransform_stream_with_config(
            inputs(),
            self._astream,  # type: ignore[arg-type]  # as in invoke
            config,
            **kwargs,
        )
        async with aclosing(checked):  # type: ignore[type-var]  # it is an async generator, typed as an iterator
            async for chunk in checked:
                yield chunk

    def _invoke(self, given: Any, config: RunnableConfig, **kwargs: Any) -> Any:
        def call(call: Call) -> Answer:
            return Answer((self.inner.invoke(self._input(given, call), config, **kwargs),))

        return self._judged(given, config, call).chunks[0]

    async def _ainvoke(self, given: Any, config: RunnableConfig, **kwargs: Any) -> Any:
        async def call(call: Call) -> Answer:
            return Answer((await self.inner.ainvoke(self._input(given, call), config, **kwargs),))

        return (await self._ajudged(given, config, call)).chunks[0]

    def _stream(self, inputs: Iterator[Any], config: RunnableConfig, **kwargs: Any) -> Iterator[Any]:
        for given in inputs:

            def again(call: Call, given: Any = given) -> list[Any]:
                return list(drain(self._inner_stream(self._input(given, call), config, kwargs)).chunks)

            with closing(self._inner_stream(given, config, kwargs)) as chunks:
                yield from self._put_out(given, config, chunks, again)

    async def _astream(self, inputs: AsyncIterator[Any], config: RunnableConfig, **kwargs: Any) -> AsyncIterator[Any]:
        async for given in inputs:

            async def again(call: Call, given: Any = given) -> list[Any]:
                return list((await adrain(self._inner_astream(self._input(given, call), config, kwargs))).chunks)

            async with aclosing(self._inner_astream(given, config, kwargs)) as chunks:
                shown = self._aput_out(given, config, chunks, again)
                async with aclosing(shown):
                    async for chunk in shown:
                        yield chunk

    def _inner_stream(self, given: Any, config: RunnableConfig, kwargs: dict[str, Any]) -> Generator[Any, None, None]:
        yield from self.inner.stream(given, config, **kwargs)

    async def _inner_astream(
        self, given: Any, config: RunnableConfig, kwargs: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        stream = self.inner.astream(given, config, **kwargs)
        try:
            async for chunk in stream:
                yield chunk
        finally:
            close = getattr(stream, "aclose", None)
            if close is not None:
                await close()

    def _input(self, given: Any, call: Call) -> Any:
        return ask_again(self.inner, given, call, feedback=self.feedback)

    @property
    def _speaker(self) -> str:
        return self.inner.get_name()

    def _asked(self, given: Any, config: RunnableConfig) -> Asked:  # noqa: ARG002 - the base reads it
        return read_input(given, question=self.question, evidence=self.evidence)
