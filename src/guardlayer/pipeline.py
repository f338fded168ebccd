"""The flow, written once.

    Draft ─split─▶ Claim* ─classify─▶ kind ─route─▶ Evidence* ─verify─▶ Verdict* ─decide─▶ Decision ─record─▶ Record
                                           everything so far = Report

:func:`flow` is a coroutine that never waits by itself: whatever may block or wait goes through a :class:`Step` that
the driver supplies. :func:`run` drives it in place with a single ``send(None)``, which also works inside a running
event loop; :func:`arun` awaits what can be awaited and moves the rest to threads. Both give the same report.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, replace
from threading import Thread
from typing import Any, Protocol, TypeVar, cast

from guardlayer.errors import GuardlayerError, LogError, PluginError
from guardlayer.evidence import CallEvidence
from guardlayer.policy import apply_data, apply_text, canonical_json
from guardlayer.protocols import Authority, Classifier, Policy, ProvenanceLog, Splitter
from guardlayer.types import (
    Action,
    CheckedClaim,
    Claim,
    Coverage,
    Decision,
    Draft,
    Edit,
    Evidence,
    Kind,
    Label,
    Query,
    Record,
    Report,
    Split,
    Verdict,
)
from guardlayer.verifiers import Cascade

T = TypeVar("T")
Amend = Callable[[tuple[CheckedClaim, ...]], tuple[CheckedClaim, ...]]

_SHOWN = 200  # characters of a text that stand for it where it was not split
TOPICS = 4
"""How many earlier claims of a draft are offered to authorities as its topic."""

SURE = 0.9
"""Score from which on behavior is exempt unasked; below it, what a source speaks of is a fact, however it is put."""
_NOTHING = "behavior: nothing to verify"
_SPEAKS = frozenset({Label.SUPPORTED, Label.STALE, Label.CONTRADICTED, Label.DISPUTED})

MAX_CHARS = 1_000_000
"""Longest text that is checked under a policy of one's own that sets no ``max_chars``."""


@dataclass(frozen=True, slots=True)
class Route:
    """Who is asked about one kind of claim: tiers of authorities, the cheapest first.

    The verifiers see the evidence of the first tier; only if they reach no verdict is the next tier asked.

    Attributes:
        tiers: Authorities by tier.
        call_evidence: Whether the evidence that came with the call joins the second tier.
    """

    tiers: tuple[tuple[Authority, ...], ...]
    call_evidence: bool = True


@dataclass(frozen=True, slots=True)
class Parts:
    """What a flow is made of: the composition root chooses, the flow only calls.

    Attributes:
        splitter: Finds claims.
        classifier: Decides their kinds.
        routes: Authorities by kind; a kind that is missing has no authority, and its claims are *unverifiable*.
            Behavior needs none.
        cascade: Compares claims with evidence.
        policy: Decides what to do. Beside ``decide`` it may have ``deadline`` (seconds for the whole check),
            ``max_chars``, ``on_error`` ("open", "annotate" or "closed", the default) and ``refuse``, as the policies
            of this package do.
        log: Keeps the records; ``None`` keeps nothing.
        notices: What every report must say of this composition.
    """

    splitter: Splitter
    classifier: Classifier
    routes: Mapping[Kind, Route]
    cascade: Cascade
    policy: Policy
    log: ProvenanceLog | None = None
    notices: tuple[str, ...] = ()


class Step(Protocol):
    """What a driver does for the flow where something may block or wait."""

    async def search(self, authority: Authority, query: Query, timeout: float | None) -> Sequence[Evidence]:
        """Ask ``authority``; raise :class:`TimeoutError` after ``timeout`` seconds."""
        ...

    async def attempt(self, cascade: Cascade, query: Query, evidence: Sequence[Evidence]) -> Verdict | None:
        """Compare the claim with ``evidence``; ``None`` where no verifier can tell."""
        ...

    async def append(self, log: ProvenanceLog, report: Report) -> Record:
        """Record ``report`` durably."""
        ...


@dataclass(frozen=True, slots=True)
class Scope:
    """What checks of the parts of one text share.

    Attributes:
        topics: Texts of the claims before this part, nearest last.
        call: The evidence that came with the call, already read; ``None`` reads the draft's.
        deadline: Until when the check must be done, on the monotonic clock; ``None`` waits.
        over: Whether the text as a whole has grown longer than is checked, so that this part is not.
        amend: What is known of the claims besides, such as which values were filled in from their source; applied once,
            before the policy decides.
    """

    topics: tuple[str, ...] = ()
    call: Authority | None = None
    deadline: float | None = None
    over: bool = False
    amend: Amend | None = None


