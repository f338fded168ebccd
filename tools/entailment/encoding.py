"""The package's own encoding: training and use must make the same ids, so that there is one code."""

from guardlayer.verifiers.entailment.encoding import MAX_CLAIM, MAX_TOKENS, Encoded, Encoder

__all__ = ["MAX_CLAIM", "MAX_TOKENS", "Encoded", "Encoder"]
