"""The evidence that came with the call, as an authority: cut into statements, ranked for each claim.

It is read as Markdown, which plain text, tables and lists that tools and models write mostly are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Lock

from guardlayer.cutting import cut
from guardlayer.evidence.coercion import best
from guardlayer.text import search_terms, term_weight
from guardlayer.types import Evidence, Query, Span

_FEW = 3  # content words below which a claim is read with the question it answers

_READ = 4  # times the limit: how far down a current statement is looked for where those above have ended


@dataclass(frozen=True, slots=True)
class _Index:
    windows: tuple[Evidence, ...]
    holders: dict[str, list[int]]


class CallEvidence:
    """Knows what came with one call: tool outputs, retrieved documents, what the user passed as ``evidence``.

    Made for each draft: nothing is cut or counted before the first search.

    Args:
        evidence: The pieces, see :func:`guardlayer.evidence.coerce`.
    """

    id = "call"
    instant = True

    def __init__(self, evidence: Sequence[Evidence]) -> None:
        self._evidence = evidence
        self._index: _Index | None = None
        self._lock = Lock()

    def search(self, query: Query) -> Sequence[Evidence]:
        """Return the statements that share most with the claim, each word counting by how rare it is among them.

        Where there are no more statements than ``query.limit``, all of them are returned, those that share nothing
        last: with so little to read nothing need be left out.
        """
        index = self._index or self._built()
        terms = search_terms(query.claim.text)
        if query.question and len(terms) < _FEW:
            terms += search_terms(query.question)
        size = len(index.windows)
        scores: dict[int, float] = defaultdict(float)
        total = 0.0
        for term in set(terms):
            holders = index.holders.get(term, ())
            weight = term_weight(term, holders=len(holders), size=size)
            total += weight
            for number in holders:
                scores[number] += weight
        ranked = sorted(scores, key=lambda number: (-scores[number], number))
        if size <= query.limit:
            ranked += [number for number in range(size) if number not in scores]
        found = [
            replace(index.windows[number], score=min(1.0, scores[number] / total) if number in scores else 0.0)
            for number in ranked[: _READ * query.limit]
        ]
        return best(found, at=query.at, limit=query.limit)

    def _built(self) -> _Index:
        with self._lock:
            if self._index is None:
                windows = [window for evidence in self._evidence for window in _windows(evidence)]
                holders: dict[str, list[int]] = defaultdict(list)
                for number, (window, lead) in enumerate(windows):
                    for term in {*search_terms(window.text), *search_terms(lead)}:
                        holders[term].append(number)
                self._index = _Index(tuple(window for window, _ in windows), dict(holders))
            return self._index


def _windows(evidence: Evidence) -> Iterator[tuple[Evidence, str]]:
    """Cut a piece of evidence into statements with their place in the source, each with what stands above it.

    A fact is one statement already.
    """
    text = evidence.text
    if evidence.fact is not None:
        yield evidence, ""
        return
    whole = evidence.span is not None and evidence.span.end - evidence.span.start == len(text)
    base = evidence.span.start if whole and evidence.span is not None else None
    for one in cut(text):
        if one.text == text:
            yield evidence, one.lead
        else:
            span = evidence.span if base is None else Span(base + one.start, base + one.end)
            yield replace(evidence, text=one.text, span=span), one.lead
