"""``guardlayer.toml``: a guard as a file.

    [guard]
    policy = "enforce"                   # a preset or a .toml file; a [policy] table changes single entries
    log = ".guardlayer/provenance.db"    # false switches it off
    model = "ft:support-2026-03"
    verifiers = ["structured", "lexical", "entailment"]

    [knowledge]
    path = "acme.db"
    facts = ["facts.csv"]                # loaded at start; loading twice changes nothing
    documents = ["handbook/"]
    document_facts = "auto"              # tables and "key: value" lines of documents become facts as well

    [metadata]                           # under which keys the documents of a call say what they are
    updated = "last_edited"

    [state]
    queries = "state.toml"               # named queries on live databases answer state claims

    [permissions]
    policies = "permissions.toml"        # a policy engine answers permission claims, and filters what may be read

Paths are relative to the file. An unknown key is an error that names it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from guardlayer.errors import ConfigError
from guardlayer.knowledge import Knowledge
from guardlayer.policy import Policy

if TYPE_CHECKING:
    from guardlayer.knowledge.state import StateQueries

MAX_BYTES = 1_000_000
"""A configuration file larger than this is none."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Knowledge(_Section):
    path: str = ":memory:"
    facts: list[str] = Field(default_factory=list)
    documents: list[str] = Field(default_factory=list)
    document_facts: str | None = None


class _Guard(_Section):
    policy: str = "enforce"
    log: str | bool = ".guardlayer/provenance.db"
    model: str | None = None
    splitter: str = "text"
    classifier: str = "trained"
    verifiers: list[str] = Field(default_factory=lambda: ["structured", "lexical", "entailment"])


class _State(_Section):
    queries: str


class _Permissions(_Section):
    policies: str


class _File(_Section):
    guard: _Guard = Field(default_factory=_Guard)
    knowledge: _Knowledge | None = None
    state: _State | None = None
    permissions: _Permissions | None = None
    metadata: dict[str, str | list[str]] | None = None
    policy: dict[str, Any] | None = None


def load(path: str | Path, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Read a configuration file into the arguments of :class:`~guardlayer.guard.Guard`.

    Args:
        path: The file.
        environment: Where the databases of state queries find their URLs (``url_env``).

    Raises:
        ConfigError: The file is missing, malformed, or has an unknown key.
    """
    file = Path(path)
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{file}: cannot be read: {error.strerror}; create it, or build Guard(...) in Python"
        ) from error
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{file}: has {len(raw):,} bytes; a configuration has at most {MAX_BYTES:,}")
    try:
        parsed = _File.model_validate(tomllib.loads(raw.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: is not TOML: {error}") from error
    except ValidationError as error:
        raise ConfigError(f"{file}: {_explain(error)}") from None
    base = file.parent
    guard = parsed.guard
    if guard.log is True:
        raise ConfigError(f"{file}: guard.log is true; write a path, or false to keep no records")
    arguments: dict[str, Any] = {
        "policy": _policy(parsed, base, file),
        "log": str(base / guard.log) if guard.log else None,
        "model": guard.model,
        "splitter": guard.splitter,
        "classifier": guard.classifier,
        "verifiers": guard.verifiers,
    }
    if parsed.knowledge is not None:
        arguments["knowledge"] = _open(parsed.knowledge, base)
    if parsed.metadata is not None:
        arguments["metadata"] = parsed.metadata
    if parsed.permissions is not None:
        from guardlayer.knowledge.permissions import PermissionClaims

        arguments["permissions"] = PermissionClaims.from_file(base / parsed.permissions.policies)
    if parsed.state is not None:
        arguments["authorities"] = {"state": _state(parsed.state, base, arguments, environment or {})}
    return arguments


def _state(section: _State, base: Path, arguments: Mapping[str, Any], environment: Mapping[str, str]) -> StateQueries:
    """Open the state queries: obeying the policies and recorded in the knowledge layer, where there are these."""
    from guardlayer.knowledge.state import StateQueries

    permissions, knowledge = arguments.get("permissions"), arguments.get("knowledge")
    return StateQueries.open(
        base / section.queries,
        environment=environment,
        engine=permissions.engine if permissions is not None else None,
        record=knowledge.state_runs.record if knowledge is not None else None,
    )


def _policy(parsed: _File, base: Path, file: Path) -> Policy:
    if parsed.policy is not None:
        table = {"extends": parsed.guard.policy, **parsed.policy}
        return Policy.from_mapping(table, where=f"{file}: [policy]")
    name = parsed.guard.policy
    try:
        return Policy.from_toml(base / name) if name.endswith(".toml") else Policy.preset(name)
    except ConfigError as error:
        raise ConfigError(f"{file}: guard.policy: {error}") from error


def _open(section: _Knowledge, base: Path) -> Knowledge:
    url = section.path
    knowledge = Knowledge.open(url if url == ":memory:" or "://" in url else str(base / url))
    for name in section.facts:
        knowledge.load(base / name)
    for name in section.documents:
        knowledge.ingest(base / name, facts=section.document_facts)
    return knowledge


def _explain(error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            near = get_close_matches(str(problem["loc"][-1]), _siblings(problem["loc"]), n=1)
            lines.append(f"unknown key {where!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        else:
            lines.append(f"{where}: {problem['msg']}")
    return "; ".join(lines)


def _siblings(location: tuple[int | str, ...]) -> list[str]:
    sections: dict[str, type[BaseModel]] = {
        "guard": _Guard,
        "knowledge": _Knowledge,
        "state": _State,
        "permissions": _Permissions,
    }
    model = sections.get(str(location[0]), _File) if len(location) > 1 else _File
    return list(model.model_fields)
