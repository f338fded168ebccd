"""A model's stream, item by item, remade with the text that may be shown: both the delta and the text so far.

The two classes do no I/O and check nothing. They are told what the model sends and what was released, and say what to
hand on. Whatever the model sends that is not text (tool calls, reasoning, usage) is handed on in its place; the model's
own cumulative text never is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from llama_index.core.base.llms.types import (
    ChatResponse,
    CitationBlock,
    CompletionResponse,
    TextBlock,
)

from llama_index_guardlayer.messages import calls_tools, is_call, recompleted, remade, text_of

Item = TypeVar("Item", ChatResponse, CompletionResponse)


class Speech(Generic[Item]):
    """What was said and shown so far of one stream."""

    def __init__(self) -> None:
        self.said = ""
        self.shown = ""
        self._citations: list[CitationBlock] = []
        self._waiting: Item | None = None
        self._last: Item | None = None

    @property
    def silent(self) -> bool:
        """Whether the model does something besides what it says, so that saying nothing is not an answer."""
        return False

    @property
    def counts(self) -> dict[str, Any]:
        """The keyword arguments of the last item, where models that count their tokens say so."""
        return {} if self._last is None else dict(self._last.additional_kwargs)

    def hear(self, item: Item) -> str:
        """Take one item from the model and return the text that is new in it."""
        if item.delta is not None:
            new = item.delta
        else:
            whole = self._text(item)
            new = whole.removeprefix(self.said) if whole.startswith(self.said) else ""
        self.said += new
        self._last = item
        return new

    def unheard(self) -> str:
        """Return what the last item's text has beyond its deltas; some models send the end of the text only there."""
        whole = "" if self._last is None else self._text(self._last)
        new = whole.removeprefix(self.said) if whole.startswith(self.said) else ""
        self.said += new
        return new

    def say(self, item: Item, new: str, released: str, citations: Sequence[CitationBlock] = ()) -> list[Item]:
        """Return what to hand on now.

        Args:
            item: The item that was heard.
            new: The text that was new in it.
            released: Text that may be shown since.
            citations: What all text shown so far rests on.
        """
        ready = self._let_go()
        self.shown += released
        self._citations = list(citations)
        if released:
            ready.append(self._with(item, released))
        elif not new:
            self._waiting = item
        return ready

    def close(
        self,
        released: str,
        citations: Sequence[CitationBlock] = (),
        *,
        verdicts: Sequence[dict[str, Any]] | None = None,
        refused: bool = False,
    ) -> list[Item]:
        """Return the end of the stream: the rest of the text, with the verdicts; nothing if the model sent nothing."""
        item = self._last
        if item is None:
            return []
        self.shown += released
        self._citations = list(citations)
        return [self._with(item, released, verdicts, refused=refused)]

    def _let_go(self) -> list[Item]:
        waiting, self._waiting = self._waiting, None
        return [] if waiting is None else [self._with(waiting, "")]

    def _text(self, item: Item) -> str:
        raise NotImplementedError

    def _with(
        self, item: Item, delta: str, verdicts: Sequence[dict[str, Any]] | None = None, *, refused: bool = False
    ) -> Item:
        raise NotImplementedError


class ChatSpeech(Speech[ChatResponse]):
    """The stream of a chat."""

    @property
    def silent(self) -> bool:
        """Whether the last message calls tools."""
        return self._last is not None and calls_tools(self._last.message)

    def _text(self, item: ChatResponse) -> str:
        return text_of(item.message)

    def _with(
        self, item: ChatResponse, delta: str, verdicts: Sequence[dict[str, Any]] | None = None, *, refused: bool = False
    ) -> ChatResponse:
        blocks = self._blocks(item)
        return remade(item, blocks, said=self.said, shown=self.shown, verdicts=verdicts, refused=refused, delta=delta)

    def _blocks(self, item: ChatResponse) -> list[Any]:
        """Return the blocks of an item with the text shown so far where its text stands, or before its tool calls."""
        blocks: list[Any] = list(item.message.blocks)
        texts = [place for place, block in enumerate(blocks) if isinstance(block, TextBlock)]
        calls = [place for place, block in enumerate(blocks) if is_call(block)]
        place = texts[0] if texts else calls[0] if calls else len(blocks)
        if not texts and not self.shown:
            return blocks
        before = blocks[:place]
        after = [block for block in blocks[place:] if not isinstance(block, TextBlock)]
        return [*before, TextBlock(text=self.shown), *after, *self._citations]


class CompletionSpeech(Speech[CompletionResponse]):
    """The stream of a completion."""

    def _text(self, item: CompletionResponse) -> str:
        return item.text

    def _with(
        self,
        item: CompletionResponse,
        delta: str,
        verdicts: Sequence[dict[str, Any]] | None = None,
        *,
        refused: bool = False,
    ) -> CompletionResponse:
        return recompleted(item, said=self.said, shown=self.shown, verdicts=verdicts, refused=refused, delta=delta)
