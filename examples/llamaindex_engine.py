"""A guard around a LlamaIndex query engine, with a scripted model: no network.

    pip install llama-index-guardlayer
    python examples/llamaindex_engine.py

The index still holds last year's page. Retrieval finds it, the model repeats it, the ledger knows better.
"""

from __future__ import annotations

import asyncio
from typing import Any

from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from guardlayer import Guard, Knowledge


class Salesman(CustomLLM):
    """Stands for a language model."""

    @property
    def metadata(self) -> LLMMetadata:
        """Say who it is."""
        return LLMMetadata(model_name="salesman")

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: ARG002 - LlamaIndex's signature
        """Say the one thing it says."""
        return CompletionResponse(text="The list price of Acme Anvil is $39. I hope this helps!")

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:  # noqa: ARG002 - as above
        """Say it at once."""
        return (part for part in [self.complete(prompt)])


class Shelf(BaseRetriever):
    """Stands for a vector index."""

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:  # noqa: ARG002 - as above
        page = TextNode(id_="catalogue-2025#12", text="Acme Anvil, forged in one piece. List price: $39.")
        return [NodeWithScore(node=page, score=0.9)]


kb = Knowledge.open(":memory:")
price = kb.add("Acme Anvil", "list price", "$39", source="price list 2025", valid_from="2025-01-01")
kb.supersede(price.id, "$49", valid_from="2026-01-01", source="price list 2026")

engine = RetrieverQueryEngine.from_args(Shelf(), llm=Salesman())
guarded = Guard(knowledge=kb, log=None).wrap(engine)


async def main() -> None:
    """Ask the engine unguarded and guarded."""
    question = "What does the Acme Anvil cost?"
    print("unguarded:", engine.query(question))
    response = await guarded.aquery(question)
    print("guarded:  ", response)
    for report in response.metadata["guardlayer"]:
        for verdict in report["verdicts"]:
            print(f"  {verdict['verdict']}: {verdict['claim']} ({verdict['reason']})")
    print("sources:  ", [node.node.node_id for node in response.source_nodes])


if __name__ == "__main__":
    asyncio.run(main())
