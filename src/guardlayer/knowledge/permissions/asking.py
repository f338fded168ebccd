"""Permission claims ("admins can delete users"), answered by the policy engine.

A claim is read for four things: who, does what, to what, and whether it says that they may. What is not declared is not
guessed: such a claim stays *unverifiable*, with the reason.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from guardlayer.errors import AuthorityError, ConfigError
from guardlayer.knowledge.permissions.cedar import CedarEngine
from guardlayer.knowledge.permissions.model import Access, PolicyEngine, Ref, Resource
from guardlayer.knowledge.phrases import Phrases, Said
from guardlayer.types import Alignment, Evidence, Fact, Principal, Query, Relation, Source, Span

MAX_BYTES = 1_000_000

_YOU = re.compile(r"\b(?:you|your\s+(?:account|role|team|profile))\b", re.IGNORECASE)
_MAY = re.compile(
    r"\b(?:may|can|could|able\s+to|allowed|permitted|authori[sz]ed|entitled|cleared|access\s+to|permission\s+to|the\s+right\s+to)\b",
    re.IGNORECASE,
)
_MAY_NOT = re.compile(
    r"\b(?:not|never|cannot|no\s+longer|forbidden|prohibited|denied|barred|lacks?|without|no\s+(?:access|permission|right))\b|n['’]t\b",
    re.IGNORECASE,
)
_ELSE = re.compile(
    r"\b(?:only|except|unless|until|if|must|should|need(?:s|ed)?\s+to|required|provided|might|after|before)\b",
    re.IGNORECASE,
)
"""Words that make a claim say more than a yes or no for one who."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Action(_Section):
    says: list[str] = Field(min_length=1)


class _Resource(_Section):
    says: list[str] = Field(min_length=1)
    type: str
    id: str
    attributes: dict[str, Any] = Field(default_factory=dict)
    patterns: dict[str, str] = Field(default_factory=dict)


class _Subject(_Section):
    says: list[str] = Field(min_length=1)
    id: str = "someone"
    type: str = "User"
    attributes: dict[str, Any] = Field(default_factory=dict)


class _File(_Section):
    policies: str | None = None
    entities: str | None = None
    actions: dict[str, _Action] = Field(min_length=1)
    resources: dict[str, _Resource] = Field(default_factory=dict)
    subjects: dict[str, _Subject] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Named:
    """A declared thing that the claim names."""

    name: str
    said: Said


