"""Proposals and findings that wait for somebody who may decide; accepting one performs its verb in the same write."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from guardlayer.errors import ConfigError, InputError, NotAllowedError, NotFoundError
from guardlayer.knowledge.acting import Acting
from guardlayer.knowledge.ledger import fact_number
from guardlayer.knowledge.micros import from_micros, to_micros
from guardlayer.knowledge.proposal import FINDING, Proposal
from guardlayer.knowledge.reviews.findings import AT_LEAST, Recorded, enter, enter_findings
from guardlayer.knowledge.sources import UNSTATED
from guardlayer.knowledge.statement import MAX_VALUE, cleaned
from guardlayer.knowledge.verbs import versions_of
from guardlayer.temporal import Interval

if TYPE_CHECKING:
    from guardlayer.knowledge.store import Cursor, Store

STATES = ("open", "accepted", "rejected")

_ITEM = (
    "SELECT id, state, times, author, reason, origin, proposed, seen, decided, decided_by, decision, fact, proposal "
    "FROM review_item "
)


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One entry of the queue.

    Attributes:
        id: Its number.
        proposal: What is asked for.
        state: ``open``, ``accepted`` or ``rejected``.
        times: How often it was proposed, or seen by the guard.
        author: Who proposed it first.
        reason: Why.
        origin: Where it comes from: a model that read a document, a provenance log.
        proposed: When it was proposed first.
        seen: When it was proposed or seen last.
        decided: When it was decided; ``None`` while it is open.
        decided_by: Who did.
        decision: The reason given.
        fact: Id of the fact that came of it.
    """

    id: int
    proposal: Proposal
    state: str
    times: int
    author: str
    reason: str | None
    origin: str | None
    proposed: datetime
    seen: datetime
    decided: datetime | None
    decided_by: str | None
    decision: str | None
    fact: str | None

    def __str__(self) -> str:
        return f"#{self.id} {self.state}: {self.proposal.line}"


MayDecide = Callable[[str, ReviewItem], bool]
"""Says whether somebody may decide about an item."""


