"""Agent, synthesizer, retrievers, tagger and evaluator with LlamaIndex's own machinery around them."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.agent.workflow import AgentInput, AgentOutput, AgentWorkflow, ReActAgent, ToolCallResult
from llama_index.core.base.response.schema import PydanticResponse, Response
from llama_index.core.chat_engine import CondensePlusContextChatEngine, SimpleChatEngine
from llama_index.core.evaluation import BatchEvalRunner
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.query_engine import RetrieverQueryEngine, RetryQueryEngine
from llama_index.core.response_synthesizers import get_response_synthesizer
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.core.settings import Settings
from llama_index.core.tools import QueryEngineTool
from llama_index.core.workflow import Context
from pydantic import BaseModel

from guardlayer import Guard, Knowledge
from guardlayer.errors import ConfigError, GuardViolation, InputError
from guardlayer.wrapping import reports
from llama_index_guardlayer import (
    GuardedFunctionAgent,
    GuardedLLM,
    GuardedQueryEngine,
    GuardedSynthesizer,
    GuardEvaluator,
    GuardRetriever,
    KnowledgeRetriever,
    KnowledgeTagger,
)

# LlamaIndex's agents look at every attribute of their pydantic classes, deprecated ones too.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecationWarning")

RAW = "The list price of Acme is $39. I hope this helps."
TRUE = "The list price of Acme is $49. I hope this helps."
QUESTION = "What is the list price of Acme?"
LOOK = {"name": "lookup", "args": {"name": "Acme"}}


def lookup(name: str) -> str:
    """Look something up."""
    return f"{name} sells anvils."


async def run(agent: Any, **given: Any) -> tuple[Any, list[Any]]:
    handler = agent.run(**{"user_msg": QUESTION, **given})
    events = [event async for event in handler.stream_events()]
    return await handler, events


# Agents ---------------------------------------------------------------------------------------------------------------


async def test_what_tools_returned_is_evidence(fakes):
    """A claim that only a tool bears out is supported, by the tool's name; without the tool it is not."""
    guard = Guard(policy="strict", log=None)
    said = "Acme sells anvils."
    for line, shown in ((LOOK, said), (None, "This answer was withheld")):
        inner = fakes.Caller(script=[line, said] if line else [said])
        with reports() as collected:
            result, _ = await run(GuardedFunctionAgent(llm=inner, guard=guard, tools=[lookup]))
        assert str(result).startswith(shown)
        sources = [piece.source.id for report in collected for piece in report.draft.evidence]
        assert sources == (["tool:lookup"] if line else [])


async def test_an_engines_nodes_are_evidence_and_its_words_are_not(fakes):
    """What another model made of the sources bears out nothing by itself."""
    inner = fakes.engine("Acme sells anchors.")
    tool = QueryEngineTool.from_defaults(inner, name="lookup", description="d")
    line = {"name": "lookup", "args": {"input": "Acme"}}
    llm = fakes.Caller(script=[line, "Acme sells anchors."])
    with reports() as collected:
        await run(GuardedFunctionAgent(llm=llm, guard=Guard(policy="strict", log=None), tools=[tool]))
    assert [piece.text for piece in collected[-1].draft.evidence] == ["Acme sells anvils."]


async def test_an_agent_takes_its_step_again_and_remembers_only_the_answer(fakes, guard_under):
    """The model is told what was wrong; events, scratchpad and memory have neither that nor the rejected answer."""
    inner = fakes.Caller(script=[LOOK, RAW, TRUE])
    memory = ChatMemoryBuffer.from_defaults(llm=inner)
    result, events = await run(
        GuardedFunctionAgent(llm=inner, guard=guard_under("retry"), tools=[lookup]), memory=memory
    )
    assert str(result) == TRUE
    assert len(inner.heard) == 3
    assert "$49" in inner.heard[2][-1]
    assert not any("$39" in said for said in inner.heard[2][:-1])
    kept = [message.content for message in memory.get_all()]
    assert kept == [QUESTION, None, "Acme sells anvils.", TRUE]
    assert not any("$39" in (text or "") or "borne out" in (text or "") for text in kept)
    seen = [text for event in events for text in fakes.texts([event, event.__dict__])]
    assert not any("$39" in text or "borne out" in text for text in seen)
    outputs = [event for event in events if type(event) is AgentOutput]
    assert [bool(output.retry_messages) for output in outputs] == [False, True, False]
    assert sum(type(event) is AgentInput for event in events) >= 3


