"""Policies are data: what the presets say, and how policies from outside are read."""

import pickle

import pytest

from guardlayer.errors import ConfigError
from guardlayer.policy import Messages, OnError, Policy
from guardlayer.types import Action, Decision, Kind, Label

FINDINGS = (Label.CONTRADICTED, Label.STALE, Label.DISPUTED, Label.UNSUPPORTED, Label.UNVERIFIABLE)


def row(policy, kind=Kind.FACT):
    return {label: policy.actions[kind, label] for label in Label}


def test_observe_does_nothing():
    """Observe only records."""
    assert set(Policy.preset("observe").actions.values()) == {Action.PASS}


def test_annotate_marks_everything_but_behavior():
    """Annotate marks what is supported and what is not, and changes no word."""
    actions = row(Policy.preset("annotate"))
    assert actions.pop(Label.EXEMPT) is Action.PASS
    assert set(actions.values()) == {Action.ANNOTATE}


def test_enforce_corrects_what_is_wrong_and_marks_what_is_open():
    """Enforce is the table of the design."""
    assert row(Policy.preset("enforce")) == {
        Label.SUPPORTED: Action.PASS,
        Label.CONTRADICTED: Action.CORRECT,
        Label.STALE: Action.CORRECT,
        Label.DISPUTED: Action.ANNOTATE,
        Label.UNSUPPORTED: Action.ANNOTATE,
        Label.UNVERIFIABLE: Action.ANNOTATE,
        Label.EXEMPT: Action.PASS,
    }


@pytest.mark.parametrize(("name", "action"), [("strict", Action.BLOCK), ("retry", Action.RETRY)])
def test_strict_and_retry_let_only_what_is_borne_out_pass(name, action):
    """Anything that is not supported or exempt is blocked, or asked again; a failed check is closed."""
    policy = Policy.preset(name)
    actions = row(policy)
    assert {actions[label] for label in FINDINGS} == {action}
    assert actions[Label.SUPPORTED] is actions[Label.EXEMPT] is Action.PASS
    assert policy.on_error is OnError.CLOSED


def test_after_the_retries_retry_is_strict():
    """The policy for the last answer decides as strict does, and asks no more."""
    retry, strict = Policy.preset("retry"), Policy.preset("strict")
    assert retry.retries >= 1
    assert retry.final.actions == strict.actions
    assert retry.final.retries == 0
    assert retry.final.final == retry.final
    assert strict.final is strict


def test_actions_more_specific_rows_win_in_either_spelling():
    """``fact.stale`` beats ``*.stale`` beats ``*.*``, quoted or as nested tables."""
    policy = Policy.from_mapping({"actions": {"*.*": "pass", "*.stale": "redact", "fact": {"stale": "block"}}})
    assert policy.actions[Kind.FACT, Label.STALE] is Action.BLOCK
    assert policy.actions[Kind.STATE, Label.STALE] is Action.REDACT
    assert policy.actions[Kind.STATE, Label.UNSUPPORTED] is Action.PASS


def test_what_is_not_said_comes_from_the_preset():
    """``extends`` supplies every row and option that the mapping leaves out."""
    strict = Policy.preset("strict")
    policy = Policy.from_mapping({"extends": "strict", "deadline": 2, "messages": {"refusal": "No."}})
    assert (policy.actions, policy.on_error, policy.thresholds) == (strict.actions, OnError.CLOSED, strict.thresholds)
    assert policy.deadline == 2
    assert policy.messages == Messages("No.", strict.messages.redaction)


