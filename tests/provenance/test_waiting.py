"""Appending from an event loop: durable before it is acknowledged, together, and without keeping the loop."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import apsw
import pytest

from guardlayer.errors import LogError
from guardlayer.provenance import SqliteLog
from guardlayer.provenance.file import transaction


@pytest.fixture
def path(tmp_path):
    """Where the log is."""
    return tmp_path / "log.db"


async def test_what_is_acknowledged_can_be_read_by_others(path, make_report):
    """When the record comes back, another connection sees it, whole."""
    with SqliteLog(path) as log:
        record = await log.aappend(make_report())
        with SqliteLog(path) as other:
            assert other.record(record.id).body["claims"] == record.seq == 2
            assert other.verify() == 3


@pytest.mark.parametrize("bad", [None, "Bad."])
async def test_answers_that_end_together_share_a_commit_and_fail_alone(path, make_report, monkeypatch, bad):
    """All that wait are written in one transaction; of several, only the one that cannot be written fails."""
    with SqliteLog(path) as log:
        commits, insert = [], log._insert

        def counted(db):
            commits.append(db)
            return transaction(db)

        def failing(db, unplaced):
            if bad is not None and bad in unplaced[-1]["draft"]["text"]:
                raise apsw.FullError("no room for this one")
            return insert(db, unplaced)

        monkeypatch.setattr("guardlayer.provenance.log.transaction", counted)
        monkeypatch.setattr(log, "_insert", failing)
        texts = [*(f"Text {number}." for number in range(40)), "Bad."]
        with log._file.writing():
            tasks = [asyncio.ensure_future(log.aappend(make_report(text=text, claims=1))) for text in texts]
            await asyncio.sleep(0)
            assert len(log._waiting) == 41
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert len(commits) == (42 if bad else 1)
        assert isinstance(found[-1], LogError) is bool(bad)
        assert len({record.seq for record in found[:40]}) == 40
        assert [log.record(record.id).body["draft"]["text"] for record in found[:40]] == texts[:40]
        assert log.verify() == (80 if bad else 82)


async def test_threads_and_loops_share_one_log(path, make_report):
    """Who appends in a thread and who waits in a loop may write for each other; each place is taken once."""
    report = make_report(claims=1)
    with SqliteLog(path) as log, ThreadPoolExecutor(4) as pool:
        loop = asyncio.get_running_loop()
        both = [loop.run_in_executor(pool, log.append, report) for _ in range(50)]
        records = await asyncio.gather(*both, *(log.aappend(report) for _ in range(50)))
        assert len({record.seq for record in records}) == 100
        assert log.verify() == 200


async def test_the_loop_goes_on_while_another_process_keeps_the_file(path, make_report):
    """Waiting for a lock keeps nobody else waiting; who waited is told that nothing was written, and why."""
    with SqliteLog(path, timeout=0.3) as log:
        await log.aappend(make_report(claims=1))
        other = apsw.Connection(str(path))
        other.execute("BEGIN IMMEDIATE")
        tasks = [asyncio.ensure_future(log.aappend(make_report(claims=1))) for _ in range(3)]
        turns = 0
        while not all(task.done() for task in tasks):
            await asyncio.sleep(0.01)
            turns += 1
        assert turns >= 5
        assert all("locked" in str(task.exception()) for task in tasks)
        other.execute("ROLLBACK")
        other.close()
        assert log.verify() == 2


async def test_what_is_given_up_before_it_is_taken_is_not_written(path, make_report):
    """An append that was cancelled while it waited leaves no record behind."""
    with SqliteLog(path) as log:
        with log._file.writing():
            task = asyncio.ensure_future(log.aappend(make_report(claims=1)))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        record = await log.aappend(make_report(claims=1))
        assert (record.seq, log.verify()) == (1, 2)


async def test_a_file_that_cannot_be_opened_fails_all_that_wait_and_leaves_nothing(path, make_report):
    """Each is told, and none of them is written by the next append."""
    path.mkdir()
    with SqliteLog(path) as log:
        found = await asyncio.gather(*(log.aappend(make_report()) for _ in range(3)), return_exceptions=True)
        assert all(isinstance(error, LogError) for error in found)
        path.rmdir()
        await log.aappend(make_report(claims=1))
        assert log.verify() == 2


async def test_whatever_is_raised_while_it_is_written_reaches_who_waits(path, make_report):
    """Not even an error that no future can carry leaves an answer waiting for ever."""
    times = iter([datetime(2026, 5, 1, tzinfo=UTC)])
    with SqliteLog(path, clock=lambda: next(times)) as log:
        await log.aappend(make_report())
        with pytest.raises(LogError, match="StopIteration"):
            await log.aappend(make_report())
        assert log.verify() == 3


async def test_no_answer_waits_for_the_checkpoint_behind_it(path, make_report, monkeypatch):
    """Who waits is told when the commit is on disk, not when the write-ahead log was moved into the file."""
    going_on = threading.Event()
    with SqliteLog(path) as log:
        monkeypatch.setattr(log._file, "checkpoint", lambda: going_on.wait(10))
        try:
            async with asyncio.timeout(5):
                record = await log.aappend(make_report(claims=1))
        finally:
            going_on.set()
        assert log.record(record.id) == record


async def test_the_write_ahead_log_stays_short(path, make_report, monkeypatch):
    """It is moved into the file again and again, from threads and from loops, and holds no more than a few answers."""
    monkeypatch.setattr("guardlayer.provenance.file.LONG_WAL", 50)
    report = make_report(text="A long answer. " * 1000, claims=1)
    with SqliteLog(path) as log:
        for _ in range(40):
            await log.aappend(report)
            log.append(report)
        assert path.with_name("log.db-wal").stat().st_size < 150 * 4096
        assert path.stat().st_size > 300 * 4096
        assert log.verify() == 160


async def test_a_closed_log_opens_again(path, make_report):
    """Closing ends its thread; a later append begins another."""
    log = SqliteLog(path)
    await log.aappend(make_report(claims=1))
    log.close()
    await log.aappend(make_report(claims=1))
    assert log.verify() == 4
    log.close()
