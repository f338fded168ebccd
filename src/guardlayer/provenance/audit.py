"""Checks a log row by row; knows the layout, and nothing of the writer.

Found are: a changed byte of a body, a hash that is not its body's, a row that was removed, inserted or moved, a column
that does not say what the body says, a response that lacks some of its claims. Not found, until checkpoints are kept
elsewhere, are whole responses cut off at the end, and a log rewritten as a whole. A record whose texts were erased
keeps its hash; its body is checked against the hash that the erasure left, and its receipt proves the erasure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from guardlayer.errors import LogError
from guardlayer.provenance.layout import CLAIM, RESPONSE, SCHEMA, Row, leaf_hash

COLUMNS = (("seq", "seq"), ("id", "id"), ("kind", "kind"), ("at", "recorded_at"))


def check_row(row: Row, path: str) -> Mapping[str, Any]:
    """Return the body of a row whose hash and columns agree with it.

    Raises:
        LogError: They do not; the message names the place in the log.
    """
    if leaf_hash(row.body) != (row.leaf_hash if row.erased is None else row.erased):
        raise refused(
            path, row.seq, "its hash is not that of its body: one of the two was changed after it was written"
        )
    try:
        body = orjson.loads(row.body)
    except orjson.JSONDecodeError as error:
        raise refused(path, row.seq, f"its body is not JSON ({error})") from error
    if not isinstance(body, dict) or body.get("schema") != SCHEMA:
        schema = body.get("schema") if isinstance(body, dict) else None
        raise refused(path, row.seq, f"its schema is {schema!r}, not {SCHEMA}; a newer guardlayer may read it")
    if (row.erased is not None) is not ("erased" in body):
        raise refused(path, row.seq, "its body and the list of erasures do not agree on whether its texts were erased")
    for column, name in COLUMNS:
        if body.get(name) != getattr(row, column):
            raise refused(
                path, row.seq, f"its {column} is {getattr(row, column)!r}, but its body says {body.get(name)!r}"
            )
    return body


def audit(rows: Iterable[Row], path: str) -> int:
    """Check every row of a log, in order.

    Args:
        rows: All rows, by ascending ``seq``.
        path: Where the log is, for messages.

    Returns:
        The number of records.

    Raises:
        LogError: The first bad ``seq``, and what is wrong with it.
    """
    count = 0
    response, claims = None, 0  # whose claims have been read since the last response, and how many
    for row in rows:
        if row.seq != count:
            raise refused(path, count, f"it is missing; the next record is {row.seq}")
        body = check_row(row, path)
        if row.kind == CLAIM:
            claim = body.get("claim")
            index = claim.get("index") if isinstance(claim, dict) else None
            if index != claims or (claims and body.get("response") != response):
                raise refused(path, row.seq, "it is a claim that does not follow from the record before it")
            response, claims = body.get("response"), claims + 1
        elif row.kind == RESPONSE:
            if body.get("claims") != claims or (claims and response != row.id):
                raise refused(path, row.seq, "it is a response whose claims are not those before it")
            response, claims = None, 0
        count += 1
    if claims:
        raise refused(path, count, f"it is missing: the claims before it belong to response {response}")
    return count


def refused(path: str, seq: int, what: str) -> LogError:
    """Return the error for a bad record."""
    return LogError(f"{path}: record {seq} cannot be trusted: {what}; compare with a copy of the log kept elsewhere")