async def test_an_agent_that_will_not_learn_is_refused(fakes, guard_under):
    """After the policy's retries the last answer is judged strictly: nothing fails open."""
    inner = fakes.Caller(script=[RAW])
    agent = GuardedFunctionAgent(llm=inner, guard=guard_under("retry"), tools=[lookup])
    result, _ = await run(agent)
    assert str(result).startswith("This answer was withheld")
    assert len(inner.heard) == 3
    raising = GuardedFunctionAgent(llm=fakes.Caller(script=[RAW]), guard=guard_under("retry"), raises=True)
    with pytest.raises(Exception) as caught:
        await run(raising)
    assert isinstance(caught.value, GuardViolation) or isinstance(caught.value.__cause__, GuardViolation)


async def test_tool_calls_of_an_agent_are_its_models(fakes, guard_under):
    """Names, ids and arguments reach the tools as they were, and the result lists them."""
    inner = fakes.Caller(script=[{"name": "lookup", "args": {"name": "$39"}, "text": "Let me look."}, TRUE])
    result, events = await run(GuardedFunctionAgent(llm=inner, guard=guard_under(), tools=[lookup]))
    (called,) = [event for event in events if isinstance(event, ToolCallResult)]
    assert (called.tool_id, called.tool_kwargs) == ("call-lookup", {"name": "$39"})
    assert called.tool_output.content == "$39 sells anvils."
    assert [call.tool_name for call in result.tool_calls] == ["lookup"]


@pytest.mark.filterwarnings("ignore:Skipping serialization")  # a context that is used again leaves its memory out
async def test_runs_of_one_agent_are_not_mixed_up(fakes, guard_under):
    """Many runs at a time, each with its retries; and one context over several runs starts its count anew."""

    class Learner(fakes.Caller):
        def _next(self, messages):
            heard = [message.content or "" for message in messages]
            self.heard.append(heard)
            return TRUE if "borne out" in heard[-1] else RAW

    agent = GuardedFunctionAgent(llm=Learner(script=[]), guard=guard_under("retry"), tools=[lookup])
    results = await asyncio.gather(*(run(agent) for _ in range(20)))
    assert {str(result) for result, _ in results} == {TRUE}
    context = Context(agent)
    for _ in range(4):
        result, _ = await run(agent, ctx=context)
        assert str(result) == TRUE


async def test_guarded_agents_hand_over_in_a_workflow(fakes, guard_under):
    """``AgentWorkflow`` steps the agent as any other."""
    inner = fakes.Caller(script=[LOOK, RAW, TRUE])
    agent = GuardedFunctionAgent(llm=inner, guard=guard_under("retry"), tools=[lookup], name="a", description="d")
    result, _ = await run(AgentWorkflow(agents=[agent]))
    assert str(result) == TRUE


async def test_a_guarded_model_is_not_guarded_twice(fakes, guard):
    """The agent uses it as it is."""
    llm = GuardedLLM(inner=fakes.Caller(script=[RAW]), guard=guard)
    agent = GuardedFunctionAgent(llm=llm, guard=guard, tools=[lookup])
    assert agent.llm is llm
    with reports() as collected:
        assert str((await run(agent))[0]) == TRUE
    assert len(collected) == 1


def test_chat_engines_say_and_remember_what_was_checked(fakes, guard):
    """Turns, streams and history; citations in the history do not trouble the next turn."""
    for kind, options in ((SimpleChatEngine, {}), (CondensePlusContextChatEngine, {"retriever": fakes.Shelf()})):
        llm = GuardedLLM(inner=fakes.Caller(script=[RAW]), guard=guard)
        # The default memory is a database in memory that nobody closes.
        engine = kind.from_defaults(llm=llm, memory=ChatMemoryBuffer.from_defaults(llm=llm), **options)
        assert engine.chat(QUESTION).response == TRUE
        stream = engine.stream_chat(QUESTION)
        assert "".join(stream.response_gen) == TRUE
        assert not any("$39" in (message.content or "") for message in engine.chat_history)


@pytest.mark.filterwarnings("ignore:is_running:DeprecationWarning")  # LlamaIndex's base agent asks its own old name
async def test_an_agent_that_reasons_in_text_is_guarded_by_its_model(fakes, guard):
    """A ``ReActAgent`` reads its tool calls out of the text, which the guard leaves in shape."""
    act = 'Thought: I need a tool.\nAction: lookup\nAction Input: {"name": "Acme"}'
    say = f"Thought: I can answer without using any more tools.\nAnswer: {RAW}"
    agent = ReActAgent(llm=GuardedLLM(inner=fakes.Caller(script=[act, say]), guard=guard), tools=[lookup])
    result, events = await run(agent)
    assert str(result) == TRUE
    assert [event.tool_output.content for event in events if isinstance(event, ToolCallResult)] == [
        "Acme sells anvils."
    ]
    assert not any("$39" in text for event in events for text in fakes.texts([event, event.__dict__]))


