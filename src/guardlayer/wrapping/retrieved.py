"""What was retrieved, as far as it holds and may be read: the same for every framework's retriever.

Each passage is authorised, then judged three ways: by its own dates and versions, by what the knowledge layer holds of
its source, and by what it states. What is put in its place is authorised as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from guardlayer.errors import ConfigError
from guardlayer.evidence.coercion import standing_at
from guardlayer.evidence.metadata import Keys
from guardlayer.temporal import When, instant
from guardlayer.text import fold
from guardlayer.types import CheckedClaim, Claim, Evidence, Fact, Label, Query, Report, Standing

if TYPE_CHECKING:
    from guardlayer.guard import Guard
    from guardlayer.knowledge import Readable

T = TypeVar("T")

Ended = Literal["replace", "drop", "mark"]
"""What becomes of passages that have ended: what holds instead stands in their place, where that is known; or they are
left out; or they stay, and say so in their metadata."""

STANDING = "guardlayer_standing"
"""Metadata key under which a passage's standing is noted."""
CURRENT = "guardlayer_current"
"""Metadata key under which stands what holds instead, where that is known."""

_ENDED = (Standing.RETRACTED, Standing.CORRECTED, Standing.SUPERSEDED)
_NOTED = (*_ENDED, Standing.DISPUTED, Standing.FUTURE)
_HOLDS = (Standing.CURRENT, Standing.DISPUTED)
_NO_WORDS = "-"


def search(knowledge: Readable, text: str, *, at: datetime, limit: int, history: bool = False) -> list[Evidence]:
    """Return the facts and passages that bear on a query: those that hold, facts first.

    Args:
        knowledge: A knowledge layer, or what a principal sees of it.
        text: The query.
        at: The instant for which is asked.
        limit: At most this many are returned.
        history: Whether what has ended, was corrected or was retracted is returned too, after what holds.
    """
    # A version that has ended may stand before one that holds, so more are asked for than are wanted.
    query = Query(Claim(text, 0, len(text)), at, question=text, limit=4 * limit)
    found = [*knowledge.keyed.search(query), *knowledge.retrieval.search(query)]
    holding = [one for one in found if one.standing in _HOLDS]
    return (holding + [one for one in found if history and one.standing not in _HOLDS])[:limit]


class Shape(Protocol[T]):
    """How a framework's passages are read and made."""

    def text(self, passage: T) -> str:
        """Return its text."""
        ...

    def worded(self, passage: T, text: str) -> T:
        """Return a copy with another text, of which nothing else is left than what says where it comes from."""
        ...

    def noted(self, passage: T, notes: Mapping[str, str]) -> T:
        """Return a copy with more metadata."""
        ...

    def made(self, evidence: Evidence, like: T) -> T:
        """Return evidence as a passage, found where ``like`` was."""
        ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a passage is worth.

    Attributes:
        standing: ``None`` where nobody can tell.
        current: What holds instead, as far as that is known and may be read.
    """

    standing: Standing | None = None
    current: tuple[Evidence, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether the passage is known not to hold any more, or never to have held."""
        return self.standing in _ENDED

    @property
    def notes(self) -> dict[str, str]:
        """What metadata says of it."""
        if self.standing is None:
            return {}
        told = {STANDING: str(self.standing)}
        return {**told, CURRENT: "; ".join(one.text for one in self.current)} if self.current else told


