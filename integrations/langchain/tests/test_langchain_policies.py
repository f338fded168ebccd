"""The policy matrix of docs/streaming.md: what each action means, asked at once, in a batch, and as a stream."""

import pytest

from guardlayer.errors import GuardViolation
from langchain_guardlayer import GuardedChatModel
from langchain_guardlayer.testing import ScriptedChatModel

RAW = "Hello there! The list price of Acme is $39. Bye!"
TRUE = RAW.replace("$39", "$49")
REFUSAL = "This answer was withheld: it makes statements that no source bears out."
REDACTED = "Hello there! [removed: not borne out by the sources] Bye!"
MARKED = RAW.replace("$39.", "$39. [stale: since 2026-01-01 $49 (price list 2026)]")
VIOLATION = "GuardViolation"

POLICIES = {
    "raise": "strict",
    "block": "strict",
    "redact": {"extends": "enforce", "name": "redact", "actions": {"*.stale": "redact"}},
    "correct": "enforce",
    "annotate": "annotate",
    "re-ask": "retry",
}
ONE_PIECE = {
    "raise": [VIOLATION],
    "block": [REFUSAL],
    "redact": [REDACTED],
    "correct": [TRUE],
    "annotate": [MARKED],
    "re-ask": [TRUE],
}
SENTENCES = {
    "raise": ["Hello there! ", VIOLATION],
    "block": ["Hello there! ", REFUSAL],
    "redact": ["Hello there! ", "[removed: not borne out by the sources] ", "Bye!"],
    "correct": ["Hello there! ", "The list price of Acme is $49. ", "Bye!"],
    "annotate": [
        "Hello there! ",
        "The list price of Acme is $39. [stale: since 2026-01-01 $49 (price list 2026)] ",
        "Bye!",
    ],
    "re-ask": ["Hello there! ", "[removed: not borne out by the sources] ", "Bye!"],
}
MODES = {"invoke": ONE_PIECE, "batch": ONE_PIECE, "sentence": SENTENCES, "full": ONE_PIECE}


def says(messages):
    """A model that says what was true, and what is true once it was told."""
    return TRUE if "$49" in messages[-1].text else RAW


def guarded(guard, action, hold="sentence"):
    inner = ScriptedChatModel(replies=[says])
    return GuardedChatModel(inner=inner, guard=guard, hold=hold, raises=action == "raise")


def texts(messages):
    return [message.text for message in messages if message.text]


async def asked(model, mode, asynchronous):
    """Ask for one answer, and return the texts that came, an exception by its name."""
    shown = []
    try:
        match mode, asynchronous:
            case "invoke", False:
                shown += texts([model.invoke("?")])
            case "invoke", True:
                shown += texts([await model.ainvoke("?")])
            case "batch", False:
                shown += texts(model.batch(["?"]))
            case "batch", True:
                shown += texts(await model.abatch(["?"]))
            case _, False:
                for chunk in model.stream("?"):
                    shown += texts([chunk])
            case _:
                async for chunk in model.astream("?"):
                    shown += texts([chunk])
    except GuardViolation:
        shown.append(VIOLATION)
    return shown


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("action", POLICIES)
@pytest.mark.parametrize("mode", MODES)
async def test_the_matrix(guard_under, mode, action, asynchronous):
    """Every cell of the table, sync and async: what comes out, in which pieces."""
    model = guarded(guard_under(POLICIES[action]), action, "full" if mode == "full" else "sentence")
    assert await asked(model, mode, asynchronous) == MODES[mode][action]


def test_a_batch_raises_in_the_place_of_the_item_where_it_is_asked_to(guard_under):
    """The first error ends a batch; with `return_exceptions` it stands where the answer would."""

    def one(messages):
        return RAW if "A" in messages[-1].text else "Hello there!"

    model = GuardedChatModel(inner=ScriptedChatModel(replies=[one]), guard=guard_under("strict"), raises=True)
    with pytest.raises(GuardViolation):
        model.batch(["A", "B"])
    first, second = model.batch(["A", "B"], return_exceptions=True)
    assert isinstance(first, GuardViolation)
    assert second.text == "Hello there!"


def test_fallbacks_answer_as_long_as_nothing_is_out(guard_under):
    """What raises before the first chunk falls back; what raises behind a sentence that is out does not."""
    other = ScriptedChatModel(replies=["I cannot say."])
    for hold, shown in (("full", ["I ", "cannot ", "say."]), ("sentence", ["Hello there! ", VIOLATION])):
        model = guarded(guard_under("strict"), "raise", hold).with_fallbacks([other])
        seen = []
        try:
            for chunk in model.stream("?"):
                seen += texts([chunk])
        except GuardViolation:
            seen.append(VIOLATION)
        assert seen == shown
        assert model.invoke("?").text == "I cannot say."


def test_a_refusal_says_that_it_is_one(guard_under):
    """`finish_reason` is `content_filter` wherever the policy blocks, and nowhere else."""
    for action, policy in POLICIES.items():
        if action == "raise":
            continue
        for hold in ("sentence", "full"):
            model = guarded(guard_under(policy), action, hold)
            whole = None
            for chunk in model.stream("?"):
                whole = chunk if whole is None else whole + chunk
            reasons = {model.invoke("?").response_metadata["finish_reason"], whole.response_metadata["finish_reason"]}
            assert reasons == {"content_filter" if action == "block" else "stop"}


def test_the_usage_of_all_attempts_is_summed_and_a_downgrade_is_said(guard_under):
    """A model that was asked twice cost twice; a stream that could not ask again says what was done instead."""
    model = guarded(guard_under("retry"), "re-ask")
    assert model.invoke("?").usage_metadata["total_tokens"] == 30
    *_, last = model.stream("?")
    assert any("ask the model again" in notice for notice in last.response_metadata["guardlayer"]["notices"])
