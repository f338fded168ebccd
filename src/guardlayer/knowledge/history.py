"""Take in a folder of documents with its git history: every revision a version of its sources, dated by its commit.

Nobody types in when a statement began to hold and when it ceased to: the history of the page knows. What is read is
held in memory as a :class:`Timeline` and written in one transaction (``docs/design/history.md``).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from guardlayer.errors import ConfigError, InputError, KnowledgeError, StoreError
from guardlayer.knowledge.documents import FORMATS, Slice, kinds, missing, parse
from guardlayer.knowledge.git import Change, Repository, Revision
from guardlayer.knowledge.ingest import MAX_BYTES, Progress
from guardlayer.knowledge.ingested import IngestResult
from guardlayer.knowledge.intake.facts import Found, as_before, facts_of
from guardlayer.knowledge.intake.mapping import Facts, Wanted
from guardlayer.knowledge.intake.revisions import HistoryFacts
from guardlayer.knowledge.micros import to_micros
from guardlayer.knowledge.reading import shown
from guardlayer.knowledge.recording import Mark, Recorder, relative
from guardlayer.knowledge.sources import checked_authority
from guardlayer.knowledge.statement import cleaned
from guardlayer.knowledge.store import Store
from guardlayer.knowledge.timeline import Page, Part, Stamp, Timeline
from guardlayer.temporal import When, instant

_SCHEME = "git+file://"
_SHOWN = 12  # digits of a commit that name a version
_SECOND = 1_000_000

_HEADS = """
SELECT d.id, d.source, d.uri, v.number, v.state, v.digest, v.authority
FROM doc_document AS d JOIN doc_version AS v ON v.document = d.id
    AND v.number = (SELECT max(number) FROM doc_version WHERE document = d.id)
WHERE d.source = ?1 OR substr(d.source, 1, length(?1) + 1) = ?1 || '/' ORDER BY d.id
"""
_OPEN = """
SELECT p.id, p.text, p.lead, l.start, l."end", l.page
FROM passage_passage AS p JOIN passage_place AS l ON l.passage = p.id
    AND l.version = (SELECT max(version) FROM passage_place WHERE passage = p.id)
WHERE p.document = ? AND p.closed IS NULL ORDER BY l.start
"""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database holds of a source."""

    mark: Mark | None
    heads: tuple[tuple[Any, ...], ...]
    asked: str | None = None

    @classmethod
    def of(cls, store: Store, source: str) -> _Known:
        marks = store.read(
            "SELECT source, repository, folder, head, reached FROM doc_history WHERE source = ?", (source,)
        )
        asked = store.read("SELECT asked FROM settled WHERE source = ?", (source,))
        heads = tuple(store.read(_HEADS, (source,)))
        return cls(Mark(*marks[0]) if marks else None, heads, asked[0][0] if asked else None)


def ingest_git(
    store: Store,
    repo: str | os.PathLike[str],
    path: str = "docs/",
    *,
    source: str | None = None,
    authority: int | None = None,
    since: When | None = None,
    facts: Facts | None = None,
    progress: Progress | None = None,
    max_bytes: int = MAX_BYTES,
) -> IngestResult:
    """Read a folder of documents through its git history: each revision is a version, dated by its commit.

    What a page said last year and says no more stands as superseded from the day of the commit on, with what took
    its place; renamed files keep their identity. Again, it reads only commits that are new. Of merges the first
    parent is followed, and the checked-out branch (``HEAD``) is what counts.

    Args:
        store: The database.
        repo: The top folder of a working tree, or a bare repository; a bundle has to be cloned first.
        path: The folder within it, or a single file; ``""`` for all of it.
        source: First part of the ids of its documents. Default: the name of the repository and the folder.
        authority: Rank of the sources; kept as it is if not given, 0 at first.
        since: Read no older changes: what stood then counts as having stood before too. It also is the date from
            which a history counts that was rewritten since it was read.
        facts: Record keyed facts as well: ``"auto"`` by the shape of tables and ``key: value`` lines, a mapping or
            several by their columns, ``"none"`` to end those recorded before. Not given, it is done as the last time;
            at first nothing is taken. Another question than the last time is put to the whole history.
        progress: Called with revisions read, revisions in all, and the commit.
        max_bytes: Largest content read; larger ones are skipped.

    Raises:
        ConfigError: ``facts`` is not known, there is no ``git``, or the source was read from another folder.
        InputError: There is no such repository, or nothing was ever in the folder.
        KnowledgeError: The history was rewritten, so that what was read before is no part of it.
        StoreError: The database cannot be written; nothing is kept.
    """
    root, folder = Path(repo), _folder(path)
    rank = None if authority is None else checked_authority(authority)
    start = None if since is None else to_micros(instant(since, what="since"))
    name = cleaned(source, what="source") if source is not None else _default_name(root, folder)
    with Repository(root) as repository:
        known = _Known.of(store, name)
        wanted = Wanted.of(facts) if facts is not None else as_before(store, name, None)
        taken = wanted if wanted is not None and wanted.takes else None
        reading = _Reading(store, repository, name, folder, known, authority=rank, max_bytes=max_bytes, facts=taken)
        mark = reading.run(start, progress)
        again = None
        if taken is not None and known.mark is not None and known.asked != taken.digest:
            nothing = _Known(None, ())
            again = _Reading(store, repository, name, folder, nothing, max_bytes=max_bytes, facts=taken, passages=False)
            again.run(start, progress)
        with store.write() as cursor:
            if _Known.of(store, name) != known:
                raise StoreError(
                    f"{store.name}: {name!r} was written by somebody else while its history was read; nothing of this "
                    "reading was kept, run it again"
                )
            pages = reading.timeline.pages
            result = Recorder(cursor, store.dialect, store.tick(), mark).record(pages, reading.skipped)
            if wanted is None:
                return result
            told = HistoryFacts(store, cursor, source=name, repository=reading.uri)
            told.remember(taken, mark.reached)
            if taken is None:
                return replace(result, facts=told.end(pages, mark.reached))
            settled = told.record(pages) if again is None else told.record_again(pages, again.timeline.pages)
            return replace(result, facts=settled)


