"""Over real sockets: timing, keep-alives, clients that leave, the sync client, and the commands that serve."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
import uvicorn

from guardlayer import Guard
from guardlayer.gateway import Caller, Settings, create_app
from guardlayer.gateway.fakes import FakeUpstream
from guardlayer.testing import MemoryLog

STALE, CURRENT = "$39", "$49"
SAID = f"Happy to help! The list price of Acme is {STALE}. Enjoy your day!"
TRUE = SAID.replace(STALE, CURRENT)
QUESTION = "What is the list price of Acme?"
CHAT: Any = {"model": "m", "messages": [{"role": "user", "content": QUESTION}]}
FACTS = "entity,attribute,value,source,valid_from\nAcme,list price,$49,price list 2026,2026-01-01\n"


@contextlib.contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an application on a free port of this machine."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_level="critical", access_log=False, lifespan="on", ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


@contextlib.contextmanager
def gateway(kb: Any, upstream: FakeUpstream, **options: Any) -> Iterator[tuple[str, MemoryLog]]:
    """Serve a gateway before a fake upstream, both over sockets."""
    log = MemoryLog()
    rules = {name: options.pop(name) for name in ("hold", "raises") if name in options}
    guard = Guard(knowledge=kb, log=log, policy=options.pop("policy", "enforce"))
    with served(upstream.app) as url:
        settings = Settings(upstream=url, default=Caller(**rules), **options)
        with served(create_app(guard, settings)) as front:
            yield front, log


def wait_for(condition: Any, seconds: float = 5.0) -> bool:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(condition())


def test_the_sync_client_works(kb):
    """The sync client reads answers, streams, and responses; each is checked."""
    with (
        gateway(kb, FakeUpstream(SAID)) as (url, log),
        openai.OpenAI(api_key="k", base_url=url, max_retries=0) as client,
    ):
        assert client.chat.completions.create(**CHAT).choices[0].message.content == TRUE
        chunks = list(client.chat.completions.create(**CHAT, stream=True))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == TRUE
        with client.chat.completions.stream(**CHAT) as stream:
            assert stream.get_final_completion().choices[0].message.content == TRUE
        assert client.responses.create(model="m", input=QUESTION).output_text == TRUE
        with client.responses.stream(model="m", input=QUESTION) as stream:
            stream.until_done()
            assert stream.get_final_response().output_text == TRUE
    assert len(log.reports) == 5


async def test_a_sentence_comes_when_it_is_verified_not_when_the_answer_ends(kb):
    """The first sentence is out long before the upstream has written the last."""
    upstream = FakeUpstream("Happy to help you! " + "I like to chat about it. " * 12, delay=0.03, piece=10)
    with gateway(kb, upstream) as (url, _):
        client = openai.AsyncOpenAI(api_key="k", base_url=url, max_retries=0)
        stream = await client.chat.completions.create(**CHAT, stream=True)
        times = [time.monotonic() async for chunk in stream if chunk.choices[0].delta.content]
        await client.close()
    assert len(times) >= 10
    assert times[-1] - times[0] > 0.5


async def test_silence_is_filled_with_comments(kb):
    """While nothing may be shown, comments keep the connection alive; the client's parser skips them."""
    upstream = FakeUpstream("a long sentence that goes on and on " * 4 + "until it ends.", delay=0.05, piece=20)
    with gateway(kb, upstream, keep_alive=0.05, policy="observe") as (url, _):
        async with httpx.AsyncClient() as client:
            raw = await client.post(f"{url}/chat/completions", json={**CHAT, "stream": True})
        assert raw.text.count(": keep-alive\n\n") >= 3
        openai_client = openai.AsyncOpenAI(api_key="k", base_url=url, max_retries=0)
        chunks = [chunk async for chunk in await openai_client.chat.completions.create(**CHAT, stream=True)]
        await openai_client.close()
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == upstream.say


