"""The official OpenAI client behind the gateway: one changed base URL, and nothing unchecked arrives.

    pip install 'guardlayer-facts[gateway]' openai
    python examples/gateway_openai_client.py

Everything runs in this process: a fake upstream takes the place of the model, and no network is used. In real life the
gateway is a command, ``guardlayer serve --upstream https://api.openai.com/v1 --knowledge acme.db``.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import openai

from guardlayer import Guard, Knowledge
from guardlayer.gateway import Caller, Settings, create_app
from guardlayer.gateway.fakes import FakeUpstream
from guardlayer.types import Source

kb = Knowledge.open(":memory:")
price = kb.add("Acme Anvil", "list price", "$39", source="price list 2025", valid_from="2025-01-01")
prices = Source("price list 2026", "https://acme.example/prices/2026")
kb.supersede(price.id, "$49", valid_from="2026-01-01", source=prices)

model = FakeUpstream("Happy to help! The list price of Acme Anvil is $39. Anything else?")
QUESTION: Any = [{"role": "user", "content": "What does the Acme Anvil cost?"}]


def client(policy: str, **rules: Any) -> openai.AsyncOpenAI:
    """Return the client, with a gateway under this policy between it and the model."""
    settings = Settings(upstream="http://model.example/v1", default=Caller(**rules))
    app = create_app(Guard(knowledge=kb, log=None, policy=policy), settings, transport=httpx.ASGITransport(model.app))
    return openai.AsyncOpenAI(
        api_key="any",
        base_url="http://gateway.example/v1",
        http_client=httpx.AsyncClient(transport=httpx.ASGITransport(app)),
        max_retries=0,
    )


async def main() -> None:
    """Ask in every way the client can."""
    corrected = client("enforce")
    raw = await corrected.chat.completions.with_raw_response.create(model="any", messages=QUESTION)
    message = raw.parse().choices[0].message
    print("answer:   ", message.content)
    print("verdict:  ", raw.headers["x-guardlayer-verdict"], "→", raw.headers["x-guardlayer-action"])
    for note in message.annotations or ():
        print("source:   ", note.url_citation.title, note.url_citation.url)

    stream = await corrected.chat.completions.create(model="any", messages=QUESTION, stream=True)
    print("stream:   ", [c.choices[0].delta.content async for c in stream if c.choices[0].delta.content])

    response = await corrected.responses.create(model="any", input="What does the Acme Anvil cost?")
    print("responses:", response.output_text)

    refused = await client("strict").chat.completions.create(model="any", messages=QUESTION)
    print("blocked:  ", refused.choices[0].finish_reason, "-", refused.choices[0].message.refusal)

    try:
        await client("strict", raises=True).chat.completions.create(model="any", messages=QUESTION)
    except openai.UnprocessableEntityError as error:
        print("raised:   ", error.status_code, error.code)


if __name__ == "__main__":
    asyncio.run(main())
