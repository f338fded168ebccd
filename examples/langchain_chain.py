"""A guard around a LangChain chain, and as a decorator on a function that asks it, with a scripted model: no network.

pip install langchain-guardlayer
python examples/langchain_chain.py
"""

from __future__ import annotations

from itertools import cycle

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from guardlayer import Guard, Knowledge
from guardlayer.wrapping import reports

kb = Knowledge.open(":memory:")
price = kb.add("Acme Anvil", "list price", "$39", source="price list 2025", valid_from="2025-01-01")
kb.supersede(price.id, "$49", valid_from="2026-01-01", source="price list 2026")

prompt = ChatPromptTemplate.from_messages([("system", "You sell anvils, cheerfully."), ("human", "{question}")])
model = GenericFakeChatModel(messages=cycle([AIMessage("The list price of Acme Anvil is $39. I hope this helps!")]))
chain = prompt | model | StrOutputParser()

guard = Guard(knowledge=kb, log=None)
guarded = guard.wrap(chain)


@guard
def answer(question: str) -> str:
    """Ask the chain: the guard reads the question from the argument, and checks what is returned."""
    return chain.invoke({"question": question})


def main() -> None:
    """Run the chain unguarded and guarded, whole and as a stream."""
    question = {"question": "What does the Acme Anvil cost?"}
    print("unguarded:", chain.invoke(question))
    with reports() as found:
        print("decorated:", answer("What does the Acme Anvil cost?"))
        print("guarded:  ", guarded.invoke(question))
        print("streamed: ", "".join(guarded.stream(question)))
        print("batch:    ", guarded.batch([question, question]))
    print(f"\n{len(found)} reports; the first says:")
    for claim in found[0].claims:
        print(f"  {claim.verdict}: {claim.text} ({claim.reason})")


if __name__ == "__main__":
    main()
