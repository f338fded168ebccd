"""Fact slots: ``{{fact:Acme/list price}}`` in what a model writes becomes the current value, with its source.

    {{fact:ENTITY/ATTRIBUTE}}
    {{fact:ENTITY/ATTRIBUTE; NAME=VALUE, NAME=VALUE}}     qualifiers
    {{fact:ENTITY/ATTRIBUTE @ 2025-05-01}}                as of another instant

A slot is bounded, stands on one line and holds no braces, so none can stand within another; and what is filled in is
never read for slots. A slot that has no one value is filled with words that say so: it is never silently empty.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from guardlayer.errors import AmbiguousError, GuardlayerError
from guardlayer.knowledge import Readable
from guardlayer.policy.marks import is_steering, lookalikes, quoted
from guardlayer.temporal import instant
from guardlayer.types import CheckedClaim, Claim, Evidence, Fact, Form, Kind, Label, Piece, Relation, Standing, Verdict
from guardlayer.verifiers.unreviewed import as_reviewed

__all__ = ["OPENING", "Filler", "Settled"]

OPENING: Final = "{{fact:"
_CLOSING: Final = "}}"
LIMIT: Final = 400
"""Longest inside of a slot, in code points; what is longer is no slot and stays as it was written."""
_VALUE_LIMIT: Final = 2000
_OUTSIDE: Final = re.compile(r"[{}\n\r]")
_BODY: Final = re.compile(
    r"\s*(?P<entity>[^/;@]+?)\s*/\s*(?P<attribute>[^;@]+?)\s*(?:;(?P<qualifiers>[^@]*))?(?:@\s*(?P<at>[^@]+?)\s*)?"
)
_VERIFIER: Final = "slot/1"


class Filler:
    """Fills the slots of one text that arrives in chunks.

    Args:
        knowledge: Where the values come from.
        at: The instant for which facts are asked, where a slot names none.
    """

    def __init__(self, knowledge: Readable, at: datetime) -> None:
        self._knowledge = knowledge
        self._at = at
        self._held = ""
        self._length = 0
        self._structured: bool | None = None
        self.filled: list[CheckedClaim] = []
        """One claim for each slot so far: what was filled in, where it stands in the filled text, its source."""

    @property
    def pending(self) -> int:
        """Code points held back since they may be the beginning of a slot."""
        return len(self._held)

    def push(self, text: str) -> list[tuple[str, CheckedClaim | None]]:
        """Take more text, and return the runs it makes: text as it was written, or a value with its claim."""
        text = self._held + text
        self._held = ""
        runs: list[tuple[str, CheckedClaim | None]] = []
        at = 0
        while (found := text.find("{", at)) >= 0:
            end = self._end(text, found)
            if end is None:
                self._plain(text[at:found], runs)
                self._held = text[found:]
                return runs
            if end > found:
                self._plain(text[at:found], runs)
                self._fill(text[found + len(OPENING) : end - len(_CLOSING)], runs)
                at = end
            else:
                self._plain(text[at : found + 1], runs)
                at = found + 1
        self._plain(text[at:], runs)
        return runs

    def close(self) -> str:
        """Return what was held back: the text ended before it became a slot."""
        held, self._held = self._held, ""
        self._length += len(held)
        return held

    def all(self, text: str) -> str:
        """Return the whole of ``text`` with its slots filled."""
        return "".join(run for run, _ in self.push(text)) + self.close()

    @staticmethod
    def _end(text: str, start: int) -> int | None:
        """Return the offset after the slot at ``start``; ``start`` if none is there, ``None`` if one may be."""
        head = text[start : start + len(OPENING)]
        if head != OPENING:
            return None if OPENING.startswith(head) else start
        begin = start + len(OPENING)
        outside = _OUTSIDE.search(text, begin, begin + LIMIT + 1)
        if outside is None:
            return None if len(text) - begin <= LIMIT else start
        place = outside.start()
        if text.startswith(_CLOSING, place):
            return place + len(_CLOSING)
        return None if text[place:] == "}" else start

    def _plain(self, text: str, runs: list[tuple[str, CheckedClaim | None]]) -> None:
        if not text:
            return
        if self._structured is None and text.strip():
            self._structured = text.lstrip().startswith("{")
        self._length += len(text)
        runs.append((text, None))

    def _fill(self, body: str, runs: list[tuple[str, CheckedClaim | None]]) -> None:
        name, verdict, shown = self._asked(body)
        if self._structured:  # within JSON, a value must not end the string it stands in
            shown = json.dumps(shown, ensure_ascii=False)[1:-1]
        self._structured = bool(self._structured)
        start, label = self._length, f"{name}: "
        claim = Claim(
            label + shown, start, start + len(shown), Form.LEAF, Kind.FACT, 1.0,
            pieces=(Piece(len(label), start, len(shown)),),
        )  # fmt: skip
        self._length += len(shown)
        checked = CheckedClaim(claim, verdict)
        self.filled.append(checked)
        runs.append((shown, checked))

    def _asked(self, body: str) -> tuple[str, Verdict, str]:
        """Return the name of the key, the verdict, and what is filled in."""
        match = _BODY.fullmatch(body)
        if match is None:
            reason = "a fact slot reads {{fact:entity/attribute}}"
            return "fact slot", _missing(Label.UNSUPPORTED, reason), f"(unreadable fact slot: {quoted(body)})"
        entity, attribute = match["entity"], match["attribute"]
        name = quoted(f"{entity}, {attribute}", 240)
        try:
            at = instant(match["at"]) if match["at"] else self._at
            answer = self._knowledge.ask(entity, attribute, at=at, qualifiers=_qualifiers(match["qualifiers"]))
        except AmbiguousError as error:
            return name, _missing(Label.UNVERIFIABLE, str(error)), f"(name of several things: {name})"
        except GuardlayerError as error:
            reason = f"the fact could not be asked for: {error}"
            return name, _missing(Label.UNVERIFIABLE, reason, str(error)), f"(fact not available: {name})"
        if answer.conflict:
            evidence = tuple(_evidence(fact, Standing.DISPUTED, Relation.NEUTRAL) for fact in answer.candidates)
            verdict = Verdict(Label.DISPUTED, 1.0, answer.text, evidence, verifier=_VERIFIER)
            return name, verdict, f"(sources disagree: {name})"
        if not answer.facts:
            return name, _missing(Label.UNSUPPORTED, answer.text), f"(no value recorded: {name})"
        shown = ", ".join(fact.value for fact in answer.facts)
        if len(shown) > _VALUE_LIMIT or any(map(is_steering, shown)) or any(True for _ in lookalikes(shown)):
            reason = "the recorded value cannot stand in a text: it is too long, or would steer who reads it"
            return name, _missing(Label.UNSUPPORTED, reason), f"(value cannot be shown: {name})"
        evidence = tuple(_evidence(fact, Standing.CURRENT, Relation.SUPPORTS) for fact in answer.facts)
        verdict = Verdict(Label.SUPPORTED, 1.0, answer.text, evidence, current=answer.fact, verifier=_VERIFIER)
        return name, as_reviewed(verdict, at), shown


@dataclass(frozen=True, slots=True)
class Settled:
    """What is known of the claims of a text whose slots were filled; amends them before a policy decides.

    What was filled in becomes a claim with its source, unless the sentence around it rests on the same fact already.
    A sentence that is wrong only in what was filled in (a value as of another day) is right.

    Attributes:
        filled: The claims of the slots.
    """

    filled: tuple[CheckedClaim, ...]

    def __call__(self, checked: tuple[CheckedClaim, ...]) -> tuple[CheckedClaim, ...]:
        """Return the claims with those of the slots among them, in the order of the text."""
        starts = [slot.start for slot in self.filled]
        amended, told = [], set[int]()
        for claim in checked:
            places = range(bisect_left(starts, claim.start), bisect_left(starts, claim.end))
            for place in places:
                claim = _amended(claim, self.filled[place])  # noqa: PLW2901 - what one slot amends the next one sees
            told.update(place for place in places if _rests_on(claim, self.filled[place]))
            amended.append(claim)
        own = [slot for place, slot in enumerate(self.filled) if place not in told]
        return tuple(sorted((*amended, *own), key=lambda claim: (claim.start, claim.end)))


def _amended(checked: CheckedClaim, slot: CheckedClaim) -> CheckedClaim:
    result = checked.result
    if slot.verdict is Label.SUPPORTED:
        span = checked.claim.locate(result.span) if result.span is not None else None
        wrong = checked.verdict in (Label.STALE, Label.CONTRADICTED)
        if wrong and span is not None and slot.start <= span.start and span.end <= slot.end:
            return replace(checked, result=slot.result)
    elif checked.verdict is Label.UNSUPPORTED and _encloses(checked, slot):
        return replace(checked, result=slot.result)
    return checked


def _encloses(checked: CheckedClaim, slot: CheckedClaim) -> bool:
    return checked.path is None and checked.start <= slot.start and slot.end <= checked.end


def _rests_on(checked: CheckedClaim, slot: CheckedClaim) -> bool:
    """Say whether a claim says of itself what the slot in it would say."""
    if not _encloses(checked, slot):
        return False
    if checked.result is slot.result:
        return True
    facts = {piece.fact.id for piece in checked.evidence if piece.fact is not None}
    own = {piece.fact.id for piece in slot.evidence if piece.fact is not None}
    return checked.verdict is Label.SUPPORTED and bool(own) and own <= facts


def _qualifiers(text: str | None) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in (text or "").split(",") if pair.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _missing(label: Label, reason: str, error: str | None = None) -> Verdict:
    return Verdict(label, 1.0, reason, verifier=_VERIFIER, error=error)


def _evidence(fact: Fact, standing: Standing, relation: Relation) -> Evidence:
    return Evidence(fact.text, fact.source, None, standing, fact.valid, fact.recorded.start, fact, relation=relation)
