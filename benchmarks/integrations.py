"""What the adapters promise: nothing leaks, nothing else changes, text comes in time, and runs are kept apart.

    python benchmarks/integrations.py [--quick] [--only leaks|conformance|streams|altered|concurrent]

``leaks`` and ``conformance`` run the tests that hold these (the leak matrix of LangChain, LlamaIndex and the gateway;
LangChain's official suites on parts bare and guarded) and add up what they counted: a cell is one consumer of one run,
searched for what the model wrote and the guard did not let pass.

``streams`` writes answers at 40 tokens a second. *Held*: whole sentences that the reader does not have yet, counted
after each token. *First sentence*: from the moment its last character was written to its release. Part of that is the
wait for the next word, by design: it says whether the sentence has ended, and it ends itself with the token behind it.
*Check* is the time without that wait.

``altered`` compares tool calls, ids, usage, metadata and finish reasons of bare and guarded answers, field by field.
``concurrent`` asks one guard about another product in each run, through four doors at once.

It needs the environment of ``make test``. Exit code 1 if a test fails or a figure that is a promise is not zero.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

from guardlayer import Guard, Knowledge

ROOT = Path(__file__).resolve().parent.parent
LEAKS = (
    "integrations/langchain/tests/test_langchain_leaks.py",
    "integrations/llama-index/tests/test_llama_index_leaks.py",
    "tests/gateway/test_leaks.py",
)
CONFORMANCE = "integrations/langchain/tests/test_langchain_conformance.py"
TOKEN = 0.025
"""Seconds between two tokens."""
AT_ONCE = 4
"""Streams that write at the same time."""
_WORDS = re.compile(r"\s*\S+")


def main() -> int:
    """Print every figure, and return 1 if a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer answers and runs")
    parser.add_argument("--only", choices=sorted(PARTS), action="append")
    options = parser.parse_args()
    broken = 0
    for name in options.only or PARTS:
        broken += PARTS[name](options.quick)
    return 1 if broken else 0


# What the tests count ------------------------------------------------------------------------------------------------


def tested(*files: str) -> tuple[bool, list[tuple[str, list[str]]]]:
    """Run tests; return whether all passed, and what they recorded, by name."""
    with tempfile.TemporaryDirectory(prefix="guardlayer-benchmark-") as folder:
        written = Path(folder) / "results.xml"
        options = ["-q", "-p", "no:cacheprovider", "-o", "junit_family=xunit1", f"--junitxml={written}"]
        command = [sys.executable, "-m", "pytest", *options, *files]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            print("\n".join(done.stdout.splitlines()[-20:]))
        found = ET.parse(written).getroot().iter("property") if written.exists() else ()
        return done.returncode == 0, [(one.get("name", ""), one.get("value", "").split()) for one in found]


def leaks(quick: bool) -> int:
    """Print the leak matrix, by surface."""
    del quick
    passed, recorded = tested(*LEAKS)
    cells, leaking = Counter[str](), Counter[str]()
    for name, value in recorded:
        if name == "matrix":
            surface, searched, leaked = value
            cells[surface] += int(searched)
            leaking[surface] += int(leaked)
    print("leak matrix: consumers of runs, and those that saw what was not checked")
    for surface, count in cells.items():
        print(f"  {surface:<12} {count:6,} cells   {leaking[surface]} with raw text")
    print(f"  {'all':<12} {cells.total():6,} cells   {leaking.total()} with raw text   (must be 0)")
    return int(not passed or not cells or leaking.total() > 0)


def conformance(quick: bool) -> int:
    """Print in how many of LangChain's own tests the guard makes a difference."""
    del quick
    passed, recorded = tested(CONFORMANCE)
    suites = [value for name, value in recorded if name == "suite"]
    print("langchain-tests, guarded against bare")
    for suite, count, green, differing in suites:
        print(f"  {suite:<12} {count:>3} tests, {green:>3} pass on both sides   {differing} differ")
    differ = sum(int(suite[3]) for suite in suites)
    print(f"  {'all':<12} {sum(int(suite[1]) for suite in suites):>3} tests   {differ} differ   (must be 0)")
    return int(not passed or not suites or differ > 0)


# Time ----------------------------------------------------------------------------------------------------------------


def shop(products: int) -> Knowledge:
    """Return a body of knowledge in which the price of every product has changed."""
    kb = Knowledge.open(":memory:")
    kb.attribute("list price", cardinality="one")
    for number in range(products):
        old = kb.add(
            f"Model {number}", "list price", f"${number % 900 + 10}", source="prices 2025", valid_from="2025-01-01"
        )
        kb.supersede(old.id, f"${number + 5000}", source="prices 2026", valid_from="2026-01-01")
    return kb


