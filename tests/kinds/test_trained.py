"""The trained classifier: what the rules keep, what the model may decide, and what its file promises."""

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.errors import ConfigError
from guardlayer.kinds import RuleClassifier, TrainedClassifier
from guardlayer.kinds import reader as reading
from guardlayer.kinds.model import SHIPPED, Model, dumps, loads, shipped
from guardlayer.kinds.reader import Head, Reader
from guardlayer.kinds.signs import SPOKEN, signs
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


@pytest.mark.parametrize(
    "text",
    [
        "The client follows redirects by default.",
        "Timeouts are given in seconds.",
        "The cache is emptied at midnight.",
        "An unknown option raises an error.",
        "Without a log, a report has no record.",
        "Added support for custom certificates.",
        "Comments and blank lines are ignored.",
        "The battery charges through the same port.",
        "Refunds go back to the original card.",
    ],
)
def test_documentation_states_facts_without_names_or_figures(text: str) -> None:
    """How a product behaves can be looked up, so it is a fact, though nothing in it is a name or a number."""
    assert kind_of(text) is Kind.FACT


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("we, uh, we sold the house last year", True),
        ("and I never did get it back,", True),
        ("I, I drive a truck.", True),
        ("they moved up north you know", True),
        ("It was very, very cold.", False),
        ("supports dark mode", False),
        ("The house was sold last year.", False),
    ],
)
def test_talk_is_known_by_how_it_goes_on(text: str, *, spoken: bool) -> None:
    """Hesitation, a word said twice, or no mark at the end: talk, which has a threshold of its own."""
    assert (SPOKEN in signs(text)) is spoken
    for extra in (0, 3000):
        tiny = loads(dumps({}, name="t", bias=-1000, spoken=extra, scale=1000, edges=[0.0], shares=[0.2, 0.7]))
        assert (tiny.margin(text) > 0) is (spoken and extra > 0)


def test_a_judgement_with_a_figure_and_a_name_is_asked_and_left_alone() -> None:
    """It stays a fact, so sources are asked; its score says that no mark is due where none of them speaks of it."""
    for text in ("Nothing is more beautiful than a 1967 Mustang.", "Acme's fee is 3%.", "We pay Acme a fee of 3%."):
        (claim,) = CLASSIFY([Claim(text, 0, len(text))], DRAFT)
        assert claim.kind is Kind.FACT
        assert (claim.kind_score < 0.7) is text.startswith("Nothing")


def test_what_stands_behind_a_courtesy_is_read_without_it() -> None:
    """Manners around a fact neither hide it nor speak for it."""
    plain = CLASSIFY.margin(Claim("The ferry is late today.", 0, 24))
    for courtesy in ("I'm afraid that ", "Don't forget that ", "Good question: ", "You're welcome, "):
        text = f"{courtesy}the ferry is late today."
        margin = CLASSIFY.margin(Claim(text, 0, len(text)))
        assert margin is not None
        assert plain is not None
        assert abs(margin - plain) < 0.6


def test_a_bare_fragment_is_doubted_unless_something_was_asked() -> None:
    """After a question two words may be the answer; on their own they are marked only if they sound like a fact."""
    claim = Claim("Pure magic", 0, 10, Form.FRAGMENT)
    asked = Draft("", datetime(2024, 1, 1, tzinfo=UTC), "call", question="What is it called?")
    (alone,), (answer,) = CLASSIFY([claim], DRAFT), CLASSIFY([claim], asked)
    assert (alone.kind, answer.kind) == (Kind.FACT, Kind.FACT)
    assert alone.kind_score < 0.7 <= answer.kind_score


class Fixed:
    """An encoder that gives every text the same vector, and remembers what it was asked."""

    digest = "sha256:fixed"

    def __init__(self, vector: tuple[float, ...]) -> None:
        self.vector = vector
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        self.asked += texts
        return [self.vector for _ in texts]


HEAD = Head("sha256:fixed", (1.0, 0.0), 0.0, 5.0)


