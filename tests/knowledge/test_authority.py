"""Sources as a whole: rank, time in force, owner, review, and what takes whose place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from guardlayer import Guard, Knowledge, Label
from guardlayer.errors import InputError, IntervalError, KnowledgeError, NotFoundError
from guardlayer.types import Action, Span

BEGIN = datetime(2026, 2, 1, tzinfo=UTC)


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now

    def pass_days(self, days: int) -> str:
        self.now += timedelta(days=days)
        return self.now.isoformat()


@pytest.fixture
def clock() -> Clock:
    """Where the tests' transaction time comes from."""
    return Clock()


@pytest.fixture
def kb(clock: Clock, place: str) -> Iterator[Knowledge]:
    """Prices, one at a time, from the list of 2025."""
    with Knowledge.open(place, clock=clock) as kb:
        kb.attribute("list price", cardinality="one")
        kb.add("Acme", "list price", "$39", source="list 2025", valid_from="2025-01-01")
        yield kb


def ask(kb: Knowledge, at: str, known_at: str | None = None) -> str | None:
    return kb.ask("Acme", "list price", at=at, known_at=known_at).value


class TestSupersession:
    """One source takes the place of another."""

    def test_ends_what_the_former_source_states(self, kb: Knowledge) -> None:
        """A fact of a superseded source is current until the successor is in force, and no longer."""
        kb.source("list 2026", effective_from="2026-05-01", supersedes="list 2025")
        assert ask(kb, "2026-04-30") == "$39"
        assert ask(kb, "2026-05-01") is None
        assert "ended 2026-05-01" in kb.ask("Acme", "list price", at="2026-06-01").text

    def test_makes_what_was_said_stale(self, kb: Knowledge) -> None:
        """A model that repeats the old list is told what the new one says, and since when."""
        kb.source("list 2026", effective_from="2026-05-01", supersedes="list 2025")
        new = kb.add("Acme", "list price", "$59", source="list 2026")
        claim = Guard(knowledge=kb, log=None).check("The list price of Acme is $39.", at="2026-06-01").claims[0]
        assert claim.verdict is Label.STALE
        assert claim.current == kb.fact(new.id)
        assert "until 2026-05-01" in claim.reason

    def test_without_a_date_holds_from_today(self, kb: Knowledge, clock: Clock) -> None:
        """A successor whose time is not given counts from the day on which it is recorded."""
        kb.source("list 2026", supersedes="list 2025", authority=0)
        assert ask(kb, "2026-01-31") == "$39"
        assert ask(kb, "2026-02-01") is None

    def test_ends_also_what_is_recorded_later_or_would_begin_later(self, kb: Knowledge) -> None:
        """No fact of a superseded source is ever current after its end, whenever it is recorded or begins."""
        kb.source("list 2026", effective_from="2026-05-01", supersedes="list 2025")
        kb.add("Borealis", "list price", "$1", source="list 2025")
        kb.add("Cem", "list price", "$2", source="list 2025", valid_from="2026-07-01")
        assert kb.ask("Borealis", "list price", at="2026-05-01").value is None
        for at in ("2026-04-01", "2026-06-01", "2026-08-01"):
            assert kb.ask("Cem", "list price", at=at).value is None

    def test_is_a_matter_of_when_it_was_known(self, kb: Knowledge, clock: Clock) -> None:
        """What was answered before the supersession was recorded is still answered so for that time."""
        before = clock.pass_days(1)
        clock.pass_days(199)
        kb.source("list 2026", effective_from="2026-05-01", supersedes="list 2025")
        assert ask(kb, "2026-06-01", known_at=before) == "$39"
        assert ask(kb, "2026-06-01") is None

    def test_can_be_taken_back(self, kb: Knowledge, clock: Clock) -> None:
        """An empty list takes it back, and it is remembered that it once stood."""
        kb.source("list 2026", effective_from="2026-05-01", supersedes=["list 2025"])
        then = clock.pass_days(1)
        clock.pass_days(1)
        kb.source("list 2026", supersedes=())
        assert ask(kb, "2026-06-01") == "$39"
        assert ask(kb, "2026-06-01", known_at=then) is None

    @pytest.mark.parametrize("length", [1, 2, 3, 7])
    def test_in_a_circle_is_refused(self, kb: Knowledge, length: int) -> None:
        """A source that would, directly or in turn, supersede itself is an error when it is written, and changes nothing."""
        names = ["list 2025", *(f"list {2025 + step}" for step in range(1, length))]
        for former, name in pairwise(names):
            kb.source(name, effective_from="2026-05-01", supersedes=former)
        before = kb.sources()
        with pytest.raises(KnowledgeError, match="circle"):
            kb.source(names[0], supersedes=names[-1], owner="mallory")
        assert kb.sources() == before

    def test_of_what_does_not_exist_is_refused(self, kb: Knowledge) -> None:
        """A misspelt name is said to be none."""
        with pytest.raises(NotFoundError, match="lst 2025"):
            kb.source("list 2026", supersedes="lst 2025")

    def test_ends_documents_too(self, kb: Knowledge, tmp_path: Path) -> None:
        """The passages of a superseded document stand as superseded, from the date of its successor."""
        page = tmp_path / "policy.md"
        page.write_text("Refunds are paid within 14 days of the request.\n")
        kb.ingest(page, source="policy 2025")
        kb.source("policy 2026", effective_from="2026-05-01", supersedes="policy 2025")
        found = kb.passages.search("refunds paid within days", at=datetime(2026, 6, 1, tzinfo=UTC))
        assert [piece.standing for piece in found] == ["superseded"]
        assert (
            kb.passages.search("refunds paid within days", at=datetime(2026, 3, 1, tzinfo=UTC))[0].standing == "current"
        )


