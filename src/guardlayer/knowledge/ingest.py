"""Take documents in as versions of passages.

Reading and cutting happen before the write begins; then one transaction takes everything in, so that a folder is
either read whole or not at all, and other writers wait no longer than they must.

A passage is itself over the versions of its source for as long as its words and what stands above them do not
change. What vanishes has its transaction time closed by the version in which it is gone, and is never deleted.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from guardlayer.errors import InputError, NotFoundError
from guardlayer.knowledge.documents import Limits, Slice, parse
from guardlayer.knowledge.ingested import IngestedFile, IngestResult
from guardlayer.knowledge.intake.facts import DocumentFacts, Found, as_before, facts_of
from guardlayer.knowledge.intake.mapping import Facts, Wanted
from guardlayer.knowledge.intake.register import Settled
from guardlayer.knowledge.micros import to_micros
from guardlayer.knowledge.ranking import index_text
from guardlayer.knowledge.reading import File, SkippedFile, find, path_of, read, read_again, shown
from guardlayer.knowledge.sources import checked_authority
from guardlayer.knowledge.statement import cleaned
from guardlayer.knowledge.store import Cursor, Dialect, Store
from guardlayer.knowledge.succession import successors
from guardlayer.temporal import Moment, When

MAX_BYTES = 16 * 1024 * 1024
"""Largest document read out of a repository, in bytes."""
MAX_PAGES = Limits().pages
"""Pages a PDF may have, where the caller does not say."""

Progress = Callable[[int, int, str], None]
"""Called as ``progress(files_done, files_in_all, path)`` after each file."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A document that was read, cut unless nothing about it seems to have changed."""

    file: File
    name: str
    parts: tuple[Slice, ...] | None
    limits: Limits
    wanted: Wanted | None = None
    found: Found | None = None
    effective: str | None = None

    def cut(self) -> tuple[Slice, ...]:
        """Return its passages."""
        return tuple(read_again(self.file, limits=self.limits).parts()) if self.parts is None else self.parts

    def facts(self, wanted: Wanted) -> Found:
        """Return what it states."""
        return facts_of(read_again(self.file, limits=self.limits), wanted) if self.found is None else self.found


@dataclass(frozen=True, slots=True)
class _Head:
    """The newest version of a document as it stands in the database."""

    document: int
    source: str
    uri: str
    number: int
    digest: str
    authority: int
    state: str


@dataclass(frozen=True, slots=True)
class _Old:
    """A passage that stands open."""

    id: int
    text: str
    lead: str
    place: tuple[int, int, int | None]


