"""Several gateways over one PostgreSQL server: what is corrected once is served by all of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import openai
import pytest

from guardlayer.knowledge import Knowledge

QUESTION = {"model": "m", "messages": [{"role": "user", "content": "What is the list price of Acme?"}]}
SAID = "The list price of Acme is $39."


@pytest.fixture
def upstream():
    """A model that was trained when the price was $39, on a port of this machine."""
    code = (
        "import socket, uvicorn; from guardlayer.gateway.fakes import FakeUpstream\n"
        "listening = socket.create_server(('127.0.0.1', 0)); print(listening.getsockname()[1], flush=True)\n"
        f"uvicorn.Server(uvicorn.Config(FakeUpstream({SAID!r}).app, log_level='critical')).run([listening])"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
        finally:
            process.kill()


def test_what_is_corrected_once_is_served_by_every_replica_within_a_second(postgres, upstream):
    """Two `guardlayer serve` processes share a server: a correction made elsewhere is in the next answer of both."""
    with Knowledge.open(postgres) as kb:
        kb.attribute("list price", cardinality="one")
        kb.add("Acme", "list price", "$49", source="price list", valid_from="2025-01-01")
    command = [sys.executable, "-m", "guardlayer.cli", "serve", "--upstream", upstream, "--port", "0", "--no-log"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GUARDLAYER_")}
    replicas = [
        subprocess.Popen(
            [*command, "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**environment, "GUARDLAYER_KNOWLEDGE": postgres},
        )
        for _ in range(2)
    ]
    clients = []
    try:
        for replica in replicas:
            document = ""
            while not document.rstrip().endswith("}"):
                document += replica.stdout.readline()
            url = f"{json.loads(document)['url']}/v1"
            clients.append(openai.OpenAI(api_key="k", base_url=url, max_retries=0))

        def answers():
            return [client.chat.completions.create(**QUESTION).choices[0].message.content for client in clients]

        for _ in range(5):
            assert answers() == [SAID.replace("$39", "$49")] * 2
        with Knowledge.open(postgres) as kb:
            kb.correct("f1", "$59", author="ann", reason="the list was wrong")
        corrected = time.monotonic()
        while (said := answers()) != [SAID.replace("$39", "$59")] * 2:
            assert time.monotonic() - corrected < 1, f"a second later a replica still says {said}"
    finally:
        for client in clients:
            client.close()
        for replica in replicas:
            replica.send_signal(signal.SIGTERM)
        for replica in replicas:
            replica.communicate(timeout=20)
