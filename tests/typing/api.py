"""The public API as people write it. Never run: mypy reads it, in strict mode, with everything else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, assert_type

from pydantic import BaseModel

from guardlayer import (
    Action,
    CheckedClaim,
    ConfigError,
    Evidence,
    Fact,
    Guard,
    GuardlayerError,
    GuardViolation,
    Kind,
    Knowledge,
    Label,
    Outcome,
    Policy,
    Report,
    Source,
    Sourced,
    Verdict,
    provenance_of,
    verify,
)
from guardlayer.protocols import Authority, ProvenanceLog, Splitter, Verifier
from guardlayer.slots import FieldProvenance
from guardlayer.streaming import Citation, Release, Session, citations
from guardlayer.testing import FakeAuthority, FixedClock, MemoryLog
from guardlayer.types import Claim, Model, Query


def knowledge(path: Path) -> Knowledge:
    """Facts in, facts out."""
    kb = Knowledge.open("acme.db")
    kb.entity("Acme Corporation", aliases=["Acme"], type="company")
    kb.attribute("current team", synonyms=["plays for", "drives for"], cardinality="one")
    fact = kb.add("Acme", "Q3 FY26 revenue", "$4.2M", source="10-Q 2026-10-30", valid_from="2026-10-30", valid_to=None)
    assert_type(fact, Fact)
    kb.load(path)
    kb.correct(fact.id, "$4.3M", author="ann", reason="misread")
    kb.supersede(fact.id, "$4.4M", valid_from=date(2026, 11, 1), source=Source("8-K"))
    kb.retract("10-Q 2026-10-30", reason="restated")
    kb.rollback(fact.id, to=1)
    kb.ingest(path, source="handbook", authority=1, effective_from="2026", supersedes="old handbook")
    found = kb.ask("Acme", "Q3 FY26 revenue", at=datetime(2026, 11, 1, tzinfo=UTC), known_at="2026-11")
    assert_type(found.value, str | None)
    assert_type(found.fact, Fact | None)
    assert_type(kb.history("Acme", "Q3 FY26 revenue"), tuple[Fact, ...])
    return kb


def guards(kb: Knowledge) -> list[Guard]:
    """Every way to build a guard."""

    def retriever(query: str) -> list[str]:
        return [query]

    return [
        Guard(),
        Guard(knowledge=kb, sources=[retriever], policy="enforce", log="provenance.db", model="ft:spring"),
        Guard(knowledge="acme.db", policy=Path("mine.toml"), log=None, model=Model("ft:spring", adapters=("voice",))),
        Guard(policy={"extends": "strict", "deadline": 2.0}, log=MemoryLog(), clock=FixedClock("2026")),
        Guard(
            policy=Policy.preset("observe"), authorities={"state": FakeAuthority(), Kind.PERMISSION: FakeAuthority()}
        ),
        Guard.from_file("guardlayer.toml"),
    ]


def reports(guard: Guard) -> Outcome:
    """What a check takes and gives."""
    report = guard.check(
        "Acme earned $4.2M.",
        question="What did Acme earn?",
        evidence=["a", Evidence("b", Source("c"))],
        at="2026-11-01",
    )
    assert_type(report, Report)
    assert_type(report.ok, bool)
    assert_type(report.action, Action)
    assert_type(report.output, str)
    assert_type(report.coverage.checked, int)
    assert_type(report.record, str | None)
    for claim in report.claims:
        assert_type(claim, CheckedClaim)
        assert_type((claim.text, claim.start, claim.end), tuple[str, int, int])
        assert_type(claim.kind, Kind)
        assert_type(claim.verdict, Label)
        assert_type(claim.score, float)
        assert_type(claim.reason, str)
        assert_type(claim.evidence, tuple[Evidence, ...])
        if claim.current is not None:
            assert_type(claim.current.text, str)
            assert_type(claim.current.source, Source)
        if isinstance(claim.current, Fact):
            assert_type(claim.current.value, str)
    guard.check("x", at=date(2026, 1, 1), turns=[("user", "hello")], policy="strict", data={"a": 1})
    return report.outcome


async def later(guard: Guard) -> Report:
    """The same, awaited."""
    return await guard.acheck("Acme earned $4.2M.", at=datetime(2026, 11, 1, tzinfo=UTC))


def decorated(guard: Guard) -> None:
    """A guarded callable keeps its type."""

    @guard
    def answer(question: str) -> str:
        return question

    @guard
    async def aanswer(question: str) -> str:
        return question

    @guard
    def stream(question: str) -> Iterator[str]:
        yield question

    @guard
    async def astream(question: str) -> AsyncIterator[str]:
        yield question

    assert_type(answer("?"), str)
    assert_type(stream("?"), Iterator[str])
    assert_type(astream("?"), AsyncIterator[str])


def one_claim() -> Verdict:
    """One claim against evidence."""
    verdict = verify("The fee is 3%.", ["The fee rose to 4% in May."], at="2026")
    assert_type(verdict, Verdict)
    assert_type((verdict.label, verdict.score, verdict.reason), tuple[Label, float, str])
    return verdict


def errors(guard: Guard) -> str:
    """One root; a violation carries its report."""
    try:
        guard.check("x")
    except GuardViolation as violation:
        return violation.report.output
    except ConfigError:
        raise
    except GuardlayerError as error:
        return str(error)
    return ""


class MyAuthority:
    """An authority of one's own satisfies the Protocol without inheriting anything."""

    id = "mine"

    def search(self, query: Query) -> Sequence[Evidence]:
        """Know nothing."""
        return [] if query.claim.text else [Evidence("x", Source("y"))]


def my_verifier(claim: Claim, evidence: Sequence[Evidence], at: datetime) -> Verdict | None:
    """Tell very little."""
    return None if claim.text or evidence else Verdict(Label.UNSUPPORTED, 1.0, at.isoformat())


def seams(guard: Guard) -> tuple[Authority, Verifier, ProvenanceLog | None, Splitter]:
    """What one writes fits where it is to go."""
    from guardlayer.claims import TextSplitter

    return MyAuthority(), my_verifier, guard.log, TextSplitter()


class Line(BaseModel):
    """A model with a source."""

    product: str
    price: Annotated[Decimal, Sourced("{product}", "list price", qualifiers={"region": "EU"})]


async def streams(guard: Guard, chunks: Iterator[str], later: AsyncIterator[str]) -> None:
    """Text that is shown while it is written, and fields that have a source."""
    session = guard.session(question="?", hold="full", raises="findings")
    assert_type(session, Session)
    releases = session.feed("Hello.") + await session.afeed("Hello.") + session.finish()
    assert_type(releases, tuple[Release, ...])
    assert_type(citations(releases[0]), tuple[Citation, ...])
    assert_type(session.report, Report | None)
    session.abort("the reader left")
    for text in guard.stream(chunks, hold="sentence"):
        assert text
    async for text in guard.astream(later, policy="annotate"):
        assert text
    line = guard.validate(Line, {"product": "Acme", "price": 39}, at="2026")
    assert_type(line, Line)
    assert_type(await guard.avalidate(Line, "{}"), Line)
    assert_type(provenance_of(line), Mapping[str, FieldProvenance])
    assert_type(guard.prompt("What does Acme cost?"), str)
