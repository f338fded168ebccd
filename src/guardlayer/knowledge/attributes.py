"""Which attribute a text speaks of: "current team" in "is playing for", "CEO" in "Chief Executive Officer".

An attribute is recognised by its own name, by the synonyms declared for it, by an acronym spelled out or made, and by a
small table of general English ways to say common relations. Its content words must all be there; that is what keeps
"President of Italy" from "Prime Minister of Italy".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from guardlayer.text import STOP_WORDS, Token, tokenize

# Each row: words that name one relation in different ways. A row applies to an attribute whose head is one of them.
# General English only; what a single organisation calls its things is declared with `Knowledge.attribute(synonyms=)`.
RELATIONS: tuple[tuple[str, ...], ...] = (
    ("team", "club", "side", "franchise", "plays for", "playing for", "play for", "drives for", "driving for",
     "races for", "racing for", "rides for", "signed with", "signed for", "plays with", "on loan at"),
    ("ceo", "chief executive officer", "chief executive", "managing director"),
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
     "stable release"),
    ("employees", "headcount", "staff", "number of employees", "employs"),
    ("currency", "legal tender"),
    ("official language", "language"),
    ("height", "tall", "high"),
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
    for stems in own:
        if stems:
            ways.setdefault(stems, True)
    # A compound is a kind of its last word: "sports team" is a team, "list price" a price.
    heads = {" ".join(stems) for stems in own} | {stems[-1] for stems in own if stems}
    for row in _rows():
        if heads & row.keys():
            for stems in row.values():
                ways.setdefault(stems, False)
    return tuple(
        Phrase(stems, mine) for stems, mine in sorted(ways.items(), key=lambda way: (not way[1], -len(way[0])))
    )


def find(tokens: Sequence[Token], stems: Sequence[str], ways: Iterable[Phrase]) -> Found | None:
    """Find the first of ``ways`` that ``tokens`` say.

    Args:
        tokens: The words of the text.
        stems: Their stems, one for each token.
        ways: Phrases in order of preference.
    """
    for way in ways:
        found = _window(stems, way.stems)
        if found is None and len(way.stems) == 1 and way.own:
            found = _spelled_out(tokens, way.stems[0])
        if found is None and len(way.stems) > 1:
            found = _acronym(tokens, way.stems)
        if found is not None and not _other_office(tokens, found[0], way):
            return Found(*found, way)
    return None


def _head(text: str, entity_words: frozenset[str]) -> tuple[str, ...]:
    """Return the stems that carry an attribute's content: what stands before "of", without the entity's own words."""
    tokens = tokenize(text)
    words = [t.norm for t in tokens]
    if "of" in words[1:]:
        cut = words.index("of", 1)
        head = [w for w in words[:cut] if w not in STOP_WORDS]
        if head == ["member"]:  # a member of a party: the party is what counts
            words = words[cut + 1 :]
        elif head and head[-1] not in {"rate", "date", "number", "head", "chairman"}:
            words = words[:cut]
    kept = [w for w in words if w not in _ARTICLES and w not in _TIMELESS and w not in entity_words and w != "of"]
    # Prepositions belong to a verb phrase ("plays for") and to nothing else.
    while kept and kept[0] in STOP_WORDS:
        kept.pop(0)
    return tuple(stem(w) for w in kept)


@lru_cache(maxsize=1)
def _rows() -> tuple[dict[str, tuple[str, ...]], ...]:
    empty: frozenset[str] = frozenset()
    rows = []
    for row in RELATIONS:
        heads = {" ".join(_head(text, empty)): _head(text, empty) for text in row}
        rows.append({name: stems for name, stems in heads.items() if stems})
    return tuple(rows)


def _window(stems: Sequence[str], wanted: tuple[str, ...]) -> tuple[int, int] | None:
    if len(wanted) == 1:
        for index, word in enumerate(stems):
            if word == wanted[0]:
                return index, index + 1
        return None
    rest = set(wanted)
    if not rest <= set(stems):
        return None
    reach = len(wanted) + _WINDOW
    for index, word in enumerate(stems):
        if word not in rest:
            continue
        left = set(rest)
        for end in range(index, min(index + reach, len(stems))):
            left.discard(stems[end])
            if not left:
                return index, end + 1
    return None


def _spelled_out(tokens: Sequence[Token], acronym: str) -> tuple[int, int] | None:
    """Find "Chief Executive Officer" for ``ceo``: a run of capitalised words with these initials."""
    size = len(acronym)
    if not 2 <= size <= 5 or not acronym.isalpha():
        return None
    initials = [t.norm[0] if t.text[0].isupper() else " " for t in tokens]
    at = "".join(initials).find(acronym)
    return None if at < 0 else (at, at + size)


def _acronym(tokens: Sequence[Token], stems: tuple[str, ...]) -> tuple[int, int] | None:
    initials = "".join(s[0] for s in stems)
    for index, token in enumerate(tokens):
        if token.norm == initials and token.text.isupper():
            return index, index + 1
    return None


def _other_office(tokens: Sequence[Token], first: int, way: Phrase) -> bool:
    return first > 0 and tokens[first - 1].norm in _OTHER_OFFICE and stem(tokens[first - 1].norm) not in way.stems
