"""LlamaIndex's nodes and retrievers, as they really are. Importing the framework takes seconds: all of it is here."""

from datetime import UTC, datetime

import pytest
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import Document, NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode

from guardlayer.errors import AuthorityError, ConfigError
from guardlayer.evidence import as_authority, coerce
from guardlayer.types import Claim, Query, Span

AT = datetime(2026, 1, 10, tzinfo=UTC)
QUERY = Query(Claim("The fee is 3%.", 0, 14), AT)


class Fees(BaseRetriever):
    def _retrieve(self, query_bundle: QueryBundle):
        return [NodeWithScore(node=TextNode(text=f"asked: {query_bundle.query_str}"), score=0.5)]


class Failing(BaseRetriever):
    def _retrieve(self, query_bundle: QueryBundle):
        raise ConnectionError("no index")


def test_nodes():
    """Text without the metadata mixed in, source, place and score of a node are kept."""
    node = TextNode(
        text="The fee is 3%.",
        metadata={"file_path": "docs/fees.md", "last_modified_date": "2025-03-01", "effective_date": "2025-01"},
        start_char_idx=40,
        end_char_idx=54,
    )
    bare = TextNode(text="The fee is 4%.", relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id="page 7")})
    scored, plain, document = coerce([NodeWithScore(node=node, score=0.25), bare, Document(text="The fee is 5%.")])
    assert (scored.text, scored.score, scored.span) == ("The fee is 3%.", 0.25, Span(40, 54))
    assert (scored.source.id, scored.source.uri, scored.source.version) == (
        "docs/fees.md",
        "docs/fees.md",
        "2025-03-01",
    )
    assert scored.valid.start_text == "2025-01"
    assert (plain.source.id, plain.score) == ("page 7", 1.0)
    assert document.text == "The fee is 5%."


def test_scores_of_any_scale():
    """A score that is no share, as some stores give, does not pass for one."""
    for score in (None, 17.5, -0.2, float("nan")):
        (found,) = coerce(NodeWithScore(node=TextNode(text="a"), score=score))
        assert found.score == 1.0


async def test_retrievers():
    """A retriever is asked through its own door, sync and async alike."""
    authority = as_authority(Fees())
    assert authority.id == "Fees"
    (found,) = authority.search(QUERY)
    (awaited,) = await authority.asearch(QUERY)
    assert found.text == awaited.text == "asked: The fee is 3%."
    assert found.score == 0.5


async def test_failures():
    """What the framework raises is an authority error with its cause, both ways."""
    authority = as_authority(Failing())
    with pytest.raises(AuthorityError, match="Failing could not be asked: ConnectionError") as caught:
        authority.search(QUERY)
    assert isinstance(caught.value.__cause__, ConnectionError)
    with pytest.raises(AuthorityError, match="ConnectionError"):
        await authority.asearch(QUERY)


def test_an_index_is_no_retriever():
    """A node is refused as a source: it can be read, not asked."""
    with pytest.raises(ConfigError, match="a source cannot be TextNode"):
        as_authority(TextNode(text="a"))