# Synthesizers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["compact", "refine", "tree_summarize", "simple_summarize"])
async def test_a_synthesizer_is_checked_against_the_nodes_it_saw(fakes, guard, mode):
    """Nodes are evidence with their sources; the reports stand in the metadata, once the answer is whole."""
    node = NodeWithScore(node=TextNode(id_="n1", text="Acme sells anvils.", metadata={"source": "catalogue"}))
    for streaming in (False, True):
        llm = fakes.Completer(script=[RAW])
        inner = get_response_synthesizer(llm=llm, response_mode=mode, streaming=streaming)
        guarded = RetrieverQueryEngine(
            fakes.Shelf(node), response_synthesizer=GuardedSynthesizer(inner=inner, guard=guard)
        )
        with reports() as collected:
            response, awaited = guarded.query(QUESTION), await guarded.aquery(QUESTION)
            texts = [str(response)]
            texts.append((await awaited.get_response()).response if streaming else str(awaited))
        assert texts == [TRUE, TRUE]
        for one in (response, awaited):
            assert one.source_nodes == [node]
            assert [found["action"] for found in one.metadata["guardlayer"]] == ["correct"]
        assert {piece.source.id for report in collected for piece in report.draft.evidence} == {"catalogue"}


def test_a_synthesizer_takes_bare_chunks_and_structured_answers(fakes, guard, guard_under):
    """Chunks are evidence; objects are checked by their fields, and have no refusal."""
    inner = get_response_synthesizer(llm=fakes.Completer(script=[RAW]))
    with reports() as collected:
        assert GuardedSynthesizer(inner=inner, guard=guard).get_response(QUESTION, ["Acme sells anvils."]) == TRUE
    assert [piece.text for piece in collected[0].draft.evidence] == ["Acme sells anvils."]

    class Offer(BaseModel):
        text: str

    line = {"name": "Offer", "args": {"text": "The list price of Acme is $39."}}
    llm = fakes.Caller(script=[line]).as_structured_llm(Offer)
    structured = get_response_synthesizer(llm=llm)
    response = GuardedSynthesizer(inner=structured, guard=guard).synthesize(QUESTION, [fakes.NODE])
    assert isinstance(response, PydanticResponse)
    assert response.response == Offer(text="The list price of Acme is $49.")
    with pytest.raises(GuardViolation):
        GuardedSynthesizer(inner=structured, guard=guard_under("strict")).synthesize(QUESTION, [fakes.NODE])


def test_a_synthesizer_asks_again_and_keeps_its_prompts(fakes, guard_under):
    """The feedback is part of the query; the inner prompts stay reachable."""
    llm = fakes.Completer(script=[RAW, TRUE])
    guarded = GuardedSynthesizer(inner=get_response_synthesizer(llm=llm), guard=guard_under("retry"))
    assert str(guarded.synthesize(QUESTION, [fakes.NODE])) == TRUE
    assert "$49" in llm.heard[1]
    assert "response_synthesizer:text_qa_template" in guarded.get_prompts()
    with pytest.raises(ConfigError, match="inner= takes a response synthesizer, not a str"):
        GuardedSynthesizer(inner="compact", guard=guard_under())


# Retrieval ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def library(tmp_path):
    """Know a price that changed, a warranty that was withdrawn, and a page in two versions."""
    kb = Knowledge.open(":memory:")
    fact = kb.add("Acme", "list price", "$39", source="price list 2025", valid_from="2025-01-01")
    kb.supersede(fact.id, "$49", valid_from="2026-01-01", source="price list 2026")
    kb.add("Acme", "warranty", "5 years", source="memo")
    kb.retract("memo", reason="forged")
    page = tmp_path / "fees.md"
    for percent, year in ((3, 2025), (4, 2026)):
        page.write_text(f"# Fees\n\nThe transfer fee is {percent}% for every account.\n")
        kb.ingest(page, source="fees", effective_from=f"{year}-01-01")
    return kb


STALE = (
    "The list price of Acme is $39.",
    "The warranty of Acme is 5 years.",
    "The transfer fee is 3% for every account.",
)
GOOD = ("The list price of Acme is $49.", "Acme sells anvils.", "The transfer fee is 4% for every account.")


def shelf(fakes: Any, *lines: str) -> Any:
    return fakes.Shelf(*(NodeWithScore(node=TextNode(text=text, metadata={"source": "fees"})) for text in lines))


