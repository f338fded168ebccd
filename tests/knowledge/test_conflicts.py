"""Ties: that they are listed, how one is decided, and what opens it again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from guardlayer import Guard, Knowledge, Label
from guardlayer.errors import InputError, NotFoundError


@pytest.fixture
def kb(place: str) -> Iterator[Knowledge]:
    """Two sources of equal weight that disagree about one office."""
    with Knowledge.open(place) as kb:
        kb.attribute("office", cardinality="one")
        kb.add("Acme", "office", "Rome", source="register")
        kb.add("Acme", "office", "Milan", source="press")
        kb.add("Borealis", "office", "Oslo", source="press")
        yield kb


def sides(kb: Knowledge) -> list[list[str]]:
    return [sorted(fact.value for fact in conflict.sides) for conflict in kb.conflicts()]


def test_are_listed_with_their_sides(kb: Knowledge) -> None:
    """Every key on which sources disagree is there, and no other; since when is known, too."""
    (conflict,) = kb.conflicts()
    assert (conflict.entity, conflict.attribute) == ("Acme", "office")
    assert sides(kb) == [["Milan", "Rome"]]
    assert conflict.since == kb.fact("f2").recorded.start


def test_are_as_of_an_instant(kb: Knowledge) -> None:
    """A tie exists only while both sides hold."""
    kb.add("Cem", "office", "Bern", source="register", valid_to="2020")
    kb.add("Cem", "office", "Basel", source="press", valid_to="2020")
    assert len(kb.conflicts()) == 1
    assert len(kb.conflicts(at="2019")) == 2


def test_a_settled_one_has_an_answer(kb: Knowledge) -> None:
    """The chosen side counts from the next call on; the guard says of the other that it was superseded."""
    guard = Guard(knowledge=kb, log=None)
    assert guard.check("The office of Acme is in Milan.").claims[0].verdict is Label.DISPUTED
    kb.settle("f1", author="dana", reason="the register is binding")
    assert kb.ask("Acme", "office").value == "Rome"
    assert not kb.conflicts()
    assert guard.check("The office of Acme is in Rome.").claims[0].verdict is Label.SUPPORTED
    claim = guard.check("The office of Acme is in Milan.").claims[0]
    assert claim.verdict in (Label.STALE, Label.CONTRADICTED)
    assert getattr(claim.current, "value", None) == "Rome"


def test_a_settlement_can_be_changed(kb: Knowledge) -> None:
    """Who was wrong in choosing chooses again."""
    kb.settle("f1", author="dana", reason="the register is binding")
    kb.settle("f2", author="sam", reason="they have moved")
    assert kb.ask("Acme", "office").value == "Milan"


def test_the_same_file_again_reopens_nothing(kb: Knowledge) -> None:
    """A source that repeats what it said does not bring a settled conflict back."""
    kb.settle("f1", author="dana", reason="the register is binding")
    kb.add("Acme", "office", "Milan", source="press")
    assert kb.ask("Acme", "office").value == "Rome"


def test_a_further_source_opens_it_again(kb: Knowledge) -> None:
    """A settlement breaks one tie, and decides nothing about who speaks later."""
    kb.settle("f1", author="dana", reason="the register is binding")
    kb.add("Acme", "office", "Turin", source="broker")
    assert sides(kb) == [["Milan", "Rome", "Turin"]]
    kb.settle("f1", author="dana", reason="still binding")
    assert kb.ask("Acme", "office").value == "Rome"
    kb.add("Acme", "office", "Milan", source="second press")
    assert sides(kb) == [["Milan", "Rome", "Turin"]]


def test_what_outranks_wins_as_ever(kb: Knowledge) -> None:
    """A later effective date, a supersession or a correction is not held up by an old decision."""
    kb.settle("f1", author="dana", reason="the register is binding")
    kb.add("Acme", "office", "Bari", source="press 2", valid_from="2026-01-01")
    assert kb.ask("Acme", "office", at="2026-06-01").value == "Bari"


def test_a_rollback_takes_its_settlement_back(kb: Knowledge) -> None:
    """What was chosen was a value; where the fact gets another, the choice is void."""
    kb.settle("f1", author="dana", reason="the register is binding")
    kb.correct("f2", "Turin", author="sam", reason="misread")
    kb.rollback("f2", to=1)
    assert sides(kb) == [["Milan", "Rome"]]


@pytest.mark.parametrize("fact", ["f3", "f1"])
def test_only_a_side_can_be_chosen(kb: Knowledge, fact: str) -> None:
    """What is not tied with anything cannot be preferred to it."""
    kb.retract("f2", reason="withdrawn")
    with pytest.raises(InputError, match="no side"):
        kb.settle(fact, author="dana", reason="because")


def test_of_facts_that_do_not_exist(kb: Knowledge) -> None:
    """A wrong id is said to be one."""
    with pytest.raises(NotFoundError):
        kb.settle("f99", author="dana", reason="because")


def test_many_valued_keys_have_none(kb: Knowledge) -> None:
    """Several values of a key that may have several are no disagreement."""
    kb.add("Acme", "brand", "A", source="register")
    kb.add("Acme", "brand", "B", source="press")
    assert len(kb.conflicts()) == 1


def test_who_decided_is_in_the_log_of_changes(kb: Knowledge) -> None:
    """A settlement and a confirmation are entries of their fact, with author and reason."""
    kb.settle("f1", author="dana", reason="the register is binding")
    kb.confirm("f1", author="sam", reason="looked it up")
    log = [(change.operation, change.author, change.reason) for change in kb.changes("f1")]
    assert log == [
        ("add", None, None),
        ("settle", "dana", "the register is binding"),
        ("confirm", "sam", "looked it up"),
    ]