class _Reading:
    """One walk along a history.

    Attributes:
        timeline: The documents.
        skipped: What was not read, by path.
    """

    def __init__(
        self,
        store: Store,
        repository: Repository,
        source: str,
        folder: bytes,
        known: _Known,
        *,
        max_bytes: int,
        authority: int | None = None,
        facts: Wanted | None = None,
        passages: bool = True,
    ) -> None:
        self._facts = facts
        self._passages = passages
        self._repository = repository
        self._folder = folder
        self._mark = known.mark
        self._now = to_micros(store.now())
        self._max_bytes = max_bytes
        self.authority = authority
        self.source = source
        self.uri = _SCHEME + quote(os.fsencode(repository.path.resolve()))
        self.skipped: dict[bytes, str] = {}
        self.timeline = Timeline(_pages(known.heads, source), lambda document: _parts(store, document))
        if self._mark is not None and self._mark.folder != quote(folder):
            raise ConfigError(
                f"{source!r} was read from {unquote_to_bytes(self._mark.folder).decode(errors='replace') or '.'}; pass "
                "that path=, or another source= for another folder"
            )

    def run(self, since: int | None, progress: Progress | None) -> Mark:
        """Take every revision that is new into the timeline, and return how far that is.

        Raises:
            KnowledgeError: What was read before is no part of this history.
            InputError: There is nothing to read.
        """
        mark, repository = self._mark, self._repository
        rewritten = mark is not None and not repository.holds(mark.head)
        if mark is not None and rewritten and since is None:
            raise KnowledgeError(
                f"the history of {shown(repository.path)} was rewritten, or this is another repository: "
                f"{mark.head[:_SHOWN]}, up to which {self.source!r} was read, is not in it; fetch it if the clone is "
                "shallow, pass since= with the date from which the new history counts, or read it as another source="
            )
        after = mark.head if mark is not None and not rewritten else None
        revisions = repository.revisions(self._folder, after=after)
        tree = repository.empty_tree() if after is None else repository.tree(after)
        base = _base(revisions, since) if after is None else 0
        undated = after is None and (base > 0 or repository.shallow)
        changes = list(repository.changes(tree, revisions[base:], self._folder))
        if mark is None and not any(changed for _, changed in changes):
            raise InputError(
                f"nothing was ever in {self._folder.decode(errors='replace') or '.'}; name the folder with path=",
                path=shown(repository.path),
            )
        sizes = repository.sizes({one.blob for _, changed in changes for one in changed if self._wanted(one)})
        reached = mark.reached if mark is not None else 0
        if rewritten and since is not None:
            reached = max(reached, min(since, self._now))
            self._replace_all(changes[0][1], Stamp(reached, revisions[base].commit[:_SHOWN]))
        for number, (revision, changed) in enumerate(changes):
            reached = max(reached, min(revision.seconds * _SECOND, self._now))
            first = undated and number == 0 and not rewritten
            self._revise(changed, Stamp(None if first else reached, revision.commit[:_SHOWN]), sizes)
            if progress is not None:
                progress(number + 1, len(changes), revision.commit[:_SHOWN])
        self._close_doubtful()
        if self.authority is not None:
            self.timeline.rank(self.authority, Stamp(reached, repository.head[:_SHOWN]))
        return Mark(self.source, self.uri, quote(self._folder), repository.head, reached)

    def _replace_all(self, present: Iterable[Change], stamp: Stamp) -> None:
        """Begin a rewritten history: what is not in its first state is gone."""
        here = {change.path for change in present if self._wanted(change)}
        for page in list(self.timeline.pages):
            if page.path not in here:
                self.timeline.end(page.path, "removed", stamp)

    def _revise(self, changed: Sequence[Change], stamp: Stamp, sizes: dict[str, int]) -> None:
        timeline = self.timeline
        timeline.move([(o.former, o.path) for o in changed if o.former is not None and self._wanted(o)], stamp)
        ended: list[bytes] = []
        taken = {one.path for one in changed if self._wanted(one)}
        for one in changed:
            if one.former is not None:
                self.skipped.pop(one.former, None)
                ended.append(one.former)
            self.skipped.pop(one.path, None)
            if self._wanted(one):
                self._take_in(one, stamp, sizes)
                continue
            ended.append(one.path)
            if one.status != "D":
                self.skipped[one.path] = self._unwanted(one) or ""
        for path in ended:
            if path not in taken:
                timeline.end(path, "removed", stamp)
        timeline.settle()

    def _take_in(self, one: Change, stamp: Stamp, sizes: dict[str, int]) -> None:
        page = self.timeline.page(one.path)
        try:
            parts, digest, found = self._parts_of(one, sizes)
        except InputError as error:
            self.skipped[one.path] = f"revision {stamp.label}: {error}"
            if page is not None and page.present and page.doubt is None:
                page.doubt = (stamp, str(error))
            return
        self.timeline.take_in(one.path, digest, parts, stamp, self.authority, found)

    def _parts_of(self, one: Change, sizes: dict[str, int]) -> tuple[tuple[Slice, ...], str, Found | None]:
        size = sizes.get(one.blob)
        if size is None:
            raise InputError("is not in this clone; clone the repository whole (without --filter)")
        if size > self._max_bytes:
            raise InputError(f"has {size:,} bytes; at most {self._max_bytes:,} are read")
        data = self._repository.content(one.blob)
        document = parse(data, shown(os.fsdecode(one.path)))
        found = None if self._facts is None else facts_of(document, self._facts)
        parts = tuple(document.parts()) if self._passages else ()
        return parts, "sha256:" + hashlib.sha256(data).hexdigest(), found

    def _close_doubtful(self) -> None:
        """Vouch no longer for documents whose newest content cannot be read."""
        for page in self.timeline.pages:
            if page.doubt is not None:
                stamp, reason = page.doubt
                self.timeline.end(page.path, "retracted", stamp, f"revision {stamp.label} could not be read: {reason}")

    def _wanted(self, one: Change) -> bool:
        return one.status != "D" and self._unwanted(one) is None

    def _unwanted(self, one: Change) -> str | None:
        if one.special is not None:
            return one.special
        path = PurePosixPath(shown(os.fsdecode(relative(one.path, self._folder))))
        if any(part.startswith(".") for part in path.parts):
            return "hidden"
        if path.suffix.lower() in FORMATS:
            return missing(path.name)
        return f"{path.suffix or 'no file type'} is not among the types read ({kinds()})"


