"""Whether every claim of a response has a source, and if not, what a developer is told about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guardlayer.types import Action, CheckedClaim, Fact, Kind, Label, Relation, Report, Source

SUITE = "the sources of this suite (--guardlayer-knowledge, or knowledge= of the guard)"
"""Where sources are kept if nobody said."""

_NOT_SHOWN = (Action.CORRECT, Action.REDACT)
_LONGEST = 300

# What steers a terminal: C0 but line feed and tab, DEL, C1, line separators, bidi controls, tags, lone surrogates.
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of a response.

    Attributes:
        allow_no_claims: A response without claims is fine. It proves nothing either way.
        shown_only: Judge what was shown, not what the model wrote: claims that the policy corrected, took out or
            blocked do not count.
    """

    allow_no_claims: bool = False
    shown_only: bool = False


def unsourced(report: Report, expected: Expectation) -> tuple[CheckedClaim, ...]:
    """Return the claims that have no source that is current: found wrong, not found, or not checked."""
    return tuple(
        claim
        for claim in report.claims
        if claim.verdict not in (Label.SUPPORTED, Label.EXEMPT) and not (expected.shown_only and _unseen(report, claim))
    )


def proven(report: Report, expected: Expectation) -> int:
    """Count the claims that do have a source."""
    return sum(
        (claim.verdict is Label.SUPPORTED and not (expected.shown_only and _unseen(report, claim)))
        or (expected.shown_only and claim.action is Action.CORRECT and report.recheck is not None)
        for claim in report.claims
    )


def failure(reports: Sequence[Report], expected: Expectation, *, where: str = "") -> str | None:
    """Return why the responses do not pass, or ``None`` if they do.

    Args:
        reports: One report a response, at least one.
        expected: What is expected of each.
        where: Where the suite keeps its sources.
    """
    parts = []
    for number, report in enumerate(reports, 1):
        found = _response(report, expected, where or SUITE)
        if found is not None:
            named = f"response {number} of {len(reports)}: " if len(reports) > 1 else ""
            parts.append(named + found)
    return "\n\n".join(parts) or None


def standing(reports: Sequence[Report]) -> tuple[Report, ...]:
    """Return the reports whose answers were given: not those on answers that were then asked for again."""
    kept = []
    for place, report in enumerate(reports):
        again = report.action is Action.RETRY and any(
            later.draft.question == report.draft.question and later.draft.turns == report.draft.turns
            for later in reports[place + 1 :]
        )
        if not again:
            kept.append(report)
    return tuple(kept)


def source_of(claim: CheckedClaim) -> Source | None:
    """Return the source a reader should look at: of what is true now, else of what decided."""
    if claim.current is not None:
        return claim.current.source
    decisive = [piece for piece in claim.evidence if piece.relation is not Relation.NEUTRAL]
    return decisive[0].source if decisive else None


def now(claim: CheckedClaim) -> tuple[str, str] | None:
    """Return what is true instead of the claim, and since when (empty if unknown)."""
    if claim.current is None or claim.verdict not in (Label.STALE, Label.CONTRADICTED):
        return None
    current = claim.current
    fact = current if isinstance(current, Fact) else current.fact
    return (fact.value if fact else current.text), current.valid.start_text or ""


def plain(text: str) -> str:
    """Return ``text`` on one line, with what would steer a terminal shown as an escape, and cut where it is long."""
    shown = _STEERING.sub(lambda match: f"\\u{ord(match.group()):04x}", " ".join(text.split()))
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _unseen(report: Report, claim: CheckedClaim) -> bool:
    return report.action in (Action.BLOCK, Action.RETRY) or claim.action in _NOT_SHOWN


def _response(report: Report, expected: Expectation, where: str) -> str | None:
    bad = unsourced(report, expected)
    if not bad:
        if expected.allow_no_claims or proven(report, expected):
            return None
        return "\n".join(_no_claims(report))
    due = report.coverage.claims - report.coverage.exempt
    lines = [f"{len(bad)} of {due} {'claim has' if due == 1 else 'claims have'} no current source"]
    if report.draft.question:
        lines.append(f'  asked: "{plain(report.draft.question)}"')
    for claim in bad:
        lines += ["", *_claim(report, claim, where)]
    return "\n".join(lines)


def _no_claims(report: Report) -> Iterator[str]:
    shown = plain(report.draft.text)
    yield "the response makes no claims, which is no proof of anything"
    yield f'  text: "{shown}"' if shown else "  text: (empty)"
    yield f"  coverage: {report.coverage}"
    yield "  if that is what it should do, say allow_no_claims=True"


def _claim(report: Report, claim: CheckedClaim, where: str) -> Iterator[str]:
    place = claim.path or f"{claim.start}:{claim.end}"
    written = plain(report.draft.text[claim.start : claim.end]) if claim.path is None else ""
    text = plain(claim.text)
    kind = "" if claim.kind is Kind.FACT else f" {claim.kind}"
    yield f'  [{place}] {claim.verdict}{kind}: "{written or text}"'
    if written and written != text:
        yield f'      read as: "{text}"'
    yield f"      {plain(claim.reason)}"
    source = source_of(claim)
    said = f", says {_source(source)}" if source else ""
    successor = now(claim)
    if successor is not None:
        value, since = successor
        yield f"      now: {plain(value)}{f' since {since}' if since else ''}{said}"
    elif source is not None:
        yield f"      source: {_source(source)}"
    yield f"      {_advice(claim, where)}"


def _advice(claim: CheckedClaim, where: str) -> str:
    if claim.kind in (Kind.STATE, Kind.PERMISSION):
        return f'let the system that knows answer: authorities={{"{claim.kind}": …}} of the guard'
    match claim.verdict:
        case Label.UNSUPPORTED:
            return f"to give it a source, add a fact or document to {where}, or pass evidence= with the check"
        case Label.DISPUTED:
            return f"to settle it, rank the sources (authority) or retract one in {where}"
        case Label.UNVERIFIABLE:
            return "what could not be checked has no source yet: remove the cause and run the test again"
        case _:
            return f"if the claim is right after all, its source is out of date: change it in {where}"


def _source(source: Source) -> str:
    version = f", version {plain(source.version)}" if source.version else ""
    uri = f" <{plain(source.uri)}>" if source.uri and source.uri != source.id else ""
    return f"{plain(source.id)}{version}{uri}"
