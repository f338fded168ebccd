"""Kinds: what a claim is, and so which authority is asked about it."""

from guardlayer.kinds.classifier import RuleClassifier
from guardlayer.kinds.reader import Reader
from guardlayer.kinds.rules import RULES, GivesWay, Rule
from guardlayer.kinds.trained import TrainedClassifier

__all__ = ["RULES", "GivesWay", "Reader", "Rule", "RuleClassifier", "TrainedClassifier"]
