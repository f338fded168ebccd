"""Erasing texts from a log: what goes, what stays, and that nothing else can pass for an erasure."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from guardlayer import Guard, Knowledge
from guardlayer.errors import LogError
from guardlayer.provenance import SqliteLog, leaf_hash


def names(text: str) -> bool:
    """Say whether a text names the subject."""
    return "zorblatt" in text.lower()


@pytest.fixture
def log(tmp_path: Path) -> SqliteLog:
    """Three answers, the middle one about Zorblatt."""
    kb = Knowledge.open(":memory:")
    kb.add("Zorblatt", "phone", "555-0199", source="hr", valid_from="1980-05-17")
    kb.add("Acme", "office", "Rome", source="register")
    log = SqliteLog(tmp_path / "log.db")
    guard = Guard(knowledge=kb, log=log, model="ft:1")
    guard.check("The office of Acme is in Rome.")
    guard.check("The phone of Zorblatt is 555-0198. Acme has an office.", question="What is the phone?")
    guard.check("The office of Acme is in Milan.")
    return log


Tamper = Callable[[apsw.Connection], object]


def tamper(log: SqliteLog, *sql: str) -> None:
    """Change the file past every guard."""
    log.close()
    with apsw.Connection(log.path) as db:
        db.execute("DROP TRIGGER IF EXISTS record_is_never_updated")
        for statement in sql:
            db.execute(statement)
        db.execute(
            "CREATE TRIGGER record_is_never_updated BEFORE UPDATE ON record "
            "BEGIN SELECT RAISE(ABORT, 'a provenance record is never changed'); END"
        )


def test_hashes_places_and_verdicts_stay(log: SqliteLog) -> None:
    """The answer loses its texts as a whole; every hash is what it was, others are untouched, and the log verifies."""
    before = list(log.records())
    erased = log.erase(names, receipt="r1")
    after = list(log.records())
    assert [(one.id, one.seq, one.kind, one.leaf_hash) for one in after] == [
        (one.id, one.seq, one.kind, one.leaf_hash) for one in before
    ]
    changed = [one for one, other in zip(after, before, strict=True) if one.body != other.body]
    assert erased.removed == {"answers": 1, "records": len(changed)}
    assert {one.body["response"] for one in changed} == {changed[-1].id}
    for one in changed:
        text = repr(one.body)
        assert "555-" not in text
        assert not re.search(r"1980\W", text)
        assert "sha256:" not in text
        assert one.body["erased"]["receipt"] == "r1"
        assert one.body["model"] == {"name": "ft:1", "digest": None, "adapters": []}
    assert [one.body["claim"]["verdict"] for one in changed[:-1]] == [
        one.body["claim"]["verdict"] for one in before if one.id in {c.id for c in changed[:-1]}
    ]
    assert log.verify() == len(before)
    assert log.erasures() == {"r1": len(changed)}
    assert "555-" not in str(log.why(changed[-1].id))


def test_no_byte_is_left(log: SqliteLog) -> None:
    """In the file, in its write-ahead log and in the index of that."""
    log.erase(names, receipt="r1")
    for path in Path(log.path).parent.iterdir():
        data = path.read_bytes().lower()
        assert b"zorblatt" not in data
        assert b"555-0198" not in data


def test_a_preview_changes_nothing(log: SqliteLog) -> None:
    """It counts."""
    before = Path(log.path).read_bytes()
    assert log.erase(names, receipt="r1", preview=True).removed["answers"] == 1
    assert log.erasures() == {}
    assert Path(log.path).read_bytes() == before


def test_again_finds_nothing_more(log: SqliteLog) -> None:
    """What is erased is erased; another subject of the same answers may still be."""
    assert log.erase(names, receipt="r1").removed["records"] > 0
    assert log.erase(names, receipt="r2").removed["records"] == 0
    assert log.erase(lambda text: "milan" in text.lower(), receipt="r3").removed["answers"] == 1
    assert set(log.erasures()) == {"r1", "r3"}
    assert log.verify() > 0


def test_the_log_goes_on(log: SqliteLog) -> None:
    """Records are appended behind, and the guards against changes stand."""
    log.erase(names, receipt="r1")
    Guard(log=log).check("Nothing is known of this.")
    assert log.verify() > 0
    with apsw.Connection(log.path) as db, pytest.raises(apsw.ConstraintError):
        db.execute("UPDATE record SET body = x'00' WHERE seq = 0")


def test_there_may_be_none(tmp_path: Path) -> None:
    """A log that was never written holds nothing, and is not made by erasing."""
    erased = SqliteLog(tmp_path / "none.db").erase(names, receipt="r1")
    assert erased.complete
    assert not (tmp_path / "none.db").exists()


def test_a_mirror_is_left(log: SqliteLog) -> None:
    """What was written elsewhere, too, is named."""
    mirrored = SqliteLog(log.path, mirror=lambda record: None)
    assert not mirrored.erase(names, receipt="r1").complete


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE record SET body = CAST(replace(CAST(body AS TEXT), '[erased]', 'nothing') AS BLOB) WHERE seq = 2",
        "UPDATE record SET body = CAST(replace(CAST(body AS TEXT), 'enforce', 'observe') AS BLOB) WHERE seq >= 2",
        "DELETE FROM erasure WHERE seq = (SELECT max(seq) FROM erasure)",
        "INSERT INTO erasure SELECT 0, 'r1', '2026', leaf_hash FROM record WHERE seq = 0",
        "UPDATE erasure SET body_hash = zeroblob(32)",
    ],
)
def test_nothing_else_passes_for_an_erasure(log: SqliteLog, sql: str) -> None:
    """A body changed after the erasure, a record that was not erased but is listed, and one that is not listed are found."""
    log.erase(names, receipt="r1")
    tamper(log, sql)
    with pytest.raises(LogError):
        log.verify()


def test_a_forged_body_needs_its_hash_on_the_list(log: SqliteLog) -> None:
    """Only a body that says it was erased may stand under another's hash, and only the one that was listed."""
    body = b'{"schema":"guardlayer.record/1"}'
    log.erase(names, receipt="r1")
    tamper(log, f"UPDATE record SET body = x'{body.hex()}', leaf_hash = x'{leaf_hash(body).hex()}' WHERE seq = 0")
    with pytest.raises(LogError):
        log.verify()