async def test_the_knowledge_layer_is_a_retriever(library):
    """Nodes say their version, source and time; only what holds is returned, unless history is wanted."""
    retriever = KnowledgeRetriever(knowledge=library, at="2026-11-20")
    for nodes in (retriever.retrieve(QUESTION), await retriever.aretrieve(QUESTION)):
        assert [(node.node.node_id, node.text) for node in nodes] == [("f2@v1", "Acme, list price: $49")]
        assert nodes[0].node.metadata == {"source": "price list 2026", "valid_from": "2026-01-01"}
    (fee,) = retriever.retrieve("What is the transfer fee?")
    assert (fee.text, fee.node.node_id.partition("#")[0]) == (GOOD[2], "fees@2")
    before = KnowledgeRetriever(knowledge=library, at="2025-06-01").retrieve(QUESTION)
    assert [node.text for node in before] == ["Acme, list price: $39"]
    both = KnowledgeRetriever(knowledge=library, at="2026-11-20", history=True).retrieve(QUESTION)
    assert both[1].node.metadata["guardlayer_standing"] == "superseded"
    assert both[1].node.metadata["guardlayer_current"] == "Acme, list price: $49"
    assert len(KnowledgeRetriever(knowledge=library, k=1, history=True).retrieve(QUESTION)) == 1


def test_what_the_knowledge_layer_retrieves_bears_out_what_it_says(library, fakes):
    """A node's metadata is read back by the guard: source and time survive the trip through LlamaIndex."""
    nodes = KnowledgeRetriever(knowledge=library, at="2026-11-20").retrieve("What is the transfer fee?")
    guard = Guard(policy="strict", log=None)
    report = guard.check("The transfer fee is 4% for every account.", evidence=nodes, at="2026-11-20")
    assert report.ok
    assert report.draft.evidence[0].source.id == "fees"
    assert report.draft.evidence[0].valid.start_text == "2026-01-01"


async def test_passages_that_have_ended_are_replaced_dropped_or_marked(library, fakes):
    """Superseded, withdrawn and replaced ones; what is not known of stays, and nothing is there twice."""
    guard = Guard(knowledge=library, log=None)
    inner = shelf(fakes, *STALE, *GOOD)
    replacing = GuardRetriever(inner=inner, guard=guard, at="2026-11-20")
    for nodes in (replacing.retrieve(QUESTION), await replacing.aretrieve(QUESTION)):
        assert tuple(node.text for node in nodes) == ("Acme, list price: $49", *GOOD)
        assert nodes[0].node.metadata["source"] == "price list 2026"
    dropping = guard.wrap(inner, ended="drop", at="2026-11-20")
    assert isinstance(dropping, GuardRetriever)
    for nodes in (dropping.retrieve(QUESTION), await dropping.aretrieve(QUESTION)):
        assert tuple(node.text for node in nodes) == GOOD
    marked = GuardRetriever(inner=inner, guard=guard, ended="mark", at="2026-11-20").retrieve(QUESTION)
    noted = {node.text: node.node.metadata.get("guardlayer_standing") for node in marked}
    assert noted == dict(zip((*STALE, *GOOD), ("superseded", "retracted", "superseded", None, None, None), strict=True))
    assert marked[0].node.metadata["guardlayer_current"] == "Acme, list price: $49"
    assert "guardlayer_standing" not in inner.nodes[0].node.metadata
    assert len(GuardRetriever(inner=inner, guard=guard, at="2025-06-01").retrieve(QUESTION)) > 3


def test_judging_a_passage_is_no_answer_and_is_not_recorded(library, fakes, tmp_path):
    """The provenance log has answers, not what was retrieved for them."""
    log = tmp_path / "log.db"
    GuardRetriever(inner=shelf(fakes, *STALE), guard=Guard(knowledge=library, log=log)).retrieve(QUESTION)
    assert not log.exists()


async def test_nodes_are_tagged_with_what_they_are_worth(library, fakes):
    """The model reads the tags, embeddings are not made of them, and the retriever's own nodes stay as they were."""
    tagger = KnowledgeTagger(guard=Guard(knowledge=library, log=None))
    nodes = shelf(fakes, STALE[0], GOOD[0], GOOD[1]).nodes
    tagged = tagger.postprocess_nodes(nodes)
    assert [node.node.metadata.get("guardlayer_standing") for node in tagged] == ["superseded", "current", None]
    assert "superseded" in tagged[0].node.get_content(metadata_mode="llm")
    assert "superseded" not in tagged[0].node.get_content(metadata_mode="embed")
    assert "guardlayer_standing" not in nodes[0].node.metadata
    engine = RetrieverQueryEngine.from_args(
        shelf(fakes, STALE[0]), llm=fakes.Completer(script=["Yes."]), node_postprocessors=[tagger]
    )
    response = await engine.aquery(QUESTION)
    assert response.source_nodes[0].node.metadata["guardlayer_standing"] == "superseded"


