"""Figures that are computed, and terms that come from other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from guardlayer.errors import AuthorityError, InputError, NotFoundError
from guardlayer.knowledge.statement import Qualifiers
from guardlayer.knowledge.terms.calendar import Period
from guardlayer.knowledge.terms.defining import Defining
from guardlayer.knowledge.terms.model import PERIOD, Figure, Runner, Term
from guardlayer.temporal import When
from guardlayer.text import key
from guardlayer.types import Source


class Computing(Defining):
    """Terms by their expressions."""

    def compute(
        self,
        name: str,
        runner: Runner | str,
        *,
        period: str | Period | None = None,
        scope: Qualifiers | None = None,
        at: When | None = None,
        record: bool = False,
        author: str | None = None,
    ) -> Figure:
        """Compute the figure of a term by its own expression, as it was defined for that period.

        Args:
            name: The term.
            runner: Runs one SELECT; or the URL of a database, which is opened read-only.
            period: For which period.
            scope: Where.
            at: The instant; not given, now.
            record: Record it as the figure of the period, with the term's source.
            author: Who computes it.

        Raises:
            NotFoundError: There is no such term, or it has no expression then.
            ConfigError: The expression is no single SELECT, or a parameter of it is not given.
            AuthorityError: It could not be run, or gave no single value.
        """
        # Only who computes needs the extra that reads SQL.
        from guardlayer.knowledge.state.statement import parameters_of
        from guardlayer.knowledge.terms.running import ReadOnly

        term = self.term(name, period=period, scope=scope, at=at)
        if term is None or term.sql is None:
            raise NotFoundError(f"{name!r} has no expression for that scope and time; give one with define(sql=)")
        asked = self._asked(term.name, period, scope, at)
        span, pairs = asked.period, tuple(pair for pair in self._scope_pairs(scope) if key(pair[0]) != PERIOD)
        known: dict[str, Any] = {"at": asked.at.isoformat(), **dict(pairs)}
        if span is not None:
            known |= {"period_start": span.start.isoformat(), "period_end": span.end.isoformat(), "period": str(span)}
        needed = parameters_of(term.sql)
        if lacking := sorted(needed - set(known)):
            hint = "period" if lacking[0].startswith("period") else f"scope={{{lacking[0]!r}: …}}"
            raise InputError(f"the expression of {term.name!r} needs :{lacking[0]}; give {hint}")
        run = ReadOnly(runner, clock=self.store.now) if isinstance(runner, str) else runner
        bound = {parameter: known[parameter] for parameter in sorted(needed)}
        rows = run(term.sql, bound)
        if len(rows) != 1 or rows[0] in ("", "None", "NULL"):
            raise AuthorityError(f"the expression of {term.name!r} gave {len(rows)} values where one is due")
        if record:
            done = self.report(
                term.name, rows[0], period=span, scope=scope, source=term.source, author=author, reason="computed"
            )
            return Figure(term.name, done.value, span, done.scope, done.fact, term.sql, bound)
        return Figure(term.name, rows[0], span, pairs, None, term.sql, bound)

    def import_metrics(
        self,
        path: str | Path,
        *,
        format: str | None = None,  # noqa: A002 - the word its users have for it
        owner: str | None = None,
        valid_from: When | None = None,
        source: str | Source | None = None,
        author: str | None = None,
    ) -> tuple[Term, ...]:
        """Import the metrics of a MetricFlow, Cube or OSI file as terms, with their expression where it is simple.

        Args:
            path: A YAML file.
            format: ``metricflow``, ``cube`` or ``osi``; not given, what the file looks like.
            owner: Owner of the terms.
            valid_from: When they began to mean this.
            source: Who says so; not given, the file.
            author: Who imports it.

        Raises:
            InputError: The file cannot be read, or holds no metrics of that format.
        """
        from guardlayer.knowledge.terms.metrics import read_metrics

        return tuple(
            self.define(
                metric.name,
                metric.definition,
                sql=metric.sql,
                owner=owner,
                aliases=metric.aliases,
                valid_from=valid_from,
                source=source or str(path),
                author=author,
            )
            for metric in read_metrics(Path(path), format)
        )
