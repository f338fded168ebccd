"""What the ledger answers, and how it says so: a value with its date and source, a conflict, or an absence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from guardlayer.knowledge.ledger import Change
from guardlayer.knowledge.resolve import Placed, place, resolve
from guardlayer.types import Fact, Standing


@dataclass(frozen=True, slots=True)
class Answer:
    """What one key answers at one instant. True only where there is one clear answer.

    Attributes:
        entity: Preferred name of the entity, or the name as asked where it is not known.
        attribute: Preferred name of the attribute, or the name as asked where it is not known.
        at: The instant of valid time.
        known_at: The transaction time up to which the ledger was read; ``None`` is the latest.
        facts: All facts that hold, one for each distinct value; several only for many-valued attributes.
        conflict: Whether sources of equal authority disagree.
        candidates: In a conflict, what each side says.
        text: The answer as a sentence a person can read; says a conflict or an absence aloud.
    """

    entity: str
    attribute: str
    at: datetime
    known_at: datetime | None
    facts: tuple[Fact, ...]
    conflict: bool
    candidates: tuple[Fact, ...]
    text: str

    @property
    def fact(self) -> Fact | None:
        """The one fact that holds; ``None`` if none does, several do, or sources disagree."""
        return self.facts[0] if len(self.facts) == 1 else None

    @property
    def unreviewed(self) -> tuple[Fact, ...]:
        """The facts that hold as far as recorded, but were due for review before the instant asked for."""
        return tuple(fact for fact in self.facts if _overdue(fact, self.at))

    @property
    def value(self) -> str | None:
        """The one value that holds; ``None`` if none does, several do, or sources disagree."""
        return self.facts[0].value if len(self.facts) == 1 else None

    def __bool__(self) -> bool:
        return self.fact is not None

    def __str__(self) -> str:
        return self.text


def answer(
    name: tuple[str, str],
    facts: Sequence[Fact],
    *,
    narrowed: str,
    at: datetime,
    known_at: datetime | None,
    changes: Callable[[str], Sequence[Change]],
) -> Answer:
    """Resolve a key and put the result into words.

    Args:
        name: Entity and attribute.
        facts: All versions of the key.
        narrowed: The qualifiers as they are read out; empty if there are none.
        at: The instant of valid time.
        known_at: The transaction time asked for.
        changes: Where the change log of a fact is read; asked only about facts that were withdrawn.
    """
    found = resolve(facts, at, known_at)
    subject = ", ".join(name) + narrowed
    if found.conflict:
        sides = " against ".join(f"{fact.value} ({_since(fact)}{fact.source})" for fact in found.candidates)
        text = f"{subject}: sources disagree at {moment(at)}: {sides}; neither outranks the other."
    elif len(found.current) == 1:
        text = f"{subject}: {_said(found.current[0], at)}."
    elif found.current:
        said = "; ".join(_said(fact, at) for fact in found.current)
        text = f"{subject}: {len(found.current)} values at {moment(at)}: {said}."
    else:
        text = f"{subject}: {_absence(place(facts, at, known_at), at, known_at, changes)}."
    return Answer(*name, at, known_at, found.current, found.conflict, found.candidates, text)


def moment(at: datetime) -> str:
    """Return an instant as people write it: the day alone where it is midnight."""
    midnight = not (at.hour or at.minute or at.second or at.microsecond)
    return at.date().isoformat() if midnight else at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _overdue(fact: Fact, at: datetime) -> bool:
    return fact.review_after is not None and fact.review_after <= at


def _said(fact: Fact, at: datetime) -> str:
    held = f", since {fact.valid.start_text}" if fact.valid.start_text else ""
    if fact.valid.end_text:
        held = f", {fact.valid.start_text or '…'} to {fact.valid.end_text}"
    by = ""
    if fact.operation == "correct":
        by = f"; corrected by {fact.author}: {fact.reason}"
    if fact.review_after is not None and _overdue(fact, at):
        by += f"; unreviewed since {moment(fact.review_after)}"
    return f"{fact.value}{held} ({fact.source}{by})"


def _since(fact: Fact) -> str:
    return f"since {fact.valid.start_text}, " if fact.valid.start_text else ""


def _absence(
    placed: Sequence[Placed], at: datetime, known_at: datetime | None, changes: Callable[[str], Sequence[Change]]
) -> str:
    if not placed:
        return "nothing is recorded" + (f" up to {moment(known_at)}" if known_at else "")
    parts = [f"nothing holds at {moment(at)}"]
    ended = [p.fact for p in placed if p.standing is Standing.SUPERSEDED and p.fact.valid.end is not None]
    if ended:
        last = max(ended, key=lambda fact: fact.valid.end or at)
        parts.append(f"{last.value} ended {last.valid.end_text} ({last.source})")
    parts.extend(_withdrawn(p.fact, changes(p.fact.id)) for p in placed if p.standing is Standing.RETRACTED)
    future = [p.fact for p in placed if p.standing is Standing.FUTURE and p.fact.valid.start is not None]
    if future:
        first = min(future, key=lambda fact: fact.valid.start or at)
        parts.append(f"{first.value} begins {first.valid.start_text} ({first.source})")
    return "; ".join(parts)


def _withdrawn(fact: Fact, changes: Sequence[Change]) -> str:
    when = fact.recorded.end
    change = next((c for c in changes if c.at == when and c.version == fact.version), None)
    by = f" by {change.author}" if change and change.author else ""
    why = f": {change.reason}" if change and change.reason else ""
    return f"{fact.value} was retracted {moment(when) if when else ''}{by} ({fact.source}{why})"
