"""The trained classifier: rules have the first word, a linear model the second, an encoder perhaps the third."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from guardlayer.kinds.classifier import RuleClassifier, Ruling
from guardlayer.kinds.lexicon import STANCE
from guardlayer.kinds.model import Model, shipped
from guardlayer.kinds.reader import Reader
from guardlayer.kinds.signs import SPOKEN, signs
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

_LEANING: Final = 1.0
"""What such a rule takes off the margin."""

_ANCHORED: Final = 1.0
"""What a figure or a name adds to the margin: sources can be asked about it, so a fact that is missed costs more."""

_UNSURE: Final = 2.5
"""Margin within which the reader is asked."""

_READING: Final = 0.6
"""What the reader's margin counts beside the model's."""


class TrainedClassifier:
    """Decides what each claim is: by rule where a rule is sure, else by a model trained on labelled sentences.

    Rules decide questions, refusals, thanks, greetings, offers, orders, code, state and permission. What they leave
    open, or call an opinion, the model reads, if it has the words of a sentence. A figure together with a name is a
    fact whatever the model says; where there is one of them, the model must be surer, because sources can be asked
    about it.

    Args:
        model: Other weights than the shipped ones, which are read when they are first needed.
        reader: Reads again what the model is not sure of; without one the model alone decides.
    """

    def __init__(self, *, model: Model | None = None, reader: Reader | None = None) -> None:
        self._rules = RuleClassifier()
        self._model = model
        self._reader = reader

    def __call__(self, claims: Sequence[Claim], draft: Draft) -> Sequence[Claim]:
        """Return the claims, same order and number, with ``kind`` and ``kind_score`` set."""
        model = self._model or shipped()
        asked = draft.question is not None
        return [self._classified(claim, model, asked=asked) for claim in claims]

    def margin(self, claim: Claim) -> float | None:
        """Return how far ``claim`` is on the side of the facts, or ``None`` where a rule decides."""
        return self._margin(claim, self._rules.ruling(claim), self._model or shipped())

    def _classified(self, claim: Claim, model: Model, *, asked: bool) -> Claim:
        ruling = self._rules.ruling(claim)
        margin = self._margin(claim, ruling, model)
        if margin is not None:
            share = model.share(margin)
            return claim.of_kind(Kind.FACT, share) if margin > 0 else claim.of_kind(Kind.BEHAVIOR, 1 - share)
        if ruling.rule is not None:
            return claim.of_kind(ruling.rule.kind, ruling.score)
        score = ruling.score
        # Some stay facts whatever the model says, so that sources are asked and what they refute is put right. The
        # score says how likely it is that something is lost where no source speaks of them.
        if claim.form is Form.FRAGMENT:
            if not asked:
                anchor = (ruling.figure + ruling.name) * _ANCHORED
                score = min(score, model.share(model.margin(claim.text) + max(_BARE, anchor)))
        elif ruling.figure and ruling.name and claim.form in _READ and _takes_a_stance(claim.text):
            score = model.share(model.margin(claim.text) + 2 * _ANCHORED)
        return claim.of_kind(Kind.FACT, score)

    def _margin(self, claim: Claim, ruling: Ruling, model: Model) -> float | None:
        rule, _, figure, name, opens = ruling
        if (figure and name) or claim.form not in _READ or (rule is not None and rule.name not in GIVES_WAY):
            return None
        fragment = claim.form is Form.FRAGMENT
        if fragment and (figure or name or len(claim.text.split()) < _FEW):
            return None
        said = claim.text[opens:] if opens else claim.text
        margin = model.margin(said) + (_BARE if fragment else 0.0)
        if rule is not None:
            margin -= _LEANING
        elif figure or name:
            margin += _ANCHORED
        if self._reader is not None and -_UNSURE < margin < _UNSURE and SPOKEN not in signs(said):
            margin = (margin + _READING * self._reader.margin(said)) / (1 + _READING)
        return margin


def _takes_a_stance(text: str) -> bool:
    """Say whether somebody judges, believes or hopes in a text, to be seen in a single word."""
    return not STANCE.isdisjoint(text.lower().replace(",", " ").replace(".", " ").replace("!", " ").split())
