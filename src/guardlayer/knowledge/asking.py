"""Asking a :class:`~guardlayer.knowledge.Knowledge`: what is read, and what is said where nothing is known."""

from __future__ import annotations

from guardlayer.errors import NotFoundError
from guardlayer.knowledge.answer import Answer, answer
from guardlayer.knowledge.conflicts import Conflict, conflicts
from guardlayer.knowledge.entities.register import name_at
from guardlayer.knowledge.ledger import Change, Ledger
from guardlayer.knowledge.passages import Passages
from guardlayer.knowledge.statement import Qualifiers, cleaned_name, qualifier_key, qualifier_pairs
from guardlayer.knowledge.stats import Stats, count
from guardlayer.knowledge.store import Store
from guardlayer.knowledge.versions import numbered
from guardlayer.temporal import When, instant
from guardlayer.types import Fact


class Asking:
    """What can be asked of the facts.

    Attributes:
        store: The database beneath.
        ledger: The facts, as the alignment of claims reads them.
        passages: The documents.
    """

    store: Store
    ledger: Ledger
    passages: Passages

    def ask(
        self,
        entity: str,
        attribute: str,
        *,
        at: When | None = None,
        known_at: When | None = None,
        qualifiers: Qualifiers | None = None,
    ) -> Answer:
        """Say what holds: one answer, or the conflict or absence, aloud.

        Args:
            entity: Its name, or an alias that is not ambiguous.
            attribute: Its name, or a synonym.
            at: The instant in the world; not given, now. A day counts as its first instant.
            known_at: Answer as the ledger would have at that time; not given, with all that is known.
            qualifiers: What narrows the key; not given, the key without qualifiers.

        Raises:
            AmbiguousError: A name stands for several entities or attributes.
            InputError: A time is not one.
        """
        ledger = self.ledger
        when = self.store.now() if at is None else instant(at)
        known = None if known_at is None else instant(known_at, what="known_at")
        pairs = qualifier_pairs(qualifiers)
        subject = cleaned_name(entity, what="entity")
        asked = cleaned_name(attribute, what="attribute")
        with self.store.snapshot():
            of, about = ledger.find_entity(subject, known_at=known), ledger.find_attribute(asked)
            facts: tuple[Fact, ...] = ()
            if of is not None:
                subject = name_at(self.store, of, when, known) or ledger.names_of(of)[0]
            if about is not None:
                asked = next(info.name for info in ledger.attributes() if info.id == about)
            if of is not None and about is not None:
                key = qualifier_key(pairs)
                facts = ledger.holding(of, about, key, at=when, known_at=known)
                if not facts:  # an absence is explained by what there was and what there will be
                    facts = ledger.versions_of_key(of, about, key, known_at=known)
                facts = ledger.as_known(facts, about, known)
            narrowed = "".join(f", {name} {value}" for name, value in pairs)
            return answer((subject, asked), facts, narrowed=narrowed, at=when, known_at=known, changes=ledger.changes)

    def history(self, entity: str, attribute: str, *, qualifiers: Qualifiers | None = None) -> tuple[Fact, ...]:
        """Return every version of every fact, in the order they were recorded; empty if nothing is known.

        Args:
            entity: Its name, or an alias that is not ambiguous.
            attribute: Its name, or a synonym.
            qualifiers: What narrows the key; not given, whatever the qualifiers, and ``{}`` for facts without any.

        Raises:
            AmbiguousError: A name stands for several entities or attributes.
        """
        wanted = None if qualifiers is None else qualifier_key(qualifier_pairs(qualifiers))
        with self.store.snapshot():
            of = self.ledger.find_entity(cleaned_name(entity, what="entity"))
            about = self.ledger.find_attribute(cleaned_name(attribute, what="attribute"))
            return () if of is None or about is None else self.ledger.versions_of_key(of, about, wanted)

    def fact(self, fact_id: str, version: int | None = None) -> Fact:
        """Return a fact as it was last recorded, or one version of it.

        Raises:
            NotFoundError: No such fact or version.
        """
        if version is None:
            return self.ledger.fact(fact_id)
        versions = self.ledger.versions_of_fact(fact_id)
        for fact in versions:
            if fact.version == version:
                return fact
        raise NotFoundError(f"{fact_id} has no version {version}; it has {numbered(fact.version for fact in versions)}")

    def changes(self, fact_id: str) -> tuple[Change, ...]:
        """Return what was done to a fact, when, by whom and why, oldest first.

        Raises:
            NotFoundError: No such fact.
        """
        self.fact(fact_id)
        return self.ledger.changes(fact_id)

    def conflicts(self, *, at: When | None = None) -> tuple[Conflict, ...]:
        """Return every key on which sources of equal weight disagree, with its sides.

        Args:
            at: The instant in the world; not given, now.
        """
        when = self.store.now() if at is None else instant(at)
        return conflicts(self.store, self.ledger, when)

    def stats(self) -> Stats:
        """Count what is held."""
        return count(self.store)
