"""Sentences that no model or rule was made on: speech that states nothing passes untouched, plain facts do not slip by."""

from pathlib import Path

import pytest

from guardlayer import Guard, Knowledge
from guardlayer.kinds import TrainedClassifier
from guardlayer.types import Action, Claim, Kind

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    tuple(line.split("\t"))
    for line in (ROOT / "benchmarks" / "kinds_held_out.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
CLASSIFY = TrainedClassifier()
SAMPLE = 4
"""Every so many-th sentence is tried here; the benchmark tries all of them."""


@pytest.fixture(scope="module")
def guard() -> Guard:
    kb = Knowledge.open(":memory:")
    for number, thing in enumerate(("Tea", "Garden", "Letter", "Coffee", "Library", "Puppy", "Music", "Oven")):
        kb.add(thing, "price", f"${number}", source="list of things")
        kb.add(thing, "owner", "Ann Bell", source="list of things")
    return Guard(knowledge=kb, log=None, policy="enforce", classifier=CLASSIFY)


def changed(guard: Guard, texts: list[str]) -> list[str]:
    return [text for text in texts if (found := guard.check(text)).action is not Action.PASS or found.output != text]


@pytest.mark.parametrize("label", ["greeting", "farewell", "thanks", "apology", "refusal", "question"])
def test_courtesy_and_refusals_are_never_altered(guard: Guard, label: str) -> None:
    """A guard that enforces leaves manners alone, however many facts it knows."""
    texts = [text for of, text in ROWS if of == label]
    assert len(texts) >= 10
    assert len(changed(guard, texts)) <= len(texts) // 10


def test_what_states_nothing_passes_untouched(guard: Guard) -> None:
    """Of opinions, advice, offers, orders and hedges an enforcing guard alters next to none."""
    texts = [text for label, text in ROWS if label != "fact"][::SAMPLE]
    assert len(changed(guard, texts)) <= 0.04 * len(texts)


def test_plain_facts_are_not_taken_for_behavior() -> None:
    """A fact that is called behavior passes unchecked: at most three in a hundred."""
    texts = [text for label, text in ROWS if label == "fact"]
    found = CLASSIFY([Claim(text, 0, len(text)) for text in texts], None)  # type: ignore[arg-type]  # it reads no draft
    lost = [claim.text for claim in found if claim.kind is Kind.BEHAVIOR]
    assert len(lost) <= 0.03 * len(texts), lost


def test_none_of_them_is_in_the_training_corpus() -> None:
    """What is held out is held out."""
    corpus = (ROOT / "tools" / "kinds" / "sentences.tsv").read_text(encoding="utf-8").splitlines()
    assert not {text for _, text in ROWS} & {line.rsplit("\t", 1)[-1] for line in corpus}
    assert sum(label != "fact" for label, _ in ROWS) >= 500
