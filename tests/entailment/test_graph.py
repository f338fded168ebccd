"""The graph that ships: it computes the network, and the same weights give the same bytes."""

from __future__ import annotations

from math import erf

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from tools.entailment import graph

SIZE, HEADS, LAYERS, WIDE, KNOWN, PLACES = 48, 4, 2, 96, 40, 130
Array = NDArray[np.float32]


def weights(*, prefix: str, seed: int = 1) -> dict[str, Array]:
    """Return weights of a small network, drawn at random, named as those of a BERT model are."""
    draw = np.random.default_rng(seed)

    def some(*shape: int, around: float = 0.0, spread: float = 0.3) -> Array:
        return (around + spread * draw.standard_normal(shape)).astype(np.float32)

    state = {
        "embeddings.word_embeddings.weight": some(KNOWN, SIZE),
        "embeddings.position_embeddings.weight": some(PLACES, SIZE),
        "embeddings.token_type_embeddings.weight": some(2, SIZE),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        for name, wide, given in (
            *((f"attention.self.{part}", SIZE, SIZE) for part in ("query", "key", "value")),
            ("attention.output.dense", SIZE, SIZE),
            ("intermediate.dense", WIDE, SIZE),
            ("output.dense", SIZE, WIDE),
        ):
            state[f"{at}.{name}.weight"], state[f"{at}.{name}.bias"] = some(wide, given), some(wide)
        norms += [f"{at}.attention.output.LayerNorm", f"{at}.output.LayerNorm"]
    for name in norms:
        state[f"{name}.weight"], state[f"{name}.bias"] = some(SIZE, around=1.0, spread=0.1), some(SIZE, spread=0.1)
    named = {prefix + name: value for name, value in state.items()}
    if prefix:
        named["head.weight"], named["head.bias"] = some(3, 2 * SIZE), some(3)
    return named


def states(state: dict[str, Array], prefix: str, ids: list[int], types: list[int]) -> Array:
    """Compute the last states as the paper on BERT has it, in floats and step by step."""

    def get(name: str) -> Array:
        return state[prefix + name]

    def norm(x: Array, name: str) -> Array:
        centred = x - x.mean(-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(-1, keepdims=True))
        return np.asarray(centred / spread * get(f"{name}.weight") + get(f"{name}.bias"))

    def dense(x: Array, name: str) -> Array:
        return np.asarray(x @ get(f"{name}.weight").T + get(f"{name}.bias"))

    table, places = get("embeddings.word_embeddings.weight"), get("embeddings.position_embeddings.weight")
    x = norm(
        table[ids] + places[: len(ids)] + get("embeddings.token_type_embeddings.weight")[types], "embeddings.LayerNorm"
    )
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        query, key, value = (
            dense(x, f"{at}.attention.self.{part}").reshape(len(ids), HEADS, -1).swapaxes(0, 1)
            for part in ("query", "key", "value")
        )
        scores = np.exp(query @ key.swapaxes(1, 2) / (SIZE / HEADS) ** 0.5)
        seen = (scores / scores.sum(-1, keepdims=True) @ value).swapaxes(0, 1).reshape(len(ids), SIZE)
        x = norm(x + dense(seen, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm")
        wide = dense(x, f"{at}.intermediate.dense")
        wide = wide * (1 + np.vectorize(erf)(wide / 2**0.5)) / 2
        x = norm(x + dense(wide, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    return x


def run(made: bytes, **given: list[int]) -> Array:
    """Run a graph on one text."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(made, options, providers=["CPUExecutionProvider"])
    feed = {name: np.array([row], dtype=np.int64) for name, row in given.items()}
    return np.asarray(session.run(None, feed)[0][0])


@pytest.mark.parametrize("length", [1, 7, 128])
def test_the_judge_s_graph_computes_the_network(length: int) -> None:
    """What ships says what the trained network says, but for the rounding of int8, at every length."""
    state = weights(prefix="encoder.")
    draw = np.random.default_rng(length)
    ids, types = draw.integers(0, KNOWN, length).tolist(), sorted(draw.integers(0, 2, length).tolist())
    last = states(state, "encoder.", ids, types)
    wanted = np.concatenate([last[0], last.mean(0)]) @ state["head.weight"].T + state["head.bias"]
    found = run(graph.judge(state, heads=HEADS).SerializeToString(), input_ids=ids, token_type_ids=types)
    assert np.abs(found - wanted).max() < 0.1 * np.abs(wanted).max()


def test_the_judge_s_graph_reads_types() -> None:
    """Evidence and claim are told apart: the same tokens with the border elsewhere are another pair."""
    made = graph.judge(weights(prefix="encoder."), heads=HEADS).SerializeToString()
    ids = [1, 2, 3, 4]
    one, other = (run(made, input_ids=ids, token_type_ids=types) for types in ([0, 0, 1, 1], [0, 1, 1, 1]))
    assert np.abs(one - other).max() > 0.01


def test_the_encoder_s_graph_computes_the_mean_of_the_states_at_length_one() -> None:
    """A vector is the mean of the last states, scaled to length 1, so that inner products are cosines."""
    state = weights(prefix="")
    ids = [5, 9, 2, 31, 7]
    mean = states(state, "", ids, [0] * len(ids)).mean(0)
    found = run(graph.encoder(state, heads=HEADS).SerializeToString(), input_ids=ids)
    assert float(np.linalg.norm(found)) == pytest.approx(1.0, abs=1e-5)
    assert float(found @ mean / np.linalg.norm(mean)) > 0.99


def test_the_same_weights_give_the_same_bytes() -> None:
    """A model can be made again from its weights, digest and all; other weights are another model."""
    first, again = (graph.judge(weights(prefix="encoder."), heads=HEADS).SerializeToString() for _ in range(2))
    assert first == again
    assert first != graph.judge(weights(prefix="encoder.", seed=2), heads=HEADS).SerializeToString()


def test_columns_are_quantised_each_to_its_own_scale() -> None:
    """The largest weight of a column fills the int8 range, whatever other columns hold, and a column of zeros stays."""
    whole, scales = graph.quantized(np.array([[0.5, -200.0, 0.0], [-1.0, 100.0, 0.0]], dtype=np.float32))
    assert whole.tolist() == [[64, -127, 0], [-127, 64, 0]]
    assert scales.tolist() == pytest.approx([1 / 127, 200 / 127, 1.0])
