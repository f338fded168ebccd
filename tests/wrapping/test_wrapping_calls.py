"""The shapes callables come in."""

import asyncio
import contextvars
import functools
import inspect
import re
import typing
from collections.abc import AsyncIterator, Iterator

import pytest

from guardlayer.errors import ConfigError, GuardViolation, PluginError
from guardlayer.types import Action, Decision, Edit, Outcome
from guardlayer.wrapping import decorate, reports, wrap

RAW = "Hi! The rate is 9%. Bye."
TRUE = "Hi! The rate is 4%. Bye."
REFUSAL = "This answer was withheld: it makes statements that no source bears out."


def words(text: str = RAW) -> list[str]:
    return re.findall(r"\S+\s*", text)


def answer(question: str = "What is the rate?") -> str:
    """Answer."""
    return RAW


async def aanswer(question: str = "What is the rate?") -> str:
    return RAW


def stream(question: str = "What is the rate?") -> Iterator[str]:
    yield from words()


async def astream(question: str = "What is the rate?") -> AsyncIterator[str]:
    for word in words():
        yield word


def drained(value):
    """Whatever a call gave, as the text of it."""

    async def wait():
        got = await value if inspect.isawaitable(value) else value
        return "".join([part async for part in got]) if hasattr(got, "__aiter__") else got

    if inspect.isawaitable(value) or hasattr(value, "__aiter__"):
        value = asyncio.run(wait())
    return value if isinstance(value, str) else "".join(value)


@pytest.mark.parametrize("policy", ["observe", "annotate", "enforce", "strict", "retry"])
def test_one_function_written_four_ways_says_and_reports_the_same(checker_under, policy):
    """Sync, async, generator and async generator share one logic: same output, same reports, same questions asked."""
    outcomes = []
    for fn in (answer, aanswer, stream, astream):
        checker = checker_under(policy)
        with reports() as collected:
            text = drained(decorate(checker, fn)(question="How much?"))
        outcomes.append((text, collected, checker.asked))
    assert all(outcome == outcomes[0] for outcome in outcomes)
    assert outcomes[0][1], "each call is reported"


def test_a_call_inside_a_running_event_loop_needs_no_second_loop(checker):
    """The sync path never starts an event loop, so it works where one is running."""

    async def main():
        return decorate(checker, answer)(), "".join(decorate(checker, stream)())

    assert asyncio.run(main()) == (TRUE, TRUE)


def test_wrappers_keep_their_kind_name_signature_and_documentation(checker):
    """Frameworks inspect callables; a guarded one inspects as what it was."""
    for fn, is_kind in (
        (answer, inspect.isfunction),
        (aanswer, inspect.iscoroutinefunction),
        (stream, inspect.isgeneratorfunction),
        (astream, inspect.isasyncgenfunction),
    ):
        wrapped = decorate(checker, fn)
        assert is_kind(wrapped)
        assert (wrapped.__name__, wrapped.__doc__, wrapped.__wrapped__) == (fn.__name__, fn.__doc__, fn)
        assert inspect.signature(wrapped) == inspect.signature(fn)
        assert typing.get_type_hints(wrapped) == typing.get_type_hints(fn)


def test_bare_and_parameterised_decorators_are_the_same(checker):
    """``@guard`` and ``@guard(...)`` differ in options only."""

    @functools.partial(decorate, checker)
    def bare() -> str:
        return RAW

    @decorate(checker, raises=False)
    def configured() -> str:
        return RAW

    assert bare() == configured() == TRUE


def test_methods_in_every_order_of_decorators(checker):
    """A guarded method binds as any method does."""
    guard = functools.partial(decorate, checker)

    class Assistant:
        rate = "9%"

        @guard
        def method(self, question: str) -> str:
            return f"It is {self.rate}."

        @guard
        @classmethod
        def outside(cls, question: str) -> str:
            return f"It is {cls.rate}."

        @classmethod
        @guard
        def inside(cls, question: str) -> str:
            return f"It is {cls.rate}."

        @guard
        @staticmethod
        def static_outside(question: str) -> str:
            return "It is 9%."

        @staticmethod
        @guard
        def static_inside(question: str) -> str:
            return "It is 9%."

        def plain(self, question: str) -> str:
            return f"It is {self.rate}."

    it = Assistant()
    ways = [
        it.method,
        it.outside,
        Assistant.inside,
        it.static_outside,
        Assistant.static_inside,
        wrap(checker, it.plain),
    ]
    assert [way("q?") for way in ways] == ["It is 4%."] * 6
    assert [asked["question"] for asked in checker.asked] == ["q?"] * 6


