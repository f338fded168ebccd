"""What the running test offers to those it calls: the plugin sets it, ``assert_sourced`` asks for it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from guardlayer.types import Report


@dataclass(frozen=True, slots=True)
class Ambient:
    """One running test.

    Attributes:
        guard: Returns the test's guard, which is built when it is first asked for.
        where: Where the suite keeps its sources, as a person would say it; empty if it has none.
        judged: Told of each report that was judged by itself, so that it is not judged again with all of them.
    """

    guard: Callable[[], Any]
    where: str
    judged: Callable[[Report], None]


ambient: ContextVar[Ambient | None] = ContextVar("guardlayer_test", default=None)
