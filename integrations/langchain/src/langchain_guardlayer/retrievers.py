"""The knowledge layer as a retriever, and any retriever held to what the knowledge layer knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field, field_validator

from guardlayer import Guard, Knowledge
from guardlayer.errors import ConfigError
from guardlayer.temporal import When, instant, utc_now
from guardlayer.types import Claim, Evidence, Label, Query, Report, Standing
from langchain_guardlayer.verdicts import KEY


class KnowledgeRetriever(BaseRetriever):
    """The facts and documents of a knowledge layer as a LangChain retriever.

    Facts whose entity and attribute the query names come first, then passages. Only what holds at the instant asked
    for is returned, unless ``history`` is set. A document's ``metadata`` holds ``source``, ``standing`` and, where
    known, ``uri``, ``version``, ``valid_from``, ``valid_to``, ``fact`` and ``fact_version``; its id names the version
    that was read, ``source@version#start``.

    Attributes:
        knowledge: The knowledge layer.
        k: At most this many documents are returned; also ``invoke(query, k=...)``.
        at: The instant for which facts are asked: a datetime, a date or an ISO string. ``None`` is now.
        history: Whether what has ended, was corrected or was retracted is returned too, after what is current.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    knowledge: Knowledge
    k: int = Field(default=5, ge=1)
    at: Any = None
    history: bool = False

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - LangChain's signature
        k: int | None = None,
        at: When | None = None,
    ) -> list[Document]:
        wanted = self.k if k is None else k
        asked = at if at is not None else self.at
        when = utc_now() if asked is None else instant(asked)
        claim = Claim(query, 0, len(query))
        found = Query(claim, when, question=query, limit=max(wanted, 1))
        pieces = [*self.knowledge.keyed.search(found), *self.knowledge.retrieval.search(found)]
        if not self.history:
            pieces = [piece for piece in pieces if piece.standing in (Standing.CURRENT, Standing.DISPUTED)]
        pieces.sort(key=lambda piece: piece.standing is not Standing.CURRENT)
        return [_document(piece) for piece in pieces[:wanted]]


class GuardRetriever(BaseRetriever):
    """A retriever whose documents are held to the guard's knowledge: what is out of date is tagged, or left out.

    A document in which the knowledge layer finds a value that has ended, was corrected or was never true gets
    ``metadata["guardlayer"]``: the statements, each with what is true now. What the knowledge layer does not speak of
    is not judged: documents are sources themselves.

    Attributes:
        inner: The retriever.
        guard: Whose knowledge the documents are held to.
        stale: ``"tag"`` keeps such documents, ``"drop"`` leaves them out.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    inner: BaseRetriever
    guard: Guard
    stale: Literal["tag", "drop"] = "tag"

    @field_validator("guard")
    @classmethod
    def _knows(cls, guard: Guard) -> Guard:
        if guard.knowledge is None:
            raise ConfigError("guard= has no knowledge to hold documents to; build it with Guard(knowledge=...)")
        return guard

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        found = self.inner.invoke(query, {"callbacks": run_manager.get_child()}, **kwargs)
        judge = self._judge()
        return list(self._held([(document, judge.check(document.page_content)) for document in found]))

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        found = await self.inner.ainvoke(query, {"callbacks": run_manager.get_child()}, **kwargs)
        judge = self._judge()
        return list(self._held([(document, await judge.acheck(document.page_content)) for document in found]))

    def _judge(self) -> Guard:
        # What is retrieved is not said by a model, so it is not recorded as if it were.
        return Guard(knowledge=self.guard.knowledge, policy="observe", log=None)

    def _held(self, judged: list[tuple[Document, Report]]) -> Iterator[Document]:
        for document, report in judged:
            outdated = [
                {
                    "statement": report.draft.text[claim.start : claim.end],
                    "verdict": str(claim.verdict),
                    "current": claim.current.text if claim.current else None,
                }
                for claim in report.claims
                if claim.verdict in (Label.STALE, Label.CONTRADICTED)
            ]
            if not outdated:
                yield document
            elif self.stale == "tag":
                yield document.model_copy(update={"metadata": {**document.metadata, KEY: {"outdated": outdated}}})


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
