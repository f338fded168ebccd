"""The presets (DESIGN §2): one table, read across.

Every kind is treated alike in a preset; a policy of one's own may tell them apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from guardlayer.policy.values import OnError
from guardlayer.types import Action, Label

PASS, ANNOTATE, CORRECT = Action.PASS, Action.ANNOTATE, Action.CORRECT
RETRY, BLOCK = Action.RETRY, Action.BLOCK


@dataclass(frozen=True, slots=True)
class Preset:
    """One line of the table.

    Attributes:
        row: An action for each verdict, in the order of ``COLUMNS``.
        on_error: What is done where the check failed.
        retries: How often the model is asked again.
    """

    row: tuple[Action, ...]
    on_error: OnError
    retries: int = 0


# fmt: off
COLUMNS = (
    Label.SUPPORTED, Label.CONTRADICTED, Label.STALE, Label.DISPUTED, Label.UNSUPPORTED, Label.UNVERIFIABLE,
    Label.EXEMPT,
)
PRESETS = {
    #                  supported  contradict. stale     disputed  unsupp.   unverif.  exempt
    "observe":  Preset((PASS,     PASS,     PASS,     PASS,     PASS,     PASS,     PASS), OnError.OPEN),
    "annotate": Preset((ANNOTATE, ANNOTATE, ANNOTATE, ANNOTATE, ANNOTATE, ANNOTATE, PASS), OnError.ANNOTATE),
    "enforce":  Preset((PASS,     CORRECT,  CORRECT,  ANNOTATE, ANNOTATE, ANNOTATE, PASS), OnError.ANNOTATE),
    "strict":   Preset((PASS,     BLOCK,    BLOCK,    BLOCK,    BLOCK,    BLOCK,    PASS), OnError.CLOSED),
    "retry":    Preset((PASS,     RETRY,    RETRY,    RETRY,    RETRY,    RETRY,    PASS), OnError.CLOSED, retries=2),
}
# fmt: on

THRESHOLDS = {Label.SUPPORTED: 0.5, Label.CONTRADICTED: 0.5, Label.STALE: 0.5}
"""Least score at which a verdict counts; below even odds it is a guess."""

MAX_CHARS = 1_000_000
"""Longest text, in code points, that is checked unless a policy says otherwise."""
