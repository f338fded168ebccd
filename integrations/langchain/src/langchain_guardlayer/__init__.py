"""guardlayer for LangChain: the guard inside the model, around a chain, as a step of it, and in an agent.

chat_model ─▶ GuardedChatModel: nobody hears what was not checked
middleware ─▶ GuardMiddleware: the same for agents (needs ``langchain``: the extra ``agents``)
runnable, step ─▶ GuardedRunnable around a chain, GuardStep in one; guarding is what they share
retrievers ─▶ KnowledgeRetriever, GuardRetriever
said, holding ─▶ what a message says, and what of its stream waits to be checked
"""

from typing import TYPE_CHECKING, Any

from langchain_guardlayer.chat_model import GuardedChatModel
from langchain_guardlayer.retrievers import GuardRetriever, KnowledgeRetriever
from langchain_guardlayer.runnable import GuardedRunnable
from langchain_guardlayer.step import GuardStep
from langchain_guardlayer.wrapping import wrap

if TYPE_CHECKING:
    from langchain_guardlayer.middleware import GuardMiddleware

__all__ = [
    "GuardMiddleware",
    "GuardRetriever",
    "GuardStep",
    "GuardedChatModel",
    "GuardedRunnable",
    "KnowledgeRetriever",
    "wrap",
]


def __getattr__(name: str) -> Any:
    if name != "GuardMiddleware":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from langchain_guardlayer.middleware import GuardMiddleware
    except ModuleNotFoundError as error:
        if error.name not in ("langchain", "langgraph"):
            raise
        raise ModuleNotFoundError(
            "GuardMiddleware needs langchain: pip install 'langchain-guardlayer[agents]'", name=error.name
        ) from error
    return GuardMiddleware
