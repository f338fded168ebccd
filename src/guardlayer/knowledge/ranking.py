"""What a search found, judged and put in order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from guardlayer.knowledge.micros import from_micros
from guardlayer.knowledge.sources import interval_of, source_of
from guardlayer.text import search_terms
from guardlayer.types import Evidence, Span, Standing

_LEAD_WEIGHT = 0.7  # what a word counts that stands above a passage and not in it
_LINK_TARGET = re.compile(r"\]\([^()\s]{0,2000}\)")

DETAILS = """
SELECT p.id, p.text, p.lead, p.successor, p.closed,
       d.source, d.uri, coalesce(v.label, CAST(v.number AS TEXT)), v.digest, v.authority,
       o.effective, o.effective_text, o.recorded, c.effective, c.effective_text, c.state,
       (SELECT l.start FROM passage_place AS l WHERE l.passage = p.id ORDER BY l.version DESC LIMIT 1),
       (SELECT l."end" FROM passage_place AS l WHERE l.passage = p.id ORDER BY l.version DESC LIMIT 1),
       (SELECT l.page FROM passage_place AS l WHERE l.passage = p.id ORDER BY l.version DESC LIMIT 1)
FROM {wanted}
JOIN passage_passage AS p ON p.id = wanted.value
JOIN doc_document AS d ON d.id = p.document
JOIN doc_version AS o ON o.document = p.document AND o.number = p.opened
JOIN doc_version AS v ON v.document = p.document AND v.number =
     coalesce(p.closed - 1, (SELECT max(number) FROM doc_version WHERE document = p.document))
LEFT JOIN doc_version AS c ON c.document = p.document AND c.number = p.closed
"""
"""Everything about the passages of a list of ids, called ``wanted``; the source as of the last version with them."""

SUCCESSION = """
WITH RECURSIVE line (origin, id, depth) AS (
    SELECT p.id, p.successor, 1 FROM {wanted} JOIN passage_passage AS p ON p.id = wanted.value
    WHERE p.successor IS NOT NULL
    UNION ALL
    SELECT line.origin, p.successor, line.depth + 1 FROM line JOIN passage_passage AS p ON p.id = line.id
    WHERE p.successor IS NOT NULL AND line.depth < 100
)
SELECT origin, id FROM line ORDER BY origin, depth
"""
"""Who took the place of the passages of such a list, who took the place of that, and so on."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, with the id of the one that took its place, if one did, and what stands above it."""

    id: int
    successor: int | None
    evidence: Evidence
    lead: str = ""


def index_text(text: str) -> str:
    """Return the words under which a passage is found, as the index and the query both spell them."""
    return " ".join(_terms(text))


@lru_cache(maxsize=8_192)
def terms_of(text: str) -> tuple[str, ...]:
    """Return these words one by one, in order and with repeats; those of the last few thousand texts are kept."""
    return tuple(_terms(text))


def _terms(text: str) -> list[str]:
    return search_terms(_LINK_TARGET.sub("]", text))


def hit_of(row: tuple[Any, ...], weights: dict[str, float], total: float, at: int) -> Hit:
    """Judge one row of :data:`DETAILS`.

    Args:
        row: The row.
        weights: What each word of the search counts.
        total: The sum of the weights.
        at: The instant for which standing is judged, in microseconds.
    """
    (id_, text, lead, successor, closed, source, uri, number, digest, authority) = row[:10]
    (start, start_text, recorded, end, end_text, state, first, last, page) = row[10:]
    words, above = terms_of(text), terms_of(lead) if lead else ()
    shared = sum(
        weight if term in words else weight * _LEAD_WEIGHT if term in above else 0.0 for term, weight in weights.items()
    )
    if closed is None:
        end = end_text = None
    elif start is not None and end <= start:
        end, end_text = start, start_text
    if state == "retracted":
        standing = Standing.RETRACTED
    elif closed is not None and (end <= at or end == start):
        standing = Standing.SUPERSEDED
    elif start is not None and at < start:
        standing = Standing.FUTURE
    else:
        standing = Standing.CURRENT
    evidence = Evidence(
        text,
        source_of(source, uri, str(number), authority, start, None, start_text, None, digest),
        Span(first, last, page),
        standing,
        interval_of(start, end, start_text, end_text),
        from_micros(recorded),
        score=min(1.0, shared / total) if total else 0.0,
    )
    return Hit(id_, successor, evidence, lead)


def _rank(hit: Hit) -> tuple[float, bool, int, float, int]:
    evidence = hit.evidence
    until = evidence.valid.end
    ended = 0.0 if until is None else -until.timestamp()
    return -evidence.score, evidence.standing is not Standing.CURRENT, -evidence.source.authority, ended, -hit.id


def order(hit: Hit) -> tuple[bool, float, bool, int, float, int]:
    """Sort key: current passages first, then by score, authority and newness."""
    return hit.evidence.standing is not Standing.CURRENT, *_rank(hit)


def distinct(hits: Sequence[Hit]) -> list[Hit]:
    """Return each text once, as what it is worth most, best first."""
    best: dict[str, Hit] = {}
    for hit in sorted(hits, key=order):
        best.setdefault(hit.evidence.text, hit)
    return sorted(best.values(), key=_rank)


def choose(hits: Sequence[Hit], limit: int) -> list[Hit]:
    """Take the best hits, each with its successor, and a current one among them wherever there is one."""
    by_id = {hit.id: hit for hit in hits}
    wanted: dict[int, Hit] = {}
    for hit in hits:
        wanted[hit.id] = hit
        successor = by_id.get(hit.successor or 0)
        if successor is not None:
            wanted[successor.id] = successor
    chosen = list(wanted.values())[:limit]
    if limit > 1 and all(hit.evidence.standing is not Standing.CURRENT for hit in chosen):
        chosen[limit - 1 :] = [hit for hit in hits if hit.evidence.standing is Standing.CURRENT][:1] or chosen[
            limit - 1 :
        ]
    return chosen
