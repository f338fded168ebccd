"""Verifiers: compare a claim with evidence and say what follows, and why."""

from guardlayer.verify.lexical import LexicalVerifier
from guardlayer.verify.pair import Cascade, verify_pair
from guardlayer.verify.structured import StructuredVerifier

__all__ = ["Cascade", "LexicalVerifier", "StructuredVerifier", "verify_pair"]
