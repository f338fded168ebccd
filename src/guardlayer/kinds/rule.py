"""What a row of the table of rules is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from guardlayer.types import Form, Kind

__all__ = ["GivesWay", "Rule", "anywhere", "opening"]


class GivesWay(StrEnum):
    """When a rule leaves a claim to the rules below it."""

    NEVER = "never"
    TO_BOTH = "to a figure together with a name"
    TO_EITHER = "to a figure or a name"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table.

    Attributes:
        name: What the rule recognises; reports name it.
        kind: What a claim is that it matches.
        score: 0 to 1, how sure that is.
        pattern: What it looks for in the claim in lower case with straight apostrophes; ``None`` matches every claim
            of its ``forms``.
        gives_way: What it leaves alone.
        anywhere: Whether the pattern may begin at any word; else it stands where the claim opens, after marks and words
            that only connect.
        needs: Where given, one of these stands in every match: looked for first, because that is quick.
        forms: The shapes it applies to; empty means every shape.
    """

    name: str
    kind: Kind
    score: float
    pattern: re.Pattern[str] | None
    gives_way: GivesWay = GivesWay.TO_BOTH
    anywhere: bool = False
    needs: tuple[str, ...] = ()
    forms: frozenset[Form] = frozenset()


def opening(pattern: str) -> re.Pattern[str]:
    """Compile a pattern that stands at the start of what is said."""
    return re.compile(rf"(?x)(?:{pattern})")


def anywhere(pattern: str) -> re.Pattern[str]:
    """Compile a pattern that may begin at any word."""
    return re.compile(rf"(?x)\b(?:{pattern})")
