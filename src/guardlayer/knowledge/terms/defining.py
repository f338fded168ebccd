"""Terms, their figures, and the fiscal calendar, as users of a :class:`~guardlayer.knowledge.Knowledge` call them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from guardlayer.errors import InputError, KnowledgeError, NotFoundError
from guardlayer.knowledge.acting import Acting
from guardlayer.knowledge.align import KeyedFacts
from guardlayer.knowledge.asking import Asking
from guardlayer.knowledge.entities.writing import NameWriter
from guardlayer.knowledge.micros import to_micros
from guardlayer.knowledge.resolve import same_value
from guardlayer.knowledge.sources import checked_authority, checked_source
from guardlayer.knowledge.statement import (
    MAX_VALUE,
    Qualifiers,
    Statement,
    Value,
    cleaned,
    cleaned_name,
    qualifier_pairs,
)
from guardlayer.knowledge.terms import choosing
from guardlayer.knowledge.terms.calendar import FiscalCalendar, Period
from guardlayer.knowledge.terms.model import (
    DEFINITION,
    EXPRESSION,
    FIGURE,
    OWNER,
    PERIOD,
    TERM,
    Figure,
    Term,
)
from guardlayer.knowledge.terms.reading import calendar_of
from guardlayer.temporal import When, instant
from guardlayer.text import key
from guardlayer.types import Fact, Source


class Defining(Asking):
    """Terms and what they come to."""

    keyed: KeyedFacts

    # The calendar -----------------------------------------------------------------------------------------------

    def calendar(
        self,
        start_month: int | None = None,
        *,
        pattern: str = "months",
        named_by: str = "end",
        week_end: str = "saturday",
        year_end: str = "last",
        author: str | None = None,
    ) -> FiscalCalendar:
        """Declare the fiscal calendar, or, with no month given, return the one in force (civil years, if none is).

        Args:
            start_month: Month in which the fiscal year begins, 1 to 12.
            pattern: ``months``, or for years of 52 or 53 weeks ``4-4-5``, ``4-5-4`` or ``5-4-4``.
            named_by: Whether FY26 is the year that ends in 2026 (``end``) or begins in it (``start``).
            week_end: Day on which weeks end.
            year_end: Whether years of weeks end on the ``last`` such day of the month, or the one ``nearest`` its end.
            author: Who declares it.

        Raises:
            InputError: An option is not known.
        """
        if start_month is None:
            return calendar_of(self.store.read)
        made = FiscalCalendar(start_month, pattern, named_by, week_end, year_end)
        by = None if author is None else cleaned(author, what="author")
        with self.store.write() as cursor:
            cursor.execute(
                "INSERT INTO term_calendar (spec, tx_from, author) VALUES (?, ?, ?)",
                (made.to_json(), to_micros(self.store.tick()), by),
            )
        return made

    def period(self, name: str) -> Period:
        """Read the name of a period: ``Q3 FY26``, ``FY26 Q3``, ``third quarter of fiscal 2026``, ``H1 FY26``, ``FY26``.

        Raises:
            InputError: It is no period.
        """
        found = self.calendar().period(cleaned(name, what="period"))
        if found is None:
            raise InputError(
                f"{name!r} is no period; write Q3 FY26, H1 FY26, P5 FY26, FY26, or Q3 2026 for civil years"
            )
        return found

    # Terms ------------------------------------------------------------------------------------------------------

    def define(
        self,
        name: str,
        definition: str | None = None,
        *,
        owner: str | None = None,
        sql: str | None = None,
        aliases: Iterable[str] = (),
        scope: Qualifiers | None = None,
        valid_from: When | None = None,
        valid_to: When | None = None,
        source: str | Source | None = None,
        authority: int | None = None,
        author: str | None = None,
        reason: str | None = None,
    ) -> Term:
        """Say what a term means, who owns it, or how its figure is computed.

        Another definition from a later time on ends the one before it. In another scope it is another definition.

        Args:
            name: The term.
            definition: What it means.
            owner: Who is asked about it.
            sql: One SELECT whose column ``value`` is its figure; ``:period_start`` and ``:period_end`` (not included)
                are bound to the period that is asked for, ``:at`` to the instant, ``:region`` and the like to the
                scope.
            aliases: Its other names.
            scope: Where this holds, such as ``{"region": "EMEA"}`` or ``{"period": "Q4 FY26"}``.
            valid_from: When it began to hold.
            valid_to: When it ceases to; not included.
            source: Who says so.
            authority: Rank of the source.
            author: Who records it.
            reason: Why.

        Raises:
            InputError: Nothing is said of it, or a part cannot be recorded.
            KnowledgeError: It means something else already, and it is not said since when it means this.
        """
        said = {DEFINITION: definition, OWNER: owner, EXPRESSION: None if sql is None else json.dumps({"sql": sql})}
        given = {attribute: value for attribute, value in said.items() if value is not None}
        if not given:
            raise InputError(f"nothing is said of {name!r}; give a definition, an owner or sql")
        if sql is not None:
            _checked(sql)
        pairs = self._scope_pairs(scope)
        statements = [
            Statement.of(
                name, attribute, value, valid_from=valid_from, valid_to=valid_to, qualifiers=pairs,
                author=author, reason=reason,
            )
            for attribute, value in given.items()
        ]  # fmt: skip
        said_by, rank = checked_source(source), None if authority is None else checked_authority(authority)
        with self.store.write() as cursor:
            acting = Acting(self.store, cursor)
            number = acting.writer.entity(cleaned_name(name, what="term"))
            acting.writer.describe("entity", number, "type", TERM)
            others = list(aliases)
            acting.writer.alias(number, others)
            unseen = [many for one in (name, *others) if (many := _plural(one)) is not None]
            NameWriter(self.store, cursor).unseen(number, unseen)
            facts = [self.fact(f"f{self.restate(acting, one, said_by, rank)}") for one in statements]
            names = self.ledger.names_of(number)
        written = {fact.attribute: fact for fact in facts}
        return Term(
            names[0], definition, owner, sql, facts[0].qualifiers, facts[0].valid, facts[0].source,
            written.get(DEFINITION), names[1:],
        )  # fmt: skip

    def term(
        self, name: str, *, period: str | Period | None = None, scope: Qualifiers | None = None, at: When | None = None
    ) -> Term | None:
        """Return what a term means; ``None`` where nothing of it is recorded for that scope and time.

        Args:
            name: The term.
            period: For which period, such as ``Q3 FY26``: what it meant then.
            scope: Where; a definition for a narrower scope goes before a wider one.
            at: The instant; not given, now.

        Raises:
            NotFoundError: There is no such term.
            AmbiguousError: Two definitions apply, or it changed within the period: both are named.
        """
        entity, known = self._term(name)
        facts = self.ledger.versions_of(entity)
        asked = self._asked(known, period, scope, at)
        definition = choosing.chosen(facts, DEFINITION, asked)
        owner, expression = choosing.chosen(facts, OWNER, asked), choosing.chosen(facts, EXPRESSION, asked)
        first = definition or expression or owner
        if first is None:
            return None
        return Term(
            known,
            None if definition is None else definition.value,
            None if owner is None else owner.value,
            None if expression is None else str(json.loads(expression.value)["sql"]),
            first.qualifiers,
            first.valid,
            first.source,
            definition,
            tuple(one for one in self.ledger.names_of(entity) if one != known),
        )

    def terms(self) -> tuple[str, ...]:
        """Return the names of all terms."""
        rows = self.store.read("SELECT name FROM entity WHERE type = ? ORDER BY name", (TERM,))
        return tuple(name for (name,) in rows)

    # Figures ----------------------------------------------------------------------------------------------------

    def report(
        self,
        name: str,
        value: Value,
        *,
        period: str | Period | None = None,
        scope: Qualifiers | None = None,
        valid_from: When | None = None,
        valid_to: When | None = None,
        source: str | Source | None = None,
        authority: int | None = None,
        author: str | None = None,
        reason: str | None = None,
    ) -> Figure:
        """Record the figure of a term for a period, so that claims about it are checked against it.

        Raises:
            NotFoundError: There is no such term.
            KnowledgeError: Another figure is recorded; correct or supersede it.
        """
        _, known = self._term(name)
        when = self.period(period) if isinstance(period, str) else period
        pairs = (*self._scope_pairs(scope), *(((PERIOD, str(when)),) if when is not None else ()))
        statement = Statement.of(
            known,
            FIGURE,
            value,
            valid_from=valid_from,
            valid_to=valid_to,
            qualifiers=pairs,
            author=author,
            reason=reason,
        )
        said_by, rank = checked_source(source), None if authority is None else checked_authority(authority)
        with self.store.write() as cursor:
            fact = self.fact(f"f{self.restate(Acting(self.store, cursor), statement, said_by, rank)}")
        return Figure(known, fact.value, when, _without_period(fact), fact)

    def figure(
        self, name: str, *, period: str | Period | None = None, scope: Qualifiers | None = None, at: When | None = None
    ) -> Figure | None:
        """Return the figure that is recorded for a term and a period; ``None`` where there is none.

        Raises:
            NotFoundError: There is no such term.
            AmbiguousError: Figures of two scopes apply.
        """
        entity, known = self._term(name)
        asked = self._asked(known, period, scope, at)
        fact = choosing.chosen(self.ledger.versions_of(entity), FIGURE, asked)
        return None if fact is None else Figure(known, fact.value, asked.period, _without_period(fact), fact)

    # ------------------------------------------------------------------------------------------------------------

    def restate(self, acting: Acting, statement: Statement, source: Source | str, authority: int | None) -> int:
        """Record a statement that takes over from what the same source said before, if it says since when.

        Returns:
            Number of the fact.

        Raises:
            KnowledgeError: Something else holds, and it is not said since when this does.
        """
        single(acting, self.ledger.find_attribute(statement.attribute), statement.attribute)
        entity = self.ledger.find_entity(statement.entity)
        attribute = self.ledger.find_attribute(statement.attribute)
        by = source if isinstance(source, str) else source.id
        begins = statement.valid.start
        if entity is not None and attribute is not None:
            for fact in self.ledger.versions_of(entity):
                if (
                    fact.attribute != statement.attribute
                    or fact.recorded.end is not None
                    or fact.qualifiers != statement.qualifiers
                    or fact.source.id != by
                    or same_value(fact.value, statement.value)
                    or not fact.valid.overlaps(statement.valid)
                ):
                    continue
                if begins is None or (fact.valid.start is not None and begins <= fact.valid.start):
                    raise KnowledgeError(
                        f"{statement.attribute} of {statement.entity!r} is {fact.value[:200]!r} for the same time "
                        f"({fact.id}); say since when it is otherwise (valid_from), or correct {fact.id}"
                    )
                return acting.supersede(
                    fact.id, statement.value, statement.valid, source=source, author=statement.author,
                    reason=statement.reason,
                )  # fmt: skip
        return acting.add(statement, source, authority)

    def _term(self, name: str) -> tuple[int, str]:
        name = cleaned_name(name, what="term")
        number = self.ledger.find_entity(name)
        if number is None:
            raise NotFoundError(f"there is no term {name!r}; define() it")
        return number, self.ledger.names_of(number)[0]

    def _asked(
        self, name: str, period: str | Period | None, scope: Qualifiers | None, at: When | None
    ) -> choosing.Asked:
        return choosing.Asked(
            name,
            {key(one): key(value) for one, value in self._scope_pairs(scope) if key(one) != PERIOD},
            self.period(period) if isinstance(period, str) else period,
            self.store.now() if at is None else instant(at),
            self.calendar(),
            at is not None,
        )

    def _scope_pairs(self, scope: Qualifiers | None) -> tuple[tuple[str, str], ...]:
        pairs = dict(qualifier_pairs(scope))
        if PERIOD in pairs:
            pairs[PERIOD] = str(self.period(pairs[PERIOD]))
        return tuple(sorted(pairs.items()))


def single(acting: Acting, known: int | None, attribute: str) -> None:
    """Let an attribute that is new hold one value at a time."""
    if known is None:
        acting.writer.attribute(attribute, cardinality="one")


def _without_period(fact: Fact) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in fact.qualifiers if key(pair[0]) != PERIOD)


def _plural(name: str) -> str | None:
    """Return "active customers" for "active customer"; ``None`` where it is a name or in the plural already."""
    last = name.rsplit(maxsplit=1)[-1] if name.split() else ""
    if not (last.isascii() and last.isalpha() and last.islower()) or last.endswith("s"):
        return None
    if last.endswith("y") and last[-2:-1] not in "aeiou":
        return f"{name.strip()[:-1]}ies"
    return f"{name.strip()}{'es' if last.endswith(('x', 'z', 'ch', 'sh')) else 's'}"


def _checked(sql: str) -> None:
    # Only who gives an expression needs the extra that reads SQL.
    from guardlayer.knowledge.state.statement import checked_select

    checked_select(cleaned(sql, what="sql", limit=MAX_VALUE), "", where="sql")
