"""Reports to record, built from the frozen types alone."""

from datetime import UTC, datetime

import pytest

from guardlayer.types import (
    Action,
    CheckedClaim,
    Claim,
    Coverage,
    Decision,
    Draft,
    Edit,
    Evidence,
    Fact,
    Interval,
    Kind,
    Label,
    Model,
    Relation,
    Report,
    Skipped,
    Source,
    Span,
    Standing,
    Verdict,
)

AT = datetime(2023, 12, 15, tzinfo=UTC)
SOURCE = Source(
    "wikidata", "https://www.wikidata.org/wiki/Q38", "2023-12", 2, Interval.parse("2023", None), "sha256:ab"
)
OLD = Fact(
    "f1", 1, "Italy", "head of government", "Matteo Renzi", valid=Interval.parse("2014-02", "2016-12-12"), source=SOURCE
)
NEW = Fact(
    "f1", 2, "Italy", "head of government", "Giorgia Meloni", (("office", "PM"),), Interval.parse("2022-10-22", None),
    Interval(AT), SOURCE, operation="supersede", author="ann",
)  # fmt: skip


def build(
    *, text="Matteo Renzi leads Italy.", claims=2, call="call-1", reason="it changed", name=SOURCE.id, recheck=None
):
    """Return a report whose first claim is stale, and the others unsupported."""
    source = Source(name, SOURCE.uri, SOURCE.version, SOURCE.authority, SOURCE.effective, SOURCE.digest)
    evidence = Evidence(
        OLD.text, source, Span(3, 9), Standing.SUPERSEDED, OLD.valid, AT, OLD, NEW, relation=Relation.SUPPORTS
    )
    stale = Verdict(Label.STALE, 0.97, reason, (evidence,), NEW, "structured/1", Span(0, 12), "Giorgia Meloni")
    checked = [CheckedClaim(Claim(text, 0, len(text), kind_score=0.9), stale, Action.CORRECT)]
    open_ = Verdict(Label.UNSUPPORTED, 1.0, "no source", verifier="none/1", error=None)
    checked += [CheckedClaim(Claim(f"Claim {i}.", 0, 1, kind=Kind.STATE, path="/a"), open_) for i in range(1, claims)]
    draft = Draft(text, AT, call, question="Who leads Italy?", model=Model("ft:x", "sha256:cd", ("voice",)))
    decision = Decision(Action.CORRECT, "Giorgia Meloni leads Italy.", (Edit(0, 12, "Giorgia Meloni"),), ("correct",))
    coverage = Coverage(claims, claims, 0, 0, 0, (Skipped(0, 1, "code"),), len(text))
    return Report(draft, tuple(checked[:claims]), decision, coverage, "enforce@1f3a9c0d", None, ("a notice",), recheck)


@pytest.fixture(scope="session")
def make_report():
    return build
