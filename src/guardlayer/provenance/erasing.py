"""Take texts out of a log without breaking a proof: bodies lose their words, records keep their hashes and places."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw

from guardlayer.provenance.file import LogFile, transaction
from guardlayer.provenance.layout import ERASED_FORMAT, ERASURES, RESPONSE, TABLE, UPDATE_GUARD, encode, leaf_hash
from guardlayer.types import Erased, Record

if TYPE_CHECKING:
    from guardlayer.provenance.log import SqliteLog

GONE = "[erased]"
"""What stands where a text was."""

_PLACE = frozenset(("schema", "kind", "id", "seq", "recorded_at", "guardlayer", "at", "response"))
"""Fields of a body that say where it belongs: the columns repeat them."""
_KEPT = frozenset(
    (
        "verdict", "verifier", "action", "outcome", "form", "kind", "standing", "relation", "operation", "name",
        "digest", "policy", "model", "adapters", "call_id", "path",
    )
)  # fmt: skip
"""Fields whose words are ours or the caller's, and say nothing of anybody unless they name them."""
_TOLD = frozenset(("question", "draft", "output"))
"""Fields whose digest would let anybody who guesses the text see that it is this one."""
_FACT = re.compile(r"f[0-9]+\Z")


def erase(
    log: SqliteLog, file: LogFile, mentioned: Callable[[str], bool], *, receipt: str, at: str, preview: bool
) -> Erased:
    """Erase in one log; see :meth:`SqliteLog.erase`."""
    name = f"provenance log {log.path}"
    if log.path != ":memory:" and not Path(log.path).exists():
        return Erased(f"{name}: there is none")
    answers = list(_answers(log.records(), mentioned))
    records = [record for answer in answers for record in answer]
    left = ["its mirror, which has written the same records elsewhere"] if log.mirrored else []
    if records and not preview:
        with file.writing() as db:
            with _secure(db), transaction(db):
                _replace(db, records, mentioned, receipt=receipt, at=at)
            left += _compact(db, log.path)
    return Erased(name, {"answers": len(answers), "records": len(records)}, tuple(left))


def redacted(body: Mapping[str, Any], mentioned: Callable[[str], bool], *, receipt: str, at: str) -> dict[str, Any]:
    """Return a body without its texts: numbers, verdicts, lineage and the ids of facts stay.

    Args:
        body: The body as it is.
        mentioned: Says whether a text names the subject.
        receipt: What the body says it was erased for.
        at: When.
    """
    told = {
        name: value if name in _PLACE else _without(value, name, mentioned, digests=name not in _TOLD)
        for name, value in body.items()
    }
    return {**told, "erased": {"receipt": receipt, "at": at}}


def _without(value: Any, name: str, mentioned: Callable[[str], bool], *, digests: bool = True) -> Any:
    if isinstance(value, Mapping):
        return {key: _without(inner, key, mentioned, digests=digests) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without(inner, name, mentioned, digests=digests) for inner in value]
    if not isinstance(value, str):
        return value
    ours = name in _KEPT and (digests or name != "digest")
    if (ours or (name == "id" and _FACT.match(value))) and not mentioned(value):
        return value
    return GONE


def _answers(records: Iterable[Record], mentioned: Callable[[str], bool]) -> Iterator[list[Record]]:
    """Yield the answers that name somebody: the claims of each, then its response."""
    waiting: list[Record] = []
    named = False
    for record in records:
        waiting.append(record)
        # Far enough apart that the end of one text and the beginning of the next make no name.
        named = named or mentioned("\n\n\n\n\n\n".join(_texts(record.body)))
        if record.kind == RESPONSE:
            if named and any("erased" not in one.body for one in waiting):
                yield waiting
            waiting, named = [], False


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _replace(
    db: apsw.Connection, records: Iterable[Record], mentioned: Callable[[str], bool], *, receipt: str, at: str
) -> None:
    if not db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'erasure'").get:
        db.execute(ERASURES)
        db.execute(f"PRAGMA user_version = {ERASED_FORMAT}")
    # The guard against updates is lifted for these rows, within this transaction, and stands again before it ends.
    guard = next(part for part in TABLE.split("CREATE TRIGGER ") if part.startswith(UPDATE_GUARD))
    db.execute(f"DROP TRIGGER IF EXISTS {UPDATE_GUARD}")
    for record in records:
        body = encode(redacted(record.body, mentioned, receipt=receipt, at=at))
        db.execute("UPDATE record SET body = ? WHERE seq = ?", (body, record.seq))
        db.execute(
            "INSERT INTO erasure (seq, receipt, at, body_hash) VALUES (?1, ?2, ?3, ?4) "
            "ON CONFLICT (seq) DO UPDATE SET receipt = ?2, at = ?3, body_hash = ?4",
            (record.seq, receipt, at, leaf_hash(body)),
        )
    db.execute(f"CREATE TRIGGER {guard}")


class _secure:  # noqa: N801 - reads as a word in a with statement
    """Overwrite what is given up, while this lasts."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.pragma("secure_delete", 1)

    def __exit__(self, *_: object) -> None:
        self._db.pragma("secure_delete", 0)


def _compact(db: apsw.Connection, path: str) -> list[str]:
    """Rewrite the file without what was erased, and empty the write-ahead log."""
    db.execute("VACUUM")
    if path == ":memory:":
        return []
    busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0][0]
    return [f"{path}-wal: another process is reading it; erase again when that is done"] if busy else []
