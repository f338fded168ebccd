"""A flow of fakes: lines are claims, a prefix is the kind, and evidence says what becomes of a claim."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from guardlayer.pipeline import Parts, Route
from guardlayer.policy import Policy
from guardlayer.testing import FakeAuthority, evidence
from guardlayer.types import Claim, Draft, Evidence, Kind, Label, Piece, Query, Relation, Skipped, Span, Split, Verdict
from guardlayer.verifiers import Cascade

Build = Callable[..., Parts]


def lines(draft: Draft) -> Split:
    """Make a claim of every line; a line of dashes is skipped."""
    claims, skipped, start = [], [], 0
    for line in draft.text.splitlines(keepends=True):
        body = line.strip("\n")
        end = start + len(body)
        if body.startswith("--"):
            skipped.append(Skipped(start, end, "dashes"))
        elif body.strip():
            claims.append(Claim(body, start, end, pieces=(Piece(0, start, len(body)),)))
        start += len(line)
    return Split(tuple(claims), tuple(skipped))


def prefixes(claims: Sequence[Claim], draft: Draft) -> Sequence[Claim]:
    """Read the kind off the first word: ``state: …``; a fact where it is none."""
    del draft
    kinds = [claim.text.partition(":")[0] for claim in claims]
    return [
        replace(c, kind=Kind(k) if k in tuple(Kind) else Kind.FACT, kind_score=1.0)
        for c, k in zip(claims, kinds, strict=True)
    ]


def reads(claim: Claim, given: Sequence[Evidence], at: datetime) -> Verdict | None:
    """Take evidence at its word: the same words support; ``old → new`` makes a claim with ``old`` stale."""
    del at
    for piece in given:
        if piece.text == claim.text:
            return _verdict(Label.SUPPORTED, piece, Relation.SUPPORTS)
        old, arrow, new = piece.text.partition(" → ")
        place = claim.text.find(old)
        if arrow and place >= 0:
            verdict = _verdict(Label.STALE, piece, Relation.REFUTES)
            return replace(verdict, span=Span(place, place + len(old)), replacement=new, current=piece)
    return None


def _verdict(label: Label, piece: Evidence, relation: Relation) -> Verdict:
    return Verdict(label, 1.0, f"{label} by {piece.source}", (replace(piece, relation=relation),), verifier="reads/1")


def knows(*texts: str, **options: Any) -> FakeAuthority:
    """Return an authority that answers every query with these texts."""
    return FakeAuthority([evidence(text) for text in texts], **options)


def echo(query: Query) -> Sequence[Evidence]:
    """Support every claim in its own words."""
    return [evidence(query.claim.text)]


@pytest.fixture
def build() -> Build:
    """Return a function that builds the parts of a flow; what is not given is a fake that knows nothing."""

    def parts(
        *tiers: Any, policy: Policy | str = "enforce", verifiers: Sequence[Any] = (reads,), **changes: Any
    ) -> Parts:
        sets = tuple(tier if isinstance(tier, tuple) else (tier,) for tier in tiers)
        return replace(
            Parts(
                splitter=lines,
                classifier=prefixes,
                routes={Kind.FACT: Route(sets)},
                cascade=Cascade(list(verifiers)),
                policy=Policy.coerce(policy),
            ),
            **changes,
        )

    return parts
