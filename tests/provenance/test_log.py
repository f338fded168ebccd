"""What the log promises: durable before acknowledged, append-only, in order, and every error says what to do."""

import hashlib
import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import apsw
import pytest

from guardlayer.errors import LogError
from guardlayer.protocols import ProvenanceLog
from guardlayer.provenance import SqliteLog
from guardlayer.provenance.file import transaction

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "er" / "provenance.db"


@pytest.fixture
def log(path):
    with SqliteLog(path, clock=lambda: NOW) as opened:
        yield opened


def test_it_is_a_provenance_log(log):
    """The flow can use it."""
    assert isinstance(log, ProvenanceLog)


def test_one_record_for_the_response_and_one_for_each_claim(log, make_report):
    """They stand in one run: the claims, then their response, all of one time."""
    first, second = log.append(make_report(claims=3)), log.append(make_report(claims=0))
    records = list(log.records())
    assert [(r.seq, r.kind) for r in records] == [
        (0, "claim"),
        (1, "claim"),
        (2, "claim"),
        (3, "response"),
        (4, "response"),
    ]
    assert (first, second) == (records[3], records[4])
    assert {r.body["recorded_at"] for r in records} == {"2026-01-02T03:04:05Z"}
    assert [r.body["claim"]["index"] for r in records[:3]] == [0, 1, 2]
    assert {r.body["response"] for r in records[:4]} == {first.id}
    assert log.record(records[2].id) == records[2]
    assert [r.seq for r in log.records(1, 3)] == [1, 2]
    assert [r.seq for r in log.records(3)] == [3, 4]
    assert list(log.records(9)) == []


def test_the_hash_is_that_of_rfc_6962_over_the_stored_bytes(log, path, make_report):
    """SHA-256 of a zero byte and the body, whose bytes hold its place and time."""
    record = log.append(make_report(claims=0))
    log.close()
    body, stored = next(apsw.Connection(str(path)).execute("SELECT body, leaf_hash FROM record"))
    assert hashlib.sha256(b"\x00" + body).digest() == stored
    assert record.leaf_hash == stored.hex()
    assert json.loads(body) == record.body
    assert {"seq", "recorded_at", "id"} <= json.loads(body).keys()
    assert body == json.dumps(json.loads(body), sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def test_ids_are_uuids_that_sort_by_time(path, make_report):
    """Version 7, RFC variant, ordered by the clock and within a response by claim."""
    times = iter(NOW + timedelta(milliseconds=5 * i) for i in range(20))
    with SqliteLog(path, clock=lambda: next(times)) as log:
        for _ in range(20):
            log.append(make_report(claims=3))
        ids = [record.id for record in log.records()]
    assert ids == sorted(ids)
    assert len(set(ids)) == 80
    assert {(UUID(i).version, UUID(i).variant) for i in ids} == {(7, "specified in RFC 4122")}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET at = 'x' WHERE seq = 0",
        "DELETE FROM record WHERE seq = 0",
        "DELETE FROM record",
        "INSERT OR REPLACE INTO record SELECT * FROM record WHERE seq = 0",
        "INSERT INTO record SELECT 7, 'x', kind, at, body, leaf_hash FROM record WHERE seq = 0",
        "INSERT INTO record SELECT -1, 'x', kind, at, body, leaf_hash FROM record WHERE seq = 0",
    ],
)
def test_the_table_refuses_everything_but_the_next_row(log, path, make_report, statement):
    """Not even plain SQL changes, removes or replaces a record, or leaves a gap."""
    log.append(make_report())
    log.close()
    db = apsw.Connection(str(path))
    with pytest.raises(apsw.ConstraintError, match="provenance"):
        db.execute(statement)
    db.close()
    assert log.verify() == 3


def test_every_commit_is_synced(log, path, make_report):
    """Write-ahead log and FULL: an acknowledged record survives a power failure."""
    log.append(make_report())
    with log._file.writing() as db:
        assert db.execute("PRAGMA journal_mode").get == "wal"
        assert db.execute("PRAGMA synchronous").get == 2


CRASH = """
import os, sys
sys.path.insert(0, {folder!r})
from conftest import build
from guardlayer.provenance import SqliteLog
from guardlayer.temporal import utc_now
calls = []
def clock():
    calls.append(1)
    if len(calls) == 2:
        os._exit(9)      # the clock is read within the transaction: the process dies before the commit
    return utc_now()
log = SqliteLog({path!r}, clock=clock)
print(log.append(build(call="kept")).id, flush=True)
log.append(build(call="lost"))
"""


def test_a_crash_before_the_commit_leaves_no_record(path, make_report):
    """What was not acknowledged is not half there, what was is whole, and the log goes on."""
    script = CRASH.format(folder=str(Path(__file__).parent), path=str(path))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 9, done.stderr
    log = SqliteLog(path)
    assert {record.body["call_id"] for record in log.records()} == {"kept"}
    assert log.record(done.stdout.strip()).seq == 2
    assert log.append(make_report()).seq == 5
    assert log.verify() == 6
    log.close()


