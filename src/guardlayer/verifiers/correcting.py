"""Where a true value may stand in a claim: the words that go when a wrong value goes, and when none may stand at all.

A name takes along what was said of its bearer: the title before it, and the clause behind it ("…, who was appointed in
2017"). A claim that goes on to state other quantities is not made true by putting one right, so it gets no replacement.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from guardlayer.text import Token
from guardlayer.types import Alignment, Claim, Fact, Span
from guardlayer.verifiers.asserted import covers, parsed
from guardlayer.verifiers.names import TITLES
from guardlayer.verifiers.values import ValueType, find, render

# What says more about the value and cannot outlive it.
_APPOSITION = re.compile(
    r"(?P<mark>[*_`\"”’]*)(?:\s*,\s*(?:who|whom|whose|which|that|a|an|the|his|her|its|their|since|from|after|having|formerly|previously|born|"
    r"elected|appointed|succeeding|replacing|following|as of|as)\b|"
    r"\s+(?:who|whose|which|since|after|following|from|as of)\s)",
    re.IGNORECASE,
)
_CLOSING = " \t\n\r.!?…;:)]\"'”’*_"


def correction(
    claim: Claim, tokens: Sequence[Token], alignment: Alignment, span: Span, now: Fact
) -> tuple[Span, str | None]:
    """Return which words of the claim give way, and what may stand in their place.

    Args:
        claim: The claim.
        tokens: Its words.
        alignment: Where it names its key.
        span: Where it states the wrong value.
        now: The fact that is true.

    Returns:
        The span, widened by what depends on the wrong value, and the text; ``None`` where no text would make the
        claim true.
    """
    said = span.slice(claim.text)
    rest_of_claim = (claim.text[: span.start] + " " + claim.text[span.end :]).casefold()
    if now.value.casefold() in rest_of_claim:
        return span, None  # it says something else about the true value already
    true = parsed(now.value)
    if true.type in (ValueType.NAME, ValueType.BOOLEAN):
        text = now.value
    else:
        found = find(said)
        text = render(true, found[0]) if found else now.value
    wide, mark = _with_clause(claim, _with_titles(tokens, alignment, span))
    digits = (token for token in tokens if token.text[0].isdigit() and not covers(wide, Span(token.start, token.end)))
    if any(not _of_key(token, alignment) for token in digits):
        return span, None
    return wide, text + mark


def _with_titles(tokens: Sequence[Token], alignment: Alignment, span: Span) -> Span:
    start = span.start
    for token in reversed([t for t in tokens if t.end <= span.start]):
        title = token.norm in TITLES and token.text[0].isupper() and start - token.end <= len(". ")
        if not title or _of_key(token, alignment):
            break
        start = token.start
    return Span(start, span.end)


def _with_clause(claim: Claim, span: Span) -> tuple[Span, str]:
    """Widen the span by the clause behind it; return also the markup between the two, which stays."""
    clause = _APPOSITION.match(claim.text, span.end)
    if clause is None:
        return span, ""
    end = max(clause.end(), len(claim.text.rstrip(_CLOSING)))
    return Span(span.start, end), clause["mark"]


def _of_key(token: Token, alignment: Alignment) -> bool:
    where = Span(token.start, token.end)
    return covers(alignment.entity, where) or covers(alignment.attribute, where)
