"""A knowledge layer from one database into another, history and ids included, and the proof that both say the same.

Facts answer from rows, names and times alone. So the proof has two halves: every row of every table is compared, and
then both layers are asked, key by key, at the instants at which an answer may change: those at which something began
or ended in the world, and those at which something became known.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from guardlayer.errors import GuardlayerError, InputError
from guardlayer.knowledge.catalogue import Table, tables
from guardlayer.knowledge.ledger import Ledger
from guardlayer.knowledge.transfer.walking import Progress, count, fill, rebuild, require_empty, rows
from guardlayer.types import Fact

if TYPE_CHECKING:
    from guardlayer.knowledge.knowledge import Knowledge

_SHOWN = 1_000
_DIFFERENCES = 20
"""Differences that are named; what follows is only counted."""
_LEAST = timedelta(microseconds=1)
_INDEXES = ("passage_open", "passage_former")


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied.

    Attributes:
        rows: Rows of each table.
    """

    rows: dict[str, int]

    def __str__(self) -> str:
        return f"{sum(self.rows.values()):,} rows of {sum(map(bool, self.rows.values()))} tables copied"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether two layers say the same.

    Attributes:
        rows: Rows that were compared: all of them.
        keys: Keys that were asked.
        keys_in_all: Keys there are.
        answers: Answers and histories that were compared.
        differences: What differs, up to twenty in words.
        differing: How many differences there are.
    """

    rows: int
    keys: int
    keys_in_all: int
    answers: int
    differences: tuple[str, ...] = field(default=())
    differing: int = 0

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.differing

    def __str__(self) -> str:
        keys = f"{self.keys:,} keys" if self.keys == self.keys_in_all else f"{self.keys:,} of {self.keys_in_all:,} keys"
        found = "no difference" if self.same else f"{self.differing:,} differences"
        return f"{self.rows:,} rows and {self.answers:,} answers of {keys} compared: {found}"


def copy(source: Knowledge, target: Knowledge, *, progress: Progress | None = None) -> Copied:
    """Write everything one layer holds into another one, in one write.

    Args:
        source: Where from; it is read as it is at one instant, whatever is written to it meanwhile.
        target: Where to; nothing may have been written to it.
        progress: Told of rows written, rows in all, and the table.

    Raises:
        InputError: The target holds something, or is the source.
        StoreError: One of them cannot be read or written; nothing is kept.
    """
    if source.store is target.store:
        raise InputError(f"{source.store.name} cannot be copied into itself; name another database")
    written: dict[str, int] = {}
    with target.store.write() as cursor, source.store.snapshot():
        require_empty(target.store)
        expected = count(source.store)
        in_all, done = sum(expected.values()), 0
        for table in tables():
            telling = _told(rows(source.store, table), table, progress, done=done, in_all=in_all)
            written[table.name] = fill(cursor, table, telling)
            done += written[table.name]
        rebuild(target.store, cursor)
    if progress is not None:
        progress(in_all, in_all, "")
    return Copied(written)


def compare(
    one: Knowledge, other: Knowledge, *, sample: int | None = None, progress: Progress | None = None
) -> Comparison:
    """Prove that two layers say the same, or name what they say otherwise.

    Args:
        one: A layer.
        other: The other.
        sample: Ask so many keys, drawn at random (the same ones every time); not given, all. Rows are compared all.
        progress: Told of keys asked, keys in all, and what is done.

    Raises:
        StoreError: One of them cannot be read.
    """
    found = _Found()
    with one.store.snapshot(), other.store.snapshot():
        compared = sum(_compare_rows(one, other, table, found) for table in tables())
        for index in _INDEXES:
            if one.store.dialect.indexed(index) != other.store.dialect.indexed(index):
                found.say(f"{index}: other passages can be found")
        keys = one.store.read("SELECT id, entity, attribute, norm FROM fact_key ORDER BY id")
        chosen = keys if sample is None or sample >= len(keys) else _some(keys, sample)
        now = max(one.store.now(), other.store.now())
        answers = 0
        for number, (_, entity, attribute, norm) in enumerate(chosen):
            answers += _compare_answers(one, other, (entity, attribute, norm), now, found)
            if progress is not None and number % _SHOWN == 0:
                progress(number, len(chosen), "compared")
    if progress is not None:
        progress(len(chosen), len(chosen), "compared")
    return Comparison(compared, len(chosen), len(keys), answers, tuple(found.texts), found.count)


class _Found:
    """Differences: some in words, all counted."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.count = 0

    def say(self, text: str) -> None:
        self.count += 1
        if self.count <= _DIFFERENCES:
            self.texts.append(text)


