"""Where a growing text may be cut: behind what is certainly closed, and never elsewhere.

The guard's splitter decides; nothing here knows what a sentence is. A cheap scan of the characters says *when* to ask
it (a word has begun after a full stop, a line or a paragraph has ended), and the answer counts where the text before
the cut reads the same whether or not a quotation, a code span or an emphasis that is open there gets closed later.
When it is asked depends on the text alone, so where chunks begin and end changes nothing.
"""

from __future__ import annotations

import re
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from guardlayer.claims.following import Following
from guardlayer.policy import is_undecided
from guardlayer.protocols import Splitter
from guardlayer.streaming.reading import Part, Window, read_part
from guardlayer.types import Draft, Form, Skipped, Split

__all__ = ["Segment", "Segmenter"]

_LATIN: Final = frozenset(".!?…‥‽")
_OTHER: Final = frozenset("。！？｡।॥؟۔።։")
_CLOSERS: Final = frozenset("\"'”’»)]}*_~」』）】》[")
_CLOSED: Final = ' x** x* x*** x__ x_ x~~ x"”»」』)） ` `` ```'
"""A continuation that closes whatever inline markup or quotation may be open."""
_OPENING: Final = frozenset('*_~"“«「『(（`[')
"""What that continuation may close."""
_GOES_ON: Final = "Xq zz."
"""A continuation that goes on with a code fence, or begins a paragraph."""
_REACH: Final = 400
"""What is still open after this many code points is taken to stay open."""
_WORD: Final = 40
"""A word is taken as complete after this many code points."""
_PATIENCE: Final = 400
_STRIDE: Final = 2048
"""Longest run of a chunk that is taken at a time, so that a long chunk costs no more than many short ones."""
_STIRRING: Final = re.compile(f"[\n{''.join(sorted(_LATIN | _OTHER))}\u2600-\U0010ffff]")
"""What may end a sentence or a line."""
_LINE_HEAD: Final = 3
_FENCE: Final = "code fence"
_FENCES: Final = 6
_CANDIDATES: Final = 64
"""Places for a cut that are remembered: older ones had their chance."""


