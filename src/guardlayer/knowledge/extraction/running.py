"""Run an extractor over the passages of a database, within a budget, and put what it reads into the review queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from guardlayer.errors import AuthorityError, InputError
from guardlayer.knowledge.extraction.candidate import Extractor, Reading, checked
from guardlayer.knowledge.extraction.chat import speaks_to_a_model
from guardlayer.knowledge.proposal import Proposal
from guardlayer.knowledge.reviews.queue import ReviewItem, Reviews
from guardlayer.knowledge.statement import cleaned
from guardlayer.knowledge.store import Store

BATCH = 6_000
"""Characters of passages that are read at once."""
MAX_CALLS = 50
MAX_CHARACTERS = 300_000
_GIVEN_UP = 3  # calls that fail one after the other before no more are made
_TOLD = 50  # reasons kept

Progress = Callable[[int, int], None]
"""Called as ``progress(passages_read, passages_in_all)`` after each call."""

_PASSAGES = """
SELECT p.text, p.lead, d.source, d.uri, l.start, l.page
FROM passage_passage AS p JOIN doc_document AS d ON d.id = p.document
JOIN passage_place AS l ON l.passage = p.id
    AND l.version = (SELECT max(version) FROM passage_place WHERE passage = p.id)
WHERE p.closed IS NULL AND (?1 = '' OR d.source = ?1 OR substr(d.source, 1, length(?1) + 1) = ?1 || '/')
ORDER BY d.source, l.start
"""


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a run came to.

    Attributes:
        passages: How many there were.
        read: How many the extractor was shown.
        calls: How often it was called.
        items: What is in the queue because of it.
        refused: Candidates that their passages do not bear out, and passages that speak to a model: the first reasons.
        failed: Why calls failed: the first reasons.
        unread: Passages that were not shown: the budget was spent, their call failed, or they speak to a model.
    """

    passages: int
    read: int
    calls: int
    items: tuple[ReviewItem, ...]
    refused: tuple[str, ...]
    failed: tuple[str, ...]
    unread: int

    def __str__(self) -> str:
        told = f"{self.read:,} of {self.passages:,} passages read in {self.calls:,} calls: {len(self.items):,} proposed"
        told += f", {len(self.refused):,} refused" if self.refused else ""
        told += f", {len(self.failed):,} calls failed ({self.failed[0]})" if self.failed else ""
        return told + (f"; {self.unread:,} passages are unread" if self.unread else "")


def extract(
    store: Store,
    reviews: Reviews,
    extractor: Extractor,
    *,
    source: str | None = None,
    author: str = "extractor",
    max_calls: int = MAX_CALLS,
    max_characters: int = MAX_CHARACTERS,
    progress: Progress | None = None,
) -> Extraction:
    """Run an extractor; see :meth:`guardlayer.knowledge.intake.taking.Taking.extract`."""
    if max_calls < 1 or max_characters < 1:
        raise InputError("max_calls and max_characters must be at least 1; they are what a run may spend")
    name = "" if source is None else cleaned(source, what="source")
    rows = store.read(_PASSAGES, (name,))
    refused: list[str] = []
    failed: list[str] = []
    found: dict[str, Proposal] = {}
    calls = read = spent = in_a_row = 0
    for batch in _batches(rows, refused):
        size = sum(len(one.text) + len(one.lead) for one in batch)
        if calls >= max_calls or spent + size > max_characters or in_a_row >= _GIVEN_UP:
            break
        calls, spent = calls + 1, spent + size
        try:
            candidates = list(extractor(batch))
        except AuthorityError as error:
            failed.append(str(error))
            in_a_row += 1
            continue
        in_a_row = 0
        read += len(batch)
        for candidate in candidates:
            try:
                proposal = checked(candidate, batch)
            except InputError as error:
                refused.append(f"{candidate.entity[:60]}, {candidate.attribute[:60]}: {error}")
            else:
                found.setdefault(proposal.identity, proposal)
        if progress is not None:
            progress(read, len(rows))
    items = reviews.propose_all(list(found.values()), author=author, reason="read from the passage quoted")
    return Extraction(
        len(rows), read, calls, items, tuple(refused[:_TOLD]), tuple(failed[:_TOLD]), len(rows) - read
    )  # fmt: skip


def _batches(rows: Sequence[tuple[Any, ...]], refused: list[str]) -> Iterator[list[Reading]]:
    """Yield passages together as far as they fit; those that speak to a model are named and left out."""
    batch: list[Reading] = []
    size = 0
    for text, lead, source, uri, start, page in rows:
        where = f"{uri}" + (f", page {page}" if page is not None else "")
        if speaks_to_a_model(f"{lead}\n{text}"):
            refused.append(f"{where}: the passage speaks to a model and was not shown to one: {text[:80]!r}")
            continue
        if batch and size + len(text) + len(lead) > BATCH:
            yield batch
            batch, size = [], 0
        batch.append(Reading(len(batch) + 1, text, lead, source, where, start))
        size += len(text) + len(lead)
    if batch:
        yield batch
