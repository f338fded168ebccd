"""Facts that a language model proposes out of documents: never recorded, always put before somebody."""

from guardlayer.knowledge.extraction.candidate import Candidate, Extractor, Reading, checked
from guardlayer.knowledge.extraction.chat import ChatExtractor
from guardlayer.knowledge.extraction.running import Extraction, extract

__all__ = ["Candidate", "ChatExtractor", "Extraction", "Extractor", "Reading", "checked", "extract"]
