"""``ship``: puts a model into the package, with its combiner, its card and the digests of all of it."""

from __future__ import annotations

import json
import shutil
import sys
import zlib
from pathlib import Path

from guardlayer.verifiers.entailment.files import COMBINER, MANIFEST, NETWORK, SHIPPED, TOKENIZER
from guardlayer.verifiers.marks import MARKS_VERSION
from tools.entailment.combine import FILE
from tools.entailment.journal import digest, read
from tools.entailment.options import ShipOptions

CARD = "CARD.md"
ENCODER = "encoder.int8.onnx"
_MOST_BYTES = 29_000_000
"""Most bytes of all files together when compressed: the wheel may have 30 MB."""


def ship(options: ShipOptions) -> Path:
    """Copy the files and write the manifest; return the folder.

    Raises:
        ValueError: A file is missing, the combiner was fitted to another model, or it is too large.
    """
    target = Path(options.package) if options.package else SHIPPED
    names = (NETWORK, TOKENIZER, FILE, CARD, ENCODER)
    absent = [name for name in names if not (options.out / name).is_file()]
    if absent:
        raise ValueError(f"{options.out} has no {', '.join(absent)}: run quantize, combine, dense and card first")
    fitted = [record for record in read(options.out / "combine.jsonl") if record["event"] == "combined"]
    if not fitted or fitted[-1]["model_sha256"] != digest(options.out / NETWORK):
        raise ValueError(f"the combiner of {options.out} was fitted to another model: run combine again")
    made = [record for record in read(options.out / "dense.jsonl") if record["event"] == "encoder"]
    if not made or made[-1]["model_sha256"] != digest(options.out / NETWORK):
        raise ValueError(f"the encoder of {options.out} points into another model: run dense again")
    size = sum(len(zlib.compress((options.out / name).read_bytes())) for name in names)
    if size > _MOST_BYTES:
        raise ValueError(f"the files have {size:,} bytes compressed; at most {_MOST_BYTES:,} fit into the wheel")
    target.mkdir(parents=True, exist_ok=True)
    for name in (NETWORK, FILE, CARD, ENCODER):
        shutil.copyfile(options.out / name, target / name)
    _write_small(options.out / TOKENIZER, target / TOKENIZER)
    digests = {name: digest(target / name) for name in (NETWORK, TOKENIZER, COMBINER, CARD, ENCODER)}
    version = options.version or f"{fitted[-1]['at'][:10]}-{digests[NETWORK][:8]}"
    manifest = {"version": version, "marks": MARKS_VERSION, "sha256": digests}
    (target / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    total = sum(path.stat().st_size for path in target.iterdir() if path.is_file())
    sys.stdout.write(f"{version}: {total:,} bytes in {target}\n")
    return target


def _write_small(source: Path, target: Path) -> None:
    """Write the tokenizer without what is not read: white space, padding, truncation, the template of pairs."""
    given = json.loads(source.read_text(encoding="utf-8"))
    given.update(truncation=None, padding=None, post_processor=None)
    target.write_text(json.dumps(given, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
