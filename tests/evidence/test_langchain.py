"""LangChain's documents and retrievers, as they really are."""

import sys
from datetime import UTC, datetime

import pytest
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda

from guardlayer.errors import AuthorityError, InputError
from guardlayer.evidence import as_authority, coerce
from guardlayer.types import Claim, Query, Span, Standing

AT = datetime(2026, 1, 10, tzinfo=UTC)
QUERY = Query(Claim("The fee is 3%.", 0, 14), AT)


class Special(Document):
    """A user's own kind of document."""


class Fees(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        return [Document(f"asked: {query}", metadata={"source": "fees.md"})]


class AsyncOnly(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        raise NotImplementedError("async only")

    async def _aget_relevant_documents(self, query, *, run_manager):
        return [Document(f"awaited: {query}")]


def test_documents():
    """Text, source, time and place of a document are kept; its own id names it where nothing better does."""
    (whole, named, nameless) = coerce(
        [
            Document(
                "The fee is 3%.",
                metadata={"source": "https://acme.example/fees", "valid_to": "2025", "start_index": 7, "version": "v2"},
            ),
            Special("The fee is 4%.", id="doc@v3"),
            Document("The fee is 5%."),
        ]
    )
    assert (whole.source.id, whole.source.uri, whole.source.version) == (
        "https://acme.example/fees",
        "https://acme.example/fees",
        "v2",
    )
    assert (whole.span, whole.valid.end_text) == (Span(7, 21), "2025")
    assert (named.source.id, nameless.source.id) == ("doc@v3", "call evidence #3")


def test_a_single_document_is_one_piece():
    """A document iterates over its fields; it is not a list of them."""
    (found,) = coerce(Document("The fee is 3%."))
    assert found.text == "The fee is 3%."


def test_other_models_are_refused():
    """A message is no document."""
    from langchain_core.messages import AIMessage

    with pytest.raises(InputError, match="AIMessage cannot be read as evidence"):
        coerce(AIMessage("The fee is 3%."))


async def test_retrievers():
    """A retriever is asked through its own door, sync and async alike."""
    authority = as_authority(Fees())
    assert authority.id == "Fees"
    (found,) = authority.search(QUERY)
    assert (found.text, found.source.id, found.standing) == ("asked: The fee is 3%.", "fees.md", Standing.CURRENT)
    assert list(await authority.asearch(QUERY)) == [found]


async def test_an_async_retriever():
    """A retriever with an async way only works under acheck, and says so elsewhere."""
    authority = as_authority(AsyncOnly())
    (found,) = await authority.asearch(QUERY)
    assert found.text == "awaited: The fee is 3%."
    with pytest.raises(AuthorityError, match="AsyncOnly could not be asked: NotImplementedError"):
        authority.search(QUERY)


async def test_runnables():
    """A chain that ends in documents is a retriever too."""
    authority = as_authority(RunnableLambda(lambda text: [Document(text.upper())]))
    assert authority.search(QUERY)[0].text == "THE FEE IS 3%."
    assert (await authority.asearch(QUERY))[0].text == "THE FEE IS 3%."


def test_recognised_only_if_imported(monkeypatch):
    """Nothing is recognised through an import of ours: without the module, the object is unknown."""
    document = Document("The fee is 3%.")
    monkeypatch.delitem(sys.modules, "langchain_core.documents.base")
    with pytest.raises(InputError, match="Document cannot be read as evidence"):
        coerce(document)
    assert "langchain_core.documents.base" not in sys.modules
