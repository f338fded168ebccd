"""How a document becomes passages."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.cutting import cut
from guardlayer.text import MAX_CHARACTERS, MAX_WORDS

PARTS = st.sampled_from(
    [
        "# Title\n", "## Sub\n", "Setext\n----\n", "Over\n====\n", "- item one\n", "  - nested: yes\n", "1. first\n",
        "| a | b |\n|---|---|\n| 1 | 2 |\n", "```\ncode here\n```\n", "~~~\n", "<!-- gone -->", "<!--", "> quote\n",
        "Owner: Ann\n", "The fee is 3%. It rose. ", "Dr. Who et al. went. ", "word ", "\n", "\r\n", "\r", "\n\n", "\t",
        " ", "\x00", "。", "東京は首都です。", "|", "\\|", "---\n", "***\n", "\ud800", "é", "x" * 700, ". ", "!?", "\u2028",
    ]
)  # fmt: skip
DOCUMENTS = st.lists(st.one_of(PARTS, st.text(max_size=8)), max_size=40).map("".join)


def texts(document, **options):
    return [one.text for one in cut(document, **options)]


@given(DOCUMENTS, st.booleans())
def test_passages_slice_back(document, markdown):
    """A passage's span covers what it says: its text is there, or, for a table row, the words of its cells are."""
    for one in cut(document, markdown=markdown):
        there = document[one.start : one.end]
        if one.text != there:
            assert "|" in document
            values = [part.split(": ", 1)[-1] for part in one.text.split("; ")]
            assert all(word in there.replace("\\|", "|") or word in one.lead for word in values[-1:])


@given(DOCUMENTS, st.booleans())
def test_passages_do_not_overlap(document, markdown):
    """Each character is in one passage at most, and passages come in the order of the document."""
    end = 0
    for one in cut(document, markdown=markdown):
        assert end <= one.start < one.end <= len(document)
        end = one.end


@given(DOCUMENTS, st.booleans())
def test_passages_are_bounded_and_not_blank(document, markdown):
    """No passage is blank, and none longer than the bounds that retrieval and verifiers count on."""
    for one in cut(document, markdown=markdown):
        assert one.text.strip()
        assert one.end - one.start <= max(MAX_CHARACTERS, len(one.text) + 2000)
        assert len(one.text) <= MAX_CHARACTERS
        assert len(one.text.split()) <= 2 * MAX_WORDS


@given(st.lists(st.sampled_from(["alpha", "beta.", "Gamma", "delta,", "2.5", "Mr.", "e.g.", "(end)"]), max_size=200))
def test_prose_loses_no_word(words):
    """Cutting prose leaves out white space and nothing else."""
    document = " ".join(words)
    assert " ".join(texts(document)).split() == document.split()


def test_heading_path_leads_but_is_not_the_passage():
    """What stands above a passage is known with it and is not part of its text."""
    (one,) = cut("# Pricing\n\n## Refunds\n\nRefunds take 14 days.\n")
    assert (one.text, one.lead) == ("Refunds take 14 days.", "Pricing > Refunds")


def test_heading_with_nothing_below_is_a_passage():
    """A statement made in a heading alone is not lost."""
    assert texts("# Notes\n\n## Version 3.2 was released in 2024\n\n## Next\n\nMore here.\n") == [
        "Version 3.2 was released in 2024",
        "More here.",
    ]


def test_heading_that_is_a_statement_is_a_passage_too():
    """A line above a rule is a heading to Markdown; what it says is not lost because text follows."""
    assert texts("The fee is 3%.\n---\nSupport is open on weekdays.\n") == [
        "The fee is 3%.",
        "Support is open on weekdays.",
    ]


def test_sibling_heading_ends_the_path():
    """A passage is never read under the heading of the section before its own."""
    first, second = cut("# A\n\n## One\n\nThe first thing holds.\n\n# B\n\nThe second thing holds.\n")
    assert (first.lead, second.lead) == ("A > One", "B")


def test_table_rows_are_read_with_their_header():
    """A cell means nothing without its column: the row names both, and its span is the row."""
    document = "# Plans\n\n| Plan | Price |\n|------|------:|\n| Pro | $49 |\n| Free | |\n"
    pro, free = cut(document)
    assert pro.text == "Plan: Pro; Price: $49"
    assert document[pro.start : pro.end] == "Pro | $49"
    assert free.text == "Plan: Free"


def test_list_items_know_what_introduces_them():
    """ "delete users" says nothing without "Admins can:" above it."""
    assert [(one.text, one.lead) for one in cut("Admins can:\n\n- delete users\n- export:\n  - as CSV\n")] == [
        ("Admins can:", ""),
        ("delete users", "Admins can:"),
        ("export:", "Admins can:"),
        ("as CSV", "Admins can: > export:"),
    ]


def test_sentences_stand_alone_unless_they_lean():
    """One statement a passage; one that begins with "It" stays with what it refers to."""
    document = "The window is 30 days long. It starts on delivery. Support is open on weekdays only."
    assert texts(document) == [
        "The window is 30 days long. It starts on delivery.",
        "Support is open on weekdays only.",
    ]


def test_comments_are_no_statements_and_code_is():
    """What a reader of the document cannot see is no evidence; a command line is."""
    assert texts("<!-- The fee\n\nis 3% -->\n\n```\nport = 8080\n```\n") == ["port = 8080"]


def test_key_value_lines_are_one_passage_each():
    """Pages of ``key: value`` lines are tables without bars."""
    assert texts("Owner: Ann Smith\nPhone: 555 0100\n", markdown=False) == ["Owner: Ann Smith", "Phone: 555 0100"]


def test_restructured_headings():
    """An underline of any punctuation makes a heading; its level is where it was first used."""
    document = "Guide\n=====\n\nSetup\n~~~~~\n\nInstall the tool first.\n\nUse\n~~~\n\nRun the tool then.\n"
    assert [(one.text, one.lead) for one in cut(document, markdown=False)] == [
        ("Install the tool first.", "Guide > Setup"),
        ("Run the tool then.", "Guide > Use"),
    ]


@pytest.mark.parametrize(
    "piece",
    [
        "a ",
        "a. ",
        "It. ",
        "\n",
        "|",
        "| a |\n|-|\n",
        "- a\n",
        "# a\n",
        "```\n",
        "<!--",
        "> ",
        "x",
        ".",
        " ",
        "a: b\n",
        "[](",
        "(",
    ],
)
def test_time_is_linear(piece):
    """Eight times the input takes about eight times as long, whatever it is made of."""

    def seconds(length):
        document = piece * (length // len(piece))
        best = float("inf")
        for _ in range(2):
            began = time.thread_time()
            for _ in cut(document):
                pass
            best = min(best, time.thread_time() - began)
        return best

    assert seconds(160_000) < 40 * seconds(20_000) + 0.1