def test_a_policy_file_is_read(tmp_path):
    """A TOML file gives a policy named like the file."""
    path = tmp_path / "house rules.toml"
    path.write_text(
        'extends = "annotate"\non_error = "closed"\nmax_chars = 50\n[actions]\nfact.stale = "redact"\n'
        '"permission.*" = "block"\n[thresholds]\nstale = 0.9\n'
    )
    policy = Policy.from_toml(path)
    assert policy.name == "house-rules"
    assert policy.actions[Kind.FACT, Label.STALE] is Action.REDACT
    assert policy.actions[Kind.PERMISSION, Label.SUPPORTED] is Action.BLOCK
    assert (policy.on_error, policy.max_chars, policy.thresholds[Label.STALE]) == (OnError.CLOSED, 50, 0.9)
    assert Policy.coerce(str(path)) == Policy.coerce(path) == policy


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"extends": "strct"}, ("'strct'", "did you mean 'strict'")),
        ({"actions": {"fct.stale": "block"}}, ("'fct.stale'", "did you mean 'fact'")),
        ({"actions": {"fact.stal": "block"}}, ("'fact.stal'", "did you mean 'stale'")),
        ({"actions": {"fact.stale": "blok"}}, ("'fact.stale'", "'blok'", "did you mean 'block'")),
        ({"actions": {"fact.stale": 3}}, ("'fact.stale'", "3 is unknown")),
        ({"actions": {"stale": "block"}}, ("'stale'", "'*.stale'")),
        ({"actions": {"fact.stale": "block", "fact": {"stale": "pass"}}}, ("'fact.stale'", "twice")),
        ({"actions": {"fact.*": "pass", "*.stale": "block"}}, ("'fact.*'", "'*.stale'", "add 'fact.stale'")),
        ({"on_eror": "open"}, ("'on_eror'", "did you mean 'on_error'")),
        ({"on_error": "close"}, ("on_error", "did you mean 'closed'")),
        ({"messages": {"refusl": "x"}}, ("'messages.refusl'", "did you mean 'refusal'")),
        ({"thresholds": {"stael": 0.5}}, ("thresholds.stael", "did you mean 'stale'")),
        ({"thresholds": {"unsupported": 0.5}}, ("thresholds.unsupported",)),
        ({"thresholds": {"stale": 1.5}}, ("thresholds.stale", "1.5")),
        ({"deadline": -1}, ("deadline", "-1")),
        ({"deadline": float("inf")}, ("deadline", "inf")),
        ({"max_chars": True}, ("max_chars", "True")),
        ({"retries": 11}, ("retries", "11")),
        ({"actions": {"fact.stale": "retry"}}, ("retry", "retries is 0")),
        ({"name": "a@b"}, ("'a@b'", "no '@'")),
        ({"messages": {"redaction": " "}}, ("messages.redaction",)),
    ],
)
def test_what_is_wrong_is_named_where_it_stands_with_what_to_write(mapping, words):
    """Every error of a policy names its place, the offending word, and the nearest valid one."""
    with pytest.raises(ConfigError) as caught:
        Policy.from_mapping(mapping, where="guard.toml [policy]")
    message = str(caught.value)
    assert message.startswith("guard.toml [policy]: ")
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such policy file"),
        (b"extends = ", "not valid TOML"),
        (b"\xff", "not UTF-8"),
        (b'extend = "x"', "'extends'"),
    ],
)
def test_a_policy_file_that_cannot_be_read_is_named(tmp_path, content, words):
    """A missing, malformed or mistyped file is an error with its path."""
    path = tmp_path / "p.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        Policy.coerce(path)
    assert str(path) in str(caught.value)
    assert words in str(caught.value)


def test_coerce_takes_what_a_policy_can_be_said_as():
    """A policy, a preset's name, a mapping, or any object that decides."""

    class Own:
        def decide(self, draft, claims):
            return Decision(Action.PASS, draft.text)

    own = Own()
    assert Policy.coerce(own) is own
    assert Policy.coerce("strict") == Policy.coerce({"extends": "strict"}) == Policy.preset("strict")
    for wrong in (None, 3, Own, Policy):
        with pytest.raises(ConfigError, match="a policy cannot be"):
            Policy.coerce(wrong)
    with pytest.raises(ConfigError, match="did you mean 'enforce'"):
        Policy.coerce("enforc")


def test_the_digest_is_of_everything_that_decides():
    """Two policies with one digest are one policy; any difference shows."""
    base = {"extends": "enforce", "name": "x"}
    variants = [
        {},
        {"deadline": 1},
        {"max_chars": 5},
        {"on_error": "closed"},
        {"retries": 1},
        {"thresholds": {"stale": 0.1}},
        {"messages": {"refusal": "no"}},
        {"actions": {"state.stale": "block"}},
        {"name": "y"},
    ]
    policies = [Policy.from_mapping({**base, **variant}) for variant in variants]
    assert len({policy.digest for policy in policies}) == len(policies)
    assert str(policies[0]) == f"x@{policies[0].digest[:8]}"
    assert policies[0] == Policy.from_mapping(base)


def test_a_policy_is_frozen_and_travels():
    """It cannot be changed, can be a dictionary key, and survives a pickle to another process."""
    policy = Policy.from_mapping({"deadline": 3, "actions": {"fact.stale": "block"}})
    with pytest.raises(AttributeError):
        policy.name = "other"
    with pytest.raises(TypeError):
        policy.actions[Kind.FACT, Label.STALE] = Action.PASS
    again = pickle.loads(pickle.dumps(policy))
    assert again == policy
    assert {again: 1}[policy] == 1


def test_a_policy_made_by_hand_is_checked_too():
    """A table with a hole is an error that names the hole."""
    actions = dict(Policy.preset("enforce").actions)
    del actions[Kind.STATE, Label.STALE]
    with pytest.raises(ConfigError, match=r"no action for state\.stale"):
        Policy("mine", actions)
