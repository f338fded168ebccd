"""The marks themselves: single tokens of the model."""

from __future__ import annotations

MARKS_VERSION = "2"
"""Raised with every change that alters a mark; the model's card names the version it was trained with."""

SAT = "[unused1]"
"""The claim's comparator holds for this quantity: "more than 23 million" of 23.8 million."""
VIO = "[unused2]"
"""The claim's comparator does not hold for it."""
EQ = "[unused3]"
"""The same value."""
NEQ = "[unused4]"
"""Another value."""
NEAR = "[unused5]"
"""Nearly the same, or the same at another precision, so that neither follows."""
ABS = "[unused6]"
"""On the claim's side: the evidence has no quantity of that sort."""
SUM = "[unused7]"
"""On the claim's side: the sum or the difference of two quantities of the evidence."""
MISS = "[unused8]"
"""On the claim's side: a name that the evidence does not mention."""
MARKS = (SAT, VIO, EQ, NEQ, NEAR, ABS, SUM, MISS)
