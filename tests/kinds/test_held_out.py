"""Sentences that no model or rule was made on: speech that states nothing passes untouched, plain facts do not slip by."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from guardlayer import Guard, Knowledge
from guardlayer.kinds import TrainedClassifier
from guardlayer.types import Action, Claim, Draft, Kind

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    tuple(line.split("\t"))
    for line in (ROOT / "benchmarks" / "kinds_held_out.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
DRESSED = [
    tuple(line.split("\t"))
    for line in (ROOT / "benchmarks" / "kinds_dressed.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
DRAFT = Draft("", datetime(2024, 1, 1, tzinfo=UTC), "held out")
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
    assert changed(guard, texts) == []


def test_what_states_nothing_passes_untouched(guard: Guard) -> None:
    """Of opinions, advice, offers, orders and hedges an enforcing guard alters none."""
    texts = [text for label, text in ROWS if label != "fact"][::SAMPLE]
    assert changed(guard, texts) == []


def test_plain_facts_are_not_taken_for_behavior() -> None:
    """A fact that is called behavior passes unchecked: at most three in a hundred."""
    texts = [text for label, text in ROWS if label == "fact"]
    found = CLASSIFY([Claim(text, 0, len(text)) for text in texts], DRAFT)
    lost = [claim.text for claim in found if claim.kind is Kind.BEHAVIOR]
    assert len(lost) <= 0.03 * len(texts), lost


def test_a_wrong_fact_is_put_right_however_it_is_dressed() -> None:
    """An opinion, a hedge, a courtesy or talk around a wrong fact does not hide it from its source."""
    kb = Knowledge.open(":memory:")
    true = {
        ("Calder Bank", "chief executive"): "Ana Duarte",
        ("Norvania", "capital"): "Stellburg",
        ("Nimbus Pro", "price"): "$49",
    }
    for (entity, attribute), value in true.items():
        kb.add(entity, attribute, value, source="register")
    guard = Guard(knowledge=kb, log=None, policy="enforce", classifier=CLASSIFY)
    tried = [row for row in DRESSED if row[2] in true.values() and row[0] not in ("advice", "talk")]
    assert len(tried) >= 20
    assert [text for _, text, value in tried if value not in guard.check(text).output] == []


def test_none_of_them_is_in_the_training_corpus() -> None:
    """What is held out is held out."""
    corpus = (ROOT / "tools" / "kinds" / "sentences.tsv").read_text(encoding="utf-8").splitlines()
    assert not {text for _, text in ROWS} & {line.rsplit("\t", 1)[-1] for line in corpus}
    assert sum(label != "fact" for label, _ in ROWS) >= 500
