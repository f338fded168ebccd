"""Verifiers that are not asked unless you say so: larger local models, and any chat model as a judge.

Put one behind the built-in stages, ``Guard(verifiers=["structured", "lexical", "entailment", ChatJudge(model)])``: it
is then asked only about claims that those could not decide.
"""

from guardlayer.verifiers.optional.huggingface import HuggingFaceVerifier
from guardlayer.verifiers.optional.judge import ChatJudge
from guardlayer.verifiers.optional.lettucedetect import LettuceDetectVerifier

__all__ = ["ChatJudge", "HuggingFaceVerifier", "LettuceDetectVerifier"]
