"""What a text says, as far as the ledger can tell: the entities it names and the attributes of theirs it speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

from guardlayer.knowledge import attributes, whose
from guardlayer.knowledge.attributes import Found
from guardlayer.knowledge.entities.register import Register
from guardlayer.knowledge.ledger import Ledger
from guardlayer.knowledge.names import Mention, NameIndex
from guardlayer.knowledge.terms.calendar import FiscalCalendar, Period
from guardlayer.knowledge.terms.model import EXCEPTION, FIGURE, OUTCOME, RULE, TERM
from guardlayer.knowledge.terms.reading import calendar_of
from guardlayer.knowledge.views import Entity, Key
from guardlayer.text import Token, tokenize
from guardlayer.types import Fact, Span


@dataclass(frozen=True)
class Said:
    """A text with its words and the entities it names."""

    text: str
    tokens: Sequence[Token]
    mentions: list[Mention]
    words: attributes.Words
    calendar: FiscalCalendar

    @cached_property
    def periods(self) -> list[tuple[int, int, Period]]:
        """The periods it names, with their offsets."""
        return list(self.calendar.find(self.text)) if any(c.isdigit() for c in self.text) else []

    @cached_property
    def unknown(self) -> list[whose.Name]:
        """Proper names the ledger does not know."""
        return whose.names(self.tokens, self.text, self.words.named)

    @property
    def capitals(self) -> bool:
        """Whether a word begins with a capital."""
        return any(t.text[:1].isupper() for t in self.tokens)


class Reader:
    """Reads texts against the names and keys of a ledger. Safe to share between threads.

    Attributes:
        register: The names.
        titles: Attributes whose name says whose they are.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = Lock()
        self._generation = -1
        self._synonyms: dict[str, tuple[str, ...]] = {}
        self._titled = 0
        self._entities: dict[int, Entity] = {}
        self._types: dict[str, frozenset[str | None]] = {}
        self._calendar = FiscalCalendar()
        self.register = Register(ledger.store)
        self.titles = NameIndex()

    def refresh(self) -> None:
        """Take up what was written since the last time.

        Raises:
            StoreError: The ledger cannot be read.
        """
        generation = self._ledger.generation
        if generation == self._generation:
            return
        with self._lock:
            self.register.refresh()
            infos = self._ledger.attributes()
            self._synonyms = {info.name: info.synonyms for info in infos}
            for info in infos[self._titled :]:
                if _is_title(info.name):
                    self.titles.add(info.id, (info.name,))
            self._titled = len(infos)
            self._entities, self._types = {}, {}
            self._calendar = calendar_of(self._ledger.store.read)
            self._generation = generation

    def read(self, text: str, *, lenient: bool = False) -> Said:
        """Find the names in a text; see :meth:`NameIndex.find`."""
        tokens = tokenize(text)
        mentions = self.register.find(tokens, lenient=lenient)
        named = frozenset(index for mention in mentions for index in range(mention.first, mention.last))
        return Said(text, tokens, mentions, attributes.Words(tokens, named), self._calendar)

    def keys(self, entity: int) -> Entity:
        """Return what the ledger holds about an entity."""
        known = self._entities  # what a write makes old while it is read goes where nobody looks any more
        view = known.get(entity)
        if view is None:
            versions = self._ledger.versions_of(entity)
            words = frozenset(t.norm for name in self._ledger.names_of(entity) for t in tokenize(name))
            keys: dict[tuple[str, tuple[tuple[str, str], ...]], list[Fact]] = {}
            for fact in versions:
                keys.setdefault((fact.attribute, fact.qualifiers), []).append(fact)
            spoken = self._own_name(entity) if any(name in _NAMELESS for name, _ in keys) else ()
            view = Entity(
                [
                    Key(
                        tuple(facts),
                        attributes.phrases(spoken[0], spoken[1:], frozenset())
                        if spoken and name in _NAMELESS
                        else attributes.phrases(name, self._synonyms.get(name, ()), words),
                    )
                    for (name, _), facts in keys.items()
                ]
            )
            known[entity] = view
        return view

    def _own_name(self, entity: int) -> tuple[str, ...]:
        """Return the names of a term or a rule: its figure, its outcome, is spoken of by them alone."""
        sort = self.register.described(entity)[1]
        return self._ledger.names_of(entity) if sort in (TERM, RULE) else ()

    def attributes(self, entity: int, said: Said) -> list[tuple[Key, Found]]:
        """Return the keys of an entity that a text speaks of, whoever's it says they are."""
        hits = []
        for view in self.keys(entity).candidates(said.words.stems, capitals=said.capitals):
            hit = attributes.find(said.words, view.ways)
            if hit is not None:
                hits.append((view, hit))
        if len(hits) > 1:
            hits = _specific(hits)
        return _narrowed(hits, said) if any(view.qualifiers for view, _ in hits) else hits

    def bearer_of(self, attribute: int) -> int | None:
        """Return the one entity that has facts under an attribute; ``None`` if there is none, or several."""
        return self._ledger.bearer_of(attribute)

    def types_with(self, attribute: str) -> frozenset[str | None]:
        """Return the types of the entities for which an attribute is recorded."""
        known = self._types
        types = known.get(attribute)
        if types is None:
            types = known[attribute] = self._ledger.types_with(attribute)
        return types


