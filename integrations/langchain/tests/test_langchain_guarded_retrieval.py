"""What has ended or may not be read reaches nobody: no result, no event, no callback, no prompt."""

import random
import re
from contextlib import nullcontext
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler, CallbackManager
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers.context import collect_runs

from guardlayer import Guard, Knowledge
from guardlayer.errors import AuthorityError
from guardlayer.knowledge.permissions import CedarEngine
from langchain_guardlayer import GuardRetriever, KnowledgeRetriever

POLICIES = """
permit(principal, action == Action::"read", resource);
forbid(principal, action == Action::"read", resource in Source::"handbook/hr") unless { principal in Group::"hr" };
forbid(principal, action == Action::"read", resource in Attribute::"salary") unless { principal in Group::"hr" };
forbid(principal, action == Action::"read", resource in Source::"secret plan");
"""
SECRET = "Bonuses are paid in March."
STALE = "The list price of Acme is $39."
FINE = "Acme was founded in a barn."
DATE = "The launch date of Orion is 2026-05-01."


class Shelf(BaseRetriever):
    """A retriever of given documents."""

    documents: list[Document]

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return self.documents


class Nesting(BaseRetriever):
    """A retriever that asks another one, as ensembles do, and one that overrides how it is called."""

    inner: BaseRetriever

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return self.inner.invoke(query, {"callbacks": run_manager.get_child()})


class Overriding(Shelf):
    """A retriever that is called in its own way."""

    def invoke(self, *args: Any, **kwargs: Any) -> list[Document]:
        return super().invoke(*args, **kwargs)

    async def ainvoke(self, *args: Any, **kwargs: Any) -> list[Document]:
        return await super().ainvoke(*args, **kwargs)


class Old(BaseRetriever):
    """A retriever of the time before run managers."""

    documents: list[Document]

    def _get_relevant_documents(self, query: str) -> list[Document]:
        return self.documents


class Spy(BaseCallbackHandler):
    """Hears everything that callbacks, and so tracers, hear."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def _hear(self, *args, **kwargs):
        self.heard.append((args, kwargs))

    on_chain_start = on_chain_end = on_custom_event = on_chain_error = _hear
    on_retriever_start = on_retriever_end = on_retriever_error = _hear


@pytest.fixture(scope="module")
def guard():
    """A price that changed, a salary, and a date whose successor is secret."""
    kb = Knowledge.open(":memory:")
    for name in ("list price", "salary", "launch date"):
        kb.attribute(name, cardinality="one")
    price = kb.add("Acme", "list price", "$39", source="price list 2025", valid_from="2025-01-01")
    kb.supersede(price.id, "$49", valid_from="2026-01-01", source="price list 2026")
    kb.add("Ann Bell", "salary", "$104,000", source="payroll")
    launch = kb.add("Orion", "launch date", "2026-05-01", source="roadmap", valid_from="2025-01-01")
    kb.supersede(launch.id, "2027-09-30", valid_from="2026-01-01", source="secret plan")
    return Guard(knowledge=kb, permissions=CedarEngine(POLICIES), log=None)


def documents():
    sources = ("handbook/hr/bonus.md", "wiki", "wiki", "wiki")
    return [
        Document(text, metadata={"source": source, "title": text})
        for text, source in zip((SECRET, STALE, FINE, DATE), sources, strict=True)
    ]


async def ways(retriever, *, traced):
    """Ask in every way, and write down everything that can be seen."""
    spy = Spy()
    config = {"callbacks": [spy]}
    managed = {"callbacks": CallbackManager([spy])}
    chain = RunnableLambda(lambda query: query) | retriever | RunnableLambda(lambda found: found)
    with collect_runs() if traced else nullcontext() as runs:
        seen = [
            retriever.invoke("q", config), await retriever.ainvoke("q", config), retriever.batch(["q"], config),
            list(retriever.stream("q", config)), chain.invoke("q", managed), await chain.ainvoke("q", config),
            [event async for event in chain.astream_events("q", config, version="v2")],
            [event async for event in retriever.astream_events("q", version="v2")],
        ]  # fmt: skip
    assert spy.heard
    assert not traced or runs.traced_runs
    return seen, repr((seen, spy.heard, [run.model_dump() for run in runs.traced_runs] if traced else None))


@pytest.mark.parametrize("shape", ["plain", "old", "overriding", "nesting"])
async def test_what_may_not_pass_is_seen_by_nobody(guard, shape):
    """The document of HR, the price of last year and the secret date are in no result, event, callback or trace.

    Tracers that LangChain gives to every run hear those inside a retriever that asks others by itself.
    """
    shelf = {"plain": Shelf, "overriding": Overriding, "nesting": Shelf, "old": Old}[shape](documents=documents())
    inner = Nesting(inner=shelf) if shape == "nesting" else shelf
    retriever = GuardRetriever(inner=inner, guard=guard.acting_for("sam", groups=["sales"]))
    seen, text = await ways(retriever, traced=shape in ("plain", "old"))
    for secret in (SECRET, "$39", "2026-05-01", "2027-09-30", "handbook", "withheld", "permitted"):
        assert secret not in text, secret
    assert [document.page_content for document in seen[0]] == ["Acme, list price: $49", FINE]
    assert seen[0] == seen[1] == seen[4]


async def test_who_may_read_gets_it(guard):
    """What is withheld from one is there for another; a guard that acts for nobody reads what everybody may."""
    inner = Shelf(documents=documents())
    hr = [
        one.page_content
        for one in GuardRetriever(inner=inner, guard=guard.acting_for("hana", groups=["hr"])).invoke("q")
    ]
    assert hr == [SECRET, "Acme, list price: $49", FINE]
    nobody = GuardRetriever(inner=inner, guard=guard, ended="mark").invoke("q")
    assert [one.page_content for one in nobody] == [STALE, FINE, DATE]
    assert nobody[0].metadata["guardlayer_current"] == "Acme, list price: $49"
    assert nobody[2].metadata["guardlayer_standing"] == "superseded"
    assert "guardlayer_current" not in nobody[2].metadata, "what took over may not be read"


async def test_a_principal_sees_their_part_of_the_knowledge(guard):
    """``guard.readable`` is a knowledge layer to retrieve from: a denied fact never reaches the prompt."""
    question = "What is the salary of Ann Bell?"
    for who, groups, found in (("hana", ["hr"], ["Ann Bell, salary: $104,000"]), ("sam", [], [])):
        retriever = KnowledgeRetriever(knowledge=guard.acting_for(who, groups=groups).readable)
        for documents_ in (retriever.invoke(question), await retriever.ainvoke(question)):
            assert [one.page_content for one in documents_] == found
    history = KnowledgeRetriever(knowledge=guard.readable, history=True).invoke("launch date of Orion")
    assert not re.search(r"2027\W+0?9", repr(history))


def test_two_versions_of_one_source_are_told_apart_without_knowing_it():
    """The user's own metadata says which is older, also where there is no knowledge layer at all."""
    found = [
        Document("Second class only.", metadata={"doc": "travel", "edited": "2025-03-01"}),
        Document("First class is fine.", metadata={"doc": "travel", "edited": "2026-03-01"}),
        Document("Expenses take a week.", metadata={"doc": "expenses", "edited": "2020-01-01"}),
    ]
    guard = Guard(metadata={"source": "doc", "updated": "edited"}, log=None)
    kept = [one.page_content for one in GuardRetriever(inner=Shelf(documents=found), guard=guard).invoke("q")]
    assert kept == ["First class is fine.", "Expenses take a week."]
    then = GuardRetriever(inner=Shelf(documents=found), guard=guard, at="2025-06-01").invoke("q")
    assert [one.page_content for one in then] == ["Second class only.", "First class is fine.", "Expenses take a week."]


