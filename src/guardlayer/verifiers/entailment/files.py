"""The files of the model: where they are, what they must be, and why they may not be usable."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from guardlayer.errors import ConfigError
from guardlayer.verifiers.marks import MARKS_VERSION

SHIPPED = Path(__file__).parents[2] / "weights"
"""The folder of the model that comes with the package."""
NETWORK, TOKENIZER, COMBINER, MANIFEST = "model.int8.onnx", "tokenizer.json", "combiner.json", "manifest.json"
WHEELS = ("numpy", "onnxruntime", "tokenizers")
"""What the model needs to run."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the manifest of a model folder says.

    Attributes:
        version: Name of the model, as it stands in verdicts.
        marks: Version of the marks that it was trained with.
        digests: SHA-256 of each file, in hexadecimal digits.
    """

    version: str
    marks: str
    digests: dict[str, str]

    @property
    def digest(self) -> str:
        """``sha256:…`` over the digests of all files: what identifies the model as a whole."""
        text = "\n".join(f"{name} {value}" for name, value in sorted(self.digests.items()))
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def missing(folder: Path) -> str | None:
    """Say why the model in ``folder`` cannot be used: a wheel or a file is not there; ``None`` if it can."""
    wheels = [name for name in WHEELS if not _installed(name)]
    if wheels:
        return f"it needs {', '.join(wheels)}: pip install {' '.join(wheels)}"
    files = [name for name in (NETWORK, TOKENIZER, COMBINER, MANIFEST) if not (folder / name).is_file()]
    if files:
        return f"{', '.join(files)} is not in {folder}: install a wheel of guardlayer-facts, which brings the model"
    return None


@lru_cache(maxsize=16)
def _installed(name: str) -> bool:
    return find_spec(name) is not None


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a model folder.

    Raises:
        ConfigError: It cannot be read, or the model was trained with other marks than these.
    """
    path = folder / MANIFEST
    try:
        given = json.loads(path.read_bytes())
        manifest = Manifest(str(given["version"]), str(given["marks"]), dict(given["sha256"]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path} cannot be read ({type(error).__name__}: {error}); reinstall the package") from error
    if manifest.marks != MARKS_VERSION:
        raise ConfigError(
            f"the model in {folder} was trained with marks of version {manifest.marks}, and this is version "
            f"{MARKS_VERSION}; use the model that came with the package"
        )
    return manifest


def checked(folder: Path, name: str, manifest: Manifest) -> bytes:
    """Read a file of the model, and refuse one that is not what the manifest says.

    Raises:
        ConfigError: It is not there, or its digest differs.
    """
    path = folder / name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); reinstall the package") from error
    if hashlib.sha256(content).hexdigest() != manifest.digests.get(name):
        raise ConfigError(f"{path} is not the file that {MANIFEST} names (its SHA-256 differs); reinstall the package")
    return content
