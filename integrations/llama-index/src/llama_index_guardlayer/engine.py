"""A guard around a query engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import RESPONSE_TYPE
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.prompts.mixin import PromptDictType, PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle

from guardlayer.errors import ConfigError
from guardlayer.wrapping import Answer, Asked, Call, Checker, Exchange, Options, arun, exchange, run
from llama_index_guardlayer.responses import ahold, hold, open_engine_response


class GuardedQueryEngine(BaseQueryEngine):
    """A query engine whose responses are as the guard's policy would have them.

    The query is the question, the source nodes of the response are evidence, and ``response.metadata["guardlayer"]``
    lists what was found, in brief. A streaming response is drained and checked as a whole before it is returned; its
    tokens then come at once. When the policy asks again, the query carries what was wrong; embeddings are still made of
    the query alone. Instrumentation sees the inner engine's query, with its raw answer, inside the guarded one.

    Args:
        inner: The engine that answers.
        guard: What checks the answers, usually a ``guardlayer.Guard``.
        callback_manager: The inner engine's by default.
        raises: ``True`` raises ``GuardViolation`` where the policy blocks, ``"findings"`` whenever the report is not
            ok; by default a blocked answer is the refusal.
        on_report: Called with every report.

    Raises:
        ConfigError: ``inner`` is no query engine, or an option is wrong.
    """

    def __init__(
        self,
        *,
        inner: BaseQueryEngine,
        guard: Checker,
        callback_manager: CallbackManager | None = None,
        raises: Any = False,
        on_report: Any = None,
    ) -> None:
        if not isinstance(inner, BaseQueryEngine):
            raise ConfigError(f"inner= takes a query engine, not a {type(inner).__qualname__}")
        if not isinstance(guard, Checker):
            raise ConfigError(f"guard= takes a guardlayer.Guard, not a {type(guard).__qualname__}")
        self._inner = inner
        self._guard = guard
        self._options = Options(raises=raises, on_report=on_report)
        super().__init__(callback_manager or inner.callback_manager)

    @property
    def inner(self) -> BaseQueryEngine:
        """The engine that answers."""
        return self._inner

    def retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        """Return what the inner engine retrieves: evidence, so nothing to guard."""
        return self._inner.retrieve(query_bundle)

    def synthesize(
        self,
        query_bundle: QueryBundle,
        nodes: list[NodeWithScore],
        additional_source_nodes: Sequence[NodeWithScore] | None = None,
    ) -> RESPONSE_TYPE:
        """Return the inner engine's answer from given nodes, checked."""

        def call(call: Call) -> Answer:
            return Answer((hold(self._inner.synthesize(_again(query_bundle, call), nodes, additional_source_nodes)),))

        return _response(run(self._exchange(query_bundle), self._guard, call))

    async def asynthesize(
        self,
        query_bundle: QueryBundle,
        nodes: list[NodeWithScore],
        additional_source_nodes: Sequence[NodeWithScore] | None = None,
    ) -> RESPONSE_TYPE:
        """Do what :meth:`synthesize` does, without blocking the event loop."""

        async def call(call: Call) -> Answer:
            response = await self._inner.asynthesize(_again(query_bundle, call), nodes, additional_source_nodes)
            return Answer((await ahold(response),))

        return _response(await arun(self._exchange(query_bundle), self._guard, call))

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        def call(call: Call) -> Answer:
            return Answer((hold(self._inner.query(_again(query_bundle, call))),))

        return _response(run(self._exchange(query_bundle), self._guard, call))

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        async def call(call: Call) -> Answer:
            return Answer((await ahold(await self._inner.aquery(_again(query_bundle, call))),))

        return _response(await arun(self._exchange(query_bundle), self._guard, call))

    def _get_prompts(self) -> PromptDictType:
        return {}

    def _get_prompt_modules(self) -> PromptMixinType:
        return {"query_engine": self._inner}

    def _update_prompts(self, prompts: PromptDictType) -> None:
        """Leave the prompts to the inner engine, which is a module of this one."""

    def _exchange(self, query: QueryBundle) -> Exchange:
        options, what = self._options, type(self._inner).__name__
        return exchange(
            Asked(question=query.query_str),
            options,
            self._guard.policy,
            lambda value: open_engine_response(value, options, what=what),
        )


def wrap(checker: Checker, thing: Any, **options: Any) -> GuardedQueryEngine | None:
    """Put a query engine under guard: what ``guard.wrap`` does with LlamaIndex's objects.

    Args:
        checker: The guard.
        thing: A query engine; for anything else of LlamaIndex's, ``None`` is returned.
        options: As :class:`GuardedQueryEngine` has them.

    Raises:
        ConfigError: An option is not known.
    """
    if not isinstance(thing, BaseQueryEngine):
        return None
    known = ("callback_manager", "raises", "on_report")
    for name in options:
        if name not in known:
            raise ConfigError(f"unknown option {name!r} for a query engine; the options are {', '.join(known)}")
    return GuardedQueryEngine(inner=thing, guard=checker, **options)


def _again(query: QueryBundle, call: Call) -> QueryBundle:
    """Return the query for one call: with feedback added to what the model reads, not to what is retrieved by."""
    if call.feedback is None:
        return query
    return QueryBundle(
        query_str=f"{query.query_str}\n\n{call.feedback}",
        image_path=query.image_path,
        custom_embedding_strs=query.embedding_strs,
        embedding=query.embedding,
    )


def _response(answer: Answer) -> RESPONSE_TYPE:
    response: RESPONSE_TYPE = answer.chunks[0]
    return response
