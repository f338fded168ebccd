"""What every test of the splitter needs."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from guardlayer.claims import TextSplitter
from guardlayer.types import Draft, Split, Turn

SPLIT = TextSplitter()


@pytest.fixture(scope="session")
def split() -> Callable[..., Split]:
    def run(text: str = "{}", question: str | None = None, data: Any = None, turns: tuple[Turn, ...] = ()) -> Split:
        return SPLIT(Draft(text, datetime(2024, 1, 1, tzinfo=UTC), "call", question=question, data=data, turns=turns))

    return run


@pytest.fixture(scope="session")
def texts(split: Callable[..., Split]) -> Callable[..., list[str]]:
    return lambda *args, **named: [claim.text for claim in split(*args, **named).claims]
