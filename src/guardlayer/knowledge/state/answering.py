"""Live state as an authority: which query a claim is about, what it is asked, and what its rows say of the claim."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guardlayer.errors import AuthorityError
from guardlayer.knowledge.permissions.model import PolicyEngine
from guardlayer.knowledge.phrases import Phrases, Said
from guardlayer.knowledge.state.definitions import Definitions, QueryDefinition
from guardlayer.knowledge.state.running import Outcome, Runner, StateRun
from guardlayer.temporal import Clock, utc_now
from guardlayer.types import Alignment, Evidence, Fact, Principal, Query, Relation, Source

MAX_QUERIES = 3
"""At most this many queries are asked for one claim, the most specific phrases first."""
TURNS = 6
"""Earlier turns in which a parameter is looked for."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query that a claim is about, with its parameters."""

    name: str
    said: Said
    parameters: Mapping[str, str]


class StateQueries:
    """The queries of a ``state.toml`` as an authority for state claims.

    Open one with :meth:`open`.

    Args:
        runner: Runs the queries.
    """

    id = "state"

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self._values = {
            name: {
                value: Phrases([value, *says], {}, where=f"queries.{name}.values")
                for value, says in query.values.items()
            }
            for name, query in runner.definitions.queries.items()
        }

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        environment: Mapping[str, str] | None = None,
        engine: PolicyEngine | None = None,
        record: Callable[[StateRun], None] | None = None,
        clock: Clock = utc_now,
    ) -> StateQueries:
        """Read a ``state.toml``; nothing is connected to before the first question.

        Args:
            path: The file.
            environment: Where ``url_env`` is looked up.
            engine: Decides who may ask what.
            record: Called with every run.
            clock: When runs are said to have been made.

        Raises:
            ConfigError: The file does not hold what it should.
        """
        definitions = Definitions.from_file(path, environment or {})
        return cls(Runner(definitions, clock=clock, engine=engine, record=record))

    def search(self, query: Query) -> Sequence[Evidence]:
        """Ask the databases about a state claim.

        Returns:
            What they say, each piece with its relation to the claim where the query declares its values; a piece that
            says so where a query has no rows; nothing where no query is about the claim.

        Raises:
            AuthorityError: A query is about the claim and could not be asked: a parameter is not to be found, it is
                not permitted, or it failed; the message says which.
        """
        found: list[Evidence] = []
        for asked in self._asked(query):
            run = self.runner.run(asked.name, asked.parameters, principal=query.principal)
            if run.outcome is Outcome.NOT_PERMITTED:
                raise AuthorityError(f"not permitted: {run.error}")
            if run.outcome is Outcome.FAILED:
                raise AuthorityError(f"failed: {asked.name} could not be asked ({run.error})")
            found.extend(self._evidence(asked, run, query))
        return found

    def _asked(self, query: Query) -> list[_Asked]:
        definitions = self.runner.definitions
        candidates = [
            (name, said) for name, phrases in definitions.phrases.items() if (said := phrases.find(query.claim.text))
        ]
        candidates.sort(key=lambda one: one[1].span.start - one[1].span.end)
        asked, lacking = [], []
        for name, said in candidates[:MAX_QUERIES]:
            try:
                asked.append(_Asked(name, said, self._parameters(name, said, query)))
            except LookupError as error:
                lacking.append(str(error.args[0]))
        if not asked and lacking:
            raise AuthorityError(lacking[0])
        return asked

    def _parameters(self, name: str, said: Said, query: Query) -> dict[str, str]:
        definition = self.runner.definitions.queries[name]
        phrases = self.runner.definitions.phrases[name]
        bound: dict[str, str] = {}
        for parameter, where in definition.parameters.items():
            if where.from_ is not None:
                bound[parameter] = _of_principal(name, parameter, where.from_, query.principal)
            elif parameter in said.values:
                bound[parameter] = said.values[parameter]
            else:
                bound[parameter] = _of_texts(name, parameter, phrases, query)
        return bound

    def _evidence(self, asked: _Asked, run: StateRun, query: Query) -> Iterable[Evidence]:
        definition = self.runner.definitions.queries[asked.name]
        text = query.claim.text
        narrowed = ", ".join(f"{key} {value}" for key, value in run.parameters)
        source = Source(f"state:{asked.name}", version=run.at.isoformat(), digest=run.digest)
        if run.outcome is Outcome.EMPTY:
            none = Fact("", 0, asked.said.span.slice(text), asked.name, "", source=source, operation="query")
            yield Evidence(f"{asked.name} has no row for {narrowed or 'this'}", source, fact=none, recorded=run.at)
            return
        place = next(iter(asked.said.places.values()), None)
        attribute = definition.attribute or asked.name.replace("_", " ")
        entity = asked.said.span.slice(text)
        alignment = Alignment(place, asked.said.span, 1.0, phrase=entity)
        values = list(dict.fromkeys(run.rows))
        if len(values) > 1 and not definition.many:
            told = f"{asked.name} gives {len(values)} different values for {narrowed or 'this'}"
            raise AuthorityError(f"failed: {told}; declare many = true if that is meant, or narrow the query")
        stated = self._stated(asked.name, text)
        for value in values:
            relation = _relation(definition, value, stated, values)
            fact = Fact("", 0, entity, attribute, value, source=source, single=not definition.many, operation="query")
            told = f"{asked.name} says {value}" + (f" ({narrowed})" if narrowed else "")
            yield Evidence(told, source, fact=fact, alignment=alignment, relation=relation, recorded=run.at)

    def _stated(self, name: str, text: str) -> set[str]:
        """Return which of the query's declared values the claim states; the longest words win where they overlap."""
        found = [(value, said) for value, phrases in self._values[name].items() if (said := phrases.find(text))]
        return {
            value
            for value, said in found
            if not any(
                other is not said and other.span.start <= said.span.start and said.span.end <= other.span.end
                and other.span.end - other.span.start > said.span.end - said.span.start
                for _, other in found
            )
        }  # fmt: skip


def _relation(definition: QueryDefinition, value: str, stated: set[str], values: Sequence[str]) -> Relation:
    """Say what a row says of a claim that states one of the declared values.

    Neutral where values are not declared (numbers and dates are compared by a verifier) or the claim states none, or
    several: then nothing is guessed.
    """
    if not definition.values or len(stated) != 1:
        return Relation.NEUTRAL
    said = next(iter(stated))
    known = {name.casefold(): name for name in definition.values}
    if definition.many:
        return Relation.SUPPORTS if said.casefold() in {one.casefold() for one in values} else Relation.REFUTES
    actual = known.get(value.casefold())
    if actual is None:
        return Relation.NEUTRAL
    return Relation.SUPPORTS if actual == said else Relation.REFUTES


def _of_principal(name: str, parameter: str, where: str, principal: Principal | None) -> str:
    if principal is None:
        raise LookupError(f"{name} needs {parameter} of who is asking; check with guard.acting_for(principal)")
    _, _, attribute = where.partition(".")
    if not attribute:
        return principal.id
    value: Any = principal.attributes.get(attribute)
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise LookupError(f"{name} needs {attribute} of who is asking, and the principal has none")
    return str(value)


def _of_texts(name: str, parameter: str, phrases: Phrases, query: Query) -> str:
    """Look for a parameter in the question, then in the turns before, nearest first."""
    texts = [query.question or "", *(turn.text for turn in reversed(query.turns[-TURNS:]))]
    for text in texts:
        said = phrases.find(text)
        if said is not None and parameter in said.values:
            return said.values[parameter]
    raise LookupError(f"{name} needs {parameter}, and neither the claim nor the conversation names one")
