"""A chat in a terminal that streams, sentence by sentence, as each is verified: no framework, no network.

    python examples/streaming_chat.py

The model was tuned in spring 2025, and still says the price of that year. It writes token by token; a sentence appears
when it is complete and checked, with the price of today. It may also write a fact slot, which is filled on the way.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

from guardlayer import Guard, Knowledge
from guardlayer.streaming import citations

kb = Knowledge.open(":memory:")
kb.attribute("list price", cardinality="one")
price = kb.add("Acme Anvil", "list price", "$39", source="price list 2025", valid_from="2025-01-01")
kb.supersede(price.id, "$49", valid_from="2026-01-01", source="price list 2026")
kb.add("Acme Anvil", "weight", "25 kg", source="data sheet")
guard = Guard(knowledge=kb, log=None)  # log="provenance.db" keeps a record of every answer

ANSWER = (
    "Happy to help! The list price of Acme Anvil is $39. It weighs {{fact:Acme Anvil/weight}}.\n\n"
    "- Shipping: on request\n- Acme Anvil, list price: $39\n\nAnything else?"
)


async def tokens(prompt: str) -> AsyncIterator[str]:
    """Write as a model does: a few characters at a time."""
    assert "{{fact:" in prompt  # the prompt teaches the model to write slots
    for start in range(0, len(ANSWER), 5):
        await asyncio.sleep(0.002)
        yield ANSWER[start : start + 5]


async def main() -> None:
    """Show the answer while it is written, then what was found."""
    question = "What does the Acme Anvil cost?"
    print(f"> {question}\n")
    async for text in guard.astream(tokens(guard.prompt(question)), question=question):
        sys.stdout.write(text)
        sys.stdout.flush()

    # The same, with more to hold on to: releases with their claims and citations, and the report at the end.
    session = guard.session(question=question)
    releases = [release async for chunk in tokens(guard.prompt(question)) for release in await session.afeed(chunk)]
    releases += await session.afinish()
    output = "".join(release.text for release in releases)
    print(f"\n\n{len(releases)} releases; {session.report.outcome if session.report else ''}")
    for release in releases:
        for citation in citations(release):
            print(f"  {output[citation.start : citation.end]!r}: {citation.source}")


if __name__ == "__main__":
    asyncio.run(main())