async def test_a_violation_midway_is_an_error_of_the_stream(kb):
    """Where sentences are out already, the client raises an error with our code, and sees nothing of the rest."""
    with gateway(kb, FakeUpstream(SAID, delay=0.05, piece=5), policy="strict", raises=True) as (url, log):
        client = openai.AsyncOpenAI(api_key="k", base_url=url, max_retries=0)
        seen = []

        async def read() -> None:
            async for chunk in await client.chat.completions.create(**CHAT, stream=True):
                seen.append(chunk.choices[0].delta.content or "")  # noqa: PERF401 - what came before the error counts

        with pytest.raises(openai.APIError) as caught:
            await read()
        await client.close()
    assert caught.value.code == "guard_violation"
    assert "".join(seen) == "Happy to help! "
    assert wait_for(lambda: log.reports)
    assert STALE not in log.reports[0].output


@pytest.mark.parametrize("api", ["chat/completions", "responses"])
async def test_a_client_that_leaves_ends_the_upstreams_work(kb, api):
    """When the client closes a stream, the upstream's is closed too, and the record says what was not shown."""
    upstream = FakeUpstream("Happy to help you! " + "I like to chat about it. " * 400, delay=0.01, piece=10)
    with gateway(kb, upstream) as (url, log):
        async with (
            httpx.AsyncClient() as client,
            client.stream("POST", f"{url}/{api}", json={**CHAT, "input": QUESTION, "stream": True}) as raw,
        ):
            async for _ in raw.aiter_bytes():
                break
        assert wait_for(lambda: upstream.left == 1)
        assert wait_for(lambda: log.reports)
        async with httpx.AsyncClient() as client:
            text = (await client.get(url.removesuffix("/v1") + "/metrics")).text
    assert "the stream broke off" in " ".join(log.reports[0].notices)
    assert "guardlayer_gateway_disconnects_total 1" in text
    assert "guardlayer_gateway_in_flight 1" in text


async def test_a_client_that_leaves_while_nothing_is_sent_ends_it_too(kb):
    """Also an answer in one piece, or a stream that is held back, is given up when nobody waits for it."""

    async def slow(scope, receive, send):
        await receive()
        message = {"type": "http.request"}
        started.set()
        while message["type"] != "http.disconnect":
            message = await receive()
        left.set()

    for body in ({}, {"stream": True}):
        started, left = threading.Event(), threading.Event()
        with served(slow_app(slow)) as url, served(create_app(Guard(log=None), Settings(upstream=url))) as front:
            async with httpx.AsyncClient(timeout=0.3) as client:
                with pytest.raises(httpx.ReadTimeout):
                    await client.post(f"{front}/chat/completions", json={**CHAT, **body})
            assert started.is_set()
            assert wait_for(left.is_set)


async def test_streams_share_connections_and_callers_no_cookies(kb):
    """One connection to the upstream serves stream after stream, and what the upstream sets is sent for nobody else."""
    upstream = FakeUpstream(SAID)
    ports: set[int] = set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def with_cookie(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"set-cookie", b"session=a; Path=/")]
            await send(message)

        if scope["type"] == "http":
            ports.add(scope["client"][1])
        await upstream.app(scope, receive, with_cookie)

    with served(app) as url, served(create_app(Guard(knowledge=kb, log=None), Settings(upstream=url))) as front:
        async with httpx.AsyncClient(timeout=10) as client:
            for _ in range(3):
                answer = await client.post(f"{front}/chat/completions", json={**CHAT, "stream": True})
                assert answer.text.endswith("data: [DONE]\n\n")
    assert len(ports) == 1
    assert not any("cookie" in headers for headers in upstream.headers)


def slow_app(http: Any) -> Any:
    """Return an application that starts up and answers requests with ``http``."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await http(scope, receive, send)
            return
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return

    return app


@pytest.fixture
def facts(tmp_path):
    """A fact file."""
    path = tmp_path / "facts.csv"
    path.write_text(FACTS)
    return path


def environment(**more: str) -> dict[str, str]:
    """Return this environment without what a shell has set for guardlayer."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GUARDLAYER")} | more


