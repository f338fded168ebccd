"""Names as people and models write them: last names, titles, affixes, nicknames, other orders.

A name of the ledger is compared with the words of a claim. It is found in full, under an alias, without its affixes
("Paris Saint-Germain" for "Paris Saint-Germain F.C."), in part ("Carl Gustaf" for "Carl XVI Gustaf of Sweden"), or by
its last word ("Trudeau"), and each way has a strength; where a claim gives a first name that is not this person's,
the last name alone is no match.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from rapidfuzz.distance import OSA

from guardlayer.text import STOP_WORDS, Token, tokenize


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TITLES = _words(
    "mr mrs ms miss dr prof professor sir dame lord lady king queen emperor empress prince princess president premier "
    "prime minister chancellor pope saint st general gen colonel col captain capt major sergeant senator sen governor "
    "gov mayor judge justice chairman chairwoman chair ceo cfo cto coo founder director chief executive officer "
    "secretary ambassador sheikh sheik shah sultan emir ayatollah imam rabbi reverend rev father sister brother don "
    "hon honourable honorable monarch his her majesty highness excellency incumbent coach manager"
)
"""Words that go before a name and are no part of it."""
AFFIXES = _words(
    "fc cf sc ac afc bc bk sk fk cd ud sv tsv vfb vfl the inc incorporated ltd limited llc plc "
    "corp corporation co company group holding holdings ag sa se nv spa gmbh oy ab as jr sr de da do dos del della van "
    "von der den la le el al bin ibn"
)
"""Words that may be left out of a name, or added to it: legal forms, club abbreviations, particles. Words that say
*which* bearer of a name is meant ("Red Bull Racing", "England national team") are not among them."""
_COMMON_LAST = _words(
    "united city town county state states team club company group bank motors airlines university college party street "
    "road river lake island islands union republic kingdom national international association federation league "
    "records studios pictures systems services technologies energy capital partners foundation institute center centre "
    "park house church school hospital museum north south east west central first second third one two new old jr sr "
    "version plan edition pro plus max mini office day year"
)
"""Last words that stand for no one by themselves."""
_WHICH = _words(
    "national team football basketball association men's women's racing f1 formula one cricket rugby hockey u21"
)
"""Words that say which team of a name it is: no name without the rest, and no rest of a name without them."""
_ROMAN = _words("i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx xxi xxii xxiii")
_BODIES = _words(
    "bank university house duke duchess earl count republic kingdom state states city county port isle church "
    "institute college ministry department board council court bureau office union league society academy school "
    "museum association federation chamber bay gulf strait cape mount commonwealth district province"
)
"""First words of names in which "of" is part of the name."""
_NICKNAMES = tuple(
    frozenset(row.split())
    for row in (
        "robert bob rob bobby robbie bert", "william bill will billy willy liam", "james jim jimmy jamie",
        "john jack johnny jon jonathan", "joseph joe joey jo", "thomas tom tommy", "michael mike mick mickey",
        "richard dick rick rich ricky", "charles charlie chuck", "edward ed ted eddie teddy ned",
        "anthony tony", "andrew andy drew", "david dave", "daniel dan danny", "stephen steven steve",
        "christopher chris kit", "matthew matt", "nicholas nick nico", "alexander alex sandy sasha", "benjamin ben",
        "samuel sam", "gregory greg", "jeffrey geoffrey jeff geoff", "kenneth ken kenny", "timothy tim",
        "ronald ron ronnie", "donald don donnie", "lawrence laurence larry", "patrick pat paddy", "peter pete",
        "raymond ray", "gerald gerard jerry gerry", "frederick fred freddie", "albert al", "harold harry hal henry",
        "elizabeth liz beth betty eliza lisa", "margaret maggie meg peggy", "katherine catherine kate kathy cathy",
        "susan sue suzanne", "deborah debbie", "jennifer jenny jen", "patricia patty tricia", "barbara barb",
        "rebecca becky", "theodore ted teddy theo", "francis frank", "vincent vince", "philip phil", "walter walt",
        "leonard leo len lenny", "nathaniel nathan nate", "zachary zach", "douglas doug", "martin marty",
        "sergey sergei serge", "mohamed mohammed muhammad mohammad", "vladimir volodymyr", "juan john jean giovanni",
    )
)  # fmt: skip


_BARE = 4
"""A tail of at most so many words in lower case may be a name."""


class Strength(IntEnum):
    """How a name was found; a stronger way beats a weaker one."""

    NONE = 0
    LAST = 1
    """By its last word, with nothing that speaks against it."""
    PART = 2
    """By some of its words, in order."""
    AFFIXLESS = 3
    """In full but for affixes, titles or ordinals."""
    FULL = 4
    """Word for word, or under an alias."""


@dataclass(frozen=True, slots=True)
class NameMatch:
    """A name found in a claim.

    Attributes:
        strength: How.
        first: Index of the first token of the name as the claim gives it.
        last: Index after its last token.
        covered: How many words of the name the claim gives.
    """

    strength: Strength
    first: int
    last: int
    covered: int


@dataclass(frozen=True, slots=True)
class _Form:
    """A name taken apart."""

    words: tuple[str, ...]
    core: tuple[str, ...]
    last: str | None
    proper: bool


@lru_cache(maxsize=65536)
def _form(name: str) -> _Form:
    base = name.split(" (", 1)[0].strip() or name
    tokens = tokenize(base)
    words = tuple(part for t in tokens for part in _parts(t.norm))
    core = words
    if "of" in words[1:] and words[0] not in _BODIES:  # "Carl XVI Gustaf of Sweden", but not "Bank of America"
        core = words[: words.index("of", 1)]
    lead = next((i for i, w in enumerate(core) if w not in TITLES), len(core))
    kept = tuple(w for w in core[lead:] if w not in AFFIXES)
    core = kept or core
    proper = any(t.text[:1].isupper() for t in tokens)
    last = None
    if len(core) > 1 and proper:
        tail = [w for w in core if w not in _ROMAN]
        if tail and tail[-1] not in _COMMON_LAST and len(tail[-1]) > 2 and not tail[-1][0].isdigit():
            last = tail[-1]
    return _Form(words, core, last, proper)


def _parts(word: str) -> list[str]:
    return [part for part in word.split("-") if part] if "-" in word else [word]


class Words:
    """The words of a claim, ready to be searched for names: hyphenated words count as several.

    Attributes:
        tokens: The claim's tokens.
        norms: The words, folded.
        at: Index of each word's token.
        present: The distinct words.
        careless: Index of the first word from which on the claim is written without capitals, as far as names go.
    """

    __slots__ = ("at", "careless", "norms", "present", "tokens")

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.norms: list[str] = []
        self.at: list[int] = []
        for index, token in enumerate(tokens):
            for part in _parts(token.norm):
                self.norms.append(part)
                self.at.append(index)
        self.present = set(self.norms)
        self.careless = self._careless()

    def _careless(self) -> int:
        """Find where names may stand in lower case: everywhere in a text without capitals, or in a short bare tail.

        A model that writes no capitals completes "The president of Iran is" with "ahmadinejad".
        """
        if all(t.text.islower() or not t.text[0].isalpha() for t in self.tokens):
            return 0
        start = len(self.norms)
        while start and self.tokens[self.at[start - 1]].text.islower() and self.norms[start - 1] not in STOP_WORDS:
            start -= 1
        return start if len(self.norms) - start <= _BARE else len(self.norms)

    def joined(self, position: int) -> bool:
        """Say whether nothing but a space or a hyphen stands between the word and the next one."""
        first, second = self.at[position], self.at[position + 1]
        return first == second or self.tokens[second].start <= self.tokens[first].end + 1


def find_name(words: Words, name: str, aliases: Sequence[str] = (), *, person: bool = True) -> NameMatch | None:
    """Find ``name``, or one of its other names, in a claim.

    Args:
        words: The claim's words.
        name: The name.
        aliases: Its other names.
        person: Whether the last word alone may stand for it, as it does for people and not for organisations.

    Returns:
        The strongest match, or ``None``.
    """
    best = _find(words, name, person=person)
    for alias in aliases:
        if best is not None and best.strength is Strength.FULL:
            break
        other = _find(words, alias, person=person)
        if other is not None and (best is None or other.strength > best.strength):
            best = other
    return best


def _find(words: Words, name: str, *, person: bool) -> NameMatch | None:
    form = _form(name)
    if not form.words:
        return None
    present = words.present
    if present.issuperset(form.words):
        at = _run(words.norms, form.words)
        if at is not None:
            return _match(words, form, Strength.FULL, first=at, last=at + len(form.words), covered=len(form.words))
    if not form.proper:
        return None
    core = form.core
    shared = [w for w in core if w in present]
    if not shared:
        return _misspelt(words, form)
    if len(shared) == len(core):
        at = _run(words.norms, core)
        if at is not None and not (len(core) == 1 < len(words.norms) and _is_other(words, form, at)):
            return _match(words, form, Strength.AFFIXLESS, first=at, last=at + len(core), covered=len(core))
    if len(core) > 1:
        found = _in_order(words, core)
        if (
            found is not None
            and (norms_end := found[1])
            and not (
                core[-1] not in words.norms[found[0] : norms_end]
                and norms_end < len(words.norms)
                and _continues(words, norms_end)
            )
        ):  # "Los Angeles Lakers" is no part of "Los Angeles Clippers"
            return _match(words, form, Strength.PART, first=found[0], last=found[1], covered=found[2])
    if form.last is not None and form.last in present:
        return _by_last(words, form) if person else None
    if len(core) > 1 and core[1] in _ROMAN and core[0] in present:  # "Queen Margrethe" for "Margrethe II"
        at = words.norms.index(core[0])
        return _match(words, form, Strength.LAST, first=at, last=at + 1, covered=1)
    return _misspelt(words, form)


def _match(words: Words, form: _Form, strength: Strength, *, first: int, last: int, covered: int) -> NameMatch | None:
    """Turn a run of words into a match, unless what follows makes it another name: "Elizabeth" II, "Miami" Heat."""
    norms = words.norms
    if last < len(norms) and norms[last] in _ROMAN and norms[last] not in form.words:
        token = words.tokens[words.at[last]]
        if token.text.isupper() and not (norms[last] == "i" and strength is Strength.FULL):
            return None
    return NameMatch(strength, words.at[first], words.at[last - 1] + 1, covered)


def _run(norms: Sequence[str], wanted: tuple[str, ...]) -> int | None:
    start = 0
    size = len(wanted)
    while True:
        try:
            start = norms.index(wanted[0], start)
        except ValueError:
            return None
        if tuple(norms[start : start + size]) == wanted:
            return start
        start += 1


def _in_order(words: Words, core: tuple[str, ...]) -> tuple[int, int, int] | None:
    """Find at least two words of a name, the first or last among them, in order with nothing but affixes between."""
    norms = words.norms
    wanted = set(core)
    for start, word in enumerate(norms):
        if word not in wanted:
            continue
        taken = [word]
        position, end = start + 1, start + 1
        while (
            position < len(norms)
            and (norms[position] in wanted or norms[position] in AFFIXES)
            and words.joined(position - 1)
        ):
            if norms[position] in wanted and norms[position] not in taken:
                taken.append(norms[position])
                end = position + 1
            position += 1
        if core[-1] in _WHICH and core[-1] not in taken:
            continue
        telling = [w for w in taken if w not in _ROMAN and w not in _WHICH]
        if len(telling) < 2:
            continue
        forward = [core.index(w) for w in taken]
        if forward == sorted(forward):
            if core[0] in taken or core[-1] in taken:
                return start, end, len(taken)
        elif set(taken) == wanted:  # "Abe Shinzo"
            return start, end, len(taken)
    return None


def _by_last(words: Words, form: _Form) -> NameMatch | None:
    norms = words.norms
    last = form.last
    for index, word in enumerate(norms):
        if word != last:
            continue
        token = words.tokens[words.at[index]]
        if index < words.careless and not any(c.isupper() for c in token.text):
            continue
        given = _given(words, index)
        if given and not any(_same_given(g, form.core[0]) or g in form.core for g in given):
            continue
        if index + 1 < len(norms) and _continues(words, index + 1):
            continue
        first = index - len(given)
        return _match(words, form, Strength.LAST, first=first, last=index + 1, covered=1 + len(given))
    return None


def _is_other(words: Words, form: _Form, at: int) -> bool:
    """Say whether a single word stands in somebody else's name: "Philippe" in "Édouard Philippe"."""
    given = [g for g in _given(words, at) if g not in form.words]
    return bool(given) or (at + 1 < len(words.norms) and _continues(words, at + 1))


