"""What a :class:`~guardlayer.knowledge.Knowledge` takes in without anybody typing it: documents, histories, tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardlayer.errors import ConfigError
from guardlayer.knowledge.history import ingest_git
from guardlayer.knowledge.ingest import MAX_PAGES, Progress
from guardlayer.knowledge.ingested import IngestResult
from guardlayer.knowledge.intake.mapping import Facts
from guardlayer.knowledge.passages import Passages
from guardlayer.knowledge.store import Store
from guardlayer.temporal import When

if TYPE_CHECKING:
    from guardlayer.knowledge.extraction import Extraction, Extractor
    from guardlayer.knowledge.intake.sql import SqlResult


class Taking:
    """Documents, repositories and databases, as they are taken in."""

    store: Store
    passages: Passages

    def ingest(
        self,
        path: str | Path,
        *,
        source: str | None = None,
        authority: int | None = None,
        effective_from: When | None = None,
        supersedes: str | None = None,
        facts: Facts | None = None,
        progress: Progress | None = None,
        max_bytes: int | None = None,
        max_pages: int = MAX_PAGES,
        skip_unreadable: bool = False,
    ) -> IngestResult:
        """Read a document, or a folder of them, as passages and keyed facts; see :meth:`Passages.ingest`."""
        return self.passages.ingest(
            path,
            source=source,
            authority=authority,
            effective_from=effective_from,
            supersedes=supersedes,
            facts=facts,
            progress=progress,
            max_bytes=max_bytes,
            max_pages=max_pages,
            skip_unreadable=skip_unreadable,
        )

    def ingest_git(
        self,
        repo: str | Path,
        path: str = "docs/",
        *,
        source: str | None = None,
        authority: int | None = None,
        since: When | None = None,
        facts: Facts | None = None,
        progress: Progress | None = None,
    ) -> IngestResult:
        """Read a folder of documents through its git history: each revision a version, dated by its commit.

        With ``facts`` its tables and ``key: value`` lines become keyed facts, revision by revision. Again, it reads
        only commits that are new; see :func:`guardlayer.knowledge.history.ingest_git`.
        """
        return ingest_git(
            self.store, repo, path, source=source, authority=authority, since=since, facts=facts, progress=progress
        )

    def load_sql(
        self,
        url: str,
        query: str,
        *,
        entity: str,
        attribute: str | None = None,
        value: str | None = None,
        valid_from: str | None = None,
        valid_to: str | None = None,
        attributes: Mapping[str, str] | Sequence[str] | None = None,
        qualifiers: Mapping[str, str] | None = None,
        aliases: Sequence[str] = (),
        type: str | None = None,  # noqa: A002 - the word of Knowledge.entity
        cardinality: str = "one",
        source: str | None = None,
        authority: int | None = None,
        as_of: When | None = None,
        inclusive_end: bool = False,
        another_query: bool = False,
        allow_empty: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> SqlResult:
        """Record what a query on another database says, all of it or nothing.

        With ``valid_to`` (or the columns of a dbt snapshot, which are found by themselves) the result is a *history*:
        each row is a fact with its interval; order it by entity and ``valid_from``, so that values that go on from row
        to row are one fact. Without, it is a *snapshot*: it is compared with that of the last time, a value that is
        another one has taken over, a row that is gone has ended, both as of now, of ``as_of``, or of the row's own
        ``valid_from``. The same again changes nothing. The connection cannot write.

        Args:
            url: Of the database, as SQLAlchemy writes it; its password is never told.
            query: One SELECT, or the name of a table.
            entity: Column that names what a row is about, or a text with columns in braces: ``"Acme {plan}"``.
            attribute: Column that names the attribute of a row, or the attribute; not given, each column is one.
            value: Column of the value.
            valid_from: Column with the first instant at which a row holds.
            valid_to: Column with the first instant at which it does not; NULL, and the year 9999, for "still".
            attributes: Columns that hold values, with the names of their attributes; not given, all that are left.
            qualifiers: Names of qualifiers, each with a column or text.
            aliases: Columns with other names of the entity.
            type: Sort of thing the entities are.
            cardinality: ``"one"`` or ``"many"`` values at a time, of attributes that are new.
            source: Id of the source. Default: the database and the tables of the query.
            authority: Rank of the source; kept as it is if not given.
            as_of: When a snapshot was taken.
            inclusive_end: ``valid_to`` is a last day, not the day after it.
            another_query: Compare with the last snapshot of the source although the query is another one.
            allow_empty: Let a snapshot without rows end everything.
            progress: Called now and then with the number of rows read so far.

        Raises:
            ConfigError: The URL, the query or a column is wrong, or a driver is missing.
            AuthorityError: The database cannot be read.
            InputError: Rows hold what no fact can hold; each is named, nothing is kept.
            KnowledgeError: A snapshot would end what it was not asked about.
        """
        from guardlayer.knowledge.intake.sql import load_sql

        return load_sql(
            self.store, url, query, entity=entity, attribute=attribute, value=value, valid_from=valid_from,
            valid_to=valid_to, attributes=attributes, qualifiers=qualifiers, aliases=aliases, type=type,
            cardinality=cardinality, source=source, authority=authority, as_of=as_of, inclusive_end=inclusive_end,
            another_query=another_query, allow_empty=allow_empty, progress=progress,
        )  # fmt: skip

    def extract(
        self,
        model: Any = None,
        *,
        extractor: Extractor | None = None,
        source: str | None = None,
        author: str = "extractor",
        max_calls: int = 50,
        max_characters: int = 300_000,
        progress: Callable[[int, int], None] | None = None,
    ) -> Extraction:
        """Let a language model propose facts out of the documents; each waits in the review queue for a person.

        A proposal quotes the words it was read from. Whatever does not stand in its passage word for word is thrown
        away: the quote, the value within it, the name of the entity. Nothing is recorded before somebody accepts it.

        Args:
            model: A LangChain chat model, a LlamaIndex ``LLM``, or a callable from the text of a prompt to that of the
                answer.
            extractor: In its place, an :class:`~guardlayer.knowledge.extraction.Extractor` of your own.
            source: Only documents of this source, or of a folder ingested under it.
            author: Who proposes, for the queue.
            max_calls: Most calls of the model.
            max_characters: Most characters of passages that are sent.
            progress: Called after each call with the passages read so far, and all there are.

        Raises:
            ConfigError: ``model`` is none of these, or both or neither are given.
            StoreError: The database cannot be written.
        """
        from guardlayer.knowledge.extraction import ChatExtractor, extract
        from guardlayer.knowledge.reviews import Reviews

        if (model is None) is (extractor is None):
            raise ConfigError("extract takes a model, or an extractor= of your own")
        return extract(
            self.store, Reviews(self.store), ChatExtractor(model) if extractor is None else extractor, source=source,
            author=author, max_calls=max_calls, max_characters=max_characters, progress=progress,
        )  # fmt: skip
