"""The user's own retrievers as authorities: a callable, a LangChain retriever, a LlamaIndex retriever."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from guardlayer.errors import AuthorityError, ConfigError, GuardlayerError
from guardlayer.evidence.coercion import MAX_ITEMS, best, coerce, loaded
from guardlayer.evidence.metadata import Keys
from guardlayer.protocols import Authority
from guardlayer.types import Evidence, Query

_ACCEPTED = (
    "a callable (query: str) -> passages, sync or async; a LangChain retriever or Runnable; a LlamaIndex retriever; "
    "or an object with an id and search(query)"
)

Ask = Callable[[str], Any]


class RetrieverAuthority:
    """Asks a retriever for passages that bear on a claim. The text of the claim is the query, and nothing else.

    Args:
        retriever: A callable ``(query: str) -> passages``, sync or async; a LangChain ``BaseRetriever`` or other
            ``Runnable``; a LlamaIndex ``BaseRetriever``. Passages are whatever :func:`guardlayer.evidence.coerce`
            reads; ``None`` is none.
        id: Name in reports and records. Default: the name of the function or class.
        max_results: Most passages taken from one answer; what comes after is left.
        metadata: Under which keys the passages say what they are and when they hold: ``{"source": "doc_id",
            "updated": "last_edited"}``; see :class:`guardlayer.evidence.metadata.Keys`.

    Raises:
        ConfigError: The retriever is none of these, or ``metadata`` is no such mapping.
    """

    def __init__(
        self,
        retriever: Any,
        *,
        id: str | None = None,  # noqa: A002 - the Protocol's word
        max_results: int = 50,
        metadata: Mapping[str, str | Sequence[str]] | Keys | None = None,
    ) -> None:
        self._keys = Keys.of(metadata)
        self._ask, self._aask = _ways(retriever)
        self._id = id or _name(retriever)
        self._max_results = min(max_results, MAX_ITEMS)

    @property
    def id(self) -> str:
        """Name of the retriever in reports and records."""
        return self._id

    def search(self, query: Query) -> Sequence[Evidence]:
        """Return the first ``query.limit`` passages the retriever finds, current ones first, else in its order.

        Raises:
            AuthorityError: It failed, returned something that is no passage, or can only be awaited.
        """
        if self._ask is None:
            raise AuthorityError(f"{self._id} is async only; use acheck, or give it a sync way to be called")
        try:
            answer = self._ask(query.claim.text)
        except Exception as error:
            raise self._failed(error) from error
        if inspect.isawaitable(answer) or isinstance(answer, AsyncIterable):
            if inspect.iscoroutine(answer):
                answer.close()
            raise AuthorityError(f"{self._id} returned something to be awaited; use acheck")
        return self._read(answer, query)

    async def asearch(self, query: Query) -> Sequence[Evidence]:
        """Do as :meth:`search`, awaiting an async retriever and keeping a blocking one out of the event loop.

        Raises:
            AuthorityError: It failed, or returned something that is no passage.
        """
        try:
            if self._aask is not None:
                answer = self._aask(query.claim.text)
            else:
                assert self._ask is not None
                answer = await asyncio.to_thread(self._ask, query.claim.text)
            if inspect.isawaitable(answer):
                answer = await answer
            if isinstance(answer, AsyncIterable):
                answer = await self._collected(answer)
        except Exception as error:
            raise self._failed(error) from error
        return self._read(answer, query)

    async def _collected(self, answer: AsyncIterable[Any]) -> list[Any]:
        collected: list[Any] = []
        async for item in answer:
            collected.append(item)
            if len(collected) >= self._max_results:
                break
        return collected

    def _read(self, answer: Any, query: Query) -> Sequence[Evidence]:
        try:
            if isinstance(answer, Sequence) and not isinstance(answer, (str, bytes)):
                answer = answer[: self._max_results]
            elif hasattr(answer, "__next__"):
                answer = list(islice(answer, self._max_results))
            found = coerce(answer, where=f"the answer of {self._id}", name=self._id, metadata=self._keys)
        except Exception as error:
            raise self._failed(error) from error
        return best(found, at=query.at, limit=query.limit)

    def _failed(self, error: Exception) -> AuthorityError:
        told = str(error) if isinstance(error, GuardlayerError) else f"{type(error).__name__}: {error}"
        return AuthorityError(f"{self._id} could not be asked: {told[:300]}")


def as_authority(thing: Any, *, metadata: Mapping[str, str | Sequence[str]] | Keys | None = None) -> Authority:
    """Return ``thing`` as an authority: one as it is, a retriever wrapped.

    Args:
        thing: An authority or a retriever.
        metadata: As for :class:`RetrieverAuthority`.

    Raises:
        ConfigError: It is neither; the message says what is accepted.
    """
    if not isinstance(thing, type) and _framework_ways(thing) is None and _is_authority(thing):
        authority: Authority = thing
        return authority
    return RetrieverAuthority(thing, metadata=metadata)


def _is_authority(thing: Any) -> bool:
    return isinstance(getattr(thing, "id", None), str) and callable(getattr(thing, "search", None))


def _ways(retriever: Any) -> tuple[Ask | None, Ask | None]:
    """Return how to ask a retriever in place and how to await it, as far as it has these ways."""
    framework = _framework_ways(retriever)
    if framework is not None:
        return framework
    if isinstance(retriever, type) or not callable(retriever):
        kind = f"the class {retriever.__qualname__}" if isinstance(retriever, type) else type(retriever).__qualname__
        raise ConfigError(f"a source cannot be {kind}; pass {_ACCEPTED}")
    if _is_async(retriever):
        return None, retriever
    return retriever, None


def _framework_ways(retriever: Any) -> tuple[Ask, Ask] | None:
    runnable = loaded("langchain_core.runnables.base", "Runnable")
    if runnable is not None and isinstance(retriever, runnable):
        return _methods(retriever, "invoke", "ainvoke")
    llama = loaded("llama_index.core.base.base_retriever", "BaseRetriever")
    if llama is not None and isinstance(retriever, llama):
        return _methods(retriever, "retrieve", "aretrieve")
    return None


def _methods(retriever: Any, sync: str, awaited: str) -> tuple[Ask, Ask]:
    aask: Callable[[str], Awaitable[Any]] = getattr(retriever, awaited)
    return getattr(retriever, sync), aask


def _is_async(thing: Any) -> bool:
    target = thing
    while isinstance(target, partial):
        target = target.func
    call = getattr(target, "__call__", None)  # noqa: B004 - its kind matters, not that it can be called
    return any(
        inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one) for one in (target, call) if one is not None
    )


def _name(retriever: Any) -> str:
    target = retriever
    while isinstance(target, partial):
        target = target.func
    name = getattr(target, "__qualname__", None) or type(target).__qualname__
    return str(name).replace("<locals>.", "").replace("<lambda>", "lambda")