def test_partials_and_callable_objects_of_every_kind(checker):
    """What decides is the function at the bottom: a partial of a coroutine function is one."""

    class Sync:
        mood = "calm"

        def __call__(self, question: str) -> str:
            """Speak."""
            return RAW

    class Async:
        async def __call__(self, question: str) -> str:
            return RAW

    class Stream:
        def __call__(self, question: str) -> Iterator[str]:
            yield from words()

    things = [functools.partial(fn, "q?") for fn in (answer, aanswer, stream, astream)]
    things.append(functools.partial(functools.partial(answer), question="q?"))
    wrapped = [decorate(checker, thing) for thing in things]
    assert [drained(thing()) for thing in wrapped] == [TRUE] * 5
    assert inspect.iscoroutinefunction(wrapped[1])
    assert [drained(decorate(checker, thing)("q?")) for thing in (Sync(), Async(), Stream())] == [TRUE] * 3
    dressed = decorate(checker, Sync())
    assert (dressed.__name__, hasattr(dressed, "mood")) == ("Sync", False)
    assert {asked["question"] for asked in checker.asked} == {"q?"}


def test_functions_that_return_a_coroutine_or_a_stream(checker):
    """Factories and clients: what comes back decides, not how the function was written."""

    async def client() -> AsyncIterator[str]:
        return astream()

    async def sync_stream() -> Iterator[str]:
        return stream()

    def factory(made):
        return lambda: made("q?")

    for fn in (*map(factory, (aanswer, stream, astream)), client, sync_stream, lambda: map(str, words())):
        assert drained(decorate(checker, fn)()) == TRUE


def test_nothing_leaves_a_generator_before_it_was_checked(checker):
    """The first chunk comes out only after the last one went in and the check is done."""
    seen = []

    def slow() -> Iterator[str]:
        for word in words():
            seen.append(word)
            yield word

    chunks = decorate(checker, slow)()
    assert next(chunks) == "Hi! "
    assert seen == words()
    assert len(checker.asked) == 1
    assert [*chunks] == ["The ", "rate ", "is ", "4%. ", "Bye."], "chunks keep their borders around an edit"


def test_an_error_inside_a_generator_lets_nothing_out(checker):
    """A stream that breaks has said nothing."""
    closed = []

    def broken() -> Iterator[str]:
        try:
            yield "The rate is 9%"
            raise ConnectionError("gone")
        finally:
            closed.append(True)

    emitted = []
    with pytest.raises(ConnectionError, match="gone"):
        emitted.extend(decorate(checker, broken)())
    assert (emitted, closed, checker.asked) == ([], [True], [])


async def test_cancelling_an_async_stream_closes_the_one_inside(checker):
    """Early close reaches the model's stream, so that connections are given back."""
    closed = asyncio.Event()
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[str]:
        try:
            while True:
                yield "9% "
                begun.set()
                await asyncio.sleep(0)
        finally:
            closed.set()

    async def consume():
        async for _ in decorate(checker, endless)():
            pytest.fail("nothing may be emitted")

    task = asyncio.create_task(consume())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed.is_set()


def test_closing_a_client_stream_that_failed(checker):
    """An iterator with ``close`` is closed even where reading it fails."""

    class Stream:
        closed = False

        def __iter__(self):
            return self

        def __next__(self):
            raise ConnectionError("gone")

        def close(self):
            self.closed = True

    it = Stream()
    with pytest.raises(ConnectionError):
        list(decorate(checker, lambda: it)())
    assert it.closed


def test_what_a_generator_returns_is_guarded_too(checker):
    """A value returned by a generator is an answer beside the streamed one."""

    def talk() -> Iterator[str]:
        yield "Hello, 9%"
        return "In all 9%"

    def outer():
        said = yield from decorate(checker, talk)()
        assert said == "In all 4%"

    assert list(outer()) == ["Hello, 4%"]
    assert [asked["text"] for asked in checker.asked] == ["Hello, 9%", "In all 9%"]


class Erasing:
    """A policy of somebody's own, with nothing but ``decide``, that lets nothing stand."""

    def decide(self, draft, claims):
        edits = (Edit(0, len(draft.text), ""),)
        return Decision(Action.REDACT, "", edits, (), tuple(Action.REDACT for _ in claims))


def test_empty_streams_and_chunks(checker, checker_under):
    """A stream without chunks stays empty; one that was edited to nothing keeps a chunk, empty."""

    def nothing() -> Iterator[str]:
        yield from ()

    assert list(decorate(checker, nothing)()) == []
    assert checker.asked == []

    assert list(decorate(checker, lambda: iter(["", "9", "%"]))()) == ["", "4%"]
    erase = checker_under(Erasing())
    assert list(decorate(erase, lambda: iter(["9", "%"]))()) == [""]


