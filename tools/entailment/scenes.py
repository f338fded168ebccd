"""Sources that tell made-up facts: prose, tables, tickets, contracts, release notes, dialogue, minutes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from tools.entailment.quantities import FactValue, draw, other, write
from tools.entailment.vocabulary import FIRST, LAST, STEMS, TOPICS, FactKind, Topic

_ASIDES = (
    "Thanks for reaching out.", "More details will follow.", "Please see the annex for the full text.",
    "The figures have been checked by two people.", "This page was last reviewed by the editors.",
    "Lunch was served afterwards.", "See also the list of open questions.", "No further remarks were made.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """One made-up fact: who, what, which value."""

    bearer: str
    kind: FactKind
    value: FactValue


@dataclass(frozen=True, slots=True)
class Scene:
    """What a source tells: its facts in order, and the one that a claim is about."""

    topic: Topic
    facts: tuple[Fact, ...]
    target: int

    @property
    def fact(self) -> Fact:
        """The fact that a claim is about."""
        return self.facts[self.target]

    def changed(self, value: FactValue) -> Scene:
        """Return the scene in which the target has another value."""
        facts = list(self.facts)
        facts[self.target] = replace(self.fact, value=value)
        return replace(self, facts=tuple(facts))


def bearer(topic: Topic, rng: Random) -> str:
    """Make up a name for a thing of this sort."""
    stem = rng.choice(STEMS) if rng.random() < 0.6 else rng.choice(STEMS) + rng.choice(("a", "ix", "on", "ra", "well"))
    return rng.choice(topic.bearers).format(n=stem, i=rng.randint(100, 99999), s=rng.randint(1, 9))


def scene(rng: Random, *, sorts: frozenset[str] | None = None, table: bool = False) -> Scene:
    """Make up a scene of two to five facts."""
    while True:
        topic = rng.choice(TOPICS)
        kinds = [kind for kind in topic.kinds if sorts is None or kind.sort in sorts]
        if kinds:
            break
    name = bearer(topic, rng)
    kind = rng.choice(kinds)
    facts = [Fact(name, kind, draw(kind, rng))]
    if table or rng.random() < 0.25:
        for _ in range(rng.randint(1, 2)):
            rival = bearer(topic, rng)
            if all(rival != fact.bearer for fact in facts):
                facts.append(Fact(rival, kind, other(kind, facts[0].value, rng)))
    others = [extra for extra in topic.kinds if extra is not kind]
    more = rng.sample(others, rng.choice((0, 1, 1, 2, 3)))
    facts.extend(Fact(name, extra, draw(extra, rng)) for extra in more)
    order = list(range(len(facts)))
    rng.shuffle(order)
    return Scene(topic, tuple(facts[i] for i in order), order.index(0))


def tell(told: Scene, seed: int) -> str:
    """Write a scene as a source; the same seed gives the same words around other values."""
    rng = Random(seed)
    style = rng.choice((_prose, _prose, _prose, _table, _fields, _dialogue, _clauses, _notes, _minutes))
    if style is _table and len({fact.bearer for fact in told.facts}) < 2:
        style = _fields
    return style(told, rng)


def sentence(fact: Fact, rng: Random, name: str | None = None) -> str:
    """Write a fact as a sentence without its full stop; ``name`` takes the place of its bearer's."""
    pattern = rng.choice(fact.kind.evidence)
    state = rng.getstate()
    value = write(fact.kind, fact.value, Random(rng.getrandbits(32)))
    rng.setstate(state)
    rng.random()
    text = pattern.format(e=name or fact.bearer, v=value)
    return text[0].upper() + text[1:]


def _prose(told: Scene, rng: Random) -> str:
    sentences = []
    before = ""
    for fact in told.facts:
        alone = len({other_fact.bearer for other_fact in told.facts}) == 1
        name = told.topic.noun if before == fact.bearer and alone and rng.random() < 0.5 else None
        sentences.append(f"{sentence(fact, rng, name)}.")
        before = fact.bearer
    if rng.random() < 0.15:
        sentences.insert(rng.randrange(len(sentences) + 1), rng.choice(_ASIDES))
    return " ".join(sentences)


def _cell(fact: Fact, rng: Random) -> str:
    written = write(fact.kind, fact.value, rng)
    for lead in ("on ", "in ", "version "):
        written = written.removeprefix(lead)
    return written


def _table(told: Scene, rng: Random) -> str:
    kinds = list(dict.fromkeys(fact.kind.label for fact in told.facts))
    names = list(dict.fromkeys(fact.bearer for fact in told.facts))
    cells = {(fact.bearer, fact.kind.label): _cell(fact, rng) for fact in told.facts}
    mark = rng.choice((" | ", " | ", "\t", "; "))
    rows = [mark.join(["Name", *kinds])]
    rows += [mark.join([name, *(cells.get((name, kind), "-") for kind in kinds)]) for name in names]
    return "\n".join(rows)


def _fields(told: Scene, rng: Random) -> str:
    parts: list[str] = []
    named = ""
    for fact in told.facts:
        if fact.bearer != named:
            parts.append(fact.bearer[0].upper() + fact.bearer[1:])
            named = fact.bearer
        parts.append(f"{fact.kind.label}: {_cell(fact, rng)}")
    return rng.choice(("\n", ". ", "; ", " - ")).join(parts)


def _dialogue(told: Scene, rng: Random) -> str:
    first, second = rng.sample(FIRST, 2)
    lines = []
    for fact in told.facts:
        ask = rng.choice(("What about {k} of {e}?", "Can you tell me {k} of {e}?", "And {k} of {e}?"))
        if rng.random() < 0.6:
            lines.append(f"{first}: {ask.format(k='the ' + fact.kind.label.lower(), e=fact.bearer)}")
        lines.append(f"{second}: {rng.choice(('', '', 'Sure. ', 'Let me see. ', 'Right: '))}{sentence(fact, rng)}.")
    return rng.choice((" ", "\n")).join(lines)


def _clauses(told: Scene, rng: Random) -> str:
    chapter = rng.randint(1, 14)
    return " ".join(f"{chapter}.{i + 1} {sentence(fact, rng)}." for i, fact in enumerate(told.facts))


def _notes(told: Scene, rng: Random) -> str:
    sign = rng.choice(("- ", "* ", "• "))
    head = rng.choice(("Release notes", "Summary", "Changes", "Key facts", "Overview"))
    return f"{head}\n" + "\n".join(f"{sign}{sentence(fact, rng)}" for fact in told.facts)


def _minutes(told: Scene, rng: Random) -> str:
    speaker = f"{rng.choice(FIRST)} {rng.choice(LAST)}"
    verb = rng.choice(("reported", "noted", "informed the meeting", "confirmed"))
    sentences = [sentence(fact, rng) for fact in told.facts]
    return f"{speaker} {verb} the following. " + " ".join(f"{text}." for text in sentences)
