"""Where a true value may stand: what goes with a wrong value, and when nothing may take its place."""

from datetime import UTC, datetime

import pytest

from guardlayer.knowledge import Knowledge
from guardlayer.types import Claim, Query
from guardlayer.verifiers.structured import StructuredVerifier

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def kb():
    with Knowledge.open(":memory:") as knowledge:
        knowledge.add("Denmark", "monarch", "Margrethe II", valid_from="1972", valid_to="2024-01-14", source="court")
        knowledge.add("Denmark", "monarch", "Frederik X", valid_from="2024-01-14", source="court")
        knowledge.add("Acme", "list price", "$39", valid_from="2023", valid_to="2025", source="price list")
        knowledge.add("Acme", "list price", "$49", valid_from="2025", source="price list")
        yield knowledge


def corrected(kb, text):
    claim = Claim(text, 0, len(text))
    verdict = StructuredVerifier()(claim, kb.keyed.search(Query(claim, AT)), AT)
    if verdict.replacement is None:
        return None
    return text[: verdict.span.start] + verdict.replacement + text[verdict.span.end :]


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("The monarch of Denmark is Margrethe II.", "The monarch of Denmark is Frederik X."),
        ("The monarch of Denmark is Queen Margrethe II.", "The monarch of Denmark is Frederik X."),
        ("The monarch of Denmark is Queen Margrethe II, who came to the throne in 1972.",
         "The monarch of Denmark is Frederik X."),
        ("The monarch of Denmark is Margrethe II since 1972!", "The monarch of Denmark is Frederik X!"),
        ("The monarch of Denmark is **Margrethe II**, her father's successor.",
         "The monarch of Denmark is **Frederik X**."),
        ("Acme's list price is $39 per month.", "Acme's list price is $49 per month."),
        ("Acme's list price is $59 per month.", "Acme's list price is $49 per month."),
    ],
)  # fmt: skip
def test_what_was_said_of_the_wrong_value_goes_with_it(kb, text, right):
    """A title and a clause about the old bearer would be false of the new one."""
    assert corrected(kb, text) == right


@pytest.mark.parametrize(
    "text",
    [
        "The monarch of Denmark is Margrethe II and she reigns over 500 islands.",
        "The list price of Acme is $39 and it was $29 before.",
    ],
)
def test_a_claim_that_states_more_is_not_put_right_by_halves(kb, text):
    """One right value would lend its source to the others."""
    assert corrected(kb, text) is None


def test_a_correction_is_no_more_precise_than_its_source(kb):
    """99.9 % does not become 99.90 % where 99.99 % stood."""
    kb.add("Acme", "uptime", "99.9%", source="SLA")
    assert corrected(kb, "Acme's uptime is 99.99%.") == "Acme's uptime is 99.9%."
