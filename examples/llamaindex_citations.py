"""LlamaIndex with citations: a streamed answer whose every sourced sentence says where it comes from. No network.

    pip install llama-index-guardlayer
    python examples/llamaindex_citations.py

The model writes last year's price. Readers see this year's, sentence by sentence, with its source beneath.
"""

from __future__ import annotations

import re
from typing import Any

from llama_index.core.llms import (
    ChatMessage,
    CompletionResponse,
    CompletionResponseGen,
    CustomLLM,
    LLMMetadata,
)
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import get_response_synthesizer

from guardlayer import Guard, Knowledge
from llama_index_guardlayer import GuardedLLM, GuardedSynthesizer, KnowledgeRetriever

QUESTION = "What are the list price and the weight of the Acme Anvil?"


class Salesman(CustomLLM):
    """Stands for a language model."""

    line: str = "The list price of Acme Anvil is $39. The weight of Acme Anvil is 12 kg. Ask me anything else!"

    @property
    def metadata(self) -> LLMMetadata:
        """Say who it is."""
        return LLMMetadata(model_name="salesman")

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: ARG002 - LlamaIndex's signature
        """Say the one thing it says."""
        return CompletionResponse(text=self.line)

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:  # noqa: ARG002 - as above
        """Say it word by word."""

        def words() -> CompletionResponseGen:
            text = ""
            for word in re.findall(r"\S+\s*", self.line):
                text += word
                yield CompletionResponse(text=text, delta=word)

        return words()


kb = Knowledge.open(":memory:")
price = kb.add("Acme Anvil", "list price", "$39", source="price list 2025", valid_from="2025-01-01")
kb.supersede(price.id, "$49", valid_from="2026-01-01", source="price list 2026")
kb.add("Acme Anvil", "weight", "12 kg", source="data sheet 7")
guard = Guard(knowledge=kb, log=None)


def chat() -> None:
    """Stream a chat, then list what it cites."""
    llm = GuardedLLM(inner=Salesman(), guard=guard)
    message = ChatMessage(role="user", content=QUESTION)
    for item in llm.stream_chat([message]):
        print("  ", item.delta.strip())
        message = item.message
    for block in message.blocks:
        if block.block_type == "citation":
            place = block.additional_location_info
            cited = message.content[place["start_index"] : place["end_index"]]
            print(f"   [{block.title}] says {block.cited_content.text}: {cited}")


def search() -> None:
    """Ask an engine over the knowledge layer itself; its answer is checked against what it retrieved."""
    synthesizer = get_response_synthesizer(llm=Salesman(), streaming=True)
    engine = RetrieverQueryEngine(
        KnowledgeRetriever(knowledge=kb),
        response_synthesizer=GuardedSynthesizer(inner=synthesizer, guard=guard),
    )
    response = engine.query(QUESTION)
    print("  ", response)
    for verdict in response.metadata["guardlayer"][0]["verdicts"]:
        print(f"   {verdict['verdict']}: {verdict['claim']}")
    print("   read:", [node.node.node_id for node in response.source_nodes])


if __name__ == "__main__":
    print("chat, streamed:")
    chat()
    print("engine, streamed:")
    search()
