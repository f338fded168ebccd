"""What is stored: the table, the bytes of a record, and their hash. Writer and auditor both start here.

A record's body is JSON with sorted keys and no white space, in UTF-8; its leaf hash is that of RFC 6962 §2.1. The
hash is taken of the bytes as they are stored and never of a second serialisation. Place and time of recording are
within the body, so the hash covers them.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple

import orjson

from guardlayer.errors import LogError

SCHEMA = "guardlayer.record/1"
"""Names the fields of a body; a change of their meaning is a new name."""

FORMAT = 1
"""Version of the table, in SQLite's ``user_version``."""

ERASED_FORMAT = 2
"""Version of a log in which texts were erased: the table is the same, and :data:`ERASURES` stands beside it."""

APPLICATION_ID = 0x474C5056
"""``GLPV`` in SQLite's ``application_id``: tells a provenance log from any other database."""

RESPONSE = "response"
CLAIM = "claim"

TABLE = """
CREATE TABLE record (
    seq       INTEGER PRIMARY KEY,
    id        TEXT NOT NULL UNIQUE,
    kind      TEXT NOT NULL,
    at        TEXT NOT NULL,
    body      BLOB NOT NULL,
    leaf_hash BLOB NOT NULL
) STRICT;
CREATE TRIGGER record_keeps_its_place BEFORE INSERT ON record
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq) + 1, 0) FROM record)
BEGIN SELECT RAISE(ABORT, 'a provenance log only grows at its end'); END;
CREATE TRIGGER record_is_never_updated BEFORE UPDATE ON record
BEGIN SELECT RAISE(ABORT, 'a provenance record is never changed'); END;
CREATE TRIGGER record_is_never_deleted BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'a provenance record is never deleted'); END;
"""

ERASURES = """
CREATE TABLE erasure (
    seq       INTEGER PRIMARY KEY,
    receipt   TEXT NOT NULL,
    at        TEXT NOT NULL,
    body_hash BLOB NOT NULL
) STRICT;
"""
"""Which records lost their texts, to which receipt, and the leaf hash of the body that stands there now. The record
keeps the hash it always had, so every proof over the hashes holds; what was under it can be checked no more."""

UPDATE_GUARD = "record_is_never_updated"

# A surrogate, with the backslashes before it; or backslashes before what an escaped surrogate looks like.
_ESCAPE = re.compile(r"(?<!\\)(\\*+)(?:([\ud800-\udfff])|(?=ud[89a-f][0-9a-f]{2}))")
_RESTORE = re.compile(r"(?<!\\)(\\++)u(d[89a-f][0-9a-f]{2})")


class Row(NamedTuple):
    """A row of the table, as it is stored; ``erased`` is the hash of the body where its texts were erased."""

    seq: int
    id: str
    kind: str
    at: str
    body: bytes
    leaf_hash: bytes
    erased: bytes | None = None


def leaf_hash(body: bytes) -> bytes:
    """Return the RFC 6962 §2.1 leaf hash of a stored body, ``SHA-256(0x00 || body)``, 32 bytes."""
    return hashlib.sha256(b"\x00" + body).digest()


def encode(body: dict[str, Any]) -> bytes:
    """Return the bytes of a body.

    Raises:
        LogError: It holds what JSON cannot say, such as an integer beyond 64 bits.
    """
    try:
        return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise LogError(f"the report cannot be recorded: {error}; nothing was written") from error


def escape(text: str) -> str:
    r"""Return ``text`` so that it can be encoded in UTF-8; :func:`restore` undoes it.

    A lone surrogate becomes ``\udxxx``. Backslashes before it, or before text that reads like one, are doubled.
    All other text is returned as it is.
    """
    if "\\ud" not in text:
        try:
            text.encode()
        except UnicodeEncodeError:
            pass
        else:
            return text
    return _ESCAPE.sub(lambda m: m[1] * 2 + (f"\\u{ord(m[2]):04x}" if m[2] else ""), text)


def restore(text: str) -> str:
    """Return the text that :func:`escape` was given: the reader of a record who needs every code point wants this."""

    def back(match: re.Match[str]) -> str:
        slashes, code = match[1], match[2]
        half = "\\" * (len(slashes) // 2)
        return f"{half}{chr(int(code, 16))}" if len(slashes) % 2 else f"{half}u{code}"

    return _RESTORE.sub(back, text)