def test_blocked_answers_are_the_refusal_and_raise_only_on_request(checker_under):
    """Exceptions are opt-in: without ``raises`` a blocked answer is the refusal."""
    checker = checker_under("strict")
    assert decorate(checker, answer)() == REFUSAL
    assert list(decorate(checker, stream)()) == [REFUSAL]
    with pytest.raises(GuardViolation) as caught:
        decorate(checker, answer, raises=True)()
    assert caught.value.report.action is Action.BLOCK


def test_raises_findings_goes_by_the_report_not_the_policy(checker_under):
    """``raises="findings"`` raises even where the policy only records, and not where nothing was found."""
    checker = checker_under("observe")
    assert decorate(checker, answer, raises=True)() == RAW
    with pytest.raises(GuardViolation) as caught:
        decorate(checker, answer, raises="findings")()
    assert caught.value.report.outcome is Outcome.FINDINGS
    assert decorate(checker, lambda: TRUE, raises="findings")() == TRUE


def test_none_is_returned_as_it_is_and_an_empty_string_is_an_answer(checker):
    """None says nothing, so nothing is checked; an empty answer gets its report."""
    with reports() as collected:
        assert decorate(checker, lambda: None)() is None
        assert collected == []
        assert decorate(checker, lambda: "")() == ""
    assert [report.outcome for report in collected] == [Outcome.NO_CLAIMS]


# Asking again --------------------------------------------------------------------------------------------------------


def test_retry_asks_again_with_feedback_and_returns_the_better_answer(checker_under):
    """The feedback reaches the parameter named for it, and the first good answer ends the asking."""
    checker = checker_under("retry")
    heard = []

    @decorate(checker, feedback="hint")
    def model(question: str, hint: str | None = None) -> str:
        heard.append(hint)
        return RAW if hint is None else TRUE

    with reports() as collected:
        assert model("How much?") == TRUE
    assert heard[0] is None
    assert "since May it is 4%" in heard[1]
    assert [report.action for report in collected] == [Action.RETRY, Action.PASS]


@pytest.mark.parametrize("fn", [answer, aanswer, stream, astream])
def test_retry_gives_up_after_its_retries_and_blocks(checker_under, fn):
    """A model that insists is asked 1 + retries times; then the final policy decides."""
    checker = checker_under("retry")
    calls = []

    def counted(*args, **kwargs):
        calls.append(1)
        return fn(*args, **kwargs)

    assert drained(decorate(checker, counted)()) == REFUSAL
    assert len(calls) == 1 + checker.policy.retries
    assert [asked["policy"] for asked in checker.asked] == [None, None, checker.policy.final]


def test_retry_passes_feedback_through_keyword_catch_alls(checker_under):
    """A function that takes any keyword takes the feedback too."""
    checker = checker_under("retry")

    @decorate(checker, feedback="hint")
    def model(*args, **kwargs) -> str:
        return TRUE if "hint" in kwargs else RAW

    assert model("q?", temperature=0) == TRUE


def test_feedback_replaces_an_argument_given_by_position(checker_under):
    """A feedback parameter that was passed by position is not passed twice."""
    checker = checker_under("retry")

    @decorate(checker, feedback="hint")
    def model(question: str, hint: str = "") -> str:
        return TRUE if hint != "none yet" else RAW

    assert model("q?", "none yet") == TRUE


# What was asked ------------------------------------------------------------------------------------------------------


def test_the_question_is_found_by_the_usual_names_or_the_one_given(checker):
    """The first parameter with a usual name that holds a question; a given name wins."""

    def usual(temperature: float, prompt: str = "default?") -> str:
        return "ok"

    def unusual(ask: str, query: str = "not this") -> str:
        return "ok"

    def none_at_all(topic: str) -> str:
        return "ok"

    decorate(checker, usual)(0.5, "p?")
    decorate(checker, usual)(0.5)
    decorate(checker, unusual, question="ask")("this?")
    decorate(checker, none_at_all)("t")
    decorate(checker, lambda **kwargs: "ok")(question="kw?")
    assert [asked["question"] for asked in checker.asked] == ["p?", "default?", "this?", None, "kw?"]


