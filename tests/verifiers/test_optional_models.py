"""Larger local models: the real loading code, on tiny models made here. Needs torch and transformers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from guardlayer.errors import ConfigError
from guardlayer.types import Claim, Evidence, Label, Source
from guardlayer.verifiers.optional import HuggingFaceVerifier, LettuceDetectVerifier

AT = datetime(2026, 6, 1, tzinfo=UTC)
CLAIM = Claim("The fee is 4 %.", 0, 15)
EVIDENCE = [Evidence("The fee is 4 % since May.", Source("fees"))]
WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "the",
    "fee",
    "is",
    "4",
    "%",
    "since",
    "may",
    ".",
    ":",
    "passage",
    "1",
    "summarize",
    "following",
    "text",
    "output",
]


def test_without_its_packages_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verifier can be named where nothing is installed; asked, it says what is missing."""
    monkeypatch.setitem(sys.modules, "transformers", None)
    monkeypatch.setitem(sys.modules, "torch", type(sys)("torch"))
    for verifier in (HuggingFaceVerifier("x"), LettuceDetectVerifier("x")):
        with pytest.raises(ConfigError, match="pip install"):
            verifier._ready()
        assert verifier(CLAIM, [], AT) is None


def tiny(folder: Path, sort: str, labels: Sequence[str], bias: Sequence[float]) -> Path:
    """Write a BERT of one small layer whose answer is always the same: its head has a bias and nothing else."""
    torch = pytest.importorskip("torch", reason="torch is not installed (make test-models)")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed (make test-models)")
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    tokenizer = transformers.BertTokenizerFast(vocab_file=str(folder / "vocab.txt"))
    config = transformers.BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        num_labels=len(labels), id2label=dict(enumerate(labels)), label2id={name: n for n, name in enumerate(labels)},
    )  # fmt: skip
    network: Any = getattr(transformers, f"BertFor{sort}Classification")(config)
    with torch.no_grad():
        network.classifier.weight.zero_()
        network.classifier.bias.copy_(torch.tensor(list(bias)))
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("labels", "bias", "options", "label"),
    [
        (("entailment", "neutral", "contradiction"), (5, 0, 0), {}, Label.SUPPORTED),
        (("CONTRADICTION", "NEUTRAL", "ENTAILMENT"), (9, 0, 0), {}, Label.CONTRADICTED),
        (("entailment", "neutral", "contradiction"), (0, 5, 0), {}, None),
        (("LABEL_0", "LABEL_1"), (0, 5), {"labels": {"supports": 1}}, Label.SUPPORTED),
        (("inconsistent", "consistent"), (5, 0), {}, None),
        (("score",), (4,), {}, Label.SUPPORTED),
        (("score",), (0,), {}, None),
    ],
)
def test_outputs_are_read_by_their_names(
    tmp_path: Path, labels: Sequence[str], bias: Sequence[float], options: dict[str, Any], label: Label | None
) -> None:
    """Three outputs, two or one; by the model's own names or by those given."""
    verifier = HuggingFaceVerifier(tiny(tmp_path / "m", "Sequence", labels, bias), local_files_only=True, **options)
    found = verifier(CLAIM, EVIDENCE, AT)
    assert (found.label if found else None) is label


def test_names_that_say_nothing_are_refused(tmp_path: Path) -> None:
    """LABEL_0 and LABEL_1 could be either; nothing is guessed."""
    folder = tiny(tmp_path / "m", "Sequence", ("LABEL_0", "LABEL_1"), (5, 0))
    with pytest.raises(ConfigError, match="labels="):
        HuggingFaceVerifier(folder, local_files_only=True)(CLAIM, EVIDENCE, AT)
    with pytest.raises(ConfigError, match="supports"):
        HuggingFaceVerifier(folder, labels={"refutes": 9}, local_files_only=True)(CLAIM, EVIDENCE, AT)


def test_a_model_that_is_not_there_is_said(tmp_path: Path) -> None:
    """The error names the model."""
    pytest.importorskip("transformers", reason="transformers is not installed (make test-models)")
    with pytest.raises(ConfigError, match="nowhere"):
        HuggingFaceVerifier(tmp_path / "nowhere", local_files_only=True)(CLAIM, EVIDENCE, AT)


@pytest.mark.parametrize(("bias", "label"), [((5, 0), Label.SUPPORTED), ((0, 5), None)])
def test_lettucedetect_supports_what_has_no_marked_word(
    tmp_path: Path, bias: Sequence[float], label: Label | None
) -> None:
    """With no token marked the claim is supported; else it is undecided, and the words are named."""
    verifier = LettuceDetectVerifier(tiny(tmp_path / "m", "Token", ("ok", "marked"), bias), local_files_only=True)
    found = verifier(CLAIM, EVIDENCE, AT)
    assert (found.label if found else None) is label
    told = verifier.explain(CLAIM, EVIDENCE, AT)
    assert (told is None) is (label is Label.SUPPORTED)
    if told is not None:
        assert "fee" in told.reason


def test_lettucedetect_needs_two_outputs(tmp_path: Path) -> None:
    """Another token classifier is refused."""
    folder = tiny(tmp_path / "m", "Token", ("a", "b", "c"), (0, 0, 0))
    with pytest.raises(ConfigError, match="3 outputs"):
        LettuceDetectVerifier(folder, local_files_only=True)(CLAIM, EVIDENCE, AT)
