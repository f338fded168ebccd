"""Run it with ``pytest examples/pytest_suite``: one test passes, and one fails on a fact that has changed."""

from collections.abc import Callable

import pytest

from guardlayer import Guard
from guardlayer.testing import assert_sourced

QUESTION = "What does Acme cost?"
Model = Callable[[str], str]


def test_the_application_has_a_source_for_its_price(application: Model) -> None:
    """What the application retrieved is current."""
    assert_sourced(application(QUESTION), question=QUESTION)


@pytest.mark.guardlayer(require_sources=True)
def test_the_tuned_model_has_a_source_for_its_price(tuned_model: Model, guardlayer: Guard) -> None:
    """This one fails: the weights still hold the price of last year."""
    guardlayer.wrap(tuned_model)(QUESTION)
