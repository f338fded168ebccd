"""What an edit changed: the old sentence is stale, and nothing that only resembles it is."""

from __future__ import annotations

import string
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.temporal import Interval
from guardlayer.types import Claim, Evidence, Label, Source, Standing, Verdict
from guardlayer.verifiers import LexicalVerifier
from guardlayer.verifiers.lexical_features import read
from guardlayer.verifiers.lexical_succession import bare, names_of_code, part_of, plain, repeats, restates

AT = datetime(2026, 1, 1, tzinfo=UTC)
VERIFY = LexicalVerifier()
PAGE = Source("handbook")


def pair(old: str, new: str) -> list[Evidence]:
    """A passage that was superseded on a day, with the one that took its place."""
    now = Evidence(new, PAGE, valid=Interval.parse("2024-05-17", None))
    then = Evidence(
        old, PAGE, standing=Standing.SUPERSEDED, valid=Interval.parse("2020-01-01", "2024-05-17"), replaced_by=now
    )
    return [now, then]


def verdict(text: str, old: str, new: str, *more: Evidence) -> Verdict | None:
    return VERIFY(Claim(text, 0, len(text)), [*pair(old, new), *more], AT)


OLD = "The production server accepts 10 parallel connections from each client."
NEW = "The production server accepts 25 parallel connections from each client."
WORDS_OLD = "Invoices are sent by letter to the billing address of the customer."
WORDS_NEW = "Invoices are sent by e-mail to the billing contact of the customer."
NEGATED_OLD = "By default the client follows redirects for every request method."
NEGATED_NEW = "By default the client does not follow redirects for any request method."


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (OLD, OLD, NEW),
        (WORDS_OLD, WORDS_OLD, WORDS_NEW),
        (NEGATED_OLD, NEGATED_OLD, NEGATED_NEW),
        ("According to the handbook, invoices are sent by letter to the customer's billing address.", WORDS_OLD, WORDS_NEW),
        ("The shop gives a discount of 5%.", "The shop offers a discount of 5%.", "The shop offers a discount of 7%."),
        ("The client follows redirects by default for every request method.", NEGATED_OLD, NEGATED_NEW),
        ("The client will simply be following redirects by default for every request method.", NEGATED_OLD, NEGATED_NEW),
        ("From each client the production server accepts 10 parallel connections.", OLD, NEW),
        ("The **production server** accepts 10 parallel connections from each client.", OLD, NEW),
    ],
)  # fmt: skip
def test_what_the_edit_took_out_is_stale_with_the_day_and_the_new_sentence(text, old, new):
    """Verbatim, moved about, or in the words of a group: the old side of an edit is told from the new."""
    found = verdict(plain(text), old, new)
    assert found is not None
    assert found.label is Label.STALE
    assert "until 2024-05-17" in found.reason
    assert new in found.reason
    assert found.current is not None
    assert found.current.text == new


@pytest.mark.parametrize(
    "text",
    [
        "The staging server accepts 10 parallel connections from each client.",
        "The production server accepts 12 parallel connections from each client.",
        "The production server accepts 10 parallel connections from each client if asked.",
        "The production server does not accept 10 parallel connections from each client.",
        "The production server must accept 10 parallel connections from each client.",
        "The production server of Acme accepts 10 parallel connections from each client.",
        "Clients of the printing service wait for 10 minutes.",
    ],
)
def test_another_thing_value_condition_or_polarity_is_not_stale(text):
    """No count of shared words makes a claim about one thing repeat a sentence about another."""
    found = verdict(text, OLD, NEW)
    assert found is None or found.label is not Label.STALE


