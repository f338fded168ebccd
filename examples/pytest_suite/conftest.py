"""The application under test: a model that was tuned last year, and an application that gives it the price list."""

from collections.abc import Callable

import pytest

WEIGHTS = "Thanks for asking! The list price of Acme is $39."
PRICES = "The list price of Acme is $49."


@pytest.fixture
def tuned_model() -> Callable[[str], str]:
    """Answer out of the weights."""
    return lambda _question: WEIGHTS


@pytest.fixture
def application() -> Callable[[str], str]:
    """Answer from what was retrieved."""
    return lambda _question: f"Thanks for asking! {PRICES}"
