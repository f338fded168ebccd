"""What code holds against a chance of support, and what counts as a measured conflict."""

from __future__ import annotations

import pytest

from guardlayer.verifiers.entailment import signals
from guardlayer.verifiers.entailment.network import Reading
from guardlayer.verifiers.lexical_features import features
from guardlayer.verifiers.marks import mark


def forbidden(claim: str, evidence: str) -> bool:
    """Whether code forbids that the evidence supports the claim."""
    reading = Reading((0.0, 0.0, 0.0), mark(evidence, claim).marks)
    return signals.forbids_support(reading, features(claim, evidence), claim)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("Mel Brooks is an actor.", "Melvin Brooks is an actor and a composer."),
        ("J. Kemper was born in 1905.", "James Kemper was born in 1905 in Ohio."),
        ("Ms Ortiz retired.", "Recently Ortiz retired."),
        ("The novel is from the 1930s.", "The novel is from 1934."),
        ("The novel is from the 1930's.", "The novel appeared in 1934."),
    ],
)
def test_other_words_for_the_same_forbid_nothing(claim: str, evidence: str) -> None:
    """A first name may be shortened, an adverb is no name, and a decade has ten years."""
    assert not forbidden(claim, evidence)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("Paris is the capital.", "Berlin is the capital."),
        ("Jane Kemper was born in Ohio.", "Robert Kemper was born in Ohio."),
        ("The novel is from 1935.", "The novel is from 1934."),
        ("The city has 13 million inhabitants.", "The city has 1.13 million inhabitants."),
    ],
)
def test_another_name_or_quantity_forbids_support(claim: str, evidence: str) -> None:
    """What code can tell apart no chance makes the same."""
    assert forbidden(claim, evidence)


def test_only_quantities_and_dates_are_measured() -> None:
    """A negation or a missing name is no measured conflict."""
    assert signals.measured(("negation", "a number: 3 against 4"))
    assert not signals.measured(("negation", "a name", "direction: rose against fell"))
