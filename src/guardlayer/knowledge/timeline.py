"""The documents of a folder as their revisions go by, in memory: which passage stood from which version to which.

Only what comes of it is written, in one short transaction: nobody waits while a history is read, and nobody sees it
half-read, with the passages of years ago as current ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from guardlayer.knowledge.documents import Slice
from guardlayer.knowledge.intake.facts import Found
from guardlayer.knowledge.intake.revisions import unchanged
from guardlayer.knowledge.succession import successors

FRESH = 1 << 60
"""Numbers from here on stand for passages that get their id when they are written."""

_ELSEWHERE = 0.5
"""Least share of common words between a passage and one of another document that takes its place."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A revision as the versions of documents show it.

    Attributes:
        effective: Valid time from which it holds, in microseconds; ``None`` if that is not known.
        label: What the source itself calls it.
    """

    effective: int | None
    label: str


@dataclass(slots=True)
class Part:
    """A passage over time.

    Attributes:
        id: Its id, or a number from :data:`FRESH` on.
        text: What it says.
        lead: What stands above it.
        place: Where it stands in the last version that holds it: start, end, page.
        opened: The version that brought it; ``None`` if an earlier reading did.
        placed: The version since which it stands there, if this reading saw it move.
        closed: The version in which it is gone.
        successor: The passage that took its place.
        reflowed: Whether its lines are broken elsewhere than when it was recorded.
    """

    id: int
    text: str
    lead: str
    place: tuple[int, int, int | None]
    opened: int | None = None
    placed: int | None = None
    closed: int | None = None
    successor: int | None = None
    reflowed: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a document, as it will be written.

    Attributes:
        number: Counted from 1.
        state: ``present``, or how the document ended.
        digest: Of its content.
        authority: Its rank.
        stamp: The revision.
        reason: Why it ended.
        found: The keyed facts that it states; ``None`` where it states what the version before did.
    """

    number: int
    state: str
    digest: str
    authority: int
    stamp: Stamp
    reason: str | None = None
    found: Found | None = None


@dataclass(slots=True)
class Page:
    """A document over time.

    Attributes:
        path: Where it is in the repository, or was last.
        number: Its newest version.
        state: What that is: ``present``, or how it ended.
        digest: Of its newest content.
        authority: Its rank.
        document: Its id, if an earlier reading knew it.
        source: The id of its source, if it has one yet.
        parts: What it holds now; ``None`` until it is needed.
        gone: What this reading closed.
        versions: What this reading found.
        doubt: Since when, and why, its content cannot be read.
        known: Whether it stood when this reading began.
        found: The keyed facts of its newest version, as far as this reading saw it.
    """

    path: bytes
    number: int = 0
    state: str = "absent"
    digest: str = ""
    authority: int = 0
    document: int | None = None
    source: str | None = None
    parts: list[Part] | None = None
    gone: list[Part] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    doubt: tuple[Stamp, str] | None = None
    known: bool = False
    found: Found | None = None

    @property
    def present(self) -> bool:
        """Whether it stands."""
        return self.state == "present"

    @property
    def fresh(self) -> list[Part]:
        """Passages that this reading brought, those included that it saw go."""
        return [part for part in (*(self.parts or ()), *self.gone) if part.opened is not None]


