"""What every policy must do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from guardlayer.protocols import Policy
from guardlayer.testing.builders import claim, draft, evidence, fact
from guardlayer.testing.contracts.shared import ODD_TEXTS, show, together
from guardlayer.types import Action, CheckedClaim, Decision, Draft, Edit, Kind, Label, Relation, Span, Verdict

SECRET = "xyzzy-4711"
"""Stands in every claim that may have to go."""

_WITHHOLDING = (Action.BLOCK, Action.RETRY)


class PolicyContract:
    """What every :class:`~guardlayer.protocols.Policy` must do."""

    def make(self) -> Policy:
        """Return the policy to test."""
        raise NotImplementedError("override make() to return the policy to test")

    def test_no_claims_no_change(self) -> None:
        """A text without claims passes, letter for letter."""
        for text in ("Hello!", "two\r\nlines\t", *ODD_TEXTS):
            decision = self.make().decide(draft(text), ())
            assert decision.output == text, f"{show(text)} became {show(decision.output)}"
            assert decision.action is Action.PASS, f"{show(text)} without claims: {decision.action}"
            assert not decision.edits, f"{show(text)} without claims has edits"

    def test_one_action_a_claim(self) -> None:
        """Every claim gets an action, in order, and the strongest of them is the action of the whole."""
        rank = list(Action)
        for _, claims, decision in self._decisions():
            assert len(decision.actions) == len(claims), f"{len(claims)} claims, {len(decision.actions)} actions"
            assert all(isinstance(action, Action) for action in decision.actions), f"{decision.actions} are no Actions"
            strongest = max(decision.actions, key=rank.index, default=Action.PASS)
            assert decision.action is strongest, f"{decision.action} overall, {strongest} among the claims"

    def test_what_is_withheld_does_not_show(self) -> None:
        """Where the whole is withheld, no word of it is shown, and no edit tells of it."""
        for whole, _, decision in self._decisions():
            if decision.action in _WITHHOLDING:
                assert SECRET not in decision.output, f"{decision.action} shows {show(decision.output)}"
                assert decision.output != whole.text, f"{decision.action} shows the draft"
                assert not decision.edits, f"{decision.action} leaves edits behind"

    def test_what_is_redacted_does_not_show(self) -> None:
        """A claim that is taken out is not in the output."""
        for _, claims, decision in self._decisions():
            redacted = {c.text for c, a in zip(claims, decision.actions, strict=True) if a is Action.REDACT}
            for text in redacted:
                assert text not in decision.output, f"{show(text)} was redacted and is still there"

    def test_edits_tell_how_the_output_came_about(self) -> None:
        """The edits, applied to the draft from the end, give the output; they lie in it and do not overlap."""
        for whole, _, decision in self._decisions():
            if whole.data is not None or decision.action in _WITHHOLDING:
                continue
            for edit in decision.edits:
                assert 0 <= edit.start <= edit.end <= len(whole.text), f"{edit} lies outside the draft"
            for before, after in pairwise(decision.edits):
                assert before.end <= after.start, f"{before} and {after} overlap or are out of order"
            assert _applied(whole.text, decision.edits) == decision.output, "the edits do not give the output"

    def test_nothing_done_is_nothing_changed(self) -> None:
        """Where every claim passes, the output is the draft's text, letter for letter."""
        for whole, _, decision in self._decisions():
            if decision.action is Action.PASS:
                assert decision.output == whole.text, f"passed, and became {show(decision.output)}"

    def test_structured_output_stays_structured(self) -> None:
        """A JSON draft gives JSON, with the same keys; fields that no action touched keep their value."""
        data = {"plan": "Basic", "price": 39, "note": f"The code is {SECRET}.", "deep": [{"seats": 5}, None]}
        text = json.dumps(data)
        for label in Label:
            said = claim(data["note"], path="/note")  # type: ignore[arg-type]  # a string, in a mixed mapping
            price = claim("39", path="/price")
            whole = draft(text, data=data)
            claims = (_checked(said, label, None), _checked(price, label, "49"))
            decision = self.make().decide(whole, claims)
            if decision.action in _WITHHOLDING:
                assert SECRET not in decision.output, f"{label}: {decision.action} shows {show(decision.output)}"
                continue
            output = _parsed(decision.output)
            assert isinstance(output, dict), f"{label}: {show(decision.output)} is no JSON object"
            assert sorted(output) == sorted(data), f"{label}: the keys changed to {list(output)}"
            assert output["plan"] == data["plan"], f"{label}: an untouched field changed"
            assert output["deep"] == data["deep"], f"{label}: an untouched field changed"
            assert output["price"] is None or isinstance(output["price"], int), f"{label}: price is {output['price']!r}"

    def test_what_is_done_has_its_reason(self) -> None:
        """Every claim that is not simply passed has a reason."""
        for _, _, decision in self._decisions():
            acted = sum(action is not Action.PASS for action in decision.actions)
            assert len(decision.reasons) >= acted, f"{acted} claims acted on, {len(decision.reasons)} reasons"
            assert all(reason.strip() for reason in decision.reasons), "an empty reason"

    def test_same_claims_same_decision(self) -> None:
        """A decision depends on the draft and its claims alone."""
        policy = self.make()
        cases = [(whole, claims) for whole, claims, _ in self._decisions()]
        alone = [policy.decide(whole, claims) for whole, claims in cases]
        for found in together(lambda _: [policy.decide(whole, claims) for whole, claims in cases]):
            assert found == alone, "a decision depends on what else is decided at the time"

    def _decisions(self) -> Iterator[tuple[Draft, tuple[CheckedClaim, ...], Decision]]:
        policy = self.make()
        text = f"Hello! The price of {SECRET} is $39. The fee of {SECRET} is 3%."
        first = claim(f"The price of {SECRET} is $39.", start=7)
        second = claim(f"The fee of {SECRET} is 3%.", start=text.index("The fee"))
        for kind in (Kind.FACT, Kind.STATE, Kind.PERMISSION):
            for label in Label:
                for replacement in (None, "$49"):
                    for other in (Label.SUPPORTED, label):
                        claims = (
                            _checked(replace(first, kind=kind), label, replacement),
                            _checked(replace(second, kind=kind), other, None),
                        )
                        whole = draft(text)
                        yield whole, claims, policy.decide(whole, claims)


def _checked(said: Any, label: Label, replacement: str | None) -> CheckedClaim:
    current = fact("Acme", "price", "$49", valid_from="2025")
    relation = Relation.SUPPORTS if label is Label.SUPPORTED else Relation.REFUTES
    old = said.text.find("$39") if "$39" in said.text else 0
    width = 3 if "$39" in said.text else len(said.text)
    verdict = Verdict(
        label=label,
        score=0.9,
        reason=f"found to be {label}",
        evidence=(evidence(current, relation=relation),) if label is not Label.UNSUPPORTED else (),
        current=current if label in (Label.STALE, Label.CONTRADICTED) else None,
        verifier="contract/1",
        span=Span(old, old + width) if replacement else None,
        replacement=replacement,
        error="the authority is away" if label is Label.UNVERIFIABLE else None,
    )
    return CheckedClaim(said, verdict)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _applied(text: str, edits: tuple[Edit, ...]) -> str:
    for edit in reversed(edits):
        text = text[: edit.start] + edit.replacement + text[edit.end :]
    return text
