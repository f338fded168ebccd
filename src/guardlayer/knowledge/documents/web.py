"""HTML: what a reader of the page sees of its content, without navigation, scripts and what is hidden.

Read by libxml2's HTML parser, which knows no entity but those of HTML, loads nothing, and repairs what is broken; so
neither an external entity nor one that unfolds to gigabytes is ever resolved.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from guardlayer.errors import InputError, LimitError
from guardlayer.knowledge.documents.document import Document, Limits, plausible
from guardlayer.knowledge.documents.plain import decode
from guardlayer.knowledge.documents.writing import Writing

_DROPPED = frozenset(
    """script style noscript template svg math canvas iframe object embed video audio picture map head nav footer aside
    form button select option textarea input dialog menu""".split()  # noqa: SIM905
)
_BLOCKS = frozenset(
    """html body main article section div p header hgroup figure figcaption blockquote address details summary fieldset
    legend center ul ol dl dt dd li tr td th table thead tbody tfoot caption hr h1 h2 h3 h4 h5 h6""".split()  # noqa: SIM905
)
_NESTED = frozenset({"table", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "section", "article"})
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.\-]{2,40})", re.IGNORECASE)
_PAIR = re.compile(r"[\w(\"'*][^:|]{0,39}:\s+\S")
_MAX_SPAN = 1_000
_BREAK = "\x1e"  # stands for <br>; line ends of the file mean nothing


def parse(data: bytes, name: str, limits: Limits) -> Document:
    """Read a page.

    Raises:
        InputError: Its bytes are not in the encoding it declares, or it holds nothing.
        LimitError: It is nested too deep, or its tables are too large.
    """
    text = _decoded(data, name)
    if not text.strip():
        return Document("")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = etree.fromstring(text.replace("\0", "\ufffd").encode("utf-8", "replace"), parser)
    except etree.LxmlError as error:
        raise InputError(f"is not HTML that can be read ({error})", path=name) from error
    if any("Excessive depth" in entry.message for entry in parser.error_log):
        raise LimitError("is nested too deep to be read whole; simplify the page", path=name)
    if root is None:
        return Document("")
    writing = Writing(name, limits)
    _Reader(writing, limits, name).read(_content(root))
    titles = ("".join(map(str, one.itertext())) for one in root.iter("title"))
    return Document(writing.text, title=writing.first_heading or plausible(next(titles, None)))


def _decoded(data: bytes, name: str) -> str:
    """Return the page as text: by its byte order mark, by what it declares, else as UTF-8."""
    declared = _CHARSET.search(data[:4096])
    if data[:3] == codecs.BOM_UTF8 or data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) or declared is None:
        try:
            return decode(data, name)
        except InputError as error:
            raise InputError(
                "is not UTF-8 and declares no other encoding; declare it with <meta charset=…> or save it as UTF-8",
                path=name,
                line=error.line,
            ) from error
    charset = declared[1].decode("ascii").lower()
    # What browsers do (WHATWG Encoding Standard §4.2): Latin-1 is read as windows-1252, UTF-16 cannot be declared.
    charset = {"iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252"}.get(
        charset, charset
    )
    charset = "utf-8" if charset.startswith("utf-16") else charset
    try:
        return data.decode(charset)
    except LookupError:
        raise InputError(
            f"declares the encoding {charset!r}, which is not known; save it as UTF-8", path=name
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"byte {error.start} is not {charset} text, which it says it is; save it as UTF-8",
            path=name,
            line=data.count(b"\n", 0, error.start) + 1,
        ) from error


def _content(root: Any) -> Any:
    """Return the part of the page that is its content, where the page says which."""
    mains = [one for one in root.iter("main", "article", "div") if one.tag == "main" or one.get("role") == "main"]
    if len(mains) == 1:
        return mains[0]
    articles = list(root.iter("article"))
    return articles[0] if len(articles) == 1 and not mains else root


def _unseen(element: Any) -> bool:
    return (
        element.tag in _DROPPED
        or element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or (element.tag == "header" and not any(one.tag in ("main", "article") for one in element.iterancestors()))
        or _HIDDEN.search(element.get("style", "")) is not None
    )


class _Reader:
    """Reads a page from its first to its last element, without recursion."""

    def __init__(self, writing: Writing, limits: Limits, name: str) -> None:
        self._writing = writing
        self._limits = limits
        self._name = name
        self._inline: list[str] = []
        self._lists = 0
        self._item = False
        self._term = ""
        self._kind: list[str] = []

    def read(self, root: Any) -> None:
        """Write everything below ``root``."""
        walker = etree.iterwalk(root, events=("start", "end"))
        whole = False  # whether the element was written when it began
        for event, element in walker:
            tag = element.tag
            if not isinstance(tag, str):
                continue
            if event == "start":
                whole = element is not root and self._start(element, tag)
                if whole:
                    walker.skip_subtree()
                elif element.text:
                    self._inline.append(element.text)
                continue
            if not whole:
                self._end(tag)
            whole = False
            if element is not root and element.tail:
                self._inline.append(element.tail)
        self._flush()

    def _start(self, element: Any, tag: str) -> bool:
        """Begin an element; say whether it is done with."""
        if _unseen(element):
            return True
        if tag == "pre":
            self._flush()
            self._writing.code("".join(element.itertext()))
            return True
        if tag == "table":
            self._flush()
            return self._table(element)
        if tag == "br":
            self._inline.append(_BREAK)
            return True
        if tag in _BLOCKS:
            self._flush()
            if tag in ("ul", "ol"):
                self._lists += 1
            self._item = tag == "li"
            if tag == "dt":
                self._term = ""
        return False

    def _end(self, tag: str) -> None:
        if tag not in _BLOCKS:
            return
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            text, self._inline = "".join(self._inline), []
            self._writing.heading(int(tag[1]), text)
        elif tag == "dt":
            self._term, self._inline = " ".join("".join(self._inline).split()), []
        elif tag == "dd" and self._term:
            text = " ".join("".join(self._inline).split())
            self._inline = []
            if text:
                self._writing.paragraph(f"{self._term.rstrip(': ')}: {text}")
        else:
            self._flush()
        if tag in ("ul", "ol"):
            self._lists -= 1
        elif tag == "li":
            self._item = False

    def _flush(self) -> None:
        lines = [" ".join(line.split()) for line in "".join(self._inline).split(_BREAK)] if self._inline else []
        self._inline = []
        if not any(lines):
            return
        if self._item:
            self._writing.item(max(self._lists - 1, 0), " ".join(lines))
            self._item = False
            return
        prose: list[str] = []
        for line in [*lines, ""]:
            if prose and (not line or _PAIR.match(line)):
                self._writing.paragraph("\n".join(prose))
                prose = []
            if _PAIR.match(line):
                self._writing.paragraph(line)
            elif line:
                prose.append(line)

    def _table(self, table: Any) -> bool:
        """Write a table that holds data; say whether it was one and not a means of laying out the page."""
        if any(one is not table for one in table.iter(*_NESTED)):
            return False
        caption = next((" ".join("".join(one.itertext()).split()) for one in table.iter("caption")), "")
        rows = _grid(table, self._limits, self._name)
        width = max((len(cells) for _, cells in rows), default=0)
        if width < 2:
            return False
        if caption:
            self._writing.paragraph(caption.rstrip(":") + ":")
        names = all(kinds[0] == "th" and "td" in kinds for kinds, _ in rows)
        if names and width == 2:
            for _, cells in rows:
                if len(cells) == 2 and all(cells):
                    self._writing.paragraph(f"{cells[0].rstrip(': ')}: {cells[1]}")
            return True
        kinds, first = rows[0]
        if all(kind == "th" for kind in kinds) or _in_head(table):
            self._writing.table(first, [cells for _, cells in rows[1:]])
        else:
            self._writing.table([], [cells for _, cells in rows])
        return True


def _in_head(table: Any) -> bool:
    return next(table.iter("thead"), None) is not None and next(table.iter("thead")).find("tr") is not None


def _grid(table: Any, limits: Limits, name: str) -> list[tuple[list[str], list[str]]]:
    """Return the rows of a table, each cell repeated where it spans several: kinds of the cells, and their texts."""
    rows: list[tuple[list[str], list[str]]] = []
    below: dict[int, tuple[int, str, str]] = {}  # column: rows it still reaches into, kind, text
    cells_in_all = 0
    for tr in table.iter("tr"):
        kinds: list[str] = []
        texts: list[str] = []
        cells = (one for one in tr if one.tag in ("td", "th") and not _unseen(one))
        for one in (*cells, None):
            while (reach := below.get(len(texts))) is not None:
                left, kind, text = reach
                if left > 1:
                    below[len(texts)] = (left - 1, kind, text)
                else:
                    del below[len(texts)]
                kinds.append(kind)
                texts.append(text)
            if one is None:
                break
            text = " ".join("".join(_seen(one)).split())
            for _ in range(_spans(one.get("colspan"))):
                if (down := _spans(one.get("rowspan"))) > 1:
                    below[len(texts)] = (down - 1, one.tag, text)
                kinds.append(one.tag)
                texts.append(text)
        cells_in_all += len(texts)
        if cells_in_all > limits.cells:
            raise LimitError(f"its tables hold more than {limits.cells:,} cells; split the page", path=name)
        if any(texts):
            rows.append((kinds, texts))
    return rows


def _spans(written: str | None) -> int:
    digits = (written or "").strip()[:5]
    return min(max(int(digits), 1), _MAX_SPAN) if digits.isascii() and digits.isdigit() else 1


def _seen(element: Any) -> Iterator[str]:
    """Yield the texts below an element that a reader sees."""
    walker = etree.iterwalk(element, events=("start", "end"))
    for event, one in walker:
        if event == "start":
            if one is not element and isinstance(one.tag, str) and _unseen(one):
                walker.skip_subtree()
            else:
                yield one.text or ""
                if one.tag in _BLOCKS or one.tag == "br":
                    yield " "
        elif one is not element:
            yield one.tail or ""
