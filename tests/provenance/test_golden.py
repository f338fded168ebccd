"""Stored logs stay readable, and every kind of tampering that this form can find is found, with its place."""

import shutil
from pathlib import Path

import apsw
import pytest

from guardlayer.errors import LogError
from guardlayer.provenance import SqliteLog

GOLDEN = Path(__file__).parent.parent / "golden" / "provenance"


@pytest.fixture
def copied(tmp_path):
    def copy(name):
        return Path(shutil.copy(GOLDEN / f"{name}.db", tmp_path / f"{name}.db"))

    return copy


def test_a_log_of_format_1_is_read_and_continued(copied, make_report):
    """A log written by the first release verifies, answers why, and takes new records."""
    log = SqliteLog(copied("good"))
    assert log.verify() == 6
    responses = [record for record in log.records() if record.kind == "response"]
    why = log.why(responses[1].id, claim=0)
    assert (why.call_id, why.claims[0].current.fact.version) == ("call-2", 2)
    assert responses[0].leaf_hash == "9264d8fd03f2e2fae4b65fe535e0bb884ba9a33b9d8b782c69241058afd0cd87"
    assert log.append(make_report()).seq == 8
    assert log.verify() == 9


@pytest.mark.parametrize(
    ("name", "seq", "what"),
    [
        ("changed-byte", 3, "its hash is not that of its body"),
        ("changed-hash", 2, "its hash is not that of its body"),
        ("changed-column", 4, "its at is '2020-01-01T00:00:00Z'"),
        ("removed-row", 2, "it is missing; the next record is 3"),
        ("removed-start", 0, "it is missing; the next record is 3"),
        ("removed-response-at-end", 5, "it is missing: the claims before it belong to response"),
        ("dropped-claim", 3, "it is a claim that does not follow from the record before it"),
        ("closed-gap", 2, "its seq is 2, but its body says 3"),
        ("swapped-rows", 1, "its seq is 1, but its body says 2"),
        ("moved-bodies", 1, "its seq is 1, but its body says 2"),
    ],
)
def test_tampering_is_found_where_it_is(copied, name, seq, what):
    """verify refuses a tampered log and names the first record that cannot be trusted."""
    path = copied(f"tampered-{name}")
    with pytest.raises(LogError) as caught:
        SqliteLog(path).verify()
    assert f"{path}: record {seq} cannot be trusted: {what}" in str(caught.value)


def test_every_tampered_log_is_tested():
    """No golden file lies here unused."""
    mark = next(m for m in test_tampering_is_found_where_it_is.pytestmark if m.name == "parametrize")
    assert {f"tampered-{case[0]}" for case in mark.args[1]} | {"good"} == {path.stem for path in GOLDEN.glob("*.db")}


def test_a_changed_record_is_not_read_as_if_it_were_sound(copied):
    """Reading checks the hash too: why never answers from a record that was changed."""
    log = SqliteLog(copied("tampered-changed-byte"))
    response = next(log.records(5))
    assert response.body["call_id"] == "call-2"
    with pytest.raises(LogError, match="record 3 cannot be trusted"):
        log.why(response.id)
    with pytest.raises(LogError, match="record 3 cannot be trusted"):
        list(log.records())


def test_claims_of_another_response_are_not_taken_for_its_own(copied):
    """why refuses a response whose claims are not where they belong."""
    log = SqliteLog(copied("tampered-dropped-claim"))
    response = next(log.records(4))
    with pytest.raises(LogError, match="should have its claims here"):
        log.why(response.id)


def test_missing_guards_are_reported(copied):
    """A table whose triggers were dropped is no longer append-only, even while every record is sound."""
    path = copied("good")
    db = apsw.Connection(str(path))
    db.execute("DROP TRIGGER record_is_never_deleted")
    db.close()
    with pytest.raises(LogError, match="triggers that refuse changes to them are gone"):
        SqliteLog(path).verify()


def test_any_changed_byte_of_any_body_is_found(copied):
    """Each byte of each body matters to the hash, or to the place it claims."""
    path = copied("good")
    db = apsw.Connection(str(path))
    db.execute("DROP TRIGGER record_is_never_updated")
    for seq, body in list(db.execute("SELECT seq, body FROM record")):
        for place in range(0, len(body), 97):
            changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
            db.execute("UPDATE record SET body = ? WHERE seq = ?", (changed, seq))
            with pytest.raises(LogError, match=f"record {seq} cannot be trusted"):
                SqliteLog(path).verify()
        db.execute("UPDATE record SET body = ? WHERE seq = ?", (body, seq))
    db.close()
