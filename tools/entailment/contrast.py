"""Makes squares out of supported pairs: one word changed in the evidence, in the claim, in both, in neither.

Evidence and claim that agree on a word support, whichever word it is; those that disagree do not. So neither text alone
tells the answer, as it does where only claims are edited.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from tools.entailment.augment import Names, swapped
from tools.entailment.pairs import Label, Pair

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
ROWS: tuple[tuple[str, ...], ...] = tuple(
    tuple(row.split()) for row in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["rows"]
)
_MATES: dict[str, set[str]] = {}
for _row in ROWS:
    for _word in _row:
        _MATES.setdefault(_word, set()).update(set(_row) - {_word})
_DENIED = re.compile(r"\b(is|are|was|were|has|have|had|can|will|would|does|did|do)\b(?! (?:not|also|been|only)\b|n't)")


def squares(pairs: Sequence[Pair], names: Names, rng: Random, *, name: str = "square") -> Iterator[Pair]:
    """Write a square for each supported pair that has something to change.

    Args:
        pairs: Supported pairs.
        names: Names to put in the place of others.
        rng: Picks what is changed.
        name: What the twins' names begin with.
    """
    for number, pair in enumerate(pairs):
        makers = rng.choice(_CHOICES)
        for maker in makers:
            made = maker(pair, names, rng)
            if made is not None:
                evidence, claim, label, sort = made
                twin = f"{name}:{number}"
                yield replace(pair, source="square_same", twin=twin)
                yield Pair(evidence, pair.claim, label, f"square_{sort}", twin)
                yield Pair(pair.evidence, claim, label, f"square_{sort}", twin)
                yield Pair(evidence, claim, Label.SUPPORTS, "square_same", twin)
                break


_Made = tuple[str, str, Label, str] | None


def _worded(pair: Pair, _names: Names, rng: Random) -> _Made:
    """Change one word of a sort for another: "director" for "producer"."""
    held = {word.lower() for word in _WORD.findall(pair.evidence)}
    said = {word.lower() for word in _WORD.findall(pair.claim)}
    both = sorted(word for word in held & said if word in _MATES)
    rng.shuffle(both)
    for word in both:
        # A mate that is told or said as well might make the changed text true, or senseless.
        mates = sorted(mate for mate in _MATES[word] if mate not in held | said)
        if mates:
            table = {word: rng.choice(mates)}
            return swapped(pair.evidence, table), swapped(pair.claim, table), Label.NOT_SUPPORTS, "word"
    return None


def _named(pair: Pair, names: Names, rng: Random) -> _Made:
    """Change one name for another."""
    held, said = set(_WORD.findall(pair.evidence)), set(_WORD.findall(pair.claim))
    stems = {word[:4].lower() for word in held | said}
    both = sorted(word for word in held & said if word in names.known)
    rng.shuffle(both)
    for word in both:
        if sum(other[:4] == word[:4] for other in held | said) > 1:
            continue
        place = "last" if word in names.last else "alone"
        for _ in range(8):
            new = names.draw(place, rng)
            if new[:4].lower() not in stems:
                pattern = re.compile(rf"\b{re.escape(word)}\b")
                changed = pattern.sub(new, pair.evidence), pattern.sub(new, pair.claim)
                return *changed, Label.NOT_SUPPORTS, "name"
    return None


def _denied(pair: Pair, _names: Names, _rng: Random) -> _Made:
    """Deny both: the same auxiliary before the same word."""
    if len(re.findall(r"[.!?](?: |$)", pair.evidence)) > 1 or len(pair.evidence) > 160:
        return None
    first, second = _DENIED.search(pair.evidence), _DENIED.search(pair.claim)
    if first is None or second is None or first.group() != second.group():
        return None
    after = [_WORD.findall(text[match.end() :])[:4] for text, match in ((pair.evidence, first), (pair.claim, second))]
    if len(after[0]) < 2 or after[0][:2] != after[1][:2]:
        return None
    denied = [f"{t[: m.end()]} not{t[m.end() :]}" for t, m in ((pair.evidence, first), (pair.claim, second))]
    return denied[0], denied[1], Label.REFUTES, "denial"


_CHOICES = ((_worded, _named), (_worded, _named), (_denied, _worded, _named), (_named, _worded))
