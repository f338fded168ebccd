"""The two drivers: the same report, no blocked loop, no missed deadline, no mixed-up callers."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guardlayer.errors import AuthorityError
from guardlayer.pipeline import arun, run
from guardlayer.policy import PRESETS, Policy
from guardlayer.testing import AsyncFakeAuthority, FakeAuthority, MemoryLog, draft, evidence
from guardlayer.types import Label, Query

LINES = st.sampled_from(
    ["fine", "it is old", "it is older", "unknown", "behavior: hi", "state: shipped", "permission: may", "-- --", "", "\x00", "\ud800"]
)  # fmt: skip
PASSAGES = st.lists(st.sampled_from(["fine", "old → new", "it is new", "new → old", "\x00", "it is older"]), max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(LINES, max_size=5),
    tiers=st.lists(st.tuples(PASSAGES, st.sampled_from([None, AuthorityError("away")])), max_size=3),
    brought=PASSAGES,
    policy=st.sampled_from(sorted(PRESETS)),
)
def test_both_drivers_give_the_same_report(build, lines, tiers, brought, policy) -> None:
    """For any draft, any sources and any policy the sync and the async report are equal, records included."""
    whole = draft("\n".join(lines), evidence=tuple(evidence(text) for text in brought))
    reports, logs = [], []
    for drive in (run, lambda d, p: asyncio.run(arun(d, p))):
        log = MemoryLog()
        authorities = [FakeAuthority([evidence(t) for t in texts], error=error) for texts, error in tiers]
        reports.append(drive(whole, build(*authorities, policy=policy, log=log)))
        logs.append(log.records)
    assert reports[0] == reports[1]
    assert logs[0] == logs[1]


async def test_the_sync_driver_works_inside_a_running_loop(build) -> None:
    """`check` may be called from a coroutine: it neither needs nor disturbs the loop that is running."""
    authority = AsyncFakeAuthority([evidence("fine")])
    assert run(draft("fine"), build(authority, policy=Policy.from_mapping({"deadline": 5}))).ok
    assert (await arun(draft("fine"), build(authority))).ok


async def test_a_blocking_authority_does_not_block_the_loop(build) -> None:
    """While a blocking authority works, other coroutines run."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.005)

    ticking = asyncio.create_task(tick())
    report = await arun(draft("fine"), build(FakeAuthority([evidence("fine")], delay=0.1)))
    ticking.cancel()
    assert report.ok
    assert ticks >= 5


async def test_an_instant_authority_is_called_in_place(build) -> None:
    """One that answers from memory costs no thread."""
    threads = []

    def answer(query: Query):
        threads.append(threading.current_thread())
        return [evidence(query.claim.text)]

    await arun(draft("fine"), build(FakeAuthority(answer, instant=True)))
    assert threads == [threading.current_thread()]


@pytest.mark.parametrize("kind", [FakeAuthority, AsyncFakeAuthority])
@pytest.mark.parametrize("driver", ["sync", "async"])
def test_a_deadline_is_kept(build, kind, driver: str) -> None:
    """A slow authority costs no more than the deadline, and its claim and all after it are unverifiable: *deadline*."""
    slow = kind([evidence("fine")], delay=0.4, id="slow shelf")
    parts = build(slow, policy=Policy.from_mapping({"extends": "strict", "deadline": 0.05}))
    whole = draft("fine\nfine")

    async def timed():
        start = time.monotonic()
        return await arun(whole, parts), time.monotonic() - start

    if driver == "sync":
        start = time.monotonic()
        report = run(whole, parts)
        took = time.monotonic() - start
    else:
        report, took = asyncio.run(timed())
    assert took < 0.35
    assert [c.verdict for c in report.claims] == [Label.UNVERIFIABLE] * 2
    assert [c.result.error for c in report.claims] == ["deadline"] * 2
    assert "slow shelf" in report.claims[0].reason
    assert "fine" not in report.output


def test_a_deadline_that_is_met_changes_nothing(build) -> None:
    """With time enough the report is the one without a deadline."""
    limited = Policy.from_mapping({"deadline": 30, "name": "limited"})
    for authority in (FakeAuthority([evidence("fine")]), AsyncFakeAuthority([evidence("fine")])):
        for drive in (run, lambda d, p: asyncio.run(arun(d, p))):
            with_one, without = (drive(draft("fine"), build(authority, policy=p)) for p in (limited, "enforce"))
            assert replace(with_one, policy="") == replace(without, policy="")


def test_a_time_out_of_an_authoritys_own_is_its_failure(build) -> None:
    """An authority that gives up by itself has failed; no deadline of the policy is blamed for it."""
    for drive in (run, lambda d, p: asyncio.run(arun(d, p))):
        (claim,) = drive(draft("fine"), build(FakeAuthority(error=TimeoutError("shelf timed out")))).claims
        assert claim.verdict is Label.UNVERIFIABLE
        assert claim.result.error != "deadline"
        assert "shelf timed out" in claim.reason


def test_what_ends_the_program_is_not_swallowed(build) -> None:
    """A keyboard interrupt is no finding about a claim."""
    for policy in ("enforce", Policy.from_mapping({"deadline": 5})):
        with pytest.raises(KeyboardInterrupt):
            run(draft("fine"), build(FakeAuthority(error=KeyboardInterrupt()), policy=policy))


async def test_a_cancelled_check_is_cancelled(build) -> None:
    """Cancelling the task that checks ends the check, and nothing is recorded."""
    log = MemoryLog()
    task = asyncio.create_task(arun(draft("fine"), build(AsyncFakeAuthority(delay=5), log=log)))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log.records == ()


def _own(query: Query):
    number = query.claim.text.split()[-1]
    return [evidence(f"it is {number}")] if int(number) % 2 else []


def test_threads_do_not_mix(build) -> None:
    """Two hundred checks at once from threads each get their own verdict and their own record."""
    log = MemoryLog()
    parts = build(FakeAuthority(_own), log=log)
    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(lambda n: run(draft(f"it is {n}", call_id=f"call-{n}"), parts), range(200)))
    _each_its_own(found, log)


async def test_tasks_do_not_mix(build) -> None:
    """Two hundred checks at once from tasks each get their own verdict and their own record."""
    log = MemoryLog()
    parts = build(AsyncFakeAuthority(_own, delay=0.001), log=log)
    found = await asyncio.gather(*(arun(draft(f"it is {n}", call_id=f"call-{n}"), parts) for n in range(200)))
    _each_its_own(found, log)


def _each_its_own(found, log: MemoryLog) -> None:
    for number, report in enumerate(found):
        (claim,) = report.claims
        assert claim.text == f"it is {number}"
        assert claim.verdict is (Label.SUPPORTED if number % 2 else Label.UNSUPPORTED)
        assert report.draft.call_id == f"call-{number}"
    by_id = {record.id: record for record in log.records}
    assert len(log.records) == 2 * len(found)
    assert [by_id[r.record].body["call"] for r in found] == [f"call-{n}" for n in range(len(found))]