def _is_title(name: str) -> bool:
    """Say whether an attribute's name says whose it is: an "of" with a name behind it."""
    _, of, owner = name.partition(" of ")
    return bool(of) and any(word[:1].isupper() for word in owner.split())


def _specific(hits: list[tuple[Key, Found]]) -> list[tuple[Key, Found]]:
    """Drop a key whose words are only a part of another's: "president" within "vice president"."""
    kept = []
    for view, hit in hits:
        words = set(hit.phrase.stems)
        inside = any(
            words < set(other.phrase.stems) and other.first <= hit.first and hit.last <= other.last for _, other in hits
        )
        # A key found by general English yields to one found by its own name in the same place.
        weaker = not hit.phrase.own and any(
            other.phrase.own and other.first < hit.last and hit.first < other.last for _, other in hits
        )
        # General English that may mean several keys ("the fee", of two fees) means none.
        vague = not hit.phrase.own and any(
            not other.phrase.own
            and other.first == hit.first
            and rival.versions[0].attribute != view.versions[0].attribute
            for rival, other in hits
        )
        if not inside and not weaker and not vague:
            kept.append((view, hit))
    return kept


def _narrowed(hits: list[tuple[Key, Found]], said: Said) -> list[tuple[Key, Found]]:
    """Among keys that differ in qualifiers keep those whose qualifiers the text names; else the unqualified one."""
    words = {t.norm for t in said.tokens}
    named = [(view, hit) for view, hit in hits if view.qualifiers and _qualified(view, said, words)]
    # Of a key for EMEA and one for EMEA in Q3, a text that names both speaks of the second.
    named = [
        (view, hit)
        for view, hit in named
        if not any(
            other.versions[0].attribute == view.versions[0].attribute
            and set(view.versions[0].qualifiers) < set(other.versions[0].qualifiers)
            for other, _ in named
        )
    ]
    attributes_named = {view.versions[0].attribute for view, _ in named}
    plain = [
        (view, hit) for view, hit in hits if not view.qualifiers and view.versions[0].attribute not in attributes_named
    ]
    return named + plain


def _qualified(view: Key, said: Said, words: set[str]) -> bool:
    """Say whether a text names all that narrows a key; a period by any name it has."""
    pairs = view.versions[0].qualifiers
    if any(name == EXCEPTION and _words(value) <= words for name, value in pairs):
        return True
    for name, value in pairs:
        if name == EXCEPTION:
            continue
        period = said.calendar.period(value)
        if period is not None:
            if not any(period.same(one) for _, _, one in said.periods):
                return False
        elif not _words(value) or not _words(value) <= words or value.startswith(_SIGNS):
            return False
    return True


def narrowing(view: Key, said: Said) -> tuple[tuple[Span, ...], bool]:
    """Return where a text names what narrows a key, and whether a period is among it."""
    spans: list[Span] = []
    timed = False
    for _, value in view.versions[0].qualifiers:
        period = said.calendar.period(value)
        if period is not None:
            timed = True
            spans += [Span(start, end) for start, end, one in said.periods if period.same(one)]
        else:
            words = _words(value)
            spans += [Span(token.start, token.end) for token in said.tokens if token.norm in words]
    return tuple(spans), timed


def _words(text: str) -> frozenset[str]:
    return frozenset(token.norm for token in tokenize(text))


_SIGNS = (">", "<", "not ")
"""How conditions of rules begin that are no words of a text."""
_NAMELESS = frozenset({FIGURE, OUTCOME})
"""Attributes of terms and rules that nobody names: "ACV was $4.2M", "the refund window is 30 days"."""
