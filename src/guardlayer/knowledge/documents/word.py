"""DOCX: paragraphs, headings, lists and tables of the body, as they read with all changes accepted.

Headers, footers, notes and comments are left out. What is inserted but not yet accepted is part of the text, what is
deleted is not; content controls and tables in tables are read in their place.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import docx
from docx.oxml.ns import qn

from guardlayer.errors import GuardlayerError, InputError, LimitError
from guardlayer.knowledge.documents.document import Document, Limits, plausible
from guardlayer.knowledge.documents.writing import Writing

_MAX_MEMBERS = 10_000
_MAX_XML = 64 * 1024 * 1024  # bytes of one XML part; the tree of it takes some ten times as much
_TITLE = -1  # the level of a title: above all headings
_HEADING = re.compile(r"heading (\d)$", re.IGNORECASE)
_P, _TBL, _TR, _TC, _SDT = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc"), qn("w:sdt")
_WRAPPERS = frozenset(map(qn, ("w:sdt", "w:sdtContent", "w:customXml", "w:smartTag", "w:ins", "w:moveTo")))
_GONE = frozenset(map(qn, ("w:del", "w:moveFrom", "w:instrText", "w:delText", "w:txbxContent", "w:pPr", "w:rPr")))
_TEXT, _TAB = qn("w:t"), qn("w:tab")
_ENDS = frozenset(map(qn, ("w:br", "w:cr")))
_HYPHENS = {qn("w:noBreakHyphen"): "-"}


def parse(data: bytes, name: str, limits: Limits) -> Document:
    """Read the body of a Word document.

    Raises:
        InputError: It is malformed.
        LimitError: It unfolds to too much.
    """
    _check_package(data, name, limits)
    try:
        package = docx.Document(io.BytesIO(data))
        writing = Writing(name, limits)
        _Reader(writing, _styles(package)).read(package.element.body)
        title = plausible(package.core_properties.title)
    except GuardlayerError:
        raise
    except Exception as error:  # what a damaged file makes of a reader has no common type
        raise InputError(
            f"is not a DOCX that can be read ({type(error).__name__}: {str(error)[:200]}); save it anew", path=name
        ) from error
    return Document(writing.text, title=writing.first_heading or title)


def _check_package(data: bytes, name: str, limits: Limits) -> None:
    """Refuse a package that unfolds to more than it should, before anything of it is unfolded.

    The sizes that a package states are what Python unfolds at most, so that they can be relied on.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            members = package.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise InputError(f"is not a DOCX that can be read ({error}); check the file", path=name) from error
    if any(member.flag_bits & 1 for member in members):
        raise InputError("is encrypted; save it without a password and ingest again", path=name)
    unpacked = sum(member.file_size for member in members)
    largest = max((one.file_size for one in members if one.filename.lower().endswith((".xml", ".rels"))), default=0)
    if unpacked > limits.unpacked or largest > _MAX_XML or len(members) > _MAX_MEMBERS:
        raise LimitError(
            f"unfolds to {unpacked:,} bytes in {len(members):,} parts; at most {limits.unpacked:,} bytes, "
            f"{_MAX_XML:,} in one XML part, are read; split the document or leave out its pictures",
            path=name,
        )
    if "[Content_Types].xml" not in {member.filename for member in members}:
        raise InputError("is a zip file but no DOCX; check the file", path=name)


def _styles(package: Any) -> dict[str, tuple[int, bool]]:
    """Return, by the id of each paragraph style, its level as a heading (0: none) and whether it makes a list."""
    found: dict[str, tuple[int, bool]] = {}
    for style in package.styles:
        written = (style.name or "").strip()
        heading = _HEADING.match(written)
        level = int(heading[1]) if heading else _TITLE if written.lower() == "title" else 0
        found[style.style_id] = (level, written.lower().startswith("list"))
    return found


class _Reader:
    """Reads a body, block by block."""

    def __init__(self, writing: Writing, styles: dict[str, tuple[int, bool]]) -> None:
        self._writing = writing
        self._styles = styles
        self._titled = 0  # by how much the headings below a title are lower

    def read(self, body: Any) -> None:
        """Write everything in ``body``."""
        for block in _blocks(body):
            if block.tag == _P:
                self._paragraph(block)
            else:
                self._table(block)

    def _paragraph(self, paragraph: Any) -> None:
        text = _text(paragraph)
        properties = paragraph.find(qn("w:pPr"))
        level, listed, depth = 0, False, 0
        if properties is not None:
            style = properties.find(qn("w:pStyle"))
            level, listed = self._styles.get(style.get(qn("w:val")) if style is not None else "", (0, False))
            numbered = properties.find(qn("w:numPr"))
            if numbered is not None:
                listed = True
                at = numbered.find(qn("w:ilvl"))
                written = at.get(qn("w:val"), "0") if at is not None else "0"
                depth = int(written) if written.isdigit() else 0
        if level == _TITLE:
            self._titled = 1 if text.strip() else self._titled
            self._writing.heading(1, text)
        elif level:
            self._writing.heading(level + self._titled, text)
        elif listed:
            self._writing.item(depth, text)
        else:
            self._writing.paragraph(text)

    def _table(self, table: Any) -> None:
        rows = [[_cell(cell) for cell in _cells(row)] for row in _children(table, _TR)]
        rows = [row for row in rows if any(row)]
        width = max(map(len, rows), default=0)
        if width < 2:
            for row in rows:
                self._writing.paragraph("\n".join(row))
        elif len(rows) > 1:
            self._writing.table(rows[0], rows[1:])
        else:
            self._writing.table([], rows)


def _blocks(body: Any) -> Iterator[Any]:
    """Yield the paragraphs and tables of a body in order, those in wrappers included."""
    waiting = list(reversed(body))
    while waiting:
        block = waiting.pop()
        if block.tag in (_P, _TBL):
            yield block
        elif block.tag in _WRAPPERS:
            waiting += reversed(block)


def _children(parent: Any, tag: str) -> Iterator[Any]:
    waiting = list(reversed(parent))
    while waiting:
        child = waiting.pop()
        if child.tag == tag:
            yield child
        elif child.tag in _WRAPPERS:
            waiting += reversed(child)


def _cells(row: Any) -> Iterator[Any]:
    """Yield the cells of a row, one that spans several columns once for each."""
    for cell in _children(row, _TC):
        properties = cell.find(qn("w:tcPr"))
        span = properties.find(qn("w:gridSpan")) if properties is not None else None
        written = span.get(qn("w:val"), "1") if span is not None else "1"
        for _ in range(min(int(written), 64) if written.isdigit() else 1):
            yield cell


def _cell(cell: Any) -> str:
    return " ".join(" ".join(_text(one).split()) for one in cell.iter(_P)).strip()


def _text(paragraph: Any) -> str:
    """Return what a paragraph says, with all changes accepted."""
    found: list[str] = []
    waiting = list(reversed(paragraph))
    while waiting:
        part = waiting.pop()
        tag = part.tag
        if tag == _TEXT:
            found.append(part.text or "")
        elif tag == _TAB:
            found.append("\t")
        elif tag in _ENDS:
            found.append("\n")
        elif tag in _HYPHENS:
            found.append(_HYPHENS[tag])
        elif isinstance(tag, str) and tag not in _GONE:
            waiting += reversed(part)
    return "".join(found)
