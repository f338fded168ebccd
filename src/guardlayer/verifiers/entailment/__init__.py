"""The entailment model: a small network that reads (evidence, claim), and what is concluded from it.

Nothing here imports the wheels that the model needs before the first passage is read.
"""

from guardlayer.verifiers.entailment.verifier import EntailmentVerifier

__all__ = ["EntailmentVerifier"]
