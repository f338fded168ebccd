"""A document as it was read, whatever it was written in."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from guardlayer.cutting import Cut, cut

_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_NO_TITLE = re.compile(
    r"(?:microsoft (?:word|powerpoint|excel)|untitled|document ?\d*$|word document$|powerpoint presentation$)"
    r"|.*\.(?:docx?|pdf|pptx?|indd|tex|dvi|odt|rtf|html?|qxd)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a document is read before it is refused.

    Attributes:
        pages: Pages of a PDF.
        characters: Characters of the text that is taken out of a document.
        cells: Cells of all tables of a document.
        seconds: Time spent on one PDF, looked at between two pages.
        unpacked: Bytes a packed document (DOCX) may unfold to.
    """

    pages: int = 2_000
    characters: int = 50_000_000
    cells: int = 2_000_000
    seconds: float = 300.0
    unpacked: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Slice:
    """A passage, and the page on which it begins where there are pages."""

    text: str
    start: int
    end: int
    lead: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """What was read of a document.

    Attributes:
        text: Its text: for Markdown, plain text and CSV as it stands in the file, else as it was taken out of the file,
            headings, lists and tables written as in Markdown. Offsets count in it, in code points.
        markdown: Whether ``#``, ``-`` and ``|`` in it mean what they mean in Markdown.
        title: What it calls itself; stands above passages that no heading stands above.
        pages: Offsets at which its pages begin, where it has pages.
        cuts: Its passages, where they are found otherwise than by cutting the text.
        rows: The table it is, if it is one: names of the columns first.
        effective: The date from which it says it holds, as it writes it.
    """

    text: str
    markdown: bool = True
    title: str | None = None
    pages: tuple[int, ...] = ()
    cuts: tuple[Cut, ...] | None = None
    rows: tuple[Row, ...] = ()
    effective: str | None = None

    def parts(self) -> Iterator[Slice]:
        """Yield its passages in order."""
        cuts: Iterable[Cut] = cut(self.text, markdown=self.markdown) if self.cuts is None else self.cuts
        for one in cuts:
            yield Slice(one.text, one.start, one.end, one.lead or self.title or "", self.page_of(one.start))

    def page_of(self, offset: int) -> int | None:
        """Return the page on which an offset lies, counted from 1; ``None`` where there are no pages."""
        return bisect_right(self.pages, offset) if self.pages else None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table that is a document of its own.

    Attributes:
        cells: What it holds.
        start: Offset of its first line in the text.
        end: Offset after its last line, without the line end.
    """

    cells: tuple[str, ...]
    start: int
    end: int


def plausible(title: object) -> str | None:
    """Return a title that a file carries beside its text, unless a program put it there; ``None`` if there is none."""
    text = " ".join(storable(str(title)).split()) if title else ""
    return text[:300] if text and not _NO_TITLE.match(text) else None


def storable(text: str) -> str:
    """Return text with each character that is none, or that some database cannot hold, made visible."""
    return _UNSTORABLE.sub("\ufffd", text)
