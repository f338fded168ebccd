"""For tests of your own: sourced answers, fakes, builders of values, and contract suites.

    from guardlayer.testing import FakeAuthority, FixedClock, MemoryLog, assert_sourced, evidence, fact
    from guardlayer.testing.contracts import VerifierContract


    class TestMyVerifier(VerifierContract):
        def make(self):
            return MyVerifier()

The fakes keep no files, open no sockets and read no clock. The contract suites are plain classes of plain asserts:
they run under pytest, and need nothing but Python. The names below are loaded when they are first used, because the
pytest plugin imports this package in every run of pytest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from guardlayer.testing.builders import claim, draft, evidence, fact
    from guardlayer.testing.fakes import AsyncFakeAuthority, FakeAuthority, FakeModel, FixedClock, MemoryLog, ModelCall
    from guardlayer.testing.sourced import assert_sourced

_HOMES = {
    "guardlayer.testing.builders": ("claim", "draft", "evidence", "fact"),
    "guardlayer.testing.fakes": (
        "AsyncFakeAuthority", "FakeAuthority", "FakeModel", "FixedClock", "MemoryLog", "ModelCall",
    ),
    "guardlayer.testing.sourced": ("assert_sourced",),
}  # fmt: skip
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AsyncFakeAuthority",
    "FakeAuthority",
    "FakeModel",
    "FixedClock",
    "MemoryLog",
    "ModelCall",
    "assert_sourced",
    "claim",
    "draft",
    "evidence",
    "fact",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'guardlayer.testing' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
