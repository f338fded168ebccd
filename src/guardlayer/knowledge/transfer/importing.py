"""A knowledge layer back from JSON lines: every row of the file, or none of it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from guardlayer.errors import InputError, StoreError
from guardlayer.knowledge.catalogue import Table, tables
from guardlayer.knowledge.store import MIGRATIONS, Store
from guardlayer.knowledge.transfer.exporting import FORMAT
from guardlayer.knowledge.transfer.walking import Progress, Row, fill, rebuild, require_empty

_SHOWN = 10_000
_MAX_LINE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Imported:
    """What was read.

    Attributes:
        path: From where.
        rows: Rows of each table.
    """

    path: str
    rows: dict[str, int]

    def __str__(self) -> str:
        return f"{self.path}: {sum(self.rows.values()):,} rows of {sum(map(bool, self.rows.values()))} tables"


def import_(store: Store, path: str | os.PathLike[str], *, progress: Progress | None = None) -> Imported:
    """Read everything a file of :func:`export` holds into an empty database, in one write.

    Args:
        store: The database; nothing may have been written to it.
        path: The file.
        progress: Told of rows read, now and then.

    Raises:
        InputError: The file was cut off or changed, is no such file, or the database is not empty. Nothing is kept.
        StoreError: It was written by a newer guardlayer, or the database cannot be written.
    """
    with store.write() as cursor:
        require_empty(store)
        reading = _Reading(Path(path), progress)
        for table, columns, page in reading.pages():
            fill(cursor, table, page, columns)
        reading.finish()
        rebuild(store, cursor)
    return Imported(str(path), reading.rows)


class _Reading:
    """One file, line by line, each row of it checked for its shape."""

    def __init__(self, path: Path, progress: Progress | None) -> None:
        self.rows: dict[str, int] = {}
        self._path = str(path)
        self._progress = progress
        self._lines = self._read(path)
        self._last: dict[str, Any] | None = None
        self._digest = ""

    def pages(self) -> Iterator[tuple[Table, list[str], list[Row]]]:
        """Yield the rows, a page of one table at a time, in the order of the file."""
        known = {table.name: table for table in tables()}
        head = self._head(known)
        page: list[Row] = []
        current = ""
        for number, value in self._lines:
            if isinstance(value, dict):
                self._last = value
                break
            name = value[0] if isinstance(value, list) and value and isinstance(value[0], str) else ""
            if name not in head or len(value) != len(head[name]) + 1:
                raise InputError("is no row of a table that the first line names", path=self._path, line=number)
            if page and (name != current or len(page) >= _SHOWN):
                yield known[current], head[current], page
                page = []
            current = name
            page.append(tuple(_value(part) for part in value[1:]))
            self.rows[name] = self.rows.get(name, 0) + 1
            done = number - 1
            if self._progress is not None and done % _SHOWN == 0:
                self._progress(done, 0, name)
        if page:
            yield known[current], head[current], page

    def finish(self) -> None:
        """Require that the file is whole."""
        last, rest = self._last, next(self._lines, None)
        stated = {} if last is None else {name: count for name, count in last.get("rows", {}).items() if count}
        if last is None or rest is not None or last.get("digest") != self._digest or stated != self.rows:
            raise InputError(
                f"{self._path}: was cut off or changed after it was written: its last line does not fit what is before "
                "it; export it again. Nothing of it was kept"
            )
        if self._progress is not None:
            self._progress(sum(self.rows.values()), sum(self.rows.values()), "")

    def _head(self, known: dict[str, Table]) -> dict[str, list[str]]:
        _, head = next(self._lines, (1, None))
        if not isinstance(head, dict) or head.get("guardlayer") != FORMAT:
            raise InputError(f"is no export of a knowledge layer ({FORMAT})", path=self._path, line=1)
        version = head.get("format")
        if not isinstance(version, int) or version > len(MIGRATIONS):
            raise StoreError(
                f"{self._path}: written by a newer guardlayer (format {version}, this one knows {len(MIGRATIONS)}); "
                "upgrade guardlayer"
            )
        columns = head.get("tables")
        if not isinstance(columns, dict):
            raise InputError("names no tables", path=self._path, line=1)
        for name, listed in columns.items():
            own = {column.name for column in known[name].columns} if name in known else set()
            unknown = [column for column in listed if column not in own]
            if name not in known or unknown:
                missing = f"a table {name!r}" if name not in known else f"a column {unknown[0]!r} of {name}"
                raise InputError(f"has {missing}, which is not known here", path=self._path, line=1)
        return columns

    def _read(self, path: Path) -> Iterator[tuple[int, Any]]:
        total = hashlib.sha256()
        try:
            with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
                number = 0
                while line := file.readline(_MAX_LINE):
                    number += 1
                    self._digest = f"sha256:{total.hexdigest()}"
                    total.update(line)
                    try:
                        yield number, orjson.loads(line)
                    except orjson.JSONDecodeError as error:
                        raise InputError(
                            f"is no JSON ({error}); the file was cut off or changed. Nothing of it was kept",
                            path=self._path,
                            line=number,
                        ) from error
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(f"was cut off or changed ({error}); nothing of it was kept", path=self._path) from error
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror or error}", path=self._path) from error


def _value(part: Any) -> Any:
    if isinstance(part, dict):
        return base64.b64decode(part.get("base64", ""))
    return part