class PermissionClaims:
    """The policy engine as an authority: asked about permission claims.

    Args:
        engine: Who decides.
        vocabulary: Actions, resources and subjects with the phrases that name them, as in ``permissions.toml``.

    Raises:
        ConfigError: The vocabulary is not what it should be.
    """

    id = "permissions"
    instant = True

    def __init__(self, engine: PolicyEngine, vocabulary: dict[str, Any]) -> None:
        try:
            declared = _File.model_validate(vocabulary)
        except ValidationError as error:
            raise ConfigError(_first(error)) from error
        self.engine = engine
        self._resources = declared.resources
        self._subjects = declared.subjects
        self._says = {
            "action": {n: Phrases(a.says, {}, where=f"actions.{n}") for n, a in declared.actions.items()},
            "resource": {n: Phrases(r.says, r.patterns, where=f"resources.{n}") for n, r in declared.resources.items()},
            "subject": {n: Phrases(s.says, {}, where=f"subjects.{n}") for n, s in declared.subjects.items()},
        }

    @classmethod
    def from_file(cls, path: str | Path, *, engine: PolicyEngine | None = None) -> PermissionClaims:
        """Read a ``permissions.toml``; its policies decide unless ``engine`` is given.

        Raises:
            ConfigError: The file, or what it names, cannot be read; the message names it.
        """
        place = Path(path)
        try:
            if place.stat().st_size > MAX_BYTES:
                raise ConfigError(f"{place}: larger than {MAX_BYTES:,} bytes")
            declared = tomllib.loads(place.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"{place}: cannot be read ({error})") from error
        if engine is None:
            policies, entities = declared.get("policies"), declared.get("entities")
            if not isinstance(policies, str):
                raise ConfigError(f'{place}: policies is missing; write policies = "policies.cedar"')
            known = place.parent / entities if isinstance(entities, str) else None
            engine = CedarEngine.from_files(place.parent / policies, known)
        try:
            return cls(engine, declared)
        except ConfigError as error:
            raise ConfigError(f"{place}: {error}") from error

    def search(self, query: Query) -> Sequence[Evidence]:
        """Return the ruling that a permission claim is about, as evidence that supports or refutes it.

        Raises:
            AuthorityError: The claim is about nothing declared, or the policies could not be evaluated; said which.
        """
        text = query.claim.text
        actions, resources = self._named("action", text), self._named("resource", text)
        if not actions:
            raise AuthorityError("the claim names no action that permissions.toml declares")
        says = _polarity(text)
        if says is None:
            raise AuthorityError(
                "the claim says more than that somebody may or may not (a condition, a duty, an 'only')"
            )
        who, whom, place = self._subject(query)
        things: list[_Named | None] = [*resources] or [None]
        asked = [(action, thing) for action in actions for thing in things]
        accesses = [Access(who, action.name, self._resource(resource)) for action, resource in asked]
        rulings = self.engine.decide(accesses)
        found = []
        for (action, resource), ruling in zip(asked, rulings, strict=True):
            if ruling.error is not None:
                raise AuthorityError(f"failed: the policies could not be evaluated ({ruling.error})")
            what = action.said.span.slice(text)
            if resource is not None:
                what += " " + resource.said.span.slice(text)
            by = ", ".join(ruling.policies) or ("no policy permits it" if not ruling.allowed else "")
            told = f"{whom} {'may' if ruling.allowed else 'may not'} {what} ({by})"
            source = Source("policies", digest=self.engine.digest)
            fact = Fact(
                "", 0, whom, what, "yes" if ruling.allowed else "no", source=source, single=True, operation="policy"
            )
            relation = Relation.SUPPORTS if ruling.allowed == says else Relation.REFUTES
            aligned = Alignment(place, action.said.span, 1.0, phrase=what)
            found.append(Evidence(told, source, fact=fact, alignment=aligned, relation=relation, recorded=query.at))
        return found

    def _named(self, sort: str, text: str) -> list[_Named]:
        found = [_Named(name, said) for name, p in self._says[sort].items() if (said := p.find(text)) is not None]
        return [
            one
            for one in found
            if not any(
                other is not one
                and other.said.span.start <= one.said.span.start
                and one.said.span.end <= other.said.span.end
                and (other.said.span.end - other.said.span.start) > (one.said.span.end - one.said.span.start)
                for other in found
            )
        ]

    def _subject(self, query: Query) -> tuple[Principal, str, Span | None]:
        text = query.claim.text
        subjects = self._named("subject", text)
        if len(subjects) > 1:
            raise AuthorityError("the claim names several subjects; one ruling cannot answer for all of them")
        if subjects:
            declared = self._subjects[subjects[0].name]
            who = Principal(declared.id, declared.type, declared.attributes)
            return who, subjects[0].said.span.slice(text), subjects[0].said.span
        found = _YOU.search(text)
        if found is None:
            raise AuthorityError("the claim names nobody that permissions.toml declares")
        if query.principal is None:
            raise AuthorityError("who 'you' is was not said; check with guard.acting_for(principal)")
        return query.principal, query.principal.id, Span(*found.span())

    def _resource(self, named: _Named | None) -> Resource:
        if named is None:
            return Resource(Ref("Any", "any"))
        declared = self._resources[named.name]
        name = declared.id
        for key, value in named.said.values.items():
            name = name.replace("{" + key + "}", value)
        return Resource(Ref(declared.type, name), declared.attributes)


def _polarity(text: str) -> bool | None:
    """Return whether the claim says that somebody may; ``None`` where it says something else."""
    if _ELSE.search(text):
        return None
    denied = len(_MAY_NOT.findall(text))
    if denied > 1:
        return None  # a double negation is not worth a guess
    if denied:
        return False
    return True if _MAY.search(text) else None


def _first(error: ValidationError) -> str:
    problem = error.errors()[0]
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
