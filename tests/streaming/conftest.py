"""A world with prices, and texts of every shape that a model streams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import strategies as st

from guardlayer import Guard, Knowledge
from guardlayer.testing import FixedClock, MemoryLog

CLOCK = FixedClock("2026-01-01")

SENTENCES = (
    "The list price of Acme is $39.",
    "The list price of Acme is $49.",
    "The fee of Pro is 5%.",
    "The fee of Pro is 4%!",
    "Acme Inc. sells robots, e.g. welding arms, in the U.S. and Japan.",
    "Dr. Rossi founded Acme in 1990, and its list price is $39.",
    "It costs 3.5 percent (see No. 5). ",
    'He said "It costs $39. That is all." to her.',
    "What is the fee of Pro?",
    "**The fee of Pro is 4%.**",
    "See `a. B` and [the page](https://a.example/x. Y).",
    "Hello! 😀",
    "Acme の価格は $39 です。それだけです。",
    "See [source 1] and [ stale: x].",
    "No boundary here at all",
)
BLOCKS = (
    "# Prices\n",
    "Our fees:\n\n- Basic: 3%\n- Pro: 4%\n",
    "The plans are:\n1. Pro: 4%. More text.\n2. Basic: 3%\n   - for all\n",
    "| Plan | Fee |\n|---|---|\n| Basic | 3% |\n| Pro | 4% |\n",
    "```py\nprice = 39.\n\nprint(price)\n```\n",
    "> The fee of Pro is 4%.\n> That is all.\n",
    "Title\n=====\n",
)


def world() -> Knowledge:
    """Return what is known: Acme's list price was $39 and is $49; Basic takes 3%, Pro 5%."""
    kb = Knowledge.open(":memory:", clock=CLOCK)
    kb.attribute("list price", cardinality="one")
    kb.attribute("fee", cardinality="one")
    old = kb.add("Acme", "list price", "$39", source="price list 2024", valid_from="2024-01-01")
    kb.supersede(old.id, "$49", valid_from="2025-05-01", source="price list 2025")
    kb.add("Basic", "fee", "3%", source="fees")
    kb.add("Pro", "fee", "5%", source="fees")
    return kb


@pytest.fixture(scope="session")
def kb() -> Iterator[Knowledge]:
    with world() as knowledge:
        yield knowledge


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def guard(kb: Knowledge, log: MemoryLog) -> Guard:
    return Guard(knowledge=kb, log=log, clock=CLOCK)


_pieces = st.one_of(
    st.sampled_from(SENTENCES).map(lambda s: s + " "),
    st.sampled_from(SENTENCES).map(lambda s: s + "\n"),
    st.sampled_from(SENTENCES).map(lambda s: s + "\n\n"),
    st.sampled_from(BLOCKS).map(lambda s: "\n" + s + "\n"),
)
texts = st.lists(_pieces, max_size=8).map("".join)
"""What models write: prose, lists, tables, code, quotations, emphasis."""

noise = st.text(alphabet="Aa1 .!?\n\"`*_[](){}|-#:>。'😀$", max_size=80)
"""What no model writes, and anybody may send."""


def chunked(text: str, sizes: list[int]) -> list[str]:
    """Cut ``text`` into chunks of the given sizes, over and over."""
    chunks, at, turn = [], 0, 0
    while at < len(text):
        chunks.append(text[at : at + sizes[turn % len(sizes)]])
        at += sizes[turn % len(sizes)]
        turn += 1
    return chunks


def told(session: Any, chunks: list[str]) -> list[Any]:
    """Feed every chunk, finish, and return the releases."""
    releases = [release for chunk in chunks for release in session.feed(chunk)]
    return [*releases, *session.finish()]