def answer(number: int) -> list[str]:
    """Return an answer as its sentences: some state facts, true or stale, some state none."""
    draw = random.Random(number)
    plain = (
        "Thank you for getting in touch with us today!",
        "Let me know if there is anything else that I can do for you.",
        "Happy to help with that.",
        "That is a great question, and I am glad that you asked it.",
    )
    facts = [f"The list price of Model {one} is ${one + 10}." for one in draw.sample(range(300), 3)]
    facts += [f"The list price of Model {one} is ${one + 5000}." for one in draw.sample(range(300), 3)]
    return draw.sample([*facts, *draw.sample(plain, 3)], draw.randint(4, 8))


def streams(quick: bool) -> int:
    """Print how much text is held back, and for how long."""
    guard = Guard(knowledge=shop(300), log=None)
    runs = [answer(number) for number in range(24 if quick else 200)]
    guard.check(" ".join(runs[0]))  # what is loaded at the first check
    held: list[int] = []
    waits: list[tuple[float, float]] = []

    async def one(sentences: list[str], turn: asyncio.Semaphore) -> None:
        async with turn:
            session = guard.session()
            text, ends = " ".join(sentences), [len(" ".join(sentences[: n + 1])) for n in range(len(sentences))]
            fed = upto = 0
            begun = time.perf_counter()
            written, first = 0.0, False
            for token in _WORDS.findall(text):
                due = begun + TOKEN * (fed > 0)
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                begun = arrived = time.perf_counter()
                fed += len(token)
                releases = await session.afeed(token)
                upto = max([upto, *(release.upto for release in releases)])
                if fed == ends[0]:
                    written = arrived
                if upto >= ends[0] and not first:
                    first = True
                    now = time.perf_counter()
                    waits.append((now - written, now - arrived))
                held.append(sum(upto < end <= fed for end in ends))
            await session.afinish()

    async def all_of_them() -> None:
        turn = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(one(sentences, turn) for sentences in runs))

    asyncio.run(all_of_them())
    print(
        f"streams of {1 / TOKEN:.0f} tokens a second, {len(runs)} answers, {AT_ONCE} at once, 300 facts and their past"
    )
    print(f"  whole sentences held back: at most {max(held)}   (≤ 1)")
    for name, place in (("first sentence", 0), ("check", 1)):
        values = sorted(wait[place] * 1000 for wait in waits)
        late = values[min(len(values) - 1, int(len(values) * 0.99))]
        target = (f"(the next word: {2 * TOKEN * 1000:.0f} ms)", "(≤ 50 ms, and a sentence to wait for)")[place]
        print(
            f"  {name + ':':<16} median {statistics.median(values):5.1f} ms   p99 {late:5.1f} ms   "
            f"max {values[-1]:5.1f} ms   {target}"
        )
    return int(max(held) > 1 or len(waits) != len(runs))


# What must not change ------------------------------------------------------------------------------------------------

Fields = dict[str, Any]


def altered(quick: bool) -> int:
    """Print how many fields besides the text differ between bare and guarded answers."""
    guard = Guard(knowledge=shop(300), log=None)
    count = 10 if quick else 100
    total = differing = 0
    print("fields besides the text, guarded against bare")
    for name, pairs in (
        ("langchain", langchain_pairs(guard, count)),
        ("llama-index", llama_index_pairs(guard, count)),
        ("gateway", gateway_pairs(guard, count)),
    ):
        fields = changed = 0
        for bare, guarded in pairs:
            fields += len(bare)
            wrong = [key for key in {*bare, *guarded} if bare.get(key) != guarded.get(key)]
            changed += len(wrong)
            for key in wrong[:1]:
                print(f"  ALTERED {name} {key}: {bare.get(key)!r} became {guarded.get(key)!r}")
        print(f"  {name:<12} {fields:6,} compared   {changed} altered")
        total, differing = total + fields, differing + changed
    print(f"  {'all':<12} {total:6,} compared   {differing} altered   (must be 0)")
    return int(differing > 0 or not total)


def call(number: int) -> Fields:
    """Return the arguments of a tool call, the way models write them."""
    return {
        "product": f"Model {number}",
        "price": f"${number + 10}",
        "depth": {"n": number, "flags": [True, None, 1.5]},
    }


