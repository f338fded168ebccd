"""Kinds: what a claim is, and so which authority is asked about it."""

from guardlayer.kinds.classifier import RuleClassifier
from guardlayer.kinds.rules import RULES, GivesWay, Rule
from guardlayer.kinds.trained import TrainedClassifier

__all__ = ["RULES", "GivesWay", "Rule", "RuleClassifier", "TrainedClassifier"]
