"""What the trained classifier reads in a claim: words, pairs of words, and how the sentence is built.

The same function reads the training corpus and the claims of a draft. It is part of the model: a model names the
``VERSION`` of the signs that it was trained on, and is refused by any other.
"""

from __future__ import annotations

import re
from typing import Final

from guardlayer.kinds.lexicon import CLASS_OF, ENDINGS

__all__ = ["SPOKEN", "VERSION", "signs"]

VERSION: Final = 2
SPOKEN: Final = "@spoken"
"""The sign of talk: somebody hesitates, or goes on without a mark."""

_LONGEST: Final = 600
_TOKEN: Final = re.compile(r"n't|'[a-zA-Z]{1,2}\b|\d[\d.,]*\d|[^\W_]+|[?!;:,(]")
_HESITATION: Final = re.compile(
    r"(?:,\s*)?\b(?:uh|um|uhm|er|erm|you know|i mean)\b(?:\s*,)?|\b(\w+)\b(?=,?\s+\1\b)", re.IGNORECASE
)
"""What somebody says who is looking for words: *uh*, *you know*, and a word said twice."""
_HESITATING: Final = (" uh", "uh ", "uh,", "um ", "um,", "you know", "i mean")
_TALKERS: Final = frozenset({"I", "WE", "YOU", "HE", "IT", "THEY", "THIS", "THERE", "AND", "BUT", "IF", "ACT"})
"""Classes of the word that talk opens with where it goes on without a mark."""
_SAID_TWICE: Final = frozenset({"VERY", "NUM", "ACT", "GOOD", "BAD", "ALL"})
"""Classes of words that are said twice for weight (*very, very*), not in search of the next one."""
_MARKS: Final = frozenset("?!;:,(")


def signs(text: str) -> set[str]:
    """Return what is to be seen in ``text``, each sign once.

    Words stand in lower case, with contractions apart (*do n't*); a number is ``#``, a year ``#y``. Classes of words
    (see ``guardlayer.kinds.lexicon``) stand in upper case. There are words, pairs of words, classes, pairs and triples
    of classes; ``^`` is where the claim opens and ``$`` where it closes; ``@`` opens a count. Of talk (``SPOKEN``) the
    classes and their pairs are there once more, behind ``~``: who talks hedges and judges in every other sentence. Of a
    long claim the first 600 characters are read, without the words of somebody who hesitates.
    """
    found: set[str] = set()
    add = found.add
    words = names = numbers = 0
    word_before = before = "^"
    pair = opens = "^"
    class_of, endings = CLASS_OF.get, ENDINGS.get
    text = text[:_LONGEST].rstrip()
    goes_on = text[-1:] in ",-–—" or text[-1:].isalnum()
    text = text.rstrip(" ,-–—/.").replace("’", "'")
    said = text.lower()
    spoken = False
    for hesitating in _HESITATING:
        if hesitating in said:
            spoken = True
            text = _HESITATION.sub(" ", text)
            break
    for token in _TOKEN.findall(text.replace("n't", " n't")):
        if token in _MARKS:
            add(token)
            shape = token
        else:
            word = token.lower()
            known = class_of(word)
            if known is not None:
                shape = known
                if word == word_before and known not in _SAID_TWICE:
                    spoken = True
                    continue
            elif "0" <= word[0] <= "9":
                shape = "NUM"
                numbers += 1
                word = "#y" if len(word) == 4 and word[:2] in ("17", "18", "19", "20") and word.isdigit() else "#"
            elif word[0] != token[0] and words:
                shape = "NAME"
                names += 1
            else:
                shape = endings(word[-3:]) or ("-S" if word[-1] == "s" else "W")
            if not words:
                opens = shape
            words += 1
            add(word)
            add(f"{word_before} {word}")
            word_before = word
        add(shape)
        add(f"{pair} {shape}")
        pair = f"{before} {shape}"
        add(pair)
        before = shape
    add(f"{word_before} $")
    add(f"{pair} $")
    if spoken or (goes_on and opens in _TALKERS):
        found |= {f"~{sign}" for sign in found if sign.count(" ") < 2 and sign.isupper()}
        add(SPOKEN)
    add(f"@words {min(words // 3, 9)}")
    add(f"@names {min(names, 4)}")
    add(f"@numbers {min(numbers, 3)}")
    return found
