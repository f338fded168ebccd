"""``Annotated[Decimal, Sourced("{product}", "list price")]``: a field of a model whose value has a source."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter
from types import MappingProxyType
from typing import Any

from guardlayer.errors import ConfigError
from guardlayer.types import Action, Fact, Label, Source

__all__ = ["FieldProvenance", "HasProvenance", "Sourced", "keep_provenance", "provenance_of"]

CONTEXT = "guardlayer"
"""Key of the validation context that holds a guard: ``model_validate(data, context={"guardlayer": guard})``."""


@dataclass(frozen=True, slots=True)
class Sourced:
    """Says whose attribute a field states, so that it is checked by key.

    A plain ``model_validate`` without a guard takes no notice of it.

    Args:
        entity: The entity's name; ``{field}`` stands for the value of a sibling field.
        attribute: The attribute's name, likewise.
        qualifiers: What narrows the key, values likewise.
        at: The instant for which the fact is asked, likewise; not given, that of the check.
        fraction: Percentages are meant as fractions: a source's "5%" is 0.05 and not 5.

    Raises:
        ConfigError: A template is empty or malformed.
    """

    entity: str
    attribute: str
    qualifiers: Mapping[str, str] = field(default_factory=dict, hash=False)
    at: str | None = None
    fraction: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "qualifiers", MappingProxyType(dict(self.qualifiers)))
        for template in self.templates:
            if not str(template).strip():
                raise ConfigError("Sourced takes the names of an entity and an attribute, neither of them empty")
            try:
                names(template)
            except ValueError as error:
                raise ConfigError(f"Sourced: the template {template!r} is malformed ({error})") from error

    @property
    def templates(self) -> tuple[str, ...]:
        """Every template of it."""
        return (self.entity, self.attribute, *self.qualifiers.values(), *((self.at,) if self.at else ()))

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Let pydantic ask the guard of a validation context, if there is one."""
        from pydantic_core import core_schema

        def check(value: Any, info: Any) -> Any:
            guard = (info.context or {}).get(CONTEXT) if isinstance(info.context, Mapping) else None
            if guard is None:
                return value
            from guardlayer.slots.plan import check_field

            return check_field(guard, self, source, value, info)

        return core_schema.with_info_after_validator_function(check, handler(source))


def names(template: str) -> list[str]:
    """Return the sibling fields a template takes values from.

    Raises:
        ValueError: It is malformed, or does more than name a field.
    """
    found = []
    for _, name, spec, conversion in Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError(f"{{{name}}} is not the name of a field")
        found.append(name)
    return found


@dataclass(frozen=True, slots=True)
class FieldProvenance:
    """Where the value of a field comes from.

    Attributes:
        entity: Name of the entity that was asked about.
        attribute: Name of the attribute.
        said: The value the model gave, as JSON.
        value: The value the field holds now, as JSON.
        verdict: What was found about ``said``.
        action: What the policy did.
        reason: Why, in one sentence.
        fact: The fact that holds, if one does.
        record: Identifier of the provenance record of the response, if there is one.
    """

    entity: str
    attribute: str
    said: Any
    value: Any
    verdict: Label
    action: Action
    reason: str
    fact: Fact | None
    record: str | None = None

    @property
    def source(self) -> Source | None:
        """Who says so."""
        return self.fact.source if self.fact is not None else None


# Beside the instances, not in them: equality, hashing, copying and serialisation of a model stay as they were.
_KEPT: dict[int, tuple[weakref.ref[Any], Mapping[str, FieldProvenance]]] = {}


def keep_provenance(instance: Any, provenance: Mapping[str, FieldProvenance]) -> None:
    """Remember where the fields of ``instance`` come from, for as long as it lives."""
    place = id(instance)

    def forget(gone: weakref.ref[Any]) -> None:
        if (kept := _KEPT.get(place)) is not None and kept[0] is gone:
            del _KEPT[place]

    _KEPT[place] = (weakref.ref(instance, forget), MappingProxyType(dict(provenance)))


def provenance_of(instance: Any) -> Mapping[str, FieldProvenance]:
    """Return where the ``Sourced`` fields of a checked model instance come from.

    It belongs to the very instance that a guard returned: a copy, or an instance built anew from its data, has none.

    Returns:
        By name of the field; fields of nested models by path, ``items/0/price``. Empty if no guard checked it.
    """
    kept = _KEPT.get(id(instance))
    return kept[1] if kept is not None and kept[0]() is instance else {}


class HasProvenance:
    """Gives a pydantic model the property ``provenance``: ``class Quote(HasProvenance, BaseModel)``."""

    @property
    def provenance(self) -> Mapping[str, FieldProvenance]:
        """Where the ``Sourced`` fields come from; see :func:`provenance_of`."""
        return provenance_of(self)
