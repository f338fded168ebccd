"""Which keys of the ledger a claim speaks of: the seam between names and values.

For a claim this finds the entities it names and, among the attributes recorded for each, those it speaks of; what the
claim leaves out the question or the claims before it may supply. Every version of those facts comes back as evidence,
marked by what it is worth at the instant asked for. What the claim *says* about the key is for a verifier to read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from threading import Lock

from guardlayer.errors import AuthorityError, StoreError
from guardlayer.knowledge import attributes, whose
from guardlayer.knowledge.attributes import Found
from guardlayer.knowledge.ledger import Ledger
from guardlayer.knowledge.names import Mention, NameIndex
from guardlayer.knowledge.views import Entity, Key
from guardlayer.text import Token, tokenize
from guardlayer.types import Alignment, Evidence, Fact, Form, Query, Span, Standing

_PAST = frozenset("was were former formerly previously ex served once had".split())  # noqa: SIM905
_PRESENT = frozenset("is are currently now current remains today presently am".split())  # noqa: SIM905
_ENDED = frozenset({"former", "ex", "previous", "past", "late", "erstwhile", "onetime", "then"})
_RECENT = 12
"""Versions whose value may be written in other ways (numbers, dates) are all offered, the most recent this many."""


@dataclass(frozen=True)
class _Text:
    """A text with its words and the entities it names."""

    text: str
    tokens: Sequence[Token]
    mentions: list[Mention]
    words: attributes.Words

    @cached_property
    def unknown(self) -> list[whose.Name]:
        return whose.names(self.tokens, self.text, self.words.named)


@dataclass(frozen=True, slots=True)
class _Match:
    """A key found in a claim."""

    key: Key
    entity: Mention | None
    found: Found
    in_claim: bool
    score: float


class KeyedFacts:
    """The ledger as an authority: answers with the facts whose key the claim speaks of."""

    id = "knowledge"
    instant = True

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = Lock()
        self._generation = -1
        self._names = NameIndex()
        self._titles = NameIndex()
        self._synonyms: dict[str, tuple[str, ...]] = {}
        self._titled = 0
        self._entities: dict[int, Entity] = {}
        self._marker: int | None = None

    def search(self, query: Query) -> Sequence[Evidence]:
        """Return the versions of every fact whose key ``query.claim`` speaks of; see :class:`Authority`."""
        try:
            return self._search(query)
        except StoreError as error:
            raise AuthorityError(f"the ledger cannot be read: {error}") from error

    def about(self, text: str, at: datetime) -> Sequence[Evidence]:
        """Return the facts of every entity that ``text`` names by a name that stands for no other entity.

        Raises:
            StoreError: The ledger cannot be read.
        """
        self._refresh()
        named = dict.fromkeys(m.entities[0] for m in self._read(text).mentions if len(m.entities) == 1)
        return [
            evidence
            for entity in named
            for key in self._entity(entity).keys
            for evidence, _, _ in key.evidence(at)
        ]  # fmt: skip

    def _search(self, query: Query) -> Sequence[Evidence]:
        self._refresh()
        if not self._names:
            return ()
        claim = self._read(query.claim.text)
        matches = self._matches(claim, claim.mentions, claim, score=1.0) or self._entitled(claim)
        if not matches:
            matches = self._supplied(claim, query)
        evidence: list[Evidence] = []
        for match in matches:
            evidence.extend(self._facts(match, claim, query))
        return evidence

    def _refresh(self) -> None:
        generation = self._ledger.generation
        if generation == self._generation:
            return
        with self._lock:
            names, self._marker = self._ledger.entities_since(self._marker)
            for entity, spellings in names:
                self._names.add(entity, spellings)
            infos = self._ledger.attributes()
            self._synonyms = {info.name: info.synonyms for info in infos}
            for info in infos[self._titled :]:
                if _is_title(info.name):
                    self._titles.add(info.id, (info.name,))
            self._titled = len(infos)
            self._entities = {}
            self._generation = generation

    def _read(self, text: str) -> _Text:
        tokens = tokenize(text)
        mentions = self._names.find(tokens)
        named = frozenset(index for mention in mentions for index in range(mention.first, mention.last))
        return _Text(text, tokens, mentions, attributes.Words(tokens, named))

    def _entity(self, entity: int) -> Entity:
        view = self._entities.get(entity)
        if view is None:
            versions = self._ledger.versions_of(entity)
            words = frozenset(t.norm for name in self._ledger.names_of(entity) for t in tokenize(name))
            keys: dict[tuple[str, tuple[tuple[str, str], ...]], list[Fact]] = {}
            for fact in versions:
                keys.setdefault((fact.attribute, fact.qualifiers), []).append(fact)
            view = Entity(
                [
                    Key(tuple(facts), attributes.phrases(name, self._synonyms.get(name, ()), words))
                    for (name, _), facts in keys.items()
                ]
            )
            self._entities[entity] = view
        return view

    def _matches(self, where: _Text, mentions: Iterable[Mention | None], said: _Text, *, score: float) -> list[_Match]:
        """Match the attributes of the mentioned entities against ``said``.

        Args:
            where: The text that names the entities.
            mentions: The entities to try.
            said: The text that may name an attribute.
            score: How sure a key is if both come from here.
        """
        capitals = any(t.text[:1].isupper() for t in said.tokens)
        matches: list[_Match] = []
        for mention in mentions:
            if mention is None:
                continue
            per_candidate = []
            for entity in mention.entities:
                found = self._attributes(entity, said, capitals=capitals)
                if found:
                    per_candidate.append(found)
            if len(per_candidate) != 1:
                continue  # nothing known of any of them, or several it may be: never a silent pick
            for view, hit in per_candidate[0]:
                owner = mention if where is said else None
                if _theirs(view, hit, said, owner):
                    matches.append(_Match(view, owner, hit, True, score if hit.phrase.own else score * 0.9))
        return _nearest(matches) if where is said else matches

    def _entitled(self, said: _Text) -> list[_Match]:
        """Match attributes whose name says whose they are: "President of the French Republic" needs no "France"."""
        matches = []
        for title in self._titles.find(said.tokens):
            if whose.owns(title.last, said.tokens, said.text):
                continue  # the president of Italy's bank
            bearers = [entity for info in title.entities if (entity := self._ledger.bearer_of(info)) is not None]
            if len(bearers) != 1:
                continue
            hits = self._attributes(bearers[0], said, capitals=True)
            matches += [
                _Match(view, None, hit, True, 0.95)
                for view, hit in hits
                if title.first <= hit.first and hit.last <= title.last
            ]
        return matches

    def _attributes(self, entity: int, said: _Text, *, capitals: bool) -> list[tuple[Key, Found]]:
        hits = []
        for view in self._entity(entity).candidates(said.words.stems, capitals=capitals):
            hit = attributes.find(said.words, view.ways)
            if hit is not None:
                hits.append((view, hit))
        if len(hits) > 1:
            hits = _specific(hits)
        return _narrowed(hits, said)

    def _supplied(self, claim: _Text, query: Query) -> list[_Match]:
        """Let the question, or the claims before, supply the entity or the attribute that the claim leaves out."""
        question = self._read(query.question) if query.question else None
        if question is not None:
            matches = self._matches(question, question.mentions, claim, score=0.8)
            if matches:
                return [match for match in matches if _only_values(match.key, claim)]
            if self._speaks(claim, question.mentions):
                return []  # of the attribute, but another's
            known = {entity for mention in claim.mentions for entity in mention.entities}
            asked = [m for m in question.mentions if known & set(m.entities)]
            # The first words of an answer are read against the question, even where they name nothing of it.
            if not asked and (query.claim.form is Form.FRAGMENT or not (query.topics or claim.mentions)):
                asked = question.mentions
            supplied = self._matches(question, asked, question, score=0.7)
            if not supplied and not query.topics:
                supplied = self._entitled(question)
            supplied = [match for match in supplied if _answers(match.key, claim)]
            if supplied:
                return [replace(match, in_claim=False, score=0.7) for match in supplied]
        between: list[whose.Name] = []
        for topic in reversed(query.topics):
            earlier = self._read(topic)
            if whose.leads(earlier.tokens, topic, earlier.unknown, earlier.mentions):
                if earlier.mentions:
                    break
                between.append(earlier.unknown[0])
            matches = self._matches(earlier, earlier.mentions, claim, score=0.7)
            if matches:
                values = self._values(earlier.mentions) if between else []
                if any(not any(name.words <= value for value in values) for name in between):
                    break  # somebody else was spoken of since
                return [match for match in matches if _only_values(match.key, claim)]
        return []

    def _values(self, mentions: Iterable[Mention]) -> list[frozenset[str]]:
        entities = {entity for mention in mentions for entity in mention.entities}
        return [value for entity in entities for view in self._entity(entity).keys for value in view.values]

    def _speaks(self, said: _Text, mentions: Iterable[Mention]) -> bool:
        """Say whether ``said``, which names no entity, speaks of an attribute that a mentioned one has."""
        capitals = any(t.text[:1].isupper() for t in said.tokens)
        return not said.mentions and any(
            self._attributes(entity, said, capitals=capitals) for mention in mentions for entity in mention.entities
        )

    def _facts(self, match: _Match, claim: _Text, query: Query) -> Iterator[Evidence]:
        words = {t.norm for t in claim.tokens}
        span = phrase = None
        if match.in_claim:
            first, last = claim.tokens[match.found.first], claim.tokens[match.found.last - 1]
            span = Span(first.start, last.end)
            phrase = span.slice(claim.text)
        alignment = Alignment(
            entity=match.entity.span if match.entity is not None and match.in_claim else None,
            attribute=span,
            score=match.score,
            tense=_tense(claim, match.found if match.in_claim else None),
            phrase=phrase or "",
        )
        others = 0
        for evidence, value, other_ways in match.key.evidence(query.at):
            if evidence.standing not in (Standing.CURRENT, Standing.DISPUTED) and not value & words:
                others += 1
                if not other_ways or others > _RECENT:
                    continue
            yield evidence.aligned(alignment)


def _theirs(view: Key, hit: Found, said: _Text, mention: Mention | None) -> bool:
    """Say whether the attribute in ``said`` is that of the entity, which ``mention`` names or another text does."""
    if mention is not None and not whose.is_subject(mention, hit, said.tokens, said.text, view.values):
        return False
    return not whose.taken(
        hit, said.tokens, said.text, lambda: _others(view, said, mention), mention=mention, numeric=view.numeric
    )


def _others(view: Key, said: _Text, mention: Mention | None) -> list[whose.Name]:
    """Return the names in ``said`` that are neither the entity's nor a value of the key."""
    known = [
        whose.Name(m.first, m.last, frozenset(t.norm for t in said.tokens[m.first : m.last]))
        for m in said.mentions
        if m is not mention and (mention is None or not set(m.entities) & set(mention.entities))
    ]
    entity = view.versions[0].entity
    unknown = [name for name in said.unknown if not whose.stands_for(name, entity)]
    names = (*unknown, *known)
    return [name for name in names if not any(name.words <= value for value in view.values)] if names else []