def langchain_pairs(guard: Guard, count: int) -> Iterator[tuple[Fields, Fields]]:
    """Yield what LangChain's messages hold besides text: asked at once, in batches and as streams, sync and async."""
    from langchain_core.messages import AIMessage

    from langchain_guardlayer import GuardedChatModel
    from langchain_guardlayer.testing import ScriptedChatModel

    def told(message: Any) -> Fields:
        metadata = {key: value for key, value in message.response_metadata.items() if key != "guardlayer"}
        return {
            "id": message.id, "tool_calls": message.tool_calls, "usage": message.usage_metadata,
            "invalid_tool_calls": message.invalid_tool_calls, "additional_kwargs": message.additional_kwargs,
            "name": message.name, **{f"metadata.{key}": value for key, value in metadata.items()},
        }  # fmt: skip

    async def astreamed(model: Any) -> Any:
        return added([chunk async for chunk in model.astream("?")])

    ways: list[Callable[[Any], Any]] = [
        lambda model: model.invoke("?"),
        lambda model: asyncio.run(model.ainvoke("?")),
        lambda model: model.batch(["?"])[0],
        lambda model: added(list(model.stream("?"))),
        lambda model: asyncio.run(astreamed(model)),
    ]
    for number in range(count):
        calls = [{"name": f"tool{n}", "args": call(number + n), "id": f"call-{number}-{n}"} for n in range(number % 3)]
        metadata = {"system_fingerprint": f"fp-{number}", "service_tier": "default"}
        said = AIMessage(
            " ".join(answer(number)), id=f"msg-{number}", tool_calls=calls, response_metadata=metadata,
            additional_kwargs={} if number % 2 else {"seed": number},
        )  # fmt: skip
        for way in ways:
            bare, inner = ScriptedChatModel(replies=[said]), ScriptedChatModel(replies=[said])
            yield told(way(bare)), told(way(GuardedChatModel(inner=inner, guard=guard)))


def added(chunks: list[Any]) -> Any:
    """Return the message that the chunks of a stream make."""
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    return whole


def llama_index_pairs(guard: Guard, count: int) -> Iterator[tuple[Fields, Fields]]:
    """Yield what LlamaIndex's responses hold besides text."""
    from llama_index_guardlayer import GuardedLLM

    fakes = loaded("integrations/llama-index/tests/conftest.py")

    def told(model: Any, response: Any) -> Fields:
        raw = dict(response.raw or {})
        choices = [choice.get("finish_reason") for choice in raw.get("choices", ())]
        calls = model.get_tool_calls_from_response(response, error_on_no_tool_call=False)
        kwargs = {key: value for key, value in response.additional_kwargs.items() if key != "guardlayer"}
        return {
            "role": response.message.role, "tool_calls": calls, "raw.id": raw.get("id"), "usage": raw.get("usage"),
            "finish_reasons": choices, "additional_kwargs": kwargs,
        }  # fmt: skip

    for number in range(count):
        text = " ".join(answer(number))
        line = {"name": "look_up", "args": call(number), "text": text} if number % 2 else text
        for way in (lambda m: m.chat([]), lambda m: list(m.stream_chat([]))[-1], lambda m: asyncio.run(m.achat([]))):
            bare, inner = fakes.Caller(script=[line]), fakes.Caller(script=[line])
            guarded = GuardedLLM(inner=inner, guard=guard)
            yield told(bare, way(bare)), told(guarded, way(guarded))


def gateway_pairs(guard: Guard, count: int) -> Iterator[tuple[Fields, Fields]]:
    """Yield what the two APIs answer besides text, in one piece and as a stream."""
    import httpx

    from guardlayer.gateway import Settings, create_app
    from guardlayer.gateway.fakes import FakeUpstream

    async def asked(app: Any, path: str, body: Fields) -> Fields:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway.example") as client:
            text = (await client.post(path, json=body)).text
        if not body.get("stream"):
            return textless(json.loads(text))
        events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
        found: Fields = {}
        for event in events:
            for choice in event.pop("choices", ()):
                calls = [json.dumps(part) for part in choice["delta"].get("tool_calls") or ()]
                found.setdefault(f"calls.{choice['index']}", []).extend(calls)
                found[f"finish.{choice['index']}"] = choice["finish_reason"]
            kind = event.get("type", "")
            if "output_text" not in kind and "content_part" not in kind:
                event.pop("sequence_number", None)
                found[f"event.{kind}.{event.get('output_index', '')}"] = textless(event)
        return found

    async def both(number: int, path: str, body: Fields) -> tuple[Fields, Fields]:
        upstream = FakeUpstream(" ".join(answer(number)), tools=number % 2 == 1)
        app = create_app(guard, Settings(upstream="http://u.example/v1"), transport=httpx.ASGITransport(upstream.app))
        return await asked(upstream.app, path, body), await asked(app, path, body)

    for number in range(count):
        chat = {"model": "m", "messages": [{"role": "user", "content": "?"}], "n": 1 + number % 2}
        for path, body in (("/v1/chat/completions", chat), ("/v1/responses", {"model": "m", "input": "?"})):
            for stream in (False, True):
                more = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
                yield asyncio.run(both(number, path, {**body, **more}))


