"""Which types of documents are read, by whom, and what that needs."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from guardlayer.errors import ConfigError, InputError, LimitError
from guardlayer.knowledge.documents.document import Document, Limits

_MIB = 1024 * 1024
_HERE = "guardlayer.knowledge.documents"
_SIGNATURES = (
    (b"%PDF-", ".pdf"),
    (b"PK\x03\x04", ".docx"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".doc"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"\x1f\x8b", "a compressed file"),
    (b"{\\rtf", ".rtf"),
)


@dataclass(frozen=True, slots=True)
class Format:
    """A type of document.

    Attributes:
        module: The module that reads it, by a function ``parse(data, name, limits)``.
        needs: The import that must be there, if it is not part of the core.
        max_bytes: Largest document read where the caller does not say.
        begins: What its files begin with, if that is told.
    """

    module: str
    needs: str | None = None
    max_bytes: int = 16 * _MIB
    begins: str | None = None


_MARKDOWN, _PLAIN = Format("plain"), Format("plain")
_WEB = Format("web", "lxml")
FORMATS: dict[str, Format] = {
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".txt": _PLAIN,
    ".text": _PLAIN,
    ".rst": _PLAIN,
    ".html": _WEB,
    ".htm": _WEB,
    ".xhtml": _WEB,
    ".pdf": Format("pdf", "pypdf", 128 * _MIB, ".pdf"),
    ".docx": Format("word", "docx", 128 * _MIB, ".docx"),
    ".csv": Format("sheet", max_bytes=64 * _MIB),
    ".tsv": Format("sheet", max_bytes=64 * _MIB),
}
"""The types, by the ending of a file's name."""

Parser = Callable[[bytes, str, Limits], Document]


def format_of(name: str) -> Format | None:
    """Return the type of a file by its name; ``None`` if it is not read."""
    return FORMATS.get(PurePath(name).suffix.lower())


def kinds() -> str:
    """Return the endings that are read, for messages."""
    return ", ".join(sorted(FORMATS))


def missing(name: str) -> str | None:
    """Return what has to be installed before a file can be read; ``None`` if nothing is missing."""
    found = format_of(name)
    if found is None or found.needs is None or importlib.util.find_spec(found.needs) is not None:
        return None
    ending = PurePath(name).suffix.lower()
    return f"reading {ending} needs the extra 'documents': pip install 'guardlayer-facts[documents]'"


def parse(data: bytes, name: str, *, limits: Limits = Limits()) -> Document:  # noqa: B008 - frozen
    """Read the bytes of a document.

    Args:
        data: What is in the file.
        name: Its name or path; the ending says what it is.
        limits: How much is read.

    Raises:
        InputError: It is not what its ending says, encrypted, malformed, or not text.
        LimitError: It is larger than the limits.
        ConfigError: What reads it is not installed.
    """
    found = format_of(name)
    if found is None:
        raise InputError(
            f"{PurePath(name).suffix or 'no file type'} is not among the types read ({kinds()})", path=name
        )
    lacking = missing(name)
    if lacking is not None:
        raise ConfigError(f"{name}: {lacking}")
    _check_signature(data, name, found)
    parser: Parser = importlib.import_module(f"{_HERE}.{found.module}").parse
    document = parser(data, name, limits)
    if len(document.text) > limits.characters:
        raise LimitError(
            f"holds {len(document.text):,} characters; at most {limits.characters:,} are read; split it", path=name
        )
    return document


def _check_signature(data: bytes, name: str, expected: Format) -> None:
    """Refuse a file that begins as another type does; nothing is read as what it is not."""
    ending = PurePath(name).suffix.lower()
    sort = next((sort for begin, sort in _SIGNATURES if data.startswith(begin)), None)
    if sort == ".doc" and ending == ".docx":
        raise InputError(
            "is encrypted, or a .doc of an older Word; save it as .docx without a password and ingest again", path=name
        )
    if sort is not None and sort != expected.begins:
        raise InputError(f"is named {ending} but begins as {sort} does; name it by what it is", path=name)