class TestForce:
    """The time in which a source is in force."""

    def test_bounds_what_it_states(self, kb: Knowledge) -> None:
        """Each end flips an answer: nothing a source states holds before it is in force, or after."""
        kb.source("list 2025", effective_from="2025-06-01", effective_to="2026-01-01")
        assert [ask(kb, at) for at in ("2025-05-31", "2025-06-01", "2025-12-31", "2026-01-01")] == [
            None,
            "$39",
            "$39",
            None,
        ]
        kb.source("list 2025", effective_to="")
        assert ask(kb, "2026-01-01") == "$39"

    def test_must_not_end_before_it_begins(self, kb: Knowledge) -> None:
        """An interval the wrong way round is an error, and changes nothing."""
        with pytest.raises(IntervalError):
            kb.source("list 2025", effective_from="2026-01-01", effective_to="2025-01-01")
        assert ask(kb, "2026-01-01") == "$39"


class TestRank:
    """The authority of a source as a whole."""

    @pytest.fixture
    def torn(self, kb: Knowledge) -> Knowledge:
        kb.add("Acme", "list price", "$45", source="press", valid_from="2025-01-01")
        return kb

    def test_decides_what_was_tied(self, torn: Knowledge, clock: Clock) -> None:
        """A rank given to a source counts for what it stated before, too; what was answered before stays answered."""
        before = clock.pass_days(1)
        clock.pass_days(1)
        assert ask(torn, "2026-01-01") is None
        torn.source("list 2025", authority=5)
        assert ask(torn, "2026-01-01") == "$39"
        assert torn.ask("Acme", "list price", at="2026-01-01", known_at=before).conflict

    def test_given_with_a_fact_later_holds_for_that_fact(self, torn: Knowledge) -> None:
        """The rank of a fact is the last that was said for it."""
        torn.source("list 2025", authority=5)
        torn.add("Acme", "list price", "$45", source="press", valid_from="2025-01-01", authority=9)
        assert ask(torn, "2026-01-01") == "$45"


