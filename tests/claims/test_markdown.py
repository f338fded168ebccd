"""Markdown: blocks and inline marks."""

from collections.abc import Callable

import pytest

from guardlayer.types import Form, Span, Split

SplitText = Callable[..., Split]


def _read(result: Split) -> list[tuple[Form, str]]:
    return [(claim.form, claim.text) for claim in result.claims]


def test_a_cell_is_read_with_its_row_and_its_column(split: SplitText) -> None:
    """A figure in a table says nothing until its headers are read with it; the cell itself maps to the draft."""
    text = "| Company | Q3 revenue | Value |\n|---|:-:|---|\n| Acme | $4.2M | **x** |\n| Beta \\| Co | — | y |\n"
    result = split(text)
    assert _read(result) == [
        (Form.CELL, "Acme, Q3 revenue: $4.2M"),
        (Form.CELL, "Acme: x"),
        (Form.CELL, "Beta \\| Co: y"),
    ]
    claim = result.claims[0]
    assert text[claim.start : claim.end] == "$4.2M"
    at = claim.text.index("$4.2M")
    assert claim.locate(Span(at, at + 5)) == Span(claim.start, claim.end)
    assert {region.reason for region in result.skipped} == {
        "table header", "table delimiter", "row header", "empty cell", "markup",
    }  # fmt: skip


def test_items_are_read_under_their_lead_in_when_they_are_fragments(split: SplitText) -> None:
    """*5 seats* is no statement; *The plan includes 5 seats* is. A whole sentence in an item is left alone."""
    result = split("The plan includes:\n- 5 seats\n- **Support**: 24/7\n  - by phone\n- Seats are yearly.\n")
    assert _read(result) == [
        (Form.SENTENCE, "The plan includes:"),
        (Form.ITEM, "The plan includes 5 seats"),
        (Form.ITEM, "The plan includes Support: 24/7"),
        (Form.ITEM, "The plan includes by phone"),
        (Form.ITEM, "Seats are yearly."),
    ]


def test_a_line_that_only_announces_gives_its_topic(texts: Callable[..., list[str]]) -> None:
    """*Here are the facts about Acme* is talk; what the items are about is Acme."""
    assert texts("Here are the key facts about Acme:\n\n- Founded: 1990")[1:] == ["Acme, Founded: 1990"]
    assert texts("Here are some tips:\n\n- Founded: 1990")[1:] == ["Founded: 1990"]


def test_numbered_lists_begin_at_one_so_that_an_answer_may_be_a_number(split: SplitText) -> None:
    """*42. It has grown.* answers how many; it does not open a list at 42."""
    assert _read(split("1. Acme is old.\n2. Beta is new."))[1] == (Form.ITEM, "Beta is new.")
    assert split("42. It has grown.", "How many employees does Acme have?").claims[0].text == "Acme has 42 employees."


def test_headings_of_both_kinds(split: SplitText) -> None:
    """A heading is a claim of its own form, without its marks."""
    result = split("# Fees ##\n\nTax\n---\n\nThe fee is 3%.")
    assert _read(result) == [(Form.HEADING, "Fees"), (Form.HEADING, "Tax"), (Form.SENTENCE, "The fee is 3%.")]


def test_code_is_one_claim_and_its_fences_are_skipped(split: SplitText) -> None:
    """Fenced code, closed or not, and a block that is one code span are code."""
    result = split("```python\nx = 1. Then\ny\n```\n\n`total`\n\n~~~\nopen")
    assert _read(result) == [(Form.CODE, "x = 1. Then\ny"), (Form.CODE, "`total`"), (Form.CODE, "open")]
    assert [region.reason for region in result.skipped] == ["code fence"] * 3


def test_inline_marks_are_no_part_of_what_is_said(split: SplitText) -> None:
    """Emphasis, links, code marks and quote marks vanish from the text and stay mapped around."""
    text = "> **Ann Lee** leads [Acme](https://acme.example/a_b) since *2019*\n> from `both` 3 * 4 shops."
    claim = split(text).claims[0]
    assert claim.text == "Ann Lee leads Acme since 2019\nfrom both 3 * 4 shops."
    at = claim.text.index("Ann Lee")
    assert claim.locate(Span(at, at + 7)).slice(text) == "Ann Lee"


