"""Reading what a caller hands over: instants, turns, principals, and the draft they make together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from os import urandom
from typing import Any

import orjson

from guardlayer.errors import ConfigError, InputError
from guardlayer.evidence import as_authority, coerce
from guardlayer.evidence.metadata import Keys
from guardlayer.protocols import Authority
from guardlayer.temporal import When, instant
from guardlayer.types import Draft, Model, Principal, Turn

MAX_ID = 1_000
"""Characters of a principal's id."""


def draft(
    text: str,
    *,
    question: str | None,
    evidence: Iterable[object],
    metadata: Keys,
    turns: Iterable[Turn | tuple[str, str]],
    at: datetime,
    data: Any,
    model: Model | None,
    principal: Principal | None,
) -> Draft:
    """Return the draft of one call.

    Raises:
        InputError: An argument cannot be read.
    """
    if not isinstance(text, str):
        raise InputError(f"text is {type(text).__name__}, not str; pass structured output as data=, or use guard.wrap")
    if question is not None and not isinstance(question, str):
        raise InputError(f"question is {type(question).__name__}, not str")
    return Draft(
        text=text,
        at=at,
        call_id=urandom(16).hex(),
        question=question,
        turns=tuple(turn(one) for one in turns),
        evidence=coerce(evidence, metadata=metadata),
        model=model,
        data=json_value(text) if data is None else data,
        principal=principal,
    )


def retrievers(sources: Iterable[object], metadata: Keys) -> list[Authority]:
    """Return the user's retrievers as authorities.

    Raises:
        ConfigError: Something among them is none.
    """
    if isinstance(sources, str | bytes) or not isinstance(sources, Iterable):
        raise ConfigError(
            "sources= takes a list of retrievers: put one in brackets; to load a folder use Knowledge.ingest"
        )
    return [as_authority(one, metadata=metadata) for one in sources]


def principal(who: Principal | str, attributes: Mapping[str, Any]) -> Principal:
    """Return a principal as it was given, or of an id and attributes.

    Raises:
        ConfigError: The id is empty or too long, or an attribute is no plain value.
    """
    known = dict(attributes)
    if isinstance(who, Principal):
        known = {**who.attributes, **known}
        who = Principal(who.id, who.type, known)
    elif isinstance(who, str):
        who = Principal(who, attributes=known)
    else:
        raise ConfigError(f"a principal is {type(who).__name__}; give an id such as 'alice', or a Principal")
    if not 0 < len(who.id) <= MAX_ID:
        raise ConfigError(f"a principal's id has 1 to {MAX_ID:,} characters, not {len(who.id):,}")
    for name, value in known.items():
        if not _plain(value):
            raise ConfigError(
                f"attribute {name!r} of a principal is {type(value).__name__}; give text, numbers or lists"
            )
    return who


def _plain(value: Any) -> bool:
    if isinstance(value, list | tuple | set | frozenset):
        return all(isinstance(one, str | int | bool) for one in value)
    return isinstance(value, str | int | bool)


def moment(at: When) -> datetime:
    """Return the instant a caller means.

    Raises:
        InputError: It is none.
    """
    if not isinstance(at, str | date):  # a datetime is a date
        raise InputError(f"at is {type(at).__name__}; give a datetime, a date or an ISO string such as 2026-05-17")
    return instant(at)


def turn(one: object) -> Turn:
    """Return an earlier message as a turn.

    Raises:
        InputError: It is neither a turn nor a pair of role and text.
    """
    if isinstance(one, Turn):
        return one
    if isinstance(one, tuple | list):
        match one:
            case [str(role), str(text)]:
                return Turn(role, text)
    raise InputError(f"a turn is {str(one)[:60]!r}; give Turn(role, text), or a pair such as ('user', 'Hello')")


def require(value: object, types: tuple[type, ...], name: str, wanted: str) -> None:
    """Raise :class:`ConfigError` unless the argument ``name`` is of one of the types; ``wanted`` says which."""
    if not isinstance(value, types):
        raise ConfigError(f"{name}= takes {wanted}, not {type(value).__name__}")


def json_value(text: str) -> Any:
    """Return the value of a text that is one JSON object or array, else ``None``."""
    stripped = text.strip()
    if not stripped or stripped[0] + stripped[-1] not in ("{}", "[]"):
        return None
    try:
        return orjson.loads(stripped)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return None
