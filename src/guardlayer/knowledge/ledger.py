"""The ledger as it is read: rows to facts, names to ids, remembered until the next write.

Every version of every fact stays: a row is never changed except that its transaction time is closed. What each table
holds, and why, is in docs/design/ledger.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from guardlayer.errors import AmbiguousError, NotFoundError
from guardlayer.knowledge.authority import Authority
from guardlayer.knowledge.entities.merged import NONE, Merged
from guardlayer.knowledge.micros import from_micros, to_micros
from guardlayer.knowledge.store import Store
from guardlayer.knowledge.stored import FACT, Built, fact_of
from guardlayer.text import key
from guardlayer.types import Fact

_SOME = 500
"""Names looked up in one question."""
_REMEMBERED = 20_000
"""Entities whose facts are kept in memory between two writes."""


@dataclass(frozen=True, slots=True)
class AttributeInfo:
    """An attribute.

    Attributes:
        id: Its number in this store.
        name: Preferred name.
        synonyms: Other names, in the order they were declared.
        cardinality: ``one`` or ``many``.
        unit: Unit of its values, where declared.
    """

    id: int
    name: str
    synonyms: tuple[str, ...]
    cardinality: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the change log.

    Attributes:
        at: Transaction time.
        operation: add, supersede, close, correct, retract, rollback, settle or confirm.
        fact: Id of the fact.
        version: The version written, or, for a withdrawal, the one closed.
        author: Who did it, if said.
        reason: Why, if said.
    """

    at: datetime
    operation: str
    fact: str
    version: int
    author: str | None
    reason: str | None


class _Remembered:
    """What was read of one state of the ledger. Another write, another one of these.

    Whoever reads takes hold of it first: what is older than the ledger by the time it has been read is then put into
    what is no longer looked at, never into what is.
    """

    __slots__ = ("attributes", "built", "facts", "generation", "merged")

    def __init__(self, generation: int, built: Built) -> None:
        self.generation = generation
        self.built = built
        self.facts: dict[int, tuple[Fact, ...]] = {}
        self.attributes: tuple[dict[int, AttributeInfo], dict[int, tuple[tuple[int, bool], ...]]] | None = None
        self.merged: Merged | None = None


