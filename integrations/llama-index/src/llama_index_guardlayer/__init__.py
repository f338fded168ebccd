"""guardlayer for LlamaIndex: a guard around any query engine."""

from llama_index_guardlayer.engine import GuardedQueryEngine, wrap

__all__ = ["GuardedQueryEngine", "wrap"]
