"""LettuceDetect: a token classifier that marks the words of an answer which its passages do not bear out.

https://github.com/KRLabsOrg/LettuceDetect (MIT). Needs ``transformers`` and ``torch``; the model is read as any token
classifier, with the prompt that LettuceDetect was trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from guardlayer.errors import ConfigError
from guardlayer.types import Claim, Evidence, Label, Relation, Standing, Verdict
from guardlayer.verifiers.optional.opinions import MAX_CLAIM, MAX_PASSAGE, shown
from guardlayer.verifiers.standings import standing_at

NAME = "lettucedetect/1"
_PROMPT = "Summarize the following text:\n{passages}\noutput:\n"  # the form without a question


class LettuceDetectVerifier:
    """Supports a claim of which no word is marked; one with marked words stays undecided, and says which.

    All current passages are read together, as the model was trained to; which of them bears the claim out is not known.

    Args:
        model: Name or folder of the model.
        threshold: Chance from which on a token is marked.
        max_tokens: Longest input; of a longer one the passages are cut.
        local_files_only: Never ask the hub.

    Raises:
        ConfigError: When first asked: ``transformers`` is missing, or the model cannot be loaded or has not two
            outputs.
    """

    slow = True

    def __init__(
        self, model: str | Path, *, threshold: float = 0.5, max_tokens: int = 4_096, local_files_only: bool = False
    ) -> None:
        self.name = f"{NAME} {Path(model).name}"
        self._model, self._threshold, self._max_tokens, self._local = (
            str(model),
            threshold,
            max_tokens,
            local_files_only,
        )
        self._loaded: tuple[Any, Any] | None = None
        self._lock = Lock()

    def __call__(self, claim: Claim, evidence: Sequence[Evidence], at: datetime) -> Verdict | None:
        """Return *supported* where no word is marked, else ``None``; see :class:`Verifier`."""
        pieces = [p for p in shown(evidence, at) if standing_at(p, at) is not Standing.SUPERSEDED]
        if not pieces or not claim.text.strip():
            return None
        worst, _ = self._worst(claim.text[:MAX_CLAIM], pieces)
        if worst >= self._threshold:
            return None
        witnesses = tuple(replace(piece, relation=Relation.SUPPORTS) for piece in pieces)
        reason = f"none of its words is without support in {', '.join(str(p.source) for p in pieces)}"
        return Verdict(Label.SUPPORTED, 1 - worst, reason, witnesses, current=pieces[0], verifier=self.name)

    def explain(self, claim: Claim, evidence: Sequence[Evidence], at: datetime) -> Verdict | None:
        """Return *unsupported* with the words that the passages do not bear out."""
        pieces = [p for p in shown(evidence, at) if standing_at(p, at) is not Standing.SUPERSEDED]
        if not pieces or not claim.text.strip():
            return None
        worst, words = self._worst(claim.text[:MAX_CLAIM], pieces)
        if worst < self._threshold:
            return None
        return Verdict(Label.UNSUPPORTED, worst, f"not borne out: {', '.join(words)}", (), verifier=self.name)

    def _worst(self, said: str, pieces: Sequence[Evidence]) -> tuple[float, list[str]]:
        """Return the chance of the least supported token, and the words that are marked."""
        import torch

        tokenizer, network = self._ready()
        passages = "\n".join(f"passage {n}: {piece.text[:MAX_PASSAGE]}" for n, piece in enumerate(pieces, 1))
        given = tokenizer(
            _PROMPT.format(passages=passages), said, truncation="only_first", max_length=self._max_tokens,
            return_offsets_mapping=True, return_tensors="pt",
        )  # fmt: skip
        offsets = given.pop("offset_mapping")[0].tolist()
        parts = given.sequence_ids(0)
        with torch.inference_mode():
            chances = torch.softmax(network(**given).logits[0].float(), dim=-1)[:, 1].tolist()
        marks = [
            (chance, span)
            for chance, span, part in zip(chances, offsets, parts, strict=True)
            if part == 1 and span[1] > span[0]
        ]
        worst = max((chance for chance, _ in marks), default=1.0)
        words = [said[start:end] for chance, (start, end) in marks if chance >= self._threshold]
        return worst, words[:8]

    def _ready(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> tuple[Any, Any]:
        try:
            from transformers import AutoModelForTokenClassification, AutoTokenizer
        except ImportError as error:
            raise ConfigError("LettuceDetect needs transformers and torch: pip install transformers torch") from error
        try:
            tokenizer = AutoTokenizer.from_pretrained(self._model, local_files_only=self._local)
            network = AutoModelForTokenClassification.from_pretrained(self._model, local_files_only=self._local)
        except (OSError, ValueError) as error:
            told = " ".join(str(error).split())[:200]
            raise ConfigError(f"the model {self._model!r} cannot be loaded: {told}") from error
        if network.config.num_labels != 2:
            raise ConfigError(f"the model {self._model!r} has {network.config.num_labels} outputs a token, not two")
        if not tokenizer.is_fast:
            raise ConfigError(f"the tokenizer of {self._model!r} gives no offsets; use its fast version")
        network.eval()
        return tokenizer, network