class TestReview:
    """What nobody has looked at in time is not silently true."""

    @pytest.fixture
    def guard(self, kb: Knowledge) -> Guard:
        kb.source("list 2025", owner="sales", review_after="2026-03-01")
        return Guard(knowledge=kb, log=None)

    def test_overdue_is_stale_and_current_is_the_same_fact(self, guard: Guard) -> None:
        """After the date a claim that says what is recorded is stale, says since when, and is left as it is."""
        text = "The list price of Acme is $39."
        fresh = guard.check(text, at="2026-02-28")
        assert (fresh.claims[0].verdict, fresh.output) == (Label.SUPPORTED, text)
        report = guard.check(text, at="2026-03-01")
        claim = report.claims[0]
        assert claim.verdict is Label.STALE
        assert "unreviewed since 2026-03-01" in claim.reason
        assert getattr(claim.current, "value", None) == "$39"
        assert (claim.action, report.output) == (
            Action.ANNOTATE,
            f"{text} [stale: unreviewed since 2026-03-01, list 2025]",
        )

    @pytest.mark.parametrize(("policy", "action"), [("strict", "block"), ("annotate", "annotate"), ("observe", "pass")])
    def test_each_preset_keeps_its_word(self, kb: Knowledge, policy: str, action: str) -> None:
        """What is not supported is blocked where only what is supported may pass."""
        kb.source("list 2025", review_after="2026-03-01")
        report = Guard(knowledge=kb, log=None, policy=policy).check("The list price of Acme is $39.", at="2026-04-01")
        assert report.action == action

    def test_overdue_is_no_correction(self, guard: Guard) -> None:
        """What is itself overdue is put in nobody's place."""
        report = guard.check("The list price of Acme is $45.", at="2026-04-01")
        assert report.claims[0].verdict is Label.CONTRADICTED
        assert "itself unreviewed since 2026-03-01" in report.claims[0].reason
        assert "$39" not in report.output

    def test_a_slot_says_so(self, guard: Guard) -> None:
        """A fact slot is filled, and marked."""
        report = guard.check("The list price of Acme is {{fact:Acme/list price}}.", at="2026-04-01")
        assert "$39" in report.output
        assert "[stale: unreviewed since 2026-03-01" in report.output

    def test_an_answer_says_so(self, kb: Knowledge, guard: Guard) -> None:
        """`ask` gives the value, and says aloud that nobody has looked at it."""
        answer = kb.ask("Acme", "list price", at="2026-04-01")
        assert answer.value == "$39"
        assert answer.unreviewed == answer.facts
        assert "unreviewed since 2026-03-01" in answer.text
        assert not kb.ask("Acme", "list price", at="2026-02-28").unreviewed

    def test_somebody_looks(self, kb: Knowledge, guard: Guard, clock: Clock) -> None:
        """A confirmed fact holds again, until its own next date or until its source is due anew."""
        fact = kb.ask("Acme", "list price", at="2026-04-01").facts[0]
        clock.pass_days(60)
        kb.confirm(fact, author="dana", review_after="2026-06-01")
        due = lambda at: bool(kb.ask("Acme", "list price", at=at).unreviewed)  # noqa: E731 - said three times below
        assert (due("2026-05-31"), due("2026-06-01")) == (False, True)
        clock.pass_days(10)
        kb.source("list 2025", review_after="2026-05-01")
        assert due("2026-05-02")

    def test_other_sources_that_were_looked_at_support(self, kb: Knowledge, guard: Guard) -> None:
        """A correction made after the date is a look at the fact."""
        fact = kb.ask("Acme", "list price", at="2026-04-01").facts[0]
        assert kb.ask("Acme", "list price", at="2026-04-01").unreviewed
        kb.source("list 2025", review_after="2026-01-15")
        kb.correct(fact.id, "$41", author="dana", reason="misread")
        assert not kb.ask("Acme", "list price", at="2026-04-01").unreviewed

    def test_dates_of_facts_and_attributes(self, kb: Knowledge) -> None:
        """A date may stand with a fact, or with an attribute for the facts of every source; the earliest counts."""
        kb.add("Borealis", "list price", "$1", source="other", review_after="2026-08-01")
        kb.review_attribute("list price", "2026-05-01")
        due = lambda name, at: bool(kb.ask(name, "list price", at=at).unreviewed)  # noqa: E731 - said often below
        assert [due("Acme", at) for at in ("2026-04-30", "2026-05-01")] == [False, True]
        assert due("Borealis", "2026-05-01")  # what is said of the attribute later counts for confirmed facts, too
        kb.review_attribute("list price", None)
        assert [due("Borealis", at) for at in ("2026-07-31", "2026-08-01")] == [False, True]
        assert not due("Acme", "2027-01-01")


