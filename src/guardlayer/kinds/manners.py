"""Rules for what is said without stating anything: courtesy, orders, opinions."""

from __future__ import annotations

import re
from typing import Final

from guardlayer.kinds.rule import GivesWay, Rule, anywhere, opening
from guardlayer.kinds.vocabulary import ABLE, PRAISE
from guardlayer.types import Form, Kind

__all__ = ["ACTS", "MANNERS"]

ACTS: Final[tuple[Rule, ...]] = (
    Rule("code", Kind.BEHAVIOR, 1.0, None, GivesWay.NEVER, forms=frozenset({Form.CODE})),
    Rule("question", Kind.BEHAVIOR, 0.95, re.compile(r"[?？؟][\s\"'”)*_]*\Z"), GivesWay.NEVER, anywhere=True),
    Rule(
        "question without a mark",
        Kind.BEHAVIOR,
        0.8,
        opening(
            r"""(?:do|does|did|is|are|was|were|can|could|would|will|have|has|should|shall)(?:n't)?\s+(?:you|it
                |they|i|we|he|she|there|this|that)\b
            |(?:what|where|when|why|how|who|which)(?:'s|\s+(?:\w+\s+){0,2}(?:is|are|was|were|do|does|did|can
            |could|would|will|have|has))\s+(?:you|it|they|i|we|he|she|there|this|that|your
            |the)\b(?!\s+\w+\s+(?:is|was))
            |(?:how|what)\s+about\b | or\s+(?:do|did|is|are|was|were|have)\s"""
        ),
    ),
    Rule(
        "refusal",
        Kind.BEHAVIOR,
        0.9,
        opening(rf"(?:(?:i'm[ ])?sorry,?[ ](?:but[ ])?)?(?:i|we)(?:[ ](?:simply|really|just|truly))?[ ]?{ABLE}\b"),
    ),
    Rule(
        "assistant about itself",
        Kind.BEHAVIOR,
        0.9,
        opening(
            r"""as[ ]an?[ ](?:\w+[ ]){0,2}(?:ai|assistant|language[ ]model|chatbot)\b
            |i(?:[ ]am|'m)[ ](?:just[ ]|only[ ])?(?:an?[ ](?:\w+[ ]){0,3}(?:ai|assistant|language[ ]model|bot)
            |here[ ]to|happy|glad|pleased|delighted|excited|honou?red|proud|grateful|not[ ]sure|unsure|afraid
            |going[ ]to)
            |(?:i(?:'d|[ ]would)|we(?:'d|[ ]would))[ ](?:be[ ](?:happy|glad|delighted)|love|like|recommend
            |suggest|advise)\b
            |my[ ](?:purpose|goal|training|knowledge[ ]cut|aim)"""
        ),
    ),
)
"""Speech that is no statement whatever it speaks of: code, questions, refusals, the assistant about itself."""

MANNERS: Final[tuple[Rule, ...]] = (
    Rule(
        "greeting",
        Kind.BEHAVIOR,
        0.95,
        opening(
            r"""(?:hi|hello|hey|greetings|welcome|dear|good\s+(?:morning|afternoon|evening|day|night)
                |nice\s+(?:to\s+meet|talking)|(?:it(?:'s|\s+was|'s\s+been)\s+)?(?:nice|good|great
                |a\s+pleasure)\s+(?:talking|to\s+meet|to\s+see|meeting))\b"""
        ),
    ),
    Rule(
        "thanks",
        Kind.BEHAVIOR,
        0.95,
        opening(
            r"""(?:many\s+|a\s+lot\s+of\s+)?thank(?:s|\s+you)\b|(?:i|we)(?:'d\s+like\s+to|\s+want\s+to|\s+really
                |\s+truly|\s+do)?\s+(?:thank|appreciate)\b|much\s+appreciated|you(?:'re|\s+are)\s+(?:very\s+
                |most\s+)?welcome|god\s+bless|my\s+pleasure"""
        ),
    ),
    Rule(
        "farewell",
        Kind.BEHAVIOR,
        0.95,
        opening(
            r"""(?:good)?bye\b|bye-bye|see\s+you|take\s+care|have\s+a\s+(?:\w+\s+)?(?:day|evening|weekend|one
                |night|trip)|talk\s+(?:to\s+you\s+)?(?:soon|later)|all\s+the\s+best|best\s+(?:regards|wishes)
                |sincerely|cheers\b"""
        ),
    ),
    Rule(
        "apology",
        Kind.BEHAVIOR,
        0.95,
        opening(
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
        opening(
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
        anywhere(
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
        opening(
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
        opening(
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
        opening(
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
        anywhere(
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
        anywhere(
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
        opening(
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
        anywhere(
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
"""Courtesy before orders, orders before opinion."""
