"""The knowledge layer: a keyed bitemporal ledger of facts, and documents as passages."""

from guardlayer.knowledge.answer import Answer
from guardlayer.knowledge.knowledge import Knowledge
from guardlayer.knowledge.ledger import AttributeInfo, Change, Ledger
from guardlayer.knowledge.load import LoadResult
from guardlayer.knowledge.readable import Readable
from guardlayer.knowledge.stats import Stats

__all__ = ["Answer", "AttributeInfo", "Change", "Knowledge", "Ledger", "LoadResult", "Readable", "Stats"]
