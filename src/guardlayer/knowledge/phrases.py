"""Declared phrases: how somebody says that a claim speaks of a query, an action or a subject.

A phrase is words and ``{name}`` placeholders: ``order {order}`` finds "Order #4711" where ``order`` has a pattern that
fits. Words match whole and without regard to case; an ``s`` at the end of the last word is optional.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from guardlayer.errors import ConfigError
from guardlayer.types import Span

MAX_TEXT = 4_000
"""Characters of a text that are searched."""
MAX_PHRASE = 200
_PART = re.compile(r"\{(\w{1,40})\}|([^\s{}]+)")
_GAP = r"[\s,#:№\-]{1,4}(?:(?:no\.?|number|id)\s+)?#?"


@dataclass(frozen=True, slots=True)
class Said:
    """Where a phrase was found, and what stood at its placeholders."""

    span: Span
    values: Mapping[str, str]
    places: Mapping[str, Span]


class Phrases:
    """Several phrases, the longest found first.

    Args:
        phrases: Words and placeholders.
        patterns: A regular expression for each placeholder.

    Raises:
        ConfigError: A phrase is empty or names a placeholder without a pattern, or a pattern does not compile.
    """

    def __init__(self, phrases: Sequence[str], patterns: Mapping[str, str], *, where: str) -> None:
        self._expressions = [_compiled(phrase, patterns, where) for phrase in phrases]

    def find(self, text: str) -> Said | None:
        """Return the first of the longest phrases found in ``text``."""
        best: Said | None = None
        for expression in self._expressions:
            found = expression.search(text[:MAX_TEXT])
            if found is None:
                continue
            said = Said(
                Span(*found.span()),
                {name: value for name, value in found.groupdict().items() if value is not None},
                {name: Span(*found.span(name)) for name, value in found.groupdict().items() if value is not None},
            )
            if best is None or said.span.end - said.span.start > best.span.end - best.span.start:
                best = said
        return best


def _compiled(phrase: str, patterns: Mapping[str, str], where: str) -> re.Pattern[str]:
    if not phrase.strip() or len(phrase) > MAX_PHRASE:
        raise ConfigError(f"{where}: the phrase {phrase[:40]!r} must have 1 to {MAX_PHRASE} characters")
    parts = list(_PART.finditer(phrase))
    expression = ""
    for number, part in enumerate(parts):
        name, word = part.group(1), part.group(2)
        if number:
            expression += _GAP if name else r"[\s\-]+"
        if name is None:
            last = number == len(parts) - 1 or parts[number + 1].group(1) is not None
            expression += re.escape(word) + (r"(?:e?s)?" if last and word[-1:].isalpha() and word[-1:] != "s" else "")
            continue
        if name not in patterns:
            raise ConfigError(f"{where}: the phrase {phrase!r} names {{{name}}}, which is no parameter with a pattern")
        try:
            re.compile(patterns[name])
        except re.error as error:
            raise ConfigError(f"{where}: the pattern of {name} does not compile ({error})") from error
        expression += f"(?P<{name}>{patterns[name]})"
    return re.compile(rf"(?<!\w){expression}(?!\w)", re.IGNORECASE)