class Ledger:
    """Reads facts. Safe to share between threads; what it returns is never a half-written state.

    Inside a write of the same thread it reads what that write has done so far, and remembers nothing of it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._authority = Authority(store)
        self._remembered = _Remembered(-1, Built())

    @property
    def store(self) -> Store:
        """The database beneath."""
        return self._store

    @property
    def generation(self) -> int:
        """A number that changes with every write, also of another process; see :attr:`Store.generation`."""
        return self._store.generation

    def versions_of(self, entity: int) -> tuple[Fact, ...]:
        """Return every version of every fact of an entity, closed ones included, in the order they were recorded."""
        if self._store.writing:
            return self._of_entity(entity)
        known = self._known().facts
        facts = known.get(entity)
        if facts is None:
            facts = self._of_entity(entity)
            if len(known) >= _REMEMBERED:
                known.clear()
            known[entity] = facts
        return facts

    def versions_of_key(
        self, entity: int, attribute: int, qualifiers: str | None, *, known_at: datetime | None = None
    ) -> tuple[Fact, ...]:
        """Return every version of every fact of a key; ``qualifiers`` as of ``qualifier_key``, ``None`` for any.

        With ``known_at``, what is said of their sources counts as far as it was said by then.
        """
        of, params = self._of(entity, known_at)
        where = f"WHERE {of} AND k.attribute = ? "
        if qualifiers is None:
            return self._read(where + "ORDER BY f.id", (*params, attribute), known_at)
        return self._read(where + "AND k.norm = ? ORDER BY f.id", (*params, attribute, qualifiers), known_at)

    def holding(
        self, entity: int, attribute: int, qualifiers: str, *, at: datetime, known_at: datetime | None
    ) -> tuple[Fact, ...]:
        """Return only the versions of a key that hold at ``at`` as known at ``known_at``: all that resolving needs.

        What a long series of values costs to ask is then what the database takes to skip the rest.
        """
        instant = to_micros(at)
        of, group = self._of(entity, known_at)
        params: list[int | str] = [*group, attribute, qualifiers]
        where = (
            f"WHERE {of} AND k.attribute = ? AND k.norm = ? "
            "AND (f.valid_from IS NULL OR f.valid_from <= ?) AND (f.valid_to IS NULL OR f.valid_to > ?) "
        )
        params += [instant, instant]
        if known_at is None:
            where += "AND f.tx_to IS NULL "
        else:
            where += "AND f.tx_from <= ? AND (f.tx_to IS NULL OR f.tx_to > ?) "
            params += [to_micros(known_at)] * 2
        return self._read(where + "ORDER BY f.id", tuple(params), known_at)

    def versions_of_fact(self, fact: str) -> tuple[Fact, ...]:
        """Return every version of one fact, first to last.

        Raises:
            NotFoundError: No such fact.
        """
        return self._of_fact(fact, "ORDER BY f.version")

    def fact(self, fact: str) -> Fact:
        """Return the last version of a fact.

        Raises:
            NotFoundError: No such fact.
        """
        return self._of_fact(fact, "ORDER BY f.version DESC LIMIT 1")[0]

    def _of_fact(self, fact: str, order: str) -> tuple[Fact, ...]:
        versions = self._read("WHERE f.fact = ? " + order, (fact_number(fact),))
        if not versions:
            raise NotFoundError(f"there is no fact {fact}; history() lists the facts of a key with their ids")
        return versions

    def entities(self) -> Iterator[tuple[int, str, tuple[str, ...]]]:
        """Yield (id, preferred name, other names) of every entity."""
        names = self._store.read("SELECT entity, text, preferred FROM alias ORDER BY entity, preferred DESC, id")
        position = 0
        while position < len(names):
            entity, preferred, _ = names[position]
            end = position + 1
            while end < len(names) and names[end][0] == entity:
                end += 1
            yield entity, preferred, tuple(text for _, text, _ in names[position + 1 : end])
            position = end

    def entities_since(self, marker: int | None) -> tuple[list[tuple[int, tuple[str, ...]]], int]:
        """Return the names added since ``marker``, and the marker for the next call.

        Args:
            marker: What the last call returned; ``None`` for all names.

        Returns:
            Pairs of entity id and its new names, preferred or not.
        """
        last = -1 if marker is None else marker
        found: dict[int, list[str]] = {}
        for alias, entity, text in self._store.read(
            "SELECT id, entity, text FROM alias WHERE id > ? ORDER BY id", (last,)
        ):
            found.setdefault(entity, []).append(text)
            last = alias
        return [(entity, tuple(texts)) for entity, texts in found.items()], last

    def names_of(self, entity: int) -> tuple[str, ...]:
        """Return the names of an entity, the preferred one first; empty if there is no such entity."""
        names: dict[str, None] = {}
        for member in self.merged().group(entity):
            names.update(
                self._store.read("SELECT text, 0 FROM alias WHERE entity = ? ORDER BY preferred DESC, id", (member,))
            )
        return tuple(names)

    def attributes(self) -> tuple[AttributeInfo, ...]:
        """Return every attribute, in the order they were declared."""
        return tuple(self._attributes()[0].values())

    def bearer_of(self, attribute: int) -> int | None:
        """Return the one entity that has facts under an attribute; ``None`` if there is none, or several."""
        merged = self.merged()
        sql = "SELECT DISTINCT entity FROM fact_key WHERE attribute = ?"
        rows = self._store.read(sql if merged.into else sql + " LIMIT 2", (attribute,))
        bearers = {merged.canonical(int(entity)) for (entity,) in rows}
        return bearers.pop() if len(bearers) == 1 else None

    def types_with(self, attribute: str) -> frozenset[str | None]:
        """Return the types of the entities for which an attribute is recorded; ``None`` where one has no type."""
        rows = self._store.read(
            "SELECT DISTINCT e.type FROM fact_key k JOIN entity e ON e.id = k.entity "
            "JOIN attribute a ON a.id = k.attribute WHERE a.name = ?",
            (attribute,),
        )
        return frozenset(sort for (sort,) in rows)

    def merged(self, known_at: datetime | None = None) -> Merged:
        """Return which entities were found to be one; see :class:`Merged`."""
        if known_at is not None:
            return Merged.read(self._store, known_at)
        if self._store.writing:
            return Merged.read(self._store)
        known = self._known()
        if known.merged is None:
            with self._store.snapshot():
                known.merged = Merged.read(self._store)
        return known.merged

    def find_entity(self, name: str, *, known_at: datetime | None = None) -> int | None:
        """Return the entity a name stands for; ``None`` if the name is not known.

        A preferred name stands for its entity, whatever else uses it as an alias: it is how that entity is addressed.

        Raises:
            AmbiguousError: An alias of several entities.
        """
        return self._find("entity", name, self.merged(known_at))

    def find_attribute(self, name: str) -> int | None:
        """Return the attribute a name stands for; ``None`` if the name is not known.

        Raises:
            AmbiguousError: A synonym of several attributes.
        """
        return self._find("attribute", name, NONE)

    def single(self, attribute: int, known_at: datetime | None = None) -> bool:
        """Say whether an attribute was single-valued when the ledger was as at ``known_at``."""
        changes = self._attributes()[1][attribute]
        if known_at is None:
            return changes[-1][1]
        limit = to_micros(known_at)
        return next((single for since, single in reversed(changes) if since <= limit), changes[0][1])

    def as_known(self, versions: Sequence[Fact], attribute: int, known_at: datetime | None) -> tuple[Fact, ...]:
        """Give the versions the cardinality their attribute had when the ledger was as at ``known_at``."""
        single = self.single(attribute, known_at)
        return tuple(fact if fact.single == single else replace(fact, single=single) for fact in versions)

    def changes(self, fact: str) -> tuple[Change, ...]:
        """Return the change log of one fact, oldest first."""
        rows = self._store.read(
            "SELECT at, operation, version, author, reason FROM change WHERE fact = ? ORDER BY at, version",
            (fact_number(fact),),
        )
        return tuple(Change(from_micros(at), operation, fact, *rest) for at, operation, *rest in rows)

    def _of_entity(self, entity: int) -> tuple[Fact, ...]:
        of, params = self._of(entity)
        built = None if self._store.writing else self._known().built
        return self._read(f"WHERE {of} ORDER BY f.id", params, built=built)

    def _of(self, entity: int, known_at: datetime | None = None) -> tuple[str, tuple[int, ...]]:
        group = tuple(self.merged(known_at).group(entity))
        return (f"k.entity IN ({', '.join('?' * len(group))})" if len(group) > 1 else "k.entity = ?"), group

    def _find(self, kind: str, name: str, merged: Merged) -> int | None:
        table = "alias" if kind == "entity" else "synonym"
        rows = self._store.read(
            f"SELECT {kind}, preferred FROM {table} WHERE norm = ? ORDER BY preferred DESC",  # noqa: S608 - two constants
            (key(name),),
        )
        if len(rows) > 1 and not rows[0][1] and len({merged.canonical(row[0]) for row in rows}) > 1:
            ids = ", ".join(map(str, dict.fromkeys(merged.canonical(row[0]) for row in rows)))
            names = self._store.read(f"SELECT name FROM {kind} WHERE id IN ({ids}) ORDER BY id")  # noqa: S608 - integers
            candidates = tuple(str(candidate) for (candidate,) in names)
            listed = ", ".join(map(repr, candidates))
            raise AmbiguousError(
                f"{kind} {name!r} may stand for {listed}; name the one that is meant", candidates=candidates
            )
        return merged.canonical(int(rows[0][0])) if rows else None

    def _attributes(self) -> tuple[dict[int, AttributeInfo], dict[int, tuple[tuple[int, bool], ...]]]:
        if self._store.writing:
            return self._read_attributes()
        known = self._known()
        if known.attributes is None:
            known.attributes = self._read_attributes()
        return known.attributes

    def _read_attributes(self) -> tuple[dict[int, AttributeInfo], dict[int, tuple[tuple[int, bool], ...]]]:
        read = self._store.read
        with self._store.snapshot():
            changes: dict[int, list[tuple[int, bool]]] = {}
            for attribute, since, single in read("SELECT attribute, since, single FROM cardinality ORDER BY since"):
                changes.setdefault(attribute, []).append((since, bool(single)))
            synonyms: dict[int, list[str]] = {}
            for attribute, text in read("SELECT attribute, text FROM synonym WHERE preferred = 0 ORDER BY id"):
                synonyms.setdefault(attribute, []).append(text)
            infos = {
                number: AttributeInfo(
                    number, name, tuple(synonyms.get(number, ())), "one" if changes[number][-1][1] else "many", unit
                )
                for number, name, unit in read("SELECT id, name, unit FROM attribute ORDER BY id")
            }
        return infos, {number: tuple(history) for number, history in changes.items()}

    def _known(self) -> _Remembered:
        generation = self._store.generation
        known = self._remembered
        if generation != known.generation:
            known = _Remembered(generation, Built(self._remembered.built.facts))
            if generation > self._remembered.generation:  # a snapshot may be older than what others see by now
                self._remembered = known
        return known

    def _read(
        self, where: str, params: tuple[Any, ...], known_at: datetime | None = None, *, built: Built | None = None
    ) -> tuple[Fact, ...]:
        make = fact_of if built is None else built.fact
        with self._store.snapshot():
            rows = self._store.read(FACT + where, params)
            if not rows:
                return ()
            infos, singles = self._attributes()
            if any(row[3] not in infos for row in rows):  # another process has declared it since
                infos, singles = self._read_attributes()
            names = self._entity_names({row[2]: row[26] for row in rows})
            aliases = self._aliases({row[5] for row in rows})
            facts = tuple(
                make(
                    (
                        row,
                        names[row[2]],
                        infos[row[3]].name,
                        aliases.get(row[5], ()),
                        singles[row[3]][-1][1],
                    )
                )
                for row in rows
            )
            return self._authority.apply(facts, [row[3] for row in rows], known_at)

    def _entity_names(self, names: dict[int, str]) -> dict[int, str]:
        """Return the names of entities, given their own: those that were merged are called by what they became."""
        merged = self.merged()
        others = {merged.canonical(entity) for entity in names} - names.keys()
        if others:
            listed = ", ".join(map(str, others))
            names |= dict(self._store.read(f"SELECT id, name FROM entity WHERE id IN ({listed})"))  # noqa: S608 - integers
        return {entity: names[merged.canonical(entity)] for entity in names}

    def _aliases(self, values: set[str]) -> dict[str, tuple[str, ...]]:
        """Return the other names of those values that are entities themselves, where it is clear which."""
        norms = {value: key(value) for value in values}
        bearers: dict[str, list[tuple[int, int]]] = {}
        wanted = list(dict.fromkeys(norms.values()))
        for start in range(0, len(wanted), _SOME):
            some = wanted[start : start + _SOME]
            marks = ", ".join("?" * len(some))
            sql = f"SELECT norm, entity, preferred FROM alias WHERE norm IN ({marks}) ORDER BY preferred DESC"  # noqa: S608 - marks
            for norm, entity, preferred in self._store.read(sql, some):
                bearers.setdefault(norm, []).append((entity, preferred))
        found: dict[str, tuple[str, ...]] = {}
        for value, norm in norms.items():
            rows = bearers.get(norm, [])
            if len(rows) == 1 or (rows and rows[0][1]):
                found[value] = tuple(name for name in self.names_of(rows[0][0]) if name != value)
        return found


def fact_number(fact: object) -> int:
    """Return the number in a fact's id.

    Raises:
        NotFoundError: Not the id of a fact.
    """
    digits = fact[1:] if isinstance(fact, str) and fact[:1] == "f" else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):  # longer than SQLite integers
        raise NotFoundError(f"{fact!r} is not the id of a fact; ids look like f12, and history() lists them")
    return int(digits)
