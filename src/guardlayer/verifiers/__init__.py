"""Verifiers: compare a claim with evidence and say what follows, and why."""

from guardlayer.protocols import Verifier
from guardlayer.verifiers.entailment import EntailmentVerifier
from guardlayer.verifiers.lexical import LexicalVerifier
from guardlayer.verifiers.pair import Cascade, verify_pair
from guardlayer.verifiers.structured import StructuredVerifier

BUILT_IN: dict[str, type[Verifier]] = {
    "structured": StructuredVerifier,
    "lexical": LexicalVerifier,
    "entailment": EntailmentVerifier,
}
"""The stages of the cascade, cheapest first, under their names as plug-ins."""

__all__ = [
    "BUILT_IN",
    "Cascade",
    "EntailmentVerifier",
    "LexicalVerifier",
    "StructuredVerifier",
    "verify_pair",
]
