"""``guard.wrap`` for LangChain's objects."""

from __future__ import annotations

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableBinding

from guardlayer import Guard
from guardlayer.errors import ConfigError
from guardlayer.wrapping import Checker
from langchain_guardlayer.chat_model import GuardedChatModel
from langchain_guardlayer.rehosting import rehost
from langchain_guardlayer.retrievers import GuardRetriever
from langchain_guardlayer.runnable import GuardedRunnable

_MODEL = ("hold", "raises", "citations", "evidence", "on_report")
_RETRIEVER = ("ended", "at")
_RUNNABLE = tuple(name for name in GuardedRunnable.model_fields if name not in ("inner", "guard", "name"))


def wrap(checker: Checker, thing: Any, **options: Any) -> Runnable[Any, Any] | None:
    """Put an object of LangChain's under guard: what ``guard.wrap`` does with them.

    A chat model becomes a :class:`GuardedChatModel`, with whatever is bound to it; a retriever a
    :class:`GuardRetriever`; any other runnable a :class:`GuardedRunnable`.

    Args:
        checker: The guard.
        thing: A runnable; for anything else of LangChain's, ``None`` is returned.
        options: Fields of the class.

    Raises:
        ConfigError: An option is not known.
    """
    if isinstance(thing, BaseChatModel):
        return GuardedChatModel(inner=thing, guard=checker, **_known(options, _MODEL, "a chat model"))
    if isinstance(thing, RunnableBinding) and isinstance(thing.bound, BaseChatModel):
        model = GuardedChatModel(inner=thing.bound, guard=checker, **_known(options, _MODEL, "a chat model"))
        return rehost(thing, thing.bound, model)
    if isinstance(thing, BaseRetriever) and isinstance(checker, Guard):
        return GuardRetriever(inner=thing, guard=checker, **_known(options, _RETRIEVER, "a retriever"))
    if isinstance(thing, Runnable):
        return GuardedRunnable(inner=thing, guard=checker, **_known(options, _RUNNABLE, "a runnable"))
    return None


def _known(options: dict[str, Any], known: tuple[str, ...], what: str) -> dict[str, Any]:
    for name in options:
        if name not in known:
            raise ConfigError(f"unknown option {name!r} for {what}; the options are {', '.join(known)}")
    return options
