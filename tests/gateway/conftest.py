"""What the gateway's tests share: a body of knowledge with a value that has changed, and a gateway before a fake upstream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from guardlayer import Guard, Knowledge
from guardlayer.gateway import Caller, Settings, create_app
from guardlayer.gateway.fakes import FakeUpstream
from guardlayer.testing import MemoryLog
from guardlayer.types import Source

STALE = "$39"
CURRENT = "$49"
SAID = f"Happy to help! The list price of Acme is {STALE}. Enjoy your day!"
QUESTION = "What is the list price of Acme?"


@pytest.fixture(scope="session")
def kb() -> Iterator[Knowledge]:
    """A price that has changed, with a place to look it up."""
    knowledge = Knowledge.open(":memory:")
    with knowledge:
        old = knowledge.add("Acme", "list price", STALE, source="price list 2025", valid_from="2025-01-01")
        knowledge.supersede(
            old.id,
            CURRENT,
            valid_from="2026-01-01",
            source=Source("price list 2026", "https://acme.example/2026"),
        )
        yield knowledge


class Stage:
    """A gateway in this process, before a fake upstream, with a real client in front of it."""

    def __init__(self, kb: Knowledge | None, upstream: FakeUpstream, **options: Any) -> None:
        rules = {name: options.pop(name) for name in ("hold", "raises") if name in options}
        self.log = MemoryLog()
        self.upstream = upstream
        guard = options.pop("guard", None) or Guard(
            knowledge=kb, log=options.pop("log", self.log), policy=options.pop("policy", "enforce")
        )
        arguments = {"upstream": "http://upstream.example/v1", "default": Caller(**rules), **options}
        transport = arguments.pop("transport", None) or httpx.ASGITransport(upstream.app)
        self.app = create_app(guard, Settings(**arguments), transport=transport)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://gateway.example")
        self.client = openai.AsyncOpenAI(
            api_key="sk-client", base_url="http://gateway.example/v1", http_client=self.http, max_retries=0
        )

    async def chat(self, **options: Any) -> Any:
        """Ask for a chat completion."""
        arguments = {"model": "m", "messages": [{"role": "user", "content": QUESTION}], **options}
        return await self.client.chat.completions.create(**arguments)

    async def chunks(self, **options: Any) -> list[Any]:
        """Ask for a chat completion as a stream, and return its chunks."""
        return [chunk async for chunk in await self.chat(stream=True, **options)]

    async def response(self, **options: Any) -> Any:
        """Ask for a response."""
        return await self.client.responses.create(**{"model": "m", "input": QUESTION, **options})

    async def events(self, **options: Any) -> list[Any]:
        """Ask for a response as a stream, and return its events."""
        return [event async for event in await self.response(stream=True, **options)]

    async def raw(self, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
        """Post a body as it is, and return everything that came back."""
        return await self.http.post(path, json=body, headers=headers)

    async def measured(self) -> str:
        """Return the metrics."""
        return (await self.http.get("/metrics")).text


@pytest.fixture
def stage(kb: Knowledge) -> Any:
    """Make stages: ``stage(what the upstream says, **settings)``."""

    def make(say: Any = SAID, *, fake: dict[str, Any] | None = None, knowledge: Any = kb, **options: Any) -> Stage:
        return Stage(knowledge, FakeUpstream(say, **(fake or {})), **options)

    return make
