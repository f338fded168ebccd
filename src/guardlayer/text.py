"""Words as every part reads them: folding, tokens with offsets, stop words.

One tokeniser for the ledger, the claims and the verifiers, so that a name found by one is the same name to
the others. Offsets are code points of the text that was passed in.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

# A word keeps inner apostrophes, dots of initialisms (U.S.), and the marks that join numbers (4.2, 1,000, 3-5).
_TOKEN = re.compile(
    r"\d+(?:[.,:/\-]\d+)*|(?:[^\W\d_]\.){2,}|[^\W_]+(?:['’\-][^\W_]+)*|[$€£¥₹%&+#@°]",
)
_EXTRA_FOLDS = str.maketrans(
    {
        "ß": "ss",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ı": "i",
        "’": "'",
        "‘": "'",
        "ʼ": "'",
    }
)

STOP_WORDS = frozenset(
    """a an the of in on at by to for from with as and or is are was were be been being has have had do does did
    it its this that these those there he she they his her their who which what whose whom""".split()  # noqa: SIM905
)
"""English function words that carry no content of their own."""


_REMEMBERED = 1_000
"""Characters up to which the tokens of a text are remembered."""


class Token(NamedTuple):
    """A word of a text.

    Attributes:
        text: The word as it stands in the text.
        norm: The word folded; see :func:`fold`.
        start: Offset of the first code point.
        end: Offset after the last code point.
    """

    text: str
    norm: str
    start: int
    end: int


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Return ``text`` as names are compared: NFKD without accents, case-folded, inner white space single."""
    if text.isascii():
        folded = text.lower()
    else:
        decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_EXTRA_FOLDS))
        folded = "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_EXTRA_FOLDS)
    return " ".join(folded.split())


@lru_cache(maxsize=65536)
def fold_word(word: str) -> str:
    """Fold one word and drop what inflection adds to names: a possessive ``'s`` and the dots of initialisms."""
    folded = fold(word)
    if folded.endswith("'s"):
        folded = folded[:-2]
    elif folded.endswith("'"):
        folded = folded[:-1]
    if "." in folded and not folded[0].isdigit():
        folded = folded.replace(".", "")
    return folded


_new = tuple.__new__


def tokenize(text: str) -> Sequence[Token]:
    """Split ``text`` into words with their offsets, in time linear in its length.

    Short texts are remembered: one claim is read by the ledger, by each verifier, and again after a correction.
    """
    return _remembered(text) if len(text) <= _REMEMBERED else _tokens(text)


def _tokens(text: str) -> tuple[Token, ...]:
    # A list is faster to fill, and a tuple's own constructor faster to call than a named tuple's.
    return tuple([_new(Token, (m[0], fold_word(m[0]), m.start(), m.end())) for m in _TOKEN.finditer(text)])


_remembered = lru_cache(maxsize=4096)(_tokens)


def key(text: str) -> str:
    """Return the folded words of ``text`` joined by single spaces: how names are stored and looked up."""
    return " ".join(token.norm for token in tokenize(text))


_STOP = re.compile(r"[.!?…。！？]+[\"'”’»)\]*_」』）]*")
_WIDE_STOPS = frozenset("。！？")
_ABBREVIATIONS = frozenset(
    """mr mrs ms dr prof sr jr st vs etc eg e.g ie i.e cf al fig eq sec no nos vol ch pp approx est dept inc ltd co
    corp bros gen gov sen rep rev hon capt col sgt lt jan feb mar apr jun jul aug sep sept oct nov dec""".split()  # noqa: SIM905
)
MAX_WORDS = 60
"""Longest statement in words."""
MAX_CHARACTERS = 600
"""Longest statement in code points, for scripts without spaces."""

