"""What was asked of live databases, kept beside the knowledge: query, parameters, outcome, digest of the rows, time.

The rows themselves are not kept: they are somebody's records, and stay where they live.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from guardlayer.errors import InputError
from guardlayer.knowledge.micros import from_micros, to_micros
from guardlayer.knowledge.state.running import Outcome, StateRun
from guardlayer.knowledge.store import Store

MAX_LISTED = 10_000


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run as it was recorded.

    Attributes:
        id: Its number.
        query: Name of the query.
        parameters: What was bound.
        outcome: How it ended.
        rows: How many rows it had, up to the cap.
        truncated: Whether there were more.
        digest: ``sha256:…`` of the rows.
        at: When it was asked.
        seconds: How long it took.
        principal: Who asked, if it was said.
        error: What failed.
    """

    id: int
    query: str
    parameters: Mapping[str, str]
    outcome: Outcome
    rows: int
    truncated: bool
    digest: str
    at: datetime
    seconds: float
    principal: str | None
    error: str | None


class StateRuns:
    """The runs of state queries that a knowledge layer keeps. Safe to share between threads.

    Args:
        store: The database beneath.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, run: StateRun) -> None:
        """Keep a run: hand this to ``StateQueries.open(record=…)``.

        Raises:
            StoreError: It could not be kept.
        """
        with self._store.write() as cursor:
            cursor.execute(
                "INSERT INTO state_run (query, parameters, outcome, row_count, truncated, digest, at, seconds, "
                "principal, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    run.query, json.dumps(dict(run.parameters)), run.outcome.value, len(run.rows), int(run.truncated),
                    run.digest, to_micros(run.at), run.seconds, run.principal, run.error,
                ),
            )  # fmt: skip

    def list(self, *, query: str | None = None, limit: int = 100) -> tuple[RecordedRun, ...]:
        """Return the latest runs, newest first.

        Args:
            query: Only those of this query.
            limit: At most this many.

        Raises:
            InputError: The limit is out of bounds.
        """
        if not 0 < limit <= MAX_LISTED:
            raise InputError(f"limit must be between 1 and {MAX_LISTED:,}")
        where, params = ("WHERE query = ? ", (query, limit)) if query is not None else ("", (limit,))
        rows = self._store.read(
            "SELECT id, query, parameters, outcome, row_count, truncated, digest, at, seconds, principal, error "  # noqa: S608 - our own text
            f"FROM state_run {where}ORDER BY id DESC LIMIT ?",
            params,
        )
        return tuple(
            RecordedRun(
                int(row[0]), row[1], json.loads(row[2]), Outcome(row[3]), int(row[4]), bool(row[5]), row[6],
                from_micros(row[7]), float(row[8]), row[9], row[10],
            )
            for row in rows
        )  # fmt: skip
