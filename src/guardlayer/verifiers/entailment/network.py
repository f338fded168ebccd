"""The network: loaded when first asked, one unpadded pair a call, on one thread.

Dynamic int8 scales span a whole batch, so that in a batch a pair's logits would depend on its neighbours. One pair a
call gives the same bits whatever else is asked, and costs no more: on a CPU batching gains nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

from guardlayer.verifiers.entailment.files import NETWORK, TOKENIZER, Manifest, checked, read_manifest
from guardlayer.verifiers.entailment.windows import MAX_CHARACTERS
from guardlayer.verifiers.marks import mark

if TYPE_CHECKING:
    from guardlayer.verifiers.entailment.encoding import Encoder

MOST_WORKERS = 4
"""Most pairs that are read at the same time; one for each core up to here."""


class Reading(NamedTuple):
    """What the network says of a pair.

    Attributes:
        logits: Supports, neutral, refutes.
        marks: The marks that stood in the claim, left to right.
    """

    logits: tuple[float, float, float]
    marks: tuple[str, ...]


class Loaded(NamedTuple):
    """What is in memory of a model: the session, the tokenizer, and who reads several pairs at a time."""

    session: Any
    encoder: Encoder
    pool: ThreadPoolExecutor


class Network:
    """The network of one model folder; safe to share between threads, and usable in a forked child.

    Args:
        folder: Folder with the model's files.

    Raises:
        ConfigError: When first asked: the files are not what the manifest says.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = Lock()
        self._loaded: Loaded | None = None
        self._manifest: Manifest | None = None
        _NETWORKS.add(self)

    @property
    def manifest(self) -> Manifest:
        """What the folder says of itself."""
        if self._manifest is None:
            self._manifest = read_manifest(self.folder)
        return self._manifest

    @property
    def loaded(self) -> bool:
        """Whether it is in memory."""
        return self._loaded is not None

    def load(self) -> Loaded:
        """Load the network now; what is loaded already stays."""
        return self._ready()

    def read(self, pairs: Sequence[tuple[str, str]]) -> list[Reading]:
        """Judge (evidence, claim) pairs, several at a time; each is read by itself."""
        return self.begin(pairs)()

    def begin(self, pairs: Sequence[tuple[str, str]]) -> Callable[[], list[Reading]]:
        """Begin to judge (evidence, claim) pairs, several at a time; each is read by itself.

        Returns:
            What waits for the readings, so that something else can be done meanwhile. A pair that is alone is read
            only then, in the thread that asks.
        """
        loaded = self._ready()
        if len(pairs) < 2:
            return lambda: [_run(loaded.session, _encoded(loaded.encoder, *pair)) for pair in pairs]
        # What needs the interpreter is done here, in turn; the threads run nothing but the network.
        futures = [loaded.pool.submit(_run, loaded.session, _encoded(loaded.encoder, *pair)) for pair in pairs]
        return lambda: [future.result() for future in futures]

    def _ready(self) -> Loaded:
        loaded = self._loaded
        if loaded is None:
            with self._lock:
                loaded = self._loaded
                if loaded is None:
                    loaded = self._loaded = self._load()
        return loaded

    def _load(self) -> Loaded:
        import onnxruntime as ort  # type: ignore[import-untyped]  # ships no types

        from guardlayer.verifiers.entailment.encoding import Encoder

        content = checked(self.folder, NETWORK, self.manifest)
        checked(self.folder, TOKENIZER, self.manifest)
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # The file is written as it runs best: what a version of the runtime would fuse besides must not change a bit.
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.enable_cpu_mem_arena = False  # the arena keeps the most that any pair ever needed
        options.log_severity_level = 3
        session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        workers = min(MOST_WORKERS, os.cpu_count() or 1)
        pool = ThreadPoolExecutor(workers, thread_name_prefix="guardlayer-entailment")
        return Loaded(session, Encoder(self.folder / TOKENIZER), pool)

    def forget(self) -> None:
        """Let go of what is loaded; it is loaded again when next asked."""
        self._lock = Lock()
        self._loaded = None


_NETWORKS: WeakSet[Network] = WeakSet()


def _forget_all() -> None:
    # A forked child has the memory of its parent and none of its threads.
    for network in _NETWORKS:
        network.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def _valid(text: str) -> str:
    """Replace what is no character by itself, such as one half of a surrogate pair: the tokenizer takes only text."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


class _Encoded(NamedTuple):
    """A pair as the network reads it, with the claim's marks."""

    feed: dict[str, Any]
    marks: tuple[str, ...]


def _encoded(encoder: Encoder, evidence: str, claim: str) -> _Encoded:
    import numpy as np

    pair = mark(_valid(evidence[:MAX_CHARACTERS]), _valid(claim[:MAX_CHARACTERS]))
    encoded = encoder.pair(pair.evidence, pair.claim)
    ids = np.array([encoded.ids], dtype=np.int64)
    types = np.zeros_like(ids)
    types[0, encoded.border :] = 1
    return _Encoded({"input_ids": ids, "token_type_ids": types}, pair.marks)


def _run(session: Any, pair: _Encoded) -> Reading:
    supports, neutral, refutes = session.run(None, pair.feed)[0][0].tolist()
    return Reading((supports, neutral, refutes), pair.marks)
