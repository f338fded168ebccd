"""The trained classifier: rules have the first word, a linear model the second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from guardlayer.kinds.classifier import RuleClassifier, Ruling
from guardlayer.kinds.model import Model, shipped
from guardlayer.types import Claim, Draft, Form, Kind

__all__ = ["GIVES_WAY", "TrainedClassifier"]

GIVES_WAY: Final = frozenset({"opinion", "exhortation", "judgement", "advice", "not known", "praise or dismay"})
"""Rules that look for wording which facts share; what they match, the model reads again."""

_READ: Final = frozenset({Form.SENTENCE, Form.CLAUSE, Form.ITEM, Form.FRAGMENT})
"""Shapes with words that say something together; a cell, a leaf or a heading is decided by rule alone."""

_BARE: Final = 0.5
"""What is added to the margin of a fragment: it may be the bare answer to a question."""

_FEW: Final = 3
"""Words that a fragment needs to be read: *paracetamol* is an answer, whatever it sounds like."""

_LEANING: Final = 2.0
"""What such a rule takes off the margin."""

_ANCHORED: Final = 2.0
"""What a figure or a name adds to the margin: sources can be asked about it, so a fact that is missed costs more."""


class TrainedClassifier:
    """Decides what each claim is: by rule where a rule is sure, else by a model trained on labelled sentences.

    Rules decide questions, refusals, thanks, greetings, offers, orders, code, state and permission. What they leave
    open, or call an opinion, the model reads, if it has the words of a sentence. A figure together with a name is a
    fact whatever the model says; where there is one of them, the model must be surer, because sources can be asked
    about it.

    Args:
        model: Other weights than the shipped ones, which are read when they are first needed.
    """

    def __init__(self, *, model: Model | None = None) -> None:
        self._rules = RuleClassifier()
        self._model = model

    def __call__(self, claims: Sequence[Claim], draft: Draft) -> Sequence[Claim]:  # noqa: ARG002 - part of the Protocol
        """Return the claims, same order and number, with ``kind`` and ``kind_score`` set."""
        model = self._model or shipped()
        return [self._classified(claim, model) for claim in claims]

    def margin(self, claim: Claim) -> float | None:
        """Return how far ``claim`` is on the side of the facts, or ``None`` where a rule decides."""
        return self._margin(claim, self._rules.ruling(claim), self._model or shipped())

    def _classified(self, claim: Claim, model: Model) -> Claim:
        ruling = self._rules.ruling(claim)
        margin = self._margin(claim, ruling, model)
        if margin is None:
            return claim.of_kind(ruling.rule.kind if ruling.rule else Kind.FACT, ruling.score)
        share = model.share(margin)
        return claim.of_kind(Kind.FACT, share) if margin > 0 else claim.of_kind(Kind.BEHAVIOR, 1 - share)

    @staticmethod
    def _margin(claim: Claim, ruling: Ruling, model: Model) -> float | None:
        rule, _, figure, name = ruling
        if (figure and name) or claim.form not in _READ or (rule is not None and rule.name not in GIVES_WAY):
            return None
        fragment = claim.form is Form.FRAGMENT
        if fragment and (figure or name or len(claim.text.split()) < _FEW):
            return None
        margin = model.margin(claim.text) + (_BARE if fragment else 0.0)
        if rule is not None:
            return margin - _LEANING
        return margin + _ANCHORED if figure or name else margin
