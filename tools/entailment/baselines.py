"""What the model has to beat, measured in the same run: word overlap, the cosine of MiniLM, and rules.

Their thresholds are chosen on training rows, once, for all sets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from guardlayer.verifiers.lexical_features import features
from tools.entailment import metrics
from tools.entailment.retrieval import words
from tools.entailment.windows import cut, nearest


def overlap(evidence: str, claim: str) -> float:
    """Return the share of the claim's words that the evidence has."""
    said = words(claim)
    given = set(words(evidence))
    return sum(word in given for word in said) / len(said) if said else 0.0


def rules(evidence: str, claim: str) -> float:
    """Return the word overlap, or nothing where a number, date, unit, negation, modal or direction conflicts."""
    found = features(claim, nearest(cut(evidence), claim, 1)[0])
    conflicts = (found.number, found.date, found.unit, found.modality, found.direction)
    return 0.0 if found.negation or any(conflicts) else overlap(evidence, claim)


Embed = Callable[[list[str]], Mapping[str, Any]]
"""Gives each text its vector of length one."""


class Cosine:
    """The cosine of sentence embeddings; the best of a long evidence's windows counts.

    Args:
        embed: What makes the vectors: ``published()``, or ``shipped()``, which needs neither torch nor another package.
    """

    def __init__(self, embed: Embed) -> None:
        self._embed = embed

    def scores(self, evidence: Sequence[str], claims: Sequence[str], *, count: int) -> list[float]:
        """Return one cosine a pair."""
        windows = [nearest(cut(text), claim, count) for text, claim in zip(evidence, claims, strict=True)]
        texts = list(dict.fromkeys([*claims, *(window for some in windows for window in some)]))
        vectors = self._embed(texts)
        return [
            max(float(vectors[claim] @ vectors[window]) for window in some)
            for claim, some in zip(claims, windows, strict=True)
        ]


def shipped() -> Embed:
    """Return the encoder that ships: MiniLM in int8, its word vectors shared with the entailment model."""
    from guardlayer.knowledge.dense.encoder import SHIPPED, ShippedEncoder

    encoder = ShippedEncoder(SHIPPED)
    return lambda texts: dict(zip(texts, encoder.encode(texts), strict=True))


def published() -> Embed:
    """Return MiniLM as it was published.

    Raises:
        ImportError: torch, transformers or the weights' package are not installed.
    """
    import torch
    from safetensors.torch import load_file
    from tokenizers import Tokenizer
    from transformers import BertConfig, BertModel

    from tools.entailment.model import base_folder

    folder = base_folder()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(128)
    tokenizer.enable_padding()
    encoder = BertModel(BertConfig.from_json_file(str(folder / "config.json")), add_pooling_layer=False)
    encoder.load_state_dict(load_file(str(folder / "model.safetensors")), strict=False)
    encoder.eval()

    def embed(texts: list[str]) -> dict[str, Any]:
        texts = sorted(texts, key=len)
        found: dict[str, torch.Tensor] = {}
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
            for start in range(0, len(texts), 32):
                some = texts[start : start + 32]
                encoded = tokenizer.encode_batch(some)
                ids = torch.tensor([one.ids for one in encoded])
                mask = torch.tensor([one.attention_mask for one in encoded])
                states = encoder(input_ids=ids, attention_mask=mask).last_hidden_state.float()
                mean = (states * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
                vectors = torch.nn.functional.normalize(mean, dim=-1)
                found.update(zip(some, vectors, strict=True))
        return found

    return embed


class Scores:
    """The baselines' scores of whole sets, kept in a file: they know no model, so that they are counted once.

    Args:
        path: The file; a set whose texts have changed is scored again.
        windows: Most windows of a long evidence that the cosine reads.
    """

    NAMES = ("overlap", "cosine", "rules")

    def __init__(self, path: Path, *, windows: int) -> None:
        self._path, self._windows = path, windows
        self._kept: dict[str, dict[str, list[float]]] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        self._cosine: Cosine | None = None

    def of(self, name: str, evidence: Sequence[str], claims: Sequence[str]) -> dict[str, list[float]]:
        """Return each baseline's scores, row by row."""
        text = "\0".join((str(self._windows), *evidence, *claims))
        key = f"{name}:{hashlib.sha256(text.encode()).hexdigest()}"
        if key not in self._kept:
            self._cosine = self._cosine or Cosine(published())
            both = list(zip(evidence, claims, strict=True))
            self._kept[key] = {
                "overlap": [overlap(e, c) for e, c in both],
                "cosine": self._cosine.scores(evidence, claims, count=self._windows),
                "rules": [rules(e, c) for e, c in both],
            }
            self._path.write_text(json.dumps(self._kept), encoding="utf-8")
        return self._kept[key]


def threshold(scores: Sequence[float], labels: Sequence[int]) -> float:
    """Return the threshold with the best balanced accuracy of supported against not."""
    options = sorted(set(scores))
    options = options[:: max(1, len(options) // 200)]
    return max(options, key=lambda at: metrics.balanced(labels, [0 if score >= at else 1 for score in scores]))
