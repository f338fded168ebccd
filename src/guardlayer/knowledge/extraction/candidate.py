"""What an extractor reads, what it hands back, and what of that is believed: only what stands in the passage.

A model may invent, or obey a passage that speaks to it. So nothing counts but words: the quote must stand in the
passage, the value in the quote, the entity in the passage or above it. What passes is a proposal and no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from guardlayer.errors import GuardlayerError, InputError
from guardlayer.knowledge.proposal import Proposal
from guardlayer.text import key, tokenize

MAX_QUOTE = 1_000
_YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class Reading:
    """A passage as an extractor reads it.

    Attributes:
        number: Its number in the batch, from 1.
        text: What it says.
        lead: What stands above it.
        source: Id of its source.
        place: Where it stands, for people.
        start: Offset of the passage in its source.
    """

    number: int
    text: str
    lead: str
    source: str
    place: str
    start: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A fact that an extractor believes to have read.

    Attributes:
        passage: Number of the passage.
        entity: What it is about, as the passage names it.
        attribute: What of it.
        value: The value, word for word.
        quote: The words of the passage that say so.
        valid_from: Since when, if the passage says so.
        valid_to: Until when, if the passage says so.
    """

    passage: int
    entity: str
    attribute: str
    value: str
    quote: str
    valid_from: str | None = None
    valid_to: str | None = None


@runtime_checkable
class Extractor(Protocol):
    """Reads facts out of passages."""

    def __call__(self, passages: Sequence[Reading]) -> Iterable[Candidate]:
        """Return what the passages state. Whatever does not stand in them word for word is thrown away.

        Raises:
            AuthorityError: It could not be done; the passages count as unread.
        """
        ...


def checked(candidate: Candidate, passages: Sequence[Reading]) -> Proposal:
    """Turn a candidate into a proposal, if its passage bears it out.

    Raises:
        InputError: It does not; the message says what does not stand where.
    """
    passage = next((one for one in passages if one.number == candidate.passage), None)
    if passage is None:
        raise InputError(f"there is no passage {candidate.passage}")
    at = _find(candidate.quote, passage.text)
    if at is None:
        raise InputError(f"the quote {candidate.quote[:80]!r} does not stand in the passage")
    quote = passage.text[at[0] : at[1]]
    if not _holds(quote, candidate.value):
        raise InputError(f"the value {candidate.value[:80]!r} does not stand in the quote {quote[:80]!r}")
    if not _holds(f"{passage.text} {passage.lead}", candidate.entity):
        raise InputError(f"the entity {candidate.entity[:80]!r} stands neither in the passage nor above it")
    if key(candidate.attribute) == key(candidate.value):
        raise InputError(f"the attribute {candidate.attribute[:80]!r} is the value")
    try:
        return Proposal.of(
            "add", entity=candidate.entity, attribute=candidate.attribute, value=candidate.value,
            valid_from=_dated(candidate.valid_from, passage), valid_to=_dated(candidate.valid_to, passage),
            source=passage.source, quote=" ".join(quote.split()), place=f"{passage.place}, {_span(passage, at)}",
        )  # fmt: skip
    except GuardlayerError as error:
        raise InputError(str(error)) from error


def _span(passage: Reading, at: tuple[int, int]) -> str:
    return f"characters {passage.start + at[0]} to {passage.start + at[1]}"


def _dated(date: str | None, passage: Reading) -> str | None:
    """Return a date whose year the passage names; another one was not read but made up."""
    year = _YEAR.search(date or "")
    return date if year is not None and year.group() in f"{passage.text} {passage.lead}" else None


def _find(quote: str, text: str) -> tuple[int, int] | None:
    """Return where a quote stands in a text, white space apart."""
    words = quote.split()
    if not words or len(quote) > MAX_QUOTE:
        return None
    match = re.search(r"\s+".join(map(re.escape, words)), text)
    return None if match is None else (match.start(), match.end())


def _holds(text: str, part: str) -> bool:
    """Say whether the words of ``part`` stand in ``text`` in a row, and its signs with them."""
    wanted = [token.norm for token in tokenize(part)]
    words = [token.norm for token in tokenize(text)]
    return bool(wanted) and any(words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1))