def run(draft: Draft, parts: Parts, amend: Amend | None = None) -> Report:
    """Check ``draft`` in the calling thread."""
    return drive(flow(draft, parts, IN_PLACE, amend))


async def arun(draft: Draft, parts: Parts, amend: Amend | None = None) -> Report:
    """Check ``draft`` without blocking the event loop."""
    return await flow(draft, parts, WAITING, amend)


async def flow(draft: Draft, parts: Parts, step: Step, amend: Amend | None = None) -> Report:
    """Take one draft from its text to a recorded report."""
    seconds: float | None = getattr(parts.policy, "deadline", None)
    deadline = None if seconds is None else time.monotonic() + seconds
    return await record(await examine(draft, parts, step, Scope(deadline=deadline, amend=amend)), parts, step)


async def examine(draft: Draft, parts: Parts, step: Step, scope: Scope) -> Report:
    """Check and decide, and record nothing: for one part of a text that is recorded as a whole."""
    split, checked = await _check(draft, parts, step, scope)
    if scope.amend is not None:
        checked = scope.amend(checked)
    decision = _decide(draft, checked, parts)
    notices = parts.notices
    recheck = None
    correction = _correction(draft, checked, decision)
    if correction is not None:
        again, rechecked = await _check(correction.draft, parts, step, scope)
        failed = _failed(correction, rechecked)
        if failed:
            # What we put in did not stand: take it back, and let the policy do without it.
            checked = tuple(
                replace(claim, result=replace(claim.result, replacement=None)) if index in failed else claim
                for index, claim in enumerate(checked)
            )
            decision = _decide(draft, checked, parts)
            notices += (f"{len(failed)} corrections did not hold when they were checked again, and were not used",)
        else:
            untouched = Decision(Action.PASS, correction.draft.text, actions=(Action.PASS,) * len(rechecked))
            recheck = _report(correction.draft, again, rechecked, untouched, parts=parts, notices=parts.notices)
    return _report(draft, split, checked, decision, parts=parts, notices=notices, recheck=recheck)


def _decide(draft: Draft, checked: Sequence[CheckedClaim], parts: Parts) -> Decision:
    try:
        decision = parts.policy.decide(draft, checked)
    except GuardlayerError:
        raise
    except Exception as error:
        raise PluginError(f"the policy failed on a draft of {len(checked)} claims: {_cause(error)}") from error
    if len(decision.actions) != len(checked):
        raise PluginError(
            f"the policy decided {len(decision.actions)} actions for {len(checked)} claims; one each is due"
        )
    return decision


async def record(report: Report, parts: Parts, step: Step) -> Report:
    """Append ``report`` to the log; where that fails, do what the policy says of failures.

    Raises:
        LogError: It failed, and the policy is closed but has no refusal.
    """
    if parts.log is None:
        return report
    try:
        return replace(report, record=(await step.append(parts.log, report)).id)
    except Exception as error:
        notice = f"not recorded: {_cause(error)}"
        refuse = getattr(parts.policy, "refuse", None)
        if getattr(parts.policy, "on_error", "closed") != "closed":
            return replace(report, notices=(*report.notices, notice))
        if refuse is None:
            raise LogError(f"{notice}; the policy is closed, so the text is withheld") from error
        blocked: Decision = refuse(report.draft, report.claims, notice)
        return replace(report, decision=blocked, notices=(*report.notices, notice))


