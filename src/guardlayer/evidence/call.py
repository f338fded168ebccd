"""The evidence that came with the call, as an authority: cut into statements, ranked for each claim."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Lock

from guardlayer.evidence.coercion import best
from guardlayer.text import MAX_WORDS, search_terms, statements
from guardlayer.types import Evidence, Query, Span

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_MARKER = re.compile(r"\s*(?:[-*+•|#>]|\d{1,3}[.)]\s|$)")
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
            weight = math.log(1 + (size + 1) / (0.5 + len(holders)))
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
                windows = tuple(window for evidence in self._evidence for window in _windows(evidence))
                holders: dict[str, list[int]] = defaultdict(list)
                for number, window in enumerate(windows):
                    for term in set(search_terms(window.text)):
                        holders[term].append(number)
                self._index = _Index(windows, dict(holders))
            return self._index


def _windows(evidence: Evidence) -> Iterator[Evidence]:
    """Cut a piece of evidence into statements with their place in the source; a fact is one statement already."""
    text = evidence.text
    if evidence.fact is not None:
        yield evidence
        return
    whole = evidence.span is not None and evidence.span.end - evidence.span.start == len(text)
    base = evidence.span.start if whole and evidence.span is not None else None
    for first, last in _spans(text):
        if (first, last) == (0, len(text)):
            yield evidence
        else:
            span = evidence.span if base is None else Span(base + first, base + last)
            yield replace(evidence, text=text[first:last], span=span)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    begin = 0
    for match in _LINE_BREAK.finditer(text):
        if match.start() >= begin and _breaks(text, begin, match):
            yield from statements(text, begin, match.start())
            begin = match.end()
    yield from statements(text, begin, len(text))


def _breaks(text: str, begin: int, line_end: re.Match[str]) -> bool:
    """Say whether a line ends a statement, rather than being wrapped within one."""
    start = max(begin, line_end.start() - 2 * MAX_WORDS)
    line = text[start : line_end.start()]
    line = line[max(line.rfind("\n"), line.rfind("\r")) + 1 :].rstrip()
    following = text[line_end.end() : line_end.end() + 8]
    if not line or not following.strip(" \t") or _MARKER.match(following) or _MARKER.match(line):
        return True
    return line[-1] in ".:;!?|" or (len(line) < MAX_WORDS and not following.lstrip()[:1].islower())
