"""Markdown inside a line of prose: which characters are markup, and where no sentence may end."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["Inline", "read_inline"]

# One token at a time and no nesting, so that the scan is linear whatever it meets.
_TOKEN: Final = re.compile(r"\\[!-/:-@\[-`{-~]|`+|\*{1,3}|_{1,3}|~~|!?\[|\]\(|\]|<(?=https?://|mailto:)")
_TARGET_REACH: Final = 2048
# "[2]", "[1, 3]", "[^note]": who says so, and no part of what is said.
_CITED: Final = re.compile(r"\^[\w-]{1,40}|[1-9][0-9]{0,2}(?:\s?[,;–-]\s?[1-9][0-9]{0,2})*")
_INTERVAL: Final = re.compile(
    r"(?:\b(?:in|of|over|range|interval|between|within|from|to|is|are|be)|[=∈:])\s*\Z", re.IGNORECASE
)


class Inline(NamedTuple):
    """What was found in a range of text; both lists ascend and neither overlaps itself.

    Attributes:
        hidden: Ranges of markup, which are no part of what is said.
        protected: Ranges in which no sentence ends.
        code: Ranges of code spans, their back-ticks included.
    """

    hidden: list[tuple[int, int]]
    protected: list[tuple[int, int]]
    code: list[tuple[int, int]]


_NOTHING: Final = Inline([], [], [])


def read_inline(text: str, start: int, end: int) -> Inline:
    """Find code spans, links, images, autolinks, emphasis and escapes in ``text[start:end]``, in linear time."""
    tokens = list(_TOKEN.finditer(text, start, end))
    if not tokens:
        return _NOTHING
    later_ticks: dict[int, list[int]] = {}
    for match in reversed(tokens):
        if match.group()[0] == "`":
            later_ticks.setdefault(match.end() - match.start(), []).append(match.start())
    hidden: list[tuple[int, int]] = []
    protected: list[tuple[int, int]] = []
    code: list[tuple[int, int]] = []
    emphasis: dict[str, int] = {}
    brackets: list[tuple[int, int]] = []
    resume = start
    for match in tokens:
        left, right = match.span()
        if left < resume:
            continue
        token = match.group()
        kind = token[0]
        if kind == "`":
            places = later_ticks[len(token)]
            while places and places[-1] <= left:
                places.pop()
            if places:
                close = places[-1] + len(token)
                hidden += [(left, right), (places[-1], close)]
                protected.append((left, close))
                code.append((left, close))
                resume = close
        elif kind == "\\":
            hidden.append((left, left + 1))
        elif kind == "<":
            close = text.find(">", right, min(end, right + _TARGET_REACH))
            if close >= 0:
                hidden += [(left, right), (close, close + 1)]
                protected.append((left, close + 1))
                resume = close + 1
        elif token in ("[", "!["):
            brackets.append((left, right))
        elif token == "](":
            close = _target_end(text, right, min(end, right + _TARGET_REACH)) if brackets else -1
            if close >= 0:
                opening = brackets.pop()
                if (cited := _citation(text, start, opening, left)) is not None:
                    hidden.append((cited, close))
                else:
                    hidden += [opening, (left, close)]
                protected.append((left, close))
                resume = close
        elif token == "]":
            if brackets and (cited := _citation(text, start, brackets.pop(), left)) is not None:
                hidden.append((cited, right))
        else:
            _emphasise(text, match, (start, end), emphasis, hidden)
    hidden.sort()
    return Inline(hidden, protected, code)


def _citation(text: str, start: int, opening: tuple[int, int], close: int) -> int | None:
    """Return where the mark of a citation begins, the space before it included; ``None`` where it is something else.

    A number in brackets that begins a line is a list of sources, and one that a word or sign announces is a value.
    """
    left, inside = opening
    if text[left] != "[" or not _CITED.fullmatch(text, inside, close):
        return None
    before = text[max(start, left - 24) : left].rpartition("\n")[2]
    if not before.strip() or _INTERVAL.search(before):
        return None
    return left - len(before) + len(before.rstrip())


def _emphasise(
    text: str, match: re.Match[str], bounds: tuple[int, int], waiting: dict[str, int], hidden: list[tuple[int, int]]
) -> None:
    """Pair an emphasis mark with the one that opened it, and hide both."""
    (left, right), token, (start, end) = match.span(), match.group(), bounds
    before = text[left - 1] if left > start else " "
    after = text[right] if right < end else " "
    closes = not before.isspace() and not (after.isalnum() and token[0] == "_")
    opens = not after.isspace() and not (before.isalnum() and (token[0] == "_" or after.isalnum()))
    if closes and token in waiting and not (opens and before.isalnum() and after.isalnum()):
        opened = waiting.pop(token)
        if token == "~~":
            # What is struck out is not said. Marks inside it were hidden before; the range swallows them.
            while hidden and hidden[-1][0] >= opened:
                hidden.pop()
            spaced = after == " " and (opened == start or text[opened - 1].isspace())
            hidden.append((opened, right + 1 if spaced else right))
        else:
            hidden += [(opened, opened + len(token)), (left, right)]
    elif opens:
        waiting[token] = left


def _target_end(text: str, start: int, end: int) -> int:
    """Return the offset after the parenthesis that closes a link target, or -1."""
    close = text.find(")", start, end)
    if close < 0:
        return -1
    if text.find("(", start, close) >= 0:
        nested = text.find(")", close + 1, end)
        if nested >= 0 and not text[close + 1 : nested].strip(
            "/-_.#?=&abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        ):
            close = nested
    return -1 if text.find("\n", start, close) >= 0 else close + 1
