"""Keyed facts out of documents: what a document states by its shape, settled whenever a version of it is taken in."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from guardlayer.knowledge.documents import Document
from guardlayer.knowledge.intake import auto, shapes
from guardlayer.knowledge.intake.mapping import Wanted
from guardlayer.knowledge.intake.register import Register, Settled, Since, Stated
from guardlayer.knowledge.store import Cursor, Store
from guardlayer.knowledge.writer import Writer
from guardlayer.types import Source

_VERSION = """
SELECT d.uri, v.number, coalesce(v.label, CAST(v.number AS TEXT)), v.state, v.digest, v.authority, v.effective,
       v.effective_text, (SELECT o.state FROM doc_version AS o WHERE o.document = d.id AND o.number = v.number - 1)
FROM doc_document AS d JOIN doc_version AS v ON v.document = d.id
    AND v.number = (SELECT max(number) FROM doc_version WHERE document = d.id)
WHERE d.source = ?
"""


@dataclass(frozen=True, slots=True)
class Found:
    """The facts of one document.

    Attributes:
        statements: What it states.
        left_out: What it states in a way that does not decide it, and why.
    """

    statements: tuple[Stated, ...]
    left_out: tuple[str, ...] = ()


def facts_of(document: Document, wanted: Wanted) -> Found:
    """Return the facts of a document: by its shape, or by the mappings that apply to its tables."""
    blocks = shapes.blocks(document)
    if wanted.auto:
        stated, left_out = auto.statements(blocks)
        return Found(tuple(stated), tuple(left_out))
    return Found(
        tuple(
            one
            for block in blocks
            for mapping in wanted.mappings
            if mapping.applies(block)
            for one in mapping.statements(block)
        )
    )


def as_before(store: Store, source: str, folder: str | None) -> Wanted | None:
    """Return what was taken from a document the last time, or from all others of its folder; ``None`` for nothing."""
    rows = store.read("SELECT how FROM settled WHERE source = ?", (source,))
    if not rows and folder is not None:
        prefix = f"{folder}/"
        rows = store.read(
            "SELECT DISTINCT how FROM settled WHERE substr(source, 1, length(?1)) = ?1 LIMIT 2", (prefix,)
        )
    return Wanted.of(json.loads(rows[0][0])) if len(rows) == 1 else None


class DocumentFacts:
    """Records what documents state, within one open write.

    Args:
        store: The store whose write is open.
        cursor: Of that write.
        wanted: Which facts are taken; ``None`` where only those of documents that have ended are to be closed.
    """

    def __init__(self, store: Store, cursor: Cursor, wanted: Wanted | None) -> None:
        self._cursor = cursor
        self._wanted = wanted
        self._writer = Writer(store, cursor)
        self.settled = Settled()

    def asked(self, source: str, digest: str) -> bool:
        """Say whether this content of a document has been settled by the same question."""
        row = self._cursor.execute("SELECT asked FROM settled WHERE source = ?", (source,)).fetchall()
        return bool(row) and row[0][0] == self._question(digest)

    def settle(self, source: str, found: Found) -> None:
        """Record what the newest version of a document states.

        Raises:
            GuardlayerError: A declared fact cannot be recorded.
        """
        assert self._wanted is not None
        uri, _, label, _, digest, authority, effective, text, before = self._version(source)
        # The date of the version is that of the facts which have none of their own, and does not bound the others.
        version = Source(source, uri, str(label), authority, digest=digest)
        register = Register(self._writer, self._cursor, version, strict=not self._wanted.auto)
        if before is not None and before != "present":
            register.forget()
        for stated in found.statements:
            register.take(stated)
        self.settled += register.settle(Since(effective, text))
        self.settled += Settled(left_out=found.left_out)
        register.close()
        self._remember(source, self._question(digest), effective)

    def end(self, source: str) -> None:
        """Record that a document says nothing any more, as of its last version."""
        known = self._cursor.execute("SELECT 1 FROM stated WHERE source = ? LIMIT 1", (source,)).fetchall()
        if known:
            uri, _, label, _, _, authority, effective, text, _ = self._version(source)
            version = Source(source, uri, str(label), authority)
            register = Register(self._writer, self._cursor, version, strict=True)
            self.settled += register.settle(Since(effective, text))
            register.close()
        self._cursor.execute("DELETE FROM settled WHERE source = ?", (source,))

    def _version(self, source: str) -> tuple[str, int, str, str, str, int, int | None, str | None, str | None]:
        row: tuple[str, int, str, str, str, int, int | None, str | None, str | None]
        row = self._cursor.execute(_VERSION, (source,)).fetchall()[0]
        return row

    def _question(self, digest: str) -> str:
        wanted = self._wanted.digest if self._wanted is not None else ""
        return hashlib.sha256(f"{wanted}\0{digest}".encode()).hexdigest()

    def _remember(self, source: str, asked: str, reached: int | None) -> None:
        self._cursor.execute(
            "INSERT INTO settled (source, asked, reached, how) VALUES (?, ?, ?, ?) ON CONFLICT (source) DO UPDATE "
            "SET asked = excluded.asked, reached = excluded.reached, how = excluded.how",
            (source, asked, reached, self._wanted.how if self._wanted is not None else ""),
        )
