"""What taking in documents came to, file by file."""

from __future__ import annotations

from dataclasses import dataclass, field

from guardlayer.knowledge.intake.register import Settled
from guardlayer.knowledge.reading import SkippedFile


@dataclass(frozen=True, slots=True)
class IngestedFile:
    """What became of one document.

    Attributes:
        source: Id of the source it is.
        path: The file; for one that was removed or superseded, its URI.
        version: Version of the source after the call.
        status: ``new``, ``changed``, ``unchanged``, ``removed`` (the file is gone) or ``superseded``.
        added: Passages that are new in this version.
        kept: Passages that were there before and still are.
        closed: Passages that are no longer in the source and now stand as superseded.
    """

    source: str
    path: str
    version: str
    status: str
    added: int = 0
    kept: int = 0
    closed: int = 0


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What a call of ``ingest`` did, file by file, and what it did not read."""

    files: tuple[IngestedFile, ...]
    skipped: tuple[SkippedFile, ...] = ()
    facts: Settled = field(default_factory=Settled)

    @property
    def added(self) -> int:
        """Passages that are new."""
        return sum(file.added for file in self.files)

    @property
    def kept(self) -> int:
        """Passages that were there before and still are."""
        return sum(file.kept for file in self.files)

    @property
    def closed(self) -> int:
        """Passages that now stand as superseded."""
        return sum(file.closed for file in self.files)

    def __str__(self) -> str:
        return (
            f"{len(self.files)} files: {self.added} passages added, {self.kept} kept, {self.closed} superseded; "
            f"{len(self.skipped)} files skipped" + (f"; {self.facts}" if self.facts != Settled() else "")
        )
