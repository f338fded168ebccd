"""Writes the encoder as an ONNX graph for one unpadded text a call, in int8, from its weights alone.

What a general export carries for padding, batches and free shapes is left out: masks, position look-ups, some hundred
nodes that compute shapes. What the runtime would fuse when it loads the file is written fused (``QAttention``,
``DynamicQuantizeMatMul``), except a sum before a layer normalisation, which its CPU kernel does slower fused than not.
Weights are int8, one scale a column; activations are quantised when they are known; what is small stays float.
The same weights give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from guardlayer.verifiers.entailment.encoding import MAX_TOKENS

WORDS = "words"
"""Name of the table of word vectors, which the text encoder shares with the model."""
_FUSED = "com.microsoft"
_OPSET, _IR = 17, 8
_EPSILON = 1e-12
_LARGEST = 127

State = Mapping[str, NDArray[np.float32]]
"""Weights by their names, float32."""


def judge(state: State, *, heads: int) -> onnx.ModelProto:
    """Return the graph of a judge: ``input_ids`` and ``token_type_ids``, ``(1, tokens)`` each, to three ``logits``.

    Args:
        state: Weights of :class:`tools.entailment.model.Judge`.
        heads: Attention heads of a layer.
    """
    graph = _Graph(state, prefix="encoder.")
    states = graph.encoder(graph.embedded(types="token_type_ids"), heads=heads)
    first = graph.node("Gather", states, graph.constant("first", np.array(0)), axis=1)
    both = graph.node("Concat", first, graph.node("ReduceMean", states, axes=[1], keepdims=0), axis=-1)
    weight, bias = state["head.weight"].T, state["head.bias"]
    graph.node("Gemm", both, graph.constant("head.weight", weight), graph.constant("head.bias", bias), to="logits")
    return graph.model(("input_ids", "token_type_ids"), ("logits", 3))


def encoder(state: State, *, heads: int) -> onnx.ModelProto:
    """Return the graph of a text encoder: ``input_ids``, ``(1, tokens)``, to an ``embedding`` of length 1.

    Args:
        state: Weights of a BERT model.
        heads: Attention heads of a layer.
    """
    graph = _Graph(state, prefix="")
    states = graph.encoder(graph.embedded(), heads=heads)
    mean = graph.node("ReduceMean", states, axes=[1], keepdims=0)
    graph.node("LpNormalization", mean, to="embedding", axis=-1, p=2)
    return graph.model(("input_ids",), ("embedding", graph.size))


def quantized(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return a matrix, ``(inputs, outputs)``, in int8, and the scale of each column; zero stays zero."""
    scales = np.abs(weight).max(axis=0) / np.float32(_LARGEST)
    scales = np.where(scales == 0, np.float32(1), scales).astype(np.float32)
    return np.clip(np.rint(weight / scales), -_LARGEST, _LARGEST).astype(np.int8), scales


