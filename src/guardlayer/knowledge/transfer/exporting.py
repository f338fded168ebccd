"""A knowledge layer as JSON lines.

The first line says what it is: ``{"guardlayer": "knowledge/1", "format": 6, "tables": {"fact": ["id", …], …}}``. Each
line after it is one row: ``["fact", 1, …]``, values in the order of the columns, bytes as ``{"base64": "…"}``. The last
one says how many rows of each table there are, and the SHA-256 of all bytes before it: a file that was cut off, or in
which a byte was changed, is known for one.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from guardlayer.errors import StoreError
from guardlayer.knowledge.catalogue import tables
from guardlayer.knowledge.store import MIGRATIONS, Store
from guardlayer.knowledge.transfer.walking import Progress, count, rows

FORMAT = "knowledge/1"
"""Names the form of the file; ``format`` beside it is the version of the tables."""
_SHOWN = 10_000


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        path: Where.
        rows: Rows of each table.
        digest: ``sha256:…`` of the rows, as the last line says it too.
    """

    path: str
    rows: dict[str, int]
    digest: str

    def __str__(self) -> str:
        return f"{self.path}: {sum(self.rows.values()):,} rows of {sum(map(bool, self.rows.values()))} tables"


def export(store: Store, path: str | os.PathLike[str], *, progress: Progress | None = None) -> Exported:
    """Write everything a database holds to a file; a path that ends in ``.gz`` is compressed.

    The file appears when it is whole, in the place of one that was there before.

    Args:
        store: The database, read as it stands at one instant.
        path: The file.
        progress: Told of rows written, now and then.

    Raises:
        StoreError: The file cannot be written, or the database not be read.
    """
    target = Path(path)
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with _opened(draft, compressed=target.suffix == ".gz") as stream:
            digest, written = write_to(store, stream, progress=progress)
        draft.replace(target)
    except OSError as error:
        raise StoreError(
            f"{target}: cannot be written ({error.strerror or error}); check the folder and the room on the disk"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    return Exported(str(target), written, digest)


def write_to(store: Store, stream: IO[bytes], *, progress: Progress | None = None) -> tuple[str, dict[str, int]]:
    """Write the lines to an open stream; return their digest, and the rows of each table."""
    total = hashlib.sha256()

    def say(value: Any) -> None:
        line = orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
        total.update(line)
        stream.write(line)

    with store.snapshot():
        counted = count(store)
        everything, done = sum(counted.values()), 0
        columns = {table.name: [column.name for column in table.columns] for table in tables()}
        say({"guardlayer": FORMAT, "format": len(MIGRATIONS), "tables": columns})
        for table in tables():
            for row in rows(store, table):
                say([table.name, *(_plain(value) for value in row)])
                done += 1
                if progress is not None and done % _SHOWN == 0:
                    progress(done, everything, table.name)
    digest = f"sha256:{total.hexdigest()}"
    stream.write(orjson.dumps({"rows": counted, "digest": digest}, option=orjson.OPT_APPEND_NEWLINE))
    if progress is not None:
        progress(done, everything, "")
    return digest, counted


@contextmanager
def _opened(path: Path, *, compressed: bool) -> Iterator[IO[bytes]]:
    with path.open("xb") as file:
        if compressed:
            with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
                yield packed  # type: ignore[misc]  # a GzipFile writes bytes as any stream does
        else:
            yield file
        file.flush()
        os.fsync(file.fileno())


def _plain(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
