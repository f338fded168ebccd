"""Whom an erasure is about, and whether a text speaks of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from guardlayer.text import fold, key

_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_RAW = 5
"""Bytes from which on a name is looked for in raw files: shorter ones stand in other words by chance."""


@dataclass(frozen=True)
class Subject:
    """Somebody, or something, by all their names.

    Attributes:
        names: Every name that stands for them and for nobody else.
        entities: The numbers of the entities they are; empty where none is recorded.
    """

    names: tuple[str, ...]
    entities: tuple[int, ...] = ()

    def mentioned(self, text: str | None) -> bool:
        r"""Say whether a text names them, whatever the case, accents, punctuation or spelling of white space.

        Names in addresses (``%20``), in JSON (``\u00e9``) and in file names (``jane_doe``) count.
        """
        if not text:
            return False
        return self._named(text) or ("%" in text and self._named(unquote(text))) or (
            "\\u" in text and self._named(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), text))
        )  # fmt: skip

    def raw(self, data: bytes) -> int:
        """Count where the bytes of a name stand in ``data``, in UTF-8, as it was written or folded."""
        lowered = data.lower()  # ASCII only; other letters are looked for in each form
        return sum(lowered.count(form) for form in self._forms)

    def _named(self, text: str) -> bool:
        folded = fold(text)
        if not any(first in folded for first in self._firsts):
            return False
        return bool(self._pattern.search(folded) or self._pattern.search(key(text)))

    @cached_property
    def _firsts(self) -> frozenset[str]:
        return frozenset(key(name).split()[0] for name in self.names)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        named = [[re.escape(word) for word in key(name).split()] for name in self.names]
        apart = r"[\W_]{0,3}"
        ways = {apart.join(words) for words in named}
        ways |= {rf"{words[-1]},\s?{apart.join(words[:-1])}" for words in named if len(words) > 1}  # Doe, Jane
        return re.compile(rf"(?<![^\W_])(?:{'|'.join(sorted(ways, key=len, reverse=True))})(?![^\W_])")

    @cached_property
    def _forms(self) -> frozenset[bytes]:
        forms: set[bytes] = set()
        for name in self.names:
            for form in (name, name.casefold(), name.upper(), name.lower(), fold(name), key(name)):
                forms |= {form.encode().lower(), form.replace(" ", "_").encode().lower()}
        return frozenset(form for form in forms if len(form) >= _RAW)


def subject_of(names: Iterable[str], entities: Iterable[int] = ()) -> Subject:
    """Return a subject with each name once, those left out that have no letter or digit."""
    return Subject(tuple(dict.fromkeys(name for name in names if key(name))), tuple(entities))
