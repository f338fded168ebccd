"""Find the documents of a file or folder and read them as text; what is not read is reported, never passed over."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from guardlayer.errors import InputError, LimitError

MARKDOWN = frozenset({".md", ".markdown"})
PLAIN = frozenset({".txt", ".text", ".rst"})

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file or folder that was not read, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The documents of a path.

    Attributes:
        files: Those to read, sorted.
        skipped: Those not to read, each with its reason.
        root: The folder, if the path is one.
    """

    files: tuple[Path, ...]
    skipped: tuple[SkippedFile, ...]
    root: Path | None


@dataclass(frozen=True, slots=True)
class Text:
    """A document as it was read.

    Attributes:
        path: Where it was found, as the caller named it.
        uri: ``file:`` URI of the resolved path: what makes two ways of naming one file the same file.
        digest: ``sha256:…`` of its bytes.
        text: Its text, line ends as they are, without a byte order mark.
        markdown: Whether it is Markdown.
    """

    path: str
    uri: str
    digest: str
    text: str
    markdown: bool


def find(path: Path) -> Listing:
    """List the documents at ``path``, a file or a folder with all below it.

    Raises:
        InputError: Nothing is there, it may not be listed, or a single file is of a type that is not read.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({_reason(error)}); check the path", path=shown(path)) from error
    if stat.S_ISREG(mode):
        if path.suffix.lower() not in MARKDOWN | PLAIN:
            raise InputError(f"{_unsupported(path)}; convert it to one of these first", path=shown(path))
        return Listing((path,), (), None)
    if not stat.S_ISDIR(mode):
        raise InputError("is neither a file nor a folder; name a document or a folder of documents", path=shown(path))
    files: list[Path] = []
    skipped: list[SkippedFile] = []

    def failed(error: OSError) -> None:
        message = f"cannot be listed ({_reason(error)}); allow reading it or move it out of the folder"
        raise InputError(message, path=shown(error.filename)) from error

    for folder, folders, names in os.walk(path, onerror=failed):
        here = Path(folder)
        for name in names:
            reason = _skip(here / name, path)
            if reason is None:
                files.append(here / name)
            else:
                skipped.append(SkippedFile(shown(here / name), reason))
        entered = []
        for name in sorted(folders):
            reason = _passed_by(here / name, path)
            if reason is None:
                entered.append(name)
            else:
                skipped.append(SkippedFile(shown(here / name), reason))
        folders[:] = entered
    return Listing(tuple(sorted(files)), tuple(sorted(skipped, key=lambda file: file.path)), path)


def _skip(path: Path, root: Path) -> str | None:
    reason = _passed_by(path, root)
    if reason is not None:
        return reason
    if not path.is_file():
        return "not a regular file"
    return None if path.suffix.lower() in MARKDOWN | PLAIN else _unsupported(path)


def _passed_by(path: Path, root: Path) -> str | None:
    if path.name.startswith("."):
        return "hidden"
    if not path.is_symlink():
        return None
    if root.resolve() in path.resolve().parents:
        return "symbolic link within the folder; its target is read in its own place"
    return "symbolic link that leaves the folder"


def _unsupported(path: Path) -> str:
    kinds = ", ".join(sorted(MARKDOWN | PLAIN))
    return f"{'no file type' if not path.suffix else shown(path.suffix)} is not among the types read ({kinds})"


def read(file: Path, *, max_bytes: int) -> Text:
    """Read one document.

    Raises:
        InputError: It cannot be read, or is not UTF-8 (or UTF-16 with a byte order mark).
        LimitError: It is larger than ``max_bytes``.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(max_bytes + 1)
        uri = file.resolve().as_uri()
    except OSError as error:
        raise InputError(f"cannot be read ({_reason(error)}); check its permissions", path=shown(file)) from error
    if len(data) > max_bytes:
        raise LimitError(f"is larger than {max_bytes} bytes; split the document, or raise max_bytes", path=shown(file))
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    return Text(shown(file), uri, digest, decode(data, file), file.suffix.lower() in MARKDOWN)


def decode(data: bytes, file: Path) -> str:
    """Return the bytes of a document as text.

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
            path=shown(file),
            line=line,
        ) from error


def shown(path: str | os.PathLike[str]) -> str:
    """Return a path as text that any store can hold: bytes that are no UTF-8 become the replacement sign."""
    return _SURROGATE.sub("\ufffd", os.fspath(path))


def path_of(uri: str) -> Path:
    """Return the path a ``file:`` URI stands for."""
    from urllib.parse import urlsplit
    from urllib.request import url2pathname  # lazily: it loads an HTTP client

    return Path(url2pathname(urlsplit(uri).path))


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