class _Cue(Enum):
    WORD = "a word is complete behind a possible end"
    LINE = "a line without words is complete"
    PARAGRAPH = "a blank line is complete"


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the text that can be checked by itself.

    Attributes:
        text: The part.
        start: Its offset in the draft.
        part: Splits it, and versions of it, in their place; ``None`` where nothing stands around it.
        over: The text has grown longer than is checked.
    """

    text: str
    start: int
    part: Part | None = None
    over: bool = False


class Segmenter:
    """Cuts a text that arrives in chunks.

    Args:
        splitter: The guard's.
        template: The draft without its text.
        limit: Text beyond this many code points is not read, only cut into runs of this length.
    """

    def __init__(self, splitter: Splitter, template: Draft, limit: int) -> None:
        self._splitter = splitter
        self._template = template
        self._limit = limit
        self._window = Window()
        self._gate: _Gate | None = _Gate()
        self._scan = _Scan()
        self._tail: list[str] = []
        self._length = 0
        self._cut = 0
        self._candidates: deque[int] = deque(maxlen=_CANDIDATES)
        self._not_before = 0
        self._fences = 0
        self._kept: deque[tuple[int, int]] = deque()
        self._follow: Callable[[Draft], Following] | None = getattr(splitter, "following", None)
        self._following: Following | None = None
        self._marked = False

    def keep(self, start: int, end: int) -> None:
        """Never cut between ``start`` and ``end``, which is text still to come."""
        self._kept.append((start, end))

    @property
    def cut(self) -> int:
        """Offset in the draft up to which segments were made."""
        return self._cut

    @property
    def length(self) -> int:
        """Length of the draft so far, in code points."""
        return self._length

    def push(self, text: str) -> Iterator[Segment]:
        """Take more text, and yield the segments it closes."""
        for start in range(0, len(text), _STRIDE):
            yield from self._pushed(text[start : start + _STRIDE])

    def _pushed(self, text: str) -> Iterator[Segment]:
        at = self._length
        self._tail.append(text)
        self._length += len(text)
        if self._gate is not None:
            if not self._gate.opened(text):
                yield from self._forced()
                return
            self._gate = None
            text = "".join(self._tail)
            at = self._cut
        for place, cue in self._scan.cues(text, at, self._limit):
            if cue is None:
                self._candidates.append(place)
            else:
                segment = self._closed(place, cue)
                if segment is not None:
                    yield segment
        if at <= self._limit < self._length and (segment := self._closed(self._limit, _Cue.WORD)) is not None:
            yield segment
        yield from self._forced()

    def close(self) -> Segment:
        """Return what is left, which may be nothing."""
        text = "".join(self._tail)
        start, over = self._cut, self._length > self._limit
        self._tail, self._cut = [], self._length
        if not start:
            return Segment(text, 0, None, over)
        part = Part(self._splitter, self._asking(), self._window.text, "")
        if not over and self._following is not None and self._is_prose(text):
            part.knows(text, self._following.read(text))
        return Segment(text, start, part, over)

    def _forced(self) -> Iterator[Segment]:
        """Yield what is too long to be read, so that no more than the limit and a chunk are held."""
        if self._length <= self._limit:
            return
        text = "".join(self._tail)
        while len(text) >= self._limit:
            segment = Segment(text[: self._limit], self._cut, None, over=True)
            text = text[self._limit :]
            self._cut += self._limit
            self._tail = [text]
            yield segment

    def _asking(self) -> Draft:
        """Return the template as it is when the next part is read: the question is for the first words only."""
        return self._template if self._window.whole else replace(self._template, question=None)

    def _closed(self, place: int, cue: _Cue) -> Segment | None:
        """Return the longest part that is certainly closed, judged by the text before ``place``."""
        size = place - self._cut
        if self._scan.fences and self._fences < _FENCES:
            self._fences += 1
            self._not_before = 0
        self._scan.fences = 0
        if size <= 0 or size < self._not_before:
            return None
        if len(self._tail) > 1:
            self._tail = ["".join(self._tail)]
        tail = self._tail[0]
        found = self._judged(tail[:size], cue)
        if found is None:
            if size > _PATIENCE:
                self._not_before = size + size // 4
            return None
        end, part, split = found
        text = tail[:end]
        segment = Segment(text, self._cut, part)
        self._window.add(text, split)
        self._tail = [tail[end:]]
        self._cut += end
        while self._candidates and self._candidates[0] <= self._cut:
            self._candidates.popleft()
        self._not_before = self._fences = 0
        return segment

    def _judged(self, prefix: str, cue: _Cue) -> tuple[int, Part, Split] | None:
        ends = [b - self._cut for b in self._candidates if 0 < b - self._cut <= len(prefix)]
        if cue is _Cue.PARAGRAPH:
            ends.append(len(prefix))
        while self._kept and self._kept[0][1] <= self._cut:
            self._kept.popleft()
        inside = [(start - self._cut, stop - self._cut) for start, stop in self._kept]
        ends = [
            end for end in ends if not prefix[:end].isspace() and not any(start < end < stop for start, stop in inside)
        ]
        if not ends:
            return None
        try:
            return self._sure(prefix, ends, cue)
        except Exception:  # noqa: BLE001 - a splitter of somebody's own: the check of the whole says what is wrong
            self._following = None
            return None

    def _sure(self, prefix: str, ends: list[int], cue: _Cue) -> tuple[int, Part, Split] | None:
        if self._follow is not None and self._is_prose(prefix):
            if self._following is None:
                self._following = self._follow(replace(self._asking(), text=self._window.text))
            return self._followed(self._following, prefix, ends, cue)
        self._following = None
        self._marked = True
        return self._placed(prefix, ends, cue)

    def _is_prose(self, text: str) -> bool:
        """Say whether a splitter that reads on in prose may read ``text`` next."""
        if self._window.structured or (self._marked and text.lstrip().startswith(("**", "__"))):
            return False  # a line in bold may be a title where there are other blocks
        return self._follow is not None and Following.reads(text)

    def _followed(
        self, following: Following, prefix: str, ends: list[int], cue: _Cue
    ) -> tuple[int, Part, Split] | None:
        """Do what :meth:`_placed` does for prose: no sentence is read twice."""
        more = _GOES_ON if cue is _Cue.PARAGRAPH else ""
        now = later = following.outline(prefix + more)
        ends = [end for end in ends if now.divides(end)]
        if ends and cue is _Cue.WORD and not _OPENING.isdisjoint(prefix):
            later = following.outline(prefix + _CLOSED)
        for end in reversed(ends):
            same = later is now or (later.divides(end) and later.until(end) == now.until(end))
            if (not same and len(prefix) - end < _REACH) or is_undecided(prefix[:end]):
                continue
            part = Part(self._splitter, self._asking(), self._window.text, prefix[end:] + more)
            split = following.read(prefix[:end], now.until(end))
            part.knows(prefix[:end], split)
            return end, part, split
        return None

    def _placed(self, prefix: str, ends: list[int], cue: _Cue) -> tuple[int, Part, Split] | None:
        """Return the last end that is certain, read by the guard's splitter in its place."""
        before, template = self._window.text, self._asking()
        # What stands before prose says what it means, not where it ends; so less has to be read to find that.
        near = before if self._window.structured else ""
        more = _GOES_ON if cue is _Cue.PARAGRAPH else ""
        read = again = read_part(self._splitter, replace(template, text=prefix + more), near, "")
        ends = [end for end in ends if _is_clean(read, end)]
        if ends and cue is _Cue.WORD and not _OPENING.isdisjoint(prefix):
            again = read_part(self._splitter, replace(template, text=prefix + _CLOSED), near, "")
        placed: Split | None = None
        for end in reversed(ends):
            same = again is read or (_is_clean(again, end) and _until(again, end) == _until(read, end))
            if (not same and len(prefix) - end < _REACH) or is_undecided(prefix[:end]):
                continue
            if placed is None:
                placed = (
                    read
                    if near == before
                    else read_part(self._splitter, replace(template, text=prefix + more), before, "")
                )
            if placed is read or _is_clean(placed, end):
                split = _until(placed, end)
                part = Part(self._splitter, template, before, prefix[end:] + more)
                part.knows(prefix[:end], split)
                return end, part, split
        return None


