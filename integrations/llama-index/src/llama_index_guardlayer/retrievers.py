"""Retrieval that knows what holds now: the knowledge layer as a retriever, and any retriever judged by it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from pydantic import Field, PrivateAttr

from guardlayer import Knowledge
from guardlayer.errors import ConfigError
from guardlayer.temporal import Clock, When, instant, utc_now
from guardlayer.types import Claim, Evidence, Query, Standing
from llama_index_guardlayer.judging import CURRENT, STANDING, Judge, Judgement


class KnowledgeRetriever(BaseRetriever):
    """The facts and passages of a knowledge layer that bear on a query: those that hold, unless told otherwise.

    A node's id names the version: ``f12@v3`` for a fact, ``source@version#offset`` for a passage. Its metadata has the
    source, its address and version, and from when to when it holds, under the names a guard reads them by.

    Args:
        knowledge: The knowledge layer.
        k: At most this many nodes are returned.
        at: The instant for which is asked; ``None`` is now.
        history: Whether superseded, corrected and retracted versions are returned too, marked by their standing.
        clock: Supplies the instant where ``at`` is ``None``.
        callback_manager: As LlamaIndex's retrievers have it.

    Raises:
        ConfigError: ``knowledge`` is none, or ``k`` is below 1.
    """

    def __init__(
        self,
        *,
        knowledge: Knowledge,
        k: int = 5,
        at: When | None = None,
        history: bool = False,
        clock: Clock = utc_now,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        if not isinstance(knowledge, Knowledge):
            raise ConfigError(f"knowledge= takes a Knowledge, not a {type(knowledge).__qualname__}")
        if k < 1:
            raise ConfigError(f"k={k} is too small; give at least 1")
        self._knowledge = knowledge
        self._k = k
        self._at = None if at is None else instant(at)
        self._history = history
        self._clock = clock
        super().__init__(callback_manager=callback_manager)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        text = query_bundle.query_str
        # A version that has ended may stand before one that holds, so more are asked for than are wanted.
        query = Query(Claim(text, 0, len(text)), self._at or self._clock(), question=text, limit=4 * self._k)
        found = [*self._knowledge.keyed.search(query), *self._knowledge.retrieval.search(query)]
        wanted = [piece for piece in found if self._history or piece.standing in (Standing.CURRENT, Standing.DISPUTED)]
        return [_node(piece) for piece in wanted[: self._k]]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


class GuardRetriever(BaseRetriever):
    """Any retriever, without the passages that are known not to hold any more.

    A passage is known to have ended where the knowledge layer holds its source in a newer version or as retracted, or
    where it states a fact that was superseded, corrected or retracted since. What the knowledge layer does not know of
    is returned as it is.

    Args:
        inner: The retriever.
        guard: A guard with a knowledge layer.
        ended: What to do with passages that have ended: ``"drop"`` them, or ``"mark"`` them in their metadata, which
            the model reads, with what holds instead.
        at: The instant for which is judged; ``None`` is now.

    Raises:
        ConfigError: ``inner`` is no retriever, the guard has no knowledge layer, or ``ended`` is neither.
    """

    def __init__(
        self, *, inner: BaseRetriever, guard: Any, ended: Literal["drop", "mark"] = "drop", at: When | None = None
    ) -> None:
        if not isinstance(inner, BaseRetriever):
            raise ConfigError(f"inner= takes a retriever, not a {type(inner).__qualname__}")
        if ended not in ("drop", "mark"):
            raise ConfigError(f"ended={ended!r} is not known; write 'drop' or 'mark'")
        self._inner = inner
        self._judge = Judge(guard)
        self._drop = ended == "drop"
        self._at = at
        super().__init__(callback_manager=inner.callback_manager)

    @property
    def inner(self) -> BaseRetriever:
        """The retriever."""
        return self._inner

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return self._judged(self._inner.retrieve(query_bundle))

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._judged, await self._inner.aretrieve(query_bundle))

    def _judged(self, nodes: Sequence[NodeWithScore]) -> list[NodeWithScore]:
        judged = [(node, self._judge(node, self._at)) for node in nodes]
        if self._drop:
            return [node for node, judgement in judged if not judgement.ended]
        return [_marked(node, judgement) if judgement.ended else node for node, judgement in judged]


class KnowledgeTagger(BaseNodePostprocessor):
    """Notes in each node's metadata what it is worth by what the knowledge layer knows, and what holds instead.

    Nodes it cannot tell about stay as they are. A postprocessor sees no answer, so it guards none: put it between a
    retriever and a :class:`GuardedSynthesizer`.

    Args:
        guard: A guard with a knowledge layer.

    Raises:
        ConfigError: It has none.
    """

    guard: Any = Field(exclude=True)
    _judge: Judge = PrivateAttr()

    def __init__(self, *, guard: Any, **kwargs: Any) -> None:
        judge = Judge(guard)
        super().__init__(**{**kwargs, "guard": guard})
        self._judge = judge

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex serializes the postprocessor."""
        return "KnowledgeTagger"

    def _postprocess_nodes(
        self,
        nodes: list[NodeWithScore],
        query_bundle: QueryBundle | None = None,  # noqa: ARG002 - LlamaIndex's signature
    ) -> list[NodeWithScore]:
        return [_marked(node, self._judge(node)) for node in nodes]


def _marked(node: NodeWithScore, judgement: Judgement) -> NodeWithScore:
    """Return a copy of the node that says what it is worth; the model reads that too, embeddings are not made of it."""
    if judgement.standing is None:
        return node
    noted = {STANDING: str(judgement.standing)}
    if judgement.current is not None:
        noted[CURRENT] = judgement.current
    inner = node.node.model_copy(
        update={
            "metadata": {**node.node.metadata, **noted},
            "excluded_embed_metadata_keys": [*node.node.excluded_embed_metadata_keys, STANDING, CURRENT],
        }
    )
    return NodeWithScore(node=inner, score=node.score)


def _node(piece: Evidence) -> NodeWithScore:
    fact, source = piece.fact, piece.source
    if fact is not None:
        name = f"{fact.id}@v{fact.version}"
    else:
        name = (
            source.id
            + (f"@{source.version}" if source.version else "")
            + (f"#{piece.span.start}" if piece.span else "")
        )
    metadata = {
        "source": source.id,
        "uri": source.uri,
        "version": source.version,
        "valid_from": piece.valid.start_text or (piece.valid.start and piece.valid.start.isoformat()),
        "valid_to": piece.valid.end_text or (piece.valid.end and piece.valid.end.isoformat()),
    }
    kept: dict[str, Any] = {key: value for key, value in metadata.items() if value}
    if piece.standing is not Standing.CURRENT:
        kept[STANDING] = str(piece.standing)
        if piece.successor is not None:
            kept[CURRENT] = piece.successor.text
    return NodeWithScore(node=TextNode(id_=name, text=piece.text, metadata=kept), score=piece.score)
