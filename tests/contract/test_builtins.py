"""Every built-in, and every fake, against the contract of its Protocol."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest

from guardlayer.claims import TextSplitter
from guardlayer.evidence import CallEvidence, RetrieverAuthority
from guardlayer.kinds import RuleClassifier
from guardlayer.knowledge import Knowledge
from guardlayer.policy import PRESETS, Policy
from guardlayer.protocols import Authority, ProvenanceLog
from guardlayer.provenance import SqliteLog
from guardlayer.testing import AsyncFakeAuthority, FakeAuthority, FixedClock, MemoryLog, evidence, fact
from guardlayer.testing.contracts import (
    AuthorityContract,
    ClassifierContract,
    KnowledgeContract,
    PolicyContract,
    ProvenanceLogContract,
    SplitterContract,
    VerifierContract,
)
from guardlayer.testing.contracts.verifier import Case
from guardlayer.types import Label, Query, Record, Standing
from guardlayer.verifiers import Cascade, EntailmentVerifier, LexicalVerifier, StructuredVerifier
from guardlayer.verifiers.entailment.files import SHIPPED, missing

PRICE = "The list price of Acme is $49."


# Splitters, classifiers ---------------------------------------------------------------------------------------------


class TestTextSplitter(SplitterContract):
    def make(self) -> TextSplitter:
        return TextSplitter()


class TestRuleClassifier(ClassifierContract):
    def make(self) -> RuleClassifier:
        return RuleClassifier()


# Authorities --------------------------------------------------------------------------------------------------------


class _Knowing(AuthorityContract):
    earlier = "2025-01-01"
    later = "2026-01-01"

    def knowledge(self) -> Knowledge:
        kb = Knowledge.open(":memory:", clock=FixedClock("2026-01-01"))
        kb.attribute("list price", cardinality="one")
        old = kb.add("Acme", "list price", "$39", source="price list", valid_from="2024-01-01")
        kb.supersede(old.id, "$49", valid_from="2025-05-01")
        return kb


class TestKeyedFacts(_Knowing):
    def make(self) -> Authority:
        return self.knowledge().keyed

    def make_broken(self) -> Authority:
        kb = self.knowledge()
        kb.close()
        return kb.keyed


class TestPassages(AuthorityContract):
    earlier = "2025-01-01"
    later = "2026-01-01"

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def knowledge(self) -> Knowledge:
        kb = Knowledge.open(":memory:", clock=FixedClock("2026-01-01"))
        for price, start in (("$39", "2024-01-01"), ("$49", "2025-05-01")):
            (self.folder / "prices.md").write_text(f"The list price of Acme is {price}.\n")
            kb.ingest(self.folder / "prices.md", source="prices", effective_from=start)
        return kb

    def make(self) -> Authority:
        return self.knowledge().retrieval

    def make_broken(self) -> Authority:
        kb = self.knowledge()
        kb.close()
        return kb.retrieval


class TestCallEvidence(AuthorityContract):
    unknown = None  # with few statements it returns them all, those that share nothing last

    def make(self) -> CallEvidence:
        return CallEvidence((evidence("Zebras are striped. The list price of Acme is $49. The moon has no air."),))


class TestRetriever(AuthorityContract):
    unknown = None  # what is found is the retriever's affair

    def make(self) -> RetrieverAuthority:
        return RetrieverAuthority(lambda query: [PRICE, f"another passage about {query}"], id="mine")

    def make_broken(self) -> RetrieverAuthority:
        def away(query: str) -> list[str]:
            raise ConnectionError("no route to host")

        return RetrieverAuthority(away)


class TestAsyncRetriever(TestRetriever):
    def make(self) -> RetrieverAuthority:
        class Both:
            def __call__(self, query: str) -> list[str]:
                return [PRICE]

        return RetrieverAuthority(Both())


class TestFakeAuthority(AuthorityContract):
    earlier = "2025-01-01"
    later = "2026-01-01"

    def make(self) -> FakeAuthority:
        return AsyncFakeAuthority(self.answer)

    def answer(self, query: Query) -> Sequence:
        if "Acme" not in query.claim.text:
            return []
        new = fact("Acme", "list price", "$49", valid_from="2025-05-01")
        old = fact("Acme", "list price", "$39", valid_from="2024-01-01", valid_to="2025-05-01")
        if query.at in new.valid:
            return [evidence(new), evidence(old, standing=Standing.SUPERSEDED, successor=new)]
        return [evidence(old), evidence(new, standing=Standing.FUTURE)]


# Verifiers ----------------------------------------------------------------------------------------------------------


def keyed(said: str, *, tense: str = "present") -> Case:
    """Return a claim that Acme's list price is ``said``, where it was $39 and is $49."""
    text = f"The list price of Acme is {said}."
    new = fact("Acme", "list price", "$49", valid_from="2025-05-01", source="price list 2025")
    old = fact("Acme", "list price", "$39", valid_from="2024-01-01", valid_to="2025-05-01", source="price list 2024")
    given = (
        evidence(new, about=text),
        evidence(old, about=text, standing=Standing.SUPERSEDED, successor=new),
    )
    return Case(text, given, None)