def test_what_is_said_stays_until_it_is_taken_back(kb: Knowledge) -> None:
    """Each call changes what it names, and an empty text takes it back."""
    kb.source("list 2025", owner="sales", review_after="2026-03", authority=3)
    word = kb.source("list 2025", uri="https://acme.example/2025", effective_to="2027")
    assert (word.owner, word.review_after, word.authority, word.effective.end_text) == ("sales", "2026-03", 3, "2027")
    word = kb.source("list 2025", owner="", review_after="")
    assert (word.owner, word.review_after, word.authority) == (None, None, 3)


def test_a_source_that_cannot_be_recorded_is_refused(kb: Knowledge) -> None:
    """Bad names, dates and ranks are errors that name the part."""
    with pytest.raises(InputError, match="source"):
        kb.source("")
    with pytest.raises(InputError, match="review_after"):
        kb.source("list 2025", review_after="soon")
    with pytest.raises(InputError, match="authority"):
        kb.source("list 2025", authority=True)


class TestFiles:
    """Where the source says so, and until when it holds unasked, as files state them."""

    def test_a_row_may_say_where_and_until_when(self, tmp_path: Path) -> None:
        """Span, page and review date come with the row; the date counts for that fact."""
        path = tmp_path / "facts.jsonl"
        path.write_text(
            '{"entity": "Acme", "attribute": "office", "value": "Rome", "start": 120, "end": 131, "page": 2}\n'
            '{"entity": "Acme", "attribute": "price", "value": "1", "review_after": "2026-06"}\n'
        )
        kb = Knowledge.open(":memory:")
        kb.load(path)
        kb.load(path)
        assert kb.fact("f1").span == Span(120, 131, 2)
        assert [bool(kb.ask("Acme", "price", at=at).unreviewed) for at in ("2026-05-31", "2026-06-01")] == [False, True]

    @pytest.mark.parametrize(
        "part", ['"start": 5', '"start": 9, "end": 5', '"start": -1, "end": 5', '"page": 1', '"review_after": "soon"']
    )
    def test_what_cannot_be_is_refused(self, tmp_path: Path, part: str) -> None:
        """A span the wrong way round, half of one, or no date: the row is named, and nothing is kept."""
        path = tmp_path / "facts.jsonl"
        path.write_text(f'{{"entity": "Acme", "attribute": "office", "value": "Rome", {part}}}\n')
        kb = Knowledge.open(":memory:")
        with pytest.raises(InputError, match=r"facts\.jsonl:1"):
            kb.load(path)
        assert kb.stats().facts == 0


def test_overdue_documents_support_nothing_silently(tmp_path: Path) -> None:
    """A passage whose source, or whose folder, is due for review makes a claim stale, and leaves it as it is."""
    pages = tmp_path / "policies"
    pages.mkdir()
    (pages / "refunds.md").write_text("Refunds are paid within 14 days of the request.\n")
    kb = Knowledge.open(":memory:")
    kb.ingest(pages, source="policies")
    guard, text = Guard(knowledge=kb, log=None), "Refunds are paid within 14 days of the request."
    assert guard.check(text, at="2027-06-01").claims[0].verdict is Label.SUPPORTED
    kb.source("policies", review_after="2027-01-01")
    report = guard.check(text, at="2027-06-01")
    assert report.claims[0].verdict is Label.STALE
    assert "unreviewed since 2027-01-01" in report.claims[0].reason
    assert report.output.startswith(f"{text} [stale: unreviewed since 2027-01-01")
    assert guard.check(text, at="2026-12-01").claims[0].verdict is Label.SUPPORTED
