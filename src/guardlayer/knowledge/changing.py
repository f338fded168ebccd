"""The verbs that change what a :class:`~guardlayer.knowledge.Knowledge` knows, as its users call them.

*Supersede* (was true, has ended), *correct* (never was true), *retract* (the source withdrew) and *rollback* (the
ledger was wrong to change) are never mixed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from guardlayer.errors import ConfigError, InputError
from guardlayer.knowledge.acting import Acting
from guardlayer.knowledge.confirming import confirm
from guardlayer.knowledge.entities.naming import Naming
from guardlayer.knowledge.load import LoadResult, load_file
from guardlayer.knowledge.reviews import ReviewItem, Reviews
from guardlayer.knowledge.sources import checked_authority, checked_source
from guardlayer.knowledge.statement import (
    MAX_VALUE,
    Qualifiers,
    Statement,
    Value,
    cleaned,
    cleaned_name,
    value_text,
)
from guardlayer.knowledge.writer import Writer
from guardlayer.temporal import Interval, Moment, When
from guardlayer.types import Fact, Source

_FACT_ID = re.compile(r"f[0-9]+")


class Changing(Naming):
    """Names, facts and their history, as they are written."""

    @cached_property
    def reviews(self) -> Reviews:
        """The review queue: what is proposed by those who may not change it themselves."""
        return Reviews(self.store)

    def attribute(self, name: str, synonyms: Iterable[str] = (), cardinality: str | None = None) -> str:
        """Declare an attribute; again is harmless, and may add synonyms or change the cardinality.

        Args:
            name: Preferred name, or a name it already has.
            synonyms: Other ways to say it.
            cardinality: ``"one"`` value at a time, or ``"many"``; not given, it stays as it is, ``"many"`` at first.

        Returns:
            The preferred name.

        Raises:
            ConfigError: Another cardinality than ``one`` or ``many``.
            AmbiguousError: ``name`` is a synonym of several attributes.
            OverlapError: It is to hold one value at a time, and one source has recorded two; both are named.
        """
        name = cleaned_name(name, what="attribute")
        if cardinality not in (None, "one", "many"):
            raise ConfigError(f'cardinality {cardinality!r} is not known; write "one" or "many"')
        with self.store.write() as cursor:
            writer = Writer(self.store, cursor)
            number = writer.attribute(name, cardinality=cardinality)
            writer.synonym(number, _several(synonyms, "synonyms"))
            return next(info.name for info in self.ledger.attributes() if info.id == number)

    # Changing what is known -------------------------------------------------------------------------------------

    def add(
        self,
        entity: str,
        attribute: str,
        value: Value,
        *,
        source: str | Source | None = None,
        valid_from: When | None = None,
        valid_to: When | None = None,
        qualifiers: Qualifiers | None = None,
        authority: int | None = None,
        review_after: When | None = None,
        author: str | None = None,
        reason: str | None = None,
    ) -> Fact:
        """Record a fact; entity and attribute are created on first use.

        What the ledger has heard before is not recorded again: the same value from the same source for the same
        interval returns the fact that stands for it, even if that has been corrected or has ended since (a file that
        is loaded every night must not bring back what was put right by day). The same statement with another end, or
        with the source described otherwise, becomes the next version of that fact.

        Args:
            entity: Its name, or an alias that is not ambiguous.
            attribute: Its name, or a synonym.
            value: Stored as text, as it was given.
            source: Who says so: an id, or a full description.
            valid_from: When it began to hold; a year or a month will do.
            valid_to: When it ceased to hold; not included.
            qualifiers: What narrows the key, such as ``{"quarter": "Q3"}``.
            authority: Rank of the source, from this fact on; facts recorded before keep the rank they had.
            review_after: From when on it is *stale (unreviewed)* unless somebody confirms it.
            author: Who records it.
            reason: Why.

        Raises:
            InputError: A part cannot be recorded; the message names it.
            IntervalError: It would end before it starts.
            OverlapError: The attribute holds one value at a time, and this source says another.
            AmbiguousError: A name stands for several entities or attributes.
        """
        statement = Statement.of(
            entity, attribute, value, valid_from=valid_from, valid_to=valid_to, qualifiers=qualifiers,
            author=author, reason=reason,
        )  # fmt: skip
        said_by = checked_source(source)
        rank = None if authority is None else checked_authority(authority)
        due = None if review_after is None else Moment.parse(review_after, what="review_after")
        with self.store.write() as cursor:
            acting = Acting(self.store, cursor)
            number = acting.add(statement, said_by, rank)
            if due is not None:
                confirm(cursor, "fact", number, due, tx=acting.writer.at, author=author, reason=reason)
            return self.fact(f"f{number}")

    def load(self, path: str | Path, *, progress: Callable[[int], None] | None = None) -> LoadResult:
        """Record every fact of a file, or none of them; see :func:`guardlayer.knowledge.load.load_file`.

        Args:
            path: A ``.csv``, ``.jsonl``, ``.ndjson``, ``.json``, ``.yaml`` or ``.yml`` file.
            progress: Called now and then with the number of rows read so far.

        Raises:
            InputError: The file cannot be read, or rows of it are wrong; names the file and each line.
        """
        return load_file(self.store, path, progress=progress)

    def correct(self, fact_id: str | Fact, value: Value, *, author: str, reason: str) -> Fact:
        """Say that a fact never was as recorded, and what is right: its next version, for the same interval.

        A correction outranks everything else that is recorded for the key.

        Raises:
            NotFoundError: No such fact.
            KnowledgeError: The fact is withdrawn.
            OverlapError: The same source says otherwise in another fact for the same time.
        """
        text = value_text(value)
        by, why = cleaned(author, what="author"), cleaned(reason, what="reason", limit=MAX_VALUE)
        fact = _id(fact_id)
        with self.store.write() as cursor:
            Acting(self.store, cursor).correct(fact, text, author=by, reason=why)
            return self.fact(fact)

    def supersede(
        self,
        fact_id: str | Fact,
        value: Value,
        *,
        valid_from: When | None,
        valid_to: When | None = None,
        source: str | Source | None = None,
        author: str | None = None,
        reason: str | None = None,
    ) -> Fact:
        """Say that a fact has ended, and what holds since: the old one is closed, a new fact takes over.

        Args:
            fact_id: The fact that has ended.
            value: What holds instead.
            valid_from: When it took over.
            valid_to: When the new value ends in its turn, if that is known.
            source: Who says so; not given, the source of the old fact.
            author: Who records it.
            reason: Why.

        Raises:
            NotFoundError: No such fact.
            KnowledgeError: The fact is withdrawn.
            IntervalError: It began later than ``valid_from``.
            OverlapError: The source says otherwise for some of the time.
        """
        if valid_from is None or valid_from == "":
            raise InputError("valid_from is missing; say when the new value took over")
        text, valid = value_text(value), Interval.parse(valid_from, valid_to)
        by, why = _signed(author, reason)
        said_by = None if source is None else checked_source(source)
        with self.store.write() as cursor:
            number = Acting(self.store, cursor).supersede(
                _id(fact_id), text, valid, source=said_by, author=by, reason=why
            )
            return self.fact(f"f{number}")

    def retract(
        self, source_or_fact: str | Fact | Source, *, reason: str, author: str | None = None
    ) -> tuple[Fact, ...]:
        """Withdraw a fact, or everything a source says: facts and passages.

        Args:
            source_or_fact: A fact or its id (``f12``), or a source or its id.
            reason: Why it is withdrawn.
            author: Who withdraws it.

        Returns:
            The fact versions that were closed; empty where all were withdrawn already, or there were passages only.

        Raises:
            NotFoundError: No such fact or source.
        """
        why = cleaned(reason, what="reason", limit=MAX_VALUE)
        by, _ = _signed(author, None)
        name = _id(source_or_fact)
        is_fact = isinstance(source_or_fact, Fact) or (isinstance(source_or_fact, str) and _FACT_ID.fullmatch(name))
        with self.store.write() as cursor:
            acting = Acting(self.store, cursor)
            closed = (acting.retract_fact if is_fact else acting.retract_source)(name, author=by, reason=why)
            return tuple(self.fact(f"f{number}") for number in closed)

    def rollback(
        self, fact_id: str | Fact, *, to: int | When, author: str | None = None, reason: str | None = None
    ) -> Fact:
        """Let a fact be again as it was: its next version repeats an earlier one.

        Facts that explicitly took over from it since then are withdrawn with it.

        Args:
            fact_id: The fact.
            to: Number of the version, or the transaction time at which the ledger was right.
            author: Who does it.
            reason: Why.

        Raises:
            NotFoundError: No such fact or version.
            OverlapError: The same source says otherwise by now.
        """
        by, why = _signed(author, reason)
        fact = _id(fact_id)
        with self.store.write() as cursor:
            Acting(self.store, cursor).rollback(fact, to, author=by, reason=why)
            return self.fact(fact)

    def propose(
        self, verb: str, *, author: str, reason: str | None = None, origin: str | None = None, **parts: Any
    ) -> ReviewItem:
        """Ask for a change without making it: it waits in the queue; see :meth:`Reviews.propose`."""
        return self.reviews.propose(verb, author=author, reason=reason, origin=origin, **parts)

    # Conflicts --------------------------------------------------------------------------------------------------

    def settle(self, fact_id: str | Fact, *, author: str, reason: str) -> Fact:
        """Decide a conflict: of the facts that are tied, this one counts; see :meth:`Asking.conflicts`.

        It breaks this tie and no other: a further source that disagrees opens the conflict again, and a correction,
        a supersession or a later effective date wins as ever.

        Raises:
            NotFoundError: No such fact.
            InputError: It is no side of a conflict.
        """
        by, why = cleaned(author, what="author"), cleaned(reason, what="reason", limit=MAX_VALUE)
        fact = _id(fact_id)
        with self.store.write() as cursor:
            Acting(self.store, cursor).settle(fact, author=by, reason=why)
            return self.fact(fact)


def _several(names: Iterable[str], what: str) -> list[str]:
    if isinstance(names, str):
        raise InputError(f"{what} must be a list of names; write [{names!r}]")
    return list(names)


def _signed(author: str | None, reason: str | None) -> tuple[str | None, str | None]:
    return (
        None if author is None else cleaned(author, what="author"),
        None if reason is None else cleaned(reason, what="reason", limit=MAX_VALUE),
    )


def _id(named: str | Fact | Source) -> str:
    return named.id if isinstance(named, Fact | Source) else named
