"""Keep behavior in the weights and facts in their sources.

guardlayer reads what a model says, finds the claims, asks the right authority about each, acts on the answer, and
writes down where every fact came from.

    from guardlayer import Guard, Knowledge

    kb = Knowledge.open("acme.db")
    guard = Guard(knowledge=kb)
    report = guard.check("The fee is 3%.")

The names below are loaded when they are first used, so that ``import guardlayer`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from guardlayer.errors import (
        AmbiguousError,
        AuthorityError,
        ConfigError,
        GuardlayerError,
        GuardViolation,
        InputError,
        KnowledgeError,
        StoreError,
    )
    from guardlayer.guard import Guard
    from guardlayer.knowledge import Knowledge
    from guardlayer.pairs import verify
    from guardlayer.policy import Policy
    from guardlayer.slots import HasProvenance, Sourced, provenance_of
    from guardlayer.types import (
        Action,
        CheckedClaim,
        Claim,
        Evidence,
        Fact,
        Kind,
        Label,
        Outcome,
        Report,
        Source,
        Verdict,
    )

__version__ = "0.1.0"

_HOMES = {
    "guardlayer.errors": (
        "AmbiguousError", "AuthorityError", "ConfigError", "GuardViolation", "GuardlayerError", "InputError",
        "KnowledgeError", "StoreError",
    ),
    "guardlayer.guard": ("Guard",),
    "guardlayer.knowledge": ("Knowledge",),
    "guardlayer.pairs": ("verify",),
    "guardlayer.policy": ("Policy",),
    "guardlayer.slots": ("HasProvenance", "Sourced", "provenance_of"),
    "guardlayer.types": (
        "Action", "CheckedClaim", "Claim", "Evidence", "Fact", "Kind", "Label", "Outcome", "Report", "Source",
        "Verdict",
    ),
}  # fmt: skip
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Action", "AmbiguousError", "AuthorityError", "CheckedClaim", "Claim", "ConfigError", "Evidence", "Fact", "Guard",
    "GuardViolation", "GuardlayerError", "HasProvenance", "InputError", "Kind", "Knowledge", "KnowledgeError", "Label",
    "Outcome", "Policy", "Report", "Source", "Sourced", "StoreError", "Verdict", "__version__", "provenance_of",
    "verify",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'guardlayer' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
