"""CSV and TSV: each row a passage, read with the names of its columns; its span is its line in the file."""

from __future__ import annotations

import csv
import io
import re
from pathlib import PurePath

from guardlayer.cutting import Cut
from guardlayer.errors import InputError, LimitError
from guardlayer.knowledge.documents.document import Document, Limits, Row
from guardlayer.knowledge.documents.plain import decode
from guardlayer.text import MAX_CHARACTERS, MAX_WORDS, statements

_DELIMITERS = ",;\t|"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")


def parse(data: bytes, name: str, limits: Limits) -> Document:
    """Read a table whose first row names the columns.

    Raises:
        InputError: It is not UTF-8 (or UTF-16 with a byte order mark), or a quoted cell never ends.
        LimitError: It has too many cells.
    """
    text = decode(data, name)
    if not text.strip():
        return Document(text)
    delimiter = "\t" if PurePath(name).suffix.lower() == ".tsv" else _delimiter(text)
    rows = _rows(text, delimiter, name, limits)
    title = PurePath(name).stem.replace("_", " ").replace("-", " ").strip() or None
    return Document(text, title=title, cuts=tuple(_cuts(rows, title or "")), rows=rows)


def _delimiter(text: str) -> str:
    """Return what separates the cells of the first line: of the usual signs the one that stands in it most often."""
    first = next(line for line in text.splitlines() if line.strip())
    return max(_DELIMITERS, key=lambda sign: (first.count(sign), -_DELIMITERS.index(sign)))


def _rows(text: str, delimiter: str, name: str, limits: Limits) -> tuple[Row, ...]:
    starts = [0]
    for match in _LINE.finditer(text):
        if match.end() > starts[-1]:
            starts.append(match.end())
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[Row] = []
    cells = before = 0
    try:
        for row in reader:
            start, end = starts[before], starts[min(reader.line_num, len(starts) - 1)]
            before = reader.line_num
            cells += len(row)
            if cells > limits.cells:
                raise LimitError(f"holds more than {limits.cells:,} cells; split it", path=name, line=before)
            if any(cell.strip() for cell in row):
                found.append(
                    Row(tuple(cell.strip() for cell in row), start, len(text[start:end].rstrip("\r\n")) + start)
                )
    except csv.Error as error:
        raise InputError(
            f"is not CSV ({error}); put cells that hold quotes in quotes", path=name, line=before + 1
        ) from None
    return tuple(found)


def _cuts(rows: tuple[Row, ...], title: str) -> list[Cut]:
    """Return each row, read with the names of its columns; a row too long to be one statement cell by cell."""
    names = [" ".join(name.split()) for name in rows[0].cells] if rows else []
    found: list[Cut] = []
    for row in rows[1:]:
        read = [
            f"{names[number]}: {cell}" if number < len(names) and names[number] else cell
            for number, cell in enumerate(" ".join(cell.split()) for cell in row.cells)
            if cell
        ]
        reading = "; ".join(read)
        if len(reading) <= MAX_CHARACTERS and len(reading.split()) <= 2 * MAX_WORDS:
            found.append(Cut(reading, row.start, row.end, title))
            continue
        subject = read[0][:80] if read else ""
        for part in read:
            for first, last in statements(part, 0, len(part)):
                found.append(Cut(part[first:last], row.start, row.end, f"{title} > {subject}"[:300]))
    return found