def _told(
    given: Iterator[tuple[Any, ...]], table: Table, progress: Progress | None, *, done: int, in_all: int
) -> Iterator[tuple[Any, ...]]:
    for number, row in enumerate(given):
        if progress is not None and (done + number) % _SHOWN == 0:
            progress(done + number, in_all, table.name)
        yield row


def _compare_rows(one: Knowledge, other: Knowledge, table: Table, found: _Found) -> int:
    number = 0
    for number, (here, there) in enumerate(zip_longest(rows(one.store, table), rows(other.store, table)), start=1):
        if here != there:
            said = "is missing" if there is None else "is not there" if here is None else "differs"
            found.say(f"{table.name}: row {number} {said}: {_shown(here)} / {_shown(there)}")
            if here is None or there is None:
                return number
    return number


def _some(keys: Sequence[tuple[Any, ...]], sample: int) -> list[tuple[Any, ...]]:
    return sorted(random.Random(0).sample(keys, sample))


def _compare_answers(one: Knowledge, other: Knowledge, key: tuple[int, int, str], now: datetime, found: _Found) -> int:
    histories = [_said(layer.ledger, key) for layer in (one, other)]
    label = f"entity {key[0]}, attribute {key[1]} {key[2]}".rstrip()
    if histories[0] != histories[1]:
        found.say(f"history of {label}: {_shown(histories[0])} / {_shown(histories[1])}")
        return 1
    facts = histories[0]
    if isinstance(facts, str) or not facts:
        return 1
    asked = 1
    for at, known_at in _moments(facts, now):
        answers = [_answer(layer, facts[0], at, known_at) for layer in (one, other)]
        asked += 1
        if answers[0] != answers[1]:
            when = f"{at.isoformat()}" + ("" if known_at is None else f" as known {known_at.isoformat()}")
            found.say(f"{facts[0].entity}, {facts[0].attribute} at {when}: {answers[0]} / {answers[1]}")
    return asked


def _said(ledger: Ledger, key: tuple[int, int, str]) -> tuple[Fact, ...] | str:
    try:
        return ledger.versions_of_key(*key)
    except GuardlayerError as error:
        return f"{type(error).__name__}: {error}"


def _answer(layer: Knowledge, fact: Fact, at: datetime, known_at: datetime | None) -> Any:
    try:
        return layer.ask(fact.entity, fact.attribute, qualifiers=dict(fact.qualifiers), at=at, known_at=known_at)
    except GuardlayerError as error:
        return f"{type(error).__name__}: {str(error).replace(layer.store.name, '')}"


def _moments(facts: Sequence[Fact], now: datetime) -> Iterator[tuple[datetime, datetime | None]]:
    """Yield instants at which the answer may be another one: now, where validity begins or ends, what was known."""
    yield now, None
    bounds = {bound for fact in facts for bound in (fact.valid.start, fact.valid.end) if bound is not None}
    for bound in _ends(bounds):
        yield bound, None
        yield bound - _LEAST, None
    recorded = {fact.recorded.start for fact in facts if fact.recorded.start is not None}
    if len(recorded) > 1:  # with one there is nothing else that was known
        for known in _ends(recorded):
            yield now, known


def _ends(instants: set[datetime]) -> list[datetime]:
    """Return the first and the last."""
    ordered = sorted(instant for instant in instants if instant.year > 1)
    return ordered[:1] + ordered[-1:] if len(ordered) > 1 else ordered


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
