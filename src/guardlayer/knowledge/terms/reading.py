"""The calendar in force, as it is read from the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from guardlayer.knowledge.terms.calendar import FiscalCalendar


def calendar_of(read: Callable[[str], list[tuple[Any, ...]]]) -> FiscalCalendar:
    """Return the calendar in force; civil years where none is declared."""
    rows = read("SELECT spec FROM term_calendar ORDER BY id DESC LIMIT 1")
    return FiscalCalendar.from_json(rows[0][0]) if rows else FiscalCalendar()
