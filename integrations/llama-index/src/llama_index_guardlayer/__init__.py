"""guardlayer for LlamaIndex: every fact that a model, an engine or an agent states has a source, or is dealt with."""

from llama_index_guardlayer.agent import GuardedFunctionAgent
from llama_index_guardlayer.engine import GuardedQueryEngine
from llama_index_guardlayer.evaluator import GuardEvaluator
from llama_index_guardlayer.events import GuardVerdictEvent
from llama_index_guardlayer.llm import GuardedLLM
from llama_index_guardlayer.retrievers import GuardRetriever, KnowledgeRetriever, KnowledgeTagger
from llama_index_guardlayer.synthesizer import GuardedSynthesizer
from llama_index_guardlayer.wrapping import wrap

__all__ = [
    "GuardEvaluator",
    "GuardRetriever",
    "GuardVerdictEvent",
    "GuardedFunctionAgent",
    "GuardedLLM",
    "GuardedQueryEngine",
    "GuardedSynthesizer",
    "KnowledgeRetriever",
    "KnowledgeTagger",
    "wrap",
]
