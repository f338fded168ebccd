"""A guard around a runnable."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Literal, Self

from langchain_core.runnables import Runnable, RunnableConfig, RunnableSerializable
from langchain_core.runnables.utils import ConfigurableFieldSpec
from langchain_core.utils.pydantic import TypeBaseModel
from pydantic import ConfigDict, field_validator, model_validator

from guardlayer.errors import ConfigError
from guardlayer.types import Report
from guardlayer.wrapping import Answer, Call, Checker, Exchange, Options, adrain, arun, drain, exchange, run
from langchain_guardlayer.inputs import ask_again, read_input
from langchain_guardlayer.outputs import gather, open_output


class GuardedRunnable(RunnableSerializable[Any, Any]):
    """A runnable whose outputs are as the guard's policy would have them.

    The question is the input, where it is a string or a conversation, or what a mapping holds under ``question``,
    ``input``, ``query`` or ``messages``. Documents in the input or the output under ``context``, ``documents`` or
    ``source_documents`` are evidence. A stream is held back until it was checked as a whole, so its first chunk comes
    when the inner one's last has; nothing unchecked is ever put out. Raw events of the runnables inside stay visible
    to callbacks and ``astream_events``.

    It does not pose as the runnable inside: methods of that beyond ``Runnable``'s are not there, since they would lead
    around the guard.

    Attributes:
        inner: What produces the outputs.
        guard: What checks them, usually a ``guardlayer.Guard``.
        question: Key of the question in an input mapping.
        evidence: Key of the evidence in an input mapping.
        answer: Key of the answer in an output mapping.
        feedback: Key under which an input mapping takes what the policy says when it asks again. In conversations it
            follows as a message by itself.
        extract: Reads the text of an output of a type unknown here.
        replace: Returns a copy of such an output with another text.
        raises: ``True`` raises ``GuardViolation`` where the policy blocks, ``"findings"`` whenever the report is not
            ok; by default a blocked answer is the refusal.
        on_report: Called with every report.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    inner: Runnable[Any, Any]
    guard: Any
    question: str | None = None
    evidence: str | None = None
    answer: str | None = None
    feedback: str | None = None
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
        self._options()
        return self

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
        async for chunk in checked:
            yield chunk

    def _invoke(self, given: Any, config: RunnableConfig, **kwargs: Any) -> Any:
        def call(call: Call) -> Answer:
            return Answer((self.inner.invoke(self._input(given, call), config, **kwargs),))

        return run(self._exchange(given), self.guard, call).chunks[0]

    async def _ainvoke(self, given: Any, config: RunnableConfig, **kwargs: Any) -> Any:
        async def call(call: Call) -> Answer:
            return Answer((await self.inner.ainvoke(self._input(given, call), config, **kwargs),))

        return (await arun(self._exchange(given), self.guard, call)).chunks[0]

    def _stream(self, inputs: Iterator[Any], config: RunnableConfig, **kwargs: Any) -> Iterator[Any]:
        for given in inputs:

            def call(call: Call, given: Any = given) -> Answer:
                chunks = drain(self.inner.stream(self._input(given, call), config, **kwargs)).chunks
                return Answer(gather(chunks))

            yield from run(self._exchange(given), self.guard, call).chunks

    async def _astream(self, inputs: AsyncIterator[Any], config: RunnableConfig, **kwargs: Any) -> AsyncIterator[Any]:
        async for given in inputs:

            async def call(call: Call, given: Any = given) -> Answer:
                stream = self.inner.astream(self._input(given, call), config, **kwargs)
                return Answer(gather((await adrain(stream)).chunks))

            for chunk in (await arun(self._exchange(given), self.guard, call)).chunks:
                yield chunk

    def _input(self, given: Any, call: Call) -> Any:
        return ask_again(self.inner, given, call, feedback=self.feedback)

    def _exchange(self, given: Any) -> Exchange:
        options, what = self._options(), self.inner.get_name()
        return exchange(
            read_input(given, question=self.question, evidence=self.evidence),
            options,
            self.guard.policy,
            lambda value: open_output(value, given, options, answer=self.answer, what=what),
        )

    def _options(self) -> Options:
        return Options(
            extract=self.extract,
            replace=self.replace,
            raises=self.raises,
            on_report=self.on_report,
        )


def wrap(checker: Checker, thing: Any, **options: Any) -> GuardedRunnable | None:
    """Put a runnable under guard: what ``guard.wrap`` does with LangChain's objects.

    Args:
        checker: The guard.
        thing: A runnable; for anything else of LangChain's, ``None`` is returned.
        options: Fields of :class:`GuardedRunnable`.

    Raises:
        ConfigError: An option is not known.
    """
    if not isinstance(thing, Runnable):
        return None
    known = [name for name in GuardedRunnable.model_fields if name not in ("inner", "guard")]
    for name in options:
        if name not in known:
            raise ConfigError(f"unknown option {name!r} for a runnable; the options are {', '.join(known)}")
    return GuardedRunnable(inner=thing, guard=checker, **options)
