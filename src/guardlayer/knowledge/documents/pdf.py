"""PDF: the text of its pages in reading order, as far as the file says, with the offset at which each page begins.

What repeats at the top or bottom of most pages is left out, words broken at line ends are joined, and short lines end
paragraphs. Tables and pictures of text are not recognised: a PDF holds letters at places and nothing above that.
"""

from __future__ import annotations

import io
import logging
import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from guardlayer.errors import GuardlayerError, InputError, LimitError
from guardlayer.knowledge.documents.document import Document, Limits, plausible, storable

_MAX_CONTENT = 16 * 1024 * 1024  # bytes of drawing instructions on one page
_RUNNING = 0.5  # share of pages from which on a line at their edge belongs to none of them
_EDGE = 2  # lines looked at, at the top and at the bottom
_FOLIO = 4  # most words of a line that says the number of the page
_FEW = 4  # pages from which on lines can be told to repeat
_SHORT = 0.75  # of the longest line of a page
_TITLE = 12  # most words of a line that stands for itself
_NUMBER = re.compile(r"\d+|\b[ivxlc]+\b", re.IGNORECASE)
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]\n(?=[a-zß-ÿ])")
_STOPS = ".!?:;。！？"

logging.getLogger("pypdf").addHandler(logging.NullHandler())  # else Python prints what it notes to stderr


def parse(data: bytes, name: str, limits: Limits) -> Document:
    """Read the text of a PDF.

    Raises:
        InputError: It is encrypted with a password, malformed, or holds no text.
        LimitError: It has too many pages, a page is too large, or it takes too long.
    """
    from pypdf import PdfReader

    if b"%PDF-" not in data[:1024]:
        raise InputError("is no PDF: it does not begin as one does; check the file", path=name)
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise InputError("is encrypted; save it without a password and ingest again", path=name)
        pages = _pages(reader, name, limits)
        title = reader.metadata.title if reader.metadata is not None else None
    except GuardlayerError:
        raise
    except Exception as error:  # what a damaged file makes of a reader has no common type
        raise InputError(
            f"is not a PDF that can be read ({type(error).__name__}: {str(error)[:200]}); save it anew", path=name
        ) from error
    text, starts = _joined(_without_running(pages))
    if not text.strip():
        raise InputError(
            f"holds no text on its {len(pages)} pages, perhaps pictures of text; recognise it first (OCR)", path=name
        )
    return Document(text, markdown=False, title=plausible(title), pages=starts)


def _pages(reader: Any, name: str, limits: Limits) -> list[str]:
    count = len(reader.pages)
    if count > limits.pages:
        raise LimitError(
            f"has {count:,} pages; at most {limits.pages:,} are read; split it or raise max_pages", path=name
        )
    until = time.monotonic() + limits.seconds
    found: list[str] = []
    size = 0
    for number, page in enumerate(reader.pages, start=1):
        contents = page.get_contents()
        if contents is not None and len(contents.get_data()) > _MAX_CONTENT:
            raise LimitError(f"page {number} holds {_MAX_CONTENT:,} bytes or more of drawing; split it", path=name)
        text = storable(page.extract_text() or "")
        size += len(text)
        if size > limits.characters:
            raise LimitError(f"holds more than {limits.characters:,} characters; split it", path=name)
        if time.monotonic() > until:
            raise LimitError(
                f"took longer than {limits.seconds:.0f} s for {number} of its {count} pages; split it", path=name
            )
        found.append(text)
    return found


def _without_running(pages: Sequence[str]) -> list[list[str]]:
    """Return the lines of each page, without those that repeat at the edges of most pages, page numbers included."""
    lines = [[" ".join(line.split()) for line in page.splitlines()] for page in pages]
    lines = [[line for line in page if line] for page in lines]
    if len(pages) < _FEW:
        return lines
    seen = Counter(shape for page in lines for shape in {_shape(line) for line in _edges(page)})
    running = {shape for shape, count in seen.items() if count >= max(3, _RUNNING * len(pages))}
    kept = []
    for page in lines:
        first, last = 0, len(page)
        while first < min(_EDGE, last) and _shape(page[first]) in running:
            first += 1
        while last > max(first, len(page) - _EDGE) and _shape(page[last - 1]) in running:
            last -= 1
        kept.append(page[first:last])
    return kept


def _shape(line: str) -> str:
    """Return what two running lines have in common; only in a few words does a number say which page it is."""
    return _NUMBER.sub("#", line) if len(line.split()) <= _FOLIO else line


def _edges(page: Sequence[str]) -> Iterable[str]:
    return (*page[:_EDGE], *page[-_EDGE:])


def _joined(pages: Sequence[Sequence[str]]) -> tuple[str, tuple[int, ...]]:
    """Return the text of all pages, and where each begins in it."""
    text = ""
    pieces: list[str] = []
    starts: list[int] = []
    size = 0
    for page in pages:
        body = _HYPHEN.sub("", "\n".join(_paragraphs(page)))
        if body and text:
            goes_on = text[-1] not in _STOPS and body[:1].islower()
            pieces.append("\n" if goes_on else "\n\n")
            size += len(pieces[-1])
        starts.append(size)
        if body:
            pieces.append(body)
            size += len(body)
            text = body
    return "".join(pieces), tuple(starts)


def _paragraphs(lines: Sequence[str]) -> list[str]:
    """Return the lines with an empty one wherever a paragraph seems to end."""
    longest = max(map(len, lines), default=0)
    found: list[str] = []
    for number, line in enumerate(lines):
        found.append(line)
        after = lines[number + 1] if number + 1 < len(lines) else ""
        short = len(line) < _SHORT * longest
        ends = short and line[-1] in _STOPS
        stands_alone = (
            short and line[-1] not in _STOPS + ",-\u00ad" and len(line.split()) <= _TITLE and line[0].isalnum()
            and not line[0].islower() and after[:1].isupper()
        )  # fmt: skip
        if after and (ends or stands_alone):
            found.append("")
    return found
