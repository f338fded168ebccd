"""The log of a run, in JSON lines: what the card and the tables are written from."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from math import isnan
from pathlib import Path
from typing import Any


class Journal:
    """Appends events to a file and shows them on the way.

    Args:
        path: The file; it is created, and appended to when a run goes on.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path

    def write(self, event: str, **fields: Any) -> None:
        """Append one event with its fields; they must be JSON."""
        fields = {name: None if isinstance(value, float) and isnan(value) else value for name, value in fields.items()}
        record = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "event": event, **fields}
        line = json.dumps(record, ensure_ascii=False)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Read the events of a log, oldest first; the half line of a stopped run is left out."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                yield json.loads(line)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
