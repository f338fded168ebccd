"""Dense retrieval: what a passage means, as a vector, beside the words that it uses."""

from guardlayer.knowledge.dense.encoder import SHIPPED, ShippedEncoder, TextEncoder
from guardlayer.knowledge.dense.index import DenseIndex

__all__ = ["SHIPPED", "DenseIndex", "ShippedEncoder", "TextEncoder"]
