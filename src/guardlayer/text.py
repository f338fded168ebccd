"""Words as every part reads them: folding, tokens with offsets, stop words.

One tokeniser for the ledger, the claims and the verifiers, so that a name found by one is the same name to
the others. Offsets are code points of the text that was passed in.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
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


def tokenize(text: str) -> list[Token]:
    """Split ``text`` into words with their offsets, in time linear in its length."""
    return [Token(m.group(), fold_word(m.group()), m.start(), m.end()) for m in _TOKEN.finditer(text)]


def key(text: str) -> str:
    """Return the folded words of ``text`` joined by single spaces: how names are stored and looked up."""
    return " ".join(token.norm for token in tokenize(text))