def textless(value: Any) -> Any:
    """Return a body without what is text, and without what the gateway adds about it."""
    if isinstance(value, dict):
        dropped = (
            ("content", "text", "guardlayer", "annotations", "logprobs") if value.get("type") != "function" else ()
        )
        return {key: textless(part) for key, part in value.items() if key not in dropped}
    return [textless(part) for part in value] if isinstance(value, list) else value


def loaded(path: str) -> ModuleType:
    """Import a file of the tests, whose fakes serve here too."""
    spec = importlib.util.spec_from_file_location(Path(path).stem + "_of_benchmark", ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


# Many at once --------------------------------------------------------------------------------------------------------


def concurrent(quick: bool) -> int:
    """Print how many of many runs at once on one guard got something of another run."""
    from langchain_core.messages import AIMessage

    from guardlayer.wrapping import reports
    from langchain_guardlayer import GuardedChatModel
    from langchain_guardlayer.testing import ScriptedChatModel

    runs = 200 if quick else 1000
    guard = Guard(knowledge=shop(runs), log=None)
    model = ScriptedChatModel(replies=[lambda messages: AIMessage(said(int(messages[-1].text.split()[3])))])
    guarded = GuardedChatModel(inner=model, guard=guard)

    @guard
    async def wrapped(number: int) -> str:
        await asyncio.sleep(0)
        return said(number)

    async def tokens(number: int) -> AsyncIterator[str]:
        for token in _WORDS.findall(said(number)):
            await asyncio.sleep(0)
            yield token

    async def one(number: int) -> bool:
        with reports() as collected:
            match number % 4:
                case 0:
                    shown = (await guard.acheck(said(number))).output
                case 1:
                    shown = "".join([piece async for piece in guard.astream(tokens(number))])
                case 2:
                    shown = (await guarded.ainvoke(question(number))).text
                case _:
                    shown = await wrapped(number)
        spoken = [report.draft.text for report in collected]
        return same(number, shown) and (number % 4 != 3 or spoken == [said(number)])

    async def tasks() -> list[bool]:
        return await asyncio.gather(*(one(number) for number in range(runs)))

    def in_thread(number: int) -> bool:
        report = guard.check(said(number))
        chunks = "".join(chunk.text for chunk in guarded.stream(question(number)))
        return same(number, report.output) and same(number, chunks) and report.draft.text == said(number)

    def same(number: int, shown: str) -> bool:
        if shown != true(number):
            print(f"  MIXED UP: run {number} got {shown!r}")
        return shown == true(number)

    begun = time.perf_counter()
    right = asyncio.run(tasks())
    with ThreadPoolExecutor(32) as pool:
        threaded = list(pool.map(in_thread, range(runs)))
    mixed = right.count(False) + threaded.count(False)
    print(f"one guard, {runs:,} tasks at once, then {runs:,} runs in 32 threads ({time.perf_counter() - begun:.1f} s)")
    print(f"  verdicts mixed up between runs: {mixed}   (must be 0)")
    return int(mixed > 0)


def question(number: int) -> str:
    """Return what is asked in a run."""
    return f"What does Model {number} cost today?"


def said(number: int) -> str:
    """Return what the model says in a run: a price that is none any more."""
    return f"Hello there! The list price of Model {number} is ${number % 900 + 10}. Bye!"


def true(number: int) -> str:
    """Return what is to be shown of it."""
    return f"Hello there! The list price of Model {number} is ${number + 5000:,}. Bye!"


PARTS: dict[str, Callable[[bool], int]] = {
    "leaks": leaks,
    "conformance": conformance,
    "streams": streams,
    "altered": altered,
    "concurrent": concurrent,
}

if __name__ == "__main__":
    sys.exit(main())