async def _check(draft: Draft, parts: Parts, step: Step, scope: Scope) -> tuple[Split, tuple[CheckedClaim, ...]]:
    limit: int = getattr(parts.policy, "max_chars", MAX_CHARS)
    if scope.over or len(draft.text) > limit:
        whole = Claim(draft.text[:_SHOWN], 0, len(draft.text))
        size = f"more than {limit:,}" if scope.over else f"{len(draft.text):,}"
        reason = f"limit: the text has {size} characters; at most {limit:,} are checked (max_chars)"
        return Split((whole,)), (CheckedClaim(whole, _unverifiable(reason, "limit")),)
    try:
        split = parts.splitter(draft)
        claims = parts.classifier(split.claims, draft)
        if [(c.start, c.end, c.path) for c in claims] != [(c.start, c.end, c.path) for c in split.claims]:
            raise PluginError("the classifier did not return the claims it was given, in their order")
    except Exception as error:  # noqa: BLE001 - a part of somebody's own: what it raises is an outcome, not a crash
        whole = Claim(draft.text[:_SHOWN], 0, len(draft.text))
        cause = _cause(error)
        return Split((whole,)), (CheckedClaim(whole, _unverifiable(f"the text could not be read: {cause}", cause)),)
    call = scope.call or (CallEvidence(draft.evidence) if draft.evidence else None)
    checked = []
    topics = list(scope.topics)
    for claim in claims:
        exempt = claim.kind is Kind.BEHAVIOR
        verdict = None
        if not exempt or (claim.kind_score < SURE and Kind.FACT in parts.routes):
            asked = claim.of_kind(Kind.FACT, 1 - claim.kind_score) if exempt else claim
            topic = tuple(topics[-TOPICS:])
            query = Query(asked, draft.at, draft.question, draft.turns, topic, principal=draft.principal)
            found = await _verify(query, parts, step, call, scope.deadline)
            if not exempt or found.label in _SPEAKS:
                claim, verdict = asked, found  # noqa: PLW2901 - what a source speaks of is a fact, however it is put
        checked.append(CheckedClaim(claim, verdict or Verdict(Label.EXEMPT, claim.kind_score, _NOTHING)))
        topics.append(claim.text)
    return split, tuple(checked)


async def _verify(query: Query, parts: Parts, step: Step, call: Authority | None, deadline: float | None) -> Verdict:
    claim = query.claim
    route = parts.routes.get(claim.kind)
    if route is None:
        return _unverifiable(
            f"no authority answers for {claim.kind} claims here, and text is never asked about them", "no authority"
        )
    evidence: list[Evidence] = []
    failures: list[str] = []
    tiers = route.tiers
    if call is not None and route.call_evidence:
        first, rest = tiers[:1], tiers[1:]
        tiers = (*first, (call, *(rest[0] if rest else ())), *rest[1:])
    asked = False
    seen = -1
    for tier in tiers:
        for authority in tier:
            asked = True
            timeout = None if deadline is None else deadline - time.monotonic()
            if timeout is not None and timeout <= 0:
                return _unverifiable("the deadline of the policy passed before the check was done", "deadline")
            try:
                evidence.extend(await step.search(authority, query, timeout))
            except Exception as error:  # noqa: BLE001 - foreign code: whatever it raises is an outcome, not a crash
                if isinstance(error, TimeoutError) and deadline is not None and time.monotonic() >= deadline:
                    return _unverifiable(f"{authority.id} gave no answer before the deadline of the policy", "deadline")
                failures.append(f"{authority.id}: {_cause(error)}")
        if len(evidence) == seen:
            continue  # nothing new to read
        seen = len(evidence)
        verdict = await step.attempt(parts.cascade, query, evidence)
        if verdict is not None:
            return verdict
    if failures:
        return _unverifiable("could not ask " + "; ".join(failures), "; ".join(failures))
    if not asked:
        return Verdict(Label.UNSUPPORTED, 1.0, "no source is configured and no evidence came with the call")
    if not evidence:
        return Verdict(Label.UNSUPPORTED, 1.0, "no source that was asked speaks of this")
    return parts.cascade.undecided(claim, evidence, query.at)


@dataclass(frozen=True, slots=True)
class _Correction:
    """A draft with only its corrections applied.

    Attributes:
        draft: The corrected draft.
        places: Index of each corrected claim, with its path and its range in the corrected draft.
    """

    draft: Draft
    places: tuple[tuple[int, str | None, int, int], ...]


def _correction(draft: Draft, checked: Sequence[CheckedClaim], decision: Decision) -> _Correction | None:
    """Apply what the policy corrected, and nothing else; ``None`` if it corrected nothing."""
    if decision.action is Action.BLOCK:
        return None
    places, edits = [], []
    for index, (claim, action) in enumerate(zip(checked, decision.actions, strict=True)):
        if action is Action.CORRECT:
            places.append((index, claim.path, claim.start, claim.end))
            edits += [e for e in decision.edits if e.start < e.end and _inside(e, claim)]
    if not edits:
        return None
    moved = tuple(
        (index, path, start + _shift(edits, path, start), end + _shift(edits, path, end))
        for index, path, start, end in places
    )
    if draft.data is not None:
        data = apply_data(draft.data, edits)
        return _Correction(replace(draft, data=data, text=canonical_json(data)), moved)
    return _Correction(replace(draft, text=apply_text(draft.text, edits)), moved)


