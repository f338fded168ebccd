"""Parts of somebody's own that misbehave: each is a visible outcome or an error of ours, never a silent pass."""

import pytest

from guardlayer import Guard, Outcome
from guardlayer.errors import ConfigError, InputError, LogError, PluginError
from guardlayer.types import Action, Decision, Label


class Raises:
    def __call__(self, *args):
        raise OSError("disk on fire")

    def decide(self, draft, claims):
        raise OSError("disk on fire")

    def append(self, report):
        raise OSError("disk on fire")


def test_a_classifier_that_drops_claims_does_not_make_them_pass():
    """Fewer claims back than were given is a check that was not done."""
    report = Guard(log=None, classifier=lambda claims, draft: ()).check("The fee is 3%.")
    assert report.outcome is Outcome.INCOMPLETE
    assert not report.ok
    assert "did not return the claims" in report.claims[0].reason


@pytest.mark.parametrize("part", [{"splitter": Raises()}, {"classifier": Raises()}, {"splitter": lambda draft: None}])
def test_a_part_that_raises_leaves_the_text_unverifiable(part):
    """What a splitter or classifier raises is the cause in the verdict."""
    report = Guard(log=None, **part).check("The fee is 3%.")
    assert [claim.verdict for claim in report.claims] == [Label.UNVERIFIABLE]
    assert report.claims[0].result.error


def test_a_policy_that_raises_is_an_error_of_ours():
    """Without a decision there is no output; the foreign exception is the cause."""
    with pytest.raises(PluginError, match="OSError: disk on fire"):
        Guard(log=None, policy=Raises()).check("The fee is 3%.")


def test_a_policy_that_forgets_a_claim_is_an_error():
    """One action a claim."""

    class Forgetful:
        def decide(self, draft, claims):
            return Decision(Action.PASS, draft.text)

    with pytest.raises(PluginError, match="0 actions for 1 claims"):
        Guard(log=None, policy=Forgetful()).check("The fee is 3%.")


def test_a_log_that_raises_anything_is_said_or_closed():
    """Under an open policy the report says it was not recorded; under a closed one the text is withheld."""
    said = Guard(log=Raises(), policy="enforce").check("The fee is 3%.")
    assert any("not recorded: OSError" in notice for notice in said.notices)
    closed = Guard(log=Raises(), policy="strict").check("Hello!")
    assert closed.action is Action.BLOCK
    assert "Hello" not in closed.output

    class Own:
        def decide(self, draft, claims):
            return Decision(Action.PASS, draft.text, actions=tuple(Action.PASS for _ in claims))

    with pytest.raises(LogError, match="withheld"):
        Guard(log=Raises(), policy=Own()).check("The fee is 3%.")


@pytest.mark.parametrize(
    "arguments",
    [{"at": 5}, {"question": 5}, {"turns": ["hello"]}, {"turns": [("user", 3)]}, {"turns": ["ab"]}],
)
def test_arguments_of_a_check_that_cannot_be_read_are_input_errors(arguments):
    """The message names the argument and what to give."""
    with pytest.raises(InputError, match=next(iter(arguments)).rstrip("s")):
        Guard(log=None).check("The fee is 3%.", **arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"log": 5},
        {"log": True},
        {"log": ""},
        {"knowledge": 5},
        {"model": 5},
        {"authorities": []},
        {"sources": lambda query: []},
        {"sources": "docs/"},
        {"verifiers": "structured"},
        {"splitter": 5},
    ],
)
def test_arguments_of_a_guard_that_make_none_are_config_errors(arguments):
    """A guard is never built on something that will only fail later."""
    with pytest.raises(ConfigError):
        Guard(**arguments)
