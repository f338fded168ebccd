"""Markdown block structure by lines: headings, lists, quotes, tables and fences, with exact offsets.

A line-based scanner of our own, because a parser's token stream gives line numbers but no offsets inside a line
(``docs/design/claims.md``). Each line is looked at a bounded number of times.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from guardlayer.types import Form, Skipped

__all__ = ["LABEL_LIMIT", "Block", "has_markup", "scan"]

LABEL_LIMIT: Final = 200
"""Longest header, in code points, that is repeated in front of a cell: bounds the output by the input."""

_MARKUP: Final = re.compile(
    r"(?m)^[ \t]*(?:#{1,6}(?:[ \t]|$)|[-*+•‣◦][ \t]|•|\d{1,9}[.)][ \t]|>|```|~~~|\||={3,}|-{3,}|\*{3,}|_{3,}"
    r"|\[[^\]\n]{1,80}\]:)"
)
_ITEM: Final = re.compile(r"(?:[-*+•‣◦]|(\d{1,9})[.)])(?:[ \t]+|$)|•")
_TASK: Final = re.compile(r"\[[ xX]\][ \t]+")
_HEADING: Final = re.compile(r"#{1,6}(?=[ \t]|$)")
_FENCE: Final = re.compile(r"(`{3,})[^`]*$|(~{3,})")
_LINK_DEFINITION: Final = re.compile(r"\[[^\]\n]{1,80}\]:[ \t]*\S")
_DELIMITER_CHARACTERS: Final = frozenset("|:- \t\r")
_GENERIC_HEADERS: Final = frozenset(
    ("value", "values", "detail", "details", "description", "answer", "info", "information", "data", "")
)


@dataclass(slots=True)
class Block:
    """A run of prose, a heading, an item, a cell or a piece of code.

    Attributes:
        form: Its shape; prose is :attr:`Form.SENTENCE`.
        start: Offset of its first character.
        end: Offset after its last.
        hidden: Ranges of block markup inside it.
        label: Words to read in front of it: a cell's row and column header.
        indent: Column of a list marker, level of a heading; -1 for what is neither.
        keyed: Whether it is a cell whose row says what it is, and not what it is of.
    """

    form: Form
    start: int
    end: int
    hidden: list[tuple[int, int]] = field(default_factory=list)
    label: str = ""
    indent: int = -1
    keyed: bool = False


def has_markup(text: str) -> bool:
    """Say whether a markup character occurs where it would mean block structure."""
    return _MARKUP.search(text) is not None or "|" in text


def scan(text: str) -> tuple[list[Block], list[Skipped]]:
    """Return the blocks of ``text`` in order, and the regions skipped with a reason of their own."""
    return _Scanner(text).run()


@dataclass(slots=True)
class _Line:
    start: int
    end: int
    column: int
    hidden: list[tuple[int, int]]


class _Scanner:
    """One pass over the lines; holds the open paragraph or item."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.blocks: list[Block] = []
        self.skipped: list[Skipped] = []
        self.open: Block | None = None
        self.numbers: dict[int, int] = {}
        self.position = 0

    def run(self) -> tuple[list[Block], list[Skipped]]:
        """Scan the whole text."""
        while (line := self._next_line()) is not None:
            if line.start == line.end:
                self._close()
            else:
                self._read(line)
        self._close()
        return self.blocks, self.skipped

    def _next_line(self, *, peek: bool = False) -> _Line | None:
        """Return the next line without its quote marks and outer white space; a blank line is empty."""
        text, start = self.text, self.position
        if start >= len(text):
            return None
        newline = text.find("\n", start)
        stop = len(text) if newline < 0 else newline
        if not peek:
            self.position = stop + 1
        body = text[start:stop]
        left = body.lstrip()
        at = start + len(body) - len(left)
        end = at + len(left.rstrip())
        column = at - start
        hidden: list[tuple[int, int]] = []
        while at < end and text[at] == ">":
            mark = at
            at += 1
            while at < end and text[at] in " \t":
                at += 1
            hidden.append((mark, at))
        return _Line(at, end, column, hidden)

    def _close(self) -> None:
        if self.open is not None:
            self.blocks.append(self.open)
            self.open = None

    def _read(self, line: _Line) -> None:
        text, start, end = self.text, line.start, line.end
        first = text[start]
        if first in "`~" and (fence := _FENCE.match(text, start, end)):
            self._close()
            self._fence(line, fence[1] or fence[2])
            return
        if first == "#" and (heading := _HEADING.match(text, start, end)):
            self._close()
            body = text[heading.end() : end].rstrip("# \t") or ""
            left = heading.end() + len(body) - len(body.lstrip())
            if body.strip():
                level = heading.end() - heading.start()
                self.blocks.append(Block(Form.HEADING, left, heading.end() + len(body), indent=level))
            return
        if first in "-=*_" and self._is_rule(text[start:end]):
            if self.open is not None and first in "-=" and self.open.indent < 0 and "\n" not in self._open_text():
                self.open.form = Form.HEADING
                self.open.indent = 1 if first == "=" else 2
            self._close()
            return
        if first == "[" and _LINK_DEFINITION.match(text, start, end):
            self._close()
            self.skipped.append(Skipped(start, end, "link definition"))
            return
        if text.find("|", start, end) >= 0 and self._table(line):
            return
        if self._item(line):
            return
        self._continue(line)

    def _open_text(self) -> str:
        return self.text[self.open.start : min(self.open.end, self.open.start + 500)] if self.open else ""

    @staticmethod
    def _is_rule(line: str) -> bool:
        bare = line.replace(" ", "").replace("\t", "")
        return len(bare) >= 3 and bare == bare[0] * len(bare)

    def _continue(self, line: _Line) -> None:
        """Add a line to the open block, or open a paragraph with it."""
        block = self.open
        if (
            block is not None
            and block.indent >= 0
            and line.column <= block.indent
            and not self.text[line.start].islower()
        ):
            self._close()
            block = None
        if block is None:
            self.open = Block(Form.SENTENCE, line.start, line.end)
        else:
            block.hidden += line.hidden
            block.end = line.end

    def _item(self, line: _Line) -> bool:
        """Open a list item if the line begins with its mark."""
        start, column, found = line.start, line.column, False
        while (match := _ITEM.match(self.text, start, line.end)) is not None:
            if match[1] is not None:
                number = int(match[1])
                if number > 1 and self.numbers.get(column) not in (number - 1, number):
                    break
                self.numbers[column] = number
            found = True
            start = match.end()
            column += match.end() - match.start()
        if not found:
            return False
        self._close()
        task = _TASK.match(self.text, start, line.end)
        start = task.end() if task else start
        if fence := _FENCE.match(self.text, start, line.end):
            self._fence(_Line(start, line.end, column, []), fence[1] or fence[2])
        elif start < line.end:
            self.open = Block(Form.ITEM, start, line.end, indent=line.column)
        return True

    def _fence(self, opening: _Line, mark: str) -> None:
        """Read the lines up to the closing fence, or to the end of the text, as code."""
        self.skipped.append(Skipped(opening.start, opening.end, "code fence"))
        start = self.position
        end = start
        while (line := self._next_line()) is not None:
            body = self.text[line.start : line.end]
            if len(body) >= len(mark) and body == mark[0] * len(body):
                self.skipped.append(Skipped(line.start, line.end, "code fence"))
                break
            end = max(end, line.end)
        body = self.text[start:end]
        left = start + len(body) - len(body.lstrip())
        if body.strip():
            self.blocks.append(Block(Form.CODE, left, end))

    def _table(self, line: _Line) -> bool:
        """Read a table if a delimiter row stands under this line."""
        below = self._next_line(peek=True)
        if below is None or not self._is_delimiter(below):
            return False
        self._close()
        header = [self.text[left:right] for left, right in self._cells(line)]
        self._next_line()
        self.skipped += [
            Skipped(line.start, line.end, "table header"),
            Skipped(below.start, below.end, "table delimiter"),
        ]
        while (row := self._next_line(peek=True)) is not None and self.text.find("|", row.start, row.end) >= 0:
            self._next_line()
            self._row(header, self._cells(row))
        return True

    def _is_delimiter(self, line: _Line) -> bool:
        body = self.text[line.start : line.end]
        return "-" in body and "|" in body and _DELIMITER_CHARACTERS.issuperset(body)

    def _row(self, header: list[str], cells: list[tuple[int, int]]) -> None:
        text = self.text
        name = ""
        for column, (left, right) in enumerate(cells):
            if left == right:
                continue
            title = _plain(header[column]) if column < len(header) else ""
            if column == 0 and len(cells) > 1:
                name = _plain(text[left:right])
                self.skipped.append(Skipped(left, right, "row header"))
                continue
            keyed = bool(name) and title.casefold() in _GENERIC_HEADERS
            label = ", ".join(part for part in (name, "" if keyed else title) if part)
            self.blocks.append(Block(Form.CELL, left, right, label=f"{label}: " if label else "", keyed=keyed))

    def _cells(self, line: _Line) -> list[tuple[int, int]]:
        """Return the cells of a row as trimmed ranges; an escaped bar divides nothing."""
        text, at, end = self.text, line.start, line.end
        if text[at] == "|":
            at += 1
        cells: list[tuple[int, int]] = []
        begin = at
        while begin <= end:
            bar = text.find("|", at, end)
            if bar > 0 and text[bar - 1] == "\\":
                at = bar + 1
                continue
            stop = end if bar < 0 else bar
            if bar >= 0 or begin < end:
                body = text[begin:stop]
                left = begin + len(body) - len(body.lstrip())
                cells.append((left, max(left, begin + len(body.rstrip()))))
            if bar < 0:
                break
            begin = at = bar + 1
        return cells


def _plain(text: str) -> str:
    """Return a header without emphasis and code marks, bounded in length."""
    return text[:LABEL_LIMIT].replace("**", "").replace("__", "").replace("`", "").strip("* \t")
