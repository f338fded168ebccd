"""From a draft to a report: what each step may rely on, and what never happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from guardlayer import Guard, Knowledge
from guardlayer.errors import AuthorityError, LogError
from guardlayer.pipeline import Parts, Route, arun, run
from guardlayer.policy import Policy
from guardlayer.testing import AsyncFakeAuthority, FakeAuthority, MemoryLog, draft, evidence
from guardlayer.types import Action, Claim, Draft, Kind, Label, Outcome, Report, Turn

Drive = Callable[[Draft, Parts], Report]


def drive_async(whole: Draft, parts: Parts) -> Report:
    return asyncio.run(arun(whole, parts))


@pytest.fixture(params=[run, drive_async], ids=["sync", "async"])
def drive(request: pytest.FixtureRequest) -> Drive:
    """Each driver in turn: what holds of one holds of the other."""
    return request.param


def knows(*texts: str, **options) -> FakeAuthority:
    return FakeAuthority([evidence(text) for text in texts], **options)


def only(report: Report):
    (claim,) = report.claims
    return claim


# Who is asked -------------------------------------------------------------------------------------------------------


def test_second_tier_is_asked_only_about_the_rest(drive: Drive, build) -> None:
    """A claim that the first tier settles never reaches the second; one that it does not settle does."""
    cheap, dear = knows("known"), knows("known", "rare")
    report = drive(draft("known\nrare"), build(cheap, dear))
    assert [c.verdict for c in report.claims] == [Label.SUPPORTED] * 2
    assert [q.claim.text for q in cheap.queries] == ["known", "rare"]
    assert [q.claim.text for q in dear.queries] == ["rare"]


def test_the_second_tier_adds_to_the_first(drive: Drive, build) -> None:
    """The verifiers see what the first tier found together with what the second found."""
    seen = []

    def looks(claim, given, at):
        seen.append([piece.text for piece in given])

    drive(draft("claim"), build(knows("one"), knows("two"), verifiers=(looks,)))
    assert seen[0] == ["one"]
    assert seen[1] == ["one", "two"]


def test_every_authority_of_a_tier_is_asked(drive: Drive, build) -> None:
    """Authorities of one tier answer together."""
    one, two = knows("x"), knows("claim")
    assert only(drive(draft("claim"), build((one, two)))).verdict is Label.SUPPORTED
    assert len(one.queries) == len(two.queries) == 1


def test_evidence_of_the_call_joins_the_second_tier(drive: Drive, build) -> None:
    """What came with the call is asked after the keyed facts, and settles what they do not."""
    keyed = knows("known")
    whole = draft("known\nbrought along", evidence=(evidence("brought along"),))
    report = drive(whole, build(keyed))
    assert [c.verdict for c in report.claims] == [Label.SUPPORTED] * 2


def test_evidence_of_the_call_is_not_asked_where_the_route_says_so(drive: Drive, build) -> None:
    """State and permission are never answered from text that came with the call."""
    whole = draft("state: shipped", evidence=(evidence("state: shipped"),))
    routes = {Kind.STATE: Route(((FakeAuthority(),),), call_evidence=False)}
    assert only(drive(whole, build(routes=routes))).verdict is Label.UNSUPPORTED


def test_an_authority_is_told_what_the_flow_knows(drive: Drive, build) -> None:
    """A query carries the instant, the question, the turns and the claims before it, nearest last."""
    authority = FakeAuthority()
    turns = (Turn("user", "hi"),)
    text = "\n".join(f"line {n}" for n in range(7))
    drive(draft(text, at="2024-05-06", question="what?", turns=turns), build(authority))
    last = authority.queries[-1]
    assert (last.at.isoformat(), last.question, last.turns) == ("2024-05-06T00:00:00+00:00", "what?", turns)
    assert last.topics == ("line 2", "line 3", "line 4", "line 5")


def test_behavior_is_exempt_and_asks_no_one(drive: Drive, build) -> None:
    """There is nothing to verify in behavior, and no authority hears of it."""
    authority = FakeAuthority()
    claim = only(drive(draft("behavior: hello"), build(authority)))
    assert claim.verdict is Label.EXEMPT
    assert authority.queries == ()


@pytest.mark.parametrize("kind", [Kind.STATE, Kind.PERMISSION])
def test_a_kind_without_an_authority_is_unverifiable(drive: Drive, build, kind: Kind) -> None:
    """Live state and permissions are never answered from text, even where text would."""
    text = f"{kind}: so it is"
    facts = knows(text)
    claim = only(drive(draft(text, evidence=(evidence(text),)), build(facts)))
    assert claim.verdict is Label.UNVERIFIABLE
    assert claim.result.error == "no authority"
    assert kind in claim.reason
    assert facts.queries == ()


def test_no_source_and_no_evidence_are_told_apart(drive: Drive, build) -> None:
    """That nobody was asked is said otherwise than that nobody knew."""
    unasked, unknown = (only(drive(draft("claim"), parts)) for parts in (build(), build(FakeAuthority())))
    assert unasked.verdict is unknown.verdict is Label.UNSUPPORTED
    assert "no source is configured" in unasked.reason
    assert unasked.reason != unknown.reason


# What fails ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [AuthorityError("the shelf is empty"), ValueError("bad"), TypeError()])
def test_an_authority_that_raises_never_makes_a_pass(drive: Drive, build, error: Exception) -> None:
    """Whatever an authority raises, the claim is unverifiable, and the cause is named."""
    claim = only(drive(draft("claim"), build(FakeAuthority(error=error, id="shelf"))))
    assert claim.verdict is Label.UNVERIFIABLE
    assert "shelf" in claim.reason
    assert claim.result.error
    assert str(error) in claim.result.error
    assert claim.action is Action.ANNOTATE


def test_another_authority_may_still_answer(drive: Drive, build) -> None:
    """Where one fails and another settles the claim, it is settled."""
    broken = FakeAuthority(error=AuthorityError("away"))
    assert only(drive(draft("claim"), build((broken, knows("claim"))))).verdict is Label.SUPPORTED


def test_one_that_fails_and_one_that_knows_nothing_leave_it_open(drive: Drive, build) -> None:
    """An authority that could not be asked might have known: the claim is unverifiable, not unsupported."""
    broken = FakeAuthority(error=AuthorityError("away"))
    assert only(drive(draft("claim"), build((broken, FakeAuthority())))).verdict is Label.UNVERIFIABLE


def test_a_verifier_that_raises_never_makes_a_pass(drive: Drive, build) -> None:
    """A verifier that crashes leaves the claim unverifiable, with the cause, and the rest of the text checked."""

    def crashes(claim, given, at):
        if claim.text == "bad":
            raise RuntimeError("out of memory")

    parts = build(knows("bad", "good"), verifiers=(crashes, _supports))
    report = drive(draft("bad\ngood"), parts)
    bad, good = report.claims
    assert bad.verdict is Label.UNVERIFIABLE
    assert "out of memory" in (bad.result.error or "")
    assert good.verdict is Label.SUPPORTED


def _supports(claim, given, at):
    from guardlayer.types import Verdict

    return Verdict(Label.SUPPORTED, 1.0, "said so", tuple(given), verifier="t/1") if given else None


def test_a_text_over_the_limit_is_not_checked(drive: Drive, build) -> None:
    """A text over max_chars is one unverifiable claim with the reason *limit*; at the limit it is checked."""
    policy = Policy.from_mapping({"max_chars": 10})
    authority = knows("0123456789")
    parts = build(authority, policy=policy)
    claim = only(drive(draft("0123456789x"), parts))
    assert (claim.verdict, claim.result.error) == (Label.UNVERIFIABLE, "limit")
    assert claim.reason.startswith("limit")
    assert authority.queries == ()
    assert only(drive(draft("0123456789"), parts)).verdict is Label.SUPPORTED


# Correcting ---------------------------------------------------------------------------------------------------------


def test_a_correction_is_checked_again(drive: Drive, build) -> None:
    """What the policy put in is checked like what the model wrote, and the report holds that check."""
    report = drive(draft("it is old"), build(knows("old → new", "it is new")))
    assert report.output == "it is new"
    assert report.recheck is not None
    assert report.recheck.draft.text == "it is new"
    assert [c.verdict for c in report.recheck.claims] == [Label.SUPPORTED]
    assert report.claims[0].action is Action.CORRECT


def test_a_correction_that_does_not_hold_is_taken_back(drive: Drive, build) -> None:
    """Where the corrected text is stale itself, the correction is not shown, and the report says so."""
    report = drive(draft("it is old"), build(knows("old → new", "new → newer")))
    assert "new" not in report.output
    assert "it is old" not in report.output
    assert report.claims[0].action is Action.REDACT
    assert any("did not hold" in notice for notice in report.notices)
    assert report.recheck is None


def test_an_untouched_text_is_not_checked_twice(drive: Drive, build) -> None:
    """Only a correction costs a second check."""
    authority = knows("fine")
    assert drive(draft("fine\nunknown"), build(authority)).recheck is None
    assert len(authority.queries) == 2


def test_the_original_stays_in_the_report(drive: Drive, build) -> None:
    """A report holds the draft as it came, whatever is shown instead."""
    whole = draft("it is old\nfine")
    report = drive(whole, build(knows("old → new", "it is new", "fine")))
    assert report.draft == whole
    assert report.claims[0].text == "it is old"
    assert report.output == "it is new\nfine"


# What a report says -------------------------------------------------------------------------------------------------


def test_coverage_counts_every_claim(drive: Drive, build) -> None:
    """How much was checked is said in numbers, and every claim is in one of them."""
    text = "behavior: hi\nfine\nit is old\nstate: shipped\nunknown\n-- --"
    coverage = drive(draft(text), build(knows("fine", "old → new"), policy="observe")).coverage
    assert (coverage.claims, coverage.checked, coverage.exempt) == (5, 3, 1)
    assert (coverage.unverifiable, coverage.supported) == (1, 1)
    assert coverage.claims == coverage.checked + coverage.exempt + coverage.unverifiable
    assert [region.reason for region in coverage.skipped] == ["dashes"]
    assert coverage.characters == len("".join(text.split()))


@pytest.mark.parametrize(
    ("text", "outcome", "ok"),
    [
        ("", Outcome.NO_CLAIMS, True),
        ("behavior: hi", Outcome.NO_CLAIMS, True),
        ("fine", Outcome.VERIFIED, True),
        ("fine\nbehavior: hi", Outcome.VERIFIED, True),
        ("fine\nunknown", Outcome.FINDINGS, False),
        ("it is old", Outcome.FINDINGS, False),
        ("state: shipped", Outcome.INCOMPLETE, False),
        ("fine\nstate: shipped", Outcome.INCOMPLETE, False),
        ("unknown\nstate: shipped", Outcome.FINDINGS, False),
    ],
)
def test_outcome_is_one_honest_word(drive: Drive, build, text: str, outcome: Outcome, ok: bool) -> None:
    """Nothing found, nothing looked for, and not looked at are different words; only the first two are ok."""
    report = drive(draft(text), build(knows("fine", "old → new")))
    assert (report.outcome, report.ok) == (outcome, ok)


def test_the_policy_is_named_with_its_digest(drive: Drive, build) -> None:
    """A report says under which policy, to the letter, it was decided."""
    strict, own = Policy.preset("strict"), Policy.from_mapping({"extends": "strict", "deadline": 9})
    names = {drive(draft(""), build(policy=policy)).policy for policy in (strict, own)}
    assert len(names) == 2
    assert all("@" in name for name in names)


def test_notices_of_the_composition_are_passed_on(drive: Drive, build) -> None:
    """What must be said of a composition is said in each of its reports."""
    assert drive(draft("x"), build(notices=("mind the gap",))).notices == ("mind the gap",)


# Recording ----------------------------------------------------------------------------------------------------------


def test_what_is_reported_is_recorded(drive: Drive, build) -> None:
    """The log holds the report, and the report names its record."""
    log = MemoryLog()
    report = drive(draft("it is old\nfine"), build(knows("old → new", "fine", "it is new"), log=log))
    assert report.record == log.records[-1].id
    assert [r.kind for r in log.records] == ["claim", "claim", "response"]
    assert replace(log.reports[0], record=report.record) == report


@pytest.mark.parametrize(
    ("policy", "action"), [("strict", Action.BLOCK), ("observe", Action.PASS), ("enforce", Action.PASS)]
)
def test_a_log_that_fails(drive: Drive, build, policy: str, action: Action) -> None:
    """Where the policy is closed on errors nothing is shown unrecorded; else the report says that it is not."""
    log = MemoryLog(error=LogError("the disk is full"))
    report = drive(draft("fine"), build(knows("fine"), policy=policy, log=log))
    assert report.record is None
    assert any("the disk is full" in notice for notice in report.notices)
    assert report.action is action
    assert ("fine" in report.output) is (action is Action.PASS)


def test_nothing_is_logged_where_there_is_no_log(drive: Drive, build) -> None:
    """Without a log a report has no record."""
    assert drive(draft("fine"), build(knows("fine"))).record is None


# Async authorities --------------------------------------------------------------------------------------------------


def test_async_authorities_are_awaited_and_blocking_ones_called(build) -> None:
    """The async driver awaits an authority that can be awaited; the sync driver calls the very same one."""
    for driver in (run, drive_async):
        authority = AsyncFakeAuthority([evidence("fine")])
        assert only(driver(draft("fine"), build(authority))).verdict is Label.SUPPORTED
        assert len(authority.queries) == 1


def test_one_wrong_claim_without_a_replacement_does_not_undo_the_corrections_of_others() -> None:
    """The recheck judges what was put in, not what was left as it was."""
    with Knowledge.open(":memory:") as kb:
        kb.add("Acme", "list price", "$39", valid_from="2023", valid_to="2025", source="price list")
        kb.add("Acme", "list price", "$49", valid_from="2025", source="price list")
        kb.add("Acme", "CEO", "Ann Lee", source="register", valid_from="2020", valid_to="2024")
        guard = Guard(knowledge=kb, log=None)
        report = guard.check("The list price of Acme is $39. The CEO of Acme is Ann Lee.", at="2026-01-01")
    assert [str(c.action) for c in report.claims] == ["correct", "redact"]
    assert report.output.startswith("The list price of Acme is $49.")
    assert report.notices == ("no provenance is recorded: the log is switched off",)


def test_what_a_source_speaks_of_is_a_fact_however_it_is_put() -> None:
    """Behavior that the classifier is not sure of is held against the sources; what none speaks of stays exempt."""

    class Unsure:
        def __init__(self, score: float) -> None:
            self.score = score

        def __call__(self, claims: Sequence[Claim], draft: Draft) -> Sequence[Claim]:
            return [claim.of_kind(Kind.BEHAVIOR, self.score) for claim in claims]

    kb = Knowledge.open(":memory:")
    kb.attribute("list price", cardinality="one")
    kb.add("Acme", "list price", "$49", source="price list")
    text = "The list price of Acme is $39. What a lovely day it is."
    unsure = Guard(knowledge=kb, log=None, classifier=Unsure(0.6)).check(text)
    assert [(c.kind, c.verdict) for c in unsure.claims] == [
        (Kind.FACT, Label.CONTRADICTED),
        (Kind.BEHAVIOR, Label.EXEMPT),
    ]
    assert "$49" in unsure.output
    sure = Guard(knowledge=kb, log=None, classifier=Unsure(0.95)).check(text)
    assert [c.verdict for c in sure.claims] == [Label.EXEMPT, Label.EXEMPT]
    assert sure.output == text


def test_a_fact_that_is_perhaps_none_is_put_right_or_left_alone() -> None:
    """A fact that the classifier doubts is reported, and costs no mark where no source is near; what blocks, blocks."""

    class Doubts:
        def __init__(self, score: float) -> None:
            self.score = score

        def __call__(self, claims: Sequence[Claim], draft: Draft) -> Sequence[Claim]:
            return [claim.of_kind(Kind.FACT, self.score) for claim in claims]

    kb = Knowledge.open(":memory:")
    kb.attribute("list price", cardinality="one")
    kb.add("Acme", "list price", "$49", source="price list")
    text = "The list price of Acme is $39. What a lovely day it is."
    for score, mark in ((0.6, ""), (0.65, " [unsupported: no source found]"), (0.0, " [unsupported: no source found]")):
        found = Guard(knowledge=kb, log=None, classifier=Doubts(score)).check(text)
        assert [c.verdict for c in found.claims] == [Label.CONTRADICTED, Label.UNSUPPORTED]
        assert found.output == f"The list price of Acme is $49. What a lovely day it is.{mark}"
    strict = Guard(knowledge=kb, log=None, policy="strict", classifier=Doubts(0.6))
    assert strict.check("What a lovely day it is.").action is Action.BLOCK
