"""Finds the names of a claim that its evidence does not mention."""

from __future__ import annotations

import re

from guardlayer.verifiers.marks.reading import SKIPPED
from guardlayer.verifiers.marks.tokens import MISS

_JOINTS = "'’.-&_"
_NAME = re.compile(r"[^\W\d_](?:[\w&]|['’.\-](?=\w))*")
_OPENERS = SKIPPED | frozenset(
    """a i in on at by of to as if it he she we they you our your my no one every each both many few several most as
    now then according despite although because however there's here today currently yes this these""".split()  # noqa: SIM905
)


def missing_names(evidence: str, claim: str) -> list[tuple[int, str]]:
    """Return where the claim's names end whose last word the evidence lacks."""
    marks: list[tuple[int, str]] = []
    text = evidence.lower()
    end, absent = -1, False
    for index, match in enumerate(_NAME.finditer(claim)):
        word = match.group()
        if not word[0].isupper() or len(word) < 2:
            continue
        folded = word.lower()
        if folded in _OPENERS:
            continue
        start = match.start()
        if start - 1 != end or claim[end] != " ":  # not the next word of one name
            if absent:
                marks.append((end, MISS))
            absent = False
            if index == 0 and not _followed_by_capital(claim, match.end()):
                continue
        absent = not _mentions(text, _bare(folded)) and not (word.isupper() and _is_acronym(word, evidence))
        end = match.end()
    if absent:
        marks.append((end, MISS))
    return marks


def _mentions(text: str, word: str) -> bool:
    """Say whether a text in lower case has a word, in the singular or the plural, by itself."""
    at = text.find(word)
    while at >= 0:
        first, last = at, at + len(word)
        while first and (
            text[first - 1].isalnum() or (text[first - 1] in _JOINTS and text[first - 2 : first - 1].isalnum())
        ):
            first -= 1
        while last < len(text) and (
            text[last].isalnum() or (text[last] in _JOINTS and text[last + 1 : last + 2].isalnum())
        ):
            last += 1
        if _bare(text[first:last]) == word:
            return True
        at = text.find(word, at + 1)
    return False


def _bare(word: str) -> str:
    word = word.removesuffix("'s").removesuffix("’s").rstrip(".")
    return word[:-1] if len(word) > 4 and word[-1] == "s" else word


def _followed_by_capital(text: str, end: int) -> bool:
    return end + 1 < len(text) and text[end] in " -" and text[end + 1].isupper()


def _is_acronym(word: str, evidence: str) -> bool:
    initials = "".join(match[0] for match in _NAME.findall(evidence) if match[0].isupper())
    return len(word) > 1 and word.replace(".", "").replace("&", "") in initials
