"""A guard around a query engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import (
    RESPONSE_TYPE,
)
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.prompts.mixin import PromptDictType, PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle

from guardlayer.errors import ConfigError
from guardlayer.wrapping import Answer, Asked, Call, Checker, Exchange, arun, exchange, run
from llama_index_guardlayer.events import announced
from llama_index_guardlayer.holding import Session, checked_hold
from llama_index_guardlayer.responses import ahold, hold, open_engine_response, released, streams
from llama_index_guardlayer.veil import Veil, managers_of


class GuardedQueryEngine(BaseQueryEngine):
    """A query engine whose responses are as the guard's policy would have them.

    The query is the question, the source nodes of the response are evidence, and ``response.metadata["guardlayer"]``
    lists what was found, in brief; for a response that streams, once it has ended. When the policy asks again, the
    query carries what was wrong; embeddings are still made of the query alone. What handlers of LlamaIndex's
    instrumentation are told of the inner engine is without the model's words.

    Args:
        inner: The engine that answers.
        guard: What checks the answers, usually a ``guardlayer.Guard``.
        hold: How much of a streaming response is held back. ``"sentence"`` releases each sentence once it was checked;
            the engine is then not asked again, and where the policy would, the sentence is taken out. ``"full"`` drains
            and checks the response before it is returned.
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
        hold: Literal["sentence", "full"] = "sentence",
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
        self._hold = checked_hold(hold, guard)
        self._options = announced("GuardedQueryEngine", raises, on_report)
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
        return self._guarded(query_bundle, lambda query: self._inner.synthesize(query, nodes, additional_source_nodes))

    async def asynthesize(
        self,
        query_bundle: QueryBundle,
        nodes: list[NodeWithScore],
        additional_source_nodes: Sequence[NodeWithScore] | None = None,
    ) -> RESPONSE_TYPE:
        """Do what :meth:`synthesize` does, without blocking the event loop."""
        return await self._aguarded(
            query_bundle, lambda query: self._inner.asynthesize(query, nodes, additional_source_nodes)
        )

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        return self._guarded(query_bundle, self._inner.query)

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        return await self._aguarded(query_bundle, self._inner.aquery)

    def _get_prompts(self) -> PromptDictType:
        return {}

    def _get_prompt_modules(self) -> PromptMixinType:
        return {"query_engine": self._inner}

    def _update_prompts(self, prompts: PromptDictType) -> None:
        """Leave the prompts to the inner engine, which is a module of this one."""

    def _guarded(self, query: QueryBundle, ask: Any) -> RESPONSE_TYPE:
        veil = Veil(*managers_of(self._inner))
        with veil.over():
            first = ask(query)
        if self._hold == "sentence" and streams(first):
            return released(first, self._session(query, first), veil)

        def call(call: Call) -> Answer:
            veil.hide(call.feedback)
            with veil.over():
                return Answer((hold(first if call.feedback is None else ask(_again(query, call))),))

        return _response(run(self._exchange(query), self._guard, call))

    async def _aguarded(self, query: QueryBundle, ask: Any) -> RESPONSE_TYPE:
        veil = Veil(*managers_of(self._inner))
        with veil.over():
            first = await ask(query)
        if self._hold == "sentence" and streams(first):
            return released(first, self._session(query, first), veil)

        async def call(call: Call) -> Answer:
            veil.hide(call.feedback)
            with veil.over():
                return Answer((await ahold(first if call.feedback is None else await ask(_again(query, call))),))

        return _response(await arun(self._exchange(query), self._guard, call))

    def _session(self, query: QueryBundle, response: Any) -> Session:
        asked = Asked(question=query.query_str, evidence=tuple(response.source_nodes))
        return Session(self._guard, asked, self._options)

    def _exchange(self, query: QueryBundle) -> Exchange:
        options, what = self._options, type(self._inner).__name__
        return exchange(
            Asked(question=query.query_str),
            options,
            self._guard.policy,
            lambda value: open_engine_response(value, options, what=what),
        )


def _again(query: QueryBundle, call: Call) -> QueryBundle:
    """Return the query for one call: with feedback added to what the model reads, not to what is retrieved by."""
    return QueryBundle(
        query_str=f"{query.query_str}\n\n{call.feedback}",
        image_path=query.image_path,
        custom_embedding_strs=query.embedding_strs,
        embedding=query.embedding,
    )


def _response(answer: Answer) -> RESPONSE_TYPE:
    response: RESPONSE_TYPE = answer.chunks[0]
    return response
