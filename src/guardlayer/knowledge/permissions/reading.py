"""Evidence as one principal may see it: filtered before it can reach a verdict, a correction or a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from guardlayer.errors import AuthorityError
from guardlayer.knowledge.answer import Answer, answer
from guardlayer.knowledge.ledger import Change
from guardlayer.knowledge.permissions.model import NOBODY, READ, Access, PolicyEngine, resource_of, resource_of_fact
from guardlayer.knowledge.statement import Qualifiers
from guardlayer.protocols import Authority
from guardlayer.temporal import When
from guardlayer.types import Evidence, Fact, Principal, Query

if TYPE_CHECKING:
    from guardlayer.knowledge.knowledge import Knowledge

_WIDER = 8
"""How many times more passages are asked for than are wanted, so that enough are left when some may not be read."""


class Permitted:
    """An authority whose evidence is only what the principal of the query may read.

    What a piece names besides (the fact that took over, the passage in its place) is taken away where it may not be
    read. The answer does not say whether something was withheld: that there is such a fact is knowledge too.

    Args:
        authority: Who is asked.
        engine: Who decides.
    """

    def __init__(self, authority: Authority, engine: PolicyEngine) -> None:
        self._authority = authority
        self._engine = engine
        self.instant = getattr(authority, "instant", False)
        if hasattr(authority, "asearch"):
            self.asearch = self._asearch

    @property
    def id(self) -> str:
        """The authority's own."""
        return self._authority.id

    def search(self, query: Query) -> Sequence[Evidence]:
        """Return what the authority finds and the principal may read.

        Raises:
            AuthorityError: The authority could not be asked, or the policies could not be evaluated.
        """
        who = query.principal or NOBODY
        if _hopeless(self._engine, who):
            return ()
        found = self._authority.search(replace(query, limit=query.limit * _WIDER))
        return self._kept(found, who, query)

    async def _asearch(self, query: Query) -> Sequence[Evidence]:
        who = query.principal or NOBODY
        if _hopeless(self._engine, who):
            return ()
        asearch: Any = getattr(self._authority, "asearch")  # noqa: B009 - known to be there since construction
        found: Sequence[Evidence] = await asearch(replace(query, limit=query.limit * _WIDER))
        return self._kept(found, who, query)

    def _kept(self, found: Sequence[Evidence], who: Principal, query: Query) -> Sequence[Evidence]:
        kept = permitted(self._engine, who, found)
        facts = [one for one in kept if one.fact is not None]
        return [*facts, *[one for one in kept if one.fact is None][: query.limit]]


def permitted(engine: PolicyEngine, who: Principal, found: Sequence[Evidence]) -> list[Evidence]:
    """Return what ``who`` may read of ``found``; each piece, and each thing it names, is authorised by itself.

    Raises:
        AuthorityError: The policies could not be evaluated.
    """
    accesses: list[Access] = []
    for piece in found:
        accesses.append(Access(who, READ, resource_of(piece)))
        if piece.successor is not None:
            accesses.append(Access(who, READ, resource_of_fact(piece.successor)))
        if piece.replaced_by is not None:
            accesses.append(Access(who, READ, resource_of(piece.replaced_by)))
    rulings = iter(_decided(engine, accesses))
    kept = []
    for piece in found:
        allowed = next(rulings)
        successor = piece.successor if piece.successor is not None and next(rulings) else None
        replaced = piece.replaced_by if piece.replaced_by is not None and next(rulings) else None
        if allowed:
            changed = successor is not piece.successor or replaced is not piece.replaced_by
            kept.append(replace(piece, successor=successor, replaced_by=replaced) if changed else piece)
    return kept


def _decided(engine: PolicyEngine, accesses: Sequence[Access]) -> list[bool]:
    try:
        rulings = list(engine.decide(accesses))
    except Exception as error:
        raise AuthorityError(f"not permitted: the policies could not be evaluated ({type(error).__name__})") from error
    if len(rulings) != len(accesses):
        raise AuthorityError(
            f"not permitted: the policy engine gave {len(rulings)} rulings for {len(accesses)} questions"
        )
    return [ruling.allowed and ruling.error is None for ruling in rulings]


def _hopeless(engine: PolicyEngine, who: Principal) -> bool:
    hopeless = getattr(engine, "hopeless", None)
    return hopeless is not None and bool(hopeless(who, READ))


class Seen:
    """A knowledge layer as one principal sees it: asking only, and only what they may read.

    Args:
        knowledge: The whole.
        engine: Who decides.
        principal: Who asks; ``None`` is whoever is permitted what everybody is.
    """

    def __init__(self, knowledge: Knowledge, engine: PolicyEngine, principal: Principal | None) -> None:
        self._knowledge = knowledge
        self._engine = engine
        self._who = principal or NOBODY
        self.keyed = _Bound(Permitted(knowledge.keyed, engine), knowledge.keyed, engine, self._who)
        self.retrieval = _Bound(Permitted(knowledge.retrieval, engine), None, engine, self._who)

    def ask(
        self,
        entity: str,
        attribute: str,
        *,
        at: When | None = None,
        known_at: When | None = None,
        qualifiers: Qualifiers | None = None,
    ) -> Answer:
        """Say what holds, as far as it may be read; see :meth:`guardlayer.knowledge.Knowledge.ask`.

        What may not be read is answered as what is not known.
        """
        found = self._knowledge.ask(entity, attribute, at=at, known_at=known_at, qualifiers=qualifiers)
        facts = (*found.facts, *found.candidates)
        if not facts:  # an absence is explained by what there was: to those who may read that
            facts = self._knowledge.history(entity, attribute, qualifiers=qualifiers)
        if all(self._readable(facts)):
            return found
        return answer(
            (found.entity, found.attribute), (), narrowed="", at=found.at, known_at=found.known_at, changes=_none
        )

    def history(self, entity: str, attribute: str, *, qualifiers: Qualifiers | None = None) -> tuple[Fact, ...]:
        """Return the versions that may be read; see :meth:`guardlayer.knowledge.Knowledge.history`."""
        facts = self._knowledge.history(entity, attribute, qualifiers=qualifiers)
        return tuple(fact for fact, readable in zip(facts, self._readable(facts), strict=True) if readable)

    def _readable(self, facts: Sequence[Fact]) -> list[bool]:
        return _decided(self._engine, [Access(self._who, READ, resource_of_fact(fact)) for fact in facts])


def _none(_: str) -> tuple[Change, ...]:
    return ()


class _Bound:
    """An authority bound to one principal, whatever the query says."""

    def __init__(self, permitted_: Permitted, keyed: Any, engine: PolicyEngine, who: Principal) -> None:
        self._permitted = permitted_
        self._keyed = keyed
        self._engine = engine
        self._who = who
        self.instant = permitted_.instant

    @property
    def id(self) -> str:
        """The authority's own."""
        return self._permitted.id

    def search(self, query: Query) -> Sequence[Evidence]:
        """Return what the principal may read."""
        return self._permitted.search(replace(query, principal=self._who))

    def about(self, text: str, at: datetime) -> Sequence[Evidence]:
        """Return the facts of every entity that ``text`` names, as far as they may be read."""
        return permitted(self._engine, self._who, self._keyed.about(text, at))
