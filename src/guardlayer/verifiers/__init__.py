"""Verifiers: compare a claim with evidence and say what follows, and why."""

from guardlayer.verifiers.lexical import LexicalVerifier
from guardlayer.verifiers.pair import Cascade, verify_pair
from guardlayer.verifiers.structured import StructuredVerifier

__all__ = ["Cascade", "LexicalVerifier", "StructuredVerifier", "verify_pair"]