def test_retrieval_says_what_it_needs(library, fakes):
    """Mistakes show when the parts are made."""
    guard = Guard(knowledge=library, log=None)
    with pytest.raises(ConfigError, match="needs a guard with a knowledge layer"):
        GuardRetriever(inner=fakes.Shelf(), guard=Guard(log=None))
    with pytest.raises(ConfigError, match="needs a guard with a knowledge layer"):
        KnowledgeTagger(guard="enforce")
    with pytest.raises(ConfigError, match="inner= takes a retriever, not a str"):
        GuardRetriever(inner="shelf", guard=guard)
    with pytest.raises(ConfigError, match="ended='keep' is not known"):
        GuardRetriever(inner=fakes.Shelf(), guard=guard, ended="keep")
    with pytest.raises(ConfigError, match=r"knowledge= takes a Knowledge or guard\.readable, not a str"):
        KnowledgeRetriever(knowledge="kb")
    with pytest.raises(ConfigError, match="k=0 is too small"):
        KnowledgeRetriever(knowledge=library, k=0)


# Evaluation -----------------------------------------------------------------------------------------------------------


async def test_an_evaluation_passes_only_on_proof(guard):
    """Supported passes, wrong fails with its reason, and a text without statements proves nothing."""
    evaluator = GuardEvaluator(guard=guard)
    good, bad, empty = [
        await evaluator.aevaluate(query=QUESTION, response=text)
        for text in ("The list price of Acme is $49.", "The list price of Acme is $39.", "I hope this helps!")
    ]
    assert (good.passing, good.score, good.feedback) == (True, 1.0, "")
    assert (bad.passing, bad.score) == (False, 0.0)
    assert "stale: The list price of Acme is $39." in bad.feedback
    assert (empty.passing, empty.score, empty.invalid_result) == (None, None, True)
    with_contexts = await evaluator.aevaluate(response="Acme sells anvils.", contexts=["Acme sells anvils."])
    assert with_contexts.passing
    by_response = await evaluator.aevaluate_response(QUESTION, Response("The list price of Acme is $49."))
    assert by_response.passing
    with pytest.raises(InputError, match="response= is missing"):
        await evaluator.aevaluate(query=QUESTION)
    with pytest.raises(ConfigError, match=r"guard= takes a guardlayer\.Guard"):
        GuardEvaluator(guard=None)


@pytest.mark.filterwarnings("ignore:asyncio_module:DeprecationWarning")  # LlamaIndex's runner calls its own old name
async def test_it_works_in_a_batch(guard):
    """``BatchEvalRunner`` runs it beside other evaluators."""
    runner = BatchEvalRunner({"sourced": GuardEvaluator(guard=guard)}, workers=2)
    found = await runner.aevaluate_response_strs(
        queries=[QUESTION] * 2, response_strs=[RAW, TRUE], contexts_list=[["Acme sells anvils."]] * 2
    )
    assert [one.passing for one in found["sourced"]] == [False, True]


def test_the_frameworks_retry_fails_open_and_ours_does_not(fakes, guard, guard_under):
    """``RetryQueryEngine`` returns the answer that failed every evaluation; a guarded engine refuses it."""
    before = Settings._llm
    Settings.llm = fakes.Completer(script=["Say it better."])
    try:
        theirs = RetryQueryEngine(fakes.engine(RAW), GuardEvaluator(guard=guard), max_retries=2).query(QUESTION)
    finally:
        Settings._llm = before
    assert str(theirs) == RAW
    ours = GuardedQueryEngine(inner=fakes.engine(RAW), guard=guard_under("retry")).query(QUESTION)
    assert str(ours).startswith("This answer was withheld")


# The README -----------------------------------------------------------------------------------------------------------


def test_what_the_readme_shows_is_what_happens(capsys):
    """Every Python block runs, in order, in one namespace; what it prints is in the comment beside."""
    page = Path(__file__).resolve().parent.parent / "README.md"
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    namespace: dict[str, Any] = {"__name__": "readme"}
    for block in blocks:
        exec(compile(block, str(page), "exec"), namespace)
    shown = re.findall(r"^ *print\(.*\)  # (.+)$", "\n".join(blocks), re.MULTILINE)
    assert shown
    assert [line.strip() for line in capsys.readouterr().out.splitlines()] == shown
