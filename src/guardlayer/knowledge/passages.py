"""Documents as passages with source, version and span: what full-text retrieval finds.

Words and, where vectors were made, meaning say which few passages are read (:mod:`guardlayer.knowledge.words`,
:mod:`guardlayer.knowledge.meaning`; ``docs/design/retrieval.md`` has the figures). What was read is then ordered by how
much of the claim's information it shares: each word counts by how rare it is, a number half.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from guardlayer.errors import AuthorityError, StoreError
from guardlayer.knowledge.authority import Authority
from guardlayer.knowledge.held import Held, held, names
from guardlayer.knowledge.ingest import MAX_PAGES, Progress, ingest, retract
from guardlayer.knowledge.ingested import IngestResult
from guardlayer.knowledge.intake.mapping import Facts
from guardlayer.knowledge.meaning import Meaning
from guardlayer.knowledge.micros import to_micros
from guardlayer.knowledge.ranking import DETAILS, SUCCESSION, Hit, choose, distinct, hit_of, index_text, order
from guardlayer.knowledge.reading import SkippedFile
from guardlayer.knowledge.reranking import reordered
from guardlayer.knowledge.store import Store
from guardlayer.knowledge.words import Asked, Words
from guardlayer.temporal import When
from guardlayer.types import Evidence, Query, Source, Standing

__all__ = ["IngestResult", "KnowledgePassages", "Passages", "SkippedFile"]


_CANDIDATES = 24  # least number of passages that are read in full and ordered
_FEW = 6  # of which so many are read first
_SURE = 0.9  # score from which a current passage says what was asked, and no more are looked for


class Candidates(NamedTuple):
    """What was read for a text.

    Attributes:
        hits: The passages, the likeliest first.
        weights: What each word of the text counts.
        cosines: How near each passage is in meaning, where vectors were made.
    """

    hits: Sequence[Hit]
    weights: dict[str, float]
    cosines: Sequence[float] | None


class Passages:
    """The documents of a database. Safe to share between threads.

    Args:
        store: The open database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.words = Words(store)
        self.meaning = Meaning(store)
        self._authority = Authority(store)

    def ingest(
        self,
        path: str | os.PathLike[str],
        *,
        source: str | None = None,
        authority: int | None = None,
        effective_from: When | None = None,
        supersedes: str | None = None,
        progress: Progress | None = None,
        max_bytes: int | None = None,
        max_pages: int = MAX_PAGES,
        skip_unreadable: bool = False,
        facts: Facts | None = None,
    ) -> IngestResult:
        """Read a document, or a folder of them, in one transaction.

        A document that was read before becomes a new version of its source: passages that are still there keep
        their identity, those that are gone stand as superseded from ``effective_from`` on, or from today if no date
        is given. An identical document is left as it is. In a folder, documents whose files are gone are closed.

        Args:
            path: A Markdown, plain-text (UTF-8), CSV, HTML, PDF or DOCX file, or a folder, read with everything below
                it; what is not read is listed in the result with its reason. HTML, PDF and DOCX need the extra
                ``documents``.
            source: Id of the source. For a folder the first part of each file's id, and the folder is then all
                there is of that source. Default: the id under which the file is known, else its name, for files
                of a folder with the folder's name before it.
            authority: Rank of the source; kept as it is if not given, 0 at first.
            effective_from: From when on this version holds; kept as precisely as it is written.
            supersedes: Source, or first part of the sources, that this one takes the place of.
            progress: Called after each file that was read.
            max_bytes: Largest document accepted; not given, 16 MiB of text, 64 of CSV, 128 of PDF and DOCX.
            max_pages: Pages of the longest PDF accepted.
            skip_unreadable: In a folder, list documents that cannot be read among the skipped ones instead of giving
                up; what the database holds of them stands.
            facts: Record keyed facts as well: ``"auto"`` by the shape of tables and ``key: value`` lines, a mapping or
                several by their columns (:class:`~guardlayer.knowledge.intake.mapping.FactMapping`), ``"none"`` to end
                those recorded before. Not given, it is done as the last time; at first nothing is taken.

        Raises:
            ConfigError: Reading it needs an extra that is not installed.
            InputError: A file cannot be read or decoded, or its name is taken by another file; nothing is kept.
            LimitError: A file is larger than ``max_bytes``, or has more than ``max_pages``; nothing is kept.
            NotFoundError: There is no source ``supersedes``; nothing is kept.
            StoreError: The database cannot be written.
        """
        result = ingest(
            self._store,
            path,
            source=source,
            authority=authority,
            effective_from=effective_from,
            supersedes=supersedes,
            progress=progress,
            max_bytes=max_bytes,
            max_pages=max_pages,
            skip_unreadable=skip_unreadable,
            facts=facts,
        )
        self.meaning.refresh()
        return result

    def retract(self, source: str, *, reason: str | None = None) -> int:
        """Withdraw a document, or every document of a folder ingested as ``source``.

        Returns:
            How many passages now stand as retracted.

        Raises:
            NotFoundError: No document has that source.
        """
        return retract(self._store, source, reason=reason)

    def count(self) -> int:
        """Return how many passages stand now, superseded ones not counted."""
        return self.words.count()

    def search(self, terms_text: str, *, at: datetime, limit: int = 5) -> tuple[Evidence, ...]:
        """Return the passages that share most of what ``terms_text`` says.

        Args:
            terms_text: Free text; nothing in it is read as query syntax.
            at: The instant for which standing is judged.
            limit: At most this many passages are returned. A superseded one brings the one that took its place.

        Returns:
            Current passages first, then superseded, future and retracted ones, each by falling score: the share of
            the text's information (words weighted by rarity) that the passage holds, 0 to 1.
        """
        if limit < 1:
            return ()
        read = self.candidates(terms_text, at=at, limit=limit)
        hits = list(read.hits) if read.cosines is None else reordered(terms_text, read.hits, read.weights, read.cosines)
        hits = self._with_successors(hits, limit, read.weights, at)
        place = {hit.id: number for number, hit in enumerate(hits)}
        chosen = choose(hits, limit)
        return tuple(hit.evidence for hit in sorted(chosen, key=lambda hit: (order(hit)[0], place[hit.id])))

    def candidates(self, text: str, *, at: datetime, limit: int = 5) -> Candidates:
        """Return what is read before it is put in its last order; each text once."""
        asked = self.words.ask(text)
        wanted = max(4 * limit, _CANDIDATES)
        near = self.meaning.near(text, asked) if asked.weights else None
        if near is None:
            return Candidates(self._by_words(asked, wanted, at), asked.weights, None)
        read = self._load(near.likely(asked, wanted), asked.weights, at)
        hits, cosines = near.ordered(distinct(read))
        return Candidates(hits, asked.weights, cosines)

    def held(self, passage: Evidence, *, at: datetime) -> tuple[Held, ...]:
        """Return what is held of the source of a passage that came from elsewhere; nothing where it is not known."""

        def load(ids: Sequence[int]) -> list[Evidence]:
            hits = self._with_successors(self._load(ids, {}, at), len(ids), {}, at)
            return [hit.evidence for hit in hits]

        known = (held(self._store, name, passage, at=at, load=load) for name in self.names(passage.source))
        return tuple(one for one in known if one is not None)

    def names(self, source: Source) -> tuple[str, ...]:
        """Return the ids under which a source is held, by its own id or by the place it was read from."""
        return names(self._store, source)

    def _by_words(self, asked: Asked, wanted: int, at: datetime) -> list[Hit]:
        """Return what shares most words; a few first, for one of them may say all."""
        few = {int(id_) for found in asked.found for id_ in found.best(_FEW)}
        hits = self._load(sorted(few), asked.weights, at)
        if not any(hit.evidence.score >= _SURE and hit.evidence.standing is Standing.CURRENT for hit in hits):
            more = {int(id_) for found in asked.found for id_ in found.best(wanted)} - few
            hits += self._load(sorted(more), asked.weights, at)
        return distinct(hits)

    def _with_successors(self, hits: list[Hit], limit: int, weights: dict[str, float], at: datetime) -> list[Hit]:
        """Add what stands in the place of superseded passages, and say so with each of them.

        What took over may have ended itself: the line is followed to the passage that stands at ``at``.
        """
        ended = [hit.id for hit in hits[:limit] if hit.successor and hit.evidence.standing is Standing.SUPERSEDED]
        if not ended:
            return hits
        line = self._listed(SUCCESSION, ended)
        known = {hit.id: hit for hit in hits}
        known |= {hit.id: hit for hit in self._load(sorted({id_ for _, id_ in line} - set(known)), weights, at)}
        # What was taken out and put back later is another passage of the same words.
        standing = {_words_of(hit): hit for hit in known.values() if hit.evidence.standing is Standing.CURRENT}
        heirs: dict[int, Hit] = {}
        for origin, id_ in line:
            heir = standing.get(_words_of(known[id_])) if id_ in known else None
            if heir is not None:
                heirs.setdefault(origin, heir)
        hits = [
            replace(hit, successor=heirs[hit.id].id, evidence=replace(hit.evidence, replaced_by=heirs[hit.id].evidence))
            if hit.id in heirs
            else hit
            for hit in hits
        ]
        return distinct([*hits, *heirs.values()])

    def _listed(self, sql: str, ids: Sequence[int]) -> list[tuple[Any, ...]]:
        dialect = self._store.dialect
        return self._store.read(sql.format(wanted=dialect.numbers("wanted")), (dialect.numbers_param(ids),))

    def _load(self, ids: Iterable[int], weights: dict[str, float], at: datetime) -> list[Hit]:
        wanted = list(ids)
        if not wanted:
            return []
        rows = self._listed(DETAILS, wanted)
        total = sum(weights.values())
        moment = to_micros(at)
        hits = [hit_of(row, weights, total, moment) for row in rows]
        return list(map(self._reviewed, hits)) if self._authority.spoken() else hits

    def _reviewed(self, hit: Hit) -> Hit:
        """Note with a passage when its source, or the folder it is in, is due for review."""
        due = self._authority.due(hit.evidence.source.id)
        return hit if due is None else replace(hit, evidence=replace(hit.evidence, review_after=due))


class KnowledgePassages:
    """The documents as an authority the pipeline can ask.

    Args:
        passages: The documents of a database.
    """

    id = "knowledge.passages"
    instant = True

    def __init__(self, passages: Passages) -> None:
        self._passages = passages

    def search(self, query: Query) -> Sequence[Evidence]:
        """Return the passages that bear on the claim; see :meth:`Passages.search`.

        A claim of very few words is read with the question it answers.

        Raises:
            AuthorityError: The database cannot be read.
        """
        text = query.claim.text
        if query.question and len(index_text(text).split()) < 3:
            text = f"{text} {query.question}"
        try:
            return self._passages.search(text, at=query.at, limit=query.limit)
        except StoreError as error:
            raise AuthorityError(f"{self.id} cannot be asked: {error}") from error


def _words_of(hit: Hit) -> str:
    return " ".join(hit.evidence.text.split())
