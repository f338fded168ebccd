"""guardlayer for LangChain: a guard around any runnable."""

from langchain_guardlayer.runnable import GuardedRunnable, wrap

__all__ = ["GuardedRunnable", "wrap"]
