"""What holds for any text whatever."""

import time
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.claims import TextSplitter
from guardlayer.protocols import Splitter
from guardlayer.types import Form, Kind, Split

SHARDS = [
    *' \n\t.!?…。"“”()[]`*_~|>#-+128aZ:;,\\<&’é',
    "```\n", "\n\n", "| a | b |\n|---|---|\n", "- ", "1. ", " and ", " is ", " was ", "Acme ", "He ", "It ", "the company ",
    "https://a.b ", "](", "![", "\ud800", "\x00", "\u202e", "\u200b", "🎉", "「", "」", "\r\n", "Yes", "e.g. ", "Ann Lee ",
    "who ", "\u2028", "The plan includes:\n", "\n    ", "==\n", "---\n", "Is ", "?\n",
]  # fmt: skip
NASTY = st.lists(st.sampled_from(SHARDS), max_size=40).map("".join)
QUESTIONS = st.sampled_from(
    [
        None,
        "Who is the president of Italy?",
        "The capital of France is",
        "Is the office open?",
        "x",
        "How much does it cost?",
        "\ud800?",
    ]
)


@given(NASTY | st.text(), QUESTIONS)
def test_every_claim_slices_back_and_every_character_is_accounted_for(
    split: Callable[..., Split], text: str, question: str | None
) -> None:
    """Pieces stand unchanged in the draft, claims are ordered and apart, and nothing is lost without a reason."""
    result = split(text, question)
    for claim in result.claims:
        assert claim.text.strip()
        at = 0
        for piece in claim.pieces:
            said = claim.text[piece.text_start : piece.text_start + piece.length]
            assert said == text[piece.draft_start : piece.draft_start + piece.length]
            assert claim.start <= piece.draft_start
            assert piece.draft_start + piece.length <= claim.end
            assert piece.text_start >= at
            at = piece.text_start + piece.length
    for first, second in pairwise(result.claims):
        assert first.end <= second.start
    taken = sorted([(c.start, c.end) for c in result.claims] + [(s.start, s.end) for s in result.skipped])
    at = 0
    for start, end in taken:
        assert at <= start < end
        assert not text[at:start].strip()
        at = end
    assert not text[at:].strip()
    assert all(region.reason for region in result.skipped)


@given(NASTY, QUESTIONS)
def test_splitting_is_deterministic(split: Callable[..., Split], text: str, question: str | None) -> None:
    """The same draft gives the same claims: nothing is remembered from one call to the next."""
    assert split(text, question) == split(text, question)


@pytest.mark.parametrize("text", ["", " ", "\n\t \u2003\n"])
def test_no_words_no_claims(split: Callable[..., Split], text: str) -> None:
    """White space alone makes no claim and no skipped region."""
    assert split(text) == Split(())


@pytest.mark.parametrize(
    "shard",
    ["a", "a ", ". ", "A. ", "\n", "a\n", "`", "* ", "*a", "[", "](", "[a](b ", "|", "|a|b|\n|-|-|\n", ">", "- ", "- a:\n", '" a. ',
     "( a. ", "A is b and ", "He is. ", "It is C. ", "```\n", "🎉", "「本。", "<http://", "\\", "a\n-\n", " " * 50 + "\n", "_a_"],
)  # fmt: skip
def test_no_repeated_shape_is_slow(split: Callable[..., Split], shard: str) -> None:
    """60 kB of any one shape is split within seconds of processor time: a quadratic scan would take minutes."""
    text = shard * (60_000 // len(shard))
    begin = time.process_time()
    split(text)
    assert time.process_time() - begin < 5


def test_a_sentence_over_the_limit_is_cut_and_nothing_of_it_is_lost(split: Callable[..., Split]) -> None:
    """A megabyte without a full stop becomes claims of bounded length that cover all of it."""
    del split
    from datetime import UTC, datetime

    from guardlayer.types import Draft

    text = "word " * 3_000
    result = TextSplitter(max_claim=1_000)(Draft(text, datetime(2024, 1, 1, tzinfo=UTC), "call"))
    assert max(len(claim.text) for claim in result.claims) <= 1_000
    assert "".join(claim.text for claim in result.claims).replace(" ", "") == text.replace(" ", "")


def test_the_splitter_satisfies_the_protocol_and_code_alone_is_classified(split: Callable[..., Split]) -> None:
    """A splitter leaves kinds to the classifier, except for code, which is told by its fence."""
    assert isinstance(TextSplitter(), Splitter)
    prose, code = split("The fee is 3%.\n\n```\nfee = 3\n```").claims
    assert (prose.kind_score, code.form, code.kind, code.kind_score) == (0.0, Form.CODE, Kind.BEHAVIOR, 1.0)
