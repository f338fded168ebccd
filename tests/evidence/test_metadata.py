"""The user's own metadata, under whatever keys it stands, in the same time rules as everything else."""

from datetime import UTC, date, datetime

import pytest
from langchain_core.documents import Document
from llama_index.core.schema import NodeWithScore, TextNode

from guardlayer import Guard, Label
from guardlayer.errors import ConfigError
from guardlayer.evidence import RetrieverAuthority, coerce
from guardlayer.evidence.coercion import best
from guardlayer.types import Claim, Query, Standing

AT = datetime(2026, 6, 1, tzinfo=UTC)
KEYS = {"source": "doc_id", "updated": "file.edited", "version": "rev", "effective_from": ("in_force", "published")}
OLD, NEW = "The fee is 3% of the amount.", "The fee is 4% of the amount."


def standings(items, keys=KEYS, at=AT):
    """Return text: standing."""
    return {one.text: one.standing for one in best(coerce(items, metadata=keys), at=at, limit=9)}


def documents(old, new):
    """Return two versions of one text with their metadata."""
    return [Document(OLD, metadata={"doc_id": "fees", **old}), Document(NEW, metadata={"doc_id": "fees", **new})]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"in_force": "2025-01-01"}, {"in_force": "2026-01-01"}),
        ({"published": date(2025, 1, 1)}, {"published": date(2026, 1, 1)}),
        ({"file": {"edited": "2025-03-01T10:00:00Z"}}, {"file": {"edited": "2026-02-01T10:00:00Z"}}),
        ({"file.edited": "2025"}, {"file.edited": "2026"}),
        ({"rev": 3}, {"rev": 4}),
        ({"rev": "v1.9.0"}, {"rev": "v1.10.0"}),
    ],
)
def test_of_two_versions_of_one_source_the_older_is_superseded(old, new):
    """By the day it takes effect, else the day it was written, else its number; in any order."""
    for pair in (documents(old, new), documents(old, new)[::-1]):
        assert standings(pair) == {OLD: Standing.SUPERSEDED, NEW: Standing.CURRENT}


def test_nodes_of_llama_index_and_mappings_are_read_alike():
    """The same keys mean the same, whatever holds them."""
    nodes = [
        NodeWithScore(node=TextNode(text=OLD, metadata={"doc_id": "fees", "published": "2025-01-01"}), score=0.9),
        TextNode(text=NEW, metadata={"doc_id": "fees", "published": "2026-01-01"}),
    ]
    assert standings(nodes) == {OLD: Standing.SUPERSEDED, NEW: Standing.CURRENT}
    rows = [{"text": OLD, "doc_id": "fees", "rev": 1}, {"text": NEW, "metadata": {"doc_id": "fees", "rev": 2}}]
    assert standings(rows) == {OLD: Standing.SUPERSEDED, NEW: Standing.CURRENT}


def test_an_update_says_when_the_older_ended_and_nothing_of_the_newer():
    """Asked for a day before the update, the older still stands; the newer is not of the future."""
    pair = documents({"file": {"edited": "2025-03-01"}}, {"file": {"edited": "2026-02-01"}})
    assert standings(pair, at=datetime(2026, 1, 1, tzinfo=UTC)) == {OLD: Standing.CURRENT, NEW: Standing.CURRENT}
    (old, _) = coerce(pair, metadata=KEYS)
    assert old.valid.end_text == "2026-02-01"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"doc_id": "other", "rev": 1}, {"rev": 2}),
        ({"rev": "draft"}, {"rev": "final"}),
        ({"rev": 2}, {"rev": 2}),
        ({}, {"rev": 2}),
        ({"file": {"edited": "soon"}}, {"file": {"edited": "2026"}}),
        ({"file": "x"}, {"file": {"edited": 3}}),
    ],
)
def test_what_cannot_be_compared_supersedes_nothing(old, new):
    """Other sources, words for versions, no version, dates that are none: both stand."""
    assert set(standings(documents(old, new)).values()) == {Standing.CURRENT}


def test_without_a_mapping_an_update_supersedes_nothing():
    """Only the user knows that a key means the day a version was written."""
    pair = [
        Document(OLD, metadata={"source": "fees", "updated": "2025"}),
        Document(NEW, metadata={"source": "fees", "updated": "2026"}),
    ]
    assert set(standings(pair, keys=None).values()) == {Standing.CURRENT}


def test_a_retriever_takes_the_same_mapping():
    """What a vector store returns is ordered by its own metadata."""
    authority = RetrieverAuthority(lambda _: documents({"rev": 1}, {"rev": 2}), metadata=KEYS)
    found = authority.search(Query(Claim("The fee is 3%.", 0, 14), AT))
    assert (found[0].text, found[0].source.id, found[0].source.version) == (NEW, "fees", "2")
    assert found[1].standing is Standing.SUPERSEDED


@pytest.mark.parametrize("way", ["sources", "evidence"])
def test_a_guard_calls_the_older_version_stale(way):
    """A retriever that brings both versions does not make the old one a source."""
    pair = documents({"published": "2025-01-01"}, {"published": "2026-01-01"})
    guard = Guard(sources=[lambda _: pair] if way == "sources" else [], metadata=KEYS, log=None)
    (claim,) = guard.check(OLD, evidence=pair if way == "evidence" else [], at=AT).claims
    assert claim.verdict is Label.STALE
    assert guard.check(NEW, evidence=pair if way == "evidence" else [], at=AT).claims[0].verdict is Label.SUPPORTED


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"sourse": "x"}, "knows no 'sourse'; it maps source, uri, version"),
        ({"source": ""}, "must be the key of your documents"),
        ({"source": 3}, "must be the key of your documents"),
        ({"source": ["a", 3]}, "must be the key of your documents"),
        (["source"], "takes a mapping of source"),
    ],
)
def test_a_mapping_that_is_wrong_is_told_when_the_guard_is_built(declared, message):
    """Not at the first document, in the middle of a call."""
    with pytest.raises(ConfigError, match=message):
        Guard(metadata=declared, log=None)
