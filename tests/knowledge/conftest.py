"""The databases that the knowledge layer is tested on."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest) -> str:
    """Return where an empty knowledge layer is: in memory, and on a PostgreSQL server."""
    return ":memory:" if request.param == "sqlite" else request.getfixturevalue("postgres")
