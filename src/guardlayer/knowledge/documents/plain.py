"""Markdown and plain text: the text is the file's own, and so are its offsets."""

from __future__ import annotations

import re
from pathlib import PurePath

from guardlayer.errors import InputError
from guardlayer.knowledge.documents.document import Document, Limits
from guardlayer.temporal import Moment

MARKDOWN = frozenset({".md", ".markdown"})

_FRONT = re.compile(r"---[ \t]*\r?\n(.{0,20000}?)^(?:---|\.\.\.)[ \t]*$", re.DOTALL | re.MULTILINE)
_DATED = re.compile(r"^effective(?:[_-](?:from|date))?[ \t]*:[ \t]*['\"]?(?P<date>\d{4}[^'\"\s#]*)", re.MULTILINE)


def parse(data: bytes, name: str, limits: Limits) -> Document:
    """Read Markdown or plain text.

    Raises:
        InputError: It is not UTF-8, or UTF-16 with a byte order mark.
    """
    del limits  # the bytes bound the characters
    text = decode(data, name)
    if PurePath(name).suffix.lower() not in MARKDOWN:
        return Document(text, markdown=False)
    return Document(text, effective=_effective(text))


def _effective(text: str) -> str | None:
    """Return the date from which a page says, in its front matter, that it holds; ``None`` if it says none."""
    front = _FRONT.match(text)
    for match in _DATED.finditer(front[1]) if front is not None else ():
        try:
            return Moment.parse(match["date"]).text
        except InputError:
            continue
    return None


def decode(data: bytes, name: str) -> str:
    """Return the bytes of a document as text, line ends as they are, without a byte order mark.

    A NUL, which PostgreSQL cannot hold, becomes the replacement sign, on every store alike; offsets stay as they are.

    Raises:
        InputError: They are not UTF-8, or UTF-16 with a byte order mark.
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding).replace("\0", "\ufffd")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"byte {error.start} is not {encoding.removesuffix('-sig').upper()} text; "
            "save the document as UTF-8 and ingest again",
            path=name,
            line=line,
        ) from error
