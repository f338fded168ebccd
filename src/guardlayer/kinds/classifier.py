"""Runs the table of rules over claims."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from guardlayer.kinds.rules import RULES, GivesWay, Rule
from guardlayer.types import Claim, Draft, Form, Kind

__all__ = ["RuleClassifier", "Ruling"]

_REACH: Final = 600
_LED: Final = (Form.ITEM, Form.LEAF, Form.CODE)
_CONNECTIVES: Final = re.compile(
    r"[\W_]*(?:(?:and|but|so|well|oh|uh|um|yeah|ok|okay|also|however|again|now|actually|unfortunately)\b"
    r"(?=[, ]+\w)[,\s]*|(?:sure|certainly|absolutely|definitely|gladly|of course),\s+(?=\w)){0,3}"
)
# What is said in one breath with a courtesy is judged by itself: *Hi Ann, the store is closed*, *I'm afraid that …*.
_PREFACE: Final = re.compile(
    r"""(?x)(?: (?:hi|hello|hey|dear|good\ (?:morning|afternoon|evening))(?:[ ][\w.]+){0,3}?\s*[,!:;–—\u2600-\U0001faff]
      | (?:thanks|thank\ you)(?:\ (?:for|so|very)\b[^,!:;.]{1,60})?[,!:;–—]
      | (?:(?:i'm|i\ am|we're|we\ are)\ )?(?:(?:so|very|really|truly)\ )?sorry\b[^,.;:]{0,40},(?:\ but)?
      | (?:(?:i|we)\ )?apologi[sz]e\b[^,.;:]{0,60},(?:\ but)?|(?:my|our)\ apologies,(?:\ but)?
      | (?:(?:i'm|i\ am|we're|we\ are)\ )?(?:(?:so|very|really)\ )?
        (?:happy|glad|pleased|delighted|excited|thrilled|proud|sorry)\ to
        \ (?:say|report|announce|confirm|tell\ you|inform\ you|let\ you\ know)(?:\ that)?
      | (?:i'm|i\ am|we're|we\ are)\ (?:afraid|glad|happy|pleased|sorry)(?:\ that)?
        (?=\ (?:the|our|this|that|its|all|no)\ )
      | (?:i|we)\ can\ (?:\w+\ )?(?:confirm|tell\ you|say)(?:\ that)?
      | let\ me\ (?:tell\ you|be\ clear|explain|confirm)[,:]
      | here(?:'s|\ is|\ are)\ [^:.]{1,60}:
      | (?:please\ )?(?:keep\ in\ mind|bear\ in\ mind|be\ (?:aware|advised)|note|remember
          |(?:you\ should\ )?(?:also\ )?know
          |it(?:'s|\ is)\ (?:important|worth)\ (?:to\ note|noting|mentioning|remembering|knowing))
        (?:\ that(?=\ )|(?=\ (?:the|our|this|these|its|an?|all)\ ))
      | rest\ assured(?:\ that|,)
      )[\s:]+(?=\S+\s+\S+\s+\S|\W*[$€£¥]?\d)
    (?=(?:(?:but|and|so)\ )?(?:the|our|its|this|that|these|those|an?|it|we|they|he|she|i|you|there|all|no)(?:'\w+)?[ ]
      |[^.]*\d|[^.]*\ (?:is|are|was|were|has|have|had|will|can|does|did|isn't|aren't
          |closed|ended|moved|takes?|costs?|lasts?|ships?)\b)"""
)
_STEP: Final = re.compile(r"(?:Step|STEP|step) \d{1,2}[:.)]\s+(?=\S)")
_FIGURE: Final = re.compile(r"[\d$€£¥₹%]")
_NUMBER_WORD: Final = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|billion|trillion"
    r"|percent|half)\b"
)
_NAME: Final = re.compile(
    r"(?<=[\w,;:)\"'’\-] )(?!I\b|AI\b|OK\b)[^\W\d_a-z]\w"
    r"|^\W*(?!I\b)[A-Z]\w+ (?!I\b)[A-Z]\w|\b(?!AI\b|OK\b|FAQ\b|URL\b)[A-Z]{2,}|[a-z][A-Z]"
)


class Ruling(NamedTuple):
    """What the rules say of a claim.

    Attributes:
        rule: The rule that matched, or ``None``.
        score: How sure its kind is, 0 to 1; without a rule, how sure it is that the claim is a fact.
        figure: Whether the claim holds a figure.
        name: Whether it holds a name.
    """

    rule: Rule | None
    score: float
    figure: bool
    name: bool


class RuleClassifier:
    """Decides by rule what each claim is; what no rule matches is a fact.

    Args:
        rules: The table, read from the top; the built-in one by default.
    """

    def __init__(self, *, rules: Sequence[Rule] = RULES) -> None:
        self._rules = tuple(rules)

    def __call__(self, claims: Sequence[Claim], draft: Draft) -> Sequence[Claim]:  # noqa: ARG002 - part of the Protocol
        """Return the claims, same order and number, with ``kind`` and ``kind_score`` set."""
        return [self._classified(claim) for claim in claims]

    def rule_for(self, claim: Claim) -> Rule | None:
        """Return the rule that decides ``claim``, or ``None`` if it is a fact because no rule matches."""
        return self.ruling(claim).rule

    def _classified(self, claim: Claim) -> Claim:
        rule, sure, _, _ = self.ruling(claim)
        return claim.of_kind(rule.kind if rule else Kind.FACT, sure)

    def ruling(self, claim: Claim) -> Ruling:
        """Return what the rules say of ``claim``."""
        form, text = claim.form, claim.text
        whole = text if len(text) <= _REACH else f"{text[: _REACH // 2]} {text[-_REACH // 2 :]}"
        if numbered := _STEP.match(whole):
            whole = whole[numbered.end() :]
        name = _NAME.search(whole) is not None
        whole = whole.lower().replace("’", "'")
        figure = _FIGURE.search(whole) is not None or _NUMBER_WORD.search(whole) is not None
        # What stands under a lead-in or a key is courteous or an order in its own words, whatever is read before it.
        own = whole
        if form in _LED and claim.pieces and claim.pieces[0].text_start:
            own = text[claim.pieces[0].text_start :][:_REACH].lower().replace("’", "'")
        opens = _opens(own)
        opens_whole = opens if own is whole else _opens(whole)
        for rule in self._rules:
            if rule.forms and form not in rule.forms:
                continue
            way = rule.gives_way
            if figure if name else (figure and way is GivesWay.TO_EITHER):
                if way is not GivesWay.NEVER:
                    continue
            elif name and way is GivesWay.TO_EITHER:
                continue
            pattern = rule.pattern
            if pattern is None:
                return Ruling(rule, rule.score, figure, name)
            behavior = rule.kind is Kind.BEHAVIOR
            if behavior and form is Form.CELL:
                continue
            said = own if behavior else whole
            if rule.needs and not _has_one(said, rule.needs):
                continue
            found = pattern.search(said) if rule.anywhere else pattern.match(said, opens if behavior else opens_whole)
            if found:
                return Ruling(rule, rule.score, figure, name)
        return Ruling(None, 0.9 if figure and name else 0.8 if figure or name else 0.6, figure, name)


def _opens(text: str) -> int:
    """Return where a claim in lower case opens, after marks, words that only connect, and a courtesy before it."""
    at = 0
    for pattern in (_CONNECTIVES, _PREFACE, _CONNECTIVES):
        found = pattern.match(text, at)
        at = found.end() if found else at
    return at


def _has_one(text: str, needs: tuple[str, ...]) -> bool:
    for need in needs:  # noqa: SIM110 - a plain loop takes half the time of any() here, and runs for every claim
        if need in text:
            return True
    return False
