"""A change of the knowledge as somebody asks for it, before anybody has agreed to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from guardlayer.errors import ConfigError, InputError
from guardlayer.knowledge.ledger import fact_number
from guardlayer.knowledge.resolve import value_key
from guardlayer.knowledge.sources import UNSTATED, checked_authority
from guardlayer.knowledge.statement import (
    MAX_VALUE,
    Qualifiers,
    Statement,
    Value,
    cleaned,
    cleaned_name,
    qualifier_key,
    qualifier_pairs,
    value_text,
)
from guardlayer.temporal import Interval, Moment, When
from guardlayer.text import key

FINDING = "finding"
"""The verb of what the guard found and nobody has said yet what to do about."""

VERBS = ("add", "correct", "supersede", "retract", "rollback", "settle", FINDING)
"""What can be proposed."""

_NEEDED: Mapping[str, tuple[str, ...]] = {
    "add": ("entity", "attribute", "value"),
    "correct": ("fact", "value"),
    "supersede": ("fact", "value", "valid_from"),
    "retract": (),  # a fact or a source
    "rollback": ("fact", "to"),
    "settle": ("fact",),
    FINDING: ("text", "verdict"),
}
_ALLOWED: Mapping[str, tuple[str, ...]] = {
    "add": (*_NEEDED["add"], "qualifiers", "source", "authority", "valid_from", "valid_to", "quote", "place"),
    "correct": (*_NEEDED["correct"], "quote", "place"),
    "supersede": (*_NEEDED["supersede"], "valid_to", "source", "quote", "place"),
    "retract": ("fact", "source"),
    "rollback": _NEEDED["rollback"],
    "settle": _NEEDED["settle"],
    FINDING: (*_NEEDED[FINDING], "note", "fact"),
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is asked for. Which fields a verb takes is what the verb of :class:`Knowledge` takes.

    Attributes:
        verb: One of :data:`VERBS`.
        entity: Of a fact to add: its name.
        attribute: Of a fact to add: its name.
        value: The new value.
        qualifiers: Of a fact to add: what narrows its key.
        source: Who says so; of ``retract``, whose word is withdrawn.
        authority: Of a fact to add: the rank of the source.
        valid_from: When the value began to hold.
        valid_to: When it ceases to.
        fact: Id of the fact that is changed, withdrawn or chosen.
        to: Of ``rollback``: the version, or the time.
        quote: The words of the source from which it was read.
        place: Where these stand: an address, with the span if it is known.
        text: Of a finding: the claim.
        verdict: Of a finding: what the guard made of it.
        note: Of a finding: the reason the guard gave.
    """

    verb: str
    entity: str | None = None
    attribute: str | None = None
    value: str | None = None
    qualifiers: tuple[tuple[str, str], ...] = ()
    source: str | None = None
    authority: int | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    fact: str | None = None
    to: int | str | None = None
    quote: str | None = None
    place: str | None = None
    text: str | None = None
    verdict: str | None = None
    note: str | None = None

    @classmethod
    def of(
        cls,
        verb: str,
        *,
        value: Value | None = None,
        qualifiers: Qualifiers | None = None,
        valid_from: When | None = None,
        valid_to: When | None = None,
        to: int | When | None = None,
        authority: int | None = None,
        **texts: str | None,
    ) -> Proposal:
        """Check every part as the verb itself would.

        Raises:
            ConfigError: No such verb, or a field that it does not take.
            InputError: A part is missing or cannot be recorded.
            IntervalError: It would end before it starts.
            NotFoundError: ``fact`` is not the id of a fact.
        """
        if verb not in VERBS:
            raise ConfigError(f"{verb!r} cannot be proposed; what can is {', '.join(VERBS)}")
        unknown = sorted(texts.keys() - {field.name for field in fields(cls)})
        if unknown:
            raise ConfigError(f"a proposal has no {unknown[0]!r}; {verb} takes {', '.join(_ALLOWED[verb])}")
        given: dict[str, Any] = {name: text for name, text in texts.items() if text is not None}
        for name, text in given.items():
            if name in ("entity", "attribute"):
                given[name] = cleaned_name(text, what=name)
            else:
                given[name] = cleaned(text, what=name, limit=MAX_VALUE)
        if value is not None:
            given["value"] = value_text(value)
        pairs = qualifier_pairs(qualifiers)
        if pairs:
            given["qualifiers"] = pairs
        if authority is not None:
            given["authority"] = checked_authority(authority)
        for name, bound in (("valid_from", valid_from), ("valid_to", valid_to)):
            if bound is not None and bound != "":
                given[name] = Moment.parse(bound, what=name).text
        if to is not None:
            given["to"] = to if isinstance(to, int) else Moment.parse(to, what="to").text
        proposal = cls(verb, **given)
        proposal.check()
        return proposal

    def check(self) -> None:
        """Require the fields that the verb needs, and no others; raises what :meth:`of` does."""
        given = {name for name in _FIELDS if getattr(self, name) not in (None, ())}
        missing = [name for name in _NEEDED[self.verb] if name not in given]
        if missing:
            raise InputError(f"{missing[0]} is missing; {self.verb} needs {', '.join(_NEEDED[self.verb])}")
        if self.verb == "retract" and (self.fact is None) is (self.source is None):
            raise InputError("retract needs a fact or a source, and not both")
        idle = sorted(given - set(_ALLOWED[self.verb]))
        if idle:
            raise ConfigError(f"{self.verb} takes no {idle[0]}; it takes {', '.join(_ALLOWED[self.verb])}")
        Interval.parse(self.valid_from, self.valid_to)
        if self.fact is not None:
            fact_number(self.fact)

    def amended(self, **changes: Any) -> Proposal:
        """Return the proposal with other values for some fields, checked anew; ``verb`` may be another one, too."""
        known = {name: getattr(self, name) for name in ("verb", *_FIELDS)}
        verb = changes.get("verb") or self.verb
        if verb != self.verb:
            known = {name: kept if name in _ALLOWED[verb] else None for name, kept in known.items()}
        merged = {**known, **{name: value for name, value in changes.items() if value is not None}, "verb": verb}
        return Proposal.of(**merged)

    @property
    def statement(self) -> Statement:
        """What is to be added, for the verb ``add``."""
        return Statement.of(
            self.entity or "",
            self.attribute or "",
            self.value or "",
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            qualifiers=self.qualifiers,
            author=None,
            reason=None,
        )

    @property
    def identity(self) -> str:
        """What two proposals have in common that ask for the same: 64 hexadecimal digits."""
        parts = (
            self.verb, key(self.entity or ""), key(self.attribute or ""), value_key(self.value or ""),
            qualifier_key(self.qualifiers), self.source or (UNSTATED if self.verb == "add" else ""),
            self.valid_from or "", self.valid_to or "", self.fact if self.verb != FINDING else "", str(self.to or ""),
            key(self.text or ""), self.verdict or "",
        )  # fmt: skip
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def line(self) -> str:
        """What is asked for, on one line."""
        held = f", {self.valid_from or '…'} to {self.valid_to or '…'}" if self.valid_from or self.valid_to else ""
        said = f" ({self.source})" if self.source else ""
        if self.verb == "add":
            narrowed = "".join(f", {name} {value}" for name, value in self.qualifiers)
            return f"add {self.entity}, {self.attribute}{narrowed}: {self.value}{held}{said}"
        if self.verb == FINDING:
            return f"{self.verdict}: {self.text}"
        if self.verb == "retract":
            return f"retract {self.fact or self.source}"
        return f"{self.verb} {self.fact}" + "".join(
            f" to {part}" for part in (self.value, self.to) if part is not None
        ) + held + said  # fmt: skip

    def to_json(self) -> str:
        """Return the fields that are given, as JSON with sorted names."""
        given = {name: value for name, value in asdict(self).items() if value not in (None, ())}
        return json.dumps(given, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, stored: str) -> Proposal:
        """Return what :meth:`to_json` wrote."""
        given = json.loads(stored)
        pairs = tuple((name, value) for name, value in given.pop("qualifiers", ()))
        return replace(cls(**given), qualifiers=pairs)


_FIELDS = tuple(field.name for field in fields(Proposal) if field.name != "verb")