class Screen(Generic[T]):
    """Lets through what holds and may be read.

    What the principal of the guard may not read is left out, whatever ``ended`` says, and nothing tells that it was.
    Nothing is recorded: a passage is no answer.

    Args:
        guard: A guard with a knowledge layer, with permissions, or with a mapping of the passages' metadata.
        shape: The framework's.
        ended: What becomes of passages that have ended.
        at: The instant for which is judged; ``None`` is now.

    Raises:
        ConfigError: The guard has nothing to judge by, or ``ended`` is none of those.
        InputError: ``at`` cannot be read.
    """

    def __init__(self, guard: Any, shape: Shape[T], *, ended: Ended = "replace", at: When | None = None) -> None:
        from guardlayer.guard import Guard

        if not isinstance(guard, Guard) or (guard.knowledge is None and guard.engine is None and guard.keys == Keys()):
            raise ConfigError(
                "guard= needs a guard with a knowledge layer, permissions or a metadata mapping to judge passages by: "
                "Guard(knowledge=...), permissions=... or metadata=..."
            )
        if ended not in ("replace", "drop", "mark"):
            raise ConfigError(f"ended={ended!r} is not known; write 'replace', 'drop' or 'mark'")
        self._guard: Guard = guard.judging()
        self._shape = shape
        self._ended = ended
        self._at = None if at is None else instant(at)

    def __call__(self, passages: Sequence[T]) -> list[T]:
        """Return what may be passed on.

        Raises:
            AuthorityError: The policies could not be evaluated, or the knowledge layer could not be asked.
            LimitError: There are too many passages, or too long ones.
        """
        judged = self._judged(passages)
        seen = {fold(self._shape.text(passage)) for passage, judgement in judged if not judgement.ended}
        return [one for passage, judgement in judged for one in self._passed(passage, judgement, seen)]

    def noted(self, passages: Sequence[T]) -> list[T]:
        """Return what may be read, each with what it is worth, those that hold as well.

        Raises:
            AuthorityError: The policies could not be evaluated, or the knowledge layer could not be asked.
            LimitError: There are too many passages, or too long ones.
        """
        judged = self._judged(passages)
        return [
            self._shape.noted(passage, judgement.notes) if judgement.notes else passage for passage, judgement in judged
        ]

    def _passed(self, passage: T, judgement: Judgement, seen: set[str]) -> Iterator[T]:
        if not judgement.ended or self._ended == "mark":
            noted = judgement.notes if judgement.standing in _NOTED else {}
            yield self._shape.noted(passage, noted) if noted else passage
        elif self._ended == "replace":
            for one in judgement.current:
                words = fold(one.text)
                if words not in seen:
                    seen.add(words)
                    yield self._shape.made(one, passage)

    def _judged(self, passages: Sequence[T]) -> list[tuple[T, Judgement]]:
        """Return the passages that may be read, with what they are worth."""
        # A passage without words (an image, say) has a source and a time like any other.
        worded = [
            passage if self._shape.text(passage).strip() else self._shape.worded(passage, _NO_WORDS)
            for passage in passages
        ]
        draft = self._guard.check("", evidence=worded, at=self._at).draft
        pieces = [replace(piece, successor=None, replaced_by=None) for piece in draft.evidence]
        named = [[self._as(piece, name) for name in self._names(piece)] for piece in pieces]
        readable = {id(one) for one in self._guard.permitted([one for several in named for one in several])}
        return [
            (passage, self._judgement(piece, draft.at, blank=not self._shape.text(passage).strip()))
            for passage, piece, several in zip(passages, pieces, named, strict=True)
            if all(id(one) in readable for one in several)
        ]

    def _names(self, piece: Evidence) -> tuple[str, ...]:
        """Return the ids under which policies know the source: those of the knowledge layer where it has it."""
        knowledge = self._guard.knowledge
        return (knowledge.passages.names(piece.source) if knowledge is not None else ()) or (piece.source.id,)

    def _as(self, piece: Evidence, name: str) -> Evidence:
        """Return the piece under a name; its own stays with it as its address, for policies know a source by both."""
        if name == piece.source.id:
            return piece
        return replace(piece, source=replace(piece.source, id=name, uri=piece.source.id))

    def _judgement(self, piece: Evidence, at: Any, *, blank: bool) -> Judgement:
        standing = standing_at(piece, at)
        found = [Judgement(standing)] if standing in _NOTED else []
        if self._guard.knowledge is not None:
            found += self._by_source(piece, at)
            if not blank:
                found += self._by_statements(self._guard.check(piece.text, at=at))
        known = [one.standing for one in found]
        worst = next((one for one in (*_NOTED, Standing.CURRENT) if one in known), None)
        instead = {fold(one.text): one for judgement in found for one in judgement.current}
        return Judgement(worst, tuple(self._guard.permitted(instead.values())))

    def _by_source(self, piece: Evidence, at: Any) -> Iterator[Judgement]:
        assert self._guard.knowledge is not None
        for held in self._guard.knowledge.passages.held(piece, at=at):
            ended = self._guard.permitted(held.ended)
            for one in ended:
                instead = one.replaced_by
                yield Judgement(one.standing, (instead,) if instead is not None else ())
            if held.source in _ENDED:
                yield Judgement(held.source)
            elif held.former and not held.standing:
                yield Judgement(Standing.SUPERSEDED)
            elif held.standing and not held.ended:
                yield Judgement(Standing.CURRENT)

    def _by_statements(self, report: Report) -> Iterator[Judgement]:
        for claim in report.claims:
            judgement = _stated(claim)
            if judgement is not None:
                yield judgement


def _stated(claim: CheckedClaim) -> Judgement | None:
    """Judge one statement of a passage."""
    decisive = next(iter(claim.evidence), None)
    instead = tuple(_evidence(one) for one in (claim.current,) if one is not None)
    if claim.verdict is Label.SUPPORTED:
        return Judgement(Standing.CURRENT)
    if claim.result.unreviewed:
        return None
    if decisive is not None and decisive.standing in (Standing.CORRECTED, Standing.RETRACTED):
        return Judgement(decisive.standing, instead)
    if claim.verdict is Label.STALE:
        return Judgement(Standing.SUPERSEDED, instead)
    # Nothing that is known ever said so; but the passage may know better than what is known.
    keyed = decisive is not None and decisive.fact is not None
    if claim.verdict is Label.DISPUTED or (claim.verdict is Label.CONTRADICTED and keyed):
        return Judgement(Standing.DISPUTED, instead)
    return None


def _evidence(current: Fact | Evidence) -> Evidence:
    if isinstance(current, Evidence):
        return current
    return Evidence(
        current.text, current.source, current.span, valid=current.valid, recorded=current.recorded.start, fact=current
    )
