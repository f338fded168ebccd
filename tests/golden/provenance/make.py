"""Writes the golden logs of this folder anew: ``python tests/golden/provenance/make.py``.

Needed only when the stored format changes, and then with a new format version: logs that were written by a released
version must stay readable, so their files are kept, not made again.
"""

from datetime import UTC, datetime
from pathlib import Path

import apsw

from guardlayer.provenance import SqliteLog, leaf_hash
from guardlayer.types import (
    Action,
    CheckedClaim,
    Claim,
    Coverage,
    Decision,
    Draft,
    Edit,
    Evidence,
    Fact,
    Interval,
    Label,
    Model,
    Relation,
    Report,
    Source,
    Standing,
    Verdict,
)

HERE = Path(__file__).parent
AT = datetime(2026, 1, 15, 12, tzinfo=UTC)
TRIGGERS = ("record_keeps_its_place", "record_is_never_updated", "record_is_never_deleted")

TAMPERED = {
    # A byte of a body; the same with the hash made to fit; and what can be done to rows.
    "changed-byte": ["UPDATE record SET body = CAST(replace(CAST(body AS TEXT), '27', '28') AS BLOB) WHERE seq = 3"],
    "changed-hash": ["UPDATE record SET leaf_hash = zeroblob(32) WHERE seq = 2"],
    "changed-column": ["UPDATE record SET at = '2020-01-01T00:00:00Z' WHERE seq = 4"],
    "removed-row": ["DELETE FROM record WHERE seq = 2"],
    "removed-start": ["DELETE FROM record WHERE seq < 3"],
    "removed-response-at-end": ["DELETE FROM record WHERE seq = 5"],
    # With every place and hash made to fit again.
    "dropped-claim": [
        "DELETE FROM record WHERE seq = 3",
        "UPDATE record SET seq = seq - 1, body = CAST(json_set(CAST(body AS TEXT), '$.seq', seq - 1) AS BLOB) WHERE seq > 3",
        "UPDATE record SET leaf_hash = leaf_hash_of(body)",
    ],
    "closed-gap": ["DELETE FROM record WHERE seq = 2", "UPDATE record SET seq = seq - 1 WHERE seq > 2"],
    "swapped-rows": [
        "UPDATE record SET seq = 100 WHERE seq = 1",
        "UPDATE record SET seq = 1 WHERE seq = 2",
        "UPDATE record SET seq = 2 WHERE seq = 100",
    ],
    "moved-bodies": [
        "CREATE TEMP TABLE h AS SELECT * FROM record WHERE seq IN (1, 2)",
        "UPDATE record SET (body, leaf_hash) = (SELECT body, leaf_hash FROM h WHERE h.seq = 3 - record.seq) WHERE seq = 1",
        "UPDATE record SET (body, leaf_hash) = (SELECT body, leaf_hash FROM h WHERE h.seq = 3 - record.seq) WHERE seq = 2",
        "DROP TABLE h",
    ],
}


def report(call: str) -> Report:
    """Return a small report with two claims, one of them corrected."""
    gazette = Source(
        "gazette", "https://example.org/gazette", "2025-07", 1, Interval.parse("2025", None), "sha256:" + "0" * 64
    )
    old = Fact("rate", 1, "Examplia", "standard rate", "25 %", valid=Interval.parse("2010", "2025-07"), source=gazette)
    new = Fact("rate", 2, "Examplia", "standard rate", "27 %", valid=Interval.parse("2025-07", None), source=gazette)
    text = "Examplia's standard rate is 25 %. It lies by the sea."
    stale = Verdict(
        Label.STALE,
        0.97,
        "25 % held until 2025-07; since then it is 27 % (gazette)",
        (
            Evidence(
                old.text, gazette, standing=Standing.SUPERSEDED, fact=old, successor=new, relation=Relation.SUPPORTS
            ),
        ),
        new,
        "structured/1",
    )
    claims = (
        CheckedClaim(Claim(text[:33], 0, 33), stale, Action.CORRECT),
        CheckedClaim(
            Claim("Examplia lies by the sea.", 34, 53), Verdict(Label.UNSUPPORTED, 1.0, "no source"), Action.ANNOTATE
        ),
    )
    edits = (Edit(28, 32, "27 %"),)
    decision = Decision(
        Action.CORRECT, text.replace("25", "27"), edits, ("correct: stale",), tuple(c.action for c in claims)
    )
    draft = Draft(text, AT, call, "What is the rate?", model=Model("assistant", adapters=("voice",)))
    return Report(draft, claims, decision, Coverage(2, 2, 0, 0, 0, (), 45), "enforce@00000000", notices=("golden",))


def main() -> None:
    """Write the sound log, and each tampered one from it."""
    good = HERE / "good.db"
    good.unlink(missing_ok=True)
    with SqliteLog(good, clock=lambda: AT) as log:
        for call in ("call-1", "call-2"):
            log.append(report(call))
    settle(good)
    for name, statements in TAMPERED.items():
        path = HERE / f"tampered-{name}.db"
        path.write_bytes(good.read_bytes())
        tamper(path, statements)


def tamper(path: Path, statements: list[str]) -> None:
    """Do to a log what its triggers refuse, and put the triggers back."""
    db = apsw.Connection(str(path))
    guards = [db.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (name,)).get for name in TRIGGERS]
    for name in TRIGGERS:
        db.execute(f"DROP TRIGGER {name}")
    db.create_scalar_function("leaf_hash_of", leaf_hash, 1)
    for statement in statements:
        db.execute(statement)
    for guard in guards:
        db.execute(guard)
    db.close()
    settle(path)


def settle(path: Path) -> None:
    """Leave one file behind: everything in the database, nothing beside it."""
    db = apsw.Connection(str(path))
    db.execute("PRAGMA journal_mode = DELETE")
    db.close()


if __name__ == "__main__":
    main()
