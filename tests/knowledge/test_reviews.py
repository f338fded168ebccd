"""The review queue: what waits, who may decide, and that accepting is the change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer import Guard, Knowledge
from guardlayer.errors import (
    ConfigError,
    GuardlayerError,
    InputError,
    IntervalError,
    KnowledgeError,
    NotAllowedError,
    NotFoundError,
    OverlapError,
)
from guardlayer.knowledge.reviews import VERBS, Proposal
from guardlayer.provenance import SqliteLog
from guardlayer.types import Record


@pytest.fixture
def kb(place: str) -> Iterator[Knowledge]:
    """One price."""
    with Knowledge.open(place) as kb:
        kb.attribute("list price", cardinality="one")
        kb.add("Acme", "list price", "$39", source="list", valid_from="2026-01-01")
        yield kb


class TestProposing:
    """Asking for a change is not making it."""

    def test_changes_nothing(self, kb: Knowledge) -> None:
        """What is proposed is not answered, and creates no name."""
        kb.propose("correct", fact="f1", value="$49", author="lee")
        kb.propose("add", entity="Borealis", attribute="office", value="Oslo", author="lee")
        assert kb.ask("Acme", "list price").value == "$39"
        assert kb.stats().entities == 1
        assert [item.id for item in kb.reviews.items()] == [1, 2]

    def test_the_same_twice_is_one_item_with_a_count(self, kb: Knowledge) -> None:
        """Spelling and white space make no second item; another value does."""
        for value in ("Oslo", " oslo ", "OSLO"):
            kb.propose("add", entity="Acme", attribute="Office", value=value, source="page", author="reader")
        kb.propose("add", entity="Acme", attribute="office", value="Bergen", source="page", author="reader")
        assert [(item.proposal.value, item.times) for item in kb.reviews.items()] == [("Oslo", 3), ("Bergen", 1)]

    def test_after_a_rejection_is_a_new_item(self, kb: Knowledge) -> None:
        """Somebody may ask again; it is decided again."""
        first = kb.propose("correct", fact="f1", value="$49", author="lee")
        kb.reviews.reject(first.id, author="dana", reason="no")
        assert kb.propose("correct", fact="f1", value="$49", author="lee").id != first.id

    def test_keeps_the_words_it_was_read_from(self, kb: Knowledge) -> None:
        """A quotation and its place come back as they were given."""
        item = kb.propose(
            "add", entity="Acme", attribute="office", value="Oslo", qualifiers={"floor": "2"}, valid_from="2026-03",
            quote="Our office is in Oslo.", place="about.md#10-33", author="reader", origin="model m1",
        )  # fmt: skip
        again = kb.reviews.get(item.id)
        assert again == item
        assert (again.proposal.quote, again.proposal.place, again.origin) == (
            "Our office is in Oslo.",
            "about.md#10-33",
            "model m1",
        )
        assert again.proposal.qualifiers == (("floor", "2"),)

    def test_of_many_is_all_or_nothing(self, kb: Knowledge) -> None:
        """A batch with one proposal about a fact that does not exist leaves none."""
        good = Proposal.of("add", entity="Acme", attribute="office", value="Oslo")
        with pytest.raises(NotFoundError):
            kb.reviews.propose_all([good, Proposal.of("correct", fact="f77", value="1")], author="reader")
        assert kb.reviews.items(None) == ()
        assert len(kb.reviews.propose_all([good, good], author="reader")) == 1

    @pytest.mark.parametrize(
        ("verb", "parts", "error"),
        [
            ("delete", {}, ConfigError),
            ("add", {"entity": "Acme", "attribute": "office"}, InputError),
            ("add", {"entity": "Acme", "attribute": "office", "value": "x", "fact": "f1"}, ConfigError),
            ("add", {"entity": "Acme", "attribute": "office", "value": "x", "colour": "red"}, ConfigError),
            ("add", {"entity": "…", "attribute": "office", "value": "x"}, InputError),
            ("add", {"entity": "A", "attribute": "b", "value": "x", "valid_from": "soon"}, InputError),
            (
                "add",
                {"entity": "A", "attribute": "b", "value": "x", "valid_from": "2026", "valid_to": "2025"},
                IntervalError,
            ),
            ("correct", {"fact": "f1"}, InputError),
            ("correct", {"fact": "one", "value": "x"}, NotFoundError),
            ("correct", {"fact": "f99", "value": "x"}, NotFoundError),
            ("supersede", {"fact": "f1", "value": "x"}, InputError),
            ("retract", {}, InputError),
            ("retract", {"fact": "f1", "source": "list"}, InputError),
        ],
    )
    def test_what_cannot_be_done_is_refused_at_once(
        self, kb: Knowledge, verb: str, parts: dict[str, str], error: type[GuardlayerError]
    ) -> None:
        """A proposal that no one could accept is an error when it is made, and leaves no item."""
        with pytest.raises(error):
            kb.propose(verb, author="lee", **parts)
        assert kb.reviews.items(None) == ()


class TestDeciding:
    """Who may, and what follows."""

    def test_accepting_is_the_change(self, kb: Knowledge) -> None:
        """The verb is performed and the item closed; the ledger names who agreed, who asked, and why."""
        item = kb.propose("correct", fact="f1", value="$49", author="lee", reason="typed wrong")
        done = kb.reviews.accept(item.id, author="dana", reason="checked")
        assert (done.state, done.fact, done.decided_by, done.decision) == ("accepted", "f1", "dana", "checked")
        change = kb.changes("f1")[-1]
        assert (change.operation, change.author) == ("correct", "dana")
        assert "checked" in (change.reason or "")
        assert "lee: typed wrong" in (change.reason or "")
        assert kb.reviews.items() == ()

    @pytest.mark.parametrize(
        ("verb", "parts", "value"),
        [
            (
                "add",
                {"entity": "Acme", "attribute": "list price", "value": "$50", "source": "new", "authority": 4},
                "$50",
            ),
            ("supersede", {"fact": "f1", "value": "$51", "valid_from": "2026-02-01"}, "$51"),
            ("retract", {"fact": "f1"}, None),
            ("retract", {"source": "list"}, None),
        ],
    )
    def test_every_verb(self, kb: Knowledge, verb: str, parts: dict[str, str], value: str | None) -> None:
        """Each verb does through the queue what it does by hand."""
        item = kb.propose(verb, author="lee", **parts)
        kb.reviews.accept(item.id, author="dana", reason="right")
        assert kb.ask("Acme", "list price", at="2026-06-01").value == value

    def test_rollback_and_settlement(self, kb: Knowledge) -> None:
        """These two as well."""
        kb.correct("f1", "$1", author="sam", reason="wrongly")
        kb.reviews.accept(kb.propose("rollback", fact="f1", to=1, author="lee").id, author="dana", reason="right")
        assert kb.ask("Acme", "list price").value == "$39"
        kb.add("Acme", "list price", "$45", source="press", valid_from="2026-01-01")
        kb.reviews.accept(kb.propose("settle", fact="f1", author="lee").id, author="dana", reason="right")
        assert kb.ask("Acme", "list price").value == "$39"

    def test_parts_can_be_changed_first(self, kb: Knowledge) -> None:
        """What is nearly right need not be proposed again; the item says what was done."""
        item = kb.propose("correct", fact="f1", value="$94", author="lee")
        done = kb.reviews.accept(item.id, author="dana", reason="digits swapped", value="$49")
        assert (kb.ask("Acme", "list price").value, done.proposal.value) == ("$49", "$49")

    def test_what_the_ledger_refuses_stays_open(self, kb: Knowledge) -> None:
        """Neither the change nor the decision is kept."""
        item = kb.propose("add", entity="Acme", attribute="list price", value="$50", source="list", author="lee")
        with pytest.raises(OverlapError):
            kb.reviews.accept(item.id, author="dana", reason="right")
        assert kb.reviews.get(item.id).state == "open"
        assert kb.ask("Acme", "list price").value == "$39"

    def test_rejecting_changes_nothing(self, kb: Knowledge) -> None:
        """It is closed, with who and why."""
        item = kb.propose("correct", fact="f1", value="$49", author="lee")
        done = kb.reviews.reject(item.id, author="dana", reason="an old list")
        assert (done.state, done.decision) == ("rejected", "an old list")
        assert kb.ask("Acme", "list price").value == "$39"

    def test_once(self, kb: Knowledge) -> None:
        """What is decided is decided."""
        item = kb.propose("correct", fact="f1", value="$49", author="lee")
        kb.reviews.reject(item.id, author="dana", reason="no")
        for decide in (kb.reviews.accept, kb.reviews.reject):
            with pytest.raises(InputError, match="was rejected by dana"):
                decide(item.id, author="dana", reason="again")

    def test_not_by_the_proposer(self, kb: Knowledge) -> None:
        """Where nobody was named, somebody else has to decide; the proposer may take it back."""
        item = kb.propose("correct", fact="f1", value="$49", author="lee")
        with pytest.raises(NotAllowedError, match="somebody else"):
            kb.reviews.accept(item.id, author="lee", reason="mine")
        assert kb.reviews.reject(item.id, author="lee", reason="my mistake").state == "rejected"

    def test_only_by_those_who_are_named(self, tmp_path: Path) -> None:
        """The list is kept in the database, and holds for every process."""
        kb = Knowledge.open(tmp_path / "k.db")
        kb.add("Acme", "list price", "$39")
        kb.reviews.allow(["dana", "sam"])
        item = kb.propose("correct", fact="f1", value="$49", author="dana")
        with Knowledge.open(tmp_path / "k.db") as other:
            for author in ("mallory", "Dana", "dana "[:3]):
                with pytest.raises(NotAllowedError, match="dana, sam"):
                    other.reviews.accept(item.id, author=author, reason="please")
                with pytest.raises(NotAllowedError):
                    other.reviews.reject(item.id, author=author, reason="please")
            assert other.reviews.accept(item.id, author="dana", reason="they may").state == "accepted"
        kb.close()

    def test_by_a_rule_of_ones_own(self, kb: Knowledge) -> None:
        """A callable decides alone, and only a plain yes is one."""
        item = kb.propose("correct", fact="f1", value="$49", author="lee")
        kb.reviews.may_decide = lambda author, found: author == "boss" and found.proposal.verb == "correct"
        with pytest.raises(NotAllowedError):
            kb.reviews.accept(item.id, author="dana", reason="x")
        kb.reviews.may_decide = lambda author, found: "yes"  # type: ignore[assignment,return-value]  # not a plain yes
        with pytest.raises(NotAllowedError):
            kb.reviews.accept(item.id, author="boss", reason="x")

    def test_needs_a_name_and_a_reason(self, kb: Knowledge) -> None:
        """Nobody decides anonymously, or without saying why."""
        item = kb.propose("correct", fact="f1", value="$49", author="lee")
        with pytest.raises(InputError, match="author"):
            kb.reviews.accept(item.id, author=" ", reason="x")
        with pytest.raises(InputError, match="reason"):
            kb.reviews.reject(item.id, author="dana", reason="")

    @pytest.mark.parametrize("item", [0, -1, 99, 10**30, "x", None])
    def test_of_what_is_not_there(self, kb: Knowledge, item: object) -> None:
        """A number that is none of an item is said to be."""
        with pytest.raises(NotFoundError):
            kb.reviews.accept(item, author="dana", reason="x")  # type: ignore[arg-type]  # what users type


class TestWithdrawing:
    """Facts and passages of one source go together."""

    def test_is_one_transaction(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the passages cannot be withdrawn, the facts are not either."""
        page = tmp_path / "list.md"
        page.write_text("The list price of Acme is $39.\n")
        kb = Knowledge.open(tmp_path / "k.db")
        kb.ingest(page, source="list")
        kb.add("Acme", "list price", "$39", source="list")

        def fail(*_: object, **__: object) -> int:
            raise KnowledgeError("the disk is on fire")

        with monkeypatch.context() as patch:
            patch.setattr("guardlayer.knowledge.acting.end_within", fail)
            with pytest.raises(KnowledgeError, match="fire"):
                kb.retract("list", reason="withdrawn")
        assert kb.ask("Acme", "list price").value == "$39"
        kb.retract("list", reason="withdrawn")
        found = kb.passages.search("list price of Acme", at=datetime(2030, 1, 1, tzinfo=UTC))
        assert kb.ask("Acme", "list price").value is None
        assert {piece.standing for piece in found} == {"retracted"}


