"""Rules: a base case and labelled exceptions, as users of a :class:`~guardlayer.knowledge.Knowledge` call them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import combinations

from guardlayer.errors import InputError, KnowledgeError, NotFoundError
from guardlayer.knowledge.acting import Acting
from guardlayer.knowledge.resolve import resolve, same_value
from guardlayer.knowledge.sources import checked_authority, checked_source
from guardlayer.knowledge.statement import Statement, Value, cleaned, cleaned_name
from guardlayer.knowledge.terms import conditions
from guardlayer.knowledge.terms.choosing import keyed
from guardlayer.knowledge.terms.computing import Computing
from guardlayer.knowledge.terms.conditions import Conditions, When
from guardlayer.knowledge.terms.model import EXCEPTION, OUTCOME, RULE, Clause, Ruling
from guardlayer.temporal import When as Instant
from guardlayer.temporal import instant
from guardlayer.text import key
from guardlayer.types import Fact, Source


class Deciding(Computing):
    """Rules and what they say of a case."""

    def rule(
        self,
        name: str,
        outcome: Value | None = None,
        *,
        label: str | None = None,
        when: When | None = None,
        exceptions: Mapping[str, tuple[When, Value]] | None = None,
        aliases: Iterable[str] = (),
        valid_from: Instant | None = None,
        valid_to: Instant | None = None,
        source: str | Source | None = None,
        authority: int | None = None,
        author: str | None = None,
        reason: str | None = None,
    ) -> tuple[Clause, ...]:
        """Write a rule's base case, or an exception to it, or several at once.

        An exception holds where all its conditions do. Of two that hold the narrower one decides; two of which neither
        is narrower, and which can both hold in one case, are refused, unless a third one decides where both do.

        Args:
            name: The rule, such as ``refund window``.
            outcome: What is so.
            label: What the exception is called; not given, this is the base case.
            when: Fields and what each must be: a value, a list of values, ``">= 100"``, ``"10..20"``, ``"not EU"``.
            exceptions: More exceptions: label to (when, outcome). They are checked together with the rest.
            aliases: Other names of the rule.
            valid_from: When this begins to hold.
            valid_to: When it ceases to; not included.
            source: Who says so.
            authority: Rank of the source.
            author: Who records it.
            reason: Why.

        Returns:
            All clauses of the rule as they are now.

        Raises:
            InputError: A condition cannot be read, or an exception has none.
            KnowledgeError: Two exceptions clash; both are named, and nothing is written.
        """
        given: list[tuple[str | None, When | None, Value]] = []
        if outcome is not None:
            given.append((label, when, outcome))
        elif label is not None or when:
            raise InputError(f"the exception {label or when!r} of {name!r} has no outcome; say what is so")
        given += [(one, condition, value) for one, (condition, value) in (exceptions or {}).items()]
        if not given:
            raise InputError(f"nothing is said of the rule {name!r}; give an outcome")
        statements = [
            Statement.of(
                name, OUTCOME, value, valid_from=valid_from, valid_to=valid_to,
                qualifiers=_qualifiers(name, one, condition), author=author, reason=reason,
            )
            for one, condition, value in given
        ]  # fmt: skip
        said_by, rank = checked_source(source), None if authority is None else checked_authority(authority)
        with self.store.write() as cursor:
            acting = Acting(self.store, cursor)
            number = acting.writer.entity(cleaned_name(name, what="rule"))
            acting.writer.describe("entity", number, "type", RULE)
            acting.writer.alias(number, aliases)
            for statement in statements:
                self.restate(acting, statement, said_by, rank)
            clauses = clauses_of(self.ledger.versions_of(number))
            _check(name, clauses)
        return clauses

    def rules(self) -> tuple[str, ...]:
        """Return the names of all rules."""
        return tuple(
            name for (name,) in self.store.read("SELECT name FROM entity WHERE type = ? ORDER BY name", (RULE,))
        )

    def clauses(self, name: str) -> tuple[Clause, ...]:
        """Return the base case of a rule and its exceptions, those for other times too.

        Raises:
            NotFoundError: There is no such rule.
        """
        return clauses_of(self.ledger.versions_of(self._rule(name)[0]))

    def decide(self, name: str, case: Mapping[str, object], *, at: Instant | None = None) -> Ruling:
        """Say what a rule says of a case: the narrowest exception that holds, else the base case.

        Args:
            name: The rule.
            case: Fields and values; ``None`` says that there is no such thing. A field that is not there is not known,
                and where the outcome depends on it nothing is decided.
            at: The instant; not given, now.

        Raises:
            NotFoundError: There is no such rule.
        """
        number, known = self._rule(name)
        when = self.store.now() if at is None else instant(at)
        facts = self.ledger.versions_of(number)
        given = {key(cleaned_name(field, what="field")): conditions.value_of(value) for field, value in case.items()}
        live = _live(facts, when)
        return _ruling(known, live, given, when)

    def _rule(self, name: str) -> tuple[int, str]:
        name = cleaned_name(name, what="rule")
        number = self.ledger.find_entity(name)
        if number is None:
            raise NotFoundError(f"there is no rule {name!r}; write it with rule()")
        return number, self.ledger.names_of(number)[0]


def clauses_of(facts: Iterable[Fact]) -> tuple[Clause, ...]:
    """Return the clauses that are recorded now, the base case first."""
    heads = [fact for fact in facts if fact.attribute == OUTCOME and fact.recorded.end is None]
    return tuple(sorted((_clause(fact) for fact in heads), key=lambda clause: (clause.label or "", clause.fact.id)))


def read(clause: Clause) -> Conditions:
    """Return the conditions of a clause."""
    return conditions.read(dict(clause.when))


def _live(facts: Sequence[Fact], at: datetime) -> list[Clause]:
    live = []
    for versions in keyed(facts, OUTCOME).values():
        found = resolve(versions, at)
        live += [_clause(fact) for fact in (*found.current, *found.candidates)]
    return live


def _ruling(name: str, live: Sequence[Clause], case: Mapping[str, str | None], at: datetime) -> Ruling:
    held = [(clause, read(clause)) for clause in live]
    yes = [(c, w) for c, w in held if conditions.holds(w, case) is True]
    best = [(c, w) for c, w in yes if not any(_narrower(other, w) for _, other in yes)]
    # An exception that may hold matters, unless it would say the same, or what holds already is narrower.
    open_ = [
        (c, w)
        for c, w in held
        if conditions.holds(w, case) is None
        and not any(_narrower(other, w) for _, other in best)
        and not (best and all(same_value(c.outcome, one.outcome) for one, _ in best))
    ]
    if open_:
        missing = tuple(dict.fromkeys(field for _, w in open_ for field, _ in w if field not in case))
        candidates = tuple(c for c, _ in (*open_, *best))
        text = f"{name}: not decided without {', '.join(missing)}; it may be {'; or '.join(map(str, candidates))}"
        return Ruling(name, None, None, missing, candidates, text)
    if not best:
        return Ruling(name, None, None, (), (), f"{name}: nothing holds for this case at {at.date().isoformat()}")
    if len({c.outcome for c, _ in best}) > 1:
        candidates = tuple(c for c, _ in best)
        sides = " against ".join(f"{c} ({c.fact.source})" for c in candidates)
        return Ruling(name, None, None, (), candidates, f"{name}: two cases apply: {sides}; settle which")
    clause = best[0][0]
    return Ruling(name, clause.outcome, clause, (), (), f"{name}: {clause} ({clause.fact.source})")


def _narrower(one: Conditions, than: Conditions) -> bool:
    return conditions.within(one, than) and not conditions.within(than, one)


def _check(name: str, clauses: Sequence[Clause]) -> None:
    """Require that no two exceptions clash.

    Raises:
        KnowledgeError: Two do; both are named.
    """
    exceptions = [(clause, read(clause)) for clause in clauses if clause.label is not None]
    for (one, w), (other, v) in combinations(exceptions, 2):
        if (
            same_value(one.outcome, other.outcome)
            or not one.valid.overlaps(other.valid)
            or not conditions.meet(w, v)
            or _narrower(w, v)
            or _narrower(v, w)
            or (one.fact.source.id != other.fact.source.id and one.fact.qualifiers == other.fact.qualifiers)
        ):
            continue
        settled = any(
            third not in (one, other)
            and third.valid.overlaps(one.valid)
            and _narrower(u, w)
            and _narrower(u, v)
            and conditions.within(w, u, v)  # whatever is in both is in it
            for third, u in exceptions
        )
        if not settled:
            raise KnowledgeError(
                f"rule {name!r}: {one} and {other} can both apply, and neither is narrower; "
                "narrow one of them, or write an exception for where both do (exceptions= writes several at once)"
            )


def _qualifiers(name: str, label: str | None, when: When | None) -> dict[str, str]:
    read_ = conditions.read(when)
    if label is None:
        if read_:
            raise InputError(f"conditions make an exception of {name!r}; give it a label")
        return {}
    if not read_:
        raise InputError(f"the exception {label!r} of {name!r} has no condition, so it would be the rule; give when=")
    if any(field == EXCEPTION for field, _ in read_):
        raise InputError(f"a field cannot be called {EXCEPTION!r}; choose another name")
    return {EXCEPTION: cleaned(label, what="label"), **{field: str(domain) for field, domain in read_}}


def _clause(fact: Fact) -> Clause:
    pairs = dict(fact.qualifiers)
    label = pairs.pop(EXCEPTION, None)
    return Clause(label, tuple(sorted(pairs.items())), fact.value, fact.valid, fact)
