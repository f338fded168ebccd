"""A text that is checked while it is written: what is fed comes out as it may be shown, and nothing else does.

Every method that checks exists twice, ``feed`` and ``afeed``; both drive one coroutine, as in ``guardlayer.pipeline``.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, Literal

from guardlayer.errors import ConfigError, GuardViolation, InputError
from guardlayer.evidence import CallEvidence
from guardlayer.knowledge import Readable
from guardlayer.pipeline import IN_PLACE, MAX_CHARS, TOPICS, WAITING, Parts, Scope, Step, drive, examine, record
from guardlayer.policy import Citations
from guardlayer.protocols import Policy
from guardlayer.slots.filling import Filler, Settled
from guardlayer.streaming.composing import Done, compose, shifted, whole_edits
from guardlayer.streaming.releases import Release, cited
from guardlayer.streaming.segments import Segment, Segmenter
from guardlayer.types import Action, CheckedClaim, Decision, Draft, Edit, Report, Skipped, Turn

__all__ = ["Hold", "Session"]

Hold = Literal["sentence", "full"]
Raises = Literal[True, False, "findings"]

_EARLIER: Final = 2000
"""Characters of the text so far that authorities see as an earlier turn."""
_DOWNGRADED: Final = "what the policy would ask the model again about was redacted: text was shown while it was written"


class Session:
    """One text on its way from a model to a reader.

    Made by :meth:`Guard.session`. Feed it what the model writes, show what it returns, and call :meth:`finish` (or
    :meth:`abort`) at the end. It serves one text, and one thread or task at a time.

    Attributes:
        report: The report on the whole text, once the session is over.
        stopped: Whether the session is over: a block ended it, or :meth:`finish` or :meth:`abort` was called. What is
            fed then is ignored.
        blocked: Whether the policy ended it; the last release, if exceptions were not asked for, is the refusal.
    """

    def __init__(
        self,
        parts: Parts,
        opened: Callable[[str], Draft],
        *,
        hold: Hold = "sentence",
        raises: Raises = False,
        knowledge: Readable | None = None,
    ) -> None:
        if hold not in ("sentence", "full"):
            raise ConfigError(f'hold={hold!r} is not known; write "sentence" or "full"')
        if raises not in (True, False, "findings"):
            raise ConfigError(f"raises={raises!r} is not known; write False, True or 'findings'")
        self.report: Report | None = None
        self.stopped = False
        self.blocked = False
        self._opened = opened
        self._template = opened("")
        self._raises = raises
        self._parts = parts
        self._notices: list[str] = []
        policy: Any = parts.policy
        if hold == "sentence":
            policy = getattr(policy, "streamed", policy)
            if policy is not parts.policy:
                self._notices.append(_DOWNGRADED)
        self._policy: Policy = policy
        self._numbered = _Numbered(policy)
        self._segments = (
            Segmenter(parts.splitter, self._template, int(getattr(policy, "max_chars", MAX_CHARS)))
            if hold == "sentence"
            else None
        )
        self._filler = Filler(knowledge, self._template.at) if knowledge is not None else None
        self._text: list[str] = []
        self._done: list[Done] = []
        self._shown: list[str] = []
        self._shown_length = 0
        self._topics: tuple[str, ...] = ()
        self._call = CallEvidence(self._template.evidence) if self._template.evidence else None
        parts.cascade.prefetch(self._template.evidence)
        self._spent = 0.0
        self._violation: GuardViolation | None = None

    @property
    def received(self) -> int:
        """Length of the draft so far, in code points; what may be the beginning of a slot counts as one."""
        length = sum(map(len, self._text)) if self._segments is None else self._segments.length
        return length + (1 if self._filler is not None and self._filler.pending else 0)

    def feed(self, text: str) -> tuple[Release, ...]:
        """Take what the model wrote next, and return what may be shown now, which may be nothing.

        Raises:
            GuardViolation: Exceptions were asked for and the policy blocked; what the same call had released before
                it is returned first, and the next call raises.
            PluginError: The policy failed; the session is over.
        """
        return drive(self._feed(text, IN_PLACE))

    async def afeed(self, text: str) -> tuple[Release, ...]:
        """Do what :meth:`feed` does, without blocking the event loop."""
        return await self._feed(text, WAITING)

    def finish(self) -> tuple[Release, ...]:
        """End the text: check and return what is left, and record the report on the whole.

        Raises:
            GuardViolation: As :meth:`feed`.
            LogError: Nothing could be recorded, and a policy of somebody's own is closed and has no refusal.
        """
        return drive(self._finish(IN_PLACE))

    async def afinish(self) -> tuple[Release, ...]:
        """Do what :meth:`finish` does, without blocking the event loop."""
        return await self._finish(WAITING)

    def abort(self, reason: str) -> None:
        """End the session before the text has ended: nothing more is released.

        The report says what was shown, and that the rest was not. A second call does nothing.

        Args:
            reason: Why, for the record.
        """
        if self.report is None:
            drive(self._end(IN_PLACE, reason))

    # The logic, once ------------------------------------------------------------------------------------------------

    async def _feed(self, text: str, step: Step) -> tuple[Release, ...]:
        if not isinstance(text, str):
            raise InputError(f"a chunk is {type(text).__name__}, not str; feed the text of it")
        self._raise_pending()
        if self.stopped or not text:
            return ()
        released: list[Release] = []
        known = len(self._done), len(self._shown)
        try:
            runs = self._filler.push(text) if self._filler is not None else [(text, None)]
            for run, slot in runs:
                if not self._over():
                    await self._take(run, slot, released, step)
        except BaseException as error:
            self._broken(error, *known)
            raise
        return self._raised(released)

    def _broken(self, error: BaseException, done: int, shown: int) -> None:
        """End the session after an error: what the same call would have released nobody has seen."""
        del self._shown[shown:]
        self._shown_length = sum(map(len, self._shown))
        for index, part in enumerate(self._done[done:], done):
            self._done[index] = replace(part, edits=(Edit(0, len(part.report.draft.text), ""),))
        self.abort(f"{type(error).__name__}: {error}")

    async def _take(self, run: str, slot: CheckedClaim | None, released: list[Release], step: Step) -> None:
        """Add a run of the draft, and check what it closes."""
        self._text.append(run)
        if self._segments is None:
            return
        if slot is not None:
            self._segments.keep(slot.start, slot.end)
        for segment in self._segments.push(run):
            release = await self._check(segment, step)
            if release is not None:
                released.append(release)
            if self._over():
                await self._end(step, None)
                break

    async def _finish(self, step: Step) -> tuple[Release, ...]:
        self._raise_pending()
        if self.stopped:
            if self.report is None:
                await self._end(step, None)
            return ()
        released: list[Release] = []
        known = len(self._done), len(self._shown)
        try:
            held = self._filler.close() if self._filler is not None else ""
            if held:
                await self._take(held, None, released, step)
            if self._over():
                return self._raised(released)
            last = self._segments.close() if self._segments is not None else None
            if last is None or not last.start:
                return self._raised(await self._whole(step))
            release = await self._check(last, step)
            if self._over():
                await self._end(step, None)
                return self._raised([*released, release] if release is not None else released)
            return (*released, *await self._rest(release, step))
        except GuardViolation:
            raise
        except BaseException as error:
            self._broken(error, *known)
            raise

    async def _whole(self, step: Step) -> list[Release]:
        """Check a text of which nothing has been shown yet, as ``Guard.check`` does."""
        draft = self._opened("".join(self._text))
        parts = replace(self._parts, policy=self._policy)
        scope = Scope((), self._call, self._deadline(), amend=self._settled(0, None))
        report = await examine(draft, parts, step, scope)
        self.stopped = True
        report = replace(report, notices=(*report.notices, *self._notices))
        self.report = report = _whole(await record(_whole(report), parts, step))
        self.blocked = report.action in (Action.BLOCK, Action.RETRY)
        if self._violates(report):
            self.blocked = True
            self._violation = GuardViolation(report)
            return []
        found = cited(report.claims, report.decision.edits, len(draft.text), 0)
        return [Release(report.output, 0, report.claims, len(draft.text), found)] if report.output else []

    async def _check(self, segment: Segment, step: Step) -> Release | None:
        """Check one part; what comes back may be shown."""
        turns = self._template.turns
        if segment.start:
            turns = (*turns, Turn("assistant", self._earlier()))
        draft = replace(self._template, text=segment.text, turns=turns)
        splitter = segment.part or self._parts.splitter
        parts = replace(self._parts, splitter=splitter, policy=self._numbered)
        settled = self._settled(segment.start, segment.start + len(segment.text))
        scope = Scope(self._topics, self._call, self._deadline(), segment.over, settled)
        begun = time.monotonic()
        report = await examine(draft, parts, step, scope)
        self._spent += time.monotonic() - begun
        self._topics = (*self._topics, *(claim.text for claim in report.claims))[-TOPICS:]
        if self._violates(report):
            self._done.append(Done(segment.start, report, (Edit(0, len(segment.text), ""),)))
            self._violation = GuardViolation(report)
            self.stopped = self.blocked = True
            return None
        edits = whole_edits(report, report.output)
        if report.action in (Action.BLOCK, Action.RETRY):
            self.stopped = self.blocked = True
        else:
            self._numbered.keep()
        self._done.append(Done(segment.start, report, edits))
        claims = shifted(report.claims, segment.start)
        found = cited(report.claims, edits, len(segment.text), self._shown_length)
        return self._release(report.output, claims, segment.start + len(segment.text), found)

    def _release(
        self, text: str, claims: tuple[CheckedClaim, ...], upto: int, found: tuple[Any, ...] = ()
    ) -> Release | None:
        if not text:
            return None
        release = Release(text, self._shown_length, claims, upto, found)
        self._shown.append(text)
        self._shown_length += len(text)
        return release

    async def _rest(self, release: Release | None, step: Step) -> tuple[Release, ...]:
        """Close the text: list the sources, record the whole, and only then let go of the last part."""
        text = "".join(self._text)
        listed = self._numbered.citations.listed()
        ending = Edit(len(text), len(text), listed) if listed else None
        output = "".join(self._shown) + listed
        report = self._composed(text, output, ending=ending)
        recorded = await record(report, self._parts, step)
        self.stopped = True
        if recorded.decision is report.decision:
            self.report = recorded
            if listed:
                last = release or Release("", self._shown_length, (), len(text))
                release = replace(last, text=last.text + listed)
            return (release,) if release is not None else ()
        # The log failed and the policy is closed: what was not shown yet stays unseen.
        refusal = recorded.decision.output
        earlier = "".join(self._shown[: len(self._shown) - (release is not None)])
        begin = self._done[-1].start
        kept = [edit for edit in report.decision.edits if edit.start < begin]
        decision: Decision = replace(
            recorded.decision, output=earlier + refusal, edits=(*kept, Edit(begin, len(text), refusal))
        )
        self.report = replace(recorded, decision=decision)
        self.blocked = True
        if self._raises:
            raise GuardViolation(self.report)
        return (Release(refusal, len(earlier), (), len(text)),)

    async def _end(self, step: Step, reason: str | None) -> None:
        """Record what was shown of a text that did not reach its end."""
        self.stopped = True
        text = "".join(self._text)
        read = self._done[-1].start + len(self._done[-1].report.draft.text) if self._done else 0
        why = "not read: the policy had stopped the text" if reason is None else f"not shown: {reason}"
        if reason is not None:
            self._notices.append(f"the text was broken off ({reason}); {len(text) - read} characters were not shown")
        ending = Edit(read, len(text), "") if read < len(text) else None
        report = self._composed(text, "".join(self._shown), ending=ending, unread=Skipped(read, len(text), why))
        self.report = report  # even where it cannot be recorded
        recorded = await record(report, self._parts, step)
        # What was shown cannot be taken back: a log that failed is said, and changes nothing else.
        self.report = replace(recorded, decision=report.decision)
        if self._violation is not None:
            self._violation = GuardViolation(self.report)

    def _over(self) -> bool:
        return self.stopped  # a check may have set it since it was last read

    def _composed(self, text: str, output: str, **options: Any) -> Report:
        draft = replace(self._template, text=text)
        notices = (*self._parts.notices, *self._notices)
        return compose(draft, self._done, output, policy=str(self._policy), notices=notices, **options)

    def _settled(self, start: int, end: int | None) -> Settled | None:
        """Return what the slots between two offsets of the draft settle, with offsets from the first."""
        filled = self._filler.filled if self._filler is not None else []
        first = bisect_left(filled, start, key=lambda slot: slot.start)
        last = len(filled) if end is None else bisect_right(filled, end, lo=first, key=lambda slot: slot.end)
        inside = filled[first:last]
        return Settled(shifted(inside, -start)) if inside else None

    def _violates(self, report: Report) -> bool:
        if not self._raises:
            return False
        return report.action in (Action.BLOCK, Action.RETRY) or (self._raises == "findings" and not report.ok)

    def _raised(self, released: list[Release]) -> tuple[Release, ...]:
        if self._violation is not None and not released:
            self._raise_pending()
        return tuple(released)

    def _raise_pending(self) -> None:
        if self._violation is not None:
            violation, self._violation = self._violation, None
            raise violation

    def _deadline(self) -> float | None:
        """Return until when the next check must be done: the policy's seconds count checking, not writing."""
        seconds: float | None = getattr(self._policy, "deadline", None)
        return None if seconds is None else time.monotonic() + seconds - self._spent

    def _earlier(self) -> str:
        parts, size = list[str](), 0
        for text in reversed(self._shown):
            parts.append(text)
            size += len(text)
            if size >= _EARLIER:
                break
        return "".join(reversed(parts))[-_EARLIER:]


def _whole(report: Report) -> Report:
    """Return the report with edits that lead from its text to its output, also where that is a refusal."""
    if report.draft.data is not None:
        return report
    edits = whole_edits(report, report.output)
    return replace(report, decision=replace(report.decision, edits=edits))


class _Numbered:
    """A policy that goes on numbering its sources from part to part."""

    def __init__(self, policy: Any) -> None:
        self._policy = policy
        self.citations = Citations()
        self._next = self.citations

    def decide(self, draft: Draft, claims: Any) -> Decision:
        decide = getattr(self._policy, "decide_part", None)
        if decide is None:
            decision: Decision = self._policy.decide(draft, claims)
            return decision
        self._next = self.citations.copy()
        numbered: Decision = decide(draft, claims, self._next)
        return numbered

    def keep(self) -> None:
        """Keep the numbers of the last decision."""
        self.citations = self._next

    def __getattr__(self, name: str) -> Any:
        return getattr(self._policy, name)

    def __str__(self) -> str:
        return str(self._policy)
