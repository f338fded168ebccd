"""Comparators: the words around a value that say more, less, about, at least."""

from __future__ import annotations

from typing import NamedTuple

from guardlayer.verifiers.values.model import Bound
from guardlayer.verifiers.values.tokens import Tokens


class Comparator(NamedTuple):
    """A comparator and the tokens it takes up.

    Attributes:
        bound: What it says.
        limit: Whether it names a limit.
        first: Index of its first token.
        after: Index after its last token.
    """

    bound: Bound
    limit: bool
    first: int
    after: int


_MORE_THAN = frozenset("more greater higher larger longer older bigger better later faster heavier taller".split())  # noqa: SIM905
_LESS_THAN = frozenset("less fewer lower smaller shorter younger earlier slower lighter cheaper".split())  # noqa: SIM905
_PAIRS: dict[tuple[str, str], tuple[Bound, bool]] = {
    ("at", "least"): (Bound.AT_LEAST, False),
    ("at", "most"): (Bound.AT_MOST, False),
    ("up", "to"): (Bound.AT_MOST, True),
    ("minimum", "of"): (Bound.AT_LEAST, True),
    ("maximum", "of"): (Bound.AT_MOST, True),
    ("min", "."): (Bound.AT_LEAST, True),
    ("max", "."): (Bound.AT_MOST, True),
    ("excess", "of"): (Bound.MORE, False),
    ("upwards", "of"): (Bound.AT_LEAST, False),
    ("upward", "of"): (Bound.AT_LEAST, False),
    ("north", "of"): (Bound.MORE, False),
    ("south", "of"): (Bound.LESS, False),
    ("close", "to"): (Bound.ABOUT, False),
    ("not", "exceeding"): (Bound.AT_MOST, False),
    ("not", "exceed"): (Bound.AT_MOST, False),
    ("never", "exceeds"): (Bound.AT_MOST, False),
    ("as", "many"): (Bound.EXACT, False),
    (">", "="): (Bound.AT_LEAST, False),
    ("<", "="): (Bound.AT_MOST, False),
    ("approx", "."): (Bound.ABOUT, False),
    ("ca", "."): (Bound.ABOUT, False),
    ("c", "."): (Bound.ABOUT, False),
}
_DATE_PAIRS: dict[tuple[str, str], tuple[Bound, bool]] = {("prior", "to"): (Bound.LESS, False)}
_SINGLE: dict[str, tuple[Bound, bool]] = {
    **dict.fromkeys(
        "over above exceeds exceed exceeding exceeded surpasses surpass surpassing surpassed beyond topping topped >".split(),  # noqa: SIM905, E501
        (Bound.MORE, False),
    ),
    **dict.fromkeys(("under", "below", "<"), (Bound.LESS, False)),
    **dict.fromkeys(
        "about around approximately approx roughly nearly almost circa some ~ ≈ ca estimated".split(),  # noqa: SIM905
        (Bound.ABOUT, False),
    ),
    **dict.fromkeys(("minimum", "min"), (Bound.AT_LEAST, True)),
    **dict.fromkeys(("maximum", "max"), (Bound.AT_MOST, True)),
    "≥": (Bound.AT_LEAST, False),
    "≤": (Bound.AT_MOST, False),
}
# "since 2003" and "until 2003" name the date itself; so does "within 30 days" name the limit itself.
_DATE_SINGLE: dict[str, tuple[Bound, bool]] = {
    "before": (Bound.LESS, False),
    "after": (Bound.MORE, False),
    "by": (Bound.AT_MOST, False),
    "past": (Bound.MORE, False),
}
_OPPOSITE = {
    Bound.MORE: Bound.AT_MOST,
    Bound.LESS: Bound.AT_LEAST,
    Bound.AT_LEAST: Bound.LESS,
    Bound.AT_MOST: Bound.MORE,
}
_BETWEEN = frozenset(
    ("the", "a", "an", "just", "only", "about", "around", "approximately", "roughly", "usd", "eur", "gbp")
)
_AFTER: dict[str, tuple[Bound, bool]] = {
    **dict.fromkeys("more higher greater above over longer older later newer up".split(), (Bound.AT_LEAST, False)),  # noqa: SIM905
    **dict.fromkeys(
        "less fewer lower below under shorter younger earlier older-or".split(),  # noqa: SIM905
        (Bound.AT_MOST, False),
    ),
    "so": (Bound.ABOUT, False),
}
_LEADS = frozenset(
    {*_SINGLE, *_DATE_SINGLE, "than", "least", "most", "to", "of", "=", ".", "exceeding", "exceed", "many", "much"}
)


def before(tokens: Tokens, i: int, *, date: bool = False) -> Comparator | None:
    """Return the comparator that ends just before token ``i``.

    Args:
        tokens: The text.
        i: Index of the first token of the value, its currency sign included.
        date: Whether the value is a date, of which "before" and "by" speak.
    """
    words = tokens.words
    k = i - 1
    if k < 0:
        return None
    while k > 0 and words[k] in _BETWEEN and (words[k - 1] in _LEADS or words[k] in ("the", "a", "an")):
        k -= 1
    word = words[k]
    if word not in _LEADS:
        return None
    previous = words[k - 1] if k else ""
    found: tuple[Bound, bool] | None
    first = k
    if word == "than":
        bound = Bound.MORE if previous in _MORE_THAN else Bound.LESS if previous in _LESS_THAN else None
        if bound is None:
            return None
        found, first = (bound, False), k - 1
    else:
        found = _PAIRS.get((previous, word)) or (_DATE_PAIRS.get((previous, word)) if date else None)
        if found is not None:
            first = k - 1
        else:
            found = _SINGLE.get(word) or (_DATE_SINGLE.get(word) if date else None)
        if found is None:
            return None
    negation = words[first - 1] if first else ""
    if negation in ("no", "not", "never") or (negation == "t" and first > 2 and words[first - 2] in "'’"):
        opposite = _OPPOSITE.get(found[0])
        if opposite is not None:
            found, first = (opposite, found[1]), first - (3 if negation == "t" else 1)  # doesn 't
    return Comparator(found[0], found[1], first, i)


def after(tokens: Tokens, j: int) -> Comparator | None:
    """Return the comparator that begins at token ``j``: "or more", "+", "at most", "minimum"."""
    words, n = tokens.words, len(tokens.words)
    if j >= n:
        return None
    word = words[j]
    if word == "+":
        return Comparator(Bound.AT_LEAST, False, j, j + 1) if tokens.gap(j) == 0 else None
    if word in ("or", "and") and j + 1 < n:
        found = _AFTER.get(words[j + 1])
        return Comparator(found[0], found[1], j, j + 2) if found else None
    if word == "at" and j + 1 < n and words[j + 1] in ("least", "most"):
        return Comparator(Bound.AT_LEAST if words[j + 1] == "least" else Bound.AT_MOST, False, j, j + 2)
    if word in ("minimum", "maximum", "max", "min"):
        return Comparator(Bound.AT_LEAST if word.startswith("min") else Bound.AT_MOST, True, j, j + 1)
    return None