def expect(case: Case, label: Label | None) -> Case:
    return dataclasses.replace(case, label=label)


KEYED = (
    expect(keyed("$49"), Label.SUPPORTED),
    expect(keyed("$39"), Label.STALE),
    expect(keyed("$12"), Label.CONTRADICTED),
)


class TestStructuredVerifier(VerifierContract):
    cases = KEYED

    def make(self) -> StructuredVerifier:
        return StructuredVerifier()


class TestLexicalVerifier(VerifierContract):
    cases = (
        Case(PRICE, (evidence(PRICE),), Label.SUPPORTED),
        Case("The fee is 3%.", (evidence("The fee is 4%."),), Label.CONTRADICTED),
        Case(PRICE, (evidence("The moon has no air."),), None),
    )

    def make(self) -> LexicalVerifier:
        return LexicalVerifier()


@pytest.mark.skipif(
    missing(SHIPPED) is not None, reason="needs the shipped model: python -m tools.entailment ship --out RUN"
)
class TestEntailmentVerifier(VerifierContract):
    cases = (
        Case("Acme's price is below $50.", (evidence("The list price of Acme's product is $49."),), Label.SUPPORTED),
        Case(
            "The fee is more than 5 %.", (evidence("Whoever pays late is charged a fee of 4 %."),), Label.CONTRADICTED
        ),
        Case(PRICE, (evidence("The moon has no air."),), None),
    )

    def make(self) -> EntailmentVerifier:
        return EntailmentVerifier()


class TestCascade(VerifierContract):
    cases = (*KEYED, Case(PRICE, (evidence(PRICE),), Label.SUPPORTED), Case(PRICE, (), Label.UNSUPPORTED))
    must_answer = True

    def make(self) -> Cascade:
        return Cascade([StructuredVerifier(), LexicalVerifier()])


# Policies -----------------------------------------------------------------------------------------------------------


class _Preset(PolicyContract):
    name = "enforce"

    def make(self) -> Policy:
        return Policy.preset(self.name)


class TestObserve(_Preset):
    name = "observe"


class TestAnnotate(_Preset):
    name = "annotate"


class TestEnforce(_Preset):
    name = "enforce"


class TestStrict(_Preset):
    name = "strict"


class TestRetry(_Preset):
    name = "retry"


class TestOwnPolicy(PolicyContract):
    def make(self) -> Policy:
        return Policy.from_mapping({"actions": {"*.stale": "redact", "fact.contradicted": "block"}, "on_error": "open"})


def test_every_preset_is_held_against_the_contract() -> None:
    """No preset is left out above."""
    assert {suite.name for suite in _Preset.__subclasses__()} == set(PRESETS)


# Logs ---------------------------------------------------------------------------------------------------------------


class TestSqliteLog(ProvenanceLogContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path):
        self.folder = tmp_path
        self.logs: list[SqliteLog] = []
        yield
        for log in self.logs:
            log.close()

    def make(self) -> SqliteLog:
        return self.opened(self.folder / f"{len(self.logs)}.db")

    def opened(self, path: Path | str) -> SqliteLog:
        self.logs.append(SqliteLog(path, clock=FixedClock("2026-01-01")))
        return self.logs[-1]

    def read(self, log: ProvenanceLog) -> Sequence[Record]:
        assert isinstance(log, SqliteLog)
        return list(log.records())

    def stored(self, log: ProvenanceLog, record: Record) -> bytes:
        import sqlite3

        assert isinstance(log, SqliteLog)
        reader = sqlite3.connect(f"file:{log.path}?mode=ro", uri=True)
        try:
            (body,) = reader.execute("SELECT body FROM record WHERE seq = ?", (record.seq,)).fetchone()
        finally:
            reader.close()
        return body

    def reopen(self, log: ProvenanceLog) -> SqliteLog:
        assert isinstance(log, SqliteLog)
        return self.opened(log.path)

    def make_broken(self) -> SqliteLog:
        (self.folder / "file").write_text("in the way")
        return self.opened(self.folder / "file" / "log.db")


class TestMemoryLog(ProvenanceLogContract):
    def make(self) -> MemoryLog:
        return MemoryLog()

    def read(self, log: ProvenanceLog) -> Sequence[Record]:
        assert isinstance(log, MemoryLog)
        return log.records

    def stored(self, log: ProvenanceLog, record: Record) -> bytes:
        assert isinstance(log, MemoryLog)
        return log.stored(record.seq)


# Knowledge ----------------------------------------------------------------------------------------------------------


class TestKnowledgeInMemory(KnowledgeContract):
    def make(self, clock: FixedClock) -> Knowledge:
        return Knowledge.open(":memory:", clock=clock)


class TestKnowledgeInAFile(KnowledgeContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path):
        self.folder = tmp_path
        self.opened: list[Knowledge] = []
        yield
        for kb in self.opened:
            kb.close()

    def make(self, clock: FixedClock) -> Knowledge:
        self.opened.append(Knowledge.open(self.folder / f"{len(self.opened)}.db", clock=clock))
        return self.opened[-1]
