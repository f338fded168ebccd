"""A term's expression on the live database: one SELECT, on a read-only connection, with a timeout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from guardlayer.errors import AuthorityError
from guardlayer.temporal import Clock

if TYPE_CHECKING:
    from guardlayer.knowledge.state.running import StateRun


class ReadOnly:
    """Runs expressions as the queries of a ``state.toml`` are run; see :mod:`guardlayer.knowledge.state`.

    Args:
        url: The database, as SQLAlchemy names it.
        clock: When a run is said to have been made.
        timeout_s: Seconds a query may take.

    Attributes:
        last: The last run, as it is recorded.
    """

    def __init__(self, url: str, *, clock: Clock, timeout_s: float = 10.0) -> None:
        self._url = url
        self._clock = clock
        self._timeout = timeout_s
        self.last: StateRun | None = None

    def __call__(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[str]:
        """Return the values of the column ``value``.

        Raises:
            ConfigError: It is no single SELECT, or the extra ``sql`` is not installed.
            AuthorityError: It could not be run.
        """
        # Only who runs an expression needs the extra.
        from guardlayer.knowledge.state.definitions import Definitions
        from guardlayer.knowledge.state.running import Outcome, Runner

        query: dict[str, Any] = {
            "database": "live",
            "sql": sql,
            "says": [" ".join(("term", *(f"{{{name}}}" for name in parameters)))],
            "value": "value",
            "parameters": {name: {"pattern": ".+"} for name in parameters},
        }
        definitions = Definitions(
            {"databases": {"live": {"url": self._url, "timeout_s": self._timeout}}, "queries": {"term": query}}, {}
        )
        runner = Runner(definitions, clock=self._clock)
        try:
            self.last = run = runner.run("term", parameters)
        finally:
            runner.close()
        if run.outcome is Outcome.FAILED or run.outcome is Outcome.NOT_PERMITTED:
            raise AuthorityError(f"the expression could not be run: {run.error}")
        return run.rows
