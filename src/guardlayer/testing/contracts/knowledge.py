"""What every knowledge layer must do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from guardlayer.errors import GuardlayerError, IntervalError, NotFoundError, OverlapError
from guardlayer.knowledge import Knowledge
from guardlayer.testing.contracts.shared import ODD_TEXTS, THREADS, show, together
from guardlayer.testing.fakes import FixedClock

PRICE = ("Acme", "list price")


class KnowledgeContract:
    """What every knowledge layer must do, whatever keeps its rows."""

    def make(self, clock: FixedClock) -> Knowledge:
        """Return an empty knowledge layer that takes its transaction time from ``clock``."""
        raise NotImplementedError("override make() to return the knowledge layer to test")

    def test_a_fact_is_told_with_its_source(self) -> None:
        """What was added is answered, with who said it and since when, on the very next question."""
        kb, _ = self._opened()
        kb.add(*PRICE, "$49", source="price list", valid_from="2025-05-01")
        found = kb.ask(*PRICE, at="2025-06-01")
        assert found.value == "$49", f"answered {found.value!r}"
        assert found.fact is not None, "a value without its fact"
        assert found.fact.source.id == "price list", f"source {found.fact.source}"
        assert "price list" in found.text, f"the answer names no source: {found.text}"

    def test_nothing_known_is_said_aloud(self) -> None:
        """What is not known has no value, and the answer says so."""
        kb, _ = self._opened()
        found = kb.ask(*PRICE)
        assert found.value is None, f"answered {found.value!r} out of nothing"
        assert not found, "an absence counts as an answer"
        assert found.text.strip(), "an absence without words"

    def test_valid_time_decides(self) -> None:
        """Each instant has the value that held then; the interval takes in its start and leaves out its end."""
        kb, _ = self._opened()
        kb.attribute("list price", cardinality="one")
        kb.add(*PRICE, "$39", source="s", valid_from="2024-01-01", valid_to="2025-05-01")
        kb.add(*PRICE, "$49", source="s", valid_from="2025-05-01", valid_to="2026-01-01")
        said = {at: kb.ask(*PRICE, at=at).value for at in _DAYS}
        assert said == _DAYS, f"answered {said}"

    def test_supersede_ends_the_old_and_keeps_it(self) -> None:
        """Superseding ends what was true, from the day on that is given, and the old value still answers for before."""
        kb, _ = self._opened()
        kb.attribute("list price", cardinality="one")
        old = kb.add(*PRICE, "$39", source="s", valid_from="2024")
        kb.supersede(old.id, "$49", valid_from="2025-05-01", source="s")
        assert kb.ask(*PRICE, at="2025-04-30").value == "$39", "the past changed"
        assert kb.ask(*PRICE, at="2025-05-01").value == "$49", "the new value does not answer"

    def test_correct_reaches_back(self) -> None:
        """A correction says that it never was so: it answers for the whole interval, and keeps who and why."""
        kb, _ = self._opened()
        wrong = kb.add(*PRICE, "$93", source="s", valid_from="2024")
        right = kb.correct(wrong.id, "$39", author="ann", reason="digits swapped")
        assert kb.ask(*PRICE, at="2024-06-01").value == "$39", "the correction does not answer"
        assert (right.author, right.reason) == ("ann", "digits swapped"), f"kept {right.author!r}, {right.reason!r}"
        assert right.version > wrong.version, "a correction is no new version"

    def test_a_correction_outranks(self) -> None:
        """What a person put right is not undone by a source that goes on saying it, however high its rank."""
        kb, clock = self._opened()
        kb.attribute("list price", cardinality="one")
        wrong = kb.add(*PRICE, "$93", source="s", valid_from="2024")
        kb.correct(wrong.id, "$39", author="ann", reason="digits swapped")
        clock.advance(days=1)
        kb.add(*PRICE, "$93", source="other", valid_from="2024", authority=9)
        assert kb.ask(*PRICE, at="2024-06-01").value == "$39", "a source overruled a correction"

    def test_retract_withdraws(self) -> None:
        """What its source withdrew is no longer answered, and the absence says why."""
        kb, clock = self._opened()
        kb.add(*PRICE, "$49", source="draft list", valid_from="2024")
        clock.advance(days=1)
        kb.retract("draft list", reason="never released")
        found = kb.ask(*PRICE)
        assert found.value is None, f"answered {found.value!r} from a source that withdrew it"
        assert "never released" in found.text, f"the reason is lost: {found.text}"

    def test_rollback_undoes(self) -> None:
        """Rolled back, a fact is as it was, and the way there stays in its history."""
        kb, clock = self._opened()
        first = kb.add(*PRICE, "$49", source="s", valid_from="2024")
        clock.advance(days=1)
        kb.correct(first.id, "$94", author="bob", reason="a slip")
        clock.advance(days=1)
        kb.rollback(first.id, to=first.version)
        assert kb.ask(*PRICE).value == "$49", "not as it was"
        values = [fact.value for fact in kb.history(*PRICE)]
        assert values == ["$49", "$94", "$49"], f"history {values}"

    def test_what_was_known_then(self) -> None:
        """Asked as it was known at an earlier time, the answer is the one that was given then."""
        kb, clock = self._opened()
        fact = kb.add(*PRICE, "$93", source="s", valid_from="2024")
        before = clock()
        clock.advance(days=1)
        kb.correct(fact.id, "$39", author="ann", reason="digits swapped")
        assert kb.ask(*PRICE, known_at=before).value == "$93", "the past answer changed"
        assert kb.ask(*PRICE).value == "$39", "the correction does not answer"

    def test_history_only_grows(self) -> None:
        """No version is ever changed or lost, except that its transaction time is closed once."""
        kb, clock = self._opened()
        fact = kb.add(*PRICE, "$1", source="s", valid_from="2024")
        changes: tuple[Callable[[], Any], ...] = (
            lambda: kb.correct(fact.id, "$2", author="a", reason="r"),
            lambda: kb.supersede(fact.id, "$3", valid_from="2025", source="s"),
            lambda: kb.retract(fact.id, reason="r"),
            lambda: kb.rollback(fact.id, to=1),
        )
        seen = kb.history(*PRICE)
        for change in changes:
            clock.advance(days=1)
            change()
            now = kb.history(*PRICE)
            assert len(now) >= len(seen), "a version was lost"
            for before in seen:
                after = next((f for f in now if (f.id, f.version) == (before.id, before.version)), None)
                assert after is not None, f"version {before.version} of {before.id} was lost"
                assert (after.value, after.valid, after.source) == (before.value, before.valid, before.source)
                assert before.recorded.end in (None, after.recorded.end), f"{before} was closed twice"
            seen = now

    def test_single_means_one(self) -> None:
        """Where one value holds at a time, one source cannot say two: it is told so, and nothing is half written."""
        kb, _ = self._opened()
        kb.attribute("list price", cardinality="one")
        kb.add(*PRICE, "$49", source="s", valid_from="2024")
        self._refuses(OverlapError, lambda: kb.add(*PRICE, "$59", source="s", valid_from="2024-06"))
        assert [fact.value for fact in kb.history(*PRICE)] == ["$49"], "the refused value was kept"
        assert kb.ask(*PRICE).value == "$49", "the refused value answers"

    def test_a_tie_is_a_conflict(self) -> None:
        """Two sources of one rank that disagree give no value; the answer names both."""
        kb, _ = self._opened()
        kb.attribute("list price", cardinality="one")
        kb.add(*PRICE, "$49", source="one", valid_from="2024")
        kb.add(*PRICE, "$59", source="other", valid_from="2024")
        found = kb.ask(*PRICE)
        assert found.value is None, f"picked {found.value!r} silently"
        assert found.conflict, "no conflict is said"
        assert {fact.value for fact in found.candidates} == {"$49", "$59"}, found.candidates

    def test_rank_decides(self) -> None:
        """The source of higher rank answers, whichever spoke last."""
        for order in (1, -1):
            kb, _ = self._opened()
            kb.attribute("list price", cardinality="one")
            for value, source, rank in (("$49", "contract", 5), ("$59", "blog", 1))[::order]:
                kb.add(*PRICE, value, source=source, authority=rank, valid_from="2024")
            assert kb.ask(*PRICE).value == "$49", "rank does not decide"

    def test_many_means_many(self) -> None:
        """Where several values may hold at once, all that do are answered."""
        kb, _ = self._opened()
        for value in ("red", "blue"):
            kb.add("Acme", "colour", value, source="s")
        assert {fact.value for fact in kb.ask("Acme", "colour").facts} == {"red", "blue"}, "a value is missing"

    def test_other_keys_are_left_alone(self) -> None:
        """Nothing written about one key changes what another answers."""
        kb, clock = self._opened()
        kb.add("Globex", "list price", "$7", source="s")
        kb.add("Acme", "seats", "5", source="s")
        before = (kb.ask("Globex", "list price", at="2026"), kb.ask("Acme", "seats", at="2026"))
        fact = kb.add(*PRICE, "$49", source="s", valid_from="2024")
        clock.advance(days=1)
        kb.correct(fact.id, "$50", author="a", reason="r")
        kb.retract(fact.id, reason="r")
        after = (kb.ask("Globex", "list price", at="2026"), kb.ask("Acme", "seats", at="2026"))
        assert after == before, "another key answers otherwise"

    def test_names_lead_to_the_thing(self) -> None:
        """An alias and a synonym ask the same key as the names they stand for."""
        kb, _ = self._opened()
        kb.entity("Acme", aliases=["Acme Corporation"])
        kb.attribute("list price", synonyms=["catalogue price"])
        kb.add(*PRICE, "$49", source="s")
        assert kb.ask("acme corporation", "Catalogue Price").value == "$49", "the names do not lead there"

    def test_saying_it_twice_changes_nothing(self) -> None:
        """The same fact from the same source is one fact: loading a file again adds nothing."""
        kb, clock = self._opened()
        for _ in range(2):
            kb.add(*PRICE, "$49", source="s", valid_from="2024")
            clock.advance(days=1)
        assert len(kb.history(*PRICE)) == 1, "a repetition became a version"

    def test_mistakes_are_refused(self) -> None:
        """An interval that ends before it starts, and a fact that is not there, are errors that say so."""
        kb, _ = self._opened()
        self._refuses(IntervalError, lambda: kb.add(*PRICE, "$49", source="s", valid_from="2025", valid_to="2024"))
        for call in (
            lambda: kb.correct("f4711", "$1", author="a", reason="r"),
            lambda: kb.supersede("f4711", "$1", valid_from="2025"),
            lambda: kb.rollback("f4711", to=1),
            lambda: kb.retract("f4711", reason="r"),
        ):
            self._refuses(NotFoundError, call)
        assert kb.history(*PRICE) == (), "a refused fact was kept"

    def test_any_value_comes_back_or_is_refused(self) -> None:
        """A value is answered as it was given, or refused with an error of ours; nothing in between."""
        kb, _ = self._opened()
        for number, text in enumerate((*ODD_TEXTS, "x" * 5000, "'; DROP TABLE fact; --")):
            try:
                kb.add("Acme", f"note {number}", text, source="s")
            except GuardlayerError:
                continue
            said = kb.ask("Acme", f"note {number}").value
            assert said == text or said == text.strip(), f"{show(text)} came back as {said!r}"

    def test_many_writers_lose_nothing(self) -> None:
        """Written by several threads at once, every fact is kept, once."""
        kb, _ = self._opened()
        together(lambda n: [kb.add(f"Thing {n}", "size", str(m), source=f"s{n}") for m in range(5)])
        for number in range(THREADS):
            values = sorted(fact.value for fact in kb.history(f"Thing {number}", "size"))
            assert values == [str(m) for m in range(5)], f"thread {number}: {values}"

    def _opened(self) -> tuple[Knowledge, FixedClock]:
        clock = FixedClock("2026-01-01")
        return self.make(clock), clock

    @staticmethod
    def _refuses(expected: type[GuardlayerError], call: Callable[[], object]) -> None:
        try:
            done = call()
        except expected as error:
            assert str(error).strip(), "the refusal does not say why"  # noqa: PT017 - no pytest here
        else:
            raise AssertionError(f"no {expected.__name__}; it returned {done!r}")


_DAYS: dict[str, str | None] = {
    "2023-12-31": None,
    "2024-01-01": "$39",
    "2025-04-30": "$39",
    "2025-05-01": "$49",
    "2025-12-31": "$49",
    "2026-01-01": None,
}
