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
        AmbiguousError as AmbiguousError,
    )
    from guardlayer.errors import (
        AuthorityError as AuthorityError,
    )
    from guardlayer.errors import (
        ConfigError as ConfigError,
    )
    from guardlayer.errors import (
        GuardlayerError as GuardlayerError,
    )
    from guardlayer.errors import (
        GuardViolation as GuardViolation,
    )
    from guardlayer.errors import (
        InputError as InputError,
    )
    from guardlayer.errors import (
        KnowledgeError as KnowledgeError,
    )
    from guardlayer.errors import (
        StoreError as StoreError,
    )
    from guardlayer.guard import Guard as Guard
    from guardlayer.guard import verify as verify
    from guardlayer.knowledge import Knowledge as Knowledge
    from guardlayer.policy import Policy as Policy
    from guardlayer.types import (
        Action as Action,
    )
    from guardlayer.types import (
        CheckedClaim as CheckedClaim,
    )
    from guardlayer.types import (
        Claim as Claim,
    )
    from guardlayer.types import (
        Evidence as Evidence,
    )
    from guardlayer.types import (
        Fact as Fact,
    )
    from guardlayer.types import (
        Kind as Kind,
    )
    from guardlayer.types import (
        Label as Label,
    )
    from guardlayer.types import (
        Outcome as Outcome,
    )
    from guardlayer.types import (
        Report as Report,
    )
    from guardlayer.types import (
        Source as Source,
    )
    from guardlayer.types import (
        Verdict as Verdict,
    )

__version__ = "0.1.0"

_HOMES = {
    "guardlayer.errors": (
        "AmbiguousError", "AuthorityError", "ConfigError", "GuardViolation", "GuardlayerError", "InputError",
        "KnowledgeError", "StoreError",
    ),
    "guardlayer.guard": ("Guard", "verify"),
    "guardlayer.knowledge": ("Knowledge",),
    "guardlayer.policy": ("Policy",),
    "guardlayer.types": (
        "Action", "CheckedClaim", "Claim", "Evidence", "Fact", "Kind", "Label", "Outcome", "Report", "Source", "Verdict",
    ),
}  # fmt: skip
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted([*_HOME, "__version__"])  # noqa: PLE0605 - one table serves look-up and listing


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'guardlayer' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    # `verify` is a function here and a package below; the function wins for whoever asks this module.
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
