"""Runs the table of rules over claims."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
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
      | (?:good|great|fair|excellent|nice)\ (?:question|point|news|one|catch)[,!:;–—]
      | you(?:'re|\ are)\ (?:very\ |most\ )?welcome[,!:;–—]
      | (?:don't|do\ not|never|let\ us\ not|let's\ not)\ forget(?:\ that)?(?=\ (?:the|our|this|these|its|all)\ )
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


_Tried = tuple[Rule, Callable[[str, int], re.Match[str] | None] | None, bool]
"""A rule, how its pattern is tried (``None``: it always matches), and whether it is about behavior."""


class Ruling(NamedTuple):
    """What the rules say of a claim.

    Attributes:
        rule: The rule that matched, or ``None``.
        score: How sure its kind is, 0 to 1; without a rule, how sure it is that the claim is a fact.
        figure: Whether the claim holds a figure.
        name: Whether it holds a name.
        opens: Offset of what is said after a courtesy, as after *I'm afraid that*; 0 if there is none.
    """

    rule: Rule | None
    score: float
    figure: bool
    name: bool
    opens: int = 0


class RuleClassifier:
    """Decides by rule what each claim is; what no rule matches is a fact.

    Args:
        rules: The table, read from the top; the built-in one by default.
    """

    def __init__(self, *, rules: Sequence[Rule] = RULES) -> None:
        self._rules = tuple(rules)
        self._tables: dict[tuple[Form, bool, bool], tuple[_Tried, ...]] = {}

    def __call__(self, claims: Sequence[Claim], draft: Draft) -> Sequence[Claim]:  # noqa: ARG002 - part of the Protocol
        """Return the claims, same order and number, with ``kind`` and ``kind_score`` set."""
        return [self._classified(claim) for claim in claims]

    def rule_for(self, claim: Claim) -> Rule | None:
        """Return the rule that decides ``claim``, or ``None`` if it is a fact because no rule matches."""
        return self.ruling(claim).rule

    def _classified(self, claim: Claim) -> Claim:
        found = self.ruling(claim)
        return claim.of_kind(found.rule.kind if found.rule else Kind.FACT, found.score)

    def _table(self, form: Form, *, figure: bool, name: bool) -> tuple[_Tried, ...]:
        """Return the rules that a claim of this form, with or without a figure and a name, is held against."""
        found: list[_Tried] = []
        for rule in self._rules:
            behavior = rule.kind is Kind.BEHAVIOR
            if rule.forms and form not in rule.forms:
                continue
            way = rule.gives_way
            if way is not GivesWay.NEVER and ((figure and name) or (way is GivesWay.TO_EITHER and (figure or name))):
                continue
            if rule.pattern is None:
                found.append((rule, None, behavior))
            elif not (behavior and form is Form.CELL):
                found.append((rule, rule.pattern.search if rule.anywhere else rule.pattern.match, behavior))
        return tuple(found)

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
        opens, courteous = _opens(own)
        opens_whole = opens if own is whole else _opens(whole)[0]
        table = self._tables.get((form, figure, name))
        if table is None:
            table = self._tables[form, figure, name] = self._table(form, figure=figure, name=name)
        for rule, tried, behavior in table:
            if tried is None:
                return Ruling(rule, rule.score, figure, name)
            said = own if behavior else whole
            if rule.needs and not _has_one(said, rule.needs):
                continue
            if tried(said, 0 if rule.anywhere else opens if behavior else opens_whole):
                return Ruling(rule, rule.score, figure, name)
        score = 0.9 if figure and name else 0.8 if figure or name else 0.7
        return Ruling(None, score, figure, name, opens if courteous and len(own) == len(text) else 0)


def _opens(text: str) -> tuple[int, bool]:
    """Return where a claim in lower case opens, after marks, words that connect and a courtesy, and if it has one."""
    at = 0
    found = _CONNECTIVES.match(text)
    if found:
        at = found.end()
    courtesy = _PREFACE.match(text, at)
    if courtesy is None:
        return at, False
    at = courtesy.end()
    found = _CONNECTIVES.match(text, at)
    return found.end() if found else at, True


def _has_one(text: str, needs: tuple[str, ...]) -> bool:
    for need in needs:  # noqa: SIM110 - a plain loop takes half the time of any() here, and runs for every claim
        if need in text:
            return True
    return False