class Reviews:
    """The review queue of one knowledge base.

    Who may accept and reject is, in this order: what ``may_decide`` says, where it is set; who is on the list that
    :meth:`allow` keeps in the database, where there is one; otherwise anybody but the proposer. Whoever proposed
    something may always take it back.

    Args:
        store: The open database.

    Attributes:
        may_decide: A rule of one's own, ``(author, item) -> bool``; it holds for this object, not for the database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.may_decide: MayDecide | None = None

    # Asking ---------------------------------------------------------------------------------------------------------

    def items(self, state: str | None = "open", *, verb: str | None = None) -> tuple[ReviewItem, ...]:
        """Return what is in the queue: what was seen most often first, then what has waited longest.

        Args:
            state: ``open``, ``accepted`` or ``rejected``; ``None`` for all.
            verb: Only proposals of this verb; ``finding`` for what the guard found.

        Raises:
            ConfigError: No such state.
        """
        if state is not None and state not in STATES:
            raise ConfigError(f"state {state!r} is not known; write {', '.join(STATES)}, or None for all")
        conditions, params = [], []
        for column, wanted in (("state", state), ("verb", verb)):
            if wanted is not None:
                conditions.append(f"{column} = ?")
                params.append(wanted)
        where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
        return tuple(map(_item, self._store.read(f"{_ITEM}{where}ORDER BY times DESC, id", params)))

    def get(self, item: int) -> ReviewItem:
        """Return one item.

        Raises:
            NotFoundError: There is none with this number.
        """
        rows = self._store.read(_ITEM + "WHERE id = ?", (_number(item),))
        if not rows:
            raise NotFoundError(f"there is no review item {item}; `items()` lists them")
        return _item(rows[0])

    def reviewers(self) -> tuple[str, ...]:
        """Return who may decide; empty where anybody but the proposer may."""
        return tuple(name for (name,) in self._store.read("SELECT name FROM reviewer ORDER BY name"))

    # Changing -------------------------------------------------------------------------------------------------------

    def propose(
        self, verb: str, *, author: str, reason: str | None = None, origin: str | None = None, **parts: Any
    ) -> ReviewItem:
        """Put a change into the queue; nothing else happens until somebody accepts it.

        What was proposed already and is still open is the same item, seen once more.

        Args:
            verb: ``add``, ``correct``, ``supersede``, ``retract``, ``rollback`` or ``settle``.
            author: Who proposes it: a person, or the name of what read a document.
            reason: Why.
            origin: Where it comes from.
            parts: What the verb takes: ``entity``, ``attribute``, ``value``, ``qualifiers``, ``source``,
                ``authority``, ``valid_from``, ``valid_to``, ``fact``, ``to``; and ``quote`` and ``place``, the words
                of the source it was read from and where they stand.

        Raises:
            ConfigError: A verb or a part that is not known.
            InputError: A part is missing or cannot be recorded.
            NotFoundError: It is about a fact that does not exist.
        """
        with self._store.write() as cursor:
            number = self.within(cursor, Proposal.of(verb, **parts), author=author, reason=reason, origin=origin)
            return self.get(number)

    def propose_all(
        self, proposals: Iterable[Proposal], *, author: str, reason: str | None = None, origin: str | None = None
    ) -> tuple[ReviewItem, ...]:
        """Put several changes into the queue in one write: all of them, or none."""
        with self._store.write() as cursor:
            numbers = [
                self.within(cursor, proposal, author=author, reason=reason, origin=origin) for proposal in proposals
            ]
            return tuple(map(self.get, dict.fromkeys(numbers)))

    def within(
        self, cursor: Cursor, proposal: Proposal, *, author: str, reason: str | None = None, origin: str | None = None
    ) -> int:
        """Put a change into the queue within an open write, and return the number of its item."""
        by = cleaned(author, what="author")
        why = None if reason is None else cleaned(reason, what="reason", limit=MAX_VALUE)
        source = None if origin is None else cleaned(origin, what="origin", limit=MAX_VALUE)
        acting = Acting(self._store, cursor)
        if proposal.fact is not None:
            versions_of(acting.writer, proposal.fact)
        return enter(cursor, proposal, at=acting.writer.at, author=by, reason=why, origin=source)

    def from_log(self, log: Recorded, *, at_least: int = AT_LEAST, origin: str = "log") -> tuple[ReviewItem, ...]:
        """Turn what a guard found into items: claims on which sources disagree, and claims without a source that recur.

        Args:
            log: The provenance log, or anything with its ``records()``.
            at_least: Least number of answers in which a claim without a source must have stood.
            origin: What the items say they come from.

        Returns:
            The items that are new, or were seen again. The same finding is one item with a count, however often a log
            is read; one that was decided stays decided.

        Raises:
            InputError: ``at_least`` is no positive number.
            LogError: The log cannot be read.
        """
        return tuple(map(self.get, enter_findings(self._store, log, at_least=at_least, origin=origin)))

    def accept(self, item: int, *, author: str, reason: str, **changes: Any) -> ReviewItem:
        """Agree to a proposal: its verb is performed, and the item closed, in one write.

        Args:
            item: Its number.
            author: Who agrees; the ledger names them.
            reason: Why; the ledger keeps it, with who proposed it and why.
            changes: Parts to be changed first. A finding says what is wrong, not what to do about it: give the
                ``verb`` and its parts.

        Raises:
            NotAllowedError: They may not decide about it.
            NotFoundError: There is no such item.
            InputError: It is decided already, or is a finding and no ``verb`` is given.
            KnowledgeError: The ledger refuses the change, as it would if it were made by hand; the item stays open.
        """
        by, why = cleaned(author, what="author"), cleaned(reason, what="reason", limit=MAX_VALUE)
        with self._store.write() as cursor:
            known = self._open(item)
            self._require(by, known)
            proposal = known.proposal.amended(**changes) if changes else known.proposal
            acting = Acting(self._store, cursor)
            fact = _perform(acting, proposal, author=by, reason=f"{why} ({_asked(known)})")
            cursor.execute(
                "UPDATE review_item SET state = 'accepted', decided = ?, decided_by = ?, decision = ?, fact = ?, "
                "verb = ?, proposal = ? WHERE id = ?",
                (acting.writer.at, by, why, fact, proposal.verb, proposal.to_json(), known.id),
            )
            return self.get(known.id)

    def reject(self, item: int, *, author: str, reason: str) -> ReviewItem:
        """Turn a proposal down, or take one's own back. Nothing of the knowledge changes.

        Raises:
            NotAllowedError: They may not decide about it.
            NotFoundError: There is no such item.
            InputError: It is decided already.
        """
        by, why = cleaned(author, what="author"), cleaned(reason, what="reason", limit=MAX_VALUE)
        with self._store.write() as cursor:
            known = self._open(item)
            if by != known.author:
                self._require(by, known)
            cursor.execute(
                "UPDATE review_item SET state = 'rejected', decided = ?, decided_by = ?, decision = ? WHERE id = ?",
                (to_micros(self._store.tick()), by, why, known.id),
            )
            return self.get(known.id)

    def allow(self, names: Collection[str]) -> tuple[str, ...]:
        """Say who may decide, from now on and in every process; an empty list lets anybody but the proposer.

        Returns:
            The list as it is now.
        """
        if isinstance(names, str):
            raise InputError(f"allow takes a list of names; write [{names!r}]")
        wanted = sorted({cleaned(name, what="reviewer") for name in names})
        with self._store.write() as cursor:
            cursor.execute("DELETE FROM reviewer")
            cursor.executemany("INSERT INTO reviewer (name) VALUES (?)", [(name,) for name in wanted])
        return tuple(wanted)

    # ----------------------------------------------------------------------------------------------------------------

    def _open(self, item: int) -> ReviewItem:
        known = self.get(item)
        if known.state != "open":
            raise InputError(
                f"item {known.id} was {known.state} by {known.decided_by} ({known.decision}); propose it again to "
                "have it decided again"
            )
        return known

    def _require(self, author: str, item: ReviewItem) -> None:
        if self.may_decide is not None:
            if self.may_decide(author, item) is not True:
                raise NotAllowedError(f"{author} may not decide about item {item.id}, says the rule that was set")
            return
        named = self.reviewers()
        if named and author not in named:
            raise NotAllowedError(f"{author} may not decide about item {item.id}; those who may: {', '.join(named)}")
        if not named and author == item.author:
            raise NotAllowedError(
                f"{author} proposed item {item.id}, and somebody else has to decide about it; "
                "or name those who may decide with allow()"
            )


def _perform(acting: Acting, proposal: Proposal, *, author: str, reason: str) -> int | None:
    """Do what is asked for and return the number of the fact that came of it."""
    fact, value = proposal.fact or "", proposal.value or ""
    valid = Interval.parse(proposal.valid_from, proposal.valid_to)
    match proposal.verb:
        case "add":
            return acting.add(
                proposal.statement.signed(author, reason), proposal.source or UNSTATED, proposal.authority
            )
        case "correct":
            return acting.correct(fact, value, author=author, reason=reason)
        case "supersede":
            return acting.supersede(fact, value, valid, source=proposal.source, author=author, reason=reason)
        case "retract":
            if proposal.source is not None:
                acting.retract_source(proposal.source, author=author, reason=reason)
                return None
            acting.retract_fact(fact, author=author, reason=reason)
            return fact_number(fact)
        case "rollback":
            to: int | str = proposal.to or 0
            return acting.rollback(fact, to, author=author, reason=reason)
        case "settle":
            return acting.settle(fact, author=author, reason=reason)
    raise InputError(
        f"a {FINDING} says what is wrong, not what to do: accept it with a verb, such as verb='add' and its parts, or "
        "verb='settle' and the fact that is right"
    )


def _asked(item: ReviewItem) -> str:
    who = "found in" if item.proposal.verb == FINDING else "proposed by"
    return f"{who} {item.author}" + (f": {item.reason}" if item.reason else "")


def _number(item: object) -> int:
    if isinstance(item, int) and not isinstance(item, bool):
        return item if 0 < item < 1 << 62 else 0
    with suppress(TypeError, ValueError):
        return int(str(item).removeprefix("#"))
    raise NotFoundError(f"{item!r} is not the number of a review item; `items()` lists them")


def _item(row: tuple[Any, ...]) -> ReviewItem:
    number, state, times, author, reason, origin, proposed, seen, decided, by, decision, fact, proposal = row
    return ReviewItem(
        number, Proposal.from_json(proposal), state, times, author, reason, origin, from_micros(proposed),
        from_micros(seen), None if decided is None else from_micros(decided), by, decision,
        None if fact is None else f"f{fact}",
    )  # fmt: skip
