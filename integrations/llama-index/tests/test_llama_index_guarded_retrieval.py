"""What has ended or may not be read reaches nobody: no result, no event, no callback, no prompt."""

import random
import re

import pytest
from llama_index.core.callbacks import CallbackManager
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import IndexNode, NodeWithScore, TextNode

from guardlayer import Guard, Knowledge
from guardlayer.errors import AuthorityError
from guardlayer.knowledge.permissions import CedarEngine
from llama_index_guardlayer import GuardRetriever, KnowledgeRetriever, KnowledgeTagger

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
WITHHELD = (SECRET, "$39", "2026-05-01", "2027-09-30", "handbook", "withheld", "permitted")


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


def nodes():
    sources = ("handbook/hr/bonus.md", "wiki", "wiki", "wiki")
    return [
        NodeWithScore(node=TextNode(text=text, metadata={"source": source, "title": text}), score=0.5)
        for text, source in zip((SECRET, STALE, FINE, DATE), sources, strict=True)
    ]


@pytest.mark.parametrize("shape", ["plain", "fusion", "recursive", "unfollowed"])
async def test_what_may_not_pass_is_seen_by_nobody(guard, fakes, ear, old_ear, shape):
    """The node of HR, the price of last year and the secret date are in no result, event, callback or prompt."""
    manager = CallbackManager([old_ear])
    shelf = fakes.Shelf(*nodes())
    shelf.callback_manager = manager
    inner = shelf
    if shape == "fusion":
        inner = QueryFusionRetriever(
            [shelf], llm=fakes.Completer(script=["q"] * 9), num_queries=1, similarity_top_k=4, use_async=False
        )
    elif shape == "recursive":
        inner = fakes.Shelf(NodeWithScore(node=IndexNode(text="see", index_id="s", obj=shelf)))
    elif shape == "unfollowed":  # what the retriever inside leaves to be followed is followed by nobody
        deep = IndexNode(text="see", index_id="s", obj=shelf)
        inner = fakes.Shelf(NodeWithScore(node=IndexNode(text="see", index_id="d", obj=deep)))
    inner.callback_manager = manager
    retriever = GuardRetriever(inner=inner, guard=guard.acting_for("sam", groups=["sales"]))
    llm = fakes.Completer(script=["Fine."] * 9)
    engine = RetrieverQueryEngine.from_args(retriever, llm=llm)
    seen = [
        retriever.retrieve("q"),
        await retriever.aretrieve("q"),
        engine.query("q"),
        await engine.aquery("q"),
    ]
    told = [text for value in seen for text in fakes.texts(value)]
    told += [text for _, texts in [*ear.heard, *old_ear.heard] for text in texts]
    assert any(name == "RetrievalEndEvent" for name, _ in ear.heard)
    for secret in WITHHELD:
        assert not [text for text in told if secret in text], secret
    expected = ["see"] if shape == "unfollowed" else ["Acme, list price: $49", FINE]
    for found in seen[:2]:
        assert sorted(node.text for node in found) == sorted(expected)
    if shape != "unfollowed":
        assert "Acme, list price: $49" in " ".join(told)


def test_who_may_read_gets_it(guard, fakes):
    """What is withheld from one is there for another; a guard that acts for nobody reads what everybody may."""
    inner = fakes.Shelf(*nodes())
    hr = GuardRetriever(inner=inner, guard=guard.acting_for("hana", groups=["hr"])).retrieve("q")
    assert [node.text for node in hr] == [SECRET, "Acme, list price: $49", FINE]
    assert hr[1].score == 0.5, "what stands in a node's place is found where it was"
    nobody = GuardRetriever(inner=inner, guard=guard, ended="mark").retrieve("q")
    assert [node.text for node in nobody] == [STALE, FINE, DATE]
    assert nobody[2].metadata["guardlayer_standing"] == "superseded"
    assert "guardlayer_current" not in nobody[2].metadata, "what took over may not be read"
    tagged = KnowledgeTagger(guard=guard).postprocess_nodes(nodes())
    assert [node.text for node in tagged] == [STALE, FINE, DATE]
    assert not re.search(r"2027\W+0?9", repr(tagged))


