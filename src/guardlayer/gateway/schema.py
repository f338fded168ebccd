"""The form of ``gateway.toml``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Rules(_Section):
    """What may differ from caller to caller."""

    policy: str | None = None
    hold: Literal["sentence", "full"] = "sentence"
    raises: bool | Literal["findings"] = False
    guard: str | None = None
    principal: str | None = None
    attributes: dict[str, Any] = Field(default_factory=dict)


class Key(Rules):
    """A caller with a key."""

    name: str = Field(min_length=1, max_length=80)
    digest: str


class File(_Section):
    """The whole file."""

    upstream: str = ""
    timeout: float = 600.0
    keep_alive: float = 10.0
    max_request: int = 20_000_000
    max_response: int = 64_000_000
    max_event: int = 4_000_000
    trust_env: bool = False
    unguarded: list[str] = Field(default_factory=list)
    hold: Literal["sentence", "full"] = "sentence"
    raises: bool | Literal["findings"] = False
    keys: list[Key] = Field(default_factory=list)
    default: Rules | None = None


def explain(error: ValidationError) -> str:
    """Return what is wrong with a file, in one line; values are not repeated, since one may be a key."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        where = ".".join(str(part) for part in problem["loc"])
        unknown = problem["type"] == "extra_forbidden"
        lines.append(f"unknown key {where!r}" if unknown else f"{where}: {problem['msg']}")
    return "; ".join(lines)
