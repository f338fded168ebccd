"""What the suites share: texts to try, threads to try them in, and the way to say what is missing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import NoReturn, TypeVar
from unittest import SkipTest

T = TypeVar("T")

THREADS = 8

TEXTS = (
    "The list price of Acme is $49. It was $39 until May 2025, and the trial lasts 14 days.",
    "Hi there! 😊 Thanks for asking. I think it's lovely.\n\nDr. J. R. Smith joined at 3.5 p.m. in v2.10.1 … or so.",
    "# Plans\n\n- **Basic**: $10 per month\n  - nested, 5 seats\n- Pro: $20\n\n1. First\n2. Second\n",
    "| plan | price |\n|---|---|\n| Basic | $10 |\n| Pro | $20 |\n\n```python\nprint('code')\n```\nDone.",
    "东京是日本的首都。2020年人口约为1400万。\nМосква — столица России. Её население — 13 млн.",
    "عاصمة مصر هي القاهرة. \u200fתל אביב היא עיר.",
    "He said “It is over.” Then he left (see https://example.org/a.b?c=d#e). U.S. rates rose 0.25 %…",
    "Sergio Mattarella",
    "A was founded in 1999 and B is its chief; it sells tools.",
    "e\u0301te\u0301 a\u200d\u200bb 👩‍👩‍👧‍👦 \u00a0\u2003end",
    "> quoted line\n\n---\n\nTerm  \nline two\r\nline three\twith tab",
)
"""Prose, Markdown, scripts and punctuation: each holds something to say."""

ODD_TEXTS = (
    "",
    " \n\t\u2003",
    "\x00",
    "a\x00b is 5.\x00",
    "\ud800 is \udfff 7.",
    "....!!!???",
    "((((((((((",
    "|||||\n|--|\n||",
    "```\nnever closed",
    "{}[]\"'\\",
    "\u202e reversed \u2028 line \u2029 paragraph",
)
"""What no one writes on purpose, and what arrives all the same."""


def together(work: Callable[[int], T], times: int = THREADS) -> list[T]:
    """Do ``work(0)``, ``work(1)``, … at once, each in its own thread, and return what they return, in order."""
    start = Barrier(times)

    def run(number: int) -> T:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def lacking(what: str) -> NoReturn:
    """Skip the test, and say which hook it needs."""
    raise SkipTest(f"the suite was not given {what}")


def show(text: str) -> str:
    """Return ``text`` as a failure message can hold it."""
    return ascii(text if len(text) <= 80 else text[:77] + "...")
