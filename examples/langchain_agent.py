"""An agent with tools under guard, with a scripted model: no network.

pip install 'langchain-guardlayer[agents]'
python examples/langchain_agent.py
"""

from __future__ import annotations

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from guardlayer import Guard, Knowledge
from langchain_guardlayer import GuardMiddleware
from langchain_guardlayer.testing import ScriptedChatModel

kb = Knowledge.open(":memory:")
price = kb.add("Acme Anvil", "list price", "$39", source="price list 2025", valid_from="2025-01-01")
kb.supersede(price.id, "$49", valid_from="2026-01-01", source="price list 2026")
guard = Guard(knowledge=kb, log=None)

QUESTION = {"messages": [("user", "What does the Acme Anvil cost, and how many are in stock?")]}


@tool
def stock(product: str) -> str:
    """Count what is in the warehouse."""
    return f"The warehouse holds 12 pieces of {product}."


def script(messages: list[BaseMessage]) -> AIMessage:
    """Call the tool, then answer: with the price the model was trained on, and the stock the tool found."""
    if messages[-1].type != "tool":
        return AIMessage("", tool_calls=[{"name": "stock", "args": {"product": "Acme Anvil"}, "id": "call_1"}])
    return AIMessage("Gladly! The list price of Acme Anvil is $39. The warehouse holds 12 pieces of Acme Anvil.")


def main() -> None:
    """Run the agent unguarded, guarded, as a stream, and with a person who decides."""
    model = ScriptedChatModel(replies=[script])
    bare = create_agent(model, tools=[stock])
    print("unguarded:", bare.invoke(QUESTION)["messages"][-1].text)

    agent = create_agent(model, tools=[stock], middleware=[GuardMiddleware(guard=guard)])
    answer = agent.invoke(QUESTION)["messages"][-1]
    print("guarded:  ", answer.text)
    for claim in answer.response_metadata["guardlayer"]["claims"]:
        if claim["kind"] != "behavior":
            print(f"           {claim['verdict']}: {claim['current']} ({', '.join(claim['sources'])})")

    print("streamed: ", end="")
    for chunk, metadata in agent.stream(QUESTION, stream_mode="messages"):
        if metadata["langgraph_node"] == "model" and chunk.text:
            print(chunk.text, end="|")
    print()

    reviewed = create_agent(
        model,
        tools=[stock],
        middleware=[GuardMiddleware(guard=guard, review="findings")],
        checkpointer=InMemorySaver(),
    )
    thread = {"configurable": {"thread_id": "1"}}
    (question,) = reviewed.invoke(QUESTION, thread)["__interrupt__"]
    print("a person is asked about:", question.value["draft"])
    decision = {"decision": "edit", "text": "The Acme Anvil is $49, and we have 12."}
    print("and decides:", reviewed.invoke(Command(resume=decision), thread)["messages"][-1].text)


if __name__ == "__main__":
    main()
