"""GuardedQueryEngine with LlamaIndex's own engines, synthesizers and tools."""

from typing import Any

import pytest
from llama_index.core.base.response.schema import (
    AsyncStreamingResponse,
    PydanticResponse,
    Response,
    StreamingResponse,
)
from llama_index.core.query_engine import CustomQueryEngine
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.core.tools import QueryEngineTool
from pydantic import BaseModel

from guardlayer.errors import ConfigError, GuardViolation, ResponseTypeError
from guardlayer.types import Action
from guardlayer.wrapping import reports
from llama_index_guardlayer import GuardedQueryEngine

RAW = "The list price of Acme is $39. I hope this helps."
TRUE = "The list price of Acme is $49. I hope this helps."
QUESTION = "What is the list price of Acme?"
NODE = NodeWithScore(node=TextNode(id_="n1", text="Acme sells anvils."), score=0.9)


class Fixed(CustomQueryEngine):
    """An engine that answers with what it is given; LlamaIndex makes a response of a string."""

    answer: Any

    def custom_query(self, query_str: str) -> Any:
        return self.answer


def fixed(response: Any) -> CustomQueryEngine:
    return Fixed(answer=response)


async def test_custom_engines_that_only_have_the_public_query(guard):
    """``CustomQueryEngine`` refuses ``_query``; it is guarded all the same."""
    guarded = GuardedQueryEngine(inner=fixed(RAW), guard=guard)
    assert [str(guarded.query(QUESTION)), str(await guarded.aquery(QUESTION))] == [TRUE, TRUE]


async def test_query_and_aquery_give_the_checked_text_and_the_same_report(guard, engine):
    """Sync and async are one logic."""
    guarded = GuardedQueryEngine(inner=engine(), guard=guard)
    with reports() as collected:
        responses = [guarded.query(QUESTION), await guarded.aquery(QUESTION)]
    assert [str(response) for response in responses] == [TRUE, TRUE]
    assert responses[0].metadata["guardlayer"] == responses[1].metadata["guardlayer"]
    assert [report.draft.question for report in collected] == [QUESTION] * 2


async def test_the_response_keeps_its_sources_and_metadata_and_says_what_was_found(guard, engine):
    """Source nodes are evidence; the verdicts stand in the metadata as JSON values."""
    guarded = GuardedQueryEngine(inner=engine(), guard=guard)
    with reports() as collected:
        response = guarded.query(QUESTION)
    assert response.source_nodes == [NODE]
    assert "n1" in response.metadata
    (brief,) = response.metadata["guardlayer"]
    assert (brief["outcome"], brief["action"]) == ("findings", "correct")
    (found,) = [verdict for verdict in brief["verdicts"] if verdict["verdict"] == "stale"]
    assert "$49" in found["reason"]
    assert [piece.text for piece in collected[0].draft.evidence] == ["Acme sells anvils."]


async def test_a_stream_releases_each_sentence_once_it_was_checked(guard, engine):
    """One sentence is held back at a time; when the stream has ended, the metadata says what was found."""
    guarded = GuardedQueryEngine(inner=engine(streaming=True), guard=guard)
    response = guarded.query(QUESTION)
    assert isinstance(response, StreamingResponse)
    assert next(response.response_gen) == "The list price of Acme is $49. "
    assert response.metadata["guardlayer"] == []
    assert list(response.response_gen) == ["I hope this helps."]
    assert response.metadata["guardlayer"][0]["action"] == "correct"
    assert response.source_nodes == [NODE]
    assert guarded.query(QUESTION).get_response().response == TRUE


async def test_async_streams_release_sentences_too(guard, engine):
    """The same for ``aquery``."""
    guarded = GuardedQueryEngine(inner=engine(streaming=True), guard=guard)
    response = await guarded.aquery(QUESTION)
    assert isinstance(response, AsyncStreamingResponse)
    tokens = [token async for token in response.async_response_gen()]
    assert tokens == ["The list price of Acme is $49. ", "I hope this helps."]
    assert response.metadata["guardlayer"][0]["action"] == "correct"
    again = await guarded.aquery(QUESTION)
    assert (await again.get_response()).response == TRUE


async def test_streams_can_be_held_until_all_of_them_was_checked(guard, engine):
    """``hold="full"``: the metadata is complete, and a violation raised, before the response is returned."""
    guarded = GuardedQueryEngine(inner=engine(streaming=True), guard=guard, hold="full")
    response = guarded.query(QUESTION)
    assert response.metadata["guardlayer"][0]["action"] == "correct"
    assert "".join(response.response_gen) == TRUE
    assert str(guarded.query(QUESTION)) == TRUE
    awaited = await guarded.aquery(QUESTION)
    assert awaited.metadata["guardlayer"][0]["action"] == "correct"
    assert "".join([token async for token in awaited.async_response_gen()]) == TRUE


def test_a_reader_who_leaves_early_has_seen_only_what_was_checked(guard, engine):
    """The report says that the rest was not shown."""
    guarded = GuardedQueryEngine(inner=engine(streaming=True), guard=guard)
    with reports() as collected:
        tokens = guarded.query(QUESTION).response_gen
        next(tokens)
        tokens.close()
    assert collected[0].output == "The list price of Acme is $49. "
    assert any("closed" in notice for notice in collected[0].notices)


