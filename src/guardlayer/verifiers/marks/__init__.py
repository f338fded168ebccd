"""Marks that tell the entailment model what arithmetic and spelling say: code calculates, the network aligns.

A small network reads "more than 23.5 million" and "23.8 million" as word pieces and cannot compare them. So each
quantity, date and ordinal of both texts that has a counterpart is followed by a mark that says how the two stand,
and each name of the claim that the evidence lacks by another. The marks are single tokens of the model, which was
trained on marked text only: marks and weights are one version, and a change here needs a new model.
"""

from guardlayer.verifiers.marks.pairing import MarkedPair, mark
from guardlayer.verifiers.marks.tokens import ABS, EQ, MARKS, MARKS_VERSION, MISS, NEAR, NEQ, SAT, SUM, VIO

__all__ = ["ABS", "EQ", "MARKS", "MARKS_VERSION", "MISS", "NEAR", "NEQ", "SAT", "SUM", "VIO", "MarkedPair", "mark"]
