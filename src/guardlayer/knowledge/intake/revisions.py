"""Keyed facts through a history: what each revision of a page states, with the commit as the version of its source.

A page is heard revision by revision, as a document is that is read again and again: a value that is another one has
taken over on the day of the commit, what is gone has ended on it. What a page states in a revision is read with the
page; only what differs from the revision before is looked at again here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING
from urllib.parse import quote

from guardlayer.knowledge.intake.facts import Found
from guardlayer.knowledge.intake.register import Register, Settled, Since, Stated
from guardlayer.knowledge.micros import from_micros
from guardlayer.knowledge.writer import Writer
from guardlayer.types import Source

if TYPE_CHECKING:
    from guardlayer.knowledge.intake.mapping import Wanted
    from guardlayer.knowledge.store import Cursor, Store
    from guardlayer.knowledge.timeline import Page, Version


def unchanged(found: Found, before: Found | None) -> Found | None:
    """Return what a revision states, in the words of the one before it where it says the same.

    Returns:
        ``None`` where it states nothing else than the one before; where that merely stands elsewhere, a value still
        was first said where it was first said.
    """
    if before is None:
        return found
    known = {_said(stated): stated for stated in before.statements}
    statements = tuple(known.get(_said(stated), stated) for stated in found.statements)
    if set(map(id, statements)) == set(map(id, before.statements)) and found.left_out == before.left_out:
        return None
    return Found(statements, found.left_out)


def _said(stated: Stated) -> tuple[object, ...]:
    """Return a statement without its place."""
    return (
        stated.entity, stated.attribute, stated.value, stated.qualifiers, stated.valid_from, stated.valid_to,
        stated.aliases, stated.type, stated.single,
    )  # fmt: skip


class HistoryFacts:
    """Records what the pages of a history state, within one open write.

    Args:
        store: The store whose write is open.
        cursor: Of that write.
        source: The first part of the ids of its pages.
        repository: URI of the repository.
    """

    def __init__(self, store: Store, cursor: Cursor, *, source: str, repository: str) -> None:
        self._cursor = cursor
        self._writer = Writer(store, cursor)
        self._source = source
        self._repository = repository

    def record(self, pages: Iterable[Page]) -> Settled:
        """Hear what was new in each page."""
        return _sum(self._hear(page, page.versions) for page in pages)

    def record_again(self, pages: Sequence[Page], again: Iterable[Page]) -> Settled:
        """Hear a whole history once more, in place of what was recorded of it by another question.

        What somebody has corrected stands; all else is withdrawn first, and is recorded as it is read now.

        Args:
            pages: The pages as they are known.
            again: The same pages, with all their versions.
        """
        known: dict[tuple[bytes, bool], list[Page]] = defaultdict(list)
        for page in pages:
            known[page.path, page.present].append(page)
            self._withdraw(page)
        done = Settled()
        for page in again:
            same = known.get((page.path, page.present))
            if same:  # a page that had ended before the history was read from is known to nobody
                done += self._hear(page, page.versions, known=same.pop(0), heard=True)
        return done

    def end(self, pages: Iterable[Page], reached: int) -> Settled:
        """End everything that is recorded, as of when the history was read."""
        done = Settled()
        for page in pages:
            register = Register(self._writer, self._cursor, self._described(page, None), strict=False)
            done += register.settle(_since(reached))
            register.close()
        return done

    def remember(self, wanted: Wanted | None, reached: int) -> None:
        """Keep what was asked, for the next reading; ``None`` where nothing is to be asked."""
        if wanted is None:
            self._cursor.execute("DELETE FROM settled WHERE source = ?", (self._source,))
            return
        self._cursor.execute(
            "INSERT INTO settled (source, asked, reached, how) VALUES (?, ?, ?, ?) ON CONFLICT (source) DO UPDATE "
            "SET asked = excluded.asked, reached = excluded.reached, how = excluded.how",
            (self._source, wanted.digest, reached, wanted.how),
        )

    def _hear(
        self, page: Page, versions: Sequence[Version], *, known: Page | None = None, heard: bool = False
    ) -> Settled:
        told = [version for version in versions if version.found is not None or version.state != "present"]
        if not told:
            return Settled()
        named = known or page
        register = Register(
            self._writer, self._cursor, self._described(named, told[0]), strict=False, heard=heard
        )  # fmt: skip
        if not page.known:
            register.forget()
        done = Settled()
        for version in told:
            register.revise(self._described(named, version))
            done = replace(done, kept=0)  # what stood in the last of them
            if version.found is None and version.state == "retracted":
                done += register.withdraw(version.reason or "cannot be read")
                continue
            found = version.found or Found(())
            for stated in found.statements:
                register.take(stated)
            done += register.settle(_since(version.stamp.effective))
            done += Settled(left_out=found.left_out)
        register.close()
        return done

    def _withdraw(self, page: Page) -> None:
        for row in self._writer.live_of_source(page.source or "") or ():
            if not row.corrected:
                self._writer.withdraw(row, "retract", author=None, reason="read again, by another question")
        self._cursor.execute("DELETE FROM stated WHERE source = ?", (page.source,))

    def _described(self, page: Page, version: Version | None) -> Source:
        # The day of the commit is that of the facts which have none of their own, and does not bound the others.
        return Source(
            page.source or "",
            f"{self._repository}#{quote(page.path)}",
            version.stamp.label if version is not None else None,
            page.authority,
            digest=version.digest or None if version is not None else None,
        )


def _since(at: int | None) -> Since:
    """Return since when a version counts: its instant, shown as the day in UTC."""
    return Since() if at is None else Since(at, from_micros(at).astimezone(UTC).date().isoformat())


def _sum(several: Iterator[Settled]) -> Settled:
    return sum(several, Settled())
