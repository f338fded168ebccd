"""Whether a knowledge layer keeps its own rules: what is damaged, what dangles, and what somebody should look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from guardlayer.knowledge.catalogue import tables
from guardlayer.knowledge.conflicts import conflicts
from guardlayer.knowledge.micros import from_micros, to_micros
from guardlayer.knowledge.versions import ROW, overlap, row_of

if TYPE_CHECKING:
    from guardlayer.knowledge.ledger import Ledger
    from guardlayer.knowledge.store import Store

BROKEN, ATTENTION = "broken", "attention"
_NAMED = 20
_PAGE = 2_000

_RULES: Sequence[tuple[str, str, str]] = (
    (
        "one open version",
        "f{0} has {1} versions that are open at once",
        "SELECT fact, count(*) FROM fact WHERE tx_to IS NULL GROUP BY fact HAVING count(*) > 1 ORDER BY fact",
    ),
    (
        "versions follow one another",
        "f{0} version {1} was recorded at a time at which version {2} was still open",
        (
            "SELECT b.fact, b.version, a.version FROM fact b JOIN fact a ON a.fact = b.fact AND a.version < b.version "
            "WHERE a.tx_to IS NULL OR a.tx_to > b.tx_from ORDER BY b.fact, b.version, a.version"
        ),
    ),
    (
        "times run forward",
        "f{0} version {1} ends before it begins",
        "SELECT fact, version FROM fact WHERE tx_to <= tx_from OR valid_to <= valid_from ORDER BY fact, version",
    ),
    (
        "one key a fact",
        "f{0} has versions under {1} keys",
        "SELECT fact, count(DISTINCT key) FROM fact GROUP BY fact HAVING count(DISTINCT key) > 1 ORDER BY fact",
    ),
    (
        "what took over exists",
        "f{0} took over from f{1}, which is not there",
        (
            "SELECT DISTINCT fact, supersedes FROM fact f WHERE supersedes IS NOT NULL "
            "AND NOT EXISTS (SELECT 1 FROM fact o WHERE o.fact = f.supersedes) "
            "AND NOT EXISTS (SELECT 1 FROM erasure) ORDER BY fact"  # what was erased may have been it
        ),
    ),
    (
        "what was withdrawn exists",
        "a withdrawal names f{0} version {1}, which is not there or is open",
        (
            "SELECT w.fact, w.version FROM withdrawal w WHERE NOT EXISTS "
            "(SELECT 1 FROM fact f WHERE f.fact = w.fact AND f.version = w.version AND f.tx_to IS NOT NULL) "
            "ORDER BY w.fact, w.version"
        ),
    ),
    (
        "settlements name facts",
        "a settlement prefers f{0} to f{1}, and one of them is not there",
        (
            "SELECT winner, loser FROM settlement s WHERE tx_to IS NULL AND (NOT EXISTS "
            "(SELECT 1 FROM fact f WHERE f.fact = s.winner) "
            "OR NOT EXISTS (SELECT 1 FROM fact f WHERE f.fact = s.loser)) "
            "ORDER BY winner, loser"
        ),
    ),
    (
        "every name has its entity",
        "entity {0} has no preferred name",
        (
            "SELECT e.id FROM entity e "
            "WHERE NOT EXISTS (SELECT 1 FROM alias a WHERE a.entity = e.id AND a.preferred = 1) ORDER BY e.id"
        ),
    ),
    (
        "every attribute has its cardinality",
        "attribute {0} is neither single-valued nor many-valued",
        (
            "SELECT a.id FROM attribute a WHERE NOT EXISTS (SELECT 1 FROM cardinality c WHERE c.attribute = a.id) "
            "ORDER BY a.id"
        ),
    ),
    (
        "passages take one another's place",
        "passage {0} names a successor {1} that is not there",
        (
            "SELECT p.id, p.successor FROM passage_passage p WHERE p.successor IS NOT NULL "
            "AND NOT EXISTS (SELECT 1 FROM passage_passage o WHERE o.id = p.successor) ORDER BY p.id"
        ),
    ),
    (
        "passages stand in versions",
        "passage {0} was opened or closed by a version of its document that is not there",
        (
            "SELECT p.id FROM passage_passage p WHERE NOT EXISTS "
            "(SELECT 1 FROM doc_version v WHERE v.document = p.document AND v.number = p.opened) "
            "OR (p.closed IS NOT NULL AND NOT EXISTS "
            "(SELECT 1 FROM doc_version v WHERE v.document = p.document AND v.number = p.closed)) "
            "ORDER BY p.id"
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        level: ``broken``, where a rule of the layer is not kept; ``attention``, where somebody should look.
        rule: Which rule, in a few words.
        message: What is wrong, and with what.
    """

    level: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.level}: {self.rule}: {self.message}"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found.

    Attributes:
        findings: Everything found; of one rule, at most twenty are named, and the last says how many more there are.
        rules: How many rules were checked.
    """

    findings: tuple[Finding, ...]
    rules: int

    @property
    def sound(self) -> bool:
        """Whether every rule is kept; what only needs attention does not count."""
        return not any(finding.level == BROKEN for finding in self.findings)


def check(store: Store, ledger: Ledger, at: datetime) -> Checked:
    """Check every rule against every row.

    Args:
        store: The database, read as it stands at one instant.
        ledger: Its facts.
        at: The instant for which conflicts and reviews are looked for.

    Raises:
        StoreError: The database is so damaged that it cannot be read.
    """
    found: list[Finding] = []
    with store.snapshot():
        found += [Finding(BROKEN, "the file is whole", message) for message in store.faults()]
        if found:
            return Checked(tuple(found), 1)
        for rule, message, sql in _RULES:
            found += _named(BROKEN, rule, (message.format(*row) for row in store.read(sql)))
        found += _named(BROKEN, "references lead somewhere", _dangling(store))
        found += _named(BROKEN, "one value at a time", _overlaps(store))
        found += _named(BROKEN, "the full-text index is in step", _unindexed(store))
        found += _named(ATTENTION, "sources agree", (str(one) for one in conflicts(store, ledger, at)))
        found += _named(ATTENTION, "reviews are in time", _overdue(store, at))
    return Checked(tuple(found), len(_RULES) + 6)


def _named(level: str, rule: str, messages: Iterator[str]) -> list[Finding]:
    found = []
    for number, message in enumerate(messages):
        if number < _NAMED:
            found.append(Finding(level, rule, message))
    more = number + 1 - _NAMED if found else 0
    if more > 0:
        found.append(Finding(level, rule, f"and {more:,} more"))
    return found


def _dangling(store: Store) -> Iterator[str]:
    for table in tables():
        for reference in table.references:
            rows = store.read(
                f'SELECT count(*) FROM {table.name} t WHERE t."{reference.column}" IS NOT NULL AND NOT EXISTS '  # noqa: S608 - our own names
                f'(SELECT 1 FROM {reference.table} o WHERE o."{reference.target}" = t."{reference.column}")'
            )
            if rows[0][0]:
                yield f"{rows[0][0]:,} rows of {table.name} name a {reference.table} that is not there"


def _overlaps(store: Store) -> Iterator[str]:
    """Find keys for which one source says two things at once, where only one may hold."""
    keys = store.read(
        "SELECT k.id FROM fact_key k JOIN fact f ON f.key = k.id WHERE f.tx_to IS NULL AND (SELECT c.single "
        "FROM cardinality c WHERE c.attribute = k.attribute ORDER BY c.since DESC LIMIT 1) = 1 "
        "GROUP BY k.id HAVING count(*) > 1 ORDER BY k.id"
    )
    for (at_key,) in keys:
        clash = overlap(row_of(row) for row in store.read(ROW + "WHERE f.key = ? AND f.tx_to IS NULL", (at_key,)))
        if clash is not None:
            yield f"{clash[0]} and {clash[1]} hold at once"


def _unindexed(store: Store) -> Iterator[str]:
    for index, condition in (("passage_open", "closed IS NULL"), ("passage_former", "closed IS NOT NULL")):
        stored = {id_ for (id_,) in store.read(f"SELECT id FROM passage_passage WHERE {condition}")}  # noqa: S608 - our own names
        indexed = set(store.dialect.indexed(index))
        for missing in sorted(stored - indexed):
            yield f"passage {missing} is not in {index}"
        for extra in sorted(indexed - stored):
            yield f"{index} holds {extra}, which is no passage there"
    opened, former = store.read("SELECT open, former FROM passage_state")[0]
    counted = store.read(
        "SELECT count(*) - count(closed), count(closed) FROM passage_passage"
    )[0]  # fmt: skip
    if (opened, former) != tuple(counted):
        there = f"{counted[0]:,} and {counted[1]:,}"
        yield f"{opened:,} passages are said to stand and {former:,} to have ended, and there are {there}"


def _overdue(store: Store, at: datetime) -> Iterator[str]:
    now = to_micros(at)
    for source, due in store.read(
        "SELECT source, review_after FROM source_word WHERE tx_to IS NULL AND review_after <= ? ORDER BY source", (now,)
    ):
        yield f"{source} was due for review {from_micros(due).date()}"
    for fact, attribute, due in store.read(
        "SELECT c.fact, a.name, c.due FROM confirmation c LEFT JOIN attribute a ON a.id = c.attribute "
        "WHERE c.tx_to IS NULL AND c.due <= ? ORDER BY c.due, c.id",
        (now,),
    ):
        yield f"{f'f{fact}' if fact is not None else attribute} was due for review {from_micros(due).date()}"
