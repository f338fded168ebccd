"""Any Hugging Face sequence classifier over (evidence, claim): MiniCheck, HHEM, DeBERTa-NLI and the like.

Needs ``transformers`` and ``torch``, which are not installed with guardlayer. Which output means what is read from the
model's own ``id2label``, or said with ``labels=``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from guardlayer.errors import ConfigError
from guardlayer.types import Claim, Evidence, Verdict
from guardlayer.verifiers.optional.opinions import MAX_CLAIM, MAX_PASSAGE, Opinion, shown, verdict_of

NAME = "huggingface/1"
_SUPPORTS = ("entailment", "supports", "supported", "support", "consistent", "faithful", "attributable", "factual")
_REFUTES = ("contradiction", "refutes", "refuted", "contradicts", "contradicted")


class HuggingFaceVerifier:
    """Reads each passage with a sequence classifier; loaded when the first passage is read.

    A model with two outputs, or one, can support and cannot refute: what it does not support stays undecided.

    Args:
        model: Name or folder of the model.
        labels: Index of each output that means something, such as ``{"supports": 0, "refutes": 2}``; not given, it is
            read from the model. A single output is the chance of support.
        supported: Least chance that counts as support.
        refuted: Least chance that counts as refutation.
        max_tokens: Longest pair that is read; of a longer one the evidence is cut.
        local_files_only: Never ask the hub.

    Raises:
        ConfigError: When first asked: ``transformers`` is missing, the model cannot be loaded, or its outputs have
            names that say nothing.
    """

    slow = True

    def __init__(
        self,
        model: str | Path,
        *,
        labels: Mapping[str, int] | None = None,
        supported: float = 0.8,
        refuted: float = 0.9,
        max_tokens: int = 512,
        local_files_only: bool = False,
    ) -> None:
        self.name = f"{NAME} {Path(model).name}"
        self._model = str(model)
        self._labels = dict(labels) if labels is not None else None
        self._supported, self._refuted = supported, refuted
        self._max_tokens = max_tokens
        self._local = local_files_only
        self._loaded: tuple[Any, Any, int, int | None] | None = None
        self._lock = Lock()

    def __call__(self, claim: Claim, evidence: Sequence[Evidence], at: datetime) -> Verdict | None:
        """Return a verdict where a passage is sure enough, else ``None``; see :class:`Verifier`."""
        pieces = shown(evidence, at)
        if not pieces:
            return None
        opinions = [Opinion(piece, *self._chances(piece.text, claim.text)) for piece in pieces]
        return verdict_of(opinions, at, name=self.name, supported=self._supported, refuted=self._refuted)

    def _chances(self, passage: str, claim: str) -> tuple[float, float]:
        import torch

        tokenizer, network, supports, refutes = self._ready()
        given = tokenizer(
            passage[:MAX_PASSAGE], claim[:MAX_CLAIM],
            truncation="only_first", max_length=self._max_tokens, return_tensors="pt",
        )  # fmt: skip
        with torch.inference_mode():
            logits = network(**given).logits[0].float()
        if logits.shape[0] == 1:
            return float(torch.sigmoid(logits[0])), 0.0
        chances = torch.softmax(logits, dim=-1)
        return float(chances[supports]), float(chances[refutes]) if refutes is not None else 0.0

    def _ready(self) -> tuple[Any, Any, int, int | None]:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> tuple[Any, Any, int, int | None]:
        try:
            from transformers import AutoModelForSequenceClassification, AutoTokenizer
        except ImportError as error:
            raise ConfigError(
                "a Hugging Face verifier needs transformers and torch: pip install transformers torch"
            ) from error
        try:
            tokenizer = AutoTokenizer.from_pretrained(self._model, local_files_only=self._local)
            network = AutoModelForSequenceClassification.from_pretrained(self._model, local_files_only=self._local)
        except (OSError, ValueError) as error:
            told = " ".join(str(error).split())[:200]
            raise ConfigError(f"the model {self._model!r} cannot be loaded: {told}") from error
        network.eval()
        names = {int(index): str(name) for index, name in network.config.id2label.items()}
        if self._labels is not None:
            if "supports" not in self._labels or not set(self._labels.values()) <= set(names):
                raise ConfigError(f"labels= must name the output that supports, among 0 to {len(names) - 1}")
            return tokenizer, network, self._labels["supports"], self._labels.get("refutes")
        if len(names) == 1:
            return tokenizer, network, 0, None
        meant = {index: name.lower().replace(" ", "_").replace("-", "_") for index, name in names.items()}
        supports = next((index for index, name in meant.items() if name in _SUPPORTS), None)
        refutes = next((index for index, name in meant.items() if name in _REFUTES), None)
        if supports is None:
            told = ", ".join(names.values())
            raise ConfigError(
                f"the outputs of {self._model!r} are called {told}, which does not say which one supports; "
                'give labels={"supports": 1}'
            )
        return tokenizer, network, supports, refutes