class Timeline:
    """Documents, and what each revision makes of them.

    Args:
        pages: Documents that are known.
        load: Returns the passages that stand open in a document.
    """

    def __init__(self, pages: Sequence[Page], load: Callable[[int], list[Part]]) -> None:
        self.pages = list(pages)
        self._load = load
        self._next = FRESH
        self._at = {page.path: page for page in self.pages if not page.present}
        self._at |= {page.path: page for page in self.pages if page.present}
        self._added: list[Part] = []
        self._lost: list[Part] = []

    def page(self, path: bytes) -> Page | None:
        """Return the document at ``path``, or the last one that was."""
        return self._at.get(path)

    def move(self, moves: Sequence[tuple[bytes, bytes]], stamp: Stamp) -> None:
        """Rename documents, all at once, so that two may change places; one whose place is taken has ended."""
        moved = [(new, self._at.pop(old)) for old, new in moves if old in self._at]
        for new, page in moved:
            self.end(new, "removed", stamp)
            page.path = new
            self._at[new] = page

    def take_in(  # noqa: PLR0917 - what a revision says of a document
        self, path: bytes, digest: str, cuts: Sequence[Slice], stamp: Stamp, authority: int | None,
        found: Found | None = None,
    ) -> None:  # fmt: skip
        """Give a document its next version."""
        page = self._at.get(path)
        if page is None:
            page = self._at[path] = Page(path, parts=[])
            self.pages.append(page)
        page.doubt = None
        rank = page.authority if authority is None else authority
        if page.present and page.digest == digest and page.authority == rank:
            return
        page.number, page.state, page.digest, page.authority = page.number + 1, "present", digest, rank
        told = None if found is None else unchanged(found, page.found)
        page.found = told or page.found
        page.versions.append(Version(page.number, "present", digest, rank, stamp, found=told))
        self._differ(page, cuts)

    def end(self, path: bytes, state: str, stamp: Stamp, reason: str | None = None) -> None:
        """Close a document, if it stands."""
        page = self._at.get(path)
        if page is None or not page.present:
            return
        parts = self.parts(page)
        page.doubt = None
        page.number, page.state, page.digest, page.parts = page.number + 1, state, "", []
        page.found = None
        page.versions.append(Version(page.number, state, "", page.authority, stamp, reason))
        self._close(page, parts, {})

    def rank(self, authority: int, stamp: Stamp) -> None:
        """Give the documents that stand, and that no revision has touched, another rank."""
        for page in self.pages:
            if page.present and page.authority != authority:
                page.number, page.authority = page.number + 1, authority
                page.versions.append(Version(page.number, "present", page.digest, authority, stamp))

    def settle(self) -> None:
        """Finish a revision: what vanished from one document may have gone to another."""
        lost = {part.id: part for part in self._lost if part.successor is None}
        for old, new in successors(list(lost.values()), self._added, alike=_ELSEWHERE).items():
            lost[old].successor = new
        self._added, self._lost = [], []

    def parts(self, page: Page) -> list[Part]:
        """Return what a document holds now."""
        if page.parts is None:
            page.parts = [] if page.document is None else self._load(page.document)
        return page.parts

    def _differ(self, page: Page, cuts: Sequence[Slice]) -> None:
        standing: dict[tuple[str, str], list[Part]] = defaultdict(list)
        for part in reversed(self.parts(page)):
            standing[_words(part.text, part.lead)].append(part)
        holds: list[Part] = []
        added: list[Part] = []
        for one in cuts:
            place = (one.start, one.end, one.page)
            same = standing.get(_words(one.text, one.lead))
            if same:
                part = same.pop()
                if part.place != place:
                    part.place, part.placed = place, page.number
                if part.text != one.text:
                    part.text, part.reflowed = one.text, True
            else:
                part = Part(self._next, one.text, one.lead, place, opened=page.number, placed=page.number)
                self._next += 1
                added.append(part)
            holds.append(part)
        gone = [part for rest in standing.values() for part in reversed(rest)]
        page.parts = holds
        self._added += added
        self._close(page, gone, successors(gone, added))

    def _close(self, page: Page, gone: Sequence[Part], taken: dict[int, int]) -> None:
        for part in gone:
            part.closed, part.successor = page.number, taken.get(part.id)
        page.gone += gone
        self._lost += gone


def _words(text: str, lead: str) -> tuple[str, str]:
    """Return what makes a passage itself: a paragraph whose lines are broken elsewhere is the same paragraph."""
    return " ".join(text.split()), lead
