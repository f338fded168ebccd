"""Which attribute a text speaks of: "current team" in "is playing for", "CEO" in "Chief Executive Officer".

An attribute is recognised by its own name, by the synonyms declared for it, by an acronym spelled out or made, and by a
small table of general English ways to say common relations. Its content words must all be there, together, and be
what is spoken of: that keeps "President of Italy" from "Prime Minister of Italy", a monthly fee from a monthly late fee
and from a fee waiver, and one quarter's revenue from another's. Where that is in doubt there is no match: an attribute
that is not found costs a verdict, one that is taken for another makes a false verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

from guardlayer.text import STOP_WORDS, Token, tokenize

# Each row: words that name one relation in different ways. A row applies to an attribute whose head is one of them.
# General English only; what a single organisation calls its things is declared with `Knowledge.attribute(synonyms=)`.
RELATIONS: tuple[tuple[str, ...], ...] = (
    ("team", "club", "side", "franchise", "plays for", "playing for", "play for", "drives for", "driving for",
     "races for", "racing for", "rides for", "signed with", "signed for", "plays with", "on loan at"),
    ("ceo", "chief executive officer", "chief executive", "managing director", "led by", "headed by"),
    ("chair", "chairman", "chairwoman", "chairperson", "chairman of the board"),
    ("prime minister", "premier", "head of government", "pm"),
    ("monarch", "king", "queen", "emperor", "empress", "sovereign", "reigning monarch"),
    ("head of state",),
    ("chancellor",),
    ("headquarters", "hq", "headquartered in", "headquartered at", "based in", "head office", "seat"),
    ("capital", "capital city"),
    ("population", "inhabitants", "residents", "number of inhabitants"),
    ("price", "cost", "costs", "priced at", "sells for", "list price"),
    ("fee", "charge", "charges"),
    ("founder", "founded by", "co-founder"),
    ("founded", "founding date", "established", "established in", "founded in", "inception", "founding year"),
    ("party", "belongs to", "affiliated with"),
    ("position", "office", "post", "serves as"),
    ("employer", "works for", "works at", "employed by", "working for"),
    ("owner", "owned by", "owns", "parent company", "belongs to"),
    ("spouse", "married to", "wife", "husband"),
    ("author", "written by", "wrote", "writer"),
    ("director", "directed by"),
    ("coach", "head coach", "coached by", "manager"),
    ("release date", "released", "released on", "came out on"),
    ("version", "latest version", "current version", "latest release", "latest stable release", "newest version",
     "stable release", "current release", "newest release"),
    ("employees", "headcount", "staff", "number of employees", "employs"),
    ("currency", "legal tender"),
    ("official language", "language"),
    ("height", "tall", "high"),
    ("weight", "weighs"),
    ("battery life", "battery lasts", "battery runtime"),
    ("date of birth", "born on", "born", "birth date", "birthday"),
    ("revenue", "revenues", "sales", "turnover"),
    ("salary", "pay", "earns"),
    ("tax rate", "rate of tax"),
    ("vat", "value added tax", "value-added tax"),
    ("deadline", "due date", "due by", "due on"),
    ("speed limit", "maximum speed"),
)  # fmt: skip

# Words that turn an office into another one when they stand before it: a vice president is no president.
_OTHER_OFFICE = frozenset("vice deputy assistant shadow associate junior honorary co under sub anti".split())  # noqa: SIM905
# Adjectives of time in an attribute's name carry no content: "current team" is the team.
_TIMELESS = frozenset("current present latest today's incumbent actual now".split())  # noqa: SIM905
_ARTICLES = frozenset("a an the is are was were be been being has have had".split())  # noqa: SIM905
_WINDOW = 5
"""The words of a phrase stand within this many tokens of one another, or they are not that phrase."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NEUTRAL = _words(
    "sports sport political official list retail total overall registered legal full main principal own regular "
    "professional company corporate sole long-time longtime federal reigning sitting serving"
)
"""Modifiers that do not say *which* one: a sports team is the team. "Monthly" does, for there may be an annual fee."""
_PASSING = _words("new old former ex previous past late recent famous renowned respected low high affordable fair")
"""Modifiers that in a text say when or what it is like, but in the name of an attribute which one: "previous team"."""
_WHICH = _words(
    "annual monthly weekly daily quarterly yearly hourly nightly half-yearly biannual early discounted reduced "
    "discount wholesale promotional introductory special sale net gross average mean median minimum maximum min max "
    "lowest highest projected expected estimated forecast target planned proposed next incoming future first second "
    "third second-hand used additional extra partial upgrade setup set-up renewal cancellation"
)
"""Modifiers that do, before whatever phrase they stand."""
_LATE = frozenset({"fee", "charg", "payment", "penalty"})
_PERIOD = re.compile(r"(?:q[1-4]|[1-4]q|h[12]|[12]h|fy-?\d{2,4}|cy-?\d{2,4})\Z")
_DETERMINERS = _words("the a an its their his her our your my this that these those no any each every some whose")
_HEADS = _words(
    "waiver waivers increase decrease index indices history change changes cut cuts hike rise drop range cap limit "
    "ceiling floor discount reduction schedule structure forecast estimate guidance growth comparison guarantee "
    "protection refund policy candidate candidates search race election elections nominee contender contenders hopeful "
    "hopefuls succession successor predecessor elect designate emeritus assistant secretary spokesman spokeswoman "
    "spokesperson adviser advisor deputy captain doctor mate mates owner conference leader leadership leaders density "
    "gains market markets expenditure punishment model models school gap driver residence palace wife husband son "
    "daughter brother sister salary pay compensation control number tax team director department loss warranty "
    "exemption surcharge rebate credit plan plans trend trends target targets war wars sensitivity elasticity"
)
"""Nouns that, right behind a phrase, make it speak of them: a fee waiver is no fee."""
_HARMLESS = _words(
    "name figure figures amount value number level count total location address city role position post job date "
    "then before alone overall altogether now today itself himself herself themselves again still only also even too "
    "ever yet here there once since currently presently each per both all who that which"
)
"""Words that may stand between a phrase and its verb without becoming what is spoken of."""
_ADVERBS = _words("currently presently now just only also still officially actually")
_UNITS = _words("m k bn b mn tn million billion trillion thousand percent usd eur gbp dollars euros pounds")
_LOOSE = (STOP_WORDS - {"and", "or", "who", "which", "that", "whose", "whom"}) | _TIMELESS | _ADVERBS | _UNITS
"""Words that may stand between the words of a phrase: "revenue in Q3 FY26" is Q3 FY26 revenue."""
_CAME_TO = _words(
    "reached hit totaled totalled came stood grew rose fell climbed dropped amounted reported posted recorded "
    "generated made earned achieved booked"
)
"""Verbs that may also, in a phrase that names a period: "posted revenue of $4.2M in Q3 FY26"."""
_LINKS = _words("of in for at by on from")
_VERBS = _words(
    "costs charges employs owns wrote earns weighs lasts released founded established pays pay tall high born"
)
"""Ways to say an attribute that are no nouns; what stands about them neither narrows nor heads them."""


