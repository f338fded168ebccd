"""Several processes on one knowledge layer: what one writes the others say at once, and a writer that dies leaves nothing."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from guardlayer import Knowledge

_READER = """
import json, sys, time
from guardlayer import Guard, Knowledge
kb = Knowledge.open(sys.argv[1])
guard = Guard(knowledge=kb, log=None)
for line in sys.stdin:
    report = guard.check(line.strip(), at="2026-06-01")
    print(json.dumps([report.claims[0].verdict, report.output, time.monotonic()]), flush=True)
"""
_LOADER = """
import sys
from guardlayer import Knowledge
kb = Knowledge.open(sys.argv[1])
number = 0
print("ready", flush=True)
while True:
    kb.load(sys.argv[2 + number % (len(sys.argv) - 2)])
    number += 1
    print(number, flush=True)
"""
_CALLER = """
import json, sys
from guardlayer import Knowledge
kb = Knowledge.open(sys.argv[1], busy_timeout_ms=30_000)
print("ready", flush=True)
for line in sys.stdin:
    verb, arguments, options = json.loads(line)
    try:
        answer = [True, getattr(kb, verb)(*arguments, **options).value]
    except Exception as error:
        answer = [False, type(error).__name__]
    print(json.dumps(answer), flush=True)
"""


class Process:
    """A Python program of its own, spoken to line by line."""

    def __init__(self, code: str, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hear(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the process has ended"
        return line.strip()

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, line: str) -> Any:
        self.say(line)
        return json.loads(self.hear())

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(30)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


@pytest.fixture(params=["sqlite", "postgres"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return a layer that several processes can open."""
    return str(tmp_path / "k.db") if request.param == "sqlite" else request.getfixturevalue("postgres")


@pytest.fixture
def started() -> Iterator[Any]:
    """Start processes, and end them."""
    running: list[Process] = []

    def start(code: str, *arguments: object) -> Process:
        running.append(Process(code, *arguments))
        return running[-1]

    yield start
    for process in running:
        process.close()


def test_every_verb_is_seen_by_the_next_call_elsewhere(shared: str, started: Any) -> None:
    """After a write returned here, the very next check in another process follows it, within a second at most."""
    with Knowledge.open(shared) as kb:
        kb.attribute("list price", cardinality="one")
        fact = kb.add("Acme", "list price", "$1", source="list", valid_from="2020")
        reader = started(_READER, shared)
        said = "The list price of Acme is $1."
        assert reader.ask(said)[0] == "supported"
        writes = (
            (lambda: kb.correct(fact.id, "$2", author="d", reason="r"), "stale", "$2"),
            (lambda: kb.rollback(fact.id, to=1), "supported", "$1"),
            (lambda: kb.supersede(fact.id, "$3", valid_from="2026-01-01"), "stale", "$3"),
            (lambda: kb.retract("f2", reason="r"), "stale", None),
            (lambda: kb.rollback(fact.id, to=1), "supported", "$1"),
            (lambda: kb.source("list", review_after="2026-01-01"), "stale", "$1"),
            (lambda: kb.source("list", review_after=""), "supported", "$1"),
            (lambda: kb.source("list 2", supersedes="list", effective_from="2026-02-01"), "stale", None),
            (lambda: kb.source("list 2", supersedes=()), "supported", "$1"),
            (lambda: kb.add("Acme", "list price", "$4", source="press", valid_from="2020"), "disputed", "$1"),
            (lambda: kb.settle("f3", author="d", reason="r"), "stale", "$4"),
        )
        for number, (write, verdict, value) in enumerate(writes):
            write()
            committed = time.monotonic()
            seen, output, at = reader.ask(said)
            while (
                seen != verdict and "://" in shared and at - committed < 1
            ):  # a server tells others; that takes a moment
                seen, output, at = reader.ask(said)
            assert (seen, number) == (verdict, number)
            assert value is None or value in output


def test_a_writer_that_is_killed_leaves_nothing_half_written(tmp_path: Path, started: Any) -> None:
    """Whenever a loading process dies, files are there whole or not at all; the layer is sound, and takes the next write."""
    draw = random.Random(3)
    path, rows = tmp_path / "k.db", 400
    files = []
    for number in range(12):
        file = tmp_path / f"{number}.csv"
        lines = [f"Company {number}-{row},list price,{row},list {number}" for row in range(rows)]
        file.write_text("\n".join(["entity,attribute,value,source", *lines]))
        files.append(file)
    Knowledge.open(path).close()
    seen = set()
    for turn in range(3):
        process = started(_LOADER, path, *files[4 * turn :])
        process.hear()
        time.sleep(draw.uniform(0.005, 0.25))
        process.kill()
        with Knowledge.open(path) as kb:
            facts = kb.stats().facts
            assert facts % rows == 0
            assert kb.check().findings == ()
            kb.add("Acme", "turn", str(turn))
            kb.retract(f"f{facts + 1}", reason="only to see that it can be written")
            kb.store.read("SELECT 1")
            seen.add(facts)
        _forget(path, facts)
    assert seen


def _forget(path: Path, facts: int) -> None:
    """Take out what the test itself wrote, so that what is there is a whole number of files."""
    import apsw

    with apsw.Connection(str(path)) as connection:
        connection.execute("DELETE FROM withdrawal WHERE fact > ?", (facts,))
        connection.execute("DELETE FROM fact WHERE fact > ?", (facts,))


def test_two_writers_on_one_key_at_one_instant(shared: str, started: Any) -> None:
    """Of two processes that let one source say two things at once, one is refused; neither value is lost unsaid."""
    with Knowledge.open(shared) as kb:
        kb.attribute("ceo", cardinality="one")
        kb.entity("Acme")
        callers = [started(_CALLER, shared) for _ in range(2)]
        for caller in callers:
            caller.hear()
        for turn in range(5):
            options = {"source": "register", "qualifiers": {"turn": str(turn)}}
            calls = [json.dumps(["add", ["Acme", "ceo", name], options]) for name in ("ann", "bob")]
            with ThreadPoolExecutor(2) as pool:
                answers = list(pool.map(lambda pair: pair[0].ask(pair[1]), zip(callers, calls, strict=True)))
            assert sorted(answers) == sorted(
                [[False, "OverlapError"], [True, answers[0][1] if answers[0][0] else answers[1][1]]]
            )
            held = kb.ask("Acme", "ceo", qualifiers={"turn": str(turn)})
            assert held.value in ("ann", "bob")
        # Two corrections of one fact are both kept, one after the other; the later one counts.
        fact = kb.add("Acme", "chair", "zoe", source="register")
        for turn in range(5):
            calls = [
                json.dumps(["correct", [fact.id, f"{name} {turn}"], {"author": name, "reason": "r"}])
                for name in ("ann", "bob")
            ]
            with ThreadPoolExecutor(2) as pool:
                answers = list(pool.map(lambda pair: pair[0].ask(pair[1]), zip(callers, calls, strict=True)))
            assert all(done for done, _ in answers)
        versions = kb.history("Acme", "chair")
        assert [version.version for version in versions] == list(range(1, 12))
        assert len({version.value for version in versions}) == 11
        assert kb.ask("Acme", "chair").value == versions[-1].value
        assert kb.check().findings == ()
