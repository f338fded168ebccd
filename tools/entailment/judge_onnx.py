"""Runs the exported model the way the package does: one unpadded pair a call, one thread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort

from guardlayer.verifiers.marks import mark
from tools.entailment.encoding import Encoded, Encoder


class OnnxJudge:
    """Gives three logits for a pair: supports, neutral, refutes.

    Args:
        model: The ONNX file.
        tokenizer: Its ``tokenizer.json``.
        threads: Intra-op threads.
        marked: Whether to mark the texts; off only to show what the marks are worth.
    """

    def __init__(self, model: Path, tokenizer: Path, *, threads: int = 1, marked: bool = True) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._inputs = {one.name for one in self._session.get_inputs()}
        self._encoder = Encoder(tokenizer)
        self._marked = marked

    def logits(self, evidence: str, claim: str) -> list[float]:
        """Judge a pair."""
        if self._marked:
            pair = mark(evidence, claim)
            evidence, claim = pair.evidence, pair.claim
        return self.run(self._encoder.encode([evidence], [claim])[0])

    def encode(self, evidence: Sequence[str], claims: Sequence[str]) -> list[Encoded]:
        """Encode texts that are marked already."""
        return self._encoder.encode(evidence, claims)

    def run(self, pair: Encoded) -> list[float]:
        """Judge an encoded pair."""
        ids = np.array([pair.ids], dtype=np.int64)
        types = np.zeros_like(ids)
        types[0, pair.border :] = 1
        feed = {"input_ids": ids, "token_type_ids": types}
        if "attention_mask" in self._inputs:  # the plain export, in float, is for batches as well
            feed["attention_mask"] = np.ones_like(ids)
        return [float(value) for value in self._session.run(None, feed)[0][0]]