class _Graph:
    """Collects nodes and constants; each method returns the name of what it computes."""

    def __init__(self, state: State, *, prefix: str) -> None:
        self._state = state
        self._prefix = prefix
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self.size = self.weight("embeddings.word_embeddings.weight").shape[1]

    def weight(self, name: str) -> NDArray[np.float32]:
        return self._state[self._prefix + name]

    def constant(self, name: str, value: NDArray[Any] | np.float32) -> str:
        self._constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def node(self, kind: str, *inputs: str, to: str = "", **attributes: Any) -> str:
        return self.nodes(kind, inputs, (to,), **attributes)[0]

    def nodes(self, kind: str, inputs: Sequence[str], to: Sequence[str], **attributes: Any) -> list[str]:
        place = len(self._nodes)
        names = [name or f"{kind}_{place}_{index}" for index, name in enumerate(to)]
        domain = _FUSED if kind in ("QAttention", "DynamicQuantizeMatMul", "Gelu") else ""
        self._nodes.append(helper.make_node(kind, inputs, names, name=f"{kind}_{place}", domain=domain, **attributes))
        return names

    def embedded(self, *, types: str = "") -> str:
        """Return the vectors of the words at their places, normalised; without ``types`` each is of the first type."""
        table = self.weight("embeddings.word_embeddings.weight")
        scale = np.float32(np.abs(table).max() / _LARGEST)
        self.constant(WORDS, np.clip(np.rint(table / scale), -_LARGEST, _LARGEST).astype(np.int8))
        words = self.node("Gather", WORDS, "input_ids")
        words = self.node(
            "DequantizeLinear",
            words,
            self.constant("words.scale", scale),
            self.constant("words.zero", np.array(0, dtype=np.int8)),
        )
        places = self.weight("embeddings.position_embeddings.weight")[None, :MAX_TOKENS]
        vectors = self.weight("embeddings.token_type_embeddings.weight")
        if types:
            words = self.node("Add", words, self.node("Gather", self.constant("types", vectors), types))
        else:
            places = places + vectors[0]
        tokens = self.node("Shape", "input_ids", start=1, end=2)
        start, axis = self.constant("start", np.array([0])), self.constant("axis", np.array([1]))
        placed = self.node("Slice", self.constant("places", places), start, tokens, axis)
        return self.normalised(self.node("Add", words, placed), "embeddings.LayerNorm")

    def encoder(self, states: str, *, heads: int) -> str:
        """Return the states after the last layer."""
        layers = {name.split("encoder.layer.")[1].split(".")[0] for name in self._state if "encoder.layer." in name}
        for layer in range(len(layers)):
            at = f"encoder.layer.{layer}"
            seen = self._attention(states, f"{at}.attention.self", heads=heads)
            seen = self._dense(seen, f"{at}.attention.output.dense")
            states = self.normalised(self.node("Add", seen, states), f"{at}.attention.output.LayerNorm")
            wide = self.node("Gelu", self._dense(states, f"{at}.intermediate.dense"))
            narrow = self._dense(wide, f"{at}.output.dense")
            states = self.normalised(self.node("Add", narrow, states), f"{at}.output.LayerNorm")
        return states

    def normalised(self, states: str, name: str) -> str:
        """Return states after a layer normalisation."""
        weight, bias = (self.constant(f"{name}.{part}", self.weight(f"{name}.{part}")) for part in ("weight", "bias"))
        return self.node("LayerNormalization", states, weight, bias, axis=-1, epsilon=_EPSILON)

    def _attention(self, states: str, name: str, *, heads: int) -> str:
        parts = ("query", "key", "value")
        weight, scales = self._matrix(name, [f"{name}.{part}.weight" for part in parts])
        bias = np.concatenate([self.weight(f"{name}.{part}.bias") for part in parts])
        given = self.nodes("DynamicQuantizeLinear", (states,), ("", "", ""))
        inputs = (given[0], weight, self.constant(f"{name}.bias", bias), given[1], scales, "", given[2])
        return self.nodes("QAttention", inputs, ("",), num_heads=heads)[0]

    def _dense(self, states: str, name: str) -> str:
        weight, scales = self._matrix(name, [f"{name}.weight"])
        bias = self.constant(f"{name}.bias", self.weight(f"{name}.bias"))
        return self.node("DynamicQuantizeMatMul", states, weight, scales, "", bias)

    def _matrix(self, name: str, parts: Sequence[str]) -> tuple[str, str]:
        weight, scales = quantized(np.concatenate([self.weight(part) for part in parts]).T)
        return self.constant(f"{name}.weight", weight), self.constant(f"{name}.scales", scales)

    def model(self, inputs: Sequence[str], output: tuple[str, int]) -> onnx.ModelProto:
        given = [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "tokens"]) for name in inputs]
        found = helper.make_tensor_value_info(output[0], TensorProto.FLOAT, [1, output[1]])
        graph = helper.make_graph(self._nodes, "guardlayer", given, [found], self._constants)
        sets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)]
        made = helper.make_model(graph, opset_imports=sets, ir_version=_IR, producer_name="guardlayer")
        onnx.checker.check_model(made)
        return made
