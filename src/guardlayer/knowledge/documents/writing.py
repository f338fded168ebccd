"""Write what a document holds as Markdown: headings, paragraphs, lists, tables and code, and nothing else of its looks.

One notation for all types, so that one cutter finds the passages and one reader the tables of every document.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from guardlayer.errors import LimitError
from guardlayer.knowledge.documents.document import Limits, storable

# What would mean something to a reader of Markdown at the beginning of a line, and does not in the document.
_MEANING = re.compile(r"(?=#{1,6}(?:\s|$)|<!--|`{3}|~{3}|>|[=\-*_]{2,}\s*$)")
_LEVELS = 6


class Writing:
    """Markdown in the making.

    Args:
        name: The document, for error messages.
        limits: How much may be written.
    """

    def __init__(self, name: str, limits: Limits) -> None:
        self._name = name
        self._limits = limits
        self._pieces: list[str] = []
        self._size = 0
        self._cells = 0
        self._listed = False
        self.first_heading: str | None = None

    @property
    def text(self) -> str:
        """What was written."""
        return "".join(self._pieces)

    def heading(self, level: int, text: str) -> None:
        """Write a heading; levels below the sixth are the sixth."""
        text = " ".join(storable(text).split())
        if text:
            if level == 1 and self.first_heading is None:
                self.first_heading = text
            self._write(f"{'#' * min(max(level, 1), _LEVELS)} {text}\n", apart=True)

    def paragraph(self, text: str) -> None:
        """Write a paragraph; line ends in it are kept."""
        lines = [" ".join(line.split()) for line in storable(text).split("\n")]
        lines = [_MEANING.sub(r"\\", line, count=1) if _MEANING.match(line) else line for line in lines if line]
        if lines:
            self._write("\n".join(lines) + "\n", apart=True)

    def item(self, depth: int, text: str) -> None:
        """Write an item of a list; ``depth`` counts from 0."""
        text = " ".join(storable(text).split())
        if text:
            self._write(f"{'  ' * min(depth, 20)}- {text}\n", apart=not self._listed)
            self._listed = True

    def code(self, text: str) -> None:
        """Write lines as they are."""
        text = storable(text).strip("\n")
        if text.strip():
            longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
            fence = "`" * (longest + 1)
            self._write(f"{fence}\n{text}\n{fence}\n", apart=True)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table; an empty header is one without names.

        Raises:
            LimitError: The tables of the document hold too many cells.
        """
        width = max((len(row) for row in (header, *rows)), default=0)
        self._cells += width * (len(rows) + 1)
        if self._cells > self._limits.cells:
            raise LimitError(
                f"its tables hold more than {self._limits.cells:,} cells; split the document", path=self._name
            )
        if not rows or not width:
            return
        lines = [_line(header, width), "|" + "---|" * width, *(_line(row, width) for row in rows)]
        self._write("\n".join(lines) + "\n", apart=True)

    def _write(self, text: str, *, apart: bool) -> None:
        if apart:
            self._listed = False
            text = "\n" + text if self._pieces else text
        self._size += len(text)
        if self._size > self._limits.characters:
            raise LimitError(
                f"holds more than {self._limits.characters:,} characters; split the document", path=self._name
            )
        self._pieces.append(text)


def _line(cells: Sequence[str], width: int) -> str:
    written = [" ".join(storable(cell).split()).replace("|", "\\|") for cell in cells]
    return "| " + " | ".join(written + [""] * (width - len(written))) + " |"
