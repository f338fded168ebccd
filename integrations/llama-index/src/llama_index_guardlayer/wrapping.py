"""``guard.wrap`` for LlamaIndex's objects."""

from __future__ import annotations

from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.llms.llm import LLM
from llama_index.core.response_synthesizers import BaseSynthesizer

from guardlayer.errors import ConfigError
from guardlayer.wrapping import Checker
from llama_index_guardlayer.engine import GuardedQueryEngine
from llama_index_guardlayer.llm import GuardedLLM
from llama_index_guardlayer.retrievers import GuardRetriever
from llama_index_guardlayer.synthesizer import GuardedSynthesizer

_COMMON = ("hold", "raises", "on_report")
_KINDS: tuple[tuple[type[Any], type[Any], str, tuple[str, ...]], ...] = (
    (BaseQueryEngine, GuardedQueryEngine, "a query engine", (*_COMMON, "callback_manager")),
    (LLM, GuardedLLM, "a language model", (*_COMMON, "callback_manager")),
    (BaseSynthesizer, GuardedSynthesizer, "a synthesizer", _COMMON),
    (BaseRetriever, GuardRetriever, "a retriever", ("ended", "at")),
)


def wrap(checker: Checker, thing: Any, **options: Any) -> Any | None:
    """Put a model, query engine, synthesizer or retriever of LlamaIndex's under guard: what ``guard.wrap`` does.

    Args:
        checker: The guard.
        thing: What answers or retrieves; for anything else of LlamaIndex's, ``None`` is returned.
        options: As :class:`GuardedLLM`, :class:`GuardedQueryEngine`, :class:`GuardedSynthesizer` and
            :class:`GuardRetriever` have them.

    Raises:
        ConfigError: An option is not known.
    """
    for kind, guarded, name, known in _KINDS:
        if isinstance(thing, kind):
            for option in options:
                if option not in known:
                    raise ConfigError(f"unknown option {option!r} for {name}; the options are {', '.join(known)}")
            return guarded(inner=thing, guard=checker, **options)
    return None
