"""The training tools: what the grammar writes, how rows are read, and that a fit is the same every time."""

from pathlib import Path

import numpy as np
import pytest
from tools.kinds import grammar
from tools.kinds.__main__ import main
from tools.kinds.linear import Words, fit
from tools.kinds.rows import BEHAVIOR, FACTUAL, Row, read_hand

TOOLS = Path(grammar.__file__).parent


def test_the_grammar_has_words_for_every_slot_and_known_labels() -> None:
    """No sentence is written with a hole in it, or with a label that means nothing."""
    assert grammar.check() == []
    rows = list(grammar.written(share=0.2))
    assert {row.label for row in rows} <= FACTUAL | BEHAVIOR
    assert not any("{" in row.text or "}" in row.text for row in rows)
    assert len({row.text for row in rows}) == len(rows)


def test_the_same_seed_writes_the_same_sentences() -> None:
    """A corpus can be made again."""
    first, again, other = (list(grammar.written(seed=seed, share=0.1)) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_a_hole_in_a_grammar_is_named(tmp_path: Path) -> None:
    """A slot without words is found before anything is written."""
    path = tmp_path / "grammar.toml"
    path.write_text(
        '[words]\na = ["x {b}"]\n[[rules]]\nlabel = "fact"\nregister = "x"\ncount = 1\ntext = ["{a} {c}"]\n'
    )
    assert grammar.check(path) == ["no words for {b}", "no words for {c}"]


def test_hand_written_sentences_are_labelled_and_an_unknown_label_is_refused(tmp_path: Path) -> None:
    """Every line of the corpus says what it is; a slip of the pen is reported with its line."""
    rows = read_hand(TOOLS / "sentences.tsv")
    assert len(rows) >= 1_200
    assert {row.factual for row in rows} == {True, False}
    path = tmp_path / "rows.tsv"
    path.write_text("# head\nfact\tnews\tIt rained.\nfakt\tnews\tIt snowed.\n")
    with pytest.raises(ValueError, match=r"rows\.tsv:3: unknown label 'fakt'"):
        read_hand(path)


def test_a_fit_is_the_same_every_time_and_learns() -> None:
    """Nothing in the fit is drawn: the same rows give the same weights, to the bit."""
    rows = [{"good", "day"}, {"bad", "day"}, {"good", "time"}, {"bad", "time"}] * 3
    share, weight = np.array([0.0, 1.0, 0.0, 1.0] * 3), np.ones(12)
    first, again = fit(rows, share, weight, rounds=50), fit(rows, share, weight, rounds=50)
    assert first == again
    assert first.weights["bad"] > 0 > first.weights["good"]
    assert (first.margins(rows) > 0).tolist() == (share > 0.5).tolist()


def test_what_is_known_of_words_ends_up_in_their_weights() -> None:
    """A word that no row holds has a weight, because its vector is like that of one that does."""
    rows = [{"good"}, {"bad"}] * 4
    words = Words.of(["good", "bad", "awful"], np.array([[1.0], [-1.0], [-0.9]]))
    model = fit(rows, np.array([0.0, 1.0] * 4), np.ones(8), words=words, rounds=80)
    assert model.weights["awful"] > 0


def test_labels_decide_what_is_factual() -> None:
    """State and permission can be checked, by other authorities than facts; a hedge cannot."""
    assert Row("x", "state", "support").factual
    assert not Row("x", "hedge", "talk").factual
    assert not FACTUAL & BEHAVIOR


@pytest.mark.parametrize("stage", ["corpus", "teach", "train", "evaluate", "card"])
def test_every_stage_has_help_with_an_example(stage: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Help needs neither torch nor the data."""
    with pytest.raises(SystemExit) as stopped:
        main([stage, "--help"])
    assert stopped.value.code == 0
    assert f"python -m tools.kinds {stage}" in capsys.readouterr().out