async def test_a_pydantic_response_is_guarded_by_its_fields(guard):
    """The object keeps its class, the field is corrected, the original is untouched."""

    class Offer(BaseModel):
        text: str

    offer = Offer(text="The list price of Acme is $39.")
    guarded = GuardedQueryEngine(inner=fixed(PydanticResponse(offer, [NODE])), guard=guard)
    for response in (guarded.query(QUESTION), await guarded.aquery(QUESTION)):
        assert isinstance(response, PydanticResponse)
        assert response.response == Offer(text="The list price of Acme is $49.")
        assert response.metadata["guardlayer"][0]["action"] == "correct"
    assert offer.text.endswith("$39.")


async def test_retrieve_is_passed_on_and_synthesize_is_guarded(guard, engine):
    """An engine's two halves, as routers and tools use them."""
    guarded = GuardedQueryEngine(inner=engine(), guard=guard)
    query = QueryBundle(QUESTION)
    assert guarded.retrieve(query) == [NODE]
    assert str(guarded.synthesize(query, [NODE])) == TRUE
    assert str(await guarded.asynthesize(query, [NODE])) == TRUE


def test_it_works_as_a_tool(guard, engine):
    """Agents use engines as tools; the tool's output is the checked one, with its sources."""
    tool = QueryEngineTool.from_defaults(GuardedQueryEngine(inner=engine(), guard=guard), name="kb", description="d")
    output = tool.call(QUESTION)
    assert output.content == TRUE
    assert output.raw_output.source_nodes == [NODE]


def test_prompts_of_the_inner_engine_stay_reachable(guard, engine):
    """The guarded engine is a module around the inner one."""
    prompts = GuardedQueryEngine(inner=engine(), guard=guard).get_prompts()
    assert "query_engine:response_synthesizer:text_qa_template" in prompts


async def test_blocked_answers_are_the_refusal_or_raise(guard_under, engine):
    """The refusal is a response, held streams included; ``raises`` makes it an exception."""
    for streaming in (False, True):
        guarded = GuardedQueryEngine(inner=engine(streaming=streaming), guard=guard_under("strict"))
        assert str(guarded.query(QUESTION)).startswith("This answer was withheld")
    raising = GuardedQueryEngine(inner=engine(streaming=True), guard=guard_under("strict"), raises=True, hold="full")
    with pytest.raises(GuardViolation) as caught:
        await raising.aquery(QUESTION)
    assert caught.value.report.action is Action.BLOCK


async def test_asking_again_tells_the_model_and_retrieves_as_before(guard_under, engine):
    """The feedback is in the prompt, not in what is searched for."""
    inner = engine(RAW, TRUE, RAW, TRUE)
    guarded = GuardedQueryEngine(inner=inner, guard=guard_under("retry"))
    assert str(guarded.query(QUESTION)) == TRUE
    assert str(await guarded.aquery(QUESTION)) == TRUE
    heard = inner._response_synthesizer._llm.heard
    assert len(heard) == 4
    assert "$49" not in heard[0]
    assert "$49" in heard[1]
    assert [query.embedding_strs for query in inner._retriever.asked] == [[QUESTION]] * 4


async def test_citations_that_lead_nowhere_are_listed(guard):
    """A model that cites a second source where there is one has made it up; other engines' brackets are their own."""
    node = NodeWithScore(node=TextNode(text="Source 1:\nAcme sells anvils."))
    said = "Acme sells anvils [1]. They are heavy [2]."
    numbered = GuardedQueryEngine(inner=fixed(Response(said, [node])), guard=guard).query(QUESTION)
    assert numbered.metadata["guardlayer"][0]["dangling_citations"] == [2]
    other = GuardedQueryEngine(inner=fixed(Response(said, [NODE])), guard=guard).query(QUESTION)
    assert "dangling_citations" not in other.metadata["guardlayer"][0]


def test_an_engine_that_answers_nothing_or_something_else(guard):
    """No answer is no claim; what is no response is an error."""
    with reports() as collected:
        response = GuardedQueryEngine(inner=fixed(Response(None)), guard=guard).query(QUESTION)
    assert (response.response, response.metadata, collected) == (None, {"guardlayer": []}, [])
    with pytest.raises(ResponseTypeError, match="Fixed returned a dict; a query engine returns a Response"):
        GuardedQueryEngine(inner=fixed({}), guard=guard).query(QUESTION)


def test_guard_wrap_finds_this_package(guard, engine):
    """``guard.wrap(engine)`` is a GuardedQueryEngine, by entry point."""
    seen = []
    guarded = guard.wrap(engine(), on_report=seen.append)
    assert isinstance(guarded, GuardedQueryEngine)
    assert str(guarded.query(QUESTION)) == TRUE
    assert len(seen) == 1
    with pytest.raises(ConfigError, match="unknown option 'question' for a query engine"):
        guard.wrap(engine(), question="q")
    with pytest.raises(ConfigError, match="cannot be guarded; pass a callable"):
        guard.wrap(NODE)


def test_wrong_arguments_are_named(guard, engine):
    """Mistakes show when the engine is made."""
    with pytest.raises(ConfigError, match="inner= takes a query engine, not a str"):
        GuardedQueryEngine(inner="engine", guard=guard)
    with pytest.raises(ConfigError, match=r"guard= takes a guardlayer\.Guard, not a str"):
        GuardedQueryEngine(inner=engine(), guard="enforce")
    with pytest.raises(ConfigError, match="hold='word' is not known"):
        GuardedQueryEngine(inner=engine(), guard=guard, hold="word")
