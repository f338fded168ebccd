"""What a policy engine is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from guardlayer.types import Evidence, Fact, Principal

READ = "read"
"""The action that a principal performs on a fact or passage that becomes evidence, prompt or correction."""

NOBODY = Principal("anonymous", "Anonymous")
"""Who asks where nobody said who asks: permitted only what everybody is."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A thing as policies name it, ``Type::"id"``."""

    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Resource:
    """What is to be read or acted upon.

    Attributes:
        ref: Its name.
        attributes: What policies may test of it: text, whole numbers, booleans, lists of these.
        parents: What it belongs to; a policy on a parent holds for it.
    """

    ref: Ref
    attributes: Mapping[str, Any] = field(default_factory=dict, hash=False)
    parents: tuple[Ref, ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """May ``principal`` do ``action`` to ``resource``?"""

    principal: Principal
    action: str
    resource: Resource


@dataclass(frozen=True, slots=True)
class Ruling:
    """The answer to one :class:`Access`.

    Attributes:
        allowed: Whether it is permitted.
        policies: Ids of the policies that decided.
        error: What failed while it was decided; nothing is allowed then.
    """

    allowed: bool
    policies: tuple[str, ...] = ()
    error: str | None = None


@runtime_checkable
class PolicyEngine(Protocol):
    """Decides who may do what.

    An engine may also have ``hopeless(principal, action) -> bool``: whether nothing at all can be permitted. It is a
    filter that spares work, never a decision.
    """

    @property
    def digest(self) -> str:
        """``sha256:…`` of the policies that decide now."""
        ...

    def decide(self, accesses: Sequence[Access]) -> Sequence[Ruling]:
        """Return one ruling an access, in their order. What cannot be decided is not allowed."""
        ...


def resource_of_fact(fact: Fact) -> Resource:
    """Return a fact as policies see it: ``Fact::"f12"``, in its entity, attribute and source.

    Attributes it has: ``entity``, ``attribute``, ``source``, ``authority``, and each qualifier as ``q_name``.
    """
    return Resource(
        Ref("Fact", fact.id),
        {
            "entity": fact.entity,
            "attribute": fact.attribute,
            "source": fact.source.id,
            "authority": fact.source.authority,
            **{f"q_{name}": value for name, value in fact.qualifiers},
        },
        (Ref("Entity", fact.entity), Ref("Attribute", fact.attribute), Ref("Source", fact.source.id)),
    )


def resource_of(evidence: Evidence) -> Resource:
    """Return a piece of evidence as policies see it: a fact, or ``Passage::"…"`` in its source.

    A source belongs to every folder of its id: the passages of ``handbook/hr/pay.md`` are in ``Source::"handbook/hr"``.
    Where it has an address besides, a policy may name that instead.
    """
    if evidence.fact is not None:
        return resource_of_fact(evidence.fact)
    source = evidence.source
    span = f"#{evidence.span.start}-{evidence.span.end}" if evidence.span is not None else ""
    names = dict.fromkeys(name for name in (source.id, source.uri) if name)
    folders = [folder for name in names for folder in _folders(name)]
    return Resource(
        Ref("Passage", source.id + span),
        {"source": source.id, "version": source.version or "", "authority": source.authority},
        tuple(Ref("Source", folder) for folder in dict.fromkeys(folders)),
    )


def _folders(name: str) -> list[str]:
    """Return a name and every folder it is in: ``a/b/c``, ``a/b``, ``a``."""
    parts = name.split("/")
    found = ("/".join(parts[:count]) for count in range(len(parts), 0, -1))
    return [folder for folder in found if folder.strip("/")]
