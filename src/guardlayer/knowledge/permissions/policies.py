"""Policies kept in the knowledge layer: every version with its digest, its author and its time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from guardlayer.errors import NotFoundError
from guardlayer.knowledge.micros import from_micros, to_micros
from guardlayer.knowledge.permissions.cedar import CedarEngine
from guardlayer.knowledge.permissions.model import Access, Ruling
from guardlayer.knowledge.statement import MAX_VALUE, cleaned
from guardlayer.knowledge.store import Store
from guardlayer.types import Principal


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of the policies.

    Attributes:
        version: 1 for the first, then counting up.
        digest: ``sha256:…`` of policies and entities, as reports and records name it.
        recorded: When it came into force here.
        author: Who wrote it.
        reason: Why.
        policies: Cedar text.
        entities: Groups, roles and the like, in Cedar's JSON form.
    """

    version: int
    digest: str
    recorded: datetime
    author: str
    reason: str
    policies: str
    entities: tuple[Mapping[str, Any], ...]


class PolicyVersions:
    """The policies of a knowledge layer, as a policy engine: the newest version decides, from the next question on.

    Safe to share between threads. With no version recorded nothing is permitted.

    Args:
        store: The database beneath.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._seen = -1
        self._engine: CedarEngine | None = None

    def set(
        self, policies: str, *, author: str, reason: str, entities: Sequence[Mapping[str, Any]] = ()
    ) -> PolicyVersion:
        """Put policies in force; the same policies again are no new version.

        Args:
            policies: Cedar policies.
            author: Who wrote them.
            reason: Why.
            entities: Groups, roles and the like, in Cedar's JSON form.

        Raises:
            ConfigError: They do not parse; what was in force stays in force.
        """
        by, why = cleaned(author, what="author"), cleaned(reason, what="reason", limit=MAX_VALUE)
        digest = CedarEngine(policies, entities).digest
        with self._store.write() as cursor:
            last = self._store.read("SELECT version, digest FROM permission_policy ORDER BY version DESC LIMIT 1")
            if last and last[0][1] == digest:
                return self._version(int(last[0][0]))
            version = int(last[0][0]) + 1 if last else 1
            cursor.execute(
                "INSERT INTO permission_policy (version, policies, entities, digest, recorded, author, reason) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (version, policies, json.dumps(list(entities)), digest, to_micros(self._store.tick()), by, why),
            )
            return self._version(version)

    def history(self) -> tuple[PolicyVersion, ...]:
        """Return every version, oldest first."""
        rows = self._store.read("SELECT version FROM permission_policy ORDER BY version")
        return tuple(self._version(int(row[0])) for row in rows)

    def current(self) -> PolicyVersion:
        """Return the version in force.

        Raises:
            NotFoundError: No policies were ever set.
        """
        rows = self._store.read("SELECT max(version) FROM permission_policy")
        if rows[0][0] is None:
            raise NotFoundError("no policies are recorded; set them with `guardlayer permissions set FILE`")
        return self._version(int(rows[0][0]))

    @property
    def digest(self) -> str:
        """``sha256:…`` of the policies in force; ``none`` where there are none, so that nothing is permitted."""
        engine = self._current()
        return "none" if engine is None else engine.digest

    def decide(self, accesses: Sequence[Access]) -> Sequence[Ruling]:
        """Return one ruling an access, by the version in force now."""
        engine = self._current()
        if engine is None:
            return [Ruling(allowed=False, error="no policies are recorded") for _ in accesses]
        return engine.decide(accesses)

    def hopeless(self, principal: Principal, action: str) -> bool:
        """Say whether nothing can be permitted; see :meth:`CedarEngine.hopeless`."""
        engine = self._current()
        return engine is None or engine.hopeless(principal, action)

    def _current(self) -> CedarEngine | None:
        generation = self._store.generation
        with self._lock:
            if generation != self._seen:
                rows = self._store.read(
                    "SELECT policies, entities, digest FROM permission_policy ORDER BY version DESC LIMIT 1"
                )
                if not rows:
                    self._engine = None
                elif self._engine is None or self._engine.digest != rows[0][2]:
                    self._engine = CedarEngine(rows[0][0], json.loads(rows[0][1]))
                self._seen = generation
            return self._engine

    def _version(self, number: int) -> PolicyVersion:
        rows = self._store.read(
            "SELECT version, digest, recorded, author, reason, policies, entities FROM permission_policy "
            "WHERE version = ?",
            (number,),
        )
        version, digest, recorded, author, reason, policies, entities = rows[0]
        known = tuple(json.loads(entities))
        return PolicyVersion(int(version), digest, from_micros(recorded), author, reason, policies, known)
