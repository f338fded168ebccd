"""The guard as its users hold it."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from guardlayer import (
    Action,
    ConfigError,
    Evidence,
    Fact,
    Guard,
    InputError,
    Kind,
    Knowledge,
    Label,
    Outcome,
    Policy,
)
from guardlayer.pairs import verify
from guardlayer.provenance import SqliteLog
from guardlayer.testing import FakeAuthority, FixedClock, MemoryLog, evidence
from guardlayer.types import Model, Turn

STALE = "The list price of Acme is $39."
TRUE = "The list price of Acme is $49."


@pytest.fixture
def guard(kb: Knowledge, clock: FixedClock) -> Guard:
    return Guard(knowledge=kb, log=None, clock=clock)


# The main job -------------------------------------------------------------------------------------------------------


def test_stale_facts_are_corrected_and_named(guard: Guard) -> None:
    """A fact that was true and has ended is corrected, with its successor and its source beside it."""
    report = guard.check(STALE)
    (claim,) = report.claims
    assert (claim.kind, claim.verdict, claim.action) == (Kind.FACT, Label.STALE, Action.CORRECT)
    assert isinstance(claim.current, Fact)
    assert (claim.current.value, claim.current.source.id) == ("$49", "price list 2025")
    assert "2025-05-01" in claim.reason
    assert report.output == TRUE
    assert report.recheck is not None
    assert report.recheck.outcome is Outcome.VERIFIED
    assert not report.ok


def test_true_facts_pass_untouched(guard: Guard) -> None:
    """What current evidence says passes, letter for letter."""
    report = guard.check(f"Hi there!  {TRUE}\n")
    assert report.ok
    assert report.action is Action.PASS
    assert report.output == f"Hi there!  {TRUE}\n"


def test_a_correction_acts_on_the_next_call(guard: Guard, kb: Knowledge) -> None:
    """What a person puts right is right on the very next answer, with no model touched and nothing reopened."""
    assert guard.check(TRUE).ok
    (current,) = kb.ask("Acme", "list price").facts
    kb.correct(current.id, "$59", author="ann", reason="misread")
    report = guard.check(TRUE)
    assert not report.ok
    assert report.output == "The list price of Acme is $59."


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (datetime(2025, 4, 30, 23, 59, 59, tzinfo=UTC), datetime(2025, 5, 1, tzinfo=UTC)),
        (date(2025, 4, 30), date(2025, 5, 1)),
        ("2025-04-30", "2025-05-01"),
        ("2025-04", "2025-05"),
        ("2025-04-30T23:59:59Z", "2025-05-01T00:00:00+00:00"),
        ("2025-05-01T00:30:00+02:00", "2025-05-01T02:30:00+02:00"),
    ],
)
def test_every_form_of_at_flips_a_verdict(guard: Guard, before, after) -> None:
    """`at` as datetime, date, day, month or instant decides which price is true, to the second and time zone."""
    assert guard.check(STALE, at=before).ok
    assert not guard.check(STALE, at=after).ok
    assert guard.check(TRUE, at=after).ok
    assert not guard.check(TRUE, at=before).ok


def test_now_is_the_clocks(guard: Guard, clock: FixedClock) -> None:
    """Without `at` the guard's clock decides, at each call anew."""
    clock.set("2025-04-30")
    assert guard.check(STALE).ok
    clock.advance(days=1)
    assert not guard.check(STALE).ok


def test_evidence_and_sources_answer_without_knowledge(clock: FixedClock) -> None:
    """With no knowledge layer, what came with the call and the retrievers answer."""
    text = "The fee is 3%."
    assert Guard(log=None, clock=clock).check(text).outcome is Outcome.FINDINGS
    assert Guard(log=None, clock=clock).check(text, evidence=["The fee is 3%."]).ok
    assert Guard(log=None, clock=clock, sources=[lambda query: ["The fee is 3%."]]).check(text).ok
    assert not Guard(log=None, clock=clock, sources=[lambda query: ["The fee is 4%."]]).check(text).ok


def test_a_question_completes_a_fragment(guard: Guard) -> None:
    """An answer of one value is read against its question."""
    report = guard.check("$39", question="What is the list price of Acme?")
    assert [c.verdict for c in report.claims] == [Label.STALE]
    assert report.output == "$49"


def test_structured_output_is_checked_leaf_by_leaf(guard: Guard) -> None:
    """JSON in, JSON out: the stale leaf is corrected, the rest is as it was."""
    report = guard.check('{"product": "Acme", "list price": "$39", "n": [1, {"x": null}]}')
    assert [c.path for c in report.claims if c.verdict is Label.STALE] == ["/list price"]
    assert report.output == '{"product": "Acme", "list price": "$49", "n": [1, {"x": null}]}'


# Kinds that text never answers --------------------------------------------------------------------------------------


