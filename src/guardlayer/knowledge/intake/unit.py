"""Units that stand in the name of a column: "Weight (kg)"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from guardlayer.knowledge.intake.shapes import Cell

NOTHING = frozenset(("", "-", "–", "—", "−", "n/a", "na", "none", "null", "tbd", "tba", "?", "…", "...", "unknown"))
"""What people write into a cell that has no value."""
NUMBER = re.compile(r"[+\-−]?\d[\d.,' \u00a0]*(?:[kKmMbB]n?)?$")
"""A number without a unit."""
_UNIT = re.compile(r"(?P<name>.*\S)\s*[(\[](?P<unit>[^()\[\]]{1,16})[)\]]$")
_CURRENCIES = frozenset("$€£¥₹")


def unit_of(name: str, cells: Sequence[Cell]) -> tuple[str, str]:
    """Return the name of a column, and the unit in it if all its cells are bare numbers."""
    match = _UNIT.match(name)
    told = [cell.text for cell in cells if cell.text.casefold() not in NOTHING]
    if match is None or any(c.isdigit() for c in match["unit"]) or not told:
        return name, ""
    return (match["name"], match["unit"].strip()) if all(NUMBER.match(text) for text in told) else (name, "")


def with_unit(value: str, unit: str) -> str:
    """Write a bare number with its unit, as a reader of the table reads it."""
    if not unit:
        return value
    if unit in _CURRENCIES:
        return f"{unit}{value}"
    return f"{value}{unit}" if unit == "%" else f"{value} {unit}"