_IRREGULAR = {
    "held": "hold", "led": "lead", "ran": "run", "paid": "pay", "sold": "sell", "sells": "sell", "bought": "buy",
    "wrote": "write", "written": "write", "built": "build", "made": "make", "won": "win", "grew": "grow",
    "grown": "grow", "began": "begin", "taught": "teach", "spoke": "speak", "spoken": "speak", "chose": "choose",
    "chosen": "choose", "drove": "drive", "driven": "drive", "rode": "ride", "shipped": "ship", "ships": "ship",
}  # fmt: skip


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return a crude stem, the same for plays/playing/play and drives/driving/drive."""
    word = _IRREGULAR.get(word, word)
    if len(word) <= 3 or word[-1].isdigit():
        return word
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)] + ("y" if ending == "ies" else "")
            break
    return word.removesuffix("e")


@dataclass(frozen=True, slots=True)
class Phrase:
    """One way to say an attribute: stems that all occur, near one another.

    Attributes:
        stems: The stems, in order.
        own: Whether it is the attribute's own name or a declared synonym, rather than general English.
    """

    stems: tuple[str, ...]
    own: bool


class Words:
    """The words of a text as attributes are looked for in them.

    Attributes:
        tokens: The words.
        stems: Their stems, one for each token.
        named: Indices of the tokens that belong to names of entities; they say nothing of an attribute.
        present: The stems, once each.
        capitals: Where each word in capitals stands last: what may be an acronym.
    """

    __slots__ = ("capitals", "named", "present", "stems", "tokens")

    def __init__(self, tokens: Sequence[Token], named: AbstractSet[int]) -> None:
        self.tokens = tokens
        self.named = named
        self.stems = [stem(token.norm) for token in tokens]
        self.present = frozenset(self.stems)
        self.capitals = {token.norm: index for index, token in enumerate(tokens) if token.text.isupper()}


@dataclass(frozen=True, slots=True)
class Found:
    """An attribute found in a text: token indices ``[first, last)`` and how it was said."""

    first: int
    last: int
    phrase: Phrase


@lru_cache(maxsize=16384)
def phrases(name: str, synonyms: tuple[str, ...], entity_words: frozenset[str]) -> tuple[Phrase, ...]:
    """Return every way to say the attribute, its own names first, then the longest first.

    Args:
        name: The attribute's name.
        synonyms: Its declared synonyms.
        entity_words: Folded words of the entity's names; they carry no content of the attribute's own
            ("President of Italy", of Italy).
    """
    ways: dict[tuple[str, ...], bool] = {}
    own = [_head(text, entity_words) for text in (name, *synonyms)]
    for text, stems in zip((name, *synonyms), own, strict=True):
        if stems:
            ways.setdefault(stems, True)
            participle = text.endswith("ed") or text.rpartition(" ")[2] in _IRREGULAR
            if len(stems) == 2 and (" of " in text or participle):  # the birth date; "holds the position"
                ways.setdefault(stems[::-1], True)
    # A compound is a kind of its last word ("sports team" is a team), where the rest does not say which one.
    heads = {" ".join(stems) for stems in own} | {
        stems[-1] for stems in own if stems and all(word in _neutral_stems() for word in stems[:-1])
    }
    for row in _rows():
        if heads & row.keys():
            for stems in row.values():
                ways.setdefault(stems, False)
    return tuple(
        Phrase(stems, mine) for stems, mine in sorted(ways.items(), key=lambda way: (not way[1], -len(way[0])))
    )


def find(said: Words, ways: Iterable[Phrase]) -> Found | None:
    """Find the first of ``ways`` that a text says.

    Args:
        said: The words of the text.
        ways: Phrases in order of preference.
    """
    tokens, stems, named = said.tokens, said.stems, said.named
    present, capitals = said.present, said.capitals
    places: Sequence[tuple[int, int]]
    spoilt: set[int] = set()  # a fee that is no monthly fee here, but a waiver, is no fee either
    for way in ways:
        wanted = way.stems
        if len(wanted) > 1:
            if not present.issuperset(wanted):
                places = _acronym(capitals, wanted) if capitals else ()
            elif wanted[-1] in STOP_WORDS:
                places = _verbal(stems, wanted)
            else:
                places = _nominal(tokens, stems, wanted, named)
        elif wanted[0] in present:
            places = [(index, index + 1) for index, word in enumerate(stems) if word == wanted[0]]
        else:
            places = _spelled_out(tokens, wanted[0]) if way.own else ()
        for first, last in places:
            if _other_office(tokens, first, way) or _narrowed(tokens, first, way, named) or _behind(tokens, last):
                spoilt.update(range(first, last))
            elif spoilt.isdisjoint(range(first, last)):
                return Found(first, last, way)
    return None


def _head(text: str, entity_words: frozenset[str], idle: frozenset[str] = _TIMELESS) -> tuple[str, ...]:
    """Return the stems that carry an attribute's content: what stands before "of", without the entity's own words.

    Args:
        text: A name of the attribute.
        entity_words: Folded words of the entity's names.
        idle: Words that say nothing.
    """
    tokens = tokenize(text)
    words = [t.norm for t in tokens]
    if "of" in words[1:]:
        cut = words.index("of", 1)
        head = [w for w in words[:cut] if w not in STOP_WORDS]
        if head == ["member"]:  # a member of a party: the party is what counts
            words = words[cut + 1 :]
        elif head and head[-1] not in {"rate", "date", "number", "head", "chairman"}:
            words = words[:cut]
    kept = [w for w in words if w not in _ARTICLES and w not in idle and w not in entity_words and w != "of"]
    # Prepositions belong to a verb phrase ("plays for") and to nothing else.
    while kept and kept[0] in STOP_WORDS:
        kept.pop(0)
    return tuple(stem(w) for w in kept)


@lru_cache(maxsize=1)
def _neutral_stems() -> frozenset[str]:
    return frozenset(stem(word) for word in _NEUTRAL)


@lru_cache(maxsize=1)
def _rows() -> tuple[dict[str, tuple[str, ...]], ...]:
    empty: frozenset[str] = frozenset()
    rows = []
    for row in RELATIONS:
        # General English keeps its "latest": whatever was released is no latest release.
        heads = {" ".join(stems): stems for text in row for stems in (_head(text, empty, empty),)}
        rows.append({name: stems for name, stems in heads.items() if stems})
    return tuple(rows)


def _verbal(stems: Sequence[str], wanted: tuple[str, ...]) -> list[tuple[int, int]]:
    """Find a verb with its preposition, between which an object may stand: "plays his football for"."""
    places = []
    for index, word in enumerate(stems):
        if word != wanted[0]:
            continue
        at = 1
        for end in range(index + 1, min(index + len(wanted) + _WINDOW, len(stems))):
            at += stems[end] == wanted[at]
            if at == len(wanted):
                places.append((index, end + 1))
                break
    return places


def _nominal(
    tokens: Sequence[Token], stems: Sequence[str], wanted: tuple[str, ...], named: AbstractSet[int]
) -> list[tuple[int, int]]:
    """Find a noun with its modifiers, in order, or the noun first and a preposition before them."""
    places = []
    period = any(word[-1].isdigit() for word in wanted)
    for index, word in enumerate(stems):
        if word != wanted[0] and word != wanted[-1]:
            continue
        left, order, linked = list(wanted), [], False
        for end in range(index, min(index + len(wanted) + _WINDOW, len(stems))):
            here = stems[end]
            if here in left:
                left.remove(here)
                order.append(here)
                if not left:
                    if tuple(order) == wanted or (linked and order[0] == wanted[-1]):
                        places.append((index, end + 1))
                    break
                continue
            norm = tokens[end].norm
            linked = linked or norm in _LINKS
            if not (norm in _LOOSE or end in named or not norm[0].isalpha() or (period and norm in _CAME_TO)):
                break
    return places


def _spelled_out(tokens: Sequence[Token], acronym: str) -> list[tuple[int, int]]:
    """Find "Chief Executive Officer" for ``ceo``: a run of capitalised words with these initials."""
    size = len(acronym)
    if not 2 <= size <= 5 or not acronym.isalpha():
        return []
    initials = [t.norm[0] if t.text[0].isupper() else " " for t in tokens]
    at = "".join(initials).find(acronym)
    return [] if at < 0 else [(at, at + size)]


def _acronym(capitals: Mapping[str, int], stems: tuple[str, ...]) -> Sequence[tuple[int, int]]:
    index = capitals.get("".join([s[0] for s in stems]))
    return () if index is None else ((index, index + 1),)


def _narrowed(tokens: Sequence[Token], first: int, way: Phrase, named: AbstractSet[int]) -> bool:
    """Say whether the word before makes it a certain one of its kind: "discounted price", "Q2 revenue"."""
    before = first - 1
    if before < 0 or before in named or tokens[before].end + 1 < tokens[first].start:
        return False
    word, modified = tokens[before].norm, tokens[first].norm
    if stem(word) in way.stems or _verb(way, modified):
        return False
    if word in _WHICH or _PERIOD.match(word) or (word == "late" and way.stems[-1] in _LATE):
        return True
    if (
        way.own
        or word in STOP_WORDS
        or word in _NEUTRAL
        or word in _PASSING
        or word in _TIMELESS
        or not tokens[before].text.islower()
    ):
        return False
    # An unknown modifier narrows; a verb does not: "its wholesale price", but "raised prices".
    return word.isalpha() and not word.endswith("ly") and before > 0 and _determines(tokens[before - 1])


def _determines(token: Token) -> bool:
    return token.norm in _DETERMINERS or token.text[-2:] in ("'s", "’s", "s'", "s’")


def _behind(tokens: Sequence[Token], last: int) -> bool:
    """Say whether a noun right behind takes the phrase for its modifier: "fee waiver", "price index"."""
    if last >= len(tokens) or tokens[last - 1].end + 1 < tokens[last].start or tokens[last - 1].norm in _VERBS:
        return False
    word = tokens[last].norm
    if tokens[last - 1].norm in STOP_WORDS:
        return False
    if word in _HEADS:
        return True
    # A word that a copula or "of" follows is what the sentence is about.
    return (
        tokens[last].text.islower()
        and word.isalpha()
        and word not in STOP_WORDS
        and word not in _HARMLESS
        and not word.endswith("ly")
        and last + 1 < len(tokens)
        and tokens[last].end + 1 == tokens[last + 1].start
        and tokens[last + 1].norm in {"is", "are", "was", "were", "of"}
    )


def _verb(way: Phrase, word: str) -> bool:
    return way.stems[-1] in STOP_WORDS or word in _VERBS


def _other_office(tokens: Sequence[Token], first: int, way: Phrase) -> bool:
    return first > 0 and tokens[first - 1].norm in _OTHER_OFFICE and stem(tokens[first - 1].norm) not in way.stems
