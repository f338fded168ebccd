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
            |i(?:[ ]am|'m)[ ](?:your[ ]|\w+,[ ]your[ ])(?:\w+[ ]){0,2}(?:assistant|agent|guide|bot|helper)\b
            |my[ ]name[ ]is\b
            |(?:i|we)[ ](?:recommend|suggest)[ ][^,;:]{1,40}\Z
            |(?:i|we)(?:'d|[ ]would)[ ](?:go[ ]with|choose|pick|opt)\b
            |(?:i|we)[ ]have[ ]no[ ](?:information|details|data|record)\b
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
            r"""(?:(?:hi|hello|hey|greetings)\b|welcome(?=\s*(?:[^\w\s]|\Z|to\b|back\b|aboard\b))
                |dear(?:\s+[\w.]+){1,4}\s*(?:[,!:]|\Z)|(?:a\s+very\s+)?good\s+(?:morning|afternoon|evening|day|night)
                |(?:nice|good|great|lovely)\s+(?:to\s+(?:meet|hear|see|know)|talking)|(?:it(?:'s|\s+was|'s\s+been)\s+)?(?:nice|good|great
                |a\s+pleasure)\s+(?:talking|to\s+meet|to\s+see|meeting)\b)"""
        ),
    ),
    Rule(
        "introduction",
        Kind.BEHAVIOR,
        0.8,
        opening(
            r"""(?:this\s+is|i'm|i\s+am)\s+\w+(?:\s+\w+)?\s+(?:from|with|at)\s+(?:\w+\s+){0,3}(?:support|team|sales|service|care
                |help\s?desk|billing|hr)\b[^,;:]{0,40}\Z
            |\w+\s+(?:is\s+)?here(?:\s+to\s+(?:help|assist)\b|,\s+(?:and\s+)?(?:always|happy|glad|ready|at\s+your|thank))
                [^;:]{0,60}\Z"""
        ),
    ),
    Rule(
        "greeting or thanks in another language",
        Kind.BEHAVIOR,
        0.9,
        opening(
            r"""(?:ciao|bonjour|bonsoir|salut|hola|buen[oa]s(?:\s+(?:d[ií]as|tardes|noches))?|guten\s+(?:tag|morgen|abend)
                |hallo|servus|moin|grüezi|buon\s?giorno|buona\s?sera|namaste|aloha|shalom|sal[aā]{1,2}m|ol[áa]|hej|howdy
                |hiya|merci(?:\s+beaucoup)?|danke(?:\s+schön)?|gracias|grazie(?:\s+mille)?|obrigad[oa]|arigato|prego
                |tschüss?|au\s+revoir|(?:à|a)\s+bientôt|adi[óo]s|arrivederci|bitte(?:\s+schön|\s+sehr)?|de\s+nada
                |bienvenue|willkommen|bienvenid[oa]s?|benvenut[oi]|auf\s+wiedersehen|hasta\s+luego|こんにちは|こんばんは
                |ありがとう(?:ございます)?|你好|您好|谢谢|안녕하세요|감사합니다|привет|здравствуйте|спасибо|مرحبا|شكرا|नमस्ते)
            (?:[^\w.!?]+\w+){0,2}\W*\Z"""
        ),
    ),
    Rule(
        "thanks",
        Kind.BEHAVIOR,
        0.95,
        opening(
            r"""(?:many\s+|a\s+lot\s+of\s+)?thank(?:s|\s+you)\b
                (?!\s+to\s+(?!you\b|everyone|everybody|all\b|our\b))|(?:i|we)(?:'d\s+like\s+to|\s+want\s+to|\s+really
                |\s+truly|\s+do)?\s+(?:thank|appreciate|value)\b|much\s+appreciated|you(?:'re|\s+are)\s+(?:very\s+
                |most\s+)?welcome|god\s+bless|my\s+pleasure
                |your\s+(?:feedback|opinion|business|patience|trust)\s+(?:matters|is\s+(?:important|appreciated|valued))
                |congrat(?:s|ulations)\b"""
        ),
    ),
    Rule(
        "farewell",
        Kind.BEHAVIOR,
        0.95,
        opening(
            r"""(?:good)?bye\b|bye-bye|see\s+you|take\s+care|have\s+a\s+(?:\w+\s+)?(?:day|evening|weekend|one
                |night|trip)|talk\s+(?:to\s+you\s+)?(?:soon|later)|all\s+the\s+best|(?:best|kind|warm(?:est)?)\s+(?:regards|wishes)
                |yours\s+(?:sincerely|truly|faithfully)|sincerely|cheers\b|ta-ta\b|speak\s+soon|hugs\b
                |(?:happy|merry)\s+(?:\w+day|holidays|christmas|easter|new\s+year|\w+ing|travels|trails)\W*\Z
                |(?:(?:have\s+fun|stay\s+(?:safe|tuned|well)|enjoy)(?:\s+(?:it|your|the|with|and)\b[^.,;:]{0,40})?)\W*\Z
                |(?:i\s+)?(?:hope|trust)\s+(?:that\s+)?you(?:'re|\s+are|'ve|\s+have)\s[^,;:]{0,40}\Z"""
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
        "courtesy",
        Kind.BEHAVIOR,
        0.9,
        opening(
            r"""(?:(?:(?:i'm|we're|i\s+am|we\s+are)\s+)?(?:so\s+|very\s+|really\s+|always\s+|more\s+than\s+)?
                (?:glad|happy|pleased|delighted|thrilled|honou?red)\s+(?:(?:that\s+)?(?:you|i|we)\b|to\b)[^.,;:]{0,60}
            |no\s+(?:problem|worries|trouble|need\s+to\s+worry|hurry|rush)(?:\s+(?:at\s+all|whatsoever))?|with\s+pleasure
            |right\s+away|gladly|likewise|same\s+here|as\s+you\s+(?:wish|like)|at\s+your\s+service|ready\s+when\s+you\s+are
            |(?:here|there)\s+(?:you\s+(?:go|are)|it\s+is|goes|we\s+go)|(?:just\s+)?(?:a|one)\s+(?:moment|second|minute|sec)
                (?:\s+please)?|(?:just|please)\s+(?:wait|hold)(?:\s+on)?|bear\s+with\s+me|not\s+at\s+all|rest\s+assured
            |(?:good|great|nice|fair|interesting|tough|excellent|lovely|wonderful)\s+(?:news|question|one|enough|choice
                |thinking|catch)(?:\s+(?:indeed|there|everyone))?
            |(?:that's|that\s+is|it's)\s+(?:a\s+)?(?:fair|valid|good|great)(?:\s+(?:point|question))?
            |(?:(?:well\s+)?done|way\s+to\s+go|nice\s+one|good\s+going|keep\s+it\s+up|you've\s+got\s+this|you\s+got\s+(?:it|this)
                |fingers\s+crossed|here's\s+to\s+you|long\s+time\s+no\s+see|(?:trust|believe)\s+me|i'm\s+here\s+for\s+you)
            |(?:that|it)\s+makes\s+(?:\w+\s+)?sense|sounds\s+like\s+(?:a\s+|an\s+)?\w+(?:\s+\w+)?)(?:\s+then)?\W*\Z"""
        ),
        GivesWay.TO_EITHER,
    ),
    Rule(
        "exclamation",
        Kind.BEHAVIOR,
        0.8,
        opening(
            r"""(?:(?:oh|wow|ah|ooh|gosh),?\s+)?(?:(?:what|such)\s+an?\s+[^.,;:]{1,40}|how\s+\w+(?:\s+of\s+you)?)!+\W*\Z
            |(?:(?:what|such)\s+)?an?\s+(?:\w+\s+)?(?:bargain|steal|deal|gem|treat|winner|joy|delight|dream|shame|pity
                |bummer|relief|breeze|snap|no-brainer|must-have|pleasure|surprise|classic|beauty|blast|win)\W*\Z"""
        ),
        GivesWay.TO_EITHER,
    ),
    Rule(
        "praise to the user",
        Kind.BEHAVIOR,
        0.75,
        opening(
            r"""you(?:'ll|\s+will|'re\s+going\s+to|\s+are\s+going\s+to|'re\s+sure\s+to|\s+might|\s+may)\s+(?:\w+ly\s+)?
                (?:love|like|enjoy|adore|be\s+(?:amazed|delighted|pleased|thrilled|surprised|glad|happy))\b[^,;:]{0,40}\Z
            |you\s+(?:won't|will\s+not|can't|cannot)\s+(?:regret|be\s+disappointed|go\s+wrong|beat|miss)\b[^,;:]{0,40}\Z"""
        ),
    ),
    Rule(
        "disclaimer",
        Kind.BEHAVIOR,
        0.85,
        opening(
            r"""(?:this|that|it|the\s+above|nothing\s+here)\s+(?:is\s+not|isn't|does\s+not\s+constitute|constitutes
                |should\s+not\s+be\s+(?:taken|considered|construed)(?:\s+as)?)\s+(?:intended\s+as\s+|meant\s+as\s+)?
                (?:\w+\s+){0,3}(?:advice|recommendation)\b[^,;:]{0,40}\Z"""
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
            |not\s+really|hm+|boy|gosh|goodness|my\s+goodness|noted|yay|woo-?hoo|hoo?ray|oops|ouch|uh-oh|phew|deal
            |(?:ha)+|lol|bravo|kudos|voil[àa]|(?:ah|oh|hm+),?\s+(?:i\s+see|let\s+me\s+(?:think|see|check))|agreed|exactly
                \s+right|quite\s+so|totally|precisely)
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
        opening(
            r"""(?:(?:if|for|should|in\s+case|when|once|as|until|on)\b[^,]{0,80},\s+)?
            (?:(?:please|do|just|again|otherwise|meanwhile|and|so|also),?\s+)*
            (?:let\s+(?:me|us)\s+know\b|feel\s+free\b|(?:don't|do\s+not|never)\s+hesitate
            |(?:(?:i|we)(?:'m|'re|\s+am|\s+are)\s+)?(?:(?:always|more\s+than|very)\s+)*(?:happy|glad|here)\s+to\s+(?:help|assist)
            |if\s+you\s+(?:have|need|'d\s+like|would\s+like|want)\s+(?:any|more|further|help|additional|me\s+to)\b[^,]{0,60}\Z
            |(?:(?:i|we)\s+)?(?:do\s+)?(?:hope|trust)\s+(?:this|that|it)\s+(?:helps|is\s+helpful|answers|clarifies)
            |(?:i|we)(?:'ll|\s+will|\s+can)\s+(?:be\s+(?:happy|glad)|gladly|do\s+my\s+best|help|assist|try|walk\s+you|guide\s+you
                |explain|look|let\s+you|get\s+back|check|find|search|pull|fetch|verify|confirm)\b
            |(?:(?:i|we)(?:'m|'re|\s+am|\s+are)\s+)?(?:now\s+|just\s+)?(?:checking|looking|searching|fetching)\b
            |(?:is\s+there\s+)?anything\s+else\s+i\s+can
            |how\s+(?:can|may)\s+i\s+(?:help|assist)|(?:(?:i|we)(?:'m|'re|\s+am|\s+are)\s+)?looking\s+forward\s+to)"""
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
            |(?:summary|overview|details|notes?|conclusion|introduction|background|next\s+steps|key\s+(?:points|takeaways)
                |tl;?dr|faqs?)\W*\Z
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
            (?:click|press|tap|select|choose|type|go\s+(?:to|back|ahead)|open|visit|contact|call|email|check
                |try|make\s+sure|ensure|download|upload|install|restart|reset|log\s+(?:in|out)|sign\s+(?:in|up
                |out)|navigate|follow|use|enter|avoid|scroll|drag|copy|paste|refer|submit|keep|consider|consult
                |remember\s+to|do\s+not|don't|never|always|look|run|add|remove|set|turn\s+(?:on|off)
                |switch\s+to|wait|read|start\s+(?:by|with)|begin\s+(?:by|with)|take\s+(?:a|the|your|some)
                |create|write|place|mix|stir|preheat|bake|pour|give|get|put|see\s+(?:the|our|your)
                |stay|be\s+(?:sure|careful|aware|patient|honest)|speak\s+(?:to|with)|ask|seek|listen
                |come\s+(?:on|in|back)|imagine|notice|find\s+(?:a|the|your|out)|replace|save|apply
                |discard|cut|join\s+(?:us|me|our))\b(?!'|-\w)
                (?!\s*(?:is|was|are|were|has|had|inc|corp|ltd|of|:)\b
                |(?<!sure)(?<!ensure)(?<!aware)\s+\w+\s+(?:is|are|was|were|has|have|had|will|rose|fell|grew|dropped
                |begins?|starts?|ends?|costs?|includes?|requires?|expires?|covers?|takes?|applies|increased|decreased)\b)
            |(?:please|kindly)\s+(?!note\b|be\s+(?:aware|advised)|remember|know\b)\w+"""
        ),
    ),
    Rule(
        "advice to the user",
        Kind.BEHAVIOR,
        0.7,
        opening(
            r"you\s+(?:should|may\s+want\s+to|might\s+want\s+to)\s+(?!know|note|remember|be\s+aware)[^,;:]{1,60}\Z"
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
        "not known, and what",
        Kind.BEHAVIOR,
        0.75,
        opening(
            r"""(?:i|we)(?:\s+(?:really|just|currently|still))?\s+(?:do(?:n't|\s+not)\s+(?:yet\s+)?know|can(?:'t|not)\s+(?:say|tell|confirm)
                |have\s+no\s+idea)\s+(?:who|what|when|where|how|if|whether|why|which|about|the|any)\b[^,;:]{0,80}\Z"""
        ),
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
        "few words and a mark",
        Kind.BEHAVIOR,
        0.8,
        re.compile(
            r"(?!.*\b(?:is|are|was|were|has|have|had|will|can|does|did|no|not|never|\w+ed|\w+n't)\b)"
            r"(?:[^\W\d_]+(?:['-][^\W\d_]+)?,?[ ]?){1,3}!+\Z"
        ),
        GivesWay.TO_EITHER,
    ),
    Rule(
        "heading",
        Kind.BEHAVIOR,
        0.8,
        re.compile(
            r"""(?x)(?![\s\S]*(?:[$€£¥₹%]|\d\s*(?:percent|million|billion)|:\s*\d|\b\d+\s+(?!ways|tips|reasons|steps
                |things)[a-z]))(?![\s\S]*\b(?:is|are|was|were|has|have|had|will|rises?|rose|falls?|fell|wins?
                |won|acquires?|acquired)\b)"""
        ),
        GivesWay.NEVER,
        forms=frozenset({Form.HEADING}),
    ),
)
"""Courtesy before orders, orders before opinion."""
