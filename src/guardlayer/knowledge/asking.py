"""The rules of asking: what is read to answer, and what is said where nothing is known."""

from __future__ import annotations

from guardlayer.errors import NotFoundError
from guardlayer.knowledge.answer import Answer, answer
from guardlayer.knowledge.ledger import Ledger
from guardlayer.knowledge.statement import Qualifiers, cleaned_name, qualifier_key, qualifier_pairs
from guardlayer.knowledge.store import Store
from guardlayer.temporal import When, instant
from guardlayer.types import Fact


def ask(
    ledger: Ledger, store: Store, entity: str, attribute: str, *,
    at: When | None, known_at: When | None, qualifiers: Qualifiers | None,
) -> Answer:  # fmt: skip
    """Answer for one key; see :meth:`guardlayer.knowledge.Knowledge.ask`."""
    when = store.now() if at is None else instant(at)
    known = None if known_at is None else instant(known_at, what="known_at")
    pairs = qualifier_pairs(qualifiers)
    subject = cleaned_name(entity, what="entity")
    asked = cleaned_name(attribute, what="attribute")
    with store.lock, store.snapshot():
        of, about = ledger.find_entity(subject), ledger.find_attribute(asked)
        facts: tuple[Fact, ...] = ()
        if of is not None:
            subject = ledger.names_of(of)[0]
        if about is not None:
            asked = next(info.name for info in ledger.attributes() if info.id == about)
        if of is not None and about is not None:
            key = qualifier_key(pairs)
            facts = ledger.holding(of, about, key, at=when, known_at=known)
            if not facts:  # an absence is explained by what there was and what there will be
                facts = ledger.versions_of_key(of, about, key)
            facts = ledger.as_known(facts, about, known)
        narrowed = "".join(f", {name} {value}" for name, value in pairs)
        return answer((subject, asked), facts, narrowed=narrowed, at=when, known_at=known, changes=ledger.changes)


def history(
    ledger: Ledger, store: Store, entity: str, attribute: str, *, qualifiers: Qualifiers | None
) -> tuple[Fact, ...]:
    """Return every version of a key; see :meth:`guardlayer.knowledge.Knowledge.history`."""
    wanted = None if qualifiers is None else qualifier_key(qualifier_pairs(qualifiers))
    with store.lock, store.snapshot():
        of = ledger.find_entity(cleaned_name(entity, what="entity"))
        about = ledger.find_attribute(cleaned_name(attribute, what="attribute"))
        return () if of is None or about is None else ledger.versions_of_key(of, about, wanted)


def fact(ledger: Ledger, fact_id: str, version: int | None) -> Fact:
    """Return a fact; see :meth:`guardlayer.knowledge.Knowledge.fact`."""
    versions = ledger.versions_of_fact(fact_id)
    if version is None:
        return versions[-1]
    for fact in versions:
        if fact.version == version:
            return fact
    raise NotFoundError(f"{fact_id} has no version {version}; it has 1 to {len(versions)}")
