"""Each truth of each contract can be broken, and the contract notices: a suite that cannot fail guards nothing."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest import SkipTest

import pytest

from guardlayer.claims import TextSplitter
from guardlayer.kinds import RuleClassifier
from guardlayer.knowledge import Knowledge
from guardlayer.policy import Policy
from guardlayer.testing import FakeAuthority, FixedClock, MemoryLog, claim, contracts, evidence
from guardlayer.testing.contracts.verifier import Case
from guardlayer.types import Action, Edit, Kind, Label, Relation, Span, Split, Standing, Verdict
from guardlayer.verifiers import StructuredVerifier

PRICE = "The list price of Acme is $49."
Suite = dict[str, Any]


# Splitters ----------------------------------------------------------------------------------------------------------


def splitting(change: Callable[[Split, Any], Any]) -> Suite:
    split = TextSplitter()
    return {"make": lambda self: lambda draft: change(split(draft), draft)}


def claims(change: Callable[[Any], Any]) -> Suite:
    return splitting(lambda split, _: replace(split, claims=tuple(map(change, split.claims))))


def quadratic(split: Split, draft: Any) -> Split:
    for start in range(0, len(draft.text), 2):
        draft.text.count(draft.text[start : start + 2] + "\x00", start)
    return split


class Moody:
    """Counts its calls, and drops a claim of every other text."""

    def __init__(self) -> None:
        self.turn = 0

    def __call__(self, draft: Any) -> Split:
        self.turn += 1
        split = TextSplitter()(draft)
        return replace(split, claims=split.claims[self.turn % 2 :])


SPLITTERS: list[tuple[str, Suite]] = [
    ("test_claims_lie_in_the_draft", claims(lambda c: replace(c, end=c.end + 1000))),
    ("test_claims_lie_in_the_draft", claims(lambda c: replace(c, end=c.start))),
    (
        "test_pieces_slice_back",
        claims(lambda c: replace(c, pieces=tuple(replace(p, draft_start=p.draft_start + 1) for p in c.pieces))),
    ),
    ("test_pieces_slice_back", claims(lambda c: replace(c, text=c.text.upper()))),
    ("test_every_character_is_accounted_for", splitting(lambda s, _: replace(s, skipped=()))),
    ("test_every_character_is_accounted_for", splitting(lambda s, _: replace(s, claims=s.claims[1:]))),
    (
        "test_every_character_is_accounted_for",
        splitting(lambda s, _: replace(s, skipped=tuple(replace(r, reason=" ") for r in s.skipped))),
    ),
    ("test_something_said_is_a_claim", splitting(lambda s, _: replace(s, claims=()))),
    ("test_claims_come_in_order", splitting(lambda s, _: replace(s, claims=s.claims[::-1]))),
    (
        "test_white_space_holds_no_claim",
        {"make": lambda self: lambda d: TextSplitter()(replace(d, text=d.text + "x."))},
    ),
    ("test_same_text_same_claims", {"make": lambda self: Moody()}),
    ("test_structured_output_has_a_claim_per_leaf", claims(lambda c: replace(c, path="/nowhere"))),
    ("test_structured_output_has_a_claim_per_leaf", splitting(lambda s, _: Split(s.claims[1:]))),
    ("test_time_is_linear", splitting(quadratic)),
]


# Classifiers --------------------------------------------------------------------------------------------------------


def classifying(change: Callable[[list[Any]], Any]) -> Suite:
    return {"make": lambda self: lambda claims, draft: change(list(RuleClassifier()(claims, draft)))}


CLASSIFIERS: list[tuple[str, Suite]] = [
    ("test_same_claims_in_the_same_order", classifying(lambda c: c[:-1])),
    ("test_same_claims_in_the_same_order", classifying(lambda c: c[::-1])),
    ("test_same_claims_in_the_same_order", classifying(lambda c: [replace(x, text=x.text.strip() + "!") for x in c])),
    ("test_every_claim_has_a_kind_and_a_score", classifying(lambda c: [replace(x, kind_score=0.0) for x in c])),
    ("test_every_claim_has_a_kind_and_a_score", classifying(lambda c: [replace(x, kind="fact") for x in c])),
    ("test_no_claims_is_no_error", classifying(lambda c: c or [claim(PRICE)])),
    ("test_facts_stay_facts", classifying(lambda c: [replace(x, kind=Kind.BEHAVIOR) for x in c])),
    ("test_same_claims_same_kinds", classifying(lambda c: [replace(x, kind_score=random.random()) for x in c])),
]


# Authorities --------------------------------------------------------------------------------------------------------


def then(query: Any) -> list[Any]:
    """Answer as an authority should that knew $39 until May 2025, and $49 since."""
    if "Acme" not in query.claim.text:
        return []
    old, new = "list price: $39", "list price: $49"
    if query.at.year < 2026:
        return [evidence(old)]
    return [evidence(new), evidence(old, standing=Standing.SUPERSEDED)][: max(1, query.limit)]


class Named(FakeAuthority):
    @property
    def id(self) -> str:
        return ""


class Fickle(FakeAuthority):
    """Answers otherwise when it is awaited."""

    async def asearch(self, query: Any) -> list[Any]:
        return []


def knowing(answer: Any, kind: type[FakeAuthority] = FakeAuthority, **hooks: Any) -> Suite:
    return {"make": lambda self: kind(answer), "earlier": "2025-01-01", "later": "2026-01-01"} | hooks


def flawed(query: Any) -> list[Any]:
    query.claim.text.encode()
    return then(query)


AUTHORITIES: list[tuple[str, Suite]] = [
    ("test_has_a_name", knowing(then, Named)),
    ("test_finds_what_it_knows", knowing([])),
    ("test_finds_what_it_knows", knowing(["text"])),
    ("test_finds_what_it_knows", knowing([evidence(PRICE, score=3.0)])),
    ("test_finds_nothing_where_it_knows_nothing", knowing([evidence(PRICE)])),
    ("test_a_change_shows", knowing([evidence(PRICE)])),
    ("test_history_is_marked", knowing(lambda q: then(q)[:1])),
    ("test_history_is_marked", knowing(lambda q: [evidence(e.text) for e in then(q)])),
    ("test_only_authority_errors_leave_it", knowing(then, make_broken=lambda self: FakeAuthority(error=OSError("x")))),
    ("test_only_authority_errors_leave_it", knowing(then, make_broken=lambda self: FakeAuthority([]))),
    ("test_takes_any_text", knowing(flawed)),
    ("test_gives_no_more_passages_than_wanted", knowing([evidence("a"), evidence("b")])),
    ("test_same_question_same_answer", knowing(lambda q: [evidence(str(random.random()))])),
    ("test_asked_asynchronously_it_says_the_same", knowing(then, Fickle)),
]


# Verifiers ----------------------------------------------------------------------------------------------------------


def verifying(change: Callable[[Verdict | None, Any, Any], Any], **hooks: Any) -> Suite:
    verify = StructuredVerifier()
    return {"make": lambda self: lambda claim, given, at: change(verify(claim, given, at), claim, given)} | hooks


def verdict(label: Label, *given: Any, **changes: Any) -> Verdict:
    return replace(Verdict(label, 1.0, "so it is", tuple(given), verifier="mutant/1"), **changes)


def some(**changes: Any) -> Suite:
    return verifying(lambda found, _, given: found and replace(found, **changes))


def obeys(found: Verdict | None, claim: Any, given: Any) -> Verdict | None:
    if any("supported" in piece.text.lower() for piece in given):
        return verdict(Label.SUPPORTED, *given)
    return found


def wavering() -> Suite:
    return verifying(lambda found, _, given: found and replace(found, score=random.random()))


VERIFIERS: list[tuple[str, Suite]] = [
    ("test_no_evidence_supports_nothing", verifying(lambda *_: verdict(Label.SUPPORTED))),
    ("test_no_evidence_supports_nothing", verifying(lambda *_: verdict(Label.CONTRADICTED))),
    (
        "test_other_matters_settle_nothing",
        verifying(lambda found, _, given: verdict(Label.CONTRADICTED, *given) if given else found),
    ),
    ("test_a_verdict_is_whole", some(score=1.5)),
    ("test_a_verdict_is_whole", some(reason="")),
    ("test_a_verdict_is_whole", some(reason="two\nlines")),
    ("test_a_verdict_is_whole", some(verifier="mutant")),
    ("test_a_verdict_is_whole", some(label=Label.UNVERIFIABLE)),
    ("test_a_verdict_rests_on_what_was_given", some(evidence=())),
    ("test_a_verdict_rests_on_what_was_given", some(evidence=(evidence("I just know."),))),
    ("test_a_replacement_has_its_place", some(span=None, replacement="$49")),
    ("test_a_replacement_has_its_place", some(span=Span(500, 501))),
    ("test_orders_in_evidence_are_not_followed", verifying(obeys)),
    ("test_same_claim_same_verdict", wavering()),
    ("test_takes_any_text", verifying(lambda found, claim, _: claim.text.encode() and found)),
    (
        "test_tells_what_it_is_made_to_tell",
        verifying(lambda *_: None, cases=(Case(PRICE, (evidence(PRICE),), Label.SUPPORTED),)),
    ),
    ("test_never_leaves_the_question_open", verifying(lambda *_: None, must_answer=True)),
]


# Policies -----------------------------------------------------------------------------------------------------------


def deciding(change: Callable[[Any, Any, Any], Any], preset: str = "enforce") -> Suite:
    policy = Policy.preset(preset)

    class Mutant:
        def decide(self, draft: Any, checked: Any) -> Any:
            return change(policy.decide(draft, checked), draft, checked)

    return {"make": lambda self: Mutant()}


def leaks(found: Any, draft: Any, checked: Any) -> Any:
    if found.action is Action.BLOCK:
        return replace(found, output=f"Withheld: {draft.text}")
    return found


def keeps(found: Any, draft: Any, checked: Any) -> Any:
    return replace(found, output=draft.text, edits=())


POLICIES: list[tuple[str, Suite]] = [
    ("test_no_claims_no_change", deciding(lambda d, draft, _: replace(d, output=draft.text.strip()))),
    ("test_no_claims_no_change", deciding(lambda d, *_: replace(d, action=Action.ANNOTATE))),
    ("test_one_action_a_claim", deciding(lambda d, *_: replace(d, actions=d.actions[:1]))),
    ("test_one_action_a_claim", deciding(lambda d, *_: replace(d, action=Action.PASS))),
    ("test_what_is_withheld_does_not_show", deciding(leaks, "strict")),
    ("test_what_is_withheld_does_not_show", deciding(lambda d, *_: replace(d, edits=(Edit(0, 1, "x"),)), "strict")),
    ("test_what_is_redacted_does_not_show", deciding(keeps)),
    ("test_edits_tell_how_the_output_came_about", deciding(lambda d, *_: replace(d, edits=d.edits[1:]))),
    (
        "test_edits_tell_how_the_output_came_about",
        deciding(lambda d, *_: replace(d, edits=tuple(replace(e, start=e.start + 1, end=e.end + 1) for e in d.edits))),
    ),
    ("test_nothing_done_is_nothing_changed", deciding(lambda d, *_: replace(d, output=d.output + " "))),
    ("test_structured_output_stays_structured", deciding(lambda d, *_: replace(d, output=d.output + " [1]"))),
    ("test_structured_output_stays_structured", deciding(lambda d, *_: replace(d, output="{}"))),
    ("test_what_is_done_has_its_reason", deciding(lambda d, *_: replace(d, reasons=()))),
    ("test_same_claims_same_decision", deciding(lambda d, *_: replace(d, reasons=(str(random.random()),)))),
]


# Logs ---------------------------------------------------------------------------------------------------------------


class Lossy(MemoryLog):
    """Acknowledges what it forgets."""

    def append(self, report: Any) -> Any:
        record = super().append(report)
        self._stored = [kept for kept in self._stored if kept[0] != record]
        return record


class Rewriting(MemoryLog):
    """Keeps only the latest report."""

    def append(self, report: Any) -> Any:
        self._stored.clear()
        return super().append(report)


class SameName(MemoryLog):
    """Calls every record alike."""

    def _add(self, kind: str, name: str, body: Any) -> Any:
        record = replace(super()._add(kind, name, body), id="record")
        self._stored[-1] = (record, self._stored[-1][1])
        return record


class Plain(MemoryLog):
    """Hashes without the zero byte, over something else than it stores."""

    def _add(self, kind: str, name: str, body: Any) -> Any:
        record = replace(super()._add(kind, name, body), leaf_hash="0" * 64)
        self._stored[-1] = (record, self._stored[-1][1])
        return record


class Mute(MemoryLog):
    """Records that something was, and not what."""

    def _add(self, kind: str, name: str, body: Any) -> Any:
        return super()._add(kind, name, {"call": "?"})


class Prim(MemoryLog):
    """Refuses text it cannot encode."""

    def append(self, report: Any) -> Any:
        report.draft.text.encode()
        return super().append(report)


class Torn(MemoryLog):
    """Keeps no lock while it writes."""

    def _add(self, kind: str, name: str, body: Any) -> Any:
        self._lock.release()
        try:
            time.sleep(0.002)
            return super()._add(kind, name, body)
        finally:
            self._lock.acquire()


class Half(MemoryLog):
    """Forgets the claims."""

    def append(self, report: Any) -> Any:
        return super().append(replace(report, claims=()))


def logging(kind: type[MemoryLog], **hooks: Any) -> Suite:
    return {
        "make": lambda self: kind(),
        "read": lambda self, log: log.records,
        "stored": lambda self, log, record: log.stored(record.seq),
    } | hooks


LOGS: list[tuple[str, Suite]] = [
    ("test_one_record_a_claim_and_one_the_response", logging(Half)),
    ("test_what_is_acknowledged_is_kept", logging(Lossy)),
    ("test_what_is_acknowledged_is_kept", logging(MemoryLog, reopen=lambda self, log: MemoryLog())),
    ("test_records_only_grow", logging(Rewriting)),
    ("test_positions_count_up_and_names_are_unique", logging(SameName)),
    ("test_leaf_hashes_are_those_of_the_stored_bytes", logging(Plain)),
    ("test_what_differs_has_another_hash", logging(Plain)),
    ("test_records_say_what_was_found", logging(Mute)),
    ("test_takes_any_text", logging(Prim)),
    ("test_many_writers_lose_nothing", logging(Torn)),
    ("test_many_writers_lose_nothing", logging(Lossy)),
    ("test_a_failure_is_never_silent", logging(MemoryLog, make_broken=lambda self: MemoryLog())),
    ("test_a_failure_is_never_silent", logging(MemoryLog, make_broken=lambda self: MemoryLog(error=OSError("full")))),
]


# Knowledge ----------------------------------------------------------------------------------------------------------


class Changed:
    """A knowledge layer with one verb replaced."""

    def __init__(self, kb: Knowledge, **verbs: Callable[..., Any]) -> None:
        self._kb = kb
        self._verbs = verbs

    def __getattr__(self, name: str) -> Any:
        if name in self._verbs:
            return lambda *args, **options: self._verbs[name](self._kb, *args, **options)
        return getattr(self._kb, name)


def knowledge(**verbs: Callable[..., Any]) -> Suite:
    return {"make": lambda self, clock: Changed(Knowledge.open(":memory:", clock=clock), **verbs)}


def nothing(kb: Knowledge, *args: Any, **options: Any) -> None:
    return None


def unsourced(kb: Knowledge, *args: Any, source: Any = None, **options: Any) -> Any:
    return kb.add(*args, **options)


def timeless(kb: Knowledge, *args: Any, at: Any = None, **options: Any) -> Any:
    return kb.ask(*args, at="2025-06-01", **options)


def unremembering(kb: Knowledge, *args: Any, known_at: Any = None, **options: Any) -> Any:
    return kb.ask(*args, **options)


def correcting_by_ending(kb: Knowledge, fact_id: str, value: Any, *, author: str, reason: str) -> Any:
    return kb.supersede(fact_id, value, valid_from="2025-12-31", author=author, reason=reason)


def superseding_by_correcting(kb: Knowledge, fact_id: str, value: Any, **options: Any) -> Any:
    return kb.correct(fact_id, value, author="x", reason="x")


def correcting_by_adding(kb: Knowledge, fact_id: str, value: Any, *, author: str, reason: str) -> Any:
    old = kb.fact(fact_id)
    kb.retract(fact_id, reason=reason)
    return kb.add(
        old.entity, old.attribute, value, source="correction", author=author, reason=reason, valid_from=old.valid.start
    )


def retracting_without_reason(kb: Knowledge, what: Any, *, reason: str) -> Any:
    return kb.retract(what, reason="-")


def rolling_back_by_adding(kb: Knowledge, fact_id: str, *, to: Any) -> Any:
    return kb.correct(fact_id, "$0", author="x", reason="x")


def shortened(kb: Knowledge, *args: Any, **options: Any) -> Any:
    return kb.history(*args, **options)[-1:]


def never_single(kb: Knowledge, name: str, cardinality: Any = None, **options: Any) -> Any:
    return kb.attribute(name, **options)


def rankless(kb: Knowledge, *args: Any, authority: Any = None, **options: Any) -> Any:
    return kb.add(*args, **options)


def always_single(kb: Knowledge, entity: str, attribute: str, value: Any, **options: Any) -> Any:
    for old in kb.ask(entity, attribute).facts if attribute == "colour" else ():
        kb.retract(old.id, reason="one is enough")
    return kb.add(entity, attribute, value, **options)


def meddling(kb: Knowledge, fact_id: str, value: Any, **options: Any) -> Any:
    for other in kb.history("Globex", "list price"):
        kb.retract(other.id, reason="while at it")
    return kb.correct(fact_id, value, **options)


def stuttering(kb: Knowledge, *args: Any, source: str = "", **options: Any) -> Any:
    kb.add(*args, source=source, **options)
    return kb.add(*args, source=f"{source}#{random.random()}", **options)


def lenient(kb: Knowledge, *args: Any, valid_from: Any = None, valid_to: Any = None, **options: Any) -> Any:
    return kb.add(*args, valid_from=valid_from, valid_to=None, **options)


def garbling(kb: Knowledge, entity: str, attribute: str, value: Any, **options: Any) -> Any:
    return kb.add(entity, attribute, f"{value}?", **options)


def forgetful(kb: Knowledge, entity: str, attribute: str, value: Any, **options: Any) -> Any:
    return None if value == "4" else kb.add(entity, attribute, value, **options)


def by_letter(kb: Knowledge, entity: str, attribute: str, **options: Any) -> Any:
    return kb.ask(entity, "unknown" if attribute[0].isupper() else attribute, **options)


def picky(kb: Knowledge, *args: Any, **options: Any) -> Any:
    found = kb.ask(*args, **options)
    return replace(found, facts=found.candidates[:1], conflict=False) if found.conflict else found


def inventive(kb: Knowledge, entity: str, attribute: str, **options: Any) -> Any:
    found = kb.ask(entity, attribute, **options)
    return found or replace(found, text="")


KNOWLEDGE: list[tuple[str, Suite]] = [
    ("test_a_fact_is_told_with_its_source", knowledge(add=unsourced)),
    ("test_nothing_known_is_said_aloud", knowledge(ask=inventive)),
    ("test_valid_time_decides", knowledge(ask=timeless)),
    ("test_supersede_ends_the_old_and_keeps_it", knowledge(supersede=superseding_by_correcting)),
    ("test_supersede_ends_the_old_and_keeps_it", knowledge(supersede=nothing)),
    ("test_correct_reaches_back", knowledge(correct=correcting_by_ending)),
    ("test_a_correction_outranks", knowledge(correct=correcting_by_adding)),
    ("test_retract_withdraws", knowledge(retract=nothing)),
    ("test_retract_withdraws", knowledge(retract=retracting_without_reason)),
    ("test_rollback_undoes", knowledge(rollback=nothing)),
    ("test_rollback_undoes", knowledge(rollback=rolling_back_by_adding)),
    ("test_what_was_known_then", knowledge(ask=unremembering)),
    ("test_history_only_grows", knowledge(history=shortened)),
    ("test_single_means_one", knowledge(attribute=never_single)),
    ("test_a_tie_is_a_conflict", knowledge(attribute=never_single)),
    ("test_a_tie_is_a_conflict", knowledge(ask=picky)),
    ("test_rank_decides", knowledge(add=rankless)),
    ("test_many_means_many", knowledge(add=always_single)),
    ("test_other_keys_are_left_alone", knowledge(correct=meddling)),
    ("test_names_lead_to_the_thing", knowledge(ask=by_letter)),
    ("test_saying_it_twice_changes_nothing", knowledge(add=stuttering)),
    ("test_mistakes_are_refused", knowledge(add=lenient)),
    ("test_mistakes_are_refused", knowledge(retract=nothing)),
    ("test_any_value_comes_back_or_is_refused", knowledge(add=garbling)),
    ("test_many_writers_lose_nothing", knowledge(add=forgetful)),
]


MUTANTS = {
    "SplitterContract": SPLITTERS,
    "ClassifierContract": CLASSIFIERS,
    "AuthorityContract": AUTHORITIES,
    "VerifierContract": VERIFIERS,
    "PolicyContract": POLICIES,
    "ProvenanceLogContract": LOGS,
    "KnowledgeContract": KNOWLEDGE,
}
CASES = [
    pytest.param(contract, test, suite, id=f"{contract}-{test}-{number}")
    for contract, mutants in MUTANTS.items()
    for number, (test, suite) in enumerate(mutants)
]


@pytest.mark.parametrize(("contract", "test", "suite"), CASES)
def test_the_contract_notices(contract: str, test: str, suite: Suite) -> None:
    """A part that breaks a truth of its contract fails the test of that truth."""
    broken = type("Broken", (getattr(contracts, contract),), suite)()
    with pytest.raises((AssertionError, UnicodeError)):
        _unskipped(getattr(broken, test))


@pytest.mark.parametrize("contract", sorted(MUTANTS))
def test_no_truth_is_left_out(contract: str) -> None:
    """Every test of every contract has a part above that fails it."""
    suite = getattr(contracts, contract)
    assert {name for name in vars(suite) if name.startswith("test_")} == {test for test, _ in MUTANTS[contract]}


def test_every_contract_is_broken_here() -> None:
    """No contract is left out above."""
    assert set(MUTANTS) == set(contracts.__all__)


def test_a_suite_without_its_hook_says_so() -> None:
    """A truth that needs a hook is skipped by name, and `make` must be given."""

    class Bare(contracts.AuthorityContract):
        def make(self) -> FakeAuthority:
            return FakeAuthority([evidence(PRICE)])

    with pytest.raises(SkipTest, match="earlier"):
        Bare().test_a_change_shows()
    with pytest.raises(NotImplementedError, match=r"override make\(\)"):
        contracts.SplitterContract().make()


def test_the_clock_of_a_suite_is_the_suites() -> None:
    """The knowledge suite moves time itself: the clock it hands over is the one it moves."""
    clocks: list[FixedClock] = []

    class Suite(contracts.KnowledgeContract):
        def make(self, clock: FixedClock) -> Knowledge:
            clocks.append(clock)
            return Knowledge.open(":memory:", clock=clock)

    Suite().test_what_was_known_then()
    assert clocks[0]().day == 2


def _unskipped(test: Callable[[], None]) -> None:
    try:
        test()
    except SkipTest as skipped:
        pytest.fail(f"skipped, not run: {skipped}")


def test_relations_are_set_by_verdicts_that_rest() -> None:
    """The builder's evidence is neutral until a verifier says otherwise."""
    assert evidence("x").relation is Relation.NEUTRAL
