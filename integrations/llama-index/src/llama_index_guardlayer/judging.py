"""What a retrieved passage is worth by what the knowledge layer knows now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llama_index.core.schema import NodeWithScore

from guardlayer import Guard, Knowledge
from guardlayer.errors import ConfigError
from guardlayer.evidence import coerce
from guardlayer.temporal import When
from guardlayer.types import CheckedClaim, Claim, Evidence, Fact, Label, Query, Standing

STANDING = "guardlayer_standing"
"""Metadata key under which a passage's standing is noted."""
CURRENT = "guardlayer_current"
"""Metadata key under which stands what holds instead, where that is known."""

_ENDED = (Standing.SUPERSEDED, Standing.CORRECTED, Standing.RETRACTED)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a passage is worth.

    Attributes:
        standing: ``None`` where the knowledge layer cannot tell.
        current: What holds instead, as a line, where that is known.
    """

    standing: Standing | None = None
    current: str | None = None

    @property
    def ended(self) -> bool:
        """Whether the passage is known not to hold any more, or never to have held."""
        return self.standing in _ENDED


class Judge:
    """Tells what passages are worth. Nothing is recorded: a passage is no answer.

    Args:
        guard: A guard with a knowledge layer.

    Raises:
        ConfigError: It has none.
    """

    def __init__(self, guard: Any) -> None:
        knowledge = getattr(guard, "knowledge", None)
        if not isinstance(knowledge, Knowledge):
            raise ConfigError("guard= needs a guard with a knowledge layer to judge passages by: Guard(knowledge=...)")
        self._knowledge = knowledge
        self._guard = Guard(knowledge=knowledge, policy="observe", log=None)

    def __call__(self, node: NodeWithScore, at: When | None = None) -> Judgement:
        """Judge a passage: by its source, where the knowledge layer holds it, and by what it states."""
        passages = coerce([node])
        if not passages:
            return Judgement()
        report = self._guard.check(passages[0].text, at=at)
        known = self._as_passage(passages[0], report.draft.at)
        if known is not None and known.standing in _ENDED:
            return Judgement(known.standing, known.successor.text if known.successor else None)
        ended = next((found for claim in report.claims if (found := _ended(claim)).ended), None)
        if ended is not None:
            return ended
        supported = any(claim.verdict is Label.SUPPORTED for claim in report.claims)
        return Judgement(Standing.CURRENT if supported or known is not None else None)

    def _as_passage(self, passage: Evidence, at: Any) -> Evidence | None:
        """Return the passage as the knowledge layer holds it: of the same source, with the same words."""
        claim = Claim(passage.text, 0, len(passage.text))
        found = self._knowledge.retrieval.search(Query(claim, at, limit=10))
        words = " ".join(passage.text.split())
        same = [
            piece for piece in found if piece.source.id == passage.source.id and " ".join(piece.text.split()) in words
        ]
        return next((piece for piece in same if piece.standing is Standing.CURRENT), same[0] if same else None)


def _ended(claim: CheckedClaim) -> Judgement:
    """Judge one statement of a passage."""
    decisive = next(iter(claim.evidence), None)
    current = claim.current
    instead = current.text if isinstance(current, Fact | Evidence) else None
    if claim.verdict is Label.STALE:
        standing = decisive.standing if decisive is not None and decisive.standing in _ENDED else Standing.SUPERSEDED
        return Judgement(standing, instead)
    if decisive is not None and decisive.standing in (Standing.CORRECTED, Standing.RETRACTED):
        return Judgement(decisive.standing, instead)
    return Judgement()
