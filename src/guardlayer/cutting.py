"""Cut a document into passages: one statement each, with its exact place.

A simple line reader for Markdown, plain text and reStructuredText. It knows headings, list items, tables, code
fences, comments, ``key: value`` lines and sentences, and nothing else: what it does not know is prose. Every rule
looks at a line once, so time is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from guardlayer.text import MAX_CHARACTERS, MAX_WORDS, sentences, statements

_STATEMENT = 5  # words from which a heading is a statement, and so a passage besides
_LEAD_PART = 80
_LEAD = 300

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+|$)")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_ITEM = re.compile(r"(\s*)(?:[-*+•‣]|\d{1,9}[.)]|#\.)[ \t]+(?:\[[ xX]\][ \t]+)?(?=\S)")
_QUOTE = re.compile(r"\s{0,3}>[ \t>]*")
_PAIR = re.compile(r"[\w(\"'*][^:|\n]{0,39}:\s+\S")
_FRONT = re.compile(r"[A-Za-z_][\w .\-]{0,60}:(?:\s|$)|\s+\S|-\s|#")
_FRONT_LINES = 200
_PIPE = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Cut:
    """A passage as it was found in a document.

    Attributes:
        text: What the passage says: ``document[start:end]``, except for a table row, which is read with its header.
        start: Offset in the document, in code points.
        end: Offset after the passage.
        lead: What stands above it: heading path, the line that introduces its list.
    """

    text: str
    start: int
    end: int
    lead: str = ""


def cut(text: str, *, markdown: bool = True) -> Iterator[Cut]:
    """Yield the passages of ``text`` in order, without overlap.

    Args:
        text: The whole document.
        markdown: Read ``#`` headings, fences, pipe tables and HTML comments; else underlined headings of any
            punctuation, as in reStructuredText.
    """
    yield from _Cutter(text, markdown=markdown).run()


@dataclass(slots=True)
class _Heading:
    level: int
    text: str
    start: int
    end: int
    used: bool = False


@dataclass(slots=True)
class _Block:
    """A run of lines that is read as one paragraph."""

    start: int
    end: int
    lines: int = 1
    pair: bool = False
    item: bool = False


@dataclass(slots=True)
class _Cutter:
    text: str
    markdown: bool
    headings: list[_Heading] = field(default_factory=list)
    underlines: list[str] = field(default_factory=list)
    parents: list[tuple[int, str]] = field(default_factory=list)
    intro: str = ""
    block: _Block | None = None

    def run(self) -> Iterator[Cut]:
        lines = [(match.start(), match.end()) for match in re.finditer(r"[^\r\n]+|\r\n|\r|\n", self.text)]
        lines = list(_with_blanks(self.text, lines))
        index = self.front_matter(lines) if self.markdown else 0
        for start, end in lines[1 : max(1, index - 1)]:
            yield from self.flush()
            yield from self.prose(self.text[start:end], start, end)
        yield from self.flush()
        self.parents.clear()
        while index < len(lines):
            start, end = lines[index]
            line = self.text[start:end]
            bare = line.strip()
            if not bare:
                yield from self.flush()
                index += 1
            elif self.markdown and (fence := _FENCE.match(line)):
                yield from self.flush()
                last = index + 1
                while last < len(lines) and not self._closes(lines[last], fence.group(1)):
                    last += 1
                yield from self.code(lines[index + 1 : last])
                index = last + 1
            elif self.markdown and bare.startswith("<!--"):
                yield from self.flush()
                stop = self.text.find("-->", start)
                after = len(self.text) if stop < 0 else stop + 3
                while index < len(lines) and lines[index][0] < after:
                    index += 1
            elif self.markdown and (atx := _ATX.match(line)):
                yield from self.flush()
                title = line[atx.end() :].strip().rstrip("#").strip()
                yield from self.heading(len(atx.group(1)), title, start + atx.end(), end)
                index += 1
            elif self._underlines(bare):
                yield from self.underline(bare)
                index += 1
            elif self.markdown and "|" in bare and index + 1 < len(lines) and self._delimits(lines[index + 1]):
                yield from self.flush()
                last = index + 2
                while last < len(lines) and "|" in self.text[lines[last][0] : lines[last][1]]:
                    last += 1
                yield from self.table(lines[index], lines[index + 2 : last])
                index = last
            else:
                yield from self.prose(line, start, end)
                index += 1
        yield from self.flush()
        yield from self.leave(0)

    def front_matter(self, lines: list[tuple[int, int]]) -> int:
        """Return the number of lines that describe the document at its beginning, between two lines of dashes."""
        if not lines or self.text[slice(*lines[0])].rstrip() != "---":
            return 0
        for number, span in enumerate(lines[1:_FRONT_LINES], start=1):
            line = self.text[slice(*span)]
            if line.rstrip() in ("---", "..."):
                return number + 1 if number > 1 else 0
            if line.strip() and not _FRONT.match(line):
                return 0
        return 0

    # -- lines ---------------------------------------------------------------------------------------------------

    def prose(self, line: str, start: int, end: int) -> Iterator[Cut]:
        item = _ITEM.match(line)
        if item:
            yield from self.flush()
            indent = len(item.group(1).expandtabs(4))
            while self.parents and self.parents[-1][0] >= indent:
                self.parents.pop()
            self.block = _Block(start + item.end(), end, item=True)
            self.parents.append((indent, ""))
            return
        quote = _QUOTE.match(line)
        content = start + quote.end() if quote else start + len(line) - len(line.lstrip())
        if content >= end:
            return
        pair = _PAIR.match(self.text, content, end) is not None
        if self.block is not None and not (pair and self.block.pair):
            self.block.end = end
            self.block.lines += 1
            return
        yield from self.flush()
        if not line[:1].isspace():
            self.parents.clear()
        self.block = _Block(content, end, pair=pair)

    def underline(self, bare: str) -> Iterator[Cut]:
        block = self.block
        if block is None or block.lines != 1 or block.item:
            yield from self.flush()
            return
        self.block = None
        mark = bare[0]
        if self.markdown:
            level = 1 if mark == "=" else 2
        else:
            if mark not in self.underlines:
                self.underlines.append(mark)
            level = self.underlines.index(mark) + 1
        yield from self.heading(level, self.text[block.start : block.end].strip(), block.start, block.end)

    def heading(self, level: int, title: str, start: int, end: int) -> Iterator[Cut]:
        yield from self.leave(level)
        self.intro = ""
        self.parents.clear()
        if title:
            if title[-1] in ".!?。" or len(title.split()) >= _STATEMENT:
                yield from self.slices(start, end, self.lead())
                self.headings.append(_Heading(level, title, start, end, used=True))
                return
            for heading in self.headings:
                heading.used = True
            self.headings.append(_Heading(level, title, start, end))

    def leave(self, level: int) -> Iterator[Cut]:
        """Close headings down to ``level``; one with nothing below it is a passage itself."""
        while self.headings and (self.headings[-1].level >= level):
            heading = self.headings.pop()
            if not heading.used:
                yield from self.slices(heading.start, heading.end, self.lead())

    def _underlines(self, bare: str) -> bool:
        mark = bare[0]
        if bare != mark * len(bare):
            return False
        if self.markdown:
            return (mark in "=-" and (self.block is not None or len(bare) >= 3)) or (mark in "*_" and len(bare) >= 3)
        return len(bare) >= 3 and not mark.isalnum()

    def _closes(self, span: tuple[int, int], fence: str) -> bool:
        bare = self.text[span[0] : span[1]].strip()
        return len(bare) >= len(fence) and bare == fence[0] * len(bare)

    def _delimits(self, span: tuple[int, int]) -> bool:
        bare = self.text[span[0] : span[1]].strip()
        return "-" in bare and "|" in bare and set(bare) <= set("|-: \t")

    # -- passages ------------------------------------------------------------------------------------------------

    def lead(self, *more: str) -> str:
        for heading in self.headings:
            heading.used = True
        parts = [heading.text for heading in self.headings] + [part for part in more if part]
        return " > ".join(" ".join(part[:_LEAD_PART].split()) for part in parts)[:_LEAD]

    def flush(self) -> Iterator[Cut]:
        block, self.block = self.block, None
        if block is None:
            return
        if block.item or self.parents:
            above = self.parents[:-1] if block.item else self.parents
            yield from self.slices(block.start, block.end, self.lead(self.intro, *(text for _, text in above)))
            if block.item:
                indent = self.parents[-1][0]
                self.parents[-1] = (indent, self.text[block.start : min(block.end, block.start + _LEAD_PART)].strip())
            return
        yield from self.slices(block.start, block.end, self.lead())
        tail = self.text[max(block.start, block.end - MAX_CHARACTERS) : block.end].rstrip()
        self.intro = list(_sentence_texts(tail))[-1] if tail.endswith(":") else ""

    def slices(self, start: int, end: int, lead: str) -> Iterator[Cut]:
        for first, last in statements(self.text, start, end):
            yield Cut(self.text[first:last], first, last, lead)

    def code(self, lines: list[tuple[int, int]]) -> Iterator[Cut]:
        lead = self.lead(self.intro)
        start = end = words = 0
        for first, last in [*lines, (0, 0)]:
            count = len(self.text[first:last].split())
            if words and (not count or words + count > MAX_WORDS):
                yield from self.slices(start, end, lead)
                words = 0
            if count:
                start = start if words else first
                end = last
                words += count

    def table(self, header: tuple[int, int], rows: list[tuple[int, int]]) -> Iterator[Cut]:
        names = [self.text[first:last] for first, last in self.cells(*header)]
        lead = self.lead(self.intro)
        for row in rows:
            cells = list(self.cells(*row))
            read = []
            for number, (first, last) in enumerate(cells):
                name = names[number] if number < len(names) else ""
                value = self.text[first:last]
                if value:
                    read.append(f"{name}: {value}" if name else value)
            reading = "; ".join(read).replace("\\|", "|")
            if not read:
                continue
            if len(reading) <= MAX_CHARACTERS and len(reading.split()) <= 2 * MAX_WORDS:
                first, last = cells[0][0], cells[-1][1]
                yield Cut(reading, first, last, lead)
                continue
            for number, (first, last) in enumerate(cells):
                name = names[number] if number < len(names) else ""
                subject = self.text[cells[0][0] : cells[0][1]][:_LEAD_PART] if number else ""
                yield from self.slices(first, last, " > ".join(part for part in (lead, subject, name) if part)[:_LEAD])

    def cells(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        first, last = start, end
        while first < last and self.text[first].isspace():
            first += 1
        while last > first and self.text[last - 1].isspace():
            last -= 1
        if first < last and self.text[first] == "|":
            first += 1
        if last > first and self.text[last - 1] == "|" and self.text[last - 2 : last - 1] != "\\":
            last -= 1
        for match in _PIPE.finditer(self.text, first, last):
            yield _strip(self.text, first, match.start())
            first = match.end()
        yield _strip(self.text, first, last)


def _sentence_texts(text: str) -> Iterator[str]:
    for first, last in sentences(text):
        yield text[first:last]


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _with_blanks(text: str, runs: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Turn runs of text and line ends into lines; a line end that follows another is an empty line."""
    fresh = True
    for start, end in runs:
        if text[start] in "\r\n":
            if fresh:
                yield start, start
            fresh = True
        else:
            yield start, end
            fresh = False
