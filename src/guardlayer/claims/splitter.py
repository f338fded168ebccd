"""Text to claims: blocks, sentences, clauses, fragments and references, in one pass over the draft."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from guardlayer.claims.blocks import LABEL_LIMIT, Block, has_markup, scan
from guardlayer.claims.clauses import clauses_of
from guardlayer.claims.courtesy import is_small_talk
from guardlayer.claims.following import Following, Outline
from guardlayer.claims.fragments import (
    against_question,
    answer_end,
    assent_end,
    is_fragment,
    lead_of,
    with_subject,
)
from guardlayer.claims.frames import Frame
from guardlayer.claims.inline import read_inline
from guardlayer.claims.leaves import Leaf, leaves_of
from guardlayer.claims.questions import frame_of
from guardlayer.claims.reading import Part, copied, cut, pieces_of, supplied, text_of
from guardlayer.claims.references import Memory, has_reference
from guardlayer.claims.sentences import sentences
from guardlayer.types import Claim, Draft, Form, Kind, Skipped, Split

__all__ = ["TextSplitter"]

_MARKS: Final = re.compile(r"(?:\s*\[\^?\d{1,3}(?:, ?\d{1,3})*\][.,;]?)+\s*")
"""*It opens at nine. [1][2]*: marks behind a sentence state nothing of their own."""
_NO_WORDS: Final = "no words"
_DEEPEST: Final = 9
_TITLE_LIMIT: Final = 100
_QUESTION_LIMIT: Final = 200
_PERSONAL: Final = re.compile(r"(?i)\b(?:i|me|my|we|us|our|you|your|else)\b")
_ASKER: Final = re.compile(r"(?i)^(?:q|question|user|customer|human|client)\s*:\s*")
_PAIR: Final = re.compile(r"[^\W\d][^:.!?\n]{0,60}:\s+\S")
_TURN_REACH: Final = 600
_ANSWER_KEYS: Final = frozenset(
    ("answer", "text", "response", "output", "content", "message", "result", "reply", "completion")
)


class TextSplitter:
    """Finds the claims in prose, Markdown and structured output.

    Deterministic and safe to share between threads: it holds nothing but its options.

    Args:
        max_claim: Longest claim, in code points; a longer sentence is cut at white space.
        max_depth: Deepest level of structured output that is read; what lies deeper is reported as skipped.
        max_leaves: Most leaves of structured output that are read; the rest is reported as skipped.
    """

    def __init__(self, *, max_claim: int = 10_000, max_depth: int = 64, max_leaves: int = 10_000) -> None:
        self._max_claim = max_claim
        self._max_depth = max_depth
        self._max_leaves = max_leaves

    def __call__(self, draft: Draft) -> Split:
        """Split ``draft``; every character that is not white space is in a claim or a skipped region.

        Returns:
            The claims in order. Offsets count in ``draft.text`` or, for structured output, in the string form of
            the leaf that :attr:`Claim.path` points to.
        """
        if draft.data is None:
            return self._reader(draft, draft.text).read()
        return self._structured(draft)

    def following(self, draft: Draft) -> Following:
        """Return a reader that goes on from ``draft.text``, for prose that arrives in parts."""
        reader = self._reader(draft, draft.text)
        return Following(reader.go_on, [claim.text for claim in reader.read().claims], first=not draft.text)

    def _reader(self, draft: Draft, text: str) -> _Reader:
        return _Reader(text, draft, self._max_claim)

    def _structured(self, draft: Draft) -> Split:
        claims: list[Claim] = []
        skipped: list[Skipped] = []
        for found in leaves_of(draft.data, max_depth=self._max_depth, max_leaves=self._max_leaves):
            if isinstance(found, Skipped):
                skipped.append(found)
            elif found.prose and (not is_fragment(found.text) or len(sentences(found.text)) > 1):
                split = self._reader(draft, found.text).read()
                claims += [replace(claim, path=found.path) for claim in split.claims]
                skipped += [
                    replace(region, reason=f"{region.reason} at {found.path or '(root)'}") for region in split.skipped
                ]
            else:
                claims.append(self._leaf(found, draft))
        return Split(tuple(claims), tuple(skipped))

    @staticmethod
    def _leaf(leaf: Leaf, draft: Draft) -> Claim:
        """Return the one claim of a leaf that is a value, not prose."""
        body = leaf.text.strip()
        start = leaf.text.find(body)
        own = [Part(body, start)]
        frame = frame_of(draft.question) if draft.question and leaf.key in _ANSWER_KEYS and leaf.prose else None
        parts = against_question(own, frame) if frame else None
        if parts is None:
            parts = [supplied(leaf.label), *own] if leaf.label else own
        return Claim(text_of(parts), start, start + len(body), Form.LEAF, path=leaf.path, pieces=pieces_of(parts))


def _is_title(block: Block, hidden: list[tuple[int, int]]) -> bool:
    """Say whether a line of prose is set in bold from end to end, as models write headings."""
    return (
        block.form is Form.SENTENCE
        and len(hidden) == 2
        and hidden[0] in ((block.start, block.start + 2), (block.start, block.start + 3))
        and hidden[1][1] == block.end
        and block.end - block.start < _TITLE_LIMIT
    )


def _trimmed(parts: list[Part]) -> list[Part]:
    """Return a reading without the white space after it."""
    return cut(parts, 0, len(text_of(parts).rstrip()))


class _Reader:
    """Reads one text; holds what earlier sentences leave for later ones."""

    def __init__(self, text: str, draft: Draft, max_claim: int) -> None:
        self.text = text
        self.max_claim = max_claim
        self.claims: list[Claim] = []
        self.skipped: list[Skipped] = []
        self.leads: list[tuple[int, str]] = []
        self.headings: list[tuple[int, str]] = []
        self.frame: Frame | None = frame_of(draft.question) if draft.question else None
        self.memory: Memory | None = None
        self.draft = draft
        self._remember(())

    def _remember(self, said: Sequence[str]) -> None:
        """Begin to remember names where something may refer to one: those before the text, then those it ``said``."""
        question = self.draft.question
        # A fragment takes the question's pronouns with it: *What does it cost?* *$49.*
        if self.memory is not None or not (has_reference(self.text) or (question and has_reference(question))):
            return
        self.memory = Memory()
        for turn in self.draft.turns[-2:]:
            for start, end in sentences(turn.text[-_TURN_REACH:]):
                self.memory.note(turn.text[-_TURN_REACH:][start:end])
        if question:
            self.memory.note(question)
        for text in said:
            self.memory.note(text)

    def read(self) -> Split:
        """Return the claims and the skipped regions of the text, both in order."""
        text = self.text
        if has_markup(text):
            blocks, self.skipped = scan(text)
            for number, block in enumerate(blocks):
                self._block(block, last=number == len(blocks) - 1)
        elif text and not text.isspace():
            self._block(Block(Form.SENTENCE, 0, len(text)), last=True)
        return Split(tuple(self.claims), self._regions())

    def go_on(self, text: str, outline: Outline, said: Sequence[str]) -> Split:
        """Read more prose of the same text, with what was left by the sentences before.

        Args:
            text: Whole sentences without block markup; offsets count from its beginning.
            outline: Where they are.
            said: The claims before it.
        """
        self.text, self.claims, self.skipped = text, [], []
        self._remember(said)
        self._sentences(outline.sentences, outline.hidden, Block(Form.SENTENCE, 0, len(text)))
        return Split(tuple(self.claims), self._regions())

    def _block(self, block: Block, *, last: bool) -> None:
        text = self.text
        if block.form is Form.CODE:
            self._code(block.start, block.end)
            return
        inline = read_inline(text, block.start, block.end)
        hidden = sorted(block.hidden + inline.hidden) if block.hidden else inline.hidden
        if inline.code and inline.code[0] == (block.start, block.end):
            self._code(block.start, block.end)
            return
        titled = not last and self.frame is None and _is_title(block, hidden)
        if block.form is Form.HEADING or titled:
            parts = copied(text, block.start, block.end, hidden)
            if block.form is Form.HEADING or (is_fragment(text_of(parts)) and text_of(parts)[-1] not in ".!?:"):
                self._heading(parts, block)
                return
        found = sentences(text, block.start, block.end, inline.protected)
        if block.form is Form.SENTENCE:
            self.leads = []
        elif block.form is Form.ITEM:
            while self.leads and self.leads[-1][0] >= block.indent:
                self.leads.pop()
        self._sentences(found, hidden, block)

    def _sentences(self, found: list[tuple[int, int]], hidden: list[tuple[int, int]], block: Block) -> None:
        first_hidden = 0
        for start, end in found:
            while first_hidden < len(hidden) and hidden[first_hidden][1] <= start:
                first_hidden += 1
            last_hidden = first_hidden
            while last_hidden < len(hidden) and hidden[last_hidden][0] < end:
                last_hidden += 1
            inside = hidden[first_hidden:last_hidden]
            for left, right in self._bounded(start, end):
                self._sentence(copied(self.text, left, right, inside), left, right, block)

    def _heading(self, parts: list[Part], block: Block) -> None:
        level = block.indent if block.form is Form.HEADING else _DEEPEST
        while self.headings and self.headings[-1][0] >= level:
            self.headings.pop()
        self._claim(parts, block.start, block.end, Form.HEADING)
        self.headings.append((level, text_of(parts).strip(" :")[:LABEL_LIMIT]))
        self.leads = []

    def _topic(self, text: str) -> str:
        """Return the headings to be read before a pair of a key and a value, which does not say what it is of."""
        said = [heading for _, heading in self.headings if heading and heading not in text]
        topic = ", ".join(said[-2:])
        return f"{topic}, " if topic and is_fragment(topic) and len(topic) <= LABEL_LIMIT else ""

    def _bounded(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield a sentence whole, or in runs of at most the longest claim."""
        if end - start <= self.max_claim:
            yield start, end
            return
        while start < end:
            stop = min(end, start + self.max_claim)
            space = self.text.rfind(" ", start + 1, stop) if stop < end else -1
            stop = space if space > 0 else stop
            body = self.text[start:stop]
            left = start + len(body) - len(body.lstrip())
            if body.strip():
                yield left, start + len(body.rstrip())
            start = stop

    def _code(self, start: int, end: int) -> None:
        body = self.text[start:end]
        parts = copied(self.text, start, end)
        self.claims.append(Claim(body, start, end, Form.CODE, Kind.BEHAVIOR, 1.0, pieces=pieces_of(parts)))

    def _sentence(self, parts: list[Part], start: int, end: int, block: Block) -> None:
        """Read one sentence of a block: against the question, under its lead-in, or clause by clause."""
        text = text_of(parts)
        cell = block.form is Form.CELL
        if not cell and _MARKS.fullmatch(self.text, start, end):
            self.skipped.append(Skipped(start, end, "marks of citations"))
            return
        if not any(map(str.isalnum, text)) and not (cell and not set(text) <= set("-–— .…")):
            self.skipped.append(Skipped(start, end, "empty cell" if cell else _NO_WORDS))
            return
        if cell:
            label = f"{self._topic(block.label)}{block.label}" if block.keyed else block.label
            self._claim([supplied(label), *parts] if label else parts, start, end, Form.CELL)
            return
        form = block.form
        if text.endswith("?") and len(text) < _QUESTION_LIMIT and not _PERSONAL.search(text):
            # A question that the answer asks itself: *The price? $49.*
            self._divide(parts, start, end, form)
            self.frame = frame_of(_ASKER.sub("", text)) or self.frame
            return
        if text.rstrip("* _").endswith(":") and len(text) < 300:
            self.leads.append((block.indent, text.strip("* _")))
        elif form is Form.ITEM and self.leads and is_fragment(text) and (lead := lead_of(self.leads[-1][1])):
            topic = self._topic(lead + text) if _PAIR.match(text) else ""
            self._claim([supplied(topic + lead), *parts], start, end, form)
            return
        elif self.headings and _PAIR.match(text) and is_fragment(text) and (topic := self._topic(text)):
            self._claim([supplied(topic), *parts], start, end, form)
            return
        elif self.frame is not None and not (form is Form.ITEM and self.leads):
            self._answer(parts, start, end, form, self.frame)
            return
        self._divide(parts, start, end, form)

    def _answer(self, parts: list[Part], start: int, end: int, form: Form, frame: Frame) -> None:
        """Read a sentence that may answer the question."""
        text = text_of(parts)
        if (divided := answer_end(text)) is not None:
            rest = cut(parts, divided[1], len(text))
            head = _trimmed(cut(parts, 0, divided[0]))
            if head[-1].origin is not None and rest[0].origin is not None:
                self._answer(head, start, head[-1].origin + len(head[-1].text), form, frame)
                self._divide(rest, rest[0].origin, end, Form.CLAUSE)
                return
        if (read := against_question(parts, frame)) is not None:
            if form is not Form.ITEM:
                # What comes after a bare *no* may still say what is so instead.
                self.frame = replace(frame, yes="", no="") if text_of(read) in (frame.yes, frame.no) else None
            self._divide(read, start, end, Form.FRAGMENT if form is Form.SENTENCE else form)
            return
        if not is_small_talk(text):
            self.frame = None
            said = assent_end(text, frame)
            rest = cut(parts, said, len(text))
            if said and rest[0].origin is not None:
                yes = against_question(_trimmed(cut(parts, 0, said)), frame)
                if yes is not None:
                    self._claim(yes, start, start + len(self.text[start : rest[0].origin].rstrip()), Form.FRAGMENT)
                    start, parts, frame = rest[0].origin, rest, replace(frame, yes="", no="")
            parts = with_subject(parts, frame)
        self._divide(parts, start, end, form)

    def _divide(self, parts: list[Part], start: int, end: int, form: Form) -> None:
        """Make one claim, or one of each coordinated clause."""
        clauses = clauses_of(text_of(parts))
        read = [cut(parts, clause.start, clause.end) for clause in clauses]
        # A part that stands wholly in the question is none of the draft's.
        if len(clauses) == 1 or not all(any(part.origin is not None for part in own) for own in read):
            if form is Form.SENTENCE and is_fragment(text_of(parts)):
                form = Form.FRAGMENT
            self._claim(parts, start, end, form)
            return
        for number, (clause, own) in enumerate(zip(clauses, read, strict=True)):
            origins = [part for part in own if part.origin is not None]
            left = start if number == 0 else origins[0].origin or 0
            last = origins[-1]
            right = end if number == len(clauses) - 1 else (last.origin or 0) + len(last.text)
            self._claim([supplied(f"{clause.subject} "), *own] if clause.subject else own, left, right, Form.CLAUSE)

    def _claim(self, parts: list[Part], start: int, end: int, form: Form) -> None:
        if self.memory is not None:
            if form is not Form.HEADING:
                parts = self.memory.resolve(parts)
            self.memory.note(text_of(parts))
        self.claims.append(Claim(text_of(parts), start, end, form, pieces=pieces_of(parts)))

    def _regions(self) -> tuple[Skipped, ...]:
        """Return the skipped regions, with all that no claim covers: markup, and the words between clauses."""
        text = self.text
        taken = sorted([(c.start, c.end) for c in self.claims] + [(s.start, s.end) for s in self.skipped])
        regions = self.skipped
        at = 0
        for start, end in [*taken, (len(text), len(text))]:
            if at < start:
                gap = text[at:start]
                body = gap.strip()
                if body:
                    left = at + len(gap) - len(gap.lstrip())
                    reason = "connective" if any(map(str.isalpha, body)) else "markup"
                    regions.append(Skipped(left, left + len(body), reason))
            at = max(at, end)
        return tuple(sorted(regions, key=lambda region: region.start))