async def test_policies_that_fail_let_nothing_through():
    """An engine that raises is an error, in sync and async; it is never a pass."""

    class Broken:
        digest = "sha256:0"

        def decide(self, accesses):
            raise RuntimeError(SECRET)

    retriever = GuardRetriever(inner=Shelf(documents=documents()), guard=Guard(permissions=Broken(), log=None))
    spy = Spy()
    with pytest.raises(AuthorityError, match="could not be evaluated") as told:
        retriever.invoke("q", {"callbacks": [spy]})
    with pytest.raises(AuthorityError, match="could not be evaluated"):
        await retriever.ainvoke("q", {"callbacks": [spy]})
    assert SECRET not in repr(spy.heard) + str(told.value)


def cedar(effect, group, what):
    """Write a rule of the oracle as Cedar writes it."""
    who = "principal" if group == "any" else f'principal in Group::"{group}"'
    on = "resource" if what == "any" else f'resource in Source::"{what}"'
    return f'{"permit" if effect == "p" else "forbid"}({who}, action == Action::"read", {on});'


def test_random_policies_leak_nothing_and_withhold_nothing():
    """Over random policies, what passes is exactly what an oracle of a few lines permits, substitutes included."""
    rng = random.Random(7)
    kb = Knowledge.open(":memory:")
    kb.attribute("a0", cardinality="one")
    for number in range(3):
        old = kb.add(f"Unit{number}", "a0", f"old{number}", source=f"s{number}", valid_from="2025-01-01")
        kb.supersede(old.id, f"new{number}", valid_from="2026-01-01", source=f"s{(number + 1) % 3}")
    found = [
        Document(f"Page {number} is about tea.", metadata={"source": f"s{number % 3}/p{number}"}) for number in range(6)
    ]
    found += [Document(f"The a0 of Unit{number} is old{number}.", metadata={"source": "s0"}) for number in range(3)]
    for _ in range(25):
        rules = [
            (rng.choice("ppf"), rng.choice(["any", *"abc"]), rng.choice(["any", "s0", "s1", "s2"]))
            for _ in range(rng.randint(0, 6))
        ]
        groups = rng.sample("abc", rng.randint(0, 2))
        guarded = Guard(knowledge=kb, permissions=CedarEngine("\n".join(cedar(*rule) for rule in rules)), log=None)

        def allows(source, rules=rules, groups=groups):
            hits = {e for e, group, what in rules if group in ("any", *groups) and what in ("any", source)}
            return hits == {"p"}

        guard = guarded.acting_for("p", groups=groups)
        passed = GuardRetriever(inner=Shelf(documents=found), guard=guard).invoke("q")
        assert all(allows(one.metadata["source"].split("/")[0]) for one in passed), (rules, groups)
        pages = [one.page_content for one in passed if "tea" in one.page_content]
        assert pages == [one.page_content for one in found[:6] if allows(one.metadata["source"][:2])]
        for number in range(3):
            before, after = allows(f"s{number}"), allows(f"s{(number + 1) % 3}")
            assert after or f"new{number}" not in repr(passed)
            assert (f"Unit{number}, a0: new{number}" in [one.page_content for one in passed]) == (
                allows("s0") and before and after
            )
            assert (f"is old{number}" in repr(passed)) <= (allows("s0") and not before)
