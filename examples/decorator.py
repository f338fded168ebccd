"""A decorator between a model and its readers: no framework, no network.

    python examples/decorator.py

The assistant was tuned in spring 2025 and still says the price of that year. Its voice stays; the price does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from pydantic import BaseModel

from guardlayer import Guard, Knowledge
from guardlayer.testing import FakeModel
from guardlayer.wrapping import reports

kb = Knowledge.open(":memory:")
price = kb.add("Acme Anvil", "list price", "$39", source="price list 2025", valid_from="2025-01-01")
kb.supersede(price.id, "$49", valid_from="2026-01-01", source="price list 2026")

model = FakeModel("Happy to help! The list price of Acme Anvil is $39.")  # any call of a model
guard = Guard(knowledge=kb, log=None)  # log="provenance.db" keeps a record of every answer


@guard
def answer(question: str) -> str:
    """Return what the model says."""
    return model(question)


@guard
async def tokens(question: str) -> AsyncIterator[str]:
    """Stream what the model says: nothing comes out before all of it was checked."""
    for word in (await model.acall(question)).split():
        yield f"{word} "


class Offer(BaseModel):
    """What the model fills in."""

    pitch: str
    product: str


@guard(question="request")
def offer(request: str) -> Offer:
    """Return structured output: the type stays, the stale value goes."""
    return Offer(pitch=model(request), product="Acme Anvil")


async def main() -> None:
    """Ask each of them, and show what the guard found."""
    with reports() as found:
        print("answer: ", answer("What does the Acme Anvil cost?"))
        print("stream: ", [token async for token in tokens("What does the Acme Anvil cost?")])
        print("object: ", offer("Make me an offer for an Acme Anvil."))
    print()
    for claim in (claim for report in found for claim in report.claims if claim.verdict == "stale"):
        print(f"{claim.verdict}: {claim.text}\n       {claim.reason}")


if __name__ == "__main__":
    asyncio.run(main())
