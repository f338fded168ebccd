"""Whether exactly one of two sentences denies what both speak of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.verifiers.polarity import denials, denied

SAID = ("the", "parcel", "is", "not", "never", "sold", "without", "unknown", "users", "leaves", "tax", "out", "other")
WORDS = st.lists(st.sampled_from(SAID), max_size=12).map(" ".join)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It is not the same project as Alder.", "It is a different project than Alder."),
        ("Logging is off by default.", "Logging is not enabled by default."),
        ("The report leaves the tax out.", "The report does not include the tax."),
        ("Use the mirror and not the main server.", "Use the mirror rather than the main server."),
        ("The owner is unknown to the clerk.", "The clerk does not know the owner."),
        ("Nobody sells old disks.", "Old disks are not sold."),
        ("Without a seal the letter is void.", "Unless it has a seal the letter is void."),
        ("It can't be exchanged.", "It cannot be exchanged."),
        ("Inactive users cost nothing.", "We don’t charge for inactive users."),
    ],
)
def test_what_both_deny_is_denied_by_neither_alone(one, other):
    """Two ways to deny the same agree."""
    assert denied(one, other) is False


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The fee is refunded.", "The fee is not refunded."),
        ("Dogs are let in.", "No dogs are let in."),
        ("The fine is unpaid and the case is not closed.", "The case is not closed."),
        ("Guests may use the pool.", "Guests are forbidden to use the pool."),
        ("It no longer ships.", "It ships."),
    ],
)
def test_a_denial_in_one_alone_opposes_them(one, other):
    """An odd count of denials, over both, means that one says what the other denies."""
    assert denied(one, other) is True


def test_sentences_without_denials_are_not_compared():
    """Where nothing is denied there is nothing to count; words that only look like a denial are none."""
    assert denied("The union unites under one university.", "Units are noted until noon.") is None


@given(WORDS, WORDS)
def test_it_is_the_same_from_either_side(one, other):
    """Whether one of two denies does not depend on which is asked first."""
    assert denied(one, other) is denied(other, one)


@given(WORDS)
def test_no_sentence_opposes_itself(text):
    """A sentence agrees with itself."""
    found = denials(text)
    assert denied(text, text) is (False if found.plain or found.inherent else None)