def test_state_and_permission_need_their_authority(kb: Knowledge, clock: FixedClock) -> None:
    """Live state is unverifiable without its authority, and answered by it where there is one."""
    text = "Your order has shipped."
    without = Guard(knowledge=kb, log=None, clock=clock)
    (claim,) = without.check(text, evidence=[text]).claims
    assert (claim.kind, claim.verdict) == (Kind.STATE, Label.UNVERIFIABLE)
    desk = FakeAuthority([evidence(text, source="orders")])
    (claim,) = Guard(log=None, clock=clock, authorities={"state": desk}).check(text).claims
    assert claim.verdict is Label.SUPPORTED
    assert claim.evidence[0].source.id == "orders"
    assert len(desk.queries) == 1


@pytest.mark.parametrize("kind", ["fact", "behavior", "weather"])
def test_authorities_are_for_state_and_permission(kind: str) -> None:
    """An authority for another kind is an error that says where that kind is answered."""
    with pytest.raises(ConfigError, match=kind):
        Guard(log=None, authorities={kind: FakeAuthority()})


# Arguments ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [None, b"bytes", 7, ["list"], {"a": 1}])
def test_a_text_that_is_none_is_refused(guard: Guard, text) -> None:
    """Anything but a string is an error that says what to do instead."""
    with pytest.raises(InputError, match=r"not str; pass structured output as data=, or use guard\.wrap"):
        guard.check(text)


@pytest.mark.parametrize("at", ["yesterday", "2025-13-01", "", "01.05.2025"])
def test_an_instant_that_is_none_is_refused(guard: Guard, at: str) -> None:
    """A misread date would flip verdicts silently; it is an error that shows the accepted forms."""
    with pytest.raises(InputError, match="2003-05-17"):
        guard.check(TRUE, at=at)


def test_sources_must_be_retrievers() -> None:
    """A string of a folder is no list of retrievers, and a number no retriever."""
    with pytest.raises(ConfigError, match="list of retrievers"):
        Guard(log=None, sources="docs/")
    with pytest.raises(ConfigError, match="int"):
        Guard(log=None, sources=[7])


@pytest.mark.parametrize("policy", ["enfroce", "nowhere.toml", {"actions": {"fact.stael": "block"}}, 7])
def test_a_policy_that_is_none_is_refused(policy) -> None:
    """A misspelt policy is an error when the guard is built, and not when it first decides."""
    with pytest.raises(ConfigError):
        Guard(log=None, policy=policy)


def test_a_policy_may_differ_for_one_call(guard: Guard) -> None:
    """A call's policy holds for that call, and its report says which it was."""
    blocked = guard.check(STALE, policy="strict")
    assert blocked.action is Action.BLOCK
    assert "$39" not in blocked.output
    assert blocked.policy.startswith("strict@")
    assert guard.check(STALE).policy.startswith("enforce@")


@pytest.mark.parametrize("part", ["splitter", "classifier", "verifiers"])
def test_a_part_that_is_none_is_refused(part: str) -> None:
    """A part that cannot do its work is refused when the guard is built."""
    with pytest.raises(ConfigError):
        Guard(log=None, **{part: [object()] if part == "verifiers" else object()})


def test_lineage_is_recorded(kb: Knowledge, clock: FixedClock) -> None:
    """The model of the guard, or of the call, stands in the report."""
    guard = Guard(knowledge=kb, log=None, clock=clock, model="ft:spring")
    assert guard.check("Hi.").draft.model == Model("ft:spring")
    other = Model("ft:summer", adapters=("voice",))
    assert guard.check("Hi.", model=other).draft.model == other


def test_turns_may_be_pairs(guard: Guard) -> None:
    """Earlier messages are turns, or plain pairs of role and text."""
    turns = [("user", "Tell me about Acme."), Turn("assistant", "Gladly.")]
    assert guard.check(TRUE, turns=turns).draft.turns == (Turn(*turns[0]), turns[1])


def test_calls_have_names_of_their_own(guard: Guard) -> None:
    """No two checks share a call id."""
    assert len({guard.check("Hi.").draft.call_id for _ in range(20)}) == 20


# The log ------------------------------------------------------------------------------------------------------------


def test_the_default_log_is_said_once(kb: Knowledge, own_directory: Path, caplog) -> None:
    """By default records go under the working directory, and the first report and the log say so, once."""
    guard = Guard(knowledge=kb)
    with caplog.at_level(logging.INFO, logger="guardlayer"):
        reports = [guard.check(TRUE) for _ in range(3)]
    said = [notice for report in reports for notice in report.notices]
    assert len(said) == 1
    assert ".guardlayer/provenance.db" in said[0]
    assert "log=None" in said[0]
    assert reports[0].notices == tuple(said)
    assert sum(".guardlayer/provenance.db" in r.getMessage() for r in caplog.records) == 1
    assert (own_directory / ".guardlayer" / "provenance.db").exists()
    assert all(report.record for report in reports)


def test_no_log_is_said_every_time(guard: Guard, own_directory: Path) -> None:
    """Without a log every report says so, none names a record, and nothing is written."""
    for report in (guard.check(TRUE), guard.check(TRUE)):
        assert any("log is switched off" in notice for notice in report.notices)
        assert report.record is None
    assert list(own_directory.iterdir()) == []


