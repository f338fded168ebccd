"""Policies from outside: plain data and TOML files, read with errors a person can act on.

Imported only when a policy is read, because pydantic takes longer to import than all of guardlayer.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from guardlayer.errors import ConfigError
from guardlayer.policy.policy import MAX_RETRIES, Policy
from guardlayer.policy.presets import PRESETS
from guardlayer.policy.values import SCORED, Messages, OnError, suggest
from guardlayer.types import Action, Kind, Label

E = TypeVar("E", bound=StrEnum)
Cell = tuple[Kind, Label]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Texts(_Strict):
    refusal: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    redaction: Annotated[str, Field(min_length=1, max_length=500)] | None = None


class _Outside(_Strict):
    extends: str = "enforce"
    name: str | None = None
    actions: dict[str, Any] = {}
    thresholds: dict[str, Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]] = {}
    deadline: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    on_error: str | None = None
    max_chars: Annotated[int, Field(ge=1)] | None = None
    messages: _Texts = _Texts()
    retries: Annotated[int, Field(ge=0, le=MAX_RETRIES)] | None = None


def read_toml(path: str | os.PathLike[str]) -> Policy:
    """Read a policy file; see ``Policy.from_toml``."""
    where = os.fspath(path)
    try:
        data = tomllib.loads(Path(where).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"{where}: there is no such policy file; give the path of one, or one of the presets {', '.join(PRESETS)}"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"{where}: the policy file cannot be read ({error.strerror}); check its permissions"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where}: the policy file is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not valid TOML: {error}") from error
    stem = "".join(c if c.isalnum() or c in "._-" else "-" for c in Path(where).stem)[:80]
    return read_mapping(data, where=where, name=stem or "policy")


def read_mapping(mapping: Mapping[str, Any], *, where: str, name: str | None) -> Policy:
    """Build a policy from plain data; see ``Policy.from_mapping``."""
    try:
        outside = _Outside.model_validate(dict(mapping))
    except ValidationError as error:
        raise _explained(error, where) from error
    if outside.extends not in PRESETS:
        raise ConfigError(
            f"{where}: extends = {outside.extends!r} is no preset; {suggest(outside.extends, list(PRESETS))}"
        )
    base = Policy.preset(outside.extends)
    given = outside.model_fields_set - {"extends"}
    chosen = outside.name or name or ("custom" if given else base.name)
    texts = outside.messages
    try:
        return Policy(
            name=chosen,
            actions=_actions(base, outside.actions, where),
            thresholds={**base.thresholds, **_thresholds(outside.thresholds, where)},
            deadline=outside.deadline if outside.deadline is not None else base.deadline,
            on_error=_member(OnError, outside.on_error, f"{where}: on_error") if outside.on_error else base.on_error,
            max_chars=outside.max_chars if outside.max_chars is not None else base.max_chars,
            messages=Messages(texts.refusal or base.messages.refusal, texts.redaction or base.messages.redaction),
            retries=outside.retries if outside.retries is not None else base.retries,
        )
    except ConfigError as error:
        raise error if str(error).startswith(where) else ConfigError(f"{where}: {error}") from error


def _thresholds(given: Mapping[str, float], where: str) -> dict[Label, float]:
    names = [str(label) for label in SCORED]
    for key in given:
        if key not in names:
            raise ConfigError(f"{where}: thresholds.{key} has no meaning; {suggest(key, names)}")
    return {Label(key): score for key, score in given.items()}


def _actions(base: Policy, given: Mapping[str, Any], where: str) -> dict[Cell, Action]:
    """Return the base's table with the rows given laid over it, the more specific over the less.

    Raises:
        ConfigError: An unknown word, or two rows as specific as each other that want different things of one cell.
    """
    rows: dict[str, Action] = {}
    for key, value in _flat(given, where):
        if key in rows:
            raise ConfigError(f"{where}: actions {key!r} is given twice; keep one")
        rows[key] = _member(Action, value, f"{where}: actions {key!r}")
    table: dict[Cell, Action] = dict(base.actions)
    told: dict[Cell, tuple[int, str]] = {}
    for key, action in sorted(rows.items(), key=lambda row: (row[0].count("*"), row[0]), reverse=True):
        stars = key.count("*")
        for cell in _cells(key, where):
            before = told.get(cell)
            exact = ".".join(cell)
            if before is not None and before[0] == stars and table[cell] is not action and exact not in rows:
                raise ConfigError(
                    f"{where}: actions {before[1]!r} and {key!r} want different things of {exact}; "
                    f"add {exact!r} to decide"
                )
            table[cell] = action
            told[cell] = (stars, key)
    return table


def _flat(given: Mapping[str, Any], where: str) -> list[tuple[str, Any]]:
    """Return rows as (key, action); TOML reads an unquoted ``fact.stale = …`` as a table in a table."""
    rows = []
    for key, value in given.items():
        if isinstance(value, Mapping):
            if "." in key:
                raise ConfigError(f"{where}: actions {key!r} must be an action, not a table")
            rows += [(f"{key}.{inner}", action) for inner, action in value.items()]
        else:
            rows.append((key, value))
    return rows


def _cells(key: str, where: str) -> list[Cell]:
    kind, dot, label = key.partition(".")
    if not dot:
        raise ConfigError(
            f"{where}: actions {key!r} names no kind and verdict; write '{key}.*', '*.{key}' or 'fact.stale'"
        )
    at = f"{where}: actions {key!r}"
    kinds = list(Kind) if kind == "*" else [_member(Kind, kind, at, what="kind", star=True)]
    labels = list(Label) if label == "*" else [_member(Label, label, at, what="verdict", star=True)]
    return [(k, v) for k in kinds for v in labels]


def _member(enum: type[E], value: object, where: str, *, what: str = "", star: bool = False) -> E:
    valid = [str(member) for member in enum]
    if isinstance(value, str) and value in valid:
        return enum(value)
    shown = f"{what} {value!r}" if what else repr(value)
    raise ConfigError(f"{where}: {shown} is unknown; {suggest(str(value), [*valid, '*'] if star else valid)}")


def _explained(error: ValidationError, where: str) -> ConfigError:
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"]]
    name = ".".join(path)
    if first["type"] == "extra_forbidden":
        model = _Texts if path[0] == "messages" and len(path) > 1 else _Outside
        return ConfigError(f"{where}: unknown key {name!r}; {suggest(path[-1], list(model.model_fields))}")
    return ConfigError(f"{where}: {name} = {first['input']!r:.60}: {first['msg'].lower()}")