def _failed(correction: _Correction, rechecked: Sequence[CheckedClaim]) -> set[int]:
    """Return the indices of the corrected claims that are still stale or contradicted."""
    wrong = [c for c in rechecked if c.verdict in (Label.STALE, Label.CONTRADICTED)]
    return {
        index
        for index, path, start, end in correction.places
        if any(claim.path == path and claim.start < end and start < claim.end for claim in wrong)
    }


def _inside(edit: Edit, claim: CheckedClaim) -> bool:
    return edit.path == claim.path and claim.start <= edit.start and edit.end <= claim.end


def _shift(edits: Sequence[Edit], path: str | None, place: int) -> int:
    return sum(len(e.replacement) - (e.end - e.start) for e in edits if e.path == path and e.end <= place)


def _report(
    draft: Draft,
    split: Split,
    checked: Sequence[CheckedClaim],
    decision: Decision,
    *,
    parts: Parts,
    notices: tuple[str, ...],
    recheck: Report | None = None,
) -> Report:
    labels = [claim.verdict for claim in checked]
    exempt, unverifiable = labels.count(Label.EXEMPT), labels.count(Label.UNVERIFIABLE)
    coverage = Coverage(
        claims=len(labels),
        checked=len(labels) - exempt - unverifiable,
        exempt=exempt,
        unverifiable=unverifiable,
        supported=labels.count(Label.SUPPORTED),
        skipped=split.skipped,
        characters=len("".join(draft.text.split())),
    )
    claims = tuple(
        replace(claim, action=action) if action is not Action.PASS else claim
        for claim, action in zip(checked, decision.actions, strict=True)
    )
    return Report(draft, claims, decision, coverage, str(parts.policy), None, notices, recheck)


def _unverifiable(reason: str, error: str) -> Verdict:
    return Verdict(Label.UNVERIFIABLE, 1.0, reason, error=error)


def _cause(error: BaseException) -> str:
    return str(error) if isinstance(error, GuardlayerError) else f"{type(error).__name__}: {error}"


def _instant(authority: Authority) -> bool:
    return bool(getattr(authority, "instant", False))


class _InPlace:
    """The sync driver's steps: each is done before it returns, so the coroutine never suspends."""

    async def search(self, authority: Authority, query: Query, timeout: float | None) -> Sequence[Evidence]:
        if timeout is None or _instant(authority):
            return authority.search(query)
        # Blocking code cannot be interrupted; it is left behind in a daemon thread when its time is up.
        future: Future[Sequence[Evidence]] = Future()

        def work() -> None:
            try:
                future.set_result(authority.search(query))
            except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
                future.set_exception(error)

        Thread(target=work, name=f"guardlayer-{authority.id}", daemon=True).start()
        try:
            return future.result(timeout)
        except FutureTimeout:
            raise TimeoutError from None

    async def attempt(self, cascade: Cascade, query: Query, evidence: Sequence[Evidence]) -> Verdict | None:
        return cascade.attempt(query.claim, evidence, query.at)

    async def append(self, log: ProvenanceLog, report: Report) -> Record:
        return log.append(report)


class _Async:
    """The async driver's steps: await what is async, and keep what blocks out of the event loop."""

    async def search(self, authority: Authority, query: Query, timeout: float | None) -> Sequence[Evidence]:
        if _instant(authority):
            return authority.search(query)
        asearch = getattr(authority, "asearch", None)
        async with asyncio.timeout(timeout):
            if asearch is not None:
                found: Sequence[Evidence] = await asearch(query)
                return found
            return await asyncio.to_thread(authority.search, query)

    async def attempt(self, cascade: Cascade, query: Query, evidence: Sequence[Evidence]) -> Verdict | None:
        claim, at = query.claim, query.at
        if not cascade.is_slow(evidence):
            return cascade.attempt(claim, evidence, at)
        quick = cascade.attempt_quick(claim, evidence, at)
        return quick or await asyncio.to_thread(cascade.attempt_slow, claim, evidence, at)

    async def append(self, log: ProvenanceLog, report: Report) -> Record:
        return cast("Record", await getattr(log, "aappend", lambda given: asyncio.to_thread(log.append, given))(report))


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    coroutine.close()
    raise RuntimeError("a step of the sync driver suspended; this is a defect of guardlayer")


IN_PLACE: Step = _InPlace()
WAITING: Step = _Async()