_SHORT = 5  # words below which a sentence says too little to stand alone
_SOFT_BREAK = re.compile(r"[,;:)—–]\s|\s")
_REFERRING = frozenset(
    """it its this that these those they their he she his her such then there here however but and or so also both
    otherwise therefore thus instead""".split()  # noqa: SIM905
)
_CJK = re.compile(r"[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?\Z")


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield the spans of the sentences in ``text[start:end]``, without white space around them.

    A simple rule for cutting evidence, wrong now and then on unknown abbreviations: it then joins two sentences
    rather than breaking one. Linear in the length.
    """
    end = len(text) if end is None else end
    begin = start
    for match in _STOP.finditer(text, start, end):
        if not _ends_sentence(text, match, end):
            continue
        yield from _trimmed(text, begin, match.end())
        begin = match.end()
    yield from _trimmed(text, begin, end)


def statements(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield the spans in which ``text[start:end]`` is read as evidence: a sentence each, as a rule.

    A sentence that leans on the one before, by its first word or by its brevity, stays with it; one longer than
    :data:`MAX_WORDS` or :data:`MAX_CHARACTERS` is cut at punctuation, else at a space. Linear in the length.
    """
    first = last = -1
    for begin, stop in _bounded(text, start, len(text) if end is None else end):
        words = text[begin:stop].split(None, _SHORT)
        leans = len(words) < _SHORT or words[0].strip("\"'“(,").lower() in _REFERRING
        if last >= 0 and (leans or len(text[first:last].split(None, _SHORT)) < _SHORT):
            joined = text[first:stop]
            if len(joined) <= MAX_CHARACTERS and len(joined.split()) <= MAX_WORDS:
                last = stop
                continue
        if last >= 0:
            yield first, last
        first, last = begin, stop
    if last >= 0:
        yield first, last


def search_terms(text: str) -> list[str]:
    """Return the content words of ``text`` as retrieval compares them, in order and with repeats.

    Stop words and bare symbols are left out, English plurals are cut (the S-stemmer of Harman, *How effective is
    suffixing?*, JASIS 1991), thousands separators dropped, and runs of Chinese or Japanese, which has no spaces,
    become overlapping pairs of characters.
    """
    terms: list[str] = []
    for match in _TOKEN.finditer(text):
        norm = fold_word(match.group())
        if norm in STOP_WORDS or not norm[:1].isalnum():
            continue
        terms.extend(_terms_of(norm))
    return terms


def term_weight(term: str, *, holders: int, size: int) -> float:
    """Return how much sharing ``term`` tells: its inverse document frequency, half of it for a number.

    A claim's numbers are what it may have wrong, and must not outweigh the words that say what they are about.

    Args:
        term: One of :func:`search_terms`.
        holders: Passages that hold it.
        size: Passages in all.
    """
    weight = math.log(1 + (size + 1) / (0.5 + holders))
    return weight / 2 if term[0].isdigit() else weight


@lru_cache(maxsize=65536)
def _terms_of(norm: str) -> tuple[str, ...]:
    if norm.isascii():
        return (norm.replace(",", ""),) if _GROUPED.match(norm) else (_singular(norm),)
    terms: list[str] = []
    position = 0
    for run in _CJK.finditer(norm):
        terms.append(norm[position : run.start()])
        characters = run.group()
        terms.extend(characters[i : i + 2] for i in range(max(1, len(characters) - 1)))
        position = run.end()
    terms.append(norm[position:])
    return tuple(term for term in terms if any(map(str.isalnum, term)))


def _singular(word: str) -> str:
    if len(word) < 4 or word[-1] != "s" or word[-2] in "us":
        return word
    if word.endswith("ies") and word[-4] not in "ea":
        return word[:-3] + "y"
    return word if word[-3:] in ("aes", "ees", "oes") else word[:-1]


def _ends_sentence(text: str, stop: re.Match[str], end: int) -> bool:
    after = stop.end()
    if after >= end or any(mark in _WIDE_STOPS for mark in stop.group()):
        return True
    if not text[after].isspace():
        return False
    while after < end and text[after].isspace():
        after += 1
    if after < end and text[after].islower():
        return False
    if text[stop.start()] != "." or text.startswith("..", stop.start()):
        return True
    words = text[max(0, stop.start() - 16) : stop.start()].split()
    word = words[-1].strip("(\"'“‘[*_") if words else ""
    initial = word[-1:].isupper() and (len(word) == 1 or word[-2] == ".")
    return not initial and word.lower() not in _ABBREVIATIONS


def _bounded(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield sentences, the over-long ones in pieces."""
    for first, last in sentences(text, start, end):
        position = first
        while (limit := _limit(text, position, last)) < last:
            soft = hard = 0
            for match in _SOFT_BREAK.finditer(text, position + (limit - position) // 2, limit):
                hard = match.end()
                soft = soft if match.group()[0].isspace() else match.end()
            stop = soft or hard or limit
            yield from _trimmed(text, position, stop)
            position = stop
        yield from _trimmed(text, position, last)


def _limit(text: str, start: int, end: int) -> int:
    """Return the offset at which a passage from ``start`` is as long as it may be."""
    end = min(end, start + MAX_CHARACTERS)
    words = re.finditer(r"\S+", text[start:end])
    beyond = next(islice(words, MAX_WORDS, None), None)
    return end if beyond is None else start + beyond.start()


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
