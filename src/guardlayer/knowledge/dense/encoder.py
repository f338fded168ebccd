"""From text to vector: the encoder that comes with the package, or one of your own.

The shipped encoder is MiniLM-L6-H384 in int8. It has its own layers and shares the table of word vectors with the
entailment model: its file points into that model's (ONNX external data), so that both ship for little more than one.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from guardlayer.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_TOKENS = 128
MAX_CHARACTERS = 2_000
"""Characters of a text that are read."""
NETWORK, TOKENIZER, MANIFEST = "encoder.int8.onnx", "tokenizer.json", "manifest.json"
WORDS = "model.int8.onnx"
"""The file that holds the word vectors."""
SHIPPED = Path(__file__).parents[2] / "weights"
"""The folder of the models that come with the package."""
_MOST_WORKERS = 4


@runtime_checkable
class TextEncoder(Protocol):
    """Turns texts into vectors whose inner product says how near their meanings are."""

    @property
    def digest(self) -> str:
        """What identifies the encoder; vectors of different encoders are never compared."""
        ...

    def encode(self, texts: Sequence[str]) -> NDArray[Any]:
        """Return one vector a text: float32, shape ``(len(texts), size)``, each of length 1."""
        ...


class ShippedEncoder:
    """The encoder of a model folder. Loaded when first asked; safe to share between threads; usable after a fork.

    One text a call, unpadded: dynamic int8 scales span a batch, so that in a batch a text's vector would depend on its
    neighbours.

    Args:
        folder: Folder with ``encoder.int8.onnx``, ``model.int8.onnx``, ``tokenizer.json`` and ``manifest.json``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._loaded: tuple[Any, Any] | None = None
        self._process = 0
        self._digest: str | None = None

    @classmethod
    def available(cls, folder: Path) -> bool:
        """Say whether the folder holds an encoder."""
        return all((folder / name).is_file() for name in (NETWORK, WORDS, TOKENIZER, MANIFEST))

    @property
    def digest(self) -> str:
        """``sha256:…`` over the encoder's files, as the manifest gives them."""
        if self._digest is None:
            stated = "\n".join(self._manifest()[name] for name in (NETWORK, WORDS, TOKENIZER))
            self._digest = "sha256:" + hashlib.sha256(stated.encode()).hexdigest()
        return self._digest

    def encode(self, texts: Sequence[str]) -> NDArray[Any]:
        """Return one vector a text.

        Raises:
            ConfigError: The files are not what the manifest says.
        """
        import numpy as np

        session, tokenizer = self._ready()

        def one(text: str) -> Any:
            ids = np.array([tokenizer.ids(text[:MAX_CHARACTERS])], dtype=np.int64)
            return session.run(None, {"input_ids": ids})[0][0]

        workers = min(_MOST_WORKERS, os.cpu_count() or 1)
        if len(texts) < 2 or workers < 2:
            rows = [one(text) for text in texts]
        else:
            with ThreadPoolExecutor(workers, thread_name_prefix="guardlayer-encoder") as pool:
                rows = list(pool.map(one, texts))
        return np.stack(rows).astype(np.float32) if rows else np.empty((0, 0), dtype=np.float32)

    def _ready(self) -> tuple[Any, Any]:
        loaded = self._loaded
        if loaded is not None and self._process == os.getpid():
            return loaded
        with self._lock:
            if self._loaded is None or self._process != os.getpid():
                self._loaded, self._process = self._load(), os.getpid()
            return self._loaded

    def _load(self) -> tuple[Any, Any]:
        try:
            import onnxruntime as ort  # type: ignore[import-untyped]  # ships no types
            from tokenizers import Tokenizer
        except ImportError as error:
            raise ConfigError(
                "dense retrieval needs onnxruntime and tokenizers: pip install guardlayer-facts"
            ) from error
        manifest = self._manifest()
        for name in (NETWORK, WORDS, TOKENIZER):
            try:
                content = (self._folder / name).read_bytes()
            except OSError as error:
                raise ConfigError(f"{self._folder / name} cannot be read ({error.strerror}); reinstall") from error
            if hashlib.sha256(content).hexdigest() != manifest[name]:
                raise ConfigError(f"{self._folder / name} is not the file that {MANIFEST} names; reinstall the package")
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC  # the file is written fused
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        session = ort.InferenceSession(str(self._folder / NETWORK), options, providers=["CPUExecutionProvider"])
        tokenizer = Tokenizer.from_file(str(self._folder / TOKENIZER))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return session, _Bracketed(tokenizer)

    def _manifest(self) -> dict[str, str]:
        path = self._folder / MANIFEST
        try:
            digests = json.loads(path.read_bytes())["sha256"]
            return {name: str(digests[name]) for name in (NETWORK, WORDS, TOKENIZER)}
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ConfigError(
                f"{path} cannot be read ({type(error).__name__}: {error}); reinstall the package"
            ) from error


class _Bracketed:
    """The tokenizer with what stands around a single text, ``[CLS] text [SEP]``, whatever its own template says."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._start, self._end = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")

    def ids(self, text: str) -> list[int]:
        inner = self._tokenizer.encode(text, add_special_tokens=False).ids[: MAX_TOKENS - 2]
        return [self._start, *inner, self._end]
