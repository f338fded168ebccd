"""Rules for what only a live authority can answer: permission and state."""

from __future__ import annotations

from typing import Final

from guardlayer.kinds.rule import GivesWay, Rule, anywhere, opening
from guardlayer.kinds.vocabulary import ACCESS, RECORD, ROLE
from guardlayer.types import Kind

__all__ = ["PERMISSION", "STATE"]

PERMISSION: Final[tuple[Rule, ...]] = (
    Rule(
        "allowed or required",
        Kind.PERMISSION,
        0.9,
        anywhere(
            r"""(?:is|are|was|were|be|been|being|not|am|'re)\s+(?:\w+ly\s+)?(?:allowed|permitted|authori[sz]ed
                |entitled|eligible|required|obliged|obligated|forbidden|prohibited|expected|cleared)\s+(?:to
                |from)\b
            |(?:is|are)\s+(?:strictly\s+|not\s+)?(?:prohibited|forbidden|allowed|permitted)(?=\W*$|\s+(?:in|on
            |for|without|after|before|under|by)\b)
            |(?:ha(?:s|ve|d)|get|gets|gain|gains|lack|lacks|lose|loses|grant(?:s|ed)?|den(?:y|ies|ied)|need
            |needs|require|requires|request)\s+(?:\w+[ -]){0,3}(?:access|permissions?|clearance|privileges
            |authori[sz]ation)\b(?!\s+of|\s+to\s+(?:the\s+|clean\s+|safe\s+)?(?:sea|ocean|coast|water
            |electricity|education|healthcare|markets?|capital|food|information)\b)
            |access\s+(?:to\s+[^.]{1,60}\s+)?(?:is|was|has\s+been)\s+(?:restricted|limited|granted|denied
            |revoked|reserved|blocked)
            |(?:permission|the\s+right|authority)\s+to\b | (?:restricted|limited|reserved)\s+(?:only\s+)?(?:to
            |for)\s+(?:admin|member|owner|staff|user|employee|manager)
            |requires?\s+(?:\w+\s+){0,2}(?:approval|consent|authori[sz]ation)\b"""
        ),
        GivesWay.NEVER,
        anywhere=True,
        needs=(
            "allow",
            "permi",
            "author",
            "entitl",
            "eligib",
            "require",
            "oblig",
            "forbid",
            "prohibit",
            "expected",
            "clear",
            "access",
            "privileg",
            "right to",
            "restricted",
            "limited",
            "reserved",
        ),
    ),
    Rule(
        "who may do what",
        Kind.PERMISSION,
        0.85,
        opening(
            rf"""(?:the\s+|an?\s+|as\s+an?\s+\w+,\s+|only\s+)?{ROLE}\s+(?:with\s+[^.]{{1,40}}\s+)?(?:(?:also
                |only|now)\s+)?
            (?: (?:may|must|shall)(?:\s+not|\s+only|n't)?\s+(?!have\s+\w+ed\b|be\s+(?:interested|able|wondering
            |aware|curious|thinking|surprised|tempted|asking)|want\b|need\b|find\b|wish\b|know\b|notice\b|see\b
            |also\s+want)\w+
            | (?:can(?:not|'t)?|can\s+(?:not|only|also)|could|are\s+able\s+to|is\s+able\s+to)\s+(?:only\s+
                |also\s+|now\s+|not\s+)?{ACCESS}\b(?!\s+(?:that|how|why|what|if|the\s+difference)) )"""
        ),
        GivesWay.NEVER,
    ),
    Rule(
        "somebody may do what",
        Kind.PERMISSION,
        0.75,
        anywhere(
            rf"""(?:may|must|shall|can)(?:\s+not|\s+only|not)?\s+(?!use\b|see\b|read\b|add\b
                |change\b){ACCESS}\s+(?:this|the|these|those|it|any|all|other|their|your|files?|data|users?
                |reports?|records?)\b"""
        ),
        GivesWay.NEVER,
        anywhere=True,
        needs=("may ", "must ", "shall ", "can ", "cannot "),
    ),
    Rule(
        "staff should",
        Kind.PERMISSION,
        0.7,
        opening(
            rf"""(?!(?:(?:all|every|each|no|most|any)\s+)?(?:everyone|everybody|anyone|nobody|no[ ]one|children|students
                |patients|residents|visitors)\s+should)(?:the\s+|all\s+)?(?!you\b){ROLE}\s+(?:should(?:\s+not|n't)?|ha(?:ve|s)\s+to|need(?:s)?\s+to
                |will\s+need\s+to)\s"""
        ),
        GivesWay.NEVER,
    ),
)
"""Who may do what: the policy engine's to answer."""