def test_a_failing_clock_leaves_no_record(path, make_report):
    """Whatever is raised within the transaction, nothing of it stays."""
    times = iter([NOW])
    with SqliteLog(path, clock=lambda: next(times)) as log:
        log.append(make_report())
        with pytest.raises(StopIteration):
            log.append(make_report())
        assert log.verify() == 3


def test_threads_share_one_log_without_gaps(log, make_report):
    """Eight threads, fifty appends each: every acknowledged place is taken once, and reads go on meanwhile."""
    report = make_report(claims=1)
    with ThreadPoolExecutor(9) as pool:
        reading = pool.submit(lambda: [log.verify() for _ in range(5) if log.append(report)])
        acknowledged = list(pool.map(lambda _: log.append(report).seq, range(400)))
    assert len(reading.result()) == 5
    assert len(set(acknowledged)) == 400
    assert log.verify() == 810


@pytest.mark.parametrize("bad", [None, "Bad."])
def test_those_who_wait_are_written_together_and_fail_alone(log, make_report, monkeypatch, bad):
    """Reports that wait for the file share one commit; of several, only the one that cannot be written fails."""
    commits, insert = [], log._insert

    def counted(db):
        commits.append(db)
        return transaction(db)

    def failing(db, unplaced):
        if bad is not None and bad in json.dumps(unplaced):
            raise apsw.FullError("no room for this one")
        return insert(db, unplaced)

    monkeypatch.setattr("guardlayer.provenance.log.transaction", counted)
    monkeypatch.setattr(log, "_insert", failing)
    with ThreadPoolExecutor(5) as pool:
        with log._file.writing():
            texts = [f"Text {number}." for number in range(4)] + ["Bad."]
            told = [pool.submit(log.append, make_report(text=text, claims=1)) for text in texts]
            while len(log._waiting) < 5:
                time.sleep(0.001)
        errors = [future.exception(timeout=20) for future in told]
    assert [type(error) for error in errors] == [type(None)] * 4 + [LogError if bad else type(None)]
    assert len(commits) == (6 if bad else 1)
    assert log.verify() == (8 if bad else 10)
    assert all(log.record(future.result().id).kind == "response" for future in told[:4])


def test_those_who_wait_for_another_process_wait_once(path, make_report):
    """Where another process keeps the file, all who wait are told after one timeout, not one after the other."""
    with SqliteLog(path, timeout=0.3) as log:
        log.append(make_report(claims=1))
        other = apsw.Connection(str(path))
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(5) as pool:
            with log._file.writing():
                told = [pool.submit(log.append, make_report(claims=1)) for _ in range(5)]
                while len(log._waiting) < 5:
                    time.sleep(0.001)
                begun = time.monotonic()
            assert all(isinstance(future.exception(timeout=20), LogError) for future in told)
            assert time.monotonic() - begun < 5 * 0.3
        other.execute("ROLLBACK")
        other.close()
        assert log.verify() == 2


def test_a_file_that_cannot_be_opened_leaves_nothing_to_be_written_later(tmp_path, make_report):
    """An append that failed before it could write is not written by the next one."""
    place = tmp_path / "log.db"
    place.mkdir()
    log = SqliteLog(place)
    with pytest.raises(LogError):
        log.append(make_report())
    place.rmdir()
    log.append(make_report(claims=1))
    assert log.verify() == 2
    log.close()


WRITER = """
import sys
sys.path.insert(0, {folder!r})
from conftest import build
from guardlayer.provenance import SqliteLog
log = SqliteLog({path!r})
for _ in range(50):
    print(log.append(build(claims=1)).seq)
"""


def test_processes_share_one_file_without_gaps(path):
    """Two processes that create and fill one new log at once lose nothing and take no place twice."""
    script = WRITER.format(folder=str(Path(__file__).parent), path=str(path))
    running = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0, 0], outputs
    places = [int(line) for out, _ in outputs for line in out.split()]
    assert len(set(places)) == 100
    with SqliteLog(path) as log:
        assert log.verify() == 200


def test_a_forked_child_opens_its_own_connection(path, make_report):
    """A server that forks after the first append keeps a sound log."""
    with SqliteLog(path) as log:
        log.append(make_report(claims=1))
        child = os.fork()
        if child == 0:
            try:
                log.append(make_report(claims=1))
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        log.append(make_report(claims=1))
        assert log.verify() == 6


def test_a_locked_log_says_so(path, make_report):
    """Another writer that does not let go is an error after the time-out, and nothing is written."""
    with SqliteLog(path, timeout=0.05) as log:
        log.append(make_report())
        other = apsw.Connection(str(path))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LogError, match=r"provenance\.db: cannot append.*locked for 0\.05 s.*wait"):
            log.append(make_report())
        other.execute("ROLLBACK")
        other.close()
        assert log.append(make_report()).seq == 5


def test_reading_does_not_create_a_log(tmp_path):
    """A mistyped path is an error, not an empty log."""
    path = tmp_path / "typo.db"
    for ask in (lambda log: log.verify(), lambda log: log.why("0"), lambda log: list(log.records())):
        with pytest.raises(LogError, match=r"typo\.db: there is no provenance log here"):
            ask(SqliteLog(path))
    assert not path.exists()


