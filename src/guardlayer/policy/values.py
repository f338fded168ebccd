"""The small values a policy is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from guardlayer.types import Action, Label

STRENGTH = {action: rank for rank, action in enumerate(Action)}
"""Actions by strength, mildest first."""

FINDINGS = (Label.CONTRADICTED, Label.STALE, Label.DISPUTED, Label.UNSUPPORTED, Label.UNVERIFIABLE)
"""Verdicts of claims that need a source and have none that bears them out."""

SCORED = (Label.SUPPORTED, Label.CONTRADICTED, Label.STALE)
"""Verdicts that can be given too weakly to count, and so may have a threshold."""


class OnError(StrEnum):
    """What a policy does where the check itself failed: an authority that raised, a time-out, a limit."""

    OPEN = "open"
    """The row for *unverifiable* decides alone."""
    ANNOTATE = "annotate"
    """The claim is annotated at least."""
    CLOSED = "closed"
    """Nothing is shown."""


@dataclass(frozen=True, slots=True)
class Messages:
    """Texts that take the place of a model's words.

    Attributes:
        refusal: Stands for the whole output where the policy blocks.
        redaction: Stands for the text of a claim that was taken out.
    """

    refusal: str = "This answer was withheld: it makes statements that no source bears out."
    redaction: str = "[removed: not borne out by the sources]"


def stronger(one: Action, other: Action) -> Action:
    """Return the stronger of two actions."""
    return one if STRENGTH[one] >= STRENGTH[other] else other


def suggest(wrong: str, valid: Sequence[str]) -> str:
    """Return what to write instead of ``wrong``: the nearest valid spelling if there is one, and all of them."""
    import difflib  # only where something is wrong

    near = difflib.get_close_matches(wrong.lower(), valid, n=1, cutoff=0.6)
    listed = "one of " + ", ".join(valid) if len(valid) > 1 else valid[0]
    return f"did you mean {near[0]!r}? It can be {listed}" if near else f"write {listed}"
