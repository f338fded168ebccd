"""Words by what they do in a sentence: the classes that the trained classifier reads beside the words themselves.

A class is a short name. Sequences of classes say how a sentence is built (*WE MUST*, *IT BE A GOOD*), whatever it is
about.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CLASS_OF", "ENDINGS", "STANCE"]

_CLASSES: Final[dict[str, str]] = {
    # Who speaks, who is spoken to, who is spoken about.
    "I": "i me my mine myself",
    "WE": "we us our ours ourselves let's",
    "YOU": "you your yours yourself yourselves ya y'all",
    "HE": "he she him her his hers himself herself",
    "IT": "it its itself",
    "THEY": "they them their theirs themselves",
    "ONE": "one someone somebody anyone anybody everyone everybody nobody people folks",
    "THIS": "this that these those such",
    "WHAT": "what something anything everything nothing thing things stuff",
    "WHO": "who whom whose which",
    "HOW": "how why when where whether",
    # Verbs that carry no matter of their own.
    "BE": "is are was were be been being am 's 're 'm",
    "HAVE": "has have had having 've",
    "DO": "do does did doing done",
    "WILL": "will shall 'll wo gonna",
    "WOULD": "would 'd",
    "CAN": "can could ca able",
    "MAY": "may might",
    "MUST": "must should ought need needs needed gotta supposed",
    "NOT": "not n't never no nor neither cannot without hardly",
    # Small words.
    "TO": "to",
    "THE": "the",
    "A": "a an another",
    "IN": (
        "in on at by with from into onto over under between during through across near behind beside within"
        " outside inside along around above below off against toward towards upon among beyond per via"
    ),
    "OF": "of",
    "FOR": "for",
    "AS": "as like than",
    "AND": "and or &",
    "BUT": "but yet though although however still instead despite nor except unless",
    "IF": "if because since while so then until before after once",
    "ALL": "all every each both any some many much most more few several less least enough",
    "THERE": "there here",
    "WHEN": (
        "now today tonight tomorrow yesterday ago later soon already currently recently earlier then last"
        " next monday tuesday wednesday thursday friday saturday sunday january february march april june july"
        " august september october november december spring summer autumn winter morning evening night noon"
        " midnight year years month months week weeks day days hour hours minute minutes decade century"
    ),
    # Stance.
    "THINK": (
        "think thought believe feel guess suppose imagine reckon figure doubt hope wish expect suspect bet"
        " wonder assume consider seem seems seemed sounds looks feels appear appears mean"
    ),
    "LIKE": "love loved hate hated prefer enjoy enjoyed admire adore loathe want wanted care regret fear",
    "SAY": (
        "said says say told tell reported reports announced claims claimed stated states according showed"
        " shows found asked replied denied confirmed"
    ),
    "VERY": (
        "very really quite too pretty rather just simply truly absolutely totally completely extremely"
        " incredibly highly utterly perfectly surprisingly genuinely remarkably deeply awfully terribly only"
        " even ever always almost kind sort bit little somewhat"
    ),
    "MAYBE": (
        "maybe perhaps probably possibly likely presumably apparently arguably hopefully unclear possible"
        " potentially plausible uncertain sure depends basically generally"
    ),
    "GOOD": (
        "good great best better nice wonderful amazing awesome excellent fantastic beautiful lovely perfect"
        " brilliant superb terrific fine fun funny clever smart charming delightful enjoyable entertaining"
        " engaging compelling impressive remarkable memorable fascinating interesting exciting thrilling"
        " moving touching inspiring elegant graceful gripping fresh original bold brave honest fair decent"
        " warm sweet tender rich strong powerful stunning gorgeous breathtaking magnificent marvelous splendid"
        " delicious cozy cool neat proud glad happy pleased worthy worth worthwhile valuable precious"
        " important vital essential crucial key special unique wise sensible reasonable right ideal easy"
        " comfortable magical charm beauty joy delight pleasure treat triumph masterpiece gem treasure genius"
        " success hero witty hilarious satisfying heartfelt subtle refreshing winning well skillful stylish"
        " vivid"
    ),
    "BAD": (
        "bad worse worst terrible awful horrible poor weak boring dull tedious stupid silly ridiculous absurd"
        " lousy ugly nasty cheap lame flat stale bland tired lazy clumsy messy mess mediocre pointless useless"
        " wrong unfair disappointing disappointment annoying irritating frustrating depressing sad tragic"
        " shame shameful disgrace disgraceful embarrassing pathetic predictable pretentious contrived shallow"
        " hollow empty flawed failure fails failed waste disaster nightmare nonsense joke insult hypocrisy"
        " greed mistake scary weird strange crazy insane dumb foolish dangerous cruel harsh ugly bitter"
        " overrated overlong unfunny lifeless hard tough difficult sorry afraid ashamed wasted hate problem"
        " trouble sadly unfortunately"
    ),
    "DUTY": (
        "duty responsibility obligation freedom liberty justice hope faith trust courage dignity dream dreams"
        " future promise promises challenge challenges commitment spirit values truth honor pride passion"
        " vision destiny generosity prosperity greatness progress unity peace"
    ),
    "ACT": (
        "please thank thanks welcome hello hi hey goodbye bye sorry apologies congratulations cheers wow oh"
        " ah haha yes yeah yep no okay ok well sure certainly right uh um huh hm uh-huh enjoy god"
    ),
    # Measure.
    "UNIT": (
        "percent million billion trillion thousand hundred dozen dollars euros pounds cents miles kilometers"
        " meters feet inches pounds kilograms grams degrees half third quarter twice"
    ),
    "NUM": (
        "two three four five six seven eight nine ten eleven twelve thirteen fifteen twenty thirty forty"
        " fifty sixty seventy eighty ninety first second"
    ),
    # What one can tell somebody to do; at the opening, an order.
    "VERB": (
        "accept add adjust admit aim allow apply approve arrange ask attach avoid back bake become begin"
        " believe boil book bring browse build buy call cancel carry catch change charge check choose clean"
        " clear click close collect come compare complete confirm connect contact continue convert cook copy"
        " cover create cut decide delete describe design disable discuss divide download drag draw drink drive"
        " drop dry eat edit empty enable encourage end ensure enter exit expand explain explore export face"
        " fill find finish fix fold follow forget fry gather get give go grab grow guide handle hang happen"
        " head hear help hide hold hire imagine import improve include increase insert install invest invite"
        " join keep kick know lay lead learn leave let lift list listen live load lock log look lower make"
        " manage mark measure meet melt mix move name navigate note notice offer open order pack paste pay"
        " peel pick place plan play plug point pour practice prepare press print proceed protect provide"
        " publish pull push put raise reach read rebuild recall receive reduce refer refresh register reject"
        " relax release remain remember remind remove rename repair repeat replace reply report request reset"
        " resist respond rest restart restore return review reward rinse roll run save scan schedule scroll"
        " search see seek select sell send serve set settle share shut sign sit skip sleep slice solve sort"
        " speak spend spread stand start stay steer step stick stir stop store strengthen study submit support"
        " swap switch take talk tap teach test throw tie tighten touch train transfer translate travel treat"
        " trim trust try turn type understand unplug update upgrade upload use verify visit vote wait wake"
        " walk wash watch wear wipe wish work worry wrap write"
    ),
    # Verbs whose form does not show that they are in the past.
    "PAST": (
        "went came took gave made got saw knew ran began wrote spoke left felt kept held lost won sold bought"
        " built brought taught caught fought led met paid sent spent stood understood became fell rose grew"
        " broke drove flew rode sang sank swam threw wore tore shot hit cut put set let died married born"
    ),
}

CLASS_OF: Final[dict[str, str]] = {word: name for name, words in reversed(_CLASSES.items()) for word in words.split()}
"""The class of a word; a word in two lists has that of the upper one."""

STANCE: Final = frozenset(
    word for name in ("I", "WE", "THINK", "LIKE", "GOOD", "BAD") for word in _CLASSES[name].split()
)
"""Words without which hardly anybody judges."""

_ENDINGS: Final[dict[str, str]] = {
    "-ING": "ing",
    "-ION": "ion ity ism",
    "-EST": "est",
    "-FUL": "ful ous ive ble ish",
    "-ESS": "ess",
    "-ENT": "ent ant ist",
    "-LY": "lly tly ely sly dly gly rly bly ily",
    "-ED": "ted ded ned red sed led ked hed ped ied ved wed ged ced zed yed med bed ued xed",
}

ENDINGS: Final[dict[str, str]] = {ending: name for name, endings in _ENDINGS.items() for ending in endings.split()}
"""The class that the last three letters of another word give it."""
