"""What a checked text rests on, as LlamaIndex's citation blocks."""

from __future__ import annotations

from collections.abc import Iterable

from llama_index.core.base.llms.types import ChatMessage, CitationBlock, TextBlock

from guardlayer.streaming import Citation
from guardlayer.streaming.composing import whole_edits
from guardlayer.streaming.releases import cited
from guardlayer.types import Action, Report

START, END = "start_index", "end_index"
"""Keys of a citation's place in the text that is shown, in code points, half-open."""


class CitedMessage(ChatMessage):
    """A message with citations beside its text.

    LlamaIndex's own refuses a new ``content`` where there are several blocks; its chat engines and ``ReActAgent`` set
    one (before 0.14). Here the text is replaced and the rest stays.
    """

    @property
    def content(self) -> str | None:
        """The text."""
        return super().content

    @content.setter
    def content(self, content: str) -> None:
        texts = [place for place, block in enumerate(self.blocks) if isinstance(block, TextBlock)]
        place = texts[0] if texts else 0
        rest = [block for block in self.blocks[place:] if not isinstance(block, TextBlock)]
        self.blocks = [*self.blocks[:place], TextBlock(text=content), *rest]


def citation_blocks(report: Report) -> list[CitationBlock]:
    """Return one citation for each statement of the output that has a source.

    Where the text was corrected, the source of the correction is cited. Nothing is cited for a refusal.
    """
    if report.draft.data is not None or report.action in (Action.BLOCK, Action.RETRY):
        return []
    edits = whole_edits(report, report.output)
    return as_blocks(cited(report.claims, edits, len(report.draft.text), 0))


def as_blocks(citations: Iterable[Citation]) -> list[CitationBlock]:
    """Return citations as LlamaIndex has them: the address, or else the id, of the source under ``source``."""
    return [
        CitationBlock(
            cited_content=TextBlock(text=citation.cited_text),
            source=citation.uri or citation.source,
            title=citation.source,
            additional_location_info={START: citation.start, END: citation.end},
        )
        for citation in citations
    ]