def _is_clean(split: Split, end: int) -> bool:
    """Say whether no claim, no sentence of several clauses and no code fence reaches over ``end``."""
    if any(claim.start < end < claim.end for claim in split.claims):
        return False
    above = max((claim for claim in split.claims if claim.end <= end), key=lambda c: c.end, default=None)
    below = min((claim for claim in split.claims if claim.start >= end), key=lambda c: c.start, default=None)
    left, right = above.end if above else 0, below.start if below else sys.maxsize
    between = [region for region in split.skipped if left <= region.start and region.end <= right]
    if below is not None and any(region.reason == "connective" for region in between):
        return False
    fences = [region.start < end for region in between if region.reason == _FENCE]
    opened = below is not None and below.form is Form.CODE and any(fences)
    return not opened and not (above is not None and above.form is Form.CODE and not all(fences))


def _until(split: Split, end: int) -> Split:
    claims = tuple(claim for claim in split.claims if claim.end <= end)
    skipped = tuple(
        Skipped(region.start, min(region.end, end), region.reason) for region in split.skipped if region.start < end
    )
    return Split(claims, skipped)


class _Gate:
    """Holds back what may turn out to be JSON as a whole, which is checked as structured output."""

    def __init__(self) -> None:
        self._depth = 0
        self._quoted = self._escaped = self._begun = False

    def opened(self, text: str) -> bool:
        """Say whether the text up to here cannot be one JSON object or array."""
        for character in text:
            if self._quoted:
                if self._escaped:
                    self._escaped = False
                elif character == "\\":
                    self._escaped = True
                elif character == '"':
                    self._quoted = False
            elif character.isspace():
                continue
            elif not self._begun:
                if character not in "{[":
                    return True
                self._begun, self._depth = True, 1
            elif self._depth == 0:
                return True
            elif character == '"':
                self._quoted = True
            elif character in "{[":
                self._depth += 1
            elif character in "}]":
                self._depth -= 1
        return False


class _Scan:
    """Finds, character by character, where the splitter is worth asking, and where it might cut."""

    def __init__(self) -> None:
        self.fences = 0
        """Lines that may close a code fence since the splitter was asked."""
        self._ended = self._eager = self._armed = self._noted = self._numbered = False
        self._word = 0
        self._newlines = 1
        self._line = ""

    @property
    def _idle(self) -> bool:
        """Whether only certain characters can change anything: within a line, behind the first words of a sentence."""
        return (
            not (self._ended or self._eager or self._armed or self._word or self._numbered or self._newlines)
            and len(self._line) == _LINE_HEAD
        )

    def cues(self, text: str, at: int, limit: int) -> Iterator[tuple[int, _Cue | None]]:
        """Yield offsets in the draft with the reason to ask, or ``None`` for a place where a cut is thinkable."""
        if self._idle and _STIRRING.search(text) is None:
            return
        for place, character in enumerate(text, at):
            if place >= limit:
                return
            if character == "\n":
                if self._word or (self._armed and self._line):
                    yield place, _Cue.WORD if self._word else _Cue.LINE
                self.fences += self._line in ("```", "~~~")
                self._newlines += 1
                if self._newlines == 2:
                    yield place + 1, _Cue.PARAGRAPH
                yield place + 1, None
                self._line = ""
                self._armed, self._noted = True, True
                self._ended = self._eager = False
                self._word = 0
            elif character.isspace():
                if self._word:
                    yield place, _Cue.WORD
                    self._word, self._armed = 0, False
                if self._ended:
                    self._armed, self._noted, self._ended = True, False, False
            else:
                yield from self._solid(place, character)

    def _solid(self, place: int, character: str) -> Iterator[tuple[int, _Cue | None]]:
        self._newlines = 0
        if len(self._line) < _LINE_HEAD:
            self._line += character
        if self._eager and character not in _CLOSERS and character not in _OTHER:
            yield place, None
            yield place + 1, _Cue.WORD
            self._eager = self._armed = False
        if self._armed and not self._noted:
            yield place, None
            self._noted = True
        if character.isalnum() or (self._word and character in "'’"):
            self._word = self._word + 1 if self._armed else 0
            if self._word == _WORD:
                yield place + 1, _Cue.WORD
        elif self._word:
            yield place, _Cue.WORD
            self._word, self._armed = 0, False
        if character in _LATIN or character >= "\u2600":
            self._ended = character in _LATIN or not character.isalnum()
        elif character not in _CLOSERS and not (self._numbered and character.isdigit()):
            self._ended = False  # a reference such as [12] may stand behind the full stop
        self._numbered = self._ended and (character == "[" or self._numbered)
        if character in _OTHER:
            self._eager = True
