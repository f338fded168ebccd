"""Names that are words: "the" would match every sentence, "Target" only where it is written as a name.

The ledger refuses an alias that says nothing, and marks one that is also a word: it counts where the spelling shows a
name, or where more than the word itself speaks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from guardlayer.text import STOP_WORDS, Token, tokenize


class Caution(IntEnum):
    """How much must speak for a name before a text is taken to use it."""

    FREE = 0
    """It is no English word; its letters are enough."""
    CASED = 1
    """It is a word too: it must be written with its capitals, and not where every word has one."""
    CONTEXT = 2
    """One letter, a number, an everyday word ("the portal"): something else must speak for it."""
    REFUSED = 3
    """It says nothing ("the", "a"): it would match every sentence."""


_FUNCTION = STOP_WORDS | frozenset(
    """i you we me us my your our yours ours mine him them himself herself itself yourself themselves myself
    now then here there again also just only even still yet already always never often sometimes once soon later
    not no yes ok okay please thanks so too very more most less least much many few some any all both each every
    other another such same own else one ones two three first second last next new old good bad big small great
    can could may might must shall should will would need ought let get got go goes going went come comes came
    but if or nor because although though while until unless whether since when where why how than about above
    across after against along among around before behind below beneath beside between beyond during except inside
    into near off onto out outside over past per through throughout toward under up upon via within without
    what whatever whichever whoever anyone anything everyone everything someone something nobody nothing
    well back down away maybe perhaps really quite rather almost enough today tomorrow yesterday monday tuesday
    wednesday thursday friday saturday sunday january february march april june july august september october
    november december""".split()  # noqa: SIM905 - a list of words reads best as text
)
_COMMON = frozenset(
    """able access account accounts act action active activity add address admin age agent agents agreement air amount
    answer app apps application area article ask asset assets audit author balance bank bar base basic battery bill
    billing block blue board body bonus book books box brand break budget build building business button buy call
    capital car card cards care case cases cash category cause center central chain change changes channel charge
    chart chat check child choice city claim class client clients close cloud club code color column company computer
    condition contact content contract control copy core corporate cost costs count country course court cover create
    credit culture current customer customers cut daily data database date day days deal decision default delivery
    demand department design desk detail details development device direct director discount district document
    documents dollar domain door draft drive economy edge edit education effect email employee employees end energy
    engine entry error event events example exchange expense express fact facts family fast feature features fee fees
    field file files final finance financial fire fit five floor flow focus folder food form format forward four free
    front fuel full function fund future gap general gift goal gold goods government green ground group growth guide
    hand head health help high history hold home host hour hours house human idea image impact import income index
    industry info information input insight insurance interest internal international invoice issue issues item items
    job key kind label land language law layer lead leader learn legal letter level license life light limit line link
    list live load loan local location lock log logic long loop low machine mail main make man management manager
    manual map market marketing match matter meeting member members memory menu message meta method metric middle mind
    minute mission mobile mode model models module moment money month months mother motion name names national nature
    network news night node note notes notice number numbers object office offer official online open operations
    option options order orders organization original output owner pack page paper parent park part partner partners
    party password path pay payment payments peak people period person phone photo piece pilot place plan plans plant
    platform play player plus point points policy pool popular port portal position post power practice premium
    present president press price prices pricing prime print priority private problem process product production
    products profile profit program progress project projects property provider public purchase purpose quality
    quarter query question queue quick range rate rates ratio reach read reason record records red reference region
    release report reports request research reserve resource resources response rest result results return revenue
    review right ring risk road role room root route rule rules run safe sale sales sample save scale scan schedule
    school science scope score screen script sea search season seat section sector security see select sell series
    server service services session set share shift shop show side sign signal simple site size skill smart software
    solution source south space special speed spot spring staff stage standard star start state statement status step
    stock stone stop store stories story strategy stream street string structure student studio study style subject
    summary summer sun supply support surface survey system systems table tag take talk target task tasks tax team
    teams tech technology term terms test text thing things ticket tickets time title token tool tools top total touch
    tower town track trade traffic trail train transfer travel tree trial trust turn type union unit units update
    upgrade user users value values vault version video view visa visit voice volume wall watch water wave way web
    website week weekly weight west wheel white wide wind window winter wire woman word words work worker workers
    works world worth write year years zone""".split()  # noqa: SIM905 - as above
)
_NOUNS = frozenset(
    """amazon apple arrow aurora bean bear bee bird boss bread brick bull butter carnival champion cherry chase chrome
    clay cobra comet compass copper corona crane crown crystal diamond diesel dove dragon drift eagle ember
    firefox flame flint ford fox frontier galaxy ghost giant grace hammer harbor hawk heart hero hive honey hope
    horizon hulk ice iris iron ivory jaguar jasper jet jewel joy kindle king ladder lens lion lime lotus lynx magnet
    mango maple mars meteor mint mirror monster moon mosaic mustang nectar nest notion oasis ocean olive onyx
    opal oracle orange orbit orchid otter owl oyster panda panther pearl pebble pelican phoenix pine pioneer pixel
    planet plum polar prism puma queen quest quill rabbit rain ram raven ray ripple river robin rocket rose ruby
    safari sage sail salmon saturn scout seal shadow shark shell shield silver sky slack snow sonic spark sparrow
    spider spirit sprint square steel stripe subway swan swift tempest thread thunder tide tiger timber titan torch
    trident turkey turtle twitch union velvet venture vine viper vision volt walnut warrior whale willow wing wolf
    wonder zebra zoom china japan polish bush rice""".split()  # noqa: SIM905 - as above
)
"""Nouns that are also the names of many firms: in lower case among capitals they are nouns."""
_SENTENCE = 2
"""Characters between two words that a full stop fills: a word behind so many begins a sentence."""


def caution(name: str, norms: Sequence[str] | None = None) -> Caution:
    """Say how much must speak for a name, by its words alone.

    Args:
        name: The name.
        norms: Its folded words, where they are at hand.
    """
    norms = [token.norm for token in tokenize(name)] if norms is None else norms
    content = 0
    for norm in norms:
        if norm in _COMMON:
            content += 1
        elif not (norm in _FUNCTION or len(norm) == 1 or norm.isdigit()):
            return Caution.FREE
    if content > 1:
        return Caution.FREE  # "help desk": two words together are rarely there by chance
    lower = name == name.lower()
    if content:
        return Caution.CONTEXT if lower else Caution.CASED
    if len(norms) == 1 and norms[0] not in _FUNCTION:
        if len(norms[0]) == 1:
            return Caution.REFUSED if lower or not norms[0].isalpha() else Caution.CONTEXT
        return Caution.CONTEXT  # a number
    if lower:
        return Caution.CASED if any(norm.isdigit() for norm in norms) else Caution.REFUSED
    if len(norms) > 1:
        return Caution.CASED
    if len(norms[0]) == 1:
        return Caution.REFUSED  # "A", "I"
    return Caution.CASED if name.isupper() else Caution.CONTEXT


def is_noun(word: str) -> bool:
    """Say whether a folded word is a noun that many firms bear as their name."""
    return word in _NOUNS


def is_function(norm: str) -> bool:
    """Say whether all words of a folded name are words that carry no content."""
    return all(word in _FUNCTION for word in norm.split(" "))


def is_common(word: str) -> bool:
    """Say whether a folded word is so common that it tells nothing apart."""
    return word in _FUNCTION or word in _COMMON


def written(name: str, degree: Caution, tokens: Sequence[Token], first: int, last: int) -> bool:
    """Say whether a name that is a word too stands in a text as a name does.

    Args:
        name: The name as it was declared.
        degree: Its caution.
        tokens: The words of the text.
        first: Index of the first token of the mention.
        last: Index after its last.
    """
    for given, token in zip(tokenize(name), tokens[first:last], strict=True):
        if given.text[0].isupper() and not token.text[0].isupper():
            return False
        if len(given.text) > 1 and given.text.isupper() and not token.text.rstrip("'’s").isupper():
            return False
    if name.isupper() and len(name) > 1 and all(t.text == t.text.upper() for t in tokens):
        return False  # WHO IS IN CHARGE HERE
    begins = first == 0 or tokens[first].start - tokens[first - 1].end >= _SENTENCE
    if not begins or last - first > 1 or tokens[first].text[-2:] in ("'s", "’s"):
        return True
    if degree is Caution.CONTEXT:
        return len(name) == 1  # any word has a capital there; a letter has it only as a name
    return last >= len(tokens) or tokens[last].norm not in _FUNCTION or tokens[last].norm in _VERBS


_VERBS = frozenset("is was has had will can would does did may and".split())  # noqa: SIM905 - as above
