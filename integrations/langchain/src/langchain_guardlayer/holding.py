"""What of a model's stream waits for its text to be checked: text by the sentence, all else in its place beside it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from guardlayer.streaming import Release, Session
from guardlayer.types import Action
from langchain_guardlayer.blocks import BREAK, interrupts, is_text
from langchain_guardlayer.said import LOGPROBS
from langchain_guardlayer.verdicts import KEY, citation, verdicts

FINISH = "finish_reason"
STICKY = ("model_provider", "output_version")
"""Metadata that says how a chunk is to be read: it stands on every chunk."""


class Holding:
    """One stream of message chunks on its way through a session.

    The driver feeds the session with what :meth:`take` returns, and puts out what :meth:`give` and :meth:`end` yield.
    Chunks of tool calls and reasoning, usage and metadata come out unaltered, behind the text that stood before them.

    Args:
        session: Checks the text.
        cite: Whether text comes as blocks with citations.
    """

    def __init__(self, session: Session, *, cite: bool) -> None:
        self.session = session
        self._cite = cite
        self._waiting: deque[tuple[int, ChatGenerationChunk]] = deque()
        self._upto = 0
        self._unshown = ""
        self._changed = False
        self._calls = False
        self._begun = False
        self._over = False
        self._finished = False
        self._id: str | None = None
        self._listed = cite
        self._sticky: dict[str, Any] = {}
        self._blocks: deque[tuple[int, Any]] = deque()
        self._index: Any = None
        self._block_start = 0
        self._interrupted = False
        self._breaks: deque[int] = deque()

    @property
    def silent(self) -> bool:
        """Whether the model said nothing, but called a tool: nothing is checked then."""
        return not self._begun or (self._calls and not self.session.received)

    @property
    def blocked(self) -> bool:
        """Whether the policy took the text away."""
        report = self.session.report
        return report is not None and report.action in (Action.BLOCK, Action.RETRY)

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Record what was not shown if the stream ends before its text: an error, a cancellation, a reader who left."""
        try:
            yield
        except BaseException as error:
            if not self._over:
                left = isinstance(error, GeneratorExit)
                self.session.abort("the reader closed the stream" if left else f"{type(error).__name__}: {error}")
            raise

    def over(self) -> None:
        """Note that the text has ended: what happens to the stream now breaks nothing off."""
        self._over = True

    def take(self, chunk: ChatGenerationChunk) -> str:
        """Take one chunk of the model's, and return its text."""
        self._begun = True
        message = chunk.message
        assert isinstance(message, AIMessageChunk)
        self._id = message.id or self._id
        self._calls = self._calls or bool(message.tool_call_chunks or message.tool_calls)
        self._sticky |= {name: message.response_metadata[name] for name in STICKY if name in message.response_metadata}
        place = self.session.received
        blocks = [message.content] if isinstance(message.content, str) else message.content
        texts = [block for block in blocks if is_text(block)]
        before = ""
        if texts and self._interrupted and place:
            before = BREAK
            self._breaks.append(place)
        self._interrupted = (self._interrupted and not texts) or any(map(interrupts, blocks))
        text, others = self._text(message.content, place + len(before))
        rest = message.model_copy(update={"content": others, "chunk_position": None})
        if _carries(rest, chunk.generation_info):
            behind = place + len(before) + len(text)
            self._waiting.append((behind, _generation(rest, chunk.generation_info)))
        self._unshown += before + text
        return before + text

    def give(self, releases: Iterable[Release] = ()) -> Iterator[ChatGenerationChunk]:
        """Yield what may be shown now: the text released, and what stands behind it."""
        for release in releases:
            yield from self._spoken(release)
            size = release.upto - self._upto
            self._changed = self._changed or release.text != self._unshown[:size]
            self._unshown = self._unshown[size:]
            self._upto = release.upto
            yield from self._due()
        yield from self._due()

    def end(self, releases: Iterable[Release] = ()) -> Iterator[ChatGenerationChunk]:
        """Yield the rest, and the one chunk that carries the verdicts."""
        if not self._begun:
            return
        yield from self.give(releases)
        self.over()
        while self._waiting:
            yield from self._passed(self._waiting.popleft()[1])
        metadata = dict(self._sticky)
        if self.session.report is not None:
            metadata[KEY] = verdicts([self.session.report])
        if self.blocked and not self._finished:
            metadata[FINISH] = "content_filter"
        yield _generation(
            AIMessageChunk(
                content=[] if self._listed else "", id=self._id, response_metadata=metadata, chunk_position="last"
            )
        )

    def _text(self, content: Any, place: int) -> tuple[str, Any]:
        """Return the text of a content, and the content without it."""
        if isinstance(content, str):
            return content, [] if self._cite else ""
        self._listed = True
        texts: list[str] = []
        others: list[Any] = []
        for block in content:
            if not is_text(block):
                others.append(block)
                continue
            text, index = (block, None) if isinstance(block, str) else (block["text"], block.get("index"))
            if not self._blocks or self._blocks[-1][1] != index:
                self._blocks.append((place + sum(map(len, texts)), index))
            texts.append(text)
        return "".join(texts), others

    def _spoken(self, release: Release) -> Iterator[ChatGenerationChunk]:
        """Yield a release, in the content blocks that it stands in."""
        for text, start, at in self._runs(release):
            while self._blocks and self._blocks[0][0] <= at:
                index = self._blocks.popleft()[1]
                if index != self._index:
                    self._index, self._block_start = index, start
            marks = [mark for mark in release.citations if start <= mark.start < start + len(text)]
            if text:
                yield self._said(text, [citation(mark, self._block_start) for mark in marks])

    def _runs(self, release: Release) -> Iterator[tuple[str, int, int]]:
        """Yield the parts of a release that stand in one block each, with their places in the output and the draft.

        Where the text was changed nothing says which words stand where: then all of it is in the first block.
        """
        borders = [place for place, _ in self._blocks if self._upto < place < release.upto]
        if release.text != self._unshown[: release.upto - self._upto]:
            borders = []
        cuts = [0, *(border - self._upto for border in borders), len(release.text)]
        for begin, end in pairwise(cuts):
            text, at = release.text[begin:end], self._upto + begin
            upto = release.upto if end == cuts[-1] else self._upto + end
            skipped = 0
            if self._breaks and self._breaks[0] == at and text.startswith(BREAK):
                self._breaks.popleft()
                skipped = len(BREAK)
            elif self._breaks and self._breaks[0] == upto - len(BREAK) and text.endswith(BREAK):
                self._breaks.popleft()
                text = text.removesuffix(BREAK)
            yield text[skipped:], release.start + begin + skipped, at + skipped

    def _said(self, text: str, annotations: list[dict[str, Any]]) -> ChatGenerationChunk:
        content: Any = text
        if self._listed:
            index = 0 if self._index is None and self._cite else self._index
            content = [
                {
                    "type": "text",
                    "text": text,
                    **({} if index is None else {"index": index}),
                    **({"annotations": annotations} if self._cite and annotations else {}),
                }
            ]
        return _generation(AIMessageChunk(content=content, id=self._id, response_metadata=dict(self._sticky)))

    def _due(self) -> Iterator[ChatGenerationChunk]:
        while self._waiting and self._waiting[0][0] <= self._upto and not self.blocked:
            yield from self._passed(self._waiting.popleft()[1])

    def _passed(self, chunk: ChatGenerationChunk) -> Iterator[ChatGenerationChunk]:
        """Yield what passes of a chunk: all of it, but what describes text that is no longer there."""
        metadata, info = chunk.message.response_metadata, chunk.generation_info
        gone = {LOGPROBS} if self._changed or self.blocked else set()
        if self.blocked:
            gone.add(FINISH)
        if gone & {*metadata, *(info or {})}:
            metadata, info = _without(metadata, gone), _without(info or {}, gone)
            rest = chunk.message.model_copy(update={"response_metadata": metadata})
            if not _carries(rest, info):
                return
            chunk = _generation(rest, info)
        self._finished = self._finished or FINISH in metadata or FINISH in (info or {})
        yield chunk


def _carries(message: Any, info: dict[str, Any] | None) -> bool:
    """Say whether a chunk says anything besides text."""
    return bool(
        message.content
        or message.tool_call_chunks
        or message.tool_calls
        or message.invalid_tool_calls
        or message.usage_metadata
        or message.additional_kwargs
        or any(name not in STICKY for name in message.response_metadata)
        or info
    )


def _without(metadata: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name not in names}


def _generation(message: Any, info: dict[str, Any] | None = None) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=message, generation_info=info)