def test_the_reader_is_asked_only_where_it_can_decide() -> None:
    """What a rule decides, what the model is sure of and what is said in talk costs no encoder."""
    tiny = loads(dumps({"bad": -9000}, name="t", bias=-100, spoken=0, scale=1000, edges=[0.0], shares=[0.2, 0.7]))
    encoder = Fixed((5.0, 0.0))
    classify = TrainedClassifier(model=tiny, reader=Reader(encoder, line=HEAD))
    unsure = Claim("it rained on the hills.", 0, 23)
    assert classify([unsure], DRAFT)[0].kind is Kind.FACT
    assert encoder.asked.pop(0) == reading.PROBE
    assert TrainedClassifier(model=tiny)([unsure], DRAFT)[0].kind is Kind.BEHAVIOR
    assert encoder.asked == [unsure.text]
    for text in ("Is it?", "Thank you!", "Acme paid Jane Doe 3%.", "bad.", "and, uh, it rained on the hills,"):
        classify([Claim(text, 0, len(text))], DRAFT)
    assert encoder.asked == [unsure.text]


@pytest.mark.parametrize("vector", [(1.0, 0.0), (5.0, 0.0, 0.0), ()])
def test_a_reader_made_for_another_encoder_is_refused(vector: tuple[float, ...]) -> None:
    """Vectors of another encoder mean something else: a sentence whose margin is known tells."""
    with pytest.raises(ConfigError, match="made with the encoder"):
        Reader(Fixed(vector), line=HEAD).margin("it rained")
    assert Reader(Fixed((4.6, 0.0)), line=HEAD).margin("it rained") == pytest.approx(4.6)


def test_a_head_reads_back_and_a_damaged_one_is_refused() -> None:
    """The shipped head is for the shipped encoder, one weight a direction."""
    assert reading.loads(reading.dumps(HEAD)) == HEAD
    assert len(reading.head().weights) == 384
    for broken in ("", "{}", "[1]", '{"encoder": 1, "weights": "x", "bias": 0}'):
        with pytest.raises(ConfigError, match="reader"):
            reading.loads(broken)


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
        (found,) = CLASSIFY([claim], DRAFT)
        assert found.kind is by_rule.kind
        assert 0 < found.kind_score <= by_rule.kind_score or found.kind is Kind.FACT
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
        "version": text.replace('"signs": 2', '"signs": 999'),
        "empty": "",
    }[damage]
    assert broken != text
    with pytest.raises(ConfigError, match="kinds-x"):
        loads(broken, name="kinds-x")


def test_a_model_reads_back_as_it_was_written_and_gives_its_reasons() -> None:
    """Weights survive the file, and the signs that decided can be shown, the strongest first."""
    text = dumps(
        {"good": -3000, "the": 100}, name="tiny", bias=500, spoken=250, scale=1000, edges=[0.0], shares=[0.1, 0.8]
    )
    model = loads(text)
    assert model == Model("tiny", model.digest, {"good": -3000, "the": 100}, 500, 250, 1000, (0.0,), (0.1, 0.8))
    reasons = model.reasons("the good one")
    assert [sign for sign, _ in reasons] == ["good", "the"]
    assert model.margin("the good one") == pytest.approx(0.5 + sum(part for _, part in reasons))
    assert (model.share(-1.0), model.share(1.0)) == (0.1, 0.8)


def test_scores_follow_the_calibration() -> None:
    """The score of a claim is how often claims with its margin are of the kind it was given."""
    tiny = loads(dumps({"bad": -9000}, name="t", bias=1000, spoken=0, scale=1000, edges=[0.0], shares=[0.2, 0.7]))
    classify = TrainedClassifier(model=tiny)
    fact, behavior = classify([Claim("it rained", 0, 9), Claim("bad bad bad", 0, 11)], DRAFT)
    assert (fact.kind, fact.kind_score) == (Kind.FACT, 0.7)
    assert (behavior.kind, behavior.kind_score) == (Kind.BEHAVIOR, 0.8)
    assert classify.margin(Claim("Is it?", 0, 6)) is None
