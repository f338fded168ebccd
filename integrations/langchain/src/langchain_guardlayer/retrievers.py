"""The knowledge layer as a retriever, and any retriever held to what the knowledge layer knows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field, SkipValidation, field_validator, model_validator

from guardlayer import Guard
from guardlayer.errors import ConfigError
from guardlayer.knowledge import Readable
from guardlayer.temporal import When, instant, utc_now
from guardlayer.types import Evidence
from guardlayer.wrapping.retrieved import Ended, Screen, search
from langchain_guardlayer.events import unheard


class KnowledgeRetriever(BaseRetriever):
    """The facts and documents of a knowledge layer as a LangChain retriever.

    Facts whose entity and attribute the query names come first, then passages. Only what holds at the instant asked
    for is returned, unless ``history`` is set. A document's ``metadata`` holds ``source``, ``standing`` and, where
    known, ``uri``, ``version``, ``valid_from``, ``valid_to``, ``fact`` and ``fact_version``; its id names the version
    that was read, ``source@version#start``.

    Attributes:
        knowledge: The knowledge layer, or what a principal sees of it: ``guard.acting_for("alice").readable``.
        k: At most this many documents are returned; also ``invoke(query, k=...)``.
        at: The instant for which facts are asked: a datetime, a date or an ISO string. ``None`` is now.
        history: Whether what has ended, was corrected or was retracted is returned too, after what is current.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    knowledge: SkipValidation[Readable]
    k: int = Field(default=5, ge=1)
    at: Any = None
    history: bool = False

    @field_validator("knowledge", mode="before")
    @classmethod
    def _readable(cls, knowledge: Any) -> Any:
        if not isinstance(knowledge, Readable):
            raise ConfigError(f"knowledge= takes a Knowledge or guard.readable, not a {type(knowledge).__qualname__}")
        return knowledge

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - LangChain's signature
        k: int | None = None,
        at: When | None = None,
    ) -> list[Document]:
        asked = at if at is not None else self.at
        when = utc_now() if asked is None else instant(asked)
        limit = max(self.k if k is None else k, 0)
        return [_document(one) for one in search(self.knowledge, query, at=when, limit=limit, history=self.history)]


class GuardRetriever(BaseRetriever):
    """Any retriever, without what does not hold any more, and without what the guard's principal may not read.

    A document is known to have ended where a newer version of its source was retrieved with it, where the knowledge
    layer holds its source in a newer version or as retracted, or where it states a fact that was superseded, corrected
    or retracted since. What nobody knows of is returned as it is; what the knowledge layer contradicts, without ever
    having said so, is marked: documents are sources themselves.

    The retriever inside is called without callbacks: what it found is told to nobody before it was judged.

    Attributes:
        inner: The retriever.
        guard: A guard with a knowledge layer, permissions (``guard.acting_for("alice")``), or a ``metadata`` mapping.
        ended: What becomes of documents that have ended: ``"replace"`` puts what holds instead in their place, where
            that is known; ``"drop"`` leaves them out; ``"mark"`` keeps them, and notes their standing in their
            metadata (``guardlayer_standing``), with what holds instead (``guardlayer_current``).
        at: The instant for which is judged: a datetime, a date or an ISO string. ``None`` is now.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, ignored_types=(cached_property,))

    inner: BaseRetriever
    guard: Guard
    ended: Ended = "replace"
    at: Any = None

    @model_validator(mode="after")
    def _sound(self) -> GuardRetriever:
        _ = self._screen
        return self

    @cached_property
    def _screen(self) -> Screen[Document]:
        return Screen(self.guard, _Documents(), ended=self.ended, at=self.at)

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - LangChain's signature
        **kwargs: Any,
    ) -> list[Document]:
        inner = self.inner
        with unheard():
            if type(inner).invoke is not BaseRetriever.invoke:
                found = inner.invoke(query, {"callbacks": []}, **kwargs)
            else:
                silent = CallbackManagerForRetrieverRun.get_noop_manager()
                found = inner._get_relevant_documents(query, **_given(inner, silent, kwargs))  # noqa: SLF001 - what invoke calls, which would tell what was found
        return self._screen(found)

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,  # noqa: ARG002 - LangChain's signature
        **kwargs: Any,
    ) -> list[Document]:
        inner = self.inner
        with unheard():
            if type(inner).ainvoke is not BaseRetriever.ainvoke:
                found = await inner.ainvoke(query, {"callbacks": []}, **kwargs)
            else:
                silent = AsyncCallbackManagerForRetrieverRun.get_noop_manager()
                found = await inner._aget_relevant_documents(query, **_given(inner, silent, kwargs))  # noqa: SLF001 - as above
        return await asyncio.to_thread(self._screen, found)


def _given(inner: Any, silent: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return what ``BaseRetriever.invoke`` hands on: older retrievers take no run manager, most no other arguments."""
    heard = {"run_manager": silent} if inner._new_arg_supported else {}  # noqa: SLF001 - where LangChain notes it
    return {**heard, **(kwargs if inner._expects_other_args else {})}  # noqa: SLF001 - likewise


class _Documents:
    """How LangChain's documents are read and made."""

    def text(self, passage: Document) -> str:
        return passage.page_content

    def worded(self, passage: Document, text: str) -> Document:
        return passage.model_copy(update={"page_content": text})

    def noted(self, passage: Document, notes: Mapping[str, str]) -> Document:
        return passage.model_copy(update={"metadata": {**passage.metadata, **notes}})

    def made(self, evidence: Evidence, like: Document) -> Document:  # noqa: ARG002 - LangChain's documents have no score
        return _document(evidence)


def _document(piece: Evidence) -> Document:
    source = piece.source
    metadata: dict[str, Any] = {"source": source.id, "standing": str(piece.standing), "score": piece.score}
    optional = {
        "uri": source.uri,
        "version": source.version,
        "valid_from": piece.valid.start.isoformat() if piece.valid.start else None,
        "valid_to": piece.valid.end.isoformat() if piece.valid.end else None,
        "start_index": piece.span.start if piece.span else None,
    }
    identity = source.id + (f"@{source.version}" if source.version else "")
    if piece.fact is not None:
        optional |= {"fact": piece.fact.id, "fact_version": piece.fact.version}
        identity = f"{piece.fact.id}@{piece.fact.version}"
    elif piece.span is not None:
        identity = f"{identity}#{piece.span.start}"
    metadata |= {name: value for name, value in optional.items() if value is not None}
    return Document(piece.text, id=identity, metadata=metadata)
