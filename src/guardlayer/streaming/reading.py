"""How one part of a text is read: by the guard's own splitter, with the text around it in sight."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Final

from guardlayer.protocols import Splitter
from guardlayer.types import Claim, Draft, Form, Skipped, Split

__all__ = ["Part", "Window", "read_part"]

_PROSE: Final = 400
_STRUCTURE: Final = 1000
_HEAD: Final = 300
_CLOSING: Final = (Form.SENTENCE, Form.FRAGMENT, Form.HEADING)


class Window:
    """The text before a part that decides how the part is read: bounded, however long the text gets.

    In prose that is the last few sentences, for pronouns; in a list or table also its lead-in or header. A list or
    table of more than 1,000 code points is read with its head and its last lines.
    """

    def __init__(self) -> None:
        self._head = ""
        self._recent: deque[str] = deque()
        self._size = 0
        self.structured = False
        """Whether a list or a table is open."""
        self.whole = True
        """Whether the window is all the text there has been."""

    @property
    def text(self) -> str:
        """What stands before the next part."""
        return self._head + "".join(self._recent)

    def add(self, text: str, split: Split) -> None:
        """Go on past a part that was read as ``split``."""
        self._recent.append(text)
        self._size += len(text)
        if (
            text.rstrip("*_ \t\r\n").endswith(":")
            or any(claim.form in (Form.ITEM, Form.CELL) for claim in split.claims)
            or any(region.reason.startswith("table") for region in split.skipped)
        ):
            self.structured = True
        elif any(claim.form in _CLOSING for claim in split.claims):
            self.structured = False
            self._head = ""
        if not self.structured:
            self._trim(_PROSE)
        elif len(self._head) + self._size > _STRUCTURE:
            if not self._head:
                whole = "".join(self._recent)
                self._head = whole[: whole.rfind("\n", 0, _HEAD) + 1] or whole[:_HEAD] + "\n"
            self._trim(_HEAD)

    def _trim(self, size: int) -> None:
        while len(self._recent) > 1 and self._size - len(self._recent[0]) >= size:
            self._size -= len(self._recent.popleft())
            self.whole = False
        if self._size > 4 * size:
            last = "".join(self._recent)[-size:]
            self._recent = deque([last])
            self._size = size
            self.whole = False


def read_part(splitter: Splitter, draft: Draft, before: str, after: str) -> Split:
    """Return the claims and skipped regions of ``draft.text`` as it reads between ``before`` and ``after``."""
    text = draft.text
    split = splitter(replace(draft, text=before + text + after))
    left, right = len(before), len(before) + len(text)
    if before and any(claim.start < left < claim.end for claim in split.claims):
        # What stands before was cut where this splitter sees no end: read the part by itself.
        return read_part(splitter, draft, "", after)
    claims = tuple(moved(claim, -left) for claim in split.claims if claim.start >= left and claim.end <= right)
    skipped = tuple(
        Skipped(max(region.start, left) - left, min(region.end, right) - left, region.reason)
        for region in split.skipped
        if region.start < right and region.end > left
    )
    return Split(claims, skipped)


def moved(claim: Claim, by: int) -> Claim:
    """Return ``claim`` with its offsets moved."""
    if not by:
        return claim
    pieces = tuple(replace(piece, draft_start=piece.draft_start + by) for piece in claim.pieces)
    return replace(claim, start=claim.start + by, end=claim.end + by, pieces=pieces)


class Part:
    """A splitter for one part: it has been read already, and what replaces it is read in the same place.

    Args:
        splitter: The guard's.
        template: The draft with the question, if it is still to be read against, and the turns.
        before: The text before it.
        after: The text known to follow.
    """

    def __init__(self, splitter: Splitter, template: Draft, before: str, after: str) -> None:
        self._splitter = splitter
        self._template = template
        self._before = before
        self._after = after
        self._known: dict[str, Split] = {}

    def knows(self, text: str, split: Split) -> None:
        """Remember how ``text`` reads."""
        self._known[text] = split

    def __call__(self, draft: Draft) -> Split:
        """Split ``draft``, a version of the part."""
        if draft.text not in self._known:
            template = replace(self._template, text=draft.text)
            self._known[draft.text] = read_part(self._splitter, template, self._before, self._after)
        return self._known[draft.text]