STATE: Final[tuple[Rule, ...]] = (
    Rule(
        "your record",
        Kind.STATE,
        0.9,
        anywhere(
            rf"""your\s+(?:\w+\s+){{0,3}}?{RECORD}\s*(?:\#?[\w-]*\d[\w-]*\s*)?(?:\s|'s\s
                |,[^,]{{1,60}},\s)\s*(?:is|are|was|were|has|have|had|will|shows?|includes?|contains?|expires?
                |renews?|ends|arrives?|ships?|shipped|stands|went|failed|arrived|now|currently)\b"""
        ),
        GivesWay.NEVER,
        anywhere=True,
        needs=("your ",),
    ),
    Rule(
        "what you have",
        Kind.STATE,
        0.85,
        opening(
            rf"""(?:(?:currently|right[ ]now|at[ ]the[ ]moment|today|so[ ]far|as[ ]of[ ](?:now|today)|yes|no),?\s+)?
            you(?:'ve|'re|\s+(?:currently\s+|now\s+|still\s+|already\s+)?(?:have|are|owe|own|had|were))\s+
            (?: (?:currently\s+|now\s+|still\s+|already\s+|only\s+)?(?:\d[\d,.]*|no|one|two|three|four|five|six
            |seven|eight|nine|ten|several|an?|\$\d[\d,.]*|zero)\s+
                (?:\w+\s+){{0,3}}(?:{RECORD}|messages?|emails?|notifications?|items?|tasks?|reminders?
                |meetings?|events?|alerts?|days?|left|remaining|unread|minutes?)\b
              | (?:\w+\s+)?(?:used|spent|earned|reached|exceeded|ordered|purchased|paid|redeemed|cancelled
              |canceled|upgraded|downgraded|subscribed|enrolled|signed|logged|booked|registered)\b
              | (?:\w+\s+)?(?:on|using|in)\s+(?:the|our|a)\s+(?:\w+\s+){{1,2}}(?:plan|tier|trial|version|list
                  |queue) | \$\s?\d )"""
        ),
        GivesWay.NEVER,
    ),
    Rule(
        "live record",
        Kind.STATE,
        0.75,
        opening(
            r"""(?:the|this|that)\s+(?:order|ticket|shipment|package|account|invoice|payment|refund|booking
                |reservation|request)\s*(?:\#?[\w-]*\d[\w-]*\s+|\s)(?:is|has|was)\s+
            (?:currently|now|still|already|been|not\s+yet|in\s+transit|pending|on\s+(?:its|the)\s+way|shipped
                |delivered|paid|cancelled|canceled|approved|processed|open|closed|active|overdue)\b"""
        ),
        GivesWay.NEVER,
    ),
    Rule(
        "you, right now",
        Kind.STATE,
        0.7,
        anywhere(
            r"""(?:right\s+now|at\s+the\s+moment|currently)\b[^.]{0,80}\b(?:your|you)\b(?!\s+(?:can|may|could
                |should|need)) | (?:your|you)\b[^.]{0,80}\b(?:right\s+now|at\s+the\s+moment|currently)"""
        ),
        GivesWay.NEVER,
        anywhere=True,
        needs=("right now", "at the moment", "currently"),
    ),
)
"""The user's own records as they are now: the live database's to answer."""
