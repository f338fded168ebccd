"""Markdown and plain text: the text is the file's own, and so are its offsets."""

from __future__ import annotations

from pathlib import PurePath

from guardlayer.errors import InputError
from guardlayer.knowledge.documents.document import Document, Limits

MARKDOWN = frozenset({".md", ".markdown"})


def parse(data: bytes, name: str, limits: Limits) -> Document:
    """Read Markdown or plain text.

    Raises:
        InputError: It is not UTF-8, or UTF-16 with a byte order mark.
    """
    del limits  # the bytes bound the characters
    return Document(decode(data, name), markdown=PurePath(name).suffix.lower() in MARKDOWN)


def decode(data: bytes, name: str) -> str:
    """Return the bytes of a document as text, line ends as they are, without a byte order mark.

    Raises:
        InputError: They are not UTF-8, or UTF-16 with a byte order mark.
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"byte {error.start} is not {encoding.removesuffix('-sig').upper()} text; "
            "save the document as UTF-8 and ingest again",
            path=name,
            line=line,
        ) from error
