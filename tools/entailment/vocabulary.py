"""The words of the generator: what there is to tell about, and how sources and speakers say it.

They stand in ``vocabulary.toml``, so that more can be written without touching code.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class FactKind:
    """One attribute that things of a sort may have.

    Attributes:
        label: The attribute's name, as a column head.
        sort: Sort of its value: ``money``, ``count``, ``percent``, ``duration``, ``measure``, ``date``, ``person``,
            ``place``, ``choice``, ``version``.
        evidence: How a source says it; ``{e}`` is the bearer, ``{v}`` the value with preposition and comparator.
        claims: How a speaker says it; other words than the source's where there are some.
        low: Least value, for amounts.
        high: Greatest value, for amounts.
        unit: Counted noun in the plural, or unit of a measure or a duration.
        options: The values of a choice; they exclude one another.
    """

    label: str
    sort: str
    evidence: tuple[str, ...]
    claims: tuple[str, ...]
    low: float = 0
    high: float = 0
    unit: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """A sort of thing that facts are told about.

    Attributes:
        name: Its name.
        noun: What a second sentence calls it ("the plan").
        bearers: Patterns of names; ``{n}`` is a made-up name, ``{i}`` and ``{s}`` are numbers.
        kinds: What may be told about it.
    """

    name: str
    noun: str
    bearers: tuple[str, ...]
    kinds: tuple[FactKind, ...]


def _kind(given: dict[str, Any]) -> FactKind:
    return FactKind(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})


def _topic(given: dict[str, Any]) -> Topic:
    return Topic(given["name"], given["noun"], tuple(given["bearers"]), tuple(map(_kind, given["kinds"])))


_WORDS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
FIRST: tuple[str, ...] = tuple(_WORDS["first_names"])
LAST: tuple[str, ...] = tuple(_WORDS["last_names"])
PLACES: tuple[str, ...] = tuple(_WORDS["places"])
STEMS: tuple[str, ...] = tuple(_WORDS["stems"])
"""What made-up names are made of."""
ENDINGS: tuple[str, ...] = tuple(_WORDS["endings"])
TOPICS: tuple[Topic, ...] = tuple(map(_topic, _WORDS["topics"]))
"""Everything that the generator can talk about."""
