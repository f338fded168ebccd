"""Retrieval that knows what holds now: the knowledge layer as a retriever, and any retriever judged by it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle, TextNode
from pydantic import Field, PrivateAttr

from guardlayer.errors import ConfigError
from guardlayer.knowledge import Readable
from guardlayer.temporal import Clock, When, instant, utc_now
from guardlayer.types import Evidence, Standing
from guardlayer.wrapping.retrieved import CURRENT, STANDING, Ended, Screen, search
from llama_index_guardlayer.veil import Veil, managers_of


class KnowledgeRetriever(BaseRetriever):
    """The facts and passages of a knowledge layer that bear on a query: those that hold, unless told otherwise.

    A node's id names the version: ``f12@v3`` for a fact, ``source@version#offset`` for a passage. Its metadata has the
    source, its address and version, and from when to when it holds, under the names a guard reads them by.

    Args:
        knowledge: The knowledge layer, or what a principal sees of it: ``guard.acting_for("alice").readable``.
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
        knowledge: Readable,
        k: int = 5,
        at: When | None = None,
        history: bool = False,
        clock: Clock = utc_now,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        if not isinstance(knowledge, Readable):
            raise ConfigError(f"knowledge= takes a Knowledge or guard.readable, not a {type(knowledge).__qualname__}")
        if k < 1:
            raise ConfigError(f"k={k} is too small; give at least 1")
        self._knowledge = knowledge
        self._k = k
        self._at = None if at is None else instant(at)
        self._history = history
        self._clock = clock
        super().__init__(callback_manager=callback_manager)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        at = self._at or self._clock()
        found = search(self._knowledge, query_bundle.query_str, at=at, limit=self._k, history=self._history)
        return [_node(piece) for piece in found]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


class GuardRetriever(BaseRetriever):
    """Any retriever, without what does not hold any more, and without what the guard's principal may not read.

    A passage is known to have ended where a newer version of its source was retrieved with it, where the knowledge
    layer holds its source in a newer version or as retracted, or where it states a fact that was superseded, corrected
    or retracted since. What nobody knows of is returned as it is; what the knowledge layer contradicts, without ever
    having said so, is marked: documents are sources themselves.

    What the retriever inside found is taken out of events and callbacks until it was judged.

    Args:
        inner: The retriever.
        guard: A guard with a knowledge layer, permissions (``guard.acting_for("alice")``), or a ``metadata`` mapping.
        ended: What becomes of passages that have ended: ``"replace"`` puts what holds instead in their place, where
            that is known; ``"drop"`` leaves them out; ``"mark"`` keeps them, and notes their standing in their
            metadata (``guardlayer_standing``), with what holds instead (``guardlayer_current``).
        at: The instant for which is judged: a datetime, a date or an ISO string. ``None`` is now.

    Raises:
        ConfigError: ``inner`` is no retriever, the guard has nothing to judge by, or ``ended`` is none of those.
    """

    def __init__(self, *, inner: BaseRetriever, guard: Any, ended: Ended = "replace", at: When | None = None) -> None:
        if not isinstance(inner, BaseRetriever):
            raise ConfigError(f"inner= takes a retriever, not a {type(inner).__qualname__}")
        self._inner = inner
        self._screen = Screen(guard, _Nodes(), ended=ended, at=at)
        super().__init__(callback_manager=inner.callback_manager)

    @property
    def inner(self) -> BaseRetriever:
        """The retriever."""
        return self._inner

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        with self._veil().over():
            found = self._inner.retrieve(query_bundle)
        return self._screen(found)

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        with self._veil().over():
            found = await self._inner.aretrieve(query_bundle)
        return await asyncio.to_thread(self._screen, found)

    def _veil(self) -> Veil:
        return Veil(*managers_of(self), answers=False, nodes=True)

    def _handle_recursive_retrieval(
        self,
        query_bundle: QueryBundle,  # noqa: ARG002 - LlamaIndex's signature
        nodes: list[NodeWithScore],
    ) -> list[NodeWithScore]:
        return nodes  # the retriever inside has followed them; what they lead to from here would be judged by nobody

    async def _ahandle_recursive_retrieval(
        self,
        query_bundle: QueryBundle,  # noqa: ARG002 - LlamaIndex's signature
        nodes: list[NodeWithScore],
    ) -> list[NodeWithScore]:
        return nodes


class KnowledgeTagger(BaseNodePostprocessor):
    """Notes in each node's metadata what it is worth by what the knowledge layer knows, and what holds instead.

    Nodes it cannot tell about stay as they are, and those that the guard's principal may not read are left out. A
    postprocessor sees no answer, so it guards none: put it between a
    retriever and a :class:`GuardedSynthesizer`.

    Args:
        guard: A guard with a knowledge layer, permissions, or a ``metadata`` mapping.

    Raises:
        ConfigError: It has none of these.
    """

    guard: Any = Field(exclude=True)
    _screen: Screen[NodeWithScore] = PrivateAttr()

    def __init__(self, *, guard: Any, **kwargs: Any) -> None:
        screen = Screen(guard, _Nodes())
        super().__init__(**{**kwargs, "guard": guard})
        self._screen = screen

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex serializes the postprocessor."""
        return "KnowledgeTagger"

    def _postprocess_nodes(
        self,
        nodes: list[NodeWithScore],
        query_bundle: QueryBundle | None = None,  # noqa: ARG002 - LlamaIndex's signature
    ) -> list[NodeWithScore]:
        return self._screen.noted(nodes)


class _Nodes:
    """How LlamaIndex's nodes are read and made."""

    def text(self, passage: NodeWithScore) -> str:
        return passage.node.get_content(metadata_mode=MetadataMode.NONE)

    def worded(self, passage: NodeWithScore, text: str) -> NodeWithScore:
        node = passage.node
        worded = TextNode(text=text, metadata=node.metadata, relationships=node.relationships)
        return NodeWithScore(node=worded, score=passage.score)

    def noted(self, passage: NodeWithScore, notes: Mapping[str, str]) -> NodeWithScore:
        """Return a copy that says what it is worth; the model reads that too, embeddings are not made of it."""
        node = passage.node
        update = {
            "metadata": {**node.metadata, **notes},
            "excluded_embed_metadata_keys": [*node.excluded_embed_metadata_keys, *notes],
        }
        return NodeWithScore(node=node.model_copy(update=update), score=passage.score)

    def made(self, evidence: Evidence, like: NodeWithScore) -> NodeWithScore:
        return NodeWithScore(node=_node(evidence).node, score=like.score)


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
