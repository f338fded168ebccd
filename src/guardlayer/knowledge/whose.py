"""Whose attribute a claim speaks of: what ties the words of an attribute to one name rather than to another.

The ledger knows some names and not others. In "Beta's list price is $49, unlike Acme's" the words are there for a
price of Acme, and the sentence says nothing of it. Where another name is tied more closely to the attribute, where a
known name is only compared with, or is part of another name, the known entity is not taken: no alignment is better
than a wrong one. Only the form of the words is read; nothing here knows what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from guardlayer.knowledge.attributes import Found
from guardlayer.knowledge.names import Mention
from guardlayer.text import STOP_WORDS, Token


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RELATED = _words(
    "rival rivals competitor competitors subsidiary subsidiaries supplier suppliers customer customers client clients "
    "partner partners parent affiliate affiliates division unit spin-off spinoff alternative alternatives neighbour "
    "neighbours neighbor neighbors peer peers counterpart counterparts"
)
"""Nouns for somebody else who is named by way of an entity: a rival of Acme is not Acme."""
_AGAINST = _words("like unlike than versus vs besides except outside")
_COMPARED = _words("compared comparison contrast contrasted opposed relative similar rather")
_ARTICLES = _words("a an the its their his her our")
_LINKS = _words("of at for")
_SUFFIXES = _words(
    "plus pro max mini lite premium ultra xl ii iii iv jr sr junior senior foundation bank university institute "
    "academy labs ventures europe asia africa americas emea apac uk usa"
)
"""Words that, right behind a name, make it the name of another: "Standard Plan Plus"."""
_REGIONS = _words("north northern south southern east eastern west western central upper lower greater")
_PREFIXES = _words("new old great little young")
_BACK = _words("company firm organisation organization business country nation team club product plan group state city")
"""Nouns that take up a name said before: "Acme says the company's list price is $49"."""
_BODIES = _words("republic federation state states union kingdom commonwealth government people board council group")
"""Names that stand for the one spoken of: "the President of the Republic"."""
_DEMONYM = re.compile(r".+(?:ish|ese|an|ch|ic|ss|ek|i|tch)\Z")
_NO_NAME = STOP_WORDS | _words(
    "i you we me us my your our mr mrs ms dr sir today yesterday tomorrow now everyone nobody monday tuesday wednesday "
    "thursday friday saturday sunday january february march april may june july august september october november "
    "december yes no sure please note so also but however currently usd eur gbp "
    "users customers admins analysts investors critics reviewers members employees teams companies many most some all "
    "several after when once since because as while if before although though until"
)
_HEADINGS = _words(
    "pricing prices price cost costs overview summary details detail key facts fact leadership management people about "
    "company product products features specs specifications plan plans name status contact general information info "
    "background basics profile terms quick answer result results current"
)
"""Words of headings that name a kind of thing, not a thing."""
_REPLIES = _words("great correct hello hi thanks right ok okay yes done good exactly wonderful perfect")
_OPENERS = _words("after when once since because as while if before although though until")
_PREPOSITIONS = _words("of in on at by to for from with as and or")
_NEAR = 3
"""Between a name and its attribute stand at most so many words: "Beta's new and much lower list price" is enough."""
_NUMBER = re.compile(r"v?\d+(?:\.\d+)*\Z")


@dataclass(frozen=True, slots=True)
class Name:
    """A proper name in a text, known to the ledger or not: token indices ``[first, last)`` and its folded words."""

    first: int
    last: int
    words: frozenset[str]


def names(tokens: Sequence[Token], text: str, named: AbstractSet[int]) -> list[Name]:
    """Return the runs of capitalised words that belong to no known name.

    Args:
        tokens: The words of the text.
        text: The text.
        named: Indices of the tokens of known names.
    """
    found = []
    index, count = 0, len(tokens)
    while index < count:
        if not _capital(tokens, index, named):
            index += 1
            continue
        last = index + 1
        while (
            last < count
            and tokens[last].start - tokens[last - 1].end == 1
            and not possessive(tokens[last - 1], text)
            and _capital(tokens, last, named)
        ):
            last += 1
        found.append(Name(index, last, frozenset(t.norm for t in tokens[index:last])))
        index = last
    return found


def stands_for(name: Name, entity: str) -> bool:
    """Say whether a name is only another word for the entity: "the French Republic", "the Swedish" of Sweden."""
    words = entity.casefold().split()
    return all(
        word in _BODIES or (_DEMONYM.match(word) is not None and any(word[:2] == other[:2] for other in words))
        for word in name.words
    )


def possessive(token: Token, text: str) -> bool:
    """Say whether a noun owns what follows: "Acme's", "competitors'"."""
    word = token.text
    if word[-2:] in ("'s", "’s"):
        return token.norm not in STOP_WORDS and token.norm not in {"let", "here"}
    return word[-1:] == "s" and text[token.end : token.end + 2] in ("' ", "’ ")


def owns(last: int, tokens: Sequence[Token], text: str) -> bool:
    """Say whether the name that ends before token ``last`` owns a thing named right behind: "Italy's bank"."""
    return (
        last < len(tokens)
        and possessive(tokens[last - 1], text)
        and text[tokens[last - 1].end : tokens[last].start] in (" ", "' ", "’ ")
        and tokens[last].norm != "board"
    )


def is_subject(
    mention: Mention, found: Found, tokens: Sequence[Token], text: str, values: Iterable[frozenset[str]]
) -> bool:
    """Say whether a known name, by where it stands, may be whose attribute is spoken of.

    Args:
        mention: The known name.
        found: The attribute.
        tokens: The words of the claim.
        text: The claim.
        values: Folded words of each value the key has had.
    """
    return not (
        _extended(mention, found, tokens, text, values)
        or _compared(mention, found, tokens)
        or _owned(mention, found, tokens, text)
    )


def taken(
    found: Found,
    tokens: Sequence[Token],
    text: str,
    others: Callable[[], Iterable[Name]],
    *,
    mention: Mention | None = None,
    numeric: bool = False,
) -> bool:
    """Say whether another name has the attribute.

    Args:
        found: The attribute.
        tokens: The words of the claim.
        text: The claim.
        others: Returns the names in the claim that are neither the entity's nor a value of the key.
        mention: The known name in the claim; ``None`` where the entity comes from elsewhere.
        numeric: Whether the values of the key are numbers, so that no name can be one.
    """
    if mention is not None and _direct(mention, found, tokens):
        return False
    if mention is None and any(
        possessive(token, text) and token.norm in _RELATED
        for token in tokens[max(0, found.first - _NEAR) : found.first]
    ):
        return True
    for name in others():
        if _tied(name, found, tokens, text, loose=mention is None or numeric):
            return True
        if mention is None and _about(name, tokens, text, numeric=numeric):
            return True
        if mention is not None and _aside_of(name, mention, found, tokens, text, numeric=numeric):
            return True
    return False


def leads(tokens: Sequence[Token], text: str, unknown: Sequence[Name], mentions: Sequence[Mention]) -> bool:
    """Say whether an unknown name, not a known one, is what a text is about, as far as its form shows.

    A heading is about what it names, a sentence about the name it begins with, if that is more than one word, which
    might be any, or a known one follows.
    """
    if not unknown:
        return False
    name = unknown[0]
    if not mentions and name.last < len(tokens):
        return name.first == 0 and name.last > 1 and acts(name, tokens, text)
    if not mentions:
        return (
            name.first == 0
            and name.last == len(tokens)
            and not name.words <= _HEADINGS
            and not text.rstrip().endswith(("!", "?"))
            and not (name.words <= _REPLIES or text.rstrip(" .").endswith("ly"))
        )
    start = 1 if tokens[0].norm in _OPENERS else 0
    return (
        name.first == start
        and name.last < mentions[0].first
        and tokens[name.last].text.islower()
        and tokens[name.last].norm not in _PREPOSITIONS
        and tokens[name.last].start - tokens[name.last - 1].end == 1
    )


def acts(name: Name, tokens: Sequence[Token], text: str) -> bool:
    """Say whether a sentence begins with the name and says something of it: "Beta charges …", "Beta's is …"."""
    if name.first > 0 or name.words <= _HEADINGS or name.last >= len(tokens):
        return False
    word = tokens[name.last]
    verb = word.norm in STOP_WORDS or (word.text.islower() and word.text.endswith(("s", "ed")))
    return possessive(tokens[name.last - 1], text) or (verb and word.start - tokens[name.last - 1].end == 1)


def _capital(tokens: Sequence[Token], index: int, named: AbstractSet[int]) -> bool:
    token = tokens[index]
    return index not in named and token.text[0].isupper() and token.norm not in _NO_NAME


def _tied(name: Name, found: Found, tokens: Sequence[Token], text: str, *, loose: bool) -> bool:
    first, last = name.first, min(name.last, found.first) if name.first < found.first else name.last
    if found.first <= first < found.last:
        return False  # capitals of the attribute's own words
    if last <= found.first:
        if name.words <= _HEADINGS:
            return False
        between = tokens[last : found.first]
        if possessive(tokens[last - 1], text):
            return len(between) <= _NEAR and not any(t.norm in STOP_WORDS for t in between)
        # "Beta list price", "Beta, list price: $49", "Beta: list price"
        return loose and not between
    linked = found.last < len(tokens) and tokens[found.last].norm in _LINKS
    return linked and _after_articles(tokens, found.last + 1) == first


def _about(name: Name, tokens: Sequence[Token], text: str, *, numeric: bool) -> bool:
    """Say whether a sentence that names no entity of the ledger is about the name: "Beta has …", "At Beta, …"."""
    if name.first == 1 and tokens[0].norm in {"at", "for", "with"}:
        return True
    if name.first > 0 or not acts(name, tokens, text):
        return False
    following = tokens[name.last + 1].norm if name.last + 1 < len(tokens) else ""
    return numeric or (tokens[name.last].norm in {"has", "have", "had"} and following in _ARTICLES)


def _aside_of(name: Name, mention: Mention, found: Found, tokens: Sequence[Token], text: str, *, numeric: bool) -> bool:
    """Say whether the known name stands in an aside to another: "Beta, which owns Acme, has …", "Beta (ex Acme) …"."""
    return (
        name.first == 0
        and name.last < mention.first
        and mention.last <= found.first
        and text[tokens[name.last - 1].end : tokens[name.last].start] in (", ", " (")
        and text[mention.span.end : mention.span.end + 1] in (",", ")")
        and (numeric or tokens[name.last].norm != "who")
    )


def _after_articles(tokens: Sequence[Token], index: int) -> int:
    while index < len(tokens) and tokens[index].norm in _ARTICLES:
        index += 1
    return index


def _direct(mention: Mention, found: Found, tokens: Sequence[Token]) -> bool:
    """Say whether nothing stands between a known name and the attribute: "Acme's CEO", "the CEO of Acme"."""
    if mention.last <= found.first:
        between = tokens[mention.last : found.first]
        return len(between) <= _NEAR and not any(t.norm in STOP_WORDS or t.text[0].isupper() for t in between)
    if mention.first < found.last:
        return True
    index = found.last
    if tokens[index].norm in _LINKS or tokens[index].norm in {"in", "by"}:
        index += 1
    return _after_articles(tokens, index) == mention.first


def _extended(
    mention: Mention, found: Found, tokens: Sequence[Token], text: str, values: Iterable[frozenset[str]]
) -> bool:
    """Say whether the name is a part of a longer one: "Standard Plan Plus", "northern Italy", "Widget Pro 4.2"."""
    before, after = mention.first - 1, mention.last
    if before >= 0 and tokens[mention.first].start - tokens[before].end == 1 and before not in _span(found):
        word = tokens[before]
        if word.norm in _REGIONS or (before > 0 and word.text[0].isupper() and word.norm in _PREFIXES):
            return True
    if after >= len(tokens) or after in _span(found) or possessive(tokens[after - 1], text):
        return False
    word = tokens[after]
    if word.start - tokens[after - 1].end != 1:
        return False
    if word.norm in _SUFFIXES and word.text[0].isupper():
        return True
    verb = after + 1 < len(tokens) and (
        after + 1 in _span(found) or tokens[after + 1].norm in STOP_WORDS - {"a", "an", "the", "and", "or"}
    )
    return bool(_NUMBER.match(word.norm)) and verb and not any(word.norm.removeprefix("v") in v for v in values)


def _span(found: Found) -> range:
    return range(found.first, found.last)


def _compared(mention: Mention, found: Found, tokens: Sequence[Token]) -> bool:
    """Say whether the name only says what somebody else is compared with, or related to."""
    if mention.last < len(tokens) and tokens[mention.last].norm == "whose":
        return False
    index = mention.first - 1
    while index >= 0 and tokens[index].norm in _ARTICLES:
        index -= 1
    if index < 0 or index in _span(found):
        return False
    word = tokens[index].norm
    if word in _AGAINST:
        return True
    if word == "not":
        return _aside(tokens, index)
    if index == 0 or word not in STOP_WORDS or index - 1 in _span(found):
        return False
    before = tokens[index - 1].norm
    if before == "not":
        return _aside(tokens, index - 1)
    return before in _RELATED or (before in _COMPARED and word in {"to", "with"}) or (before, word) == ("instead", "of")


def _aside(tokens: Sequence[Token], index: int) -> bool:
    """Say whether a "not" sets a name aside (", not of Acme", "but not Acme"), rather than denying the sentence."""
    return index > 0 and (tokens[index].start - tokens[index - 1].end > 1 or tokens[index - 1].norm in {"but", "and"})


def _owned(mention: Mention, found: Found, tokens: Sequence[Token], text: str) -> bool:
    """Say whether what the name owns, and not the name, has the attribute: "Acme's rivals' prices", "Italy's bank"."""
    last = mention.last
    owner = possessive(tokens[last - 1], text)
    if owner:
        related = [i for i in range(last, min(last + 2, len(tokens))) if tokens[i].norm in _RELATED]
        if related and related[0] not in _span(found):
            return True
    if last <= found.first:
        return any(possessive(token, text) and token.norm not in _BACK for token in tokens[last : found.first])
    if not owner or mention.first < found.last:
        return False
    index = found.last
    linked = tokens[index].norm in _LINKS and _after_articles(tokens, index + 1) == mention.first
    return linked and owns(last, tokens, text)