def _pages(heads: Sequence[tuple[Any, ...]], source: str) -> list[Page]:
    pages = []
    for document, name, uri, number, state, digest, authority in heads:
        if not uri.startswith(_SCHEME):
            raise InputError(
                f"source {source!r} already stands for documents that were not read from git ({uri}); pass another "
                "source="
            )
        path = unquote_to_bytes(uri.partition("#")[2])
        known = state == "present"
        pages.append(Page(path, number, state, digest, authority, document, name, known=known))
    return pages


def _parts(store: Store, document: int) -> list[Part]:
    return [Part(id_, text, lead, tuple(place)) for id_, text, lead, *place in store.read(_OPEN, (document,))]


def _base(revisions: Sequence[Revision], since: int | None) -> int:
    """Return the index of the revision that was in force at ``since``; what went before it is not read."""
    if since is None:
        return 0
    before = [index for index, revision in enumerate(revisions) if revision.seconds * _SECOND <= since]
    return before[-1] if before else 0


def _folder(path: str) -> bytes:
    """Return a folder as git names it, relative to the top of the repository."""
    parts = PurePosixPath(path).parts
    if "\0" in path or path.startswith("/") or ".." in parts:
        raise InputError(f"path {path!r} is not a folder below the top of the repository; write it as docs/")
    return os.fsencode("/".join(parts))


def _default_name(root: Path, folder: bytes) -> str:
    top = root.resolve()
    name = (top.parent.name if top.name == ".git" else top.name).removesuffix(".git")
    return cleaned(shown("/".join(part for part in (name, os.fsdecode(folder)) if part)), what="source")