def test_the_new_side_of_an_edit_is_never_stale():
    """What holds now is supported where it is quoted, and left alone where it is reworded."""
    for old, new in ((OLD, NEW), (WORDS_OLD, WORDS_NEW), (NEGATED_OLD, NEGATED_NEW)):
        found = verdict(new, old, new)
        assert found is not None
        assert found.label is Label.SUPPORTED
    assert verdict("By e-mail invoices are sent to the customer's billing contact.", WORDS_OLD, WORDS_NEW) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Various synoynms for status codes are not supported by us.", "Various synonyms for status codes are not supported by us."),
        ("A recipient may combine multiple fields into simple pair.", "A recipient may combine multiple fields into a simple pair."),
        ("The lower level networking details come from the library.", "The lower-level networking details come from the library."),
        ("The behavior of every colored button can be changed.", "The behaviour of every coloured button can be changed."),
        ("The page offers an overview of all the open tickets.", "The page provides an overview of all the open tickets."),
    ],
)  # fmt: skip
def test_an_edit_of_spelling_changes_nothing(old, new):
    """A slip that was put right does not make what was said untrue."""
    assert restates(read(old), read(new))
    found = verdict(old, old, new)
    assert found is None or found.label is Label.SUPPORTED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("The pool is set by the pool_limits argument, which takes limits.", "The pool is set by the limits argument, which takes limits."),
        ("The client speaks HTTP2 with every server that asks.", "The client speaks HTTP3 with every server that asks."),
        ("Refunds are paid only when the goods come back.", "Refunds are paid when the goods come back."),
        ("Members may bring guests to every event.", "Members must bring guests to every event."),
        ("The trial lasts 14 days for new accounts.", "The trial lasts 30 days for new accounts."),
    ],
)  # fmt: skip
def test_an_edit_of_a_name_a_figure_or_a_condition_is_no_spelling(old, new):
    """Names of code, quantities, conditions and modal verbs are what statements are about."""
    assert not restates(read(old), read(new))


def test_what_another_page_still_says_is_not_stale():
    """A statement that one page dropped and another makes is supported by the other."""
    elsewhere = Evidence(OLD, Source("other page"))
    found = verdict(OLD, OLD, NEW, elsewhere)
    assert found is None or found.label is not Label.STALE


def test_a_clause_is_stale_by_itself_and_a_condition_stays_with_its_clause():
    """Of "A, but B" each part was said; of "if A, then B and C" neither B nor C was."""
    both = read("We believe the interface is at a stable point, but would recommend pinning version 0.11 of it.")
    assert part_of(read("We would recommend pinning version 0.11 of it"), both)
    assert part_of(read("We believe the interface is at a stable point"), both)
    bound = read("If the order is late, the fee is waived and the customer receives a voucher.")
    assert not part_of(read("The customer receives a voucher"), bound)
    either = read("Mount the WSGI or ASGI application at a given subpath.")
    assert not part_of(read("Mount the ASGI application at a given subpath"), either)


def test_a_dropped_sentence_is_stale_in_other_words_too_without_a_successor():
    """Nothing is put in its place where the versions show nothing."""
    then = Evidence(WORDS_OLD, PAGE, standing=Standing.SUPERSEDED, valid=Interval.parse(None, "2024-05-17"))
    text = "To the billing address of the customer invoices are sent by letter."
    found = VERIFY(Claim(text, 0, len(text)), [then], AT)
    assert found is not None
    assert (found.label, found.current) == (Label.STALE, None)
    still = Evidence("By letter, invoices are sent to the customer's billing address.", PAGE)
    assert VERIFY(Claim(text, 0, len(text)), [then, still], AT) is None
    assert VERIFY(Claim(text, 0, len(text)), [replace(then, standing=Standing.RETRACTED)], AT) is None


def test_markdown_is_read_as_people_say_it():
    """Link targets, emphasis and back quotes are no words, and names of code keep their underscores."""
    assert plain("See **the** [fee table](https://x.invalid/a_b) for `max_size` and _more_.") == (
        "See the fee table for max_size and more."
    )
    assert bare("According to the manual, it doesn't work.") == "it does not work."


TEXT = st.text(alphabet=string.ascii_letters + " .,*_`[]()'0123456789", max_size=200)


@given(TEXT, TEXT)
def test_every_text_restates_itself_and_any_two_can_be_compared(one, other):
    """Whatever the texts, none fails, and none departs from itself."""
    assert restates(read(one), read(one))
    assert not part_of(read(one), read(one))
    assert repeats(read(one), read(one), read(other)) in (True, False)
    assert not repeats(read(other), read(one), read(other))


@pytest.mark.parametrize("unit", ["a", "a_", "[", "[a](", "_", "a.", "1a", "n't", "*"])
def test_time_is_linear_in_the_length(unit):
    """No text keeps the comparison busy for long."""
    text = unit * (100_000 // len(unit))
    begin = time.process_time()
    plain(text)
    bare(text)
    names_of_code(text)
    assert time.process_time() - begin < 2
