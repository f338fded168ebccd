"""The review queue: changes proposed by those who may not make them, and findings somebody should look at."""

from guardlayer.knowledge.proposal import FINDING, VERBS, Proposal
from guardlayer.knowledge.reviews.queue import MayDecide, ReviewItem, Reviews

__all__ = ["FINDING", "VERBS", "MayDecide", "Proposal", "ReviewItem", "Reviews"]
