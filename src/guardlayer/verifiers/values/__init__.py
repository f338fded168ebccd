"""Typed values: numbers, money, per cent, dates, durations, versions, yes/no, found in text and compared.

``parse`` reads a whole fact value, ``find`` the quantities of a sentence, ``compare`` says how what was said stands
to what is true, ``render`` writes a true value in the style of another. All are pure and linear in their input.
"""

from guardlayer.verifiers.values.compare import compare
from guardlayer.verifiers.values.model import Bound, Match, Value, ValueType
from guardlayer.verifiers.values.render import render
from guardlayer.verifiers.values.scan import find, parse

__all__ = ["Bound", "Match", "Value", "ValueType", "compare", "find", "parse", "render"]
