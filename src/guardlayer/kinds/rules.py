"""The rules that tell behavior, state and permission from fact: a table, read from the top, first match wins.

What no rule matches is a fact. A rule with ``gives_way`` does not fire on a claim that states something checkable all
the same: *I think the fee is 3%* hedges a fact and is one. Only questions and code never give way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from guardlayer.kinds.vocabulary import ABLE, ACCESS, PRAISE, RECORD, ROLE
from guardlayer.types import Form, Kind

__all__ = ["RULES", "GivesWay", "Rule"]


class GivesWay(StrEnum):
    """When a rule leaves a claim to the rules below it."""

    NEVER = "never"
    TO_BOTH = "to a figure together with a name"
    TO_EITHER = "to a figure or a name"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table.

    Attributes:
        name: What the rule recognises; reports name it.
        kind: What a claim is that it matches.
        score: 0 to 1, how sure that is.
        pattern: What it looks for in the claim in lower case with straight apostrophes; ``None`` matches every claim
            of its ``forms``.
        gives_way: What it leaves alone.
        anywhere: Whether the pattern may begin at any word; else it stands where the claim opens, after marks and words
            that only connect.
        needs: Where given, one of these stands in every match: looked for first, because that is quick.
        forms: The shapes it applies to; empty means every shape.
    """

    name: str
    kind: Kind
    score: float
    pattern: re.Pattern[str] | None
    gives_way: GivesWay = GivesWay.TO_BOTH
    anywhere: bool = False
    needs: tuple[str, ...] = ()
    forms: frozenset[Form] = frozenset()


def _opening(pattern: str) -> re.Pattern[str]:
    """A pattern at the start of what is said."""
    return re.compile(rf"(?x)(?:{pattern})")


def _anywhere(pattern: str) -> re.Pattern[str]:
    """A pattern that may begin at any word."""
    return re.compile(rf"(?x)\b(?:{pattern})")