async def test_a_principal_sees_their_part_of_the_knowledge(guard):
    """``guard.readable`` is a knowledge layer to retrieve from: a denied fact never reaches the prompt."""
    question = "What is the salary of Ann Bell?"
    for who, groups, found in (("hana", ["hr"], ["Ann Bell, salary: $104,000"]), ("sam", [], [])):
        retriever = KnowledgeRetriever(knowledge=guard.acting_for(who, groups=groups).readable)
        for nodes_ in (retriever.retrieve(question), await retriever.aretrieve(question)):
            assert [node.text for node in nodes_] == found
    history = KnowledgeRetriever(knowledge=guard.readable, history=True).retrieve("launch date of Orion")
    assert not re.search(r"2027\W+0?9", repr(history))


def test_two_versions_of_one_source_are_told_apart_without_knowing_it(fakes):
    """The user's own metadata says which is older, also where there is no knowledge layer at all."""
    found = [
        NodeWithScore(node=TextNode(text=text, metadata={"doc": doc, "edited": edited}))
        for text, doc, edited in (
            ("Second class only.", "travel", "2025-03-01"),
            ("First class is fine.", "travel", "2026-03-01"),
            ("Expenses take a week.", "expenses", "2020-01-01"),
        )
    ]
    guard = Guard(metadata={"source": "doc", "updated": "edited"}, log=None)
    kept = GuardRetriever(inner=fakes.Shelf(*found), guard=guard).retrieve("q")
    assert [node.text for node in kept] == ["First class is fine.", "Expenses take a week."]
    then = GuardRetriever(inner=fakes.Shelf(*found), guard=guard, at="2025-06-01").retrieve("q")
    assert len(then) == 3


async def test_policies_that_fail_let_nothing_through(fakes, ear):
    """An engine that raises is an error, in sync and async; it is never a pass."""

    class Broken:
        digest = "sha256:0"

        def decide(self, accesses):
            raise RuntimeError(SECRET)

    retriever = GuardRetriever(inner=fakes.Shelf(*nodes()), guard=Guard(permissions=Broken(), log=None))
    with pytest.raises(AuthorityError, match="could not be evaluated"):
        retriever.retrieve("q")
    with pytest.raises(AuthorityError, match="could not be evaluated"):
        await retriever.aretrieve("q")
    assert SECRET not in repr(ear.heard)


def test_random_policies_leak_nothing_and_withhold_nothing(fakes):
    """Over random policies, what passes is exactly what an oracle of a few lines permits."""
    rng = random.Random(13)
    found = [
        NodeWithScore(node=TextNode(text=f"Page {number}.", metadata={"source": f"s{number % 3}/p{number}"}))
        for number in range(9)
    ]
    for _ in range(40):
        rules = [
            (rng.choice("ppf"), rng.choice(["any", *"abc"]), rng.choice(["any", "s0", "s1", "s2"]))
            for _ in range(rng.randint(0, 6))
        ]
        groups = rng.sample("abc", rng.randint(0, 2))
        policies = []
        for effect, group, what in rules:
            who = "principal" if group == "any" else f'principal in Group::"{group}"'
            on = "resource" if what == "any" else f'resource in Source::"{what}"'
            policies.append(f'{"permit" if effect == "p" else "forbid"}({who}, action == Action::"read", {on});')
        guard = Guard(permissions=CedarEngine("\n".join(policies)), log=None).acting_for("p", groups=groups)
        passed = GuardRetriever(inner=fakes.Shelf(*found), guard=guard).retrieve("q")
        wanted = []
        for node in found:
            names = ("any", node.metadata["source"][:2])
            hits = {effect for effect, group, what in rules if group in ("any", *groups) and what in names}
            wanted += [node.text] if hits == {"p"} else []
        assert [node.text for node in passed] == wanted, (rules, groups)
