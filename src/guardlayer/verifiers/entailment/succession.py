"""Which of two versions of a passage a claim repeats: what the edit changed decides, not how sure the network is.

Versions share most of their wording, so that whatever makes the network unsure of one makes it as unsure of the other:
how much more it finds the claim in the old one (in log odds) says far more than any bar on either. Words that the edit
took out, or quantities that it exchanged, say the rest. An edit that left what is said makes nothing outdated: the
network is asked whether the new version says the old sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher
from math import log

from guardlayer.text import sentences
from guardlayer.verifiers.entailment.judging import Judged
from guardlayer.verifiers.lexical_features import Sentence, coverage, read
from guardlayer.verifiers.lexical_succession import bare, edit, grouped, names_of_code, plain, without
from guardlayer.verifiers.polarity import denied

_LEAST = 0.2
"""Chance of support below which an older version says nothing of a claim; less needs the value that it had."""
MARGIN = 0.8
"""By how much more (in log odds) an older version must support a claim than the one that took its place."""
_MARGIN_WORDS = 0.4
"""The same where the claim has a word that the edit took out, and none that it put in."""
_MARGIN_RENAMED = 0.5
"""The same where the edit exchanged one word or name for another and left the rest of the sentence."""
_SAME, _SAME_WORDS = 0.35, 0.6
"""Chance from which on the new version still says the old sentence in other words: at all, and where the claim has
words that the edit took out."""
_NEAR, _ALIKE = 0.25, 0.6
"""Share of the claim's words that a version must have where the network finds no support in it: where a quantity
decides, and where a name or a negation does."""
_SHARP = 0.005
_ROOT = 5
"""Letters at the start of a word that tell its root."""
_EXCHANGED = 2
"""Most words that one name is exchanged for."""
_CODE = re.compile(r"``?([^`\n]{1,80})``?")


@dataclass(frozen=True, slots=True)
class Change:
    """What an edit did, as far as a claim says it.

    Attributes:
        old: The sentence of the older version that is nearest to the claim.
        new: The sentence of the version that took its place which is nearest to that.
        lost: Whether the claim has words that the edit took out.
        gained: Whether it has words or quantities that the edit put in.
        value: Whether it has a quantity for which the edit put in another.
        exchanged: Whether one word was exchanged for another in an otherwise unchanged sentence.
        renamed: Whether the claim has a name of code that stands in the older version alone.
        denied: Whether the edit put in or took out a negation and left what else the sentence says.
        near: Share of the claim's words that the older sentence has.
    """

    old: str
    new: str
    lost: bool
    gained: bool
    value: bool
    exchanged: bool
    renamed: bool
    denied: bool
    near: float

    @property
    def plainly(self) -> bool:
        """Whether code alone tells the versions apart where the claim speaks of them."""
        return self.value or self.renamed or self.denied

    @property
    def told(self) -> bool:
        """Whether the claim's own words show it to be the older version's, so that it is worth asking the network."""
        return not self.gained and (self.lost or self.plainly)


def margin(old: Judged, new: Judged) -> float:
    """Return by how much more one version supports a claim than another, in log odds."""
    return _log_odds(old.chances.supports) - _log_odds(new.chances.supports)


def change(claim: str, old: str, new: str, *, markdown: str = "") -> Change:
    """Compare two versions of a passage where a claim speaks of them.

    Args:
        claim: The claim.
        old: The older version, or what was read of it.
        new: What took its place.
        markdown: The older version as it was written, whose back quotes tell what is a name.
    """
    said = read(bare(claim))
    before = _nearest(said, plain(old))
    after = _nearest(before, plain(new))
    changed = edit(before, after)
    words = grouped(said.terms)
    lost = {word for word in changed.lost if not any(_akin(word, other) for other in changed.gained)}
    lost_values = without(said.values, without(said.values, changed.lost_values))
    kinds = {value.type for value in changed.gained_values}
    gained = bool(words & changed.gained) or len(without(said.values, changed.gained_values)) < len(said.values)
    exchanged = _exchanged(before, after)
    return Change(
        old=before.text,
        new=after.text,
        lost=bool(words & lost),
        gained=gained,
        value=any(value.type in kinds for value in lost_values),
        exchanged=exchanged,
        renamed=bool(_code(markdown or old, said) - _words(plain(new))),
        denied=not (changed.lost - _DENIALS or changed.lost_values) and before.negated is not after.negated,
        near=coverage(said, before),
    )


def outdated(found: Change, old: Judged, new: Judged, *, kept: Callable[[], float], claim: str) -> bool:
    """Say whether a claim repeats the older of two versions and not the one that took its place.

    Args:
        found: What the edit did.
        old: How the older version stands to the claim.
        new: How the one that took its place does.
        kept: Returns how likely the new version still says the old sentence; asked where that decides.
        claim: The claim.
    """
    if found.gained and not found.lost:
        return False
    apart = margin(old, new)
    about = old.chances.supports >= _LEAST or found.near >= _NEAR
    if found.value and not found.gained and about and apart > -MARGIN:
        return True
    if found.denied and found.near >= _ALIKE and apart > -_MARGIN_WORDS:
        return not denied(claim, found.old) and read(bare(claim)).negated is not read(found.new).negated
    if found.renamed and not found.gained and found.near >= _ALIKE and not denied(claim, found.old):
        return True  # nearly all of its words: what makes the network unsure is not what the edit changed
    if old.chances.supports < _LEAST:
        return False
    exchanged = found.lost and found.exchanged and apart >= _MARGIN_RENAMED
    if not found.gained and (found.renamed or exchanged):
        return True
    words = found.lost and not found.gained
    if apart < (_MARGIN_WORDS if words else MARGIN):
        return False
    return kept() < (_SAME_WORDS if words and apart >= MARGIN else _SAME)


def _nearest(said: Sentence, text: str) -> Sentence:
    found = [read(text[start:end]) for start, end in sentences(text)]
    return max(found, key=lambda one: coverage(said, one), default=read(text))


def _akin(word: str, other: str) -> bool:
    """Say whether two words are of one root, like "depend" and "dependency"."""
    return len(word) >= _ROOT and word[:_ROOT] == other[:_ROOT]


def _exchanged(old: Sentence, new: Sentence) -> bool:
    """Say whether an edit exchanged one word, or one for two, and left the rest of the sentence as it was."""
    before, after = [token.norm for token in old.tokens], [token.norm for token in new.tokens]
    steps = [step for step in SequenceMatcher(None, before, after, autojunk=False).get_opcodes() if step[0] != "equal"]
    return len(steps) == 1 and all(
        0 < end - start <= _EXCHANGED for start, end in ((steps[0][1], steps[0][2]), (steps[0][3], steps[0][4]))
    )


def _code(markdown: str, said: Sentence) -> set[str]:
    """Return the words of a claim that stand as code in a passage, alone in their back quotes."""
    spoken = {token.norm for token in said.tokens}
    shown = {match.group(1).casefold() for match in _CODE.finditer(markdown)}
    return {word for word in shown if word in spoken}


def _words(text: str) -> set[str]:
    return {token.norm for token in read(text).tokens} | names_of_code(text)


def _log_odds(chance: float) -> float:
    return log(max(chance, _SHARP) / max(1 - chance, _SHARP))


_DENIALS = grouped(frozenset({"not", "no", "never", "also", "now", "any", "all"}))
