"""``dense``: makes the text encoder that ships beside the model, sharing the model's table of word vectors.

The layers are the published encoder's: fine-tuning for entailment would spoil them for retrieval. The word
vectors are the model's, which training hardly moved (a few per cent in norm), so that the table ships once: the
encoder's file points at the model's bytes as ONNX external data. The two files must therefore lie side by side.
"""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.torch import load_file
from torch import nn
from transformers import BertConfig, BertModel

from tools.entailment.journal import Journal, digest
from tools.entailment.model import base_folder
from tools.entailment.options import DenseOptions
from tools.entailment.quantize import SMALL, load

ENCODER = "encoder.int8.onnx"
_FULL, _WHOLE = "encoder.fp32.onnx", "encoder.whole.onnx"
_OPSET = 17


class Encoder(nn.Module):
    """Text to a vector of length 1: the masked mean of the last states."""

    def __init__(self, states: BertModel) -> None:
        super().__init__()
        self.states = states

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Return one vector a row, ``(batch, 384)``."""
        states = self.states(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask.unsqueeze(-1).to(states.dtype)
        mean = (states * weights).sum(1) / weights.sum(1).clamp(min=1.0)
        return nn.functional.normalize(mean, dim=-1)


def dense(options: DenseOptions) -> Path:
    """Write ``encoder.int8.onnx`` beside the model in ``options.out``; return its path.

    Raises:
        ValueError: The model's file does not hold the table of word vectors as the encoder reads it.
    """
    out = options.out
    judge = load(out / "weights.pt")
    config = BertConfig.from_json_file(str(base_folder() / "config.json"))
    config._attn_implementation = "eager"  # noqa: SLF001 - the tracer follows plain attention only
    states = BertModel(config, add_pooling_layer=False)
    published = load_file(str(base_folder() / "model.safetensors"))
    states.load_state_dict(
        {name.removeprefix("bert."): value for name, value in published.items() if "position_ids" not in name},
        strict=False,
    )
    own = states.embeddings.word_embeddings.weight.detach().clone()
    states.embeddings.word_embeddings = judge.encoder.embeddings.word_embeddings
    moved = float((states.embeddings.word_embeddings.weight - own).norm() / own.norm())
    _export(Encoder(states).eval(), out / _FULL)
    quantize_dynamic(str(out / _FULL), str(out / _WHOLE), per_channel=True, weight_type=QuantType.QInt8)
    network = onnx.load(str(out / _WHOLE))
    table = max(network.graph.initializer, key=lambda tensor: tensor.ByteSize())
    place = (out / SMALL).read_bytes().find(table.raw_data)
    if place < 0:
        raise ValueError(f"{SMALL} does not hold the encoder's word vectors: quantize it from the same weights first")
    length = len(table.raw_data)
    table.ClearField("raw_data")
    table.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", SMALL), ("offset", str(place)), ("length", str(length))):
        table.external_data.add(key=key, value=value)
    onnx.save(network, str(out / ENCODER))
    for name in (_FULL, _WHOLE):
        (out / name).unlink()
    Journal(out / "dense.jsonl").write(
        "encoder",
        name=ENCODER,
        bytes=(out / ENCODER).stat().st_size,
        sha256=digest(out / ENCODER),
        model_sha256=digest(out / SMALL),
        words_moved=round(moved, 4),
    )
    return out / ENCODER


def _export(encoder: Encoder, path: Path) -> None:
    ids = torch.tensor([[101, 2023, 2003, 102, 2023, 102]])
    names = ["input_ids", "attention_mask"]
    torch.onnx.export(
        encoder,
        (ids, torch.ones_like(ids)),
        str(path),
        input_names=names,
        output_names=["embedding"],
        dynamic_axes={name: {0: "batch", 1: "tokens"} for name in names} | {"embedding": {0: "batch"}},
        opset_version=_OPSET,
        dynamo=False,
        do_constant_folding=True,
    )
