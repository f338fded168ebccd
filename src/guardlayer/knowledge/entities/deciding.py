"""Whom a name stands for: what is said around it decides, nearest first, or nothing does and that is said.

For every text in turn (the one with the name, the question, what was said before) the bearers that something in it
speaks for are kept, until one is left. Where a text names two of them, it does not decide, and neither does anything
older. What a claim asserts never chooses its own subject: a value of the attribute it speaks of does not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from guardlayer.knowledge.entities.cues import Phrase, Profile, Shown, kind, profile
from guardlayer.knowledge.entities.register import Held
from guardlayer.knowledge.names import Mention
from guardlayer.knowledge.said import Reader, Said
from guardlayer.temporal import Interval
from guardlayer.text import key

_YEAR = re.compile(r"(?<![\d$€£.,])(?:1[5-9]|20)\d\d(?![\d.,]*\d)")
_NAMED = "named"


@dataclass(frozen=True)
class Around:
    """What was said around a text that names something.

    Attributes:
        question: What was asked, where the text is an answer.
        before: What was said before, nearest first.
        scope: Where it is said: folded dimension to folded value.
        type: The type that is asked for.
        at: The instant for which it is asked.
    """

    question: Said | None = None
    before: Callable[[], Sequence[Said]] = tuple
    scope: Mapping[str, str] | None = None
    type: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Whom a mention stands for.

    Attributes:
        entities: One: decided. Several: nothing decides. None: the name is not known there.
        why: What decided, or narrowed.
        sure: Whether the one may be taken; a name that holds elsewhere only, or that is a word, may not.
        lack: Why not, where it may not.
    """

    entities: tuple[int, ...]
    why: str = ""
    sure: bool = True
    lack: str = "nothing that is said decides"

    @property
    def entity(self) -> int | None:
        """The one; ``None`` where it is not decided."""
        return self.entities[0] if len(self.entities) == 1 and self.sure else None


