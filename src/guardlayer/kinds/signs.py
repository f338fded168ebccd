"""What the trained classifier reads in a claim: words, pairs of words, and how the sentence is built.

The same function reads the training corpus and the claims of a draft. It is part of the model: a model names the
``VERSION`` of the signs that it was trained on, and is refused by any other.
"""

from __future__ import annotations

import re
from typing import Final

from guardlayer.kinds.lexicon import CLASS_OF, ENDINGS

__all__ = ["VERSION", "signs"]

VERSION: Final = 1
_LONGEST: Final = 600
_TOKEN: Final = re.compile(r"n't|'[a-zA-Z]{1,2}\b|\d[\d.,]*\d|[^\W_]+|[?!;:,(]")
_HESITATION: Final = re.compile(
    r"(?:,\s*)?\b(?:uh|um|uhm|er|erm|you know|i mean)\b(?:\s*,)?|\b(\w+)\b(?=,?\s+\1\b)", re.IGNORECASE
)
"""What somebody says who is looking for words: *uh*, *you know*, and a word said twice."""
_MARKS: Final = frozenset("?!;:,(")


def signs(text: str) -> set[str]:
    """Return what is to be seen in ``text``, each sign once.

    Words stand in lower case, with contractions apart (*do n't*); a number is ``#``, a year ``#y``. Classes of words
    (see ``guardlayer.kinds.lexicon``) stand in upper case. There are words, pairs of words, classes, pairs and triples
    of classes; ``^`` is where the claim opens and ``$`` where it closes; ``@`` opens a count. Of a long claim the first
    600 characters are read, without the words of somebody who hesitates.
    """
    found: set[str] = set()
    add = found.add
    words = names = numbers = 0
    word_before = before = "^"
    pair = "^"
    class_of, endings = CLASS_OF.get, ENDINGS.get
    text = text[:_LONGEST].rstrip(" ,-–—/.").replace("’", "'")
    spoken = text.lower()
    if " uh" in spoken or "uh " in spoken or "um " in spoken or "you know" in spoken or "i mean" in spoken:
        text = _HESITATION.sub(" ", text)
    for token in _TOKEN.findall(text.replace("n't", " n't")):
        if token in _MARKS:
            add(token)
            shape = token
        else:
            word = token.lower()
            known = class_of(word)
            if known is not None:
                shape = known
            elif "0" <= word[0] <= "9":
                shape = "NUM"
                numbers += 1
                word = "#y" if len(word) == 4 and word[:2] in ("17", "18", "19", "20") and word.isdigit() else "#"
            elif word[0] != token[0] and words:
                shape = "NAME"
                names += 1
            else:
                shape = endings(word[-3:]) or ("-S" if word[-1] == "s" else "W")
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
    add(f"@words {min(words // 3, 9)}")
    add(f"@names {min(names, 4)}")
    add(f"@numbers {min(numbers, 3)}")
    return found
