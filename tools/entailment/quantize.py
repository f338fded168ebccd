"""``quantize``: exports the weights to ONNX, writes them in int8 as the runtime likes them, says what that cost."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import onnx
import pyarrow.parquet as pq
import torch
from transformers import BertConfig

from tools.entailment import graph, metrics
from tools.entailment.encoding import Encoded
from tools.entailment.journal import Journal, digest
from tools.entailment.judge_onnx import OnnxJudge
from tools.entailment.model import Judge, base_folder
from tools.entailment.options import QuantizeOptions

FULL, SMALL = "model.fp32.onnx", "model.int8.onnx"
_OPSET = 17


def quantize(options: QuantizeOptions) -> Path:
    """Write ``model.fp32.onnx`` and ``model.int8.onnx`` beside the weights; return the latter."""
    out = options.out
    journal = Journal(out / "quantize.jsonl")
    judge = load(out / "weights.pt")
    export(judge, out / FULL)
    small = out / SMALL
    onnx.save(graph.judge(weights_of(judge), heads=judge.encoder.config.num_attention_heads), str(small))
    _check(judge, out)
    table = pq.read_table(options.data / "watch.parquet").slice(0, options.rows)
    labels = table["label"].to_pylist()
    found: dict[str, list[list[float]]] = {}
    for name in (FULL, SMALL):
        runner = OnnxJudge(out / name, out / "tokenizer.json")
        encoded = runner.encode(table["evidence"].to_pylist(), table["claim"].to_pylist())
        found[name] = [runner.run(pair) for pair in encoded]
        pair = Encoded((encoded[0].ids * 64)[:64], 44)
        longer = Encoded((encoded[0].ids * 128)[:128], 100)
        journal.write(
            "model",
            name=name,
            bytes=(out / name).stat().st_size,
            sha256=digest(out / name),
            ms_64_tokens=_milliseconds(runner, pair),
            ms_128_tokens=_milliseconds(runner, longer),
            accuracy=round(metrics.accuracy(labels, [_best(row) for row in found[name]]), 4),
            balanced=round(metrics.balanced(labels, [_best(row) for row in found[name]]), 4),
        )
    same = sum(_best(one) == _best(two) for one, two in zip(found[FULL], found[SMALL], strict=True))
    journal.write(
        "agreement",
        rows=len(labels),
        same=round(same / len(labels), 4),
        tokenizer_sha256=digest(out / "tokenizer.json"),
        weights_sha256=digest(out / "weights.pt"),
    )
    return small


def load(path: Path) -> Judge:
    """Read averaged weights into a judge in evaluation mode."""
    state = torch.load(path, weights_only=True)
    config = BertConfig.from_json_file(str(base_folder() / "config.json"))
    layers = {name.split(".")[3] for name in state if name.startswith("encoder.encoder.layer.")}
    config.num_hidden_layers = len(layers)
    config._attn_implementation = "eager"  # noqa: SLF001 - the tracer follows plain attention only
    judge = Judge(config, dropout=0.0)
    judge.load_state_dict(state)
    return judge.eval()


def weights_of(module: torch.nn.Module) -> graph.State:
    """Return the weights of a module by their names, as plain arrays."""
    return {name: value.float().numpy() for name, value in module.state_dict().items() if value.is_floating_point()}


def export(judge: Judge, path: Path) -> None:
    """Write the network as ONNX with free batch and length."""
    ids = torch.tensor([[101, 2023, 2003, 102, 2023, 102]])
    types = torch.tensor([[0, 0, 0, 0, 1, 1]])
    names = ["input_ids", "token_type_ids", "attention_mask"]
    axes = {name: {0: "batch", 1: "tokens"} for name in names} | {"logits": {0: "batch"}}
    torch.onnx.export(
        judge,
        (ids, types, torch.ones_like(ids)),
        str(path),
        input_names=names,
        output_names=["logits"],
        dynamic_axes=axes,
        opset_version=_OPSET,
        dynamo=False,
        do_constant_folding=True,
    )
    judge.eval()  # the exporter puts the module back into the mode it found, or into training


def _check(judge: Judge, out: Path) -> None:
    """Refuse an export that does not compute what the module computes."""
    onnx.checker.check_model(str(out / FULL))
    runner = OnnxJudge(out / FULL, out / "tokenizer.json")
    evidence, claim = "The fee rose from $20 to $25 in May, and to $31 in June.", "The fee is more than $24."
    pair = runner.encode([evidence], [claim])[0]
    ids = torch.tensor([pair.ids])
    types = torch.zeros_like(ids)
    types[0, pair.border :] = 1
    with torch.inference_mode():
        wanted = judge(ids, types, torch.ones_like(ids))[0].tolist()
    gap = max(abs(one - two) for one, two in zip(wanted, runner.run(pair), strict=True))
    if gap > 1e-3:
        raise RuntimeError(f"the exported model differs from the module by {gap:.4f}: was it in training mode?")


def _best(logits: list[float]) -> int:
    return max(range(3), key=lambda k: logits[k])


def _milliseconds(runner: OnnxJudge, pair: Encoded, *, calls: int = 200) -> float:
    for _ in range(20):
        runner.run(pair)
    spent = []
    for _ in range(calls):
        begun = time.thread_time()  # of the one thread that computes: what others do at the time counts less
        runner.run(pair)
        spent.append(time.thread_time() - begun)
    return round(statistics.median(spent) * 1000, 3)
