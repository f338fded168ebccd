"""What the verbs do, inside a write that somebody else opened: one place, whoever asked for the change.

``Knowledge`` calls it with what its user gave, the review queue with what was proposed and accepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from guardlayer.errors import NotFoundError
from guardlayer.knowledge import conflicts, verbs
from guardlayer.knowledge.ingest import end_within
from guardlayer.knowledge.ledger import Ledger
from guardlayer.knowledge.micros import from_micros
from guardlayer.knowledge.writer import Writer
from guardlayer.temporal import Interval, When

if TYPE_CHECKING:
    from guardlayer.knowledge.statement import Statement
    from guardlayer.knowledge.store import Cursor, Store
    from guardlayer.types import Source


class Acting:
    """The verbs, within one open write.

    Args:
        store: The store whose write is open.
        cursor: Of that write.
    """

    def __init__(self, store: Store, cursor: Cursor) -> None:
        self._store = store
        self._cursor = cursor
        self.writer = Writer(store, cursor)

    def add(self, statement: Statement, source: Source | str, authority: int | None) -> int:
        """Record a statement and return the number of the fact that stands for it."""
        written = self.writer.state(statement, source, authority)
        if written.outcome in ("added", "changed"):
            self.writer.check(written.key)
        return written.fact

    def correct(self, fact: str, value: str, *, author: str, reason: str) -> int:
        """Say that a fact never was as recorded; return its number."""
        verbs.correct(self.writer, fact, value, author=author, reason=reason)
        return verbs.head_of(self.writer, fact).fact

    def supersede(
        self, fact: str, value: str, valid: Interval, *,
        source: Source | str | None, author: str | None, reason: str | None,
    ) -> int:  # fmt: skip
        """Say that a fact has ended; return the number of the one that took over."""
        return verbs.supersede(self.writer, fact, value, valid, source=source, author=author, reason=reason)

    def retract_fact(self, fact: str, *, author: str | None, reason: str) -> list[int]:
        """Withdraw a fact; return its number, or nothing where it is withdrawn already."""
        return verbs.retract_fact(self.writer, fact, author=author, reason=reason)

    def retract_source(self, source: str, *, author: str | None, reason: str) -> list[int]:
        """Withdraw all facts and passages of a source; return the numbers of the facts.

        Raises:
            NotFoundError: There is no such source.
        """
        closed = verbs.retract_source(self.writer, source, author=author, reason=reason)
        try:
            end_within(
                self._store, self._cursor, source, "retracted", now=from_micros(self.writer.at), reason=reason
            )  # fmt: skip
        except NotFoundError:
            if closed is None:
                raise NotFoundError(f"there is no source {source!r}, neither of facts nor of passages") from None
        return closed or []

    def rollback(self, fact: str, to: int | When, *, author: str | None, reason: str | None) -> int:
        """Let a fact be again as it was; return its number."""
        verbs.rollback(self.writer, fact, to, author=author, reason=reason)
        number = verbs.head_of(self.writer, fact).fact
        conflicts.unsettle(self._cursor, number, self.writer.at)  # what was preferred was another value
        return number

    def settle(self, fact: str, *, author: str, reason: str) -> int:
        """Choose a side of a conflict; return the number of the fact."""
        return conflicts.settle(
            self._store, Ledger(self._store), self._cursor, fact, tx=self.writer.at, author=author, reason=reason
        )  # fmt: skip
