"""Write what the reading of a history found: versions, passages and how far it was read, in one transaction."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from guardlayer.knowledge.ingested import IngestedFile, IngestResult
from guardlayer.knowledge.micros import from_micros, to_micros
from guardlayer.knowledge.ranking import index_text
from guardlayer.knowledge.reading import SkippedFile, shown
from guardlayer.knowledge.store import Cursor, Dialect
from guardlayer.knowledge.timeline import FRESH, Page


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a history was read.

    Attributes:
        source: First part of the ids of its documents.
        repository: URI of the repository.
        folder: The part of it that is read, percent-encoded.
        head: The commit up to which it was read.
        reached: Valid time of that, in microseconds.
    """

    source: str
    repository: str
    folder: str
    head: str
    reached: int


class Recorder:
    """Writes inside an open transaction.

    Args:
        cursor: Of the transaction.
        dialect: Of its database.
        now: Its transaction time.
        mark: How far the history was read.
    """

    def __init__(self, cursor: Cursor, dialect: Dialect, now: datetime, mark: Mark) -> None:
        self._cursor = cursor
        self._dialect = dialect
        self._now = to_micros(now)
        self._mark = mark
        self._base = 1 + (self._one("SELECT max(id) FROM passage_passage") or 0) - FRESH

    def record(self, pages: Sequence[Page], skipped: Mapping[bytes, str]) -> IngestResult:
        """Write the documents, and how far they were read."""
        mark, folder = self._mark, unquote_to_bytes(self._mark.folder)
        pages = sorted(pages, key=lambda page: not page.present)
        taken = {page.source for page in pages if page.source is not None}
        files = []
        for page in pages:
            uri = f"{mark.repository}#{quote(page.path)}"
            if page.document is None:
                page.source = _free(f"{mark.source}/{shown(os.fsdecode(relative(page.path, folder)))}", taken)
                taken.add(page.source)
                added = "INSERT INTO doc_document (source, uri) VALUES (?, ?) RETURNING id"
                page.document = int(self._one(added, (page.source, uri)))
                files.append(self._page(page, page.document, "new"))
            else:
                self._run("UPDATE doc_document SET uri = ?1 WHERE id = ?2 AND uri <> ?1", [(uri, page.document)])
                if page.versions or page.present:
                    files.append(self._page(page, page.document, "changed" if page.versions else "unchanged"))
        fresh = sum(len(page.fresh) for page in pages)
        closed = sum(len(page.gone) for page in pages)
        if fresh or closed:
            self._run(
                "UPDATE passage_state SET open = open + ?, former = former + ?, epoch = epoch + 1",
                [(fresh - closed, closed)],
            )
        self._run(
            "INSERT INTO doc_history (source, repository, folder, head, reached) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (source) DO UPDATE SET repository = excluded.repository, folder = excluded.folder, "
            "head = excluded.head, reached = excluded.reached",
            [(mark.source, mark.repository, mark.folder, mark.head, mark.reached)],
        )
        unread = sorted((shown(os.fsdecode(path)), reason) for path, reason in skipped.items())
        files.sort(key=lambda file: file.source)
        return IngestResult(tuple(files), tuple(SkippedFile(*one) for one in unread))

    def _page(self, page: Page, document: int, status: str) -> IngestedFile:
        path, source = shown(os.fsdecode(page.path)), page.source or ""
        if not page.versions:
            kept = self._one("SELECT count(*) FROM passage_passage WHERE document = ? AND closed IS NULL", (document,))
            version = self._one(
                "SELECT coalesce(label, CAST(number AS TEXT)) FROM doc_version WHERE document = ? AND number = ?",
                (document, page.number),
            )
            return IngestedFile(source, path, str(version), status, kept=kept)
        self._run(
            "INSERT INTO doc_version (document, number, state, digest, authority, effective, effective_text, recorded, "
            "reason, label) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    document, v.number, v.state, v.digest, v.authority, v.stamp.effective, _day(v.stamp.effective),
                    self._now, v.reason, v.stamp.label,
                )
                for v in page.versions
            ],
        )  # fmt: skip
        fresh, parts = page.fresh, page.parts or []
        self._run(
            "INSERT INTO passage_passage (id, document, opened, closed, successor, lead, text) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (self._id(one.id), document, one.opened, one.closed, self._id(one.successor), one.lead, one.text)
                for one in fresh
            ],
        )
        self._run(
            "UPDATE passage_passage SET closed = ?, successor = ? WHERE id = ? AND document = ?",
            [(one.closed, self._id(one.successor), one.id, document) for one in page.gone if one.opened is None],
        )
        known = [one for one in (*parts, *page.gone) if one.opened is None]
        self._run("UPDATE passage_passage SET text = ? WHERE id = ?", [(o.text, o.id) for o in known if o.reflowed])
        self._run(
            'INSERT INTO passage_place (passage, version, start, "end", page) VALUES (?, ?, ?, ?, ?)',
            [(self._id(one.id), one.placed, *one.place) for one in (*parts, *page.gone) if one.placed is not None],
        )
        self._dialect.unindex(self._cursor, "passage_open", [one.id for one in page.gone if one.opened is None])
        for table, rows in (("open", [one for one in parts if one.opened is not None]), ("former", page.gone)):
            words = [(self._number(one.id), index_text(one.text), index_text(one.lead)) for one in rows]
            self._dialect.index(self._cursor, f"passage_{table}", words)
        kept = sum(one.opened is None for one in parts)
        status = status if page.present else "removed"
        label = page.versions[-1].stamp.label
        return IngestedFile(source, path, label, status, len(fresh), kept, len(page.gone))

    def _id(self, number: int | None) -> int | None:
        return None if number is None else self._number(number)

    def _number(self, number: int) -> int:
        return number if number < FRESH else number + self._base

    def _run(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        self._cursor.executemany(sql, rows)

    def _one(self, sql: str, params: tuple[Any, ...] = ()) -> Any:
        return self._cursor.execute(sql, params).fetchall()[0][0]


def _free(name: str, taken: set[str]) -> str:
    """Return the name, numbered if a document that has since moved away bears it."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free


def relative(path: bytes, folder: bytes) -> bytes:
    """Return a path below the folder that is read; a single file that was named is called by its name."""
    if not folder:
        return path
    return path[len(folder) + 1 :] if path.startswith(folder + b"/") else path.rpartition(b"/")[2]


def _day(effective: int | None) -> str | None:
    """Return the day in UTC: no more precise than anybody needs to know when a page changed."""
    return None if effective is None else from_micros(effective).astimezone(UTC).date().isoformat()
