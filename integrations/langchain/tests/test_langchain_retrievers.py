"""The knowledge layer as a retriever, and retrievers held to what it knows."""

from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda

from guardlayer import Guard, Knowledge
from guardlayer.errors import ConfigError
from guardlayer.testing import MemoryLog
from langchain_guardlayer import GuardRetriever, KnowledgeRetriever


@pytest.fixture
def knowledge(tmp_path):
    """A price that has changed, and a document."""
    kb = Knowledge.open(":memory:")
    fact = kb.add("Acme", "list price", "$39", source="price list 2025", valid_from="2025-01-01")
    kb.supersede(fact.id, "$49", valid_from="2026-01-01", source="price list 2026")
    handbook = tmp_path / "handbook.md"
    handbook.write_text("# Travel\n\nAcme reimburses train tickets in second class.\n")
    kb.ingest(handbook, source="handbook")
    return kb


async def test_facts_and_passages_are_documents(knowledge):
    """What is current, with its source, its dates and an id that names the version; sync and async."""
    retriever = KnowledgeRetriever(knowledge=knowledge)
    for found in (retriever.invoke("What is the list price of Acme?"), await retriever.ainvoke("list price of Acme")):
        assert found[0].page_content == "Acme, list price: $49"
        assert found[0].metadata["source"] == "price list 2026"
        assert found[0].metadata["valid_from"].startswith("2026-01-01")
        assert found[0].id == f"{found[0].metadata['fact']}@{found[0].metadata['fact_version']}"
        assert not any("$39" in document.page_content for document in found)
    (passage,) = retriever.invoke("Are train tickets reimbursed?")
    assert "second class" in passage.page_content
    assert (passage.metadata["source"], passage.metadata["standing"]) == ("handbook", "current")


def test_the_past_can_be_asked(knowledge):
    """As of another instant, or with what has ended behind what is current; ``k`` at construction or at the call."""
    query = "What is the list price of Acme?"
    earlier = KnowledgeRetriever(knowledge=knowledge, at="2025-06-01").invoke(query)
    assert earlier[0].page_content == "Acme, list price: $39"
    assert KnowledgeRetriever(knowledge=knowledge).invoke(query, at="2025-06-01") == earlier
    history = KnowledgeRetriever(knowledge=knowledge, history=True)
    found = [(document.metadata["standing"], document.page_content) for document in history.invoke(query)]
    assert found[0] == ("current", "Acme, list price: $49")
    assert found[-1] == ("superseded", "Acme, list price: $39")
    assert len(history.invoke(query, k=1)) == len(KnowledgeRetriever(knowledge=knowledge, k=1).invoke(query)) == 1


class Shelf(BaseRetriever):
    """A retriever of given documents."""

    documents: list[Document]

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return self.documents


TEXTS = ("The list price of Acme is $39.", "The list price of Acme is $49.", "Acme was founded in a barn.")
SHELF = Shelf(documents=[Document(text, id=name) for text, name in zip(TEXTS, ("old", "new", "other"), strict=True)])


async def test_documents_out_of_date_are_replaced_left_out_or_marked(knowledge):
    """The vector store still holds last year's page; the ledger knows better, and says what is true now."""
    log = MemoryLog()
    guard = Guard(knowledge=knowledge, log=log)
    replacing = GuardRetriever(inner=SHELF, guard=guard)
    for found in (replacing.invoke("q"), await replacing.ainvoke("q")):
        assert [document.page_content for document in found] == ["Acme, list price: $49", *TEXTS[1:]]
        assert found[0].metadata["source"] == "price list 2026"
        assert found[1:] == SHELF.documents[1:]
    marked = GuardRetriever(inner=SHELF, guard=guard, ended="mark").invoke("q")
    assert [document.id for document in marked] == ["old", "new", "other"]
    assert marked[0].metadata == {
        "guardlayer_standing": "superseded",
        "guardlayer_current": "Acme, list price: $49",
    }
    dropping = guard.wrap(SHELF, ended="drop")
    assert isinstance(dropping, GuardRetriever)
    assert [document.id for document in dropping.invoke("q")] == ["new", "other"]
    assert len(guard.wrap(SHELF, ended="drop", at="2025-06-01").invoke("q")) == 3, "it was true then"
    assert log.records == (), "what is retrieved was not said by a model"
    assert SHELF.documents[0].metadata == {}, "the documents of others are copied"


def test_a_knowledge_retriever_serves_as_a_source_and_in_a_chain(knowledge):
    """Both ways: our store for their chain, their retriever for our guard."""
    retriever = KnowledgeRetriever(knowledge=knowledge)
    guard = Guard(sources=[retriever], log=None)
    assert guard.check("Acme reimburses train tickets in second class.").ok
    chain = retriever | RunnableLambda(lambda found: found[0].page_content)
    assert chain.invoke("What is the list price of Acme?") == "Acme, list price: $49"


def test_wrong_arguments_are_named():
    """Documents are judged by something, so there must be something; mistakes show when the parts are made."""
    with pytest.raises(ConfigError, match="needs a guard with a knowledge layer"):
        GuardRetriever(inner=SHELF, guard=Guard(log=None))
    with pytest.raises(ConfigError, match="unknown option 'stale' for a retriever; the options are ended, at"):
        Guard(knowledge=Knowledge.open(":memory:"), log=None).wrap(SHELF, stale="drop")
    with pytest.raises(ConfigError, match=r"knowledge= takes a Knowledge or guard\.readable, not a str"):
        KnowledgeRetriever(knowledge="kb")
    with pytest.raises(ConfigError, match=r"knowledge= takes a Knowledge or guard\.readable, not a NoneType"):
        KnowledgeRetriever(knowledge=Guard(log=None).readable)