def _only_values(view: Key, said: _Text) -> bool:
    """Say whether the entities that ``said`` names are values of the key, so that whose it is may be left out."""
    return all(
        any({t.norm for t in said.tokens[m.first : m.last]} <= value for value in view.values) for m in said.mentions
    )


def _answers(view: Key, said: _Text) -> bool:
    """Say whether a claim that names no attribute may answer for the key asked of: not where it is about another."""
    names = _others(view, said, None) if view.numeric and not said.mentions else []
    return not any(whose.acts(name, said.tokens, said.text) for name in names)


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


def _narrowed(hits: list[tuple[Key, Found]], said: _Text) -> list[tuple[Key, Found]]:
    """Among keys that differ in qualifiers keep those whose qualifiers the text names; else the unqualified one."""
    words = {t.norm for t in said.tokens}
    named = [(view, hit) for view, hit in hits if view.qualifiers and all(q <= words for q in view.qualifiers)]
    attributes_named = {view.versions[0].attribute for view, _ in named}
    plain = [
        (view, hit) for view, hit in hits if not view.qualifiers and view.versions[0].attribute not in attributes_named
    ]
    return named + plain


def _nearest(matches: list[_Match]) -> list[_Match]:
    """Where two entities compete for the same words of an attribute, the nearer one has them."""
    if len(matches) < 2:
        return matches
    best: dict[tuple[int, int], int] = {}
    for match in matches:
        place_ = (match.found.first, match.found.last)
        best[place_] = min(best.get(place_, 1 << 30), _distance(match))
    return [m for m in matches if _distance(m) == best[m.found.first, m.found.last]]


def _distance(match: _Match) -> int:
    if match.entity is None:
        return 0
    return max(0, match.entity.first - match.found.last, match.found.first - match.entity.last)


def _tense(claim: _Text, found: Found | None) -> str:
    """Say whether the claim speaks of former times."""
    norms = [t.norm for t in claim.tokens]
    if found is not None:
        if _ENDED & set(norms[max(0, found.first - 2) : found.last]):
            return "past"
        verb = claim.tokens[found.first].norm
        if verb.endswith("ed") and len(found.phrase.stems) > 1 and not found.phrase.stems[0].endswith("ed"):
            return "past" if not _PRESENT & set(norms) else "present"
    spoken = set(norms)
    if _PAST & spoken and not _PRESENT & spoken and not {"has", "have"} & spoken:
        return "past"
    return "present"
