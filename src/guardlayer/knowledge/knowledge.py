"""The knowledge layer as its users hold it: one object over one database.

Four verbs change what is known, and are never mixed: *supersede* (was true, has ended), *correct* (never was true),
*retract* (the source withdrew), and *rollback* (the ledger was wrong to change). Each takes effect on the very next
question, in every process, and none forgets what was answered before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from guardlayer.knowledge.align import KeyedFacts
from guardlayer.knowledge.intake.taking import Taking
from guardlayer.knowledge.keeping import Keeping
from guardlayer.knowledge.ledger import Ledger
from guardlayer.knowledge.passages import KnowledgePassages, Passages
from guardlayer.knowledge.store import BUSY_TIMEOUT_MS, Store
from guardlayer.knowledge.terms.ruling import Deciding
from guardlayer.temporal import Clock, utc_now

if TYPE_CHECKING:
    from guardlayer.knowledge.dense import TextEncoder
    from guardlayer.knowledge.permissions import PolicyVersions
    from guardlayer.knowledge.state import StateRuns


class Knowledge(Keeping, Taking, Deciding):
    """Facts with their time, their source and their history. Safe to share between threads.

    Open one with :meth:`Knowledge.open`.

    Attributes:
        store: The database beneath.
        ledger: The facts, as the alignment of claims reads them.
        passages: The documents.
        keyed: The facts as an authority: asked about claims that speak of a key.
        retrieval: The documents as an authority: asked about claims that no key settles.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.ledger = Ledger(store)
        self.passages = Passages(store)
        self.keyed = KeyedFacts(self.ledger)
        self.retrieval = KnowledgePassages(self.passages)

    @classmethod
    def open(
        cls,
        url: str | Path = ":memory:",
        *,
        clock: Clock = utc_now,
        read_only: bool = False,
        busy_timeout_ms: int = BUSY_TIMEOUT_MS,
    ) -> Knowledge:
        """Open a knowledge base, creating it where there is none.

        Args:
            url: ``":memory:"``, a path, ``sqlite:///path``, or ``postgresql://user@host/database``.
            clock: Where transaction time, and the "now" of :meth:`ask`, come from.
            read_only: Refuse every write.
            busy_timeout_ms: Milliseconds to wait for another process's write before giving up.

        Raises:
            ConfigError: The URL names neither SQLite nor PostgreSQL, or PostgreSQL's driver is not installed.
            StoreError: The database cannot be opened; the message says why and what to do.
        """
        return cls(Store.open(url, clock=clock, read_only=read_only, busy_timeout_ms=busy_timeout_ms))

    def embed(self, *, encoder: TextEncoder | None = None, progress: Callable[[int, int], None] | None = None) -> int:
        """Make the vectors of all passages, so that documents are found by meaning as well as by words.

        Once is enough: what is ingested afterwards gets its vectors with it.

        Args:
            encoder: Makes them; ``None`` is the one that ships with the package.
            progress: Called with how many are done, and how many there are to do.

        Returns:
            How many were made.

        Raises:
            ConfigError: There is no encoder in this installation.
        """
        return self.passages.meaning.embed(encoder=encoder, progress=progress)

    @cached_property
    def permissions(self) -> PolicyVersions:
        """Who may read what: versioned policies, which a ``Guard(permissions=kb.permissions)`` obeys."""
        from guardlayer.knowledge.permissions import PolicyVersions

        return PolicyVersions(self.store)

    @cached_property
    def state_runs(self) -> StateRuns:
        """What was asked of live databases: hand ``kb.state_runs.record`` to ``StateQueries.open(record=…)``."""
        from guardlayer.knowledge.state import StateRuns

        return StateRuns(self.store)

    def __enter__(self) -> Knowledge:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; a second call does nothing."""
        self.store.close()