def test_the_command_serves_until_it_is_told_to_stop(facts):
    """`guardlayer serve` says where it listens, answers with the upstream's key, logs no text, and ends on SIGTERM."""
    upstream = FakeUpstream(SAID)
    with served(upstream.app) as behind:
        command = [sys.executable, "-m", "guardlayer.cli", "serve", "--upstream", behind, "--port", "0", "--no-log"]
        with subprocess.Popen(
            [*command, "-k", str(facts), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment(GUARDLAYER_UPSTREAM_KEY="sk-up"),
        ) as process:  # fmt: skip
            assert process.stdout is not None
            document = ""
            while not document.rstrip().endswith("}"):
                document += process.stdout.readline()
            url = json.loads(document)["url"]
            with openai.OpenAI(api_key="sk-mine", base_url=f"{url}/v1") as client:
                assert client.chat.completions.create(**CHAT).choices[0].message.content == TRUE
            process.send_signal(signal.SIGTERM)
            rest, err = process.communicate(timeout=20)
    assert process.returncode in (0, -signal.SIGTERM)
    assert rest == ""
    assert re.search(r"INFO POST chat 200 \d+ ms trace [0-9a-f]{32}", err)
    assert upstream.headers[0]["authorization"] == "Bearer sk-up"
    assert not re.search(r"sk-|\$39|list price of", err)


@contextlib.contextmanager
def sharing(facts: Any, upstream: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a gateway of two processes, and say where it listens."""
    command = [sys.executable, "-m", "guardlayer.cli", "serve", "--upstream", upstream, "--port", "0", "--no-log"]
    with subprocess.Popen(
        [*command, "-k", str(facts), "--json", "--workers", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env=environment(GUARDLAYER_UPSTREAM_KEY="sk-up"),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        document = ""
        while not document.rstrip().endswith("}"):
            document += process.stdout.readline()
        try:
            yield process, json.loads(document)["url"]
        finally:
            process.terminate()
            process.communicate(timeout=30)


def children(pid: int) -> list[int]:
    """Return the processes of the gateway that serve, which the system lists in /proc."""
    found = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [each for each in found if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc, as Linux has it")
def test_several_processes_serve_on_one_port_and_end_together(facts):
    """`--workers 2` answers as one process does, and leaves none behind, whether it is told to end or loses one."""
    upstream = FakeUpstream(SAID)
    with served(upstream.app) as behind:
        with sharing(facts, behind) as (process, url):
            with openai.OpenAI(api_key="sk-mine", base_url=f"{url}/v1") as client:
                assert client.chat.completions.create(**CHAT).choices[0].message.content == TRUE
            pids = children(process.pid)
            assert len(pids) == 2
        assert process.returncode == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
        with sharing(facts, behind) as (process, _):
            assert wait_for(lambda: len(children(process.pid)) == 2)
            os.kill(children(process.pid)[0], signal.SIGKILL)
            assert process.wait(timeout=30) != 0


@pytest.mark.parametrize("name", ["serve", "mcp"])
def test_the_commands_explain_themselves(name):
    """--help says what the command needs, and shows an example."""
    from typer.testing import CliRunner

    from guardlayer.cli.app import app

    shown = CliRunner(env={"COLUMNS": "100"}).invoke(app, [name, "--help"]).stdout
    assert f"guardlayer {name} " in shown
    assert "Needs the extra" in shown


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "no upstream is named"),
        (("--upstream", "nowhere"), "no http or https URL"),
        (("--upstream", "http://u", "--hold", "some"), "hold"),
        (("--upstream", "http://u", "--gateway", "none.toml"), "none.toml"),
        (("--upstream", "http://u", "--host", "203.0.113.1"), "cannot listen"),
    ],
)
def test_a_wrong_option_is_one_line(arguments, says):
    """What is wrong is said in one line, with the exit code of usage errors."""
    from typer.testing import CliRunner

    from guardlayer.cli.app import app

    done = CliRunner(env={"GUARDLAYER_UPSTREAM": None}).invoke(app, ["serve", "--no-log", *arguments])
    assert done.exit_code == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