class _Log:
    """Records, as a provenance log gives them."""

    def __init__(self, *claims: tuple[str, str]) -> None:
        self.claims = list(claims)

    def records(self) -> Iterator[Record]:
        for seq, (verdict, text) in enumerate(self.claims):
            body = {"claim": {"verdict": verdict, "text": text, "reason": "why", "evidence": []}}
            yield Record(f"r{seq}", seq, "claim", "00", body)


class TestFindings:
    """What the guard found, as items."""

    def test_of_a_real_log(self, tmp_path: Path) -> None:
        """Disputed claims, and claims without a source that recur, become items once each, with a count."""
        kb = Knowledge.open(":memory:")
        kb.attribute("office", cardinality="one")
        kb.add("Acme", "office", "Rome", source="register")
        kb.add("Acme", "office", "Milan", source="press")
        log = SqliteLog(tmp_path / "log.db")
        guard = Guard(knowledge=kb, log=log)
        for _ in range(3):
            guard.check("The office of Acme is in Rome. Zorblax was founded in 1871 in Lisbon.")
        guard.check("Nobody ever heard of Quibblo's factory in Minsk.")
        items = kb.reviews.from_log(log)
        assert [(item.proposal.verdict, item.times) for item in items] == [("disputed", 3), ("unsupported", 3)]
        assert items[0].proposal.fact in ("f1", "f2")
        assert kb.reviews.from_log(log) == ()
        guard.check("The office of Acme is in Rome.")
        assert [item.times for item in kb.reviews.from_log(log)] == [4]
        done = kb.reviews.accept(items[0].id, author="dana", reason="binding", verb="settle", fact="f1")
        assert done.state == "accepted"
        assert kb.ask("Acme", "office").value == "Rome"

    @pytest.mark.parametrize(("seen", "least", "items"), [(2, 3, 0), (3, 3, 1), (1, 1, 1)])
    def test_frequent_enough(self, kb: Knowledge, seen: int, least: int, items: int) -> None:
        """A claim without a source counts from the number of times that was asked for."""
        log = _Log(*[("unsupported", "Acme has 12 offices.")] * seen)
        assert len(kb.reviews.from_log(log, at_least=least)) == items

    def test_what_needs_nobody_is_no_item(self, kb: Knowledge) -> None:
        """Supported, stale and contradicted claims are settled by their sources."""
        log = _Log(("supported", "a b"), ("stale", "c d"), ("contradicted", "e f"), ("exempt", "g h"))
        assert kb.reviews.from_log(log, at_least=1) == ()

    def test_needs_a_verb(self, kb: Knowledge) -> None:
        """A finding says what is wrong, not what to do."""
        (item,) = kb.reviews.from_log(_Log(("disputed", "Acme has 12 offices.")))
        with pytest.raises(InputError, match="verb"):
            kb.reviews.accept(item.id, author="dana", reason="x")
        done = kb.reviews.accept(
            item.id, author="dana", reason="x", verb="add", entity="Acme", attribute="offices", value=12
        )
        assert kb.ask("Acme", "offices").value == "12"
        assert done.fact == "f2"

    def test_decided_stays_decided(self, kb: Knowledge) -> None:
        """A rejected finding that is seen again is counted, and not opened."""
        log = _Log(("disputed", "Acme has 12 offices."))
        (item,) = kb.reviews.from_log(log)
        kb.reviews.reject(item.id, author="dana", reason="hearsay")
        log.claims.append(("disputed", "ACME has 12 offices"))
        (again,) = kb.reviews.from_log(log)
        assert (again.id, again.state, again.times) == (item.id, "rejected", 2)

    def test_of_strange_texts(self, kb: Knowledge) -> None:
        """What cannot be stored is left out, and nothing fails."""
        kb.reviews.from_log(
            _Log(("disputed", "\ud800"), ("disputed", "\0"), ("disputed", ""), ("disputed", "x" * 99_999))
        )
        assert len(kb.reviews.items()) == 1
        with pytest.raises(InputError):
            kb.reviews.from_log(_Log(), at_least=0)


_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@given(st.sampled_from(VERBS), st.fixed_dictionaries({}, optional=dict.fromkeys(
    ("entity", "attribute", "value", "source", "valid_from", "fact", "quote", "text", "verdict"), _TEXT
)))  # fmt: skip
def test_a_proposal_is_refused_or_comes_back_whole(verb: str, parts: dict[str, str]) -> None:
    """Whatever is proposed is either an error of ours, or survives being stored, with the same identity."""
    try:
        proposal = Proposal.of(verb, **parts)  # type: ignore[arg-type]  # texts only, by name
    except GuardlayerError:
        return
    again = Proposal.from_json(proposal.to_json())
    assert again == proposal
    assert again.identity == proposal.identity
    assert again.line
