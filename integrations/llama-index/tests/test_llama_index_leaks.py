"""The leak matrix: what was not checked is seen by nobody, whatever is guarded, however it is asked and told."""

import asyncio

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import get_response_synthesizer

from guardlayer.errors import GuardViolation
from llama_index_guardlayer import GuardedFunctionAgent, GuardedLLM, GuardedQueryEngine, GuardedSynthesizer

# LlamaIndex's agents look at every attribute of their pydantic classes, deprecated ones too.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecationWarning")

POLICIES = ("raise", "block", "redact", "correct", "annotate", "re-ask")
WRONG = "$39"


def consumed(policy, seen):
    """Say what was seen unchecked: an annotated statement was checked, if its mark comes with it."""
    if policy == "annotate":
        return [text for text in seen if text.count(WRONG) > text.count("[stale:")]
    return [text for text in seen if WRONG in text]


class Asking:
    """Asks one surface in every way it has, and keeps what a consumer gets to see."""

    def __init__(self, fakes, guard, policy, hold):
        self.fakes, self.guard = fakes, guard
        self.options = {"guard": guard, "hold": hold, "raises": policy == "raise"}
        self.script = [fakes.RAW, fakes.TRUE] if policy == "re-ask" else [fakes.RAW]
        self.seen = []
        self.raised = 0

    def chatter(self):
        return self.fakes.Caller(script=list(self.script), callback_manager=self.manager)

    def completer(self):
        return self.fakes.Completer(script=list(self.script), callback_manager=self.manager)

    def engine(self, streaming, **options):
        return RetrieverQueryEngine.from_args(
            self.fakes.Shelf(), llm=self.completer(), streaming=streaming, callback_manager=self.manager, **options
        )

    def see(self, *values):
        self.seen += [text for value in values for text in self.fakes.texts(value)]


def llm_ways(ask):
    """Every method of a model."""
    messages = [ChatMessage(role="user", content=ask.fakes.QUESTION)]
    for build in (ask.chatter, ask.completer):

        def model(build=build):
            return GuardedLLM(inner=build(), **ask.options)

        async def each(stream):
            async for item in await stream:
                ask.see(item)

        yield lambda m=model: ask.see(m().chat(messages))
        yield lambda m=model: ask.see(m().complete(ask.fakes.QUESTION))
        yield lambda m=model: [ask.see(item) for item in m().stream_chat(messages)]
        yield lambda m=model: [ask.see(item) for item in m().stream_complete(ask.fakes.QUESTION)]

        async def achat(m=model):
            ask.see(await m().achat(messages))

        async def acomplete(m=model):
            ask.see(await m().acomplete(ask.fakes.QUESTION))

        yield achat
        yield acomplete
        yield lambda m=model, each=each: each(m().astream_chat(messages))
        yield lambda m=model, each=each: each(m().astream_complete(ask.fakes.QUESTION))


def query_ways(ask, guarded):
    """Every way to query an engine; ``guarded(streaming)`` makes it."""
    question = ask.fakes.QUESTION

    def streamed():
        response = guarded(True).query(question)
        for token in response.response_gen:
            ask.see(token)
        ask.see(response)

    async def awaited():
        response = await guarded(False).aquery(question)
        ask.see(response, str(response))

    async def astreamed():
        response = await guarded(True).aquery(question)
        async for token in response.async_response_gen():
            ask.see(token)
        ask.see(response)

    def plain():
        response = guarded(False).query(question)
        ask.see(response, str(response))

    return [plain, awaited, streamed, astreamed, lambda: ask.see(str(guarded(True).query(question)))]


def engine_ways(ask):
    return query_ways(ask, lambda streaming: GuardedQueryEngine(inner=ask.engine(streaming), **ask.options))


def synthesizer_ways(ask):
    def guarded(streaming):
        inner = get_response_synthesizer(
            llm=ask.completer(), streaming=streaming, callback_manager=ask.manager, response_mode=ask.mode
        )
        return RetrieverQueryEngine(
            ask.fakes.Shelf(), response_synthesizer=GuardedSynthesizer(inner=inner, **ask.options)
        )

    return query_ways(ask, guarded)


def agent_ways(ask):
    def lookup(name: str) -> str:
        """Look something up."""
        return "Acme sells anvils."

    async def run(build):
        ask.script = [{"name": "lookup", "args": {"name": "Acme"}}, *ask.script]
        handler = build().run(user_msg=ask.fakes.QUESTION)
        ask.script = ask.script[1:]
        try:
            async for event in handler.stream_events():
                ask.see(event.__dict__, event)
        finally:
            result = await handler
        ask.see(result, str(result))

    for streaming in (True, False):
        options = {"tools": [lookup], "streaming": streaming}

        def ours(options=options):
            return GuardedFunctionAgent(llm=ask.chatter(), **ask.options, **options)

        def theirs(options=options):
            return FunctionAgent(llm=GuardedLLM(inner=ask.chatter(), **ask.options), **options)

        yield lambda build=ours: run(build)
        yield lambda build=theirs: run(build)
        yield lambda build=ours: run(lambda: AgentWorkflow(agents=[build()]))


SURFACES = {"llm": llm_ways, "engine": engine_ways, "synthesizer": synthesizer_ways, "agent": agent_ways}


@pytest.mark.parametrize("hold", ["sentence", "full"])
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("surface", SURFACES)
def test_nobody_sees_what_was_not_checked(surface, policy, hold, fakes, guard_under, ear, old_ear, record_property):
    """Values, streams, workflow events, the dispatcher's events, callback payloads: none has the raw statement."""
    ask = Asking(fakes, guard_under(policy), policy, hold)
    ask.manager, ask.mode = fakes.manager([old_ear]), "compact"
    count = leaking = 0
    for way in SURFACES[surface](ask):
        before = len(ask.seen)
        try:
            result = way()
            if asyncio.iscoroutine(result):
                asyncio.run(result)
        except Exception as error:
            # Workflows before 2.0 wrap what a step raises.
            if not isinstance(error, GuardViolation) and not isinstance(error.__cause__, GuardViolation):
                raise
            ask.raised += 1
        else:
            assert len(ask.seen) > before
        count += 1
        leaking += bool(consumed(policy, ask.seen[before:]))
    # A span that was dropped is told of the exception: what the guard says of the statement, not the statement.
    told = [(name, found) for name, found in [*ear.heard, *old_ear.heard] if name not in ("verdict", "SpanDropEvent")]
    bus = [(name, text) for name, found in told for text in found]
    overheard = [(name, text) for name, text in bus if consumed(policy, [text])]
    record_property("matrix", f"{surface} {count + 1} {leaking + bool(overheard)}")
    assert count >= 5
    assert consumed(policy, ask.seen) == []
    assert overheard == []
    assert ask.raised == (count if policy == "raise" else 0)
    assert any(name == "verdict" for name, _ in ear.heard)
    shown = "".join(ask.seen)
    expected = {"correct": "$49", "annotate": "[stale:", "redact": "[removed", "block": "withheld", "raise": ""}
    again = "[removed" if hold == "sentence" and surface != "agent" else "$49"
    assert expected.get(policy, again) in shown
