"""Minimal edits of supported claims: one number, date, name, negation, modal or direction is changed.

What an edit makes of a label: another number, date, direction or polarity refutes; another name may leave the claim
open as well, so that it only *does not support*.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

from tools.entailment.pairs import Label

Edit = tuple[str, Label, str]
"""The edited claim, its label, and the sort of edit."""

_NUMBER = re.compile(r"(?<![\w.,-])(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?![\w-]|[.,]\d)")
_AUXILIARY = re.compile(
    r"\b(is|are|was|were|has|have|had|can|could|will|would|did|does|do|must|should)\b(?! not\b|n't)"
)
_DENIAL = re.compile(r"\b(is|are|was|were|has|have|had|can|could|will|would|did|does|do|must|should) not\b")
_NAME = re.compile(r"(?<!^)(?<![.!?] )\b[A-Z][a-z]+(?: [A-Z][a-z]+)*")
_OPPOSITES = (
    "increased decreased", "rose fell", "rising falling", "higher lower", "before after", "first last", "won lost",
    "above below", "largest smallest", "older younger", "highest lowest", "longest shortest", "northern southern",
    "eastern western", "early late", "earlier later", "begins ends", "began ended", "opened closed",
    "rejected accepted", "allowed forbidden", "always never", "best worst", "inside outside", "bought sold",
    "positive negative",
    "included excluded", "includes excludes", "alive dead", "maximum minimum", "public private", "with without",
    "more less", "male female", "true false", "mandatory optional", "required optional", "enabled disabled",
)  # fmt: skip
_DIRECTIONS = {one: two for row in reversed(_OPPOSITES) for one, two in (row.split(), reversed(row.split()))}
_DIRECTION = re.compile(rf"\b({'|'.join(sorted(_DIRECTIONS))})\b")


def edits(claim: str, rng: Random, *, names: Sequence[str]) -> list[Edit]:
    """Return one edit of each sort that fits, in random order.

    Args:
        claim: A claim that its evidence supports.
        rng: Picks what is changed, and to what.
        names: Names to put in the place of others.
    """
    makers: tuple[Callable[[], Edit | None], ...] = (
        lambda: _number(claim, rng),
        lambda: _negation(claim, rng),
        lambda: _direction(claim, rng),
        lambda: _name(claim, rng, names),
    )
    found = [edit for edit in (maker() for maker in makers) if edit is not None and edit[0] != claim]
    rng.shuffle(found)
    return found


def _number(claim: str, rng: Random) -> Edit | None:
    places = list(_NUMBER.finditer(claim))
    if not places:
        return None
    place = rng.choice(places)
    written = place.group(1)
    value = float(written.replace(",", ""))
    if "," not in written and "." not in written and 1000 <= value <= 2100:
        changed = str(int(value) + rng.choice((-20, -10, -7, -3, -2, -1, 1, 2, 3, 5, 9, 10)))
        sort = "date"
    else:
        moved = value * rng.choice((0.5, 0.7, 0.9, 1.1, 1.3, 2)) + rng.choice((-1, 1, 2))
        decimals = len(written.partition(".")[2])
        moved = round(max(moved, 0), decimals)
        changed = f"{moved:,.{decimals}f}" if "," in written else f"{moved:.{decimals}f}"
        sort = "number"
    if changed == written:
        return None
    return claim[: place.start()] + changed + claim[place.end() :], Label.REFUTES, sort


def _negation(claim: str, rng: Random) -> Edit | None:
    denial = _DENIAL.search(claim)
    if denial is not None:
        return claim[: denial.end(1)] + claim[denial.end() :], Label.REFUTES, "negation"
    place = _AUXILIARY.search(claim)
    if place is None:
        return None
    word = rng.choice(("not", "not", "not", "never"))
    return f"{claim[: place.end()]} {word}{claim[place.end() :]}", Label.REFUTES, "negation"


def _direction(claim: str, rng: Random) -> Edit | None:
    places = list(_DIRECTION.finditer(claim))
    if not places:
        return None
    place = rng.choice(places)
    return claim[: place.start()] + _DIRECTIONS[place.group(1)] + claim[place.end() :], Label.REFUTES, "direction"


def _name(claim: str, rng: Random, names: Sequence[str]) -> Edit | None:
    places = list(_NAME.finditer(claim))
    if not places or not names:
        return None
    place = rng.choice(places)
    fitting = [name for name in rng.sample(names, min(30, len(names))) if name.count(" ") == place.group().count(" ")]
    fitting = [name for name in fitting if name not in claim]
    if not fitting:
        return None
    return claim[: place.start()] + fitting[0] + claim[place.end() :], Label.NOT_SUPPORTS, "name"


def names_in(claims: Sequence[str]) -> list[str]:
    """Return the names that stand inside the claims, each once, in order."""
    return list(dict.fromkeys(match.group() for claim in claims for match in _NAME.finditer(claim)))