def _given(words: Words, index: int) -> list[str]:
    """Return the given names that stand right before a last name, in a claim's own words."""
    given: list[str] = []
    position = index - 1
    while position >= 0 and len(given) < 3:
        token = words.tokens[words.at[position]]
        word = words.norms[position]
        proper = token.text[0].isupper() or position >= words.careless
        if not proper or word in TITLES or word in STOP_WORDS or word in _ROMAN:
            break
        if not words.joined(position):
            break
        given.insert(0, word)
        position -= 1
    return given


def _continues(words: Words, index: int) -> bool:
    """Say whether a capitalised run goes on, so that the word before is no last name: "Jordan Brand"."""
    token, before = words.tokens[words.at[index]], words.tokens[words.at[index] - 1]
    return (
        token.start == before.end + 1
        and token.text[:1].isupper()
        and words.norms[index] not in TITLES
        and words.norms[index] not in AFFIXES
        and words.norms[index] not in STOP_WORDS
        and words.norms[index] not in _ROMAN
    )


def _same_given(said: str, true: str) -> bool:
    if said == true or (len(said) == 1 and true.startswith(said)) or (len(true) == 1 and said.startswith(true)):
        return True
    if any(said in row and true in row for row in _NICKNAMES):
        return True
    return min(len(said), len(true)) > 3 and (
        said.startswith(true)
        or true.startswith(said)
        or OSA.distance(said, true, score_cutoff=2) <= (1 if len(true) < 8 else 2)
    )


def _misspelt(words: Words, form: _Form) -> NameMatch | None:
    """Find a name of two words or more with one slip in one of them: "Volodymyr Zelensky"."""
    if len(form.core) < 2 or form.last is None or len(form.last) < 6:
        return None
    for index, word in enumerate(words.norms):
        if len(word) < 6 or abs(len(word) - len(form.last)) > 2 or word[0] != form.last[0]:
            continue
        if OSA.distance(word, form.last, score_cutoff=2) > (1 if len(word) < 8 else 2):
            continue
        given = _given(words, index)
        if given and any(_same_given(g, form.core[0]) for g in given):
            return NameMatch(Strength.PART, words.at[index - len(given)], words.at[index] + 1, 1 + len(given))
    return None