class Decider:
    """Decides for the names of one ledger.

    Args:
        reader: Reads texts against it.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def decide(self, mention: Mention, said: Said, around: Around, *, claim: bool) -> Decision:
        """Say whom a mention stands for.

        Args:
            mention: The mention.
            said: The text it stands in.
            around: What was said around it.
            claim: Whether the text asserts something: then the value it asserts is no evidence for whom it means.
        """
        register = self._reader.register
        held = {entity: register.held(mention.norm, entity) for entity in mention.entities}
        narrowed = any(held.values())
        if len(held) == 1 and not narrowed and not mention.wary and around.type is None:
            return Decision(mention.entities)
        state = _State(mention, held, self._reader, around)
        if narrowed and not state.keep({e for e, rows in held.items() if _within(rows, around.scope)}, "", hard=True):
            return Decision(())
        if around.type is not None and not state.keep(self._of_type(held, around.type), f"a {around.type}", hard=True):
            return Decision(())
        self._weigh(state, said, claim=claim)
        left = tuple(state.left)
        opened = len(left) == 1 and _open(held[left[0]], around.scope)
        if opened or (len(left) == 1 and mention.wary):
            where = " or ".join(", ".join(f"{n} {v}" for n, v in sorted(row.scope)) for row in held[left[0]])
            lack = f"it is its name in {where} only" if opened else "it is a word too, and nothing else speaks for it"
            return Decision(left, state.why, sure=bool(state.why) or state.evident(left[0], said), lack=lack)
        return Decision(left, state.why)

    def _weigh(self, state: _State, said: Said, *, claim: bool) -> None:
        around = state.around
        hits = {entity: self._attributes(entity, said) for entity in state.left}
        asked = frozenset(name for names in hits.values() for name in names) if claim else frozenset()
        if state.held_scope() or state.named(said) or state.cues(said, but=asked):
            return
        question = around.question
        if question is not None:
            if state.named(question):
                return
            for entity, names in hits.items():
                names.update(self._attributes(entity, question))
        able, name = self._able(state, hits)
        # Who alone can have what is spoken of is meant whatever was said before: the capital of Jordan is no player's.
        if (len(able) == 1 and state.keep(able, f"only it has a {name}")) or (
            question is not None and state.cues(question)
        ):
            return
        if state.years(said, question):
            return
        for earlier in around.before():
            if state.named(earlier) or state.cues(earlier):
                return
        if not state.keep(able, f"it has a {name}"):
            state.timely()

    def _attributes(self, entity: int, said: Said) -> set[str]:
        return {view.versions[0].attribute for view, _ in self._reader.attributes(entity, said)}

    def _able(self, state: _State, hits: Mapping[int, set[str]]) -> tuple[set[int], str]:
        """Return who can have what is spoken of: who has it, and who is of a kind that has it, or of none."""
        names = {name for found in hits.values() for name in found}
        if not names:
            return set(state.left), ""
        kinds = {kind(sort) for name in names for sort in self._reader.types_with(name)}
        described = self._reader.register.described
        able = {e for e in state.left if hits.get(e) or (sort := kind(described(e)[1])) is None or sort in kinds}
        return able, min(names, key=len)

    def _of_type(self, held: Mapping[int, object], wanted: str) -> set[int]:
        described = self._reader.register.described
        return {entity for entity in held if key(described(entity)[1] or "") == key(wanted)}


class _State:
    """Who is left while the texts are read."""

    def __init__(self, mention: Mention, held: Mapping[int, tuple[Held, ...]], reader: Reader, around: Around) -> None:
        self.left = dict.fromkeys(mention.entities)
        self.why = ""
        self.around = around
        self._mention = mention
        self._held = held
        self._reader = reader
        self._profiles: dict[int, Profile] = {}

    def keep(self, entities: set[int], why: str, *, hard: bool = False) -> bool:
        """Keep those, if any are left then; say whether the question is settled.

        A ``hard`` condition drops all where none fits, and says whether any is left.
        """
        left = [entity for entity in self.left if entity in entities]
        if hard:
            self.left = dict.fromkeys(left)
            return bool(left)
        if left and len(left) < len(self.left):
            self.left = dict.fromkeys(left)
            self.why = why
        return len(self.left) <= 1

    def held_scope(self) -> bool:
        """Where the scope is given, a name that holds right there goes before one that holds everywhere."""
        if not self.around.scope:
            return len(self.left) <= 1 and not self._doubtful()
        given = self.around.scope
        here = {
            entity for entity in self.left if any(row.scope and _is_there(row, given) for row in self._held[entity])
        }
        return self.keep(here, ", ".join(f"{name} {value}" for name, value in given.items()))

    def named(self, said: Said) -> bool:
        """Keep whom the text names by another name that is only theirs; two of them settle that nothing decides."""
        there = {
            mention.entities[0]: said.text[mention.span.start : mention.span.end]
            for mention in said.mentions
            if len(mention.entities) == 1 and mention.entities[0] in self.left and mention.norm != self._mention.norm
        }
        if there:
            self.keep(set(there), f"{', '.join(map(repr, there.values()))} is named")
            if len(there) == 1 and len(self.left) == 1:
                self.why = self.why or f"{next(iter(there.values()))!r} is named"
        return bool(there)

    def cues(self, said: Said, *, but: frozenset[str] = frozenset()) -> bool:
        """Keep those for whom the text says where they hold, what they are, or what else is theirs."""
        shown = Shown(said.tokens, said.words.stems, self._in(said))
        scoped = {
            entity
            for entity in self.left
            if any(row.scope and all(shown.says(value) for _, value in row.scope) for row in self._held[entity])
        }
        if self.keep(scoped, "the scope is named") and self._settled(scoped):
            return True
        kinds = {e: way for e in self.left if (way := shown.kind(self._profile(e))) is not None}
        if len(set(map(frozenset, kinds.values()))) > 1 and len(kinds) > 1:
            most = max(map(len, kinds.values()))  # "language model" says more than "language"
            kinds = {e: way for e, way in kinds.items() if len(way) == most}
        if self.keep(set(kinds), "its type is named") and self._settled(kinds):
            return True
        related = {e: found for e in self.left if (found := shown.phrases(self._profile(e), but=but))}
        related = {
            e: found
            for e, found in related.items()
            if not any(_stems(found) < _stems(more) for other, more in related.items() if other != e)
        }
        first = next(iter(related.values()), None)
        why = "" if first is None else f"{first[0].text!r} is {_what(first[0])}"
        return self.keep(set(related), why) and self._settled(related)

    def years(self, said: Said, question: Said | None) -> bool:
        """Keep those whose name it was in a year that is spoken of."""
        found = [*_YEAR.findall(said.text), *(_YEAR.findall(question.text) if question is not None else ())]
        if not found:
            return False
        try:
            spans = [Interval.parse(year, year) for year in dict.fromkeys(found)]
        except ValueError:
            return False
        then = {e for e in self.left if all(_bore(self._held[e], span) for span in spans)}
        return self.keep(then, f"it was its name in {found[0]}")

    def timely(self) -> bool:
        """Keep those whose name it is at the instant asked for."""
        at = self.around.at
        if at is None:
            return False
        now = {e for e in self.left if not self._held[e] or any(at in row.valid for row in self._held[e])}
        return self.keep(now, f"it is its name at {at.astimezone(UTC).date().isoformat()}")

    def evident(self, entity: int, said: Said) -> bool:
        """Say whether anything at all speaks for the one that is left."""
        texts = [said]
        if self.around.question is not None:
            texts.append(self.around.question)
        if any(self._reader.attributes(entity, text) for text in texts):
            return True
        if self.around.scope and any(row.scope and _is_there(row, self.around.scope) for row in self._held[entity]):
            return True
        for text in (*texts, *self.around.before()):
            shown = Shown(text.tokens, text.words.stems, self._in(text))
            if any(
                (m.entities == (entity,) and m.norm != self._mention.norm and not m.wary) for m in text.mentions
            ) or any(row.scope and all(shown.says(value) for _, value in row.scope) for row in self._held[entity]):
                return True
            mine = self._profile(entity)
            if shown.kind(mine) is not None or shown.phrases(mine):
                return True
        return False

    def _doubtful(self) -> bool:
        return self._mention.wary or any(_open(self._held[entity], self.around.scope) for entity in self.left)

    def _settled(self, by: object) -> bool:
        """A single bearer that was there from the beginning is settled by what speaks for it, not by being alone."""
        return bool(by) or not self._doubtful()

    def _in(self, said: Said) -> Mention | None:
        return next((m for m in said.mentions if m.norm == self._mention.norm), None)

    def _profile(self, entity: int) -> Profile:
        known = self._profiles.get(entity)
        if known is None:
            names = [name.text for name in self._reader.register.names(entity)]
            sort = self._reader.register.described(entity)[1]
            values = [
                (fact.attribute, text)
                for view in self._reader.keys(entity).keys
                for fact in view.versions
                for text in (fact.value, *(value for _, value in fact.qualifiers))
            ]
            known = self._profiles[entity] = profile(names, sort, values, self._mention.norm)
        return known


def _stems(found: Sequence[Phrase]) -> frozenset[str]:
    return frozenset().union(*(phrase.stems for phrase in found))


def _what(phrase: Phrase) -> str:
    return "of its name" if phrase.own else f"its {phrase.what}"


def _within(rows: tuple[Held, ...], scope: Mapping[str, str] | None) -> bool:
    """Say whether a name may hold in a scope: not where it is known to hold in another one only."""
    if not rows or not scope:
        return True
    return any(all(scope.get(name, value) == value for name, value in row.scope) for row in rows)


def _open(rows: tuple[Held, ...], scope: Mapping[str, str] | None) -> bool:
    """Say whether a name holds in some scope only, and it is not known whether this is it."""
    given = scope or {}
    return bool(rows) and not any(_is_there(row, given) for row in rows)


def _is_there(row: Held, scope: Mapping[str, str]) -> bool:
    return all(scope.get(name) == value for name, value in row.scope)


def _bore(rows: tuple[Held, ...], span: Interval) -> bool:
    return not rows or any(row.valid.overlaps(span) for row in rows)
