"""Prose that is read part by part."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from guardlayer.claims import TextSplitter
from guardlayer.types import Draft, Turn

_SENTENCES = (
    "Acme Inc. is based in Oslo.",
    "It costs $49, and the fee is 3%.",
    "Dr. Rossi founded it in 1990.",
    'He said "It is free. That is all." to her.',
    "Yes, it does.",
    "**No**, it costs `a. B` $39!",
    "The price? $49.",
    "12. It is so.",
    "Hello! 😀",
    "The company is in [Rome](https://a.example/x. Y).",
    "They own it.",
)
_QUESTIONS = (None, "What does it cost?", "Is Acme based in Oslo?")


def _draft(text: str, question: str | None) -> Draft:
    turns = (Turn("user", "Tell me about Ann Lee."),)
    return Draft(text=text, at=datetime(2026, 1, 1, tzinfo=UTC), call_id="c", question=question, turns=turns)


@given(st.lists(st.sampled_from(_SENTENCES), min_size=1, max_size=7), st.integers(0, 6), st.sampled_from(_QUESTIONS))
def test_parts_read_as_the_whole(found: list[str], primed: int, question: str | None) -> None:
    """Each sentence by itself, after any that were read before, gives the claims of the text in one piece."""
    splitter = TextSplitter()
    parts = [f"{sentence} " for sentence in found]
    whole = "".join(parts)
    outline = splitter.following(_draft("", question)).outline(whole)
    ends = [end for end in range(1, len(whole)) if outline.divides(end) and whole[end - 1] == " "] + [len(whole)]
    start = ends[min(primed, len(ends)) - 1] if primed else 0
    following = splitter.following(_draft(whole[:start], question))
    claims = list(splitter(_draft(whole[:start], question)).claims)
    read = [(claim.text, claim.start, claim.end, claim.form) for claim in claims]
    for end in [end for end in ends if end > start]:
        split = following.read(whole[start:end])
        read += [(claim.text, claim.start + start, claim.end + start, claim.form) for claim in split.claims]
        start = end
    expected = [(claim.text, claim.start, claim.end, claim.form) for claim in splitter(_draft(whole, question)).claims]
    assert read == expected


def test_names_before_the_first_reference_are_remembered() -> None:
    """A pronoun in a later part stands for a name of an earlier one, although nothing referred to any name there."""
    following = TextSplitter().following(_draft("", None))
    following.read("Acme Ltd is based in Oslo. ")
    assert [claim.text for claim in following.read("It sells robots. ").claims] == ["Acme Ltd sells robots."]


def test_blocks_are_not_for_it() -> None:
    """What has a list, a table, a heading or a fence is refused, and plain prose over several lines is not."""
    following = TextSplitter().following(_draft("", None))
    assert following.reads("One line.\nAnd another - with a dash.\n\nAnd **more**.")
    for text in ("- a\n", "a | b", "# T\n", "```\n", "> q\n", "1. x\n", "T\n===\n"):
        assert not following.reads(text)