def test_what_was_checked_can_be_traced(kb: Knowledge, clock: FixedClock, own_directory: Path) -> None:
    """A report's record leads to its claims, in another process too."""
    report = Guard(knowledge=kb, log="p.db", clock=clock).check(STALE)
    assert report.record is not None
    assert report.notices == ()
    with SqliteLog(own_directory / "p.db") as log:
        why = log.why(report.record)
    assert "price list 2025" in str(why)


def test_a_log_of_ones_own_is_used(kb: Knowledge, clock: FixedClock) -> None:
    """Anything that can append is a log."""
    log = MemoryLog()
    report = Guard(knowledge=kb, log=log, clock=clock).check(TRUE)
    assert report.record == log.records[-1].id


@pytest.mark.parametrize("policy", ["enforce", "strict"])
def test_a_log_that_cannot_be_written(kb: Knowledge, clock: FixedClock, own_directory: Path, policy: str) -> None:
    """A log in a place that is no place loses no check: the report says so, and a closed policy shows nothing."""
    (own_directory / "file").write_text("in the way")
    report = Guard(knowledge=kb, log="file/p.db", policy=policy, clock=clock).check(TRUE)
    assert report.record is None
    assert any("not recorded" in notice for notice in report.notices)
    assert (report.output == TRUE) is (policy == "enforce")


# Odd text -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00",
        f"\x00{STALE}\x00",
        f"\ud800 {STALE} \udfff",
        '{"list price": "$39 \\ud800", "product": "Acme"}',
        "\u2028\u202e" + STALE,
        "[1, 2",
        "{}",
    ],
)
@pytest.mark.parametrize("policy", ["observe", "annotate", "enforce", "strict"])
def test_odd_text_goes_all_the_way(kb: Knowledge, clock: FixedClock, text: str, policy: str) -> None:
    """NULs and lone surrogates are checked, decided upon and recorded like any text, and both drivers agree."""
    guard = Guard(knowledge=kb, log="p.db", clock=clock, policy=policy)
    report = guard.check(text, question=text, evidence=[text] if text.strip() else [], turns=[("user", text)])
    assert report.record is not None
    again = asyncio.run(
        guard.acheck(text, question=text, evidence=[text] if text.strip() else [], turns=[("user", text)])
    )
    same = {"record": None, "notices": (), "recheck": None}
    assert replace(again, draft=report.draft, **same) == replace(report, **same)
    if policy == "observe":
        assert report.output == text


# Many at once -------------------------------------------------------------------------------------------------------


async def test_check_works_inside_a_running_loop(guard: Guard) -> None:
    """`check` may be called where a loop is running, as in a notebook."""
    assert guard.check(STALE).output == (await guard.acheck(STALE)).output == TRUE


def test_one_guard_serves_many_threads(kb: Knowledge, clock: FixedClock) -> None:
    """Two hundred checks at once on one guard: each its own verdict, every one recorded."""
    guard = Guard(knowledge=kb, log="p.db", clock=clock)

    def check(number: int):
        return guard.check(STALE if number % 3 else TRUE, question=str(number))

    with ThreadPoolExecutor(50) as pool:
        reports = list(pool.map(check, range(200)))
    for number, report in enumerate(reports):
        assert report.draft.question == str(number)
        assert report.claims[0].verdict is (Label.STALE if number % 3 else Label.SUPPORTED)
    with SqliteLog("p.db") as log:
        assert {r.id for r in log.records() if r.kind == "response"} == {report.record for report in reports}


async def test_one_guard_serves_many_tasks(kb: Knowledge, clock: FixedClock) -> None:
    """Two hundred async checks at once on one guard: each its own verdict."""
    guard = Guard(knowledge=kb, log=MemoryLog(), clock=clock)
    reports = await asyncio.gather(*(guard.acheck(STALE if n % 3 else TRUE, question=str(n)) for n in range(200)))
    for number, report in enumerate(reports):
        assert report.draft.question == str(number)
        assert report.claims[0].verdict is (Label.STALE if number % 3 else Label.SUPPORTED)


# verify -------------------------------------------------------------------------------------------------------------


def test_verify_compares_one_claim() -> None:
    """One claim against given evidence: no splitting, no log, a verdict with its reason."""
    assert verify("The fee is 3%.", ["The fee is 3%."]).label is Label.SUPPORTED
    verdict = verify("The fee is 3%.", ["The fee rose to 4% in May."])
    assert verdict.label in (Label.CONTRADICTED, Label.STALE)
    assert verdict.reason
    assert isinstance(verdict.evidence[0], Evidence)


def test_verify_without_evidence_supports_nothing(own_directory: Path) -> None:
    """Empty is not yes, and nothing is written anywhere."""
    assert verify("The fee is 3%.", []).label is Label.UNSUPPORTED
    assert list(own_directory.iterdir()) == []


def test_policies_of_ones_own_decide(kb: Knowledge, clock: FixedClock) -> None:
    """A policy given as a mapping decides like a preset."""
    policy = Policy.from_mapping({"name": "mine", "extends": "observe", "actions": {"fact.stale": "block"}})
    guard = Guard(knowledge=kb, log=None, clock=clock, policy=policy)
    assert guard.check(STALE).action is Action.BLOCK
    assert guard.check("Paris is the capital of France.").action is Action.PASS
