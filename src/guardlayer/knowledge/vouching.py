"""Who stands behind a source or a fact, for how long, and what takes whose place."""

from __future__ import annotations

from collections.abc import Iterable

from guardlayer.errors import InputError
from guardlayer.knowledge.changing import Changing
from guardlayer.knowledge.confirming import confirm
from guardlayer.knowledge.ledger import fact_number
from guardlayer.knowledge.sources import checked_authority
from guardlayer.knowledge.speaking import Said, SourceWord, describe, speak, words
from guardlayer.knowledge.statement import MAX_VALUE, cleaned
from guardlayer.knowledge.verbs import versions_of
from guardlayer.knowledge.writer import Writer
from guardlayer.temporal import Moment, When
from guardlayer.types import Fact, Source


class Vouching(Changing):
    """Sources as a whole, and when something has to be looked at again."""

    def source(
        self,
        id: str,  # noqa: A002 - the name that sources have everywhere
        *,
        uri: str | None = None,
        version: str | None = None,
        authority: int | None = None,
        owner: str | None = None,
        effective_from: When | None = None,
        effective_to: When | None = None,
        review_after: When | None = None,
        supersedes: str | Iterable[str] | None = None,
        author: str | None = None,
        reason: str | None = None,
    ) -> SourceWord:
        """Say something of a source as a whole. What is not given stays as it is; ``""`` takes it back.

        It counts from the next answer on, also for what was recorded from the source before; what was answered
        before can still be asked for with ``known_at``.

        Args:
            id: The source.
            uri: Where a person can look it up, for facts recorded from now on.
            version: Its version, for facts recorded from now on.
            authority: Its rank. A rank that is given with a fact later holds for that fact.
            owner: Who answers for it.
            effective_from: From when on it is in force: nothing it states holds earlier.
            effective_to: Until when it is in force: nothing it states holds at that time or later.
            review_after: From when on what it states is *stale (unreviewed)*, until somebody gives another date or
                confirms the fact.
            supersedes: The source or sources whose place it takes: from ``effective_from`` on, or from today where it
                has none, what they state is not current. ``()`` takes that back; documents that have been closed so
                stay closed until they are ingested again.
            author: Who says so.
            reason: Why.

        Raises:
            InputError: A part cannot be recorded.
            IntervalError: It would cease to be in force before it begins.
            KnowledgeError: It would, directly or in turn, supersede itself.
            NotFoundError: It supersedes a source that does not exist.
        """
        name = cleaned(id, what="source")
        formers = None if supersedes is None else _names(supersedes)
        said = Said(
            owner=_text(owner, "owner"),
            authority=None if authority is None else checked_authority(authority),
            effective_from=_moment(effective_from, "effective_from"),
            effective_to=_moment(effective_to, "effective_to"),
            review_after=_moment(review_after, "review_after"),
            supersedes=formers,
            author=None if author is None else cleaned(author, what="author"),
            reason=None if reason is None else cleaned(reason, what="reason", limit=MAX_VALUE),
        )
        address, numbered = _text(uri, "uri"), _text(version, "version")
        with self.store.write() as cursor:
            writer = Writer(self.store, cursor)
            describe(cursor, name, uri=address, version=numbered, authority=said.authority)
            speak(self.store, cursor, name, said, tx=writer.at)
            return next(word for word in words(self.store) if word.id == name)

    def sources(self) -> tuple[SourceWord, ...]:
        """Return every source that has stated something, or of which something is said, by name."""
        return words(self.store)

    def confirm(
        self, fact_id: str | Fact, *, author: str, review_after: When | None = None, reason: str | None = None
    ) -> Fact:
        """Say that somebody has looked at a fact, and it holds.

        Args:
            fact_id: The fact.
            author: Who has looked.
            review_after: When it has to be looked at again; not given, only when its source is due anew.
            reason: What they looked at.

        Raises:
            NotFoundError: No such fact.
        """
        by = cleaned(author, what="author")
        why = None if reason is None else cleaned(reason, what="reason", limit=MAX_VALUE)
        due = _moment(review_after, "review_after")
        fact = fact_id.id if isinstance(fact_id, Fact) else fact_id
        with self.store.write() as cursor:
            writer = Writer(self.store, cursor)
            versions_of(writer, fact)
            confirm(cursor, "fact", fact_number(fact), due, tx=writer.at, author=by, reason=why)
            return self.fact(fact)

    def review_attribute(
        self, attribute: str, review_after: When | None, *, author: str | None = None, reason: str | None = None
    ) -> str:
        """Say when every fact of an attribute has to be looked at again, whichever source states it.

        Args:
            attribute: Its name or a synonym; created on first use.
            review_after: From when on its facts are *stale (unreviewed)*; ``None`` takes that back.
            author: Who says so.
            reason: Why.

        Returns:
            The preferred name of the attribute.
        """
        due = _moment(review_after, "review_after")
        by = None if author is None else cleaned(author, what="author")
        why = None if reason is None else cleaned(reason, what="reason", limit=MAX_VALUE)
        with self.store.write() as cursor:
            writer = Writer(self.store, cursor)
            number = writer.attribute(cleaned(attribute, what="attribute"))
            confirm(cursor, "attribute", number, due, tx=writer.at, author=by, reason=why)
            return next(info.name for info in self.ledger.attributes() if info.id == number)


def _moment(given: When | None, what: str) -> Moment | str | None:
    if given is None or given == "":
        return None if given is None else ""
    return Moment.parse(given, what=what)


def _text(given: str | None, what: str) -> str | None:
    return given if given is None or given == "" else cleaned(given, what=what, limit=MAX_VALUE)


def _names(given: str | Iterable[str]) -> tuple[str, ...]:
    names = [given] if isinstance(given, str | Source) else list(given)
    if names == [""]:
        return ()
    if not all(isinstance(name, str) for name in names):
        raise InputError("supersedes takes the name of a source, or a list of names")
    return tuple(cleaned(name, what="supersedes") for name in names)