def test_a_link_definition_is_skipped_by_name(split: SplitText) -> None:
    """A region that is no statement says why it was left out."""
    result = split("The fee is 3%.\n\n[1]: https://example.org")
    assert [(region.reason) for region in result.skipped] == ["link definition"]


def test_a_marked_name_is_still_an_answer(texts: Callable[..., list[str]]) -> None:
    """Emphasis around a fragment does not hide that it answers the question."""
    assert texts("**$42**", "What's the price?") == ["The price is $42."]


def test_what_is_struck_out_is_not_said(split: SplitText) -> None:
    """A price that the writer withdrew is no part of the claim, and of no other."""
    assert _read(split("The price: ~~$39~~ $49. ~~**Old.**~~")) == [(Form.FRAGMENT, "The price: $49.")]


def test_a_pair_of_key_and_value_is_read_under_its_headings(split: SplitText) -> None:
    """*CEO: Ann Lee* does not say whose; the headings above it do, in lists, in lines and in two-column tables."""
    text = (
        "# Acme\n- CEO: Ann Lee\n- The fee is $3.\n\n## Prices\nList price: $49\n\n| Field | Value |\n|---|---|\n"
        "| Discount | 5% |\n\n# Beta\nKey facts:\n* CEO: Bob Ray"
    )
    assert [claim.text for claim in split(text).claims if claim.form is not Form.HEADING] == [
        "Acme, CEO: Ann Lee",
        "The fee is $3.",
        "Acme, Prices, List price: $49",
        "Acme, Prices, Discount: 5%",
        "Key facts:",
        "Beta, CEO: Bob Ray",
    ]


def test_a_bold_line_above_something_is_a_heading(split: SplitText) -> None:
    """Models write headings in bold; a bold sentence, a bold answer and a bold word in a line are none."""
    assert _read(split("**Acme**\n\n- CEO: Ann Lee"))[0] == (Form.HEADING, "Acme")
    assert _read(split("**The fee is 3%.**\n\n- CEO: Ann Lee"))[0] == (Form.SENTENCE, "The fee is 3%.")
    assert _read(split("**Ann Lee**", "Who is the CEO?")) == [(Form.FRAGMENT, "The CEO is Ann Lee.")]
    assert _read(split("**Acme** is big.\n\n- It is old."))[0] == (Form.SENTENCE, "Acme is big.")


@pytest.mark.parametrize("marks", ["[1]", "[1][2]", "[^1]", "[1, 2].", "[1] [3]"])
def test_marks_of_citations_behind_a_sentence_state_nothing(split: SplitText, marks: str) -> None:
    """What models write behind a sentence to cite their sources is skipped, aloud, and is no claim without a source."""
    found = split(f"The museum opens at nine. {marks}\n\nIt closes at five.")
    assert [claim.text for claim in found.claims] == ["The museum opens at nine.", "It closes at five."]
    assert [region.reason for region in found.skipped] == ["marks of citations"]
    assert split(f"The price is {marks} dollars.").claims


@pytest.mark.parametrize("marks", [" [2]", "[2]", " [1][2]", " [1, 3]", "[^a]", " [2](https://example.org)"])
def test_the_mark_of_a_citation_is_no_part_of_what_is_said(split: SplitText, marks: str) -> None:
    """A number that says where a statement comes from is not a value of the statement, and stays where it stands."""
    text = f"The fee of Acme{marks} is $39{marks}. It was lower."
    found = split(text).claims
    assert found[0].text == "The fee of Acme is $39."
    assert text[found[0].start : found[0].end] == f"The fee of Acme{marks} is $39{marks}."
    span = found[0].locate(Span(19, 22))
    assert span is not None
    assert span.slice(text) == "$39"


@pytest.mark.parametrize(
    "said", ["The score is in [1, 5].", "[1] is the lowest grade.", "The answer is [3].", "Take a[0]."]
)
def test_a_value_in_brackets_is_said(split: SplitText, said: str) -> None:
    """An interval, an index and a bracketed value are what the sentence states."""
    assert split(said).claims[0].text == said