def test_a_conversation_gives_the_question_the_turns_and_tool_outputs(checker):
    """Of a list of messages the user's last one is the question; tool outputs are evidence, not turns."""
    messages = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
        {"role": "user", "content": "Rate?"},
        {"role": "tool", "content": "rate: 9%"},
    ]
    assert decorate(checker, lambda messages: "It is 9%.")(messages) == "It is 9%."
    asked = checker.asked[0]
    assert (asked["question"], asked["evidence"]) == ("Rate?", ("rate: 9%",))
    assert [(turn.role, turn.text) for turn in asked["turns"]] == [
        ("system", "Be kind."),
        ("user", "Hello"),
        ("assistant", "Hi"),
    ]


def test_evidence_is_found_by_the_usual_names_or_the_one_given(checker):
    """What came with the call is evidence; a parameter of another name is not, unless named."""

    def rag(question: str, docs: list[str]) -> str:
        return RAW

    def other(question: str, background: str) -> str:
        return RAW

    assert decorate(checker, rag)("q?", ["The rate is 9%"]) == RAW
    assert decorate(checker, other)("q?", "The rate is 9%") == TRUE
    assert decorate(checker, other, evidence="background")("q?", "The rate is 9%") == RAW


def test_a_call_that_python_refuses_is_refused_by_python(checker):
    """Reading the arguments never hides the error for wrong ones."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'nope'"):
        decorate(checker, answer)(nope=1)


def test_builtins_without_a_signature_can_be_guarded(checker):
    """No signature means no question, not an error."""
    assert decorate(checker, dict.fromkeys)("a", "9%") == {"a": "4%"}


# Reports -------------------------------------------------------------------------------------------------------------


async def test_reports_of_concurrent_tasks_do_not_mix(checker):
    """Each task that collects sees its own calls only, the block around them sees all."""

    @functools.partial(decorate, checker)
    async def model(text: str) -> str:
        await asyncio.sleep(0)
        return text

    async def one(text):
        with reports() as mine:
            await model(text)
            await asyncio.sleep(0)
            await model(text)
        return [report.draft.text for report in mine]

    with reports() as everything:
        got = await asyncio.gather(*(one(f"{n}%") for n in range(5)))
    assert got == [[f"{n}%"] * 2 for n in range(5)]
    assert len(everything) == 10


def test_reports_reach_threads_started_with_the_context_and_end_with_the_block(checker):
    """The block is a context, and nothing is collected after it."""
    call = decorate(checker, answer)
    with reports() as collected:
        contextvars.copy_context().run(call)
    call()
    assert len(collected) == 1


def test_on_report_is_called_for_every_report(checker):
    """The callback gets what the block gets."""
    got = []
    with reports() as collected:
        decorate(checker, answer, on_report=got.append)()
    assert got == collected
    assert got[0].output == TRUE


# Wrong use -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quest": "q"}, "unknown option 'quest'; the options are question"),
        ({"question": "nope"}, r"question='nope' names no parameter of answer\(\); it has question"),
        ({"evidence": ["text"]}, "evidence= takes the name of a parameter"),
        ({"extract": str}, "extract= was given without replace="),
        ({"on_report": 3}, "on_report= takes a callable"),
        ({"raises": "always"}, "raises='always' is not known"),
    ],
)
def test_wrong_options_are_named_when_decorating(checker, options, message):
    """A mistake in the options shows before the first call."""
    with pytest.raises(ConfigError, match=message):
        decorate(checker, answer, **options)


def test_what_answers_nothing_cannot_be_guarded(checker):
    """Classes and plain values are refused with what to do instead."""
    with pytest.raises(ConfigError, match="is a class"):
        decorate(checker, dict)
    with pytest.raises(ConfigError, match="int cannot be guarded"):
        decorate(checker, 3)
    with pytest.raises(ConfigError, match="pass a callable, a LangChain runnable"):
        wrap(checker, "text")


def test_framework_objects_need_their_package(checker, monkeypatch):
    """A framework's object without its integration package says what to install."""
    monkeypatch.setattr("guardlayer.wrapping.wrappers.entry_points", lambda **_: ())
    for module, package in (("langchain_core.runnables.base", "langchain"), ("llama_index.core.llms", "llama-index")):
        thing = type("Thing", (), {"__module__": module})()
        with pytest.raises(PluginError, match=f"pip install {package}-guardlayer"):
            wrap(checker, thing)


def test_a_framework_callable_its_package_declines_is_guarded_as_a_callable(checker, monkeypatch):
    """The integration package knows its framework; what it does not know may still be a callable."""
    point = type("Point", (), {"load": lambda self: lambda checker, thing, **options: None})()
    monkeypatch.setattr("guardlayer.wrapping.wrappers.entry_points", lambda **_: (point,))
    tool = type("Tool", (), {"__module__": "langchain_core.x", "__call__": lambda self, question: RAW})()
    assert wrap(checker, tool)("q?") == TRUE
