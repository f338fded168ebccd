"""Names and merges as they are read from the database, and followed while others write."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from threading import Lock

from guardlayer.knowledge.entities.merged import NONE, Merged
from guardlayer.knowledge.entities.model import Entity, Name
from guardlayer.knowledge.micros import to_micros
from guardlayer.knowledge.names import Mention, NameIndex, words_of
from guardlayer.knowledge.sources import interval_of
from guardlayer.knowledge.store import Store
from guardlayer.temporal import Interval
from guardlayer.text import Token, key, tokenize
from guardlayer.types import Span

_NAME = (
    "SELECT a.text, n.kind, n.scope, n.valid_from, n.valid_to, n.valid_from_text, n.valid_to_text, a.preferred "
    "FROM alias a LEFT JOIN entity_name n ON n.alias = a.id AND n.tx_to IS NULL "
)


@dataclass(frozen=True, slots=True)
class Held:
    """Where and when a name stands for an entity.

    Attributes:
        scope: Pairs of folded dimension and value.
        valid: Valid time.
        kind: preferred, alternative or hidden.
    """

    scope: frozenset[tuple[str, str]]
    valid: Interval
    kind: str


class Register:
    """Follows the names of a database. Safe to share between threads.

    Attributes:
        index: The names as they are found in texts; as new as the last :meth:`refresh`.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._generation = -1
        self._epoch = -1
        self._marker = -1
        self._rows = 0
        self.index = NameIndex()
        self._held: dict[tuple[str, int], tuple[Held, ...]] = {}
        self._merged = NONE
        self._entities: dict[int, tuple[str, str | None]] = {}

    def refresh(self) -> None:
        """Take up what was written since the last time."""
        generation = self._store.generation
        if generation == self._generation:
            return
        with self._lock, self._store.snapshot():
            read = self._store.read
            epoch = int(read("SELECT changes FROM entity_epoch")[0][0])
            if epoch != self._epoch:
                if self._rows and read("SELECT COUNT(*) FROM alias WHERE id <= ?", (self._marker,))[0][0] != self._rows:
                    self.index, self._marker, self._rows = NameIndex(), -1, 0  # names were taken away
                self._held, self._merged = self._narrowed(), Merged.read(self._store)
                self._epoch = epoch
            for number, entity, text in read(
                "SELECT id, entity, text FROM alias WHERE id > ? ORDER BY id", (self._marker,)
            ):
                self.index.add(entity, (text,))
                self._marker = number
                self._rows += 1
            self._entities = {}
            self._generation = generation

    def find(self, tokens: Sequence[Token], *, lenient: bool = False) -> list[Mention]:
        """Return the names in a text; entities that were merged count as one."""
        found = self.index.find(tokens, lenient=lenient)
        return [self._merge(mention) for mention in found] if self._merged.into else found

    def lookup(self, name: str) -> Mention | None:
        """Return a name, given whole, as a mention of it would be found."""
        tokens = tokenize(name)
        entities = self.index.lookup(tokens)
        if not entities:
            return None
        found = next((m for m in self.find(tokens) if m.last - m.first == len(tokens)), None)
        return found or self._merge(
            Mention(0, len(tokens), Span(tokens[0].start, tokens[-1].end), entities, " ".join(words_of(tokens)))
        )

    def narrows(self, mention: Mention) -> bool:
        """Say whether the name holds in some places or at some times only, for any it may stand for."""
        return bool(self._held) and any(
            (mention.norm, member) in self._held for entity in mention.entities for member in self.members(entity)
        )

    def canonical(self, entity: int) -> int:
        """Return the entity that stands for this one since it was merged; itself where it was not."""
        return self._merged.canonical(entity)

    def members(self, entity: int) -> tuple[int, ...]:
        """Return an entity with those that were merged into it."""
        return self._merged.group(entity)

    def held(self, norm: str, entity: int) -> tuple[Held, ...]:
        """Return where and when a name stands for an entity; empty is everywhere and always."""
        if not self._held:
            return ()
        found: list[Held] = []
        members = self.members(entity)
        bearers = members if len(members) == 1 else set(self.index.bearers(norm)).intersection(members)
        for member in bearers:
            rows = self._held.get((norm, member))
            if rows is None:
                return ()
            found.extend(rows)
        return tuple(found)

    def described(self, entity: int) -> tuple[str, str | None]:
        """Return name and type of an entity, as recorded now."""
        known = self._entities.get(entity)
        if known is None:
            rows = self._store.read("SELECT name, type FROM entity WHERE id = ?", (entity,))
            known = self._entities[entity] = (str(rows[0][0]), rows[0][1]) if rows else ("?", None)
        return known

    def entity(self, number: int, *, at: datetime | None = None, why: str = "") -> Entity:
        """Return an entity with all its names, called as it was at an instant."""
        name, sort = self.described(number)
        merged = tuple(self.described(member)[0] for member in self.members(number) if member != number)
        called = name if at is None else name_at(self._store, number, at) or name
        return Entity(called, sort, self.names(number), merged, why)

    def names(self, entity: int) -> tuple[Name, ...]:
        """Return the names of an entity, and of those merged into it, the preferred one of today first."""
        found: dict[Name, None] = {}
        for member in self.members(entity):
            for text, kind, scope, start, end, start_text, end_text, preferred in self._store.read(
                _NAME + "WHERE a.entity = ? ORDER BY a.preferred DESC, a.id, n.id", (member,)
            ):
                is_preferred = bool(preferred) and member == entity
                sort = kind if kind is not None else ("preferred" if is_preferred else "alternative")
                if sort == "preferred" and not is_preferred:
                    sort = "alternative"
                valid = Interval() if scope is None else interval_of(start, end, start_text, end_text)
                found[Name(text, sort, () if scope is None else scope_of(scope), valid)] = None
        return tuple(found)

    def _merge(self, mention: Mention) -> Mention:
        entities = tuple(dict.fromkeys(self.canonical(entity) for entity in mention.entities))
        if entities == mention.entities:
            return mention
        return Mention(mention.first, mention.last, mention.span, entities, mention.norm, mention.wary)

    def _narrowed(self) -> dict[tuple[str, int], tuple[Held, ...]]:
        found: dict[tuple[str, int], list[Held]] = {}
        for text, entity, kind, scope, start, end in self._store.read(
            "SELECT a.text, a.entity, n.kind, n.scope, n.valid_from, n.valid_to "
            "FROM entity_name n JOIN alias a ON a.id = n.alias WHERE n.tx_to IS NULL ORDER BY n.id"
        ):
            pairs = frozenset((key(name), key(value)) for name, value in scope_of(scope))
            if not pairs and start is None and end is None:
                continue  # hidden, and for the rest as any other
            norm = " ".join(words_of(tokenize(text)))
            found.setdefault((norm, entity), []).append(Held(pairs, interval_of(start, end, None, None), kind))
        return {at: tuple(rows) for at, rows in found.items()}


def name_at(store: Store, entity: int, at: datetime, known_at: datetime | None = None) -> str | None:
    """Return the preferred name that an entity had at an instant; ``None`` where it never had another one."""
    instant = to_micros(at)
    known: tuple[int, ...] = ()
    sql = (
        "SELECT a.text FROM entity_name n JOIN alias a ON a.id = n.alias WHERE a.entity = ? AND n.kind = 'preferred' "
        "AND (n.valid_from IS NULL OR n.valid_from <= ?) AND (n.valid_to IS NULL OR n.valid_to > ?) "
    )
    if known_at is None:
        sql += "AND n.tx_to IS NULL "
    else:
        sql += "AND n.tx_from <= ? AND (n.tx_to IS NULL OR n.tx_to > ?) "
        known = (to_micros(known_at),) * 2
    rows = store.read(sql + "ORDER BY n.id DESC LIMIT 1", (entity, instant, instant, *known))
    return str(rows[0][0]) if rows else None


@lru_cache(maxsize=4096)
def scope_of(stored: str) -> tuple[tuple[str, str], ...]:
    """Read the pairs of a stored scope."""
    return tuple((str(name), str(value)) for name, value in json.loads(stored))
