"""Whether two sentences deny the same: negations of every kind, counted, what both have left out.

"Is not the same project" and "is a different project" deny once each and agree; "uses it" and "does not use it" do not.
A network that reads pairs takes every "not" that it meets for a disagreement, and code can count.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from guardlayer.verifiers.lexical_features import word_set

_DENYING = word_set(
    "not no never none neither nor cannot nothing nobody nowhere hardly scarcely seldom rarely barely without unless "
    "except excepting excluding unlike minus"
)
"""Words that deny what they stand with; any word that ends in n't does too."""
_PHRASES = re.compile(
    r"\b(?:rather than|instead of|in place of|other than|apart from|aside from|no longer|no one"
    r"|not any(?:more| longer)|with the exception of|out of the question|free (?:of|from)"
    r"|(?:leave|leaves|leaving|left|keep|keeps|kept)(?: \w+){0,3} out"
    r"|(?:turn|turns|turned|switch|switched|switches) off|run(?:s|ning)? out)\b"
)
"""The same of several words; each counts once."""
_NEGATIVE = word_set(
    "lack lacks lacking absent absence missing omit omits omitted omitting exclude excludes excluded skip skips "
    "skipped skipping avoid avoids avoided refuse refuses refused reject rejects rejected deny denies denied forbid "
    "forbids forbidden prohibit prohibits prohibited ban bans banned prevent prevents prevented block blocks blocked "
    "stop stops stopped cease ceases ceased fail fails failed failing ignore ignores ignored neglect neglects "
    "neglected disable disables disabled off false wrong closed different differs differ differently distinct "
    "otherwise change changes changed changing alter alters altered lose loses lost expire expires expired outside "
    "separate separately free private remove removes removed drop drops dropped cancel cancels cancelled canceled "
    "disallow disallows disallowed disagree disagrees disappear disappears disconnect disconnects disconnected "
    "discontinue discontinues discontinued impossible invalid inactive incorrect incomplete inaccessible invisible "
    "indirect informal insecure insufficient incompatible inconsistent ineligible inadmissible irrelevant "
    "irregular illegal"
)
"""Words that say the opposite of a plainer one: their negation affirms ("not excluded", "not the same")."""
_PREFIXED = re.compile(r"un(?!der|i[ftoqv]|til|less|to$|cle|anim)\w{3}|non-?(?!e$|etheless)\w{3}|\w{3,}less$")
"""Words that deny by how they are made; "unless" is counted as one that denies outright."""
_STEM = 4


class Denials(NamedTuple):
    """What a sentence denies.

    Attributes:
        plain: Words that deny, each as often as it stands.
        inherent: Words that say the opposite of another.
    """

    plain: Counter[str]
    inherent: Counter[str]


@lru_cache(maxsize=4096)
def denials(text: str) -> Denials:
    """Return the words of a text that deny, in every form in which English does."""
    text = text.casefold().replace("\u2019", "'")
    plain: Counter[str] = Counter()
    for match in _PHRASES.finditer(text):
        plain[match.group()] += 1
    rest = _PHRASES.sub(" ", text)
    inherent: Counter[str] = Counter()
    for word in re.findall(r"[^\W_]+(?:[-'][^\W_]+)*", rest):
        if word in _DENYING or word.endswith("n't"):
            plain["not"] += 1
        elif word in _NEGATIVE or _PREFIXED.match(word):
            inherent[word] += 1
    return Denials(plain, inherent)


def denied(claim: str, sentence: str) -> bool | None:
    """Say whether exactly one of two sentences denies what they speak of; ``None`` where neither denies anything.

    Words that both have count in neither.
    """
    one, other = denials(claim), denials(sentence)
    if not (one.plain or other.plain or one.inherent or other.inherent):
        return None
    said = {word[:_STEM] for word in one.inherent}
    held = {word[:_STEM] for word in other.inherent}
    count = sum(one.plain.values()) + sum(other.plain.values())
    count += sum(n for word, n in one.inherent.items() if word[:_STEM] not in held)
    count += sum(n for word, n in other.inherent.items() if word[:_STEM] not in said)
    return count % 2 == 1