RULES: Final[tuple[Rule, ...]] = (
    Rule("code", Kind.BEHAVIOR, 1.0, None, GivesWay.NEVER, forms=frozenset({Form.CODE})),
    Rule("question", Kind.BEHAVIOR, 0.95, re.compile(r"[?？؟][\s\"'”)*_]*\Z"), GivesWay.NEVER, anywhere=True),
    Rule(
        "question without a mark",
        Kind.BEHAVIOR,
        0.8,
        _opening(
            r"""(?:do|does|did|is|are|was|were|can|could|would|will|have|has|should|shall)(?:n't)?\s+(?:you|it
                |they|i|we|he|she|there|this|that)\b
            |(?:what|where|when|why|how|who|which)(?:'s|\s+(?:\w+\s+){0,2}(?:is|are|was|were|do|does|did|can
            |could|would|will|have|has))\s+(?:you|it|they|i|we|he|she|there|this|that|your
            |the)\b(?!\s+\w+\s+(?:is|was))
            |(?:how|what)\s+about\b | or\s+(?:do|did|is|are|was|were|have)\s"""
        ),
    ),
    # Permission and state come before behavior, which must never swallow them.
    Rule(
        "refusal",
        Kind.BEHAVIOR,
        0.9,
        _opening(rf"(?:(?:i'm[ ])?sorry,?[ ](?:but[ ])?)?(?:i|we)(?:[ ](?:simply|really|just|truly))?[ ]?{ABLE}\b"),
    ),
    Rule(
        "assistant about itself",
        Kind.BEHAVIOR,
        0.9,
        _opening(
            r"""as[ ]an?[ ](?:\w+[ ]){0,2}(?:ai|assistant|language[ ]model|chatbot)\b
            |i(?:[ ]am|'m)[ ](?:just[ ]|only[ ])?(?:an?[ ](?:\w+[ ]){0,3}(?:ai|assistant|language[ ]model|bot)
            |here[ ]to|happy|glad|pleased|delighted|excited|honou?red|proud|grateful|not[ ]sure|unsure|afraid
            |going[ ]to)
            |(?:i(?:'d|[ ]would)|we(?:'d|[ ]would))[ ](?:be[ ](?:happy|glad|delighted)|love|like|recommend
            |suggest|advise)\b
            |my[ ](?:purpose|goal|training|knowledge[ ]cut|aim)"""
        ),
    ),
    Rule(
        "allowed or required",
        Kind.PERMISSION,
        0.9,
        _anywhere(
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
        _opening(
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
        _anywhere(
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
        _opening(
            rf"""(?:the\s+|all\s+)?(?!you\b){ROLE}\s+(?:should(?:\s+not|n't)?|ha(?:ve|s)\s+to|need(?:s)?\s+to
                |will\s+need\s+to)\s"""
        ),
        GivesWay.NEVER,
    ),
    Rule(
        "your record",
        Kind.STATE,
        0.9,
        _anywhere(
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
        _opening(
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
        _opening(
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
        _anywhere(
            r"""(?:right\s+now|at\s+the\s+moment|currently)\b[^.]{0,80}\b(?:your|you)\b(?!\s+(?:can|may|could
                |should|need)) | (?:your|you)\b[^.]{0,80}\b(?:right\s+now|at\s+the\s+moment|currently)"""
        ),
        GivesWay.NEVER,
        anywhere=True,
        needs=("right now", "at the moment", "currently"),
    ),
    Rule(
        "greeting",
        Kind.BEHAVIOR,
        0.95,
        _opening(
            r"""(?:hi|hello|hey|greetings|welcome|dear|good\s+(?:morning|afternoon|evening|day|night)
                |nice\s+(?:to\s+meet|talking)|(?:it(?:'s|\s+was|'s\s+been)\s+)?(?:nice|good|great
                |a\s+pleasure)\s+(?:talking|to\s+meet|to\s+see|meeting))\b"""
        ),
    ),
    Rule(
        "thanks",
        Kind.BEHAVIOR,
        0.95,
        _opening(
            r"""(?:many\s+|a\s+lot\s+of\s+)?thank(?:s|\s+you)\b|(?:i|we)(?:'d\s+like\s+to|\s+want\s+to|\s+really
                |\s+truly|\s+do)?\s+(?:thank|appreciate)\b|much\s+appreciated|you(?:'re|\s+are)\s+(?:very\s+
                |most\s+)?welcome|god\s+bless|my\s+pleasure"""
        ),
    ),
    Rule(
        "farewell",
        Kind.BEHAVIOR,
        0.95,
        _opening(
            r"""(?:good)?bye\b|bye-bye|see\s+you|take\s+care|have\s+a\s+(?:\w+\s+)?(?:day|evening|weekend|one
                |night|trip)|talk\s+(?:to\s+you\s+)?(?:soon|later)|all\s+the\s+best|best\s+(?:regards|wishes)
                |sincerely|cheers\b"""
        ),
    ),
    Rule(
        "apology",
        Kind.BEHAVIOR,
        0.95,
        _opening(
            r"""(?:i(?:'m|\s+am)\s+(?:so\s+|very\s+|really\s+)?)?sorry\b|(?:my|our
                |sincere)\s+(?:\w+\s+)?apologies|apologies\b|(?:i|we)\s+(?:do\s+|sincerely\s+)?apologi[sz]e
                |(?:please\s+)?(?:excuse|pardon|forgive)\s+me|my\s+(?:bad|mistake)"""
        ),
    ),
    Rule(
        "short answer",
        Kind.BEHAVIOR,
        0.85,
        re.compile(
            r"""(?x) [\W_]* (?:(?:oh|well|uh|and|but|so|yeah|yes|no|okay|um|huh),?\s+)*(?:yes|no|yeah|yep|nope
                |uh-?huh|huh|right|true|sure(?:\s+thing)?|certainly|absolutely|definitely|exactly|of\s+course
                |ok(?:ay)?|great(?:\s+question)?|good(?:\s+question)?|got\s+it|understood|no\s+problem
            |(?:me|you)\s+too|i\s+(?:see|understand|agree|know)|so\s+do\s+i|(?:yes|no|yeah),?\s+(?:it|he|she
            |they|i|we|you|that)\s+(?:is|are|do|does|did|was|were|am)|wow|oh|well|fine|alright|all\s+right
            |congratulations|very\s+true|indeed|me\s+neither|why\s+not|maybe|perhaps|probably(?:\s+not)?
            |not\s+really|hm+|boy|gosh|goodness|my\s+goodness)
            (?:[,\s]+(?:sir|indeed|too|yeah|okay|right))? [\W_]*\Z"""
        ),
    ),
    Rule(
        "praise or dismay",
        Kind.BEHAVIOR,
        0.8,
        _opening(
            rf"""(?:oh,?\s+|wow,?\s+)*(?:(?:that|this|it|what)(?:'(?:s|ll\s+be|d\s+be)|\s+(?:is|was|sounds?
                |seems?|looks?|would\s+be|must\s+be|will\s+be
                |might\s+be))\s+(?:\w+\s+){{0,2}}?(?:an?\s+)?(?:\w+\s+)?{PRAISE}\b[^.]{{0,30}}$
            |sounds?\s+(?:\w+\s+)?{PRAISE}|{PRAISE}[!.,]*$|{PRAISE}\s+(?:question|point|choice|idea|job|work
                |catch|thinking|luck|for\s+you)\b|i\s+(?:can\s+)?(?:understand|hear|see)\s+(?:that|how|why
                |your))"""
        ),
    ),
    Rule(
        "offer",
        Kind.BEHAVIOR,
        0.9,
        _anywhere(
            r"""let\s+(?:me|us)\s+know\b|feel\s+free\b|(?:don't|do\s+not|never)\s+hesitate|(?:happy|glad
                |here)\s+to\s+(?:help|assist)|if\s+you\s+(?:have|need|'d\s+like|would\s+like|want)\s+(?:any|more
                |further|help|additional|me\s+to)\b
            |(?:hope|trust)\s+(?:this|that|it)\s+(?:helps|is\s+helpful|answers|clarifies)|(?:i|we)(?:'ll|\s+will
                |\s+can)\s+(?:be\s+happy|gladly|do\s+my\s+best|help|assist|try|walk\s+you|guide\s+you|explain
                |look\s+into|let\s+you|get\s+back|check)\b|anything\s+else\s+i\s+can|how\s+(?:can
                |may)\s+i\s+(?:help|assist)|looking\s+forward\s+to"""
        ),
        anywhere=True,
        needs=(
            "let ",
            "free",
            "hesitate",
            "to help",
            "to assist",
            "if you",
            "hope",
            "trust",
            "'ll ",
            "will ",
            "i can",
            "we can",
            "anything else",
            "looking forward",
        ),
    ),
    Rule(
        "formatting talk",
        Kind.BEHAVIOR,
        0.85,
        _opening(
            r"""(?:(?:sure|certainly|of\s+course|absolutely)[,!.]?\s+)?(?:here(?:'s|\s+(?:is|are))\s+(?:an?|the
                |some|your|my|what|how|one|two|three|\d|a\s+few|more)\b[^.]{0,120}[:.]?\s*$
            |(?:below|above)\s+(?:is|are|you)\b|see\s+(?:below|above)|(?:in|to)\s+(?:summary|summari[sz]e
            |conclusion|conclude|recap|sum\s+up)[,:]?\s*$
            |let(?:'s|\s+me|\s+us)\b|i(?:'ve|\s+have)\s+(?:listed|summari[sz]ed|included|added|formatted|updated
                |written|put\s+together|attached|created|prepared|highlighted|marked)\b|as\s+(?:requested
                |you\s+asked|mentioned|noted)[^,]{0,40}[:.]\s*$)"""
        ),
    ),
    Rule("lead-in", Kind.BEHAVIOR, 0.75, re.compile(r"[:：][\s*_]*\Z"), anywhere=True),
    Rule(
        "instruction",
        Kind.BEHAVIOR,
        0.8,
        _opening(
            r"""(?:(?:please|kindly|then|next|first|firstly|second|finally|now|simply|just|to\s+[^,]{1,60},
                |once\s+[^,]{1,60},|if\s+(?:you|this|that|it|needed|necessary)[^,]{0,60},
                |step\s+\d+[:.)])[,:]?\s+){0,2}
            (?:click|press|tap|select|choose|type|go\s+(?:to|back|ahead)|open|visit|contact|call|email|check\s
                |try\s|make\s+sure|ensure|download|upload|install|restart|reset|log\s+(?:in|out)|sign\s+(?:in|up
                |out)|navigate|follow|use\s|enter\s|avoid|scroll|drag|copy|paste|refer\s|submit|keep\s|consider
                |remember\s+to|do\s+not|don't|never|always|look\s|run\s|add\s|remove|set\s|turn\s+(?:on|off)
                |switch\s+to|wait\s|read\s|start\s+(?:by|with)|begin\s+(?:by|with)|take\s+(?:a|the|your|some)
                |create\s|write\s|place\s|mix|stir|preheat|bake|pour|give\s|get\s|put\s|see\s+(?:the|our|your)
                |stay\s|be\s+(?:sure|careful|aware|patient|honest)|speak\s+(?:to|with)|ask\s|seek|listen
                |come\s+(?:on|in|back)|imagine|notice\s|find\s+(?:a|the|your|out)|replace\s|save\s|apply\s
                |discard|cut\s|join\s+(?:us|me|our))\b(?!\s*(?:is|was|are|were|has|had|inc|corp|'s|:)
                |\s+\w+\s+(?:is|are|was|were|has|have)\b)"""
        ),
    ),
    Rule(
        "advice",
        Kind.BEHAVIOR,
        0.65,
        _opening(
            r"""(?:i|we)(?:'d)?\s+(?:strongly\s+|highly\s+)?(?:recommend|suggest|advise|urge|encourage
                |ask\s+(?:you|that|for)|call\s+(?:on|upon)|invite\s+you|propose|challenge\s+you)\b
                |you\s+(?:should|might\s+want|may\s+want|ought|could\s+try|could\s+also|might\s+consider
                |may\s+wish)\b|it(?:'s|\s+is)\s+(?:\w+\s+)?(?:important|recommended|advisable|best
                |a\s+good\s+idea|worth|essential|crucial|not\s+appropriate|inappropriate
                |not\s+a\s+good\s+idea)\b"""
        ),
        GivesWay.TO_EITHER,
    ),
    Rule(
        "not known",
        Kind.BEHAVIOR,
        0.8,
        _anywhere(
            r"""(?:i|we)\s+(?:really\s+|just\s+)?(?:do(?:n't|\s+not)\s+(?:\w+\s+)?(?:know|remember|recall
                |have\s+(?:any\s+|enough\s+)?(?:information|details|idea))|have\s+no\s+idea|wonder|could(?:n't
                |\s+not)\s+(?:say|tell))\b|i'm\s+not\s+(?:\w+\s+)?(?:sure|certain|familiar)|it\s+(?:all\s+
                |really\s+)?depends\b|hard\s+to\s+say|who\s+knows"""
        ),
        GivesWay.TO_EITHER,
        anywhere=True,
        needs=(
            "know",
            "remember",
            "recall",
            "have",
            "idea",
            "wonder",
            "sure",
            "certain",
            "familiar",
            "depends",
            "to say",
            "say",
            "tell",
        ),
    ),
    Rule(
        "opinion",
        Kind.BEHAVIOR,
        0.7,
        _anywhere(
            r"""(?:i|we)(?:\s+(?:do|also|really|just|would|personally|kind\s+of|sort\s+of|still|always|don't
                |do\s+not|can't))*\s+(?:think|thought|believe|feel|guess|suppose|love|hate|prefer|hope|wish
                |doubt|imagine|agree|disagree|bet|figure|suspect|say|mean|expect)\b
            |in\s+my\s+(?:\w+\s+)?(?:opinion|view|mind)|(?:personally|frankly|honestly|hopefully|arguably)\b
                |if\s+you\s+ask\s+me|to\s+me\b,?\s|it\s+seems\s+(?:to\s+me|like)"""
        ),
        GivesWay.TO_EITHER,
        anywhere=True,
    ),
    Rule(
        "exhortation",
        Kind.BEHAVIOR,
        0.65,
        _opening(
            r"""(?:together,?\s+|today,?\s+|tonight,?\s+)?(?:we|let\s+us|you|america|they|people)\s+(?:must
                |should|need\s+to|have\s+to|ought\s+to|cannot\s+afford|can\s+do\s+better|shall|owe\s+it
                |got\s+to)\b|may\s+(?:god|we|you)\b|i\s+(?:pledge|promise|vow|look\s+forward|stand\s+(?:ready
                |before|here))\b|(?:we|i)\s+(?:will|'ll|can|are\s+going\s+to)\s+(?:\w+\s+)?(?:overcome|succeed
                |prevail|continue|stand|fight|work|win|keep|make|build|never)\b"""
        ),
        GivesWay.TO_EITHER,
    ),
    Rule(
        "judgement",
        Kind.BEHAVIOR,
        0.6,
        _anywhere(
            rf"""(?:is|was|are|were|'s|'re|be|been|seems?|feels?|looks?|sounds?)\s+(?:(?:so|very|really|quite
                |pretty|too|rather|just|kind\s+of|sort\s+of|always|a\s+bit|a\s+little|an?|the|not|more|most|as
                |also|truly|such)\s+){{0,3}}{PRAISE}\b
            |(?:must-see|feel-good|heartfelt|well-made|well-acted|ultimately|surprisingly|overly|undeniably
                |genuinely|refreshingly|utterly)\s"""
        ),
        GivesWay.TO_EITHER,
        anywhere=True,
    ),
    Rule(
        "heading",
        Kind.BEHAVIOR,
        0.8,
        re.compile(
            r"""(?x)(?![\s\S]*\d)(?![\s\S]*\b(?:is|are|was|were|has|have|had|will|rises?|rose|falls?|fell|wins?
                |won|acquires?|acquired)\b)"""
        ),
        GivesWay.NEVER,
        forms=frozenset({Form.HEADING}),
    ),
)
"""The table. Order matters: permission and state before courtesy, courtesy before opinion."""
