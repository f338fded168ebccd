"""The trained classifier: what the rules keep, what the model may decide, and what its file promises."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.errors import ConfigError
from guardlayer.kinds import RuleClassifier, TrainedClassifier
from guardlayer.kinds.model import SHIPPED, Model, dumps, loads, shipped
from guardlayer.kinds.signs import signs
from guardlayer.testing.contracts import ClassifierContract
from guardlayer.types import Claim, Draft, Form, Kind

DRAFT = Draft("", datetime(2024, 1, 1, tzinfo=UTC), "call")
CLASSIFY = TrainedClassifier()
FILE = Path(sys.modules["guardlayer.kinds.model"].__file__ or "").parent / "data" / SHIPPED


def kind_of(text: str, form: Form = Form.SENTENCE) -> Kind:
    return CLASSIFY([Claim(text, 0, len(text), form)], DRAFT)[0].kind


class TestContract(ClassifierContract):
    """It does what every classifier must do."""

    def make(self) -> TrainedClassifier:
        return TrainedClassifier()


@pytest.mark.parametrize(
    "text",
    [
        "A good night's rest works wonders.",
        "Our best years lie ahead of us.",
        "an overlong , joyless slog with no ideas of its own .",
        "Nothing beats a cold lemonade on the porch.",
        "It would be wise to wait a little.",
        "Further studies are needed to clarify this.",
        "Your kitchen sounds absolutely charming.",
        "That kind of cruelty deserves nothing but contempt.",
    ],
)
def test_what_the_rules_do_not_name_is_told_by_the_model(text: str) -> None:
    """Opinion, exhortation and speculation without a tell-tale word of the rules are behavior all the same."""
    assert RuleClassifier()([Claim(text, 0, len(text))], DRAFT)[0].kind is Kind.FACT
    assert kind_of(text) is Kind.BEHAVIOR


@pytest.mark.parametrize(
    "text",
    [
        "The ferry leaves at nine.",
        "The library was closed last winter.",
        "The president of Italy is Sergio Mattarella.",
        "The valve opens when the pressure drops.",
        "Her brother was arrested in Lyon.",
        "The company stopped making the part in March.",
        "The medicine is cleared by the kidneys.",
        "we moved here from Ohio when I was nine",
    ],
)
def test_plain_statements_stay_facts(text: str) -> None:
    """What is taken for behavior is never checked, so a plain statement must not be."""
    assert kind_of(text) is Kind.FACT


@given(st.text(max_size=60), st.sampled_from(["3%", "$4.2M", "1990"]))
def test_a_figure_beside_a_name_is_never_behavior(noise: str, figure: str) -> None:
    """No wording, and no model, makes a figure together with a name exempt, questions and code apart."""
    assert kind_of(f"{noise} Acme Corp paid {figure} to Jane Doe.") is not Kind.BEHAVIOR


@given(st.text(), st.sampled_from(list(Form)))
def test_the_model_never_overrules_state_permission_question_or_code(text: str, form: Form) -> None:
    """Where the rules are sure, the answer is theirs; a cell, a leaf or a heading is decided by them alone."""
    claim = Claim(text, 0, len(text), form)
    by_rule = RuleClassifier()([claim], DRAFT)[0]
    if CLASSIFY.margin(claim) is None:
        assert CLASSIFY([claim], DRAFT)[0] == by_rule
    else:
        assert form in (Form.SENTENCE, Form.CLAUSE, Form.ITEM, Form.FRAGMENT)
        assert by_rule.kind in (Kind.FACT, Kind.BEHAVIOR)


@given(st.text())
def test_signs_are_the_same_however_often_they_are_read(text: str) -> None:
    """The signs of a text depend on the text alone, and a claim can have none that breaks the file's lines."""
    found = signs(text)
    assert found == signs(text)
    assert not any("\n" in sign for sign in found)


def test_a_very_long_claim_costs_no_more() -> None:
    """What is read of a claim is bounded."""
    assert len(signs("well you know " * 100_000)) < 200


def test_the_margin_is_the_same_in_another_process_with_another_hash_seed() -> None:
    """A verdict that depends on the kind is the same on every run: to the bit."""
    texts = ["The soup tastes of summer.", "We must do better.", "The ferry leaves at nine, I think."]
    here = [repr(shipped().margin(text)) for text in texts]
    code = f"from guardlayer.kinds.model import shipped\nfor t in {texts!r}: print(repr(shipped().margin(t)))"
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        )
        assert done.stdout.split() == here


def test_the_file_is_small_and_names_its_digest() -> None:
    """The weights are at most 2 MB, and the header's digest is that of what follows it."""
    assert FILE.stat().st_size <= 2_000_000
    assert loads(FILE.read_text(encoding="utf-8")).digest == shipped().digest
    assert len(shipped().digest) == 64


@pytest.mark.parametrize("damage", ["flip", "cut", "not json", "version", "empty"])
def test_a_damaged_file_is_refused_with_a_reason(damage: str) -> None:
    """A model that was changed, cut off, or made for other signs is never read as if it were whole."""
    text = FILE.read_text(encoding="utf-8")
    broken = {
        "flip": text.replace("\nthe\n", "\nteh\n"),
        "cut": text[: len(text) // 2],
        "not json": "weights" + text,
        "version": text.replace('"signs": 1', '"signs": 999'),
        "empty": "",
    }[damage]
    assert broken != text
    with pytest.raises(ConfigError, match="kinds-x"):
        loads(broken, name="kinds-x")


def test_a_model_reads_back_as_it_was_written_and_gives_its_reasons() -> None:
    """Weights survive the file, and the signs that decided can be shown, the strongest first."""
    text = dumps({"good": -3000, "the": 100}, name="tiny", bias=500, scale=1000, edges=[0.0], shares=[0.1, 0.8])
    model = loads(text)
    assert model == Model("tiny", model.digest, {"good": -3000, "the": 100}, 500, 1000, (0.0,), (0.1, 0.8))
    reasons = model.reasons("the good one")
    assert [sign for sign, _ in reasons] == ["good", "the"]
    assert model.margin("the good one") == pytest.approx(0.5 + sum(part for _, part in reasons))
    assert (model.share(-1.0), model.share(1.0)) == (0.1, 0.8)


def test_scores_follow_the_calibration() -> None:
    """The score of a claim is how often claims with its margin are of the kind it was given."""
    tiny = loads(dumps({"bad": -9000}, name="t", bias=1000, scale=1000, edges=[0.0], shares=[0.2, 0.7]))
    classify = TrainedClassifier(model=tiny)
    fact, behavior = classify([Claim("it rained", 0, 9), Claim("bad bad bad", 0, 11)], DRAFT)
    assert (fact.kind, fact.kind_score) == (Kind.FACT, 0.7)
    assert (behavior.kind, behavior.kind_score) == (Kind.BEHAVIOR, 0.8)
    assert classify.margin(Claim("Is it?", 0, 6)) is None
