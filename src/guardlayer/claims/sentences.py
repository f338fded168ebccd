"""Sentence boundaries by rule, with exact offsets, in time linear in the length of the text.

Each place where a sentence could end is visited once. What is looked at around it is bounded, or is consumed with
it, so no input makes the scan quadratic. How the rules compare with published segmenters: ``docs/design/claims.md``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from guardlayer.claims.lexicon import (
    CLOSING_ABBREVIATIONS,
    INNER_ABBREVIATIONS,
    NUMBERING_ABBREVIATIONS,
    SPEECH_VERBS,
    STARTERS,
    TITLES,
    VERBS_AFTER_NAME,
)

__all__ = ["sentences"]

_EMOJI: Final = "\u2600-\u27bf\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff"
# Nothing follows a repeated group here: the pattern never backtracks.
_CANDIDATE: Final = re.compile(
    rf"""(?P<latin>[.!?…‥‽]+)(?P<closers>(?:["'”’»)\]}}*_~」』]|\[\d{{1,3}}\])*)
    |(?P<other>[。！？｡।॥؟۔։።།။។]+)(?P<marks>[」』”’»）)\]】》"*_]*)
    |(?P<newline>\n[\s>]*)
    |(?P<emoji>[{_EMOJI}][{_EMOJI}\ufe0f\u200d]*)""",
    re.VERBOSE,
)
_FOLLOWING: Final = re.compile(r"""(?P<space>\s*)(?P<open>["'“‘«(\[*_¿¡]*)(?P<word>[^\W_]+(?:['’][^\W_]+)*)?""")
_TRAILING_EMOJI: Final = re.compile(rf"[ \t]?[{_EMOJI}\ufe0f\u200d]+")
_QUOTES: Final = (("“", "”"), ("«", "»"), ("「", "」"), ("『", "』"), ("(", ")"), ("（", "）"))
_REACH: Final = 400
_WRAP: Final = 60


def sentences(
    text: str,
    start: int = 0,
    end: int | None = None,
    protected: Sequence[tuple[int, int]] = (),
    *,
    first: bool = True,
) -> list[tuple[int, int]]:
    """Return the sentences of ``text[start:end]`` as ``(start, end)`` offsets in ``text``, without outer white space.

    Args:
        text: The whole text.
        start: Where to begin, in code points.
        end: Where to stop; the end of the text by default.
        protected: Ascending ranges in which no sentence ends, such as code spans and link targets.
        first: Whether the first of them is the first of its block.
    """
    stop = len(text) if end is None else end
    pairs = [pair for pair in _QUOTES if text.find(pair[0], start, stop) >= 0]
    straight = text.find('"', start, stop) >= 0
    found: list[tuple[int, int]] = []
    begin = counted = start
    depth = dict.fromkeys(pairs, 0)
    odd = False
    guard = 0
    resume = start
    for match in _CANDIDATE.finditer(text, start, stop):
        at, after = match.span()
        if at < resume:
            continue
        while guard < len(protected) and protected[guard][1] <= at:
            guard += 1
        if guard < len(protected) and protected[guard][0] <= at:
            continue
        group = match.lastgroup
        if group == "newline":
            if not _line_ends(text, begin, match, stop):
                continue
            boundary = at
        else:
            if group == "emoji":
                boundary = after
            else:
                boundary = after
                for pair in pairs:
                    opened = text.count(pair[0], counted, after) - text.count(pair[1], counted, after)
                    depth[pair] = max(0, depth[pair] + opened)
                if straight and text.count('"', counted, after) % 2:
                    odd = not odd
                counted = after
                if (odd and text.find('"', after, min(stop, after + _REACH)) >= 0) or any(
                    level and text.find(pair[1], after, min(stop, after + _REACH)) >= 0 for pair, level in depth.items()
                ):
                    continue
            if not _ends(text, begin, match, stop, first=first and not found):
                continue
            if group != "emoji":
                trailing = _TRAILING_EMOJI.match(text, after, stop)
                if trailing and (trailing.end() == stop or text[trailing.end()].isspace()):
                    boundary = resume = trailing.end()
        _keep(text, begin, boundary, found)
        begin = counted = max(boundary, after if group == "newline" else boundary)
        odd = False
        if pairs:
            depth = dict.fromkeys(pairs, 0)
    _keep(text, begin, stop, found)
    return found


def _keep(text: str, start: int, end: int, found: list[tuple[int, int]]) -> None:
    """Add ``[start, end)`` without its outer white space, if anything is left."""
    body = text[start:end]
    left = body.lstrip()
    if left:
        start += len(body) - len(left)
        found.append((start, start + len(left.rstrip())))


def _line_ends(text: str, begin: int, match: re.Match[str], stop: int) -> bool:
    """Say whether a sentence ends with its line: wrapped lines go on, list-like short lines do not."""
    at, after = match.span()
    if match.group().count("\n") > 1 or after >= stop:
        return True
    before = text[max(begin, at - 200) : at].rstrip("*_~ \t\r")
    if not before:
        return True
    last, following = before[-1], text[after]
    if last in ".!?…:。！？।؟۔":
        return True
    if following.islower() or last in ",;–—-(（、，":
        return False
    line = text.rfind("\n", begin, at) + 1 or begin
    return at - line < _WRAP


def _ends(text: str, begin: int, match: re.Match[str], stop: int, *, first: bool) -> bool:
    """Say whether a sentence ends at this mark."""
    at, after = match.span()
    following = _FOLLOWING.match(text, after, stop)
    assert following is not None
    space, word = following["space"], following["word"] or ""
    if following.end() == stop and not word:
        return True
    if match.lastgroup == "emoji":
        return bool(space) and word[:1].isupper() and bool(text[max(begin, at - 3) : at].strip())
    if match["other"] is not None:
        return bool(space) or not any(mark in "」』”》" for mark in match["marks"])
    if not space:
        return after < stop and _is_emoji(text[after])
    run, closers = match["latin"], match["closers"]
    quoted = any(mark in "\"'”’»" for mark in closers)
    lower = word[:1].islower()
    if quoted and (lower or word.lower() in SPEECH_VERBS):
        return False
    bare = not following["open"] and not word
    if bare and text[following.end() : following.end() + 1] in tuple(",;:)"):
        return False
    chunk = text[max(begin, at - 40) : at]
    before = chunk.rsplit(None, 1)[-1].lstrip("([{\"'“‘«*_") if chunk and not chunk[-1].isspace() else ""
    if "?" in run:
        return not (lower and quoted)
    if "!" in run:
        return not (lower and before[:1].isupper() and word in VERBS_AFTER_NAME)
    if len(run) > 1 or run != ".":
        return not lower and word != "I"
    if closers.strip("*_~"):
        if not lower:
            return True
        if ")" in closers:
            return False
    return _dot_ends(before, word, opens=at - len(before) <= begin + 1, first=first)


def _dot_ends(before: str, word: str, *, opens: bool, first: bool) -> bool:
    """Say whether a single full stop between two words ends a sentence.

    Args:
        before: The word it follows, without it.
        word: The word after it.
        opens: Whether ``before`` is the first word of its sentence.
        first: Whether that sentence is the first of its block.
    """
    folded = before.lower()
    upper = word[:1].isupper()
    starts = upper and word.lower() in STARTERS
    letter = len(before) == 1 and before.isalpha()
    if folded in TITLES or (folded in INNER_ABBREVIATIONS and not (letter and before.isupper())):  # v. but Harald V.
        return False
    if folded in NUMBERING_ABBREVIATIONS:
        return not word[:1].isdigit() and (starts or (folded == "no" and (upper or not word)))
    initials = "." in before and all(0 < len(part) <= 2 and part.isalpha() for part in before.split("."))
    if folded in CLOSING_ABBREVIATIONS or initials or (letter and before.isupper()):
        return starts
    if opens and not first and before.isdigit() and len(before) <= 2:
        return False
    if word[:1].islower():
        return len(before) > 1 and (word in STARTERS or not word.islower() or any(map(str.isdigit, word)))
    return True


def _is_emoji(character: str) -> bool:
    return "\u2600" <= character <= "\u27bf" or "\U0001f1e6" <= character <= "\U0001faff"
