"""Find the documents of a file or folder and read their bytes; what is not read is reported, never passed over."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from guardlayer.errors import ConfigError, InputError, LimitError
from guardlayer.knowledge.documents import FORMATS, Document, Limits, format_of, kinds, missing, parse

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
class File:
    """A document as it stands on disk.

    Attributes:
        path: Where it was found.
        uri: ``file:`` URI of the resolved path: what makes two ways of naming one file the same file.
        digest: ``sha256:…`` of its bytes.
        size: How many they are.
    """

    path: Path
    uri: str
    digest: str
    size: int

    @property
    def shown(self) -> str:
        """The path, as text that can be stored."""
        return shown(self.path)


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
        if path.suffix.lower() not in FORMATS:
            raise InputError(f"{_unsupported(path)}; convert it to one of these first", path=shown(path))
        lacking = missing(path.name)
        if lacking is not None:
            raise ConfigError(f"{shown(path)}: {lacking}")
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
    return missing(path.name) if path.suffix.lower() in FORMATS else _unsupported(path)


def _passed_by(path: Path, root: Path) -> str | None:
    if path.name.startswith("."):
        return "hidden"
    if not path.is_symlink():
        return None
    if root.resolve() in path.resolve().parents:
        return "symbolic link within the folder; its target is read in its own place"
    return "symbolic link that leaves the folder"


def _unsupported(path: Path) -> str:
    return f"{'no file type' if not path.suffix else shown(path.suffix)} is not among the types read ({kinds()})"


def read(path: Path, *, max_bytes: int | None = None) -> tuple[File, bytes]:
    """Read the bytes of one document.

    Args:
        path: Where it is.
        max_bytes: Largest one read; not given, what its type allows.

    Raises:
        InputError: It cannot be read.
        LimitError: It is larger than ``max_bytes``.
    """
    sort = format_of(path.name)
    limit = max_bytes if max_bytes is not None or sort is None else sort.max_bytes
    try:
        with path.open("rb") as stream:
            data = stream.read(-1 if limit is None else limit + 1)
        uri = path.resolve().as_uri()
    except OSError as error:
        raise InputError(f"cannot be read ({_reason(error)}); check its permissions", path=shown(path)) from error
    if limit is not None and len(data) > limit:
        raise LimitError(f"is larger than {limit} bytes; split the document, or raise max_bytes", path=shown(path))
    return File(path, uri, "sha256:" + hashlib.sha256(data).hexdigest(), len(data)), data


def read_again(file: File, *, limits: Limits) -> Document:
    """Read a document once more, of which only the digest was looked at.

    Raises:
        InputError: It has changed meanwhile.
    """
    again, data = read(file.path, max_bytes=file.size)
    if again.digest != file.digest:
        raise InputError("was changed while it was read; ingest again", path=file.shown)
    return parse(data, file.shown, limits=limits)


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
