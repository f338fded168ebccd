"""Whom names stand for, as users of a :class:`~guardlayer.knowledge.Knowledge` declare and ask it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Self

from guardlayer.errors import InputError, LimitError, NotFoundError
from guardlayer.knowledge.align import KeyedFacts
from guardlayer.knowledge.asking import Asking
from guardlayer.knowledge.entities.deciding import Around, Decision
from guardlayer.knowledge.entities.model import Ambiguous, Entity, Merge, NamedIn, Scope
from guardlayer.knowledge.entities.writing import NameWriter, merges_of
from guardlayer.knowledge.names import Mention, words_of
from guardlayer.knowledge.said import Said
from guardlayer.knowledge.statement import MAX_VALUE, cleaned, cleaned_name, qualifier_pairs
from guardlayer.knowledge.writer import Writer
from guardlayer.temporal import Interval, Moment, When, instant
from guardlayer.text import key, tokenize
from guardlayer.types import Turn

if TYPE_CHECKING:
    from guardlayer.knowledge.entities.bulk import MergeProposal

_MAX_TEXT = 1_000_000


class Naming(Asking):
    """Entities, their names, and whom a mention stands for."""

    keyed: KeyedFacts
    _scope: Scope | None = None

    # Declaring --------------------------------------------------------------------------------------------------

    def entity(
        self,
        name: str,
        aliases: Iterable[str] = (),
        type: str | None = None,  # noqa: A002 - public name fixed by the design
        *,
        hidden: Iterable[str] = (),
        scope: Scope | None = None,
        valid_from: When | None = None,
        valid_to: When | None = None,
    ) -> str:
        """Declare an entity; again is harmless, and may add names.

        An alias may stand for several entities. Whoever uses it is then asked which, unless what is said around it
        decides; never is one taken silently.

        Args:
            name: Preferred name, or a name it already has.
            aliases: Other names.
            type: Sort of thing it is, such as ``company``.
            hidden: Names that are found in texts and never shown, such as misspellings.
            scope: Where alone the aliases given here hold, such as ``{"tenant": "north"}``.
            valid_from: When these aliases came to be used for it.
            valid_to: When they ceased to be; asked by such a name, the entity is still found.

        Returns:
            The preferred name.

        Raises:
            AmbiguousError: ``name`` is an alias of several entities.
            InputError: An alias would match nearly every sentence ("the"), or a scope comes without an alias.
            KnowledgeError: It is recorded as another type of thing, or an alias holds everywhere already.
        """
        name = cleaned_name(name, what="entity")
        others, unseen = _several(aliases, "aliases"), _several(hidden, "hidden")
        pairs, valid = qualifier_pairs(scope), Interval.parse(valid_from, valid_to)
        narrow = bool(pairs) or valid != Interval()
        if narrow and not others and not unseen:
            raise InputError("scope, valid_from and valid_to say where and when aliases hold; give aliases")
        with self.store.write() as cursor:
            writer, names = Writer(self.store, cursor), NameWriter(self.store, cursor)
            number = writer.entity(name)
            if narrow:
                names.narrow(number, others, "alternative", pairs, valid)
            else:
                names.widen(number, others)
            names.narrow(number, unseen, "hidden", pairs, valid)
            if type is not None:
                writer.describe("entity", number, "type", cleaned(type, what="type"))
            return self.ledger.names_of(self.ledger.merged().canonical(number))[0]

    def rename(
        self,
        entity: str,
        new: str,
        *,
        since: When | None = None,
        author: str | None = None,
        reason: str | None = None,
    ) -> Entity:
        """Give an entity another preferred name. It is still found by the old one, and shown by it for earlier times.

        Args:
            entity: A name of it.
            new: The new preferred name.
            since: When it took that name; not given, it is not known when.
            author: Who records it.
            reason: Why.

        Raises:
            NotFoundError: No such entity.
            KnowledgeError: Another entity has that name.
            IntervalError: It took its present name only later.
        """
        new = cleaned_name(new, what="new name")
        moment = None if since is None or since == "" else Moment.parse(since, what="since")
        by, why = _signed(author, reason)
        with self.store.write() as cursor:
            number = self._number(entity)
            NameWriter(self.store, cursor).rename(number, new, moment, author=by, reason=why)
        return self.named(new)

    def drop_name(self, entity: str, name: str) -> Entity:
        """Take away a name that never was the entity's.

        Raises:
            NotFoundError: No such entity, or it has no such name.
            KnowledgeError: It is or was its preferred name.
        """
        with self.store.write() as cursor:
            number = self._number(entity)
            NameWriter(self.store, cursor).drop(number, cleaned_name(name, what="name"))
        self.keyed.reader.refresh()
        return self.keyed.reader.register.entity(number)

    def merge(self, into: str, other: str, *, author: str | None = None, reason: str | None = None) -> Merge:
        """Say that two entities are one: all names of both stand for ``into``, and its facts are those of both.

        Nothing is rewritten, so :meth:`unmerge` gives each its own back, and what was known before is answered as it
        was then.

        Raises:
            NotFoundError: No such entity.
            KnowledgeError: They are one already, or things of different types.
        """
        by, why = _signed(author, reason)
        with self.store.write() as cursor:
            first, second = self._number(into), self._number(other)
            return NameWriter(self.store, cursor).merge(first, second, author=by, reason=why)

    def unmerge(self, other: str, *, author: str | None = None, reason: str | None = None) -> Merge:
        """Undo a merge.

        Args:
            other: Preferred name of the entity that was merged into another one.
            author: Who undoes it.
            reason: Why.

        Raises:
            NotFoundError: No such entity, or it is not merged.
        """
        by, why = _signed(author, reason)
        name = cleaned_name(other, what="entity")
        with self.store.write() as cursor:
            rows = self.store.read("SELECT entity FROM alias WHERE norm = ? ORDER BY preferred DESC", (key(name),))
            if not rows:
                raise NotFoundError(f"there is no entity {name!r}")
            return NameWriter(self.store, cursor).unmerge(int(rows[0][0]), author=by, reason=why)

    def merges(self) -> tuple[Merge, ...]:
        """Return every merge, those that were undone too, oldest first."""
        return merges_of(self.store)

    def propose_merges(
        self,
        attributes: Iterable[str],
        *,
        threshold: float = 0.95,
        type: str | None = None,  # noqa: A002 - as in entity()
    ) -> tuple[MergeProposal, ...]:
        """Return pairs of entities that are probably one, by Splink; see :mod:`guardlayer.knowledge.entities.bulk`.

        Nothing is merged: hand each pair that is right to :meth:`merge`.
        """
        # Only who asks for proposals needs Splink.
        from guardlayer.knowledge.entities.bulk import propose

        return propose(self, attributes, threshold=threshold, type=type)

    # Asking -----------------------------------------------------------------------------------------------------

    def named(self, name: str, *, at: When | None = None) -> Entity:
        """Return the entity that a name addresses, called as it was at an instant.

        Raises:
            NotFoundError: No such entity.
            AmbiguousError: An alias of several entities.
        """
        number = self._number(name)
        self.keyed.reader.refresh()
        return self.keyed.reader.register.entity(number, at=None if at is None else instant(at))

    def entities(self, type: str | None = None) -> tuple[Entity, ...]:  # noqa: A002 - as in entity()
        """Return every entity, those that were merged into another one only there, by their preferred names."""
        self.keyed.reader.refresh()
        register = self.keyed.reader.register
        rows = self.store.read("SELECT id, type FROM entity ORDER BY name, id")
        return tuple(
            register.entity(number)
            for number, sort in rows
            if register.canonical(number) == number and (type is None or key(sort or "") == key(type))
        )

    def resolve(
        self,
        mention: str,
        question: str | None = None,
        *,
        turns: Iterable[Turn | tuple[str, str] | str] = (),
        scope: Scope | None = None,
        type: str | None = None,  # noqa: A002 - as in entity()
        at: When | None = None,
    ) -> Entity | Ambiguous | None:
        """Say whom a name stands for, where it is used.

        Args:
            mention: The name.
            question: The text it stands in.
            turns: What was said before, oldest first.
            scope: Where it is said, such as ``{"tenant": "north"}``.
            type: The sort of thing that is asked for.
            at: The instant for which it is asked; not given, now.

        Returns:
            The entity, with what decided in ``why``; :class:`Ambiguous`, which counts as false and names the
            candidates, where nothing decides; ``None`` where it is nobody's name, or is no name as it stands there.

        Raises:
            InputError: An argument cannot be read.
        """
        mention = cleaned(mention, what="mention")
        when = self.store.now() if at is None else instant(at)
        reader = self.keyed.reader
        reader.refresh()
        found = self._mention(mention, question)
        if found is None:
            return None
        place, said = found
        before = tuple(reversed([_text(turn) for turn in turns]))
        around = Around(
            before=lambda: [reader.read(text, lenient=True) for text in before],
            scope=self._folded(scope),
            type=type,
            at=when,
        )
        return self._outcome(mention, self.keyed.decider.decide(place, said, around, claim=False), when)

    def mentions(
        self,
        text: str,
        *,
        turns: Iterable[Turn | tuple[str, str] | str] = (),
        scope: Scope | None = None,
        at: When | None = None,
    ) -> tuple[NamedIn, ...]:
        """Return the names in a text, left to right, each with whom it stands for or the ambiguity.

        Args:
            text: The text.
            turns: What was said before, oldest first.
            scope: Where it is said.
            at: The instant for which it is asked; not given, now.
        """
        if len(text) > _MAX_TEXT:
            raise LimitError(f"text has {len(text):,} characters, and {_MAX_TEXT:,} are allowed; give it in parts")
        when = self.store.now() if at is None else instant(at)
        reader = self.keyed.reader
        reader.refresh()
        said = reader.read(text)
        before = tuple(reversed([_text(turn) for turn in turns]))
        around = Around(
            before=lambda: [reader.read(one, lenient=True) for one in before], scope=self._folded(scope), at=when
        )
        found = []
        for mention in said.mentions:
            decision = self.keyed.decider.decide(mention, said, around, claim=False)
            shown = mention.span.slice(text)
            outcome = self._outcome(shown, decision, when)
            if outcome is not None and not (mention.wary and decision.entity is None):
                found.append(NamedIn(shown, mention.span.start, mention.span.end, outcome))
        return tuple(found)

    def within(self, scope: Scope) -> Self:
        """Return the same knowledge as it is asked from a scope, such as ``{"tenant": "north"}``.

        Names that hold only there are read as theirs; names that hold only elsewhere are not read at all. Hand it to a
        guard that serves one tenant. It shares the database: closing either closes both.
        """
        other = copy.copy(self)
        other._scope = dict(qualifier_pairs({**(self._scope or {}), **scope}))  # noqa: SLF001 - its own class
        folded = {key(name): key(value) for name, value in other._scope.items()}  # noqa: SLF001 - its own class
        other.keyed = KeyedFacts(self.ledger, scope=folded, reader=self.keyed.reader)
        return other

    def _mention(self, mention: str, question: str | None) -> tuple[Mention, Said] | None:
        """Find the mention in the question, else take it as it is given."""
        reader = self.keyed.reader
        wanted = words_of(tokenize(mention))
        if question is not None:
            said = reader.read(cleaned(question, what="question", limit=_MAX_TEXT), lenient=True)
            norm = " ".join(wanted)
            exact = next((m for m in said.mentions if m.norm == norm), None)
            if exact is not None:
                return exact, said
            words = words_of(said.tokens)
            places = [i for i in range(len(words) - len(wanted) + 1) if words[i : i + len(wanted)] == wanted]
            for first in places:
                around = next((m for m in said.mentions if m.first <= first and first + len(wanted) <= m.last), None)
                if around is not None:
                    return around, said  # a part of a longer name
            if places and reader.register.lookup(mention) is not None:
                return None  # it stands there as a word, not as a name
        place = reader.register.lookup(mention)
        if place is not None:
            return place, reader.read(question or mention, lenient=True)
        said = reader.read(mention)
        rest = [t for i, t in enumerate(said.tokens) if i not in said.words.named]
        if len(said.mentions) == 1 and all(t.text.islower() for t in rest):  # "the company Acme"
            return said.mentions[0], said
        return None

    def _outcome(self, mention: str, decision: Decision, at: datetime) -> Entity | Ambiguous | None:
        register = self.keyed.reader.register
        if not decision.entities:
            return None
        if decision.entity is not None:
            return register.entity(decision.entity, at=at, why=decision.why)
        candidates = tuple(register.entity(number) for number in decision.entities)
        named = [f"{one.name} ({one.type})" if one.type else one.name for one in candidates]
        listed = " or ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
        return Ambiguous(mention, candidates, f"{mention!r} may stand for {listed}: {decision.lack}")

    def _folded(self, scope: Scope | None) -> Mapping[str, str] | None:
        given = {**(self._scope or {}), **dict(qualifier_pairs(scope))}
        return {key(name): key(value) for name, value in given.items()} or None

    def _number(self, name: str) -> int:
        name = cleaned_name(name, what="entity")
        number = self.ledger.find_entity(name)
        if number is None:
            raise NotFoundError(f"there is no entity {name!r}; declare it with entity()")
        return number


def _text(turn: Turn | tuple[str, str] | str) -> str:
    if isinstance(turn, str):
        return turn
    if isinstance(turn, Turn):
        return turn.text
    try:
        _, text = turn
    except (TypeError, ValueError):
        raise InputError("a turn must be a text, a Turn, or a pair of role and text") from None
    return cleaned(text, what="turn", limit=_MAX_TEXT)


def _several(names: Iterable[str], what: str) -> list[str]:
    if isinstance(names, str):
        raise InputError(f"{what} must be a list of names; write [{names!r}]")
    return list(names)


def _signed(author: str | None, reason: str | None) -> tuple[str | None, str | None]:
    return (
        None if author is None else cleaned(author, what="author"),
        None if reason is None else cleaned(reason, what="reason", limit=MAX_VALUE),
    )
