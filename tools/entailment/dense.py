"""``dense``: makes the text encoder that ships beside the model, sharing the model's table of word vectors.

The layers are the published encoder's: fine-tuning for entailment would spoil them for retrieval. The word
vectors are the model's, which training hardly moved (a few per cent in norm), so that the table ships once: the
encoder's file points at the model's bytes as ONNX external data. The two files must therefore lie side by side.
"""

from __future__ import annotations

from pathlib import Path

import onnx
from safetensors.torch import load_file
from transformers import BertConfig, BertModel

from tools.entailment import graph
from tools.entailment.journal import Journal, digest
from tools.entailment.model import base_folder
from tools.entailment.options import DenseOptions
from tools.entailment.quantize import SMALL, load, weights_of

ENCODER = "encoder.int8.onnx"


def dense(options: DenseOptions) -> Path:
    """Write ``encoder.int8.onnx`` beside the model in ``options.out``; return its path.

    Raises:
        ValueError: The model's file does not hold the table of word vectors as the encoder reads it.
    """
    out = options.out
    judge = load(out / "weights.pt")
    config = BertConfig.from_json_file(str(base_folder() / "config.json"))
    states = BertModel(config, add_pooling_layer=False)
    published = load_file(str(base_folder() / "model.safetensors"))
    states.load_state_dict(
        {name.removeprefix("bert."): value for name, value in published.items() if "position_ids" not in name},
        strict=False,
    )
    own = states.embeddings.word_embeddings.weight.detach().clone()
    states.embeddings.word_embeddings = judge.encoder.embeddings.word_embeddings
    moved = float((states.embeddings.word_embeddings.weight - own).norm() / own.norm())
    network = graph.encoder(weights_of(states), heads=config.num_attention_heads)
    table = next(tensor for tensor in network.graph.initializer if tensor.name == graph.WORDS)
    place = (out / SMALL).read_bytes().find(table.raw_data)
    if place < 0:
        raise ValueError(f"{SMALL} does not hold the encoder's word vectors: quantize it from the same weights first")
    length = len(table.raw_data)
    table.ClearField("raw_data")
    table.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", SMALL), ("offset", str(place)), ("length", str(length))):
        table.external_data.add(key=key, value=value)
    onnx.save(network, str(out / ENCODER))
    Journal(out / "dense.jsonl").write(
        "encoder",
        name=ENCODER,
        bytes=(out / ENCODER).stat().st_size,
        sha256=digest(out / ENCODER),
        model_sha256=digest(out / SMALL),
        words_moved=round(moved, 4),
    )
    return out / ENCODER
