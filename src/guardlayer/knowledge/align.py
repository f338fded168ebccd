"""Which keys of the ledger a claim speaks of: the seam between names and values.

For a claim this finds the entities it names and, among the attributes recorded for each, those it speaks of; what the
claim leaves out the question or the claims before it may supply. Every version of those facts comes back as evidence,
marked by what it is worth at the instant asked for. What the claim *says* about the key is for a verifier to read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from guardlayer.errors import AuthorityError, StoreError
from guardlayer.knowledge import whose
from guardlayer.knowledge.attributes import Found
from guardlayer.knowledge.entities.deciding import Around, Decider, Decision
from guardlayer.knowledge.ledger import Ledger
from guardlayer.knowledge.names import Mention
from guardlayer.knowledge.said import Reader, Said, narrowing
from guardlayer.knowledge.terms.defined import definitions, says_what_it_is
from guardlayer.knowledge.views import Key
from guardlayer.types import Alignment, Evidence, Form, Query, Span, Standing

_PAST = frozenset("was were former formerly previously ex served once had".split())  # noqa: SIM905
_PRESENT = frozenset("is are currently now current remains today presently am".split())  # noqa: SIM905
_ENDED = frozenset({"former", "ex", "previous", "past", "late", "erstwhile", "onetime", "then"})
_RECENT = 50
"""Versions whose value may be written in other ways (numbers, dates) are all offered, the most recent this many."""


@dataclass(frozen=True, slots=True)
class _Match:
    """A key found in a claim."""

    key: Key
    entity: Mention | None
    found: Found
    in_claim: bool
    score: float
    candidates: tuple[str, ...] = ()


class KeyedFacts:
    """The ledger as an authority: answers with the facts whose key the claim speaks of.

    Args:
        ledger: The facts.
        scope: Where the claims are made, folded; names that hold elsewhere only are not read in them.
        reader: Reads texts against the ledger, where one is shared.

    Attributes:
        reader: Reads texts against the ledger.
        decider: Says whom a name in them stands for.
    """

    id = "knowledge"
    instant = True

    def __init__(self, ledger: Ledger, *, scope: Mapping[str, str] | None = None, reader: Reader | None = None) -> None:
        self._ledger = ledger
        self._scope = scope
        self.reader = reader or Reader(ledger)
        self.decider = Decider(self.reader)

    def search(self, query: Query) -> Sequence[Evidence]:
        """Return the versions of every fact whose key ``query.claim`` speaks of; see :class:`Authority`."""
        try:
            return self._search(query)
        except StoreError as error:
            raise AuthorityError(f"the ledger cannot be read: {error}") from error

    def about(self, text: str, at: datetime) -> Sequence[Evidence]:
        """Return the facts of every entity that ``text`` names, where it is clear which.

        Raises:
            StoreError: The ledger cannot be read.
        """
        self.reader.refresh()
        said = self.reader.read(text, lenient=True)
        around = Around(scope=self._scope, at=at)
        decided = (self.decider.decide(mention, said, around, claim=False).entity for mention in said.mentions)
        return [
            offered.evidence
            for entity in dict.fromkeys(decided)
            if entity is not None
            for key in self.reader.keys(entity).keys
            for offered in key.offered(at)
        ]

    def _search(self, query: Query) -> Sequence[Evidence]:
        self.reader.refresh()
        if not self.reader.register.index:
            return ()
        claim = self.reader.read(query.claim.text)
        matches = self._matches(claim, claim.mentions, claim, query, score=1.0) or self._entitled(claim)
        if not matches:
            matches = self._supplied(claim, query)
        evidence: list[Evidence] = []
        for match in matches:
            evidence.extend(self._facts(match, claim, query))
        return evidence or self._defined(claim, query)

    def _defined(self, claim: Said, query: Query) -> list[Evidence]:
        """Return what the term means that a claim says what it is."""
        for mention in claim.mentions[:1]:
            if says_what_it_is(mention, claim):
                entity = self._decided(mention, claim, query, claim=True).entity
                return [] if entity is None else list(definitions(self.reader.keys(entity), query.at))
        return []

    def _decided(self, mention: Mention, where: Said, query: Query, *, claim: bool) -> Decision:
        """Say whom a mention stands for, in the claim or in a text before it."""
        if len(mention.entities) == 1 and not mention.wary and not self.reader.register.narrows(mention):
            return Decision(mention.entities)
        read = self.reader.read

        def before() -> list[Said]:
            topics = [read(topic) for topic in reversed(query.topics) if topic != where.text]
            return [*topics, *(read(turn.text, lenient=True) for turn in reversed(query.turns))]

        asked = read(query.question, lenient=True) if query.question and query.question != where.text else None
        around = Around(asked, before, self._scope, at=query.at)
        return self.decider.decide(mention, where, around, claim=claim)

    def _matches(
        self, where: Said, mentions: Iterable[Mention | None], said: Said, query: Query, *, score: float
    ) -> list[_Match]:
        """Match the attributes of the mentioned entities against ``said``.

        Args:
            where: The text that names the entities.
            mentions: The entities to try.
            said: The text that may name an attribute.
            query: What is asked.
            score: How sure a key is if both come from here.
        """
        matches: list[_Match] = []
        for mention in mentions:
            if mention is None:
                continue
            hits = {entity: self.reader.attributes(entity, said) for entity in mention.entities}
            if not any(hits.values()):
                continue
            decision = self._decided(mention, where, query, claim=where.text == query.claim.text)
            if mention.wary and decision.entity is None:
                continue  # a word, as far as anybody can tell
            candidates: tuple[str, ...] = ()
            if decision.entity is None:
                candidates = tuple(self.reader.register.described(entity)[0] for entity in decision.entities)
            for entity in decision.entities:
                for view, hit in hits[entity]:
                    owner = mention if where is said else None
                    if _theirs(view, hit, said, owner):
                        sure = score if hit.phrase.own else score * 0.9
                        matches.append(_Match(view, owner, hit, True, sure, candidates))
        return _nearest(matches) if where is said else matches

    def _entitled(self, said: Said) -> list[_Match]:
        """Match attributes whose name says whose they are: "President of the French Republic" needs no "France"."""
        matches = []
        for title in self.reader.titles.find(said.tokens):
            if whose.owns(title.last, said.tokens, said.text):
                continue  # the president of Italy's bank
            bearers = [entity for info in title.entities if (entity := self.reader.bearer_of(info)) is not None]
            if len(bearers) != 1:
                continue
            matches += [
                _Match(view, None, hit, True, 0.95)
                for view, hit in self.reader.attributes(bearers[0], said)
                if title.first <= hit.first and hit.last <= title.last
            ]
        return matches

    def _supplied(self, claim: Said, query: Query) -> list[_Match]:
        """Let the question, or the claims before, supply the entity or the attribute that the claim leaves out."""
        question = self.reader.read(query.question) if query.question else None
        if question is not None:
            matches = self._matches(question, question.mentions, claim, query, score=0.8)
            if matches:
                return [match for match in matches if _only_values(match.key, claim)]
            if self._speaks(claim, question.mentions):
                return []  # of the attribute, but another's
            known = {entity for mention in claim.mentions for entity in mention.entities}
            asked = [m for m in question.mentions if known & set(m.entities)]
            # The first words of an answer are read against the question, even where they name nothing of it.
            if not asked and (query.claim.form is Form.FRAGMENT or not (query.topics or claim.mentions)):
                asked = question.mentions
            supplied = self._matches(question, asked, question, query, score=0.7)
            if not supplied and not query.topics:
                supplied = self._entitled(question)
            supplied = [match for match in supplied if _answers(match.key, claim)]
            if supplied:
                return [replace(match, in_claim=False, score=0.7) for match in supplied]
        between: list[whose.Name] = []
        for topic in reversed(query.topics):
            earlier = self.reader.read(topic)
            if whose.leads(earlier.tokens, topic, earlier.unknown, earlier.mentions):
                if earlier.mentions:
                    break
                between.append(earlier.unknown[0])
            matches = self._matches(earlier, earlier.mentions, claim, query, score=0.7)
            if matches:
                values = self._values(earlier.mentions) if between else []
                if any(not any(name.words <= value for value in values) for name in between):
                    break  # somebody else was spoken of since
                return [match for match in matches if _only_values(match.key, claim)]
        return []

    def _values(self, mentions: Iterable[Mention]) -> list[frozenset[str]]:
        entities = {entity for mention in mentions for entity in mention.entities}
        return [value for entity in entities for view in self.reader.keys(entity).keys for value in view.values]

    def _speaks(self, said: Said, mentions: Iterable[Mention]) -> bool:
        """Say whether ``said``, which names no entity, speaks of an attribute that a mentioned one has."""
        return not said.mentions and any(
            self.reader.attributes(entity, said) for mention in mentions for entity in mention.entities
        )

    def _facts(self, match: _Match, claim: Said, query: Query) -> Iterator[Evidence]:
        words = {t.norm for t in claim.tokens}
        span = phrase = None
        if match.in_claim:
            first, last = claim.tokens[match.found.first], claim.tokens[match.found.last - 1]
            span = Span(first.start, last.end)
            phrase = span.slice(claim.text)
        spans, timed = narrowing(match.key, claim) if match.key.qualifiers else ((), False)
        # What was said of a period is said for good: "ACV in Q3 FY26 was" speaks of no former figure of it.
        tense = "present" if timed else _tense(claim, match.found if match.in_claim else None)
        alignment = Alignment(
            entity=match.entity.span if match.entity is not None and match.in_claim else None,
            attribute=span,
            score=match.score,
            tense=tense,
            phrase=phrase or "",
            candidates=match.candidates,
            qualifiers=spans,
        )
        others = 0
        for offered in match.key.offered(query.at):
            if offered.placed.standing not in (Standing.CURRENT, Standing.DISPUTED) and not offered.words & words:
                others += 1
                if others > _RECENT or not offered.other_ways:
                    continue
            yield offered.evidence.aligned(alignment)


def _theirs(view: Key, hit: Found, said: Said, mention: Mention | None) -> bool:
    """Say whether the attribute in ``said`` is that of the entity, which ``mention`` names or another text does."""
    if mention is not None and not whose.is_subject(mention, hit, said.tokens, said.text, view.values):
        return False
    if mention is not None and hit.first < mention.last and mention.first < hit.last:
        # A term: its name is what is spoken of, and somebody may be named to whom it belongs ("Beta's ACV").
        return not whose.taken(hit, said.tokens, said.text, lambda: _others(view, said, mention), numeric=view.numeric)
    return not whose.taken(
        hit, said.tokens, said.text, lambda: _others(view, said, mention), mention=mention, numeric=view.numeric
    )


def _others(view: Key, said: Said, mention: Mention | None) -> list[whose.Name]:
    """Return the names in ``said`` that are neither the entity's nor a value of the key."""
    known = [
        whose.Name(m.first, m.last, frozenset(t.norm for t in said.tokens[m.first : m.last]))
        for m in said.mentions
        if m is not mention and (mention is None or not set(m.entities) & set(mention.entities))
    ]
    entity = view.versions[0].entity
    unknown = [name for name in said.unknown if not whose.stands_for(name, entity)]
    names = (*unknown, *known)
    narrowing = frozenset().union(*view.qualifiers) if view.qualifiers else frozenset()
    return [
        name
        for name in names
        if not any(name.words <= value for value in view.values)
        and not name.words <= narrowing
        and not _is_period(name, said)
    ]


def _is_period(name: whose.Name, said: Said) -> bool:
    first, last = said.tokens[name.first].start, said.tokens[name.last - 1].end
    return any(start <= first and last <= end for start, end, _ in said.periods)


def _only_values(view: Key, said: Said) -> bool:
    """Say whether the entities that ``said`` names are values of the key, so that whose it is may be left out."""
    return all(
        any({t.norm for t in said.tokens[m.first : m.last]} <= value for value in view.values) for m in said.mentions
    )


def _answers(view: Key, said: Said) -> bool:
    """Say whether a claim that names no attribute may answer for the key asked of: not where it is about another."""
    names = _others(view, said, None) if view.numeric and not said.mentions else []
    return not any(whose.acts(name, said.tokens, said.text) for name in names)


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


def _tense(claim: Said, found: Found | None) -> str:
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