def ingest(
    store: Store,
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
    """Read a file or a folder; see :meth:`guardlayer.knowledge.passages.Passages.ingest`."""
    moment = Moment.parse(effective_from, what="effective_from") if effective_from else None
    source = None if source is None else cleaned(source, what="source")
    authority = None if authority is None else checked_authority(authority)
    listing = find(Path(path))
    limits = Limits(pages=max_pages)
    wanted = None if facts is None else Wanted.of(facts)
    folder = None if listing.root is None else source or shown(listing.root.resolve().name)
    documents, skipped, unread = [], list(listing.skipped), set[str]()
    for number, file in enumerate(listing.files):
        name = _name_of(file, listing.root, source)
        try:
            asked = wanted or as_before(store, name, folder)
            documents.append(_read(store, file, name, limits, max_bytes, asked))
        except InputError as error:
            if not skip_unreadable or listing.root is None:
                raise
            skipped.append(SkippedFile(shown(file), str(error).removeprefix(f"{shown(file)}: ")))
            unread.add(name)
        if progress is not None:
            progress(number + 1, len(listing.files), shown(file))
    root = listing.root.resolve().as_uri() if listing.root else None
    with store.write() as cursor:
        writer = _Writer(
            cursor,
            store.dialect,
            store.tick(),
            authority=authority,
            moment=moment,
            explicit=source is not None,
            replacing=supersedes is not None,
        )
        done = [writer.take_in(document) for document in documents]
        if root is not None:
            done += writer.remove_gone(source, root, present={file.source for file in done} | unread)
        if supersedes is not None:
            done += writer.supersede(supersedes, keep={file.source for file in done})
        writer.finish()
        settled = _settle(store, cursor, documents, done)
    return IngestResult(tuple(done), tuple(sorted(skipped, key=lambda one: one.path)), settled)


def retract(store: Store, source: str, *, reason: str | None = None) -> int:
    """Withdraw a document; see :meth:`guardlayer.knowledge.passages.Passages.retract`."""
    with store.write() as cursor:
        return end_within(store, cursor, source, "retracted", now=store.tick(), reason=reason)


def end_within(
    store: Store, cursor: Cursor, source: str, state: str, *,
    now: datetime, moment: Moment | None = None, reason: str | None = None,
) -> int:  # fmt: skip
    """Give the documents of a source their last version, within an open write, and count the passages it closed.

    Args:
        store: The store whose write is open.
        cursor: Of that write.
        source: A document, or the first part of the ids of a folder's.
        state: How they end: ``retracted`` or ``superseded``.
        now: The transaction time of the write.
        moment: From when on they count no more; not given, the day of ``now``.
        reason: Why.

    Raises:
        NotFoundError: No document has that source.
    """
    writer = _Writer(cursor, store.dialect, now, moment=moment)
    closed = sum(writer.end(head, state, reason=reason).closed for head in writer.named(source))
    writer.finish()
    return closed


def _settle(store: Store, cursor: Cursor, documents: Sequence[_Read], done: Sequence[IngestedFile]) -> Settled:
    """Record the facts of what was taken in, and end those of what is gone."""
    settled = Settled()
    for document, file in zip(documents, done, strict=False):
        if document.wanted is not None:
            facts = DocumentFacts(store, cursor, document.wanted)
            if file.status != "unchanged" or not facts.asked(file.source, document.file.digest):
                facts.settle(file.source, document.facts(document.wanted))
            settled += facts.settled
    for file in done[len(documents) :]:
        ending = DocumentFacts(store, cursor, None)
        ending.end(file.source)
        settled += ending.settled
    return settled


def _name_of(file: Path, root: Path | None, source: str | None) -> str:
    """Return the id that a document has as a source, where the database does not know it by another."""
    if root is None:
        return source or shown(file.name)
    return f"{source or shown(root.resolve().name)}/{shown(file.relative_to(root).as_posix())}"


def _read(  # noqa: PLR0917 - what every document of one call is read by
    store: Store, path: Path, name: str, limits: Limits, max_bytes: int | None, wanted: Wanted | None
) -> _Read:
    """Read one document, and cut it unless the database holds this very content of it."""
    file, data = read(path, max_bytes=max_bytes)
    heads = store.read(f"{_HEAD} WHERE d.source = ? OR d.uri = ?", (name, file.uri))
    if any(row[4] == file.digest for row in heads):
        return _Read(file, name, None, limits, wanted)
    document = parse(data, file.shown, limits=limits)
    found = None if wanted is None else facts_of(document, wanted)
    return _Read(file, name, tuple(document.parts()), limits, wanted, found, document.effective)


_HEAD = """
SELECT d.id, d.source, d.uri, v.number, v.digest, v.authority, v.state
FROM doc_document AS d JOIN doc_version AS v ON v.document = d.id
    AND v.number = (SELECT max(number) FROM doc_version WHERE document = d.id)
"""
_OPEN = """
SELECT p.id, p.text, p.lead, l.start, l."end", l.page
FROM passage_passage AS p JOIN passage_place AS l ON l.passage = p.id
    AND l.version = (SELECT max(version) FROM passage_place WHERE passage = p.id)
WHERE p.document = ? AND p.closed IS NULL ORDER BY p.id
"""


class _Writer:
    """Writes the versions of one call, inside one transaction."""

    def __init__(
        self,
        cursor: Cursor,
        dialect: Dialect,
        now: datetime,
        *,
        authority: int | None = None,
        moment: Moment | None = None,
        explicit: bool = False,
        replacing: bool = False,
    ) -> None:
        self._cursor = cursor
        self._dialect = dialect
        self.now = to_micros(now)
        self.authority = authority
        self._explicit = explicit
        self._replacing = replacing
        # Without a stated date a change counts from the day it was noticed: its instant, less the part of a second
        # that would make it look more exact than it is, and that a call made in the same moment would fall into.
        self.noticed = (to_micros(now.replace(microsecond=0)), now.astimezone(UTC).date().isoformat())
        self.stated = (to_micros(moment.start), moment.text) if moment else None
        self.next_id = 1 + (self._rows("SELECT max(id) FROM passage_passage", ())[0][0] or 0)
        self.fresh: list[_Old] = []
        self.closed = 0

    def take_in(self, document: _Read) -> IngestedFile:
        """Make ``document`` the newest version of its source."""
        file = document.file
        head = self._source_of(document)
        if head is None:
            sql = "INSERT INTO doc_document (source, uri) VALUES (?, ?) RETURNING id"
            id_ = int(self._rows(sql, (document.name, file.uri))[0][0])
            head = _Head(id_, document.name, file.uri, 0, "", self.authority or 0, "absent")
        elif head.uri != file.uri:
            self._cursor.execute("UPDATE doc_document SET uri = ? WHERE id = ?", (file.uri, head.document))
        same = head.digest == file.digest and head.state == "present"
        authority = head.authority if self.authority is None else self.authority
        if same and authority == head.authority:
            return IngestedFile(
                head.source, file.shown, str(head.number), "unchanged", kept=len(self._open(head.document))
            )
        number = head.number + 1
        self._version(head, number, "present", digest=file.digest, authority=authority, effective=document.effective)
        added, kept, gone = self._difference(head.document, number, document.cut())
        self._close(head.document, number, gone, added)
        status = "changed" if head.number else "new"
        return IngestedFile(head.source, file.shown, str(number), status, len(added), kept, len(gone))

    def remove_gone(self, source: str | None, root: str, *, present: set[str]) -> list[IngestedFile]:
        """Close the documents of a folder that are no longer in it.

        With a source of its own the folder *is* the source: what it does not hold is gone. Without one, a document
        is gone if its file was in the folder and is no longer on disk.
        """
        prefix = f"{source or root}/"
        column = "d.source" if source else "d.uri"
        rows = self._rows(
            f"{_HEAD} WHERE v.state = 'present' AND substr({column}, 1, length(?1)) = ?1 ORDER BY d.source", (prefix,)
        )
        heads = [_Head(*row) for row in rows]
        return [
            self.end(head, "removed")
            for head in heads
            if head.source not in present and (source is not None or not path_of(head.uri).exists())
        ]

    def supersede(self, source: str, *, keep: set[str]) -> list[IngestedFile]:
        """Close the documents of ``source``, which those just taken in replace."""
        return [self.end(head, "superseded") for head in self.named(source) if head.source not in keep]

    def named(self, source: str) -> list[_Head]:
        """Return the document with this id, or all of a folder ingested under it.

        Raises:
            NotFoundError: There is none.
        """
        within = "d.source = ?1 OR substr(d.source, 1, length(?1) + 1) = ?1 || '/'"
        rows = self._rows(f"{_HEAD} WHERE {within} ORDER BY d.source", (source,))
        if not rows:
            raise NotFoundError(f"no document has the source {source!r}; ingest it first, or check its name")
        return [_Head(*row) for row in rows]

    def end(self, head: _Head, state: str, *, reason: str | None = None) -> IngestedFile:
        """Write a last version of a document, one that holds nothing."""
        gone = self._open(head.document)
        number = head.number
        if head.state == "present":
            number += 1
            self._version(head, number, state, digest="", authority=head.authority, reason=reason)
            self._close(head.document, number, gone, self.fresh)
        return IngestedFile(head.source, head.uri, str(number), state, closed=len(gone))

    def finish(self) -> None:
        """Keep count, so that a search knows without counting whether there is anything to search."""
        self._cursor.execute(
            "UPDATE passage_state SET open = open + ?, former = former + ?, epoch = epoch + 1",
            (len(self.fresh) - self.closed, self.closed),
        )

    def _source_of(self, document: _Read) -> _Head | None:
        uri = document.file.uri
        if not self._explicit:
            rows = self._rows(f"{_HEAD} WHERE d.uri = ? ORDER BY d.id LIMIT 1", (uri,))
            if rows:
                return _Head(*rows[0])
        rows = self._rows(f"{_HEAD} WHERE d.source = ?", (document.name,))
        if not rows:
            return None
        head = _Head(*rows[0])
        if not self._explicit and head.uri != uri:
            raise InputError(
                f"source {document.name!r} already stands for {head.uri}; pass source={document.name!r} if this is a "
                "newer version of it, or another name if it is another source",
                path=document.file.shown,
            )
        return head

    def _difference(self, document: int, number: int, parts: Sequence[Slice]) -> tuple[list[_Old], int, list[_Old]]:
        """Match a new content with what stands open: return what is new, how many stayed, what is gone."""
        standing: dict[tuple[str, str], list[_Old]] = defaultdict(list)
        for old in reversed(self._open(document)):
            standing[old.text, old.lead].append(old)
        added: list[_Old] = []
        moved: list[tuple[int, int, int, int, int | None]] = []
        kept = 0
        for one in parts:
            same = standing.get((one.text, one.lead))
            if same:
                old = same.pop()
                kept += 1
                if old.place != (one.start, one.end, one.page):
                    moved.append((old.id, number, one.start, one.end, one.page))
            else:
                added.append(_Old(self.next_id, one.text, one.lead, (one.start, one.end, one.page)))
                self.next_id += 1
        self._cursor.executemany(
            "INSERT INTO passage_passage (id, document, opened, lead, text) VALUES (?, ?, ?, ?, ?)",
            [(new.id, document, number, new.lead, new.text) for new in added],
        )
        moved += [(new.id, number, *new.place) for new in added]
        self._cursor.executemany(
            'INSERT INTO passage_place (passage, version, start, "end", page) VALUES (?, ?, ?, ?, ?)', moved
        )
        self._dialect.index(
            self._cursor, "passage_open", [(new.id, index_text(new.text), index_text(new.lead)) for new in added]
        )
        self.fresh += added
        return added, kept, sorted((old for rest in standing.values() for old in rest), key=lambda old: old.id)

    def _close(self, document: int, number: int, gone: Sequence[_Old], added: Sequence[_Old]) -> None:
        """End the transaction time of passages, each with the one that seems to have taken its place."""
        taken = successors(gone, added)
        self._cursor.executemany(
            "UPDATE passage_passage SET closed = ?, successor = ? WHERE id = ? AND document = ?",
            [(number, taken.get(old.id), old.id, document) for old in gone],
        )
        self._dialect.unindex(self._cursor, "passage_open", [old.id for old in gone])
        self._dialect.index(
            self._cursor, "passage_former", [(old.id, index_text(old.text), index_text(old.lead)) for old in gone]
        )
        self.closed += len(gone)

    def _version(
        self, head: _Head, number: int, state: str, *, digest: str, authority: int, reason: str | None = None,
        effective: str | None = None,
    ) -> None:  # fmt: skip
        since, text = self.stated or self._own_date(head, effective) or (
            self.noticed if number > 1 or self._replacing else (None, None)
        )  # fmt: skip
        self._cursor.execute(
            "INSERT INTO doc_version (document, number, state, digest, authority, effective, effective_text, recorded, "
            "reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (head.document, number, state, digest, authority, since, text, self.now, reason),
        )

    def _own_date(self, head: _Head, written: str | None) -> tuple[int, str] | None:
        """Return the date that a document gives itself, if it is later than that of the version before.

        One that is not was left as it was, and says nothing of this change.
        """
        if written is None:
            return None
        before = self._rows("SELECT max(effective) FROM doc_version WHERE document = ?", (head.document,))[0][0]
        since = to_micros(Moment.parse(written).start)
        return (since, written) if before is None or since > before else None

    def _open(self, document: int) -> list[_Old]:
        rows = self._rows(_OPEN, (document,))
        return [_Old(id_, text, lead, (start, end, page)) for id_, text, lead, start, end, page in rows]

    def _rows(self, sql: str, params: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._cursor.execute(sql, params).fetchall()
        return rows
