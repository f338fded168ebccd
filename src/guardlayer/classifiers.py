"""The classifiers that come with the package, by the names they are chosen by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from guardlayer.kinds import Reader, RuleClassifier, TrainedClassifier
from guardlayer.knowledge.dense.encoder import SHIPPED, ShippedEncoder
from guardlayer.protocols import Classifier

__all__ = ["CLASSIFIERS", "reading"]


def reading() -> TrainedClassifier:
    """Return the trained classifier with the text encoder of the package for what it is not sure of.

    The encoder is the one that retrieval by meaning uses; it is loaded with the first sentence that needs it.

    Raises:
        ConfigError: The files of the encoder are missing, or not those that the reader was made for.
    """
    return TrainedClassifier(reader=Reader(ShippedEncoder(SHIPPED)))


CLASSIFIERS: Final[dict[str, Callable[[], Classifier]]] = {
    "rules": RuleClassifier,
    "trained": TrainedClassifier,
    "reading": reading,
}
"""Rules alone; rules and a linear model; both, and an encoder for sentences that the model is not sure of."""
