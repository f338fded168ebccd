"""Find what has the shape of facts in a document: tables, ``key: value`` lines, definition lists, front matter.

What is found are *records*: named cells with their places. A row of a table is one, and so is a run of ``key: value``
lines. What they mean is decided in :mod:`guardlayer.knowledge.intake.mapping`.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from guardlayer.knowledge.documents import Document
from guardlayer.types import Span

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*$")
_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_RULE = re.compile(r"[|\s:\-]*-[|\s:\-]*$")
_PIPE = re.compile(r"(?<!\\)\|")
_PAIR = re.compile(
    r"(?P<lead>\s*(?:[-*+•][ \t]+)?)(?P<mark>\*\*|__)?(?P<key>[^\W_][^:|=\n]{0,58}?)"
    r"(?(mark)(?::(?P=mark)|(?P=mark)\s*:)|:)"
    r"[ \t]+(?P<value>\S[^\n]*)$"
)
_FRONT = re.compile(r"(?P<key>[A-Za-z_][\w \-]{0,58})[ \t]*:[ \t]+(?P<value>[^\s\[{|>&*!#][^\n]*)$")
_DEFINITION = re.compile(r" {0,3}:[ \t]+(?P<value>\S[^\n]*)$")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*(?:\([^()]*\)[^()]*)*\)")
_MARKS = re.compile(r"(\*\*|__|`)(?=\S)(.+?)(?<=\S)\1")
_EMPHASIS = re.compile(r"(?<![\w*])([*_])(?=\S)([^*_]+?)(?<=\S)\1(?![\w*])")


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one place, without its Markdown."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a table, or a run of ``key: value`` lines.

    Attributes:
        cells: Names and what stands under them, in their order.
        span: Where all of it stands.
        places: Where each cell stands, if each says something for itself: for ``key: value`` lines.
    """

    cells: tuple[tuple[str, Cell], ...]
    span: Span
    places: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A table, or a run of ``key: value`` lines.

    Attributes:
        kind: ``table``, ``pairs`` or ``front``.
        names: Of the columns; for pairs their keys.
        records: Its rows; for pairs the only one.
        title: What the document calls itself.
        headings: What stands above it, outermost first, each with its level.
    """

    kind: str
    names: tuple[str, ...]
    records: tuple[Record, ...]
    title: str | None
    headings: tuple[tuple[int, str], ...]


def blocks(document: Document) -> list[Block]:
    """Return everything in a document that has the shape of facts, in order."""
    if document.rows:
        return _sheet(document)
    return list(_Scanner(document, marked=document.markdown).run())


def front_matter(document: Document) -> dict[str, str]:
    """Return what a document says of itself between two lines of dashes at its beginning."""
    first = next(iter(_Scanner(document).run()), None) if document.markdown and document.text[:3] == "---" else None
    if first is None or first.kind != "front":
        return {}
    return {name.lower(): cell.text for name, cell in first.records[0].cells}


def plain(text: str) -> str:
    """Return text without the Markdown of links and emphasis, and with single white space."""
    text = _LINK.sub(r"\1", text).replace("\\|", "|")
    text = _EMPHASIS.sub(r"\2", _MARKS.sub(r"\2", text))
    return " ".join(text.split())


def _sheet(document: Document) -> list[Block]:
    header, *rows = document.rows
    names = tuple(" ".join(name.split()) for name in header.cells)
    records = tuple(
        Record(
            tuple(
                (name, Cell(" ".join(cell.split()), row.start, row.end))
                for name, cell in zip(names, row.cells, strict=False)
            ),
            Span(row.start, row.end),
        )
        for row in rows
    )
    return [Block("table", names, records, document.title, ())] if records else []


@dataclass(slots=True)
class _Scanner:
    document: Document
    marked: bool = True
    headings: list[tuple[int, str]] = field(default_factory=list)
    title: str | None = None
    pairs: list[tuple[str, Cell, Span]] = field(default_factory=list)

    def run(self) -> Iterator[Block]:
        text = self.document.text
        self.title = self.document.title
        lines = [(m.start(), m.start() + len(m.group().rstrip("\r\n"))) for m in _LINE.finditer(text)]
        index = 0
        if self.marked and lines and text[: lines[0][1]].rstrip() == "---":
            index = yield from self._front(lines)
        while index < len(lines):
            start, end = lines[index]
            line = text[start:end]
            bare = line.strip()
            if not bare:
                index += 1  # blank lines end no run of pairs: only another thing does
                continue
            fence = _FENCE.match(line) if self.marked else None
            if fence is not None:
                yield from self._flush()
                index = self._after_fence(lines, index, fence.group(1))
            elif self.marked and bare.startswith("<!--"):
                stop = text.find("-->", start)
                after = len(text) if stop < 0 else stop + 3
                while index < len(lines) and lines[index][0] < after:
                    index += 1
            elif self.marked and (heading := _ATX.match(line)) is not None:
                yield from self._flush()
                self._head(len(heading[1]), plain(heading[2]))
                index += 1
            elif self.marked and index + 1 < len(lines) and self._underlined(lines[index + 1], line):
                yield from self._flush()
                self._head(1 if text[lines[index + 1][0]] == "=" else 2, plain(bare))
                index += 2
            elif self.marked and "|" in bare and index + 1 < len(lines) and self._ruled(lines[index + 1]):
                yield from self._flush()
                index = yield from self._table(lines, index)
            elif (pair := _PAIR.match(line)) is not None:
                value = Cell(plain(pair["value"]), start + pair.start("value"), start + pair.end("value"))
                self.pairs.append((plain(pair["key"]), value, Span(start + len(pair["lead"]), end)))
                index += 1
            elif self.marked and index + 1 < len(lines) and self._defined(lines[index + 1]) and len(bare) <= 60:
                first, last = lines[index + 1]
                match = _DEFINITION.match(text[first:last])
                assert match is not None
                value = Cell(plain(match["value"]), first + match.start("value"), last)
                self.pairs.append((plain(bare), value, Span(start, last)))
                index += 2
            else:
                yield from self._flush()
                index += 1
        yield from self._flush()

    def _front(self, lines: list[tuple[int, int]]) -> Generator[Block, None, int]:
        text = self.document.text
        close = next(
            (n for n in range(1, min(len(lines), 200)) if text[slice(*lines[n])].rstrip() in ("---", "...")), None
        )
        if close is None:
            return 0
        found: list[tuple[str, Cell, Span]] = []
        for start, end in lines[1:close]:
            match = _FRONT.match(text[start:end])
            if match is not None:
                value = match["value"].split(" #")[0].strip()
                if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
                    value = value[1:-1]
                found.append((match["key"].strip(), Cell(value, start + match.start("value"), end), Span(start, end)))
        if found:
            self.title = next((cell.text for name, cell, _ in found if name.lower() == "title"), self.title)
            yield self._pairs_block("front", found)
        return close + 1

    def _flush(self) -> Iterator[Block]:
        pairs, self.pairs = self.pairs, []
        if pairs:
            yield self._pairs_block("pairs", pairs)

    def _pairs_block(self, kind: str, pairs: list[tuple[str, Cell, Span]]) -> Block:
        record = Record(
            tuple((name, cell) for name, cell, _ in pairs),
            Span(pairs[0][2].start, pairs[-1][2].end, self.document.page_of(pairs[0][2].start)),
            tuple(Span(span.start, span.end, self.document.page_of(span.start)) for _, _, span in pairs),
        )
        return Block(kind, tuple(name for name, _, _ in pairs), (record,), self.title, tuple(self.headings))

    def _head(self, level: int, text: str) -> None:
        while self.headings and self.headings[-1][0] >= level:
            self.headings.pop()
        self.headings.append((level, text))
        if self.title is None and level == 1:
            self.title = text

    def _after_fence(self, lines: list[tuple[int, int]], index: int, fence: str) -> int:
        for number in range(index + 1, len(lines)):
            bare = self.document.text[slice(*lines[number])].strip()
            if len(bare) >= len(fence) and bare == fence[0] * len(bare):
                return number + 1
        return len(lines)

    def _underlined(self, line: tuple[int, int], above: str) -> bool:
        if _PAIR.match(above):
            return False
        bare = self.document.text[slice(*line)].strip()
        return len(bare) >= 3 and bare[0] in "=-" and bare == bare[0] * len(bare)

    def _ruled(self, line: tuple[int, int]) -> bool:
        text = self.document.text[slice(*line)]
        return "|" in text and _RULE.match(text) is not None

    def _defined(self, line: tuple[int, int]) -> bool:
        return _DEFINITION.match(self.document.text[slice(*line)]) is not None

    def _table(self, lines: list[tuple[int, int]], index: int) -> Generator[Block, None, int]:
        text = self.document.text
        names = tuple(cell.text for cell in self._cells(*lines[index]))
        records = []
        index += 2
        while index < len(lines) and "|" in text[slice(*lines[index])]:
            start, end = lines[index]
            cells = self._cells(start, end)
            # Cells that no column is named for are left out, as Markdown itself does.
            records.append(Record(tuple(zip(names, cells, strict=False)), Span(start, end)))
            index += 1
        if records:
            yield Block("table", names, tuple(records), self.title, tuple(self.headings))
        return index

    def _cells(self, start: int, end: int) -> list[Cell]:
        text = self.document.text
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        if start < end and text[start] == "|":
            start += 1
        if end > start and text[end - 1] == "|" and text[end - 2 : end - 1] != "\\":
            end -= 1
        found = []
        for stop in [*(match.start() for match in _PIPE.finditer(text, start, end)), end]:
            found.append(Cell(plain(text[start:stop]), start, stop))
            start = stop + 1
        return found