def test_files_that_are_no_log_of_ours_are_refused_untouched(tmp_path, make_report):
    """Not SQLite, another database, a newer format: each is named with what to do, and keeps every byte."""
    noise = tmp_path / "noise.db"
    noise.write_bytes(b"not a database at all, " * 400)
    other = tmp_path / "other.db"
    db = apsw.Connection(str(other))
    db.execute("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
    db.close()
    newer = tmp_path / "newer.db"
    with SqliteLog(newer) as log:
        log.append(make_report())
    db = apsw.Connection(str(newer))
    db.execute("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    for path, words in (
        (noise, "not an SQLite database; choose another path"),
        (other, "no provenance log; choose another path"),
        (newer, "has format 99.*install the newer guardlayer"),
    ):
        before = path.read_bytes()
        for use in (lambda log: log.append(make_report()), lambda log: log.verify()):
            with SqliteLog(path) as log, pytest.raises(LogError, match=re.escape(str(path)) + ".*" + words):
                use(log)
        assert path.read_bytes() == before


def test_a_damaged_log_says_so(log, path, make_report):
    """A page of noise is damage that is named, not a crash."""
    for _ in range(20):
        log.append(make_report())
    log.close()
    content = bytearray(path.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    path.write_bytes(content)
    with pytest.raises(LogError, match="damaged; keep it"):
        log.verify()


def test_places_that_cannot_be_written_are_named(tmp_path, make_report):
    """A folder in the way, a file in the way of the folder."""
    (tmp_path / "file").write_text("x")
    for path in (tmp_path, tmp_path / "file" / "log.db"):
        with pytest.raises(LogError, match=re.escape(str(path))):
            SqliteLog(path).append(make_report())


def test_a_read_only_log_can_be_read_but_not_written(log, path, make_report, monkeypatch):
    """An auditor's copy on read-only media is checked as it lies."""
    log.append(make_report())
    log.close()
    connect = apsw.Connection

    def refusing(name, flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE):
        # Tests may run as root, whom file permissions do not stop; so SQLite's own flags stand in for the medium.
        if flags & apsw.SQLITE_OPEN_READWRITE:
            return connect(name, flags=apsw.SQLITE_OPEN_READONLY)
        if not flags & apsw.SQLITE_OPEN_URI:
            raise apsw.CantOpenError("unable to open database file")
        return connect(name, flags=flags)

    monkeypatch.setattr(apsw, "Connection", refusing)
    with pytest.raises(LogError, match="read-only; give write permission"):
        log.append(make_report())
    assert log.verify() == 3


def test_unknown_and_ambiguous_ids_are_errors_that_help(log, make_report):
    """A prefix finds its record if it is the only one; else the message says what else there is."""
    one, two = log.append(make_report()), log.append(make_report())
    with pytest.raises(LogError, match=r"more than one record begins with '019b'?.*; give more characters"):
        log.record(one.id[:8])
    with pytest.raises(LogError, match="there is no record 'ffff'"):
        log.record("ffff")
    with pytest.raises(LogError, match="is no record id"):
        log.record("%")
    assert log.record(two.id.upper()[:36]) == two


def test_a_failing_mirror_is_reported_and_harms_nothing(path, make_report, caplog):
    """The record is in the log whatever becomes of its mirror."""

    def broken(_record):
        raise OSError("the pipe is gone")

    with SqliteLog(path, mirror=broken) as log, caplog.at_level(logging.WARNING, "guardlayer"):
        assert log.append(make_report(claims=1)).seq == 1
        assert log.verify() == 2
    assert [r.getMessage().split(",")[0] for r in caplog.records] == [
        "the mirror failed for record 0",
        "the mirror failed for record 1",
    ]
    assert "the pipe is gone" in caplog.text


def test_the_mirror_sees_only_what_is_committed(path, make_report):
    """When a record reaches the mirror, another connection already finds it; in the order of the log."""
    seen = []

    def mirror(record):
        other = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        assert other.execute("SELECT count(*) FROM record WHERE id = ?", (record.id,)).get == 1
        other.close()
        seen.append(record.seq)

    with SqliteLog(path, mirror=mirror) as log:
        threads = [threading.Thread(target=log.append, args=(make_report(),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seen == list(range(12))


def test_an_integer_that_json_cannot_carry_is_refused_whole(log, make_report):
    """Nothing is written of a report that cannot be recorded."""
    report = make_report(claims=1)
    object.__setattr__(report.coverage, "characters", 2**70)
    with pytest.raises(LogError, match="cannot be recorded"):
        log.append(report)
    assert log.append(make_report()).seq == 2


def test_a_log_in_memory_works_for_trying_out(make_report):
    """``:memory:`` keeps records as long as the object lives, and makes no file."""
    log = SqliteLog(":memory:")
    assert log.why(log.append(make_report()).id).of == 2
    assert not Path(":memory:").exists()
