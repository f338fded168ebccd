"""What was found, on LlamaIndex's instrumentation bus: to inform. It swallows exceptions, so it enforces nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # public, but in no __all__
from llama_index.core.instrumentation.events import BaseEvent
from pydantic import Field

from guardlayer.types import Report
from guardlayer.wrapping import Options, summary

_dispatcher = get_dispatcher("guardlayer.llama_index")


class GuardVerdictEvent(BaseEvent):
    """A text was checked.

    Attributes:
        surface: What was guarded: the class that checked.
        report: The report in brief, as ``guardlayer.wrapping.summary`` gives it: JSON values.
    """

    surface: str = ""
    report: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which handlers know the event."""
        return "GuardVerdictEvent"


def announced(surface: str, raises: Any = False, on_report: Callable[[Report], object] | None = None) -> Options:
    """Return options under which every report is also an event.

    Args:
        surface: What is guarded.
        raises: As :class:`guardlayer.wrapping.Options` has it.
        on_report: The caller's own, called first.

    Raises:
        ConfigError: An option is wrong.
    """
    given = Options(raises=raises, on_report=on_report)

    def tell(report: Report) -> None:
        if given.on_report is not None:
            given.on_report(report)
        tell_bus(surface, report)

    return Options(raises=given.raises, on_report=tell)


def tell_bus(surface: str, report: Report) -> None:
    """Put a report on the bus."""
    _dispatcher.event(GuardVerdictEvent(surface=surface, report=summary(report)))
