"""What may be shown: runs of text with the claims and citations that belong to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from guardlayer.types import Action, CheckedClaim, Edit, Evidence, Fact, Label, Relation

__all__ = ["Citation", "Release", "citations", "cited"]


@dataclass(frozen=True, slots=True)
class Citation:
    """Which source bears out a run of the output.

    Attributes:
        start: Offset in the output, in code points.
        end: Offset after the run.
        source: Id of the source.
        uri: Where a person can look it up, if there is such a place.
        cited_text: What the source says.
    """

    start: int
    end: int
    source: str
    uri: str | None
    cited_text: str


@dataclass(frozen=True, slots=True)
class Release:
    """Text that may be shown.

    Attributes:
        text: The text.
        start: Its offset in the output, in code points.
        claims: The claims it was checked by, with offsets in the draft.
        upto: Offset in the draft up to which text has been dealt with once this is shown.
        citations: Which runs of it a source bears out.
    """

    text: str
    start: int
    claims: tuple[CheckedClaim, ...] = ()
    upto: int = 0
    citations: tuple[Citation, ...] = field(default=(), repr=False)


def citations(release: Release) -> tuple[Citation, ...]:
    """Return the citations of a release, with offsets in the whole output."""
    return release.citations


def cited(claims: Sequence[CheckedClaim], edits: Sequence[Edit], drafted: int, shown: int) -> tuple[Citation, ...]:
    """Return the citations of a part.

    Args:
        claims: Its claims, with offsets in the part.
        edits: What was changed in it, likewise.
        drafted: Its length.
        shown: Where it stands in the output.
    """
    found = []
    for checked in claims:
        says = _source(checked)
        if says is None or checked.path is not None or checked.end > drafted:
            continue
        start, end = _place(edits, checked.start, after=True), _place(edits, checked.end, after=False)
        if start >= end:
            continue
        text = says.value if isinstance(says, Fact) else says.text
        found.append(Citation(shown + start, shown + end, says.source.id, says.source.uri, text))
    return tuple(found)


def _source(checked: CheckedClaim) -> Evidence | Fact | None:
    if checked.action is Action.CORRECT:
        return checked.current
    if checked.verdict is not Label.SUPPORTED or checked.action not in (Action.PASS, Action.ANNOTATE):
        return None
    evidence = checked.evidence
    best = next((piece for piece in evidence if piece.relation is Relation.SUPPORTS), evidence[0] if evidence else None)
    return best or checked.current


def _place(edits: Sequence[Edit], offset: int, *, after: bool) -> int:
    """Return where an offset of the part stands in its output; insertions just there come before it if ``after``."""
    return offset + sum(
        len(edit.replacement) - (edit.end - edit.start)
        for edit in edits
        if edit.end <= offset and (after or edit.start < edit.end or edit.end < offset)
    )
