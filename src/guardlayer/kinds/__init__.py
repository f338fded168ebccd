"""Kinds: what a claim is, and so which authority is asked about it."""

from guardlayer.kinds.classifier import RuleClassifier
from guardlayer.kinds.rules import RULES, GivesWay, Rule
from guardlayer.kinds.trained import TrainedClassifier

CLASSIFIERS: dict[str, type[RuleClassifier] | type[TrainedClassifier]] = {
    "rules": RuleClassifier,
    "trained": TrainedClassifier,
}
"""The classifiers that come with the package, by the names they are chosen by."""

__all__ = ["CLASSIFIERS", "RULES", "GivesWay", "Rule", "RuleClassifier", "TrainedClassifier"]
